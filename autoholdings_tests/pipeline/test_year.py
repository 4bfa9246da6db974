"""A year of two vendors with faults at random: it ends in the state of a year in which nothing went wrong.

The sensors are ticked as the daemon ticks them, with the time injected; what they ask for runs as plain steps.
``AUTOHOLDINGS_WEEKS=60`` is the whole year, ``AUTOHOLDINGS_YEAR=7`` another one. The daemon's own part of it is
``e2e/test_daemon.py``.
"""

import functools
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import dagster as dg
import pytest

from autoholdings_assets.pipeline import steps
from autoholdings_assets.pipeline.build import build_definitions
from autoholdings_assets.pipeline.steps import arrivals
from autoholdings_assets.retrieval import inbox, retrieve
from autoholdings_tests.library import Library, Outcome
from autoholdings_tests.unattended import Watched
from autoholdings_tests.year import (
    FIRST_SATURDAY,
    WEEKS,
    Year,
    attach_po_lines,
    content,
    expect_po_lines,
    library_of,
    pass_undisturbed,
    run_at,
)

QUIET_WEEKS = 2
"""At the end nothing goes wrong any more: only then can the two years be alike."""

TICKS = tuple(timedelta(hours=hours) for hours in (0.6, 0.9, 2.2, 6.7, 12.7, 24.7, 30.7, 45, 45.5, 47, 52, 96))
"""When the daemon looks after each Saturday's publication: the moments of the cadences, and pauses between attempts."""

TROUBLES = ("none", "answer", "answer", "file", "alternating", "by hand", "daemon", "deaths")
STEPS = ("retrieve_files", "read_title_lists", "merge_coverage", "plan_changes", "apply_plan", "publish")


@dataclass
class SteppedYear(Year):
    """Its sensors are ticked here, and its runs die at a step when that is their fate."""

    sensors: list[Watched] = field(default_factory=list)
    deaths: list[str] = field(default_factory=list)

    def tick(self, now: datetime) -> None:
        """Each sensor once, and what it asks for."""
        for sensor in self.sensors:
            for request in sensor.tick(now):
                outcome = self.run(request.tags["autoholdings/vendor"], now)
                status = dg.DagsterRunStatus.FAILURE if outcome.error else dg.DagsterRunStatus.SUCCESS
                sensor.record(request, status, outcome)

    def run(self, vendor: str, now: datetime) -> Outcome:
        """A run of the vendor at this moment, which dies at a step when that is its fate."""
        with pytest.MonkeyPatch.context() as patched:
            if self.deaths:
                patched.setattr(steps, self.deaths.pop(), _die)
            outcome = run_at(self.library, vendor, now)
        self.happened[f"run: {outcome.outcome}"] += 1
        return outcome

    def disturbed_week(self, week: int) -> None:
        """A week in which anything may go wrong at each vendor."""
        troubles = [self.chance.choice(TROUBLES) for _ in self.supplies]
        for _ in range(troubles.count("deaths")):
            self.deaths += self.chance.choices(STEPS, k=self.chance.randint(1, 3))
        self.week(week, troubles)


def _die(context: steps.RunContext) -> None:
    raise RuntimeError("the process died")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits: delivered files are complete, and vendors are asked again at once."""
    monkeypatch.setattr(inbox, "QUIET_SECONDS", 0.0)
    monkeypatch.setattr(arrivals, "retrieve", functools.partial(retrieve, wait=lambda seconds: None))


@contextmanager
def ticked(library: Library, name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[SteppedYear]:
    """A year that has not begun, with the sensors that look at it."""
    library, supplies = library_of(library, name, monkeypatch)
    with dg.DagsterInstance.ephemeral() as instance:
        names = ("wiley_new_file", "oup_new_file", "delivered_file")
        sensors = [s for s in build_definitions(library.home).sensors or [] if s.name in names]
        yield SteppedYear(library, supplies, TICKS, sensors=[Watched(library, instance, sensor) for sensor in sensors])


@pytest.mark.slow
@pytest.mark.rule("A2", "A5", "A8", "A10", "C19", "W5", "O4")
def test_a_year_with_faults_ends_like_one_without(
    library: Library, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    weeks = range(WEEKS + QUIET_WEEKS)
    undisturbed, supplies = library_of(library, "undisturbed", monkeypatch)
    pass_undisturbed(undisturbed, supplies, weeks)
    with ticked(library, "disturbed", monkeypatch) as year:
        year.tick(FIRST_SATURDAY - timedelta(days=4))
        assert year.happened == Counter(), "before a vendor's first file there is no run"
        for week in weeks:
            if 0 < week < WEEKS:
                year.disturbed_week(week)
            else:
                year.week(week)
            if week == 0:
                attach_po_lines(year.library)
            expect_po_lines(year.library, week)
    for what, count in sorted(year.happened.items()):
        print(f"{count:4} {what}")
    expected, found = content(undisturbed), content(year.library)
    for table, rows in expected.items():
        assert found[table] == rows, table
    assert year.happened["run: done"] > WEEKS // 2 and year.happened.keys() - {"run: done", "run: nothing new"}
