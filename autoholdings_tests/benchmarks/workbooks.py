"""Both actions reports of a weekly run, beside openpyxl's write-only mode writing the same cells bare.

Bare: no style, no width, no filter, no chart, and no care for what the values are; they are in memory already. The
reports' time is all that they take: reading the file again, asking the history, writing.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

from openpyxl import Workbook, load_workbook

from autoholdings_assets.config import Home, load_configuration
from autoholdings_assets.holdings.runs import find_runs
from autoholdings_assets.holdings.warehouse import open_warehouse, scalar
from autoholdings_assets.reports.actions_report import ActionsReports, write_actions_reports
from autoholdings_tests.benchmarks.generated import write_title_list
from autoholdings_tests.benchmarks.measuring import Result, make_home, median_ratio, result, serving, work

RECORDS, TIMES_BARE = 30_000, 1.5
SHARE_OF_MANY = 0.7

Sheets = dict[str, list[tuple[Any, ...]]]


def run(rows: int, repeats: int) -> list[Result]:
    """Both workbooks of a usual vendor's weekly run, and once those of many records, with what their run took."""
    many = int(rows * SHARE_OF_MANY)
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as address:
        home, _ = _run_job(Path(folder), address, RECORDS, weeks=2)
        cells = [_read(path) for path in _paths(_reports(home))]
        bare, ours = [], []
        for _ in range(repeats):
            bare.append(_seconds(lambda: [_write(sheets, Path(folder) / "bare.xlsx") for sheets in cells]))
            ours.append(_seconds(lambda: _reports(home)))
        large, first_load = _run_job(Path(folder), address, many, weeks=1)
        of_many = _seconds(lambda: _reports(large))
    return [
        result(
            f"both workbooks of {RECORDS:,} uploaded records / openpyxl writing the same cells bare",
            median_ratio(ours, bare),
            TIMES_BARE,
            seconds=round(median(ours), 2),
            openpyxl_seconds=round(median(bare), 2),
            steps={f"both workbooks of {many:,} records": of_many, "the first load that brought them": first_load},
            repeats=repeats,
        )
    ]


def _run_job(folder: Path, address: str, records: int, weeks: int) -> tuple[Home, float]:
    """A home that has been run for so many weeks, and the seconds of the last run."""
    files = [
        write_title_list(folder / f"Wiley_{records}_2026-01-{3 + 7 * week:02}.txt", records, week)
        for week in range(weeks)
    ]
    home = make_home(folder / f"home-{records}", address)
    runs = work("job", home, *(f"{address}/{file.name}" for file in files))["runs"]
    return Home(home), round(runs[-1]["seconds"], 2)


def _reports(home: Home) -> ActionsReports:
    """Write the workbooks of the home's last run."""
    with open_warehouse(home.warehouse) as connection:
        run_id = scalar(connection, "SELECT arg_max(applied_run_id, applied_at) FROM plan")
        (run,) = find_runs(connection, run=run_id)
        written = write_actions_reports(connection, home, load_configuration(home), run)
    assert written is not None
    return written


def _paths(reports: ActionsReports) -> Iterator[Path]:
    yield from (reports.serial, reports.monograph)


def _read(path: Path) -> Sheets:
    """All cells of a workbook."""
    return {sheet.title: list(sheet.values) for sheet in load_workbook(path, read_only=True)}


def _write(sheets: Sheets, path: Path) -> None:
    """Write cells with openpyxl alone."""
    book = Workbook(write_only=True)
    for title, values in sheets.items():
        sheet = book.create_sheet(title)
        for row in values:
            sheet.append(row)
    book.save(path)


def _seconds(do: Callable[[], object]) -> float:
    started = time.perf_counter()
    do()
    return round(time.perf_counter() - started, 2)
