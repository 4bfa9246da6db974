"""``run``: start a run of one vendor or of all, follow it, and say what came of it.

What belongs here: choosing what to run, progress, the summary at the end. What does not: the run (``pipeline/``), or
how past runs are looked at (``show.py``). Saving a profile starts nothing (rule C8): a run is started here, by a
schedule or by a sensor.
"""

import gc
from typing import Any

import click

from autoholdings_assets.cli.alerts import tell_after_run
from autoholdings_assets.cli.console import Exit, WrongUse, err, print_json, report_options, say, unexpected
from autoholdings_assets.cli.report import print_run, run_report
from autoholdings_assets.config import Configuration, Home, load_configuration


@click.command()
@click.argument("vendor", required=False)
@click.option("--dry-run", is_flag=True, help="Only up to the plan: fetch, read, merge, compare; change nothing.")
@click.option("--profile", metavar="NAME", help="Run the vendor of this profile.")
@click.option("--all", "every", is_flag=True, help="Run every vendor that has an Active profile, one after another.")
@report_options
def run(vendor: str | None, dry_run: bool, profile: str | None, every: bool, home: Home, as_json: bool) -> int:
    """Fetch VENDOR's files, all Active profiles together, and bring the portfolios up to date.

    \b
    Exit status: 0 done or nothing new, 1 done with findings, 2 wrong use or configuration,
    3 nothing applied, 4 held.
    """
    configuration = load_configuration(home)
    vendors = _chosen(home, configuration, vendor, profile, every)
    for warning in configuration.warnings:
        err.print(f"[yellow]Note:[/] {warning}", markup=True)
    reports = []
    for name in vendors:
        report = run_and_report(home, name, dry_run=dry_run)
        reports.append(report)
        if not as_json:
            print_run(report)
    if as_json:
        print_json(reports if every else reports[0])
    tell_after_run(home, configuration)
    return int(max(report["exit_status"] for report in reports))


def _chosen(
    home: Home, configuration: Configuration, vendor: str | None, profile: str | None, every: bool
) -> list[str]:
    """The vendors to run. Raises `WrongUse` when the choice makes no sense."""
    if sum((vendor is not None, profile is not None, every)) != 1:
        raise WrongUse("Name one vendor, or one --profile, or give --all.")
    active = configuration.vendors_used(active_only=True)
    if every:
        if not active:
            raise WrongUse("No integration profile is Active; set `active: true` on one.")
        return active
    if profile is not None:
        vendor = _vendor_of(configuration, profile)
    if vendor is None or vendor not in configuration.vendors:
        known = ", ".join(sorted(configuration.vendors))
        raise WrongUse(f'There is no vendor "{vendor}". The vendors are: {known}.')
    if vendor not in active and not _has_retired(home, vendor):
        raise WrongUse(f"{vendor} has no Active integration profile; set `active: true` on one.")
    return [vendor]


def _has_retired(home: Home, vendor: str) -> bool:
    """Whether titles of a retired profile wait for a run, for which no profile need be Active."""
    from autoholdings_assets.holdings.profiles import is_retirement_pending  # brings DuckDB
    from autoholdings_assets.holdings.warehouse import open_warehouse

    with open_warehouse(home.warehouse) as connection:
        return is_retirement_pending(connection, vendor)


def _vendor_of(configuration: Configuration, name: str) -> str:
    """The vendor of a profile; says that an Inactive one is not run itself (rule C7)."""
    profile = configuration.profile(name)
    if not profile.active:
        others = ", ".join(p.name for p in configuration.profiles_of(profile.vendor, active_only=True))
        say(f"{name} is Inactive and is not run; the Active profiles of {profile.vendor} are: {others or 'none'}.")
    return profile.vendor


def run_and_report(home: Home, vendor: str, *, dry_run: bool = False) -> dict[str, Any]:
    """Run one vendor, showing which step is at work, and give the report of the run."""
    from autoholdings_assets.pipeline.home import Listener  # brings Dagster: only when a run starts
    from autoholdings_assets.pipeline.launch import run_vendor

    if not gc.isenabled():  # see main(): what the imports made stays, what the run makes need not
        gc.freeze()
        gc.enable()
    surprises: list[Exception] = []
    with err.status(f"{vendor}: starting") as progress:

        class Progress(Listener):
            def started(self, doing: str) -> None:
                progress.update(f"{vendor}: {doing}")

            def surprised(self, error: Exception) -> None:
                surprises.append(error)

        run_id = run_vendor(home, vendor, Progress(), dry_run=dry_run)
    try:
        report = run_report(home, run_id, vendor)
    except KeyError:
        if surprises:  # it died before it could be recorded
            raise surprises[0] from None
        raise
    for surprise in surprises:
        unexpected(surprise, home.path / "logs")
        report["exit_status"] = max(report["exit_status"], Exit.WITH_FINDINGS)
    return report
