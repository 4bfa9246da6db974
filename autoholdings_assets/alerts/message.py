"""The one message that tells everything new of one look.

What belongs here: putting alerts into words for people and into JSON for programs. What does not: sending
(``mail.py``, ``webhook.py``), and the sentences themselves, which the alerts bring along.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from autoholdings_assets.alerts.alert import KINDS
from autoholdings_assets.alerts.told import Due
from autoholdings_assets.reports.wording import counted, moment
from autoholdings_assets.retrieval.body import printable

_SHOWN_OF_A_KIND = 20
_SHOWN_IN_JSON = 200
_WHAT_TO_DO_WITH_ALL = {
    "needs attention": "Settle each with `autoholdings attention settle CASE keep` (or detach, withdraw, look-again)."
}


@dataclass(frozen=True)
class Message:
    """What is sent: one line, a text of lines, and the same as JSON. ``identity`` is the same when it is sent again."""

    subject: str
    text: str
    content: Mapping[str, Any]
    identity: str


class NotDelivered(Exception):
    """The message did not arrive; the text says why and what to do, without any credential."""


def compose(due: Sequence[Due], institution: str, timezone: str) -> Message:
    """The message about these alerts, by kind; of very many of a kind the first and their number."""
    institution = _one_line(institution)
    in_order = sorted(due, key=lambda d: (KINDS.index(d.alert.kind), d.alert.vendor or "", d.alert.since))
    counts = Counter(d.alert.kind for d in in_order)
    told = ", ".join(_counted(kind, number) for kind, number in counts.items())
    subject = f"[Autoholdings] {institution}: {told}"
    lines = [f"{institution}: {told}.", ""]
    for kind, of_kind in groupby(in_order, key=lambda d: d.alert.kind):
        lines += _section(kind, list(of_kind), timezone)
    lines.append("`autoholdings status` shows the whole; `autoholdings alerts` what is open and who was told when.")
    content = {
        "subject": subject,
        "institution": institution,
        "alert_count": len(due),
        "alerts": [
            d.alert.as_json() | {"since": d.alert.since.isoformat(), "is_reminder": d.told_at is not None}
            for d in in_order[:_SHOWN_IN_JSON]
        ],
    }
    states = "\n".join(f"{d.alert.case_id} {d.alert.state} {d.told_at}" for d in in_order)
    return Message(subject, "\n".join(lines) + "\n", content, hashlib.sha256(states.encode()).hexdigest()[:32])


def trial(institution: str) -> Message:
    """A message that only shows that messages arrive."""
    institution = _one_line(institution)
    text = f"{institution}: this is a test. Alerts of Autoholdings arrive here.\n"
    content = {"institution": institution, "alert_count": 0, "alerts": []}
    subject = f"[Autoholdings] {institution}: test message"
    return Message(subject, text, content | {"subject": subject}, "")


def _section(kind: str, due: list[Due], timezone: str) -> Iterator[str]:
    yield _counted(kind, len(due)).upper()
    for d in due[:_SHOWN_OF_A_KIND]:
        alert = d.alert
        about = [
            alert.vendor,
            f"since {moment(alert.since, timezone)}",
            f"run {alert.run_id[:8]}" if alert.run_id else None,
            f"a reminder: told on {moment(d.told_at, timezone)}" if d.told_at else None,
        ]
        yield f"- {', '.join(filter(None, about))}"
        named = f'"{_one_line(alert.title)}" ({alert.case_id.removeprefix("attention-")}): ' if alert.title else ""
        yield f"  {named}{_one_line(alert.text)}"
    if len(due) > _SHOWN_OF_A_KIND:
        yield f"- and {len(due) - _SHOWN_OF_A_KIND:,} more: `autoholdings alerts` lists them."
    if kind in _WHAT_TO_DO_WITH_ALL:
        yield _WHAT_TO_DO_WITH_ALL[kind]
    yield ""


def _counted(kind: str, number: int) -> str:
    if kind != "needs attention":
        return counted(number, kind)
    return "1 case that needs attention" if number == 1 else f"{number:,} cases that need attention"


def _one_line(text: str) -> str:
    """The text without line ends, control and direction characters: a title cannot write a header or a line."""
    return " ".join(printable(text).split())
