"""What the doctor says, and what every one of its questions is given."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from autoholdings_assets.config import Configuration, Home
from autoholdings_assets.holdings.warehouse import PATIENCE_SECONDS, Connection, read_warehouse

Level = Literal["ok", "warning", "fault"]


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, how it is, what was found, and what to do unless it is ok."""

    subject: str
    level: Level
    found: str
    advice: str = ""


@dataclass(frozen=True)
class Patient:
    """The home that is looked at; without a configuration when that cannot be used."""

    home: Home
    configuration: Configuration | None
    now: datetime

    @property
    def known(self) -> Configuration:
        """Its configuration, for what is asked only where it can be used."""
        assert self.configuration is not None
        return self.configuration

    @property
    def vendors(self) -> list[str]:
        """The vendors with an Active profile, in the order of the file."""
        return self.configuration.vendors_used(active_only=True) if self.configuration else []

    def warehouse(self) -> AbstractContextManager[Connection]:
        """Its warehouse, for reading. Raises ``WarehouseBusy``."""
        return read_warehouse(self.home.warehouse, PATIENCE_SECONDS)


def ok(subject: str, found: str) -> Finding:
    """All is well."""
    return Finding(subject, "ok", found)


def warning(subject: str, found: str, advice: str) -> Finding:
    """It works, but a person should look."""
    return Finding(subject, "warning", found, advice)


def fault(subject: str, found: str, advice: str) -> Finding:
    """Runs cannot do their work until this is mended."""
    return Finding(subject, "fault", found, advice)
