"""``export``: files written from the holdings."""

from datetime import date
from pathlib import Path

import click

from autoholdings_assets.cli.console import existing_home, home_option, json_option, print_json, say
from autoholdings_assets.config import load_configuration


@click.command()
@click.argument("vendor")
@click.option("--left-out", is_flag=True, required=True, help="The free content that VENDOR's files name and runs leave out.")
@home_option
@json_option
def export(vendor: str, left_out: bool, home: Path | None, as_json: bool) -> int:  # noqa: ARG001 (the only export so far)
    """Write KBART files from the holdings into outbox/."""
    from autoholdings_assets.reports.kbart_export import export_left_out  # brings pandas

    place = existing_home(home)
    described = load_configuration(place).vendor(vendor)
    path, rows = export_left_out(place, described, date.today())
    if as_json:
        print_json({"file": str(path), "rows": rows})
    else:
        say(f"{rows} rows of free content written to {path}." if rows else f"{described.title}'s files name no free content.")
    return 0
