"""``export``: files written from the holdings."""

from datetime import date
from pathlib import Path

import click

from autoholdings_assets.cli.console import existing_home, home_option, json_option, print_json, say
from autoholdings_assets.config import load_configuration


@click.command()
@click.argument("vendor")
@click.option("--left-out", is_flag=True, required=True, help="Free content, which runs leave out.")
@home_option
@json_option
def export(vendor: str, left_out: bool, home: Path | None, as_json: bool) -> int:
    """Write KBART files from the holdings into outbox/."""
    from autoholdings_assets.reports.kbart_export import export_left_out  # brings pandas

    place = existing_home(home)
    described = load_configuration(place).vendor(vendor)
    path, rows = export_left_out(place, described, date.today())
    if as_json:
        print_json({"file": str(path) if rows else None, "rows": rows})
    elif rows:
        say(f"{rows} rows of free content written to {path}.")
    else:
        say(f"{described.title}'s files name no free content.")
    return 0
