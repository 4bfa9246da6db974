"""What each profile grants now, and from which file: the inputs of a plan.

A profile that is Inactive, could not be fetched or did not pass keeps its newest accepted file (rule A5); only a file
that has been read by the latest run at an Active profile takes its place.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from autoholdings_assets.config import Configuration, ConfigurationError, ElectronicCollection, Home, Policies
from autoholdings_assets.holdings.runs import profile_outcomes
from autoholdings_assets.holdings.title_lists import fingerprint, staged_path
from autoholdings_assets.holdings.warehouse import Connection, rows
from autoholdings_assets.vendors.model import Vendor

PLANNING_VERSION = 8
"""Raised whenever matching, merging or planning change, so that plans are made anew."""

EVERYONE_ELSE = "everyone else"
"""Stands among the groups for the readers of none."""


@dataclass(frozen=True)
class Grant:
    """What one profile grants: the rows of one file, to its groups or to everyone.

    A retired profile's file grants nothing any more; it is here so that its titles are planned and counted as losses.
    """

    profile: str
    file_sha256: str
    file_name: str
    file_date: date | None
    groups: tuple[str, ...]
    title_list: Path
    accepted_sha256: str | None
    accepted_date: date | None
    accepted_before: bool
    barred: str | None
    is_retired: bool

    @property
    def is_new(self) -> bool:
        """Whether the file is another than the one accepted last."""
        return self.file_sha256 != self.accepted_sha256

    @property
    def available_for_all(self) -> bool:
        """Whether the profile's titles are for everyone."""
        return not self.groups


@dataclass(frozen=True)
class Inputs:
    """Everything that a vendor's plan depends on, apart from the portfolios that are there."""

    vendor: Vendor
    grants: tuple[Grant, ...]
    collections: tuple[ElectronicCollection, ...]
    all_groups: tuple[str, ...]
    policies: Policies
    digest: str
    settings_digest: str = ""
    """All of the digest but for the files."""

    @property
    def active_collections(self) -> tuple[str, ...]:
        """Names of the collections that the run updates."""
        return tuple(c.name for c in self.collections if c.is_ready)


def current_inputs(connection: Connection, home: Home, configuration: Configuration, vendor: Vendor) -> Inputs:
    """The files that grant something now, and the digest of all inputs.

    Raises ``ConfigurationError`` when a profile that still grants titles has vanished from the configuration.
    """
    grants = tuple(_grants(connection, home, configuration, vendor))
    collections = tuple(c for c in configuration.electronic_collections if c.vendor == vendor.name)
    described = {
        "version": PLANNING_VERSION,
        "vendor": fingerprint(vendor),
        "grants": [[g.profile, g.file_sha256, g.groups] for g in grants if not g.is_retired],
        "collections": [[c.name, c.is_ready, _hash_of(c.cz_title_list)] for c in collections],
        "groups": configuration.institution.groups,
        "policies": configuration.policies.model_dump(mode="json"),
    }
    settings = described | {"grants": [[g.profile, g.groups, g.is_retired] for g in grants]}
    return Inputs(
        vendor,
        grants,
        collections,
        all_groups(configuration),
        configuration.policies,
        _digest(described),
        _digest(settings),
    )


def all_groups(configuration: Configuration) -> tuple[str, ...]:
    """Who "everyone" is: the readers of each group, and those of none."""
    institution = configuration.institution
    return (*(institution.groups if institution.multi_campus else ()), EVERYONE_ELSE)


def _grants(connection: Connection, home: Home, configuration: Configuration, vendor: Vendor) -> list[Grant]:
    entitled = "SELECT profile, file_sha256 FROM entitlement WHERE vendor = ?"
    accepted = dict(connection.execute(entitled, [vendor.name]).fetchall())
    profiles = {profile.name: profile for profile in configuration.profiles_of(vendor.name)}
    retired = {name for (name,) in connection.execute("SELECT profile FROM retired_profile").fetchall()}
    vanished = sorted(set(accepted) - set(profiles) - retired)
    if vanished:
        raise ConfigurationError(
            [
                f'integration_profiles: the profile "{name}" still grants titles but is not in the file any more. '
                f"Put it back, or run `autoholdings profiles retire {name}` to give its titles up."
                for name in vanished
            ]
        )
    brought = {outcome.profile: outcome for outcome in profile_outcomes(connection, vendor.name)}
    described = rows(
        connection,
        "SELECT profile, file_sha256, file_name, file_date, accepted_at IS NOT NULL AS accepted_before, "
        "CASE WHEN status = 'barred' THEN coalesce(message, '') END AS barred FROM kbart_file",
    )
    files = {(file["profile"], file["file_sha256"]): file for file in described}
    readable = "SELECT profile, file_sha256 FROM kbart_file WHERE status IN ('read', 'accepted', 'barred')"
    usable = set(connection.execute(readable).fetchall())
    grants = []
    for name in [*profiles, *sorted(retired & set(accepted) - set(profiles))]:
        profile, outcome = profiles.get(name), brought.get(name)
        last = sha = accepted.get(name)
        is_active = profile is not None and profile.active
        if is_active and outcome and not outcome.failed and (name, outcome.file_sha256) in usable:
            sha = outcome.file_sha256
        if sha is not None:
            grants.append(
                Grant(
                    **files[name, sha],
                    groups=profile.groups if profile else (),
                    title_list=staged_path(home, vendor, sha),
                    accepted_sha256=last,
                    accepted_date=files[name, last]["file_date"] if last else None,
                    is_retired=name in retired and not is_active,
                )
            )
    grants.sort(key=lambda grant: grant.is_retired)  # the digest does not name these, and must tell the others' order
    return grants


def _digest(described: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(described, sort_keys=True, default=str).encode()).hexdigest()


def _hash_of(path: Path | None) -> str | None:
    if path is None:
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
