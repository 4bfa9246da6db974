"""The command line. Each command calls the same functions that the Dagster assets call.

What belongs here: the list of commands, and how errors become exit statuses: 0 done or nothing new, 1 done with
findings, 2 wrong use or configuration, 3 nothing applied, 4 held. Dagster, pandas and DuckDB take seconds to import, so
each command imports what it needs when it runs; ``--help`` needs none of them.
"""

import os
import sys
from pathlib import Path

import click

from autoholdings_assets.cli.console import NOTHING_APPLIED, refuse, unexpected
from autoholdings_assets.cli.runs import run
from autoholdings_assets.cli.setup import demo, init, ui
from autoholdings_assets.cli.show import history, plan, plans, status
from autoholdings_assets.config import ConfigurationError, Home


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="autoholdings")
def commands() -> None:
    """Keeps a library's electronic holdings equal to what its vendors' KBART files say it may read."""


for _command in (demo, init, run, status, plans, plan, history, ui):
    commands.add_command(_command)


def main() -> None:
    """The console script: run the command, tell errors, leave with the contract's exit status."""
    try:
        exit_status = commands.main(standalone_mode=False)
    except click.Abort:
        exit_status = 130
    except click.ClickException as error:
        error.show()
        exit_status = error.exit_code
    except ConfigurationError as error:
        exit_status = refuse(error)
    except Exception as error:
        unexpected(error, Home.find(_home_argument()).path / "logs")
        exit_status = NOTHING_APPLIED
    sys.stdout.flush()
    sys.stderr.flush()
    # Taking a hundred thousand objects apart one by one costs a good half second; nothing here waits for it.
    os._exit(int(exit_status or 0))


def _home_argument() -> Path | None:
    """The value of --home, when the command died before it could use it."""
    words = sys.argv[1:]
    for index, word in enumerate(words):
        if word == "--home" and index + 1 < len(words):
            return Path(words[index + 1])
        if word.startswith("--home="):
            return Path(word.removeprefix("--home="))
    return None
