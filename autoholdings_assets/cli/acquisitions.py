"""Commands for what staff attach to portfolios: ``po-line``, ``import-portfolios``, ``move``, ``attention``.

What belongs here: what a person says on the command line and is told. What does not: what is done (``holdings/``). Each
command that changes something publishes the holdings anew, so that SQL users see it at once.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from autoholdings_assets.cli.console import (
    Exit,
    any_home_option,
    existing,
    fields,
    json_option,
    opened,
    print_json,
    print_table,
    report_options,
    say,
)
from autoholdings_assets.config import Configuration, Home, load_configuration
from autoholdings_assets.holdings.refusals import Unusable
from autoholdings_assets.pipeline.person import person
from autoholdings_assets.reports.wording import counts_in_words, moment

if TYPE_CHECKING:
    from autoholdings_assets.holdings.acts import Act, Kind
    from autoholdings_assets.holdings.attention import Decision
    from autoholdings_assets.holdings.move import MoveSummary
    from autoholdings_assets.holdings.portfolio_import import ImportSummary
    from autoholdings_assets.holdings.warehouse import Connection

_SHOWN_LINES = 40
settled_option = click.option("--all", "settled", is_flag=True, help="The settled cases too.")
vendor_option = click.option("--vendor", metavar="NAME", help="Only this vendor's.")
why_option = click.option("--why", default="", help="Why; it stands in the history.")
collection_option = click.option("--collection", metavar="CODE", help="Only in this collection (name or code).")


@click.group("po-line")
def po_line() -> None:
    """Attach a PO line, a license or notes to a portfolio, or detach them."""


@po_line.command("attach")
@click.argument("portfolio")
@click.argument("po_line", metavar="[PO_LINE]", required=False)
@click.option("--license", help="The license.")
@click.option("--public-note", help="A note for readers.")
@click.option("--internal-note", help="A note for staff.")
@collection_option
@why_option
@report_options
def attach(
    portfolio: str, po_line: str | None, license: str | None, public_note: str | None, internal_note: str | None,
    collection: str | None, why: str, home: Home, as_json: bool,
) -> int:  # fmt: skip
    """Attach PO_LINE (or a license, or notes) to PORTFOLIO: its number, ISSN, ISBN or title.

    No run ever takes it away, and the portfolio stays when the vendor's file does not name it any more.
    """
    given = {"po_line": po_line, "license": license, "public_note": public_note, "internal_note": internal_note}
    if not any(value is not None for value in given.values()):
        raise click.UsageError("Say what to attach: a PO line, --license, --public-note or --internal-note.")
    return _change_details(home, portfolio, collection, why or "Attached by hand.", as_json, attach=given)


@po_line.command("detach")
@click.argument("portfolio")
@click.option("--license", is_flag=True, help="Detach the license too.")
@click.option("--notes", is_flag=True, help="Take the notes away too.")
@collection_option
@why_option
@report_options
def detach(
    portfolio: str, license: bool, notes: bool, collection: str | None, why: str, home: Home, as_json: bool
) -> int:
    """Detach the PO line from PORTFOLIO: its number, ISSN, ISBN, PO line or title.

    Without it, the next run removes the portfolio if no file names its title.
    """
    fields = ["po_line", *(["license"] if license else []), *(["public_note", "internal_note"] if notes else [])]
    return _change_details(home, portfolio, collection, why or "Detached by hand.", as_json, detach=fields)


@click.command("import-portfolios")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--collection", metavar="CODE", required=True, help="The collection (name or code) that the list is of.")
@click.option("--column", "columns", multiple=True, metavar="FIELD=HEADER", help='For example "po_line=Order line".')
@click.option("--apply", "do_apply", is_flag=True, help="Do it. Without this, only show what would happen.")
@click.option("--full-list", is_flag=True, help="The list is complete: say which PO lines it does not have any more.")
@click.option("--detach-missing", is_flag=True, help="With --full-list: detach those PO lines.")
@click.option("--overwrite", is_flag=True, help="Replace other licenses and notes by the list's; never a PO line.")
@click.option("--all", "every", is_flag=True, help=f"Show every line, not only the first {_SHOWN_LINES} to look at.")
@why_option
@report_options
def import_portfolios(
    file: Path, collection: str, columns: tuple[str, ...], do_apply: bool, full_list: bool, detach_missing: bool,
    overwrite: bool, every: bool, why: str, home: Home, as_json: bool,
) -> int:  # fmt: skip
    """Take over existing portfolios with their PO lines and licenses from FILE (.xlsx or .csv).

    Columns are found by their headers, as Alma's extended export names them. Shows what would become of each line;
    give the same command with --apply to do it.

    \b
    Exit status: 0 done, 1 done with lines to look at, 2 wrong use, 3 the file cannot be used.
    """
    from autoholdings_assets.holdings import portfolio_import  # these bring DuckDB: only when needed
    from autoholdings_assets.holdings.portfolio_list import read_portfolio_list
    from autoholdings_assets.kbart.errors import UnreadableFile

    if detach_missing and not full_list:
        raise click.UsageError("--detach-missing needs --full-list: only a complete list shows what is missing.")
    try:
        found = read_portfolio_list(file, _mapping(columns))
    except UnreadableFile as error:
        raise Unusable(f"{error} Nothing was changed.") from None
    with _acting(home, "import", changing=do_apply) as (configuration, connection, act):
        summary = portfolio_import.preview(
            connection, configuration, configuration.collection(collection), found,
            full_list=full_list, overwrite=overwrite, detach_missing=detach_missing,
        )  # fmt: skip
        if do_apply:
            why = f"Import of {found.name}. {why}".strip()
            summary = portfolio_import.apply(connection, configuration, act(why), summary)
    if summary.plan_id:
        from autoholdings_assets.pipeline.sources import report_portfolio_list  # brings Dagster: only when needed

        report_portfolio_list(home, summary.file, summary.collection, summary.plan_id, summary.outcomes)
    if as_json:
        print_json(_import_as_json(summary, do_apply))
    else:
        _print_import(summary, do_apply, every)
    return Exit.WITH_FINDINGS if summary.has_findings else Exit.DONE


@click.command()
@click.option("--from", "sources", multiple=True, required=True, metavar="CODE", help="A collection; may be repeated.")
@click.option("--to", "target", required=True, metavar="CODE", help="The target collection.")
@click.option("--po-lines", is_flag=True, help="Move PO lines.")
@click.option("--licenses", is_flag=True, help="Move licenses.")
@click.option("--submit", "do_submit", is_flag=True, help="Do it. Without this, only show the summary.")
@why_option
@report_options
def move(
    sources: tuple[str, ...], target: str, po_lines: bool, licenses: bool, do_submit: bool, why: str,
    home: Home, as_json: bool,
) -> int:  # fmt: skip
    """Move electronic portfolio information: PO lines and licenses from other collections to the target.

    Shows the summary; give the same command with --submit to carry it out. What has no single counterpart in the
    target stays where it is.
    """
    from autoholdings_assets.holdings import move as moving  # these bring DuckDB: only when needed
    from autoholdings_assets.holdings.acts import Act

    act = Act("move", person(), why) if do_submit else None
    summary = moving.move(
        home, load_configuration(home), sources, target, po_lines=po_lines, licenses=licenses, act=act
    )
    if as_json:
        print_json(asdict(summary) | {"submitted": do_submit, "outcomes": summary.outcomes})
    else:
        _print_move(summary, do_submit)
    return Exit.DONE if len(summary.moving) == len(summary.items) else Exit.WITH_FINDINGS


@click.group(invoke_without_command=True)
@settled_option
@vendor_option
@any_home_option
@json_option
@click.pass_context
def attention(context: click.Context, /, home: Home, **options: Any) -> None:
    """What a person should look at: list the cases, and settle them one by one."""
    if context.invoked_subcommand is None:
        context.invoke(list_cases, home=existing(home), **options)


@attention.command("list")
@settled_option
@vendor_option
@report_options
def list_cases(settled: bool, vendor: str | None, home: Home, as_json: bool) -> None:
    """The open cases, oldest first."""
    from autoholdings_assets.holdings.attention import cases  # brings DuckDB: only when needed

    with opened(home) as (_, connection):
        found = cases(connection, vendor=vendor, settled=settled)
    if as_json:
        print_json(found)
    elif not found:
        say("Nothing needs attention." if not settled else "There are no cases.", style="green")
    else:
        print_table(
            ("case", "since", "title", "what it is about", "settled"),
            [(c["attention_id"], moment(c["since"]), c["title"], c["message"], _settled(c)) for c in found],
        )
        say("Next: `autoholdings attention settle CASE keep|detach|withdraw|look-again --note ...`.", style="dim")


@attention.command("settle")
@click.argument("case", metavar="CASE")
@click.argument("decision", type=click.Choice(["keep", "detach", "withdraw", "look-again"]))
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="For look-again: from which day on.")
@click.option("--note", default="", help="Why; it stands in the history.")
@report_options
def settle(case: str, decision: str, day: datetime | None, note: str, home: Home, as_json: bool) -> None:
    """Settle CASE (as `attention list` names it).

    \b
    keep        the portfolio stays available, with its PO line
    detach      the PO line is detached; the next run removes what no file names
    withdraw    the portfolio is not available any more, its PO line stays
    look-again  the case comes up again --on a day
    """
    from autoholdings_assets.holdings import attention as cases  # brings DuckDB: only when needed

    decided, until = cast("Decision", decision.replace("-", " ")), day.date() if day else None
    note = note or f"Settled by hand: {decision}."
    with _acting(home, "attention") as (configuration, connection, act):
        settled = cases.settle(connection, configuration, act(note), case, decided, until)
    if as_json:
        print_json(asdict(settled))
    else:
        say(f'{settled.attention_id}, "{settled.title}": {settled.decision}. {settled.consequence}')


COMMANDS = (po_line, import_portfolios, move, attention)
"""For the list of commands in ``cli/__init__.py``."""


@contextmanager
def _acting(
    home: Home, kind: "Kind", *, changing: bool = True
) -> "Iterator[tuple[Configuration, Connection, Callable[[str], Act]]]":
    """The configuration, the warehouse, and what makes an act of its reason; at the end the holdings are published."""
    from autoholdings_assets.holdings.acts import Act  # these bring DuckDB: only when needed
    from autoholdings_assets.holdings.publish import publish

    with opened(home) as (configuration, connection):
        yield configuration, connection, partial(Act, kind, person())
    if changing:
        publish(home)


def _change_details(
    home: Home, said: str, collection: str | None, why: str, as_json: bool,
    attach: dict[str, str | None] | None = None, detach: Sequence[str] = (),
) -> int:  # fmt: skip
    from autoholdings_assets.holdings import acquisitions  # these bring DuckDB: only when needed
    from autoholdings_assets.holdings.acts import IN_WORDS

    with _acting(home, "po-line") as (configuration, connection, act):
        where = configuration.collection(collection).name if collection else None
        portfolio = acquisitions.find_portfolio(connection, said, where)
        if attach:
            done = acquisitions.attach(connection, configuration, act(why), portfolio, **attach)
        else:
            done = acquisitions.detach(connection, configuration, act(why), portfolio, *detach)
    if as_json:
        print_json({**asdict(done), "changes": {name: {"old": o, "new": n} for name, (o, n) in done.changes.items()}})
        return Exit.DONE
    for name, (old, new) in done.changes.items():
        say(f"{IN_WORDS[name]}: {old or '(none)'} -> {new or '(none)'}")
    say(f"{'Done' if done.changes else 'Nothing to change'}: {done.portfolio}.")
    return Exit.DONE


def _settled(case: dict[str, Any]) -> str:
    if case["decision"] is None:
        return ""
    day = f" on {case['look_again_on']}" if case["look_again_on"] else ""
    return f"{case['decision']}{day}, by {case['decided_by']}: {case['note']}"


def _print_import(summary: "ImportSummary", applied: bool, every: bool) -> None:
    done = "Done" if applied else "This would happen"
    say(f"{summary.file} for {summary.collection}, {len(summary.lines):,} lines", style="bold")
    say("Columns: " + ", ".join(f"{name} = {header}" for name, header in summary.columns.items()))
    if summary.ignored_columns:
        say(f"Not used: {', '.join(summary.ignored_columns)}", style="dim")
    say(f"{done}: {counts_in_words(summary.outcomes)}")
    ordinary = ("attached", "created", "unchanged")
    lines = list(summary.lines) if every else sorted(summary.lines, key=lambda line: line.outcome in ordinary)
    shown = lines if every else [line for line in lines if line.outcome != "unchanged"][:_SHOWN_LINES]
    print_table(
        ("line", "outcome", "title", "PO line", "why"),
        [(line.number, line.outcome, line.title, line.po_line, line.reason) for line in shown],
    )
    if len(shown) < len(summary.lines):
        say(f"... and {len(summary.lines) - len(shown):,} more; --all shows them, --json gives them to a script.")
    for offer in summary.offers:
        say(
            f'The list does not have PO line {offer.po_line} of portfolio {offer.portfolio_id}, "{offer.title}". To '
            f"detach it: `autoholdings po-line detach {offer.portfolio_id}`, or all of these with --detach-missing.",
            style="yellow",
        )
    if not applied:
        say("Nothing is changed yet. Give the same command with --apply to do it.", style="dim")


def _import_as_json(summary: "ImportSummary", applied: bool) -> dict[str, Any]:
    return {
        **fields(summary, "file", "collection"),
        "applied": applied,
        **fields(summary, "plan_id", "columns", "ignored_columns", "outcomes"),
        "lines": [asdict(line) for line in summary.lines],
        "offered_for_detaching": [asdict(offer) for offer in summary.offers],
        "detached": sorted(summary.changes.may_go),
    }


def _print_move(summary: "MoveSummary", submitted: bool) -> None:
    say(f"From {', '.join(summary.sources)} to {summary.target}", style="bold")
    say(f"{'Done' if submitted else 'This would happen'}: {counts_in_words(summary.outcomes)}")
    print_table(
        ("outcome", "PO line or license", "from portfolio", "title", "why"),
        [(i.outcome, f"{i.value}", i.portfolio_id, i.title, i.reason) for i in summary.items],
    )
    if not submitted:
        say("Nothing is changed yet. Give the same command with --submit to carry it out.", style="dim")


def _mapping(columns: tuple[str, ...]) -> dict[str, str]:
    pairs = [column.partition("=") for column in columns]
    wrong = [name for name, sign, header in pairs if not sign or not header.strip()]
    if wrong:
        raise click.UsageError(f'--column is written FIELD=HEADER, as in "po_line=Order line"; not "{wrong[0]}".')
    return {name.strip(): header.strip() for name, _, header in pairs}
