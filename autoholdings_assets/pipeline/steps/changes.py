"""The steps that change holdings: merging rows into titles, planning, applying, undoing.

What does not belong here: how any of it is done (``holdings/``).
"""

from dataclasses import dataclass, replace

from autoholdings_assets.holdings import apply, runs, undo
from autoholdings_assets.holdings.apply import NotApplicable
from autoholdings_assets.holdings.counting import YEARS_LOST
from autoholdings_assets.holdings.generations import carried_out
from autoholdings_assets.holdings.invariants import INVARIANTS, Broken, ask_invariants
from autoholdings_assets.holdings.plan import Plan, load_plan, make_plan, plan_items, unaccounted_rows
from autoholdings_assets.holdings.runs import ProfileOutcome
from autoholdings_assets.holdings.titles import MergedTitles, merge_titles
from autoholdings_assets.holdings.warehouse import Connection, open_warehouse, rows, scalar
from autoholdings_assets.pipeline.steps.ending import end_run, report_at_once
from autoholdings_assets.pipeline.steps.run import RunContext, inputs_of, recorded_run
from autoholdings_assets.reports.job_files import WrittenReport

PREVIEW_ROWS = 10


@dataclass(frozen=True)
class PlanSummary:
    """The plan, or ``None`` where nothing has changed since the last run; ``unaccounted`` rows should all be 0.

    ``report`` is there when the run goes no further: the plan is held, or it was only to be made.
    """

    plan: Plan | None
    items: list[dict[str, object]]
    unaccounted: dict[str, int]
    warnings: tuple[str, ...] = ()
    report: WrittenReport | None = None

    @property
    def status(self) -> str:
        """'nothing new', 'ready', 'held', or what became of the plan since."""
        return self.plan.status if self.plan else runs.NOTHING_NEW


@dataclass(frozen=True)
class PortfoliosSummary:
    """What the run did to the portfolios. ``outcome`` is a word of ``job_run.outcome``.

    ``known_invariants`` hold, as an earlier run found; nobody has written to the holdings since.
    """

    outcome: str
    message: str
    plan_id: str | None
    actions: dict[str, int]
    portfolio_count: int
    counters: list[dict[str, object]]
    preview: list[dict[str, object]]
    broken_invariants: dict[str, Broken]
    known_invariants: frozenset[str]


def merge_coverage(context: RunContext) -> MergedTitles:
    """Merge the rows of all profiles' files into titles with coverage statements."""
    with recorded_run(context) as (connection, configuration, vendor):
        return merge_titles(connection, context.home, inputs_of(connection, context, configuration, vendor))


def plan_changes(context: RunContext) -> PlanSummary:
    """Compare the titles with the portfolios and store the plan; nothing is applied (rule A1)."""
    with recorded_run(context) as (connection, configuration, vendor):
        inputs = inputs_of(connection, context, configuration, vendor)
        if carried_out(connection, vendor.name, inputs.digest):
            report = end_run(connection, context, runs.NOTHING_NEW, "Nothing has changed since the last run.")
            return PlanSummary(None, [], {}, configuration.warnings, report)
        plan = make_plan(connection, context.home, inputs, context.run_id)
        unaccounted = unaccounted_rows(connection, plan)
        outcome, message = _outcome_of(plan, unaccounted)
        report = end_run(connection, context, outcome, message, plan.plan_id)
        items = plan_items(connection, plan.plan_id, PREVIEW_ROWS)
        return PlanSummary(plan, items, unaccounted, configuration.warnings, report)


def apply_plan(context: RunContext) -> PortfoliosSummary:
    """Carry out the vendor's latest plan in one transaction (rules C12, A10).

    Raises ``NotApplicable`` when the stored verdict does not allow it or the plan has lapsed; then nothing has changed.
    """
    with recorded_run(context) as (connection, configuration, vendor):
        inputs = inputs_of(connection, context, configuration, vendor)
        failed = [o for o in runs.profile_outcomes(connection, vendor.name) if o.failed]
        if carried_out(connection, vendor.name, inputs.digest):
            outcome = runs.DONE_WITH_FINDINGS if failed else runs.NOTHING_NEW
            return _summary(
                connection,
                context,
                outcome,
                _sentence("Nothing has changed since the last run.", failed),
                None,
            )
        latest = scalar(
            connection,
            "SELECT plan_id FROM plan WHERE vendor = ? AND kind = 'upload' ORDER BY made_at DESC LIMIT 1",
            [vendor.name],
        )
        if latest is None:
            raise NotApplicable(f"There is no plan for {vendor.title} yet. Run `autoholdings run {vendor.name}`.")
        plan = load_plan(connection, latest)
        try:
            applied = apply.apply_plan(connection, context.home, plan, inputs, context.run_id, context.acted_by)
        except NotApplicable as refusal:
            end_run(
                connection,
                context,
                runs.HELD if plan.status in ("held", "rejected") else runs.NOTHING_APPLIED,
                str(refusal),
                plan.plan_id,
            )
            raise
        rejected = plan.row_outcomes.get("rejected", 0)
        outcome = runs.DONE_WITH_FINDINGS if failed or rejected else runs.DONE
        done = ", ".join(f"{count} {action}" for action, count in applied.actions.items() if action != YEARS_LOST)
        message = f"Plan {plan.plan_id} applied: {done or 'no title changed'}."
        if rejected:
            message += f" Rows that could not be read: {rejected}; their titles stay as they were."
        return _summary(connection, context, outcome, _sentence(message, failed), plan)


def preview_undo(context: RunContext, run: str) -> Plan:
    """What undoing a run would do; nothing is changed. Raises ``NotPossible``."""
    with open_warehouse(context.home.warehouse) as connection:
        undone = undo.find_undoable(connection, run, context.vendor_name or None)
        return undo.plan_undo(connection, context.home, context.configuration, undone, context.run_id)


def undo_run(context: RunContext, run: str, why: str) -> tuple[Plan, PortfoliosSummary]:
    """Restore the state before a run, which is named by its id or the beginning of it, as this run (rule A9).

    ``context.vendor_name`` may be empty: then the run itself tells the vendor. Raises ``NotPossible``.
    """
    with open_warehouse(context.home.warehouse) as connection:
        undone = undo.find_undoable(connection, run, context.vendor_name or None)
        context = replace(context, vendor_name=undone.vendor)
        plan = undo.plan_undo(connection, context.home, context.configuration, undone, context.run_id)
        runs.start_run(connection, context.run_id, undone.vendor, context.acted_by, context.configuration)
        applied = undo.apply_undo(connection, context.home, plan, context.run_id, context.acted_by, why)
        kept = applied.actions.get("keep", 0)
        done = ", ".join(f"{count} {action}" for action, count in applied.actions.items())
        message = (
            f"Run {(undone.applied_run_id or '')[:8]} undone by plan {plan.plan_id}: {done or 'no title changed'}."
        )
        if kept:
            message += f" {kept} titles could not be restored; the plan says why for each."
        outcome = runs.DONE_WITH_FINDINGS if kept else runs.DONE
        return plan, _summary(connection, context, outcome, message, plan)


def _outcome_of(plan: Plan, unaccounted: dict[str, int]) -> tuple[str, str]:
    """How a run ends that has only made a plan, and why in a sentence."""
    if any(unaccounted.values()):
        return runs.NOTHING_APPLIED, f"Plan {plan.plan_id} does not account for every row; nothing of it is applied."
    if plan.status in ("held", "rejected"):
        return runs.HELD, f"Plan {plan.plan_id} is {plan.status}: {' '.join(plan.hold_reasons)}"
    return runs.DRY_RUN, f"Plan {plan.plan_id} was made; nothing is applied yet."


def _sentence(message: str, failed: list[ProfileOutcome]) -> str:
    """The run's message, with the profiles that could not be read: they keep what they had (rule A5)."""
    return " ".join([message, *(f"{o.profile} was not read and keeps its titles: {o.message}" for o in failed)])


def _summary(
    connection: Connection, context: RunContext, outcome: str, message: str, plan: Plan | None
) -> PortfoliosSummary:
    end_run(connection, context, outcome, message, plan.plan_id if plan else None)
    keep_apart = context.configuration.vendor(context.vendor_name).merging.keep_apart
    asked = ask_invariants(connection, context.home, context.vendor_name, keep_apart=keep_apart)
    if any(invariant.name in asked.broken for invariant in INVARIANTS if invariant.grave):
        report_at_once(connection, context)  # its check stops the run here
    of_vendor = "collection IN (SELECT name FROM electronic_collection WHERE vendor = ?)"
    latest = f"SELECT updated_at FROM portfolio WHERE {of_vendor} ORDER BY updated_at DESC LIMIT {PREVIEW_ROWS}"
    since = scalar(
        connection, f"SELECT min(updated_at) FROM ({latest})", [context.vendor_name]
    )  # a text is slow to sort
    return PortfoliosSummary(
        outcome, message, plan.plan_id if plan else None, plan.actions if plan else {},
        scalar(connection, f"SELECT count(*) FROM portfolio WHERE {of_vendor}", [context.vendor_name]),
        plan.counters if plan else [],
        rows(
            connection,
            "SELECT portfolio_id, title, online_identifier, print_identifier, availability, available_for_all, "
            f"available_for, updated_at FROM portfolio WHERE {of_vendor} AND updated_at >= ? "
            f"ORDER BY updated_at DESC, title LIMIT {PREVIEW_ROWS}",
            [context.vendor_name, since],
        ),
        asked.broken, asked.known,
    )  # fmt: skip
