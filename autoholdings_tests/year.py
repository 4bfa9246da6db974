"""A year of two vendors: what they make, what goes wrong on the way, and what the library holds in the end.

What belongs here: the year as such, whoever looks at the vendors. What does not: who does (``pipeline/test_year.py``
ticks the sensors itself, ``e2e/test_daemon.py`` lets Dagster's daemon do it).
"""

import copy
import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from autoholdings_assets.config import Home
from autoholdings_assets.demo.vendor import Fault
from autoholdings_tests import faults
from autoholdings_tests.library import VENDORS, Feed, Library, Outcome, Row, book, isbn, issn, journal, kbart

WEEKS = int(os.environ.get("AUTOHOLDINGS_WEEKS", "5"))
"""How many weeks something goes wrong in; sized for the whole suite, 60 is the year."""

YEAR = int(os.environ.get("AUTOHOLDINGS_YEAR", "2026"))
"""Another number is another year."""

FIRST_SATURDAY = datetime(2026, 1, 3, 10, tzinfo=UTC)  # 02:00 in Los Angeles

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
                issn(9000 + number if number == 12 and week >= 3 else number),
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


@dataclass
class Year:
    """The year as it passes: the library, its vendors, and what happened so far. ``tick`` is whoever looks at them."""

    library: Library
    supplies: list[Supply]
    ticks: Sequence[timedelta]
    chance: random.Random = field(default_factory=lambda: random.Random(YEAR))
    happened: Counter[str] = field(default_factory=Counter)

    def tick(self, now: datetime) -> None:
        """Look at the vendors, and do what follows."""
        raise NotImplementedError

    def down(self, now: datetime) -> None:
        """Nobody looks."""

    def lasts(self, kind: str) -> int:
        """Until which tick of the week something goes wrong; beyond the last one it is all week."""
        return self.chance.randint(1, len(self.ticks) + 3)

    def week(self, week: int, troubles: Sequence[str] = ()) -> None:
        """The vendors make their files, something goes wrong (a word for each vendor), somebody looks."""
        for supply in self.supplies:
            supply.make(week)
        made = [supply for supply in self.supplies if supply.issue >= 0]
        going_on = [self.trouble(supply, week, kind) for supply, kind in zip(made, troubles, strict=False)]
        for number, offset in enumerate(self.ticks):
            up = [trouble(number) for trouble in going_on]
            (self.tick if all(up) else self.down)(saturday(week) + offset)

    def trouble(self, supply: Supply, week: int, kind: str) -> Callable[[int], bool]:
        """What goes wrong at a vendor this week, from tick to tick; False while the daemon is down."""
        until = self.lasts(kind)
        if kind == "answer":
            name = self.chance.choice(sorted(ANSWERS))
        elif kind in ("file", "alternating"):
            name = self.chance.choice(sorted(FILES))
        else:
            name = ""
        self.happened[f"{kind}: {name}" if name else kind] += 1

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
                    now = saturday(week) + self.ticks[tick]
                    if tick == 0:
                        self.deliver(supply.feed.name, [], f"broken in week {week}.txt", now)
                    if tick == 1:
                        self.deliver(supply.feed.name, supply.rows(), f"Vendor_{supply.made_at:%Y-%m-%d}.txt", now)
            return kind != "daemon"

        return at

    def deliver(self, profile: str, content: list[Row], name: str, now: datetime) -> None:
        """Put a file into the inbox at this moment, which takes two writes."""
        folder = self.library.home.inbox / profile
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{name}.part"
        part.write_bytes(kbart(content)[:2000])
        part.write_bytes(kbart(content))
        os.utime(part, (now.timestamp(), now.timestamp()))
        part.rename(folder / name)


def library_of(library: Library, name: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Library, list[Supply]]:
    """A library before its year, in a home of this name, and its two vendors."""
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
    return library, supplies


def pass_undisturbed(library: Library, supplies: Iterable[Supply], weeks: Iterable[int]) -> None:
    """Every file is read on the day on which it is made; the PO lines are attached after the first week."""
    for number, week in enumerate(weeks):
        for supply in supplies:
            before = supply.issue
            supply.make(week)
            if supply.issue > before:
                assert run_at(library, supply.vendor, saturday(week)).outcome == "done"
        if number == 0:
            attach_po_lines(library)


def run_at(library: Library, vendor: str, now: datetime) -> Outcome:
    """A run of the vendor's steps at this moment."""
    context = replace(library.context(vendor), now=now)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Library, "context", lambda *_: context)
        return library.run(vendor)


def attach_po_lines(library: Library) -> None:
    """To so many titles that even after 60 weeks no file takes away half of those that are left."""
    for title in WITH_PO_LINE:
        library.attach_po_line(title, f"POL of {title}")


def expect_po_lines(library: Library, week: int) -> None:
    """None was lost or has moved to another title."""
    kept = library.sql("SELECT po_line FROM portfolio WHERE po_line IS NOT NULL")
    assert {row["po_line"] for row in kept} == {f"POL of {title}" for title in WITH_PO_LINE}, f"week {week}"


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
