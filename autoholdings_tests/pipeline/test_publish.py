"""Readers and the pipeline never wait for each other, and a reader sees a whole state or another, nothing between."""

import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from autoholdings_assets.holdings.publish import publish
from autoholdings_assets.holdings.warehouse import WarehouseBusy, locked, open_warehouse
from autoholdings_tests.library import Feed, Library, issn, journal

READER = """
import sys, time, duckdb
path, until = sys.argv[1], time.time() + 60
seen, reads = set(), 0
while time.time() < until:
    with duckdb.connect(path, read_only=True) as connection:
        portfolios, coverage, titles = connection.execute(
            "SELECT (SELECT count(*) FROM portfolio), (SELECT count(*) FROM coverage), "
            "(SELECT count(DISTINCT title) FROM portfolio)"
        ).fetchone()
        assert portfolios == coverage == titles, (portfolios, coverage, titles)
        seen.add(portfolios)
        reads += 1
    if portfolios >= 40:
        break
    time.sleep(0.05)  # one that never pauses takes a processor from the runs
print(reads, sorted(seen))
"""


@pytest.mark.rule("A11")
@pytest.mark.slow
def test_another_process_reads_while_runs_write(library: Library, wiley: Feed) -> None:
    wiley.serves([journal(f"Title {n}", issn(n)) for n in range(10)])
    library.run()
    command = [sys.executable, "-c", READER, str(library.home.published)]
    reader = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    for count in (20, 30, 40):
        wiley.serves([journal(f"Title {n}", issn(n)) for n in range(count)])
        assert library.run().error is None
    output, _ = reader.communicate(timeout=90)
    assert reader.returncode == 0
    reads, seen = output.strip().split(" ", 1)
    assert int(reads) > 3 and set(json.loads(seen)) <= {10, 20, 30, 40} and seen.endswith("40]")


@pytest.mark.rule("A11")
def test_an_open_reader_keeps_its_state_and_a_run_does_not_wait_for_it(library: Library, wiley: Feed) -> None:
    wiley.serves([journal("One", issn(1))])
    library.run()
    with duckdb.connect(str(library.home.published), read_only=True) as reader:
        wiley.serves([journal("One", issn(1)), journal("Two", issn(3))])
        assert library.run().outcome == "done"
        assert reader.execute("SELECT count(*) FROM portfolio").fetchone() == (1,)
    assert len(library.published("FROM portfolio")) == 2


def test_the_published_copy_is_read_only_and_what_a_careless_reader_left_does_no_harm(
    library: Library, wiley: Feed
) -> None:
    wiley.serves([journal("One", issn(1))])
    library.run()
    assert library.home.published.stat().st_mode & 0o777 == 0o444
    Path(f"{library.home.published}.wal").write_bytes(b"left behind")
    publish(library.home)
    assert [row["title"] for row in library.published("FROM portfolio")] == ["One"]


@pytest.mark.rule("A11")
def test_the_published_copy_equals_the_warehouse(library: Library, wiley: Feed) -> None:
    wiley.serves([journal("One", issn(1)), journal("Broken", issn(3), start="x")])
    library.run()
    named = library.sql("SELECT table_name AS name FROM duckdb_tables() WHERE database_name = 'warehouse'")
    tables = [row["name"] for row in named]
    assert len(tables) > 10
    for table in tables:
        assert library.published(f"FROM {table} ORDER BY ALL") == library.sql(f"FROM {table} ORDER BY ALL"), table


def test_whoever_comes_second_waits_and_then_says_so(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with (
        locked(path),
        pytest.raises(WarehouseBusy, match="Another run is writing"),
        open_warehouse(path, wait_seconds=0.2),
    ):
        pass
    with open_warehouse(path) as connection:
        assert connection.execute("SELECT count(*) FROM portfolio").fetchone() == (0,)
