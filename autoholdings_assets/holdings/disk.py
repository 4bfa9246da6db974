"""A full disk: recognised whoever meets it, and told in words.

What does not belong here: making space (``upkeep/prune.py``).
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NUMBERS = (errno.ENOSPC, errno.EDQUOT)
_WORDS = ("no space left on device", "disk is full", "disk quota exceeded")


class DiskFull(Exception):
    """There is no space left; the text says where, and what to do."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"The disk of {folder} is full. Free some space there (`autoholdings prune` removes what is not needed "
            "any more), then run again. Nothing is lost: the holdings are as they were or as the plan says, never in "
            "between, and the next run finishes the work."
        )


def is_full_disk(error: BaseException | None) -> bool:
    """Whether a full disk is behind the error: the system says so by number, DuckDB and SQLite in words."""
    while error is not None:
        text = str(error).lower()
        if (isinstance(error, OSError) and error.errno in _NUMBERS) or any(words in text for words in _WORDS):
            return True
        error = error.__cause__ or error.__context__
    return False


@contextmanager
def told_when_full(folder: Path) -> Iterator[None]:
    """Raise `DiskFull` for whatever the block raises because the folder's disk is full."""
    try:
        yield
    except Exception as error:
        if is_full_disk(error):
            raise DiskFull(folder) from error
        raise
