"""Which line is the header, and which KBART column each of its names stands for.

The names themselves are data in ``fields.py``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache

from autoholdings_assets.kbart.fields import ALIASES, FIELD_NAMES, MANDATORY, ONE_OF

SHORTEST_CUT_NAME = 10
CLOSE_ENOUGH = 0.9
LINES_TO_LOOK_AT = 40
"""Some exports put a few lines about the package before the header."""
MOST_COLUMNS = 1000
"""KBART has 25; a line that names more than this is not looked into."""


@dataclass(frozen=True)
class Header:
    """The header line understood: for each column of the file its KBART name, or the name of an extra column."""

    columns: tuple[str, ...]
    renamed: dict[str, str] = field(default_factory=dict)
    duplicates: tuple[str, ...] = ()
    unnamed: int = 0
    in_apostrophes: bool = False

    @property
    def found(self) -> tuple[str, ...]:
        """The KBART columns that are there, in the file's order."""
        return tuple(column for column in self.columns if column in FIELD_NAMES)

    @property
    def extra(self) -> tuple[str, ...]:
        """The columns that are not KBART's, in the file's order."""
        return tuple(column for column in self.columns if column not in FIELD_NAMES)

    @property
    def missing(self) -> tuple[str, ...]:
        """The KBART columns that are not there."""
        return tuple(name for name in FIELD_NAMES if name not in self.columns)

    @property
    def usable(self) -> bool:
        """Whether rows under this header can name a title."""
        return MANDATORY in self.columns and any(name in self.columns for name in ONE_OF)


def plain_name(name: str) -> str:
    """A column name in plain form: no quotation marks, lower case, words joined by one underscore."""
    return re.sub(r"[^0-9a-z]+", "_", name.lower()).strip("_")


def understand(names: Sequence[str]) -> Header:
    """Give each column its KBART name where it has one, each name once.

    An exact name wins over another name for the same column, which then stays an extra column.
    """
    plain = [plain_name(name) for name in names]
    exact = {name for name in plain if name in FIELD_NAMES}
    columns: list[str] = []
    renamed: dict[str, str] = {}
    duplicates: list[str] = []
    for position, (name, given) in enumerate(zip(plain, names, strict=True), start=1):
        kbart_name = name if name in exact else _other_name(name)
        if kbart_name is not None and kbart_name not in columns and (name in exact or kbart_name not in exact):
            columns.append(kbart_name)
            if given.strip("\"'") != kbart_name:
                renamed[given.strip()] = kbart_name
        else:
            if name and name in columns:
                duplicates.append(given.strip())
            columns.append(_unused(name or f"column_{position}", columns))
    return Header(
        columns=tuple(columns),
        renamed=renamed,
        duplicates=tuple(duplicates),
        unnamed=sum(not name for name in plain),
        in_apostrophes=all(len(name) > 1 and name[0] == name[-1] == "'" for name in names),
    )


def find_header(lines: Sequence[Sequence[str]]) -> int | None:
    """The position of the line that names the most KBART columns; ``None`` if no line is a header."""
    best, most = None, 1
    for position, names in enumerate(lines[:LINES_TO_LOOK_AT]):
        if len(names) > MOST_COLUMNS:
            continue
        found = {name if name in FIELD_NAMES else ALIASES.get(name) for name in map(plain_name, names)} - {None}
        if len(found) > most and MANDATORY in found:
            best, most = position, len(found)
    return best


@lru_cache(maxsize=4096)
def _other_name(name: str) -> str | None:
    if name in ALIASES:
        return ALIASES[name]
    if len(name) >= SHORTEST_CUT_NAME:
        whole = [field_name for field_name in FIELD_NAMES if field_name.startswith(name)]
        if len(whole) == 1:
            return whole[0]
    close = get_close_matches(name, FIELD_NAMES, n=1, cutoff=CLOSE_ENOUGH)
    return close[0] if close else None


def _unused(name: str, taken: Sequence[str]) -> str:
    number, unused = 1, name
    while unused in taken or unused in FIELD_NAMES or unused in ("row_number", "field_count", "overflow"):
        number += 1
        unused = f"{name}_{number}"
    return unused
