"""``backup``, ``restore`` and ``prune``: looking after a home.

What belongs here: how these are asked for and answered at the terminal. What does not: what they do (``upkeep/``).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from autoholdings_assets.cli.console import Exit, err, json_option, print_json, print_table, report_options, say
from autoholdings_assets.config import Home, load_configuration


@click.command()
@click.argument("target", metavar="FILE|FOLDER", type=click.Path(path_type=Path))
@report_options
def backup(target: Path, home: Home, as_json: bool) -> None:
    """Write a backup of the home to FILE (.tar.gz or .tar), or into FOLDER under a name with the time.

    Runs may go on meanwhile. No credential is in it: keep the environment variables somewhere else.
    """
    from autoholdings_assets.upkeep.backup import back_up  # brings DuckDB: only when needed

    with _progress("backing up") as told:
        made = back_up(home, target.resolve(), datetime.now(UTC), told)
    if as_json:
        print_json({"file": made.path, "size_bytes": made.size_bytes, "files": len(made.manifest.files),
                    "left_out": made.left_out})  # fmt: skip
        return
    say(f"{made.path}: {len(made.manifest.files):,} files, {made.size_bytes / 1e6:,.1f} MB.")
    for name in made.left_out:
        say(f"Left out, since it may hold credentials: {name}", style="yellow")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--home", required=True, type=click.Path(path_type=Path), help="The new home: a folder that is empty.")
@json_option
def restore(file: Path, home: Path, as_json: bool) -> int:
    """Make a new home of the backup FILE; every file of it is verified first."""
    from autoholdings_assets.upkeep.restore import restore as put_back  # brings DuckDB: only when needed

    place = Home(home.resolve())
    with _progress("restoring") as told:
        manifest = put_back(file, place, told)
    if as_json:
        print_json({"home": place.path, "files": len(manifest.files), "made_at": manifest.made_at})
        return Exit.DONE
    say(f"{place.path} is as it was on {manifest.made_at:%Y-%m-%d %H:%M} UTC: {len(manifest.files):,} files.")
    say(
        "Next: set the environment variables that autoholdings.yaml names, then `autoholdings status --home ...`. "
        "Schedules are on or off as they were: let only one of two homes fetch for the library.",
        style="dim",
    )
    return Exit.DONE


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@report_options
def prune(dry_run: bool, home: Home, as_json: bool) -> None:
    """Remove what `retention` in autoholdings.yaml does not keep, as the nightly job `housekeeping` does.

    Old files that nothing rests on, staged rows, reports, Dagster's runs. The history of the holdings is never touched.
    """
    from autoholdings_assets.upkeep.prune import prune as remove  # brings DuckDB: only when needed

    now, retention = datetime.now(UTC), load_configuration(home).retention
    removed = remove(home, retention, now, dry_run=dry_run)  # first, since all else needs some space on the disk

    from autoholdings_assets.pipeline.housekeeping import forget_old_runs  # brings Dagster
    from autoholdings_assets.pipeline.instance import open_instance

    with open_instance(home) as instance:
        removed.append(forget_old_runs(home, instance, retention, now, dry_run=dry_run))
    if as_json:
        print_json([asdict(kind) for kind in removed])
        return
    what = "would be removed" if dry_run else "removed"
    print_table((what, "number", "MB"), [(r.kind, r.files, f"{r.size_bytes / 1e6:,.1f}") for r in removed])


@contextmanager
def _progress(doing: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on the terminal, for what takes long; nothing in a log."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task(doing, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


COMMANDS = (backup, restore, prune)
