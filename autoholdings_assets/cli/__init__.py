"""The command line. Each command calls the same functions that the Dagster assets call.

What belongs here: the list of commands, and how errors become exit statuses: 0 done or nothing new, 1 done with
findings, 2 wrong use or configuration, 3 nothing applied, 4 held. Dagster, pandas and DuckDB take seconds to import, so
each command imports what it needs when it runs; ``--help`` needs none of them.
"""

import gc
import os
import sys
from pathlib import Path

import click

import autoholdings_assets
from autoholdings_assets.cli.acquisitions import COMMANDS as ACQUISITIONS
from autoholdings_assets.cli.alerts import alerts
from autoholdings_assets.cli.check import check
from autoholdings_assets.cli.console import Exit, WrongUse, refuse, unexpected
from autoholdings_assets.cli.decisions import explain, undo
from autoholdings_assets.cli.demo import demo
from autoholdings_assets.cli.doctor import doctor
from autoholdings_assets.cli.export import export
from autoholdings_assets.cli.profiles import profiles
from autoholdings_assets.cli.runs import run
from autoholdings_assets.cli.setup import init, ui
from autoholdings_assets.cli.show import history, plan, plans
from autoholdings_assets.cli.status import status
from autoholdings_assets.cli.upkeep import COMMANDS as UPKEEP
from autoholdings_assets.config import ConfigurationError, Home
from autoholdings_assets.holdings.refusals import NotPossible, Unusable


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(autoholdings_assets.__version__)
def commands() -> None:
    """Keeps a library's electronic holdings equal to what its vendors' KBART files say it may read."""


for _command in (
    alerts, check, demo, doctor, explain, export, history, init, plan, plans, profiles, run, status, ui, undo,
    *ACQUISITIONS, *UPKEEP,
):  # fmt: skip
    commands.add_command(_command)


def execute(arguments: list[str] | None = None) -> int:
    """Run a command and give its exit status; what went wrong is told on the terminal, not raised."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        return int(commands.main(words, prog_name="autoholdings", standalone_mode=False) or 0)
    except click.Abort:
        return 130
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except NotPossible as refusal:
        WrongUse(str(refusal)).show()
        return Exit.NOTHING_APPLIED if isinstance(refusal, Unusable) else Exit.WRONG_USE
    except ConfigurationError as error:
        return refuse(error)
    except Exception as error:
        unexpected(error, Home.find(_home_argument(words)).path / "logs")
        return Exit.NOTHING_APPLIED


def main() -> None:
    """The console script."""
    # Imports make hundreds of thousands of objects that stay; looking through them for garbage takes a quarter second.
    gc.disable()
    exit_status = execute()
    sys.stdout.flush()
    sys.stderr.flush()
    # Taking a hundred thousand objects apart one by one costs a good half second; nothing here waits for it.
    os._exit(exit_status)


def _home_argument(words: list[str]) -> Path | None:
    """The value of --home, when the command died before it could use it."""
    for index, word in enumerate(words):
        if word == "--home" and index + 1 < len(words):
            return Path(words[index + 1])
        if word.startswith("--home="):
            return Path(word.removeprefix("--home="))
    return None
