"""What happens side by side, or in the middle of which everything goes wrong: nothing is torn, stuck or lost."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from autoholdings_assets.cli import execute
from autoholdings_assets.config import Home
from autoholdings_assets.holdings.disk import DiskFull
from autoholdings_assets.pipeline import steps
from autoholdings_assets.pipeline.instance import prepare
from autoholdings_assets.pipeline.steps import RunContext
from autoholdings_assets.upkeep.backup import back_up
from autoholdings_assets.upkeep.restore import restore
from autoholdings_tests import processes
from autoholdings_tests.library import Feed, Library, issn, journal

BEFORE = [journal(f"Title {n}", issn(n)) for n in range(400)]
AFTER = [journal(f"Title {n}", issn(n), start="1990") for n in range(50, 450)]
STEPS: tuple[Callable[[RunContext], object], ...] = (
    steps.retrieve_files,
    steps.read_title_lists,
    steps.merge_coverage,
    steps.plan_changes,
    steps.apply_plan,
    steps.publish,
)
READERS = 10
PATIENCE = 600


@pytest.fixture
def started(library: Library, wiley: Feed, monkeypatch: pytest.MonkeyPatch) -> Library:
    """A library after its first run, with the next file at the vendor's."""
    for variable in ("DAGSTER_HOME", "AUTOHOLDINGS_HOME"):  # commands set these; the fixture puts them back
        monkeypatch.setenv(variable, "")
    prepare(library.home)
    wiley.serves(BEFORE)
    assert library.first_run().outcome == "done"
    wiley.serves(AFTER)
    return library


def titles(rows: list[dict[str, str]]) -> set[str]:
    return {row["publication_title"] for row in rows}


def content(path: Path) -> tuple[set[str], set[str | None]]:
    """The titles of a published copy, and the years with which their coverage begins."""
    with duckdb.connect(str(path), read_only=True) as connection:
        found = connection.execute(
            "SELECT title, date_first_issue_online FROM portfolio JOIN coverage USING (portfolio_id)"
        )
        read = found.fetchall()
    return {title for title, _ in read}, {start for _, start in read}


WHOLE = ((titles(BEFORE), {"2000"}), (titles(AFTER), {"1990"}))


def expect_finished(library: Library) -> None:
    """Everything of the new file is there, once; no run is unfinished and nothing is left to do."""
    assert content(library.home.published) == WHOLE[1]
    doubled = "SELECT title FROM portfolio_action WHERE action = 'activate' GROUP BY ALL HAVING count(*) > 1"
    assert library.sql(doubled) == []
    assert library.run().outcome == "nothing new"
    with dg.DagsterInstance.get() as instance:
        assert all(run.is_finished for run in instance.get_runs())


@pytest.mark.rule("A10")
def test_two_runs_at_once_do_the_work_once(started: Library) -> None:
    """Two commands at the same moment: the steps take turns, both end well, nothing is done twice."""
    both = [processes.command(started.home.path, "run", "wiley") for _ in range(2)]
    for process in both:
        process.join(PATIENCE)
    assert [process.exitcode for process in both] == [0, 0]
    outcomes = [row["outcome"] for row in started.sql("SELECT outcome FROM job_run ORDER BY started_at")]
    assert len(outcomes) == 3 and set(outcomes[1:]) <= {"done", "nothing new"}
    expect_finished(started)


@pytest.mark.rule("A10")
def test_a_backup_while_a_run_is_going_on_is_whole(started: Library, tmp_path: Path) -> None:
    """One backup after the other during the run: each is of a moment before or after the transaction."""
    run = processes.command(started.home.path, "run", "wiley")
    backups: list[Path] = []
    while run.is_alive() or not backups:
        backups.append(back_up(started.home, tmp_path / f"{len(backups)}.tar", datetime.now(UTC)).path)
    assert run.exitcode == 0
    for number in {len(backups) // 2, len(backups) - 1}:
        home = Home(tmp_path / f"restored {number}")
        restore(backups[number], home)
        assert content(home.published) in WHOLE
    expect_finished(started)


def read_until(published: Path, stop: Path) -> None:
    """Read the published copy again and again, as SQL users do; fail when a reading is not whole."""
    readings = 0
    while not (stop.exists() and readings):
        assert content(published) in WHOLE
        readings += 1
        time.sleep(0.5)  # ten who never pause would leave the run no processor


@pytest.mark.rule("A11")
def test_ten_readers_and_a_run_do_not_disturb_each_other(started: Library, tmp_path: Path) -> None:
    """Every reading is of one state, whole; the run ends as if nobody had read."""
    stop = tmp_path / "stop"
    readers = [processes.start(read_until, started.home.published, stop) for _ in range(READERS)]
    run = processes.command(started.home.path, "run", "wiley")
    run.join(PATIENCE)
    stop.touch()
    for reader in readers:
        reader.join(PATIENCE)
    assert (run.exitcode, {reader.exitcode for reader in readers}) == (0, {0})
    expect_finished(started)


# --- a full disk


class SmallDisk:
    """A file system of its own in memory."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def mount(self, kilobytes: int, *options: str) -> None:
        options_given = ",".join([*options, f"size={kilobytes}k"])
        command = ["mount", "-t", "tmpfs", "-o", options_given, "tmpfs", str(self.path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")

    def leave(self, kilobytes: int) -> None:
        """Make the disk so small that only this much is free."""
        found = os.statvfs(self.path)
        used = (found.f_blocks - found.f_bfree) * found.f_frsize // 1024
        self.mount(used + kilobytes, "remount")

    def grow(self) -> None:
        self.mount(200_000, "remount")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """The disk of the library's home; asked for before the library."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    disk = SmallDisk(tmp_path / "home")
    disk.path.mkdir()
    disk.mount(200_000)
    yield disk
    subprocess.run(["umount", "-l", str(disk.path)], check=True)


def where_it_ends(library: Library) -> str:
    """Run until a step meets the full disk, which it must say in words; gives that step's name."""
    context = library.context()
    for step in STEPS:
        try:
            step(context)
        except (DiskFull, steps.NothingUsable) as error:
            assert "is full" in str(error) and "autoholdings prune" in str(error)
            return step.__name__
    return "at its end"


@pytest.mark.rule("A10")
def test_a_full_disk_tears_nothing_and_the_next_run_with_space_repairs_all(
    disk: SmallDisk, started: Library, tmp_path: Path
) -> None:
    """So much and so little space that each step is the one that meets the end of it."""
    saved = shutil.copytree(started.home.path, tmp_path / "saved")
    ended = set()
    for spare in (0, 600, 900, 1600, 3200):
        disk.grow()
        for path in started.home.path.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(saved, started.home.path, dirs_exist_ok=True)
        disk.leave(spare)
        ended.add(where_it_ends(started))
        assert content(started.home.published) in WHOLE
        disk.grow()
        assert started.run().outcome in ("done", "nothing new")
        assert content(started.home.published) == WHOLE[1]
        assert not list(started.home.archive.glob(".*"))
    assert len(ended) >= 3, ended


def test_a_command_on_a_full_disk_says_so_and_prune_still_works(
    disk: SmallDisk, started: Library, tmp_path: Path
) -> None:
    """The whole way, with Dagster's own storage on the disk: one sentence, status 3, and nothing stuck afterwards."""
    home = started.home.path
    leftover = started.home.archive / ".died.part"
    leftover.write_bytes(bytes(2_000_000))
    os.utime(leftover, (0, 0))
    disk.leave(100)
    run = processes.command(home, "run", "wiley", output=tmp_path / "printed")
    run.join(PATIENCE)
    printed = " ".join((tmp_path / "printed").read_text().split())
    assert run.exitcode == 3 and "is full. Free some space" in printed, printed
    disk.leave(0)
    assert execute(["prune", "--home", str(home)]) == 0
    assert not leftover.exists()
    disk.grow()
    after = processes.command(home, "run", "wiley")
    after.join(PATIENCE)
    assert after.exitcode == 0
    expect_finished(started)
