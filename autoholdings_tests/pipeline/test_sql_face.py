"""What librarians and data engineers find in holdings.duckdb: the contract's names, a comment on each, answers."""

from collections.abc import Iterator

import duckdb
import pytest

from autoholdings_assets.demo.vendor import DemoVendors
from autoholdings_assets.holdings.publish import publish
from autoholdings_tests.library import (
    BOOKS,
    JOURNALS,
    VENDORS,
    Library,
    book,
    configuration,
    isbn,
    issn,
    journal,
    new_home,
)
from autoholdings_tests.pipeline.test_readme import blocks

OUP_JOURNALS, OUP_BOOKS = (
    next(c.name for c in VENDORS["oup"].collections if c.publication_type == kind) for kind in ("serial", "monograph")
)

CONTRACT = {
    "electronic_collection": "name code cz_collection_id active service_active service_available",
    "integration_profile": "name description vendor active file_format groups schedule",
    "portfolio": "portfolio_id collection title print_identifier online_identifier title_id publication_type title_url "
    "publisher_name first_author editor monograph_volume monograph_edition date_monograph_published_print "
    "date_monograph_published_online access_type parent_publication_title_id preceding_publication_title_id "
    "availability available_for_all available_for po_line license activated_at updated_at missing_since",
    "coverage": "portfolio_id statement_no publication_title print_identifier online_identifier title_id title_url "
    "date_first_issue_online num_first_vol_online num_first_issue_online date_last_issue_online num_last_vol_online "
    "num_last_issue_online embargo_info coverage_depth notes access_type from_date until_date available_for_all "
    "available_for",
    "portfolio_action": "run_id occurred_at vendor collection portfolio_id title action changes reason profile "
    "file_sha256 acted_by",
    "job_run": "run_id vendor started_at ended_at outcome counters groups",
    "kbart_file": "profile vendor file_sha256 file_name",
    "rejected_row": "profile file_sha256 row_number column_name value rule message",
    "excluded_row": "profile file_sha256 row_number reason",
    "plan": "plan_id vendor status",
    "plan_item": "plan_id action portfolio_id title changes reason",
    "needs_attention": "attention_id kind title message",
    "portfolio_version": "portfolio_id valid_from valid_to",
    "coverage_version": "portfolio_id statement_no valid_from valid_to",
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Two campuses and two vendors after weeks in which everything happened that the questions are about.

    One run took a title away and was undone. The portfolios are set back, so that there is a past to ask for.
    """
    home = new_home(tmp_path_factory.mktemp("library") / "home")
    campuses = configuration("MAIN", "LAW", collections=(JOURNALS, BOOKS, OUP_JOURNALS, OUP_BOOKS))
    acta = journal("Acta Exempla", issn(1), start="1990", embargo_info="P1Y")
    older = journal("Old Series", issn(11), start="1950", end="1960")
    shared = journal("Shared Studies", issn(9))
    reports = journal("Reports of Law", issn(13), embargo_info="R10Y;P6M")
    with pytest.MonkeyPatch.context() as monkeypatch, DemoVendors() as vendors:
        library = Library(home, vendors, monkeypatch, campuses)
        main = library.profile("wiley-main", groups=["MAIN"])
        law = library.profile("wiley-law", groups=["LAW"])
        oup = library.profile("oup-main", VENDORS["oup"])
        main.serves(
            [
                acta, older, shared, journal("Botanica Ficta", issn(3), start="1980"), book("On Examples", isbn(1)),
                journal("Lost Letters", issn(5), end="2004"), journal("Paid Proceedings", issn(7)),
            ]
        )  # fmt: skip
        law.serves([shared, reports])
        oup.serves(
            [
                journal("Acta Exempla", issn(1), start="2000", end="2010"),
                journal("Old Series", issn(11), start="1970"),
                book("On Examples", isbn(1)),
            ]
        )
        library.run("oup")
        library.run()
        library.attach_po_line("Paid Proceedings", "POL-7")
        this_week = [
            acta, older, shared, journal("Botanica Ficta", issn(3), start="2010"), book("On Examples", isbn(1)),
            journal("Undated Proceedings", issn(15), start="the beginning"),
        ]  # fmt: skip
        law.serves([reports])
        main.serves(this_week)
        library.run()
        main.serves(this_week[1:])
        mistake = library.run()
        library.undo(mistake.run_id)
        library.write("UPDATE portfolio_version SET valid_from = valid_from - INTERVAL 40 DAY")
        publish(home)
        yield library


def test_every_name_of_the_contract_is_there(library: Library) -> None:
    """Users' queries rely on these tables and columns."""
    found: dict[str, set[str]] = {}
    for row in library.published("SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal"):
        found.setdefault(row["table_name"], set()).add(row["column_name"])
    missing = {table: set(names.split()) - found.get(table, set()) for table, names in CONTRACT.items()}
    assert not {table: names for table, names in missing.items() if names}
    assert library.published("SELECT typeof(available_for_all) a, typeof(available_for) b FROM portfolio")[0] == {
        "a": "BOOLEAN",
        "b": "VARCHAR[]",
    }


def test_everything_in_the_published_copy_says_what_it_is(library: Library) -> None:
    """No table, view, column or macro without a comment, and none that says nothing."""
    things = library.published(
        "SELECT table_name AS thing, comment FROM duckdb_tables() WHERE NOT internal UNION ALL "
        "SELECT view_name, comment FROM duckdb_views() WHERE NOT internal UNION ALL "
        "SELECT table_name || '.' || column_name, comment FROM duckdb_columns() WHERE NOT internal UNION ALL "
        "SELECT function_name, comment FROM duckdb_functions() WHERE NOT internal"
    )
    assert {"portfolio", "loss.what", "portfolio_as_of"} <= {row["thing"] for row in things}
    assert not [row["thing"] for row in things if not (row["comment"] or "").strip()]


@pytest.mark.rule("A11")
def test_every_query_of_the_readme_has_an_answer(library: Library) -> None:
    """Each runs as it stands, on the published copy, and brings rows."""
    queries = blocks("sql")
    answers = {query: library.published(query) for query in queries}
    assert len(queries) >= 10
    assert not [query for query, rows in answers.items() if not rows]


def test_the_views_answer_when_the_file_is_attached_under_another_name(library: Library) -> None:
    """A data engineer attaches several institutions' files side by side."""
    views = [row["view_name"] for row in library.published("FROM duckdb_views() WHERE NOT internal")]
    with duckdb.connect() as other:
        other.execute(f"ATTACH '{library.home.published}' AS example (READ_ONLY)")
        for view in views:
            other.execute(f"SELECT count(*) FROM example.{view}")


def test_what_changed_this_week_is_told_in_words(library: Library) -> None:
    rows = library.published("FROM changed_this_week WHERE title = 'Botanica Ficta' ORDER BY occurred_at")
    assert [row["action"] for row in rows] == ["activate", "update"]
    assert rows[0]["what_changed"] is None and rows[0]["reason"] == "Named by the file for the first time."
    assert rows[1]["what_changed"] == "coverage: 1980 - now -> 2010 - now"
    assert rows[1]["lost"] == "1980-2009 lost"


@pytest.mark.rule("A9")
def test_losses_are_titles_groups_and_years_without_what_an_undo_gave_back(library: Library) -> None:
    rows = library.published("FROM loss ORDER BY title")
    assert [(row["kind"], row["title"], row["what"]) for row in rows] == [
        ("coverage", "Botanica Ficta", "1980-2009 lost"),
        ("title", "Lost Letters", "2000-2004 lost"),
        ("group", "Shared Studies", "not for LAW any more; 2000- for LAW lost"),
    ]
    assert [row["years_lost"] for row in rows[:2]] == [30.0, 5.0]
    assert len(library.published("FROM portfolio_action WHERE title = 'Acta Exempla' AND vendor = 'wiley'")) == 3


@pytest.mark.rule("C19")
def test_po_lines_that_need_attention_are_named(library: Library) -> None:
    (row,) = library.published("FROM po_line_attention")
    assert (row["po_line"], row["title"], row["kind"]) == ("POL-7", "Paid Proceedings", "PO line, title missing")
    assert "so it stays" in row["message"]


def test_titles_in_two_collections_are_shown_with_the_years_that_both_cover(library: Library) -> None:
    rows = {row["title"]: row for row in library.published("FROM title_overlap")}
    assert {title: row["overlap"] for title, row in rows.items()} == {
        "Acta Exempla": "2000-2010",
        "Old Series": None,
        "On Examples": "the whole book",
    }
    assert {rows["Acta Exempla"]["collection"], rows["Acta Exempla"]["other_collection"]} == {JOURNALS, OUP_JOURNALS}
    assert str(rows["Acta Exempla"]["overlap_until"]) == "2010-12-31"


def test_embargoes_are_told_in_words(library: Library) -> None:
    rows = library.published("SELECT title, embargo FROM embargoed_title ORDER BY title")
    assert [(row["title"], row["embargo"]) for row in rows] == [
        ("Acta Exempla", "all but the latest year"),
        ("Reports of Law", "only the latest 10 years, and of these all but the latest 6 months"),
    ]


@pytest.mark.rule("C16", "A14")
def test_it_is_said_who_may_use_what(library: Library) -> None:
    rows = library.published("SELECT group_name, list(title ORDER BY title) AS titles FROM group_access GROUP BY ALL")
    found = {row["group_name"]: row["titles"] for row in rows}
    assert found == {
        "MAIN": ["Acta Exempla", "Botanica Ficta", "Old Series", "On Examples", "Paid Proceedings", "Shared Studies"],
        "LAW": ["Reports of Law"],
        "everyone": ["Acta Exempla", "Old Series", "On Examples"],
    }
