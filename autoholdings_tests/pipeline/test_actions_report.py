"""The actions reports (rules C14, C15): every uploaded record, what became of it, and what a person should do."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import duckdb
import pytest
from openpyxl import load_workbook

from autoholdings_assets.demo.vendor import DemoVendors
from autoholdings_assets.holdings.row_results import row_results
from autoholdings_assets.reports.actions_report import ActionsReports
from autoholdings_tests.actions_workbooks import (
    Line,
    Workbook,
    assert_tells_the_history,
    given,
    read,
    write,
)
from autoholdings_tests.library import (
    JOURNALS,
    VENDORS,
    Feed,
    Library,
    book,
    configuration,
    isbn,
    issn,
    journal,
    kbart,
    new_home,
)

OUP_JOURNALS, OUP_BOOKS = (
    next(c.name for c in VENDORS["oup"].collections if c.publication_type == kind) for kind in ("serial", "monograph")
)
ACTA, BETA, GONE, KEPT, BOTH = (issn(number) for number in (1, 3, 5, 7, 9))
FORMULA = "=SUM(A1:A9) & Co <Ltd>"


def with_extra_columns(content: bytes, **columns: str) -> bytes:
    """The file with further columns that are the same in every row."""
    header, *lines = content.decode().splitlines()
    cells = ["\t".join([header, *columns]), *("\t".join([line, *columns.values()]) for line in lines)]
    return "".join(line + "\n" for line in cells).encode()


@dataclass(frozen=True)
class Week:
    """A run of the two campuses with its reports."""

    library: Library
    run_id: str
    reports: ActionsReports
    serial: Workbook
    monograph: Workbook

    def told(self, title: str, action: str) -> list[Line]:
        """The records of a title with an action."""
        records = self.serial.records + self.monograph.records
        return [line for line in records if (line["Title"], line["Action"]) == (title, action)]


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Week]]:
    """Two campuses after two weeks in which each action occurred, a third in which a profile failed, and its undo."""
    home = new_home(tmp_path_factory.mktemp("campuses") / "home")
    listed = [
        journal("Acta Exempla", ACTA), journal("Beta", BETA), journal("Gone", GONE), journal("Kept", KEPT),
        journal("Both", BOTH), journal("Late", issn(21)), journal("One", issn(11), issn(13)),
        journal("Other", issn(15), issn(13)),
    ]  # fmt: skip
    (home.path / "cz.txt").write_bytes(kbart(listed))
    with pytest.MonkeyPatch.context() as monkeypatch, DemoVendors() as vendors:
        library = Library(home, vendors, monkeypatch, configuration("MAIN", "LAW"))
        library.collection(JOURNALS, cz_title_list=str(home.path / "cz.txt"))
        main, law = library.profile("wiley-main", groups=["MAIN"]), library.profile("wiley-law", groups=["LAW"])
        acta = [
            journal("Acta Exempla", ACTA, start="1990", end="1999"),
            journal("Acta Nova", ACTA, start="2001", num_first_vol_online="12"),
        ]
        both, beta = journal("Both", BOTH, start="1980"), journal("Beta", BETA, start="1665-03-06", embargo_info="P1Y")
        lasting = book(FORMULA, isbn(1), notes="0012")
        main.serves(
            [
                *acta,
                beta,
                journal("Gone", GONE, end="2004"),
                journal("Kept", KEPT),
                both,
                lasting,
                book("Lost", isbn(3)),
            ]
        )
        law.serves([both])
        found = [week(library, library.run().run_id)]
        library.attach_po_line("Kept", "POL-7")
        library.attach_po_line("Beta", "POL-3")
        acta[0] |= {"date_last_issue_online": "1995"}
        refused = journal("Late", issn(21), start="soon")
        rows = [
            *acta, acta[1], beta, lasting, refused, journal("Unknown", issn(17)), journal("Either", "", issn(13)), both,
            book("New Book", isbn(5)),
        ]  # fmt: skip
        main.serves(with_extra_columns(kbart(rows), platform="+49 (0)", Price="007"))
        law.serves([journal("Acta Exempla", ACTA, start="1990", end="1995")])
        found.append(week(library, library.run().run_id))
        main.serves([rows[0] | {"date_last_issue_online": ""}, *rows[1:]])
        law.serves(b"<html>Please log in</html>", "Vendor_Global_All_2026-01-17.txt")
        found.append(week(library, library.run().run_id))
        library.undo(found[-1].run_id)
        found.append(week(library, "run-4"))
        yield found


def week(library: Library, run_id: str) -> Week:
    """What is reported of a run."""
    reports = write(library, run_id)
    assert reports is not None
    return Week(library, run_id, reports, read(reports.serial), read(reports.monograph))


@pytest.mark.rule("C14", "A3")
def test_every_record_of_every_profile_is_there_and_says_what_the_history_says(weeks: list[Week]) -> None:
    for week in weeks:
        assert_tells_the_history(week.library, week.run_id, week.reports)
    week = weeks[1]
    assert week.reports.actions == {
        "activate": 1, "update": 4, "unchanged": 2, "duplicate": 1, "remove": 2, "keep": 1, "no match": 1,
        "multiple matches": 1, "rejected": 1,
    }  # fmt: skip
    acta = week.told("Acta Nova", "update")
    assert [line["Row of the file"] for line in acta] == [2, 3, 2]
    assert acta[0]["Coverage lost"] == "1996-1999 lost (4 years)"
    (gone,), (kept,) = week.told("Gone", "remove"), week.told("Kept", "keep")
    assert (gone["Coverage before"], gone["Coverage after"]) == ("2000 - 2004", None)
    assert gone["Reason"] == "No file names it any more." and gone["Coverage lost"] == "2000-2004 lost (5 years)"
    assert (kept["PO line"], kept["Row of the file"]) == ("POL-7", None) and "PO line POL-7" in kept["Reason"]
    (beta,) = week.told("Beta", "unchanged")
    assert beta["PO line"] == "POL-3" and beta["Reason"] == "The file says what the portfolio has."


@pytest.mark.rule("C14")
def test_the_vendors_columns_come_last_and_are_as_in_the_file(weeks: list[Week]) -> None:
    """Leading zeros, signs of formulas and columns that KBART does not know included."""
    (lasting,) = weeks[1].told(FORMULA, "unchanged")
    own = given(lasting)
    assert list(own)[:3] == ["publication_title", "print_identifier", "online_identifier"]
    assert (own["publication_title"], own["notes"]) == (FORMULA, "0012")
    assert (own["platform"], own["price"], own["online_identifier"]) == ("+49 (0)", "007", isbn(1))
    assert lasting["Coverage after"] == "whole book"


@pytest.mark.rule("C15")
def test_with_multi_campus_on_the_groups_appear(weeks: list[Week]) -> None:
    week = weeks[1]
    (both,) = week.told("Both", "update")
    assert (both["Available for, before"], both["Available for, after"]) == ("LAW, MAIN", "MAIN")
    assert both["Coverage lost"] is not None and "for LAW" in both["Coverage lost"]
    assert {line["Available for, after"] for line in week.told("Acta Nova", "update")} == {"LAW, MAIN"}
    assert ("Groups", "LAW, MAIN") in [row[:2] for row in week.serial.summary]


@pytest.mark.rule("C14", "A7")
def test_rows_that_were_not_used_say_why_and_what_to_do(weeks: list[Week]) -> None:
    told = {line["Action"]: line for line in weeks[1].serial.not_used}
    assert set(told) == {"rejected", "no match", "multiple matches"} and not weeks[1].monograph.not_used
    assert all(line["What to do"] and line["Why"] and line["Row of the file"] for line in told.values())
    refused = told["rejected"]
    assert refused["Title"] == "Late" and "Dates are YYYY" in refused["What to do"]
    assert (refused["Column at fault"], refused["What stands there"]) == ("date_first_issue_online", "soon")
    assert "One" in told["multiple matches"]["Why"] and "Other" in told["multiple matches"]["Why"]


@pytest.mark.rule("C14")
def test_the_sheets_are_ready_to_be_worked_with(weeks: list[Week]) -> None:
    """Frozen and filtered header, widths, text as text, dates as dates, a chart, and a page that can be printed."""
    workbook = load_workbook(weeks[1].reports.serial)
    summary, records, not_used = workbook.worksheets
    assert workbook.sheetnames == ["Summary", "Records", "Rows not used"]
    (chart,) = summary._charts
    assert [series.val.numRef.f for series in chart.series] == ["'Summary'!$C$15:$C$22"]
    for sheet in (records, not_used):
        assert sheet.freeze_panes == "B2" and sheet.auto_filter.ref == sheet.dimensions
        assert sheet.print_title_rows == "$1:$1" and sheet.page_setup.orientation == "landscape"
        assert all(sheet.column_dimensions[cell.column_letter].width > 5 for cell in sheet[1])
    filled = {column[0].value: [cell for cell in column[1:] if cell.value is not None] for column in records.columns}
    kinds = {heading: {cell.data_type for cell in cells} for heading, cells in filled.items()}
    assert kinds["Online ISSN or ISBN"] == kinds["online_identifier"] == kinds["price"] == {"s"}
    assert kinds["Row of the file"] == kinds["Portfolio"] == {"n"}
    assert not any("f" in kind for kind in kinds.values()), "no formula"
    days = filled["The row's first day"]
    assert {cell.value for cell in days} >= {datetime(1990, 1, 1), "1665-03-06"}
    assert {cell.data_type for cell in days} == {"d", "s"} and {cell.number_format for cell in days} == {"yyyy-mm-dd"}


@pytest.mark.rule("C14")
def test_the_summary_counts_what_is_listed(weeks: list[Week]) -> None:
    week = weeks[1]
    counts = {row[0]: row[2:4] for row in week.serial.summary if row[0] in week.reports.actions}
    assert counts["update"] == (4, 2) and counts["remove"] == (1, 1) and counts["no match"] == (1, None)
    files = {row[0]: row for row in week.serial.summary if str(row[0]).startswith("wiley-")}
    assert (files["wiley-main"][2], *files["wiley-main"][4:6]) == ("new file", 10, 8)
    assert week.run_id in week.serial.summary_text and "Days before March 1900 are text" in week.serial.summary_text


@pytest.mark.rule("C14")
def test_a_table_goes_on_on_the_next_sheet(weeks: list[Week]) -> None:
    """And a report that is written later tells what was so then, whatever has happened since."""
    week = weeks[1]
    parted = write(week.library, week.run_id, most_rows=4)
    assert parted is not None and parted.serial == week.reports.serial, "it is replaced"
    sheets = load_workbook(parted.serial)
    assert sheets.sheetnames == ["Summary", "Records", *(f"Records {n}" for n in (2, 3, 4)), "Rows not used"]
    assert all(sheet.max_row <= 4 and sheet.freeze_panes == "B2" for sheet in sheets.worksheets[1:])
    again = read(parted.serial)
    assert (again.records, again.not_used) == (week.serial.records, week.serial.not_used)


@pytest.mark.rule("C14", "O3")
def test_free_content_and_collections_that_are_not_active_are_listed_with_advice(library: Library) -> None:
    library.collection(OUP_JOURNALS)
    feed = library.profile("oup-main", VENDORS["oup"])
    feed.serves([journal("Open", issn(1), access_type="F"), journal("Paid", issn(3)), book("Novel", isbn(1))])
    reports = write(library, library.run("oup").run_id)
    assert reports is not None
    (free,) = read(reports.serial).not_used
    assert (free["Title"], free["Action"]) == ("Open", "excluded") and "separately" in free["What to do"]
    (aside,) = read(reports.monograph).not_used
    assert aside["Why"] == f"Electronic collection for update does not exist: {OUP_BOOKS}."
    assert "run again" in aside["What to do"]


@pytest.mark.rule("C14", "A2")
def test_only_the_run_that_carries_a_plan_out_has_reports(library: Library, wiley: Feed) -> None:
    """Not a dry run, not one that found nothing new, and of a held plan the one that applies it once it is accepted."""
    wiley.serves([journal(f"Title {n}", issn(2 * n)) for n in range(30)])
    dry, done, nothing_new = library.run(dry_run=True), library.run(), library.run()
    assert write(library, dry.run_id) is None and write(library, nothing_new.run_id) is None
    first = write(library, done.run_id)
    assert first is not None and not read(first.monograph).records
    assert not any("Available" in heading for heading in read(first.serial).records[0]), "no groups (rule C15)"

    library.guard()
    wiley.serves([journal("Title 0", issn(0), start="1990")])
    held = library.run()
    assert held.outcome == "held" and write(library, held.run_id) is None
    library.accept(held.plan.plan.plan_id, "the contract ended")
    run = library.run()
    reports = write(library, run.run_id)
    assert reports is not None and reports.actions == {"update": 1, "remove": 29}
    assert_tells_the_history(library, run.run_id, reports)
    assert "accepted by Ada: the contract ended" in read(reports.serial).summary_text
    assert write(library, held.run_id) is None


@pytest.mark.rule("C14", "A5")
def test_a_profile_that_could_not_be_read_is_reported_with_its_last_accepted_file(weeks: list[Week]) -> None:
    week = weeks[2]
    (row,) = (row for row in week.serial.summary if row[0] == "wiley-law")
    assert (row[2], row[5]) == ("failed: the last accepted file counts", 1)
    assert "wiley-law was not read and keeps its titles" in week.serial.summary_text
    (kept,) = (line for line in week.serial.records if line["Integration profile"] == "wiley-law")
    assert kept["Vendor's file"] == "Vendor_Global_All_2026-01-10.txt"


@pytest.mark.rule("C14", "A9")
def test_an_undo_is_reported_too(weeks: list[Week]) -> None:
    week = weeks[3]
    assert week.reports.actions == {"update": 1}
    (acta,) = week.serial.records
    assert (
        "Back to what it was before run" in acta["Reason"]
        and acta["Coverage lost"] == "1996-2000 for MAIN lost (5 years)"
    )
    assert not week.monograph.records


def test_staging_is_made_again_and_what_cannot_be_is_said(weeks: list[Week]) -> None:
    week = weeks[1]
    staging = week.library.home.staging
    shutil.rmtree(staging / "title_lists")
    again = write(week.library, week.run_id)
    assert again is not None and read(again.serial).records == week.serial.records
    for staged in (staging / "plans").glob("*/rows"):
        plan_id, former = staged.parent.name, staged.with_suffix(".parquet")
        (plan,) = week.library.sql("SELECT files FROM plan WHERE plan_id = ?", plan_id)
        found = row_results(week.library.home, plan_id, [file["profile"] for file in plan["files"]])
        duckdb.sql(f"COPY (FROM {found}) TO '{former}'")  # as former versions staged them
        shutil.rmtree(staged)
    again = write(week.library, week.run_id)
    assert again is not None and read(again.serial).records == week.serial.records
    for former in (staging / "plans").glob("*/rows.parquet"):
        former.unlink()
    changed = write(week.library, week.run_id)
    assert changed is not None
    assert changed.actions == {"activate": 1, "update": 2, "remove": 2, "keep": 1, "no match": 1, "multiple matches": 1}
    assert "only the titles that were changed are listed" in read(changed.serial).summary_text
