"""The terminal: options that many commands share, exit statuses, tables, JSON, and how errors are told.

What belongs here: what every command needs to speak to a person or a script. What does not: what a command says.
"""

import json
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autoholdings_assets.config import ConfigurationError, Home
from autoholdings_assets.holdings.disk import DiskFull, is_full_disk
from autoholdings_assets.reports import wording

DONE, WITH_FINDINGS, WRONG_USE, NOTHING_APPLIED, HELD = range(5)
"""The exit statuses of the contract."""

counted, moment = wording.counts_in_words, wording.moment
"""How counters and moments are put in words."""

Command = TypeVar("Command", bound=Callable[..., Any])

_WIDE = None if sys.stdout.isatty() else 180  # a log or a pipe has no edge to fold tables at
out = Console(highlight=False, soft_wrap=True, width=_WIDE)
err = Console(stderr=True, highlight=False, soft_wrap=True)


class WrongUse(click.ClickException):
    """The command makes no sense as it was given; the text says what to give instead."""

    exit_code = WRONG_USE


def home_option(command: Command) -> Command:
    """``--home``: the folder that holds everything."""
    return click.option(
        "--home",
        type=click.Path(path_type=Path, file_okay=False),
        help="The home folder. Default: AUTOHOLDINGS_HOME, else data/ in the working directory.",
    )(command)


def json_option(command: Command) -> Command:
    """``--json``: the same as JSON, for scripts."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")(command)


def existing_home(given: Path | None) -> Home:
    """The home, which must have been set up. Raises `WrongUse` when it was not."""
    home = Home.find(given)
    if not home.config_file.exists():
        raise WrongUse(f"{home.path} has no autoholdings.yaml. Make one with `autoholdings init`, or give --home.")
    return home


def print_json(value: Any) -> None:
    """Print a value as JSON; times and paths as text."""
    click.echo(json.dumps(value, indent=2, default=str, ensure_ascii=False))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str | None = None) -> None:
    """Print a plain table, or that there is none; numbers stand to the right."""
    rows = list(rows)
    if not rows:
        say(f"{title}: none" if title else "none")
        return
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, header_style="dim")
    for index, name in enumerate(columns):
        numeric = all(isinstance(row[index], int) for row in rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    out.print(table)


def say(text: str = "", style: str | None = None) -> None:
    """Print a line of text as it is."""
    out.print(escape(text), style=style)


def refuse(error: ConfigurationError) -> int:
    """Say what must be changed before anything can run."""
    err.print("[bold red]This must be changed first:[/]")
    for problem in error.problems:
        err.print(f"  - {escape(problem)}")
    return WRONG_USE


def unexpected(error: BaseException, log_folder: Path) -> None:
    """One sentence, and where the whole story is."""
    if is_full_disk(error):
        told = error if isinstance(error, DiskFull) else DiskFull(log_folder.parent)
        err.print(f"[bold red]{escape(str(told))}[/]")
        return
    log = log_folder / "autoholdings.log"
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as file:
            file.write(f"\n{datetime.now(UTC).isoformat()} {' '.join(sys.argv)}\n")
            traceback.print_exception(error, file=file)
        where = f"The details are in {log}."
    except OSError as problem:
        where = f"The details could not be written to {log} ({problem.strerror})."
    err.print(f"[bold red]Something unexpected happened:[/] {escape(_sentence(error))} {escape(where)}")


def _sentence(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{text or type(error).__name__}".rstrip(".") + "."


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return escape("-" if value in (None, "") else str(value))
