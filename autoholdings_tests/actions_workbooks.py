"""Actions reports read back with openpyxl, and held against the history that they tell.

What belongs here: reading, and what is true of every run's reports. What does not: any one scene.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from itertools import zip_longest
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from autoholdings_assets.config import load_configuration
from autoholdings_assets.holdings.row_results import row_results
from autoholdings_assets.holdings.runs import find_runs
from autoholdings_assets.holdings.warehouse import open_warehouse
from autoholdings_assets.reports.actions_report import ActionsReports, write_actions_reports
from autoholdings_tests.library import Library

LAST_OWN_HEADING = "Portfolio"
"""What follows is the vendor's."""

SUMMARY_WIDTH = 6

Line = dict[str, Any]


@dataclass(frozen=True)
class Workbook:
    """A report as a person opens it: the lines of its sheets by heading, and the summary's cells."""

    records: list[Line]
    not_used: list[Line]
    summary: list[tuple[Any, ...]]

    @property
    def summary_text(self) -> str:
        """All that the summary says."""
        return "\n".join(str(value) for row in self.summary for value in row if value is not None)


def write(library: Library, run_id: str, **keys: Any) -> ActionsReports | None:
    """Write the reports of a run."""
    with open_warehouse(library.home.warehouse) as connection:
        run = next(run for run in find_runs(connection, run=run_id) if run.run_id == run_id)
        return write_actions_reports(connection, library.home, load_configuration(library.home), run, **keys)


def read(path: Path) -> Workbook:
    """Read a workbook; a table may go on over several sheets."""
    found: dict[str, list[Line]] = {"Records": [], "Rows not used": []}
    book = load_workbook(path, read_only=True)
    for sheet in book.worksheets[1:]:
        header, *rows = sheet.values
        table = sheet.title.rstrip("0123456789").rstrip()
        found[table] += [dict(zip_longest(header, row)) for row in rows]  # a row ends with its last cell
    summary = [(*row, *[None] * (SUMMARY_WIDTH - len(row))) for row in book.worksheets[0].values]
    return Workbook(found["Records"], found["Rows not used"], summary)


def read_both(reports: ActionsReports) -> Workbook:
    """Both workbooks of a run as one."""
    serial, monograph = read(reports.serial), read(reports.monograph)
    return Workbook(
        serial.records + monograph.records,
        serial.not_used + monograph.not_used,
        serial.summary + monograph.summary,
    )


def given(line: Line) -> dict[str, str | None]:
    """The vendor's own columns of a line."""
    headings = list(line)
    return {heading: line[heading] for heading in headings[headings.index(LAST_OWN_HEADING) + 1 :]}


def assert_tells_the_history(library: Library, run_id: str, reports: ActionsReports) -> list[Line]:
    """Every line says what the warehouse says of that run, and nothing that the run did is missing; gives the lines."""
    (plan,) = library.sql("FROM plan WHERE applied_run_id = ? AND kind IN ('upload', 'undo')", run_id)
    lines = read_both(reports).records
    assert len(lines) == reports.records and Counter(line["Action"] for line in lines) == reports.actions
    _assert_every_row_is_there(library, plan, lines)
    _assert_every_item_is_there(library, plan, lines)
    _assert_portfolios_are_as_they_were(library, plan, lines)
    return lines


def _assert_every_row_is_there(library: Library, plan: Line, lines: list[Line]) -> None:
    """One line for every row of every file, with the outcome that the run recorded."""
    of_rows = {
        (line["Integration profile"], line["Row of the file"]): line for line in lines if line["Row of the file"]
    }
    assert len(of_rows) == sum(line["Row of the file"] is not None for line in lines), "no row twice"
    if plan["kind"] == "undo":
        assert not of_rows
        return
    staged = row_results(library.home, plan["plan_id"], [file["profile"] for file in plan["files"]])
    outcomes = library.sql(f"SELECT profile, row_number, outcome, collection, portfolio_id FROM {staged}")
    assert {(row["profile"], row["row_number"]) for row in outcomes} == set(of_rows)
    for row in outcomes:
        line = of_rows[row["profile"], row["row_number"]]
        assert (line["Action"], line["Electronic collection"], line["Portfolio"]) == (
            row["outcome"],
            row["collection"],
            row["portfolio_id"],
        )
    totals = library.sql(
        "SELECT sum(total_rows) AS n FROM kbart_file AS k SEMI JOIN "
        "(SELECT unnest(files, recursive := true) FROM plan WHERE plan_id = ?) AS f USING (profile, file_sha256)",
        plan["plan_id"],
    )
    assert totals == [{"n": len(of_rows)}]
    counted = {
        (c["collection"], c["profile"], c["counter"].removeprefix("rows: ")): c["value"]
        for c in plan["counters"]
        if c["counter"].startswith("rows: ")
    }
    assert counted == Counter(
        (line["Electronic collection"], line["Integration profile"], line["Action"]) for line in of_rows.values()
    )


def _assert_every_item_is_there(library: Library, plan: Line, lines: list[Line]) -> None:
    """Every plan item (every ``portfolio_action`` is one) has its line or lines, and they say what it says."""
    by_action: dict[tuple[str, int], list[Line]] = {}
    for line in lines:
        if line["Portfolio"]:
            by_action.setdefault((line["Action"], line["Portfolio"]), []).append(line)
    items = library.sql("FROM plan_item WHERE plan_id = ?", plan["plan_id"])
    done = library.sql("SELECT action, portfolio_id FROM portfolio_action WHERE run_id = ?", plan["applied_run_id"])
    assert {(d["action"], d["portfolio_id"]) for d in done} == {
        (i["action"], i["portfolio_id"]) for i in items if i["portfolio_id"]
    }
    quiet = {key for key in by_action if key[0] not in ("unchanged", "duplicate")}
    assert quiet == {(d["action"], d["portfolio_id"]) for d in done}, "nothing is said to be done that was not"
    for item in items:
        if item["portfolio_id"] is None:
            told = [
                line
                for line in lines
                if line["Action"] == item["action"] and line["Row of the file"] in item["row_numbers"]
            ]
            assert any(line["Reason"] == item["reason"] for line in told), item
            continue
        for line in by_action[item["action"], item["portfolio_id"]]:
            assert (line["Title"], line["Electronic collection"]) == (item["title"], item["collection"])
            assert (line["Print ISSN or ISBN"], line["Online ISSN or ISBN"]) == (
                item["print_identifier"],
                item["online_identifier"],
            )
            assert line["Reason"].startswith(item["reason"])
            assert (line["Coverage lost"] or "").startswith(item["lost"] or "") and bool(line["Coverage lost"]) == bool(
                item["lost"]
            )
            for change in item["changes"]:
                _assert_change(line, **change)


def _assert_change(line: Line, field: str, old: str | None, new: str | None) -> None:
    if field == "coverage":
        stated = {None: None, "not stated - now": "whole book"} if "The row's first day" not in line else {}
        assert (line["Coverage before"], line["Coverage after"]) == (stated.get(old, old), stated.get(new, new))
    elif field == "available_for" and "Available for, before" in line:
        assert (line["Available for, before"], line["Available for, after"]) == (old, new)


def _assert_portfolios_are_as_they_were(library: Library, plan: Line, lines: list[Line]) -> None:
    """What a line says of a portfolio is what the versions say that held just before and just after."""
    query = (
        "SELECT p.*, a.po_line, c.coverage FROM portfolio_version AS p "
        "LEFT JOIN acquisition_version AS a ON a.portfolio_id = p.portfolio_id "
        "AND a.valid_from <= $2 AND (a.valid_to IS NULL OR a.valid_to > $2) "
        "LEFT JOIN (SELECT portfolio_id, list({'from_date': from_date, 'until_date': until_date}) AS coverage "
        "FROM coverage_version WHERE valid_from <= $1 AND (valid_to IS NULL OR valid_to > $1) GROUP BY portfolio_id) "
        "AS c ON c.portfolio_id = p.portfolio_id "
        "WHERE p.valid_from <= $1 AND (p.valid_to IS NULL OR p.valid_to > $1)"
    )
    (just_before,) = library.sql("SELECT ?::TIMESTAMPTZ - INTERVAL 1 MICROSECOND AS moment", plan["applied_at"])
    before, after = (
        {row["portfolio_id"]: row for row in library.sql(query, moment, plan["applied_at"])}
        for moment in (just_before["moment"], plan["applied_at"])
    )
    for line in lines:
        if not line["Portfolio"]:
            continue
        old, new = before.get(line["Portfolio"]), after.get(line["Portfolio"])
        shown = new or old
        assert shown is not None
        assert (line["Title"], line["Print ISSN or ISBN"], line["Online ISSN or ISBN"], line["PO line"]) == (
            shown["title"],
            shown["print_identifier"],
            shown["online_identifier"],
            shown["po_line"],
        )
        for side, version in (("before", old), ("after", new)):
            assert (line[f"Coverage {side}"] is None) == (version is None or not version["coverage"])
            if f"Available for, {side}" in line:
                assert line[f"Available for, {side}"] == (version and _groups(version))
        if line["Action"] == "unchanged":
            assert line["Coverage before"] == line["Coverage after"] and not line["Coverage lost"]
        if line["Row of the file"] and "The row's first day" in line and new and line["Action"] != "keep":
            period = {"from_date": _day(line["The row's first day"]), "until_date": _day(line["The row's last day"])}
            assert period in new["coverage"] or period["from_date"] is None


def _groups(version: Line) -> str:
    return "everyone" if version["available_for_all"] else ", ".join(version["available_for"])


def _day(value: datetime | str | None) -> date | None:
    """A date of a sheet: a real one from March 1900 on, text before."""
    if isinstance(value, str):
        assert value < "1900-03-01"
        return date.fromisoformat(value)
    assert value is None or value >= datetime(1900, 3, 1)
    return value.date() if value else None
