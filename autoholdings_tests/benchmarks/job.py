"""The whole job on a large file beside DuckDB's ``CREATE TABLE AS`` of it, and beside a plain pandas script.

What belongs here: the rows of the table about one large home. What does not: many homes (``homes.py``), the command as
a process (``command.py``), reading alone (``reading.py``).
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from autoholdings_tests.benchmarks.generated import write_title_list
from autoholdings_tests.benchmarks.measuring import Result, make_home, median_ratio, result, serving, work

FIRST, WEEKLY, IDENTICAL = "first load", "weekly file with 1 % changed titles", "identical file"
GOALS = {FIRST: 3.0, WEEKLY: 2.0, IDENTICAL: 0.15}
BARE = "for comparison: DuckDB alone writes the tables that the job leaves"
TIMES_SCRIPT = 3.0
TIMES_GROWTH, GROWTH = 5.5, 5
GIGABYTES, GIGABYTES_GROWN = 2.0, 8.0
NAMES = ("Wiley_Global_All_2026-01-03.txt", "Wiley_Global_All_2026-01-10.txt")


def run(rows: int, repeats: int) -> list[Result]:
    """The job's three kinds of run beside the engine, and the most memory that they took."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as address:
        files = _write_files(Path(folder), rows)
        engines, jobs, bare = [], [], []
        for _ in range(repeats):
            with _fresh(folder) as pair:
                engines.append(work("engine", files[0], pair / "engine.duckdb"))
                jobs.append(_job(pair / "home", address))
                bare.append(work("tables", pair / "home", pair / "bare.duckdb")["seconds"])
    seconds = [engine["seconds"] for engine in engines]
    found = []
    for at, (kind, goal) in enumerate(GOALS.items()):
        runs = [job["runs"][at] for job in jobs]
        found.append(
            result(
                f"{kind} / DuckDB's CREATE TABLE AS of the same file",
                median_ratio([r["seconds"] for r in runs], seconds),
                goal,
                seconds=round(median(r["seconds"] for r in runs), 2),
                engine_seconds=round(median(seconds), 2),
                processor_ratio=round(
                    median_ratio([r["processor"] for r in runs], [e["processor"] for e in engines]), 2
                ),
                steps=_median_steps(runs) | ({BARE: round(median(bare), 2)} if kind == FIRST else {}),
                rows=rows,
                repeats=repeats,
            )
        )
    peak = median(job["runs"][-1]["peak"] for job in jobs)
    return [*found, result("peak memory of first load and weekly run", peak / 1e9, GIGABYTES, unit="GB", rows=rows)]


def run_script(rows: int, repeats: int) -> list[Result]:
    """A first load and a weekly run of the job, how many times as fast as the same two of the pandas script."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as address:
        files = _write_files(Path(folder), rows)
        ours, theirs = [], []
        for _ in range(repeats):
            with _fresh(folder) as pair:
                theirs.append(sum(work("script", file, pair / "script.duckdb")["seconds"] for file in files))
                runs = _job(pair / "home", address)["runs"]
                ours.append(sum(r["seconds"] for r in runs[: len(files)]))
    return [
        result(
            "first load and weekly run: a plain pandas script / the whole job",
            median_ratio(theirs, ours),
            TIMES_SCRIPT,
            unit="x as fast",
            at_least=True,
            seconds=round(median(ours), 2),
            script_seconds=round(median(theirs), 2),
            rows=rows,
            repeats=repeats,
        )
    ]


def run_growth(rows: int, repeats: int) -> list[Result]:
    """First loads of five times as many rows beside first loads of these."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as address:
        small, large = (write_title_list(Path(folder) / f"Wiley_{n}_2026-01-03.txt", n) for n in (rows, GROWTH * rows))
        of_small, of_large = [], []
        for _ in range(repeats):
            for file, found in ((small, of_small), (large, of_large)):
                with _fresh(folder) as place:
                    found += work("job", make_home(place / "home", address), f"{address}/{file.name}")["runs"]
    seconds = [[run["seconds"] for run in runs] for runs in (of_large, of_small)]
    return [
        result(
            f"first load of {GROWTH} times as many rows",
            median_ratio(*seconds),
            TIMES_GROWTH,
            seconds=round(median(seconds[0]), 2),
            rows=GROWTH * rows,
            repeats=repeats,
        ),
        result(
            f"peak memory of a first load of {GROWTH} times as many rows",
            median(run["peak"] for run in of_large) / 1e9,
            GIGABYTES_GROWN,
            unit="GB",
            rows=GROWTH * rows,
        ),
    ]


@contextmanager
def _fresh(folder: str) -> Iterator[Path]:
    """A place for what is measured, gone afterwards: what earlier pairs wrote is not to slow down later ones."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        yield Path(place)


def _write_files(folder: Path, rows: int) -> list[Path]:
    return [write_title_list(folder / name, rows, week) for week, name in enumerate(NAMES)]


def _job(home: Path, address: str) -> dict[str, Any]:
    """A first load, the week after, and the same file again, in one process and a home of its own."""
    first, second = (f"{address}/{name}" for name in NAMES)
    return work("job", make_home(home, address), first, second, second)


def _median_steps(runs: list[dict[str, Any]]) -> dict[str, float]:
    return {name: round(median(run["steps"][name] for run in runs), 2) for name in runs[0]["steps"]}
