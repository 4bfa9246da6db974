"""The demonstration's invented files, its vendors and its home: always the same, and true to what vendors
send."""

import os
from pathlib import Path

import pandas as pd
import pytest
from stdnum import isbn, issn

from autoholdings_assets.config import Home, load_configuration
from autoholdings_assets.demo.files import Customer, kbart_bytes, stories, title_list
from autoholdings_assets.demo.home import FIRST_ISSUE, PROFILES, demonstration
from autoholdings_assets.kbart.fields import FIELD_NAMES
from autoholdings_assets.kbart.validation import read_title_list
from autoholdings_assets.retrieval import Archive, errors, retrieve

PLAIN = Customer(journals=2000, books=1000, stories=None)


def ids(rows: pd.DataFrame) -> set[str]:
    return set(rows["title_id"])


def test_the_same_numbers_give_the_same_file() -> None:
    assert kbart_bytes(title_list(PLAIN, 1)) == kbart_bytes(title_list(PLAIN, 1))
    assert kbart_bytes(title_list(PLAIN, 1)) != kbart_bytes(title_list(PLAIN, 2))


@pytest.mark.parametrize("issue", [1, 2, 37, 120])
def test_about_three_in_four_titles_are_in_each_issue(issue: int) -> None:
    rows = title_list(PLAIN, issue)
    assert list(rows.columns) == list(FIELD_NAMES)
    assert 0.70 < len(ids(rows)) / 3000 < 0.80
    assert rows.groupby("title_id")["online_identifier"].nunique().max() == 1
    assert rows.groupby("online_identifier")["publication_title"].nunique().max() == 1


def test_from_one_issue_to_the_next_little_changes() -> None:
    first, second = title_list(PLAIN, 1), title_list(PLAIN, 2)
    for gone in (ids(first) - ids(second), ids(second) - ids(first)):
        assert 10 < len(gone) < 60
    both = first.merge(second, on=["title_id", "date_last_issue_online"])
    changed = (both["date_first_issue_online_x"] != both["date_first_issue_online_y"]).mean()
    assert 0.005 < changed < 0.03


def test_identifiers_of_plain_titles_are_valid() -> None:
    rows = title_list(PLAIN, 1)
    is_serial = rows["publication_type"] == "serial"
    for column in ("print_identifier", "online_identifier"):
        assert all(map(issn.is_valid, rows.loc[is_serial, column]))
        assert all(map(isbn.is_valid, rows.loc[~is_serial, column]))


def test_a_second_customer_has_titles_of_the_first_with_less_coverage() -> None:
    main, law = (title_list(p.customer, 1) for p in PROFILES[:2])
    assert ids(law) < ids(main)
    joined = law.merge(main, on="title_id", suffixes=("_law", "_main"))
    assert (joined["date_first_issue_online_law"] > joined["date_first_issue_online_main"]).any()


def test_the_rows_of_one_title_are_not_neighbours() -> None:
    rows = title_list(Customer(), 1)
    places = rows.index[rows["title_id"] == "aib"]
    assert len(places) == 3 and (places.to_series().diff().dropna() > 1).all()


def test_every_story_is_told_in_the_files() -> None:
    told = [story for name in ("weekly", "monthly") for story in stories(name)]
    assert len(told) > 20 and len({story.sentence for story in told}) == len(told)
    unchanged = [story for story in told if story.first == story.second]
    assert 0 < len(unchanged) < len(told)
    identifiers = [
        value
        for story in told
        for value in {
            row[c] for row in (*story.first, *story.second) for c in ("print_identifier", "online_identifier")
        }
        if value
    ]
    assert len(identifiers) == len(set(identifiers))  # no two stories share a title
    wrong = [value for value in identifiers if not (issn.is_valid(value) or isbn.is_valid(value))]
    assert wrong == ["9990-0301"]  # the one whose story it is


@pytest.mark.parametrize(("issue", "rejected"), [(1, 0), (2, 1)])
def test_the_reader_finds_in_the_files_what_the_stories_tell(tmp_path: Path, issue: int, rejected: int) -> None:
    path = tmp_path / "titles.txt"
    path.write_bytes(kbart_bytes(title_list(Customer(), issue)))
    found = read_title_list(path)
    assert found.rejected == rejected
    assert set(found.counts) >= {"identifier_check_digit", "coverage_not_stated", "duplicate_row"}


def test_the_home_has_two_campuses_and_its_vendors_answer(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with demonstration(home) as demo:
        configuration = load_configuration(home)
        assert not configuration.warnings and not configuration.notes
        assert configuration.institution.multi_campus
        assert [p.groups for p in configuration.integration_profiles] == [("MAIN",), ("LAW",), ("MAIN",)]
        archive = Archive(home.archive)
        for profile in configuration.integration_profiles:
            with pytest.raises(errors.NoFileYet):
                retrieve(profile, configuration.vendor(profile.vendor), archive, now=FIRST_ISSUE)
        for issue, day in ((1, "2026-03-07"), (2, "2026-03-14")):
            demo.publish(issue)
            for profile in configuration.integration_profiles:
                arrived = retrieve(profile, configuration.vendor(profile.vendor), archive, now=FIRST_ISSUE)
                assert arrived.file_date is not None and arrived.file_date.isoformat() == day
        secrets = [value for p in PROFILES for value in p.credentials.values()]
        assert not any(secret in home.config_file.read_text() for secret in secrets)
    assert not any(p.variable(name) in os.environ for p in PROFILES for name in p.credentials)
