"""What a person starts from Dagster's launchpad: accept or reject a held plan, undo a run.

What belongs here: the jobs with their configuration, which does nothing as it stands. What does not: what a decision
or an undo is (``holdings/decisions.py``, ``holdings/undo.py``). Dagster asks nobody for a password: "who" is what a
person says.
"""

from dataclasses import replace
from typing import Any

import dagster as dg
from pydantic import Field

from autoholdings_assets.holdings import decisions
from autoholdings_assets.holdings.plan import Plan
from autoholdings_assets.holdings.warehouse import open_warehouse
from autoholdings_assets.pipeline import steps
from autoholdings_assets.pipeline.assets import ACTIONS_REPORT, KBART_EXPORT_KEY, PORTFOLIOS, PUBLISHED_KEY
from autoholdings_assets.pipeline.home import HomeResource
from autoholdings_assets.pipeline.launchpad import launchpad_job, reported
from autoholdings_assets.pipeline.links import ACCEPT_JOB, REJECT_JOB, UNDO_JOB
from autoholdings_assets.pipeline.looks import bullets
from autoholdings_assets.pipeline.steps import RunContext


class Decision(dg.Config):
    """A decision about one held plan; as it stands here it decides nothing."""

    plan_id: str = Field(
        "", description="The held plan, as `autoholdings plans` lists it. Exactly this plan is decided."
    )
    why: str = Field("", description="Why you decide so: a sentence that explains it later. Required.")
    who: str = Field("", description="Your name. Required.")


class Acceptance(Decision):
    """An acceptance, and when the plan is to be applied."""

    apply_now: bool = Field(True, description="Apply the plan and publish at once; false leaves that to the next run.")


class Undoing(dg.Config):
    """Which run to undo; as it stands here it undoes nothing."""

    run_id: str = Field("", description="The run that is to be undone: its id, or the beginning of it.")
    vendor: str = Field("", description="Its vendor; needed only when one run changed several vendors' portfolios.")
    why: str = Field("", description="Why it is undone: a sentence that explains it later. Required.")
    who: str = Field("", description="Your name. Required.")
    submit: bool = Field(False, description="false only shows what the undo would do; true does it.")


@launchpad_job(
    ACCEPT_JOB,
    "Accepts one held plan, with who and why, then applies exactly that plan and publishes the holdings. The check "
    "`plan_is_not_held` leads here with the plan's id; look at the plan with `autoholdings plan show` first.",
)
def accept_plan(context: dg.OpExecutionContext, config: Acceptance, home: dg.ResourceParam[HomeResource]) -> None:
    """Accept a held plan, then apply it and publish."""
    with open_warehouse(home.home.warehouse) as connection:
        plan = decisions.accept(connection, config.plan_id, config.why, config.who)
    if config.apply_now:
        by = _by(home, context, plan.vendor, config.who)
        _finish(context, by, plan, steps.apply_plan(by).message)
    else:
        _tell(context, plan, "Accepted; the next run applies it.")


@launchpad_job(
    REJECT_JOB,
    "Rejects one held plan, with who and why: the holdings stay as they are until a file brings another plan.",
)
def reject_plan(context: dg.OpExecutionContext, config: Decision, home: dg.ResourceParam[HomeResource]) -> None:
    """Reject a held plan: the holdings stay as they are until a file brings another one."""
    with open_warehouse(home.home.warehouse) as connection:
        plan = decisions.reject(connection, config.plan_id, config.why, config.who)
    _tell(context, plan, "Rejected; nothing was applied.")


@launchpad_job(
    UNDO_JOB,
    "Restores the portfolios as they were before a run, as a new run, and bars the file that the run brought. As it "
    "stands it only shows what would be done.",
)
def undo_run(context: dg.OpExecutionContext, config: Undoing, home: dg.ResourceParam[HomeResource]) -> None:
    """Show what undoing a run would do, or undo it and publish."""
    by = _by(home, context, config.vendor, config.who)
    if not config.submit:
        plan = steps.preview_undo(by, config.run_id)
        _tell(context, plan, "Nothing was changed; set submit to true to do it.")
        return
    if not config.who.strip() or not config.why.strip():
        raise dg.Failure("Nothing was undone: say who undoes the run and why.", allow_retries=False)
    plan, done = steps.undo_run(by, config.run_id, config.why)
    _finish(context, replace(by, vendor_name=plan.vendor), plan, done.message)


DECISION_JOBS = (accept_plan, reject_plan, undo_run)


def _by(home: HomeResource, context: dg.OpExecutionContext, vendor: str, who: str) -> RunContext:
    run = home.run_context(context, vendor)
    return replace(run, acted_by=who.strip() or run.acted_by)


def _finish(context: dg.OpExecutionContext, by: RunContext, plan: Plan, message: str) -> None:
    """Publish what was changed, show it, also on the assets, and write its reports."""
    steps.publish(by)
    steps.export_kbart(by)
    reports = reported(context, by)
    _tell(context, plan, message, **reports)
    told_of = {"plan": plan.plan_id, "message": message}
    for key in (dg.AssetKey([plan.vendor, PORTFOLIOS]), PUBLISHED_KEY, KBART_EXPORT_KEY):
        context.log_event(dg.AssetMaterialization(key, metadata=told_of))
    context.log_event(dg.AssetMaterialization(dg.AssetKey([plan.vendor, ACTIONS_REPORT]), metadata=told_of | reports))


def _tell(context: dg.OpExecutionContext, plan: Plan, message: str, **reports: Any) -> None:
    context.add_output_metadata(
        {
            "plan": plan.plan_id,
            "message": message,
            "would_do_or_did": dg.MetadataValue.json(plan.actions),
            "notes": bullets([*plan.hold_reasons, *plan.notes]) if plan.hold_reasons or plan.notes else "none",
            **reports,
        }
    )
