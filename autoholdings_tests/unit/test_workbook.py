"""How a workbook is written: whatever the values are, it opens, and they are what they were."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

import duckdb
import pytest
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape

from autoholdings_assets.reports.workbook import MOST_CHARACTERS, Column, LargeWorkbook

HOSTILE = (
    "=1+1", "=cmd|'/C calc'!A0", "+49 30", "-1", "@SUM(A1)", "#N/A", "#REF!", "TRUE", "0012", "9780470012345", "1e5",
    "2004-01", "a & b < c > d", 'say "so"', "</t></is></c>", "]]>", "&amp;", " blank around ", "two\nlines",
    "tab\there", "Zeitschrift für 数学 😀", "_x0041_", "_x005F_", "é",
)  # fmt: skip


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Any]:
    """Write a table of these values and read it back with openpyxl."""

    def write(values: list[Any], kind: str = "text", sql_type: str = "VARCHAR", **keys: Any) -> Any:
        with duckdb.connect() as connection:
            connection.execute(f"CREATE TABLE t (line BIGINT, value {sql_type})")
            connection.executemany("INSERT INTO t VALUES (?, ?)", [*enumerate(values, start=1), (0, None)])
            workbook = LargeWorkbook(connection, **keys)
            workbook.add_table("Values", "(FROM t WHERE line > 0)", [Column("value", "Value", 20, kind)])
            workbook.save(tmp_path / "t.xlsx")
        with ZipFile(tmp_path / "t.xlsx") as parts:
            for name in parts.namelist():
                if name.endswith(".xml"):
                    ElementTree.fromstring(parts.read(name))
        return load_workbook(tmp_path / "t.xlsx")

    return write


def column(sheet: Any) -> list[Any]:
    return [cell for (cell,) in sheet.iter_rows(min_row=2)]


def test_text_is_text_whatever_it_looks_like(written: Callable[..., Any]) -> None:
    """No formula, no number, no error; what looks like the beginning of a formula stays text when it is edited too."""
    cells = column(written(list(HOSTILE)).active)
    assert [unescape(cell.value) for cell in cells] == list(HOSTILE)
    assert {cell.data_type for cell in cells} == {"s"}
    assert [cell.value for cell in cells if cell.quotePrefix] == [v for v in HOSTILE if v[0] in "=+-@"]


def test_what_xml_refuses_is_shown_and_not_dropped(written: Callable[..., Any]) -> None:
    refused = [chr(code) for code in (*range(9), 11, 12, *range(13, 32), 0x7F, 0xFFFE, 0xFFFF)]
    cells = column(written([f"a{character}b" for character in refused]).active)
    assert all(len(cell.value) == 3 and cell.value[1] not in refused for cell in cells)
    assert cells[0].value == "a\u2400b" and cells[-1].value == "a\ufffdb"


@pytest.mark.parametrize(("character", "units"), [("a", 1), ("ä", 1), ("😀", 2)])
def test_text_that_is_too_long_for_a_cell_is_cut_and_says_so(
    written: Callable[..., Any], character: str, units: int
) -> None:
    most = MOST_CHARACTERS // units
    fitting, too_long = column(written([character * most, character * (most + 1)]).active)
    assert fitting.value == character * most
    assert too_long.value.endswith(f"[cut here: the text has {most + 1} characters, and a cell takes 32767]")
    assert len(too_long.value.encode("utf-16-le")) // 2 <= MOST_CHARACTERS


def test_dates_are_dates_where_a_spreadsheet_knows_them(written: Callable[..., Any]) -> None:
    days = [date(1665, 3, 6), date(1900, 2, 28), date(1900, 3, 1), date(2024, 2, 29), date(9999, 12, 31), None]
    cells = column(written(days, "date", "DATE").active)
    assert [cell.value for cell in cells] == [
        "1665-03-06", "1900-02-28", datetime(1900, 3, 1), datetime(2024, 2, 29), datetime(9999, 12, 31)
    ]  # fmt: skip
    assert {cell.number_format for cell in cells} == {"yyyy-mm-dd"}


@pytest.mark.parametrize(("count", "sheets"), [(0, [0]), (1, [1]), (4, [4]), (5, [4, 1]), (9, [4, 4, 1])])
def test_a_table_goes_on_on_the_next_sheet_in_order(written: Callable[..., Any], count: int, sheets: list[int]) -> None:
    book = written(list(range(count)), "number", "BIGINT", most_rows=5)
    assert book.sheetnames == ["Values", *(f"Values {number}" for number in range(2, len(sheets) + 1))]
    assert [sheet.max_row - 1 for sheet in book] == sheets
    assert [cell.value for sheet in book for cell in column(sheet)] == list(range(count))
    assert all(sheet["A1"].value == "Value" and sheet.freeze_panes == "B2" for sheet in book)


def test_a_workbook_that_cannot_be_written_leaves_the_earlier_one(written: Callable[..., Any], tmp_path: Path) -> None:
    written(["kept"])
    before = (tmp_path / "t.xlsx").read_bytes()
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS line, 'new' AS value")
        workbook = LargeWorkbook(connection)
        workbook.add_table("Values", "t", [Column("value", "Value", 20)])
        connection.execute("DROP TABLE t")
        with pytest.raises(duckdb.Error):
            workbook.save(tmp_path / "t.xlsx")
    assert (tmp_path / "t.xlsx").read_bytes() == before
