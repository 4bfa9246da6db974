"""A backup: one file from which all of a home can be had again, made while runs are going on.

The warehouse is copied first, which takes its lock for a moment. All that it rests on is older than the copy and is
only ever added to, so that what is taken afterwards belongs to it. What belongs here: what a backup contains, and
writing it. What does not: putting it back (``restore.py``).
"""

import hashlib
import os
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from autoholdings_assets.config import Home
from autoholdings_assets.holdings.disk import told_when_full
from autoholdings_assets.holdings.refusals import NotPossible
from autoholdings_assets.holdings.warehouse import copy_to_keep, locked
from autoholdings_assets.upkeep.manifest import MANIFEST, File, Manifest, present_versions

Told = Callable[[int, int], None]
"""Called with the bytes done and the bytes in all."""

_MADE_AGAIN = (
    "staging/title_lists/", "staging/coverage/", "staging/invariants/", "dagster_home/running/", "holdings.duckdb",
)  # fmt: skip
_KNOWN_TITLES = "staging/plans/*/titles/*"
"""Without them the next run compares all titles, once."""
_PASSING = (".lock", ".unfinished", ".part", ".wal", "-wal", "-shm", "-journal")
_ENVIRONMENT = ".env"
_SQLITE = b"SQLite format 3\0"
_ONLY_OWNER = 0o600
_COMPRESSION = 3  # title lists shrink to an eighth; more takes three times as long for a tenth less


@dataclass(frozen=True)
class Backup:
    """A backup that was made; ``left_out`` are files that may hold credentials, by their path in the home."""

    path: Path
    size_bytes: int
    manifest: Manifest
    left_out: tuple[str, ...]


def back_up(home: Home, target: Path, now: datetime, told: Told = lambda done, total: None) -> Backup:
    """Write a backup of the home to a file, or to a file named after the moment when ``target`` is a folder.

    Raises ``NotPossible`` when that is no place for one, ``DiskFull``, ``CopyDiffers``, and ``WarehouseBusy`` when a
    run keeps the warehouse too long.
    """
    if target.is_dir():
        target /= f"{home.path.name}-{now:%Y-%m-%dT%H%M%SZ}.tar.gz"
    _refuse_place(home, target)
    with told_when_full(target.parent), TemporaryDirectory(prefix=".autoholdings-", dir=target.parent) as folder:
        scratch = Path(folder)
        unfinished = scratch / "backup"
        warehouse = _copied_warehouse(home, scratch)
        files, left_out = _files(home)
        unfinished.touch(_ONLY_OWNER)
        form: Any = {"mode": "w"} if target.suffix == ".tar" else {"mode": "w:gz", "compresslevel": _COMPRESSION}
        with tarfile.open(unfinished, dereference=True, **form) as archive:
            written = _write(archive, files | warehouse, scratch, told)
            manifest = Manifest(made_at=now, versions=present_versions(), files=written)
            _add_bytes(archive, MANIFEST, manifest.model_dump_json(indent=1).encode(), now)
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.rename(target)
    return Backup(target, target.stat().st_size, manifest, left_out)


def _refuse_place(home: Home, target: Path) -> None:
    if target.exists():
        raise NotPossible(f"{target} is there already; it was left as it is.")
    if not target.parent.is_dir():
        raise NotPossible(f"There is no folder {target.parent}.")
    if home.path in target.parents:
        raise NotPossible("Give a place outside the home: a backup inside it would be lost with it.")


def _copied_warehouse(home: Home, scratch: Path) -> dict[str, Path]:
    if not home.warehouse.exists():
        return {}
    copy = scratch / home.warehouse.name
    with locked(home.warehouse):
        copy_to_keep(home.warehouse, copy)
    return {home.warehouse.name: copy}


def _files(home: Home) -> tuple[dict[str, Path], tuple[str, ...]]:
    """The files to take by their path in the home, and those that may hold credentials and are left out."""
    found, left_out = {}, []
    for path in sorted(home.path.rglob("*")):
        # a name that is no text is written out
        name = os.fsencode(path.relative_to(home.path).as_posix()).decode(errors="backslashreplace")
        if not path.is_file():
            continue
        if path.name.startswith(_ENVIRONMENT) or path.suffix == _ENVIRONMENT:
            left_out.append(name)
        elif not (
            name.startswith((*_MADE_AGAIN, f"{home.warehouse.stem}."))
            or path.match(_KNOWN_TITLES)
            or any(part.endswith(_PASSING) for part in name.split("/"))
        ):
            found[name] = path
    return found, tuple(left_out)


def _write(archive: tarfile.TarFile, files: dict[str, Path], scratch: Path, told: Told) -> dict[str, File]:
    """Add the files; one that was removed meanwhile was not needed any more."""
    total = sum(path.stat().st_size for path in files.values() if path.exists())
    done = 0
    written = {}
    for name, path in files.items():
        with _opened(path, scratch) as file:
            if file is None:
                continue
            entry = archive.gettarinfo(arcname=name, fileobj=file)
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = ""
            hashing = _Hashing(file, lambda size, before=done: told(before + size, total))  # type: ignore[misc]
            archive.addfile(entry, hashing)
            written[name] = File(sha256=hashing.digest.hexdigest(), size=entry.size)
        done += entry.size
    told(total, total)
    return written


@contextmanager
def _opened(path: Path, scratch: Path) -> Iterator[BinaryIO | None]:
    """The file as it is at one moment; None when it is gone. SQLite's own way takes a database while it is written."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        yield None
        return
    with file:
        is_database = file.read(len(_SQLITE)) == _SQLITE
        file.seek(0)
        if not is_database:
            yield file
            return
    copy = scratch / "database"
    with closing(sqlite3.connect(path, timeout=60)) as source, closing(sqlite3.connect(copy)) as database:
        source.backup(database)
    with copy.open("rb") as file:
        yield file
    copy.unlink()


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes, now: datetime) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mtime = len(content), int(now.timestamp())
    archive.addfile(entry, BytesIO(content))


class _Hashing:
    """A file that is hashed while it is read."""

    def __init__(self, file: BinaryIO, told: Callable[[int], None]) -> None:
        self.file, self.told = file, told
        self.digest, self.size = hashlib.sha256(), 0

    def read(self, size: int = -1) -> bytes:
        chunk = self.file.read(size)
        self.digest.update(chunk)
        self.size += len(chunk)
        self.told(self.size)
        return chunk
