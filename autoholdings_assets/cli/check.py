"""``check``: judge KBART files, with no home and no run; what it says comes from ``kbart/check_*.py``.

Exit status: 0 nothing to correct, 1 something found, 2 wrong use.
"""

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autoholdings_assets.cli.console import err, json_option, print_json

if TYPE_CHECKING:
    from autoholdings_assets.kbart.check import CheckResult
    from autoholdings_assets.kbart.validation import ReadingOptions


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@json_option
@click.option("--html", "html_file", type=click.Path(dir_okay=False, path_type=Path), help="Write a page with a chart.")
@click.option("--strict", is_flag=True, help="Judge as for publication: departures from KBART are errors.")
@click.option("--date-format", "date_formats", multiple=True, help="Another date format, such as %d.%m.%Y.")
@click.option(
    "--fix",
    "fixed_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what can be used as a clean KBART file (one FILE only), and say what was changed.",
)
def check(
    files: tuple[Path, ...], as_json: bool, html_file: Path | None, strict: bool, date_formats: tuple[str, ...],
    fixed_file: Path | None,
) -> None:  # fmt: skip
    """Check KBART title lists: files, or folders of them."""
    # these bring pandas, which no other command should wait for
    from autoholdings_assets.kbart import check_report
    from autoholdings_assets.kbart.check import check_files
    from autoholdings_assets.kbart.validation import ReadingOptions
    from autoholdings_assets.reports.check_page import check_page
    from autoholdings_assets.reports.page import as_html

    options = ReadingOptions(strict=strict, date_formats=_date_formats(date_formats))
    for written in (html_file, fixed_file):
        if written is not None and not written.absolute().parent.is_dir():
            raise click.UsageError(f"There is no folder {written.parent} to write into.")
    if fixed_file is not None:
        _check_fix(files, fixed_file)
    with err.status("checking") as status:
        results = check_files(files, options=options, progress=lambda path: status.update(f"checking {path.name}"))
    if not results:
        raise click.UsageError("There is no title list in these folders.")
    if html_file is not None:
        html_file.write_text(as_html(check_page(results)), encoding="utf-8")
    if as_json:
        print_json([check_report.as_json(result) for result in results])
    else:
        _print(results, html_file)
    if fixed_file is not None:
        _fix(files[0], fixed_file, options, quiet=as_json)
    sys.exit(0 if all(result.clean for result in results) else 1)


def _date_formats(formats: tuple[str, ...]) -> tuple[str, ...]:
    for wanted in formats:
        if "%Y" not in wanted or datetime(2004, 5, 17).strftime(wanted) == wanted:
            raise click.BadParameter(f"{wanted!r} is no date format; write for instance %d.%m.%Y.")
    return formats


def _check_fix(files: tuple[Path, ...], fixed_file: Path) -> None:
    if len(files) != 1 or files[0].is_dir():
        raise click.UsageError("--fix takes exactly one FILE.")
    if fixed_file.resolve() == files[0].resolve():
        raise click.UsageError("--fix does not overwrite the file itself: give another name.")


def _print(results: "list[CheckResult]", html_file: Path | None) -> None:
    from autoholdings_assets.kbart.check_report import as_text, summary

    many = len(results) > 1
    for result in results:
        click.echo(as_text(result, notes=not many))
    if many:
        click.echo(summary(results))
    if html_file is not None:
        click.echo(f"The page is in {html_file}.")


def _fix(source: Path, target: Path, options: "ReadingOptions", *, quiet: bool) -> None:
    from autoholdings_assets.kbart.check import fix_file
    from autoholdings_assets.kbart.check_report import fix_text
    from autoholdings_assets.kbart.errors import UnreadableFile

    try:
        fix = fix_file(source, target, options=options)
    except UnreadableFile:
        return  # the report has said so
    click.echo(fix_text(fix), err=quiet)
