"""Vectorised work on columns of text: Arrow under pandas, distinct values once, cleaning what is left in cells.

Knows nothing of KBART's columns.
"""

import html
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import IntFlag
from functools import cache
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

BoolArray = npt.NDArray[np.bool_]

TEXT_DTYPE = pd.StringDtype("pyarrow", na_value=np.nan)
"""pandas 3's own ``str``."""

# Bytes that stand in any good value. What is left of a column without them is little, and searched in their place.
ORDINARY = bytes(byte for byte in range(32, 127) if chr(byte) not in '"&<\\') + b"\t\n\r"
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u202a-\u202e\u2066-\u2069\ufeff]")
DIRECTIONS = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""Marks that turn the text after them around; those that Hebrew and Arabic titles need (U+200E, U+200F) do not."""
ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
TAG = re.compile(r"</?(?:b|i|em|strong|sub|sup|u|span|p|br|font|small|italic|bold|sc)(?:\s[^<>]{0,200})?/?>", re.I)
LITERAL_ESCAPE = re.compile(r"(?<!\\[rnt])(?:\\[rnt])+$")
MOST_WRAPPINGS = 8
NO_MARKUP = str.maketrans("", "", "<&")
# What accented letters, quotation marks and dashes become when UTF-8 is taken for Windows-1252 and encoded again.
GARBLED = "\u00c3[\u0080-\u00bf]|\u00c2[\u0080-\u00bf]|\u00e2\u20ac[\u0080-\u024f\u2018-\u2122]"
SPACES = re.compile(r"\s+")


class TextFault(IntFlag):
    """What may be amiss with the text of a cell."""

    LOST_CHARACTER = 1  # U+FFFD
    GARBLED = 2  # UTF-8 taken for Windows-1252
    CONTROL = 4  # control characters, zero-width blanks, direction overrides
    MARKUP = 8  # HTML entities or tags
    LITERAL_ESCAPE = 16  # ends in a backslash and r
    TOO_LONG = 32


# How each fault is found (RE2), and the bytes without which there is none.
FAULT_PATTERNS: tuple[tuple[TextFault, tuple[bytes, ...], str], ...] = (
    (TextFault.LOST_CHARACTER, (b"\xef\xbf\xbd",), "\ufffd"),
    (TextFault.GARBLED, (b"\xc3\x83\xc2", b"\xc3\x82\xc2", b"\xc3\xa2\xe2\x82\xac"), GARBLED),
    (
        TextFault.CONTROL,
        tuple(chr(code).encode() for code in (*range(128), 0x200B, *DIRECTIONS, 0xFEFF) if CONTROL.match(chr(code))),
        r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x{200b}\x{202a}-\x{202e}\x{2066}-\x{2069}\x{feff}]",
    ),
    (TextFault.MARKUP, (b"&", b"<"), f"{ENTITY.pattern}|(?i:{TAG.pattern})"),
    (TextFault.LITERAL_ESCAPE, (b"\\",), r"\\[rnt]$"),
)


def arrow(values: "pd.Series[Any]") -> pa.ChunkedArray:
    """The Arrow data under a pandas column, without a copy where it is text already."""
    found = pa.array(values, from_pandas=True)
    return found if isinstance(found, pa.ChunkedArray) else pa.chunked_array([found])


def series(values: pa.Array | pa.ChunkedArray) -> "pd.Series[Any]":
    """A pandas column of Arrow data: text as ``str``, anything else with its Arrow type."""
    chunked = values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([values])
    if pa.types.is_string(chunked.type):
        chunked = chunked.cast(pa.large_string())
    if pa.types.is_large_string(chunked.type):
        return pd.Series(pd.array(chunked, dtype=TEXT_DTYPE))
    return pd.Series(pd.arrays.ArrowExtensionArray(chunked))


def hashed(columns: Mapping[str, pa.Array | pa.ChunkedArray], *expressions: str) -> tuple[npt.NDArray[np.uint64], ...]:
    """DuckDB's 64-bit hashes of columns, one array for each expression such as ``hash(notes, access_type)``."""
    with _engine(os.getpid()).cursor() as connection:
        connection.register("columns", pa.table(dict(columns)))
        names = [f"hash_{number}" for number in range(len(expressions))]
        selected = ", ".join(f"{expression} AS {name}" for name, expression in zip(names, expressions, strict=True))
        found = connection.execute(f"SELECT {selected} FROM columns").fetchnumpy()
    return tuple(np.asarray(found[name], np.uint64) for name in names)


@cache
def _engine(process: int) -> duckdb.DuckDBPyConnection:
    """The process's own, since to start one takes longer than all else that a small file needs."""
    return duckdb.connect()


def map_distinct(
    values: "pd.Series[Any]",
    function: Callable[[list[str]], Sequence[Any]],
    outputs: Mapping[str, tuple[pa.DataType, Callable[[Any], Any]]],
) -> dict[str, pa.Array]:
    """Apply ``function`` to the distinct values only, and spread the results over the column.

    Each output names its Arrow type and how it is taken from a result. Null stays null.
    """
    encoded = arrow(values).combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):  # an empty column
        encoded = pa.DictionaryArray.from_arrays(pa.array([], pa.int32()), pa.array([], pa.large_string()))
    results = function(encoded.dictionary.to_pylist())
    return {
        name: pa.array([take(result) for result in results], kind).take(encoded.indices)
        for name, (kind, take) in outputs.items()
    }


def replace_distinct(values: "pd.Series[Any]", function: Callable[[str], str | None]) -> "pd.Series[Any]":
    """Replace each value by ``function`` of it, worked out once for a distinct value."""
    replaced = map_distinct(
        values,
        lambda distinct: [function(value) for value in distinct],
        {"value": (pa.large_string(), lambda result: result)},
    )
    return series(replaced["value"])


def true(values: pa.Array | pa.ChunkedArray) -> BoolArray:
    """An Arrow truth column as numpy; null counts as false."""
    return np.asarray(pc.fill_null(values, False).to_numpy(zero_copy_only=False), dtype=bool)


def text_faults(values: "pd.Series[Any]", max_length: int) -> npt.NDArray[np.int8] | None:
    """The :class:`TextFault` flags of each cell; ``None`` for a column without any, which a quick look tells."""
    text = arrow(values)
    unusual = b" ".join(data.translate(None, ORDINARY) for data in _memory(text))
    suspected = [
        (fault, pattern)
        for fault, signs, pattern in FAULT_PATTERNS
        if unusual and any(sign in unusual for sign in signs)
    ]
    too_long = (pc.max(pc.binary_length(text)).as_py() or 0) > max_length
    if not suspected and not too_long:
        return None
    faults = np.zeros(len(text), dtype=np.int8)
    for fault, pattern in suspected:
        faults[matches(values, pattern)] |= fault
    if too_long:
        faults[true(pc.greater(pc.utf8_length(text), max_length))] |= TextFault.TOO_LONG
    return faults if faults.any() else None


def matches(values: "pd.Series[Any]", pattern: str) -> BoolArray:
    """Where a regular expression (RE2) is found in the text; null is false."""
    return true(pc.match_substring_regex(arrow(values), pattern))


def clean_text(value: str) -> str | None:
    r"""Take out what is not text: entities, tags, control characters, literal ``\r``, quotation marks around it all.

    What was wrapped several times is unwrapped as often, so cleaning twice is no different from cleaning once. What is
    wrapped more often than any accident would do it loses the signs that markup is made of.
    """
    for _ in range(MOST_WRAPPINGS):
        cleaned = LITERAL_ESCAPE.sub("", CONTROL.sub("", _without_markup(unquote(value))))
        cleaned = SPACES.sub(" ", cleaned).strip()
        if cleaned == value:
            return cleaned or None
        value = cleaned
    return clean_text(value.translate(NO_MARKUP))


def unquote(value: str) -> str:
    """Take off the quotation marks around a whole cell and undouble those in it; other quotation marks stay."""
    while len(value) > 1 and value[0] == value[-1] == '"':
        inner = value[1:-1].replace('""', "\0")
        if '"' in inner:
            break
        value = inner.replace("\0", '"').strip()
    return value


def unquoted(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column without quotation marks around its cells; the same if it has none."""
    if not any(b'"' in data for data in _memory(text)):
        return text
    quoted = pc.fill_null(pc.match_substring_regex(text, r'(?s)^".*"$'), False)
    if not pc.any(quoted).as_py():
        return text
    whole = text.combine_chunks()
    values = [unquote(value) or None for value in whole.filter(quoted.combine_chunks()).to_pylist()]
    return pa.chunked_array([pc.replace_with_mask(whole, quoted.combine_chunks(), pa.array(values, whole.type))])


def _without_markup(value: str) -> str:
    return TAG.sub("", ENTITY.sub(lambda match: html.unescape(match[0]), value))


def text_size(text: pa.ChunkedArray) -> int:
    """How many bytes the values of a ``large_string`` column take together."""
    size = 0
    for chunk in text.chunks:
        offsets = np.frombuffer(chunk.buffers()[1], dtype=np.int64)
        size += int(offsets[chunk.offset + len(chunk)] - offsets[chunk.offset])
    return size


def _memory(text: pa.ChunkedArray) -> Iterable[bytes]:
    """The bytes of a text column, chunk by chunk; neighbouring values touch, so a search may say yes wrongly."""
    for chunk in text.chunks:
        _, offsets, data = chunk.buffers()
        if data is not None:
            at = np.frombuffer(offsets, dtype=np.int64)[[chunk.offset, chunk.offset + len(chunk)]].tolist()
            yield data.slice(at[0], at[1] - at[0]).to_pybytes()
