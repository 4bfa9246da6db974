"""Files that people deliver by hand, in ``inbox/<profile>/``.

What belongs here: which of them are complete, taking one into the archive, and answering beside what cannot be used.
What does not: files over HTTP (``http.py``), and what is in a file (``kbart/``).

Nothing here follows a link or looks outside the inbox. A file leaves the inbox only when its bytes are in the archive
and have been read as a title list; what is refused stays where it is, with ``<name>.refused.txt`` beside it.
"""

import contextlib
import hashlib
import os
import stat
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

from autoholdings_assets.config import Configuration, IntegrationProfile
from autoholdings_assets.retrieval import errors
from autoholdings_assets.retrieval.archive import Archive
from autoholdings_assets.retrieval.body import printable
from autoholdings_assets.retrieval.confidential import Credentials
from autoholdings_assets.retrieval.http import date_in_name
from autoholdings_assets.vendors.model import Vendor
from autoholdings_assets.vendors.yaml_documents import nearest

FROM_INBOX = "inbox"
"""Where a hand-delivered file came from, as ``kbart_file.retrieved_from`` says it."""

QUIET_SECONDS = 2.0
"""How long a file must have been left alone before a run takes it."""

_ANSWER = ".refused.txt"
_STILL_ARRIVING = (".part", ".partial", ".filepart", ".crdownload", ".download", ".tmp", ".temp")
_MEGABYTE = 1_000_000
_OPEN_SAFELY = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True)
class Delivery:
    """A file that waits in the folder of an Active profile; ``stamp`` changes whenever the file does."""

    profile: str
    vendor: str
    path: Path
    stamp: str


@dataclass(frozen=True)
class Taken:
    """A hand-delivered file whose bytes are in the archive now; ``more`` still wait for the same profile."""

    sha256: str
    file_name: str
    size: int
    more: int


class Inbox:
    """The folder ``<home>/inbox``, with a folder for each profile."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make_folders(self, profiles: Iterable[IntegrationProfile]) -> None:
        """Make the folders of these profiles, so that nobody has to guess their names."""
        for profile in profiles:
            (self.folder / profile.name).mkdir(parents=True, exist_ok=True)

    def deliveries(self, configuration: Configuration) -> list[Delivery]:
        """What waits for Active profiles, for each the oldest first; what can never be taken is answered."""
        profiles = {profile.name: profile for profile in configuration.integration_profiles}
        found = []
        for entry in _visible(self.folder):
            if problem := _misplaced(entry, profiles):
                _answer(Path(entry.path), problem)
            else:
                _answer_of(Path(entry.path)).unlink(missing_ok=True)
            profile = profiles.get(entry.name)
            if profile and profile.active:
                waiting = self._waiting(profile.name)
                found += [Delivery(profile.name, profile.vendor, file.path, _stamp(file.status)) for file in waiting]
        return found

    def take(self, profile: IntegrationProfile, vendor: Vendor, archive: Archive) -> Taken | None:
        """Put the profile's oldest complete file into the archive; None when there is none.

        The file itself stays in the inbox until `accept` or `refuse` has the last word.
        """
        waiting = self._waiting(profile.name)
        confidential = Credentials.of(profile, vendor, [c.reveal() for c in profile.credentials.values() if c.is_set])
        for number, (path, _) in enumerate(waiting, 1):
            with _opened(path) as file:
                if file is None:
                    continue
                before = _left_alone(file)
                if before is None:
                    continue
                if before.st_size > (cap := vendor.request.max_megabytes) * _MEGABYTE:
                    _answer(path, str(errors.TooLarge(profile=profile.name, megabytes=cap, vendor=vendor.title)))
                    continue
                try:
                    pieces = iter(partial(file.read, _MEGABYTE), b"")
                    kept = archive.put(confidential.not_in(pieces), confidential.refuse_packed)
                except errors.CredentialInFile as error:
                    _answer(path, str(error))
                    continue
                if _stamp(os.fstat(file.fileno())) == _stamp(before):
                    return Taken(kept.sha256, printable(path.name)[:200], kept.size, len(waiting) - number)
        return None

    def accept(self, profile: str, sha256: str) -> None:
        """Let the profile's file with this content go: the archive has it, and it was read."""
        for path in self._with_content(profile, sha256):
            # a folder that does not let go of its files is no reason to stop a run: the file is the same next time
            with contextlib.suppress(PermissionError):
                path.unlink()
                _answer_of(path).unlink(missing_ok=True)

    def refuse(self, profile: str, sha256: str, problem: str) -> None:
        """Answer beside the profile's file with this content why it cannot be used."""
        for path in self._with_content(profile, sha256):
            _answer(path, problem)

    def answers(self) -> list[Path]:
        """The answers that nobody has cleared away yet."""
        return sorted(path for depth in ("", "*/") for path in self.folder.glob(f"{depth}*{_ANSWER}"))

    def _waiting(self, profile: str) -> list["_Waiting"]:
        """The profile's files that have no answer yet, the oldest first by the date in their names, else by age."""
        folder = self.folder / profile
        if folder.is_symlink() or not folder.is_dir():
            return []
        waiting = []
        for entry in _visible(folder):
            path = Path(entry.path)
            with contextlib.suppress(FileNotFoundError):  # another run may take it at this very moment
                problem = _unusable(entry)
                if problem:
                    _answer(path, problem)
                elif not _is_answered(path):
                    waiting.append(_Waiting(path, path.lstat()))
        return sorted(waiting, key=_Waiting.age)

    def _with_content(self, profile: str, sha256: str) -> list[Path]:
        found = []
        for path, _ in self._waiting(profile):
            with _opened(path) as file:
                if file is not None and hashlib.file_digest(file, "sha256").hexdigest() == sha256:
                    found.append(path)
        return found


# --- what is in a folder


def _visible(folder: Path) -> list[os.DirEntry[str]]:
    """The folder's entries by name, without answers and what is hidden or still on its way."""
    try:
        with os.scandir(folder) as entries:
            found = [entry for entry in entries if not _is_passed_over(entry.name)]
    except FileNotFoundError:
        return []
    return sorted(found, key=lambda entry: entry.name)


def _is_passed_over(name: str) -> bool:
    return name.startswith((".", "~")) or name.lower().endswith((_ANSWER, *_STILL_ARRIVING))


class _Waiting(NamedTuple):
    path: Path
    status: os.stat_result

    def age(self) -> tuple[date, int, str]:
        day = date_in_name(self.path.name) or datetime.fromtimestamp(self.status.st_mtime, UTC).date()
        return day, self.status.st_mtime_ns, self.path.name


def _misplaced(entry: os.DirEntry[str], profiles: Mapping[str, IntegrationProfile]) -> str | None:
    """Why nothing is taken from this entry of the inbox itself; None where it is an Active profile's folder."""
    if entry.is_symlink():
        return (
            "It is a link; links are not followed. Make a folder with the profile's name here, and put files into it."
        )
    if not entry.is_dir(follow_symlinks=False):
        known = ", ".join(f"inbox/{name}/" for name in profiles) or "inbox/<profile>/"
        return f"A file belongs into the folder of its profile: {known}. Move it there."
    profile = profiles.get(entry.name)
    if (profile and profile.active) or not _visible(Path(entry.path)):
        return None
    if profile is None:
        return (
            f'There is no integration profile "{printable(entry.name)}"{nearest(entry.name, profiles)}. Move the files '
            "into the folder of the profile that they are for."
        )
    return (
        f'The profile "{profile.name}" is Inactive, so nothing is taken for it. Set `active: true` in '
        "autoholdings.yaml, then the files here are taken by the next run."
    )


def _unusable(entry: os.DirEntry[str]) -> str | None:
    """Why this entry of a profile's folder is no file to take, whatever is in it."""
    if entry.is_symlink():
        return "It is a link; links are not followed. Put the file itself here."
    if entry.is_dir(follow_symlinks=False):
        return "It is a folder. Put the file itself into the folder of its profile."
    status = entry.stat(follow_symlinks=False)
    if not stat.S_ISREG(status.st_mode):
        return "It is no ordinary file. Put the KBART file itself here."
    if not status.st_size:
        return "It is empty. If it is still being copied nothing needs to be done; if not, deliver it again."
    return None


# --- reading


@contextmanager
def _opened(path: Path) -> Iterator[BufferedReader | None]:
    """The file; None, with an answer beside it, where it cannot be opened or is not what it was a moment ago."""
    try:
        file = os.fdopen(os.open(path, _OPEN_SAFELY), "rb")
    except FileNotFoundError:
        yield None
        return
    except OSError as error:
        _answer(path, f"It cannot be opened ({error.strerror}). The account of the pipeline must be able to read it.")
        yield None
        return
    with file:
        yield file if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else None


def _left_alone(file: BufferedReader) -> os.stat_result | None:
    """What the file is like once nobody writes to it; None while somebody does."""
    before = os.fstat(file.fileno())
    if time.time() - before.st_mtime < QUIET_SECONDS:
        time.sleep(QUIET_SECONDS)
    after = os.fstat(file.fileno())
    return after if _stamp(after) == _stamp(before) else None


def _stamp(status: os.stat_result) -> str:
    return f"{status.st_ino}-{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}"


# --- answers


def _answer_of(path: Path) -> Path:
    return path.with_name(path.name + _ANSWER)


def _is_answered(path: Path) -> bool:
    """Whether there is an answer, and it is about the file as it is now.

    The moment at which the file system last changed the file's record (ctime) tells that, since no copying keeps it.
    """
    try:
        answered = _answer_of(path).lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISREG(answered.st_mode) and answered.st_mtime_ns >= path.lstat().st_ctime_ns


def _answer(path: Path, problem: str) -> None:
    """Write the answer beside the file, unless it stands there already."""
    answer = _answer_of(path)
    text = (
        f"{printable(path.name)} was not used.\n\n{problem}\n\n"
        "What was delivered is still here. Replace it, or delete this answer to have it looked at again.\n"
    )
    if _is_answered(path) and answer.read_text(encoding="utf-8") == text:
        return
    unfinished = answer.with_name(f".{uuid.uuid4().hex}.part")
    # where nobody may write, the run's message has to do
    with contextlib.suppress(OSError):
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(answer)
