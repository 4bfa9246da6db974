"""autoholdings.yaml: what it may say, and what is said about it when it may not."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from autoholdings_assets.config import Configuration, ConfigurationError, Home, Secret, load_configuration
from autoholdings_assets.vendors import yaml_documents
from autoholdings_assets.vendors.model import load_vendors

VENDORS = load_vendors()
JOURNALS = "Wiley Online Library - AutoHoldings Journals"
BOOKS = "Wiley Online Library - AutoHoldings Books"
LITERAL = "9f8e7d6c5b4a-literal-secret"


def a_profile(**keys: Any) -> dict[str, Any]:
    return {
        "name": "wiley-main",
        "vendor": "wiley",
        "active": True,
        "url": "https://kbart.example.org/holdings",
        "institution_token": "${WILEY_MAIN_TOKEN}",
    } | keys


def load(tmp_path: Path, text: str | None = None, **sections: Any) -> Configuration:
    sections = {"institution": {"name": "University of Example", "timezone": "America/New_York"}} | sections
    home = Home(tmp_path)
    home.config_file.write_text(text or yaml.safe_dump(sections, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return load_configuration(home, VENDORS)


def problems(tmp_path: Path, text: str | None = None, **sections: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, text, **sections)
    return str(caught.value)


# --- the contract


THE_CONTRACT = """
institution:
  name: University of Example
  timezone: America/New_York
  customer_parameters: {multi_campus_inventory_management: true}
  groups: [MAIN, LAW]
electronic_collections:
  - name: Wiley Online Library - AutoHoldings Journals
    code: wiley-journals
    active: true
    service: {active: true, available: true}
    activation: manual
    automatically_activate_new_portfolios: false
    cz_title_list: cz/wiley_journals.txt
integration_profiles:
  - name: wiley-main
    description: main campus
    vendor: wiley
    active: true
    file_format: KBART
    url: https://kbart.example.org/
    institution_token: ${WILEY_MAIN_TOKEN}
    groups: [MAIN]
    schedule: "0 6 * * SAT"
policies:
  loss_guard: {share: 0.10, at_least: 20, always_at_share: 0.50}
  grace_files: 0
  po_line_portfolio_missing: keep_available
"""


@pytest.mark.rule("C1")
@pytest.mark.rule("W1")
def test_the_contract_s_example_is_read_in_full(tmp_path: Path) -> None:
    (tmp_path / "cz").mkdir()
    (tmp_path / "cz" / "wiley_journals.txt").write_text("publication_title\n")
    configuration = load(tmp_path, THE_CONTRACT)
    (profile,) = configuration.integration_profiles
    assert (profile.name, profile.description, profile.vendor, profile.active, profile.file_format) == (
        "wiley-main", "main campus", "wiley", True, "KBART",
    )  # fmt: skip
    assert profile.credentials == {"institution_token": Secret("WILEY_MAIN_TOKEN")}
    assert profile.groups == ("MAIN",)
    (collection,) = configuration.electronic_collections
    assert collection.is_ready and collection.cz_title_list == tmp_path / "cz" / "wiley_journals.txt"
    assert configuration.collection("wiley-journals") == configuration.collection(JOURNALS) == collection
    assert configuration.policies.loss_guard.at_least == 20
    assert configuration.warnings == configuration.notes == ()


@pytest.mark.rule("C1")
def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    configuration = load(
        tmp_path,
        electronic_collections=[{"name": JOURNALS}],
        integration_profiles=[{"name": "wiley-main", "vendor": "wiley"}],
    )
    (profile,) = configuration.integration_profiles
    assert not profile.active  # a profile is Inactive until it is said to be Active
    assert (profile.file_format, profile.groups, profile.schedule, profile.description) == ("KBART", (), None, None)
    (collection,) = configuration.electronic_collections
    assert (collection.code, collection.is_ready, collection.activation) == ("wiley-journals", True, "manual")
    assert not collection.automatically_activate_new_portfolios
    assert not configuration.institution.multi_campus
    guard = configuration.policies.loss_guard
    assert (guard.share, guard.at_least, guard.always_at_share) == (0.10, 20, 0.50)


def test_an_unfinished_profile_may_stay_in_the_file_while_it_is_inactive(tmp_path: Path) -> None:
    assert load(tmp_path, integration_profiles=[{"name": "draft", "vendor": "wiley"}]).integration_profiles


def test_text_that_yaml_would_take_for_something_else_stays_text(tmp_path: Path) -> None:
    text = """
institution:
  name: 2024
  timezone: UTC
  customer_parameters: {multi_campus_inventory_management: yes}
  groups: [NO, 007]
integration_profiles:
  - {name: 1e3, vendor: wiley, groups: [NO, 007]}
"""
    configuration = load(tmp_path, text)
    assert configuration.institution.groups == ("NO", "007")
    assert configuration.institution.multi_campus
    assert configuration.profile("1e3").groups == ("NO", "007")


def test_a_key_without_a_value_is_as_good_as_none(tmp_path: Path) -> None:
    text = """
institution: {name: A, timezone: UTC, groups: , customer_parameters: }
electronic_collections:
integration_profiles:
policies:
"""
    configuration = load(tmp_path, text)
    assert configuration.integration_profiles == configuration.electronic_collections == ()
    assert configuration.policies.grace_files == 0
    assert "name: this key is missing" in problems(tmp_path, "institution: {name: , timezone: UTC}\n")


def test_a_home_knows_its_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOHOLDINGS_HOME", str(tmp_path / "by environment"))
    assert Home.find().path == tmp_path / "by environment"
    assert Home.find(tmp_path).path == tmp_path
    monkeypatch.delenv("AUTOHOLDINGS_HOME")
    monkeypatch.chdir(tmp_path)
    home = Home.find()
    assert home.path == tmp_path / "data"
    home.create()
    assert home.inbox.is_dir() and home.archive.is_dir() and not home.warehouse.exists()


# --- what is wrong: file, line, key, what to write instead


def test_every_problem_is_listed_with_line_key_and_what_to_write(tmp_path: Path) -> None:
    text = """
institution:
  nam: University of Example
  timezone: America/NewYork
  customer_parameters: {multi_campus_inventory_managemant: true}
electronic_collections: Wiley
integration_profiles:
  - name: wiley-main
    vendor: wiley
    active: maybe
    file_format: MARC
    schedule: weekly
  - vendor: [wiley]
"""
    found = problems(tmp_path, text)
    for expected in (
        'autoholdings.yaml, line 3, institution.nam: there is no such key (did you mean "name"?)',
        "autoholdings.yaml, line 2, institution.name: this key is missing",
        'line 4, institution.timezone: this is no time zone (did you mean "America/New_York"?)',
        "line 5, institution.customer_parameters.multi_campus_inventory_managemant: there is no such key "
        "(did you mean "
        '"multi_campus_inventory_management"?)',
        "line 6, electronic_collections: write a list here",
        "line 10, integration_profiles[0].active: write true or false",
        "line 11, integration_profiles[0].file_format: write one of: 'KBART'",
        "line 12, integration_profiles[0].schedule: this is no schedule; write five cron fields",
        "line 13, integration_profiles[1].name: this key is missing",
        "line 13, integration_profiles[1].vendor: write one text here",
    ):
        assert expected in found
    assert len(found.splitlines()) == 10


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("institution:\n  name: [a\n  timezone: UTC\n", "line 3, column"),
        ("institution:\n\tname: a\n", "line 2, column 1: this is not valid YAML"),
        ("a: 1\n b: 2\n", "line 2"),
        ("- institution\n", "has no keys"),
        ("", "has no keys"),
        ("institution: {name: A, timezone: UTC}\ninstitution: {}\n", "line 2, institution: this key stands here twice"),
        ("name: a: b", "line 1"),
        ("institution: !!python/object:os.system {}", "institution"),
    ],
)
def test_broken_yaml_names_its_line(tmp_path: Path, text: str, expected: str) -> None:
    home = Home(tmp_path)
    home.config_file.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(home, VENDORS)
    assert expected in str(caught.value) and str(caught.value).startswith("autoholdings.yaml")


def test_a_missing_or_undecodable_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="does not exist"):
        load_configuration(Home(tmp_path), VENDORS)
    Home(tmp_path).config_file.write_bytes("institution: {name: Universität}".encode("latin-1"))
    with pytest.raises(ConfigurationError, match="UTF-8"):
        load_configuration(Home(tmp_path), VENDORS)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"vendor": "wily"}, 'vendor: there is no such vendor (did you mean "wiley"?)'),
        ({"institution_tokn": "${X}"}, 'institution_tokn: there is no such key (did you mean "institution_token"?)'),
        ({"institution_token": None}, "an Active profile of Wiley needs `institution_token: ${ENVIRONMENT_VARIABLE}`"),
        ({"url": None}, "an Active profile of Wiley needs `url:`"),
        ({"url": "kbart.example.org"}, "url: write the whole address, starting with https://"),
        ({"url": "ftp://kbart.example.org/"}, "url: write the whole address"),
        ({"name": "main campus"}, "name:"),
        ({"name": "../x"}, "name:"),
    ],
)
def test_a_profile_that_cannot_run_says_why(tmp_path: Path, keys: dict[str, Any], expected: str) -> None:
    found = problems(tmp_path, integration_profiles=[a_profile(**keys)])
    assert expected in found and "integration_profiles[0]" in found and len(found.splitlines()) == 1


def test_two_profiles_need_two_names(tmp_path: Path) -> None:
    assert "two entries" not in problems(tmp_path, integration_profiles=[a_profile(), a_profile()])
    assert 'have the name "wiley-main"' in problems(tmp_path, integration_profiles=[a_profile(), a_profile()])


@pytest.mark.rule("A12")
@pytest.mark.parametrize(
    "keys",
    [
        {"institution_token": LITERAL},
        {"institution_token": f"${{TOKEN}}{LITERAL}"},
        {"institution_token": [LITERAL]},
        {"institution_token": {"env": LITERAL}},
        {"institution_tokn": LITERAL},
        {"url": f"https://kbart.example.org/?token={LITERAL}"},
        {"url": f"https://user:{LITERAL}@kbart.example.org/"},
        {"groups": {LITERAL: LITERAL}},
        {"schedule": LITERAL},
    ],
)
def test_a_secret_in_the_file_is_refused_without_showing_it(tmp_path: Path, keys: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, integration_profiles=[a_profile(**keys)])
    error: BaseException | None = caught.value
    assert "integration_profiles[0]" in str(error)
    shown = str(error) + repr(error) + repr(error.__cause__) + repr(error.__context__)
    assert LITERAL not in shown


@pytest.mark.rule("A12")
@pytest.mark.parametrize("mark", ["*", "&", "!", "@", "%", "`", '"', "{", "[", "|", ">"])
@pytest.mark.parametrize("loader", [yaml.SafeLoader, yaml_documents.LOADER])
def test_a_secret_that_breaks_the_yaml_is_not_shown_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loader: Any, mark: str
) -> None:
    monkeypatch.setattr(yaml_documents, "LOADER", loader)
    text = f"""
institution: {{name: A, timezone: UTC}}
integration_profiles:
  - name: wiley-main
    vendor: wiley
    active: true
    institution_token: {mark}{LITERAL}
"""
    found = problems(tmp_path, text)
    assert LITERAL not in found and "autoholdings.yaml, line" in found


@pytest.mark.rule("A12")
def test_a_literal_secret_is_told_where_to_go(tmp_path: Path) -> None:
    found = problems(tmp_path, integration_profiles=[a_profile(institution_token=LITERAL)])
    assert "write ${WILEY_MAIN_INSTITUTION_TOKEN} here" in found


@pytest.mark.rule("A12")
def test_a_secret_shows_only_its_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WILEY_MAIN_TOKEN", f" {LITERAL}\n")
    configuration = load(tmp_path, integration_profiles=[a_profile()])
    secret = configuration.integration_profiles[0].credentials["institution_token"]
    shown = f"{configuration!r} {configuration} {secret!r} {secret} {configuration.integration_profiles}"
    assert LITERAL not in shown and "${WILEY_MAIN_TOKEN}" in shown
    assert LITERAL not in configuration.integration_profiles[0].model_dump_json(fallback=repr)
    assert secret.reveal() == LITERAL
    monkeypatch.setenv("WILEY_MAIN_TOKEN", "  ")
    with pytest.raises(ConfigurationError, match="WILEY_MAIN_TOKEN is not set"):
        secret.reveal()


def test_loading_needs_no_secret(tmp_path: Path) -> None:
    assert "WILEY_MAIN_TOKEN" not in os.environ
    assert load(tmp_path, integration_profiles=[a_profile()]).integration_profiles


def test_an_unencrypted_address_is_warned_of_unless_it_is_this_machine(tmp_path: Path) -> None:
    warned = load(tmp_path, integration_profiles=[a_profile(url="http://kbart.example.org/")]).warnings
    assert len(warned) == 1 and "not encrypted" in warned[0]
    assert not load(tmp_path, integration_profiles=[a_profile(url="http://127.0.0.1:8000/x")]).warnings


# --- electronic collections


@pytest.mark.rule("W2")
def test_both_collections_of_the_vendor_can_be_active(tmp_path: Path) -> None:
    configuration = load(tmp_path, electronic_collections=[{"name": BOOKS}, {"name": JOURNALS}])
    assert [c.code for c in configuration.electronic_collections] == ["wiley-books", "wiley-journals"]
    assert {c.vendor for c in configuration.electronic_collections} == {"wiley"}


@pytest.mark.rule("C9")
@pytest.mark.parametrize(
    ("keys", "ready", "warned", "noted"),
    [
        ({}, True, None, None),
        ({"active": False}, False, None, "is not to be updated"),
        ({"active": False, "automatically_activate_new_portfolios": True}, False, None, "is not to be updated"),
        ({"service": {"active": False}}, False, "is not active", None),
        ({"service": {"available": False}}, False, "is not available", None),
    ],
)
def test_a_collection_is_updated_only_with_its_service(
    tmp_path: Path, keys: dict[str, Any], ready: bool, warned: str | None, noted: str | None
) -> None:
    configuration = load(tmp_path, electronic_collections=[{"name": JOURNALS, **keys}])
    assert configuration.electronic_collections[0].is_ready is ready
    for sentences, expected in ((configuration.warnings, warned), (configuration.notes, noted)):
        assert len(sentences) == (expected is not None)
        assert expected is None or expected in sentences[0]


@pytest.mark.rule("C10")
def test_automatically_activate_new_portfolios_is_warned_of(tmp_path: Path) -> None:
    collections = [{"name": JOURNALS, "automatically_activate_new_portfolios": True}]
    (warning,) = load(tmp_path, electronic_collections=collections).warnings
    assert "automatically_activate_new_portfolios: set this to false" in warning


@pytest.mark.rule("C9")
def test_activation_other_than_manual_is_an_error(tmp_path: Path) -> None:
    found = problems(tmp_path, electronic_collections=[{"name": JOURNALS, "activation": "automatic"}])
    assert "electronic_collections[0].activation: write one of: 'manual'" in found


@pytest.mark.rule("C11")
def test_a_collection_without_an_entry_is_simply_not_there(tmp_path: Path) -> None:
    configuration = load(tmp_path, electronic_collections=[{"name": JOURNALS}])
    assert configuration.find_collection(BOOKS) is None and not configuration.warnings


def test_a_collection_of_no_vendor_is_an_error_with_the_nearest_name(tmp_path: Path) -> None:
    found = problems(tmp_path, electronic_collections=[{"name": "Wiley Online Library Autoholdings Journals"}])
    assert f'(did you mean "{JOURNALS}"?)' in found


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({"name": JOURNALS, "code": "w"}, {"name": BOOKS, "code": "w"}, 'have the code "w"'),
        ({"name": JOURNALS, "code": "wiley-books"}, {"name": BOOKS}, 'have the code "wiley-books"'),
        ({"name": JOURNALS}, {"name": JOURNALS, "code": "again"}, f'have the name "{JOURNALS}"'),
    ],
)
def test_two_collections_need_two_names_and_two_codes(
    tmp_path: Path, first: dict[str, Any], second: dict[str, Any], expected: str
) -> None:
    assert expected in problems(tmp_path, electronic_collections=[first, second])


def test_a_collection_that_no_vendor_fills_says_so_and_has_a_code(tmp_path: Path) -> None:
    entry = {"name": "Journals of long ago", "local": True}
    (collection,) = load(tmp_path, electronic_collections=[entry | {"code": "long-ago"}]).electronic_collections
    assert (collection.vendor, collection.code) == (None, "long-ago")
    assert "needs a code of its own" in problems(tmp_path, electronic_collections=[entry])
    assert "leave `local` out" in problems(tmp_path, electronic_collections=[entry | {"name": JOURNALS, "code": "x"}])


def test_a_title_list_that_is_not_there_is_an_error_unless_the_collection_is_inactive(tmp_path: Path) -> None:
    entry = {"name": JOURNALS, "cz_title_list": "cz/none.txt"}
    assert "there is no file cz/none.txt" in problems(tmp_path, electronic_collections=[entry])
    assert load(tmp_path, electronic_collections=[entry | {"active": False}])


def test_questions_to_the_configuration_name_the_nearest_answer(tmp_path: Path) -> None:
    configuration = load(tmp_path, integration_profiles=[a_profile()])
    with pytest.raises(ConfigurationError, match='did you mean "wiley-main"'):
        configuration.profile("wiley-mian")
    with pytest.raises(ConfigurationError, match='did you mean "wiley"'):
        configuration.vendor("wileyy")
