"""Giving an integration profile up, or another name: what the warehouse knows of profiles that the configuration drops.

A profile that vanishes from autoholdings.yaml while it still grants titles stops the vendor's runs until one of these
is said, since nothing may be removed because somebody deleted a line.
"""

from autoholdings_assets.config import Configuration, ConfigurationError
from autoholdings_assets.holdings.generations import advance
from autoholdings_assets.holdings.warehouse import Connection, rows, scalar, transaction

_TABLES = ("entitlement", "kbart_file", "job_run_profile", "portfolio_grant", "rejected_row", "excluded_row")
"""Where a profile's name stands."""


def retire(connection: Connection, configuration: Configuration, name: str, who: str) -> int:
    """Let a profile grant nothing any more; gives the number of titles that it granted.

    Nothing is removed here: its titles go through the plan and the guard of the vendor's next run like any loss. Raises
    ``ConfigurationError`` when the profile is still Active, or grants nothing.
    """
    configured = next((p for p in configuration.integration_profiles if p.name == name), None)
    if configured is not None and configured.active:
        raise ConfigurationError(
            [f'integration_profiles: "{name}" is Active. First set `active: false`, or take it out of the file.']
        )
    vendor = _vendor_of(connection, name)
    titles = "SELECT count(*) FROM portfolio_grant WHERE profile = ? AND valid_to IS NULL"
    with transaction(connection) as now:
        connection.execute("DELETE FROM retired_profile WHERE profile = ?", [name])
        connection.execute("INSERT INTO retired_profile VALUES (?, ?, ?, ?)", [name, vendor, now, who])
        advance(connection, vendor, now)
    return int(scalar(connection, titles, [name]))


def rename(connection: Connection, configuration: Configuration, old: str, new: str) -> None:
    """Let what a vanished profile grants be granted by the profile that took its place in autoholdings.yaml.

    Raises ``ConfigurationError`` when the old one is still there, or the new one is not, or has files of its own.
    """
    names = {p.name: p for p in configuration.integration_profiles}
    vendor = _vendor_of(connection, old)
    if old in names:
        raise ConfigurationError(
            [f'integration_profiles: "{old}" is still in autoholdings.yaml; give it its new name there first.']
        )
    if new not in names or names[new].vendor != vendor:
        raise ConfigurationError(
            [f'integration_profiles: there is no profile "{new}" of {vendor}; write it there first.']
        )
    if rows(connection, "FROM entitlement WHERE profile = ?", [new]):
        raise ConfigurationError([f'integration_profiles: "{new}" has files of its own; retire "{old}" instead.'])
    with transaction(connection) as now:
        for table in _TABLES:
            connection.execute(f"UPDATE {table} SET profile = ? WHERE profile = ?", [new, old])
        advance(connection, vendor, now)


def is_retirement_pending(connection: Connection, vendor: str) -> bool:
    """Whether a retired profile's titles still wait for a run to take them out."""
    pending = "SELECT count(*) FROM entitlement WHERE vendor = ? AND profile IN (SELECT profile FROM retired_profile)"
    return bool(scalar(connection, pending, [vendor]))


def _vendor_of(connection: Connection, name: str) -> str:
    vendor = scalar(connection, "SELECT vendor FROM entitlement WHERE profile = ?", [name])
    if vendor is None:
        known = [row["profile"] for row in rows(connection, "SELECT profile FROM entitlement ORDER BY 1")]
        raise ConfigurationError(
            [f'No profile "{name}" grants any title. Those that do: {", ".join(known) or "none"}.']
        )
    return str(vendor)
