"""Move electronic portfolio information: PO lines and licenses from earlier collections to the one that runs fill.

What belongs here: the summary that staff review, and carrying it out (rules C21, O7). What has no single counterpart in
the target stays where it is and is told. What does not: how counterparts are found (``counterparts.py``) and written
(``acts.py``).
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from autoholdings_assets.config import Configuration, Home
from autoholdings_assets.holdings.acts import IN_WORDS, Act, Changes, Details, carry_out, present_details
from autoholdings_assets.holdings.counterparts import Counterpart, Seeker, find_counterparts
from autoholdings_assets.holdings.publish import publish
from autoholdings_assets.holdings.refusals import NotPossible
from autoholdings_assets.holdings.warehouse import Connection, open_warehouse, rows

MOVES = "move"
NO_COUNTERPART = "no counterpart"
SEVERAL = "several counterparts"
HAS_ONE = "has one already"


@dataclass(frozen=True)
class MoveItem:
    """What becomes of one PO line or license (``field``, ``value``). ``outcome`` is move, no counterpart, several
    counterparts or has one already; ``target_ids`` are the counterpart or the candidates."""

    outcome: str
    field: str
    value: str
    portfolio_id: int
    title: str
    collection: str
    target_ids: tuple[int, ...]
    reason: str


@dataclass(frozen=True)
class MoveSummary:
    """What a move does or would do; ``plan_id`` names it once it has been submitted."""

    sources: tuple[str, ...]
    target: str
    items: tuple[MoveItem, ...]
    plan_id: str | None = None

    @property
    def outcomes(self) -> dict[str, int]:
        """How many PO lines and licenses come to what."""
        return dict(Counter(f"{IN_WORDS[item.field]}: {item.outcome}" for item in self.items))

    @property
    def moving(self) -> tuple[MoveItem, ...]:
        """What moves."""
        return tuple(item for item in self.items if item.outcome == MOVES)


def move(
    home: Home, configuration: Configuration, sources: Sequence[str], target: str, *, po_lines: bool, licenses: bool,
    act: Act | None,
) -> MoveSummary:  # fmt: skip
    """What a move would do, or, with an ``act``, do it and publish the holdings. Raises as `summarise` does."""
    with open_warehouse(home.warehouse) as connection:
        summary = summarise(connection, configuration, sources, target, po_lines=po_lines, licenses=licenses)
        if act is None:
            return summary
        act = replace(act, why=f"Moved to {summary.target}. {act.why}".strip())
        summary = submit(connection, configuration, act, summary)
    publish(home)
    return summary


def summarise(
    connection: Connection, configuration: Configuration, sources: Sequence[str], target: str,
    *, po_lines: bool, licenses: bool,
) -> MoveSummary:  # fmt: skip
    """What moving from these collections (names or codes) to the target would do; nothing changes.

    Raises ``ConfigurationError`` for a collection that the configuration does not have, and ``NotPossible`` when
    nothing is chosen to be moved, or the target is among the sources.
    """
    fields = [name for name, chosen in (("po_line", po_lines), ("license", licenses)) if chosen]
    if not fields:
        raise NotPossible("Choose what to move: PO lines, licenses, or both.")
    goal = configuration.collection(target).name
    names = tuple(dict.fromkeys(configuration.collection(source).name for source in sources))
    if goal in names:
        raise NotPossible(f"{goal} is both a source and the target; leave it out of the sources.")
    # all portfolios of the sources seek theirs, so that none gets another's counterpart for want of a competitor
    portfolios = rows(
        connection,
        "SELECT portfolio_id, collection, title, print_identifier, online_identifier, monograph_volume, "
        "monograph_edition FROM portfolio WHERE list_contains(?::VARCHAR[], collection) ORDER BY title, portfolio_id",
        [list(names)],
    )
    found = find_counterparts(connection, [_seeker(row) for row in portfolios], goal)
    details = present_details(connection)
    titles = dict(
        connection.execute("SELECT portfolio_id, title FROM portfolio WHERE collection = ?", [goal]).fetchall()
    )
    attached = [
        (row, name, value, found.get(row["portfolio_id"]))
        for row in portfolios
        for name in fields
        if (value := getattr(details.get(row["portfolio_id"]), name, None)) is not None
    ]
    wanted: dict[tuple[int, str], list[int]] = defaultdict(list)
    for row, name, _, counterpart in attached:
        if counterpart and counterpart.portfolio_id is not None:
            wanted[counterpart.portfolio_id, name].append(row["portfolio_id"])
    items = []
    for row, name, value, counterpart in attached:
        outcome, reason = _judge(row, name, counterpart, details, wanted, titles)
        ids = counterpart.portfolio_ids if counterpart else ()
        items.append(MoveItem(outcome, name, value, row["portfolio_id"], row["title"], row["collection"], ids, reason))
    return MoveSummary(names, goal, tuple(items))


def submit(connection: Connection, configuration: Configuration, act: Act, summary: MoveSummary) -> MoveSummary:
    """Carry the summary out in one transaction: what moves is at the target, and everything else where it was.

    The summary must have been made on this same connection, which nobody else can write beside.
    """
    if not summary.moving:
        return summary
    present = present_details(connection)
    new: dict[int, Details] = {}
    for item in summary.moving:
        target_id = item.target_ids[0]
        source = new.get(item.portfolio_id) or present[item.portfolio_id]
        target = new.get(target_id) or present.get(target_id) or Details(target_id)
        new[item.portfolio_id] = source.but(**{item.field: None}, reason=f"{item.reason} {act.why}")
        new[target_id] = target.but(**{item.field: item.value}, reason=f"Moved from {item.collection}. {act.why}")
    plan_id = carry_out(connection, configuration, act, [*summary.sources, summary.target], Changes(list(new.values())))
    return replace(summary, plan_id=plan_id)


def _seeker(row: dict[str, Any]) -> Seeker:
    return Seeker(
        row["portfolio_id"],
        row["collection"],
        row["title"],
        online=[row["online_identifier"]] if row["online_identifier"] else [],
        print=[row["print_identifier"]] if row["print_identifier"] else [],
        volume=row["monograph_volume"],
        edition=row["monograph_edition"],
    )


def _judge(
    row: dict[str, Any], name: str, counterpart: Counterpart | None, details: dict[int, Details],
    wanted: dict[tuple[int, str], list[int]], titles: dict[int, str],
) -> tuple[str, str]:  # fmt: skip
    """The outcome, and why in a sentence."""
    if counterpart is None:
        return NO_COUNTERPART, "The target has no such title; it stays where it is."
    named = ", ".join(f'portfolio {number} "{titles[number]}"' for number in counterpart.portfolio_ids)
    if counterpart.problem == "same title, other identifiers":
        return NO_COUNTERPART, f"The target has a title of this name with other identifiers ({named}); look at it."
    if counterpart.problem == "claimed by others too":
        return SEVERAL, f"Other portfolios of {row['collection']} mean {named} too; nothing was guessed."
    if counterpart.problem:
        return SEVERAL, f"May be any of these: {named}; nothing was guessed."
    target_id = counterpart.portfolio_ids[0]
    there = getattr(details.get(target_id), name, None)
    if there is not None:
        return HAS_ONE, f"{IN_WORDS[name]} {there} is attached to {named} already."
    if len(wanted[target_id, name]) > 1:
        others = ", ".join(str(number) for number in wanted[target_id, name] if number != row["portfolio_id"])
        return SEVERAL, f"Portfolio {others} has a {IN_WORDS[name]} for {named} too; nothing was guessed."
    return MOVES, f"Moved to {named}, which agrees on the {counterpart.agrees_on}."
