"""``demo``: two weeks of an invented library with invented vendors, told step by step.

What belongs here: the telling. What does not: the vendors and their files (``demo/``), or the runs.
"""

import click

from autoholdings_assets.cli.console import WrongUse, any_home_option, say
from autoholdings_assets.cli.report import print_run
from autoholdings_assets.cli.runs import run_and_report
from autoholdings_assets.config import Home, load_configuration

_WEEKS = 2


@click.command()
@any_home_option
def demo(home: Home) -> None:
    """Set up a home with invented vendors on this machine, and run two weeks of it.

    Run again in the same home, it goes on with the next two weeks.
    """
    # asked now, since runs set AUTOHOLDINGS_HOME
    option = "" if home.path == Home.find().path else f" --home {home.path}"
    from autoholdings_assets.demo.home import MARK, demonstration  # brings pandas and a web server: only when needed

    if home.config_file.exists() and not home.config_file.read_text(encoding="utf-8").startswith(MARK):
        raise WrongUse(
            f"{home.path} is the home of a real library; give the demonstration a folder of its own with --home."
        )
    with demonstration(home) as shown:
        vendors = load_configuration(home).vendors_used()
        first = _weeks_seen(home) + 1
        for week in range(first, first + _WEEKS):
            shown.publish(week)
            say(f"Week {week}: every vendor has made its file", style="bold")
            say()
            for vendor in vendors:
                print_run(run_and_report(home, vendor), hint=False)
                say()
    _what_next(home, option)


def _weeks_seen(home: Home) -> int:
    """How many of the demonstration's weeks this home has been through."""
    from autoholdings_assets.holdings.warehouse import open_warehouse, scalar  # brings DuckDB: only when needed

    with open_warehouse(home.warehouse) as connection:
        files = "SELECT max(files) FROM (SELECT count(*) AS files FROM kbart_file GROUP BY profile)"
        return int(scalar(connection, files) or 0)


def _what_next(home: Home, option: str) -> None:
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
