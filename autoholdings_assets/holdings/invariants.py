"""What must be true of the holdings after every run, as questions to the warehouse whose answer should be empty.

What belongs here: the list of these invariants and asking them. What does not: what is shown of the answers
(``pipeline/invariants.py``).
"""

import hashlib
import json
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from autoholdings_assets.config import Home
from autoholdings_assets.holdings.warehouse import Connection, quoted, rows, scalar, set_variables, sql

SHOWN_ROWS = 20
_COMPARED = (
    "portfolio_version",
    "coverage_version",
    "acquisition_version",
    "portfolio_grant",
    "entitlement",
    "vendor_state",
)

_STATE = ("vendor_state", "entitlement", "electronic_collection", "integration_profile", "schema_version")
"""Small tables that tell whether answers may have changed: generations and settings."""


@dataclass(frozen=True)
class Invariant:
    """One invariant; its SQL file has the same name.

    ``grave``: when it is broken, what staff or readers rely on is lost, and the run must not go on to publish it.
    """

    name: str
    description: str
    holds: str
    broken: str
    grave: bool = False


@dataclass(frozen=True)
class Broken:
    """How many rows break an invariant, and the first of them."""

    count: int
    rows: list[dict[str, Any]]


INVARIANTS = (
    Invariant(
        "no_po_line_portfolio_removed",
        "Every portfolio with a PO line is there: no run removes one (rule C19).",
        "Every portfolio with a PO line is there.",
        "portfolios with PO lines are gone. Undo the run that removed them, and report this fault of autoholdings.",
        grave=True,
    ),
    Invariant(
        "acquisitions_untouched",
        "PO lines, licenses and staff notes are after a run what they were before: the job never writes them "
        "(rule C19).",
        "No run has touched PO lines, licenses or notes.",
        "PO lines, licenses or notes began or ended with a run of the job, not with an act of staff.",
        grave=True,
    ),
    Invariant(
        "available_is_granted",
        "Every available portfolio is granted by a profile's accepted file, or protected: by a PO line, by a row that "
        "could not be read, or by a person.",
        "Every available portfolio is granted or protected.",
        "portfolios are available though no accepted file grants them and nothing protects them.",
    ),
    Invariant(
        "groups_as_profiles_say",
        "Every portfolio is available for the groups of the profiles that grant it: all of them, and no other.",
        "Every portfolio has the groups of its profiles.",
        "portfolios have other groups than the profiles that grant them.",
    ),
    Invariant(
        "online_identifier_is_unique",
        "No two serials of one collection have the same online ISSN.",
        "No two serials of a collection share an online ISSN.",
        "serials share their online ISSN with another of the same collection. One of them may have been imported "
        "twice.",
    ),
    Invariant(
        "identifiers_kept_apart",
        "Books that share an ISBN but differ in title, volume or edition are kept apart on purpose, and some titles "
        "share a print identifier. They are listed here to be looked at.",
        "No titles share an identifier.",
        "titles share an ISBN or a print identifier and are kept apart. Nothing is wrong here; the vendor may be told.",
    ),
    Invariant(
        "coverage_is_in_order",
        "The coverage statements of each portfolio stand in order, and none begins after it ends.",
        "All coverage statements are in order.",
        "coverage statements begin after they end or stand out of order.",
    ),
    Invariant(
        "history_is_gapless",
        "Each portfolio was in one state at every past moment.",
        "Each portfolio was in one state at every past moment.",
        "states of portfolios hold at the same time as another one.",
    ),
)


@dataclass(frozen=True)
class Answers:
    """``broken`` has the invariants that do not hold. Those of ``known`` were found to hold by an earlier run, and
    nobody has written to the holdings since."""

    broken: dict[str, Broken]
    known: frozenset[str]


def ask_invariants(connection: Connection, home: Home, vendor: str, *, keep_apart: bool) -> Answers:
    """Ask the invariants of the vendor's holdings; none should be broken. ``keep_apart`` is the vendor's own setting.

    What held is not asked again until anything is written to the holdings, by whomever.
    """
    set_variables(connection, vendor=vendor, keep_apart=keep_apart)
    questions = {invariant.name: sql(f"invariants/{invariant.name}") for invariant in INVARIANTS}
    state = _state(connection, questions, keep_apart)
    remembered = home.staging / "invariants" / f"{vendor}.json"
    known = _known(remembered, state)
    broken = {}
    for name, question in questions.items():
        if name in known:
            continue
        found = rows(connection, f"SELECT *, count(*) OVER () AS all_rows FROM ({question}) LIMIT {SHOWN_ROWS}")
        if found:
            (count,) = {row.pop("all_rows") for row in found}
            broken[name] = Broken(count, found)
    if state:
        _remember(remembered, state, questions.keys() - broken.keys())
    return Answers(broken, known)


def _state(connection: Connection, *asked: object) -> str | None:
    """A digest of what was asked and of all that the answers hang on: the settings, and what stands for the holdings.

    These are others only with another generation or, written by whomever else, with another mark (``untouched.py``).
    ``None`` where there is no mark.
    """
    mark = scalar(connection, "SELECT getvariable('mark')")
    stands = [connection.execute(f"FROM {table} ORDER BY ALL").fetchall() for table in _STATE]
    told = (mark, duckdb.__version__, *asked, stands)
    return hashlib.sha256(repr(told).encode()).hexdigest() if mark else None


def _known(remembered: Path, state: str | None) -> frozenset[str]:
    """The invariants that are known to hold in this state; none where there is no telling who has written since."""
    try:
        told = json.loads(remembered.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return frozenset()
    return frozenset(told["hold"]) if state and told.get("state") == state else frozenset()


def _remember(remembered: Path, state: str, hold: Collection[str]) -> None:
    with suppress(OSError):  # on a full disk all are asked again
        remembered.parent.mkdir(parents=True, exist_ok=True)
        remembered.write_text(json.dumps({"state": state, "hold": sorted(hold)}), encoding="utf-8")


def differing_tables(connection: Connection, published: Path) -> list[str]:
    """The tables of the holdings that are not the same in the published copy as in the open warehouse."""
    connection.execute(f"ATTACH {quoted(published)} AS published (READ_ONLY)")
    try:
        return [
            table
            for table in _COMPARED
            if _digest(connection, "warehouse", table) != _digest(connection, "published", table)
        ]
    finally:
        connection.execute("DETACH published")


def _digest(connection: Connection, database: str, table: str) -> tuple[Any, ...] | None:
    found: tuple[Any, ...] | None = connection.execute(
        f"SELECT count(*), bit_xor(hash(t)) FROM {database}.{table} AS t"
    ).fetchone()
    return found
