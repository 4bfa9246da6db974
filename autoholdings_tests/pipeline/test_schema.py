"""The versions of the warehouse's schema: every earlier one is upgraded to what a new warehouse is."""

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from autoholdings_assets.config import Home
from autoholdings_assets.holdings import warehouse
from autoholdings_assets.holdings.publish import publish
from autoholdings_assets.holdings.warehouse import WarehouseTooNew, open_warehouse
from autoholdings_tests.library import Library

RELEASED = warehouse._MIGRATIONS
ARTIFICIAL = """
ALTER TABLE job_run ADD COLUMN attempts INTEGER;
COMMENT ON COLUMN job_run.attempts IS 'How often it was tried';
ALTER TABLE kbart_file DROP COLUMN content_type;
UPDATE job_run SET attempts = 1;
"""


def described(path: Path) -> list[tuple[Any, ...]]:
    """Every table, view and macro with its columns, types and comments."""
    with open_warehouse(path) as connection:
        return connection.execute(
            "SELECT table_name, column_name, column_index, data_type, comment FROM duckdb_columns() "
            "WHERE database_name = 'warehouse' AND NOT internal "
            "UNION ALL SELECT table_name, NULL, NULL, NULL, comment FROM duckdb_tables() "
            "WHERE database_name = 'warehouse' "
            "UNION ALL SELECT view_name, sql, NULL, NULL, comment FROM duckdb_views() "
            "WHERE database_name = 'warehouse' AND NOT internal "
            "UNION ALL SELECT function_name, macro_definition, NULL, NULL, comment FROM duckdb_functions() "
            "WHERE database_name = 'warehouse' AND NOT internal ORDER BY ALL"
        ).fetchall()


@pytest.fixture
def migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The released migrations and, to be added, an artificial one after them."""
    folder = tmp_path / "migrations"
    shutil.copytree(RELEASED, folder)
    monkeypatch.setattr(warehouse, "_MIGRATIONS", folder)
    return folder


def test_the_versions_are_numbered_without_a_gap() -> None:
    """A missing or doubled number would leave some warehouses behind."""
    versions = warehouse._versions()
    assert sorted(versions) == list(range(1, len(versions) + 1))
    assert len(versions) == len(list(RELEASED.glob("*.sql"))) + 1


@pytest.mark.parametrize("version", [*warehouse._versions()])
def test_every_earlier_version_is_upgraded_to_what_a_new_warehouse_is(
    version: int, migrations: Path, tmp_path: Path
) -> None:
    """Tables, columns, comments, views and macros; the rows stay, and the old file is kept beside it."""
    newer = [file for number, file in warehouse._versions().items() if number > version]
    later = {file.name: file.read_text() for file in newer}
    for file in newer:
        file.unlink()
    old = tmp_path / "home" / "warehouse.duckdb"
    with open_warehouse(old) as connection:
        connection.execute("INSERT INTO job_run (run_id, vendor) VALUES ('run-1', 'wiley')")
    newest = version + len(later) + 1
    for name, text in (later | {f"{newest:04}_artificial.sql": ARTIFICIAL}).items():
        (migrations / name).write_text(text)
    assert described(old) == described(tmp_path / "new.duckdb")
    with open_warehouse(old) as connection:
        assert connection.execute("SELECT run_id, attempts FROM job_run").fetchall() == [("run-1", 1)]
        assert connection.execute("SELECT version FROM schema_version ORDER BY 1").fetchall() == [
            (number + 1,) for number in range(newest)
        ]
    with duckdb.connect(str(old.with_name(f"warehouse.before-version-{newest}.duckdb")), read_only=True) as before:
        assert before.execute("SELECT max(version) FROM schema_version").fetchall() == [(version,)]
        assert before.execute("SELECT run_id FROM job_run").fetchall() == [("run-1",)]
    publish(Home(old.parent))


def test_an_upgrade_that_fails_changes_nothing(library: Library, migrations: Path) -> None:
    """All the versions that are lacking come in one transaction."""
    newest = max(warehouse._versions())
    before = described(library.home.warehouse)
    good, broken = (migrations / f"{newest + number:04}_{name}.sql" for number, name in ((1, "good"), (2, "broken")))
    good.write_text(ARTIFICIAL)
    broken.write_text("ALTER TABLE job_run DROP COLUMN nothing_of_the_kind")
    with pytest.raises(duckdb.Error, match="nothing_of_the_kind"):
        described(library.home.warehouse)
    good.unlink()
    broken.unlink()
    assert described(library.home.warehouse) == before


def test_a_warehouse_of_a_later_version_is_left_alone(library: Library) -> None:
    """What to do is said, and the file stays as it is."""
    library.write("INSERT INTO schema_version VALUES (999, now())")
    with pytest.raises(WarehouseTooNew, match=r"schema version 999.*Install the newer version"):
        library.sql("FROM job_run")
