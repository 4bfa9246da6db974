"""The plan: what a run would change, title by title and field by field, before anything is changed (rule A1).

The plan's items are in the warehouse; its contents (the whole new state of each portfolio that changes) and the
outcome of every row are staged beside it, so that exactly the plan that was seen is applied. What does not belong here:
whether a plan may be applied (``verdict.py``), and applying it (``apply.py``).
"""

from dataclasses import asdict, dataclass, field
from typing import Any

from autoholdings_assets.config import Home
from autoholdings_assets.holdings.continuity import link_titles
from autoholdings_assets.holdings.counting import HasCounters
from autoholdings_assets.holdings.entitlements import Inputs
from autoholdings_assets.holdings.generations import generation
from autoholdings_assets.holdings.notes import notes_on
from autoholdings_assets.holdings.numbers import next_plan_id, next_portfolio_id, take_portfolio_ids
from autoholdings_assets.holdings.refusals import NotPossible
from autoholdings_assets.holdings.row_results import stage_row_results
from autoholdings_assets.holdings.settled import find_settled, pick_compared, stage_titles
from autoholdings_assets.holdings.staged import content_path, write_parquet
from autoholdings_assets.holdings.titles import load_row_outcomes
from autoholdings_assets.holdings.verdict import judge
from autoholdings_assets.holdings.warehouse import Connection, rows, scalar, set_variables, sql, transaction

ROW_OUTCOMES = (
    "activate", "update", "unchanged", "keep", "possible title change", "no match", "multiple matches",
    "rejected", "excluded", "duplicate", "collection not active",
)  # fmt: skip
"""What a row of a file may end as: exactly one of these (rule A3)."""

COMPARISON = (
    "unreadable",
    "grace",
    "proposed",
    "coverage_not_stated",
    "differences",
    "grants",
    "lost_coverage",
    "changes",
    "plan_items",
)
"""The SQL files that compare what the files grant with the portfolios, in order."""

CONTENTS = {"portfolios": "planned_portfolio", "statements": "planned_statement", "grants": "planned_grant"}
"""What a plan writes: the parts that are staged with it, and the relation of each."""


@dataclass(frozen=True)
class Plan(HasCounters):
    """A plan as people see it; ``counters`` are those of ``plan.counters``."""

    plan_id: str
    vendor: str
    status: str
    hold_reasons: list[str]
    notes: list[str]
    counters: list[dict[str, Any]]
    files: list[dict[str, str]]
    inputs_hash: str
    generation: int
    kind: str = "upload"
    made_at: Any = None
    run_id: str = ""
    applied_at: Any = None
    applied_run_id: str | None = None
    applied_by: str | None = None
    losses: list[dict[str, Any]] = field(default_factory=list)
    undoes_plan_id: str | None = None
    decisions: list[dict[str, Any]] = field(default_factory=list)


def make_plan(connection: Connection, home: Home, inputs: Inputs, run_id: str) -> Plan:
    """Compare what the files grant with the portfolios and store the plan with its verdict; nothing else changes.

    A plan that was made of the same inputs on the same state before is given again. Plans of other inputs lapse.
    """
    vendor = inputs.vendor.name
    state = generation(connection, vendor)
    same = scalar(
        connection,
        "SELECT plan_id FROM plan WHERE vendor = ? AND inputs_hash = ? AND generation = ? "
        "AND status IN ('ready', 'held', 'accepted', 'rejected') ORDER BY made_at DESC LIMIT 1",
        [vendor, inputs.digest, state],
    )
    if same and content_path(home, same, "portfolios").exists():
        return load_plan(connection, same)
    plan_id = next_plan_id(connection, vendor)
    _compute(connection, home, inputs)
    for part, relation in CONTENTS.items():
        write_parquet(connection, relation, content_path(home, plan_id, part))
    stage_titles(connection, home, inputs, plan_id)
    stage_row_results(connection, home, inputs, plan_id)
    counted = rows(connection, sql("counters"))
    verdict = judge(connection, home, inputs)
    notes = notes_on(connection, inputs)
    with transaction(connection) as now:
        lapse_plans(connection, vendor)
        connection.execute(
            "INSERT INTO plan (plan_id, vendor, run_id, kind, made_at, inputs_hash, generation, files, status, "
            "hold_reasons, counters, notes, losses) VALUES (?, ?, ?, 'upload', ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                plan_id, vendor, run_id, now, inputs.digest, state,
                [{"profile": g.profile, "file_sha256": g.file_sha256} for g in inputs.grants if not g.is_retired],
                "held" if verdict.reasons else "ready", verdict.reasons, counted, notes,
                [asdict(loss) for loss in verdict.losses],
            ],
        )  # fmt: skip
        connection.execute("INSERT INTO plan_item BY NAME SELECT ? AS plan_id, * FROM new_plan_item", [plan_id])
        if scalar(connection, "SELECT count(*) FROM activated_title"):
            connection.execute(
                f"INSERT INTO plan_item BY NAME SELECT ? AS plan_id, * FROM ({sql('activated_items')})", [plan_id]
            )
        take_portfolio_ids(connection, _first_free_id(connection))
    return load_plan(connection, plan_id)


def lapse_plans(connection: Connection, vendor: str) -> None:
    """Another plan takes the place of those that wait; inside a transaction."""
    connection.execute(
        "UPDATE plan SET status = 'lapsed' WHERE vendor = ? AND status IN ('ready', 'held', 'accepted')", [vendor]
    )


def load_plan(connection: Connection, plan_id: str) -> Plan:
    """The stored plan. Raises ``NotPossible`` when there is none of this name."""
    found = rows(
        connection,
        "SELECT plan_id, vendor, status, hold_reasons, notes, counters, files, inputs_hash, generation, kind, made_at, "
        "run_id, applied_at, applied_run_id, applied_by, losses, undoes_plan_id FROM plan WHERE plan_id = ?",
        [plan_id],
    )
    if not found:
        raise NotPossible(f"There is no plan {plan_id}; `autoholdings plans` lists them.")
    decisions = rows(
        connection,
        "SELECT * EXCLUDE (plan_id) FROM plan_decision WHERE plan_id = ? ORDER BY decided_at",
        [plan_id],
    )
    return Plan(**found[0], decisions=decisions)


def plans(connection: Connection, vendor: str | None = None, limit: int = 20) -> list[Plan]:
    """The latest plans, newest first."""
    found = connection.execute(
        "SELECT plan_id FROM plan WHERE $vendor IS NULL OR vendor = $vendor ORDER BY made_at DESC LIMIT $limit",
        {"vendor": vendor, "limit": limit},
    ).fetchall()
    return [load_plan(connection, plan_id) for (plan_id,) in found]


def plan_items(connection: Connection, plan_id: str, limit: int | None = None) -> list[dict[str, Any]]:
    """The items of a plan in its order, with the fields of ``plan_item``."""
    query = "SELECT * EXCLUDE (plan_id) FROM plan_item WHERE plan_id = ? ORDER BY item_no"
    return rows(connection, query if limit is None else f"{query} LIMIT {limit:d}", [plan_id])


def unaccounted_rows(connection: Connection, plan: Plan) -> dict[str, int]:
    """For each profile, how many rows of its file do not end in exactly one outcome; 0 is right (rule A3)."""
    set_variables(connection, plan_id=plan.plan_id, row_outcomes=list(ROW_OUTCOMES))
    return dict(connection.execute(sql("unaccounted")).fetchall())


def _first_free_id(connection: Connection) -> int:
    given = "SELECT portfolio_id FROM activated_title UNION ALL SELECT portfolio_id FROM compared_result"
    return scalar(connection, f"SELECT max(portfolio_id) + 1 FROM ({given})") or 0


def _compute(connection: Connection, home: Home, inputs: Inputs) -> None:
    """Make ``new_plan_item``, the relations of `CONTENTS` and ``title_result``."""
    load_row_outcomes(connection, home, inputs)
    set_variables(
        connection,
        all_groups=list(inputs.all_groups),
        first_portfolio_id=next_portfolio_id(connection),
        grace_files=inputs.policies.grace_files,
        po_line_portfolio_missing=inputs.policies.po_line_portfolio_missing,
    )
    connection.execute(sql("words"))
    find_settled(connection, home, inputs)
    pick_compared(connection)
    for step in ("availability", "desired"):
        connection.execute(sql(step))
    link_titles(connection)
    for step in COMPARISON:
        connection.execute(sql(step))
