"""Who works at the command line. Apart from ``launch.py``, which brings Dagster along: not every command needs that."""

import getpass
import os


def person() -> str:
    """The user's name, as the history shows it."""
    try:
        return f"{getpass.getuser()} (command line)"
    except (OSError, KeyError):
        return f"user {os.getuid()} (command line)"
