"""The outbox: how exports are called, how they and reports get to their place whole, and how many are kept.

What belongs here: names and files. What does not: what is in an export (its own module), or what readers can use
(``selection.py``).
"""

import os
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

KEPT_DATES = 3
"""A package's newest file and this many less one before it stay; a discovery service takes the newest date."""
_DATED = r"_\d{4}-\d{2}-\d{2}\.txt"


def package_name(provider: str, region: str, package: str) -> str:
    """``University-of-Example_Global_AllTitles``: the beginning of a KBART file's name (RP-9-2014).

    Underscores part the name's parts, so that none may be in them; letters lose their accents where that leaves any.
    """
    return "_".join(_part(words) for words in (provider, region, package))


def dated_file(folder: Path, name: str, day: date) -> Path:
    """Where the package's file of a day lies: the pattern of RP-9-2014."""
    return folder / f"{name}_{day:%Y-%m-%d}.txt"


@contextmanager
def whole_or_absent(path: Path) -> Iterator[Path]:
    """A path beside the given one to write to; the file takes its place when the block is done, and only then."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        yield unfinished
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def keep_newest(folder: Path, name: str, count: int = KEPT_DATES) -> None:
    """Take away a package's files but for those of its newest dates; with 0 all of them."""
    found = sorted(path for path in folder.glob("*.txt") if re.fullmatch(re.escape(name) + _DATED, path.name))
    for path in found[: max(len(found) - count, 0)]:
        path.unlink(missing_ok=True)


def _part(words: str) -> str:
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()
    return "-".join(re.findall(r"[A-Za-z0-9]+", plain) or re.findall(r"[^\W_]+", words)) or "Library"
