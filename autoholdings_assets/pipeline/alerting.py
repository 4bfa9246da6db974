"""Looking for what needs a person, in the warehouse and in Dagster, and telling it.

What belongs here: bringing the two together. What does not: what the warehouse knows and how it is told (``alerts/``),
what Dagster knows (``dagster_facts.py``), and when to look (``alert_sensor.py``, the command line).
"""

from collections.abc import Sequence
from datetime import datetime

import dagster as dg

from autoholdings_assets.alerts.alert import Alert
from autoholdings_assets.alerts.cases import broken_configuration, open_cases
from autoholdings_assets.alerts.deliver import Delivery, tell
from autoholdings_assets.config import Configuration, ConfigurationError, Home, load_alerts, load_configuration
from autoholdings_assets.holdings import runs
from autoholdings_assets.holdings.warehouse import Connection, open_warehouse, rows
from autoholdings_assets.pipeline.dagster_facts import DeadRun, FailedCheck, dead_runs, failed_checks

_PATIENCE_SECONDS = 5.0
_TOLD_OTHERWISE = ("plan_is_not_held", "every_active_profile_brought_a_file", "every_active_profile_was_read")
"""Checks whose cases are told one by one: held plans, and profiles that were not read."""


def look(
    home: Home, instance: dg.DagsterInstance, configuration: Configuration, now: datetime,
    wait_seconds: float = _PATIENCE_SECONDS,
) -> list[Alert]:  # fmt: skip
    """Every case that is open at ``now``, without any credential. Raises ``WarehouseBusy``."""
    vendors = configuration.vendors_used(active_only=True)
    dead = dead_runs(instance, vendors)
    checks = failed_checks(instance, vendors, _TOLD_OTHERWISE)
    with open_warehouse(home.warehouse, wait_seconds) as connection:
        found = [*_unexplained(connection, dead), *open_cases(connection, configuration, now)]
    found += [_failed_check(check) for check in checks if configuration.alerts.warnings or not check.is_warning]
    clean = configuration.redaction()
    return [alert.cleaned(clean) for alert in found]


def look_and_tell(home: Home, instance: dg.DagsterInstance, now: datetime) -> tuple[list[Alert], list[Delivery]]:
    """Tell whom the configuration names everything that is new: the open cases, and what came of telling them.

    Raises ``ConfigurationError`` when not even the section ``alerts`` can be read, ``WarehouseBusy`` and
    ``SomebodyElseTells``.
    """
    try:
        configuration = load_configuration(home)
    except ConfigurationError as error:
        alerts, name = load_alerts(home)
        if not alerts.are_configured:
            return [], []
        broken = [broken_configuration(home, error)]
        return broken, tell(home, alerts, name, "UTC", broken, now, all_open=False)
    if not configuration.alerts.are_configured:
        return [], []
    found = look(home, instance, configuration, now)
    institution = configuration.institution
    return found, tell(home, configuration.alerts, institution.name, institution.timezone, found, now)


def _unexplained(connection: Connection, dead: Sequence[DeadRun]) -> list[Alert]:
    """The runs that died of something which no profile and no plan tells already."""
    found = []
    for run in dead:
        recorded = rows(
            connection,
            "SELECT r.outcome, r.message, EXISTS (FROM job_run_profile AS p WHERE p.run_id = r.run_id "
            "AND p.vendor = r.vendor AND list_contains($failed, p.outcome)) AS has_failed_profile "
            "FROM job_run AS r WHERE r.run_id = $run_id AND r.vendor = $vendor",
            {"run_id": run.run_id, "vendor": run.vendor, "failed": list(runs.FAILED_AT_PROFILE)},
        )
        outcome = recorded[0]["outcome"] if recorded else None
        told_by_plan = outcome == runs.HELD
        told_by_profiles = outcome == runs.NOTHING_APPLIED and recorded[0]["has_failed_profile"]
        if not (told_by_plan or told_by_profiles):
            found.append(
                Alert(
                    f"run-{run.vendor}",
                    "failed run",
                    f"The last run of {run.vendor} did not end as it should: {run.text} Nothing is ever half applied; "
                    f"do what the message says, if it says anything, then `autoholdings run {run.vendor}`. "
                    "`autoholdings ui` shows the run.",
                    run.ended_at,
                    run.vendor,
                    run_id=run.run_id,
                )
            )
    return found


def _failed_check(check: FailedCheck) -> Alert:
    asset = check.asset
    return Alert(
        f"check-{asset}-{check.name}",
        "failed check",
        f"The check {check.name} of {asset}: {check.text} `autoholdings ui` shows it with the rows in question.",
        check.at,
        check.vendor,
        run_id=check.run_id,
    )
