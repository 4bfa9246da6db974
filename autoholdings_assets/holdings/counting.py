"""The counters of a plan or a run (records of collection, profile, group, counter, value), summed up."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Counter = Mapping[str, Any]

YEARS_LOST = "years of coverage lost"
"""The one counter that does not count titles or rows."""
_OF_ROWS = "rows: "


class HasCounters:
    """What has counters: a plan, a run."""

    counters: list[dict[str, Any]]

    @property
    def actions(self) -> dict[str, int]:
        """How many titles each action is for, over all collections."""
        return actions(self.counters)

    @property
    def row_outcomes(self) -> dict[str, int]:
        """How many rows of the files end as what."""
        return row_outcomes(self.counters)

    @property
    def titles_told(self) -> int:
        """How many titles there is something to tell of: all but those that stay as they are."""
        return sum(number for action, number in self.actions.items() if action not in ("unchanged", YEARS_LOST))


def actions(counters: Iterable[Counter]) -> dict[str, int]:
    """How many titles each action is for, over all collections."""
    return sums(counters, lambda c: c["profile"] is None and c["group"] is None)


def row_outcomes(counters: Iterable[Counter]) -> dict[str, int]:
    """How many rows of the files end as what."""
    counted = sums(counters, lambda c: c["counter"].startswith(_OF_ROWS))
    return {name.removeprefix(_OF_ROWS): value for name, value in counted.items()}


def sums(counters: Iterable[Counter], chosen: Callable[[Counter], bool]) -> dict[str, int]:
    """The chosen counters, added up by name."""
    found: dict[str, int] = {}
    for counter in filter(chosen, counters):
        found[counter["counter"]] = found.get(counter["counter"], 0) + counter["value"]
    return found
