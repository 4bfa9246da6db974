"""Title lists on disk: the checked rows of one file, under the file's hash.

A staged title list is a folder of Parquet files (``row_parts.py``) with the title list frame (see
``kbart.validation``) plus ``collection`` and with the vendor's free content marked 'excluded', in any order. But for
which of its rows another one has too, it is a function of the file's bytes, the reader and the vendor's data alone, so
that it can be made again from the archive at any time.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from autoholdings_assets.config import Home
from autoholdings_assets.holdings import row_parts
from autoholdings_assets.holdings.known_rows import earlier_rows, known_rows
from autoholdings_assets.holdings.row_parts import Kept
from autoholdings_assets.holdings.warehouse import Connection, transaction
from autoholdings_assets.kbart import validation
from autoholdings_assets.kbart.fields import FIELD_NAMES
from autoholdings_assets.kbart.lines import LineHashes, line_hashes
from autoholdings_assets.kbart.reader import open_file, read_lines, read_rows
from autoholdings_assets.kbart.text import series
from autoholdings_assets.kbart.validation import ReadingOptions, TitleList, counts_in, validate
from autoholdings_assets.retrieval.archive import Archive
from autoholdings_assets.vendors.model import Vendor

STAGED_VERSION = 6
"""Raised whenever what is staged changes, so that files are staged anew."""

LINE = ("line", "line_check")
"""What tells a row's line from others (`LineHashes`); null for rows that do not stand on a line each."""

COLUMNS = (
    "row_number", "status", "reason", *FIELD_NAMES, "from_date", "until_date", "content", "collection", "found", *LINE,
)  # fmt: skip
"""The columns of a staged title list."""

_NAMING = ("publication_title", "print_identifier", "online_identifier", "title_id", "title_url")
"""What a row says of its title, for people to find it."""

_DISTINCT = (*_NAMING, "content", *LINE)
"""Columns in which hardly a value repeats: a dictionary of them would only cost time."""

NOTED_OPEN_ACCESS = "noted_open_access"
"""Reason of rows whose notes say open access though their access type is P: left out, or used and reported."""


@dataclass(frozen=True)
class StagedTitleList:
    """What came of reading a file: its rows, counted, and what the rules found.

    ``findings``: the fields of ``kbart_file.findings``. ``faults``: every fault for which a row was rejected.
    """

    file_sha256: str
    path: Path
    encoding: str
    total: int
    valid: int
    rejected: int
    excluded: int
    findings: list[dict[str, object]]
    faults: pd.DataFrame


def fingerprint(vendor: Vendor) -> str:
    """Changes whenever the reader, its rules or the vendor's data change: then files are read anew."""
    return hashlib.sha256(f"{validation.fingerprint()}{STAGED_VERSION}{vendor.model_dump_json()}".encode()).hexdigest()[
        :12
    ]


def staged_path(home: Home, vendor: Vendor, file_sha256: str) -> Path:
    """Where the rows of a file are staged."""
    return home.staging / "title_lists" / f"{file_sha256}-{fingerprint(vendor)}"


def staged_list(home: Home, vendor: Vendor, file_sha256: str, name: str) -> Path:
    """The staged rows of an archived file, which is read again where another version staged them, or nobody."""
    path = staged_path(home, vendor, file_sha256)
    if not path.exists():
        stage(home, vendor, file_sha256, name)
    return path


def stage(home: Home, vendor: Vendor, file_sha256: str, name: str, before: Path | None = None) -> StagedTitleList:
    """Read and check an archived file and stage its rows. ``name``: what messages call it.

    Lines that stand in the title list staged at ``before`` are not read again, as far as that is quicker. Raises
    ``kbart.errors.UnreadableFile`` where the file as a whole cannot be used.
    """
    options = ReadingOptions(**vendor.reading.model_dump())
    with ThreadPoolExecutor(1) as beside:
        earlier = beside.submit(earlier_rows, before)
        file = open_file(Archive(home.archive).path_of(file_sha256), name=name, limits=options.limits)
        hashes = line_hashes(file.layout)
    known = known_rows(hashes, file.layout.header_line, earlier.result())
    text = read_lines(file, ~known.lines) if known else None
    if text is None:
        known, text = None, read_rows(file)
    del file  # a large file is to be in memory as few times as can be
    title_list = validate(text, options)
    rows = _rows(title_list, vendor, hashes)
    path = staged_path(home, vendor, file_sha256)
    judged = (rows, known.judged) if known else (rows,)
    with ThreadPoolExecutor(1) as beside:
        written = beside.submit(write_rows, rows, path, known.kept if known else None)
        statuses = _times(table["status"] for table in judged)
        repeated = _repeated(judged) if known else None
    written.result()
    counts = title_list.counts if repeated is None else _counts(path, judged, repeated)
    return StagedTitleList(
        file_sha256,
        path,
        title_list.encoding,
        sum(statuses.values()),
        statuses.get("valid", 0),
        statuses.get("rejected", 0),
        statuses.get("excluded", 0),
        [{"rule": rule, "severity": title_list.severity_of(rule), "row_count": n} for rule, n in counts.items()],
        _faults(title_list),
    )


def _repeated(judged: Sequence[pa.Table]) -> npt.NDArray[np.uint64]:
    """The content that several rows have."""
    content = np.sort(np.concatenate([table["content"].drop_null().to_numpy() for table in judged]))
    return np.unique(content[1:][content[1:] == content[:-1]])


def _counts(path: Path, judged: Sequence[pa.Table], repeated: npt.NDArray[np.uint64]) -> dict[str, int]:
    """How many of the rows staged at ``path`` break each rule. ``judged``: what came of them."""
    alike = pd.DataFrame(columns=["content", *FIELD_NAMES], dtype="str")
    if len(repeated):
        of_rows = f"{', '.join(alike.columns)} FROM {row_parts.in_sql(path)} WHERE content IN (SELECT unnest(?))"
        with duckdb.connect() as connection:
            alike = connection.execute(f"SELECT {of_rows}", [repeated]).df()
    return counts_in(_times(table["found"] for table in judged), alike)


def _times(parts: Iterable[pa.ChunkedArray]) -> Counter[Any]:
    """How often each value stands in a column."""
    times: Counter[Any] = Counter()
    for values in parts:
        times.update({entry["values"]: entry["counts"] for entry in pc.value_counts(values).to_pylist()})
    return times


def _rows(title_list: TitleList, vendor: Vendor, hashes: LineHashes | None) -> pa.Table:
    rows = _left_out(title_list.rows.copy(deep=False), vendor)
    rows["collection"] = vendor.route(rows)
    at = pa.array(rows["row_number"] - title_list.text.header_line - 1)
    none = pa.nulls(len(rows), pa.uint64())
    for name in LINE:
        rows[name] = series(getattr(hashes, name).take(at) if hashes and title_list.text.plain else none)
    return pa.Table.from_pandas(rows[list(COLUMNS)], preserve_index=False).replace_schema_metadata()


def write_rows(rows: pa.Table, path: Path, kept: Kept | None = None) -> None:
    """Write a title list, whole or not at all."""
    row_parts.write(path, rows, _DISTINCT, kept)


def record(connection: Connection, profile: str, vendor: Vendor, staged: StagedTitleList) -> None:
    """Record what was read: the file's counts, its rejected and its excluded rows."""
    connection.register("rejected_fault", staged.faults)
    with transaction(connection):
        key = [profile, staged.file_sha256]
        connection.execute(
            "UPDATE kbart_file SET status = CASE WHEN status IN ('retrieved', 'refused') THEN 'read' ELSE status END, "
            "message = CASE WHEN status = 'barred' THEN message END, encoding = ?, fingerprint = ?, total_rows = ?, "
            "valid_rows = ?, rejected_rows = ?, excluded_rows = ?, findings = ? WHERE profile = ? AND file_sha256 = ?",
            [
                staged.encoding, fingerprint(vendor), staged.total, staged.valid, staged.rejected, staged.excluded,
                staged.findings, *key,
            ],
        )  # fmt: skip
        connection.execute("DELETE FROM rejected_row WHERE profile = ? AND file_sha256 = ?", key)
        connection.execute(
            "INSERT INTO rejected_row SELECT ?, ?, ?, row_number, column_name, value, rule, message, "
            "publication_title, print_identifier, online_identifier, title_id, title_url FROM rejected_fault",
            [profile, vendor.name, staged.file_sha256],
        )
        connection.execute("DELETE FROM excluded_row WHERE profile = ? AND file_sha256 = ?", key)
        if staged.excluded:
            connection.execute(
                "INSERT INTO excluded_row SELECT ?, ?, ?, row_number, reason, publication_title, print_identifier, "
                "online_identifier, title_id, title_url, access_type, notes "
                f"FROM {row_parts.in_sql(staged.path)} WHERE status = 'excluded'",
                [profile, vendor.name, staged.file_sha256],
            )
    connection.unregister("rejected_fault")


def _faults(title_list: TitleList) -> pd.DataFrame:
    """Every fault for which a row was rejected, with what the row says of its title."""
    faults = title_list.findings[title_list.findings["severity"] == "error"].rename(columns={"column": "column_name"})
    rejected = title_list.rows.loc[title_list.rows["status"] == "rejected", ["row_number", *_NAMING]]
    return faults.merge(rejected, on="row_number", how="inner")


def _left_out(rows: pd.DataFrame, vendor: Vendor) -> pd.DataFrame:
    """Mark the rows that the vendor's data leaves out as free content, and those that it wants reported (rule O3)."""
    rules = vendor.free_content
    usable = rows["status"] == "valid"
    free = usable & rows["access_type"].isin(rules.leave_out_access_types)
    rows.loc[free, "reason"] = "free_content"
    if rules.open_access_notes != "keep":
        noted = usable & ~free & rows["notes"].str.contains(rules.notes_pattern, regex=True, na=False)
        rows.loc[noted, "reason"] = NOTED_OPEN_ACCESS
        if rules.open_access_notes == "leave_out":
            free |= noted
    rows.loc[free, "status"] = "excluded"
    return rows
