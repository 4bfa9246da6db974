"""The records of the actions reports: every row of the vendor's files with what became of it, as relations.

What belongs here: bringing a plan's row outcomes, its items, the portfolios before and after, and the files as given
together. What does not: which of it is shown, and how (``actions_report.py``, ``actions_summary.py``).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from autoholdings_assets.config import Configuration, Home
from autoholdings_assets.holdings import row_parts
from autoholdings_assets.holdings.plan import Plan
from autoholdings_assets.holdings.row_results import row_results
from autoholdings_assets.holdings.title_lists import NOTED_OPEN_ACCESS, staged_list
from autoholdings_assets.holdings.warehouse import Connection, quoted, rows, scalar, set_variables, sql
from autoholdings_assets.kbart.reader import OVERFLOW, read
from autoholdings_assets.kbart.rules import RULES
from autoholdings_assets.reports.queries import query
from autoholdings_assets.reports.workbook import Page
from autoholdings_assets.retrieval.archive import Archive
from autoholdings_assets.vendors.model import Vendor


class Kind(StrEnum):
    """The two reports. A row whose publication type cannot be told is listed with the serials."""

    SERIAL = "serial"
    MONOGRAPH = "monograph"


@dataclass(frozen=True)
class Words:
    """What an action means, and what a person should do about it."""

    meaning: str
    advice: str | None = None


ACTIONS: Mapping[str, Words] = {
    "activate": Words("Named by the file for the first time: it has a portfolio now."),
    "possible title change": Words(
        "Activated as a portfolio of its own; it may be an earlier title under a new name. Nothing was moved to it."
    ),
    "update": Words("The file states it differently; its portfolio says so now."),
    "unchanged": Words("The file says what the portfolio has."),
    "duplicate": Words("Says the same as another row of the file."),
    "remove": Words("No file grants it any more: its portfolio was removed."),
    "keep": Words("Left as it was; the reason says why."),
    "no match": Words(
        "Matches no title of the Community Zone list by ISSN or ISBN; nothing is activated.",
        "Check the ISSN or ISBN. If it is right, ask for the title to be added to the Community Zone collection.",
    ),
    "multiple matches": Words(
        "May be any of several titles or portfolios. Nothing was guessed: nothing is activated or changed.",
        "Compare the candidates. Ask the vendor to correct the identifiers, or correct the portfolio whose are wrong.",
    ),
    "rejected": Words(
        "The row cannot be read. A title that it may mean stays as it was.", "Ask the vendor for a corrected file."
    ),
    "excluded": Words("Left out on purpose: free content."),
    "collection not active": Words(
        "The row fits no collection that a run updates.",
        "Activate the electronic collection and its full-text service, and run again.",
    ),
}
"""Every action that a record may have, in the order in which they are shown."""

LEFT_OUT = {
    "free_content": Words(
        "Free content, left out on purpose.", "Maintain it separately; `autoholdings export` writes it as a KBART file."
    ),
    NOTED_OPEN_ACCESS: Words(
        "Its notes say open access, and the vendor's data leaves such rows out.",
        "Maintain it separately; `autoholdings export` writes it as a KBART file.",
    ),
}
"""Why a row was left out."""

NOT_USED = ("rejected", "no match", "multiple matches", "excluded", "collection not active")
"""What rows end as that grant nothing and are the only ones to name their title."""


@dataclass(frozen=True)
class Records:
    """The records of a plan on a connection, until it is used for another's.

    ``actions`` counts them; ``given`` are the headings of their columns given_1, given_2 ...
    """

    connection: Connection
    actions: dict[str, int]
    given: tuple[str, ...]

    def count(self, kind: Kind, *, not_used: bool = False) -> int:
        """How many records of a kind there are, or how many of them grant nothing."""
        counted = "SELECT count(*) FROM actions_record WHERE kind = ? AND (is_not_used OR NOT ?)"
        return int(scalar(self.connection, counted, [kind, not_used]))

    def page(self, kind: Kind, *, not_used: bool = False) -> Page:
        """What gives some of these records in full, numbered within them."""
        line = "line_not_used" if not_used else "line"

        def told(first: int, last: int) -> str:
            self.connection.execute(
                f"CREATE OR REPLACE TEMP TABLE actions_part AS SELECT * REPLACE ({line} AS line) FROM actions_record "
                f"WHERE kind = ? AND (is_not_used OR NOT ?) AND {line} BETWEEN ? AND ?",
                [kind, not_used, first, last],
            )
            bounds = "SELECT min(row_number) AS first_row, max(row_number) AS last_row FROM actions_part"
            set_variables(self.connection, **rows(self.connection, bounds)[0])
            self.connection.execute(query("actions_told"))
            return "actions_told"

        return told


def load_records(
    connection: Connection, home: Home, configuration: Configuration, plan: Plan, scratch: Path
) -> Records:
    """Make ``actions_record``: what became of every row of the files, and of what no row names.

    The files are those that the plan was made of; an undo was made of none, and its records are its items. What was
    given lies in the folder ``scratch`` as long as the records are used. Raises ``kbart.errors.UnreadableFile`` when a
    file is not in the archive any more.
    """
    vendor = configuration.vendor(plan.vendor)
    for statements in (sql("words"), query("actions_inputs")):
        connection.execute(statements)
    set_variables(
        connection, plan_id=plan.plan_id, applied_at=plan.applied_at, noted_open_access=NOTED_OPEN_ACCESS,
        not_used=list(NOT_USED),
    )  # fmt: skip
    _load_words(connection, vendor)
    files = _load_files(connection, plan)
    _load_outcomes(connection, home, plan)
    _load_understood(connection, home, vendor, files)
    given = _load_given(connection, home, files, scratch)
    connection.execute(query("actions_record"))
    counts = dict(connection.execute("SELECT action, count(*) FROM actions_record GROUP BY ALL").fetchall())
    return Records(connection, {action: counts[action] for action in ACTIONS if action in counts}, given)


def _load_words(connection: Connection, vendor: Vendor) -> None:
    """What actions mean, what to do about faults, and what the vendor's collections hold."""
    words = [{"name": name, "meaning": w.meaning, "advice": w.advice} for name, w in {**ACTIONS, **LEFT_OUT}.items()]
    held = [{"name": c.name, "publication_type": c.publication_type} for c in vendor.collections]
    connection.register("actions_word", pa.Table.from_pylist(words))
    connection.register("actions_advice", pa.Table.from_pylist([{"rule": r.key, "advice": r.advice} for r in RULES]))
    connection.register("actions_collection", pa.Table.from_pylist(held))


def _load_files(connection: Connection, plan: Plan) -> list[dict[str, Any]]:
    """The files that the plan was made of; an undo goes back without reading any."""
    for number, file in enumerate(plan.files if plan.kind == "upload" else [], start=1):
        connection.execute(
            "INSERT INTO actions_file SELECT $number, $profile, file_sha256, arg_max(file_name, profile = $profile), "
            "arg_max(file_date, profile = $profile), any_value(total_rows) "
            "FROM kbart_file WHERE file_sha256 = $file_sha256 GROUP BY file_sha256",
            {"number": number, **file},
        )
    return rows(connection, "FROM actions_file ORDER BY file_no")


def _load_outcomes(connection: Connection, home: Home, plan: Plan) -> None:
    """What became of each row, as it was staged with the plan."""
    profiles = [file["profile"] for file in plan.files]
    outcomes = row_results(home, plan.plan_id, profiles) if plan.kind == "upload" else None
    connection.execute(
        "CREATE OR REPLACE TEMP VIEW actions_row AS "
        f"SELECT profile, row_number, collection, outcome, portfolio_id FROM {outcomes or 'actions_no_row'}"
    )


def _load_understood(connection: Connection, home: Home, vendor: Vendor, files: list[dict[str, Any]]) -> None:
    """Make ``actions_file_row``: every row of the files as it was understood."""
    staged = {f["file_no"]: staged_list(home, vendor, f["file_sha256"], f["file_name"]) for f in files}
    rows_of = (
        f"SELECT {number} AS file_no, {_UNDERSTOOD} FROM {row_parts.in_sql(folder)}"
        for number, folder in staged.items()
    )
    _view(connection, "actions_file_row", ("FROM actions_no_file_row", *rows_of))


def _load_given(connection: Connection, home: Home, files: list[dict[str, Any]], scratch: Path) -> tuple[str, ...]:
    """Make ``actions_given``: every row of the files as it was given. Gives the headings of its columns given_1 ...

    The rows are put on disk in their order, so that a part of a large file is found without reading all of it.
    """
    headings: dict[str, str] = {}
    columns_of: dict[int, list[str]] = {}
    for file in files:
        text = read(Archive(home.archive).path_of(file["file_sha256"]), name=file["file_name"])
        overflow = [OVERFLOW] if text.frame[OVERFLOW].notna().any() else []
        columns = columns_of[file["file_no"]] = [*text.header.columns, *overflow]
        as_given = {column: name for name, column in text.header.renamed.items()} | {OVERFLOW: _BEYOND}
        headings |= {column: as_given.get(column, column) for column in columns if column not in headings}
        rows_of = pa.Table.from_pandas(text.frame[["row_number", *columns]], preserve_index=False)
        pq.write_table(rows_of, scratch / f"{file['file_no']}.parquet", row_group_size=_ROW_GROUP, compression="lz4")
    numbers = {column: number for number, column in enumerate(headings, start=1)}
    parts = (
        f"SELECT {number} AS file_no, row_number, "
        + ", ".join(f'"{column}" AS given_{numbers[column]}' for column in columns)
        + f" FROM read_parquet({quoted(scratch / f'{number}.parquet')})"
        for number, columns in columns_of.items()
    )
    _view(connection, "actions_given", ("SELECT file_no, row_number, given_1 FROM actions_no_file_row", *parts))
    return tuple(headings.values())


def _view(connection: Connection, name: str, parts: Iterable[str]) -> None:
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {' UNION ALL BY NAME '.join(parts)}")


_UNDERSTOOD = (
    "row_number, reason, publication_type, publication_title, print_identifier, online_identifier, "
    "from_date, until_date"
)
_BEYOND = "(beyond the last column)"
_ROW_GROUP = 20_000
