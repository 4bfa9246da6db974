"""The archive: every file ever received, byte for byte, under the SHA-256 of its content.

What belongs here: putting bytes in, whole or not at all, and finding them again. What does not: whose file
it was and when it came (the warehouse's ``kbart_file`` has that).
"""

import hashlib
import os
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_SHA256 = re.compile(r"[0-9a-f]{64}")
_PIECE = 1_000_000
"""How many bytes are written at a time, at the least."""


@dataclass(frozen=True)
class ArchivedFile:
    """A file in the archive; ``size`` in bytes."""

    sha256: str
    path: Path
    size: int


class Archive:
    """The folder of received files: ``<root>/ab/abcdef...``; the name is the hash of the content."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path_of(self, sha256: str) -> Path:
        """Where the file of this hash is, or would be."""
        if not _SHA256.fullmatch(sha256):
            raise ValueError("not a SHA-256 in lower-case hexadecimal digits")
        return self.root / sha256[:2] / sha256

    def has(self, sha256: str) -> bool:
        """Whether the file of this hash is here."""
        return self.path_of(sha256).is_file()

    def open(self, sha256: str) -> BinaryIO:
        """The file's bytes; ``FileNotFoundError`` when it is not here."""
        return self.path_of(sha256).open("rb")

    def put(self, chunks: Iterable[bytes], check: Callable[[Path], None] = lambda file: None) -> ArchivedFile:
        """Keep these bytes. They appear under their hash only when all are on disk, and ``check``, which is given the
        file, raises nothing; on any error, none are."""
        self.root.mkdir(parents=True, exist_ok=True)
        part = self.root / f".{uuid.uuid4().hex}.part"
        try:
            with part.open("xb") as file:
                sha256 = _write(chunks, file)
                size = file.tell()
                file.flush()
                os.fsync(file.fileno())
            check(part)
            path = self.path_of(sha256)
            path.parent.mkdir(exist_ok=True)
            part.chmod(0o444)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        for folder in (path.parent, self.root):
            _sync(folder)
        return ArchivedFile(path.name, path, size)


def _write(chunks: Iterable[bytes], file: BinaryIO) -> str:
    """Write the bytes, and give their hash: both are done with one piece while the next one is fetched."""
    digest = hashlib.sha256()

    def keep(piece: bytearray) -> None:
        file.write(piece)
        digest.update(piece)

    with ThreadPoolExecutor(1) as beside:
        kept = beside.submit(keep, bytearray())
        for piece in _pieces(chunks):
            kept.result()
            kept = beside.submit(keep, piece)
        kept.result()
    return digest.hexdigest()


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytearray]:
    """The same bytes in larger pieces: two threads that take turns often are slower than one."""
    piece = bytearray()
    for chunk in chunks:
        piece += chunk
        if len(piece) >= _PIECE:
            yield piece
            piece = bytearray()
    yield piece


def _sync(folder: Path) -> None:
    """Make a rename last through a power failure (a folder can be opened only where the system allows it)."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
