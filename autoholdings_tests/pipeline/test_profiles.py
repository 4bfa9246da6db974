"""Several profiles of one vendor in one run: who is handled, who keeps what, and how a profile is given up."""

import pytest

from autoholdings_assets.config import ConfigurationError, load_configuration
from autoholdings_assets.holdings.profiles import retire
from autoholdings_assets.holdings.warehouse import open_warehouse
from autoholdings_tests import faults
from autoholdings_tests.library import Cli, Feed, Library, issn, journal

ALL = [journal(f"Title {n}", issn(n)) for n in range(4)]


@pytest.fixture
def campuses(library: Library) -> Library:
    """A library with two campuses and a profile for each."""
    library.configuration["institution"] |= {
        "customer_parameters": {"multi_campus_inventory_management": True},
        "groups": ["MAIN", "LAW"],
    }
    library.profile("wiley-main", groups=["MAIN"]).serves(ALL)
    library.profile("wiley-law", groups=["LAW"]).serves(ALL[:2])
    return library


def groups(library: Library) -> dict[str, list[str]]:
    return {title: row["available_for"] for title, row in library.titles().items()}


BOTH = {"Title 0": ["LAW", "MAIN"], "Title 1": ["LAW", "MAIN"], "Title 2": ["MAIN"], "Title 3": ["MAIN"]}


@pytest.mark.rule("C3", "C6", "C16")
def test_one_run_handles_all_active_profiles_and_no_inactive_one(campuses: Library) -> None:
    third = campuses.profile("wiley-third", active=False, groups=["LAW"])
    third.serves([journal("Never Asked For", issn(9))])
    campuses.run()
    assert groups(campuses) == BOTH
    assert third.account.requests == []


@pytest.mark.rule("A5")
@pytest.mark.parametrize("what", ["fails", "is refused", "is Inactive"])
def test_a_profile_that_was_not_read_keeps_its_titles_and_the_others_go_on(campuses: Library, what: str) -> None:
    campuses.first_run()
    law = campuses.feeds["wiley-law"]
    match what:
        case "fails":
            law.account.fail_next(faults.status(403))
        case "is refused":
            law.serves([])
        case "is Inactive":
            campuses.change_profile("wiley-law", active=False)
    campuses.feeds["wiley-main"].serves(ALL[1:])
    run = campuses.run()
    assert groups(campuses) == BOTH | {"Title 0": ["LAW"]}
    if what == "is Inactive":
        assert run.outcome == "done"
    else:
        assert run.outcome == "done with findings"
        assert "wiley-law was not read and keeps its titles" in (run.message or "")


@pytest.mark.rule("A14")
def test_losing_the_last_group_is_a_removal_and_never_everyone(campuses: Library) -> None:
    campuses.first_run()
    campuses.feeds["wiley-main"].serves(ALL[:3])
    assert campuses.run().actions == {"remove": 1}
    assert groups(campuses) == {title: who for title, who in BOTH.items() if title != "Title 3"}
    assert not any(row["available_for_all"] for row in campuses.titles().values())


@pytest.mark.rule("C15")
def test_the_run_counts_by_collection_profile_and_group(campuses: Library) -> None:
    campuses.first_run()
    (run,) = campuses.published("SELECT counters, groups FROM job_run")
    counters = {(c["profile"], c["group"], c["counter"]): c["value"] for c in run["counters"]}
    assert run["groups"] == ["LAW", "MAIN"]
    assert counters[None, None, "activate"] == 4
    assert (counters[None, "LAW", "activate"], counters[None, "MAIN", "activate"]) == (2, 4)
    assert (counters["wiley-law", None, "rows: activate"], counters["wiley-main", None, "rows: activate"]) == (2, 4)


def test_a_profile_that_vanishes_stops_the_run_until_it_is_retired(campuses: Library) -> None:
    campuses.first_run()
    before = campuses.state()
    campuses.configuration["integration_profiles"].pop()
    campuses.save()
    error = campuses.run().error
    assert isinstance(error, ConfigurationError) and "profiles retire wiley-law" in str(error)
    assert campuses.state() == before
    with open_warehouse(campuses.home.warehouse) as connection:
        assert retire(connection, load_configuration(campuses.home), "wiley-law", "staff") == 2
    assert campuses.run().error is None
    assert groups(campuses) == {f"Title {n}": ["MAIN"] for n in range(4)}
    assert campuses.run().outcome == "nothing new"


def test_the_last_profile_can_be_retired_too(library: Library, wiley: Feed, cli: Cli) -> None:
    wiley.serves(ALL)
    library.run()
    library.change_profile("wiley-main", active=False)
    status, printed = cli("run", "--all")
    assert status == 2 and "No integration profile is Active" in printed
    status, printed = cli("profiles", "retire", "wiley-main")
    assert status == 0 and "It granted 4 titles" in printed
    assert library.run().actions == {"remove": 4}
    assert library.titles() == {}


def test_an_active_profile_cannot_be_retired(campuses: Library) -> None:
    campuses.first_run()
    with (
        open_warehouse(campuses.home.warehouse) as connection,
        pytest.raises(ConfigurationError, match='"wiley-law" is Active'),
    ):
        retire(connection, load_configuration(campuses.home), "wiley-law", "staff")


def test_a_renamed_profile_goes_on_with_what_it_granted(campuses: Library, cli: Cli) -> None:
    campuses.first_run()
    campuses.change_profile("wiley-law", name="law-school")
    assert isinstance(campuses.run().error, ConfigurationError)
    for old, new, refused in (
        ("wiley-main", "law-school", "is still in autoholdings.yaml"),
        ("wiley-law", "nobody", 'there is no profile "nobody"'),
        ("wiley-law", "wiley-main", "has files of its own"),
        ("nobody", "law-school", 'No profile "nobody" grants any title'),
    ):
        status, printed = cli("profiles", "rename", old, new)
        assert status == 2 and refused in printed
    assert cli("profiles", "rename", "wiley-law", "law-school")[0] == 0
    assert campuses.run().actions == {}
    assert groups(campuses) == BOTH
