"""kill -9 in the middle of a run.

The next run finishes the work, no lock stays, and the published copy is whole throughout.
"""

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from autoholdings_assets.config import Home
from autoholdings_assets.holdings import apply
from autoholdings_assets.pipeline import steps
from autoholdings_assets.pipeline.steps import RunContext
from autoholdings_tests.library import Feed, Library, book, isbn, issn, journal

RANDOM_MOMENTS = int(os.environ.get("AUTOHOLDINGS_KILLS", "4"))
"""A long run takes 50 or more."""

FORKING = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload(["autoholdings_tests.pipeline.test_kill"])

BEFORE = [journal(f"Title {n}", issn(n)) for n in range(30)] + [book(f"Book {n}", isbn(n)) for n in range(30)]
AFTER = [journal(f"Title {n}", issn(n), start="1990") for n in range(5, 35)] + BEFORE[30:50]


def die(*_: object, **__: object) -> None:
    """End this process as the operating system would."""
    os.kill(os.getpid(), signal.SIGKILL)


def run_until(home: Path, point: str) -> None:
    """A run that ends at the named point, in a process of its own."""
    context = RunContext(Home(home), "wiley", f"killed {point}", datetime.now(UTC), "a test")
    if point == "in the transaction, before its statements":
        apply.sql = die  # type: ignore[assignment]
    if point == "in the transaction, after its statements":
        apply.advance_with_run = die
    ways: dict[str, Callable[[RunContext], object]] = {
        "after the files have come": steps.retrieve_files,
        "after staging": steps.read_title_lists,
        "after merging": steps.merge_coverage,
        "after planning": steps.plan_changes,
        "between commit and publish": steps.apply_plan,
        "after publishing": steps.publish,
    }
    for name, step in ways.items():
        step(context)
        if name == point:
            die()


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
    library.run()
    library.attach_po_line("Title 1", "POL-1")
    wiley.serves(AFTER)
    yield library


def killed(library: Library, point: str, after: float | None = None) -> None:
    """Start a run and let it die at a point, or after so many seconds."""
    process: BaseProcess = FORKING.Process(target=run_until, args=(library.home.path, point))
    process.start()
    if after is not None:
        time.sleep(after)
        process.kill()
    process.join(60)
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
    assert time.monotonic() - began < 60, "nothing waits for the dead run"
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
        "after publishing",
    ],
)
def test_a_run_killed_at_a_point_is_finished_by_the_next(started: Library, point: str) -> None:
    killed(started, point)
    expect_whole(started)
    expect_finished(started)


@pytest.mark.rule("A10")
@pytest.mark.slow
@pytest.mark.parametrize("moment", range(RANDOM_MOMENTS))
def test_a_run_killed_at_any_moment_is_finished_by_the_next(started: Library, moment: int) -> None:
    killed(started, "never", after=random.Random(moment).uniform(0.05, 2.5))
    expect_whole(started)
    expect_finished(started)
