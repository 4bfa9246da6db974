"""Commands that look and change nothing: ``plans``, ``plan show``, ``history``.

What belongs here: lists of what is there. What does not: how things stand now (``status.py``), and one run in detail
(``report.py``).
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from autoholdings_assets.cli.console import (
    DONE,
    WrongUse,
    counted,
    existing_home,
    home_option,
    json_option,
    moment,
    print_json,
    print_table,
    say,
)
from autoholdings_assets.cli.report import print_run, run_as_json, run_report
from autoholdings_assets.reports.wording import action_in_words, changes_in_words, in_order

if TYPE_CHECKING:
    from autoholdings_assets.holdings.plan import Plan
    from autoholdings_assets.holdings.runs import Run

_SHOWN_ITEMS = 40
_SHORT = 100


@click.command()
@click.option("--vendor", metavar="NAME", help="Only this vendor's.")
@home_option
@json_option
def plans(vendor: str | None, home: Path | None, as_json: bool) -> int:
    """The latest plans, newest first."""
    from autoholdings_assets.holdings import plan as planning  # brings DuckDB: only when needed
    from autoholdings_assets.holdings.warehouse import open_warehouse

    with open_warehouse(existing_home(home).warehouse) as connection:
        found = planning.plans(connection, vendor)
    if as_json:
        print_json([_plan_as_json(plan) for plan in found])
        return DONE
    print_table(
        ("plan", "made", "status", "would do"),
        [(plan.plan_id, moment(plan.made_at), plan.status, counted(plan.actions)) for plan in found],
    )
    return DONE


@click.group()
def plan() -> None:
    """Look at a plan before it is applied."""


@plan.command("show")
@click.argument("plan_id", metavar="ID")
@click.option("--all", "every", is_flag=True, help=f"Every title, not only the first {_SHOWN_ITEMS}.")
@home_option
@json_option
def show_plan(plan_id: str, every: bool, home: Path | None, as_json: bool) -> int:
    """What plan ID would do, title by title, field by field, and what would be lost."""
    from autoholdings_assets.holdings import plan as planning  # brings DuckDB: only when needed
    from autoholdings_assets.holdings.losses import losses_in_words
    from autoholdings_assets.holdings.warehouse import open_warehouse

    with open_warehouse(existing_home(home).warehouse) as connection:
        try:
            found = planning.load_plan(connection, plan_id)
        except KeyError:
            raise WrongUse(f"There is no plan {plan_id}; `autoholdings plans` lists them.") from None
        items = planning.plan_items(connection, plan_id, None if every or as_json else _SHOWN_ITEMS)
    if as_json:
        print_json({**_plan_as_json(found), "items": items})
        return DONE
    say(f"Plan {found.plan_id}, made {moment(found.made_at)}: {found.status}", style="bold")
    say(f"Titles: {counted(found.actions)}")
    say(f"Rows of the files: {counted(found.row_outcomes)}")
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
            (
                i["action"],
                i["title"],
                i["online_identifier"] or i["print_identifier"],
                changes_in_words(i["changes"]),
                i["lost"],
                i["reason"],
            )
            for i in items
        ],
    )
    planned = sum(
        number for action, number in found.actions.items() if action not in ("unchanged", "years of coverage lost")
    )
    if planned > len(items):
        say(f"... and {planned - len(items):,} more; --all shows them, --json gives them to a script.")
    return DONE


@click.command()
@click.argument("run_id", metavar="[RUN]", required=False)
@click.option("--profile", metavar="NAME", help="Only runs that handled this profile.")
@click.option("--limit", default=20, show_default=True, help="How many runs.")
@home_option
@json_option
def history(run_id: str | None, profile: str | None, limit: int, home: Path | None, as_json: bool) -> int:
    """The latest runs, newest first; with RUN (its id or the beginning of it) that run, and where its reports are."""
    from autoholdings_assets.holdings.runs import find_runs  # brings DuckDB: only when needed
    from autoholdings_assets.holdings.warehouse import open_warehouse

    place = existing_home(home)
    with open_warehouse(place.warehouse) as connection:
        found = find_runs(connection, run=run_id, profile=profile, limit=limit)
    if run_id is not None:
        if not found:
            raise WrongUse(f"There is no run {run_id}; `autoholdings history` lists them.")
        reports = [run_report(place, run.run_id, run.vendor) for run in found]
        if as_json:
            print_json(reports)
        else:
            for report in reports:
                print_run(report)
        return DONE
    if as_json:
        print_json([run_as_json(run) for run in found])
        return DONE
    print_table(
        ("run", "started", "vendor", "kind", "outcome", "what", "by"),
        [
            (run.run_id[:8], moment(run.started_at), run.vendor, run.kind, run.outcome or "not finished", _what(run),
             run.acted_by)
            for run in found
        ],
    )  # fmt: skip
    return DONE


def _plan_as_json(found: "Plan") -> dict[str, Any]:
    return {
        "plan_id": found.plan_id,
        "vendor": found.vendor,
        "status": found.status,
        "made_at": found.made_at,
        "run_id": found.run_id,
        "hold_reasons": found.hold_reasons,
        "notes": found.notes,
        "losses": found.losses,
        "actions": found.actions,
        "rows": found.row_outcomes,
        "applied_at": found.applied_at,
        "applied_run_id": found.applied_run_id,
        "decisions": found.decisions,
    }


def _what(run: "Run") -> str:
    """What the run did, or would have done, in figures; without a plan, what it says."""
    if run.plan_id is None:
        text = run.message or ""
        return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"
    figures = {action_in_words(action, done=run.changed): run.actions[action] for action in in_order(run.actions)}
    return counted(figures) if run.changed else f"would: {counted(figures)}"
