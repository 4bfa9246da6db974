"""The result of a check as a page: the files, and for each one its rules, cases and columns.

What does not belong here: checking (``kbart/check.py``), and what a page looks like (``page.py``).
"""

from collections.abc import Iterable

from autoholdings_assets.kbart.check import CheckResult, RuleCount
from autoholdings_assets.kbart.check_report import VERDICTS, summary
from autoholdings_assets.reports import document as doc

MOST_BARS = 15
_LONGEST_VALUE = 120
_TONE: dict[str, doc.Tone] = {"error": "error", "warning": "warning", "note": "note"}
_VERDICT_TONE: dict[str, doc.Tone] = {"valid": "good", "warnings": "warning", "errors": "error", "unreadable": "error"}


def check_page(results: Iterable[CheckResult]) -> doc.Document:
    """The page about these files."""
    found = list(results)
    head: list[doc.Block] = [doc.Text(summary(found))]
    if len(found) > 1:
        head.append(_contents(found))
    return doc.Document("KBART check", head, [_section(result, number) for number, result in enumerate(found)])


def _contents(results: list[CheckResult]) -> doc.Table:
    return doc.Table(
        "Files",
        ("File", "Verdict", "Rows", "Rejected"),
        [
            (doc.Link(result.file, f"#file{number}"), VERDICTS[result.verdict], result.rows, result.rejected_rows)
            for number, result in enumerate(results)
        ],
    )


def _section(result: CheckResult, number: int) -> doc.Section:
    blocks: list[doc.Block] = [doc.Text(VERDICTS[result.verdict], _VERDICT_TONE[result.verdict])]
    if result.refusal is not None:
        blocks.append(doc.Text(f"{result.refusal.message} {result.refusal.advice}"))
    else:
        rows = f"{result.rows:,} rows: {result.valid_rows:,} used, {result.rejected_rows:,} rejected."
        blocks += [doc.Text(f"{rows} {result.shape}."), _bars(result), *_tables(result)]
    return doc.Section(result.file, blocks, anchor=f"file{number}")


def _bars(result: CheckResult) -> doc.Bars:
    """Rows used, rows rejected, and the rows of each rule, the most frequent first."""
    counted: list[tuple[str, int, doc.Tone]] = [
        ("rows used", result.valid_rows, "good"),
        ("rows rejected", result.rejected_rows, "error"),
        *((rule.rule, rule.rows, _TONE[rule.severity]) for rule in result.by_rule[:MOST_BARS]),
    ]
    return doc.Bars("Rows by rule", [doc.Bar(label, [(rows, tone)], f"{rows:,}") for label, rows, tone in counted])


def _tables(result: CheckResult) -> Iterable[doc.Table]:
    if result.file_findings:
        yield doc.Table(
            "The file as a whole",
            ("Severity", "What", "What to do"),
            [(_severity(found.severity), found.message, found.advice) for found in result.file_findings],
        )
    if result.by_rule:
        yield doc.Table(
            "The rows",
            ("Severity", "Rows", "What", "First cases", "What to do"),
            [
                (_severity(r.severity), r.rows, doc.Lines((r.sentence, r.rule)), _examples(r), r.advice)
                for r in result.by_rule
            ],
        )
    yield doc.Table(
        "The columns",
        ("Column", "Rows filled", "Errors", "Warnings", "Notes"),
        [(c.column, c.filled, c.errors, c.warnings, c.notes) for c in result.by_column],
    )


def _severity(severity: str) -> doc.Toned:
    return doc.Toned(severity, _TONE[severity])


def _examples(rule: RuleCount) -> doc.Lines:
    return doc.Lines(
        [
            f"line {line}, {column}: " + ("(blank)" if value is None else value[:_LONGEST_VALUE])
            for line, column, value in rule.examples
        ]
    )
