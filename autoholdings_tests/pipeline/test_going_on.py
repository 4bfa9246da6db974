"""A run that goes on from the week before does what one does that reads, merges and plans everything."""

import shutil
from typing import Any

import pytest

from autoholdings_assets.demo.vendor import DemoVendors
from autoholdings_assets.holdings import known_rows, layers, plan
from autoholdings_assets.holdings.apply import NotApplicable
from autoholdings_assets.holdings.warehouse import Connection
from autoholdings_tests.actions_workbooks import assert_tells_the_history, write
from autoholdings_tests.library import Feed, Library, Row, book, configuration, isbn, issn, journal, new_home

Told = dict[str, list[tuple[object, ...]]]
JOURNALS = [journal(f"Journal {n}", issn(n), title_id=f"j{n}") for n in range(8)]
OLDER = [row | {"date_first_issue_online": "1980", "date_last_issue_online": "1989"} for row in JOURNALS[:3]]
BOOKS = [book(f"Book {n}", isbn(n), title_id=f"b{n}") for n in range(4)]
BAD = journal("Unreadable", issn(7), title_id="j7", date_first_issue_online="soon")
WEEKS: list[list[Row]] = [
    [*JOURNALS[:6], *OLDER, *BOOKS[:3], BOOKS[0]],
    [*BOOKS[::-1], *JOURNALS[1:7], *OLDER, BAD],  # turned round, with a new book, and journals that come and go
    [BOOKS[0], *JOURNALS[:6], OLDER[0], JOURNALS[6] | {"publisher_name": "B"}, BOOKS[1] | {"publication_title": "B"}],
]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[Told]:
    """What a library has after each week that takes no fast path."""
    with DemoVendors() as vendors, pytest.MonkeyPatch.context() as patch:
        library = Library(new_home(tmp_path_factory.mktemp("whole")), vendors, patch, configuration())
        feed = library.profile("wiley-main")
        library.guard(active=False)
        patch.setattr(known_rows, "LEAST_LINES", 1_000)
        return [_week(library, feed, rows) for rows in WEEKS]


@pytest.fixture(autouse=True)
def _any_file_is_large_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "MOST_LAYERS", 2)
    monkeypatch.setattr(layers, "FEW_RECORDS", 0)
    monkeypatch.setattr(known_rows, "LEAST_LINES", 1)
    monkeypatch.setattr(known_rows, "LEAST_KNOWN", 0.01)


def two_weeks(library: Library) -> None:
    library.guard(active=False)
    for rows in WEEKS[:2]:
        _week(library, library.feeds["wiley-main"], rows)


@pytest.mark.rule("A3", "A8", "A10")
@pytest.mark.parametrize("gone", ["nothing", "title_lists", "plans"])
def test_going_on_changes_nothing(library: Library, wiley: Feed, expected: list[Told], gone: str) -> None:
    """Also where a part of staging is gone after each run, and so title lists are staged again under other ids."""
    library.guard(active=False)
    for week, rows in enumerate(WEEKS):
        assert _week(library, wiley, rows) == expected[week], week
        shutil.rmtree(library.home.staging / gone, ignore_errors=True)
        if gone == "title_lists" and week:
            run_id = f"run-{library.runs}"
            reports = write(library, run_id)
            assert reports is not None
            assert_tells_the_history(library, run_id, reports)
    went_on = [bool(layers.told(path)["continued"]) for path in (library.home.staging / "coverage").iterdir()]
    assert sum(went_on) == (1 if gone == "title_lists" else 2)  # the first list is staged again under the same ids


@pytest.mark.parametrize(
    ("folder", "file", "how"),
    [
        ("coverage/*", "000", "gone"),
        ("coverage/*", "001", "cut off"),
        ("plans/wiley-2/titles", "000", "gone"),
        ("plans/wiley-2/titles", "ended", "cut off"),
    ],
)
def test_a_damaged_state_is_not_gone_on_from(
    library: Library, wiley: Feed, expected: list[Told], folder: str, file: str, how: str
) -> None:
    """Where a file of what was staged the week before is missing or damaged, all is done anew."""
    library.after(two_weeks)
    damaged = list(library.home.staging.glob(f"{folder}/{file}.parquet"))
    assert damaged
    for path in damaged:
        content = path.read_bytes()
        path.unlink()
        if how == "cut off":
            path.write_bytes(content[: len(content) // 2])
    assert _week(library, wiley, WEEKS[2]) == expected[2]


@pytest.mark.rule("A3")
@pytest.mark.parametrize("how", ["a row is lost", "a title has two results"])
def test_a_row_without_one_outcome_is_told_and_nothing_applied(
    library: Library, wiley: Feed, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Whatever the planner has done wrong, and whoever applies the plan."""
    library.after(two_weeks)
    before, right = library.state(), plan.stage_titles
    statement = {
        "a row is lost": "DELETE FROM picked_row WHERE row_id = (SELECT max(row_id) FROM compared_row)",
        "a title has two results": "INSERT INTO compared_result "
        "SELECT title_key, NULL, 'keep' FROM compared_result LIMIT 1",
    }[how]

    def wrong(connection: Connection, *parameters: Any) -> None:
        connection.execute(statement)
        right(connection, *parameters)

    monkeypatch.setattr(plan, "stage_titles", wrong)
    wiley.serves(WEEKS[2])
    outcome = library.run()
    assert outcome.plan.unaccounted["wiley-main"] > 0
    assert isinstance(outcome.error, NotApplicable) and "does not account for every row" in str(outcome.error)
    assert library.state() == before


def test_the_report_of_an_undo_has_no_rows_of_a_plan_that_died(
    library: Library, wiley: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The undo's plan gets the number of one whose process died when it was staged."""
    library.after(two_weeks)
    wiley.serves(WEEKS[2])
    with monkeypatch.context() as patch:
        patch.setattr(plan, "judge", lambda *_: 1 / 0)
        assert isinstance(library.run().error, ZeroDivisionError)
    assert (library.home.staging / "plans" / "wiley-3" / "rows").exists()
    undone = library.undo("run-2")
    assert undone.plan_id == "wiley-3"
    reports = write(library, f"run-{library.runs}")
    assert reports is not None and reports.actions == undone.actions


def _week(library: Library, feed: Feed, rows: list[Row]) -> Told:
    feed.serves(rows)
    outcome = library.run()
    assert outcome.error is None and outcome.plan.unaccounted == {"wiley-main": 0}
    return _told(library)


def _told(library: Library) -> Told:
    """Portfolios, coverage and what was done, whatever the numbers of portfolios."""
    named = (
        "SELECT portfolio_id, title, online_identifier FROM portfolio_version "
        "QUALIFY row_number() OVER (PARTITION BY portfolio_id ORDER BY valid_from) = 1"
    )
    queries = {
        "portfolio": "SELECT * EXCLUDE (portfolio_id, activated_at, updated_at, missing_since), missing_since IS NULL "
        "FROM portfolio",
        "coverage": f"SELECT n.title, c.* EXCLUDE (portfolio_id) FROM coverage AS c JOIN ({named}) AS n "
        "USING (portfolio_id)",
        "items": "SELECT p.plan_id, i.* EXCLUDE (plan_id, item_no, portfolio_id, related_portfolio_ids) "
        "FROM plan_item AS i JOIN plan AS p USING (plan_id)",
        "counters": "SELECT plan_id, counters, status FROM plan",
    }
    told = {name: [tuple(row.values()) for row in library.sql(query)] for name, query in queries.items()}
    return {name: sorted(rows, key=repr) for name, rows in told.items()}
