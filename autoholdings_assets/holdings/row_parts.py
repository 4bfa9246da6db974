"""Rows on disk: a folder of Parquet files, parts of one table, so that several processors write and read them at once.

What belongs here: writing such a folder whole or not at all, and reading it by shares. What does not: what its rows
are (``title_lists.py``).
"""

import shutil
import uuid
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from autoholdings_assets.holdings.warehouse import quoted

ROW_GROUP = 122_880
"""Rows of a Parquet row group: as many as DuckDB's own, so that its threads share the file."""


@dataclass(frozen=True)
class Share:
    """Some of a folder's row groups, in its order: ``start`` rows come before its ``count``."""

    start: int
    count: int
    groups: tuple[tuple[Path, int], ...]

    def read(self) -> pa.Table:
        """Its rows, read by one processor."""
        tables = []
        for path, number in self.groups:
            with pq.ParquetFile(path) as file:
                tables.append(file.read_row_group(number, use_threads=False))
        return pa.concat_tables(tables)


def in_sql(*folders: Path) -> str:
    """The rows of these folders as a relation."""
    return f"read_parquet([{', '.join(quoted(folder / '*.parquet') for folder in folders)}])"


def read(folder: Path, columns: Sequence[str]) -> pa.Table:
    """Some columns of all rows."""
    return pa.concat_tables([pq.read_table(path, columns=list(columns)) for path in _files(folder)])


def told(folder: Path) -> dict[str, str]:
    """What was written with the first part, besides its rows."""
    about = pq.read_schema(_files(folder)[0]).metadata or {}
    return {key.decode(): value.decode() for key, value in about.items()}


def shares(folder: Path) -> list[Share]:
    """All rows, in as many shares as there are processors."""
    groups: list[tuple[Path, int]] = []
    counts: list[int] = []
    for path in _files(folder):
        about = pq.read_metadata(path)
        groups += [(path, number) for number in range(about.num_row_groups)]
        counts += [about.row_group(number).num_rows for number in range(about.num_row_groups)]
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(int)
    among = np.array_split(np.arange(len(groups)), pa.cpu_count())
    return [
        Share(int(starts[at[0]]), int(starts[at[-1] + 1] - starts[at[0]]), tuple(groups[number] for number in at))
        for at in among
        if len(at)
    ]


def sliced(table: pa.Table) -> list[Callable[[], pa.Table]]:
    """A table as parts to be written."""
    groups = -(-len(table) // ROW_GROUP)
    among = [at for at in np.array_split(np.arange(max(1, groups)), pa.cpu_count()) if len(at)]
    return [partial(table.slice, int(at[0]) * ROW_GROUP, len(at) * ROW_GROUP) for at in among]


def write(folder: Path, parts: Sequence[Callable[[], pa.Table]], distinct: Collection[str]) -> None:
    """Write parts of a table, side by side. ``distinct``: columns in which hardly a value repeats.

    Who finds that another has written the folder meanwhile leaves it as it is: the name says what is in it.
    """

    def write_part(number: int) -> None:
        table = parts[number]()
        pq.write_table(
            table,
            unfinished / f"{number}.parquet",
            compression="lz4",
            row_group_size=ROW_GROUP,
            use_dictionary=[name for name in table.column_names if name not in distinct],
            write_statistics=False,
        )

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


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.parquet"))
