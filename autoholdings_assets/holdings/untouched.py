"""Whether only runs have written to the warehouse since it was looked at: its mark stays the same for as long.

The steps of a run write holdings only with a new generation of the vendor (``generations.py``). All else that writes to
the file, be it staff, a person with DuckDB, a restored backup or a disk, leaves it other than the last step of a run
did, and then it gets a new mark: its inode, size and times tell.

What does not belong here: what is known of a warehouse that nobody has touched (``invariants.py``).
"""

import json
from contextlib import suppress
from pathlib import Path
from uuid import uuid4


def mark_of(warehouse: Path) -> str:
    """The mark of the warehouse, which must be `locked` and not open: a new one if it is not as `keep_mark` left it."""
    told = _told(warehouse)
    return str(told["mark"]) if told and told["file"] == _identity(warehouse) else uuid4().hex


def keep_mark(warehouse: Path, mark: str) -> None:
    """Let the mark stand for the warehouse as it is now; it must be `locked` and not open."""
    with suppress(OSError):  # on a full disk there is none, and the next one is new
        _path(warehouse).write_text(json.dumps({"mark": mark, "file": _identity(warehouse)}), encoding="utf-8")


def has_log(warehouse: Path) -> bool:
    """Whether DuckDB has left its write-ahead log beside the warehouse: not all of it may be in the file yet."""
    return warehouse.with_name(warehouse.name + ".wal").exists()


def _told(warehouse: Path) -> dict[str, object] | None:
    try:
        told = json.loads(_path(warehouse).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # none yet, or one that a full disk has cut off
        return None
    return told if isinstance(told, dict) and told.keys() == {"mark", "file"} else None


def _identity(warehouse: Path) -> object:
    """What a file that is written to does not keep."""
    if has_log(warehouse) or not warehouse.exists():
        return uuid4().hex  # like nothing else
    status = warehouse.stat()
    return [status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _path(warehouse: Path) -> Path:
    return warehouse.with_name(warehouse.name + ".mark")
