"""A KBART file, as vendors send it, to a frame of text: one record a row of the file, nothing judged, nothing lost.

Unpacking is in ``unpack.py``, lines and cells in ``lines.py``, column names in ``header.py``, judging in ``rules.py``.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from autoholdings_assets.kbart.errors import MissingColumns, NoRows, NotKbart
from autoholdings_assets.kbart.fields import FIELD_NAMES
from autoholdings_assets.kbart.header import MOST_COLUMNS, Header
from autoholdings_assets.kbart.lines import Layout, even_rows, layout
from autoholdings_assets.kbart.text import series, text_size, unquoted
from autoholdings_assets.kbart.unpack import Limits, Text, fetch, unpack

BLOCK = 8 << 20
OVERFLOW = "overflow"

Columns = dict[str, pa.ChunkedArray]
Numbers = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int32]


@dataclass(frozen=True)
class KbartText:
    """A file as text, before any judgement.

    ``frame`` has ``row_number`` (int64, the physical line the row starts on; the header of a plain file is line 1),
    ``field_count`` (int32, the cells the row had), the 25 KBART columns and then the file's other columns, all ``str``,
    trimmed, blank cells null; ``overflow`` holds what stood beyond the header's columns. Rows that are blank
    throughout are left out and counted in ``blank_rows``; ``broken_rows`` counts those that took several lines.
    ``plain``: every line after the header is a row of the header's width, between tabs.
    """

    frame: pd.DataFrame
    header: Header
    name: str
    size: int
    encoding: str
    byte_order_mark: bool
    container: str
    member: str
    delimiter: str
    line_ends: str
    quoted: bool
    final_newline: bool
    header_line: int
    blank_rows: int
    broken_rows: int
    plain: bool


@dataclass(frozen=True)
class OpenFile:
    """A file unpacked and laid out, whose rows are still to be read."""

    layout: Layout
    name: str
    size: int
    encoding: str
    byte_order_mark: bool
    container: str
    member: str


def read(source: Path | bytes, *, name: str | None = None, limits: Limits = Limits()) -> KbartText:  # noqa: B008
    """Read a file into text.

    ``name`` is what messages call the file (by default its own name). Raises a subclass of
    :class:`~autoholdings_assets.kbart.errors.UnreadableFile` for a file that cannot be used at all, and nothing else.
    """
    return read_rows(open_file(source, name=name, limits=limits))


def open_file(source: Path | bytes, *, name: str | None = None, limits: Limits = Limits()) -> OpenFile:  # noqa: B008
    """Unpack a file and find its header. Parameters and errors are those of `read`."""
    name = name or (source.name if isinstance(source, Path) else "the file")
    content = fetch(source, name, limits)
    size = len(content)
    text = unpack(content, name, limits)
    del content
    found = layout(text.content)
    if found is None:
        raise _not_kbart(text, name)
    if not found.header.usable:
        raise _missing_columns(found.header, name)
    return OpenFile(found, name, size, text.encoding, text.byte_order_mark, text.container, text.member)


def read_rows(file: OpenFile) -> KbartText:
    """Read all rows of an open file. Raises ``NoRows`` when it has none."""
    text = _text(file, *_columns(file.layout))
    if text.frame.empty:
        raise _no_rows(file.name)
    return text


def read_lines(file: OpenFile, wanted: npt.NDArray[np.bool_]) -> KbartText | None:
    """Read only some of the lines after the header, as they would be read with all others if the file is plain.

    ``wanted``: one truth value a line. Gives ``None`` where one of them is not a row of the header's width.
    """
    lines = file.layout.lines.filter(pa.array(wanted))
    try:
        table = _parse(lines.buffers()[2] or pa.py_buffer(b""), list(file.layout.header.columns))
    except pa.ArrowInvalid:
        return None
    return _text(file, _trimmed_columns(table), np.flatnonzero(wanted) + file.layout.header_line + 1, None, 0)


def _text(file: OpenFile, columns: Columns, numbers: Numbers, counts: Counts | None, broken_rows: int) -> KbartText:
    """``counts`` is ``None`` where every row has the header's width."""
    found = file.layout
    whole = np.full(len(numbers), len(found.header.columns), dtype=np.int32) if counts is None else counts
    frame, blank_rows = _frame(found.header, columns, numbers, whole)
    return KbartText(
        frame,
        found.header,
        file.name,
        file.size,
        file.encoding,
        file.byte_order_mark,
        file.container,
        file.member,
        delimiter=found.delimiter,
        line_ends=found.line_ends,
        quoted=found.quoted,
        final_newline=found.final_newline,
        header_line=found.header_line,
        blank_rows=blank_rows,
        broken_rows=broken_rows,
        plain=counts is None,
    )


def _columns(found: Layout) -> tuple[Columns, Numbers, Counts | None, int]:
    """The columns as Arrow text, each row's line and number of cells, and how many rows took several lines.

    A plain file has no numbers of cells: each row has as many as the header.
    """
    names = list(found.header.columns)
    if found.delimiter == "tab":
        try:
            table = _parse(pa.py_buffer(found.text).slice(found.start), names)
            return _trimmed_columns(table), np.arange(table.num_rows) + found.header_line + 1, None, 0
        except pa.ArrowInvalid:  # rows of other widths, blank lines
            pass
    rows = even_rows(found)
    columns = _trimmed_columns(_parse(pa.py_buffer(rows.content), names))
    if rows.surplus:
        surplus = [rows.surplus.get(position) for position in range(len(rows.row_numbers))]
        columns[OVERFLOW] = pa.chunked_array([pa.array(surplus, pa.large_string())])
    return columns, rows.row_numbers, rows.field_counts, rows.broken


def _parse(content: pa.Buffer, names: list[str]) -> pa.Table:
    """Parse tab-separated lines of one width. Raises ``pyarrow.ArrowInvalid`` if a line is of another."""
    if content.size == 0:
        return pa.table({name: pa.array([], pa.large_string()) for name in names})
    block = BLOCK
    while True:
        try:
            return arrow_csv.read_csv(
                pa.BufferReader(content),
                read_options=arrow_csv.ReadOptions(column_names=names, block_size=block),
                parse_options=arrow_csv.ParseOptions(delimiter="\t", quote_char=False, ignore_empty_lines=False),
                convert_options=arrow_csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.large_string()),
                    null_values=[""],
                    strings_can_be_null=True,
                    check_utf8=False,  # it has been made UTF-8
                ),
            )
        except pa.ArrowInvalid as error:
            if "straddling" not in str(error) or block > content.size:
                raise
            block *= 8  # a line is longer than the block


def _trimmed_columns(table: pa.Table) -> Columns:
    """The columns without quotation marks and blanks around their cells, blank cells null."""
    with ThreadPoolExecutor(pa.cpu_count()) as pool:
        return dict(zip(table.column_names, pool.map(_trimmed, table.columns), strict=True))


def _trimmed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    column = unquoted(column)
    trimmed = pc.utf8_trim_whitespace(column)
    if text_size(trimmed) == text_size(column):
        return column
    return pc.if_else(pc.equal(pc.binary_length(trimmed), 0), pa.scalar(None, trimmed.type), trimmed)


def _frame(header: Header, columns: Columns, numbers: Numbers, counts: Counts) -> tuple[pd.DataFrame, int]:
    """The rows that are not blank throughout as a frame, and how many were blank."""
    blank = np.ones(len(numbers), dtype=bool)
    for column in columns.values():
        if not blank.any():
            break
        blank &= column.is_null().to_numpy()
    absent = pa.nulls(len(numbers), pa.large_string())
    frame = pd.DataFrame(
        {
            "row_number": numbers,
            "field_count": counts,
            **{name: series(columns.get(name, absent)) for name in (*FIELD_NAMES, *header.extra, OVERFLOW)},
        },
        copy=False,
    )
    if blank.any():
        frame = frame[~blank].reset_index(drop=True)
    return frame, int(blank.sum())


def _no_rows(name: str) -> NoRows:
    return NoRows(
        name,
        "The file has a header line and no rows.",
        "Ask the vendor whether the list is meant to be empty; nothing is removed on its account.",
    )


def _not_kbart(text: Text, name: str) -> NotKbart:
    first_line = text.content.lstrip().split(b"\n", 1)[0][:120].decode("utf-8", "replace").strip()
    return NotKbart(
        name,
        f"The file has no line with KBART's column names. It begins: {first_line!r}.",
        "Check that it is the KBART title list; its first line must name the columns (publication_title and so on), "
        f"{MOST_COLUMNS:,} at most.",
    )


def _missing_columns(header: Header, name: str) -> MissingColumns:
    return MissingColumns(
        name,
        "The file names its titles but has no column that identifies them: no print_identifier, online_identifier, "
        f"title_id or title_url. It has: {', '.join(header.columns)}.",
        "Ask the vendor for the KBART file with all 25 columns.",
    )
