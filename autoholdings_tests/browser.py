"""A real browser and a real UI: the system's Chromium, and `autoholdings ui` on loopback.

What belongs here: starting and stopping both. What does not: what is looked at (``e2e/``, ``screenshots.py``).
"""

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
from collections.abc import Iterator
from pathlib import Path

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
START_SECONDS = 240
PATIENCE = 60_000  # milliseconds; a page of the UI waits for the code location to load
_END_SECONDS = 130  # dagster dev itself gives each of its two parts 60


def chromium() -> str | None:
    """The system's Chromium, where there is one (Debian: apt-get install chromium)."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextlib.contextmanager
def open_page(executable: str, width: int = 1500, height: int = 1100) -> Iterator[Page]:
    """A page of that browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        page = browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        yield page
        browser.close()


@contextlib.contextmanager
def serve_ui(home: Path) -> Iterator[str]:
    """The UI of a home, with its daemon; gives its address. It is started and ended as a shell script does it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = "import sys; from autoholdings_assets.cli import main; sys.argv[0] = 'autoholdings'; main()"
    command = [sys.executable, "-c", script, "ui", "--home", str(home), "--port", str(port)]
    with (home / "ui.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, start_new_session=True, preexec_fn=_ignore_interrupts
        )
    try:
        yield _answering(f"http://127.0.0.1:{port}", home / "ui.log")
    finally:
        process.terminate()  # dagster dev stops its parts one by one
        try:
            process.wait(_END_SECONDS)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # what `autoholdings ui &` in a script begins with


def fill_in(page: Page, config: str) -> None:
    """Write a run's configuration into the launchpad that the page shows."""
    editor = page.locator(".CodeMirror").first
    expect(editor).to_be_visible()
    editor.evaluate("(element, text) => element.CodeMirror.setValue(text)", config)


def _answering(address: str, log: Path) -> str:
    for _ in range(START_SECONDS):
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(f"{address}/server_info", timeout=5)
            return address
        time.sleep(1)
    raise AssertionError(f"The UI did not start:\n{log.read_text()}")
