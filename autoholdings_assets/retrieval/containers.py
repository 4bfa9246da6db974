"""Archive files (zip, and so .xlsx, and gzip): how much is in them, before anything unpacks them.

What belongs here: the look at a container's size. What does not: reading what is inside
(``kbart/reader.py``).
"""

import zipfile
import zlib
from pathlib import Path

_PIECE = 1_000_000


def unpacks_within(path: Path, cap: int) -> bool:
    """Whether the file, if it is a zip or gzip, unpacks to at most ``cap`` bytes. Every other file does.

    Raises ``ValueError`` when the container is damaged.
    """
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith(b"PK\x03\x04"):
        return _zip_size(path) <= cap
    if start.startswith(b"\x1f\x8b"):
        return _gzip_fits(path, cap)
    return True


def _zip_size(path: Path) -> int:
    """The sum of the sizes in the zip's directory; a reader stops at these, so that they cannot
    understate."""
    try:
        with zipfile.ZipFile(path) as archive:
            return sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise ValueError("damaged zip file") from error


def _gzip_fits(path: Path, cap: int) -> bool:
    """Unpacks a piece at a time, up to the cap: a gzip file's own statement of its size is not to be
    trusted."""
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    size = 0
    try:
        with path.open("rb") as file:
            while chunk := unpacker.unconsumed_tail or file.read(_PIECE):
                size += len(unpacker.decompress(chunk, _PIECE))
                if size > cap:
                    return False
    except zlib.error as error:
        raise ValueError("damaged gzip file") from error
    if not unpacker.eof:
        raise ValueError("gzip file without an end")
    return True
