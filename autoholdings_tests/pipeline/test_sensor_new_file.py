"""The sensor of a vendor's new file, transition by transition: when it looks, when it runs, when it waits."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from autoholdings_assets.holdings.warehouse import locked
from autoholdings_assets.pipeline.sensors import asked_runs, new_file
from autoholdings_assets.pipeline.sensors.asked_runs import PAUSES
from autoholdings_assets.pipeline.sensors.new_file import Progress, due
from autoholdings_tests import faults
from autoholdings_tests.library import VENDORS, Feed, Library, issn, journal
from autoholdings_tests.unattended import Watched, watched

FILE = [journal("Acta Exempla", issn(1)), journal("Other", issn(3))]
SATURDAY = datetime(2026, 3, 7, 10, 35, tzinfo=UTC)
"""02:35 in Los Angeles: the file was made at 02:00, and the vendor is looked at at 02:30."""
TICK = timedelta(minutes=10)
SUCCESS, FAILURE, STARTED = dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.STARTED


@pytest.fixture
def sensor(library: Library, wiley: Feed) -> Iterator[Watched]:
    with watched(library, "wiley_new_file") as sensor:
        yield sensor


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_file, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(asked_runs, "PATIENCE_SECONDS", 0.1)


def progress(sensor: Watched) -> Progress:
    return Progress.of(sensor.cursor)


def handled(sensor: Watched, request: dg.RunRequest) -> None:
    """The run that was asked for does its work."""
    outcome = sensor.library.run()
    assert outcome.error is None
    sensor.record(request, SUCCESS, outcome)


@pytest.mark.rule("W5", "O4")
def test_the_vendor_is_looked_at_once_for_each_moment_of_its_cadence_and_once_for_all_that_were_missed() -> None:
    vendor = VENDORS["wiley"]
    moment = due(vendor, SATURDAY - timedelta(days=2), SATURDAY)
    assert moment is not None and (moment.hour, moment.minute) == (2, 30)
    assert due(vendor, moment, SATURDAY) is None
    weeks_later = due(vendor, moment, SATURDAY + timedelta(weeks=3))
    assert weeks_later is not None and weeks_later > SATURDAY + timedelta(weeks=2, days=6)
    assert due(vendor, None, SATURDAY) == SATURDAY, "switched on for the first time it looks at once"


@pytest.mark.parametrize(("spring_or_autumn", "moments"), [("2026-03-07", 8), ("2026-10-31", 8)])
def test_a_weekend_on_which_the_clock_changes_has_as_many_moments_as_any_other(
    spring_or_autumn: str, moments: int
) -> None:
    """02:30 does not exist on the Sunday in spring; the vendor is looked at when the clock has jumped."""
    friday = datetime.fromisoformat(spring_or_autumn).replace(tzinfo=UTC) - timedelta(days=1)
    seen = set()
    looked = friday
    for minutes in range(0, 4 * 24 * 60, 10):
        if moment := due(VENDORS["wiley"], looked, friday + timedelta(minutes=minutes)):
            seen.add(moment)
            looked = moment
    assert len(seen) == moments


def test_without_news_the_moment_is_settled_and_nobody_is_asked_before_the_next(sensor: Watched, wiley: Feed) -> None:
    wiley.serves(FILE)
    sensor.library.run()
    assert sensor.tick(SATURDAY) == []
    assert sensor.skipped == "Wiley has no new file." and wiley.account.statuses[-1] == 304
    asked = len(wiley.account.requests)
    assert sensor.tick(SATURDAY + TICK) == [] and sensor.skipped == "Wiley is not due."
    assert len(wiley.account.requests) == asked


@pytest.mark.rule("W5", "C6", "A12")
def test_a_new_file_starts_one_run_and_the_cursor_moves_on_only_when_it_has_succeeded(
    sensor: Watched, wiley: Feed
) -> None:
    wiley.serves(FILE)
    (request,) = sensor.tick(SATURDAY)
    assert request.run_key and request.run_key.startswith("wiley ") and request.run_key.endswith("attempt 1")
    assert "secret" not in f"{request.run_key}{sensor.cursor}"
    assert {key.path[0] for key in request.asset_selection or []} == {"wiley", "holdings"}
    run_id = sensor.record(request, STARTED)
    assert sensor.tick(SATURDAY + TICK) == []
    assert sensor.skipped == "The run that this asked for has not ended yet."
    assert progress(sensor).settled is None, "while the run goes on nothing is settled"
    sensor.instance.delete_run(run_id)
    handled(sensor, request)
    assert sensor.tick(SATURDAY + 2 * TICK) == [] and sensor.skipped == "Wiley is not due."
    assert progress(sensor).settled == SATURDAY
    wiley.serves(FILE[:1])
    assert sensor.tick(SATURDAY + 3 * TICK) == [], "another file is seen at the next moment"
    (following,) = sensor.tick(SATURDAY + timedelta(days=7))
    assert following.run_key != request.run_key


def test_a_run_that_died_is_asked_for_again_with_growing_pauses_and_not_for_ever(sensor: Watched, wiley: Feed) -> None:
    wiley.serves(FILE)
    now, keys = SATURDAY, []
    for pause in (*PAUSES, None):
        (request,) = sensor.tick(now)
        keys.append(request.run_key)
        sensor.record(request, FAILURE)
        if pause:
            assert sensor.tick(now) == [] and "The next attempt is due" in (sensor.skipped or "")
            assert sensor.tick(now + pause - timedelta(seconds=1)) == []
            now += pause
    assert [str(key)[-9:] for key in keys] == [f"attempt {number}" for number in range(1, 5)]
    assert sensor.tick(now + TICK) == [] and "not due" in (sensor.skipped or ""), "given up until the next moment"
    (request,) = sensor.tick(SATURDAY + timedelta(hours=6))
    handled(sensor, request)
    assert sensor.tick(SATURDAY + timedelta(hours=7)) == [] and not progress(sensor).undone


def test_a_run_that_died_after_it_had_fetched_the_file_is_asked_for_again(sensor: Watched, wiley: Feed) -> None:
    """The vendor has nothing new then; but the holdings are not what they should be."""
    wiley.serves(FILE)
    (request,) = sensor.tick(SATURDAY)
    sensor.record(request, FAILURE, sensor.library.run(dry_run=True))
    assert sensor.tick(SATURDAY + TICK) == []
    (again,) = sensor.tick(SATURDAY + 3 * TICK)
    assert wiley.account.statuses[-1] == 304
    handled(sensor, again)
    assert sensor.tick(SATURDAY + 4 * TICK) == [] and sensor.skipped == "Wiley is not due."


def test_a_run_that_somebody_deleted_is_asked_for_again(sensor: Watched, wiley: Feed) -> None:
    wiley.serves(FILE)
    (request,) = sensor.tick(SATURDAY)
    sensor.tick(SATURDAY + TICK)
    (again,) = sensor.tick(SATURDAY + 3 * TICK)
    assert again.run_key != request.run_key


def test_a_run_that_a_person_cancelled_stays_cancelled(sensor: Watched, wiley: Feed) -> None:
    wiley.serves(FILE)
    (request,) = sensor.tick(SATURDAY)
    sensor.record(request, dg.DagsterRunStatus.CANCELED)
    assert sensor.tick(SATURDAY + TICK) == [] and sensor.skipped == "Wiley is not due."


@pytest.mark.rule("A2")
def test_a_held_plan_waits_for_a_person_and_not_for_another_run(sensor: Watched, wiley: Feed) -> None:
    sensor.library.guard()
    wiley.serves(FILE)
    sensor.library.run()
    wiley.serves(FILE[:1])
    (request,) = sensor.tick(SATURDAY)
    outcome = sensor.library.run()
    assert outcome.outcome == "held"
    sensor.record(request, FAILURE, outcome)
    assert sensor.tick(SATURDAY + TICK) == []
    assert sensor.tick(SATURDAY + 3 * TICK) == [] and sensor.skipped == "Wiley has no new file."
    assert progress(sensor).settled == SATURDAY


def test_a_profile_that_failed_beside_a_good_one_is_looked_at_again_later(
    sensor: Watched, library: Library, wiley: Feed
) -> None:
    """The run was red with everything done; only what failed is asked for once more, and only if it is there now."""
    law = library.profile("wiley-law")
    wiley.serves(FILE)
    law.serves(FILE[:1])
    (request,) = sensor.tick(SATURDAY)
    law.account.fail_next(*[faults.status(403)] * 2)
    run = sensor.run(request)
    assert run.status is FAILURE
    assert sensor.tick(SATURDAY + TICK) == []
    (again,) = sensor.tick(SATURDAY + 3 * TICK)
    assert sensor.skipped is None and again.run_key != request.run_key
    assert progress(sensor).told == ("wiley-law access_denied",)
    handled(sensor, again)
    assert sensor.tick(SATURDAY + 4 * TICK) == [] and sensor.skipped == "Wiley is not due."


def test_a_vendor_that_is_down_for_a_while_costs_no_red_run(sensor: Watched, wiley: Feed) -> None:
    wiley.serves(FILE)
    wiley.account.fail_next(faults.status(503), faults.hang_up())
    assert sensor.tick(SATURDAY) == [] and "HTTP 503" in (sensor.skipped or "")
    assert sensor.tick(SATURDAY + PAUSES[0]) == [] and "broke" in (sensor.skipped or "")
    (request,) = sensor.tick(SATURDAY + PAUSES[0] + PAUSES[1])
    assert progress(sensor).told == ()
    handled(sensor, request)


def ticks_for(sensor: Watched, start: datetime, length: timedelta, answer: Any) -> list[dg.RunRequest]:
    """Tick every three hours; ``answer`` is what becomes of each run that is asked for."""
    requests = []
    for number in range(int(length / timedelta(hours=3))):
        for request in sensor.tick(start + number * timedelta(hours=3)):
            requests.append(request)
            answer(request)
    return requests


@pytest.mark.parametrize(
    "fault", [faults.status(503, {"Retry-After": "0"}), faults.status(401)], ids=["down", "wrong token"]
)
def test_a_failure_that_lasts_is_told_by_one_run_and_its_end_is_seen(
    sensor: Watched, wiley: Feed, fault: faults.Fault
) -> None:
    wiley.serves(FILE)
    wiley.account.fail_next(*[fault] * 1000)

    def told(request: dg.RunRequest) -> None:
        sensor.record(request, FAILURE, sensor.library.run())

    assert len(ticks_for(sensor, SATURDAY, timedelta(days=9), told)) == 1, "all weekend, and the next Saturday too"
    wiley.account.faults.clear()
    week = timedelta(days=7)
    assert len(ticks_for(sensor, SATURDAY + timedelta(days=9), week, lambda r: handled(sensor, r))) == 1
    assert progress(sensor).told == () and set(sensor.library.titles()) == {"Acta Exempla", "Other"}


@pytest.mark.rule("W6")
def test_before_the_first_file_it_waits_without_a_run_and_tries_when_the_file_is_due(
    sensor: Watched, wiley: Feed
) -> None:
    tuesday = SATURDAY - timedelta(days=4)
    assert sensor.tick(tuesday) == []
    assert "Expect one after Saturday 7 March 2026, 02:00" in (sensor.skipped or "")
    assert sensor.tick(SATURDAY - timedelta(hours=1)) == [] and len(wiley.account.requests) == 1
    wiley.serves(FILE)
    (request,) = sensor.tick(SATURDAY)
    handled(sensor, request)
    assert set(sensor.library.titles()) == {"Acta Exempla", "Other"}


@pytest.mark.rule("W6")
def test_a_first_file_that_is_overdue_is_told_by_one_run(sensor: Watched, wiley: Feed) -> None:
    """A wrong address looks like a file that is not there yet; it must not be waited for in silence."""

    def told(request: dg.RunRequest) -> None:
        sensor.record(request, FAILURE, sensor.library.run())

    assert ticks_for(sensor, SATURDAY, timedelta(days=6), told) == []
    assert len(ticks_for(sensor, SATURDAY + timedelta(days=6), timedelta(days=21), told)) == 1
    wiley.serves(FILE)
    assert len(ticks_for(sensor, SATURDAY + timedelta(days=28), timedelta(days=1), lambda r: handled(sensor, r))) == 1


def test_a_later_moment_makes_up_for_an_attempt_that_is_still_waited_for(sensor: Watched, wiley: Feed) -> None:
    wiley.serves(FILE)
    (request,) = sensor.tick(SATURDAY + timedelta(hours=5, minutes=50))
    sensor.record(request, FAILURE)
    (again,) = sensor.tick(SATURDAY + timedelta(hours=6))
    assert str(again.run_key).endswith("attempt 1") and again.run_key != request.run_key


def test_it_waits_while_a_run_has_the_warehouse_and_while_the_configuration_is_broken(
    sensor: Watched, library: Library, wiley: Feed
) -> None:
    wiley.serves(FILE)
    with locked(library.home.warehouse):
        assert sensor.tick(SATURDAY) == [] and "A run is going on" in (sensor.skipped or "")
    library.home.config_file.write_text("institution: {name: University of Example, timezone: Mars/Olympus}\n")
    assert sensor.tick(SATURDAY) == [] and "cannot be used" in (sensor.skipped or "")
    assert sensor.cursor is None
    library.save()
    assert len(sensor.tick(SATURDAY)) == 1


def test_a_cursor_of_another_version_begins_anew(sensor: Watched, wiley: Feed) -> None:
    wiley.serves(FILE)
    sensor.cursor = "2026-03-07T02:30:00-08:00"
    assert len(sensor.tick(SATURDAY)) == 1
