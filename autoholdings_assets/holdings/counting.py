"""The counters of a plan or a run (records of collection, profile, group, counter, value), summed up."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Counter = Mapping[str, Any]

_OF_ROWS = "rows: "


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
