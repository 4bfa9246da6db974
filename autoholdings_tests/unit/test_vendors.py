"""Vendors are data: what their files say, how they are read, and what a file of the library's own may
change."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from autoholdings_assets.vendors.cron import checked_cron, checked_timezone, cron_in_words, next_time
from autoholdings_assets.vendors.model import Vendor, load_vendors
from autoholdings_assets.vendors.yaml_documents import ConfigurationError

VENDORS = load_vendors()
NEW_VENDOR = """
name: acme
title: Acme Press
credentials:
  - {name: api_key, label: API key, placement: header, parameter: X-Key}
collections:
  - {name: Acme Journals, code: acme-journals, publication_type: serial}
publication:
  description: every night
  first_file: The first night has to pass.
  cron: "0 2 * * *"
  timezone: Europe/Paris
  check: "0 6 * * *"
  fresh_for_days: 2
"""


def rows(*pairs: tuple[str | None, str | None]) -> pd.DataFrame:
    return pd.DataFrame({"publication_type": [p for p, _ in pairs], "notes": [n for _, n in pairs]}, dtype="str")


def loaded(folder: Path, **texts: str) -> dict[str, Vendor]:
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return load_vendors(folder)


# --- what the source documents say of the two vendors


@pytest.mark.rule("W1")
def test_wiley_has_one_credential() -> None:
    assert [c.name for c in VENDORS["wiley"].credentials] == ["institution_token"]


@pytest.mark.rule("W2")
@pytest.mark.rule("W3")
def test_wiley_s_rows_go_to_its_two_collections() -> None:
    routed = VENDORS["wiley"].route(rows(("serial", None), ("monograph", "x"), (None, None), ("serial", "")))
    journals, books = "Wiley Online Library - AutoHoldings Journals", "Wiley Online Library - AutoHoldings Books"
    assert routed[[0, 1, 3]].tolist() == [journals, books, journals]
    assert routed.isna().tolist() == [False, False, True, False]


@pytest.mark.rule("W5")
@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("2026-03-11T12:00+00:00", "2026-03-14T02:00-07:00"),  # Pacific Daylight Time began on 8 March
        ("2026-03-05T12:00+00:00", "2026-03-07T02:00-08:00"),
        ("2026-10-30T12:00+00:00", "2026-10-31T02:00-07:00"),
        ("2026-11-01T12:00+00:00", "2026-11-07T02:00-08:00"),
        ("2026-03-14T09:00+00:00", "2026-03-21T02:00-07:00"),  # exactly then: the next one
        ("2026-03-14T08:59:59+00:00", "2026-03-14T02:00-07:00"),
    ],
)
def test_wiley_makes_its_file_every_saturday_at_two_pacific_time(after: str, expected: str) -> None:
    due = VENDORS["wiley"].next_publication(datetime.fromisoformat(after))
    assert due is not None and due.isoformat() == datetime.fromisoformat(expected).isoformat()
    assert due.strftime("%A %H:%M") == "Saturday 02:00"
    assert VENDORS["wiley"].publication.description == "every Saturday at 02:00 Pacific time"


@pytest.mark.rule("O1")
@pytest.mark.rule("O2")
def test_oup_has_two_credentials_and_two_collections_with_their_community_zone_ids() -> None:
    oup = VENDORS["oup"]
    assert {c.name: c.label for c in oup.credentials} == {
        "customer_number": "Sigma Customer ID",
        "api_key": "KBART API key",
    }
    assert {(c.publication_type, c.name, c.cz_collection_id) for c in oup.collections} == {
        ("monograph", "Oxford University Press Books Autoholdings Collection", "61707906870000041"),
        ("serial", "Oxford University Press Journals Autoholdings Collection", "61563711870000041"),
    }


@pytest.mark.rule("O3")
def test_oup_s_free_content_is_left_out_and_open_access_notes_are_a_setting(tmp_path: Path) -> None:
    free = VENDORS["oup"].free_content
    assert (free.leave_out_access_types, free.open_access_notes) == (("F",), "report")
    stricter = loaded(tmp_path, oup="based_on: oup\nfree_content: {open_access_notes: leave_out}\n")["oup"].free_content
    assert (stricter.leave_out_access_types, stricter.open_access_notes) == (("F",), "leave_out")
    assert VENDORS["wiley"].free_content.leave_out_access_types == ()


@pytest.mark.rule("O4")
@pytest.mark.parametrize(
    ("after", "expected"), [("2026-02-03", "2026-02-28"), ("2028-02-03", "2028-02-29"), ("2026-12-31", "2027-01-31")]
)
def test_oup_s_file_is_there_by_the_end_of_the_month_and_looked_for_weekly(after: str, expected: str) -> None:
    oup = VENDORS["oup"]
    due = oup.next_publication(datetime.fromisoformat(after).replace(hour=12, tzinfo=UTC))
    assert due is not None and due.date().isoformat() == expected
    assert cron_in_words(oup.publication.check).endswith("only on Monday")
    assert oup.publication.fresh_for_days > 31


# --- the other vendors are data too


def test_ovid_s_books_go_by_the_value_in_their_notes() -> None:
    routed = VENDORS["ovid"].route(
        rows(("monograph", "Subscription"), ("monograph", "a Purchase"), ("serial", "purchase"), ("monograph", None))
    )
    both = VENDORS["ovid"].route(rows(("monograph", "subscription, once a purchase")))
    assert both.tolist() == ["Books@Ovid Subscription Complete"]  # the first that fits takes the row
    assert routed[:3].tolist() == [
        "Books@Ovid Subscription Complete",
        "Books@Ovid Purchase Complete",
        "Journals@Ovid Complete",
    ]
    assert routed.isna().tolist() == [False, False, False, True]


def test_the_public_endpoints_are_as_documented() -> None:
    elsevier, ovid = VENDORS["elsevier"], VENDORS["ovid"]
    assert elsevier.request.url == "https://api.elsevier.com/holdings/report.url"
    assert elsevier.request.headers == {"Accept": "text/plain"}
    key = elsevier.credentials[0]
    assert (key.placement, key.parameter) == ("header", "X-ELS-APIKey")
    assert {c.parameter for c in ovid.credentials if c.placement == "query"} == {"UserName", "Password"}
    assert ovid.request.url is not None and ovid.request.url.endswith("/Entitlements/api/Holdings/{group_name}")


def test_every_vendor_says_what_a_library_needs_to_know() -> None:
    for name in ("wiley", "oup", "niso_rp26", "elsevier", "ovid", "springer", "taylor_francis"):
        assert {c.publication_type for c in VENDORS[name].collections} == {"serial", "monograph"}
    for vendor in VENDORS.values():
        assert vendor.setup and vendor.collections and vendor.publication.first_file.endswith(".")
        due = vendor.next_publication(datetime(2026, 1, 1, tzinfo=UTC))
        assert due is None or due.tzinfo == ZoneInfo(vendor.publication.timezone)


# --- a vendor of the library's own


@pytest.mark.rule("A13")
def test_a_new_vendor_is_a_file_beside_the_configuration(tmp_path: Path) -> None:
    vendors = loaded(tmp_path, acme=NEW_VENDOR)
    assert set(vendors) == {*VENDORS, "acme"}
    assert vendors["acme"].route(rows(("serial", None))).tolist() == ["Acme Journals"]
    assert set(load_vendors(tmp_path / "not there")) == set(VENDORS)


@pytest.mark.rule("A13")
def test_a_vendor_based_on_another_says_only_what_differs(tmp_path: Path) -> None:
    text = """
title: Acme Press
based_on: niso_rp26
credentials:
  - {name: customer_id, label: Account, placement: header, parameter: X-Account}
collections:
  - {name: Acme Journals, code: acme-journals, publication_type: serial}
publication: {fresh_for_days: 10}
"""
    acme, niso = loaded(tmp_path, acme=text)["acme"], VENDORS["niso_rp26"]
    assert (acme.name, acme.title) == ("acme", "Acme Press")
    assert [(c.name, c.parameter) for c in acme.credentials] == [("customer_id", "X-Account")]
    assert acme.publication == niso.publication.model_copy(update={"fresh_for_days": 10})
    assert acme.request == niso.request


def test_a_file_of_the_same_name_takes_the_place_of_the_package_s(tmp_path: Path) -> None:
    vendors = loaded(tmp_path, wiley="based_on: wiley\nrequest: {max_megabytes: 900}\n")
    assert vendors["wiley"].request.max_megabytes == 900
    assert vendors["wiley"].collections == VENDORS["wiley"].collections
    assert len(vendors) == len(VENDORS)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("title: Acme Press", "titel: Acme"), 'line 3, titel: there is no such key (did you mean "title"?)'),
        (("title: Acme Press", "titel: Acme"), "acme.yaml, title: this key is missing"),
        (("name: acme", "name: Acme Press"), "acme.yaml, line 2, name:"),
        (("placement: header", "placement: cookie"), "line 5, credentials[0].placement: write one of: 'query'"),
        ((", parameter: X-Key", ""), "credentials[0]: add `parameter:`, the name of the header parameter"),
        (("_type: serial", "_type: journal"), "collections[0].publication_type: write one of: 'serial'"),
        (('"0 2 * * *"', "nightly"), "publication.cron: this is no schedule"),
        (("Europe/Paris", "Europe/Pari"), 'timezone: this is no time zone (did you mean "Europe/Paris"?)'),
        (("fresh_for_days: 2", "fresh_for_days: 0"), "publication.fresh_for_days: input should be greater than 0"),
        (("name: Acme Journals", "name: Books@Ovid Purchase Complete"), "both have a collection with the name or code"),
        (("code: acme-journals", "code: wiley-journals"), 'The vendors "wiley" and "acme" both have a collection'),
        (("title: Acme", "based_on: wily\ntitle: Acme"), 'no such vendor to start from (did you mean "wiley"?)'),
        (("title: Acme Press", "title: [A"), "this is not valid YAML"),
        (("title: Acme Press", "title: Acme\x07Press"), "acme.yaml: this is not valid YAML"),
        (("  description: every night", "- description: every night"), "publication: write keys with values here"),
        (("parameter: X-Key}", "parameter: X-Key}\n  - {name: api_key, label: K, placement: header, parameter: X-K}"),
         "credentials: two entries have the same name; each needs its own"),
    ],
)  # fmt: skip
def test_a_broken_vendor_file_names_file_line_and_key(tmp_path: Path, change: tuple[str, str], expected: str) -> None:
    text = NEW_VENDOR.replace(*change)
    assert text != NEW_VENDOR
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, acme=text)
    assert expected in str(caught.value)


# --- points in time


@pytest.mark.parametrize(
    "expression",
    ["", "weekly", "0 6 * *", "0 6 * * SAT 2026", "61 6 * * *", "0 6 * * XYZ", "@weekly", "0 6 31 2 *", "R 6 * * *"],
)
def test_a_schedule_has_five_fields(expression: str) -> None:
    with pytest.raises(ValueError, match="five cron fields"):
        checked_cron(expression)


def test_a_schedule_is_tidied_and_said_in_words() -> None:
    assert checked_cron(" 30  5 * * MON-FRI ") == "30 5 * * MON-FRI"
    assert cron_in_words("30 5 * * MON-FRI") == "At 05:30, Monday through Friday"


def test_a_time_zone_has_the_spelling_of_the_database() -> None:
    assert checked_timezone("Europe/Paris") == "Europe/Paris"
    for wrong in ("Paris", "europe/paris", "../../etc/passwd", ""):
        with pytest.raises(ValueError, match="no time zone"):
            checked_timezone(wrong)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("2026-03-07T12:00-05:00", "2026-03-08T03:00-04:00"),  # New York has no 02:30 on that day
        ("2026-03-08T12:00-04:00", "2026-03-09T02:30-04:00"),
        ("2026-10-31T12:00-04:00", "2026-11-01T02:30-05:00"),
    ],
)
def test_next_time_is_right_across_daylight_saving(after: str, expected: str) -> None:
    found = next_time("30 2 * * *", "America/New_York", datetime.fromisoformat(after))
    assert found.isoformat() == datetime.fromisoformat(expected).isoformat()
