"""One round of telling: what is new goes out through each channel, and is remembered once it has arrived.

What belongs here: the order of things, so that nothing is lost and nothing told twice. What does not: what is worth
telling (``cases.py``, ``pipeline/alerting.py``), and the channels' own ways (``mail.py``, ``webhook.py``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from filelock import FileLock, Timeout

from autoholdings_assets.alerts import mail, told, webhook
from autoholdings_assets.alerts.alert import Alert
from autoholdings_assets.alerts.message import Message, NotDelivered, compose, trial
from autoholdings_assets.config import Alerts, ConfigurationError, Home
from autoholdings_assets.holdings.warehouse import open_warehouse

_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Delivery:
    """What came of telling through one channel: how many alerts arrived, and what went wrong, if anything did."""

    channel: str
    told: int
    problem: str | None = None


class SomebodyElseTells(Exception):
    """Another process is in the middle of a round: it tells what there is to tell."""


def tell(
    home: Home,
    settings: Alerts,
    institution: str,
    timezone: str,
    alerts: Sequence[Alert],
    now: datetime,
    *,
    all_open: bool = True,
) -> list[Delivery]:
    """Tell everything of ``alerts`` that is new or due for a reminder: one message a channel.

    ``all_open``: these are all cases that are open, so that whatever else was told is over. What could not be
    delivered is told in the next round. Raises `SomebodyElseTells`, ``WarehouseBusy``.
    """
    channels = _channels(settings, now)
    try:
        with FileLock(home.path / "alerts.lock", timeout=_PATIENCE_SECONDS):
            with open_warehouse(home.warehouse, _PATIENCE_SECONDS) as connection:
                if all_open:
                    told.end_all_but(connection, alerts, now)
                due = {name: told.due(connection, name, alerts, now, settings.remind_after_days) for name in channels}
            # the warehouse is not held while a server is waited for
            return [
                _deliver(home, name, send, due[name], compose(due[name], institution, timezone), now)
                for name, send in channels.items()
                if due[name]
            ]
    except Timeout:
        raise SomebodyElseTells("Another process is telling at the moment.") from None


def tell_trial(settings: Alerts, institution: str, now: datetime) -> list[Delivery]:
    """Send a test message through each channel; nothing is remembered."""
    return [_send(channel, send, trial(institution), 1) for channel, send in _channels(settings, now).items()]


Send = Callable[[Message], str | None]


def _channels(settings: Alerts, now: datetime) -> dict[str, Send]:
    channels: dict[str, Send] = {}
    if email := settings.email:
        channels["email"] = lambda message: mail.send(email, message, now)
    if hook := settings.webhook:
        channels["webhook"] = lambda message: webhook.send(hook, message)
    return channels


def _deliver(home: Home, channel: str, send: Send, due: list[told.Due], message: Message, now: datetime) -> Delivery:
    delivery = _send(channel, send, message, len(due))
    if delivery.told:
        with open_warehouse(home.warehouse) as connection:
            told.record(connection, channel, [d.alert for d in due], now)
    return delivery


def _send(channel: str, send: Send, message: Message, number: int) -> Delivery:
    try:
        remark = send(message)
    except (NotDelivered, ConfigurationError) as error:
        return Delivery(channel, 0, str(error))
    return Delivery(channel, number, remark)
