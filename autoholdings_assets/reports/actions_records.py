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

from autoholdings_assets.config import Configuration, Home
from autoholdings_assets.holdings.plan import Plan, content_path
from autoholdings_assets.holdings.title_lists import NOTED_OPEN_ACCESS, stage, staged_path
from autoholdings_assets.holdings.titles import quoted
from autoholdings_assets.holdings.warehouse import Connection, rows, set_variables, sql
from autoholdings_assets.kbart.reader import OVERFLOW, KbartText, read
from autoholdings_assets.kbart.rules import RULES
from autoholdings_assets.reports.queries import query
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
        "Free content, left out on purpose.",
        "Maintain it separately; `autoholdings export` writes it as a KBART file.",
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
    """What was loaded: ``actions`` counts the records, ``given`` are the headings of columns given_1, given_2 ..."""

    actions: dict[str, int]
    given: tuple[str, ...]


def load_records(connection: Connection, home: Home, configuration: Configuration, plan: Plan) -> Records:
    """Make ``actions_record``, and for each kind ``<kind>_record`` and ``<kind>_not_used``, whose ``line`` counts them.

    The files are those that the plan was made of; an undo was made of none, and its records are its items. Raises
    ``kbart.errors.UnreadableFile`` when a file is not in the archive any more.
    """
    vendor = configuration.vendor(plan.vendor)
    for statements in (sql("words"), query("actions_inputs")):
        connection.execute(statements)
    set_variables(
        connection, plan_id=plan.plan_id, applied_at=plan.applied_at, noted_open_access=NOTED_OPEN_ACCESS,
        not_used=list(NOT_USED),
    )  # fmt: skip
    _load_words(connection, vendor)
    _load_outcomes(connection, content_path(home, plan.plan_id, "rows"))
    given = _load_rows(connection, home, vendor, _load_files(connection, plan))
    for step in ("actions_portfolio", "actions_record"):
        connection.execute(query(step))
    for kind in Kind:
        for part in ("record", "not_used"):
            view = f"CREATE OR REPLACE TEMP VIEW {kind}_{part} AS FROM actions_{part} WHERE kind = '{kind}'"
            connection.execute(view)
    counts = dict(connection.execute("SELECT action, count(*) FROM actions_record GROUP BY ALL").fetchall())
    return Records({action: counts[action] for action in ACTIONS if action in counts}, given)


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
            "INSERT INTO actions_file SELECT ?, profile, file_sha256, file_name FROM kbart_file "
            "WHERE profile = ? AND file_sha256 = ?",
            [number, file["profile"], file["file_sha256"]],
        )
    return rows(connection, "FROM actions_file ORDER BY file_no")


def _load_outcomes(connection: Connection, staged: Path) -> None:
    """What became of each row, as it was staged with the plan."""
    outcomes = f"read_parquet({quoted(staged)})" if staged.exists() else "actions_no_row"
    connection.execute(
        "CREATE OR REPLACE TEMP VIEW actions_row AS "
        f"SELECT profile, row_number, collection, outcome, portfolio_id FROM {outcomes}"
    )


def _load_rows(connection: Connection, home: Home, vendor: Vendor, files: list[dict[str, Any]]) -> tuple[str, ...]:
    """Make ``actions_file_row``, every row as it was understood and as it was given, and give the latter's headings."""
    texts = {file["file_sha256"]: _text(home, file) for file in files}
    headings = _headings(texts.values())
    parts = ["FROM actions_no_file_row"]
    for file in files:
        frame = texts[file["file_sha256"]].frame
        text = f"actions_text_{file['file_no']}"
        connection.register(text, pa.Table.from_pandas(frame, preserve_index=False))
        given = "".join(
            f', text."{column}" AS given_{number}'
            for number, column in enumerate(headings, start=1)
            if column in frame.columns
        )
        parts.append(
            f"SELECT {file['file_no']} AS file_no, {_UNDERSTOOD}{given} "
            f"FROM read_parquet({quoted(_understood(home, vendor, file))}) AS understood "
            f"JOIN {text} AS text USING (row_number)"
        )
    connection.execute("CREATE OR REPLACE TEMP VIEW actions_file_row AS " + " UNION ALL BY NAME ".join(parts))
    return tuple(headings.values())


def _headings(texts: Iterable[KbartText]) -> dict[str, str]:
    """The columns of all files, each file's in its order, and the names that the vendor gave them."""
    headings: dict[str, str] = {}
    for text in texts:
        as_given = {column: name for name, column in text.header.renamed.items()}
        columns = [*text.header.columns, *([OVERFLOW] if text.frame[OVERFLOW].notna().any() else [])]
        headings |= {column: as_given.get(column, column) for column in columns if column not in headings}
    return headings


def _text(home: Home, file: Mapping[str, Any]) -> KbartText:
    """The file as it was given."""
    return read(Archive(home.archive).path_of(file["file_sha256"]), name=file["file_name"])


def _understood(home: Home, vendor: Vendor, file: Mapping[str, Any]) -> Path:
    """The staged title list of the file; it is made again where it is not there any more."""
    sha = file["file_sha256"]
    staged = staged_path(home, vendor, sha)
    if not staged.exists():
        stage(home, vendor, Archive(home.archive).path_of(sha), sha, file["file_name"])
    return staged


_UNDERSTOOD = ", ".join(
    f"understood.{column}"
    for column in (
        "row_number", "reason", "publication_type", "publication_title", "print_identifier", "online_identifier",
        "from_date", "until_date",
    )
)  # fmt: skip
