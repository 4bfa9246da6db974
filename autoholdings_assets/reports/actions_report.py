"""The actions reports of a run: what became of every uploaded record, serials and monographs apart (rules C14, C15).

What belongs here: what the workbooks list. What does not: where it comes from
(``actions_records.py``), the sheet that sums it up (``actions_summary.py``), how a workbook is written
(``workbook.py``), and where the reports lie (``job_files.py``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from autoholdings_assets.config import Configuration, Home
from autoholdings_assets.holdings.plan import load_plan
from autoholdings_assets.holdings.runs import Run
from autoholdings_assets.holdings.undo import FROM_FILES
from autoholdings_assets.holdings.warehouse import Connection
from autoholdings_assets.reports.actions_records import NOT_USED, Kind, load_records
from autoholdings_assets.reports.actions_summary import add_summary
from autoholdings_assets.reports.job_files import report_folder
from autoholdings_assets.reports.workbook import MOST_ROWS, Column, LargeWorkbook

_COLOURS = (
    ("activate", "C6E0B4"),
    ("possible title change", "FFE699"),
    ("update", "DDEBF7"),
    ("remove", "F8CBAD"),
    ("keep", "FFE699"),
    *((action, "FFE699") for action in NOT_USED),
)

_TITLE = (
    Column("title", "Title", 46),
    Column("print_identifier", "Print ISSN or ISBN", 14),
    Column("online_identifier", "Online ISSN or ISBN", 14),
    Column("action", "Action", 17, colours=_COLOURS),
)
_COVERAGE = (
    Column("coverage_before", "Coverage before", 28),
    Column("coverage_after", "Coverage after", 28),
    Column("lost", "Coverage lost", 26),
)
_PERIOD = (
    Column("from_date", "The row's first day", 11, "date"),
    Column("until_date", "The row's last day", 11, "date"),
)
_GROUPS = (Column("groups_before", "Available for, before", 12), Column("groups_after", "Available for, after", 12))
_ROW = Column("row_number", "Row of the file", 8, "number")
_COLLECTION = Column("collection", "Electronic collection", 40, printed=False)
_FILE = Column("file_name", "Vendor's file", 40, printed=False)


@dataclass(frozen=True)
class ActionsReports:
    """The two workbooks of a run; ``records`` counts the lines of both, ``actions`` those of each action."""

    serial: Path
    monograph: Path
    records: int
    actions: dict[str, int] = field(default_factory=dict)


def write_actions_reports(
    connection: Connection, home: Home, configuration: Configuration, run: Run, most_rows: int = MOST_ROWS
) -> ActionsReports | None:
    """Write the serial and the monograph actions report of a run; written again, they are replaced.

    ``most_rows`` are those of a sheet. None where the run uploaded nothing: nothing was new, the plan is held, the run
    was a dry run, or no file came.

    Raises ``kbart.errors.UnreadableFile`` when a file is not in the archive any more.
    """
    if run.plan_id is None or not (run.changed and run.kind in FROM_FILES):
        return None
    plan = load_plan(connection, run.plan_id)
    paths = {kind: report_folder(home, run) / f"{run.vendor}_{kind}_actions_report.xlsx" for kind in Kind}
    with TemporaryDirectory() as scratch:
        records = load_records(connection, home, configuration, plan, Path(scratch))
        for kind, path in paths.items():
            workbook = LargeWorkbook(connection, most_rows)
            add_summary(workbook.book, connection, configuration, plan, run, kind)
            columns = _record_columns(kind, records.given, configuration)
            workbook.add_pages("Records", columns, records.count(kind), records.page(kind))
            not_used = records.count(kind, not_used=True), records.page(kind, not_used=True)
            workbook.add_pages("Rows not used", _NOT_USED_COLUMNS, *not_used)
            workbook.save(path)
    return ActionsReports(paths[Kind.SERIAL], paths[Kind.MONOGRAPH], sum(records.actions.values()), records.actions)


def _record_columns(kind: Kind, given: Sequence[str], configuration: Configuration) -> list[Column]:
    """What a record says, and last what the vendor wrote. Only rows of serials have a period of their own."""
    return [
        *_TITLE,
        *_COVERAGE,
        *(_PERIOD if kind is Kind.SERIAL else ()),
        *(_GROUPS if configuration.institution.multi_campus else ()),
        Column("po_line", "PO line", 12),
        Column("profile", "Integration profile", 14),
        Column("reason", "Reason", 58),
        _ROW,
        _FILE,
        _COLLECTION,
        Column("portfolio_id", "Portfolio", 10, "number", printed=False),
        *(Column(f"given_{number}", heading, 18, quoted=True) for number, heading in enumerate(given, start=1)),
    ]


_NOT_USED_COLUMNS = (
    *_TITLE,
    Column("reason", "Why", 46, wrapped=True),
    Column("advice", "What to do", 46, wrapped=True),
    Column("column_name", "Column at fault", 18, wrapped=True),
    Column("value", "What stands there", 20, wrapped=True),
    Column("profile", "Integration profile", 14),
    _ROW,
    _FILE,
    _COLLECTION,
)
