"""An act of staff on portfolios: one transaction, recorded with who and why like the plan of a run.

What belongs here: writing PO lines, licenses, notes and portfolios as staff decided, and the two laws of PO lines:
one is never in two places, and never nowhere unless it was to be detached. What does not: deciding what to write
(``acquisitions.py``, ``portfolio_import.py``, ``move.py``, ``attention.py``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Literal
from uuid import uuid4

import pyarrow as pa

from autoholdings_assets.config import Configuration
from autoholdings_assets.holdings.generations import advance, generation
from autoholdings_assets.holdings.numbers import next_plan_id
from autoholdings_assets.holdings.warehouse import Connection, rows, set_variables, sql, transaction

Kind = Literal["po-line", "import", "move", "attention"]
IN_WORDS = {
    "po_line": "PO line", "license": "license", "public_note": "public note", "internal_note": "internal note",
    "portfolio_pid": "portfolio PID",
}  # fmt: skip
"""The fields of `Details` that say what is attached, as people say them."""
OF_NO_VENDOR = "local"
"""Stands for the vendor in the names of acts on collections that no vendor's files fill."""


@dataclass(frozen=True)
class Act:
    """Who acts, and why. ``run_id`` is Dagster's where the act is a Dagster run, else a number of its own."""

    kind: Kind
    acted_by: str
    why: str
    run_id: str = field(default_factory=lambda: str(uuid4()))


@dataclass(frozen=True)
class Details:
    """What staff attach to a portfolio, all of it; ``reason`` says why this portfolio in particular."""

    portfolio_id: int
    po_line: str | None = None
    license: str | None = None
    public_note: str | None = None
    internal_note: str | None = None
    portfolio_pid: str | None = None
    reason: str | None = None

    def but(self, **fields: Any) -> "Details":
        """The same with these fields."""
        return replace(self, **fields)


@dataclass(frozen=True)
class Changes:
    """What an act writes. ``portfolios`` have the columns of ``portfolio_version`` without its last four and a reason,
    ``statements`` those of ``coverage_version``, ``settlements`` those of ``attention_settlement`` without the last
    two; ``may_go`` are the PO lines that it detaches."""

    details: Sequence[Details] = ()
    portfolios: Sequence[dict[str, Any]] = ()
    statements: Sequence[dict[str, Any]] = ()
    settlements: Sequence[dict[str, Any]] = ()
    may_go: frozenset[str] = frozenset()


def carry_out(
    connection: Connection, configuration: Configuration, act: Act, collections: Iterable[str], changes: Changes
) -> str:
    """Write the changes of an act on these collections, all or nothing, and give the name under which it is recorded.

    The generation of every vendor concerned advances, so that plans made before lapse. Raises ``duckdb.Error`` when
    a PO line would be in two places or nowhere.
    """
    entries = {name: configuration.find_collection(name) for name in dict.fromkeys(collections)}
    vendors = list(dict.fromkeys(entry.vendor if entry else None for entry in entries.values()))
    load(connection, "new_details", _DETAILS, [asdict(details) for details in changes.details])
    load(connection, "new_portfolio", _schema(connection, "portfolio_version").append(_REASON), changes.portfolios)
    load(connection, "new_statement", _schema(connection, "coverage_version"), changes.statements)
    load(connection, "new_settlement", _SETTLEMENT, changes.settlements)
    with transaction(connection) as now:
        # the last collection is the one that the act is about: the target of a move
        plan_id = _record(connection, act, vendors[-1] if vendors else None, now)
        set_variables(
            connection, plan_id=plan_id, run_id=act.run_id, now=now, acted_by=act.acted_by, why=act.why,
            may_go=sorted(changes.may_go),
        )  # fmt: skip
        for statement in connection.extract_statements(sql("acts")):
            connection.execute(statement)
        connection.execute(
            "UPDATE plan SET counters = (SELECT list({'collection': collection, 'profile': NULL, 'group': NULL, "
            "'counter': action, 'value': number}) "
            "FROM (SELECT collection, action, count(*) AS number FROM act_item GROUP BY ALL)) "
            "WHERE plan_id = ?",
            [plan_id],
        )
        for vendor in vendors:
            if vendor is not None:
                advance(connection, vendor, now)
    return plan_id


def present_details(connection: Connection, portfolio_ids: Iterable[int] | None = None) -> dict[int, Details]:
    """What is attached to these portfolios (or to any) now."""
    wanted = None if portfolio_ids is None else list(portfolio_ids)
    found = rows(
        connection,
        f"SELECT portfolio_id, {', '.join(IN_WORDS)} FROM acquisition_version "
        "WHERE valid_to IS NULL AND ($wanted IS NULL OR list_contains($wanted::BIGINT[], portfolio_id))",
        {"wanted": wanted},
    )
    return {row["portfolio_id"]: Details(**row) for row in found}


def present_portfolio(connection: Connection, portfolio_id: int) -> dict[str, Any]:
    """The whole present state of a portfolio, to be changed and written anew."""
    found = rows(
        connection,
        "SELECT * EXCLUDE (valid_from, valid_to, run_id, ended_by_run_id) FROM portfolio_version "
        "WHERE valid_to IS NULL AND portfolio_id = ?",
        [portfolio_id],
    )
    return found[0]


def load(connection: Connection, table: str, schema: pa.Schema, records: Sequence[dict[str, Any]]) -> None:
    """Make a temporary table of these records."""
    connection.register("records_to_load", pa.Table.from_pylist(list(records), schema=schema))
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS FROM records_to_load")
    connection.unregister("records_to_load")


_REASON = pa.field("reason", pa.string())
_DETAILS = pa.schema([("portfolio_id", pa.int64()), *((name, pa.string()) for name in IN_WORDS), _REASON])
_SETTLEMENT = pa.schema(
    [("attention_id", pa.string()), ("kind", pa.string()), ("portfolio_id", pa.int64()), ("title", pa.string()),
     ("decision", pa.string()), ("look_again_on", pa.date32()), ("note", pa.string())]
)  # fmt: skip


def _schema(connection: Connection, table: str) -> pa.Schema:
    query = f"SELECT * EXCLUDE (valid_from, valid_to, run_id, ended_by_run_id) FROM {table} LIMIT 0"
    schema: pa.Schema = connection.sql(query).to_arrow_table().schema
    return schema


def _record(connection: Connection, act: Act, vendor: str | None, now: datetime) -> str:
    """Record the act beside the plans of runs, as one that is applied already."""
    name = vendor or OF_NO_VENDOR
    plan_id = next_plan_id(connection, name)
    connection.execute(
        "INSERT INTO plan (plan_id, vendor, run_id, kind, made_at, generation, files, status, hold_reasons, counters, "
        "notes, applied_at, applied_run_id, applied_by) VALUES (?, ?, ?, ?, ?, ?, [], 'applied', [], [], ?, ?, ?, ?)",
        [
            plan_id, name, act.run_id, act.kind, now, generation(connection, name), [act.why], now, act.run_id,
            act.acted_by,
        ],
    )  # fmt: skip
    return plan_id
