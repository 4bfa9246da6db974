"""Write KBART Phase II: tab-separated, UTF-8 without a byte order mark, LF, the 25 columns, no quotation marks."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from autoholdings_assets.kbart.fields import FIELD_NAMES
from autoholdings_assets.kbart.text import arrow


def write_kbart(frame: pd.DataFrame, path: Path) -> int:
    """Write the KBART columns of a frame, missing ones blank, and return the number of rows.

    Tabs and line breaks inside a value become a blank. The file is complete or absent: it is written beside its place
    and moved there.
    """
    blank = pa.nulls(len(frame), pa.large_string())
    cells = [arrow(frame[name]) if name in frame.columns else pa.chunked_array([blank]) for name in FIELD_NAMES]
    plain = [pc.fill_null(pc.replace_substring_regex(_text(cell), r"[\t\r\n]+", " "), "") for cell in cells]
    lines = pc.binary_join_element_wise(*plain, pa.scalar("\t", pa.large_string()))
    written = path.with_name(f".{path.name}.part")
    with written.open("w", encoding="utf-8", newline="\n") as file:
        file.write("\t".join(FIELD_NAMES) + "\n")
        for chunk in lines.chunks:
            if len(chunk):
                file.write("\n".join(chunk.to_pylist()) + "\n")
    written.replace(path)
    return len(frame)


def _text(cell: pa.ChunkedArray) -> pa.ChunkedArray:
    return cell if pa.types.is_large_string(cell.type) else pc.cast(cell, pa.large_string())
