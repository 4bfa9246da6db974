"""Vectorised work on columns of text: Arrow under pandas, distinct values once, and cleaning what vendors leave in cells.

Knows nothing of KBART's columns.
"""

import html
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

BoolArray = npt.NDArray[np.bool_]

TEXT_DTYPE = pd.StringDtype("pyarrow", na_value=np.nan)
"""pandas 3's own ``str``."""

CONTROL_BYTES = bytes(byte for byte in range(32) if byte not in (9, 10, 13)) + b"\x7f"
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\ufeff]")
CONTROL_NEEDLES = (b"\xe2\x80\x8b", b"\xef\xbb\xbf")
ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
TAG = re.compile(r"</?(?:b|i|em|strong|sub|sup|u|span|p|br|font|small|italic|bold|sc)(?:\s[^<>]{0,200})?/?>", re.I)
LITERAL_ESCAPE = re.compile(r"(?:\\[rnt])+$")
SPACES = re.compile(r"\s+")


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


def may_contain(values: "pd.Series[Any]", needles: Iterable[bytes]) -> bool:
    """Whether any of the byte sequences stands anywhere in the column's memory.

    A quick look that spares a column without them the search cell by cell. It can say yes wrongly, never no wrongly.
    """
    wanted = tuple(needles)
    return any(needle in data for data in _memory(values) for needle in wanted)


def may_contain_controls(values: "pd.Series[Any]") -> bool:
    """Like :func:`may_contain`, for control characters and zero-width blanks."""
    return any(
        len(data.translate(None, CONTROL_BYTES)) != len(data) or any(needle in data for needle in CONTROL_NEEDLES)
        for data in _memory(values)
    )


def longest(values: "pd.Series[Any]") -> int:
    """The length in bytes of the longest value; 0 for a column without any."""
    return pc.max(pc.binary_length(arrow(values))).as_py() or 0


def matches(values: "pd.Series[Any]", pattern: str) -> BoolArray:
    """Where a regular expression (RE2) is found in the text; null is false."""
    return true(pc.match_substring_regex(arrow(values), pattern))


def clean_text(value: str) -> str | None:
    """Take out what is not text: entities, mark-up, control characters, literal ``\\r``; one blank between words."""
    cleaned = decode_markup(value)
    cleaned = LITERAL_ESCAPE.sub("", CONTROL.sub("", cleaned))
    return SPACES.sub(" ", cleaned).strip() or None


def decode_markup(value: str) -> str:
    """Decode HTML entities and drop simple tags, also where they were encoded twice."""
    for _ in range(3):
        decoded = TAG.sub("", ENTITY.sub(lambda match: html.unescape(match[0]), value))
        if decoded == value:
            break
        value = decoded
    return value


def unquote(value: str) -> str:
    """Take off the quotation marks around a whole cell, and undouble those in it."""
    inner = value[1:-1].replace('""', "\0")
    return inner.replace("\0", '"') if '"' not in inner else value


def _memory(values: "pd.Series[Any]") -> Iterable[bytes]:
    for chunk in arrow(values).chunks:
        data = chunk.buffers()[2]
        if data is not None:
            yield data.to_pybytes()
