"""A run that goes on from the week before does what one does that reads, merges and plans everything."""

import shutil

import pytest

from autoholdings_assets.demo.vendor import DemoVendors
from autoholdings_assets.holdings import known_rows, layers
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
        return [_week(library, feed, rows) for rows in WEEKS]


@pytest.mark.rule("A3", "A8", "A10")
@pytest.mark.parametrize("gone", ["nothing", "title_lists", "plans"])
def test_going_on_changes_nothing(
    library: Library, wiley: Feed, expected: list[Told], monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    """Also where a part of staging is gone after each run, and so title lists are staged again under other ids."""
    monkeypatch.setattr(layers, "MOST_LAYERS", 2)
    monkeypatch.setattr(known_rows, "LEAST_LINES", 1)
    monkeypatch.setattr(known_rows, "LEAST_KNOWN", 0.01)
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
