"""``alerts``: what is open and who was told when, a test message, and telling after a run.

What belongs here: what the command line says about alerts. What does not: looking and telling
(``pipeline/alerting.py``).
"""

from datetime import UTC, datetime

import click

from autoholdings_assets.cli.console import (
    Exit,
    WrongUse,
    any_home_option,
    err,
    existing,
    json_option,
    print_json,
    print_table,
    report_options,
    say,
    unexpected,
)
from autoholdings_assets.config import Configuration, Home, load_configuration
from autoholdings_assets.reports.wording import moment

_HOW = (
    "autoholdings.yaml names nobody to tell. Add, for example:\n"
    "  alerts:\n"
    "    email: {smtp_host: mail.example.org, from: autoholdings@example.org, to: [eresources@example.org]}"
)


@click.group(invoke_without_command=True)
@any_home_option
@json_option
@click.pass_context
def alerts(context: click.Context, home: Home, as_json: bool) -> None:
    """What needs a person now, and who was told of it when."""
    if context.invoked_subcommand is None:
        _list(existing(home), as_json)


@alerts.command("test")
@report_options
def trial(home: Home, as_json: bool) -> int:
    """Send a test message to everyone whom autoholdings.yaml names.

    \b
    Exit status: 0 all messages were delivered, 1 some, 2 nobody is named, 3 none.
    """
    from autoholdings_assets.alerts.deliver import tell_trial  # brings DuckDB: only when needed

    configuration = load_configuration(home)
    if not configuration.alerts.are_configured:
        raise WrongUse(_HOW)
    deliveries = tell_trial(configuration.alerts, configuration.institution.name, datetime.now(UTC))
    if as_json:
        print_json([{"channel": d.channel, "delivered": bool(d.told), "problem": d.problem} for d in deliveries])
    else:
        for delivery in deliveries:
            say(f"{delivery.channel}: {'delivered' if delivery.told else 'not delivered'}. {delivery.problem or ''}")
    if not any(delivery.told for delivery in deliveries):
        return Exit.NOTHING_APPLIED
    return Exit.WITH_FINDINGS if any(delivery.problem for delivery in deliveries) else Exit.DONE


def tell_after_run(home: Home, configuration: Configuration) -> None:
    """Tell what a run has left open. Whatever goes wrong here is a warning: the run came out as it did."""
    if not configuration.alerts.are_configured:
        return
    from autoholdings_assets.alerts.deliver import SomebodyElseTells  # the run has brought all these already
    from autoholdings_assets.holdings.warehouse import WarehouseBusy
    from autoholdings_assets.pipeline.alerting import look_and_tell
    from autoholdings_assets.pipeline.instance import open_instance

    try:
        with open_instance(home) as instance:
            _, deliveries = look_and_tell(home, instance, datetime.now(UTC))
    except (WarehouseBusy, SomebodyElseTells):
        err.print("[yellow]Warning:[/] nobody was told now: another run is going on. The next look tells it.")
        return
    except Exception as error:
        unexpected(error, home.path / "logs")
        return
    for delivery in deliveries:
        if delivery.problem:
            err.print(f"Warning ({delivery.channel}): {delivery.problem}", style="yellow", markup=False)
        else:
            err.print(f"Told by {delivery.channel}: {delivery.told}.", style="dim", markup=False)


def _list(home: Home, as_json: bool) -> None:
    from autoholdings_assets.alerts.told import told_at  # these bring Dagster, which takes a second
    from autoholdings_assets.holdings.warehouse import LOCK_WAIT_SECONDS, open_warehouse
    from autoholdings_assets.pipeline.alerting import look
    from autoholdings_assets.pipeline.instance import open_instance

    configuration = load_configuration(home)
    with open_instance(home) as instance:
        found = look(home, instance, configuration, datetime.now(UTC), LOCK_WAIT_SECONDS)
    with open_warehouse(home.warehouse) as connection:
        told = told_at(connection, found)
    if as_json:
        channels = ("email", "webhook")
        print_json([{**a.as_json(), "told": {name: told.get((a.case_id, name)) for name in channels}} for a in found])
        return
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
