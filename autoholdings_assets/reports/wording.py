"""How actions, counters and moments are put in words, at the terminal and on pages alike.

What does not belong here: anything that needs DuckDB or Dagster; every command imports this.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from autoholdings_assets.holdings.counting import YEARS_LOST

_ORDER = (
    "activate", "possible title change", "update", "remove", "group lost", "keep", "attach", "detach",
    "multiple matches", "no match", "rejected", "excluded", "duplicate", "collection not active", "unchanged",
    YEARS_LOST,
)  # fmt: skip
_DONE = {
    "activate": "activated",
    "update": "updated",
    "remove": "removed",
    "keep": "kept",
    "attach": "attached",
    "detach": "detached",
}


def action_in_words(action: str, *, done: bool) -> str:
    """``activated`` for what is done, ``activate`` for what is only planned."""
    return _DONE.get(action, action) if done else action


def counted(number: int, thing: str) -> str:
    """``1 row``, ``1,234 rows``."""
    return f"{number:,} {thing}" + ("" if number == 1 else "s")


def counts_in_words(counts: Mapping[str, int]) -> str:
    """``1,285 activate, 3 update``; zeros are left out."""
    return ", ".join(f"{number:,} {name}" for name, number in counts.items() if number) or "nothing"


def in_order(names: Iterable[str]) -> list[str]:
    """Names of counters, what changes most first."""
    return sorted(names, key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER), name))


def shortened(text: str, most: int) -> str:
    """At most so many characters of the text, with ``…`` where it goes on."""
    return text if len(text) <= most else text[: most - 1] + "…"


def moment(value: datetime | None, timezone: str | None = None) -> str:
    """A moment in a time zone (the machine's own by default), or a dash."""
    zone = ZoneInfo(timezone) if timezone else None
    return value.astimezone(zone).strftime("%a %Y-%m-%d %H:%M %Z") if value else "-"


def changes_in_words(changes: Iterable[Mapping[str, Any]] | None) -> str:
    """Every field that changes: ``coverage: 1990 - now -> 2001 - now; title: ...``."""
    return "; ".join(f"{c['field']}: {c['old'] or '(blank)'} -> {c['new'] or '(blank)'}" for c in changes or [])
