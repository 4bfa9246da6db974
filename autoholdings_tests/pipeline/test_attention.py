"""What needs attention, and settling it: it follows from the facts, and a decision holds until the facts change."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner, Result

from autoholdings_assets.cli import execute
from autoholdings_assets.cli.acquisitions import attention as attention_command
from autoholdings_assets.config import load_configuration
from autoholdings_assets.holdings import acquisitions, attention
from autoholdings_assets.holdings.acts import Act
from autoholdings_assets.holdings.attention import Settled
from autoholdings_assets.holdings.refusals import NotPossible
from autoholdings_assets.holdings.warehouse import open_warehouse
from autoholdings_tests.library import Feed, Library, book, isbn, issn, journal

STAYING, BOUGHT = journal("Staying", issn(1)), journal("Bought", issn(3), start="1998")
LATER = datetime.now(UTC).date() + timedelta(days=30)


def attach(library: Library, title: str, po_line: str) -> None:
    with open_warehouse(library.home.warehouse) as connection:
        portfolio = acquisitions.find_portfolio(connection, title)
        act = Act("po-line", "Ada", "bought")
        acquisitions.attach(connection, load_configuration(library.home), act, portfolio, po_line=po_line)


def settle(library: Library, attention_id: str, decision: attention.Decision, why: str = "renewal", **more) -> Settled:
    with open_warehouse(library.home.warehouse) as connection:
        act = Act("attention", "Ada", why)
        return attention.settle(connection, load_configuration(library.home), act, attention_id, decision, **more)


def open_cases(library: Library) -> dict[str, str]:
    return {row["attention_id"]: row["kind"] for row in library.sql("FROM needs_attention")}


@pytest.fixture
def missing(library: Library, wiley: Feed) -> str:
    """The case of a PO-line title that the vendor's second file does not name."""
    library.configuration["policies"] = {"loss_guard": {"active": False}}
    library.save()
    return library.after(two_files)


def two_files(library: Library) -> str:
    feed = library.feeds["wiley-main"]
    feed.serves([STAYING, BOUGHT])
    library.run()
    attach(library, "Bought", "POL-77")
    feed.serves([STAYING], "Vendor_Global_All_2026-02-28.txt")
    assert library.run().error is None
    return f"missing-{library.titles()['Bought']['portfolio_id']}"


@pytest.mark.rule("C19")
def test_a_missing_title_with_a_po_line_is_listed_with_since_when_and_which_file(
    library: Library, missing: str
) -> None:
    (case,) = library.published("FROM needs_attention")
    portfolio = library.titles()["Bought"]
    (run,) = library.sql("FROM job_run ORDER BY started_at DESC LIMIT 1")
    assert (case["attention_id"], case["kind"], case["vendor"]) == (missing, "PO line, title missing", "wiley")
    assert (case["since"], case["run_id"], case["profile"]) == (portfolio["missing_since"], run["run_id"], "wiley-main")
    assert "Vendor_Global_All_2026-02-28.txt" in case["message"] and "POL-77" in case["message"]
    (file,) = library.sql("SELECT file_name FROM kbart_file WHERE file_sha256 = ?", case["file_sha256"])
    assert file["file_name"] == "Vendor_Global_All_2026-02-28.txt"
    assert (portfolio["availability"], portfolio["po_line"]) == ("available", "POL-77")


@pytest.mark.rule("C19")
def test_it_is_settled_by_itself_when_a_file_names_the_title_again_and_comes_up_anew(
    library: Library, wiley: Feed, missing: str
) -> None:
    settle(library, missing, "keep")
    assert open_cases(library) == {}
    wiley.serves([STAYING, BOUGHT | {"notes": "back"}], "Vendor_Global_All_2026-03-07.txt")
    library.run()
    assert library.sql("FROM attention") == []
    wiley.serves([STAYING | {"notes": "x"}], "Vendor_Global_All_2026-03-14.txt")
    library.run()
    assert open_cases(library) == {missing: "PO line, title missing"}, "the decision was about the earlier gap"


def test_keep_stays_listed_as_settled_and_survives_the_next_run(library: Library, wiley: Feed, missing: str) -> None:
    settle(library, missing, "keep", "perpetual access")
    before = library.titles()["Bought"]
    assert library.run().actions == {"keep": 1}
    assert library.titles()["Bought"] == before and open_cases(library) == {}
    with open_warehouse(library.home.warehouse) as connection:
        (case,) = attention.cases(connection, settled=True)
    assert (case["decision"], case["note"], case["decided_by"]) == ("keep", "perpetual access", "Ada")


@pytest.mark.rule("C18", "C19")
def test_detach_lets_the_next_run_remove_the_portfolio(library: Library, missing: str) -> None:
    settled = settle(library, missing, "detach", "cancelled")
    assert "next run removes" in settled.consequence
    assert library.titles()["Bought"]["po_line"] is None and open_cases(library) == {}
    assert library.run().actions == {"remove": 1}
    assert list(library.titles()) == ["Staying"]
    (action,) = library.sql("FROM portfolio_action WHERE action = 'detach'")
    assert (action["acted_by"], action["reason"]) == ("Ada", "cancelled")
    assert action["changes"] == [{"field": "po_line", "old": "POL-77", "new": None}]


def test_withdraw_makes_it_unavailable_with_its_po_line_until_a_file_names_it(
    library: Library, wiley: Feed, missing: str
) -> None:
    settle(library, missing, "withdraw")
    bought = library.titles()["Bought"]
    assert (bought["availability"], bought["po_line"]) == ("not available", "POL-77")
    assert bought["missing_since"], "it is still missing"
    library.run()
    assert library.titles()["Bought"]["availability"] == "not available" and open_cases(library) == {}
    wiley.serves([STAYING, BOUGHT | {"notes": "back"}], "Vendor_Global_All_2026-03-07.txt")
    library.run()
    assert library.titles()["Bought"]["availability"] == "available"


def test_look_again_opens_on_its_day(library: Library, missing: str) -> None:
    with pytest.raises(NotPossible, match="which day"):
        settle(library, missing, "look again")
    with pytest.raises(NotPossible, match="which day"):
        settle(library, missing, "look again", look_again_on=datetime.now(UTC).date())
    settle(library, missing, "look again", look_again_on=LATER)
    assert open_cases(library) == {}
    library.write("UPDATE attention_settlement SET look_again_on = current_date")
    assert open_cases(library) == {missing: "PO line, title missing"}


def test_a_decision_that_makes_no_sense_or_a_case_that_is_not_there_changes_nothing(
    library: Library, missing: str
) -> None:
    before = library.state()
    with pytest.raises(NotPossible, match="no case"):
        settle(library, "missing-999", "keep")
    library.write("UPDATE acquisition_version SET valid_to = now()")
    with pytest.raises(NotPossible, match="resolved since"):
        settle(library, missing, "keep")
    assert library.state()["portfolio_version"] == before["portfolio_version"]
    assert library.sql("FROM attention_settlement") == []


@pytest.mark.rule("C19")
@pytest.mark.parametrize("decision", ["keep", "withdraw", None])
def test_the_policy_decides_availability_until_a_person_does(
    library: Library, missing: str, decision: attention.Decision | None
) -> None:
    assert library.titles()["Bought"]["availability"] == "available"
    if decision:
        settle(library, missing, decision)
    since = library.titles()["Bought"]["missing_since"]
    library.configuration["policies"]["po_line_portfolio_missing"] = "make_unavailable"
    library.save()
    library.run()
    bought = library.titles()["Bought"]
    assert bought["availability"] == ("available" if decision == "keep" else "not available")
    assert (bought["po_line"], bought["missing_since"]) == ("POL-77", since)
    if decision is None:
        (action,) = library.sql(
            "FROM portfolio_action WHERE list_contains(list_transform(changes, lambda c: c.field), 'availability')"
        )
        assert "not available" in action["reason"] and action["action"] == "keep"
        settle(library, missing, "keep")
        assert library.titles()["Bought"]["availability"] == "available", "a person's decision holds against the policy"
        library.run()
        assert library.titles()["Bought"]["availability"] == "available"


def test_a_title_goes_missing_under_the_policy_make_unavailable(library: Library, wiley: Feed) -> None:
    library.configuration["policies"] = {
        "loss_guard": {"active": False},
        "po_line_portfolio_missing": "make_unavailable",
    }
    library.save()
    wiley.serves([STAYING, BOUGHT])
    library.run()
    attach(library, "Bought", "POL-77")
    wiley.serves([STAYING])
    library.run()
    bought = library.titles()["Bought"]
    assert (bought["availability"], bought["po_line"]) == ("not available", "POL-77") and bought["missing_since"]
    assert list(open_cases(library).values()) == ["PO line, title missing"]
    again = library.run()
    assert again.outcome == "nothing new"


@pytest.fixture
def two_campuses(library: Library) -> Callable[[], tuple[Feed, Feed]]:
    library.configuration["institution"] |= {
        "customer_parameters": {"multi_campus_inventory_management": True},
        "groups": ["MAIN", "LAW"],
    }
    library.configuration["policies"] = {"loss_guard": {"active": False}}
    main, law = library.profile("main", groups=["MAIN"]), library.profile("law", groups=["LAW"])
    return lambda: (main, law)


def test_a_po_line_title_that_lost_a_group_is_listed_until_the_group_is_back(library: Library, two_campuses) -> None:
    main, law = two_campuses()
    for feed in (main, law):
        feed.serves([STAYING, BOUGHT])
    library.first_run()
    attach(library, "Bought", "POL-77")
    law.serves([STAYING], "Law_2026-02-28.txt")
    library.run()
    (case,) = library.sql("FROM needs_attention")
    assert case["kind"] == "PO line, group lost" and case["title"] == "Bought"
    assert (
        "LAW" in case["message"] and "available for MAIN" in case["message"] and "Law_2026-02-28.txt" in case["message"]
    )
    with pytest.raises(NotPossible, match="keep, detach or look again"):
        settle(library, case["attention_id"], "withdraw")
    settle(library, case["attention_id"], "keep", "the law school has its own")
    assert open_cases(library) == {}
    law.serves([STAYING, BOUGHT | {"notes": "back"}], "Law_2026-03-07.txt")
    library.run()
    assert library.sql("FROM attention") == []
    law.serves([STAYING | {"notes": "x"}], "Law_2026-03-14.txt")
    library.run()
    assert list(open_cases(library).values()) == ["PO line, group lost"], "lost anew, to be settled anew"


def test_a_group_lost_before_the_po_line_came_is_nobodys_case(library: Library, two_campuses) -> None:
    main, law = two_campuses()
    for feed in (main, law):
        feed.serves([STAYING, BOUGHT])
    library.first_run()
    law.serves([STAYING])
    library.run()
    attach(library, "Bought", "POL-77")
    assert open_cases(library) == {}


@pytest.mark.rule("A7")
def test_a_possible_title_change_is_a_case_while_something_waits_to_be_moved(library: Library, wiley: Feed) -> None:
    library.configuration["policies"] = {"loss_guard": {"active": False}}
    library.save()
    old = [
        journal("Health Libraries Review", issn(1), issn(2), title_id="77"),
        journal("Plain", issn(9), title_id="78"),
    ]
    wiley.serves(old)
    library.run()
    attach(library, "Health Libraries Review", "POL-5")
    wiley.serves(
        [
            journal("Health Information Journal", issn(3), issn(4), title_id="77"),
            journal("Elaborate", issn(11), title_id="78"),
        ]
    )
    library.run()
    titles = library.titles()
    change = f"change-{titles['Health Information Journal']['portfolio_id']}"
    missing = f"missing-{titles['Health Libraries Review']['portfolio_id']}"
    assert set(open_cases(library)) == {change, missing}, "Plain had nothing attached, so nobody need look at Elaborate"
    (case,) = library.sql("FROM needs_attention WHERE attention_id = ?", change)
    assert case["related_portfolio_ids"] == [titles["Health Libraries Review"]["portfolio_id"]]
    assert '"Health Libraries Review"' in case["message"]
    settle(library, missing, "detach")
    attach(library, "Health Information Journal", "POL-5")
    library.run()
    assert open_cases(library) == {}


@pytest.mark.rule("A7")
def test_multiple_matches_are_listed_until_a_run_is_without_them(library: Library, wiley: Feed) -> None:
    library.configuration["policies"] = {"loss_guard": {"active": False}}
    library.save()
    twins = [
        book("On Examples", isbn(1), title_id="a", title_url="https://v.example/a"),
        book("On Other Examples", isbn(1), title_id="b", title_url="https://v.example/b"),
    ]
    wiley.serves(twins)
    library.run()
    third = book("On New Examples", isbn(1), title_id="c", title_url="https://v.example/c")
    wiley.serves([third])
    library.run()
    (case,) = library.sql("FROM needs_attention")
    assert case["kind"] == "multiple matches" and len(case["related_portfolio_ids"]) == 2
    since = case["since"]
    wiley.serves([third, STAYING])
    library.run()
    (case,) = library.sql("FROM needs_attention")
    assert case["since"] == since, "it began with the first file that had it"
    settle(library, case["attention_id"], "keep", "asked the vendor")
    assert open_cases(library) == {}
    wiley.serves([*twins, STAYING])
    library.run()
    assert library.sql("FROM attention") == []


def test_the_command_lists_settles_and_refuses(
    library: Library, missing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    home = ["--home", str(library.home.path)]

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(attention_command, [*arguments, *home])

    for words in ([], ["list"]):
        listed = run(*words)
        assert missing in listed.output and "POL-77" in listed.output
    assert execute(["attention", "settle", missing, "look-again", *home]) == 2
    assert "on which day" in capsys.readouterr().err
    settled = run("settle", missing, "look-again", "--on", str(LATER), "--note", "asked the vendor")
    assert settled.exit_code == 0 and str(LATER) in settled.output
    assert library.published("FROM needs_attention") == []
    assert "Nothing needs attention" in run("list").output
    assert "asked the vendor" in run("list", "--all").output
