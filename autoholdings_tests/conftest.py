"""Fixtures that several rooms of the tests share."""

import functools
import os
import shutil
import tempfile
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError
from pathlib import Path

import pytest

from autoholdings_assets.cli import execute
from autoholdings_assets.demo.vendor import DemoVendors
from autoholdings_assets.pipeline.steps import arrivals
from autoholdings_assets.retrieval import retrieve
from autoholdings_tests.library import Cli, Feed, Library, configuration, new_home

MEMORY = Path("/dev/shm")
if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 4 << 30:
    # DuckDB, SQLite and the archive wait for the disk after each change; no test cuts the power. Workers and the
    # processes that tests start inherit it.
    os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # each process of a test would compile the package anew

REAL_KBART = Path(__file__).resolve().parents[2] / "shared" / "real-kbart"


@pytest.hookimpl(tryfirst=True)  # before ``-m`` chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what runs a library's steps, and the rooms that do little else: seconds for each test."""
    for item in items:
        takes_seconds = {"library", "story", "weeks", "fates"}.intersection(getattr(item, "fixturenames", ()))
        if takes_seconds or item.path.parent.name in ("e2e", "property", "real"):
            item.add_marker(pytest.mark.slow)


def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are processors: some of the tests wait, for daemons and browsers."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def real_kbart() -> Path:
    """The folder of real vendor files, which are test input only and never part of this repository."""
    if not REAL_KBART.is_dir():
        pytest.skip(f"real vendor files are not here (looked in ../{REAL_KBART.parent.name}/{REAL_KBART.name})")
    return REAL_KBART


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    """An institution without groups and profiles, with Wiley's two collections active."""
    with DemoVendors() as vendors:
        library = Library(new_home(tmp_path / "home"), vendors, monkeypatch, configuration())
        library.save()
        yield library


@pytest.fixture
def wiley(library: Library) -> Feed:
    """The library's one Active profile at Wiley."""
    return library.profile("wiley-main")


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds after which runs ask a vendor again: they are told and not waited for."""
    told: list[float] = []
    monkeypatch.setattr(arrivals, "retrieve", functools.partial(retrieve, wait=told.append))
    return told


@pytest.fixture
def never_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The project's packages are in the path, but nothing says which version of it is installed."""
    real = Distribution.from_name

    def from_name(name: str) -> Distribution:
        if name == "autoholdings":
            raise PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(Distribution, "from_name", from_name)


@pytest.fixture
def cli(library: Library, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Run a command in this process."""
    for variable in ("DAGSTER_HOME", "AUTOHOLDINGS_HOME"):  # commands set these; the fixture puts them back
        monkeypatch.setenv(variable, "")

    def call(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        status = execute([*words, "--home", str(library.home.path)])
        printed = capsys.readouterr()
        return status, printed.out + printed.err

    return call
