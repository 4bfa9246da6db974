"""Putting a backup back into a new home: all of it, verified, or nothing.

What does not belong here: what a backup contains (``backup.py``).
"""

import hashlib
import os
import shutil
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from pydantic import ValidationError

from autoholdings_assets.config import Home
from autoholdings_assets.holdings.disk import told_when_full
from autoholdings_assets.holdings.publish import READ_ONLY, publish
from autoholdings_assets.holdings.refusals import NotPossible, Unusable
from autoholdings_assets.holdings.warehouse import open_warehouse
from autoholdings_assets.upkeep.manifest import FORMAT, MANIFEST, File, Manifest, difference


class NotRestorable(Unusable):
    """The backup cannot be put back."""

    def __init__(self, why: str) -> None:
        super().__init__(f"Nothing was restored. {why}")


def restore(backup: Path, home: Home, told: Callable[[int, int], None] = lambda done, total: None) -> Manifest:
    """Make a new home of a backup, and publish its holdings. ``told`` gets the bytes read of the backup, and its size.

    Raises ``NotPossible``, `NotRestorable`, ``WarehouseTooNew``, ``DiskFull``; then there is no new home.
    """
    if home.path.exists() and (not home.path.is_dir() or any(home.path.iterdir())):
        raise NotPossible(f"{home.path} is not empty; a backup is restored into a new home only.")
    home.path.parent.mkdir(parents=True, exist_ok=True)
    with told_when_full(home.path.parent), TemporaryDirectory(prefix=".autoholdings-", dir=home.path.parent) as folder:
        restored = Home(Path(folder) / "home")
        restored.create()
        try:
            found = _extracted(backup, restored.path, told)
        except (tarfile.TarError, EOFError, OSError) as error:
            if isinstance(error, OSError) and error.errno:  # the disk's fault, not the backup's
                raise
            raise NotRestorable(
                f"{backup.name} cannot be read: it is damaged, cut off, or no backup. {error}"
            ) from None
        manifest = _manifest(backup, restored.path / MANIFEST)
        found.pop(MANIFEST, None)
        wrong = difference(manifest.files, found)
        if wrong:
            raise NotRestorable(f"{backup.name} is damaged: {wrong}. Take another backup.")
        (restored.path / MANIFEST).unlink()
        if restored.warehouse.exists():
            with open_warehouse(restored.warehouse):
                pass  # one of an earlier version is upgraded, one of a later version refused
            publish(restored)
        if home.path.exists():
            home.path.rmdir()
        restored.path.rename(home.path)
    return manifest


def _extracted(backup: Path, folder: Path, told: Callable[[int, int], None]) -> dict[str, File]:
    """Unpack regular files only, and only into the folder; gives what was found.

    By hand, since tarfile has no filters before Python 3.11.4, and Debian 12 has 3.11.2.
    """
    found = {}
    total = backup.stat().st_size
    with backup.open("rb") as file, tarfile.open(fileobj=file) as archive:
        for member in archive:
            if not member.isfile():
                raise NotRestorable(f"{backup.name} holds {member.name}, which is no file. It is no backup of a home.")
            name = PurePosixPath(member.name.lstrip("/"))
            if ".." in name.parts or "\\" in member.name:
                raise NotRestorable(f"{backup.name} cannot be read: {member.name} in it would be outside the home.")
            path, packed = folder / name, archive.extractfile(member)
            path.parent.mkdir(parents=True, exist_ok=True)
            assert packed is not None  # it is a regular file
            with packed, path.open("xb") as content:
                shutil.copyfileobj(packed, content)
            os.utime(path, (member.mtime, member.mtime))
            with path.open("rb") as content:
                sha256 = hashlib.file_digest(content, "sha256").hexdigest()
            found[str(name)] = File(sha256=sha256, size=path.stat().st_size)
            if not (member.mode or 0) & stat.S_IWUSR:
                path.chmod(READ_ONLY)
            told(file.tell(), total)
    return found


def _manifest(backup: Path, path: Path) -> Manifest:
    if not path.exists():
        raise NotRestorable(f"{backup.name} has no manifest: it was cut off, or it is no backup of a home.")
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except ValidationError:
        raise NotRestorable(f"The manifest of {backup.name} cannot be read. Take another backup.") from None
    if manifest.format > FORMAT:
        raise NotRestorable(
            f"{backup.name} was made by the later version {manifest.versions.get('autoholdings')} of autoholdings. "
            "Install that version, and restore it with that."
        )
    return manifest
