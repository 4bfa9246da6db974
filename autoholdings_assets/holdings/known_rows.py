"""Rows that need not be read again: their lines stand in the file before, as they are.

What a row means is said by its line, the names of the columns, the reader and the vendor's data. Where all these are
the same as in a file that has been read, so is the row; only the other lines of a weekly file are read and judged. A
property test holds that nothing comes out otherwise than if all were. What does not belong here: staging
(``title_lists.py``), and how lines are told apart (``kbart/lines.py``).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from autoholdings_assets.holdings import row_parts
from autoholdings_assets.holdings.row_parts import Kept
from autoholdings_assets.kbart.lines import LineHashes

LEAST_LINES = 20_000
"""A smaller file is read as quickly as compared."""

LEAST_KNOWN = 0.5
"""The share that must be known, of a file's lines and of the rows that would be kept with them."""

MOST_ADDED = 50
"""How many small files a title list may have besides its full ones; each week adds one, until a file is read whole."""


@dataclass(frozen=True)
class KnownRows:
    """Which lines after the header are known, and their rows: as they are kept, and how they were judged.

    ``judged``: status, found and content of each.
    """

    lines: npt.NDArray[np.bool_]
    kept: Kept
    judged: pa.Table


def known_rows(hashes: LineHashes | None, header_line: int, before: Path | None) -> KnownRows | None:
    """The rows of a file that another, staged one has too. ``None`` where there are too few to be worth it.

    Rejected rows are never known, so that their faults are told of this file, and of repetitions the first one is, so
    that a row before is one row now at most.
    """
    if hashes is None or len(hashes.line) < LEAST_LINES or before is None or not before.exists():
        return None
    there = row_parts.read(before, ["row_id", "line", "line_check", "status", "found", "content"])
    at = pc.index_in(hashes.line, value_set=there["line"])
    found = there.select(["line_check", "status"]).take(at)
    known = pc.and_(pc.equal(found["line_check"], hashes.line_check), pc.not_equal(found["status"], "rejected"))
    lines = np.asarray(pc.fill_null(known, False).to_numpy())
    lines[np.flatnonzero(lines)[pd.Series(at.filter(pa.array(lines))).duplicated()]] = False
    least = LEAST_KNOWN * max(len(lines), len(there))
    if lines.sum() < least or row_parts.count(before) > MOST_ADDED + len(there) // row_parts.ROW_GROUP:
        return None
    rows = there.select(["row_id", "status", "found", "content"]).take(at.filter(pa.array(lines)))
    row_numbers = pa.array(np.flatnonzero(lines) + header_line + 1)
    kept = Kept(before, pa.table({"row_id": rows["row_id"], "row_number": row_numbers}))
    return KnownRows(lines, kept, rows.select(["status", "found", "content"]))
