"""kill -9 in the middle of a run.

The next run finishes the work, no lock stays, and the published copy is whole throughout.
"""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autoholdings_assets.config import Home
from autoholdings_assets.holdings import apply
from autoholdings_assets.pipeline import steps
from autoholdings_assets.pipeline.steps import RunContext
from autoholdings_tests import processes
from autoholdings_tests.library import Feed, Library, book, isbn, issn, journal

RANDOM_MOMENTS = int(os.environ.get("AUTOHOLDINGS_KILLS", "4"))
"""A long run takes 50 or more."""

KILLED = "killed run"
PATIENCE = 120  # a fraction of what a run waits for the warehouse when somebody else has it

BEFORE = [journal(f"Title {n}", issn(n)) for n in range(30)] + [book(f"Book {n}", isbn(n)) for n in range(30)]
AFTER = [journal(f"Title {n}", issn(n), start="1990") for n in range(5, 35)] + BEFORE[30:50]


def run_until(home: Path, point: str) -> None:
    """A run that ends at the named point, in a process of its own."""
    context = RunContext(Home(home), "wiley", KILLED, datetime.now(UTC), "a test")
    if point == "in the transaction, before its statements":
        apply.sql = processes.die  # type: ignore[assignment]
    if point == "in the transaction, after its statements":
        apply.advance_with_run = processes.die
    ways: dict[str, Callable[[RunContext], object]] = {
        "after the files have come": steps.retrieve_files,
        "after staging": steps.read_title_lists,
        "after merging": steps.merge_coverage,
        "after planning": steps.plan_changes,
        "between commit and publish": steps.apply_plan,
        "between publish and report": steps.publish,
        "after the report": steps.report,
    }
    for name, step in ways.items():
        step(context)
        if name == point:
            processes.die()


def content(library: Library) -> tuple[list[dict], list[dict]]:
    """The holdings without what differs between two ways to the same state: moments, run ids, portfolio numbers."""
    return (
        library.published("SELECT * EXCLUDE (portfolio_id, activated_at, updated_at) FROM portfolio ORDER BY title"),
        library.published(
            "SELECT c.* EXCLUDE (portfolio_id) FROM coverage AS c JOIN portfolio AS p USING (portfolio_id) "
            "ORDER BY p.title, statement_no"
        ),
    )


@pytest.fixture
def started(library: Library, wiley: Feed) -> Iterator[Library]:
    """A library after its first run, with a PO line on a title that the next file does not name."""
    wiley.serves(BEFORE)
    library.first_run()
    library.attach_po_line("Title 1", "POL-1")
    wiley.serves(AFTER)
    yield library


def killed(library: Library, point: str, after: float | None = None) -> None:
    """Start a run and let it die at a point, or after so many seconds."""
    process = processes.start(run_until, library.home.path, point)
    if after is not None:
        time.sleep(after)
        process.kill()
    process.join(PATIENCE)
    assert process.exitcode in (-signal.SIGKILL, 0)


def expect_whole(library: Library) -> None:
    """The published copy is the state before the run or after it."""
    titles = {row["title"] for row in library.published("FROM portfolio")}
    assert titles in ({r["publication_title"] for r in BEFORE}, {r["publication_title"] for r in AFTER} | {"Title 1"})


def expect_finished(library: Library) -> None:
    """The next run finishes the work, at once."""
    began = time.monotonic()
    run = library.run()
    assert run.error is None and run.outcome in ("done", "nothing new"), run
    assert time.monotonic() - began < PATIENCE, "nothing waits for the dead run"
    portfolios, _ = content(library)
    assert {row["title"] for row in portfolios} == {r["publication_title"] for r in AFTER} | {"Title 1"}
    assert next(row["po_line"] for row in portfolios if row["title"] == "Title 1") == "POL-1"
    versions = library.sql(
        "SELECT portfolio_id FROM portfolio_version WHERE valid_to IS NULL GROUP BY ALL HAVING count(*) > 1"
    )
    assert versions == [], "no portfolio is in two states at once"
    activated = library.sql(
        "SELECT title FROM portfolio_action WHERE action = 'activate' GROUP BY ALL HAVING count(*) > 1"
    )
    assert activated == [], "nothing was done twice"
    assert library.run().outcome == "nothing new"


@pytest.mark.rule("A10", "C19", "A11")
@pytest.mark.slow
@pytest.mark.parametrize(
    "point",
    [
        "after the files have come",
        "after staging",
        "after merging",
        "after planning",
        "in the transaction, before its statements",
        "in the transaction, after its statements",
        "between commit and publish",
        "between publish and report",
        "after the report",
    ],
)
def test_a_run_killed_at_a_point_is_finished_by_the_next(started: Library, point: str) -> None:
    killed(started, point)
    expect_whole(started)
    expect_finished(started)
    if point == "between publish and report":
        steps.report(started.context())
        workbooks = started.home.reports.glob("wiley/*/*serial_actions_report.xlsx")
        assert len(list(workbooks)) == 2, "the dead run's, and those of the run before, which were never asked for"


@pytest.mark.rule("A10")
@pytest.mark.slow
@pytest.mark.parametrize("moment", range(RANDOM_MOMENTS))
def test_a_run_killed_at_any_moment_is_finished_by_the_next(started: Library, moment: int) -> None:
    killed(started, "never", after=random.Random(moment).uniform(0.05, 2.5))
    expect_whole(started)
    expect_finished(started)
