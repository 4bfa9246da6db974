"""Fixtures that several rooms of the tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from autoholdings_assets.demo.vendor import DemoVendors
from autoholdings_tests.library import BOOKS, JOURNALS, Feed, Library, new_home

REAL_KBART = Path(__file__).resolve().parents[2] / "shared" / "real-kbart"


@pytest.fixture(scope="session")
def real_kbart() -> Path:
    """The folder of real vendor files, which are test input only and never part of this repository."""
    if not REAL_KBART.is_dir():
        pytest.skip(f"real vendor files are not here (looked in ../{REAL_KBART.parent.name}/{REAL_KBART.name})")
    return REAL_KBART


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    """An institution without groups and profiles, with Wiley's two collections active."""
    configuration = {
        "institution": {"name": "University of Example", "timezone": "America/New_York"},
        "electronic_collections": [{"name": JOURNALS}, {"name": BOOKS}],
        "integration_profiles": [],
        # two or three titles are all of a small test's holdings; the tests of the guard set the real policy
        "policies": {"loss_guard": {"active": False}},
    }
    with DemoVendors() as vendors:
        library = Library(new_home(tmp_path / "home"), vendors, monkeypatch, configuration)
        library.save()
        yield library


@pytest.fixture
def wiley(library: Library) -> Feed:
    """The library's one Active profile at Wiley."""
    return library.profile("wiley-main")
