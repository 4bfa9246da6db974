"""What every benchmark needs: things timed in processes of their own, in turns, and ratios with their goals.

What belongs here: starting a worker and reading what it measured, the form of a result. What does not: what is
measured (``worker.py`` and the modules that name its tasks).
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from threading import Thread
from typing import Any

Result = dict[str, Any]

_CONFIGURATION = """
institution: {{name: Benchmark, timezone: UTC}}
electronic_collections:
  - {{name: Wiley Online Library - AutoHoldings Journals, active: true}}
  - {{name: Wiley Online Library - AutoHoldings Books, active: true}}
integration_profiles:
  - {{name: wiley-main, vendor: wiley, active: true, url: "{address}", institution_token: "${{BENCHMARK_TOKEN}}"}}
"""
_VENDOR = "{name: wiley, based_on: wiley, request: {max_megabytes: 2000}}"  # five million rows are a gigabyte


def result(name: str, value: float, goal: float, *, unit: str = "x", at_least: bool = False, **facts: object) -> Result:
    """One line of the table. The goal is the most that the value may be, or with ``at_least`` the least."""
    met = value >= goal if at_least else value <= goal
    return {
        "name": name,
        "ratio": round(value, 2),
        "goal": goal,
        "met": met,
        "unit": unit,
        "at_least": at_least,
        **facts,
    }


def median_ratio(ours: list[float], theirs: list[float]) -> float:
    """The median over pairs that were measured one right after the other."""
    return median(one / other for one, other in zip(ours, theirs, strict=True))


def work(task: str, *arguments: str | Path | int) -> dict[str, Any]:
    """Do a task of ``worker.py`` in a process of its own; gives what it measured."""
    command = [sys.executable, "-m", "autoholdings_tests.benchmarks.worker", task, *map(str, arguments)]
    finished = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment())
    found: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return found


def environment() -> dict[str, str]:
    """The environment of a process that runs the job. Its modules are compiled once, as where it is installed."""
    here = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return here | {"BENCHMARK_TOKEN": "a-token-for-the-benchmark"}


def make_home(folder: Path, address: str) -> Path:
    """A home with one profile of Wiley's that fetches from the address."""
    (folder / "vendors").mkdir(parents=True)
    (folder / "vendors" / "wiley.yaml").write_text(_VENDOR, encoding="utf-8")
    (folder / "autoholdings.yaml").write_text(_CONFIGURATION.format(address=address), encoding="utf-8")
    return folder


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """A vendor on loopback that serves the files of a folder, with Last-Modified; gives its address."""
    handler = partial(_Quiet, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """No line a request."""
