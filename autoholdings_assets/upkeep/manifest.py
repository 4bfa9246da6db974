"""What a backup says of itself: when it was made, by which versions, and the SHA-256 of every file in it."""

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


def difference(said: dict[str, File], found: dict[str, File]) -> str:
    """How the files that were found differ from what the manifest says, in words; nothing where they do not."""
    wrong = {
        "missing": said.keys() - found.keys(),
        "damaged": {name for name in said.keys() & found.keys() if said[name] != found[name]},
        "not in its manifest": found.keys() - said.keys(),
    }
    return "; ".join(f"{len(names)} {what} ({', '.join(sorted(names)[:3])})" for what, names in wrong.items() if names)


def present_versions() -> dict[str, str]:
    """The versions of what writes a home."""
    return {name: installed_version(name) for name in _VERSIONS_TOLD}


def installed_version(name: str) -> str:
    """The version of a package, or that it is not installed: autoholdings itself also runs from its folder alone."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
