"""Move electronic portfolio information: a PO line is never in two places and never nowhere, whatever dies when."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from autoholdings_assets.config import Home, load_configuration
from autoholdings_assets.config_model import ElectronicCollection
from autoholdings_assets.holdings import move, portfolio_import
from autoholdings_assets.holdings.acts import Act
from autoholdings_assets.holdings.move import MoveSummary
from autoholdings_assets.holdings.portfolio_list import Line, PortfolioList
from autoholdings_assets.holdings.refusals import NotPossible
from autoholdings_assets.holdings.warehouse import Connection, open_warehouse
from autoholdings_tests.library import JOURNALS, Feed, Library, issn, journal

OLD, OLDER = "Journals bought one by one", "Backfiles"
ACT = Act("move", "Ada", "new agreement")


@pytest.fixture
def earlier(library: Library, wiley: Feed) -> Library:
    """Two earlier collections with PO lines and licenses, and the vendor's, which a run has filled."""
    library.collection(OLD, code="old", local=True)
    library.collection(OLDER, code="older", local=True)
    library.after(acquisitions_elsewhere)
    return library


def acquisitions_elsewhere(library: Library) -> None:
    library.feeds["wiley-main"].serves(
        [
            journal("Acta Exempla", issn(1), issn(2)),
            journal("Annals", issn(3), issn(4)),
            journal("Annals", issn(5), issn(6)),
            journal("Review", issn(7), issn(8)),
            journal("Letters", issn(9)),
            journal("Notes", issn(11)),
        ]
    )
    library.run()
    take_over(
        library,
        "old",
        Line(2, "Acta Exempla", online=(issn(1),), po_line="POL-1", license="Deal"),
        Line(3, "Annals", po_line="POL-2"),
        Line(4, "Review", print=(issn(8),), po_line="POL-3"),
        Line(5, "Elsewhere", online=(issn(50),), po_line="POL-4"),
        Line(6, "Letters", online=(issn(9),), po_line="POL-5"),
        Line(7, "Notes", online=(issn(11),), po_line="POL-6"),
        Line(8, "Letters", online=(issn(60),), po_line="POL-8"),
    )
    take_over(
        library,
        "older",
        Line(2, "Letters (old)", online=(issn(9),), po_line="POL-7"),
        Line(3, "Notes", online=(issn(11),), license="Archive"),
    )
    take_over(library, "wiley-journals", Line(2, "Review", online=(issn(7),), po_line="POL-NEW"))


def take_over(library: Library, code: str, *lines: Line) -> None:
    configuration = load_configuration(library.home)
    collection = configuration.collection(code)
    assert isinstance(collection, ElectronicCollection)
    with open_warehouse(library.home.warehouse) as connection:
        listed = PortfolioList("list.csv", lines, {}, ())
        summary = portfolio_import.preview(connection, configuration, collection, listed)
        portfolio_import.apply(connection, configuration, Act("import", "Ada", "take over"), summary)


def summarise(library: Library, *sources: str, **chosen: bool) -> MoveSummary:
    with open_warehouse(library.home.warehouse) as connection:
        return _summarise(connection, library.home, *sources, **chosen)


def _summarise(
    connection: Connection, home: Home, *sources: str, po_lines: bool = True, licenses: bool = True
) -> MoveSummary:
    configuration = load_configuration(home)
    names = sources or ("old", "older")
    return move.summarise(connection, configuration, names, "wiley-journals", po_lines=po_lines, licenses=licenses)


def do_move(home: Home, wrap: Callable[[Connection], Any] = lambda connection: connection) -> MoveSummary:
    with open_warehouse(home.warehouse) as connection:
        summary = _summarise(connection, home)
        return move.submit(wrap(connection), load_configuration(home), ACT, summary)


def places(library: Library) -> dict[str, tuple[str, str]]:
    """Where each PO line is."""
    return {
        row["po_line"]: (row["collection"], row["title"])
        for row in library.sql("SELECT po_line, collection, title FROM portfolio WHERE po_line IS NOT NULL")
    }


@pytest.mark.rule("C21", "O7")
def test_the_summary_says_what_would_become_of_each_and_changes_nothing(earlier: Library) -> None:
    before = earlier.state()
    summary = summarise(earlier)
    assert earlier.state() == before
    assert {item.value: item.outcome for item in summary.items} == {
        "POL-1": "move",
        "Deal": "move",
        "POL-2": "several counterparts",
        "POL-3": "has one already",
        "POL-4": "no counterpart",
        "POL-5": "several counterparts",
        "POL-7": "several counterparts",
        "POL-6": "move",
        "POL-8": "no counterpart",
        "Archive": "move",
    }
    reasons = {item.value: item.reason for item in summary.items}
    assert "POL-NEW is attached" in reasons["POL-3"] and "nothing was guessed" in reasons["POL-2"]
    assert "has a PO line for" in reasons["POL-5"] and "with other identifiers" in reasons["POL-8"]
    assert summary.outcomes["PO line: move"] == 2 and summary.outcomes["license: move"] == 2


@pytest.mark.rule("C21", "O7")
def test_submitted_what_moves_is_at_the_target_and_the_rest_where_it_was(earlier: Library) -> None:
    before = places(earlier)
    do_move(earlier.home)
    assert places(earlier) == before | {"POL-1": (JOURNALS, "Acta Exempla"), "POL-6": (JOURNALS, "Notes")}
    licenses = {
        (row["collection"], row["license"])
        for row in earlier.sql("SELECT collection, license FROM portfolio WHERE license IS NOT NULL")
    }
    assert licenses == {(JOURNALS, "Deal"), (JOURNALS, "Archive")}
    actions = earlier.sql(
        "FROM portfolio_action WHERE acted_by = 'Ada' AND plan_id = (SELECT plan_id FROM plan WHERE kind = 'move')"
    )
    assert {(a["collection"], a["title"], a["action"]) for a in actions} == {
        (OLD, "Acta Exempla", "detach"),
        (JOURNALS, "Acta Exempla", "attach"),
        (OLD, "Notes", "detach"),
        (JOURNALS, "Notes", "attach"),
        (OLDER, "Notes", "update"),
    }
    assert all("new agreement" in a["reason"] for a in actions)
    assert summarise(earlier).moving == (), "a second time there is nothing left to move"
    after = earlier.state()
    assert do_move(earlier.home).plan_id is None and earlier.state() == after


@pytest.mark.rule("C21")
def test_only_what_is_chosen_moves(earlier: Library) -> None:
    assert {i.field for i in summarise(earlier, licenses=False).items} == {"po_line"}
    assert {i.value for i in summarise(earlier, "older", po_lines=False).items} == {"Archive"}


def test_a_choice_that_makes_no_sense_is_refused(earlier: Library) -> None:
    with pytest.raises(NotPossible, match="what to move"):
        summarise(earlier, po_lines=False, licenses=False)
    with pytest.raises(NotPossible, match="both a source and the target"):
        summarise(earlier, "old", "wiley-journals")
    with pytest.raises(Exception, match=r'no electronic collection "unheard".*old'):
        summarise(earlier, "unheard")


@pytest.mark.rule("C21", "A7")
def test_a_predecessor_does_not_get_its_successors_counterpart(earlier: Library) -> None:
    """The successor is in the source too, without a PO line, and means the target's journal more strongly."""
    take_over(
        earlier,
        "older",
        Line(5, "Health Review", print=(issn(20),), online=(issn(22),), po_line="POL-OLD"),
        Line(6, "Health Journal", online=(issn(24),), license="x"),
    )
    earlier.write(
        "UPDATE portfolio_version SET online_identifier = ?, print_identifier = ? "
        "WHERE title = 'Notes' AND collection = ?",
        issn(24),
        issn(20),
        JOURNALS,
    )
    summary = summarise(earlier, "older", licenses=False)
    assert {i.value: i.outcome for i in summary.items}["POL-OLD"] == "several counterparts"


@pytest.mark.rule("C21")
def test_a_move_after_a_plan_lets_the_plan_lapse_and_the_next_run_keeps_everything(
    earlier: Library, wiley: Feed
) -> None:
    earlier.configuration["policies"] = {"loss_guard": {"active": False}}
    earlier.save()
    wiley.serves([journal("Notes", issn(11)), journal("Review", issn(7), issn(8))])
    assert earlier.run(dry_run=True).actions["remove"] == 4
    do_move(earlier.home)
    assert earlier.run().actions == {"remove": 3, "keep": 1}
    assert places(earlier)["POL-1"] == (JOURNALS, "Acta Exempla")


class Dying:
    """A connection that dies before its n-th statement; counts them until then."""

    def __init__(self, connection: Connection, dies_before: int | None, die: Callable[[], None]) -> None:
        self._connection, self._dies_before, self._die = connection, dies_before, die
        self.statements = 0

    def execute(self, *arguments: Any) -> Any:
        self.statements += 1
        if self.statements == self._dies_before:
            self._die()
        return self._connection.execute(*arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class Death(Exception):
    pass


def _raise() -> None:
    raise Death


@pytest.mark.rule("C21", "A10")
def test_raised_at_every_statement_a_po_line_is_where_it_was(earlier: Library) -> None:
    before, state = places(earlier), earlier.state()
    number = 0
    while True:
        number += 1
        try:
            do_move(earlier.home, lambda connection, n=number: Dying(connection, n, _raise))
        except (Death, duckdb.TransactionException):  # the latter where it dies in place of COMMIT or ROLLBACK
            assert places(earlier) == before
            continue
        break
    assert number > 20, "the move consists of many statements, and each was tried"
    assert earlier.state() != state and len(places(earlier)) == len(before)


def kill_at(home: Path, number: int) -> None:
    """For the subprocess: die by SIGKILL before the n-th statement of the move."""
    do_move(Home(home), lambda connection: Dying(connection, number, lambda: os.kill(os.getpid(), signal.SIGKILL)))


@pytest.mark.rule("C21", "A10")
def test_killed_in_the_middle_a_po_line_is_where_it_was_and_the_move_can_be_done_again(earlier: Library) -> None:
    before = places(earlier)
    wrapped: list[Dying] = []

    def counting(connection: Connection) -> Dying:
        wrapped.append(Dying(connection, None, _raise))
        return wrapped[0]

    points = (16, 18, 24)
    for point in points:
        script = (
            "from pathlib import Path; from autoholdings_tests.pipeline.test_move import kill_at; "
            f"kill_at(Path({str(earlier.home.path)!r}), {point})"
        )
        died = subprocess.run([sys.executable, "-c", script], env=dict(os.environ), check=False)
        assert died.returncode == -signal.SIGKILL
        assert places(earlier) == before, f"killed before statement {point}"
    do_move(earlier.home, counting)
    assert wrapped[0].statements > max(points), "every point lies within the move"
    assert places(earlier) == before | {"POL-1": (JOURNALS, "Acta Exempla"), "POL-6": (JOURNALS, "Notes")}


def test_the_transaction_fails_when_a_po_line_would_be_in_two_places_or_nowhere(earlier: Library) -> None:
    """Whatever the caller asks for."""
    from autoholdings_assets.holdings.acts import Changes, Details, carry_out

    titles = earlier.titles()
    target = titles["Notes"]["portfolio_id"]
    before = earlier.state()
    (holder,) = earlier.sql("SELECT portfolio_id FROM acquisition WHERE po_line = 'POL-4'")
    configuration = load_configuration(earlier.home)
    for details, complaint in (
        (Details(target, po_line="POL-4"), "attached to several portfolios"),
        (Details(holder["portfolio_id"]), "attached to no portfolio any more"),
    ):
        with open_warehouse(earlier.home.warehouse) as connection, pytest.raises(Exception, match=complaint):
            carry_out(connection, configuration, ACT, [OLD], Changes([details]))
        assert earlier.state() == before
