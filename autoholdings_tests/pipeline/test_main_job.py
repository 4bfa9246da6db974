"""The main job on small files: what is activated, updated, removed, kept, and what stays as it is."""

from datetime import date
from pathlib import Path

import pytest

from autoholdings_assets.pipeline import steps
from autoholdings_tests.library import BOOKS, JOURNALS, Feed, Library, Row, book, isbn, issn, journal, kbart


@pytest.mark.rule("C12", "W3", "C9")
def test_one_run_activates_journals_and_books_of_one_file(library: Library, wiley: Feed) -> None:
    wiley.serves([journal("Acta Exempla", issn(1), issn(2)), book("On Examples", isbn(1))])
    assert library.titles() == {} and library.run().outcome == "done"
    titles = library.titles()
    collections = {title: row["collection"] for title, row in titles.items()}
    assert collections == {"Acta Exempla": JOURNALS, "On Examples": BOOKS}
    assert all(row["availability"] == "available" and row["available_for_all"] for row in titles.values())
    assert titles["Acta Exempla"]["online_identifier"] == issn(1)
    assert library.statements("Acta Exempla")[0]["from_date"] == date(2000, 1, 1)


@pytest.mark.rule("C10")
def test_only_what_the_file_names_is_activated(library: Library, wiley: Feed, tmp_path: Path) -> None:
    """Also where the Community Zone's list has more, and though the collection is set to activate new portfolios."""
    (tmp_path / "cz.txt").write_bytes(kbart([journal("Acta Exempla", issn(1)), journal("Not Bought", issn(3))]))
    library.collection(JOURNALS, cz_title_list=str(tmp_path / "cz.txt"), automatically_activate_new_portfolios=True)
    wiley.serves([journal("Acta Exempla", issn(1)), journal("Unknown There", issn(5))])
    run = library.run()
    assert list(library.titles()) == ["Acta Exempla"]
    assert run.actions == {"activate": 1, "no match": 1}


@pytest.mark.rule("C17")
def test_the_file_overwrites_all_coverage_local_coverage_included(library: Library, wiley: Feed) -> None:
    nineties = journal("Acta Exempla", issn(1), start="1990", end="1999")
    wiley.serves([nineties, journal("Acta Exempla", issn(1), start="2001")])
    library.run()
    library.write(
        "UPDATE coverage_version SET date_last_issue_online = '2020', until_date = DATE '2020-12-31' "
        "WHERE statement_no = 2"
    )
    wiley.serves([journal("Acta Exempla", issn(1), start="1995")])
    assert library.run().actions == {"update": 1}
    (statement,) = library.statements("Acta Exempla")
    assert (statement["from_date"], statement["until_date"]) == (date(1995, 1, 1), None)
    (action,) = library.sql("SELECT * FROM portfolio_action WHERE action = 'update'")
    assert action["lost"] == "1990-1994 lost"
    assert action["changes"] == [{"field": "coverage", "old": "1990 - 1999; 2001 - 2020", "new": "1995 - now"}]


@pytest.mark.rule("C18")
def test_a_title_that_has_left_the_file_loses_its_portfolio_and_stays_in_the_history(
    library: Library, wiley: Feed
) -> None:
    wiley.serves([journal("Staying", issn(1)), journal("Leaving", issn(3), start="2004", end="2010")])
    library.run()
    wiley.serves([journal("Staying", issn(1))])
    assert library.run().actions == {"remove": 1}
    assert list(library.titles()) == ["Staying"]
    (version,) = library.sql("SELECT * FROM portfolio_version WHERE title = 'Leaving'")
    assert version["valid_to"] is not None and version["ended_by_run_id"] == "run-2"
    (action,) = library.sql("SELECT * FROM portfolio_action WHERE action = 'remove'")
    assert (action["title"], action["lost"]) == ("Leaving", "2004-2010 lost")
    assert action["reason"] == "No file names it any more."


def test_a_title_with_a_po_line_stays_available_and_counts_as_missing(library: Library, wiley: Feed) -> None:
    wiley.serves([journal("Staying", issn(1)), journal("Bought", issn(3))])
    library.first_run()
    library.attach_po_line("Bought", "POL-77")
    wiley.serves([journal("Staying", issn(1))])
    assert library.run().actions == {"keep": 1}
    bought = library.titles()["Bought"]
    assert bought["availability"] == "available" and bought["po_line"] == "POL-77" and bought["missing_since"]
    wiley.serves([journal("Bought", issn(3)), journal("Staying", issn(1))])
    assert library.run().actions == {"update": 1}
    assert library.titles()["Bought"]["missing_since"] is None


def test_the_transaction_fails_when_a_portfolio_with_a_po_line_would_go(library: Library, wiley: Feed) -> None:
    """Whoever wrote the plan: here it was made before the PO line was attached, behind the pipeline's back."""
    wiley.serves([journal("Staying", issn(1)), journal("Bought", issn(3))])
    library.first_run()
    wiley.serves([journal("Staying", issn(1))])
    assert library.run(dry_run=True).actions == {"remove": 1}
    library.attach_po_line("Bought", "POL-77")
    before = library.state()
    with pytest.raises(Exception, match="POL-77"):
        steps.apply_plan(library.context())
    assert library.state() == before


@pytest.mark.rule("A8")
def test_the_same_file_again_is_nothing_new_and_changes_no_row(library: Library, wiley: Feed) -> None:
    wiley.serves([journal("Acta Exempla", issn(1)), book("On Examples", isbn(1))])
    library.run()
    before = library.state()
    again = library.run()
    assert (again.outcome, again.error) == ("nothing new", None)
    assert library.state() == before
    assert [row["outcome"] for row in library.published("FROM job_run ORDER BY started_at")] == ["done", "nothing new"]


@pytest.mark.rule("A8")
def test_the_same_rows_in_another_order_change_nothing(library: Library, wiley: Feed) -> None:
    rows = [journal(f"Journal {n}", issn(n), start=str(1990 + n), end=str(1995 + n)) for n in range(5)]
    rows += [journal(f"Journal {n}", issn(n), start=str(2000 + n)) for n in range(5)] + [book("On Examples", isbn(1))]
    wiley.serves(rows)
    library.run()
    portfolios, coverage = library.sql("FROM portfolio ORDER BY ALL"), library.sql("FROM coverage ORDER BY ALL")
    wiley.serves(rows[::-1])
    assert library.run().actions == {}
    assert library.sql("FROM portfolio ORDER BY ALL") == portfolios
    assert library.sql("FROM coverage ORDER BY ALL") == coverage


@pytest.mark.rule("C11")
def test_a_collection_that_is_not_active_is_reported_and_completed_by_a_later_run(
    library: Library, wiley: Feed
) -> None:
    library.configuration["electronic_collections"] = [{"name": JOURNALS}]
    library.save()
    wiley.serves([journal("Acta Exempla", issn(1)), book("On Examples", isbn(1))])
    run = library.run()
    assert list(library.titles()) == ["Acta Exempla"]
    assert any(f"Electronic collection for update does not exist: {BOOKS}" in note for note in run.plan.plan.notes)
    assert run.plan.plan.row_outcomes == {"activate": 1, "collection not active": 1}
    library.collection(BOOKS)
    assert library.run().actions == {"activate": 1}
    assert set(library.titles()) == {"Acta Exempla", "On Examples"}


@pytest.mark.rule("A1")
def test_a_dry_run_shows_the_plan_by_title_and_field_and_changes_nothing(library: Library, wiley: Feed) -> None:
    wiley.serves([journal("Acta Exempla", issn(1)), journal("Leaving", issn(3))])
    library.run()
    before = library.state()
    renamed = journal("Acta Exempla Nova", issn(1), start="2000", publisher_name="New Press")
    wiley.serves([renamed, journal("Coming", issn(5))])
    run = library.run(dry_run=True)
    assert (run.outcome, library.state()) == ("dry run", before)
    items = {item["title"]: item for item in run.plan.items}
    assert {title: item["action"] for title, item in items.items()} == {
        "Acta Exempla Nova": "update",
        "Leaving": "remove",
        "Coming": "activate",
    }
    changes = {change["field"]: (change["old"], change["new"]) for change in items["Acta Exempla Nova"]["changes"]}
    assert changes["title"] == ("Acta Exempla", "Acta Exempla Nova")
    assert changes["publisher_name"] == (None, "New Press")
    assert library.run().actions == run.actions, "the run applies the plan that was seen"


@pytest.mark.rule("A3")
def test_every_row_ends_in_exactly_one_outcome(library: Library, wiley: Feed) -> None:
    library.configuration["electronic_collections"] = [{"name": JOURNALS}]
    library.save()
    rows = [
        journal("One", issn(1)),
        journal("One", issn(1)),
        journal("Two", issn(3), start="neunzehnhundert"),
        journal("Three", issn(5)),
        book("On Examples", isbn(1)),
    ]
    wiley.serves(rows)
    run = library.run()
    assert run.outcome == "done with findings"
    assert run.plan.unaccounted == {"wiley-main": 0}
    assert run.plan.plan.row_outcomes == {"activate": 2, "duplicate": 1, "rejected": 1, "collection not active": 1}


@pytest.mark.rule("A4")
@pytest.mark.parametrize(
    "broken",
    [
        {"date_first_issue_online": "31.31.2020"},
        {"date_last_issue_online": "soon"},
        {"embargo_info": "one year"},
        {"online_identifier": "", "date_first_issue_online": "x"},
        {"online_identifier": "", "title_id": "", "date_first_issue_online": "x"},
    ],
    ids=["start date", "end date", "embargo", "only title_id and URL left", "only URL left"],
)
def test_a_row_that_cannot_be_read_leaves_its_portfolio_as_it_is(
    library: Library, wiley: Feed, broken: dict[str, str]
) -> None:
    good = [journal("Acta Exempla", issn(1), start="1990", end="1999"), journal("Other", issn(3))]
    wiley.serves(good)
    library.first_run()
    before = library.titles()["Acta Exempla"], library.statements("Acta Exempla")
    wiley.serves([good[0] | broken, good[1] | {"publisher_name": "New Press"}])
    run = library.run()
    assert run.actions == {"keep": 1, "update": 1}
    assert (library.titles()["Acta Exempla"], library.statements("Acta Exempla")) == before
    assert "Row 2 of the file could not be read" in next(i["reason"] for i in run.plan.items if i["action"] == "keep")
    (rejected, *_) = library.sql("SELECT * FROM rejected_row WHERE row_number = 2")
    assert rejected["publication_title"] == "Acta Exempla"


@pytest.mark.rule("A4")
def test_one_broken_row_of_several_does_not_cost_the_title_a_statement(library: Library, wiley: Feed) -> None:
    rows = [journal("Acta Exempla", issn(1), start="1990", end="1999"), journal("Acta Exempla", issn(1), start="2005")]
    wiley.serves(rows)
    library.run()
    wiley.serves([rows[0], rows[1] | {"date_first_issue_online": "bald"}])
    assert library.run().actions == {"keep": 1}
    assert len(library.statements("Acta Exempla")) == 2


@pytest.mark.rule("A4")
def test_a_broken_row_that_names_nothing_suspends_all_removals(library: Library, wiley: Feed) -> None:
    wiley.serves([journal(f"Journal {n}", issn(n)) for n in range(4)])
    library.run()
    nameless = {"publication_title": "", "date_first_issue_online": "x", "publication_type": "serial"}
    wiley.serves([*(journal(f"Journal {n}", issn(n)) for n in range(3)), nameless])
    assert library.run().actions == {"keep": 1}
    assert len(library.titles()) == 4


@pytest.mark.rule("A6")
@pytest.mark.parametrize(
    "later",
    [
        journal("Acta Exempla", issn(9), issn(2), title_id="1"),
        journal("Acta Exempla", issn(1), issn(9), title_id="new-scheme-1", title_url="https://vendor.example/new/1"),
        journal("Acta Exempla", issn(2), issn(1), title_id="1"),
        journal("Acta exempla.", issn(8), issn(9), title_id="1", title_url="https://vendor.example/new/1"),
        journal("Acta Exempla", issn(8), issn(9), title_id="2", title_url="https://vendor.example/1"),
    ],
    ids=[
        "online ISSN corrected",
        "new title_id scheme",
        "ISSNs swapped",
        "both ISSNs new, title_id and title agree",
        "all but URL and title new",
    ],
)
def test_a_title_keeps_its_portfolio_and_po_line_when_an_identifier_changes(
    library: Library, wiley: Feed, later: Row
) -> None:
    other = journal("Other", issn(50), issn(51))
    wiley.serves([journal("Acta Exempla", issn(1), issn(2), title_id="1", title_url="https://vendor.example/1"), other])
    library.first_run()
    before = library.titles()["Acta Exempla"]
    library.attach_po_line("Acta Exempla", "POL-1")
    wiley.serves([later, other])
    assert library.run().actions == {"update": 1}
    after = library.titles()[later["publication_title"]]
    assert (after["portfolio_id"], after["po_line"]) == (before["portfolio_id"], "POL-1")
    assert after["online_identifier"] == later["online_identifier"]


@pytest.mark.rule("A6", "A7")
def test_a_journal_that_takes_over_a_title_id_is_a_possible_title_change_and_gets_no_po_line(
    library: Library, wiley: Feed
) -> None:
    wiley.serves([journal("Health Libraries Review", issn(1), issn(2), title_id="77")])
    library.run()
    library.attach_po_line("Health Libraries Review", "POL-5")
    wiley.serves([journal("Health Information Journal", issn(3), issn(4), title_id="77")])
    run = library.run()
    assert run.actions == {"keep": 1, "possible title change": 1}
    titles = library.titles()
    assert titles["Health Libraries Review"]["po_line"] == "POL-5"
    assert titles["Health Information Journal"]["po_line"] is None
    change = next(i for i in run.plan.items if i["action"] == "possible title change")
    assert change["related_portfolio_ids"] == [titles["Health Libraries Review"]["portfolio_id"]]
    assert '"Health Libraries Review"' in change["reason"]


@pytest.mark.rule("A7")
def test_a_tie_is_reported_with_its_candidates_and_touches_neither(library: Library, wiley: Feed) -> None:
    twins = [
        book("On Examples", isbn(1), title_id="a", title_url="https://v.example/a"),
        book("On Other Examples", isbn(1), title_id="b", title_url="https://v.example/b"),
    ]
    wiley.serves(twins)
    assert library.run().actions == {"activate": 2}
    before = library.titles()
    wiley.serves([book("On New Examples", isbn(1), title_id="c", title_url="https://v.example/c")])
    run = library.run()
    assert run.actions == {"multiple matches": 1, "keep": 2}
    assert library.titles() == before
    ambiguous = next(i for i in run.plan.items if i["action"] == "multiple matches")
    assert ambiguous["related_portfolio_ids"] == sorted(row["portfolio_id"] for row in before.values())


@pytest.mark.rule("A7")
def test_several_community_zone_titles_are_reported_and_none_is_activated(
    library: Library, wiley: Feed, tmp_path: Path
) -> None:
    listed = [
        journal("First", issn(1), issn(9)),
        journal("Second", issn(3), issn(9)),
        journal("Third", issn(5), issn(7)),
    ]
    (tmp_path / "cz.txt").write_bytes(kbart(listed))
    library.collection(JOURNALS, cz_title_list=str(tmp_path / "cz.txt"))
    wiley.serves([journal("Some Title", "", issn(9)), journal("Third", issn(7), issn(5))])
    run = library.run()
    assert run.actions == {"activate": 1, "multiple matches": 1}
    assert library.titles()["Third"]["online_identifier"] == issn(5), "identifiers come from the Community Zone"
    ambiguous = next(i for i in run.plan.items if i["action"] == "multiple matches")
    assert "First" in ambiguous["reason"] and "Second" in ambiguous["reason"]


@pytest.mark.rule("A8")
def test_a_file_older_than_the_last_accepted_one_is_held(library: Library, wiley: Feed) -> None:
    wiley.serves([journal("Acta Exempla", issn(1))], "Vendor_Global_All_2026-03-07.txt")
    library.first_run()
    before = library.state()
    wiley.serves([journal("Acta Exempla", issn(1), start="1980")], "Vendor_Global_All_2026-02-28.txt")
    run = library.run()
    assert run.outcome == "held" and "older than the last accepted one" in run.message
    assert library.state() == before
    wiley.serves([journal("Acta Exempla", issn(1), start="1985")], "Vendor_Global_All_2026-03-14.txt")
    assert library.run().outcome == "done"
    assert library.statements("Acta Exempla")[0]["from_date"] == date(1985, 1, 1)


@pytest.mark.rule("A8")
def test_a_file_seen_before_but_not_last_is_held(library: Library, wiley: Feed) -> None:
    first = [journal("Acta Exempla", issn(1))]
    wiley.serves(first, "Vendor_Global_All.txt")
    library.run()
    wiley.serves([journal("Acta Exempla", issn(1), start="1980")], "Vendor_Global_All.txt")
    library.run()
    before = library.state()
    wiley.serves(first, "Vendor_Global_All.txt")
    run = library.run()
    assert run.outcome == "held" and "accepted before" in run.message
    assert library.state() == before


@pytest.mark.rule("A15")
def test_coverage_ends_with_the_end_of_its_period(library: Library, wiley: Feed) -> None:
    rows = [
        journal("Year", issn(1), end="2004"),
        journal("Month", issn(3), end="2004-02"),
        journal("Day", issn(5), end="2004-02-03"),
    ]
    wiley.serves(rows)
    library.run()
    ends = {title: library.statements(title)[0]["until_date"] for title in ("Year", "Month", "Day")}
    assert ends == {"Year": date(2004, 12, 31), "Month": date(2004, 2, 29), "Day": date(2004, 2, 3)}


def test_a_serial_without_a_start_date_keeps_the_coverage_that_is_known(library: Library, wiley: Feed) -> None:
    wiley.serves([journal("Acta Exempla", issn(1), start="1990", end="1999")])
    library.run()
    wiley.serves([journal("Acta Exempla Nova", issn(1), start="")])
    assert library.run().actions == {"update": 1}
    (statement,) = library.statements("Acta Exempla Nova")
    assert (statement["from_date"], statement["until_date"]) == (date(1990, 1, 1), date(1999, 12, 31))


def test_descriptive_fields_are_overwritten_only_where_the_file_has_a_value(library: Library, wiley: Feed) -> None:
    wiley.serves([journal("Acta Exempla", issn(1), issn(2), publisher_name="Old Press")])
    library.run()
    wiley.serves([journal("Acta Exempla", issn(1), "", title_id="77")])
    library.run()
    row = library.titles()["Acta Exempla"]
    assert (row["publisher_name"], row["print_identifier"], row["title_id"]) == ("Old Press", issn(2), "77")


def test_coverage_that_one_campus_does_not_state_stays_as_it_is_known_to_each(library: Library) -> None:
    """MAIN's row has no start, LAW's has one: each keeps its own, and a further run changes nothing."""
    library.configuration["institution"] |= {
        "customer_parameters": {"multi_campus_inventory_management": True},
        "groups": ["MAIN", "LAW"],
    }
    main, law = library.profile("wiley-main", groups=["MAIN"]), library.profile("wiley-law", groups=["LAW"])
    main.serves([journal("Acta Exempla", issn(1), start="")])
    law.serves([journal("Acta Exempla", issn(1), start="1997")])
    library.run()

    def groups() -> dict[str | None, list[str]]:
        return {row["date_first_issue_online"]: row["available_for"] for row in library.statements("Acta Exempla")}

    assert groups() == {None: ["MAIN"], "1997": ["LAW"]}
    law.serves([journal("Acta Exempla", issn(1), start="1997"), journal("Other", issn(3))])
    assert library.run().actions == {"activate": 1}
    law.serves([journal("Acta Exempla", issn(1), start=""), journal("Other", issn(3))])
    assert library.run().actions == {}
    assert groups() == {None: ["MAIN"], "1997": ["LAW"]}, "LAW's known coverage is not replaced by none"
    main.serves([journal("Acta Exempla", issn(1), start="1990")])
    assert library.run().actions == {"update": 1}
    assert groups() == {"1990": ["MAIN"], "1997": ["LAW"]}
