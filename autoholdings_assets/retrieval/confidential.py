"""A file in which a profile's own credential stands is not kept, however it came and whatever it is packed in.

What belongs here: the search for credentials in files. What does not: taking them out of texts that are shown
(``config_secrets.py``), and what a file that is packed unpacks to (``kbart/unpack.py``).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from autoholdings_assets.config_model import IntegrationProfile
from autoholdings_assets.config_secrets import shapes
from autoholdings_assets.kbart.errors import UnreadableFile
from autoholdings_assets.kbart.unpack import Limits, unpack
from autoholdings_assets.retrieval import errors
from autoholdings_assets.vendors.model import Vendor

_TELLING_LENGTH = 12
"""A shorter credential could stand in a title list by chance."""
_PACKED = (b"\x1f\x8b", b"PK\x03\x04")
_SMALL_LETTER = np.uint8(0x20)
"""The bit that tells small letters from capitals."""


@dataclass(frozen=True)
class Credentials:
    """What is searched for, folded as the file is, and what is raised where it is found."""

    refusal: errors.CredentialInFile
    _forms: frozenset[bytes] = field(repr=False)

    @classmethod
    def of(cls, profile: IntegrationProfile, vendor: Vendor, values: Iterable[str]) -> "Credentials":
        """These values of the profile's credentials, in every form that they could have in a file."""
        labels = ", ".join(c.label for c in vendor.credentials if c.name in profile.credentials)
        return cls(
            errors.CredentialInFile(profile=profile.name, vendor=vendor.title, credentials=labels),
            frozenset(
                _folded(shape.encode(encoding))
                for value in values
                if len(value) >= _TELLING_LENGTH
                for shape in shapes(value)
                for encoding in ("utf-8", "utf-16-le")
            ),
        )

    def not_in(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The bytes as they are. Raises ``CredentialInFile`` before it gives those in which a credential stands."""
        longest = max(map(len, self._forms), default=0)
        before = b""
        for chunk in chunks:
            if self._forms:
                searched = before + _folded(chunk)
                if any(form in searched for form in self._forms):
                    raise self.refusal
                before = searched[-longest + 1 :]
            yield chunk

    def refuse_packed(self, file: Path) -> None:
        """Raises ``CredentialInFile`` for a packed file in whose text a credential stands.

        One that cannot be unpacked is left to whoever reads it next, and tells why.
        """
        with file.open("rb") as opened:
            if not (self._forms and opened.read(4).startswith(_PACKED)):
                return
        try:
            text = unpack(file.read_bytes(), file.name, Limits()).content
        except UnreadableFile:
            return
        for _ in self.not_in([text]):
            pass


def _folded(content: bytes) -> bytes:
    """Bytes that are alike however text is written: in small letters or capitals, with one or more bytes a character.

    So a file is searched once for all of that. What else becomes alike (a few signs) never hides a credential.
    """
    return (np.frombuffer(content.replace(b"\0", b""), np.uint8) | _SMALL_LETTER).tobytes()
