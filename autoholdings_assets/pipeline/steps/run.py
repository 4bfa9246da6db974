"""What every step of a run begins with and how a run ends.

What belongs here: the run's context, its record in the warehouse, its end. What does not: any step's own work.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from autoholdings_assets.config import Configuration, Home, load_configuration
from autoholdings_assets.holdings import runs
from autoholdings_assets.holdings.entitlements import Inputs, current_inputs
from autoholdings_assets.holdings.refusals import NotPossible
from autoholdings_assets.holdings.runs import ProfileOutcome
from autoholdings_assets.holdings.warehouse import Connection, open_warehouse
from autoholdings_assets.reports.job_files import WrittenReport, report_files, write_job_report
from autoholdings_assets.vendors.model import Vendor

_PATIENCE_SECONDS = 5.0
_log = logging.getLogger(__name__)


class NothingUsable(NotPossible):
    """No Active profile brought a file that can be used; the holdings stay as they were."""


@dataclass(frozen=True)
class RunContext:
    """One run for one vendor: where, for whom, under which Dagster run, started by whom.

    ``reports_follow``: the run goes on to the step that writes its reports, unless it ends before.
    """

    home: Home
    vendor_name: str
    run_id: str
    now: datetime
    acted_by: str
    reports_follow: bool = True

    @cached_property
    def configuration(self) -> Configuration:
        """autoholdings.yaml as it was when the run first asked. Raises ``ConfigurationError``."""
        return load_configuration(self.home)


@contextmanager
def recorded_run(context: RunContext) -> Iterator[tuple[Connection, Configuration, Vendor]]:
    """The open warehouse, the configuration and the vendor of a run that is recorded as begun."""
    configuration = context.configuration
    vendor = configuration.vendor(context.vendor_name)
    with open_warehouse(context.home.warehouse) as connection:
        runs.start_run(connection, context.run_id, vendor.name, context.acted_by, configuration)
        yield connection, configuration, vendor


def inputs_of(connection: Connection, context: RunContext, configuration: Configuration, vendor: Vendor) -> Inputs:
    """Everything that the vendor's plan is made of. Raises `NothingUsable` when no profile has brought a file."""
    inputs = current_inputs(connection, context.home, configuration, vendor)
    if not inputs.grants:
        raise NothingUsable(
            f"No profile of {vendor.title} has a file that can be used yet. Run `autoholdings run {vendor.name}`."
        )
    return inputs


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

    Where the run goes no further its report is written at once, and given: when it is held, when it applies nothing,
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
        with open_warehouse(context.home.warehouse, _PATIENCE_SECONDS) as connection:
            found = runs.find_runs(connection, run=context.run_id, vendor=context.vendor_name)
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


def report_at_once(connection: Connection, context: RunContext) -> WrittenReport | None:
    """Write the run's job report; when that fails the run's own outcome still counts, and the next run writes it."""
    try:
        (run,) = runs.find_runs(connection, run=context.run_id, vendor=context.vendor_name)
        return write_job_report(connection, context.home, context.configuration, run)
    except Exception as error:
        _log.warning("The job report of run %s could not be written: %s", context.run_id, error)
        return None
