"""Opening the warehouse: one writer at a time, the schema and its versions, and the project's SQL files.

What does not belong here: any statement about portfolios; those are in the modules of their subject.
"""

import os
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

import duckdb
from filelock import FileLock, Timeout

from autoholdings_assets.holdings.disk import told_when_full
from autoholdings_assets.holdings.refusals import Unusable
from autoholdings_assets.holdings.untouched import has_log, keep_mark, mark_of

Connection = duckdb.DuckDBPyConnection

LOCK_WAIT_SECONDS = 600
PATIENCE_SECONDS = 5.0
"""How long those wait for a run to let go of the warehouse who can look again later: sensors, the doctor, alerts."""
_SQL = Path(__file__).parent / "sql"
_MIGRATIONS = _SQL / "migrations"
_PIECE = 1 << 16
"""Bytes of a file that are looked at together."""
_idle: dict[int, list[Connection]] = {}
_READ = re.compile(r"\b(?:FROM|JOIN)[ (]+(\w+)")  # the tables and views that a view's statement names


class WarehouseBusy(Unusable):
    """Another run holds the warehouse and did not let go of it in time."""


class WarehouseTooNew(Unusable):
    """The warehouse was written by a later version of this software."""


class CopyDiffers(Unusable):
    """The disk gave back something else than what was copied."""


def sql(name: str) -> str:
    """The text of the SQL file ``holdings/sql/<name>.sql``."""
    return _SQL.joinpath(f"{name}.sql").read_text(encoding="utf-8")


@contextmanager
def locked(path: Path, wait_seconds: float = LOCK_WAIT_SECONDS) -> Iterator[None]:
    """Hold the warehouse file alone: no other run opens it until the block ends or this process dies.

    Raises `WarehouseBusy` when another process keeps it longer than ``wait_seconds``, and ``DiskFull`` when the block
    meets a full disk.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path.with_name(path.name + ".lock"))
    try:
        lock.acquire(timeout=wait_seconds, poll_interval=0.05)
    except Timeout:
        raise WarehouseBusy(
            f"Another run is writing to {path.name} and has not finished within {wait_seconds:.0f} seconds. "
            "Wait until it has ended (see `autoholdings status`), then run again."
        ) from None
    try:
        with told_when_full(path.parent):
            yield
    finally:
        lock.release()


@contextmanager
def open_warehouse(
    path: Path, wait_seconds: float = LOCK_WAIT_SECONDS, *, for_step: bool = False
) -> Iterator[Connection]:
    """Open the warehouse for reading and writing, set up or migrated to the present schema.

    The warehouse is attached to a connection in memory, so that temporary tables never touch its file, with a storage
    version that DuckDB 1.5 reads. Nothing is written until a `transaction`.

    ``for_step``: a step of a run opens it, which writes holdings only with a new generation; its mark
    (``untouched.py``) outlives the block, and is the variable ``mark`` in it.

    Raises `WarehouseBusy`, `WarehouseTooNew`.
    """
    with locked(path, wait_seconds):
        mark = mark_of(path) if for_step else None
        with open_locked(path) as connection:
            if mark:
                set_variables(connection, mark=mark)
            yield connection
        if mark:
            keep_mark(path, mark)


@contextmanager
def open_locked(path: Path) -> Iterator[Connection]:
    """Open the warehouse as `open_warehouse` does, where it is `locked` already. Raises `WarehouseTooNew`."""
    with _in_memory() as connection:
        _attach(connection, path)
        _upgrade(connection, path)
        try:
            yield connection
        finally:
            _detach(connection)


@contextmanager
def read_warehouse(path: Path, wait_seconds: float = LOCK_WAIT_SECONDS) -> Iterator[Connection]:
    """Open the warehouse for reading only, as it is: nothing is set up or upgraded.

    Raises `WarehouseBusy`, and ``duckdb.Error`` when there is no such file or it is no warehouse.
    """
    with locked(path, wait_seconds), duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def schema_versions(connection: Connection) -> tuple[int, int]:
    """The version of the schema of a warehouse that is open for reading, and the newest."""
    return int(scalar(connection, "SELECT max(version) FROM schema_version") or 0), max(_versions())


def copy_warehouse(path: Path, copy: Path) -> bool:
    """Copy the warehouse's file, whole, onto disk; it must be `locked` and not open.

    Gives whether the copy, read again, is the warehouse byte for byte.
    """
    if has_log(path):  # what is only in the log would be missing
        with _in_memory() as connection:
            _attach(connection, path)
            connection.execute("CHECKPOINT warehouse")
            _detach(connection)
    shutil.copyfile(path, copy)
    with copy.open("rb") as file, ThreadPoolExecutor(1) as disk:
        on_disk = disk.submit(os.fsync, file.fileno())
        is_exact = _is_same(path, copy)
        on_disk.result()
    return is_exact


def _is_same(one: Path, other: Path) -> bool:
    """Whether two files are the same byte for byte; ``filecmp`` takes twice as long, since its pieces are small."""
    with one.open("rb") as first, other.open("rb") as second:
        pieces = (iter(partial(file.read, _PIECE), b"") for file in (first, second))
        return all(here == there for here, there in zip_longest(*pieces))


def copy_to_keep(path: Path, copy: Path) -> None:
    """Copy the warehouse's file as `copy_warehouse` does. Raises `CopyDiffers`, and leaves no such copy."""
    if not copy_warehouse(path, copy):
        copy.unlink()
        raise CopyDiffers(
            f"A copy of {path.name} was read back as something else: the disk may be failing. Have it checked, then "
            "try again."
        )


@contextmanager
def transaction(connection: Connection) -> Iterator[datetime]:
    """One transaction: all of the block or nothing. Gives the moment that everything in it is stamped with.

    The moment is later than that of every change before it, whatever the machine's clock says: no two versions of a
    portfolio may be valid at one time.
    """
    changed = scalar(connection, "SELECT max(changed_at) FROM vendor_state")
    now = datetime.now(UTC)
    with _all_or_nothing(connection):
        yield now if changed is None else max(now, changed + timedelta(microseconds=1))


@contextmanager
def _all_or_nothing(connection: Connection) -> Iterator[None]:
    connection.execute("BEGIN")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def rows(
    connection: Connection, query: str, parameters: list[Any] | dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    """The rows of a query as dictionaries, for the small results that people look at."""
    cursor = connection.execute(query, parameters or [])
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def scalar(connection: Connection, query: str, parameters: list[Any] | dict[str, Any] | None = None) -> Any:
    """The first value of a query's first row, or None where it has no row."""
    found = connection.execute(query, parameters or []).fetchall()  # a result not read to its end blocks the connection
    return found[0][0] if found else None


def quoted(text: Path | str) -> str:
    """A path or other text as an SQL string."""
    return "'" + str(text).replace("'", "''") + "'"


def set_variables(connection: Connection, **values: Any) -> None:
    """Bind values for an SQL file, which reads them with ``getvariable('name')``."""
    for name, value in values.items():
        connection.execute(f"SET VARIABLE {name} = ?", [value])


@contextmanager
def _in_memory() -> Iterator[Connection]:
    """A connection to a DuckDB instance in memory that nobody else uses.

    To start an instance takes longer than most steps of a small file; one that served without an error is kept for the
    next time, by the process that started it.
    """
    idle = _idle.setdefault(os.getpid(), [])
    instance = idle.pop() if idle else duckdb.connect(":memory:")
    try:
        with instance.cursor() as connection:
            # values that reach the file must not depend on the machine's time zone
            connection.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = false")
            yield connection
    except BaseException:
        instance.close()
        raise
    idle.append(instance)


def _attach(connection: Connection, path: Path) -> None:
    connection.execute(f"ATTACH {quoted(path)} AS warehouse (STORAGE_VERSION 'v1.5.0'); USE warehouse")


def _detach(connection: Connection) -> None:
    connection.execute("USE memory; DETACH warehouse")


def _versions() -> dict[int, Path]:
    """What brings a warehouse to each version of the schema: to the first from nothing, else from the one before."""
    return {1: _SQL / "schema.sql"} | {int(file.name[:4]): file for file in _MIGRATIONS.glob("[0-9]*.sql")}


def _upgrade(connection: Connection, path: Path) -> None:
    """Set up a new warehouse, or bring it to the newest version of the schema, having kept a copy of its file."""
    versions = _versions()
    newest = max(versions)
    try:
        found = scalar(connection, "SELECT max(version) FROM schema_version")
    except duckdb.CatalogException:
        found = 0  # a new file; asking the catalogue beforehand would cost more than all else here
    if found > newest:
        raise WarehouseTooNew(
            f"The warehouse has schema version {found}; this version of autoholdings knows {newest}. "
            "Install the newer version of autoholdings that wrote it."
        )
    if found == newest:
        return
    if found:
        _detach(connection)
        copy_to_keep(path, path.with_name(f"{path.stem}.before-version-{newest}{path.suffix}"))
        _attach(connection, path)
    now = datetime.now(UTC)
    with _all_or_nothing(connection):
        for version in range(found + 1, newest + 1):
            connection.execute(versions[version].read_text(encoding="utf-8"))
            connection.execute("INSERT INTO schema_version VALUES (?, ?)", [version, now])
        connection.execute(sql("views") + sql("questions"))
        _comment_view_columns(connection)


def _comment_view_columns(connection: Connection) -> None:
    """A view's column says what the column of the same name says in what the view reads, the first named first."""
    of_this = "WHERE database_name = 'warehouse' AND NOT internal"
    comments = {
        (table, column): comment
        for table, column, comment in connection.execute(
            f"SELECT table_name, column_name, comment FROM duckdb_columns() {of_this}"
        ).fetchall()
    }
    views = connection.execute(f"SELECT view_name, sql FROM duckdb_views() {of_this} ORDER BY view_oid").fetchall()
    for view, text in views:
        sources = _READ.findall(text)
        for table, column in [key for key, comment in comments.items() if key[0] == view and comment is None]:
            said = (comments.get((source, column)) for source in sources)
            comments[table, column] = comment = next(filter(None, said), "")
            escaped = comment.replace("'", "''")
            connection.execute(f'COMMENT ON COLUMN "{view}"."{column}" IS \'{escaped}\'')
