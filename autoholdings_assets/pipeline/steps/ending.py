"""How a run ends: its record, and its reports, by the step that writes them or at once where the run goes no further.

What belongs here: which reports are due when, and that one that fails spoils neither another nor the run. What does
not: what the reports say (``reports/``).
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from autoholdings_assets.holdings import runs
from autoholdings_assets.holdings.runs import ProfileOutcome, Run, find_runs
from autoholdings_assets.holdings.warehouse import PATIENCE_SECONDS, Connection, open_warehouse
from autoholdings_assets.pipeline.steps.run import NothingUsable, RunContext
from autoholdings_assets.reports.job_files import WrittenReport, report_files, runs_without_report, write_job_report

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
            if earlier.run_id != run.run_id and report_at_once(connection, context, earlier)
        ]
    return ReportSummary(written, caught_up)


def end_without_file(connection: Connection, context: RunContext, outcomes: list[ProfileOutcome]) -> None:
    """End the run: it changed nothing, and says for each profile why."""
    message = (
        " ".join(f"{o.profile}: {o.message} {o.advice}".strip() for o in outcomes)
        or "No profile has brought a file yet."
    )
    end_run(connection, context, runs.NOTHING_APPLIED, message)
    raise NothingUsable(f"{message} The holdings stay as they were.")


def end_run(
    connection: Connection, context: RunContext, outcome: str, message: str, plan_id: str | None = None
) -> WrittenReport | None:
    """Record how the run ended; a later step of the same run may say it anew.

    Where the run goes no further its reports are written at once, and given: when it is held, when it applies nothing,
    and when no later step writes reports.
    """
    runs.end_run(connection, context.run_id, context.vendor_name, outcome, message, plan_id)
    if context.reports_follow and outcome not in (runs.HELD, runs.NOTHING_APPLIED):
        return None
    return report_at_once(connection, context)


def end_failed_run(context: RunContext, message: str) -> Path | None:
    """Record that a failure ended the run, unless the step has done so, and give the page of its report.

    What is told to people is the failure: nothing that goes wrong here is raised.
    """
    try:
        with open_warehouse(context.home.warehouse, PATIENCE_SECONDS) as connection:
            found = find_runs(connection, run=context.run_id, vendor=context.vendor_name)
            if not found:
                return None
            if found[0].outcome in (None, runs.DRY_RUN):
                end_run(connection, context, runs.NOTHING_APPLIED, message, found[0].plan_id)
            elif report_files(context.home, found[0]).page is None:
                report_at_once(connection, context)
            return report_files(context.home, found[0]).page
    except Exception as error:
        _log.warning("The end of run %s could not be recorded: %s", context.run_id, error)
        return None


def report_at_once(connection: Connection, context: RunContext, run: Run | None = None) -> WrittenReport | None:
    """Write the reports of a run, by default this one; when that fails its outcome still counts, and the next run
    writes them."""
    with suppress(Exception):  # the log tells it
        if run is None:
            with _logged("reports", context.run_id):
                (run,) = find_runs(connection, run=context.run_id, vendor=context.vendor_name)
        return _write(connection, context, run)
    return None


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
        if run.changed:
            # brings openpyxl's charts and styles: a run that finds nothing new should not wait for them
            from autoholdings_assets.reports.actions_report import write_actions_reports

            with _logged("workbooks", run.run_id):
                write_actions_reports(connection, context.home, context.configuration, run)
    finally:
        with _logged("job report", run.run_id):
            written = write_job_report(connection, context.home, context.configuration, run)
    return written


@contextmanager
def _logged(what: str, run_id: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        _log.warning("The %s of run %s could not be written: %s", what, run_id, error)
        raise
