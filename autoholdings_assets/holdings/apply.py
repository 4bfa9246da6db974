"""Applying a plan: one transaction, all or nothing (rule A10).

The apply step trusts nobody: it reads the stored verdict, makes sure that the inputs and the portfolios are still those
that the plan was made of, and fails if a portfolio with a PO line would go.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from autoholdings_assets.config import Home
from autoholdings_assets.holdings.entitlements import Inputs
from autoholdings_assets.holdings.generations import advance_with_run, generation
from autoholdings_assets.holdings.plan import CONTENTS, Plan, unaccounted_rows
from autoholdings_assets.holdings.refusals import NotPossible
from autoholdings_assets.holdings.settled import ACTIVATIONS
from autoholdings_assets.holdings.staged import content_path
from autoholdings_assets.holdings.titles import load_granted_rows
from autoholdings_assets.holdings.warehouse import Connection, quoted, scalar, set_variables, sql, transaction


class NotApplicable(NotPossible):
    """The plan may not be applied."""


@dataclass(frozen=True)
class Applied:
    """What was applied: the plan's actions, counted."""

    plan_id: str
    actions: dict[str, int]


def apply_plan(connection: Connection, home: Home, plan: Plan, inputs: Inputs, run_id: str, acted_by: str) -> Applied:
    """Carry out a plan that was made of vendors' files.

    Raises `NotApplicable` when its verdict does not allow it or it has lapsed, and ``duckdb.Error`` when the
    transaction fails; in both cases nothing has changed.
    """
    _verify_verdict(connection, plan)
    if plan.inputs_hash != inputs.digest:
        raise _lapsed(plan)

    activates = _load_activations(connection, home, plan, inputs)

    def accept_files(now: datetime) -> None:
        if activates:
            connection.execute(sql("activate"))
        if scalar(connection, sql("not_activated")):
            raise _contents_gone(plan)
        for grant in inputs.grants:
            if grant.is_retired:
                connection.execute("DELETE FROM entitlement WHERE profile = ?", [grant.profile])
            elif grant.is_new or grant.barred is not None:
                accept_file(connection, grant.profile, plan, grant.file_sha256, now)
        advance_with_run(connection, plan.vendor, now, plan.inputs_hash, plan.plan_id)

    return carry_out(connection, home, plan, run_id, acted_by, accept_files)


def carry_out(
    connection: Connection, home: Home, plan: Plan, run_id: str, acted_by: str, finish: Callable[[datetime], None]
) -> Applied:
    """Write a plan's contents in one transaction; ``finish`` adds what its kind needs, and advances the generation.

    Raises `NotApplicable` when the holdings have changed since the plan was made or its contents are gone.
    """
    if plan.generation != generation(connection, plan.vendor):
        raise _lapsed(plan)
    if not all(content_path(home, plan.plan_id, part).exists() for part in CONTENTS):
        raise _contents_gone(plan)
    _load(connection, home, plan, CONTENTS)
    with transaction(connection) as now:
        set_variables(connection, plan_id=plan.plan_id, run_id=run_id, now=now)
        connection.execute(sql("apply"))
        connection.execute(
            "UPDATE plan SET status = 'applied', applied_at = ?, applied_run_id = ?, applied_by = ? WHERE plan_id = ?",
            [now, run_id, acted_by, plan.plan_id],
        )
        finish(now)
    return Applied(plan.plan_id, plan.actions)


def _load_activations(connection: Connection, home: Home, plan: Plan, inputs: Inputs) -> bool:
    """Make what ``activate.sql`` reads, if the plan activates titles without comparing."""
    if not all(content_path(home, plan.plan_id, part).exists() for part in ACTIVATIONS):
        return False
    _load(connection, home, plan, {part: part for part in ACTIVATIONS})
    if not scalar(connection, "SELECT count(*) FROM activated_portfolio"):
        return False
    load_granted_rows(connection, home, inputs)
    return True


def _load(connection: Connection, home: Home, plan: Plan, parts: Mapping[str, str]) -> None:
    """Make a view of each staged part of the plan."""
    for part, relation in parts.items():
        staged = quoted(content_path(home, plan.plan_id, part))
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {relation} AS FROM read_parquet({staged})")


def accept_file(connection: Connection, profile: str, plan: Plan, file_sha256: str, now: datetime) -> None:
    """Make a file the one that the profile's titles rest on; inside a transaction."""
    connection.execute("DELETE FROM entitlement WHERE profile = ?", [profile])
    connection.execute(
        "INSERT INTO entitlement VALUES (?, ?, ?, ?, ?)", [profile, plan.vendor, file_sha256, now, plan.plan_id]
    )
    connection.execute(
        "UPDATE kbart_file SET status = 'accepted', message = NULL, accepted_at = coalesce(accepted_at, ?) "
        "WHERE profile = ? AND file_sha256 = ?",
        [now, profile, file_sha256],
    )


def _verify_verdict(connection: Connection, plan: Plan) -> None:
    """The stored record decides, whoever calls: a held plan needs a person's recorded acceptance (rule A2)."""
    look = f"Look at it with `autoholdings plan show {plan.plan_id}`."
    if plan.status == "held":
        raise NotApplicable(f"Plan {plan.plan_id} is held: {' '.join(plan.hold_reasons)} Nothing was applied. {look}")
    if plan.status == "rejected":
        decided = plan.decisions[-1] if plan.decisions else {"decided_by": "a person", "why": "no reason is recorded"}
        raise NotApplicable(
            f"Plan {plan.plan_id} was rejected by {decided['decided_by']}: {decided['why']}. Nothing was applied; "
            "the next file brings a new plan."
        )
    if plan.status not in ("ready", "accepted"):
        raise NotApplicable(f"Plan {plan.plan_id} is {plan.status}. Nothing was applied; run again to make a new plan.")
    if any(unaccounted_rows(connection, plan).values()):
        raise NotApplicable(
            f"Plan {plan.plan_id} does not account for every row of its files. Nothing was applied. {look}"
        )
    accepted = "SELECT count(*) FROM plan_decision WHERE plan_id = ? AND decision = 'accepted'"
    if (plan.hold_reasons or plan.status == "accepted") and not scalar(connection, accepted, [plan.plan_id]):
        raise NotApplicable(f"Nobody's acceptance of plan {plan.plan_id} is recorded. Nothing was applied. {look}")


def _contents_gone(plan: Plan) -> NotApplicable:
    return NotApplicable(
        f"The contents of plan {plan.plan_id} are not in staging/ any more. Nothing was applied; run again."
    )


def _lapsed(plan: Plan) -> NotApplicable:
    return NotApplicable(
        f"Plan {plan.plan_id} has lapsed: the files, the configuration or the holdings have changed since it was made. "
        "Nothing was applied; run again to make a new plan."
    )
