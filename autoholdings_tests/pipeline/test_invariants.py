"""What must be true after every run: it is, and each way of breaking it by hand is found, with the rows."""

import os
import shutil
from collections.abc import Callable

import duckdb
import pytest

from autoholdings_assets.holdings import invariants
from autoholdings_assets.holdings.invariants import INVARIANTS, Broken, ask_invariants, differing_tables
from autoholdings_assets.holdings.warehouse import open_warehouse
from autoholdings_assets.pipeline.invariants import OF_PORTFOLIOS, OF_PUBLISHED
from autoholdings_assets.pipeline.steps import PortfoliosSummary
from autoholdings_tests.library import JOURNALS, Feed, Library, book, isbn, issn, journal

ROWS = [journal(f"Journal {n}", issn(n), issn(n + 100), start="1990", end="1999") for n in range(25)]
LATER = [journal(f"Journal {n}", issn(n), issn(n + 100), start="2001") for n in range(25)]


def asked(library: Library) -> dict[str, Broken]:
    with open_warehouse(library.home.warehouse) as connection:
        return ask_invariants(connection, library.home, "wiley", keep_apart=False).broken


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


ALL = {invariant.name for invariant in INVARIANTS}


def judged_again(library: Library) -> PortfoliosSummary:
    """What the next run finds that finds nothing new."""
    run = library.run()
    assert run.outcome == "nothing new" and run.portfolios, run
    return run.portfolios


def test_what_held_is_not_asked_again_while_nobody_writes_to_the_holdings(loaded: Library) -> None:
    attached(loaded)
    loaded.run()
    forgotten(loaded)
    first, second, third = (judged_again(loaded) for _ in range(3))
    assert (first.known_invariants, second.known_invariants, third.known_invariants) == (set(), ALL, ALL)
    assert not second.broken_invariants
    for check in OF_PORTFOLIOS:
        of_first, of_second = check.judge(first), check.judge(second)
        assert of_first.passed and of_second.passed and of_second.metadata == {"rows": 0}
        assert of_second.sentence.startswith(of_first.sentence)
        assert "nobody has written" in of_second.sentence and "nobody has written" not in of_first.sentence


def test_what_did_not_hold_is_asked_by_every_run(library: Library, wiley: Feed) -> None:
    wiley.serves([book("On Examples", isbn(1), title_id="a"), book("On Other Examples", isbn(1), title_id="b")])
    library.run()
    for _ in range(2):
        again = judged_again(library)
        assert again.known_invariants == ALL - {"identifiers_kept_apart"}
        assert list(again.broken_invariants) == ["identifiers_kept_apart"]


@pytest.mark.parametrize("name", [invariant.name for invariant in INVARIANTS])
def test_a_run_that_finds_nothing_new_finds_what_somebody_wrote_past_the_pipeline(loaded: Library, name: str) -> None:
    for _ in range(2):
        judged_again(loaded)
    before = loaded.home.warehouse.stat()
    with duckdb.connect(str(loaded.home.warehouse)) as connection:  # as a person with DuckDB
        connection.execute(BROKEN_BY[name][0])
    os.utime(loaded.home.warehouse, ns=(before.st_atime_ns, before.st_mtime_ns))  # even where its date tells nothing
    again = judged_again(loaded)
    assert name in again.broken_invariants and again.known_invariants == set()
    assert name in judged_again(loaded).broken_invariants


def test_what_is_only_in_the_log_beside_the_warehouse_is_seen(loaded: Library) -> None:
    """DuckDB leaves what is written there when it is killed, and the warehouse's file as it was."""
    for _ in range(2):
        judged_again(loaded)
    before = loaded.home.warehouse.stat()
    loaded.write_and_die(BROKEN_BY["coverage_is_in_order"][0])
    assert loaded.home.warehouse.stat().st_mtime_ns == before.st_mtime_ns
    assert loaded.home.warehouse.with_name("warehouse.duckdb.wal").stat().st_size
    assert "coverage_is_in_order" in judged_again(loaded).broken_invariants


def attached(library: Library) -> None:
    library.attach_po_line("Journal 9", "POL-9")


def restored(library: Library) -> None:
    """The very file, put back."""
    copy = library.home.path / "copy"
    shutil.copy2(library.home.warehouse, copy)
    copy.replace(library.home.warehouse)


def described(library: Library) -> None:
    library.change_profile("wiley-main", description="Main campus")


def cut_off(library: Library) -> None:
    mark = library.home.warehouse.with_name("warehouse.duckdb.mark")
    mark.write_text(mark.read_text()[:-5])


def died(library: Library) -> None:
    """A step that did not come to its end."""
    with pytest.raises(KeyboardInterrupt), open_warehouse(library.home.warehouse, for_step=True) as connection:
        connection.execute("INSERT INTO job_run (run_id, vendor) VALUES ('died', 'wiley')")
        raise KeyboardInterrupt


def forgotten(library: Library) -> None:
    (library.home.staging / "invariants" / "wiley.json").write_text("{}")


@pytest.mark.parametrize("what", [attached, restored, described, cut_off, died, forgotten])
def test_all_is_asked_again_after_anything_that_may_have_changed_an_answer(
    loaded: Library, what: Callable[[Library], None]
) -> None:
    for _ in range(2):
        judged_again(loaded)
    what(loaded)
    run = loaded.run()
    assert run.portfolios and run.portfolios.known_invariants == set()
