"""Rows that need not be read again: their lines stand in the file before, as they are.

What a row means is said by its line, the names of the columns, the reader and the vendor's data. Where all these are
the same as in a file that has been read, so is the row; only the other lines of a weekly file are read and judged. A
property test holds that nothing comes out otherwise than if all were. What does not belong here: staging
(``title_lists.py``), and how lines are told apart (``kbart/lines.py``).
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
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

    def parts(self, distinct: Collection[str]) -> list[Iterator[pa.Table]]:
        """The rows as they were staged, under their new numbers. ``distinct``: as in `row_parts.write`."""
        return [self._of(share, distinct) for share in row_parts.shares(self.before)]

    def _of(self, share: Share, distinct: Collection[str]) -> Iterator[pa.Table]:
        numbers = np.flatnonzero(self.lines) + self.header_line + 1
        start = share.start
        for table in share.tables(distinct):
            here = (self.positions >= start) & (self.positions < start + len(table))
            rows = _taken(table, self.positions[here] - start)
            rows = rows.set_column(rows.column_names.index("previous_row"), "previous_row", rows["row_number"])
            rows = rows.set_column(rows.column_names.index("row_number"), "row_number", pa.array(numbers[here]))
            yield rows.replace_schema_metadata({BEFORE: self.before.name})
            start += len(table)


def _taken(table: pa.Table, at: npt.NDArray[np.int64]) -> pa.Table:
    """These rows of a table; where they are in its order, none needs to be looked for."""
    if (np.diff(at) > 0).all():
        chosen = np.zeros(len(table), dtype=bool)
        chosen[at] = True
        return table.filter(pa.array(chosen))
    return table.take(pa.array(at))


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
