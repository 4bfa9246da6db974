"""Rows on disk: a folder of Parquet files, parts of one table, so that several processors write and read them at once.

What belongs here: writing such a folder whole or not at all, and reading it by shares. What does not: what its rows
are (``title_lists.py``).
"""

import shutil
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from autoholdings_assets.holdings.warehouse import quoted

ROW_GROUP = 122_880
"""Rows of a Parquet row group at most: as many as DuckDB's own, so that its threads share the file."""

Group = tuple[Path, int, int]
"""A row group: its file, its number in it, and how many rows it has."""


@dataclass(frozen=True)
class Share:
    """A part of a folder's rows, in its order, for one processor: ``start`` rows come before them."""

    start: int
    batches: tuple[tuple[Group, ...], ...]

    def tables(self, distinct: Collection[str]) -> Iterator[pa.Table]:
        """The rows, a row group's worth at a time; text is a dictionary in all columns but those that are distinct."""
        for batch in self.batches:
            tables = []
            for path, number, _ in batch:
                repeating = [name for name in pq.read_schema(path).names if name not in distinct]
                with pq.ParquetFile(path, read_dictionary=repeating) as file:
                    tables.append(file.read_row_group(number, use_threads=False))
            yield pa.concat_tables(tables).unify_dictionaries()


def in_sql(*folders: Path) -> str:
    """The rows of these folders as a relation."""
    return f"read_parquet([{', '.join(quoted(folder / '*.parquet') for folder in folders)}])"


def read(folder: Path, columns: Sequence[str]) -> pa.Table:
    """Some columns of all rows."""
    return pa.concat_tables([pq.read_table(path, columns=list(columns)) for path in _files(folder)])


def told(folder: Path) -> dict[str, str]:
    """What was written with the first part, besides its rows."""
    about = pq.read_metadata(_files(folder)[0]).metadata or {}
    return {key.decode(): value.decode() for key, value in about.items()}


def shares(folder: Path) -> list[Share]:
    """All rows, in as many shares as there are processors."""
    batches = _batches(_groups(folder))
    starts = np.cumsum([0, *(sum(count for *_, count in batch) for batch in batches)])
    among = np.array_split(np.arange(len(batches)), pa.cpu_count())
    return [Share(int(starts[at[0]]), tuple(batches[number] for number in at)) for at in among if len(at)]


def sliced(table: pa.Table) -> list[Iterable[pa.Table]]:
    """A table as parts to be written."""
    starts = range(0, max(1, len(table)), ROW_GROUP)
    among = [at for at in np.array_split(starts, pa.cpu_count()) if len(at)]
    return [[table.slice(int(at[0]), len(at) * ROW_GROUP)] for at in among]


def write(folder: Path, parts: Sequence[Iterable[pa.Table]], distinct: Collection[str]) -> None:
    """Write parts of a table, side by side. ``distinct``: columns in which hardly a value repeats.

    Who finds that another has written the folder meanwhile leaves it as it is: the name says what is in it.
    """

    def write_part(number: int) -> None:
        tables = iter(parts[number])
        first = next(tables)
        with pq.ParquetWriter(
            unfinished / f"{number}.parquet",
            first.schema,
            compression="lz4",
            use_dictionary=[name for name in first.column_names if name not in distinct],
            write_statistics=False,
            store_schema=False,
        ) as file:
            file.add_key_value_metadata(first.schema.metadata or {})
            for table in chain([first], tables):
                file.write_table(table, row_group_size=ROW_GROUP)

    unfinished = folder.with_name(f"{folder.name}-{uuid.uuid4().hex}.unfinished")
    unfinished.mkdir(parents=True)
    with ThreadPoolExecutor(pa.cpu_count()) as pool:
        list(pool.map(write_part, range(len(parts))))
    try:
        unfinished.rename(folder)
    except OSError:
        shutil.rmtree(unfinished)
        if not folder.exists():
            raise


def _groups(folder: Path) -> Iterator[Group]:
    for path in _files(folder):
        about = pq.read_metadata(path)
        yield from ((path, number, about.row_group(number).num_rows) for number in range(about.num_row_groups))


def _batches(groups: Iterable[Group]) -> list[tuple[Group, ...]]:
    """Groups that are one row group together: else there would be more and more, the smaller ones of each week."""
    batches: list[tuple[Group, ...]] = []
    room = 0
    for group in groups:
        count = group[2]
        if batches and count <= room:
            batches[-1] += (group,)
            room -= count
        else:
            batches.append((group,))
            room = ROW_GROUP - count
    return batches


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.parquet"))
