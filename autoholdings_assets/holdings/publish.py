"""The published copy: holdings.duckdb, replaced as a whole after each run, so that nobody waits (rule A11)."""

from dataclasses import dataclass
from pathlib import Path

from autoholdings_assets.config import Home
from autoholdings_assets.holdings.warehouse import Connection, copy_warehouse, locked, open_locked, scalar

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
    unfinished = home.published.with_suffix(".unfinished")
    with locked(home.warehouse):
        with open_locked(home.warehouse) as connection:  # sets up or migrates one that no run has opened yet
            tables = _counts(connection)
        is_exact = copy_warehouse(home.warehouse, unfinished)
    unfinished.chmod(READ_ONLY)
    # a reader who opened the last copy for writing may have left a log that does not fit the new one
    home.published.with_name(home.published.name + ".wal").unlink(missing_ok=True)
    unfinished.replace(home.published)
    return Published(home.published, home.published.stat().st_size, tables, is_exact)


def _counts(connection: Connection) -> dict[str, int]:
    return {
        table: scalar(connection, f"SELECT count(*) FROM {table}")
        for table in ("portfolio", "coverage", "portfolio_action", "job_run")
    }
