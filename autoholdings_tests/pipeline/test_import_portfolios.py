"""Existing portfolios from a list: every line ends in one outcome, and nothing is guessed or overwritten."""

import csv
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from autoholdings_assets.config import load_configuration
from autoholdings_assets.holdings import portfolio_import
from autoholdings_assets.holdings.acts import Act
from autoholdings_assets.holdings.portfolio_import import ImportSummary
from autoholdings_assets.holdings.portfolio_list import Line, PortfolioList, read_portfolio_list
from autoholdings_assets.holdings.warehouse import open_warehouse
from autoholdings_assets.kbart.errors import UnreadableFile
from autoholdings_tests.library import JOURNALS, Feed, Library, issn, journal

HEADER = (
    "PORTFOLIO_PID",
    "Title",
    "ISSN",
    "Availability",
    "Coverage",
    "PO Line",
    "License",
    "Public Note",
    "Internal Description",
    "Bib Suppressed",
)


def write_csv(path: Path, *rows: tuple[str, ...], header: tuple[str, ...] = HEADER, encoding: str = "utf-8") -> Path:
    with path.open("w", newline="", encoding=encoding) as file:
        csv.writer(file).writerows([header, *rows])
    return path


def read_and_do(library: Library, lines: PortfolioList, *, apply: bool = True, **options: bool) -> ImportSummary:
    configuration = load_configuration(library.home)
    collection = configuration.collection(JOURNALS)
    assert collection is not None
    with open_warehouse(library.home.warehouse) as connection:
        summary = portfolio_import.preview(connection, configuration, collection, lines, **options)
        if apply:
            summary = portfolio_import.apply(connection, configuration, Act("import", "Ada", "take over"), summary)
    return summary


def outcomes(summary: ImportSummary) -> dict[int, str]:
    return {line.number: line.outcome for line in summary.lines}


def lines(*given: Line) -> PortfolioList:
    return PortfolioList("list.csv", given, {}, ())


@pytest.mark.rule("C20")
def test_a_workbook_is_read_by_its_headers(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.append(["Export of 2026-01-01"])
    sheet.append(HEADER)
    sheet.append(
        [
            "53123",
            "Acta Exempla",
            f"{issn(1)}; {issn(2)}",
            "Not Available",
            "Available from 1997 volume: 3 issue: 1 until 2004; Available from 2006/03. "
            "Most recent 1 year(s) not available",
            "POL-1",
            "Big Deal",
            "for all",
            "renew in May",
            "No",
        ]
    )
    workbook.save(tmp_path / "list.xlsx")
    found = read_portfolio_list(tmp_path / "list.xlsx")
    (line,) = found.lines
    assert (line.number, line.portfolio_pid, line.title) == (3, "53123", "Acta Exempla")
    assert line.unspecified == (issn(1), issn(2)) and line.availability == "not available" and not line.doubts
    assert (line.po_line, line.license, line.public_note, line.internal_note) == (
        "POL-1",
        "Big Deal",
        "for all",
        "renew in May",
    )
    first, second = line.statements
    assert (first.from_date, first.until_date, first.num_first_vol_online) == (
        date(1997, 1, 1),
        date(2004, 12, 31),
        "3",
    )
    assert (second.date_first_issue_online, second.until_date, second.embargo_info) == ("2006-03", None, "P1Y")
    assert found.ignored == ("Bib Suppressed",)


@pytest.mark.rule("A15")
def test_coverage_may_stand_in_columns_of_its_own(tmp_path: Path) -> None:
    header = ("Title", "ISSN", "From", "From volume", "Until", "Embargo")
    path = write_csv(
        tmp_path / "list.csv",
        ("Acta", issn(1), "1997", "3", "2004-06", "P1Y"),
        ("Annals", issn(3), "", "", "", ""),
        ("Odd", issn(5), "soon", "", "", ""),
        header=header,
    )
    stated, blank, odd = read_portfolio_list(path).lines
    (statement,) = stated.statements
    assert (statement.from_date, statement.until_date) == (date(1997, 1, 1), date(2004, 6, 30))
    assert (statement.num_first_vol_online, statement.embargo_info) == ("3", "P1Y")
    assert (blank.statements, blank.doubts) == ((), ())
    assert odd.statements == () and '"soon - " is not understood' in odd.doubts[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_text_file_is_read_in_any_usual_encoding(tmp_path: Path, encoding: str) -> None:
    path = write_csv(
        tmp_path / "list.csv",
        ("1", "Zeitschrift für Übung", issn(1), "", "", "POL-1", "", "", "", ""),
        encoding=encoding,
    )
    assert [line.title for line in read_portfolio_list(path).lines] == ["Zeitschrift für Übung"]


def test_a_mapping_says_which_column_is_which(tmp_path: Path) -> None:
    header = ("Journal name", "ISSN", "PO Line", "Order")
    path = write_csv(tmp_path / "list.csv", ("Acta Exempla", issn(1), "old", "POL-1"), header=header)
    found = read_portfolio_list(path, {"title": "Journal name", "po_line": "order"})
    assert (found.lines[0].title, found.lines[0].po_line) == ("Acta Exempla", "POL-1")
    assert found.ignored == ("PO Line",)
    with pytest.raises(UnreadableFile, match=r"no column .Price.*Journal name, ISSN"):
        read_portfolio_list(path, {"po_line": "Price"})
    with pytest.raises(UnreadableFile, match='no field "price"'):
        read_portfolio_list(path, {"price": "Order"})


@pytest.mark.parametrize(
    "content",
    ["", "<html><body>Log in</body></html>", "a,b\n1,2\n", "Title,ISSN,PO Line\n", "PO Line,License\nPOL-1,x\n"],
)
def test_a_file_that_is_no_list_is_refused_with_advice(tmp_path: Path, content: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text(content)
    with pytest.raises(UnreadableFile) as refusal:
        read_portfolio_list(path)
    assert refusal.value.message and refusal.value.advice


@pytest.mark.rule("A15")
@pytest.mark.parametrize(
    "coverage", ["1990", "from 05/1996", "from 2004 until 1999", "some volumes", "Available from 1990; gaps"]
)
def test_coverage_that_is_not_certain_is_none(tmp_path: Path, coverage: str) -> None:
    path = write_csv(tmp_path / "list.csv", ("", "Acta Exempla", issn(1), "", coverage, "POL-1", "", "", "", ""))
    (line,) = read_portfolio_list(path).lines
    assert line.statements == () and coverage in line.doubts[0]


@pytest.mark.rule("C20")
def test_before_the_first_vendor_file_portfolios_are_created_and_the_first_run_keeps_them(
    library: Library, wiley: Feed, tmp_path: Path
) -> None:
    library.configuration["policies"] = {"loss_guard": {"active": False}}
    library.save()
    path = write_csv(
        tmp_path / "list.csv",
        (
            "501",
            "Acta Exempla",
            f"{issn(1)}, {issn(2)}",
            "Available",
            "Available from 1997 until 2004",
            "POL-1",
            "Deal",
            "",
            "",
            "",
        ),
        ("502", "Plain", issn(3), "", "", "", "", "", "", ""),
        ("503", "Odd", issn(5), "maybe", "", "", "", "", "", ""),
    )
    found = read_portfolio_list(path)
    shown = read_and_do(library, found, apply=False)
    assert library.titles() == {} and shown.plan_id is None, "a preview changes nothing"
    summary = read_and_do(library, found)
    assert outcomes(summary) == outcomes(shown) == {2: "created", 3: "created", 4: "refused"}
    created = library.titles()["Acta Exempla"]
    assert (created["availability"], created["available_for_all"], created["po_line"]) == ("available", True, "POL-1")
    assert (created["publication_type"], created["activated_at"] is not None) == ("serial", True)
    (statement,) = library.statements("Acta Exempla")
    assert (statement["from_date"], statement["until_date"]) == (date(1997, 1, 1), date(2004, 12, 31))
    wiley.serves([journal("Acta Exempla", issn(2), issn(1), start="1990"), journal("Other", issn(7))])
    library.run()
    titles = library.titles()
    assert titles["Acta Exempla"]["portfolio_id"] == created["portfolio_id"], (
        "known though the list does not say which ISSN is print"
    )
    assert titles["Acta Exempla"]["po_line"] == "POL-1" and set(titles) == {"Acta Exempla", "Other"}


@pytest.fixture
def loaded(library: Library, wiley: Feed) -> Library:
    """A collection that a vendor's file has filled."""
    library.after(first_file)
    return library


def first_file(library: Library) -> None:
    library.feeds["wiley-main"].serves(
        [
            journal("Acta Exempla", issn(1), issn(2)),
            journal("Annals", issn(3), issn(4)),
            journal("Annals", issn(5), issn(6)),
            journal("Review", issn(7)),
            journal("Letters", issn(9), issn(10)),
        ]
    )
    library.run()


@pytest.mark.rule("C20", "A7")
def test_every_line_ends_in_one_outcome(loaded: Library) -> None:
    summary = read_and_do(
        loaded,
        lines(
            Line(2, "Another name", online=(issn(1),), po_line="POL-1", license="Deal"),
            Line(3, "Annals", po_line="POL-2"),
            Line(4, "Review", po_line="POL-3"),
            Line(5, "Unheard of", online=(issn(50),)),
            Line(6, "Bought elsewhere", online=(issn(51),), po_line="POL-4"),
            Line(7, "letters.", online=(issn(52),), po_line="POL-5"),
            Line(8, "Annals", print=(issn(6),)),
            Line(9, None, online=(issn(53),), po_line="POL-6"),
        ),
    )
    assert outcomes(summary) == {
        2: "attached",
        3: "several matches",
        4: "attached",
        5: "no match",
        6: "created",
        7: "several matches",
        8: "unchanged",
        9: "refused",
    }
    assert "no title with which a portfolio could be created" in summary.lines[7].reason
    assert sum(summary.outcomes.values()) == len(summary.lines) and summary.has_findings
    attached = {
        r["po_line"]: r["title"] for r in loaded.sql("SELECT po_line, title FROM portfolio WHERE po_line IS NOT NULL")
    }
    assert attached == {"POL-1": "Acta Exempla", "POL-3": "Review", "POL-4": "Bought elsewhere"}
    several = summary.lines[1]
    assert len(several.portfolio_ids) == 2 and "nothing was guessed" in several.reason
    assert "other identifiers" in summary.lines[5].reason


@pytest.mark.rule("A7")
def test_print_goes_with_print_before_any_cross_match(loaded: Library) -> None:
    """The print ISSN of one journal stands as the online one of another: each line finds its own."""
    loaded.write("UPDATE portfolio_version SET print_identifier = ? WHERE title = 'Review'", issn(1))
    summary = read_and_do(
        loaded,
        lines(
            Line(2, "x", online=(issn(1),), po_line="POL-ACTA"),
            Line(3, "y", print=(issn(1),), po_line="POL-REVIEW"),
        ),
    )
    assert outcomes(summary) == {2: "attached", 3: "attached"}
    assert loaded.titles()["Acta Exempla"]["po_line"] == "POL-ACTA"
    assert loaded.titles()["Review"]["po_line"] == "POL-REVIEW"


def test_two_lines_for_one_portfolio_are_not_guessed_between(loaded: Library) -> None:
    summary = read_and_do(
        loaded,
        lines(
            Line(2, "Review", online=(issn(7),), po_line="POL-1"),
            Line(3, "Review", online=(issn(7),), po_line="POL-2"),
            Line(4, "New", online=(issn(60),), po_line="POL-3"),
            Line(5, "New again", print=(issn(60),), po_line="POL-4"),
        ),
    )
    assert set(outcomes(summary).values()) == {"several matches"}
    assert loaded.sql("FROM acquisition") == []


@pytest.mark.rule("C19")
def test_a_po_line_is_never_overwritten_nor_in_two_places(loaded: Library) -> None:
    read_and_do(loaded, lines(Line(2, "Review", online=(issn(7),), po_line="POL-1", internal_note="ours")))
    before = loaded.state()
    summary = read_and_do(
        loaded,
        lines(
            Line(2, "Review", online=(issn(7),), po_line="POL-9"),
            Line(3, "Acta Exempla", online=(issn(1),), po_line="POL-1"),
            Line(4, "Letters", online=(issn(9),), po_line="POL-7"),
            Line(5, "Annals", online=(issn(3),), po_line="POL-7"),
            Line(6, "Bought elsewhere", online=(issn(51),), po_line="POL-1"),
        ),
        overwrite=True,
    )
    assert set(outcomes(summary).values()) == {"refused"}
    assert "POL-1 is attached to portfolio" in summary.lines[1].reason and "line 5 too" in summary.lines[2].reason
    assert "detach it there first" in summary.lines[4].reason, "nor is a portfolio made for it"
    assert loaded.state() == before
    summary = read_and_do(loaded, lines(Line(2, "Review", online=(issn(7),), po_line="POL-1", internal_note="theirs")))
    assert outcomes(summary) == {2: "refused"} and "--overwrite" in summary.lines[0].reason
    read_and_do(loaded, lines(Line(2, "Review", online=(issn(7),), internal_note="theirs")), overwrite=True)
    (details,) = loaded.sql("FROM acquisition")
    assert (details["po_line"], details["internal_note"]) == ("POL-1", "theirs"), "a blank cell takes nothing away"


def test_the_same_list_again_changes_nothing(loaded: Library) -> None:
    again = lines(
        Line(2, "Review", online=(issn(7),), portfolio_pid="77", po_line="POL-1", license="Deal"),
        Line(3, "Bought elsewhere", online=(issn(51),), po_line="POL-4"),
    )
    assert outcomes(read_and_do(loaded, again)) == {2: "attached", 3: "created"}
    before = loaded.state()
    assert outcomes(read_and_do(loaded, again)) == {2: "unchanged", 3: "unchanged"}
    assert loaded.state() == before
    renamed = lines(Line(2, "Quite another", online=(issn(99),), portfolio_pid="77", license="Deal"))
    assert outcomes(read_and_do(loaded, renamed)) == {2: "unchanged"}, "known by its portfolio PID from then on"


@pytest.mark.rule("C20")
def test_a_full_list_offers_what_it_does_not_have_and_detaches_only_when_asked(loaded: Library) -> None:
    read_and_do(loaded, lines(Line(2, "Review", po_line="POL-1"), Line(3, "Letters", po_line="POL-2")))
    shorter = lines(Line(2, "Review", po_line="POL-1"))
    assert read_and_do(loaded, shorter).offers == (), "additions say nothing of the others"
    summary = read_and_do(loaded, shorter, full_list=True)
    assert [(offer.title, offer.po_line) for offer in summary.offers] == [("Letters", "POL-2")] and summary.has_findings
    assert loaded.titles()["Letters"]["po_line"] == "POL-2"
    summary = read_and_do(loaded, shorter, full_list=True, detach_missing=True)
    assert (summary.offers, loaded.titles()["Letters"]["po_line"]) == ((), None)
    (action,) = loaded.sql("FROM portfolio_action WHERE action = 'detach'")
    assert (action["title"], action["acted_by"]) == ("Letters", "Ada") and "does not have it any more" in action[
        "reason"
    ]


@pytest.mark.rule("A14")
def test_a_list_may_say_which_groups_a_portfolio_is_available_for(library: Library) -> None:
    library.configuration["institution"] |= {
        "customer_parameters": {"multi_campus_inventory_management": True},
        "groups": ["MAIN", "LAW"],
    }
    library.save()
    summary = read_and_do(
        library,
        lines(
            Line(2, "For Law", online=(issn(1),), available_for=("LAW",)),
            Line(3, "For a stranger", online=(issn(3),), available_for=("MED",)),
            Line(4, "For everyone", online=(issn(5),)),
        ),
    )
    assert outcomes(summary) == {2: "created", 3: "refused", 4: "created"} and "MED" in summary.lines[1].reason
    titles = library.titles()
    assert (titles["For Law"]["available_for_all"], titles["For Law"]["available_for"]) == (False, ["LAW"])
    assert (titles["For everyone"]["available_for_all"], titles["For everyone"]["available_for"]) == (True, [])
