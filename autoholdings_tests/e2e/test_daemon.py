"""Dagster's real daemon carries out a part of the year: faults, files by hand, its own death; the end is the same.

Only its clock is not the real one: it goes by the year. ``AUTOHOLDINGS_WEEKS`` makes the part longer.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.freshness import FreshnessState
from dagster._core.scheduler.instigation import TickStatus
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from autoholdings_assets.pipeline.instance import prepare
from autoholdings_assets.pipeline.running import DIED
from autoholdings_tests import faults
from autoholdings_tests.daemons import LIBFAKETIME, PATIENCE_SECONDS, Clock, Daemon
from autoholdings_tests.library import Library
from autoholdings_tests.unattended import repository, workspace
from autoholdings_tests.year import (
    WEEKS,
    Year,
    attach_po_lines,
    content,
    expect_po_lines,
    library_of,
    pass_undisturbed,
)

FIRST_WEEK = 2
"""The other vendor's first file comes two weeks later, at the end of January."""

TROUBLES = ("file", "daemon", "by hand", "answer", "alternating")
"""What goes wrong, week by week."""

TICKS = tuple(timedelta(hours=hours) for hours in (0.6, 2.2, 52))
"""The moments to which time jumps after each Saturday's publication."""

UNFINISHED = dg.RunsFilter(statuses=NOT_FINISHED_STATUSES)
REFUSED = ".refused.txt"
SENSORS = ("wiley_new_file", "oup_new_file", "delivered_file")


@dataclass(kw_only=True)
class DaemonYear(Year):
    """Time moves on, the rest is the daemon's."""

    daemon: Daemon
    instance: dg.DagsterInstance
    sensors: list[tuple[str, str]]
    died: list[str] = field(default_factory=list)

    def tick(self, now: datetime) -> None:
        """It is this moment now: wait until each sensor has looked, and the runs that it asked for are over."""
        self.daemon.clock.set(now)
        if not self.daemon.running:
            self.daemon.start()
        self.daemon.wait_until(lambda: all(self._has_looked(sensor, now) for sensor in self.sensors))
        self.daemon.wait_until(lambda: not self.instance.get_runs_count(UNFINISHED))

    def down(self, now: datetime) -> None:
        """The machine goes down in the middle of a run."""
        if not self.daemon.running:
            return
        account = self.supplies[0].feed.account
        requests = len(account.requests)
        account.fail_next(faults.silent(0), faults.silent(PATIENCE_SECONDS))
        self.daemon.clock.set(now)
        self.daemon.wait_until(lambda: len(account.requests) == requests + 2)
        (run,) = self.instance.get_runs(UNFINISHED)
        assert run.status is dg.DagsterRunStatus.STARTED
        self.daemon.kill()
        self.died.append(run.run_id)

    def lasts(self, kind: str) -> int:
        """All week where a file comes by hand. The machine is back within six hours: Dagster's own run monitoring ends
        a run that is older, and does not write into the warehouse that it has ended."""
        return {"daemon": 1, "by hand": len(self.ticks)}.get(kind) or super().lasts(kind)

    def _has_looked(self, sensor: tuple[str, str], now: datetime) -> bool:
        ticks = self.instance.get_ticks(*sensor, limit=1)
        return bool(ticks) and ticks[0].timestamp >= now.timestamp() and ticks[0].status is not TickStatus.STARTED


@contextmanager
def year_of(library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DaemonYear]:
    """A year that has not begun, with the sensors switched on; whatever is left of the daemon dies in the end."""
    for variable in ("DAGSTER_HOME", "AUTOHOLDINGS_HOME"):  # preparing sets them; the fixture puts them back
        monkeypatch.setenv(variable, "")
    library, supplies = library_of(library, "disturbed", monkeypatch)
    prepare(library.home)
    daemon = Daemon(folder, Clock(folder))
    with dg.DagsterInstance.get() as instance:
        with workspace(instance) as loaded:
            found = repository(loaded)
            sensors = [instance.start_sensor(found.get_sensor(name)) for name in SENSORS]
            nightly = found.get_schedule("housekeeping_schedule")  # it would only cost time, in more runs than all else
            instance.stop_schedule(nightly.get_remote_origin_id(), nightly.selector_id, nightly)
        looked_at = [(sensor.instigator_origin_id, sensor.selector_id) for sensor in sensors]
        try:
            yield DaemonYear(library, supplies, TICKS, daemon=daemon, instance=instance, sensors=looked_at)
        finally:
            daemon.kill()


@pytest.mark.slow
@pytest.mark.skipif(LIBFAKETIME is None, reason="no clock can be set without Debian's libfaketime (apt-get install it)")
@pytest.mark.rule("A2", "A8", "A10", "C6", "C8", "C19", "W5", "O4")
def test_the_daemons_part_of_the_year_ends_like_one_without_faults(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weeks = range(FIRST_WEEK, FIRST_WEEK + max(WEEKS - 1, 4))
    undisturbed, supplies = library_of(library, "undisturbed", monkeypatch)
    pass_undisturbed(undisturbed, supplies, weeks)
    with year_of(library, tmp_path, monkeypatch) as year:
        for number, week in enumerate(weeks):
            year.week(week, [TROUBLES[(number - 1) % len(TROUBLES)]] if number else [])
            if number == 0:
                attach_po_lines(year.library)
            expect_po_lines(year.library, week)
        portfolios = dg.AssetKey(["wiley", "portfolios"])
        year.daemon.wait_until(lambda: _is_fresh(year.instance, portfolios))
    expected, found = content(undisturbed), content(year.library)
    for table, rows in expected.items():
        assert found[table] == rows, table
    assert year.died
    for run_id in year.died:
        (record,) = year.library.sql("SELECT outcome, message FROM job_run WHERE run_id = ?", run_id)
        assert record == {"outcome": "nothing applied", "message": DIED}
    acted = year.library.sql("SELECT DISTINCT acted_by FROM job_run")
    assert {row["acted_by"] for row in acted} == {f"sensor {name}" for name in SENSORS}
    left = {path.name for path in (year.library.home.inbox / year.supplies[0].feed.name).iterdir()}
    answered = {f"{name}{suffix}" for name in left for suffix in ("", REFUSED) if f"{name}{REFUSED}" in left}
    assert answered == left != set(), "what could be used was taken"


def _is_fresh(instance: dg.DagsterInstance, asset: dg.AssetKey) -> bool:
    found = instance.get_freshness_state_records([asset]).get(asset)
    return found is not None and found.freshness_state is FreshnessState.PASS
