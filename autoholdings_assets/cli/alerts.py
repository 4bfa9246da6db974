"""``alerts``: what is open and who was told when, a test message, and telling after a run.

What belongs here: what the command line says about alerts. What does not: looking and telling
(``pipeline/alerting.py``).
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from autoholdings_assets.cli.console import (
    DONE,
    NOTHING_APPLIED,
    WITH_FINDINGS,
    WrongUse,
    err,
    existing_home,
    home_option,
    json_option,
    moment,
    print_json,
    print_table,
    say,
    unexpected,
)
from autoholdings_assets.config import Configuration, Home, load_configuration

if TYPE_CHECKING:
    from autoholdings_assets.alerts.alert import Alert
    from autoholdings_assets.alerts.deliver import Delivery

_HOW = (
    "autoholdings.yaml names nobody to tell. Add, for example:\n"
    "  alerts:\n"
    "    email: {smtp_host: mail.example.org, from: autoholdings@example.org, to: [eresources@example.org]}"
)


@click.group(invoke_without_command=True)
@home_option
@json_option
@click.pass_context
def alerts(context: click.Context, home: Path | None, as_json: bool) -> int | None:
    """What needs a person now, and who was told of it when."""
    if context.invoked_subcommand is None:
        return _list(existing_home(home), as_json)
    context.obj = home
    return None


@alerts.command("test")
@home_option
@json_option
@click.pass_obj
def trial(of_group: Path | None, home: Path | None, as_json: bool) -> int:
    """Send a test message to everyone whom autoholdings.yaml names.

    \b
    Exit status: 0 all messages were delivered, 1 some, 2 nobody is named, 3 none.
    """
    from autoholdings_assets.alerts.deliver import tell_trial  # brings DuckDB: only when needed

    configuration = load_configuration(existing_home(home or of_group))
    if not configuration.alerts.are_configured:
        raise WrongUse(_HOW)
    deliveries = tell_trial(configuration.alerts, configuration.institution.name, datetime.now(UTC))
    if as_json:
        print_json([{"channel": d.channel, "delivered": bool(d.told), "problem": d.problem} for d in deliveries])
    else:
        for delivery in deliveries:
            say(f"{delivery.channel}: {'delivered' if delivery.told else 'not delivered'}. {delivery.problem or ''}")
    if not any(delivery.told for delivery in deliveries):
        return NOTHING_APPLIED
    return WITH_FINDINGS if any(delivery.problem for delivery in deliveries) else DONE


def tell_after_run(home: Home, configuration: Configuration) -> None:
    """Tell what a run has left open. Whatever goes wrong here is a warning: the run came out as it did."""
    if not configuration.alerts.are_configured:
        return
    import dagster as dg  # the run has brought it already

    from autoholdings_assets.alerts.deliver import SomebodyElseTells
    from autoholdings_assets.holdings.warehouse import WarehouseBusy
    from autoholdings_assets.pipeline.alerting import look_and_tell

    try:
        with dg.DagsterInstance.get() as instance:
            _, deliveries = look_and_tell(home, instance, datetime.now(UTC))
    except (WarehouseBusy, SomebodyElseTells):
        err.print("[yellow]Warning:[/] nobody was told now: another run is going on. The next look tells it.")
        return
    except Exception as error:
        unexpected(error, home.path / "logs")
        return
    for delivery in deliveries:
        _print_delivery(delivery)


def _print_delivery(delivery: "Delivery") -> None:
    if delivery.problem:
        err.print(f"Warning ({delivery.channel}): {delivery.problem}", style="yellow", markup=False)
    else:
        err.print(f"Told by {delivery.channel}: {delivery.told}.", style="dim", markup=False)


def _list(home: Home, as_json: bool) -> int:
    import dagster as dg  # takes a second

    from autoholdings_assets.alerts.told import told_at
    from autoholdings_assets.holdings.warehouse import LOCK_WAIT_SECONDS, open_warehouse
    from autoholdings_assets.pipeline.alerting import look
    from autoholdings_assets.pipeline.instance import prepare

    configuration = load_configuration(home)
    prepare(home)
    with dg.DagsterInstance.get() as instance:
        found = look(home, instance, configuration, datetime.now(UTC), LOCK_WAIT_SECONDS)
    with open_warehouse(home.warehouse) as connection:
        told = told_at(connection, found)
    if as_json:
        print_json([_as_json(alert, told) for alert in found])
        return DONE
    zone = configuration.institution.timezone
    print_table(
        ("kind", "vendor", "since", "told by e-mail", "told by webhook", "what it is and what to do"),
        [
            (
                alert.kind,
                alert.vendor,
                moment(alert.since, zone),
                moment(told.get((alert.case_id, "email")), zone),
                moment(told.get((alert.case_id, "webhook")), zone),
                f"{alert.title}: {alert.text}" if alert.title else alert.text,
            )
            for alert in found
        ],
        title="Open cases",
    )
    if not configuration.alerts.are_configured:
        say(_HOW, style="yellow")
    return DONE


def _as_json(alert: "Alert", told: dict[tuple[str, str], datetime]) -> dict[str, Any]:
    return {
        "kind": alert.kind,
        "case": alert.case_id,
        "vendor": alert.vendor,
        "title": alert.title or None,
        "message": alert.text,
        "since": alert.since,
        "run_id": alert.run_id,
        "told": {channel: told.get((alert.case_id, channel)) for channel in ("email", "webhook")},
    }
