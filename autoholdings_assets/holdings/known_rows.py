"""Rows that need not be read again: their lines stand in the file before, as they are.

What a row means is said by its line, the names of the columns, the reader and the vendor's data. Where all these are
the same as in a file that has been read, so is the row; only the other lines of a weekly file are read and judged. A
property test holds that nothing comes out otherwise than if all were. What does not belong here: staging
(``title_lists.py``), and how lines are told apart (``kbart/lines.py``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from autoholdings_assets.holdings import row_parts
from autoholdings_assets.holdings.row_parts import Share
from autoholdings_assets.kbart.lines import LineHashes

LEAST_LINES = 20_000
"""A smaller file is read as quickly as compared."""

LEAST_KNOWN = 0.5
"""The share of a file's lines that must be known."""

BEFORE = "before"
"""Under this name a title list tells the one that its known rows were staged with."""


@dataclass(frozen=True)
class KnownRows:
    """Which lines after the header are known, and where the rows of these are among those staged before."""

    before: Path
    header_line: int
    lines: npt.NDArray[np.bool_]
    positions: npt.NDArray[np.int64]

    def parts(self) -> list[Callable[[], pa.Table]]:
        """The rows as they were staged, under their new numbers."""
        return [partial(self._of, share) for share in row_parts.shares(self.before)]

    def _of(self, share: Share) -> pa.Table:
        here = (self.positions >= share.start) & (self.positions < share.start + share.count)
        at = self.positions[here] - share.start
        rows = share.read()
        if (np.diff(at) > 0).all():  # then no cell needs to be looked for
            chosen = np.zeros(share.count, dtype=bool)
            chosen[at] = True
            rows = rows.filter(pa.array(chosen))
        else:
            rows = rows.take(pa.array(at))
        numbers = np.flatnonzero(self.lines)[here] + self.header_line + 1
        rows = rows.set_column(rows.column_names.index("previous_row"), "previous_row", rows["row_number"])
        rows = rows.set_column(rows.column_names.index("row_number"), "row_number", pa.array(numbers))
        return rows.replace_schema_metadata({BEFORE: self.before.name})


def known_rows(hashes: LineHashes | None, header_line: int, before: Path | None) -> KnownRows | None:
    """The rows of a file that another, staged one has too. ``None`` where there are too few to be worth it.

    Rejected rows are never known, so that their faults are told of this file, and of repetitions the first one is, so
    that a row before is one row now at most.
    """
    if hashes is None or len(hashes.line) < LEAST_LINES or before is None or not before.exists():
        return None
    there = row_parts.read(before, ["line", "line_check", "status"])
    at = pc.index_in(hashes.line, value_set=there["line"])
    found = there.select(["line_check", "status"]).take(at)
    known = pc.and_(pc.equal(found["line_check"], hashes.line_check), pc.not_equal(found["status"], "rejected"))
    lines = np.asarray(pc.fill_null(known, False).to_numpy())
    lines[np.flatnonzero(lines)[pd.Series(at.filter(pa.array(lines))).duplicated()]] = False
    if lines.sum() < LEAST_KNOWN * len(lines):
        return None
    return KnownRows(before, header_line, lines, at.filter(pa.array(lines)).to_numpy())
