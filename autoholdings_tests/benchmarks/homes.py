"""Many institutions, one after another in one process: none is slower for those before it, and memory stays flat."""

import tempfile
from pathlib import Path
from statistics import median

from autoholdings_tests.benchmarks.generated import write_title_list
from autoholdings_tests.benchmarks.measuring import Result, result, serving, work

HOMES, ROWS = 200, 10_000
TIMES_FIRST, TIMES_MEMORY = 1.1, 1.1


def run(homes: int = HOMES, rows: int = ROWS) -> list[Result]:
    """First loads of all homes, beside as many times the median of the second to the eleventh."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as address:
        file = write_title_list(Path(folder) / "Wiley_Global_All_2026-01-03.txt", rows)
        runs = work("homes", folder, homes, f"{address}/{file.name}")["runs"]
    seconds, memory = [run["seconds"] for run in runs], [run["memory"] for run in runs]
    typical = median(seconds[1:11])
    return [
        result(
            f"{homes} homes of {rows:,} rows in one process / {homes} x the median of homes 2 to 11",
            sum(seconds) / (homes * typical),
            TIMES_FIRST,
            seconds=round(sum(seconds), 1),
            seconds_of_one=round(typical, 2),
        ),
        result(
            f"memory after home {homes} / after home 11",
            memory[-1] / memory[min(10, homes - 1)],
            TIMES_MEMORY,
            megabytes=round(memory[-1] / 1e6),
        ),
    ]
