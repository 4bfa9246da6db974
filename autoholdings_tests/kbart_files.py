"""Small KBART files for tests: rows are dictionaries over a good one, written in any shape a vendor might choose."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import duckdb
import pandas as pd

from autoholdings_assets.kbart import coverage
from autoholdings_assets.kbart.fields import FIELD_NAMES

SERIAL: dict[str, str] = {
    "publication_title": "Journal of Examples",
    "print_identifier": "0028-0836",
    "online_identifier": "1476-4687",
    "date_first_issue_online": "1990",
    "num_first_vol_online": "1",
    "num_first_issue_online": "1",
    "title_url": "https://vendor.example/joe",
    "title_id": "JOE",
    "coverage_depth": "fulltext",
    "publisher_name": "Example Press",
    "publication_type": "serial",
    "access_type": "P",
}
MONOGRAPH: dict[str, str] = {
    "publication_title": "A Book of Examples",
    "print_identifier": "9780306406157",
    "online_identifier": "9783161484100",
    "title_url": "https://vendor.example/book",
    "title_id": "BOOK",
    "coverage_depth": "fulltext",
    "publication_type": "monograph",
    "date_monograph_published_online": "2010",
    "access_type": "P",
}

MENDED = {
    "short_row", "long_row", "publication_type_derived", "publication_type_spelling", "identifier_zeros_restored",
    "identifier_placeholder", "identifier_spelling", "isbn10", "date_spelling", "date_declared_format",
    "embargo_on_monograph", "embargo_spelling", "coverage_depth_spelling", "access_type_spelling",
    "control_characters", "markup", "literal_escape", "duplicate_row",
}  # fmt: skip
"""The rules whose faults are put right as a file is read: one written from its valid rows has them no more."""


def serial(**changes: str) -> dict[str, str]:
    """A good serial row with some cells changed."""
    return {**SERIAL, **changes}


def monograph(**changes: str) -> dict[str, str]:
    """A good monograph row with some cells changed."""
    return {**MONOGRAPH, **changes}


def kbart(
    rows: Iterable[Mapping[str, str]],
    *,
    columns: Sequence[str] = FIELD_NAMES,
    delimiter: str = "\t",
    line_end: str = "\n",
    quote: bool = False,
    final_newline: bool = True,
) -> str:
    """The text of a file with these rows."""

    def cell(value: str) -> str:
        return '"' + value.replace('"', '""') + '"' if quote else value

    lines = [delimiter.join(cell(name) for name in columns)]
    lines += [delimiter.join(cell(row.get(name, "")) for name in columns) for row in rows]
    return line_end.join(lines) + (line_end if final_newline else "")


def merge_rows(rows: pd.DataFrame, *, keep_apart: bool = False) -> pd.DataFrame:
    """Merge one title list (the valid rows of a title list frame) without a warehouse.

    Returns the rows with the columns that `merge` describes, by title and statement.
    """
    with _instance().cursor() as connection:
        connection.register("title_list", rows)
        connection.execute(
            "CREATE TEMP TABLE entitled_row AS "
            "SELECT 0 AS profile_no, publication_type AS collection, NULL::BIGINT AS cz_title, * FROM title_list"
        )
        coverage.define_identity(connection, keep_apart=keep_apart)
        coverage.merge(connection)
        return connection.execute(
            "SELECT * EXCLUDE (profile_no, collection, cz_title) FROM entitled_row "
            "JOIN merged_row USING (profile_no, row_number) ORDER BY title_key, statement_no, row_number"
        ).df()


@cache
def _instance() -> duckdb.DuckDBPyConnection:
    """A DuckDB instance for all mergings, each with a connection of its own: to start one takes longer than to merge a
    few rows."""
    return duckdb.connect()
