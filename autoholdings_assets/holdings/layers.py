"""Records on disk in layers: a folder of Parquet files, each of which adds to what the ones before it say.

A weekly file changes few of a million records. Those that stay are not written again: the files that have them are
linked, a new one has what came, and the folder says which of the earlier records do not count any more. What does not
belong here: what is recorded (``titles.py``, ``settled.py``), and the rows of files, which are found by their ids
(``row_parts.py``).
"""

from collections.abc import Mapping
from pathlib import Path

import pyarrow.parquet as pq

from autoholdings_assets.holdings.staged import link, write_parquet
from autoholdings_assets.holdings.warehouse import Connection, quoted

MOST_LAYERS = 20
"""Then all that counts is written into one: each layer makes reading a little slower."""

_LAYERS = "[0-9][0-9][0-9].parquet"
_ENDED = "ended.parquet"


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
    """What its writer told of it; nothing where there is no such folder."""
    newest = _files(folder)[-1:]
    found = pq.read_metadata(newest[0]).metadata if newest else {}
    return {name.decode(): value.decode() for name, value in found.items()}


def write(
    connection: Connection,
    folder: Path,
    added: str,
    told: Mapping[str, str],
    *,
    before: Path | None = None,
    ended: str | None = None,
) -> None:
    """Write the relation ``added`` into an empty folder, beside the records of ``before``.

    ``ended``: the ``layer`` and ``position`` of those that do not count any more, as a relation.
    """
    layers = _files(before) if before else []
    if before and len(layers) >= MOST_LAYERS:
        counts = f"SELECT * EXCLUDE (layer, position) FROM {in_sql(before)} ANTI JOIN {ended} USING (layer, position)"
        added, layers = f"({counts} UNION ALL BY NAME FROM {added})", []
    for path in layers:
        link(path, folder / path.name)
    if before and layers:
        earlier = f" UNION ALL FROM read_parquet({quoted(before / _ENDED)})" if (before / _ENDED).exists() else ""
        write_parquet(connection, f"(SELECT layer, position FROM {ended}{earlier})", folder / _ENDED)
    write_parquet(connection, added, folder / f"{len(layers):03}.parquet", told)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob(_LAYERS))
