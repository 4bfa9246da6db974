"""What must be true after every run: it is, and each way of breaking it by hand is found, with the rows."""

import pytest

from autoholdings_assets.holdings import invariants
from autoholdings_assets.holdings.invariants import INVARIANTS, Broken, broken_invariants, differing_tables
from autoholdings_assets.holdings.warehouse import open_warehouse
from autoholdings_assets.pipeline.invariants import OF_PORTFOLIOS, OF_PUBLISHED
from autoholdings_tests.library import JOURNALS, Feed, Library, book, isbn, issn, journal

ROWS = [journal(f"Journal {n}", issn(n), issn(n + 100), start="1990", end="1999") for n in range(25)]
LATER = [journal(f"Journal {n}", issn(n), issn(n + 100), start="2001") for n in range(25)]


def asked(library: Library) -> dict[str, Broken]:
    with open_warehouse(library.home.warehouse) as connection:
        return broken_invariants(connection, "wiley", keep_apart=False)


@pytest.fixture
def loaded(library: Library) -> Library:
    """Two campuses with 25 journals of two statements; one has a PO line."""
    library.configuration["institution"] |= {
        "customer_parameters": {"multi_campus_inventory_management": True},
        "groups": ["MAIN", "LAW"],
    }
    library.profile("wiley-main", groups=["MAIN"])
    library.profile("wiley-law", groups=["LAW"])
    library.after(two_weeks)
    return library


def two_weeks(library: Library) -> None:
    main, law = library.feeds["wiley-main"], library.feeds["wiley-law"]
    main.serves([*ROWS, *LATER])
    law.serves(ROWS[:5])
    library.run()
    library.attach_po_line("Journal 7", "POL-7")
    main.serves([*ROWS[:20], *LATER[:20]])
    law.serves(ROWS[:3])
    outcome = library.run()
    assert outcome.outcome == "done" and outcome.portfolios.broken_invariants == {}


BROKEN_BY = {
    "no_po_line_portfolio_removed": (
        "UPDATE portfolio_version SET valid_to = now(), ended_by_run_id = 'x' WHERE title = 'Journal 7' AND "
        "valid_to IS NULL",
        1,
    ),
    "acquisitions_untouched": ("UPDATE acquisition_version SET valid_from = (SELECT max(applied_at) FROM plan)", 1),
    "available_is_granted": ("DELETE FROM portfolio_grant WHERE portfolio_id <= 10", 9),
    "groups_as_profiles_say": (
        "UPDATE portfolio_version SET available_for = ['LAW', 'MAIN'] WHERE valid_to IS NULL",
        17,
    ),
    "online_identifier_is_unique": (f"UPDATE portfolio_version SET online_identifier = '{issn(1)}'", 20),
    "identifiers_kept_apart": (f"UPDATE portfolio_version SET print_identifier = '{issn(1)}'", 20),
    "coverage_is_in_order": ("UPDATE coverage_version SET from_date = DATE '2015-01-01' WHERE statement_no = 1", 40),
    "history_is_gapless": ("UPDATE portfolio_version SET valid_to = valid_from WHERE valid_to IS NOT NULL", 1),
}


def test_a_grave_fault_is_reported_at_once_since_its_check_ends_the_run(loaded: Library) -> None:
    loaded.write(BROKEN_BY["no_po_line_portfolio_removed"][0])
    run = loaded.run()
    assert "no_po_line_portfolio_removed" in run.portfolios.broken_invariants
    (folder,) = loaded.home.reports.glob(f"wiley/*-{run.run_id}")
    assert (folder / "job_report.html").is_file()


@pytest.mark.rule("C19", "A9", "A14", "C16")
@pytest.mark.parametrize("name", [invariant.name for invariant in INVARIANTS])
def test_each_invariant_finds_what_breaks_it(loaded: Library, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And gives no more rows than people look at: of some queries DuckDB 2.0.0 gives more than their LIMIT."""
    monkeypatch.setattr(invariants, "SHOWN_ROWS", 5)
    assert asked(loaded) == {}
    statement, at_least = BROKEN_BY[name]
    loaded.write(statement)
    broken = asked(loaded)[name]
    assert broken.count >= at_least and len(broken.rows) == min(broken.count, 5)
    (check,) = [check for check in OF_PORTFOLIOS if check.name == name]
    verdict = check.judge(type("Result", (), {"broken_invariants": {name: broken}}))
    assert not verdict.passed and verdict.metadata["rows"] == broken.count
    assert next(iter(broken.rows[0].values())) in verdict.metadata["offending_rows"].records[0].data.values()


def test_books_kept_apart_on_purpose_are_a_warning_only(library: Library, wiley: Feed) -> None:
    wiley.serves([book("On Examples", isbn(1), title_id="a"), book("On Other Examples", isbn(1), title_id="b")])
    outcome = library.run()
    assert outcome.outcome == "done"
    assert list(outcome.portfolios.broken_invariants) == ["identifiers_kept_apart"]
    (check,) = [check for check in OF_PORTFOLIOS if check.name == "identifiers_kept_apart"]
    assert not check.blocking and not check.judge(outcome.portfolios).passed


@pytest.mark.rule("A4", "A7")
def test_what_a_plan_keeps_on_purpose_breaks_nothing(library: Library, wiley: Feed) -> None:
    wiley.serves([*ROWS[:3], *LATER[:3]])
    library.run()
    wiley.serves([ROWS[0], LATER[0], ROWS[1] | {"date_first_issue_online": "bald"}])
    assert library.run().portfolios.broken_invariants == {}


@pytest.mark.rule("A11")
def test_the_published_copy_is_compared_with_the_warehouse(loaded: Library) -> None:
    def differing() -> list[str]:
        with open_warehouse(loaded.home.warehouse) as connection:
            return differing_tables(connection, loaded.home.published)

    assert differing() == []
    loaded.write(
        f"UPDATE portfolio_version SET title = 'Other' WHERE title = 'Journal 3' AND collection = '{JOURNALS}'"
    )
    assert differing() == ["portfolio_version"]
    verdict = OF_PUBLISHED[0].judge(type("Result", (), {"differing_tables": differing()}))
    assert not verdict.passed and "portfolio_version" in verdict.sentence


def test_a_run_that_finds_nothing_new_judges_the_state_all_the_same(loaded: Library) -> None:
    """What somebody wrote into the warehouse past the pipeline is found, though no holdings have changed by a run."""
    loaded.write(BROKEN_BY["coverage_is_in_order"][0])
    run = loaded.run()
    assert run.outcome == "nothing new", run
    assert run.portfolios is not None and "coverage_is_in_order" in run.portfolios.broken_invariants
