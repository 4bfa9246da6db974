"""The published copy: holdings.duckdb, replaced as a whole after each run, so that nobody waits (rule A11)."""

import filecmp
from dataclasses import dataclass
from pathlib import Path

import duckdb

from autoholdings_assets.config import Home
from autoholdings_assets.holdings.warehouse import LOCK_WAIT_SECONDS, copy_warehouse, locked, open_warehouse

READ_ONLY = 0o444


@dataclass(frozen=True)
class Published:
    """The copy that SQL users read; ``tables`` counts the records of the main tables.

    ``is_exact``: read again from disk, it was the warehouse byte for byte.
    """

    path: Path
    size_bytes: int
    tables: dict[str, int]
    is_exact: bool


def publish(home: Home) -> Published:
    """Copy the warehouse to holdings.duckdb: readers have the old file or the new one, whole.

    Raises ``WarehouseBusy`` when another run keeps the warehouse too long.
    """
    with open_warehouse(home.warehouse):
        pass  # sets up or migrates a warehouse that no run has opened yet
    unfinished = home.published.with_suffix(".unfinished")
    with locked(home.warehouse, LOCK_WAIT_SECONDS):
        copy_warehouse(home.warehouse, unfinished)
        is_exact = filecmp.cmp(home.warehouse, unfinished, shallow=False)
    unfinished.chmod(READ_ONLY)
    # a reader who opened the last copy for writing may have left a log that does not fit the new one
    home.published.with_name(home.published.name + ".wal").unlink(missing_ok=True)
    unfinished.replace(home.published)
    return Published(home.published, home.published.stat().st_size, _counts(home.published), is_exact)


def _counts(path: Path) -> dict[str, int]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return {
            table: (connection.execute(f"SELECT count(*) FROM {table}").fetchone() or (0,))[0]
            for table in ("portfolio", "coverage", "portfolio_action", "job_run")
        }
