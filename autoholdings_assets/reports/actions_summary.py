"""The first sheet of an actions report: which run it was, which files it took, what became of how many records.

What belongs here: the sheet and its chart. What does not: the records (``actions_records.py``).
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from openpyxl import Workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.chart.label import DataLabelList

from autoholdings_assets.config import Configuration
from autoholdings_assets.holdings.plan import Plan
from autoholdings_assets.holdings.runs import FAILED_AT_PROFILE, Run, profile_outcomes
from autoholdings_assets.holdings.warehouse import Connection, rows, scalar
from autoholdings_assets.reports.actions_records import ACTIONS, Kind
from autoholdings_assets.reports.workbook import LINE_HEIGHT, Sheet, cell, header_cell, print_across

_WIDTHS = (26, 74, 24, 24, 12, 14)
_NO_COLLECTION = "(no collection)"
_COLOURS = ("8FAADC", "F4B183", "A9D18E", "FFD966", "BFBFBF")
_CHART_WIDTH, _CHART_MARGINS, _BAR = 26, 3.5, 1.0
"""Of the chart, of what is around its bars, and of each bar, in centimetres."""
_TITLE_HEIGHT = 28

Row = list[Any]


def add_summary(
    book: Workbook, connection: Connection, configuration: Configuration, plan: Plan, run: Run, kind: Kind
) -> None:
    """Add the sheet, with the actions counted by collection as a table and in a chart."""
    sheet = book.create_sheet("Summary")
    for letter, width in zip("ABCDEF", _WIDTHS, strict=True):
        sheet.column_dimensions[letter].width = width
    print_across(sheet)
    facts = _facts(configuration, plan, run)
    files = list(_files(sheet, connection, run, kind))
    counts = list(_counts(sheet, connection, kind))
    above = [
        [cell(sheet, f"{kind.capitalize()} actions report", bold=True, size=18, wrapped=False)],
        *([cell(sheet, name, bold=True), cell(sheet, value)] for name, value in facts),
        [],
        *files,
        [],
    ]
    below = [[cell(sheet, "Note", bold=True), cell(sheet, note)] for note in _notes(connection, plan, run, kind)]
    first = len(above) + 1
    for number, row in enumerate([*above, *counts, [], *below], start=1):
        sheet.row_dimensions[number].height = _TITLE_HEIGHT if number == 1 else _height(row)
        sheet.append(row)
    if len(counts) > 1:
        sheet.add_chart(_chart(sheet, first, len(counts), len(counts[0])), f"A{first + len(counts) + len(below) + 2}")


def _height(row: Row) -> int:
    """The height that the wrapped texts of a row take, in points; not every program finds it by itself."""
    lines = (-(-len(str(made.value)) // width) for made, width in zip(row, _WIDTHS, strict=False) if made.value)
    return LINE_HEIGHT * max(lines, default=1)


def _facts(configuration: Configuration, plan: Plan, run: Run) -> Iterator[tuple[str, str | datetime | None]]:
    zone = ZoneInfo(configuration.institution.timezone)
    yield "Institution", configuration.institution.name
    yield "Vendor", configuration.vendor(plan.vendor).title
    yield "Run", run.run_id
    yield f"Applied, {zone.key}", plan.applied_at.astimezone(zone).replace(tzinfo=None, microsecond=0)
    yield "Started by", plan.applied_by
    if configuration.institution.multi_campus:
        yield "Groups", ", ".join(run.groups) or "everyone"
    if run.message:
        yield "What happened", run.message
    for decision in plan.decisions:
        yield "Why it was applied", f"{decision['decision']} by {decision['decided_by']}: {decision['why']}"


def _files(sheet: Sheet, connection: Connection, run: Run, kind: Kind) -> Iterator[Row]:
    """The files whose rows are listed here, and what the run met at their profiles."""
    files = rows(
        connection,
        "SELECT *, (SELECT count(*) FROM actions_record AS r WHERE r.file_no = f.file_no AND r.kind = ?) AS records "
        "FROM actions_file AS f ORDER BY file_no",
        [kind],
    )
    if not files:
        return
    met = {outcome.profile: outcome.outcome for outcome in profile_outcomes(connection, run.vendor, run.run_id)}
    headings = ("Integration profile", "Vendor's file", "In this run", "Date of the file", "Rows", "Listed here")
    yield [header_cell(sheet, heading) for heading in headings]
    for file in files:
        outcome = met.get(file["profile"], "not asked")
        if outcome in FAILED_AT_PROFILE:
            outcome = f"{outcome}: the last accepted file counts"
        told = (file["profile"], file["file_name"], outcome, file["file_date"], file["total_rows"], file["records"])
        yield [cell(sheet, value) for value in told]


def _counts(sheet: Sheet, connection: Connection, kind: Kind) -> Iterator[Row]:
    """Records by action and collection, with the number of titles."""
    found = rows(
        connection,
        "SELECT action, coalesce(collection, ?) AS collection, count(*) AS records, "
        "count(DISTINCT portfolio_id) AS titles FROM actions_record WHERE kind = ? GROUP BY ALL ORDER BY ALL",
        [_NO_COLLECTION, kind],
    )
    collections = sorted({count["collection"] for count in found})
    records = {(count["action"], count["collection"]): count["records"] for count in found}
    titles: Counter[str] = Counter()
    for count in found:
        titles[count["action"]] += count["titles"]
    headings = ("Action", "What it means", *(f"Records, {name}" for name in collections), "Titles")
    yield [header_cell(sheet, heading) for heading in headings]
    for action, words in ACTIONS.items():
        if action in titles:
            told = (words.meaning, *(records.get((action, name), 0) for name in collections), titles[action] or None)
            yield [cell(sheet, action, bold=True), *(cell(sheet, value) for value in told)]


def _notes(connection: Connection, plan: Plan, run: Run, kind: Kind) -> Iterator[str]:
    yield from plan.notes
    for outcome in profile_outcomes(connection, run.vendor, run.run_id):
        if outcome.failed:
            yield f"{outcome.profile} was not read and keeps its titles: {outcome.message}"
    untold = "SELECT count(*) FROM actions_record WHERE publication_type IS NULL"
    if kind is Kind.SERIAL and (count := scalar(connection, untold)):
        yield f"Rows whose publication type cannot be told: {count:,}. They are listed here, with the serials."
    if plan.kind == "upload" and not scalar(connection, "SELECT count(*) FROM actions_row"):
        yield "What became of each row is not in staging/ any more; only the titles that were changed are listed."
    early = (
        "SELECT count(*) FROM actions_record JOIN actions_file_row USING (file_no, row_number) "
        "WHERE kind = ? AND least(from_date, until_date) < DATE '1900-03-01'"
    )
    if scalar(connection, early, [kind]):
        yield "Days before March 1900 are text: spreadsheets know no such dates."


def _chart(sheet: Sheet, first_row: int, row_count: int, column_count: int) -> BarChart:
    """A bar for each action, divided by collection; the first row of the table has the collections' names."""
    last_row, last_column = first_row + row_count - 1, column_count - 1
    chart = BarChart()
    chart.type = "bar"
    chart.grouping = "stacked"
    chart.overlap = 100
    chart.gapWidth = 60
    chart.title = "Records by action"
    chart.add_data(
        Reference(sheet, min_col=3, max_col=last_column, min_row=first_row, max_row=last_row), titles_from_data=True
    )
    chart.set_categories(Reference(sheet, min_col=1, min_row=first_row + 1, max_row=last_row))
    for series, colour in zip(chart.series, _COLOURS * len(chart.series), strict=False):
        series.graphicalProperties.solidFill = colour
    chart.x_axis.scaling.orientation = "maxMin"  # the first action on top
    chart.x_axis.delete = chart.y_axis.delete = False
    chart.y_axis.majorGridlines = None
    chart.dataLabels = DataLabelList(
        numFmt="#,##0;;", showVal=True, showSerName=False, showCatName=False, showLegendKey=False, showPercent=False
    )
    chart.legend.position = "b"
    chart.width, chart.height = _CHART_WIDTH, _CHART_MARGINS + _BAR * row_count
    return chart
