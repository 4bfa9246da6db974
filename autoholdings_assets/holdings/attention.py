"""What a person should look at, and settling it case by case.

What belongs here: listing the cases of the view ``attention`` and a person's decision about one. What does not: how the
cases come about (``sql/views.sql``: they follow from facts, so that none goes stale), and what the next run does with a
decision (the plan).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

from autoholdings_assets.config import Configuration
from autoholdings_assets.holdings.acts import Act, Changes, Details, carry_out, present_details, present_portfolio
from autoholdings_assets.holdings.refusals import NotPossible
from autoholdings_assets.holdings.warehouse import Connection, rows

MISSING = "PO line, title missing"
GROUP_LOST = "PO line, group lost"
Decision = Literal["keep", "detach", "withdraw", "look again"]
_POSSIBLE: dict[str, tuple[Decision, ...]] = {
    MISSING: ("keep", "detach", "withdraw", "look again"),
    GROUP_LOST: ("keep", "detach", "look again"),
}
_OTHERWISE: tuple[Decision, ...] = ("keep", "look again")


@dataclass(frozen=True)
class Settled:
    """A case that was settled, and what follows from the decision, in a sentence."""

    attention_id: str
    title: str
    decision: Decision
    consequence: str
    plan_id: str


def cases(connection: Connection, *, vendor: str | None = None, settled: bool = False) -> list[dict[str, Any]]:
    """The open cases, oldest first, with the fields of the view ``attention``; if asked, the settled ones too."""
    return rows(
        connection,
        "FROM attention WHERE (is_open OR $settled) AND ($vendor IS NULL OR vendor = $vendor) "
        "ORDER BY is_open DESC, since, title, attention_id",
        {"settled": settled, "vendor": vendor},
    )


def settle(
    connection: Connection, configuration: Configuration, act: Act, attention_id: str, decision: Decision,
    look_again_on: date | None = None,
) -> Settled:  # fmt: skip
    """Record a person's decision about one case, with what it does to the portfolio, in one transaction.

    *keep*: the portfolio stays, available, with its PO line. *detach*: the PO line goes; what no file names the next
    run removes. *withdraw*: not available any more, the PO line stays. *look again*: the case opens again on that day.
    ``act.why`` is the note. Raises ``NotPossible`` for a case that is not there or a decision that makes no sense for
    it.
    """
    case = _case(connection, attention_id)
    possible = _POSSIBLE.get(case["kind"], _OTHERWISE)
    if decision not in possible:
        raise NotPossible(f'"{case["kind"]}" cannot be settled by {decision}; choose {_one_of(possible)}.')
    if decision == "look again":
        if look_again_on is None or look_again_on <= datetime.now(UTC).date():
            raise NotPossible("Say on which day to look again: a day after today, as in 2027-01-31.")
    else:
        look_again_on = None
    settlement = {name: case[name] for name in ("attention_id", "kind", "portfolio_id", "title")} | {
        "decision": decision,
        "look_again_on": look_again_on,
        "note": act.why,
    }
    details, portfolios, may_go = _effect(connection, case, decision)
    changes = Changes(details, portfolios, settlements=[settlement], may_go=may_go)
    plan_id = carry_out(connection, configuration, act, [case["collection"]], changes)
    return Settled(attention_id, case["title"], decision, _consequence(case, decision, look_again_on), plan_id)


def _case(connection: Connection, attention_id: str) -> dict[str, Any]:
    found = rows(connection, "FROM attention WHERE attention_id = ?", [attention_id])
    if not found:
        raise NotPossible(
            f'There is no case "{attention_id}", or it has been resolved since. '
            "`autoholdings attention list` lists them."
        )
    return found[0]


def _effect(
    connection: Connection, case: dict[str, Any], decision: Decision
) -> tuple[list[Details], list[dict[str, Any]], frozenset[str]]:
    """The portfolio's new details and new state, where the decision changes them, and the PO line that goes."""
    portfolio_id = case["portfolio_id"]
    if decision == "detach":
        old = present_details(connection, [portfolio_id])[portfolio_id]
        return [old.but(po_line=None)], [], frozenset({old.po_line} if old.po_line else ())
    if case["kind"] == MISSING and decision in ("keep", "withdraw"):
        wanted = "available" if decision == "keep" else "not available"
        portfolio = present_portfolio(connection, portfolio_id)
        if portfolio["availability"] != wanted:
            return [], [portfolio | {"availability": wanted}], frozenset()
    return [], [], frozenset()


def _consequence(case: dict[str, Any], decision: Decision, look_again_on: date | None) -> str:
    if decision == "look again":
        return f"It will be listed again from {look_again_on} on, unless it is resolved before."
    if decision == "detach":
        gone = case["kind"] == MISSING
        return "The PO line is detached." + (" The next run removes the portfolio." if gone else "")
    if decision == "withdraw":
        return "The portfolio is not available any more; its PO line stays."
    if case["kind"] == MISSING:
        return "The portfolio stays available with its PO line, and is listed as settled."
    return "Nothing is changed, and it is listed as settled."


def _one_of(words: Sequence[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]])
