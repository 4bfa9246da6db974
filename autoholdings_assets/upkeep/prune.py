"""Pruning: removing files that nothing rests on any more, by the policy ``retention`` in autoholdings.yaml.

What is in the warehouse is history and never pruned (nor compacted: DuckDB uses the space of old versions again). What
does not belong here: what Dagster keeps (``pipeline/housekeeping.py``).
"""

import shutil
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path

from autoholdings_assets.config import Home, Retention
from autoholdings_assets.holdings.warehouse import Connection, open_warehouse, set_variables, sql

_LEFTOVER = timedelta(days=1)
"""A file half written is somebody's work for so long at most; then its process has died."""


@dataclass(frozen=True)
class Pruned:
    """Files of one kind that were removed, or would be, and how much space they took."""

    kind: str
    files: int
    size_bytes: int


def prune(home: Home, retention: Retention, now: datetime, *, dry_run: bool = False) -> list[Pruned]:
    """Remove what the policy does not keep and nothing rests on; with ``dry_run`` only count it.

    Raises ``WarehouseBusy`` while a run keeps the warehouse too long.
    """
    # no run can begin to rest on anything meanwhile
    with open_warehouse(home.warehouse) as connection:
        found = {
            "vendors' files": list(_vendors_files(connection, home, retention, now)),
            "staged rows and plans": list(_staged(connection, home, retention, now)),
            "reports": list(_older(home.reports.glob("*/*"), now - timedelta(days=retention.reports_days))),
            "files half written": list(leftovers(home, now)),
        }
        counted = [_count(kind, paths) for kind, paths in found.items()]
        if not dry_run:
            for path in (path for paths in found.values() for path in paths):
                _remove(path)
    return counted


def _vendors_files(connection: Connection, home: Home, retention: Retention, now: datetime) -> Iterator[Path]:
    since = now - timedelta(days=retention.archive_days)
    set_variables(
        connection, archive_since=since, archive_files=retention.archive_files, undoable_runs=retention.undoable_runs
    )
    needed = _names(connection, "needed_files")
    return (path for path in _older(home.archive.glob("??/*"), since) if path.name not in needed)


def _staged(connection: Connection, home: Home, retention: Retention, now: datetime) -> Iterator[Path]:
    """Rows can be read again from the archive, and plans made anew, except those that wait for a person or a run."""
    since = now - timedelta(days=retention.staging_days)
    plans = _names(connection, "needed_plans")
    granting = {sha for (sha,) in connection.execute("SELECT file_sha256 FROM entitlement").fetchall()}
    yield from (p for p in _older(home.staging.glob("plans/*"), since) if p.name not in plans)
    yield from (p for p in _older(home.staging.glob("title_lists/*"), since) if p.name.split("-")[0] not in granting)
    yield from _older(home.staging.glob("coverage/*"), since)


def leftovers(home: Home, now: datetime) -> Iterator[Path]:
    """Files that were half written when a process died."""
    found = chain(home.archive.glob(".*.part"), home.path.glob("*.unfinished"), home.staging.rglob("*.unfinished"))
    return _older(found, now - _LEFTOVER)


def _names(connection: Connection, query: str) -> set[str]:
    return {name for (name,) in connection.execute(sql(query)).fetchall()}


def _older(paths: Iterable[Path], since: datetime) -> Iterator[Path]:
    return (path for path in paths if _modified(path) < since)


def _modified(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.lstat().st_mtime, UTC)
    except FileNotFoundError:  # finished and renamed meanwhile
        return datetime.now(UTC)


def _count(kind: str, paths: list[Path]) -> Pruned:
    files = [file for path in paths for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file()]
    return Pruned(kind, len(files), sum(file.stat().st_size for file in files))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        removed = path.with_name(f"{path.name}-{uuid.uuid4().hex}.unfinished")  # nobody is to find half of it
        path.rename(removed)
        shutil.rmtree(removed)
    else:
        path.unlink(missing_ok=True)
