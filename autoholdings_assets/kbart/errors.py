"""Why a file as a whole cannot be read. A row that cannot be used is no exception: see ``rules.py``."""

import re
from typing import ClassVar


def key_of(failure: type[Exception]) -> str:
    """The name of a failure for programs: ``missing_file`` for `MissingFile`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", failure.__name__).lower()


class UnreadableFile(Exception):
    """The file cannot be used at all. ``message`` says what it is, ``advice`` what to do; both are for a librarian."""

    key: ClassVar[str]

    def __init_subclass__(cls) -> None:
        cls.key = key_of(cls)

    def __init__(self, name: str, message: str, advice: str) -> None:
        super().__init__(f"{name}: {message} {advice}")
        self.name = name
        self.message = message
        self.advice = advice


class MissingFile(UnreadableFile):
    """There is no such file, or it may not be opened."""


class EmptyFile(UnreadableFile):
    """The file has no content."""


class NotKbart(UnreadableFile):
    """The content is something else: a web page, JSON, an image, a table without KBART's columns."""


class NoRows(UnreadableFile):
    """There is a header line and nothing below it."""


class MissingColumns(UnreadableFile):
    """A column is missing without which no row can be used."""


class UnknownEncoding(UnreadableFile):
    """The text is in none of the encodings that KBART files come in."""


class TooLarge(UnreadableFile):
    """The file, or what is packed in it, is larger than the limit."""


class DamagedFile(UnreadableFile):
    """A compressed file or workbook that cannot be unpacked, for instance because the download was cut off."""
