"""Whether a vendor's holdings are as fresh as its cadence lets one expect.

What belongs here: the one rule by which holdings are called stale, for ``status``, ``doctor`` and the alerts alike. The
freshness policy in the Dagster UI has the same patience and can only know the half of it: when a run last brought the
holdings up to date, not how old the file is that the vendor sent. What does not belong here: a vendor's cadence (its
data file: ``fresh_for_days``), and who is told (``alerts/``).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Literal

from autoholdings_assets.config import Configuration
from autoholdings_assets.holdings.warehouse import Connection, rows, set_variables, sql
from autoholdings_assets.vendors.model import Vendor

Cause = Literal["not brought up to date", "no new file"]


@dataclass(frozen=True)
class Staleness:
    """How fresh a vendor's holdings are.

    ``current_at``: the last moment at which every Active profile's file had come and been carried out; None before the
    first time. ``fresh_until``: from then on they are stale; None while no Active profile has ever been asked.
    ``cause`` and ``message`` (what it is, and what to do) only when they are stale.
    """

    vendor: str
    current_at: datetime | None
    fresh_until: datetime | None
    cause: Cause | None = None
    message: str | None = None

    @property
    def is_stale(self) -> bool:
        """Whether a person should look."""
        return self.cause is not None


def staleness(connection: Connection, configuration: Configuration, vendor: str, now: datetime) -> Staleness:
    """Judge the vendor's holdings at ``now`` (with a time zone) by its Active profiles; the oldest of them decides.

    They are stale ``fresh_for_days`` after they were last brought up to date (after the first attempt, when it never
    succeeded), or, for a vendor that says when it makes its files, after the date of its newest file.
    """
    described = configuration.vendor(vendor)
    profiles = [profile.name for profile in configuration.profiles_of(vendor, active_only=True)]
    set_variables(connection, vendor=vendor, profiles=profiles)
    asked = [p for p in rows(connection, sql("staleness")) if p["first_asked_at"]]
    if not asked:
        return Staleness(vendor, None, None)
    patience = timedelta(days=described.publication.fresh_for_days)
    oldest = min(asked, key=_kept_since)
    current_at = _current_at(oldest)
    fresh_until = _kept_since(oldest) + patience
    if fresh_until <= now:
        return Staleness(
            vendor, current_at, fresh_until, "not brought up to date", _not_brought(described, oldest, current_at)
        )
    if described.publication.cron is None:
        return Staleness(vendor, current_at, fresh_until)
    stalest = min((p for p in asked if p["file_date"]), key=lambda p: p["file_date"], default=oldest)
    last_of_file = datetime.combine(stalest["file_date"] or now.date(), time.max, UTC) + patience
    if last_of_file <= now:
        return Staleness(vendor, current_at, last_of_file, "no new file", _no_new_file(described, stalest))
    return Staleness(vendor, current_at, min(fresh_until, last_of_file))


def _current_at(profile: dict[str, Any]) -> datetime | None:
    """When what this profile grants was last brought up to date."""
    moments: list[datetime | None] = [profile["brought_at"], profile["done_at"]]
    return None if None in moments else min(moment for moment in moments if moment)


def _kept_since(profile: dict[str, Any]) -> datetime:
    since: datetime = _current_at(profile) or profile["first_asked_at"]
    return since


def _not_brought(vendor: Vendor, profile: dict[str, Any], current_at: datetime | None) -> str:
    name = profile["profile"]
    told = (
        f"What profile {name} of {vendor.title} grants was last brought up to date on {current_at:%Y-%m-%d}"
        if current_at
        else f"What profile {name} of {vendor.title} grants has never arrived, though a run first asked for it on "
        f"{profile['first_asked_at']:%Y-%m-%d}"
    )
    return (
        f"{told}; {vendor.title} makes its file {vendor.publication.description}. "
        f"See with `autoholdings status` what the last run met and whether a schedule or sensor is on, then "
        f"`autoholdings run {vendor.name}`."
    )


def _no_new_file(vendor: Vendor, profile: dict[str, Any]) -> str:
    return (
        f"The newest file of {vendor.title} for profile {profile['profile']} is of {profile['file_date']:%Y-%m-%d}, "
        f"though {vendor.title} makes its file {vendor.publication.description}. Ask {vendor.title} why there is no "
        "new one; the holdings stay as that file says."
    )
