"""The library's configuration as the rest of the system sees it: the home folder and autoholdings.yaml, checked.

What belongs here: finding the home, loading the file, asking it questions. What does not: what the file may say
(``config_model.py``), the rules between its parts (``config_rules.py``), what a vendor is like (``vendors/``), and what
earlier runs left in the warehouse (``holdings/``).
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from autoholdings_assets.config_alerts import Alerts, AlertsSection, EmailSettings, WebhookSettings
from autoholdings_assets.config_model import (
    ElectronicCollection,
    Institution,
    IntegrationProfile,
    Policies,
    Retention,
    WrittenConfiguration,
)
from autoholdings_assets.config_rules import (
    Findings,
    check_distinct,
    check_groups,
    check_schedules,
    governing_profile,
    resolve_collections,
    resolve_profiles,
)
from autoholdings_assets.config_secrets import Redaction, Secret
from autoholdings_assets.vendors.cron import cron_in_words
from autoholdings_assets.vendors.model import Vendor, load_vendors
from autoholdings_assets.vendors.yaml_documents import ConfigurationError, YamlDocument, build, nearest, read_yaml

__all__ = [
    "Alerts",
    "Configuration",
    "ConfigurationError",
    "ElectronicCollection",
    "EmailSettings",
    "GoverningSchedule",
    "Home",
    "Institution",
    "IntegrationProfile",
    "Policies",
    "Redaction",
    "Retention",
    "Secret",
    "WebhookSettings",
    "load_alerts",
    "load_configuration",
]


class Home:
    """The folder that holds all of one institution's configuration, files and state."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config_file = path / "autoholdings.yaml"
        self.vendors = path / "vendors"  # YAML files of vendors that the library added itself
        self.archive = path / "archive"  # every file ever fetched, byte for byte, under its hash
        self.staging = path / "staging"  # what can be made again from the archive at any time
        self.warehouse = path / "warehouse.duckdb"  # the pipeline's own
        self.published = path / "holdings.duckdb"  # the copy for SQL users
        self.reports = path / "reports"  # workbooks and job reports, by vendor and run
        self.inbox = path / "inbox"  # hand-delivered files, a folder for each profile
        self.outbox = path / "outbox"  # exports
        self.dagster_home = path / "dagster_home"  # Dagster's own storage

    @classmethod
    def find(cls, given: Path | None = None) -> "Home":
        """The home that was given, else ``AUTOHOLDINGS_HOME``, else ``data/`` in the working directory."""
        return cls((given or Path(os.environ.get("AUTOHOLDINGS_HOME") or "data")).resolve())

    def create(self) -> None:
        """Make the home's folders that are not there yet."""
        for folder in (self.archive, self.staging, self.reports, self.inbox, self.outbox, self.dagster_home):
            folder.mkdir(parents=True, exist_ok=True)


@dataclass(frozen=True)
class GoverningSchedule:
    """The one schedule that all of a vendor's Active profiles follow, and the profile that it was saved with."""

    profile: str
    cron: str
    timezone: str

    def in_words(self) -> str:
        """``At 06:00, only on Saturday (America/New_York)``."""
        return f"{cron_in_words(self.cron)} ({self.timezone})"


@dataclass(frozen=True)
class Configuration:
    """autoholdings.yaml, checked. ``warnings`` and ``notes``: sentences about what is allowed but worth knowing."""

    institution: Institution
    electronic_collections: tuple[ElectronicCollection, ...]
    integration_profiles: tuple[IntegrationProfile, ...]
    policies: Policies
    retention: Retention
    alerts: Alerts
    vendors: Mapping[str, Vendor]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]

    def profiles_of(self, vendor: str, *, active_only: bool = False) -> tuple[IntegrationProfile, ...]:
        """The vendor's profiles, in the order of the file."""
        return tuple(p for p in self.integration_profiles if p.vendor == vendor and (p.active or not active_only))

    def vendors_used(self, *, active_only: bool = False) -> list[str]:
        """The names of the vendors that have a profile, in the order of the file."""
        return list(dict.fromkeys(p.vendor for p in self.integration_profiles if p.active or not active_only))

    def profile(self, name: str) -> IntegrationProfile:
        """The profile of this name; ``ConfigurationError`` with the nearest one when there is none."""
        profiles = {p.name: p for p in self.integration_profiles}
        if name not in profiles:
            raise ConfigurationError([f'There is no integration profile "{name}"{nearest(name, profiles)}.'])
        return profiles[name]

    def vendor(self, name: str) -> Vendor:
        """The vendor of this name; ``ConfigurationError`` with the nearest one when there is none."""
        if name not in self.vendors:
            known = ", ".join(sorted(self.vendors))
            raise ConfigurationError(
                [f'There is no vendor "{name}"{nearest(name, self.vendors)}. The vendors are: {known}.']
            )
        return self.vendors[name]

    def collection(self, name_or_code: str) -> ElectronicCollection:
        """The entry for an electronic collection, by name or code; ``ConfigurationError`` when the file has none."""
        found = self.find_collection(name_or_code)
        if found is None:
            codes = [c.code for c in self.electronic_collections]
            raise ConfigurationError(
                [
                    f'There is no electronic collection "{name_or_code}" in autoholdings.yaml'
                    f"{nearest(name_or_code, codes)}. Those there are: {', '.join(codes) or 'none yet'}. "
                    "An earlier collection that no vendor's files fill is entered with `local: true` and a code."
                ]
            )
        return found

    def find_collection(self, name_or_code: str) -> ElectronicCollection | None:
        """The entry for an electronic collection, or None: a vendor's file may name one that the library has not."""
        return next((c for c in self.electronic_collections if name_or_code in (c.name, c.code)), None)

    def redaction(self) -> Redaction:
        """Takes every credential that the environment has for this configuration out of a text."""
        of_vendors = [secret for profile in self.integration_profiles for secret in profile.credentials.values()]
        return Redaction(secret.reveal() for secret in (*of_vendors, *self.alerts.secrets) if secret.is_set)

    def governing_schedule(self, vendor: str) -> GoverningSchedule | None:
        """The schedule of the vendor's first profile in the file that has one, for all its Active profiles."""
        governor = governing_profile(self.profiles_of(vendor))
        if governor is None or governor.schedule is None:
            return None
        return GoverningSchedule(governor.name, governor.schedule, self.institution.timezone)


def load_alerts(home: Home) -> tuple[Alerts, str]:
    """The section ``alerts`` alone, and the institution's name: whom to tell must be known also when another part of
    the file is broken.

    Raises ``ConfigurationError`` when the file is no YAML or this section itself is broken.
    """
    document = read_yaml(home.config_file)
    section = {"alerts": document.content.get("alerts")}
    written, problems = build(AlertsSection, YamlDocument(document.path, section, document.lines))
    if written is None:
        raise ConfigurationError(problems)
    institution = document.content.get("institution")
    name = institution.get("name") if isinstance(institution, dict) else None
    return written.alerts, str(name or "an institution without a name")


def load_configuration(home: Home, vendors: Mapping[str, Vendor] | None = None) -> Configuration:
    """Read and check the home's autoholdings.yaml.

    Raises ``ConfigurationError``, whose text lists every problem with line, key path and what to write instead.
    """
    vendors = load_vendors(home.vendors) if vendors is None else vendors
    document = read_yaml(home.config_file)
    written, problems = build(WrittenConfiguration, document)
    if written is None:
        raise ConfigurationError(problems)
    findings = Findings(document)
    collections = resolve_collections(findings, written.electronic_collections, vendors, home.path)
    profiles = resolve_profiles(findings, written.integration_profiles, vendors)
    check_distinct(findings, "electronic_collections", "name", (c.name for c in collections))
    check_distinct(findings, "electronic_collections", "code", (c.code for c in collections))
    check_distinct(findings, "integration_profiles", "name", (p.name for _, p in profiles))
    check_groups(findings, written, profiles)
    check_schedules(findings, profiles)
    if findings.problems:
        raise ConfigurationError(findings.problems)
    return Configuration(
        institution=written.institution,
        electronic_collections=collections,
        integration_profiles=tuple(profile for _, profile in profiles),
        policies=written.policies,
        retention=written.retention,
        alerts=written.alerts,
        vendors=vendors,
        warnings=tuple(findings.warnings),
        notes=tuple(findings.notes),
    )
