"""History: a portfolio's life in sentences, and the state at any past moment, also from outside."""

from datetime import date, timedelta

import duckdb
import pytest

from autoholdings_assets.config import load_configuration
from autoholdings_assets.holdings.acquisitions import attach, detach, find_portfolio
from autoholdings_assets.holdings.acts import Act
from autoholdings_assets.holdings.attention import settle
from autoholdings_assets.holdings.history import Story, explain
from autoholdings_assets.holdings.warehouse import open_warehouse
from autoholdings_tests.library import Feed, Library, issn, journal

ALPHA = journal("Alpha", issn(1), start="1990")
BETA = journal("Beta", issn(3), start="1990")


def told(library: Library, named: str) -> list[Story]:
    with open_warehouse(library.home.warehouse) as connection:
        return explain(connection, named)


@pytest.mark.rule("A9")
def test_a_portfolio_tells_its_life(library: Library, wiley: Feed) -> None:
    wiley.serves([BETA, ALPHA])
    library.first_run()
    library.attach_po_line("Alpha", "POL-1")
    wiley.serves([BETA, ALPHA | {"date_first_issue_online": "2001"}])
    library.run()
    wiley.serves([BETA, ALPHA | {"date_first_issue_online": "soon"}])
    library.run()
    wiley.serves([BETA])
    library.run()
    (story,) = told(library, "alpha")
    assert (story.portfolio_id, story.is_there) == (library.titles()["Alpha"]["portfolio_id"], True)
    sentences = [event.sentence for event in story.events]
    assert [event.at_time for event in story.events] == sorted(event.at_time for event in story.events)
    assert sentences[0].startswith(
        "Activated by run run-1, started by a test. The file Vendor_Global_All_2026-01-03.txt of "
    )
    assert "wiley-main names it on row 3." in sentences[0]
    assert "PO line POL-1 attached by staff." in sentences
    (update,) = [s for s in sentences if s.startswith("Updated")]
    assert "coverage: 1990 - now -> 2001 - now." in update and "1990-2000 lost." in update
    (rejected,) = [s for s in sentences if "could not be read: " in s and s.startswith("Row 3")]
    assert "Vendor_Global_All_2026-01-17.txt of wiley-main" in rejected
    assert any(s.startswith("Kept as it was") and "Row 3 of the file could not be read" in s for s in sentences)
    assert story.now[0] == "It is available for everyone."
    assert "PO line POL-1 is attached, so no run removes it." in story.now
    assert any(s.startswith("No file has named it since") for s in story.now)


@pytest.mark.rule("A9")
@pytest.mark.parametrize("named", ["Beta", "bet", issn(3), issn(3).replace("-", ""), "2"])
def test_a_portfolio_is_found_by_title_identifier_or_number_even_when_it_is_gone(
    library: Library, wiley: Feed, named: str
) -> None:
    library.after(beta_comes_and_goes)
    (story,) = told(library, named)
    assert (story.title, story.is_there, story.now) == ("Beta", False, ["It is not there any more."])
    assert story.events[-1].sentence.startswith("Removed by run run-3")
    assert told(library, "No Such Title") == []


def beta_comes_and_goes(library: Library) -> None:
    for rows in ([ALPHA], [ALPHA, BETA], [ALPHA | {"publisher_name": "Press"}]):
        library.feeds["wiley-main"].serves(rows)
        library.run()


@pytest.mark.rule("A9", "A2")
def test_a_life_tells_who_accepted_a_loss_what_waits_and_what_was_undone(library: Library, wiley: Feed) -> None:
    library.guard()
    wiley.serves([ALPHA, BETA])
    library.run()
    wiley.serves([ALPHA])
    held = library.run()
    (story,) = told(library, "Beta")
    assert any(s.startswith("Plan wiley-2 (held) would remove it") for s in story.now)
    library.accept(held.plan.plan.plan_id, "the vendor confirmed it")
    library.apply()
    (story,) = told(library, "Beta")
    assert "The plan was held; Ada accepted it: the vendor confirmed it." in story.events[-1].sentence
    library.undo("run-3", "a mistake after all")
    (story,) = told(library, "Beta")
    assert (
        story.is_there
        and "by undoing" in story.events[-1].sentence
        and "a mistake after all" in story.events[-1].sentence
    )


@pytest.mark.rule("A9", "C20")
def test_a_life_tells_what_staff_attached_settled_and_took_away_and_why(library: Library, wiley: Feed) -> None:
    """Through the acts of staff, and from rows that no act has written."""
    wiley.serves([BETA, ALPHA])
    library.first_run()
    later = date.today() + timedelta(days=90)
    with open_warehouse(library.home.warehouse) as connection:
        configuration = load_configuration(library.home)
        alpha = find_portfolio(connection, "Alpha")
        bought = Act("po-line", "Ada", "bought in spring")
        attach(connection, configuration, bought, alpha, po_line="POL-1", internal_note="ask Grace")
    wiley.serves([BETA])
    library.run()
    with open_warehouse(library.home.warehouse) as connection:
        case = f"missing-{alpha.portfolio_id}"
        settle(connection, configuration, Act("attention", "Grace", "see then"), case, "look again", later)
        alpha = find_portfolio(connection, "Alpha")
        detach(connection, configuration, Act("po-line", "Ada", "cancelled"), alpha, "po_line")
    ended = "UPDATE acquisition_version SET valid_to = now(), ended_by = 'Eve', ended_reason = 'tidied up' "
    library.write(f"{ended} WHERE valid_to IS NULL")
    library.attach_po_line("Beta", "POL-2")
    library.write("UPDATE acquisition_version SET valid_to = now() WHERE po_line = 'POL-2'")
    library.write(
        "INSERT INTO acquisition_version (portfolio_id, po_line, valid_from, acted_by) "
        "SELECT portfolio_id, 'POL-3', valid_to, 'Eve' FROM acquisition_version WHERE po_line = 'POL-2'"
    )
    assert [e.sentence for e in told(library, "Beta")[0].events][-1] == "PO line POL-2 -> POL-3, by Eve."
    (story,) = told(library, "Alpha")
    sentences = [event.sentence for event in story.events]
    assert sentences[1].startswith("PO line attached by Ada (po-line). po_line: (blank) -> POL-1.")
    assert "internal_note: (blank) -> ask Grace." in sentences[1] and "bought in spring" in sentences[1]
    assert f'The case "PO line, title missing" settled by Grace, look again on {later}: see then.' in sentences
    assert "PO line detached by Ada (po-line). po_line: POL-1 -> (blank). cancelled" in sentences
    assert sentences[-1] == "Internal note ask Grace detached by Eve: tidied up."
    assert len(sentences) == len(set(sentences)) == 6, "each once"


@pytest.mark.rule("A9")
def test_every_past_moment_can_be_asked_also_where_the_file_is_attached(library: Library, wiley: Feed) -> None:
    states = []
    for rows in ([ALPHA, BETA], [ALPHA | {"date_first_issue_online": "2001"}], [ALPHA, BETA | {"publisher_name": "P"}]):
        wiley.serves(rows)
        library.run()
        states.append(asked_now(library))
    library.undo("run-2")
    states.append(asked_now(library))
    library.run()  # publishes
    query = (
        "SELECT p.title, p.publisher_name, c.date_first_issue_online FROM portfolio_as_of($ts) AS p "
        "JOIN coverage_as_of($ts) AS c USING (portfolio_id) ORDER BY ALL"
    )
    with duckdb.connect(str(library.home.published), read_only=True) as connection:
        for at, state in states:
            assert connection.execute(query, {"ts": at}).fetchall() == state
        assert connection.execute(query, {"ts": states[0][0] - timedelta(microseconds=1)}).fetchall() == []
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"ATTACH '{library.home.published}' AS library (READ_ONLY)")
        for at, state in states:
            attached = connection.execute(
                "SELECT p.title, p.publisher_name, c.date_first_issue_online FROM library.portfolio_version AS p "
                "JOIN library.coverage_version AS c USING (portfolio_id) WHERE p.valid_from <= $ts AND "
                "(p.valid_to IS NULL OR p.valid_to > $ts) AND c.valid_from <= $ts AND (c.valid_to IS NULL OR "
                "c.valid_to > $ts) "
                "ORDER BY ALL",
                {"ts": at},
            )
            assert attached.fetchall() == state


def asked_now(library: Library) -> tuple[object, list[tuple[object, ...]]]:
    """The moment of the last change, and the holdings since."""
    (changed,) = library.sql("SELECT max(changed_at) AS at_time FROM vendor_state")
    rows = library.sql(
        "SELECT p.title, p.publisher_name, c.date_first_issue_online FROM portfolio AS p JOIN coverage AS c "
        "USING (portfolio_id) ORDER BY ALL"
    )
    return changed["at_time"], [tuple(row.values()) for row in rows]
