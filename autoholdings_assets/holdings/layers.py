"""Records on disk in layers: a folder of Parquet files, each of which adds to what the ones before it say.

A weekly file changes few of a million records. Those that stay are not written again: the files that have them are
linked, a new one has what came, and the folder says which of the earlier records do not count any more. What does not
belong here: what is recorded (``titles.py``, ``settled.py``), and the rows of files, which are found by their ids
(``row_parts.py``).
"""

import uuid
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from autoholdings_assets.holdings.staged import link, told_with, write_parquet
from autoholdings_assets.holdings.warehouse import Connection, quoted

MOST_LAYERS, FEW_RECORDS = 20, 100_000
"""With so many layers, or so few records, all that counts is written into one: each layer makes reading slower."""

_LAYERS = "[0-9][0-9][0-9].parquet"
_ENDED = "ended.parquet"
_STATE, _COUNT = "state", "layers"
"""Under these names the newest layer tells which state of the records it is the newest of, and of how many."""


def in_sql(folder: Path) -> str:
    """The records that count, as a relation; ``layer`` and ``position`` tell each from all others."""
    ended = folder / _ENDED
    found = (
        f"SELECT {layer} AS layer, * EXCLUDE (file_row_number), file_row_number AS position "
        f"FROM read_parquet({quoted(path)}, file_row_number = true)"
        for layer, path in enumerate(_files(folder))
    )
    if not ended.exists():
        return f"({' UNION ALL '.join(found)})"
    gone = f"ANTI JOIN (SELECT position FROM read_parquet({quoted(ended)}) WHERE layer = "
    parts = (f"SELECT * FROM ({part}) {gone}{layer}) USING (position)" for layer, part in enumerate(found))
    return f"({' UNION ALL '.join(parts)})"


def told(folder: Path) -> dict[str, str]:
    """What its writer told of it; nothing where there is no such folder, or a file of it is missing or damaged."""
    files, ended = _files(folder), folder / _ENDED
    try:
        found = told_with(files[-1]) if files else {}
        whole = found.get(_COUNT) == str(len(files))
        if ended.exists() or len(files) > 1:
            whole = whole and told_with(ended)[_STATE] == found[_STATE]
    except (OSError, pa.ArrowInvalid):
        return {}
    return found if whole else {}


def write(
    connection: Connection,
    folder: Path,
    added: str,
    about: Mapping[str, str],
    *,
    before: Path | None = None,
    ended: str | None = None,
) -> None:
    """Write the relation ``added`` into an empty folder, beside the records of ``before``; ``about`` is `told` of it.

    ``ended``: the ``layer`` and ``position`` of those that do not count any more, as a relation.
    """
    layers = _files(before) if before else []
    if before and (len(layers) >= MOST_LAYERS or _count(layers) < FEW_RECORDS):
        counts = f"SELECT * EXCLUDE (layer, position) FROM {in_sql(before)} ANTI JOIN {ended} USING (layer, position)"
        added, layers = f"({counts} UNION ALL BY NAME FROM {added})", []
    state = {_STATE: uuid.uuid4().hex}
    for path in layers:
        link(path, folder / path.name)
    if before and layers:
        earlier = f" UNION ALL FROM read_parquet({quoted(before / _ENDED)})" if (before / _ENDED).exists() else ""
        write_parquet(connection, f"(SELECT layer, position FROM {ended}{earlier})", folder / _ENDED, state)
    newest = folder / f"{len(layers):03}.parquet"
    write_parquet(connection, added, newest, {**about, **state, _COUNT: str(len(layers) + 1)})


def copy(folder: Path, copied: Path) -> None:
    """Link the records of a folder into another one that is empty."""
    for path in [*_files(folder), *folder.glob(_ENDED)]:
        link(path, copied / path.name)


def _count(files: list[Path]) -> int:
    return sum(pq.read_metadata(path).num_rows for path in files)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob(_LAYERS))
