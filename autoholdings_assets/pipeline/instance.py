"""The home's Dagster instance: its folder, its settings, opening it, and the UI.

What belongs here: what must be in place before Dagster starts. What does not: runs (``launch.py``). Dagster takes a
second to import, so that only opening the instance does.
"""

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from autoholdings_assets.config import Home

if TYPE_CHECKING:
    import dagster as dg

_ROOT = Path(__file__).resolve().parents[2]
LOOPBACK = "127.0.0.1"

# as workspace.yaml has them
DEFINITIONS_MODULE = "autoholdings_assets.definitions"
LOCATION_NAME = "autoholdings"


def prepare(home: Home) -> None:
    """Make the home's folders, give its Dagster instance the project's settings, and point this process at both.

    Settings that are already there stay: they may have been changed for this home.
    """
    home.create()
    settings = home.dagster_home / "dagster.yaml"
    if not settings.exists():
        shutil.copyfile(project_file("dagster.yaml"), settings)
    point_at(home)


@contextmanager
def open_instance(home: Home) -> "Iterator[dg.DagsterInstance]":
    """The home's Dagster instance. One process at a time sets its storage up: Dagster fails where two begin at once."""
    import dagster as dg

    prepare(home)
    with FileLock(home.dagster_home / "opening.lock"):
        instance = dg.DagsterInstance.get()
    with instance:
        yield instance


def point_at(home: Home) -> None:
    """Let Dagster in this process, and what it starts, find this home; nothing is made."""
    os.environ["AUTOHOLDINGS_HOME"] = str(home.path)
    os.environ["DAGSTER_HOME"] = str(home.dagster_home)


def project_file(name: str) -> Path:
    """``dagster.yaml`` or ``workspace.yaml``: at the project's top level, or where an installed wheel puts them."""
    beside = _ROOT / name
    return beside if beside.is_file() else Path(sys.prefix) / "share" / "autoholdings" / name


def serve_ui(home: Home, port: int) -> None:
    """Become the Dagster UI and daemon of this home, on loopback only: Dagster asks nobody for a password."""
    prepare(home)
    # What a script starts with & ignores SIGINT, and `dagster dev` does on SIGTERM what it does on SIGINT.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    workspace = str(project_file("workspace.yaml"))
    command = [sys.executable, "-m", "dagster", "dev", "-w", workspace, "-h", LOOPBACK, "-p", str(port)]
    os.execv(sys.executable, command)  # noqa: S606 - no shell, and every argument is ours
