"""A workbook's cells become the text that a librarian sees in them; what a malicious one holds is in
``pipeline/test_safe_input.py``."""

import csv
import io
import zipfile
from datetime import date, datetime, time
from random import Random

import openpyxl
import pytest

from autoholdings_assets.kbart.workbook import UnusableWorkbook, first_table


def table(workbook: openpyxl.Workbook) -> tuple[list[list[str]], str]:
    """The first sheet with content as rows of text, and its name."""
    written = io.BytesIO()
    workbook.save(written)
    with zipfile.ZipFile(written) as archive:
        text, name = first_table(archive, 1 << 24)
    return list(csv.reader(io.StringIO(text.decode()))), name


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (9780470012345, "9780470012345"), (1990, "1990"), (1990.0, "1990"), (-3, "-3"), (0.5, "0.5"),
        (1e15, "1000000000000000"), (date(2004, 2, 29), "2004-02-29"), (datetime(2004, 2, 29), "2004-02-29"),
        (datetime(2004, 2, 29, 12, 30), "2004-02-29 12:30:00"), (time(12, 30), "12:30:00"), (True, "TRUE"),
        ('say "so", twice', 'say "so", twice'), ("two\nlines\tand\r\nmore", "two lines and more"), ("0012", "0012"),
        (" kept ", " kept "), ("#N/A", "#N/A"), ("Zeitschrift für 数学 😀", "Zeitschrift für 数学 😀"),
    ],
)  # fmt: skip
def test_a_cell_is_the_text_that_one_sees_in_it(value: object, text: str) -> None:
    workbook = openpyxl.Workbook()
    workbook.active.append([value, "end"])
    assert table(workbook)[0] == [[text, "end"]]


def test_rows_and_cells_stand_where_they_stood() -> None:
    """A thousand cells at random places of the second sheet, the first being empty."""
    chance, workbook = Random(7), openpyxl.Workbook()
    sheet = workbook.create_sheet("Second")
    cells = {(chance.randint(1, 400), chance.randint(1, 60)): f"{n}" for n in range(1000)}
    for (row, column), value in cells.items():
        sheet.cell(row, column, value)
    rows, name = table(workbook)
    found = {(r, c): value for r, row in enumerate(rows, 1) for c, value in enumerate(row, 1) if value}
    assert (found, name) == (cells, "Second")


def test_a_workbook_without_content_is_empty() -> None:
    assert table(openpyxl.Workbook()) == ([], "")


def altered(old: str, new: str) -> list[list[str]]:
    """The rows of a workbook with a text and a number, in whose sheet ``old`` was replaced."""
    workbook, written, changed = openpyxl.Workbook(), io.BytesIO(), io.BytesIO()
    workbook.active.append(["a text", 7])
    workbook.save(written)
    with zipfile.ZipFile(written) as before, zipfile.ZipFile(changed, "w") as after:
        for member in before.namelist():
            content = before.read(member).decode()
            if member.endswith("sheet1.xml"):
                assert old in content
                content = content.replace(old, new)
            after.writestr(member, content)
    with zipfile.ZipFile(changed) as archive:
        return list(csv.reader(io.StringIO(first_table(archive, 1 << 24)[0].decode())))


def test_a_cell_that_refers_to_no_text_is_refused_and_never_given_another_cells() -> None:
    with pytest.raises(UnusableWorkbook, match="refers to a text that it does not have"):
        altered('t="n"><v>7</v>', 't="s"><v>-1</v>')


@pytest.mark.parametrize("stored", ["1e999", "nan"])
def test_a_number_that_is_none_stays_as_it_was_stored(stored: str) -> None:
    assert altered("<v>7</v>", f"<v>{stored}</v>") == [["a text", stored]]
