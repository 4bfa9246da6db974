"""Rows on disk: a folder of Parquet files, parts of one table, so that several processors write and read them at once.

Rows that another folder has too are not written again: its files are linked, and the folder says which of their rows
are its own, and under which numbers. What belongs here: writing such a folder whole or not at all, and reading it. What
does not: what its rows are (``title_lists.py``), and which are known (``known_rows.py``).
"""

import shutil
import uuid
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from autoholdings_assets.holdings.staged import link, told_with
from autoholdings_assets.holdings.warehouse import quoted

ROW_GROUP = 122_880
"""Rows of a part at most: as many as a row group of DuckDB's own has, so that its threads share them."""

BEFORE, NUMBERING = "before", "numbering"
"""Under these names a folder tells the numbering of the one whose files it links, and its own."""

_PARTS = "[0-9]*.parquet"
_NUMBERS = "numbers.parquet"
_SIDES = "sides.parquet"


@dataclass(frozen=True)
class Kept:
    """Rows of another folder that are rows of the new one too.

    ``numbers``: for each its ``row_id`` in that folder's files, and its ``row_number`` in the new one.
    """

    folder: Path
    numbers: pa.Table


def in_sql(*folders: Path, first: int | None = None) -> str:
    """The rows of these folders as a relation: what was written of each, and its number.

    ``first``: of each folder only so many, those with the lowest numbers.
    """
    return f"({' UNION ALL '.join(_rows_in_sql(folder, first) for folder in folders)})"


def parts_in_sql(folder: Path) -> str:
    """All rows in the folder's files without their numbers, as a relation; not all are its own."""
    return f"read_parquet({quoted(folder / _PARTS)})"


def numbers_in_sql(folder: Path) -> str:
    """``row_id`` and ``row_number`` of all rows, as a relation."""
    numbers = numbers_path(folder)
    if numbers:
        return f"read_parquet({quoted(numbers)})"
    return f"(SELECT row_id, row_id AS row_number FROM {parts_in_sql(folder)})"


def sides_in_sql(folder: Path) -> str:
    """``row_id`` and ``side`` of the rows in its files that not both it and the folder before have, as a relation.

    ``side``: 1 for a row that only the folder before has, 2 for one that only this one has, 0 for one that neither has.
    """
    return f"read_parquet({quoted(folder / _SIDES)})"


def both_in_sql(old: Path, new: Path) -> str:
    """The rows of two folders, as a relation without their numbers; a row that both have may stand there once.

    ``sides``: 1 for a row of the old folder, 2 for one of the new, 3 for one of both.
    """
    if before(new) == numbering(old):
        sides = f"SELECT coalesce(side, 3)::TINYINT AS sides, row.* FROM {parts_in_sql(new)} AS row"
        return f"(FROM ({sides} LEFT JOIN {sides_in_sql(new)} AS side USING (row_id)) WHERE sides > 0)"
    return f"(SELECT 1 AS sides, * FROM {in_sql(old)} UNION ALL BY NAME SELECT 2 AS sides, * FROM {in_sql(new)})"


def numbers_path(folder: Path) -> Path | None:
    """The file with the rows' numbers; ``None`` where the numbers are the ids."""
    path = folder / _NUMBERS
    return path if path.exists() else None


def read(folder: Path, columns: Sequence[str]) -> pa.Table:
    """Some columns of all rows in the folder's files, which are not all its own; ``row_id`` tells them."""
    with ThreadPoolExecutor(pa.cpu_count()) as pool:
        return pa.concat_tables(pool.map(lambda path: pq.read_table(path, columns=list(columns)), _files(folder)))


def count(folder: Path) -> int:
    """Of how many files it is."""
    return len(_files(folder))


def count_rows(folder: Path) -> int:
    """How many rows are in its files, which are not all its own."""
    return sum(pq.read_metadata(path).num_rows for path in _files(folder))


def numbering(folder: Path) -> str:
    """Another one whenever the ids of rows are others: what speaks of rows by their ids holds under it alone."""
    return _about(folder).get(NUMBERING, folder.name)


def before(folder: Path) -> str | None:
    """The numbering of the folder whose rows it has too, if any, which are rows of the same ids there."""
    return _about(folder).get(BEFORE)


def write(folder: Path, rows: pa.Table, distinct: Collection[str], kept: Kept | None = None) -> None:
    """Write rows, which have a ``row_number``, beside those that are kept.

    ``distinct``: columns in which hardly a value repeats. Who finds that another has written the folder meanwhile
    leaves it as it is: the name says what is in it.
    """
    unfinished = folder.with_name(f"{folder.name}-{uuid.uuid4().hex}.unfinished")
    unfinished.mkdir(parents=True)
    start, ids = 0, rows["row_number"]
    parts: list[tuple[str, pa.Table, Collection[str], dict[str, str]]] = []
    if kept:
        there = read(kept.folder, ["row_id"])["row_id"]
        start = pc.max(there).as_py() + 1
        ids = pa.array(range(start, start + len(rows)), pa.int64())
        for path in _files(kept.folder):
            link(path, unfinished / path.name)
        numbers = pa.concat_tables([kept.numbers, pa.table({"row_id": ids, "row_number": rows["row_number"]})])
        about = {BEFORE: numbering(kept.folder), NUMBERING: uuid.uuid4().hex}
        parts = [
            (_NUMBERS, numbers, numbers.column_names, about),
            (_SIDES, _sides(kept, there.to_numpy(), ids), ("row_id",), {}),
        ]
    rows = rows.drop_columns(["row_number"]).add_column(0, "row_id", ids)
    parts += [
        (f"{start + at:012}.parquet", rows.slice(at, ROW_GROUP), ("row_id", *distinct), {})
        for at in range(0, max(len(rows), not kept), ROW_GROUP)
    ]
    with ThreadPoolExecutor(pa.cpu_count()) as pool:
        list(pool.map(lambda part: _write(unfinished / part[0], *part[1:]), parts))
    try:
        unfinished.rename(folder)
    except OSError:
        shutil.rmtree(unfinished)
        if not folder.exists():
            raise


def _rows_in_sql(folder: Path, first: int | None) -> str:
    parts, numbers = parts_in_sql(folder), numbers_in_sql(folder)
    if first is not None:  # found among the numbers alone, since rows are wide
        numbers = f"(FROM {numbers} ORDER BY row_number LIMIT {first:d})"
    elif not numbers_path(folder):
        return f"SELECT *, row_id AS row_number FROM {parts}"
    return f"SELECT * FROM {parts} AS row JOIN {numbers} AS number USING (row_id)"


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob(_PARTS))


def _sides(kept: Kept, there: npt.NDArray[np.int64], new: pa.Array) -> pa.Table:
    """See `sides_in_sql`. ``there``: the ids of all rows in the files of the folder before."""
    before = numbers_path(kept.folder)
    side = np.zeros(int(there.max(initial=0)) + 1, np.int8)
    side[pq.read_table(before, columns=["row_id"])["row_id"].to_numpy() if before else there] = 1
    side[kept.numbers["row_id"].to_numpy()] += 2
    one_sided = there[side[there] != 3]
    return pa.table(
        {
            "row_id": np.concatenate([one_sided, new.to_numpy()]),
            "side": np.concatenate([side[one_sided], np.full(len(new), 2, np.int8)]),
        }
    )


def _about(folder: Path) -> dict[str, str]:
    path = numbers_path(folder)
    return told_with(path) if path else {}


def _write(path: Path, rows: pa.Table, distinct: Collection[str], about: dict[str, str]) -> None:
    with pq.ParquetWriter(
        path,
        rows.schema,
        compression="lz4",
        use_dictionary=[name for name in rows.column_names if name not in distinct],
        write_statistics=[name for name in rows.column_names if name == "row_id"],  # the latest rows lie in few files
        store_schema=False,
    ) as file:
        file.add_key_value_metadata(about)
        file.write_table(rows, row_group_size=ROW_GROUP)
