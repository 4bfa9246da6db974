"""Reading a list of existing portfolios, a workbook or text file as a library system exports it.

Alma's extended export is the model. What belongs here: finding the columns by their headers and understanding each
line's cells. What does not: which portfolio a line means and what is done with it (``portfolio_import.py``).
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.resources import files
from pathlib import Path

import yaml

from autoholdings_assets.kbart.dates import kbart_form, parse_date
from autoholdings_assets.kbart.errors import MissingColumns, NoRows, UnreadableFile
from autoholdings_assets.kbart.identifiers import normalise_identifier
from autoholdings_assets.kbart.text import clean_text
from autoholdings_assets.kbart.unpack import Limits, fetch, unpack

HEADERS: Mapping[str, Sequence[str]] = yaml.safe_load(
    files(__package__).joinpath("portfolio_list.yaml").read_text(encoding="utf-8")
)
"""The fields of a list, and the headers that each goes by."""

_DELIMITERS = ("\t", ",", ";", "|")
_LINES_TO_LOOK_AT = 20
_SEVERAL = re.compile(r"\s*[;,|]\s*|\s+(?=\d)")
_ENDS = re.compile(r"\s*(?:;|\n|\.(?=\s|$))\s*")
_POINT = r"(?P<{0}>\d{{4}}(?:[-/]\d{{1,2}}){{0,2}})(?:,?\s+vol(?:ume|\.)?:?\s*(?P<{0}_volume>[^\s,;]+))?" \
    r"(?:,?\s+(?:issue|no\.?):?\s*(?P<{0}_issue>[^\s,;]+))?"  # fmt: skip
_STATEMENT = re.compile(
    rf"(?:available\s+)?(?P<from>from\s+)?{_POINT.format('first')}"
    rf"(?P<range>\s*(?:until|to|-|\u2013)\s*(?:{_POINT.format('last')}|present|now)?)?"
    rf"|(?:available\s+)?until\s+{_POINT.format('end')}",
    re.IGNORECASE,
)
_MOVING_WALL = re.compile(r"most recent (\d+) (year|month|day)s?(?:\(s\))? (not )?available", re.IGNORECASE)
_AVAILABILITY = {
    "available": ("available", "active", "yes", "y", "true", "1"),
    "not available": ("not available", "unavailable", "inactive", "not active", "no", "n", "false", "0"),
}


@dataclass(frozen=True)
class Statement:
    """Coverage that a line states, in KBART's forms, with the first and last day of its period."""

    from_date: date | None = None
    until_date: date | None = None
    date_first_issue_online: str | None = None
    num_first_vol_online: str | None = None
    num_first_issue_online: str | None = None
    date_last_issue_online: str | None = None
    num_last_vol_online: str | None = None
    num_last_issue_online: str | None = None
    embargo_info: str | None = None


@dataclass(frozen=True)
class Line:
    """One line of a list. ``number`` is its line in the file, the first being 1.

    ``unspecified`` are identifiers that the list does not call print or online; ``doubts`` are sentences about cells
    that could not be understood.
    """

    number: int
    title: str | None = None
    online: tuple[str, ...] = ()
    print: tuple[str, ...] = ()
    unspecified: tuple[str, ...] = ()
    portfolio_pid: str | None = None
    availability: str = "available"
    statements: tuple[Statement, ...] = ()
    available_for: tuple[str, ...] = ()
    po_line: str | None = None
    license: str | None = None
    public_note: str | None = None
    internal_note: str | None = None
    url: str | None = None
    doubts: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class PortfolioList:
    """A list as read. ``columns`` says which header each field was found under, ``ignored`` are the other headers."""

    name: str
    lines: tuple[Line, ...]
    columns: Mapping[str, str]
    ignored: tuple[str, ...]


class WrongColumn(UnreadableFile):
    """A mapping names a field that there is not, or a header that the file does not have."""


def read_portfolio_list(source: Path, mapping: Mapping[str, str] | None = None) -> PortfolioList:
    """Read a list from .xlsx, .csv or tab-separated text of any encoding that vendors' files come in.

    ``mapping`` says for a field under which header it stands, before the names in ``portfolio_list.yaml``. Raises
    ``kbart.errors.UnreadableFile`` when the file is no such list.
    """
    limits = Limits()
    text = unpack(fetch(source, source.name, limits), source.name, limits).content.decode("utf-8", "replace")
    table, header_at = _table(text, source.name, dict(mapping or {}))
    headers = [cell.strip() for cell in table[header_at][1]]
    columns = _columns(headers, source.name, dict(mapping or {}))
    lines = [
        _line(number, {name: cells[place] if place < len(cells) else "" for name, place in columns.items()})
        for number, cells in table[header_at + 1 :]
        if any(cell.strip() for cell in cells)
    ]
    if not lines:
        raise NoRows(source.name, "The list has a header and nothing below it.", "Export it again.")
    found = {name: headers[place] for name, place in columns.items()}
    used = set(columns.values())
    ignored = tuple(header for place, header in enumerate(headers) if place not in used and header)
    return PortfolioList(source.name, tuple(lines), found, ignored)


def _table(text: str, name: str, mapping: Mapping[str, str]) -> tuple[list[tuple[int, list[str]]], int]:
    """All records with the line each starts on, cut at the delimiter that gives the best header, and where that is."""
    best: tuple[int, str, int] = (0, ",", 0)
    start = "\n".join(text.splitlines()[: _LINES_TO_LOOK_AT + 1])
    for delimiter in _DELIMITERS:
        for place, cells in enumerate(csv.reader(io.StringIO(start), delimiter=delimiter)):
            known = len(_known(cells, mapping))
            if known > best[0]:
                best = (known, delimiter, place)
    if best[0] < 2:
        raise MissingColumns(
            name,
            "No line of it is a header with a title or an identifier and something to attach.",
            'Export the list with its header line, or say which column is which: --column "po_line=Order line". '
            f"The fields are: {', '.join(HEADERS)}.",
        )
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=best[1])
    records, started = [], 1
    for cells in reader:
        records.append((started, cells))
        started = reader.line_num + 1
    return records, best[2]


def _known(cells: Iterable[str], mapping: Mapping[str, str]) -> dict[str, int]:
    """Which field stands in which place; a mapped header before any other, else the first that fits."""
    places: dict[str, int] = {}
    named = [_comparable(cell) for cell in cells]
    for name, header in mapping.items():
        if _comparable(header) in named:
            places[name] = named.index(_comparable(header))
    taken = set(places.values())
    for name, aliases in HEADERS.items():
        for alias in [name, *aliases]:
            place = next((p for p, n in enumerate(named) if n == _comparable(alias) and p not in taken), None)
            if place is not None and name not in places:
                places[name] = place
                taken.add(place)
    return places


def _columns(headers: Sequence[str], name: str, mapping: Mapping[str, str]) -> dict[str, int]:
    for wanted, header in mapping.items():
        if wanted not in HEADERS:
            raise WrongColumn(name, f'There is no field "{wanted}".', f"The fields are: {', '.join(HEADERS)}.")
        if _comparable(header) not in map(_comparable, headers):
            shown = ", ".join(filter(None, headers))
            raise WrongColumn(name, f'It has no column "{header}".', f"Its columns are: {shown}.")
    columns = _known(headers, mapping)
    if not {"title", "online_identifier", "print_identifier", "identifier", "portfolio_pid"} & set(columns):
        raise MissingColumns(
            name,
            "It has no column with titles, ISSN, ISBN or portfolio PIDs, so that no line can be matched.",
            'Say which column it is: --column "title=Name of the journal".',
        )
    return columns


def _comparable(header: str) -> str:
    return re.sub(r"[\W_]+", " ", header.strip().lower()).strip()


def _line(number: int, cells: Mapping[str, str]) -> Line:
    def text(name: str) -> str | None:
        return clean_text(cells.get(name, ""))

    availability, statements = _availability(text("availability")), _statements(cells)
    doubts = []
    if availability is None:
        doubts.append(f'Its availability "{text("availability")}" is not understood.')
    if statements is None:
        stated = text("coverage") or " - ".join(cells.get(name, "") for name in ("from", "until"))
        doubts.append(f'Its coverage "{stated}" is not understood.')
    return Line(
        number=number,
        title=text("title"),
        online=_identifiers(text("online_identifier")),
        print=_identifiers(text("print_identifier")),
        unspecified=_identifiers(text("identifier")),
        portfolio_pid=text("portfolio_pid"),
        availability=availability or "",
        statements=statements or (),
        available_for=tuple(filter(None, re.split(r"\s*[;,|]\s*", text("available_for") or ""))),
        po_line=text("po_line"),
        license=text("license"),
        public_note=text("public_note"),
        internal_note=text("internal_note"),
        url=text("url"),
        doubts=tuple(doubts),
    )


def _identifiers(cell: str | None) -> tuple[str, ...]:
    """The ISSN and ISBN in a cell, each once; exports put several into one cell."""
    parts = [part for part in _SEVERAL.split(cell or "") if part]
    return tuple(dict.fromkeys(value for part in parts if (value := normalise_identifier(part)) is not None))


def _availability(cell: str | None) -> str | None:
    if cell is None:
        return "available"
    return next((word for word, forms in _AVAILABILITY.items() if cell.lower() in forms), None)


def _statements(cells: Mapping[str, str]) -> tuple[Statement, ...] | None:
    """The coverage that a line states; None when it states some that is not certainly understood (rule A15)."""
    sentence = (cells.get("coverage") or "").strip()
    if not sentence:
        given = {name: clean_text(cells.get(name, "")) for name in ("from", "until")}
        if not any(given.values()):
            return ()
        first_volume, first_issue, last_volume, last_issue, embargo = (
            clean_text(cells.get(name, ""))
            for name in ("from_volume", "from_issue", "until_volume", "until_issue", "embargo")
        )
        one = _statement(given["from"], given["until"], first_volume, first_issue, last_volume, last_issue, embargo)
        return (one,) if one else None
    found: list[Statement] = []
    embargo = None
    for part in filter(None, _ENDS.split(sentence)):
        wall = _MOVING_WALL.fullmatch(part)
        if wall:
            embargo = f"{'P' if wall[3] else 'R'}{wall[1]}{wall[2][0].upper()}"
            continue
        match = _STATEMENT.fullmatch(part)
        if not match or (match["first"] and not match["from"] and not match["range"]):
            return None  # a year alone may be the first, the last, or the only one
        one = _statement(
            match["first"], match["last"] or match["end"], match["first_volume"], match["first_issue"],
            match["last_volume"] or match["end_volume"], match["last_issue"] or match["end_issue"],
        )  # fmt: skip
        if not one:
            return None
        found.append(one)
    walled = [Statement(**(vars(one) | {"embargo_info": embargo})) for one in found]
    return tuple(sorted(walled, key=lambda one: (one.from_date or date.min, one.until_date or date.max)))


def _statement(
    first: str | None, last: str | None, first_volume: str | None = None, first_issue: str | None = None,
    last_volume: str | None = None, last_issue: str | None = None, embargo: str | None = None,
) -> Statement | None:  # fmt: skip
    begin = parse_date(first).begin if first else None
    end = parse_date(last).end if last else None
    if (first and begin is None) or (last and end is None) or (begin and end and begin > end):
        return None
    return Statement(
        begin, end, kbart_form(first) if first else None, first_volume, first_issue, kbart_form(last) if last else None,
        last_volume, last_issue, embargo,
    )  # fmt: skip
