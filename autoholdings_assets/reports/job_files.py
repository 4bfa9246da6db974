"""The files of reports: where those of a run lie, writing its page, and which runs still lack theirs.

What does not belong here: what a report says (``job_report.py``, ``job_document.py``), and the workbooks beside it
(``actions_report.py``).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from autoholdings_assets.config import Configuration, Home
from autoholdings_assets.holdings.runs import Run, find_runs
from autoholdings_assets.holdings.undo import FROM_FILES
from autoholdings_assets.holdings.warehouse import Connection
from autoholdings_assets.reports.document import Document
from autoholdings_assets.reports.job_document import job_document
from autoholdings_assets.reports.job_report import JobReport, job_report
from autoholdings_assets.reports.outbox import whole_or_absent
from autoholdings_assets.reports.page import as_html

PAGE = "job_report.html"
_WORKBOOKS = "*.xlsx"
CAUGHT_UP = timedelta(days=30)
"""How far back a run looks for runs without a report."""
MOST_CAUGHT_UP = 20


@dataclass(frozen=True)
class ReportFiles:
    """The reports that a run has: None for a page that has not been written."""

    folder: Path
    page: Path | None
    workbooks: list[Path]


@dataclass(frozen=True)
class WrittenReport:
    """A job report that has been written: its page and the workbooks beside it, what it says, and how."""

    page: Path
    workbooks: list[Path]
    report: JobReport
    document: Document


def write_job_report(connection: Connection, home: Home, configuration: Configuration, run: Run) -> WrittenReport:
    """Write the page of a run that has ended, with links to the workbooks that lie there; an older page is replaced."""
    report = job_report(connection, configuration, run)
    files = report_files(home, run)
    document = job_document(report, files.workbooks)
    page = files.folder / PAGE
    with whole_or_absent(page) as unfinished:
        unfinished.write_text(as_html(document), encoding="utf-8")
    return WrittenReport(page, files.workbooks, report, document)


def report_folder(home: Home, run: Run) -> Path:
    """The folder of a run's reports, ``reports/<vendor>/2026-11-22T0931-4ff76ea6``: sorted by name, sorted by time.

    The moment is written in the time zone that it has.
    """
    return home.reports / run.vendor / f"{run.started_at:%Y-%m-%dT%H%M}-{run.run_id[:8]}"


def report_files(home: Home, run: Run) -> ReportFiles:
    """What there is of a run's reports."""
    folder = report_folder(home, run)
    page = folder / PAGE
    return ReportFiles(folder, page if page.exists() else None, sorted(folder.glob(_WORKBOOKS)))


def runs_without_report(connection: Connection, home: Home, vendor: str, now: datetime) -> Iterator[Run]:
    """The vendor's recent runs that have ended, but not their reports: killed before, or a report failed."""
    for run in find_runs(connection, vendor=vendor, limit=MOST_CAUGHT_UP):
        if run.outcome is None or now - run.started_at > CAUGHT_UP:
            continue
        files = report_files(home, run)
        wants_workbooks = run.changed and run.kind in FROM_FILES
        if files.page is None or (wants_workbooks and not files.workbooks):
            yield run
