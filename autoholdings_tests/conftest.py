"""Fixtures that several rooms of the tests share."""

from pathlib import Path

import pytest

REAL_KBART = Path(__file__).resolve().parents[2] / "shared" / "real-kbart"


@pytest.fixture(scope="session")
def real_kbart() -> Path:
    """The folder of real vendor files, which are test input only and never part of this repository."""
    if not REAL_KBART.is_dir():
        pytest.skip(f"real vendor files are not here (looked in ../{REAL_KBART.parent.name}/{REAL_KBART.name})")
    return REAL_KBART
