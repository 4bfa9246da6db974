"""What a backup says of itself: when it was made, by which versions, and the SHA-256 of every file in it."""

from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version

from pydantic import BaseModel, ConfigDict

MANIFEST = "autoholdings-backup.json"
"""The last member of a backup; one that was cut off has none."""

FORMAT = 1
_VERSIONS_TOLD = ("autoholdings", "dagster", "duckdb")


class File(BaseModel):
    """A file of the home; ``size`` in bytes."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    size: int


class Manifest(BaseModel):
    """The table of contents of a backup: its files by their path in the home."""

    model_config = ConfigDict(frozen=True)

    format: int = FORMAT
    made_at: datetime
    versions: dict[str, str]
    files: dict[str, File]


@dataclass(frozen=True)
class Difference:
    """What is wrong with the files of a backup; each is a list of paths."""

    missing: list[str]
    damaged: list[str]
    unexpected: list[str]

    def __bool__(self) -> bool:
        return bool(self.missing or self.damaged or self.unexpected)

    def __str__(self) -> str:
        told = {"missing": self.missing, "damaged": self.damaged, "not in its manifest": self.unexpected}
        return "; ".join(f"{len(names)} {what} ({', '.join(names[:3])})" for what, names in told.items() if names)


def difference(said: dict[str, File], found: dict[str, File]) -> Difference:
    """How the files that were found differ from what the manifest says."""
    return Difference(
        sorted(said.keys() - found.keys()),
        sorted(name for name in said.keys() & found.keys() if said[name] != found[name]),
        sorted(found.keys() - said.keys()),
    )


def present_versions() -> dict[str, str]:
    """The versions of what writes a home."""
    found = {}
    for name in _VERSIONS_TOLD:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # run from a folder, not installed
            found[name] = "unknown"
    return found
