"""Dagster's daemon as it runs for a library: processes of their own, with a clock that the test sets.

What belongs here: starting these processes, moving their time, killing them. What does not: what they should do.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import yaml

from autoholdings_assets.pipeline.instance import DEFINITIONS_MODULE, LOCATION_NAME

PATIENCE_SECONDS = 300
LIBFAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
"""Debian's library that sets the clock of processes, where it is installed (apt-get install libfaketime)."""

_SHARED = Path("/dev/shm")  # where the C library keeps what processes share
_SLEEP = """import select, time

def sleep(seconds):
    select.select([], [], [], seconds)

time.sleep = sleep
"""
"""Python sleeps up to a moment of a clock, which libfaketime 0.9.10 takes for one of the clock that jumps."""


@dataclass(frozen=True)
class Clock:
    """The time in processes that were started with its ``environment``: it goes on by itself, and jumps when set.

    ``LIBFAKETIME`` answers for the C library in all of them, be they Python, DuckDB, SQLite or gRPC; how long
    something waits is measured by another clock, which is left alone.
    """

    folder: Path

    def environment(self) -> Mapping[str, str]:
        """What makes a process go by this clock."""
        (self.folder / "sitecustomize.py").write_text(_SLEEP)
        return {
            "PYTHONPATH": os.pathsep.join([str(self.folder), *filter(None, [os.environ.get("PYTHONPATH")])]),
            "LD_PRELOAD": str(LIBFAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",  # else threads that wait for one another never sleep
            "NO_FAKE_STAT": "1",
        }

    def set(self, now: datetime) -> None:
        """It is this moment now."""
        ahead = (now - datetime.now(UTC)).total_seconds()
        new = self._file.with_suffix(".new")
        new.write_text(f"{ahead:+.3f}\n")
        new.replace(self._file)

    @property
    def _file(self) -> Path:
        return self.folder / "clock"


@dataclass
class Daemon:
    """The daemon and its code server for the home in ``DAGSTER_HOME``, as `dagster dev` starts them."""

    folder: Path
    clock: Clock
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def log(self) -> Path:
        """What they print."""
        return self.folder / "daemon.log"

    def start(self) -> None:
        """Start both; they go on without this process."""
        socket, workspace = self.folder / "code", self.folder / "workspace.yaml"
        socket.unlink(missing_ok=True)
        server = {"grpc_server": {"socket": str(socket), "location_name": LOCATION_NAME}}
        workspace.write_text(yaml.safe_dump({"load_from": [server]}))
        self._start("dagster", "api", "grpc", "--socket", str(socket), "--module-name", DEFINITIONS_MODULE)
        self.wait_until(socket.exists)
        self._start("dagster._daemon", "run", "-w", str(workspace))

    def kill(self) -> None:
        """Both and their runs, as when the machine goes down."""
        for process in self.running:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            process.wait()
            for left in _SHARED.glob(f"*faketime_s*_{process.pid}"):  # by a library that could not tidy up
                left.unlink()
        self.running.clear()

    def wait_until(self, what: Callable[[], object]) -> None:
        """Wait; what they printed says why it never came true."""
        until = time.monotonic() + PATIENCE_SECONDS
        while not what():
            alive = all(process.poll() is None for process in self.running)
            assert alive and time.monotonic() < until, self.log.read_text()[-5000:]
            time.sleep(0.5)

    def _start(self, *words: str) -> None:
        command = [sys.executable, "-m", *words]
        environment = os.environ | self.clock.environment() | {"FRESHNESS_DAEMON_INTERVAL_SECONDS": "5"}
        with self.log.open("ab") as log:
            self.running.append(
                subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
            )
