"""Each vendor's request as its data file describes it, against a server that reads the same description
backwards."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from autoholdings_assets.config import IntegrationProfile, Secret
from autoholdings_assets.demo.vendor import Account, DemoVendors
from autoholdings_assets.retrieval import Archive, Limits, Retrieved, errors, retrieve
from autoholdings_assets.vendors.model import Vendor, load_vendors

NOW = datetime(2026, 3, 11, 12, tzinfo=UTC)
CONTENT = b"publication_title\tprint_identifier\nAnnals of Testing\t1234-5679\n"
SOME_PLACES = """
title: Some Places
credentials:
  - {name: user, label: User, placement: basic_user}
  - {name: password, label: Password, placement: basic_password}
  - {name: account, label: Account, placement: path}
  - {name: bearer, label: Bearer token, placement: header, parameter: X-Token, prefix: "Bearer "}
collections:
  - {name: Some Journals, code: some-journals, publication_type: serial}
publication: {description: daily, first_file: Wait for it., check: "0 6 * * *", fresh_for_days: 2}
"""


def all_vendors(folder: Path) -> dict[str, Vendor]:
    (folder / "some_places.yaml").write_text(SOME_PLACES)
    return load_vendors(folder)


def fetched(
    vendor: Vendor, account: Account, archive: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, str]
) -> Retrieved:
    for name, value in given.items():
        monkeypatch.setenv(f"DEMO_{name}".upper(), value)
    secrets = {name: Secret(f"DEMO_{name}".upper()) for name in given}
    profile = IntegrationProfile(name="p", vendor=vendor.name, active=True, url=account.url, credentials=secrets)
    return retrieve(profile, vendor, Archive(archive), now=NOW, limits=Limits(attempts=1))


def secrets_of(vendor: Vendor) -> dict[str, str]:
    """A value of its own for each credential, with characters that have a meaning in addresses."""
    names = [c.name for c in vendor.credentials]
    wanted = names[:1] if vendor.credentials_of_a_profile == "exactly_one" else names
    return {name: f"{name} & /co?=+#%{number}" for number, name in enumerate(wanted)}


@pytest.mark.rule("A13")
@pytest.mark.parametrize("name", [*load_vendors(), "some_places"])
def test_credentials_arrive_where_the_vendor_s_data_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    vendor = all_vendors(tmp_path)[name]
    secrets = secrets_of(vendor)
    with DemoVendors() as server:
        account = server.open_account(vendor, **secrets)
        account.publish(CONTENT, "Titles_2026-03-07.txt", NOW)
        retrieved = fetched(vendor, account, tmp_path / "archive", monkeypatch, secrets)
        assert retrieved.path.read_bytes() == CONTENT
        assert not any(value in retrieved.shown_url for value in secrets.values())
        for wrong in secrets:
            with pytest.raises(errors.WrongCredentials):
                fetched(vendor, account, tmp_path / "archive", monkeypatch, secrets | {wrong: "wrong"})


def test_a_customer_gets_its_own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = all_vendors(tmp_path)["oup"]
    with DemoVendors() as server:
        for customer in ("40917", "2026"):
            account = server.open_account(vendor, customer_number=customer, api_key="shared")
            account.publish(CONTENT + customer.encode(), f"OUP_{customer}_2026-03-07.txt", NOW)
        for account in server.accounts:
            arrived = fetched(vendor, account, tmp_path / "archive", monkeypatch, dict(account.credentials))
            assert account.file is not None and arrived.path.read_bytes() == account.file.content
            assert arrived.file_date == date(2026, 3, 7)
            assert account.credentials["customer_number"] not in arrived.file_name


def test_a_fixed_header_is_the_vendor_s_own_choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = all_vendors(tmp_path)["elsevier"]
    secrets = secrets_of(vendor)
    with DemoVendors() as server:
        account = server.open_account(vendor, **secrets)
        account.publish(CONTENT, "x.txt", NOW)
        fetched(vendor, account, tmp_path / "archive", monkeypatch, secrets)
        assert account.requests[0]["Accept"] == "text/plain"


@pytest.mark.rule("O4")
def test_before_a_monthly_vendor_s_file_the_message_says_by_when(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendors = all_vendors(tmp_path)
    with DemoVendors() as server:
        for name, expected in (("oup", "Tuesday 31 March 2026"), ("springer", "Ask Springer when there will be one")):
            secrets = secrets_of(vendors[name])
            account = server.open_account(vendors[name], **secrets)
            with pytest.raises(errors.NoFileYet, match=expected):
                fetched(vendors[name], account, tmp_path / "archive", monkeypatch, secrets)
