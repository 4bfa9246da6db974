"""Families of former titles, on rows of the shapes that vendors send (compared with the files by hand)."""

import pandas as pd
import pytest

from autoholdings_assets.kbart.validation import read_title_list
from autoholdings_tests.kbart_files import merge_rows
from autoholdings_tests.library import Row, book, isbn, issn, journal, kbart


def merged(*rows: Row) -> pd.DataFrame:
    return merge_rows(read_title_list(kbart(rows)).rows.query("status == 'valid'"))


def names(titles: pd.DataFrame) -> list[str]:
    """The title after which each merged title is named."""
    return sorted(titles[titles["representative"]]["publication_title"])


def former(title: str, online: str, number: int, start: str, end: str, letter: str) -> Row:
    """A former title as a row of its own, with the current title's online ISSN and another print ISSN."""
    return journal(title, online, issn(number), start, end, title_id=f"10.1002/(ISSN){online}{letter}")


@pytest.mark.rule("W4")
def test_a_current_title_and_its_predecessor_are_one_title_named_after_the_current_one() -> None:
    titles = merged(
        former("Practical Chemistry In English", issn(100), 200, "1962", "1997", "a"),
        journal("Practical Chemistry International Edition", issn(100), issn(101), "1998"),
        journal("Practical Chemistry", issn(300), issn(301), "1887"),
    )
    assert names(titles) == ["Practical Chemistry", "Practical Chemistry International Edition"]
    family = titles[titles["online_identifier"] == issn(100)].sort_values("statement_no")
    assert list(family["date_first_issue_online"]) == ["1962", "1998"]
    assert list(family["print_identifier"]) == [issn(200), issn(101)]
    assert family["publication_title"].iloc[0] == "Practical Chemistry In English"


@pytest.mark.rule("W4")
def test_nine_rows_with_parallel_series_are_one_title_with_nine_statements() -> None:
    online = issn(400)
    series = [
        ("A", "1970", "1981"),
        ("B", "1970", "1974"),
        ("B Pure", "1975", "1981"),
        ("C", "1975", "1981"),
        ("A: Theory", "1982", "1987"),
        ("B: Practice", "1982", "1987"),
        ("C: Craft", "1982", "1987"),
    ]
    sections = [
        former(f"Acta Perplexa Section {name}", online, 410 + n, first, last, "abcdefg"[n])
        for n, (name, first, last) in enumerate(series)
    ]
    titles = merged(
        journal("Apex", online, issn(401), "1988"),
        former("Acta Perplexa", online, 402, "1924", "1969", "h"),
        *sections,
    )
    assert names(titles) == ["Apex"]
    assert sorted(titles["statement_no"]) == list(range(1, 10))
    assert titles.sort_values("statement_no")["publication_title"].iloc[[0, -1]].to_list() == ["Acta Perplexa", "Apex"]


@pytest.mark.rule("W4")
def test_a_family_that_has_ended_is_named_after_the_title_that_ended_last_and_began_last() -> None:
    """Sections with one print ISSN, all ended in one year, after the undivided journal."""
    online, printed = issn(500), issn(501)
    titles = merged(
        journal("Journal of Invented Research", online, printed, "1949", "1977"),
        journal("Journal of Invented Research: Planets", online, printed, "1991", "2012"),
        journal("Journal of Invented Research: Oceans", online, printed, "1978", "2012"),
        journal("Journal of Invented Research: Forests", online, printed, "2005", "2012"),
    )
    assert names(titles) == ["Journal of Invented Research: Forests"]
    assert titles["title_key"].nunique() == 1 and len(titles) == 4


@pytest.mark.rule("W4")
def test_rows_far_apart_in_the_file_and_overlapping_stretches_are_one_title() -> None:
    online = issn(600)
    titles = merged(
        former("Monthly Lens", online, 601, "1869", "1877", "b"),
        journal("Unrelated", issn(700)),
        journal("Journal of the Lens", online, issn(602), "1969"),
        former("Transactions of the Lens", online, 603, "1842", "1868", "c"),
        former("Transactions of the Lens Society", online, 604, "1844", "1852", "d"),
    )
    assert names(titles) == ["Journal of the Lens", "Unrelated"]
    family = titles[titles["online_identifier"] == online].sort_values("statement_no")
    assert list(family["date_first_issue_online"]) == ["1842", "1844", "1869", "1969"]


def test_a_chain_of_different_identifiers_never_merges() -> None:
    titles = merged(journal("One", issn(1), issn(2)), journal("Two", "", issn(2)), journal("Three", issn(3), issn(2)))
    assert titles["title_key"].nunique() == 3


def test_one_print_issn_on_three_successive_titles_keeps_three_statements_with_their_urls() -> None:
    urls = [f"https://v.example/{n}" for n in range(3)]
    rows = [
        journal(f"Name {n}", "", issn(1), str(1980 + 10 * n), str(1989 + 10 * n), title_url=url)
        for n, url in enumerate(urls)
    ]
    titles = merged(*rows)
    assert titles["title_key"].nunique() == 1
    assert list(titles.sort_values("statement_no")["title_url"]) == urls


def test_books_merge_only_when_isbn_title_volume_and_edition_agree() -> None:
    titles = merged(
        book("On Examples", isbn(1), monograph_edition="1"),
        book("On examples", isbn(1), monograph_edition="1", access_type="F"),
        book("On Examples", isbn(1), monograph_edition="2"),
        book("On Examples", isbn(1), monograph_edition="1", monograph_volume="2"),
        book("Something Else", isbn(1), monograph_edition="1"),
        book("On Examples", isbn(2), monograph_edition="1"),
    )
    assert titles["title_key"].nunique() == 5
    assert titles[titles["online_identifier"] == isbn(1)]["shared_identifier"].all()
    assert not titles[titles["online_identifier"] == isbn(2)]["shared_identifier"].any()


def test_a_serial_and_a_book_with_one_identifier_never_merge() -> None:
    titles = merged(journal("Annals", issn(1)), book("Annals", issn(1)))
    assert titles["title_key"].nunique() == 2


def test_rows_of_one_issn_can_be_kept_apart_where_a_vendor_wants_it() -> None:
    rows = read_title_list(kbart([journal("One", issn(1), title_id="a"), journal("One", issn(1), title_id="b")])).rows
    assert merge_rows(rows)["title_key"].nunique() == 1
    assert merge_rows(rows, keep_apart=True)["title_key"].nunique() == 2


@pytest.mark.rule("O6")
def test_archive_and_frontfile_of_a_journal_are_one_title_with_two_coverage_statements() -> None:
    """Also where the archive ends the day before the frontfile begins: they are bought apart and shown apart."""
    same = {"title_id": "acta", "title_url": "https://vendor.example/acta"}
    titles = merged(
        journal("Acta Exempla", issn(1), issn(2), "1996-01-01", notes="frontfile", **same),
        journal("Acta Exempla", issn(1), issn(2), "1849-01-01", "1995-12-31", notes="archive", **same),
    )
    assert titles["title_key"].nunique() == 1
    statements = titles.sort_values("statement_no")
    assert list(statements["notes"]) == ["archive", "frontfile"]
    assert list(statements["date_last_issue_online"].isna()) == [False, True]
