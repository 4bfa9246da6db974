"""Commands that look and change nothing: ``plans``, ``plan show``, ``history``.

What belongs here: lists of what is there. What does not: how things stand now (``status.py``), and one run in detail
(``report.py``).
"""

from typing import TYPE_CHECKING, Any

import click

from autoholdings_assets.cli.console import WrongUse, fields, print_json, print_table, report_options, say
from autoholdings_assets.cli.report import print_run, run_as_json, run_report
from autoholdings_assets.config import Home
from autoholdings_assets.reports import wording

if TYPE_CHECKING:
    from autoholdings_assets.holdings.plan import Plan
    from autoholdings_assets.holdings.runs import Run

_SHOWN_ITEMS = 40
_SHORT = 100


@click.command()
@click.option("--vendor", metavar="NAME", help="Only this vendor's.")
@report_options
def plans(vendor: str | None, home: Home, as_json: bool) -> None:
    """The latest plans, newest first."""
    from autoholdings_assets.holdings import plan as planning  # brings DuckDB: only when needed
    from autoholdings_assets.holdings.warehouse import open_warehouse

    with open_warehouse(home.warehouse) as connection:
        found = planning.plans(connection, vendor)
    if as_json:
        print_json([_plan_as_json(plan) for plan in found])
        return
    print_table(
        ("plan", "made", "status", "would do"),
        [
            (plan.plan_id, wording.moment(plan.made_at), plan.status, wording.counts_in_words(plan.actions))
            for plan in found
        ],
    )


@click.group()
def plan() -> None:
    """Look at a plan before it is applied."""


@plan.command("show")
@click.argument("plan_id", metavar="ID")
@click.option("--all", "every", is_flag=True, help=f"Every title, not only the first {_SHOWN_ITEMS}.")
@report_options
def show_plan(plan_id: str, every: bool, home: Home, as_json: bool) -> None:
    """What plan ID would do, title by title, field by field, and what would be lost."""
    from autoholdings_assets.holdings import plan as planning  # brings DuckDB: only when needed
    from autoholdings_assets.holdings.losses import losses_in_words
    from autoholdings_assets.holdings.warehouse import open_warehouse

    with open_warehouse(home.warehouse) as connection:
        found = planning.load_plan(connection, plan_id)
        items = planning.plan_items(connection, plan_id, None if every or as_json else _SHOWN_ITEMS)
    if as_json:
        print_json({**_plan_as_json(found), "items": items})
        return
    say(f"Plan {found.plan_id}, made {wording.moment(found.made_at)}: {found.status}", style="bold")
    say(f"Titles: {wording.counts_in_words(found.actions)}")
    say(f"Rows of the files: {wording.counts_in_words(found.row_outcomes)}")
    for sentence in [*found.hold_reasons, *found.notes]:
        say(f"  - {sentence}")
    lost = losses_in_words(found.losses)
    if lost:
        say("Was lost:" if found.status == "applied" else "Would be lost:")
    for sentence in lost:
        say(f"  - {sentence}")
    print_table(
        ("action", "title", "identifier", "what changes", "lost", "why"),
        [
            (i["action"], i["title"], i["online_identifier"] or i["print_identifier"],
             wording.changes_in_words(i["changes"]), i["lost"], i["reason"])
            for i in items
        ],
    )  # fmt: skip
    if found.titles_told > len(items):
        say(f"... and {found.titles_told - len(items):,} more; --all shows them, --json gives them to a script.")


@click.command()
@click.argument("run_id", metavar="[RUN]", required=False)
@click.option("--profile", metavar="NAME", help="Only runs that handled this profile.")
@click.option("--limit", default=20, show_default=True, help="How many runs.")
@report_options
def history(run_id: str | None, profile: str | None, limit: int, home: Home, as_json: bool) -> None:
    """The latest runs, newest first; with RUN (its id or the beginning of it) that run, and where its reports are."""
    from autoholdings_assets.holdings.runs import find_runs  # brings DuckDB: only when needed
    from autoholdings_assets.holdings.warehouse import open_warehouse

    with open_warehouse(home.warehouse) as connection:
        found = find_runs(connection, run=run_id, profile=profile, limit=limit)
    if run_id is not None:
        if not found:
            raise WrongUse(f"There is no run {run_id}; `autoholdings history` lists them.")
        reports = [run_report(home, run.run_id, run.vendor) for run in found]
        if as_json:
            print_json(reports)
        else:
            for report in reports:
                print_run(report)
    elif as_json:
        print_json([run_as_json(run) for run in found])
    else:
        print_table(
            ("run", "started", "vendor", "kind", "outcome", "what", "by"),
            [
                (run.run_id[:8], wording.moment(run.started_at), run.vendor, run.kind, run.outcome or "not finished",
                 _what(run), run.acted_by)
                for run in found
            ],
        )  # fmt: skip


def _plan_as_json(found: "Plan") -> dict[str, Any]:
    return {
        **fields(found, "plan_id", "vendor", "status", "made_at", "run_id", "hold_reasons", "notes", "losses"),
        "actions": found.actions,
        "rows": found.row_outcomes,
        **fields(found, "applied_at", "applied_run_id", "decisions"),
    }


def _what(run: "Run") -> str:
    """What the run did, or would have done, in figures; without a plan, what it says."""
    if run.plan_id is None:
        return wording.shortened(run.message or "", _SHORT)
    figures = {
        wording.action_in_words(action, done=run.changed): run.actions[action]
        for action in wording.in_order(run.actions)
    }
    return wording.counts_in_words(figures) if run.changed else f"would: {wording.counts_in_words(figures)}"
