"""The result of a check as one self-contained page: no script, nothing loaded from elsewhere."""

from collections.abc import Iterable
from html import escape

from autoholdings_assets.kbart.check import CheckResult, RuleCount
from autoholdings_assets.kbart.check_report import VERDICTS, summary

COLOURS = {"error": "#b3261e", "warning": "#b26a00", "note": "#4a6a8a", "used": "#2e7d32"}
BAR, LABEL, WIDTH = 24, 260, 900
MOST_BARS = 15
STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
caption { text-align: left; font-weight: 600; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #8886; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
code { overflow-wrap: anywhere; }
svg { width: 100%; height: auto; } svg text { font: 13px system-ui, sans-serif; fill: currentColor; }
.error { color: #b3261e; } .warning { color: #b26a00; } .note { color: #4a6a8a; }
@media (prefers-color-scheme: dark) {
  .error { color: #ff8a80; } .warning { color: #ffb74d; } .note { color: #90b4d8; }
}
"""


def as_html(results: Iterable[CheckResult]) -> str:
    """The whole page."""
    found = list(results)
    body = "\n".join(_section(result, number) for number, result in enumerate(found))
    contents = _contents(found) if len(found) > 1 else ""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>KBART check</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>
<body><h1>KBART check</h1><p>{escape(summary(found))}</p>
{contents}
{body}
</body></html>
"""


def _contents(results: list[CheckResult]) -> str:
    rows = "".join(
        f'<tr><td><a href="#file{number}">{escape(result.file)}</a></td><td>{VERDICTS[result.verdict]}</td>'
        f'<td class="number">{result.rows:,}</td><td class="number">{result.rejected_rows:,}</td></tr>'
        for number, result in enumerate(results)
    )
    return (
        "<table><caption>Files</caption><thead><tr><th>File</th><th>Verdict</th>"
        f'<th class="number">Rows</th><th class="number">Rejected</th></tr></thead><tbody>{rows}</tbody></table>'
    )


def _section(result: CheckResult, number: int) -> str:
    head = f'<section id="file{number}"><h2>{escape(result.file)}</h2><p><b>{VERDICTS[result.verdict]}</b></p>'
    if result.refusal is not None:
        return f"{head}<p>{escape(result.refusal.message)} {escape(result.refusal.advice)}</p></section>"
    numbers = f"{result.rows:,} rows: {result.valid_rows:,} used, {result.rejected_rows:,} rejected. {result.shape}."
    return (
        f"{head}<p>{escape(numbers)}</p>{_chart(result)}{_file_table(result)}{_rule_table(result)}"
        f"{_column_table(result)}</section>"
    )


def _chart(result: CheckResult) -> str:
    """Bars: rows used, rows rejected, and the rows of each rule, the most frequent first."""
    bars = [("rows used", result.valid_rows, "used"), ("rows rejected", result.rejected_rows, "error")]
    bars += [(rule.rule, rule.rows, rule.severity) for rule in result.by_rule[:MOST_BARS]]
    most = max(count for _, count, _ in bars) or 1
    shapes = []
    for position, (label, count, kind) in enumerate(bars):
        top, length = position * BAR, (WIDTH - LABEL - 90) * count / most
        shapes.append(
            f'<text x="{LABEL - 8}" y="{top + 16}" text-anchor="end">{escape(label)}</text>'
            f'<rect x="{LABEL}" y="{top + 4}" width="{length:.1f}" height="{BAR - 8}" fill="{COLOURS[kind]}"/>'
            f'<text x="{LABEL + length + 6:.1f}" y="{top + 16}">{count:,}</text>'
        )
    height = len(bars) * BAR
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="Rows used, rows rejected and rows by rule">'
        f"{''.join(shapes)}</svg>"
    )


def _file_table(result: CheckResult) -> str:
    if not result.file_findings:
        return ""
    rows = "".join(
        f'<tr><td class="{found.severity}">{found.severity}</td><td>{escape(found.message)}</td>'
        f"<td>{escape(found.advice)}</td></tr>"
        for found in result.file_findings
    )
    return (
        "<table><caption>The file as a whole</caption><thead><tr><th>Severity</th><th>What</th><th>What to do</th>"
        f"</tr></thead><tbody>{rows}</tbody></table>"
    )


def _rule_table(result: CheckResult) -> str:
    if not result.by_rule:
        return ""
    rows = "".join(
        f'<tr><td class="{rule.severity}">{rule.severity}</td><td class="number">{rule.rows:,}</td>'
        f"<td>{escape(rule.sentence)}<br><code>{rule.rule}</code></td><td>{_examples(rule)}</td>"
        f"<td>{escape(rule.advice)}</td></tr>"
        for rule in result.by_rule
    )
    return (
        '<table><caption>The rows</caption><thead><tr><th>Severity</th><th class="number">Rows</th><th>What</th>'
        f"<th>First cases</th><th>What to do</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def _examples(rule: RuleCount) -> str:
    return "<br>".join(
        f"line {line}, {column}: " + ("(blank)" if value is None else f"<code>{escape(value[:120])}</code>")
        for line, column, value in rule.examples
    )


def _column_table(result: CheckResult) -> str:
    rows = "".join(
        f'<tr><td>{column.column}</td><td class="number">{column.filled:,}</td>'
        f'<td class="number">{column.errors:,}</td><td class="number">{column.warnings:,}</td>'
        f'<td class="number">{column.notes:,}</td></tr>'
        for column in result.by_column
    )
    return (
        '<table><caption>The columns</caption><thead><tr><th>Column</th><th class="number">Rows filled</th>'
        '<th class="number">Errors</th><th class="number">Warnings</th><th class="number">Notes</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )
