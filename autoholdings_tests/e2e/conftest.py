"""A real browser and a real UI: Debian's Chromium and `autoholdings ui` on loopback."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_SECONDS = 120
PATIENCE = 60_000  # milliseconds; a page of the UI waits for the code location to load


@pytest.fixture(scope="session")
def page() -> Iterator[Page]:
    """A page of the system's Chromium."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1500, "height": 1100})
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        yield page
        browser.close()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: ``AUTOHOLDINGS_PICTURES`` when a person wants to look at them, else a passing folder."""
    folder = os.environ.get("AUTOHOLDINGS_PICTURES")
    path = Path(folder) if folder else tmp_path_factory.mktemp("pictures")
    path.mkdir(parents=True, exist_ok=True)
    return path


@pytest.fixture(scope="session")
def serve_ui() -> Iterator[Callable[[Path], str]]:
    """Start `autoholdings ui` for a home; gives its address. Every one that was started is stopped in the end."""
    running: list[subprocess.Popen[bytes]] = []

    def start(home: Path) -> str:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        script = "import sys; from autoholdings_assets.cli import main; sys.argv[0] = 'autoholdings'; main()"
        command = [sys.executable, "-c", script, "ui", "--home", str(home), "--port", str(port)]
        log = (home / "ui.log").open("wb")
        running.append(subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True))
        address = f"http://127.0.0.1:{port}"
        for _ in range(START_SECONDS):
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                urllib.request.urlopen(f"{address}/server_info", timeout=5)
                return address
            time.sleep(1)
        raise AssertionError(f"The UI did not start:\n{(home / 'ui.log').read_text()}")

    yield start
    for process in running:
        os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does: dagster dev stops its parts one by one
    for process in running:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(30)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
