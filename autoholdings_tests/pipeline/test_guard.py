"""The guard against loss: which files are held, which are not, and what a librarian reads of it."""

import re
from collections.abc import Callable
from functools import cache

import duckdb
import pytest

from autoholdings_assets.holdings.apply import NotApplicable
from autoholdings_assets.holdings.history import explain
from autoholdings_assets.holdings.verdict import compare_files
from autoholdings_assets.holdings.warehouse import open_warehouse
from autoholdings_tests.library import JOURNALS, Feed, Library, Row, issn, journal, kbart

Rows = list[Row]


def journals(first: int, last: int, **more: str) -> Rows:
    """The journals with these numbers."""
    return [journal(f"Journal {n}", issn(n), title_id=f"j{n}", **more) for n in range(first, last)]


def without_identifiers(rows: Rows) -> Rows:
    return [row | {"online_identifier": "", "print_identifier": ""} for row in rows]


def broken(rows: Rows, count: int) -> Rows:
    return [row | {"date_first_issue_online": "soon"} for row in rows[:count]] + rows[count:]


HELD = {
    "half of the titles gone": (journals(0, 30), journals(0, 15), "15 of the 30 titles"),
    "one of two titles gone": (journals(0, 2), journals(0, 1), "1 of the 2 titles"),
    "the only title replaced": (journals(0, 1), journals(1, 2), "1 of the 1 titles"),
    "20 titles, more than a tenth": (
        journals(0, 150),
        journals(20, 150),
        '20 of the 150 titles .* for example "Journal 0"',
    ),
    "losses that new titles make up for": (journals(0, 60), journals(25, 100), "25 of the 60 titles"),
    "titles under new names": (
        journals(0, 30),
        [journal(f"Other {n}", issn(n + 500), title_id=f"j{n}") for n in range(30)],
        "30 of the 30 titles",
    ),
    "cut to half its rows": (
        journals(0, 40),
        journals(0, 20),
        "far smaller than the last accepted one: 20 rows, where that had 40",
    ),
    "another vendor's file": (journals(0, 30), journals(200, 260), "0 of its 60 ISSNs and ISBNs stand in both"),
    "only backfiles dropped": (
        journals(0, 30, start="1990"),
        journals(0, 30, start="2020"),
        "of the years of coverage .* at 30 of 30 titles.*1990-2019 lost",
    ),
    "identifiers gone": (
        journals(0, 30),
        without_identifiers(journals(0, 30)),
        "an ISSN or ISBN in only 0% of its rows",
    ),
    "half of the rows broken": (journals(0, 30), broken(journals(0, 30), 15), "15 rows of 30 .* cannot be read"),
}  # fmt: skip

APPLIED = {
    "19 titles of many": (journals(0, 150), journals(19, 150), "remove"),
    "a tenth, but fewer than 20 titles": (journals(0, 30), journals(3, 30), "remove"),
    "one of three titles": (journals(0, 3), journals(0, 2), "remove"),
    "many more titles": (journals(0, 30), journals(0, 90), "activate"),
    "a few backfiles dropped": (
        journals(0, 30, start="1990"),
        [*journals(0, 28, start="1990"), *journals(28, 30, start="2020")],
        "update",
    ),
    "a few broken rows": (journals(0, 30), [*broken(journals(0, 29), 3), *journals(30, 31)], "activate"),
}


@cache
def first_file(content: bytes) -> Callable[[Library], None]:
    """The story of a first file: the same one for the same bytes."""

    def story(library: Library) -> None:
        library.feeds["wiley-main"].serves(content)
        assert library.run().outcome == "done"

    return story


@pytest.mark.rule("A2")
@pytest.mark.parametrize("case", HELD)
def test_a_file_that_loses_too_much_is_held_and_nothing_changes(library: Library, wiley: Feed, case: str) -> None:
    before_rows, rows, sentence = HELD[case]
    library.guard()
    library.after(first_file(kbart(before_rows)))
    before = library.state()
    wiley.serves(rows)
    run = library.run()
    assert run.outcome == "held"
    assert library.state() == before
    reasons = run.plan.plan.hold_reasons
    assert any(re.search(sentence, reason) for reason in reasons), reasons
    assert all(reason.startswith(("wiley-main: ", JOURNALS)) for reason in reasons)
    with pytest.raises(
        NotApplicable, match=r"is held.*Nothing was applied\. Look at it with `autoholdings plan show wiley-2`"
    ):
        library.apply()
    assert library.state() == before


@pytest.mark.rule("A2")
@pytest.mark.parametrize("case", APPLIED)
def test_a_file_that_loses_little_is_applied(library: Library, wiley: Feed, case: str) -> None:
    before_rows, rows, action = APPLIED[case]
    library.guard()
    library.after(first_file(kbart(before_rows)))
    wiley.serves(rows)
    run = library.run()
    assert run.outcome in ("done", "done with findings"), run.message
    assert run.actions[action] > 0


@pytest.mark.rule("A2")
def test_losses_of_several_files_in_a_row_add_up_until_a_person_has_decided(library: Library, wiley: Feed) -> None:
    library.guard()
    for first in (0, 6, 12, 18):
        wiley.serves(journals(first, 100))
        assert library.run().outcome == "done", first
    wiley.serves(journals(24, 100))
    run = library.run()
    assert run.outcome == "held"
    assert "4 files in a row together take away 24 of the 100 titles" in run.message
    library.accept(run.plan.plan.plan_id)
    library.apply()
    wiley.serves(journals(28, 100))
    assert library.run().outcome == "done", "what a person has accepted counts no more"


@pytest.fixture
def campuses(library: Library) -> tuple[Library, Feed, Feed]:
    library.configuration["institution"] |= {
        "customer_parameters": {"multi_campus_inventory_management": True},
        "groups": ["MAIN", "LAW"],
    }
    library.guard()
    return library, library.profile("wiley-main", groups=["MAIN"]), library.profile("wiley-law", groups=["LAW"])


@pytest.mark.rule("A2", "A14")
@pytest.mark.parametrize(
    ("later", "sentence"),
    [
        (journals(0, 2, start="1990"), "wiley-law: .*28 of the 30 titles"),
        (journals(0, 30, start="2020"), "wiley-law: .*of the years of coverage"),
    ],
    ids=["emptied", "backfiles dropped"],
)
def test_one_campus_loss_is_held_while_the_other_has_every_title(
    campuses: tuple[Library, Feed, Feed], later: Rows, sentence: str
) -> None:
    library, main, law = campuses
    main.serves(journals(0, 30, start="1990"))
    law.serves(journals(0, 30, start="1990"))
    assert library.first_run().outcome == "done"
    before = library.state()
    law.serves(later)
    run = library.run()
    assert run.outcome == "held" and re.search(sentence, run.message), run.message
    assert "wiley-main:" not in run.message
    assert library.state() == before


@pytest.mark.rule("A2", "C2")
def test_groups_that_a_changed_profile_takes_from_titles_are_a_loss(campuses: tuple[Library, Feed, Feed]) -> None:
    library, main, law = campuses
    main.serves(journals(0, 30))
    law.serves(journals(0, 3))
    library.run()
    library.change_profile("wiley-main", groups=["LAW"])
    run = library.run()
    assert run.outcome == "held" and "30 of 30 titles (100%) would be lost to readers of MAIN" in run.message


@pytest.mark.rule("A2")
def test_the_first_file_into_a_collection_with_portfolios_is_held(library: Library, wiley: Feed) -> None:
    library.guard()
    library.write(
        "INSERT INTO portfolio_version (portfolio_id, collection, title, publication_type, availability, "
        "available_for_all, available_for, activated_at, valid_from) "
        f"SELECT n, '{JOURNALS}', 'Old ' || n, 'serial', 'available', TRUE, [], now(), now() FROM range(1, 6) AS r(n)"
    )
    library.write("INSERT INTO number_range VALUES ('portfolio_id', 6)")
    wiley.serves(journals(0, 5))
    run = library.run()
    assert run.outcome == "held"
    assert (
        "5 portfolios already, and this is the first file that is compared with them: 5 activate, 5 remove"
        in run.message
    )
    library.accept(run.plan.plan.plan_id)
    library.apply()
    assert len(library.titles()) == 5


@pytest.mark.rule("A2", "C19")
def test_titles_with_po_lines_that_go_missing_are_counted(library: Library, wiley: Feed) -> None:
    library.guard()
    wiley.serves(journals(0, 30))
    library.first_run()
    library.attach_po_line("Journal 1", "POL-1")
    library.attach_po_line("Journal 2", "POL-2")
    wiley.serves([journals(0, 1)[0], *journals(3, 30)])
    run = library.run()
    assert run.outcome == "held"
    assert (
        "2 of the 2 titles with PO lines that the profile has" in run.message
        and '"Journal 1"; "Journal 2"' in run.message
    )
    library.accept(run.plan.plan.plan_id)
    library.apply()
    assert {t for t, row in library.titles().items() if row["missing_since"]} == {"Journal 1", "Journal 2"}


@pytest.mark.rule("A2", "O3")
def test_free_content_does_not_slip_past_the_guard(library: Library) -> None:
    from autoholdings_tests.library import VENDORS

    name = "Oxford University Press Journals Autoholdings Collection"
    library.collection(name)
    library.collection("Oxford University Press Books Autoholdings Collection")
    library.guard()
    oup = library.profile("oup-main", VENDORS["oup"])
    oup.serves(journals(0, 10))
    library.run("oup")
    oup.serves([row | {"access_type": "F"} for row in journals(0, 9)] + journals(9, 10))
    run = library.run("oup")
    assert run.outcome == "held" and "9 of the 10 titles" in run.message
    assert {item["reason"] for item in library.sql("FROM plan_item WHERE action = 'remove'")} == {
        "Became free: the file names it as free content, which is maintained separately."
    }


@pytest.mark.rule("C18")
def test_grace_counts_accepted_files_not_runs(library: Library, wiley: Feed) -> None:
    library.configuration["policies"]["grace_files"] = 2
    library.save()

    def shown() -> dict[str, object]:
        return {title: row["missing_since"] for title, row in library.titles().items()}

    wiley.serves(journals(0, 4))
    library.run()
    for missing_files in (1, 2):
        wiley.serves(journals(0, 3, publisher_name=f"Press {missing_files}"))
        run = library.run()
        assert run.actions == {"keep": 1, "update": 3}
        kept = next(item for item in run.plan.items if item["action"] == "keep")
        assert kept["reason"].startswith(f"Missing from {missing_files} accepted file")
        assert shown()["Journal 3"] is not None
        with open_warehouse(library.home.warehouse) as connection:
            assert any("the policy grace_files keeps it" in said for said in explain(connection, "Journal 3")[0].now)
        assert library.run().outcome == "nothing new", "the same file again is no further file"
        library.write("UPDATE vendor_state SET generation = generation + 1")
        assert library.run().actions == {"keep": 1}, "nor is a run without a new file"
    wiley.serves(journals(0, 3, publisher_name="Press 3"))
    assert library.run().actions == {"remove": 1, "update": 3}
    assert "Journal 3" not in library.titles()


@pytest.mark.rule("C18")
def test_a_title_that_comes_back_in_grace_is_as_if_it_had_never_been_missing(library: Library, wiley: Feed) -> None:
    library.configuration["policies"]["grace_files"] = 1
    library.save()
    wiley.serves(journals(0, 2))
    library.run()
    number = library.titles()["Journal 1"]["portfolio_id"]
    for week, last in enumerate((1, 2, 1)):
        wiley.serves(journals(0, last, publisher_name=f"Press {week}"))
        library.run()
        assert library.titles()["Journal 1"]["portfolio_id"] == number
    wiley.serves(journals(0, 1, publisher_name="Press 9"))
    assert library.run().actions == {"remove": 1, "update": 1}


@pytest.mark.parametrize(("shared", "counted"), [(180_000, "some"), (115_000, "all"), (90_000, "all")])
def test_all_identifiers_of_large_files_are_counted_unless_some_tell_it_by_far(shared: int, counted: str) -> None:
    """A sixteenth of the identifiers stands for all only where far more than the policy's half are shared."""
    with duckdb.connect() as connection:
        listed = (
            f"SELECT {side} AS sides, 'id' || i AS online_identifier, NULL::VARCHAR AS print_identifier, "
            f"'valid' AS status FROM range({first}, {first + 200_000}) AS numbers (i)"
            for side, first in ((1, 0), (2, 200_000 - shared))
        )
        connection.execute(f"CREATE TABLE listed_row AS {' UNION ALL '.join(listed)}")
        found = compare_files(connection, least_overlap=0.5, row_count=200_000)
    assert found["old_rows"] == found["new_rows_identified"] == 200_000
    if counted == "all":
        assert (found["old_identifiers"], found["shared_identifiers"]) == (200_000, shared)
    else:
        assert 10_000 < found["old_identifiers"] < 15_000
        assert found["shared_identifiers"] / found["old_identifiers"] == pytest.approx(shared / 200_000, abs=0.02)
