"""The browser and the UI of the tests in this room."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from autoholdings_tests import browser


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """A page of the system's Chromium."""
    executable = browser.chromium()
    if executable is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    with browser.open_page(executable) as page:
        yield page


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: ``AUTOHOLDINGS_PICTURES`` when a person wants to look at them, else a passing folder."""
    folder = os.environ.get("AUTOHOLDINGS_PICTURES")
    path = Path(folder) if folder else tmp_path_factory.mktemp("pictures")
    path.mkdir(parents=True, exist_ok=True)
    return path


@pytest.fixture(scope="module")
def serve_ui() -> Iterator[Callable[[Path], str]]:
    """Start `autoholdings ui` for a home; gives its address. Stopped after the module, since a UI is never idle."""
    with contextlib.ExitStack() as running:
        yield lambda home: running.enter_context(browser.serve_ui(home))
