"""The vendor's schedule under Dagster's own scheduler: daylight saving, ticks that were missed, the words of status."""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from dagster._core.test_utils import freeze_time
from dagster._scheduler.scheduler import launch_scheduled_runs
from dagster._utils.schedules import schedule_execution_time_iterator

from autoholdings_assets.pipeline.instance import prepare
from autoholdings_assets.vendors.cron import next_time
from autoholdings_tests.library import Feed, Library
from autoholdings_tests.unattended import repository, workspace

HOUR = timedelta(hours=1)
SPRING, AUTUMN = datetime(2026, 2, 26, 0, 7, tzinfo=UTC), datetime(2026, 9, 20, 0, 7, tzinfo=UTC)


@pytest.mark.rule("W5")
@pytest.mark.parametrize("cron", ["30 2 * * *", "30 1 * * SUN", "30 2-20/6 * * SAT,SUN", "0 0 L * *"])
@pytest.mark.parametrize("timezone", ["America/New_York", "Europe/London", "Australia/Lord_Howe"])
def test_the_next_run_that_is_told_is_the_one_that_dagster_starts(timezone: str, cron: str) -> None:
    """02:30 does not exist on a Sunday in spring, and 01:30 is there twice on one in autumn: each counts once."""
    for start in (SPRING, AUTUMN):
        end = start + timedelta(days=50)
        started = schedule_execution_time_iterator(start.timestamp(), cron, timezone, ascending=True)
        told = [start]
        while (moment := next_time(cron, timezone, told[-1])) < end:
            told.append(moment)
        expected = [next(started).timestamp() for _ in told[1:]]
        assert [moment.timestamp() for moment in told[1:]] == expected


@pytest.fixture
def daemon(library: Library, wiley: Feed, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[datetime], list[str]]]:
    """Dagster's scheduler over the home's code location, with its schedule switched on in February.

    Called with a moment it does what the daemon does then, and gives the moments of all runs so far, oldest first.
    """
    library.change_profile("wiley-main", schedule="30 2 * * SUN")
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.setenv("AUTOHOLDINGS_HOME", "")
    prepare(library.home)
    with dg.DagsterInstance.get() as instance, workspace(instance) as loaded:
        with freeze_time(datetime(2026, 3, 3, tzinfo=UTC)):
            for schedule in repository(loaded).get_schedules():
                if schedule.name == "wiley_schedule":
                    instance.start_schedule(schedule)
                else:
                    instance.stop_schedule(schedule.get_remote_origin_id(), schedule.selector_id, schedule)

        def at(moment: datetime) -> list[str]:
            with freeze_time(moment):
                list(launch_scheduled_runs(loaded, logging.getLogger("test"), moment, iteration_times={}))
            runs = instance.get_runs(dg.RunsFilter(tags={"dagster/schedule_name": "wiley_schedule"}))
            return sorted(run.tags[".dagster/scheduled_execution_time"] for run in runs)

        yield at


@pytest.mark.slow
@pytest.mark.rule("C5")
def test_the_scheduler_runs_once_on_the_days_on_which_the_clock_changes_and_once_for_all_ticks_it_missed(
    daemon: Callable[[datetime], list[str]],
) -> None:
    in_spring = datetime(2026, 3, 7, 18, tzinfo=UTC)
    runs = [daemon(in_spring + number * HOUR) for number in range(30)][-1]
    assert runs == ["2026-03-08T07:00:00+00:00"], "03:00 in New York: there is no 02:30 on this day"
    months_later = daemon(datetime(2026, 10, 31, 18, tzinfo=UTC))
    assert months_later[1:] == ["2026-10-25T06:30:00+00:00"], "the daemon was down for 33 weeks"
    in_autumn = datetime(2026, 10, 31, 19, tzinfo=UTC)
    runs = [daemon(in_autumn + number * HOUR) for number in range(30)][-1]
    assert runs[2:] == ["2026-11-01T07:30:00+00:00"]
