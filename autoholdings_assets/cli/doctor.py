"""``doctor``: whether everything is in place, in a line each.

What belongs here: printing what the doctor finds, and the exit status. What does not: looking (``doctor/``).
"""

from dataclasses import asdict
from datetime import UTC, datetime

import click
from rich.markup import escape

from autoholdings_assets.cli.console import Exit, err, out, print_json, report_options
from autoholdings_assets.config import Home

_MARKS = {"ok": "[green]ok     [/]", "warning": "[yellow]warning[/]", "fault": "[bold red]fault  [/]"}
_EXIT_STATUS = {"ok": Exit.DONE, "warning": Exit.WITH_FINDINGS, "fault": Exit.WRONG_USE}


@click.command()
@click.option("--offline", is_flag=True, help="Ask no vendor.")
@report_options
def doctor(offline: bool, home: Home, as_json: bool) -> int:
    """Look whether everything is in place for runs to happen by themselves; changes nothing.

    \b
    Exit status: 0 all is well, 1 something to look at, 2 something that keeps runs from doing their work.
    """
    with err.status("looking"):
        from autoholdings_assets.doctor.examine import examine  # brings Dagster, which takes a second

        found = list(examine(home, datetime.now(UTC), ask_vendors=not offline))
    if as_json:
        print_json([asdict(finding) for finding in found])
    else:
        for finding in found:
            advice = f" {finding.advice}" if finding.advice else ""
            out.print(f"{_MARKS[finding.level]}  {escape(f'{finding.subject}: {finding.found}{advice}')}")
    return max(_EXIT_STATUS[finding.level] for finding in found)
