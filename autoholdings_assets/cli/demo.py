"""``demo``: two weeks of an invented library with invented vendors, told step by step.

What belongs here: the telling. What does not: the vendors and their files (``demo/``), or the runs.
"""

from pathlib import Path

import click

from autoholdings_assets.cli.console import DONE, WrongUse, home_option, say
from autoholdings_assets.cli.report import print_run
from autoholdings_assets.cli.runs import run_and_report
from autoholdings_assets.config import Home, load_configuration

_MARK = "# Written by `autoholdings demo`."
_WEEKS = 2


@click.command()
@home_option
def demo(home: Path | None) -> int:
    """Set up a home with invented vendors on this machine, and run two weeks of it.

    Run again in the same home, it goes on with the next two weeks.
    """
    from autoholdings_assets.demo.home import demonstration  # brings pandas and a web server: only when needed

    place = Home.find(home)
    if place.config_file.exists() and not place.config_file.read_text(encoding="utf-8").startswith(_MARK):
        raise WrongUse(
            f"{place.path} is the home of a real library; give the demonstration a folder of its own with --home."
        )
    with demonstration(place) as shown:
        configuration = load_configuration(place)
        vendors = list(dict.fromkeys(profile.vendor for profile in configuration.integration_profiles))
        first = _weeks_seen(place) + 1
        for week in range(first, first + _WEEKS):
            shown.publish(week)
            say(f"Week {week}: every vendor has made its file", style="bold")
            say()
            for vendor in vendors:
                print_run(run_and_report(place, vendor), hint=False)
                say()
    _what_next(place, given=home is not None)
    return DONE


def _weeks_seen(home: Home) -> int:
    """How many of the demonstration's weeks this home has been through."""
    from autoholdings_assets.holdings.warehouse import open_warehouse, scalar  # brings DuckDB: only when needed

    with open_warehouse(home.warehouse) as connection:
        files = "SELECT max(files) FROM (SELECT count(*) AS files FROM kbart_file GROUP BY profile)"
        return int(scalar(connection, files) or 0)


def _what_next(home: Home, *, given: bool) -> None:
    option = f" --home {home.path}" if given else ""
    say("What to look at next", style="bold")
    for command, shows in (
        ("status", "profiles, files, runs, what needs attention"),
        ("plans", "every plan that was made"),
        ("plan show ID", "one plan, title by title and field by field"),
        ("ui", "lineage, checks and history in the browser"),
    ):
        say(f"  autoholdings {command}{option}  ({shows})")
    say(f"  {home.published}  (the holdings for SQL, for example:)")
    say("    SELECT title, from_date, until_date, available_for FROM portfolio JOIN coverage USING (portfolio_id)")
