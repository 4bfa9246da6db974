"""Title lists on disk: the checked rows of one file, under the file's hash.

A staged title list is a Parquet file with the title list frame (see ``kbart.validation``) plus ``collection`` and with
the vendor's free content marked 'excluded'. It is a function of the file's bytes, the reader and the vendor's data
alone, so that it can be made again from the archive at any time.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from autoholdings_assets.config import Home
from autoholdings_assets.holdings.warehouse import Connection, transaction
from autoholdings_assets.kbart import validation
from autoholdings_assets.kbart.fields import FIELD_NAMES
from autoholdings_assets.kbart.validation import ReadingOptions, TitleList, read_title_list
from autoholdings_assets.retrieval.archive import Archive
from autoholdings_assets.vendors.model import Vendor

STAGED_VERSION = 3
"""Raised whenever what is staged changes, so that files are staged anew."""

COLUMNS = ("row_number", "status", "reason", *FIELD_NAMES, "from_date", "until_date", "content", "collection")
"""The columns of a staged title list."""

ROW_GROUP = 122_880
"""Rows of a Parquet row group: as many as DuckDB's own, so that its threads share the file."""

_NAMING = ("publication_title", "print_identifier", "online_identifier", "title_id", "title_url")
"""What a row says of its title, for people to find it."""

_DISTINCT = ("row_number", *_NAMING, "content")
"""Columns in which hardly a value repeats: a dictionary of them would only cost time."""

NOTED_OPEN_ACCESS = "noted_open_access"
"""Reason of rows whose notes say open access though their access type is P: left out, or used and reported."""


@dataclass(frozen=True)
class StagedTitleList:
    """What came of reading a file: its rows, counted, and what the rules found."""

    file_sha256: str
    path: Path
    encoding: str
    total: int
    valid: int
    rejected: int
    excluded: int
    title_list: TitleList


def fingerprint(vendor: Vendor) -> str:
    """Changes whenever the reader, its rules or the vendor's data change: then files are read anew."""
    return hashlib.sha256(f"{validation.fingerprint()}{STAGED_VERSION}{vendor.model_dump_json()}".encode()).hexdigest()[
        :12
    ]


def staged_path(home: Home, vendor: Vendor, file_sha256: str) -> Path:
    """Where the rows of a file are staged."""
    return home.staging / "title_lists" / f"{file_sha256}-{fingerprint(vendor)}.parquet"


def staged_list(home: Home, vendor: Vendor, file_sha256: str, name: str) -> Path:
    """The staged rows of an archived file, which is read again where another version staged them, or nobody."""
    path = staged_path(home, vendor, file_sha256)
    if not path.exists():
        stage(home, vendor, file_sha256, name)
    return path


def stage(home: Home, vendor: Vendor, file_sha256: str, name: str) -> StagedTitleList:
    """Read and check an archived file and stage its rows. ``name``: what messages call it.

    Raises ``kbart.errors.UnreadableFile`` where the file as a whole cannot be used.
    """
    file = Archive(home.archive).path_of(file_sha256)
    title_list = read_title_list(file, name=name, options=ReadingOptions(**vendor.reading.model_dump()))
    rows = _left_out(title_list.rows.copy(deep=False), vendor)
    rows["collection"] = vendor.route(rows)
    path = staged_path(home, vendor, file_sha256)
    write_frame(rows[list(COLUMNS)], path)
    excluded = int((rows["status"] == "excluded").sum())
    return StagedTitleList(
        file_sha256,
        path,
        title_list.encoding,
        title_list.total,
        title_list.valid - excluded,
        title_list.rejected,
        excluded,
        title_list,
    )


def write_frame(frame: pd.DataFrame, path: Path) -> None:
    """Write a title list as Parquet, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    table = pa.Table.from_pandas(frame, preserve_index=False)
    pq.write_table(
        table,
        unfinished,
        compression="lz4",
        row_group_size=ROW_GROUP,
        use_dictionary=[name for name in table.column_names if name not in _DISTINCT],
        write_statistics=False,
    )
    unfinished.replace(path)


def record(connection: Connection, profile: str, vendor: Vendor, staged: StagedTitleList) -> None:
    """Record what was read: the file's counts, its rejected and its excluded rows."""
    rejected = _faults(staged.title_list)
    connection.register("rejected_fault", rejected)
    with transaction(connection):
        key = [profile, staged.file_sha256]
        connection.execute(
            "UPDATE kbart_file SET status = CASE WHEN status IN ('retrieved', 'refused') THEN 'read' ELSE status END, "
            "message = CASE WHEN status = 'barred' THEN message END, encoding = ?, fingerprint = ?, total_rows = ?, "
            "valid_rows = ?, rejected_rows = ?, excluded_rows = ?, findings = ? WHERE profile = ? AND file_sha256 = ?",
            [
                staged.encoding, fingerprint(vendor), staged.total, staged.valid, staged.rejected, staged.excluded,
                [{"rule": rule, "severity": staged.title_list.severity_of(rule), "row_count": count}
                 for rule, count in staged.title_list.counts.items()], *key,
            ],
        )  # fmt: skip
        connection.execute("DELETE FROM rejected_row WHERE profile = ? AND file_sha256 = ?", key)
        connection.execute(
            "INSERT INTO rejected_row SELECT ?, ?, ?, row_number, column_name, value, rule, message, "
            "publication_title, print_identifier, online_identifier, title_id, title_url FROM rejected_fault",
            [profile, vendor.name, staged.file_sha256],
        )
        connection.execute("DELETE FROM excluded_row WHERE profile = ? AND file_sha256 = ?", key)
        connection.execute(
            "INSERT INTO excluded_row SELECT ?, ?, ?, row_number, reason, publication_title, print_identifier, "
            "online_identifier, title_id, title_url, access_type, notes FROM read_parquet(?) WHERE status = 'excluded'",
            [profile, vendor.name, staged.file_sha256, str(staged.path)],
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
