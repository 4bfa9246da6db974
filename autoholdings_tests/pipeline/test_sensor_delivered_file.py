"""The inbox's sensor, transition by transition: when a file is complete, when it runs, when it has done enough."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from autoholdings_assets.holdings.warehouse import locked
from autoholdings_assets.pipeline.sensors import asked_runs
from autoholdings_assets.pipeline.sensors.asked_runs import PAUSES
from autoholdings_assets.pipeline.sensors.delivered_file import Progress
from autoholdings_assets.retrieval import inbox
from autoholdings_tests.library import VENDORS, Feed, Library, issn, journal, kbart
from autoholdings_tests.unattended import Watched, watched

FILE = [journal("Acta Exempla", issn(1)), journal("Other", issn(3))]
NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)
TICK = timedelta(seconds=30)
SUCCESS, FAILURE, STARTED = dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.STARTED


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "QUIET_SECONDS", 0.0)
    monkeypatch.setattr(asked_runs, "PATIENCE_SECONDS", 0.1)


@pytest.fixture
def sensor(library: Library, wiley: Feed) -> Iterator[Watched]:
    with watched(library, "delivered_file") as sensor:
        yield sensor


def deliver(
    sensor: Watched, name: str = "titles.txt", content: bytes = kbart(FILE), profile: str = "wiley-main"
) -> str:
    path = sensor.library.home.inbox / profile / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return str(path)


def asked(sensor: Watched, now: datetime) -> dg.RunRequest:
    """The run that is asked for once the file has been seen twice."""
    assert sensor.tick(now) == []
    (request,) = sensor.tick(now + TICK)
    return request


def test_a_file_that_is_the_same_at_two_ticks_starts_a_run_and_then_is_gone(sensor: Watched) -> None:
    assert sensor.tick(NOON) == [] and sensor.skipped == "Nothing was delivered."
    deliver(sensor)
    request = asked(sensor, NOON)
    assert str(request.run_key).endswith("attempt 1") and request.tags["autoholdings/vendor"] == "wiley"
    sensor.record(request, SUCCESS, sensor.library.run())
    assert sensor.tick(NOON + 2 * TICK) == [] and sensor.skipped == "Nothing was delivered."
    assert Progress.of(sensor.cursor) == Progress()


def test_a_file_that_grows_is_not_complete(sensor: Watched) -> None:
    for number in range(1, 4):
        deliver(sensor, content=kbart(FILE) * number)
        assert sensor.tick(NOON + number * TICK) == [] and "still arriving" in (sensor.skipped or "")
    assert len(sensor.tick(NOON + 4 * TICK)) == 1


def test_a_file_under_a_temporary_name_is_not_there_yet(sensor: Watched, library: Library) -> None:
    deliver(sensor, "titles.txt.part")
    assert sensor.tick(NOON) == [] and sensor.tick(NOON + TICK) == []
    folder = library.home.inbox / "wiley-main"
    (folder / "titles.txt.part").rename(folder / "titles.txt")
    asked(sensor, NOON + 2 * TICK)


def test_while_its_run_goes_on_no_other_is_asked_for(sensor: Watched) -> None:
    deliver(sensor)
    request = asked(sensor, NOON)
    sensor.record(request, STARTED)
    deliver(sensor, "another.txt")
    assert sensor.tick(NOON + 2 * TICK) == [] and sensor.tick(NOON + 3 * TICK) == []
    assert "going on" in (sensor.skipped or "")


def test_files_of_several_profiles_and_vendors_start_a_run_for_each_vendor(sensor: Watched, library: Library) -> None:
    library.profile("wiley-law")
    library.profile("oup-main", VENDORS["oup"])
    for profile in ("wiley-main", "wiley-law", "oup-main"):
        deliver(sensor, profile=profile)
    assert sensor.tick(NOON) == []
    assert {r.tags["autoholdings/vendor"] for r in sensor.tick(NOON + TICK)} == {"wiley", "oup"}


def test_the_next_file_of_a_profile_has_a_run_of_its_own(sensor: Watched) -> None:
    deliver(sensor, "Vendor_Global_All_2026-02-07.txt")
    deliver(sensor, "Vendor_Global_All_2026-02-14.txt", kbart(FILE[:1]))
    first = asked(sensor, NOON)
    sensor.record(first, SUCCESS, sensor.library.run())
    (second,) = sensor.tick(NOON + 2 * TICK)
    assert second.run_key != first.run_key
    sensor.record(second, SUCCESS, sensor.library.run())
    assert sensor.tick(NOON + 3 * TICK) == []
    assert set(sensor.library.titles()) == {"Acta Exempla"}


def test_a_refused_file_is_not_asked_for_again_until_it_is_replaced(sensor: Watched) -> None:
    deliver(sensor, content=kbart([]))
    request = asked(sensor, NOON)
    outcome = sensor.library.run()
    assert outcome.outcome == "nothing applied"
    sensor.record(request, FAILURE, outcome)
    assert sensor.tick(NOON + TICK) == [] and sensor.tick(NOON + timedelta(days=1)) == []
    deliver(sensor)
    assert asked(sensor, NOON + timedelta(days=2)).run_key != request.run_key


def test_the_same_file_delivered_once_more_has_a_run_of_its_own(sensor: Watched) -> None:
    """Dagster never starts the same run key twice."""
    deliver(sensor)
    first = asked(sensor, NOON)
    sensor.record(first, SUCCESS, sensor.library.run())
    deliver(sensor)
    assert asked(sensor, NOON + timedelta(hours=1)).run_key != first.run_key


def test_a_run_that_died_is_asked_for_again_with_growing_pauses_and_not_for_ever(sensor: Watched) -> None:
    deliver(sensor)
    now, request = NOON, asked(sensor, NOON)
    for pause in PAUSES:
        sensor.record(request, FAILURE)
        assert sensor.tick(now) == [] and sensor.tick(now + pause - TICK) == []
        now += pause
        (request,) = sensor.tick(now)
    assert str(request.run_key).endswith("attempt 4")
    sensor.record(request, FAILURE)
    assert sensor.tick(now) == [] and sensor.tick(now + timedelta(days=30)) == []
    deliver(sensor, content=kbart(FILE[:1]))
    assert str(asked(sensor, now + timedelta(days=31)).run_key).endswith("attempt 1"), "a new file is a new matter"


def test_a_run_that_died_after_it_had_read_the_file_is_asked_for_again(sensor: Watched) -> None:
    """The file has left the inbox, but the holdings are not what they should be."""
    deliver(sensor)
    request = asked(sensor, NOON)
    sensor.record(request, FAILURE, sensor.library.run(dry_run=True))
    assert sensor.tick(NOON + 2 * TICK) == []
    (again,) = sensor.tick(NOON + 2 * TICK + PAUSES[0])
    sensor.record(again, SUCCESS, sensor.library.run())
    assert sensor.tick(NOON + timedelta(hours=1)) == [] and len(sensor.library.titles()) == 2


def test_what_no_profile_takes_is_answered_without_a_run(sensor: Watched, library: Library) -> None:
    deliver(sensor, profile="wiley-mian")
    assert sensor.tick(NOON) == [] and sensor.tick(NOON + TICK) == []
    assert "wiley-main" in (library.home.inbox / "wiley-mian.refused.txt").read_text()


def test_it_waits_while_a_run_has_the_warehouse_and_while_the_configuration_is_broken(
    sensor: Watched, library: Library
) -> None:
    deliver(sensor)
    request = asked(sensor, NOON)
    sensor.record(request, FAILURE)
    cursor = sensor.cursor
    with locked(library.home.warehouse):
        assert sensor.tick(NOON) == [] and "A run is going on" in (sensor.skipped or "")
    library.home.config_file.write_text("institution: {name: University of Example, timezone: Mars/Olympus}\n")
    assert sensor.tick(NOON) == [] and "cannot be used" in (sensor.skipped or "")
    assert sensor.cursor == cursor
