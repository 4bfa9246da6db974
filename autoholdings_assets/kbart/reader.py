"""A KBART file, as vendors send it, to a frame of text: one record a row of the file, nothing judged, nothing lost.

Unpacking is in ``unpack.py``, lines and cells in ``lines.py``, column names in ``header.py``, judging in ``rules.py``.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from autoholdings_assets.kbart.errors import MissingColumns, NoRows, NotKbart
from autoholdings_assets.kbart.fields import FIELD_NAMES
from autoholdings_assets.kbart.header import Header
from autoholdings_assets.kbart.lines import Rows, regular_rows
from autoholdings_assets.kbart.text import TEXT_DTYPE, series
from autoholdings_assets.kbart.unpack import Limits, Text, fetch, unpack

BLOCK = 8 << 20
OVERFLOW = "overflow"


@dataclass(frozen=True)
class KbartText:
    """A file as text, before any judgement.

    ``frame`` has ``row_number`` (int64, the physical line the row starts on; the header of a plain file is line 1),
    ``field_count`` (int32, the cells the row had), the 25 KBART columns and then the file's other columns, all ``str``,
    trimmed, blank cells null; ``overflow`` holds what stood beyond the header's columns. Rows that are blank
    throughout are left out and counted in ``blank_rows``.
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

    @property
    def columns_found(self) -> tuple[str, ...]:
        """The KBART columns that the file has, in its order."""
        return self.header.found


def read(source: Path | bytes, *, name: str | None = None, limits: Limits = Limits()) -> KbartText:  # noqa: B008
    """Read a file into text.

    ``name`` is what messages call the file (by default its own name). Raises a subclass of
    :class:`~autoholdings_assets.kbart.errors.UnreadableFile` for a file that cannot be used at all, and nothing else.
    """
    name = name or (source.name if isinstance(source, Path) else "the file")
    content = fetch(source, name, limits)
    size = len(content)
    text = unpack(content, name, limits)
    del content
    rows = regular_rows(text.content)
    if rows is None:
        raise _not_kbart(text, name)
    if not rows.header.usable:
        raise _missing_columns(rows.header, name)
    kept = {
        "encoding": text.encoding,
        "byte_order_mark": text.byte_order_mark,
        "container": text.container,
        "member": text.member,
    }
    del text  # a large file is in memory as few times as can be
    frame, blank_rows = _frame(rows)
    if frame.empty:
        raise NoRows(
            name,
            "The file has a header line and no rows.",
            "Ask the vendor whether the list is meant to be empty; nothing is removed on its account.",
        )
    return KbartText(
        frame=frame,
        header=rows.header,
        name=name,
        size=size,
        delimiter=rows.delimiter,
        line_ends=rows.line_ends,
        quoted=rows.quoted,
        final_newline=rows.final_newline,
        header_line=rows.header_line,
        blank_rows=blank_rows,
        **kept,  # type: ignore[arg-type]
    )


def _frame(rows: Rows) -> tuple[pd.DataFrame, int]:
    """The rows as a frame of trimmed text, and how many rows were blank throughout."""
    names = [*rows.header.columns, OVERFLOW] if rows.overflow else list(rows.header.columns)
    table = _parse(rows.content, names)
    count = table.num_rows
    columns: dict[str, pd.Series] = {}
    blank = np.ones(count, dtype=bool)
    for name in names:
        column = _trimmed(table.column(name))
        table = table.drop_columns([name])
        columns[name] = series(column)
        if blank.any():
            blank &= columns[name].isna().to_numpy()
    absent = pd.Series(pd.array(pa.nulls(count, pa.large_string()), dtype=TEXT_DTYPE))
    numbers = rows.row_numbers
    if numbers is None:
        numbers = np.arange(count, dtype=np.int64) + rows.header_line + 1
    counts = rows.field_counts
    if counts is None:
        counts = np.full(count, len(rows.header.columns), dtype=np.int32)
    frame = pd.DataFrame(
        {
            "row_number": numbers,
            "field_count": counts,
            **{name: columns.get(name, absent) for name in FIELD_NAMES},
            **{name: columns[name] for name in rows.header.extra},
            OVERFLOW: columns.get(OVERFLOW, absent),
        },
        copy=False,
    )
    if blank.any():
        frame = frame[~blank].reset_index(drop=True)
    return frame, int(blank.sum())


def _parse(content: bytes, names: list[str]) -> pa.Table:
    if not content:
        return pa.table({name: pa.array([], pa.large_string()) for name in names})
    longest_line = max(BLOCK, content.find(b"\n") + 1)
    while True:
        try:
            return arrow_csv.read_csv(
                pa.BufferReader(content),
                read_options=arrow_csv.ReadOptions(column_names=names, block_size=longest_line),
                parse_options=arrow_csv.ParseOptions(delimiter="\t", quote_char=False, ignore_empty_lines=len(names) > 1),
                convert_options=arrow_csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.large_string()),
                    null_values=[""],
                    strings_can_be_null=True,
                    check_utf8=False,  # it has been made UTF-8
                ),
            )
        except pa.ArrowInvalid:
            if longest_line > len(content):
                raise
            longest_line *= 8  # one line is longer than the block


def _trimmed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    trimmed = pc.utf8_trim_whitespace(column)
    if pc.sum(pc.binary_length(trimmed)).as_py() == pc.sum(pc.binary_length(column)).as_py():
        return column
    return pc.if_else(pc.equal(pc.binary_length(trimmed), 0), pa.scalar(None, trimmed.type), trimmed)


def _not_kbart(text: Text, name: str) -> NotKbart:
    first_line = text.content.lstrip().split(b"\n", 1)[0][:120].decode("utf-8", "replace").strip()
    return NotKbart(
        name,
        f"The file has no line with KBART's column names. It begins: {first_line!r}.",
        "Check that it is the KBART title list; its first line must name the columns (publication_title and so on).",
    )


def _missing_columns(header: Header, name: str) -> MissingColumns:
    return MissingColumns(
        name,
        "The file names its titles but has no column that identifies them: no print_identifier, online_identifier, "
        f"title_id or title_url. It has: {', '.join(header.columns)}.",
        "Ask the vendor for the KBART file with all 25 columns.",
    )
