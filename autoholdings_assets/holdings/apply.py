"""Applying a plan: one transaction, all or nothing (rule A10).

The apply step trusts nobody: it reads the stored verdict, makes sure that the inputs and the portfolios are still those
that the plan was made of, and fails if a portfolio with a PO line would go.
"""

from dataclasses import dataclass

from autoholdings_assets.config import Home
from autoholdings_assets.holdings.entitlements import Inputs
from autoholdings_assets.holdings.generations import advance_with_run, generation
from autoholdings_assets.holdings.plan import Plan, content_path
from autoholdings_assets.holdings.titles import quoted
from autoholdings_assets.holdings.warehouse import Connection, set_variables, sql, transaction


class NotApplicable(Exception):
    """The plan may not be applied; the text says why and what to do."""


@dataclass(frozen=True)
class Applied:
    """What was applied: the plan's actions, counted."""

    plan_id: str
    actions: dict[str, int]


def apply_plan(connection: Connection, home: Home, plan: Plan, inputs: Inputs, run_id: str, acted_by: str) -> Applied:
    """Carry a plan out.

    Raises `NotApplicable` when its verdict does not allow it or it has lapsed, and ``duckdb.Error`` when the transaction
    fails; in both cases nothing has changed.
    """
    _verify(connection, home, plan, inputs)
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW planned_portfolio AS FROM read_parquet({quoted(content_path(home, plan.plan_id, 'portfolios'))});"
        f"CREATE OR REPLACE TEMP VIEW planned_statement AS FROM read_parquet({quoted(content_path(home, plan.plan_id, 'statements'))})"
    )
    with transaction(connection) as now:
        set_variables(connection, plan_id=plan.plan_id, run_id=run_id, now=now)
        connection.execute(sql("apply"))
        for grant in inputs.grants:
            if grant.is_new:
                _accept(connection, grant.profile, plan, grant.file_sha256, now)
        connection.execute(
            "UPDATE plan SET status = 'applied', applied_at = ?, applied_run_id = ?, applied_by = ? WHERE plan_id = ?",
            [now, run_id, acted_by, plan.plan_id],
        )
        advance_with_run(connection, plan.vendor, now, plan.inputs_hash, plan.plan_id)
    return Applied(plan.plan_id, plan.actions)


def _verify(connection: Connection, home: Home, plan: Plan, inputs: Inputs) -> None:
    if plan.status == "held":
        raise NotApplicable(
            f"Plan {plan.plan_id} is held: {' '.join(plan.hold_reasons)} Nothing was applied. "
            f"Look at it with `autoholdings plan show {plan.plan_id}`."
        )
    if plan.status not in ("ready", "accepted"):
        raise NotApplicable(f"Plan {plan.plan_id} is {plan.status}. Nothing was applied; run again to make a new plan.")
    if plan.inputs_hash != inputs.digest or plan.generation != generation(connection, plan.vendor):
        raise NotApplicable(
            f"Plan {plan.plan_id} has lapsed: the files, the configuration or the holdings have changed since it was made. "
            "Nothing was applied; run again to make a new plan."
        )
    if not content_path(home, plan.plan_id, "portfolios").exists():
        raise NotApplicable(
            f"The contents of plan {plan.plan_id} are not in staging/ any more. Nothing was applied; run again."
        )


def _accept(connection: Connection, profile: str, plan: Plan, file_sha256: str, now: object) -> None:
    connection.execute("DELETE FROM entitlement WHERE profile = ?", [profile])
    connection.execute(
        "INSERT INTO entitlement VALUES (?, ?, ?, ?, ?)",
        [profile, plan.vendor, file_sha256, now, plan.plan_id],
    )
    connection.execute(
        "UPDATE kbart_file SET status = 'accepted', accepted_at = coalesce(accepted_at, ?) WHERE profile = ? AND file_sha256 = ?",
        [now, profile, file_sha256],
    )
