"""One measurement in a process of its own: ``python -m autoholdings_tests.benchmarks.worker TASK ...`` prints JSON.

What belongs here: the tasks. What does not: how often and beside what they are measured, and the goals.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from autoholdings_assets.config import Home
from autoholdings_assets.holdings.warehouse import open_warehouse
from autoholdings_assets.pipeline import steps
from autoholdings_assets.pipeline.steps import RunContext
from autoholdings_tests.benchmarks import analyst
from autoholdings_tests.benchmarks.measuring import make_home

STEPS = (
    steps.retrieve_files,
    steps.read_title_lists,
    steps.merge_coverage,
    steps.plan_changes,
    steps.apply_plan,
    steps.publish,
)

LARGE_TABLES = ("plan_item", "portfolio_version", "coverage_version", "portfolio_grant")
"""The tables of a home that grow with its titles."""


def engine(file: str, database: str) -> dict[str, Any]:
    """DuckDB makes a table of the file in a database file."""
    started = _begin()
    with duckdb.connect(database) as connection:
        connection.execute(
            "CREATE TABLE title AS SELECT * FROM read_csv(?, delim='\t', quote='', header=true, all_varchar=true)",
            [file],
        )
    return _since(started)


def tables(home: str, database: str) -> dict[str, Any]:
    """DuckDB copies the large tables of a home into a new warehouse: what writing them takes at the very least."""
    with open_warehouse(Path(database)) as connection:
        connection.execute(f"ATTACH '{Home(Path(home)).warehouse}' AS written (READ_ONLY)")
        started = _begin()
        for table in LARGE_TABLES:
            connection.execute(f"INSERT INTO {table} BY NAME FROM written.{table}")
        return _since(started)


def job(home: str, *addresses: str) -> dict[str, Any]:
    """Run the whole job once for each address, one after the other: what each run and its steps took."""
    runs = []
    for address in addresses:
        _point_to(Path(home), address)
        runs.append(_run(Home(Path(home))))
    return {"runs": runs}


def homes(folder: str, count: str, address: str) -> dict[str, Any]:
    """First loads of many institutions, one after another in this process: seconds and memory after each."""
    measured = []
    for number in range(int(count)):
        home = make_home(Path(folder) / f"home{number}", address)
        measured.append(_run(Home(home)) | {"memory": _memory("VmRSS")})
    return {"runs": measured}


def script(file: str, database: str) -> dict[str, Any]:
    """The plain pandas script."""
    started = _begin()
    analyst.main(file, database)
    return _since(started)


def _run(home: Home) -> dict[str, Any]:
    home.create()
    context = RunContext(home, "wiley", f"run-{time.monotonic_ns()}", datetime.now(UTC), "benchmark")
    began, of_steps = _begin(), {}
    for step in STEPS:
        started = _now()
        step(context)
        of_steps[step.__name__] = _since(started)["seconds"]
    return _since(began) | {"steps": of_steps}


def _point_to(home: Path, address: str) -> None:
    """Let the home's profile fetch from the address."""
    file = home / "autoholdings.yaml"
    before, _, rest = file.read_text(encoding="utf-8").partition('url: "')
    file.write_text(f'{before}url: "{address}"{rest[rest.index(chr(34)) + 1 :]}', encoding="utf-8")


def _begin() -> tuple[float, float]:
    """The beginning of something timed, which is not to wait for what was written before it."""
    if hasattr(os, "sync"):  # Windows has none
        os.sync()
    return _now()


def _now() -> tuple[float, float]:
    used = os.times()
    return time.perf_counter(), used.user + used.system


def _since(started: tuple[float, float]) -> dict[str, Any]:
    """Seconds by the clock and of processor time, and the most memory that this process has had so far, in bytes."""
    seconds, processor = _now()
    return {"seconds": seconds - started[0], "processor": processor - started[1], "peak": _memory("VmHWM")}


def _memory(field: str) -> int:
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text().splitlines() if line.startswith(f"{field}:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


TASKS: dict[str, Callable[..., dict[str, Any]]] = {
    "engine": engine, "tables": tables, "job": job, "homes": homes, "script": script,
}  # fmt: skip

if __name__ == "__main__":
    task, *arguments = sys.argv[1:]
    print(json.dumps(TASKS[task](*arguments)))
