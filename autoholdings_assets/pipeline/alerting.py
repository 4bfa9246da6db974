"""Looking for what needs a person, in the warehouse and in Dagster, and telling it.

What belongs here: bringing the two together. What does not: what the warehouse knows and how it is told (``alerts/``),
what Dagster knows (``dagster_facts.py``), and when to look (``alert_sensor.py``, the command line).
"""

from datetime import datetime

import dagster as dg

from autoholdings_assets.alerts.alert import Alert
from autoholdings_assets.alerts.cases import broken_configuration, open_cases
from autoholdings_assets.alerts.deliver import Delivery, tell
from autoholdings_assets.config import Configuration, ConfigurationError, Home, load_alerts, load_configuration
from autoholdings_assets.holdings import runs
from autoholdings_assets.holdings.warehouse import PATIENCE_SECONDS, Connection, open_warehouse, rows
from autoholdings_assets.pipeline.dagster_facts import dead_runs, failed_checks


def look(
    home: Home, instance: dg.DagsterInstance, configuration: Configuration, now: datetime,
    wait_seconds: float = PATIENCE_SECONDS,
) -> list[Alert]:  # fmt: skip
    """Every case that is open at ``now``, without any credential. Raises ``WarehouseBusy``."""
    vendors = configuration.vendors_used(active_only=True)
    dead = dead_runs(instance, vendors)
    checks = failed_checks(instance, vendors, warnings=configuration.alerts.warnings)
    with open_warehouse(home.warehouse, wait_seconds) as connection:
        unexplained = [run for run in dead if not _is_told_otherwise(connection, run)]
        found = [*unexplained, *open_cases(connection, configuration, now), *checks]
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


def _is_told_otherwise(connection: Connection, run: Alert) -> bool:
    """Whether a run died of something that a profile or a plan tells already."""
    recorded = rows(
        connection,
        "SELECT r.outcome, EXISTS (FROM job_run_profile AS p WHERE p.run_id = r.run_id "
        "AND p.vendor = r.vendor AND list_contains($failed, p.outcome)) AS has_failed_profile "
        "FROM job_run AS r WHERE r.run_id = $run_id AND r.vendor = $vendor",
        {"run_id": run.run_id, "vendor": run.vendor, "failed": list(runs.FAILED_AT_PROFILE)},
    )
    return any(
        row["outcome"] == runs.HELD or (row["outcome"] == runs.NOTHING_APPLIED and row["has_failed_profile"])
        for row in recorded
    )
