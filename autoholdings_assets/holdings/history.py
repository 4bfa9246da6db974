"""A portfolio's life in sentences (rule A9).

What belongs here: finding the portfolios that a person means, and telling from the records what happened to them and
why they are as they are. What does not: the records themselves (``apply.py``, ``acts.py`` write them), or the list
of runs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from autoholdings_assets.holdings.acts import IN_WORDS
from autoholdings_assets.holdings.warehouse import Connection, rows, sql
from autoholdings_assets.kbart.identifiers import normalise_identifier

MOST_STORIES = 10
_MOST_REJECTED = 5


@dataclass(frozen=True)
class Event:
    """Something that happened: when, and what, in a sentence or two."""

    at_time: datetime
    sentence: str


@dataclass(frozen=True)
class Story:
    """One portfolio: what it is now, what happened to it, oldest first, and why it is as it is."""

    portfolio_id: int
    collection: str
    title: str
    is_there: bool
    events: list[Event]
    now: list[str]


def explain(connection: Connection, named: str) -> list[Story]:
    """The stories of the portfolios that a number, an ISSN or ISBN, or a part of a title names; at most ten.

    Portfolios that are gone are found too, and former titles and identifiers.
    """
    found = rows(
        connection,
        sql("portfolios_meant"),
        {"named": named.strip(), "identifier": normalise_identifier(named) or named.strip(), "most": MOST_STORIES},
    )
    return [Story(**row, events=_events(connection, row["portfolio_id"]), now=_now(connection, row)) for row in found]


def _events(connection: Connection, portfolio_id: int) -> list[Event]:
    events = [*_actions(connection, portfolio_id), *_attached(connection, portfolio_id)]
    events += [*_settled(connection, portfolio_id), *_rejected(connection, portfolio_id)]
    return sorted(events, key=lambda event: event.at_time)


def _actions(connection: Connection, portfolio_id: int) -> Iterator[Event]:
    """What runs and people did to it, each with every field's old and new value."""
    for action in rows(connection, sql("actions_on"), {"portfolio_id": portfolio_id}):
        if action["kind"] != "attention" or action["changes"]:  # else the settlement tells it all
            yield Event(action["occurred_at"], " ".join(_told(action)))


def _told(action: dict[str, Any]) -> Iterator[str]:
    run = f"run {(action['run_id'] or '')[:8]}, started by {action['acted_by']}"
    if action["kind"] == "undo":
        yield f"{_DONE.get(action['action'], action['action'].capitalize())} by undoing ({run}): {action['why']}."
    elif action["kind"] == "upload":
        source = ""
        if action["file_name"] and action["row_numbers"]:
            lines = ", ".join(str(number) for number in action["row_numbers"])
            source = f" The file {action['file_name']} of {action['profile']} names it on row {lines}."
        yield f"{_DONE.get(action['action'], action['action'].capitalize())} by {run}.{source}"
        if action["why"]:
            yield f"The plan was held; {action['decided_by']} accepted it: {action['why']}."
    else:
        done = _DONE.get(action["action"], action["action"].capitalize())
        yield f"{done} by {action['acted_by']} ({action['kind']})."
    for change in action["changes"] or []:
        yield f"{change['field']}: {change['old'] or '(blank)'} -> {change['new'] or '(blank)'}."
    if action["lost"]:
        yield f"{action['lost']}."
    if action["reason"]:
        yield action["reason"]


_DONE = {
    "activate": "Activated",
    "possible title change": "Activated as a possible title change",
    "update": "Updated",
    "remove": "Removed",
    "keep": "Kept as it was",
    "attach": "PO line attached",
    "detach": "PO line detached",
}


def _attached(connection: Connection, portfolio_id: int) -> Iterator[Event]:
    """What staff attached and took away, and why, apart from what their recorded acts tell themselves."""
    found = rows(connection, sql("attached"), {"portfolio_id": portfolio_id})
    for row in found:
        what = _what(row["field"])
        why = f": {row['why']}" if row["why"] else ""
        if row["new"] is None:
            yield Event(row["at_time"], f"{what} {row['old']} detached by {row['acted_by']}{why}.")
        elif row["old"] is None:
            yield Event(row["at_time"], f"{what} {row['new']} attached by {row['acted_by']}{why}.")
        else:
            yield Event(row["at_time"], f"{what} {row['old']} -> {row['new']}, by {row['acted_by']}{why}.")


def _what(field: str) -> str:
    words = IN_WORDS[field]
    return words[0].upper() + words[1:]


def _settled(connection: Connection, portfolio_id: int) -> Iterator[Event]:
    """What people decided about cases of it; also about a title change that it is the old side of."""
    for row in rows(connection, sql("settled"), {"portfolio_id": portfolio_id}):
        until = f" on {row['look_again_on']}" if row["look_again_on"] else ""
        note = f": {row['note']}" if row["note"] else ""
        of_other = f' of "{row["title"]}"' if row["portfolio_id"] != portfolio_id else ""
        yield Event(
            row["decided_at"],
            f'The case "{row["kind"]}"{of_other} settled by {row["decided_by"]}, {row["decision"]}{until}{note}.',
        )


def _rejected(connection: Connection, portfolio_id: int) -> Iterator[Event]:
    """Rows that name it but could not be read, in the latest files."""
    for row in rows(connection, sql("rejected_rows_of"), {"portfolio_id": portfolio_id, "most": _MOST_REJECTED}):
        yield Event(
            row["retrieved_at"],
            f"Row {row['row_number']} of {row['file_name']} of {row['profile']} names it but could not be read: "
            f"{row['message']} It was left as it was.",
        )


def _now(connection: Connection, portfolio: dict[str, Any]) -> list[str]:
    """Why it is as it is."""
    number = portfolio["portfolio_id"]
    waiting = [
        f"Plan {plan_id} ({status}) would {action} it: {reason}"
        for plan_id, status, action, reason in connection.execute(
            "SELECT plan_id, status, action, reason FROM plan_item JOIN plan USING (plan_id) WHERE portfolio_id = ? "
            "AND status IN ('held', 'accepted', 'ready') AND kind = 'upload' ORDER BY made_at",
            [number],
        ).fetchall()
    ]
    if not portfolio["is_there"]:
        return ["It is not there any more.", *_notes(connection, number), *waiting, *_open_cases(connection, number)]
    row = rows(connection, "FROM portfolio WHERE portfolio_id = ?", [number])[0]
    readers = "everyone" if row["available_for_all"] else ", ".join(row["available_for"]) or "no group"
    told = [
        f"It is available for {readers}." if row["availability"] == "available" else "It is not available to readers."
    ]
    grants = rows(
        connection,
        "SELECT g.profile, g.valid_from, g.missing_since, f.file_name FROM portfolio_grant AS g "
        "LEFT JOIN entitlement AS e USING (profile) LEFT JOIN kbart_file AS f USING (profile, file_sha256) "
        "WHERE g.portfolio_id = ? AND g.valid_to IS NULL ORDER BY g.profile",
        [number],
    )
    for grant in grants:
        if grant["missing_since"]:
            told.append(
                f"{grant['profile']} has not named it since {grant['missing_since']:%Y-%m-%d}; the policy "
                "grace_files keeps it."
            )
        else:
            told.append(f"{grant['profile']} grants it, with {grant['file_name'] or 'its last accepted file'}.")
    if row["po_line"]:
        told.append(f"PO line {row['po_line']} is attached, so no run removes it.")
    told += _notes(connection, number)
    if row["missing_since"]:
        told.append(f"No file has named it since {row['missing_since']:%Y-%m-%d}.")
    if not grants and not row["po_line"]:
        told.append("No accepted file grants it: it was there before the first file, or a person keeps it.")
    return told + waiting + _open_cases(connection, number)


def _notes(connection: Connection, portfolio_id: int) -> list[str]:
    """License and notes that are attached to it."""
    found = rows(
        connection, "SELECT license, public_note, internal_note FROM acquisition WHERE portfolio_id = ?", [portfolio_id]
    )
    return [f"{_what(name)}: {value}." for row in found for name, value in row.items() if value]


def _open_cases(connection: Connection, portfolio_id: int) -> list[str]:
    """What a person should look at."""
    found = rows(
        connection,
        "SELECT attention_id, message FROM needs_attention WHERE portfolio_id = $id "
        "OR list_contains(related_portfolio_ids, $id) ORDER BY attention_id",
        {"id": portfolio_id},
    )
    return [f"Needs attention ({case['attention_id']}): {case['message']}" for case in found]
