"""The library's configuration: the home folder and autoholdings.yaml, read into models and checked as a whole.

What belongs here: institution, electronic collections, integration profiles, policies, and the rules that hold
between them (groups, schedules, what a vendor needs). What does not: what a vendor is like (``vendors/``) and what
earlier runs left in the warehouse (``holdings/``).
"""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import ConfigDict, Field

from autoholdings_assets.vendors.cron import cron_in_words
from autoholdings_assets.vendors.model import Code, Cron, Timezone, Vendor, load_vendors
from autoholdings_assets.vendors.yaml_documents import (
    ConfigurationError,
    Loc,
    StrictModel,
    YamlDocument,
    build,
    nearest,
    read_yaml,
    unknown_key,
)

__all__ = ["Configuration", "ConfigurationError", "Home", "load_configuration"]

_SECRET = re.compile(r"^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$")


@dataclass(frozen=True)
class Home:
    """The folder that holds all of one institution's configuration, files and state."""

    path: Path

    @classmethod
    def find(cls, given: Path | None = None) -> "Home":
        """The home that was given, else ``AUTOHOLDINGS_HOME``, else ``data/`` in the working directory."""
        return cls((given or Path(os.environ.get("AUTOHOLDINGS_HOME") or "data")).resolve())

    @property
    def config_file(self) -> Path:
        """autoholdings.yaml."""
        return self.path / "autoholdings.yaml"

    @property
    def vendors(self) -> Path:
        """YAML files of vendors that the library added itself."""
        return self.path / "vendors"

    @property
    def archive(self) -> Path:
        """Every file ever fetched, byte for byte, under its hash."""
        return self.path / "archive"

    @property
    def staging(self) -> Path:
        """What can be made again from the archive at any time."""
        return self.path / "staging"

    @property
    def warehouse(self) -> Path:
        """The pipeline's own DuckDB file."""
        return self.path / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        """The copy for SQL users."""
        return self.path / "holdings.duckdb"

    @property
    def reports(self) -> Path:
        """Workbooks and job reports, by vendor and run."""
        return self.path / "reports"

    @property
    def inbox(self) -> Path:
        """Hand-delivered files, a folder for each profile."""
        return self.path / "inbox"

    @property
    def outbox(self) -> Path:
        """Exports."""
        return self.path / "outbox"

    @property
    def dagster_home(self) -> Path:
        """Dagster's own storage."""
        return self.path / "dagster_home"

    def create(self) -> None:
        """Make the home's folders that are not there yet."""
        for folder in (self.archive, self.staging, self.reports, self.inbox, self.outbox, self.dagster_home):
            folder.mkdir(parents=True, exist_ok=True)


class Secret:
    """A credential that lives in an environment variable and is never shown: only its variable's name is."""

    __slots__ = ("env_name",)

    def __init__(self, env_name: str) -> None:
        self.env_name = env_name

    def reveal(self) -> str:
        """The value itself, for building a request and nothing else."""
        value = os.environ.get(self.env_name, "").strip()
        if not value:
            raise ConfigurationError(
                [
                    f"The environment variable {self.env_name} is not set: set it to the credential that the vendor gave."
                ]
            )
        return value

    def __repr__(self) -> str:
        return f"${{{self.env_name}}}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.env_name == self.env_name

    def __hash__(self) -> int:
        return hash(self.env_name)


class CustomerParameters(StrictModel):
    """Alma's customer parameters that matter here."""

    multi_campus_inventory_management: bool = False


class Institution(StrictModel):
    """The library."""

    name: str
    timezone: Timezone
    customer_parameters: CustomerParameters = CustomerParameters()
    groups: tuple[str, ...] = ()

    @property
    def multi_campus(self) -> bool:
        """Whether groups (campuses) exist at all."""
        return self.customer_parameters.multi_campus_inventory_management


class Service(StrictModel):
    """A collection's full-text service."""

    active: bool = True
    available: bool = True


class ElectronicCollection(StrictModel):
    """A collection that the institution has activated from the Community Zone, or expressly has not."""

    name: str
    code: Code = ""
    active: bool = True
    service: Service = Service()
    activation: Literal["manual"] = "manual"
    automatically_activate_new_portfolios: bool = False
    cz_title_list: Path | None = None
    vendor: str = Field(default="", exclude=True)
    cz_collection_id: str | None = Field(default=None, exclude=True)

    @property
    def is_ready(self) -> bool:
        """Whether a run updates it: the collection is active, its full-text service active and available."""
        return self.active and self.service.active and self.service.available


class _WrittenProfile(StrictModel):
    """An integration profile as it stands in the file; its credentials are the keys that the vendor asks for."""

    model_config = ConfigDict(extra="allow")

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    description: str | None = None
    vendor: str
    active: bool = False
    file_format: Literal["KBART"] = "KBART"
    url: str | None = None
    groups: tuple[str, ...] = ()
    schedule: Cron | None = None


@dataclass(frozen=True)
class IntegrationProfile:
    """One configured feed of type Upload Electronic Holdings."""

    name: str
    description: str
    vendor: str
    active: bool
    file_format: str
    url: str | None
    groups: tuple[str, ...]
    schedule: str | None
    credentials: Mapping[str, Secret]

    @property
    def for_everyone(self) -> bool:
        """Whether its titles are for all of the institution, not for groups."""
        return not self.groups


class LossGuard(StrictModel):
    """When a plan is held: losses of ``share`` and at least ``at_least`` titles, or of ``always_at_share``."""

    share: float = Field(default=0.10, ge=0, le=1)
    at_least: int = Field(default=20, ge=0)
    always_at_share: float = Field(default=0.50, ge=0, le=1)


class Policies(StrictModel):
    """The library's own choices."""

    loss_guard: LossGuard = LossGuard()
    grace_files: int = Field(default=0, ge=0)
    po_line_portfolio_missing: Literal["keep_available"] = "keep_available"


class _WrittenConfiguration(StrictModel):
    institution: Institution
    electronic_collections: tuple[ElectronicCollection, ...] = ()
    integration_profiles: tuple[_WrittenProfile, ...] = ()
    policies: Policies = Policies()


@dataclass(frozen=True)
class GoverningSchedule:
    """The one schedule that a vendor's Active profiles follow, and the profile that it was saved with."""

    vendor: str
    profile: str
    cron: str
    timezone: str

    def in_words(self) -> str:
        """``At 06:00, only on Saturday (America/New_York)``."""
        return f"{cron_in_words(self.cron)} ({self.timezone})"


@dataclass(frozen=True)
class Configuration:
    """autoholdings.yaml, checked. ``warnings`` are sentences about what is allowed but should be known."""

    institution: Institution
    electronic_collections: tuple[ElectronicCollection, ...]
    integration_profiles: tuple[IntegrationProfile, ...]
    policies: Policies
    vendors: Mapping[str, Vendor]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]

    def profiles_of(self, vendor: str, *, active_only: bool = False) -> tuple[IntegrationProfile, ...]:
        """The vendor's profiles, in the order of the file."""
        return tuple(
            p for p in self.integration_profiles if p.vendor == vendor and (p.active or not active_only)
        )

    def profile(self, name: str) -> IntegrationProfile:
        """The profile of this name; ``ConfigurationError`` with the nearest one when there is none."""
        names = [p.name for p in self.integration_profiles]
        if name not in names:
            raise ConfigurationError([f'There is no integration profile "{name}"{nearest(name, names)}.'])
        return self.integration_profiles[names.index(name)]

    def collection(self, name_or_code: str) -> ElectronicCollection | None:
        """The entry for an electronic collection, by name or code; None when the file has none."""
        return next((c for c in self.electronic_collections if name_or_code in (c.name, c.code)), None)

    def governing_schedule(self, vendor: str) -> GoverningSchedule | None:
        """The schedule of the vendor's first profile in the file that has one, for all its Active profiles."""
        for profile in self.profiles_of(vendor):
            if profile.schedule:
                timezone = self.institution.timezone
                return GoverningSchedule(vendor, profile.name, profile.schedule, timezone)
        return None


def load_configuration(home: Home, vendors: Mapping[str, Vendor] | None = None) -> Configuration:
    """Read and check the home's autoholdings.yaml.

    Raises ``ConfigurationError``, whose text lists every problem with line, key path and what to write instead.
    """
    vendors = load_vendors(home.vendors) if vendors is None else vendors
    document = read_yaml(home.config_file)
    written, problems = build(_WrittenConfiguration, document)
    if written is None:
        raise ConfigurationError(problems)
    check = _Check(document, written, vendors, home)
    collections = check.collections()
    profiles = check.profiles()
    check.groups(profiles)
    check.schedules(profiles)
    if check.problems:
        raise ConfigurationError(check.problems)
    return Configuration(
        written.institution,
        collections,
        profiles,
        written.policies,
        vendors,
        tuple(check.warnings),
        tuple(check.notes),
    )


class _Check:
    """The rules that hold between the parts of the file; gathers every problem instead of stopping at the first."""

    def __init__(
        self,
        document: YamlDocument,
        written: _WrittenConfiguration,
        vendors: Mapping[str, Vendor],
        home: Home,
    ) -> None:
        self.document, self.written, self.vendors, self.home = document, written, vendors, home
        self.institution = written.institution
        self.problems: list[str] = []
        self.warnings: list[str] = []
        self.notes: list[str] = []

    def problem(self, loc: Loc, sentence: str) -> None:
        self.problems.append(self.document.problem(loc, sentence))

    def warn(self, loc: Loc, sentence: str) -> None:
        self.warnings.append(self.document.problem(loc, sentence))

    # -- electronic collections

    def collections(self) -> tuple[ElectronicCollection, ...]:
        known = {c.name: (v, c) for v in self.vendors.values() for c in v.collections}
        found: list[ElectronicCollection] = []
        for number, entry in enumerate(self.written.electronic_collections):
            loc: Loc = ("electronic_collections", number)
            if entry.name not in known:
                names = ", ".join(f'"{name}"' for name in known)
                self.problem(
                    (*loc, "name"),
                    f"no vendor has a collection of this name{nearest(entry.name, known)}. The collections are: {names}.",
                )
                continue
            vendor, collection = known[entry.name]
            self._notes_on_collection(loc, entry)
            found.append(
                entry.model_copy(
                    update={
                        "code": entry.code or collection.code,
                        "vendor": vendor.name,
                        "cz_collection_id": collection.cz_collection_id,
                        "cz_title_list": self._title_list(loc, entry),
                    }
                )
            )
        self._repeated(
            "electronic_collections", "name", [c.name for c in self.written.electronic_collections]
        )
        self._repeated(
            "electronic_collections", "code", [c.code for c in self.written.electronic_collections if c.code]
        )
        return tuple(found)

    def _title_list(self, loc: Loc, entry: ElectronicCollection) -> Path | None:
        if entry.cz_title_list is None:
            return None
        path = self.home.path / entry.cz_title_list
        if entry.active and not path.is_file():
            self.problem(
                (*loc, "cz_title_list"),
                f"there is no file {entry.cz_title_list} in the home folder; put the CZ collection's KBART title list "
                "there, or leave this key out (then the vendor's file is the authority).",
            )
        return path

    def _notes_on_collection(self, loc: Loc, entry: ElectronicCollection) -> None:
        if not entry.active:
            self.notes.append(f'"{entry.name}" is set to active: false; its rows are set aside.')
            return
        if entry.automatically_activate_new_portfolios:
            self.warn(
                (*loc, "automatically_activate_new_portfolios"),
                "this should be false: otherwise titles that the library has no access to are activated.",
            )
        for key in ("active", "available"):
            if not getattr(entry.service, key):
                self.warn(
                    (*loc, "service", key),
                    f'the full-text service of "{entry.name}" is not {key}; the collection is not updated until this '
                    "is true.",
                )

    # -- integration profiles

    def profiles(self) -> tuple[IntegrationProfile, ...]:
        self._repeated("integration_profiles", "name", [p.name for p in self.written.integration_profiles])
        found = []
        for number, entry in enumerate(self.written.integration_profiles):
            loc: Loc = ("integration_profiles", number)
            vendor = self.vendors.get(entry.vendor)
            if vendor is None:
                self.problem(
                    (*loc, "vendor"),
                    f"there is no such vendor{nearest(entry.vendor, self.vendors)}. "
                    f"The vendors are: {', '.join(sorted(self.vendors))}; another one is a YAML file in vendors/.",
                )
                continue
            secrets = self._secrets(loc, entry, vendor)
            self._url(loc, entry, vendor)
            found.append(
                IntegrationProfile(
                    entry.name,
                    entry.description or "",
                    entry.vendor,
                    entry.active,
                    entry.file_format,
                    entry.url or vendor.request.url,
                    entry.groups,
                    entry.schedule,
                    secrets,
                )
            )
        return tuple(found)

    def _secrets(self, loc: Loc, entry: _WrittenProfile, vendor: Vendor) -> dict[str, Secret]:
        given: Mapping[str, Any] = entry.model_extra or {}
        wanted = {c.name: c for c in vendor.credentials}
        secrets: dict[str, Secret] = {}
        for key, value in given.items():
            variable = _SECRET.match(value) if isinstance(value, str) else None
            example = re.sub(r"\W+", "_", f"{entry.name}_{key}").upper()
            if key not in wanted:
                self.problem((*loc, key), unknown_key(key, [*_WrittenProfile.model_fields, *wanted]))
            elif variable:
                secrets[key] = Secret(variable[1])
            elif value is not None:
                self.problem(
                    (*loc, key),
                    f"a secret must not stand in this file; put it in an environment variable, for example {example}, "
                    f"and write ${{{example}}} here.",
                )
        if entry.active:
            self._needed(loc, vendor, secrets)
        return secrets

    def _needed(self, loc: Loc, vendor: Vendor, secrets: Mapping[str, Secret]) -> None:
        needed = [c for c in vendor.credentials if not c.optional]
        if vendor.credentials_of_a_profile == "exactly_one":
            if len(secrets) != 1:
                keys = " or ".join(c.name for c in needed)
                self.problem(
                    loc, f"an Active profile of {vendor.title} needs one of {keys}; make a profile for each."
                )
            return
        for credential in needed:
            if credential.name not in secrets:
                self.problem(
                    loc,
                    f"an Active profile of {vendor.title} needs `{credential.name}: ${{ENVIRONMENT_VARIABLE}}` "
                    f"({credential.label}).",
                )

    def _url(self, loc: Loc, entry: _WrittenProfile, vendor: Vendor) -> None:
        url = entry.url or vendor.request.url
        if url is None:
            if entry.active:
                self.problem(
                    loc,
                    f"an Active profile of {vendor.title} needs `url:`, the address that the vendor gave.",
                )
            return
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            self.problem((*loc, "url"), "write the whole address, starting with https://.")
            return
        if parts.scheme == "http" and not _is_loopback(parts.hostname):
            self.warn(
                (*loc, "url"),
                "this address is not encrypted (http); the credential travels readable. Use https.",
            )
        carried = {c.parameter for c in vendor.credentials if c.placement == "query"}
        if parts.password or parts.username or carried & {name for name, _ in parse_qsl(parts.query)}:
            self.problem(
                (*loc, "url"),
                "this address holds a credential; take it out and give it by its own key as ${ENVIRONMENT_VARIABLE}.",
            )
        for credential in vendor.credentials:
            if credential.placement == "path" and f"{{{credential.name}}}" not in url:
                self.problem(
                    (*loc, "url"), f"write {{{credential.name}}} at the place where it stands in the address."
                )

    def _repeated(self, section: str, key: str, names: Iterable[str]) -> None:
        seen: set[str] = set()
        for name in names:
            if name in seen:
                self.problem((section,), f'two entries have the {key} "{name}"; each needs its own.')
            seen.add(name)

    # -- groups (rules C2 and C4)

    def groups(self, profiles: Iterable[IntegrationProfile]) -> None:
        profiles = tuple(profiles)
        if self.institution.groups and not self.institution.multi_campus:
            self.warn(("institution", "groups"), f"these are not used: {_MULTI_CAMPUS} is false.")
        numbers = {entry.name: n for n, entry in enumerate(self.written.integration_profiles)}
        for profile in profiles:
            loc: Loc = ("integration_profiles", numbers[profile.name], "groups")
            if profile.groups and not self.institution.multi_campus:
                self.problem(
                    loc,
                    f'profile "{profile.name}" has groups, which exist only with several campuses; set {_MULTI_CAMPUS} '
                    "to true, or take this key out.",
                )
                continue
            for group in profile.groups:
                if group not in self.institution.groups:
                    self.problem(
                        loc,
                        f'"{group}" is not one of institution.groups{nearest(group, self.institution.groups)}; '
                        f"write one of: {', '.join(self.institution.groups) or '(none is listed there yet)'}.",
                    )
        if self.institution.multi_campus:
            for vendor in dict.fromkeys(p.vendor for p in profiles):
                active = [p for p in profiles if p.vendor == vendor and p.active]
                self._groups_of_vendor(active, numbers)

    def _groups_of_vendor(self, active: list[IntegrationProfile], numbers: Mapping[str, int]) -> None:
        with_groups = [p.name for p in active if p.groups]
        for profile in active:
            if profile.groups or not with_groups:
                continue
            loc: Loc = ("integration_profiles", numbers[profile.name], "groups")
            if len(with_groups) > 1:
                self.problem(
                    loc,
                    f'profile "{profile.name}" needs at least one group, since {len(with_groups)} Active profiles of '
                    f"this vendor have groups ({', '.join(with_groups)}); add groups here, or set it to active: false.",
                )
            else:
                self.warn(
                    loc,
                    f'profile "{profile.name}" has no groups beside "{with_groups[0]}", which has some: the titles of '
                    f'"{profile.name}" are for everyone.',
                )

    # -- schedules (rule C5)

    def schedules(self, profiles: Iterable[IntegrationProfile]) -> None:
        numbers = {entry.name: n for n, entry in enumerate(self.written.integration_profiles)}
        governors: dict[str, IntegrationProfile] = {}
        for profile in profiles:
            if not profile.schedule:
                continue
            governor = governors.setdefault(profile.vendor, profile)
            if profile.schedule != governor.schedule:
                self.warn(
                    ("integration_profiles", numbers[profile.name], "schedule"),
                    f'this is not obeyed: the schedule of "{governor.name}" was saved first and governs all Active '
                    f'profiles of the vendor ({governor.schedule}). Take it out here, or change "{governor.name}".',
                )


_MULTI_CAMPUS = "institution.customer_parameters.multi_campus_inventory_management"


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")
