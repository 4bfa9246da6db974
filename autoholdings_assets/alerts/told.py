"""What has been told, so that nothing is told twice, and what is over.

What belongs here: the table ``alert_sent``. What does not: delivering (``deliver.py``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from autoholdings_assets.alerts.alert import Alert
from autoholdings_assets.holdings.warehouse import Connection, rows, scalar, transaction


@dataclass(frozen=True)
class Due:
    """An alert to be told now; ``told_at``: when it was told before, if this is a reminder."""

    alert: Alert
    told_at: datetime | None = None


def due(
    connection: Connection, channel: str, alerts: Sequence[Alert], now: datetime, remind_after_days: int
) -> list[Due]:
    """The alerts that nobody was told through this channel in their present state, and the reminders.

    ``remind_after_days``: what was told so many days ago, and still is as it was, is told again; 0 never.
    """
    sent = "SELECT case_id, state, sent_at FROM alert_sent WHERE channel = ? AND over_at IS NULL"
    told = {(case, state): sent_at for case, state, sent_at in connection.execute(sent, [channel]).fetchall()}
    found = []
    for alert in alerts:
        sent_at = told.get((alert.case_id, alert.state))
        if sent_at is None:
            found.append(Due(alert))
        elif remind_after_days and sent_at + timedelta(days=remind_after_days) <= now:
            found.append(Due(alert, sent_at))
    return found


def record(connection: Connection, channel: str, alerts: Sequence[Alert], now: datetime) -> None:
    """Remember that these were delivered; what was told of the same cases before is over with it."""
    cases = [alert.case_id for alert in alerts]
    with transaction(connection):
        connection.execute(
            "UPDATE alert_sent SET over_at = ? WHERE channel = ? AND over_at IS NULL AND case_id IN (SELECT unnest(?))",
            [now, channel, cases],
        )
        connection.executemany(
            "INSERT INTO alert_sent VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
            [[channel, alert.case_id, alert.state, alert.kind, alert.vendor, alert.text, now] for alert in alerts],
        )


def end_all_but(connection: Connection, open_cases: Sequence[Alert], now: datetime) -> None:
    """What was told and is no open case any more is over: should it come up again, it is told again."""
    is_open = [alert.case_id for alert in open_cases]
    gone = "over_at IS NULL AND case_id NOT IN (SELECT unnest(?))"
    if scalar(connection, f"SELECT count(*) FROM alert_sent WHERE {gone}", [is_open]):
        with transaction(connection):
            connection.execute(f"UPDATE alert_sent SET over_at = ? WHERE {gone}", [now, is_open])


def told_at(connection: Connection, alerts: Sequence[Alert]) -> dict[tuple[str, str], datetime]:
    """When each alert was told in its present state, by case and channel."""
    states = {alert.case_id: alert.state for alert in alerts}
    found = rows(connection, "SELECT channel, case_id, state, sent_at FROM alert_sent WHERE over_at IS NULL")
    return {
        (row["case_id"], row["channel"]): row["sent_at"] for row in found if states.get(row["case_id"]) == row["state"]
    }
