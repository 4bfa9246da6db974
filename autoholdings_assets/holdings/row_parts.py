"""Rows on disk: a folder of Parquet files, parts of one table, so that several processors write and read them at once.

Rows that another folder has too are not written again: its files are linked, and the folder says which of their rows
are its own, and under which numbers. What belongs here: writing such a folder whole or not at all, and reading it. What
does not: what its rows are (``title_lists.py``), and which are known (``known_rows.py``).
"""

import os
import shutil
import uuid
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from autoholdings_assets.holdings.warehouse import quoted

ROW_GROUP = 122_880
"""Rows of a part at most: as many as a row group of DuckDB's own has, so that its threads share them."""

BEFORE = "before"
"""Under this name a folder tells the one whose files it links."""

_PARTS = "[0-9]*.parquet"
_NUMBERS = "numbers.parquet"


@dataclass(frozen=True)
class Kept:
    """Rows of another folder that are rows of the new one too.

    ``numbers``: for each its ``row_id`` in that folder's files, its ``row_number`` in the new one, and
    ``previous_row``, its number in the other, or null where that has it in its files alone. ``next_id``: the first id
    that is free.
    """

    folder: Path
    numbers: pa.Table
    next_id: int


def in_sql(*folders: Path, first: int | None = None) -> str:
    """The rows of these folders as a relation: what was written of each, its number, and the one it had before.

    ``first``: of each folder only so many, those with the lowest numbers.
    """
    return f"({' UNION ALL '.join(_rows_in_sql(folder, first) for folder in folders)})"


def parts_in_sql(folder: Path) -> str:
    """All rows in the folder's files without their numbers, as a relation; not all are its own."""
    return f"read_parquet({quoted(folder / _PARTS)})"


def numbers_in_sql(folder: Path) -> str:
    """``row_id``, ``row_number`` and ``previous_row`` of all rows, as a relation."""
    if (folder / _NUMBERS).exists():
        return f"read_parquet({quoted(folder / _NUMBERS)})"
    return f"(SELECT row_id, row_id AS row_number, NULL::BIGINT AS previous_row FROM {parts_in_sql(folder)})"


def read(folder: Path, columns: Sequence[str]) -> pa.Table:
    """Some columns of all rows in the folder's files, which are not all its own; ``row_id`` tells them."""
    return pa.concat_tables([pq.read_table(path, columns=list(columns)) for path in _files(folder)])


def read_numbers(folder: Path) -> pa.Table | None:
    """``row_id`` and ``row_number`` of the folder's own rows; ``None`` where the two are the same, of all."""
    path = folder / _NUMBERS
    return pq.read_table(path, columns=["row_id", "row_number"]) if path.exists() else None


def count(folder: Path) -> int:
    """Of how many files it is."""
    return len(_files(folder))


def before(folder: Path) -> str | None:
    """The name of the folder whose rows it has too, if any: the one that ``previous_row`` speaks of."""
    path = folder / _NUMBERS
    about = pq.read_metadata(path).metadata if path.exists() else {}
    name = about.get(BEFORE.encode())
    return name.decode() if name else None


def write(folder: Path, rows: pa.Table, distinct: Collection[str], kept: Kept | None = None) -> None:
    """Write rows, which have a ``row_number``, beside those that are kept.

    ``distinct``: columns in which hardly a value repeats. Who finds that another has written the folder meanwhile
    leaves it as it is: the name says what is in it.
    """
    start = kept.next_id if kept else 0
    ids = pa.array(range(start, start + len(rows)), pa.int64()) if kept else rows["row_number"]
    unfinished = folder.with_name(f"{folder.name}-{uuid.uuid4().hex}.unfinished")
    unfinished.mkdir(parents=True)
    if kept:
        for path in _files(kept.folder):
            _link(path, unfinished / path.name)
        new = {"row_id": ids, "row_number": rows["row_number"], "previous_row": pa.nulls(len(rows), pa.int64())}
        numbers = pa.concat_tables([kept.numbers, pa.table(new, kept.numbers.schema)])
        _write(unfinished / _NUMBERS, numbers, numbers.column_names, {BEFORE: kept.folder.name})
    rows = rows.drop_columns(["row_number"]).add_column(0, "row_id", ids)

    def write_part(at: int) -> None:
        _write(unfinished / f"{start + at:012}.parquet", rows.slice(at, ROW_GROUP), ("row_id", *distinct), {})

    with ThreadPoolExecutor(pa.cpu_count()) as pool:
        list(pool.map(write_part, range(0, max(len(rows), not kept), ROW_GROUP)))
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
    elif not (folder / _NUMBERS).exists():
        return f"SELECT *, row_id AS row_number, NULL::BIGINT AS previous_row FROM {parts}"
    return f"SELECT * FROM {parts} AS row JOIN {numbers} AS number USING (row_id)"


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob(_PARTS))


def _link(path: Path, name: Path) -> None:
    """One file under another name, or a copy where the disk knows no links."""
    try:
        os.link(path, name)
    except OSError:
        shutil.copyfile(path, name)


def _write(path: Path, rows: pa.Table, distinct: Collection[str], about: dict[str, str]) -> None:
    with pq.ParquetWriter(
        path,
        rows.schema,
        compression="lz4",
        use_dictionary=[name for name in rows.column_names if name not in distinct],
        write_statistics=False,
        store_schema=False,
    ) as file:
        file.add_key_value_metadata(about)
        file.write_table(rows, row_group_size=ROW_GROUP)
