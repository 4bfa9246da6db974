"""The rules between integration profiles: groups, several profiles of a vendor, the schedule that governs
them."""

from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from autoholdings_assets.config import Configuration, ConfigurationError, Home, load_configuration
from autoholdings_assets.vendors.model import load_vendors

VENDORS = load_vendors()
GROUPS = ("MAIN", "LAW", "MED")


class Written(NamedTuple):
    """One profile of the table: whether it has a group, whether it is Active."""

    grouped: bool
    active: bool


def load(tmp_path: Path, profiles: list[dict[str, Any]], multi_campus: bool = True) -> Configuration:
    content = {
        "institution": {
            "name": "University of Example",
            "timezone": "America/New_York",
            "customer_parameters": {"multi_campus_inventory_management": multi_campus},
            **({"groups": list(GROUPS)} if multi_campus else {}),
        },
        "integration_profiles": profiles,
    }
    home = Home(tmp_path)
    home.config_file.write_text(yaml.safe_dump(content, sort_keys=False))
    return load_configuration(home, VENDORS)


def a_profile(number: int = 0, **keys: Any) -> dict[str, Any]:
    return {
        "name": f"profile-{number}",
        "vendor": "wiley",
        "active": True,
        "url": "https://kbart.example.org/",
        "institution_token": "${TOKEN}",
    } | keys


COMBINATIONS = [
    (multi_campus, profiles)
    for multi_campus in (True, False)
    for count in (1, 2, 3)
    for profiles in product(*[[Written(g, a) for g in (True, False) for a in (True, False)]] * count)
]


def outcome(multi_campus: bool, profiles: tuple[Written, ...]) -> str:
    """What the two source documents say, in their own order; written apart from the code that is tested."""
    if not multi_campus:
        return "no groups" if any(p.grouped for p in profiles) else "fine"
    blank = sum(p.active and not p.grouped for p in profiles)
    grouped = sum(p.active and p.grouped for p in profiles)
    if grouped > 1 and blank:
        return "group needed"
    return "for everyone" if grouped == 1 and blank else "fine"


def named(profiles: tuple[Written, ...], *, grouped: bool, active: bool | None = None) -> list[str]:
    return [
        f"profile-{n}"
        for n, p in enumerate(profiles)
        if p.grouped is grouped and (active is None or p.active is active)
    ]


@pytest.mark.rule("C2")
@pytest.mark.rule("C3")
@pytest.mark.rule("C4")
@pytest.mark.rule("A14")
@pytest.mark.parametrize(
    ("multi_campus", "profiles"),
    COMBINATIONS,
    ids=lambda value: (
        value
        if isinstance(value, bool)
        else "+".join(("G" if p.grouped else "-") + ("a" if p.active else "i") for p in value)
    ),
)
def test_groups_in_every_combination(tmp_path: Path, multi_campus: bool, profiles: tuple[Written, ...]) -> None:
    written = [
        a_profile(n, active=p.active, **({"groups": [GROUPS[n]]} if p.grouped else {})) for n, p in enumerate(profiles)
    ]
    expected = outcome(multi_campus, profiles)
    if expected in ("no groups", "group needed"):
        with pytest.raises(ConfigurationError) as caught:
            load(tmp_path, written, multi_campus)
        problems = caught.value.problems
        culprits = (
            named(profiles, grouped=True) if expected == "no groups" else named(profiles, grouped=False, active=True)
        )
        assert len(problems) == len(culprits)
        words = "exist only with several campuses" if expected == "no groups" else "needs at least one group"
        for problem, culprit in zip(problems, culprits, strict=True):
            assert f'profile "{culprit}"' in problem and words in problem
            assert f"integration_profiles[{culprit[-1]}].groups" in problem
        return
    configuration = load(tmp_path, written, multi_campus)
    assert [bool(p.groups) for p in configuration.integration_profiles] == [p.grouped for p in profiles]
    culprits = named(profiles, grouped=False, active=True) if expected == "for everyone" else []
    assert len(configuration.warnings) == len(culprits)
    for warning, culprit in zip(configuration.warnings, culprits, strict=True):
        assert f'the titles of "{culprit}" are for everyone' in warning


def test_the_table_has_every_kind_of_outcome() -> None:
    assert len(COMBINATIONS) == 2 * (4 + 16 + 64)
    found = [outcome(*combination) for combination in COMBINATIONS]
    assert set(found) == {"fine", "no groups", "group needed", "for everyone"}


@pytest.mark.rule("C4")
def test_groups_of_one_vendor_do_not_oblige_another(tmp_path: Path) -> None:
    other = {
        "name": "other",
        "vendor": "oup",
        "active": True,
        "url": "https://kbart.example.org/",
        "customer_number": "${C}",
        "api_key": "${K}",
    }
    profiles = [a_profile(0, groups=["MAIN"]), a_profile(1, groups=["LAW"]), other]
    assert load(tmp_path, profiles).warnings == ()


@pytest.mark.rule("C2")
def test_a_group_must_be_one_of_the_institution_s(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, [a_profile(groups=["MAIN", "LOW"])])
    assert 'integration_profiles[0].groups: "LOW" is not one of institution.groups (did you mean "LAW"?)' in str(
        caught.value
    )


@pytest.mark.parametrize(
    ("groups", "expected"),
    [(["MAIN", "MAIN"], "a group stands here twice"), ("MAIN", "write a list here, for example [A, B]")],
)
def test_groups_are_a_list_with_each_once(tmp_path: Path, groups: object, expected: str) -> None:
    with pytest.raises(ConfigurationError, match="groups: ") as caught:
        load(tmp_path, [a_profile(groups=groups)])
    assert expected in str(caught.value)


def test_groups_of_the_institution_without_multi_campus_are_warned_of(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.config_file.write_text("institution: {name: A, timezone: UTC, groups: [MAIN]}\n")
    (warning,) = load_configuration(home, VENDORS).warnings
    assert "institution.groups: these are not used" in warning


@pytest.mark.rule("C3")
@pytest.mark.rule("C6")
def test_a_vendor_s_profiles_are_found_together_and_inactive_ones_left_out(tmp_path: Path) -> None:
    configuration = load(tmp_path, [a_profile(0), a_profile(1, active=False), a_profile(2)])
    assert [p.name for p in configuration.profiles_of("wiley")] == ["profile-0", "profile-1", "profile-2"]
    assert [p.name for p in configuration.profiles_of("wiley", active_only=True)] == ["profile-0", "profile-2"]
    assert configuration.profiles_of("oup") == ()


# --- schedules

SATURDAY, SUNDAY = "0 6 * * SAT", "0 6 * * SUN"


@pytest.mark.rule("C5")
@pytest.mark.parametrize(
    ("schedules", "governor", "reported"),
    [
        ([None], None, []),
        ([SATURDAY], "profile-0", []),
        ([SATURDAY, SUNDAY], "profile-0", ["profile-1"]),
        ([None, SUNDAY], "profile-1", []),
        ([None, SUNDAY, SATURDAY], "profile-1", ["profile-2"]),
        ([SATURDAY, SATURDAY, None], "profile-0", []),
        ([SATURDAY, "0  6 * *   SAT"], "profile-0", []),
        ([SATURDAY, SUNDAY, SUNDAY], "profile-0", ["profile-1", "profile-2"]),
    ],
)
def test_the_first_schedule_governs_and_a_different_later_one_is_reported(
    tmp_path: Path, schedules: list[str | None], governor: str | None, reported: list[str]
) -> None:
    configuration = load(tmp_path, [a_profile(n, schedule=s) for n, s in enumerate(schedules)])
    governing = configuration.governing_schedule("wiley")
    assert (governing.profile if governing else None) == governor
    assert len(configuration.warnings) == len(reported)
    for warning, name in zip(configuration.warnings, reported, strict=True):
        assert f"integration_profiles[{name[-1]}].schedule: this is not obeyed" in warning
        assert f'"{governor}"' in warning


@pytest.mark.rule("C5")
def test_the_schedule_is_in_the_institution_s_time_zone_and_can_be_said(tmp_path: Path) -> None:
    governing = load(tmp_path, [a_profile(schedule=SATURDAY)]).governing_schedule("wiley")
    assert governing is not None
    assert (governing.cron, governing.timezone) == (SATURDAY, "America/New_York")
    assert governing.in_words() == "At 06:00, only on Saturday (America/New_York)"


@pytest.mark.rule("C5")
def test_the_schedule_of_one_vendor_does_not_govern_another(tmp_path: Path) -> None:
    other = {"name": "other", "vendor": "oup", "schedule": SUNDAY}
    configuration = load(tmp_path, [other, a_profile(schedule=SATURDAY)])
    assert configuration.warnings == ()
    governors = [configuration.governing_schedule(vendor) for vendor in ("oup", "wiley", "ovid")]
    assert [g.cron if g else None for g in governors] == [SUNDAY, SATURDAY, None]


@pytest.mark.rule("C8")
def test_a_profile_needs_no_schedule(tmp_path: Path) -> None:
    configuration = load(tmp_path, [a_profile()])
    assert configuration.profiles_of("wiley", active_only=True) and configuration.governing_schedule("wiley") is None


# --- what each vendor asks of a profile


@pytest.mark.rule("O1")
def test_oup_needs_its_two_credentials(tmp_path: Path) -> None:
    profile = {"name": "oup-main", "vendor": "oup", "active": True, "url": "https://kbart.example.org/"}
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, [profile])
    assert "(Sigma Customer ID)" in str(caught.value) and "(KBART API key)" in str(caught.value)
    (loaded,) = load(tmp_path, [profile | {"customer_number": "${N}", "api_key": "${K}"}]).integration_profiles
    assert {name: secret.env_name for name, secret in loaded.credentials.items()} == {
        "customer_number": "N",
        "api_key": "K",
    }


def test_an_optional_credential_may_be_left_out(tmp_path: Path) -> None:
    profile = {"name": "niso", "vendor": "niso_rp26", "active": True, "url": "https://kbart.example.org/"}
    assert load(tmp_path, [profile | {"customer_id": "${C}"}]).profile("niso").credentials.keys() == {"customer_id"}
    with pytest.raises(ConfigurationError, match="Customer ID"):
        load(tmp_path, [profile | {"api_key": "${K}"}])


def test_a_vendor_with_one_public_address_needs_no_url(tmp_path: Path) -> None:
    profile = {"name": "e", "vendor": "elsevier", "active": True, "api_key": "${K}"}
    assert load(tmp_path, [profile]).profile("e").url == "https://api.elsevier.com/holdings/report.url"


def test_two_tokens_are_two_profiles(tmp_path: Path) -> None:
    profile = {"name": "tf", "vendor": "taylor_francis", "active": True, "url": "https://kbart.example.org/"}
    books = profile | {"name": "tf-books", "book_token": "${B}"}
    journals = profile | {"name": "tf-journals", "journal_token": "${J}"}
    assert len(load(tmp_path, [books, journals]).profiles_of("taylor_francis", active_only=True)) == 2
    for wrong in (profile, books | journals):
        with pytest.raises(
            ConfigurationError, match="exactly one of book_token or journal_token; make a profile for each"
        ):
            load(tmp_path, [wrong])


def test_a_credential_in_the_path_needs_its_place_in_the_address(tmp_path: Path) -> None:
    profile = {
        "name": "o",
        "vendor": "ovid",
        "active": True,
        "group_name": "${G}",
        "user_name": "${U}",
        "password": "${P}",
    }
    assert "{group_name}" in str(load(tmp_path, [profile]).profile("o").url)
    with pytest.raises(ConfigurationError, match=r"write \{group_name\} where"):
        load(tmp_path, [profile | {"url": "https://portal.example.org/holdings"}])
