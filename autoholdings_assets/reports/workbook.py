"""How a workbook with large tables is written: openpyxl makes it, and DuckDB renders the rows of its tables.

openpyxl, in its write-only mode, makes everything but the tables' rows. These, nearly all of a large workbook, are
rendered from a relation and put into their sheets while the file is packed: cell by cell in Python they would take
many times as long. Values are data, never formulas, and nothing that a vendor writes can break the file. What does not
belong here: what a report says.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from autoholdings_assets.holdings.warehouse import Connection, scalar, set_variables
from autoholdings_assets.reports.outbox import whole_or_absent
from autoholdings_assets.reports.queries import query

MOST_ROWS = 1_048_576
"""Rows of a sheet, the header included."""
MOST_CHARACTERS = 32_767
"""Characters of a cell, in UTF-16 units."""
DATE_FORMAT = "yyyy-mm-dd"
LINE_HEIGHT = 15
"""In points."""
TIME_FORMAT = "yyyy-mm-dd hh:mm"

Sheet = Any
"""A write-only worksheet of openpyxl, which has no types."""

_FORMULA_SIGNS = ("=", "+", "-", "@")
_CONTROLS = "".join(map(chr, [*range(9), 11, 12, *range(13, 32)]))
_REFUSED = _CONTROLS + "\x7f\ufffe\uffff"
_SHOWN = "".join(chr(0x2400 + ord(control)) for control in _CONTROLS) + "\u2421\ufffd\ufffd"
_PICTURES = str.maketrans(_REFUSED, _SHOWN)
_LINES_AT_A_TIME = 20_000
_LARGE_SHEET = 250_000
_HEADER_FILLS = {"own": "1F3864", "quoted": "7F7F7F"}
_HEADER_HEIGHT, _MOST_HEIGHT = 32, 409


@dataclass(frozen=True)
class Column:
    """A column of a table: its name in the relation, its heading, its width in characters.

    ``quoted`` columns repeat what somebody else wrote: their header has another colour, and they are not ``printed``.
    ``colours`` are those of the cells with these words.
    """

    name: str
    heading: str
    width: int
    kind: Literal["text", "number", "date"] = "text"
    wrapped: bool = False
    printed: bool = True
    quoted: bool = False
    colours: tuple[tuple[str, str], ...] = ()


Page = Callable[[int, int], str]
"""Gives a relation with the lines from the first to the last, both included, which ``line`` counts from 1."""


@dataclass(frozen=True)
class _Part:
    """The lines of a table that a sheet shows, ``first`` to ``last``, both included."""

    columns: Sequence[Column]
    styles: Sequence[tuple[str, str]]
    page: Page
    first: int
    last: int

    @property
    def row_count(self) -> int:
        """Rows of the sheet, with the header."""
        return self.last - self.first + 2

    @property
    def place(self) -> str:
        """The cells of the table, with the header."""
        return f"A1:{get_column_letter(len(self.columns))}{self.row_count}"


class LargeWorkbook:
    """A workbook whose tables are relations of a connection; ``book`` takes sheets of any other kind."""

    def __init__(self, connection: Connection, most_rows: int = MOST_ROWS) -> None:
        self.book = Workbook(write_only=True)
        self._connection = connection
        self._most_lines = most_rows - 1
        self._parts: list[tuple[Sheet, _Part]] = []
        set_variables(connection, most_characters=MOST_CHARACTERS, refused=_REFUSED, shown=_SHOWN)
        connection.execute(query("cells"))

    def add_table(self, title: str, relation: str, columns: Sequence[Column]) -> None:
        """Add a table, on as many sheets as it needs.

        The relation has these columns, and ``line``, which counts its rows from 1 in their order; it is read when the
        workbook is saved.
        """
        count = int(scalar(self._connection, f"SELECT count(*) FROM {relation}"))
        self.add_pages(
            title, columns, count, lambda first, last: f"(FROM {relation} WHERE line BETWEEN {first:d} AND {last:d})"
        )

    def add_pages(self, title: str, columns: Sequence[Column], count: int, page: Page) -> None:
        """Add a table whose ``count`` lines are made while the workbook is saved, a part at a time and in order."""
        for number, first in enumerate(range(1, max(count, 1) + 1, self._most_lines), start=1):
            sheet = self.book.create_sheet(title if number == 1 else f"{title} {number}")
            on_top = any(column.wrapped for column in columns)
            styles = [_styles(sheet, column, on_top) for column in columns]
            part = _Part(columns, styles, page, first, min(count, first + self._most_lines - 1))
            _lay_out(sheet, columns, part)
            self._parts.append((sheet, part))

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all; one that is there is replaced."""
        made = io.BytesIO()
        self.book.save(made)
        tables = {sheet.path.lstrip("/"): part for sheet, part in self._parts}
        with (
            whole_or_absent(path) as unfinished,
            ZipFile(made) as written,
            ZipFile(unfinished, "w", ZIP_DEFLATED) as packed,
        ):
            for name in written.namelist():
                if part := tables.get(name):
                    # the XML of a large sheet may be more than a zip file's old form takes
                    with packed.open(name, "w", force_zip64=part.row_count > _LARGE_SHEET) as file:
                        file.writelines(self._filled(written.read(name), part))
                else:
                    packed.writestr(name, written.read(name))

    def _filled(self, sheet: bytes, part: _Part) -> Iterator[bytes]:
        """A sheet's XML with the rows of its table after the header."""
        before, end_of_rows, after = sheet.partition(b"</sheetData>")
        yield before
        for first in range(part.first, part.last + 1, _LINES_AT_A_TIME):
            relation = part.page(first, min(first + _LINES_AT_A_TIME - 1, part.last))
            yield scalar(self._connection, self._rows_in_sql(relation, part)).encode()
        # numbers that are text (an ISBN) are meant so: no cell is marked for it
        meant = f'<ignoredErrors><ignoredError sqref="{part.place}" numberStoredAsText="1"/></ignoredErrors>'
        yield end_of_rows + after.replace(b"</worksheet>", meant.encode() + b"</worksheet>")

    def _rows_in_sql(self, relation: str, part: _Part) -> str:
        """The query that gives the rows of these lines as XML."""
        too_long = self._columns_too_long(relation, part.columns)
        cells = (
            f"{column.kind}_cell('{get_column_letter(number)}' || row_no, {', '.join(styles)}, "
            + (f"fitting({_name(column)}))" if column.name in too_long else f"{_name(column)})")
            for number, (column, styles) in enumerate(zip(part.columns, part.styles, strict=True), start=1)
        )
        return (
            "SELECT string_agg(readable(row_xml), '' ORDER BY line) FROM ("
            f"SELECT line, concat('<row r=\"', row_no, '\"', {_height_in_sql(part.columns)}, '>', {', '.join(cells)}, "
            f"'</row>') AS row_xml FROM (SELECT *, line - {part.first} + 2 AS row_no FROM {relation}))"
        )

    def _columns_too_long(self, relation: str, columns: Sequence[Column]) -> set[str]:
        """The columns in which some text may be too long for a cell: ``fitting`` in every column takes minutes."""
        texts = [column for column in columns if column.kind == "text"]
        longer = ", ".join(f"max(strlen({_name(c)})) > {MOST_CHARACTERS}" for c in texts)
        found = self._connection.execute(f"SELECT {longer or 'NULL'} FROM {relation}").fetchall()
        return {column.name for column, is_longer in zip(texts, found[0], strict=False) if is_longer}


def cell(
    sheet: Sheet, value: str | int | date | datetime | None, *, bold: bool = False, size: int = 11, wrapped: bool = True
) -> WriteOnlyCell:
    """A cell of a small table. Text is text whatever it looks like; moments are local ones, without a zone."""
    made = WriteOnlyCell(sheet, value)
    if isinstance(value, str):
        made = _text(WriteOnlyCell(sheet), value)
    elif isinstance(value, date):
        made.number_format = TIME_FORMAT if isinstance(value, datetime) else DATE_FORMAT
    made.font = Font(name="Calibri", bold=bold, size=size)
    made.alignment = Alignment(
        vertical="top", horizontal="left" if isinstance(value, date) else None, wrap_text=wrapped
    )
    return made


def header_cell(sheet: Sheet, heading: str, whose: Literal["own", "quoted"] = "own") -> WriteOnlyCell:
    """A cell of a table's header."""
    made = _text(WriteOnlyCell(sheet), heading)
    made.font = Font(name="Calibri", bold=True, color="FFFFFF")
    made.fill = PatternFill("solid", fgColor=_HEADER_FILLS[whose])
    made.alignment = Alignment(vertical="center", wrap_text=True)
    return made


def print_across(sheet: Sheet) -> None:
    """Print the sheet across, on the width of a page, with its name and the page's number below; before any row."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.page_margins.top = sheet.page_margins.bottom = 0.6
    sheet.page_margins.footer = 0.3
    sheet.oddFooter.left.text = "&A"
    sheet.oddFooter.right.text = "&P / &N"


def _text(made: WriteOnlyCell, text: str) -> WriteOnlyCell:
    made.value = text.translate(_PICTURES)[:MOST_CHARACTERS]
    made.data_type = "s"
    made.quotePrefix = text.startswith(_FORMULA_SIGNS)
    return made


def _lay_out(sheet: Sheet, columns: Sequence[Column], part: _Part) -> None:
    """Header, widths, colours, filters, and how the sheet is printed: with the header on every page."""
    print_across(sheet)
    sheet.print_options.gridLines = True
    sheet.print_title_rows = "1:1"
    sheet.print_area = f"A1:{get_column_letter(sum(c.printed and not c.quoted for c in columns))}{part.row_count}"
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = part.place
    sheet.row_dimensions[1].height = _HEADER_HEIGHT
    for number, column in enumerate(columns, start=1):
        letter = get_column_letter(number)
        sheet.column_dimensions[letter].width = column.width
        for word, colour in column.colours:
            rule = CellIsRule(operator="equal", formula=[f'"{word}"'], fill=PatternFill(bgColor=colour))
            sheet.conditional_formatting.add(f"{letter}2:{letter}{max(part.row_count, 2)}", rule)
    sheet.append([header_cell(sheet, c.heading, "quoted" if c.quoted else "own") for c in columns])


def _styles(sheet: Sheet, column: Column, on_top: bool) -> tuple[str, str]:
    """The end of a cell's place and its style, as SQL texts: plain, and guarding the beginning of a formula."""
    plain, guarding = WriteOnlyCell(sheet), WriteOnlyCell(sheet)
    guarding.quotePrefix = True
    for styled in (plain, guarding):
        if column.kind == "date":
            styled.number_format = DATE_FORMAT
            styled.alignment = Alignment(horizontal="left")
        elif on_top:
            styled.alignment = Alignment(vertical="top", wrap_text=column.wrapped)
    attributes = [f' s="{styled.style_id}"' if styled.style_id else "" for styled in (plain, guarding)]
    return f"'\"{attributes[0]}'", f"'\"{attributes[1]}'"


def _height_in_sql(columns: Sequence[Column]) -> str:
    """The height of a row that its wrapped texts need, as an attribute; not every program finds it by itself."""
    lines = [f"ceil(length({_name(c)}) / {c.width}.0)::INT" for c in columns if c.wrapped]
    if not lines:
        return "''"
    height = f"least({_MOST_HEIGHT}, {LINE_HEIGHT} * greatest(1, {', '.join(lines)}))"
    return f"concat(' ht=\"', {height}, '\" customHeight=\"1\"')"


def _name(column: Column) -> str:
    return '"' + column.name.replace('"', '""') + '"'
