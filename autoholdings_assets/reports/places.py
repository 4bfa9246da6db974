"""Where the reports of a run are.

What belongs here: the folder of a run, and nothing else. What does not: what the reports say, and who may see them.
"""

from datetime import datetime
from pathlib import Path

from autoholdings_assets.config import Home

SHORT_RUN_ID = 8


def report_folder(home: Home, vendor: str, run_id: str, started_at: datetime) -> Path:
    """The folder of a run's reports, ``reports/<vendor>/2026-11-22T0931-4ff76ea6``: sorted by name, sorted by time.

    The moment is written as it is given, in whatever time zone it has.
    """
    return home.reports / vendor / f"{started_at:%Y-%m-%dT%H%M}-{run_id[:SHORT_RUN_ID]}"
