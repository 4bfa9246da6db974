"""The result of a check in words for a terminal, and as JSON. ``reports/check_page.py`` makes a page of it."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from autoholdings_assets.kbart.check import CheckResult, Fix, RuleCount

VERDICTS = {
    "valid": "clean",
    "warnings": "usable, with warnings",
    "errors": "errors: not all of it can be used",
    "unreadable": "cannot be read",
}


def as_json(result: CheckResult) -> dict[str, Any]:
    """The result as plain data. ``by_rule`` gives the number of rows for each rule that was broken."""
    refusal = result.refusal
    return {
        "file": result.file,
        "rows": result.rows,
        "valid_rows": result.valid_rows,
        "rejected_rows": result.rejected_rows,
        "verdict": result.verdict,
        "by_rule": {found.rule: found.rows for found in result.by_rule},
        "shape": result.shape,
        "refusal": refusal and {"rule": refusal.key, "message": refusal.message, "advice": refusal.advice},
        "file_findings": [asdict(found) for found in result.file_findings],
        "findings": [
            asdict(found)
            | {"examples": [dict(zip(("line", "column", "value"), case, strict=True)) for case in found.examples]}
            for found in result.by_rule
        ],
        "by_column": [asdict(column) for column in result.by_column],
    }


def as_text(result: CheckResult, *, notes: bool = True) -> str:
    """The result for a person to read: verdict, numbers, then each rule with its first cases."""
    lines = [f"{result.file}: {VERDICTS[result.verdict]}"]
    if result.refusal is not None:
        return "\n".join([*lines, f"  {result.refusal.message}", f"  {result.refusal.advice}"])
    lines.append(
        f"  {result.rows:,} rows: {result.valid_rows:,} used, {result.rejected_rows:,} rejected; {result.shape}"
    )
    shown = [found for found in result.by_rule if notes or found.severity != "note"]
    for file_finding in result.file_findings:
        if notes or file_finding.severity != "note":
            lines.append(f"  {file_finding.severity}: {file_finding.message} {file_finding.advice}")
    for rule in shown:
        lines.extend(_rule_lines(rule))
    columns = [column for column in result.by_column if column.errors or column.warnings]
    if columns:
        lines.append("  Columns with findings (rows filled, errors, warnings):")
        lines.extend(
            f"    {column.column:<32} {column.filled:>9,} {column.errors:>9,} {column.warnings:>9,}"
            for column in columns
        )
    return "\n".join(lines)


def summary(results: Iterable[CheckResult]) -> str:
    """One line for several files."""
    found = list(results)
    verdicts = [result.verdict for result in found]
    words = ", ".join(
        f"{verdicts.count(verdict)} {words}" for verdict, words in VERDICTS.items() if verdict in verdicts
    )
    rows, rejected = sum(result.rows for result in found), sum(result.rejected_rows for result in found)
    return f"{len(found)} files, {rows:,} rows, {rejected:,} rejected: {words}"


def fix_text(fix: Fix) -> str:
    """What was changed in writing a clean file."""
    lines = [f"Written to {fix.file}: {fix.written:,} rows; {fix.left_out:,} rejected or repeated rows left out."]
    lines += [f"  {column}: {count:,} values changed" for column, count in fix.changed.items()]
    return "\n".join(lines)


def _rule_lines(rule: RuleCount) -> list[str]:
    lines = [f"  {rule.severity}: {rule.sentence} ({rule.rows:,} rows, {rule.rule})"]
    for line, column, value in rule.examples:
        shown = "(blank)" if value is None else repr(value if len(value) <= 80 else value[:77] + "...")
        lines.append(f"      line {line}, {column}: {shown}")
    lines.append(f"      {rule.advice}")
    return lines
