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


@dataclass(frozen=True)
class EarlierRows:
    """The staged rows of a file before, and of which line each is; of repeated lines the first alone.

    ``count``: how many rows are in the folder's files.
    """

    folder: Path
    count: int
    rows: pa.Table
    lines: "pd.Index[int]"


def earlier_rows(folder: Path | None) -> EarlierRows | None:
    """What is staged there, so that lines can be looked up.

    ``None`` where there is too little to be worth it, or where the rows do not stand on a line each.
    """
    count = row_parts.count_rows(folder) if folder and folder.exists() else 0
    if folder is None or count < LEAST_KNOWN * LEAST_LINES:
        return None
    rows = row_parts.read(folder, ["row_id", "line", "line_check", "status", "found", "content"])
    if rows["line"].null_count:
        return None
    lines = pd.Index(rows["line"].to_numpy())
    if not lines.is_unique:
        first = ~lines.duplicated()
        rows, lines = rows.filter(pa.array(first)), lines[first]
    return EarlierRows(folder, count, rows, lines)


def known_rows(hashes: LineHashes | None, header_line: int, earlier: EarlierRows | None) -> KnownRows | None:
    """The rows of a file that another, staged one has too. ``None`` where there are too few to be worth it.

    Rejected rows are never known, so that their faults are told of this file, and of repetitions the first one is, so
    that a row before is one row now at most.
    """
    if hashes is None or len(hashes.line) < LEAST_LINES or earlier is None:
        return None
    at = earlier.lines.get_indexer(hashes.line.to_numpy())
    found = earlier.rows.select(["line_check", "status"]).take(pa.array(at, mask=at < 0))
    known = pc.and_(pc.equal(found["line_check"], hashes.line_check), pc.not_equal(found["status"], "rejected"))
    lines = np.asarray(pc.fill_null(known, False).to_numpy())
    lines[np.flatnonzero(lines)[pd.Series(at[lines]).duplicated()]] = False
    least = LEAST_KNOWN * max(len(lines), earlier.count)
    if lines.sum() < least or row_parts.count(earlier.folder) > MOST_ADDED + earlier.count // row_parts.ROW_GROUP:
        return None
    rows = earlier.rows.select(["row_id", "status", "found", "content"]).take(pa.array(at[lines]))
    row_numbers = pa.array(np.flatnonzero(lines) + header_line + 1)
    kept = Kept(earlier.folder, pa.table({"row_id": rows["row_id"], "row_number": row_numbers}))
    return KnownRows(lines, kept, rows.select(["status", "found", "content"]))
