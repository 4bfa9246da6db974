"""From text to regular rows: line ends, delimiter, quotation marks, ragged rows.

A file of plain tab-separated lines of one width is taken as it is. Any other is made so by :func:`even_rows`, which
looks closely only at the lines that need it. What the cells mean is not known here.
"""

import csv
import hashlib
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from autoholdings_assets.kbart.header import LINES_TO_LOOK_AT, Header, find_header, understand
from autoholdings_assets.kbart.text import hashed

DELIMITERS = (b"\t", b",", b";", b"|")
DELIMITER_NAMES = {b"\t": "tab", b",": "comma", b";": "semicolon", b"|": "bar"}
BLOCK = 8 << 20
_PIECE = 1 << 20
LONGEST_QUOTED_RECORD = 40
"""A quoted cell may hold line breaks, but a quotation mark that nobody closed must not swallow the file."""
csv.field_size_limit(1 << 27)


@dataclass(frozen=True)
class Layout:
    """How the text is laid out, with LF as its only line end."""

    text: bytes
    header: Header
    header_line: int
    """The physical line on which the header ends; the rows begin on the next."""
    start: int
    """Where the rows begin in ``text``."""
    delimiter: str
    line_ends: str
    quoted: bool
    """Whether the names in the header stand in quotation marks, and so, as a rule, the cells."""
    final_newline: bool

    @cached_property
    def lines(self) -> pa.LargeStringArray:
        """The lines after the header with their line feeds, without a copy of the text."""
        text = np.frombuffer(self.text, np.uint8, offset=self.start)

        def line_ends(start: int) -> npt.NDArray[np.int64]:
            return np.flatnonzero(text[start : start + _PIECE] == ord("\n")) + start + 1

        with ThreadPoolExecutor(pa.cpu_count()) as pool:  # piece by piece, since a processor's own memory is small
            ends = list(pool.map(line_ends, range(0, len(text), _PIECE)))
        unended = [len(text)] if len(text) and text[-1] != ord("\n") else []
        offsets = np.concatenate([[0], *ends, unended]).astype(np.int64)
        return pa.LargeStringArray.from_buffers(
            len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(self.text).slice(self.start)
        )


@dataclass(frozen=True)
class EvenRows:
    """Rows made even: tab-separated lines of one width without a header.

    ``row_numbers`` are the physical lines that the rows start on, ``field_counts`` the cells that each had.
    ``surplus`` holds for the rows that had more cells than the header what stood there, joined by ' | '.
    """

    content: bytes
    row_numbers: npt.NDArray[np.int64]
    field_counts: npt.NDArray[np.int32]
    surplus: dict[int, str]
    broken: int
    """How many rows took several lines, by line breaks in quoted cells."""


@dataclass(frozen=True)
class LineHashes:
    """Two numbers of 64 bits (uint64) for each line after the header, the same for lines that say the same."""

    line: pa.Array
    line_check: pa.Array


def layout(text: bytes) -> Layout | None:
    """Find the header and the delimiter and settle the line ends; ``None`` if no line is a KBART header."""
    line_ends = _line_ends(text)
    found = _header(text)
    if found is None:
        return None
    delimiter, header, header_line = found
    final_newline = text.endswith((b"\n", b"\r"))
    quoted = header.in_apostrophes or _quoted_header(text, header_line)
    if "CR" in line_ends:
        text = _only_line_feeds(text, delimiter, len(header.columns))
    if header.in_apostrophes:
        text = _without_apostrophes(text, delimiter)
    return Layout(
        text=text,
        header=header,
        header_line=header_line,
        start=_start_of_line(text, header_line),
        delimiter=DELIMITER_NAMES[delimiter],
        line_ends=line_ends,
        quoted=quoted,
        final_newline=final_newline,
    )


def even_rows(found: Layout) -> EvenRows:
    """Make every row a tab-separated line of one width."""
    delimiter = DELIMITERS[list(DELIMITER_NAMES.values()).index(found.delimiter)]
    tabs, width, number = delimiter == b"\t", len(found.header.columns), found.header_line + 1
    content, numbers, counts, surplus, broken = bytearray(), list[int](), list[int](), dict[int, str](), 0
    lines: list[bytes] = []
    at = 0
    for block, last in _blocks_of_lines(found.text, found.start):
        lines, at = lines[at:] + block, 0
        # A quoted record may go on over the next lines, so the last ones wait for the next block.
        while at < len(lines) - (0 if last else LONGEST_QUOTED_RECORD):
            line, used = lines[at], 1
            if line:
                count = line.count(delimiter) + 1
                if b'"' in line and not (tabs and count == width):
                    cells, used = split_record(lines, at, delimiter, width)
                    count = len(cells)
                    broken += used > 1
                    line = "\t".join(_one_line(cell) for cell in cells).encode("utf-8", "replace")
                elif not tabs:
                    line = line.replace(b"\t", b" ").replace(delimiter, b"\t")
                if count > width:
                    line, beyond = _cut(line, width)
                    if beyond:
                        surplus[len(numbers)] = beyond
                content += line + b"\t" * (width - count) + b"\n"
                numbers.append(number)
                counts.append(count)
            at += used
            number += used
    return EvenRows(bytes(content), np.array(numbers, np.int64), np.array(counts, np.int32), surplus, broken)


def line_hashes(found: Layout) -> LineHashes | None:
    """What tells the lines of tab-separated text apart, and from those under other column names."""
    if found.delimiter != "tab":
        return None
    line, check = hashed({"line": found.lines}, "hash(line)", "hash(reverse(line))")
    names = hashlib.blake2b("\t".join(found.header.columns).encode(), digest_size=8).digest()
    return LineHashes(pa.array(line ^ np.frombuffer(names, np.uint64)), pa.array(check))


def _blocks_of_lines(text: bytes, start: int) -> Iterator[tuple[list[bytes], bool]]:
    """The lines in blocks, so that a large file is not in memory once more; and whether a block is the last."""
    while True:
        end = text.find(b"\n", start + BLOCK)
        if end < 0:
            yield text[start:].split(b"\n"), True
            return
        yield text[start:end].split(b"\n"), False
        start = end + 1


def _cut(line: bytes, width: int) -> tuple[bytes, str]:
    """The first cells of a line, and the others in one string."""
    cells = line.split(b"\t")
    beyond = b" | ".join(cell.strip() for cell in cells[width:] if cell.strip())
    return b"\t".join(cells[:width]), beyond.decode("utf-8", "replace")


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


def _one_line(cell: str) -> str:
    return cell.replace("\t", " ").replace("\r\n", " ").replace("\n", " ").replace("\r", " ")


def _header(text: bytes) -> tuple[bytes, Header, int] | None:
    """The delimiter under which a line names most columns, the header, and the line it ends on."""
    first = text[: 1 << 18].replace(b"\r\n", b"\n")
    lines = first.split(b"\n" if b"\n" in first else b"\r", LINES_TO_LOOK_AT)[:LINES_TO_LOOK_AT]
    best: tuple[bytes, Header, int] | None = None
    for delimiter in DELIMITERS:
        records: list[list[str]] = []
        ends: list[int] = []
        at = 0
        while at < len(lines):
            cells, used = split_record(lines, at, delimiter, 0)
            records.append([cell.strip() for cell in cells])
            at += used
            ends.append(at)
        position = find_header(records)
        if position is None:
            continue
        header = understand(_without_empty_end(records[position]))
        if best is None or len(header.found) > len(best[1].found):
            best = (delimiter, header, ends[position])
    return best


def _quoted_header(text: bytes, header_line: int) -> bool:
    lines = text[: 1 << 18].splitlines()
    return len(lines) >= header_line and lines[header_line - 1].lstrip().startswith(b'"')


def _without_empty_end(names: list[str]) -> list[str]:
    """A header line often ends in delimiters without a name; the cells below them are empty as well."""
    while names and not names[-1].strip('" '):
        names = names[:-1]
    return names


def _line_ends(text: bytes) -> str:
    if b"\r" not in text:
        return "LF" if b"\n" in text else "none"
    crlf = text.count(b"\r\n")
    kinds = {"CRLF": crlf, "LF": text.count(b"\n") - crlf, "CR": text.count(b"\r") - crlf}
    return "+".join(kind for kind, count in kinds.items() if count)


def _only_line_feeds(text: bytes, delimiter: bytes, width: int) -> bytes:
    """Make LF the only line end.

    A lone CR ends a line, unless the line that it stands in is whole only with it: then it is a break inside a cell.
    """
    text = text.replace(b"\r\n", b"\n")
    if b"\r" not in text:
        return text
    if b"\n" not in text:
        return text.replace(b"\r", b"\n")
    return b"\n".join(
        line.replace(b"\r", b" " if line.count(delimiter) == width - 1 else b"\n") if b"\r" in line else line
        for line in text.split(b"\n")
    )


def _without_apostrophes(text: bytes, delimiter: bytes) -> bytes:
    """Take off the apostrophes that some exports put around every cell instead of quotation marks."""
    edge = re.escape(delimiter)
    return re.sub(rb"(?m)(?:(?<=" + edge + rb")|^)'|'(?=" + edge + rb"|$)", b"", text)


def _start_of_line(text: bytes, lines: int) -> int:
    """Where the line after the first ``lines`` lines begins."""
    start = 0
    for _ in range(lines):
        end = text.find(b"\n", start)
        start = len(text) if end < 0 else end + 1
    return start
