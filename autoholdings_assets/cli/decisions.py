"""``plan accept``, ``plan reject``, ``undo`` and ``explain``: deciding, taking back, and asking why.

What belongs here: how these are asked for and answered at the terminal. What does not: what they do
(``holdings/decisions.py``, ``holdings/undo.py``, ``holdings/history.py``).
"""

from dataclasses import asdict

import click

from autoholdings_assets.cli.console import Exit, WrongUse, opened, print_json, print_table, report_options, say
from autoholdings_assets.cli.report import print_run, run_report
from autoholdings_assets.cli.show import plan
from autoholdings_assets.config import Home
from autoholdings_assets.reports.wording import counts_in_words, moment

_why = click.option("--why", required=True, metavar="TEXT", help="Why you decide so; it stands in the history.")


@plan.command("accept")
@click.argument("plan_id", metavar="ID")
@_why
@click.option("--later", is_flag=True, help="Only record the acceptance; the vendor's next run applies the plan.")
@report_options
def accept_plan(plan_id: str, why: str, later: bool, home: Home, as_json: bool) -> int:
    """Accept the held plan ID, exactly as `plan show` shows it, and apply it.

    \b
    Exit status: 0 applied or recorded, 1 applied with findings, 2 it cannot be accepted,
    3 nothing applied (for example because it has lapsed meanwhile).
    """
    vendor = _decide(home, plan_id, why, accepted=True)
    if later:
        return _say_decided(plan_id, "accepted", f"`autoholdings run {vendor}` applies it.", as_json)
    from autoholdings_assets.pipeline.home import Listener  # brings Dagster: only when a run starts
    from autoholdings_assets.pipeline.launch import apply_accepted_plan

    return _report(home, apply_accepted_plan(home, vendor, Listener()), vendor, as_json)


@plan.command("reject")
@click.argument("plan_id", metavar="ID")
@_why
@report_options
def reject_plan(plan_id: str, why: str, home: Home, as_json: bool) -> int:
    """Reject the held plan ID: the holdings stay as they are until a file brings another plan."""
    _decide(home, plan_id, why, accepted=False)
    return _say_decided(plan_id, "rejected", "The holdings stay as they are.", as_json)


@click.command()
@click.argument("run_id", metavar="RUN")
@click.option("--vendor", metavar="NAME", help="Needed only when RUN changed several vendors' portfolios.")
@click.option("--submit", is_flag=True, help="Do it. Without this, only show what would be done.")
@click.option("--why", default="", metavar="TEXT", help="Why the run is undone; required with --submit.")
@report_options
def undo(run_id: str, vendor: str | None, submit: bool, why: str, home: Home, as_json: bool) -> int:
    """Restore the portfolios as they were before RUN (its id or the beginning of it), as a new run.

    First shows what would be done and what cannot be restored; with --submit it is done, and the file that RUN
    brought is barred, so that the next run does not do it all again.
    """
    if submit and not why.strip():
        raise WrongUse("Say with --why why the run is undone; it stands in the history.")
    from autoholdings_assets.holdings.plan import plan_items  # these bring DuckDB: only when needed
    from autoholdings_assets.holdings.undo import find_undoable, plan_undo

    with opened(home) as (configuration, connection):
        undone = find_undoable(connection, run_id, vendor)
        planned = plan_undo(connection, home, configuration, undone, "")
        items = plan_items(connection, planned.plan_id)
    applied_run_id = undone.applied_run_id or ""
    if submit:
        from autoholdings_assets.pipeline.home import Listener  # brings Dagster: only when a run starts
        from autoholdings_assets.pipeline.launch import undo_run

        done = undo_run(home, planned.vendor, applied_run_id, why, Listener())
        return _report(home, done, planned.vendor, as_json)
    if as_json:
        print_json({"plan_id": planned.plan_id, "actions": planned.actions, "notes": planned.notes, "items": items})
        return Exit.DONE
    would = counts_in_words(planned.actions)
    say(f"Undoing run {applied_run_id[:8]} (plan {undone.plan_id}) would do: {would}", style="bold")
    print_table(("action", "title", "why"), [(item["action"], item["title"], item["reason"]) for item in items])
    for note in planned.notes:
        say(f"  - {note}")
    say('Nothing was changed. To do it, add --submit --why "...".', style="dim")
    return Exit.DONE


@click.command()
@click.argument("named", metavar="TITLE-OR-ID")
@report_options
def explain(named: str, home: Home, as_json: bool) -> int:
    """Tell a portfolio's life: NAMED by its number, an ISSN or ISBN, or a part of its title."""
    from autoholdings_assets.holdings import history  # these bring DuckDB: only when needed
    from autoholdings_assets.holdings.warehouse import open_warehouse

    with open_warehouse(home.warehouse) as connection:
        stories = history.explain(connection, named)
    if as_json:
        print_json([asdict(story) for story in stories])
        return Exit.DONE if stories else Exit.NOTHING_APPLIED
    for story in stories:
        say(f"{story.title} (portfolio {story.portfolio_id}, {story.collection})", style="bold")
        for event in story.events:
            say(f"  {moment(event.at_time)}: {event.sentence}")
        for sentence in story.now:
            say(f"  Now: {sentence}")
    if not stories:
        say(f"No portfolio, present or past, has this number, ISSN, ISBN or title: {named}")
        return Exit.NOTHING_APPLIED
    if len(stories) == history.MOST_STORIES:
        say(f"Only the first {history.MOST_STORIES} are shown; name the title more exactly.", style="dim")
    return Exit.DONE


def _decide(home: Home, plan_id: str, why: str, *, accepted: bool) -> str:
    """Record the decision; gives the plan's vendor. Raises ``NotPossible`` when there is nothing to decide."""
    from autoholdings_assets.holdings import decisions  # these bring DuckDB: only when needed
    from autoholdings_assets.holdings.warehouse import open_warehouse
    from autoholdings_assets.pipeline.person import person

    decide = decisions.accept if accepted else decisions.reject
    with open_warehouse(home.warehouse) as connection:
        return decide(connection, plan_id, why, person()).vendor


def _say_decided(plan_id: str, decision: str, following: str, as_json: bool) -> int:
    if as_json:
        print_json({"plan_id": plan_id, "decision": decision})
    else:
        say(f"Plan {plan_id} is {decision}. {following}")
    return Exit.DONE


def _report(home: Home, run_id: str, vendor: str, as_json: bool) -> int:
    try:
        report = run_report(home, run_id, vendor)
    except KeyError:
        say(f"Nothing was changed; run {run_id} in `autoholdings ui` says why.", style="red")
        return Exit.NOTHING_APPLIED
    if as_json:
        print_json(report)
    else:
        print_run(report)
    return Exit(report["exit_status"])
