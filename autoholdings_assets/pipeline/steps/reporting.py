"""The step that writes a run's reports: the workbooks of a run that changed something, and its job report.

What belongs here: which runs are due, and that a report that fails spoils neither another nor the run. What does not:
what the reports say (``reports/``).
"""

import logging
from dataclasses import dataclass, field

from autoholdings_assets.holdings.runs import Run, find_runs
from autoholdings_assets.holdings.undo import FROM_FILES
from autoholdings_assets.holdings.warehouse import Connection, open_warehouse
from autoholdings_assets.pipeline.steps.run import NothingUsable, RunContext
from autoholdings_assets.reports.job_files import (
    WrittenReport,
    report_files,
    runs_without_report,
    write_job_report,
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ReportSummary:
    """The reports of a run, and the earlier runs whose reports were still to be written."""

    job_report: WrittenReport
    caught_up: list[str] = field(default_factory=list)


def report(context: RunContext) -> ReportSummary:
    """Write the reports of this run, or, started alone, of the vendor's last one; then those that are still missing.

    Earlier runs lack theirs when their process died, or could not write them. ``context.vendor_name`` may be empty:
    then the run itself tells the vendor. Raises `NothingUsable` when there is no run yet, and what keeps this run's own
    reports from being written.
    """
    with open_warehouse(context.home.warehouse) as connection:
        run = _run_to_report(connection, context)
        written = _write(connection, context, run)
        caught_up = [
            earlier.run_id
            for earlier in runs_without_report(connection, context.home, run.vendor, context.now)
            if earlier.run_id != run.run_id and _written_later(connection, context, earlier)
        ]
    return ReportSummary(written, caught_up)


def _run_to_report(connection: Connection, context: RunContext) -> Run:
    vendor = context.vendor_name or None
    found = find_runs(connection, run=context.run_id, vendor=vendor)
    for run in found or find_runs(connection, vendor=vendor):
        if run.outcome is not None:
            return run
    raise NothingUsable("No run has ended yet: there is nothing to report.")


def _write(connection: Connection, context: RunContext, run: Run) -> WrittenReport:
    """The workbooks first, so that the page can lead to them; it is written even if they cannot be."""
    try:
        if run.changed and run.kind in FROM_FILES:
            # brings openpyxl's charts and styles: a run that finds nothing new should not wait for them
            from autoholdings_assets.reports.actions_report import write_actions_reports

            write_actions_reports(connection, context.home, run.run_id, context.configuration, vendor=run.vendor)
    finally:
        written = write_job_report(connection, context.home, context.configuration, run)
    return written


def _written_later(connection: Connection, context: RunContext, run: Run) -> bool:
    """Whether an earlier run's reports could be written now; it must not spoil this run's."""
    try:
        _write(connection, context, run)
    except Exception as error:
        _log.warning("The reports of run %s could not be written: %s", run.run_id, error)
    return report_files(context.home, run).page is not None
