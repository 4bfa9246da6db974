"""A file in which a profile's own credential stands is not kept, however it came and whatever it is packed in.

What belongs here: the search for credentials in files. What does not: taking them out of texts that are shown
(``config_secrets.py``), and what a file that is packed unpacks to (``kbart/unpack.py``).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from autoholdings_assets.config_model import IntegrationProfile
from autoholdings_assets.config_secrets import shapes
from autoholdings_assets.kbart.errors import UnreadableFile
from autoholdings_assets.kbart.unpack import Limits, unpack
from autoholdings_assets.retrieval import errors
from autoholdings_assets.vendors.model import Vendor

_TELLING_LENGTH = 12
"""A shorter credential could stand in a title list by chance."""
_PACKED = (b"\x1f\x8b", b"PK\x03\x04")


@dataclass(frozen=True)
class Credentials:
    """What is searched for, in lower case, and what is raised where it is found."""

    refusal: errors.CredentialInFile
    _forms: tuple[bytes, ...] = field(repr=False)

    @classmethod
    def of(cls, profile: IntegrationProfile, vendor: Vendor, values: Iterable[str]) -> "Credentials":
        """These values of the profile's credentials, in every form that they could have in a file."""
        labels = ", ".join(c.label for c in vendor.credentials if c.name in profile.credentials)
        return cls(
            errors.CredentialInFile(profile=profile.name, vendor=vendor.title, credentials=labels),
            tuple(
                shape.lower().encode(encoding)
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
            window = before + chunk
            searched = window.lower()
            if any(form in searched for form in self._forms):
                raise self.refusal
            before = window[-longest + 1 :] if longest else b""
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
