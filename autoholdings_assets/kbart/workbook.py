"""An Excel workbook (.xlsx) to comma-separated text: its first sheet with content, read in a stream.

What belongs here: the parts of a workbook and the cells in them. What does not: zip files as such (``unpack.py``), and
what lines and cells mean (``lines.py``).

openpyxl knows for us which formats are dates. It does not read the sheet: it believes the range that a sheet says it
has (rows beyond it would be lost, one of all of Excel's cells would never end) and keeps every element in memory.
"""

import csv
import posixpath
import re
import zipfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from typing import TypeVar
from xml.parsers import expat

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel

MAIN_PART = "xl/workbook.xml"
BLOCK = 1 << 16
LONGEST = 1 << 20
"""Bytes of a tag, characters of a row; Excel takes 32,767 in a cell."""
MOST_ROWS, MOST_COLUMNS = 1 << 20, 1 << 14
"""Where Excel's own sheets end."""
DEEPEST, MOST_NAMES = 100, 10_000
"""Elements within each other, and different names of elements; a real workbook has few of either."""
COLUMN = re.compile(r"[A-Z]{1,3}", re.IGNORECASE)
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
BREAKS = re.compile(r"[\t\r\n]+")

Attributes = Mapping[str, str]


class OverLimit(Exception):
    """The workbook unpacks to more than it may."""


class UnusableWorkbook(Exception):
    """It is none, or not as any spreadsheet program writes it. The text goes on after 'The Excel workbook'."""


def first_table(archive: zipfile.ZipFile, most: int) -> tuple[bytes, str]:
    """The first sheet with content as UTF-8 text, and that sheet's name; both empty where no sheet has any.

    Each row stands on the line of its own number. A date comes as ISO date, a whole number without .0, a formula as the
    value stored with it, a line break within a cell as a blank. All parts together, and the text, may have ``most``
    bytes. Raises `OverLimit`, `UnusableWorkbook`, and what zipfile raises for a damaged file.
    """
    package = _Package(archive, most)
    workbook = package.parse(_Workbook(), MAIN_PART)
    related = package.parse(_Relations(), "xl/_rels/workbook.xml.rels")
    texts = package.parse(_Strings(), *related.members("sharedStrings").values()).texts
    dates = package.parse(_Styles(), *related.members("styles").values()).dates()
    members = related.members("worksheet")
    for title, relation in workbook.sheets:
        if relation in members:
            sheet = package.parse(_Sheet(texts, dates, workbook.epoch, most), members[relation])
            if sheet.text:
                return bytes(sheet.text), title
    return b"", ""


class _Part:
    """What hears of the elements of a part, by their names without prefixes."""

    depth = 0

    def opened(self, name: str, attributes: Attributes) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise UnusableWorkbook("has elements within elements without end.")
        self.start(name.rpartition(":")[2], attributes)

    def closed(self, name: str) -> None:
        self.depth -= 1
        self.end(name.rpartition(":")[2])

    def start(self, name: str, attributes: Attributes) -> None: ...

    def end(self, name: str) -> None: ...

    def data(self, text: str) -> None: ...


P = TypeVar("P", bound=_Part)


@dataclass
class _Package:
    """The zip file with the parts; what is read of them is counted, whatever sizes they say they have."""

    archive: zipfile.ZipFile
    most: int
    read: int = 0

    def parse(self, part: P, *members: str) -> P:
        for member in members:
            self._parse(part, member)
        return part

    def _parse(self, part: _Part, member: str) -> None:
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = _refuse_declaration
        parser.StartElementHandler, parser.EndElementHandler = part.opened, part.closed
        parser.CharacterDataHandler = part.data
        start = self.read
        with self.archive.open(member) as source:
            while block := source.read(BLOCK):
                self.read += len(block)
                if self.read > self.most:
                    raise OverLimit
                try:
                    parser.Parse(block)
                except expat.ExpatError as error:
                    raise UnusableWorkbook("is damaged or incomplete.") from error
                if self.read - start - parser.CurrentByteIndex > LONGEST or len(parser.intern) > MOST_NAMES:
                    raise UnusableWorkbook("has tags that no spreadsheet program writes.")
        try:
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise UnusableWorkbook("is damaged or incomplete.") from error


def _refuse_declaration(*_: object) -> None:
    """Entities, of any kind, can only be declared in a document type; Excel's format forbids it."""
    raise UnusableWorkbook("declares a document type, as no spreadsheet program does; it may be a trap.")


class _Workbook(_Part):
    """The main part: the sheets by name, with the relation that leads to each, and where dates begin."""

    def __init__(self) -> None:
        self.sheets: list[tuple[str, str]] = []
        self.epoch = WINDOWS_EPOCH

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "sheet":
            relation = next((value for key, value in attributes.items() if key.endswith(":id")), "")
            self.sheets.append((attributes.get("name", ""), relation))
        elif name == "workbookPr" and attributes.get("date1904") in ("1", "true"):
            self.epoch = MAC_EPOCH


class _Relations(_Part):
    """Which part is what: members of the zip file by kind and relation."""

    def __init__(self) -> None:
        self._members: dict[str, dict[str, str]] = {}

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            kind = attributes.get("Type", "").rpartition("/")[2]
            member = posixpath.normpath(posixpath.join("/xl", attributes.get("Target", ""))).lstrip("/")
            self._members.setdefault(kind, {})[attributes.get("Id", "")] = member

    def members(self, kind: str) -> dict[str, str]:
        return self._members.get(kind, {})


class _Heard(_Part):
    """A part whose texts count, but for phonetic hints."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.length = 0
        self._listening = self._is_hint = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name in ("t", "v"):
            self._listening = not self._is_hint
        elif name == "rPh":
            self._is_hint = True

    def end(self, name: str) -> None:
        if name in ("t", "v"):
            self._listening = False
        elif name == "rPh":
            self._is_hint = False

    def data(self, text: str) -> None:
        if self._listening:
            self.pieces.append(text)
            self.grow(len(text))

    def grow(self, length: int) -> None:
        self.length += length
        if self.length > LONGEST:
            raise UnusableWorkbook(f"has a row or a cell of more than {LONGEST:,} characters.")

    def taken(self) -> str:
        text = "".join(self.pieces)
        self.pieces.clear()
        return ESCAPED.sub(_unescaped, text) if "_x" in text else text


def _unescaped(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return "\ufffd" if "\ud800" <= character <= "\udfff" else character


class _Strings(_Heard):
    """The texts that the cells refer to."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def end(self, name: str) -> None:
        super().end(name)
        if name == "si":
            self.texts.append(self.taken())
            self.length = 0


class _Styles(_Part):
    """The cells' styles, for the formats of their numbers."""

    def __init__(self) -> None:
        self._section = ""
        self._codes: dict[int, str] = dict(BUILTIN_FORMATS)
        self._formats: list[int] = []

    def start(self, name: str, attributes: Attributes) -> None:
        if self.depth == 2:
            self._section = name
        elif name == "numFmt" and self._section == "numFmts":
            self._codes[int(attributes["numFmtId"])] = attributes.get("formatCode", "")[:255]
        elif name == "xf" and self._section == "cellXfs":
            self._formats.append(int(attributes.get("numFmtId", 0)))

    def dates(self) -> frozenset[str]:
        """The styles, as cells name them, whose numbers are dates."""
        codes = {number: self._codes.get(number, "") for number in set(self._formats)}
        dates = {n for n, code in codes.items() if is_date_format(code) and not is_timedelta_format(code)}
        return frozenset(str(style) for style, number in enumerate(self._formats) if number in dates)


@dataclass
class _Sheet(_Heard):
    """A sheet's rows, written as comma-separated lines while they are read."""

    texts: Sequence[str]
    dates: Collection[str]
    epoch: datetime
    most: int
    text: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        super().__init__()
        self._writer = csv.writer(self, lineterminator="\n")
        self._cells: list[str] = []
        self._row = self._line = self._column = self._width = 0
        self._kind = self._style = ""

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "c":
            self.pieces.clear()
            self._column = self._place(attributes.get("r"))
            self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "0")
        elif name == "row":
            number = int(float(attributes.get("r", self._row + 1)))
            if not self._row < number <= MOST_ROWS:
                raise UnusableWorkbook("has rows that are out of order, or beyond Excel's last one.")
            self._row, self._column, self.length = number, 0, 0
        else:
            super().start(name, attributes)

    def end(self, name: str) -> None:
        if name == "c":
            self._put(BREAKS.sub(" ", self._value(self.taken())))
        elif name == "row" and self._cells:
            self._width = max(self._width, len(self._cells))
            self.write("\n" * (self._row - self._line - 1))
            self._writer.writerow(self._cells + [""] * (self._width - len(self._cells)))
            self._line = self._row
            self._cells.clear()
        else:
            super().end(name)

    def write(self, line: str) -> None:
        """Take a written line, as a file does."""
        self.text += line.encode("utf-8", "replace")
        if len(self.text) - self._row > self.most:  # lines between distant rows are no content
            raise OverLimit

    def _place(self, reference: str | None) -> int:
        """The number of the column, the first being 1; without a reference it is the next one."""
        column = self._column + 1
        if letters := COLUMN.match(reference or ""):
            column = 0
            for letter in letters[0].upper():
                column = column * 26 + ord(letter) - ord("A") + 1
        if column > MOST_COLUMNS:
            raise UnusableWorkbook("has cells beyond Excel's last column.")
        return column

    def _put(self, value: str) -> None:
        if value:
            self.grow(len(value))
            self._cells += [""] * (self._column - len(self._cells))
            self._cells[self._column - 1] = value

    def _value(self, stored: str) -> str:
        if not stored:
            return ""
        match self._kind:
            case "s":
                if stored.startswith("-"):
                    raise UnusableWorkbook("refers to a text that it does not have.")
                return self.texts[int(stored)]
            case "b":
                return "FALSE" if stored == "0" else "TRUE"
            case "n":
                return self._number(stored)
            case "d":
                return _iso(stored)
        return stored

    def _number(self, stored: str) -> str:
        try:
            number = float(stored)
            if self._style in self.dates:
                return _shown(from_excel(number, self.epoch))
        except (ValueError, OverflowError):
            return stored
        if stored.isdecimal():
            return stored.lstrip("0") or "0"
        if not isfinite(number):
            return stored
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else str(number)


def _iso(stored: str) -> str:
    try:
        return _shown(datetime.fromisoformat(stored))
    except ValueError:
        return stored


def _shown(moment: object) -> str:
    """A date without a time of day as ISO date; anything else as Python writes it."""
    if isinstance(moment, datetime) and (moment.hour, moment.minute, moment.second, moment.microsecond) == (0, 0, 0, 0):
        return moment.date().isoformat()
    return str(moment)
