"""The terminal: options that many commands share, exit statuses, tables, JSON, and how errors are told.

What belongs here: what every command needs to speak to a person or a script. What does not: what a command says.
"""

import json
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autoholdings_assets.config import Configuration, ConfigurationError, Home, load_configuration
from autoholdings_assets.holdings.disk import DiskFull, is_full_disk

if TYPE_CHECKING:
    from autoholdings_assets.holdings.warehouse import Connection

Command = TypeVar("Command", bound=Callable[..., Any])

_WIDE = None if sys.stdout.isatty() else 180  # a log or a pipe has no edge to fold tables at
out = Console(highlight=False, soft_wrap=True, width=_WIDE)
err = Console(stderr=True, highlight=False, soft_wrap=True)


class Exit(IntEnum):
    """The exit statuses of the contract."""

    DONE = 0
    WITH_FINDINGS = 1
    WRONG_USE = 2
    NOTHING_APPLIED = 3
    HELD = 4


class WrongUse(click.ClickException):
    """The command makes no sense as it was given, or cannot be done; the text says what to do instead."""

    exit_code = Exit.WRONG_USE


def existing(home: Home) -> Home:
    """The home, which must have been set up. Raises `WrongUse` when it was not."""
    if not home.config_file.exists():
        raise WrongUse(f"{home.path} has no autoholdings.yaml. Make one with `autoholdings init`, or give --home.")
    return home


def _found(context: click.Context, _: click.Parameter, given: Path | None) -> Home:
    """The home that was given here or to the group of the command, or the default one."""
    of_group: Home | None = context.parent.params.get("home") if context.parent else None
    return of_group if of_group and given is None else Home.find(given)


_HOME: dict[str, Any] = {
    "type": click.Path(path_type=Path, file_okay=False),
    "help": "The home folder. Default: AUTOHOLDINGS_HOME, else data/ in the working directory.",
}
home_option = click.option("--home", callback=lambda *given: existing(_found(*given)), **_HOME)
"""``--home``: the folder that holds everything; it must have been set up."""
any_home_option = click.option("--home", callback=_found, **_HOME)
"""``--home`` where it may be yet to be set up, or a subcommand may be given it."""
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
"""``--json``: the same as JSON, for scripts."""


def report_options(command: Command) -> Command:
    """``--home`` and ``--json``: what every command has that tells something of a home."""
    return home_option(json_option(command))


@contextmanager
def opened(home: Home) -> "Iterator[tuple[Configuration, Connection]]":
    """The home's configuration and its warehouse, which nobody else writes meanwhile."""
    from autoholdings_assets.holdings.warehouse import open_warehouse  # brings DuckDB: only when needed

    configuration = load_configuration(home)
    with open_warehouse(home.warehouse) as connection:
        yield configuration, connection


def fields(thing: Any, *names: str) -> dict[str, Any]:
    """Some attributes of a thing by their names, for JSON."""
    return {name: getattr(thing, name) for name in names}


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


def refuse(error: ConfigurationError) -> Exit:
    """Say what must be changed before anything can run."""
    err.print("[bold red]This must be changed first:[/]")
    for problem in error.problems:
        err.print(f"  - {escape(problem)}")
    return Exit.WRONG_USE


def unexpected(error: BaseException, log_folder: Path) -> None:
    """One sentence, and where the whole story is."""
    if is_full_disk(error):
        err.print(f"[bold red]{escape(str(error if isinstance(error, DiskFull) else DiskFull(log_folder.parent)))}[/]")
        return
    log = log_folder / "autoholdings.log"
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as file:
            file.write(f"\n{datetime.now(UTC).isoformat()} {' '.join(sys.argv)}\n")
            traceback.print_exception(error, file=file)
        where = f"The details are in {log}."
    except OSError as problem:  # a full disk may be behind the error too, which SQLite calls an I/O error
        unwritten = f"The details could not be written to {log} ({problem.strerror})."
        where = str(DiskFull(log_folder.parent)) if is_full_disk(problem) else unwritten
    sentence = " ".join(str(error).split()) or type(error).__name__
    err.print(f"[bold red]Something unexpected happened:[/] {escape(sentence.rstrip('.'))}. {escape(where)}")


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return escape("-" if value in (None, "") else str(value))
