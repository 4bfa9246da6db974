"""``autoholdings run wiley`` as a process on a usual library's file, beside a Python that imports what it needs."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from autoholdings_tests.benchmarks.generated import write_title_list
from autoholdings_tests.benchmarks.measuring import Result, environment, make_home, median_ratio, result, serving

ROWS, CHANGES = 2_500, 50
TIMES_UNCHANGED, TIMES_CHANGED = 2.0, 3.0
_AS_INSTALLED = "import sys; sys.modules['hypothesis'] = None; "
"""Without the tests' own package, as a library has it: pandera imports it where it finds it."""
IMPORTS = [sys.executable, "-c", f"{_AS_INSTALLED}import dagster, pandas, pandera.pandas, duckdb"]


def run(repeats: int) -> list[Result]:
    """A run that finds nothing new, and one that finds changes, beside the imports."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as address:
        served = write_title_list(Path(folder) / "Wiley_Global_All_2026-01-03.txt", ROWS)
        home = make_home(Path(folder) / "home", f"{address}/{served.name}")
        command = [
            sys.executable,
            "-c",
            f"{_AS_INSTALLED}from autoholdings_assets.cli import main; main()",
            "run",
            "wiley",
            "--home",
            str(home),
        ]
        _seconds(command)
        imports, unchanged, changed = [], [], []
        for number in range(repeats):
            imports.append(_seconds(IMPORTS))
            unchanged.append(_seconds(command))
            _change(served, number)
            changed.append(_seconds(command))
    facts = {"imports_seconds": round(median(imports), 2), "rows": ROWS, "repeats": repeats}
    return [
        result(
            "`autoholdings run wiley`, unchanged file / importing dagster, pandas, pandera and duckdb",
            median_ratio(unchanged, imports),
            TIMES_UNCHANGED,
            seconds=round(median(unchanged), 2),
            **facts,
        ),
        result(
            f"`autoholdings run wiley`, {CHANGES} changes / importing dagster, pandas, pandera and duckdb",
            median_ratio(changed, imports),
            TIMES_CHANGED,
            seconds=round(median(changed), 2),
            **facts,
        ),
    ]


def _change(file: Path, number: int) -> None:
    """Another publisher in some rows, as the vendor's next file."""
    lines = file.read_text(encoding="utf-8").split("\n")
    for at in range(1, 1 + CHANGES):
        cells = lines[at].split("\t")
        cells[15] = f"Publisher {number}"
        lines[at] = "\t".join(cells)
    file.write_text("\n".join(lines), encoding="utf-8")


def _seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environment())
    return time.perf_counter() - started
