"""A home for the demonstration: two campuses, three integration profiles of two vendors, and the vendors themselves.

What belongs here: whose files the demonstration shows, and its configuration. What does not: the commands that run it
(``cli``), what is in the files (``files.py``).
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import yaml

from autoholdings_assets.config import Home
from autoholdings_assets.demo.files import Customer, kbart_bytes, title_list
from autoholdings_assets.demo.vendor import Account, DemoVendors
from autoholdings_assets.vendors.model import load_vendors

FIRST_ISSUE = datetime(2026, 3, 7, 10, tzinfo=UTC)  # a Saturday, 02:00 in Los Angeles


@dataclass(frozen=True)
class DemoProfile:
    """One integration profile of the demonstration, and whose titles its vendor sends."""

    name: str
    description: str
    vendor: str
    credentials: Mapping[str, str]
    groups: tuple[str, ...]
    schedule: str
    file_name: str
    customer: Customer

    def variable(self, credential: str) -> str:
        """The environment variable that holds a credential."""
        return f"{self.name}_{credential}".replace("-", "_").upper()


PROFILES = (
    DemoProfile(
        name="wiley-main",
        description="Main campus",
        vendor="wiley",
        credentials={"institution_token": "demo-token-of-the-main-campus"},
        groups=("MAIN",),
        schedule="0 6 * * SAT",
        file_name="Wiley_Global_MainCampus",
        customer=Customer(journals=200, books=300),
    ),
    DemoProfile(
        name="wiley-law",
        description="Law library: every third journal of the main campus, with a shorter backfile",
        vendor="wiley",
        credentials={"institution_token": "demo-token-of-the-law-library"},
        groups=("LAW",),
        schedule="0 6 * * SAT",
        file_name="Wiley_Global_LawLibrary",
        customer=Customer(journals=60, books=0, step=3, backfile_years=20, stories=None),
    ),
    DemoProfile(
        name="oup-main",
        description="Main campus",
        vendor="oup",
        credentials={"customer_number": "demo-customer-40917", "api_key": "demo-key-of-the-main-campus"},
        groups=("MAIN",),
        schedule="0 7 * * MON",
        file_name="OUP_Global_MainCampus",
        customer=Customer(journals=80, books=100, start=100_000, stories="monthly"),
    ),
)

MARK = "# Written by `autoholdings demo`."
"""How the demonstration's autoholdings.yaml begins."""


@dataclass(frozen=True)
class Demonstration:
    """The accounts of a home that is set up, at vendors that answer while this lasts."""

    accounts: Mapping[str, Account]

    def publish(self, issue: int) -> None:
        """Every vendor makes its next file: issue 1, a week later issue 2, and so on."""
        made_at = FIRST_ISSUE + timedelta(weeks=issue - 1)
        for profile in PROFILES:
            content = kbart_bytes(title_list(profile.customer, issue))
            name = f"{profile.file_name}_{made_at:%Y-%m-%d}.txt"
            self.accounts[profile.name].publish(content, name, made_at)


@contextmanager
def demonstration(home: Home) -> Iterator[Demonstration]:
    """Set up the home, start its vendors, and put the credentials into the environment while this lasts.

    No vendor has a file before the first ``publish``: it answers 404, as a vendor does to a new customer.
    """
    vendors = load_vendors(home.vendors)
    secrets = {p.variable(name): value for p in PROFILES for name, value in p.credentials.items()}
    before = {variable: os.environ.get(variable) for variable in secrets}
    with DemoVendors() as server:
        accounts = {p.name: server.open_account(vendors[p.vendor], **p.credentials) for p in PROFILES}
        home.create()
        home.config_file.write_text(_configuration(accounts), encoding="utf-8")
        os.environ.update(secrets)
        try:
            yield Demonstration(accounts)
        finally:
            for variable, value in before.items():
                if value is None:
                    os.environ.pop(variable, None)
                else:
                    os.environ[variable] = value


def _configuration(accounts: Mapping[str, Account]) -> str:
    vendors = {account.vendor.name: account.vendor for account in accounts.values()}
    content = {
        "institution": {
            "name": "University of Example",
            "timezone": "America/New_York",
            "customer_parameters": {"multi_campus_inventory_management": True},
            "groups": ["MAIN", "LAW"],
        },
        "electronic_collections": [
            {"name": c.name, "code": c.code} for vendor in vendors.values() for c in vendor.collections
        ],
        "integration_profiles": [
            {
                "name": p.name,
                "description": p.description,
                "vendor": p.vendor,
                "active": True,
                "url": accounts[p.name].url,
                **{name: f"${{{p.variable(name)}}}" for name in p.credentials},
                "groups": list(p.groups),
                "schedule": p.schedule,
            }
            for p in PROFILES
        ],
    }
    told = f"{MARK} Its vendors are invented and answer only while the demonstration runs.\n"
    return told + yaml.safe_dump(content, sort_keys=False)
