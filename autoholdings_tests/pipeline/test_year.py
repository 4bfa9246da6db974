"""A year of two vendors with faults at random: it ends in the state of a year in which nothing went wrong.

The sensors are ticked as the daemon ticks them, with the time injected; what they ask for runs as plain steps. Sized
for the whole suite; ``AUTOHOLDINGS_WEEKS=60`` is the year, ``AUTOHOLDINGS_YEAR=7`` another one.
"""

import copy
import functools
import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from autoholdings_assets.config import Home
from autoholdings_assets.demo.vendor import Fault
from autoholdings_assets.pipeline import steps
from autoholdings_assets.pipeline.build import build_definitions
from autoholdings_assets.pipeline.steps import arrivals
from autoholdings_assets.retrieval import inbox, retrieve
from autoholdings_tests import faults
from autoholdings_tests.library import VENDORS, Feed, Library, Row, book, isbn, issn, journal, kbart
from autoholdings_tests.unattended import Watched

WEEKS = int(os.environ.get("AUTOHOLDINGS_WEEKS", "5"))
YEAR = int(os.environ.get("AUTOHOLDINGS_YEAR", "2026"))
QUIET_WEEKS = 2
"""At the end nothing goes wrong any more: only then can the two years be alike."""

FIRST_SATURDAY = datetime(2026, 1, 3, 10, tzinfo=UTC)  # 02:00 in Los Angeles
TICKS = tuple(timedelta(hours=hours) for hours in (0.6, 0.9, 2.2, 6.7, 12.7, 24.7, 30.7, 45, 45.5, 47, 52, 96))
"""When the daemon looks after each Saturday's publication: the moments of the cadences, and pauses between attempts."""

WITH_PO_LINE = tuple(f"Journal {number}" for number in range(0, 40, 3))
"""So many that even after 60 weeks no file takes away half of those that are left, which would be held."""


def weekly(week: int) -> list[Row]:
    """A title leaves each week and one comes, two change their coverage, and one ISSN is corrected on the way."""
    journals = range(week // 2, week // 2 + 40)
    books = range((week + 1) // 2, (week + 1) // 2 + 25)
    return [
        *(
            journal(
                f"Journal {number}",
                issn(9000 + number if number == 12 and week >= 5 else number),
                start=str(2000 - (week + number * 7) // 30),
                title_id=f"J{number}",
                title_url=f"https://vendor.example/journal/{number}",
            )
            for number in journals
        ),
        *(book(f"Book {number}", isbn(number)) for number in books),
    ]


def monthly(month: int) -> list[Row]:
    """As ``weekly``, for the other vendor."""
    return [journal(f"Quarterly {number}", issn(5000 + number)) for number in range(month, month + 30)] + [
        book(f"Monograph {number}", isbn(5000 + number)) for number in range(2 * month, 2 * month + 30)
    ]


def saturday(week: int) -> datetime:
    return FIRST_SATURDAY + timedelta(weeks=week)


@dataclass
class Supply:
    """What one vendor makes for the library, week by week, and what it answers at a moment of the week."""

    feed: Feed
    vendor: str
    content: Callable[[int], list[Row]]
    is_monthly: bool = False
    issue: int = -1
    made_at: datetime = FIRST_SATURDAY

    def make(self, week: int) -> None:
        """The week's file, unless there is none this week."""
        if not self.is_monthly or saturday(week).month != saturday(week + 1).month:
            self.issue += 1
            self.made_at = saturday(week)
        self.recover()

    def rows(self) -> list[Row]:
        return self.content(self.issue)

    def serve(self, content: list[Row] | bytes, made_at: datetime | None = None) -> None:
        made_at = made_at or self.made_at
        content = content if isinstance(content, bytes) else kbart(content)
        self.feed.account.publish(content, f"Vendor_Global_All_{made_at:%Y-%m-%d}.txt", made_at)

    def answer(self, fault: Fault) -> None:
        """Nothing but this fault from now on."""
        self.feed.account.faults.clear()
        self.feed.account.fail_next(*[fault] * 60)

    def recover(self) -> None:
        """The right answer from now on; before the first file that is 404."""
        self.feed.account.faults.clear()
        if self.issue >= 0:
            self.serve(self.rows())


ANSWERS: dict[str, Fault] = {
    "401": faults.status(401),
    "403": faults.status(403),
    "404": faults.status(404),
    "429": faults.status(429, {"Retry-After": "0"}),
    "500": faults.status(500, {"Retry-After": "0"}),
    "503": faults.status(503),
    "web page": faults.web_page(),
    "JSON": faults.json_error(),
    "empty": faults.empty_file(),
    "hang up": faults.hang_up(),
    "cut off": faults.cut_after(0.6),
    "longer than it is": faults.said_to_be(1_000_000),
    "broken compression": faults.compressed(0.5),
    "to another host": faults.redirect("http://127.0.0.2:9/elsewhere"),
}
FILES: dict[str, Callable[[Supply], list[Row] | bytes]] = {
    "truncated": lambda supply: supply.rows()[: len(supply.rows()) * 2 // 5],
    "header only": lambda supply: [],
    "another customer's": lambda supply: [journal(f"Other {n}", issn(7000 + n)) for n in range(60)],
    "without identifiers": lambda supply: b"publication_title\tdate_first_issue_online\nActa Exempla\t2000\n",
    "a web page as a file": lambda supply: b"<!DOCTYPE html><html><body>Sign in</body></html>",
}
STEPS = ("retrieve_files", "read_title_lists", "merge_coverage", "plan_changes", "apply_plan", "publish")


@dataclass
class Year:
    """The year as it passes: the library, its sensors, its vendors, and what happened so far."""

    library: Library
    instance: dg.DagsterInstance
    supplies: list[Supply]
    monkeypatch: pytest.MonkeyPatch
    chance: random.Random
    sensors: list[Watched] = field(default_factory=list)
    deaths: list[str] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)

    def tick(self, now: datetime) -> None:
        """Each sensor once, and what it asks for."""
        for sensor in self.sensors:
            for request in sensor.tick(now):
                outcome = self.run(request.tags["autoholdings/vendor"], now)
                status = dg.DagsterRunStatus.FAILURE if outcome.error else dg.DagsterRunStatus.SUCCESS
                sensor.record(request, status, outcome)

    def run(self, vendor: str, now: datetime) -> Any:
        """A run of the vendor at this moment, which dies at a step when that is its fate."""
        context = replace(self.library.context(vendor), now=now)
        with self.monkeypatch.context() as patched:
            patched.setattr(Library, "context", lambda *_: context)
            if self.deaths:
                patched.setattr(steps, self.deaths.pop(), _die)
            outcome = self.library.run(vendor)
        self.happened[f"run: {outcome.outcome}"] += 1
        return outcome

    def deliver(self, profile: str, content: list[Row], name: str) -> None:
        (self.library.home.inbox / profile).mkdir(parents=True, exist_ok=True)
        path = self.library.home.inbox / profile / name
        path.with_name(f"{name}.part").write_bytes(kbart(content)[:2000])
        path.with_name(f"{name}.part").write_bytes(kbart(content))
        path.with_name(f"{name}.part").rename(path)

    def week(self, week: int, disturbed: bool) -> None:
        """The vendors make their files, something goes wrong, the daemon ticks."""
        for supply in self.supplies:
            supply.make(week)
        troubles = [self.trouble(s, week) for s in self.supplies if s.issue >= 0] if disturbed else []
        for number, offset in enumerate(TICKS):
            up = [trouble(number) for trouble in troubles]
            if all(up):
                self.tick(saturday(week) + offset)

    def trouble(self, supply: Supply, week: int) -> Callable[[int], bool]:
        """What goes wrong at a vendor this week, from tick to tick; False while the daemon is down."""
        until = self.chance.randint(1, len(TICKS) + 3)  # the last ones: all week
        kind = self.chance.choice(["none", "answer", "answer", "file", "alternating", "by hand", "daemon", "deaths"])
        if kind == "answer":
            name = self.chance.choice(sorted(ANSWERS))
        elif kind in ("file", "alternating"):
            name = self.chance.choice(sorted(FILES))
        else:
            name = ""
        self.happened[f"{kind}: {name}" if name else kind] += 1
        if kind == "deaths":
            self.deaths += self.chance.choices(STEPS, k=self.chance.randint(1, 3))

        def at(tick: int) -> bool:
            if tick == until:
                supply.recover()
            if tick >= until:
                return True
            match kind:
                case "answer":
                    supply.answer(ANSWERS[name])
                case "file":
                    supply.serve(FILES[name](supply))
                case "alternating":
                    supply.serve(FILES[name](supply) if tick % 2 else supply.rows())
                case "by hand":
                    supply.answer(ANSWERS["503"])
                    if tick == 1:
                        self.deliver(supply.feed.name, [], f"broken in week {week}.txt")
                    if tick == 3:
                        self.deliver(supply.feed.name, supply.rows(), f"Vendor_{supply.made_at:%Y-%m-%d}.txt")
            return kind != "daemon"

        return at


def _die(context: steps.RunContext) -> None:
    raise RuntimeError("the process died")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits: delivered files are complete, and vendors are asked again at once."""
    monkeypatch.setattr(inbox, "QUIET_SECONDS", 0.0)
    monkeypatch.setattr(arrivals, "retrieve", functools.partial(retrieve, wait=lambda seconds: None))


@contextmanager
def year_of(library: Library, name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Year]:
    """A year that has not begun, in a home of this name, of a library with two vendors."""
    home = Home(library.home.path.with_name(name))
    shutil.copytree(library.home.path, home.path)
    library = Library(home, library.vendors, monkeypatch, copy.deepcopy(library.configuration))
    for collection in VENDORS["oup"].collections:
        library.collection(collection.name)
    supplies = [
        Supply(library.profile(f"wiley-{name}"), "wiley", weekly),
        Supply(library.profile(f"oup-{name}", VENDORS["oup"]), "oup", monthly, is_monthly=True),
    ]
    library.guard()
    with dg.DagsterInstance.ephemeral() as instance:
        year = Year(library, instance, supplies, monkeypatch, random.Random(YEAR))
        names = ("wiley_new_file", "oup_new_file", "delivered_file")
        sensors = [s for s in build_definitions(home).sensors or [] if s.name in names]
        year.sensors = [Watched(library, instance, sensor) for sensor in sensors]
        yield year


def attach_po_lines(library: Library) -> None:
    for title in WITH_PO_LINE:
        library.attach_po_line(title, f"POL of {title}")


def content(library: Library) -> dict[str, list[dict[str, Any]]]:
    """The holdings without what two ways to the same state differ in: moments, and numbers of portfolios."""
    return {
        "portfolio": library.sql(
            "SELECT * EXCLUDE (portfolio_id, activated_at, updated_at, missing_since) FROM portfolio ORDER BY title"
        ),
        "coverage": library.sql(
            "SELECT p.title, c.* EXCLUDE (portfolio_id) FROM coverage AS c JOIN portfolio AS p USING (portfolio_id) "
            "ORDER BY p.title, statement_no"
        ),
        "published": library.published("SELECT title, availability, po_line FROM portfolio ORDER BY title"),
    }


@pytest.mark.slow
@pytest.mark.rule("A2", "A5", "A8", "A10", "C19", "W5", "O4")
def test_a_year_with_faults_ends_like_one_without(
    library: Library, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with year_of(library, "undisturbed", monkeypatch) as undisturbed:
        for week in range(WEEKS + QUIET_WEEKS):
            for supply in undisturbed.supplies:
                before = supply.issue
                supply.make(week)
                if supply.issue > before:
                    assert undisturbed.run(supply.vendor, saturday(week)).outcome == "done"
            if week == 0:
                attach_po_lines(undisturbed.library)
    with year_of(library, "disturbed", monkeypatch) as year:
        year.tick(FIRST_SATURDAY - timedelta(days=4))
        assert year.happened == Counter(), "before a vendor's first file there is no run"
        for week in range(WEEKS + QUIET_WEEKS):
            year.week(week, disturbed=0 < week < WEEKS)
            if week == 0:
                attach_po_lines(year.library)
            kept = {
                row["po_line"] for row in year.library.sql("SELECT po_line FROM portfolio WHERE po_line IS NOT NULL")
            }
            assert kept == {f"POL of {title}" for title in WITH_PO_LINE}, f"a PO line is gone in week {week}"
    for what, count in sorted(year.happened.items()):
        print(f"{count:4} {what}")
    for table, expected in content(undisturbed.library).items():
        assert content(year.library)[table] == expected, table
    assert year.happened["run: done"] > WEEKS // 2 and year.happened.keys() - {"run: done", "run: nothing new"}
