"""From text to regular rows: line ends, delimiter, quotation marks, ragged rows.

The result is plain tab-separated text, one line a row, each with as many cells as the header (and one more, if any row
has more). A file that is already so passes without a copy; only lines that are not are looked at one by one. What the
cells mean is not known here.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from autoholdings_assets.kbart.header import LINES_TO_LOOK_AT, Header, find_header, understand

DELIMITERS = (b"\t", b",", b";", b"|")
DELIMITER_NAMES = {b"\t": "tab", b",": "comma", b";": "semicolon", b"|": "bar"}
LONGEST_QUOTED_RECORD = 40
"""A quoted cell may hold line breaks, but a quotation mark that nobody closed must not swallow the file."""
csv.field_size_limit(1 << 27)


@dataclass(frozen=True)
class Rows:
    """The rows as tab-separated UTF-8 text without a header, and what was found on the way."""

    content: bytes
    header: Header
    header_line: int
    delimiter: str
    line_ends: str
    quoted: bool
    final_newline: bool
    row_numbers: npt.NDArray[np.int64] | None
    """The physical line each row starts on; ``None``: the lines after the header one by one."""
    field_counts: npt.NDArray[np.int32] | None
    """How many cells each row had; ``None``: as many as the header, every row."""
    overflow: bool
    """Whether a column follows that holds the cells beyond the header's, joined by ' | '."""


def regular_rows(text: bytes) -> Rows | None:
    """Settle line ends, delimiter and quotation marks; ``None`` if no line is a KBART header."""
    line_ends = _line_ends(text)
    final_newline = text.endswith((b"\n", b"\r"))
    found = _header(text)
    if found is None:
        return None
    delimiter, header, header_line, start = found
    if b"\r" in text:
        text, start = _only_line_feeds(text, delimiter, header, header_line)
    body = text[start:] if start else text
    numbers, counts, overflow = None, None, False
    quoted = b'"' in body
    if delimiter != b"\t" or not is_regular(body, len(header.columns)):
        body, numbers, counts, overflow = _even_out(body, delimiter, len(header.columns), header_line + 1)
    return Rows(
        content=body,
        header=header,
        header_line=header_line,
        delimiter=DELIMITER_NAMES[delimiter],
        line_ends=line_ends,
        quoted=quoted,
        final_newline=final_newline,
        row_numbers=numbers,
        field_counts=counts,
        overflow=overflow,
    )


def split_record(lines: Sequence[bytes], at: int, delimiter: bytes, width: int) -> tuple[list[str], int]:
    """The cells of the record that starts at a line, and how many lines it takes.

    Quotation marks are believed where they make a whole record: cells with delimiters in them, and line breaks if the
    record then has exactly the header's width. Else they are characters like others.
    """
    line = lines[at].decode("utf-8", "replace")
    if '"' in line:
        for cells, used in _quoted_records(lines, at, delimiter.decode()):
            if used == 1 or len(cells) == width:
                return cells, used
    return line.split(delimiter.decode()), 1


def is_regular(body: bytes, width: int) -> bool:
    """Whether every line has exactly the header's number of tabs (blocks bound the memory this takes)."""
    data = np.frombuffer(body, dtype=np.uint8)
    if body.count(b"\t") != (body.count(b"\n") + (not body.endswith(b"\n"))) * (width - 1):
        return False
    if width == 1:
        return True
    tabs_before, block = 0, 16 << 20
    for start in range(0, len(data), block):
        part = data[start : start + block]
        ends = np.flatnonzero(part == 10)
        tabs = np.searchsorted(np.flatnonzero(part == 9), ends) + tabs_before
        if len(tabs) and ((np.diff(tabs, prepend=0) != width - 1).any()):
            return False
        tabs_before = int((part == 9).sum()) + tabs_before - (int(tabs[-1]) if len(tabs) else 0)
    return True


def _quoted_records(lines: Sequence[bytes], at: int, delimiter: str) -> Iterator[tuple[list[str], int]]:
    def text() -> Iterator[str]:
        for line in lines[at : at + LONGEST_QUOTED_RECORD]:
            yield line.decode("utf-8", "replace") + "\n"

    reader = csv.reader(text(), delimiter=delimiter, doublequote=True)
    try:
        cells = next(reader)
    except (csv.Error, StopIteration):
        return
    closed = reader.line_num < LONGEST_QUOTED_RECORD and at + reader.line_num <= len(lines)
    if closed and not cells[-1].endswith("\n"):
        yield cells, reader.line_num


def _even_out(
    body: bytes, delimiter: bytes, width: int, line_number: int
) -> tuple[bytes, npt.NDArray[np.int64], npt.NDArray[np.int32], bool]:
    """Make every row a tab-separated line of one width; say where each started and how many cells it had."""
    lines = body.split(b"\n")
    rows: list[bytes] = []
    numbers: list[int] = []
    counts: list[int] = []
    long_rows: dict[int, bytes] = {}
    tabs, at = delimiter == b"\t", 0
    while at < len(lines):
        line, used = lines[at], 1
        if not line:  # a blank line, or what follows the last line end
            at += 1
            continue
        count = line.count(delimiter) + 1
        if (tabs and count != width and b'"' in line) or (not tabs and b'"' in line):
            cells, used = split_record(lines, at, delimiter, width)
            count = len(cells)
            line = "\t".join(_one_line(cell) for cell in cells).encode("utf-8", "replace")
        elif not tabs:
            line = line.replace(b"\t", b" ").replace(delimiter, b"\t")
        if count < width:
            line += b"\t" * (width - count)
        elif count > width:
            cells_found = line.split(b"\t")
            line = b"\t".join(cells_found[:width])
            long_rows[len(rows)] = b" | ".join(cell.strip() for cell in cells_found[width:] if cell.strip())
        rows.append(line)
        numbers.append(line_number + at)
        counts.append(count)
        at += used
    overflow = any(long_rows.values())
    if overflow:
        rows = [row + b"\t" + long_rows.get(position, b"") for position, row in enumerate(rows)]
    return b"\n".join(rows), np.array(numbers, np.int64), np.array(counts, np.int32), overflow


def _one_line(cell: str) -> str:
    return cell.replace("\t", " ").replace("\r\n", " ").replace("\n", " ").replace("\r", " ")


def _header(text: bytes) -> tuple[bytes, Header, int, int] | None:
    """The delimiter under which a line names most columns, the header, its line number, where the rows start."""
    first = text[: 1 << 18]
    ends = b"\n" if b"\n" in first else b"\r"
    lines = first.split(ends, LINES_TO_LOOK_AT)[:LINES_TO_LOOK_AT]
    best: tuple[bytes, Header, int, int] | None = None
    for delimiter in DELIMITERS:
        records: list[list[str]] = []
        starts: list[int] = []
        at = 0
        while at < len(lines):
            cells, used = split_record(lines, at, delimiter, 0)
            records.append([cell.strip() for cell in cells])
            starts.append(at)
            at += used
        position = find_header(records)
        if position is None:
            continue
        header = understand(_without_empty_end(records[position]))
        if best is None or len(header.found) > len(best[1].found):
            after = starts[position + 1] if position + 1 < len(starts) else len(lines)
            offset = sum(len(line) + 1 for line in lines[:after])
            best = (delimiter, header, after, min(offset, len(text)))
    return best


def _without_empty_end(names: list[str]) -> list[str]:
    """A header line often ends in delimiters without a name; the cells below them are empty as well."""
    while names and not names[-1].strip('" '):
        names = names[:-1]
    return names


def _line_ends(text: bytes) -> str:
    crlf = text.count(b"\r\n")
    kinds = {"CRLF": crlf, "LF": text.count(b"\n") - crlf, "CR": text.count(b"\r") - crlf}
    return "+".join(kind for kind, count in kinds.items() if count) or "none"


def _only_line_feeds(text: bytes, delimiter: bytes, header: Header, header_lines: int) -> tuple[bytes, int]:
    """Make LF the only line end, and say where the rows start.

    A lone CR ends a line, unless the line that it stands in is whole only with it: then it is a break inside a cell.
    """
    text = text.replace(b"\r\n", b"\n")
    if b"\r" in text:
        if b"\n" in text:
            width = len(header.columns)
            text = b"\n".join(
                line.replace(b"\r", b" " if line.count(delimiter) == width - 1 else b"\n") if b"\r" in line else line
                for line in text.split(b"\n")
            )
        else:
            text = text.replace(b"\r", b"\n")
    start = 0
    for _ in range(header_lines):
        end = text.find(b"\n", start)
        start = len(text) if end < 0 else end + 1
    return text, start
