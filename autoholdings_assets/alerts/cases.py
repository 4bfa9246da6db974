"""What in the warehouse needs a person now.

What belongs here: turning facts and messages that are there into alerts. What does not: judging them (``holdings/``),
runs that died before they wrote anything and checks (Dagster knows those: ``pipeline/alerting.py``), and whether
somebody has been told (``told.py``).
"""

from datetime import UTC, datetime

from autoholdings_assets.alerts.alert import Alert
from autoholdings_assets.config import Configuration, ConfigurationError, Home
from autoholdings_assets.holdings.attention import cases as attention_cases
from autoholdings_assets.holdings.freshness import staleness
from autoholdings_assets.holdings.warehouse import Connection, rows, set_variables, sql

_NOTHING_ATTACHED = "multiple matches"
"""The kind of case in which no PO line or license is at stake: the run's plan lists those."""


def open_cases(connection: Connection, configuration: Configuration, now: datetime) -> list[Alert]:
    """Everything in the warehouse that needs a person at ``now``, vendor by vendor."""
    vendors = configuration.vendors_used(active_only=True)
    return [
        *(alert for vendor in vendors for alert in _failing_profiles(connection, configuration, vendor)),
        *_held_plans(connection),
        *(alert for vendor in vendors for alert in _stale(connection, configuration, vendor, now)),
        *_attention(connection),
    ]


def broken_configuration(home: Home, error: ConfigurationError) -> Alert:
    """autoholdings.yaml is there and cannot be used: nothing runs until a person has mended it."""
    return Alert(
        "configuration",
        "failed check",
        f"autoholdings.yaml cannot be used, so nothing can run: {' '.join(error.problems)}",
        datetime.fromtimestamp(home.config_file.stat().st_mtime, UTC),
    )


def _failing_profiles(connection: Connection, configuration: Configuration, vendor: str) -> list[Alert]:
    active = [profile.name for profile in configuration.profiles_of(vendor, active_only=True)]
    set_variables(connection, vendor=vendor, profiles=active)
    return [
        Alert(
            f"profile-{row['profile']}",
            "failed run",
            f"{row['profile']} was not read and keeps its titles: {row['message']} {row['advice']}".strip(),
            row["since"],
            vendor,
            run_id=row["run_id"],
        )
        for row in rows(connection, sql("failing_profiles"))
    ]


def _held_plans(connection: Connection) -> list[Alert]:
    held = rows(
        connection,
        "SELECT plan_id, vendor, run_id, made_at, hold_reasons FROM plan WHERE status = 'held' ORDER BY made_at",
    )
    return [
        Alert(
            f"plan-{plan['plan_id']}",
            "held plan",
            f"Plan {plan['plan_id']} is held and nothing of it applied: {' '.join(plan['hold_reasons'])} "
            f"Look at it with `autoholdings plan show {plan['plan_id']}`, then decide: "
            f'`autoholdings plan accept {plan["plan_id"]} --why "..."`, or `plan reject`.',
            plan["made_at"],
            plan["vendor"],
            run_id=plan["run_id"],
        )
        for plan in held
    ]


def _stale(connection: Connection, configuration: Configuration, vendor: str, now: datetime) -> list[Alert]:
    found = staleness(connection, configuration, vendor, now)
    if found.message is None or found.fresh_until is None:
        return []
    return [Alert(f"stale-{vendor}", "stale vendor", found.message, found.fresh_until, vendor)]


def _attention(connection: Connection) -> list[Alert]:
    return [
        Alert(
            f"attention-{case['attention_id']}",
            "needs attention",
            case["message"],
            case["since"],
            case["vendor"],
            title=case["title"],
            run_id=case["run_id"],
            since_when=f"{case['since']} {case['decided_at']}",  # one that is to be looked at again is told again
        )
        for case in attention_cases(connection)
        if case["kind"] != _NOTHING_ATTACHED
    ]
