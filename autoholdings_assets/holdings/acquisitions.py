"""PO lines, licenses and staff notes: attached to a portfolio, changed and detached by staff, never by a run.

What belongs here: what one person does to one portfolio, and finding that portfolio by what a person says. What
does not: lists (``portfolio_import.py``), whole collections (``move.py``), and cases (``attention.py``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from autoholdings_assets.config import Configuration
from autoholdings_assets.holdings.acts import IN_WORDS, Act, Changes, Details, carry_out, present_details
from autoholdings_assets.holdings.refusals import NotPossible
from autoholdings_assets.holdings.warehouse import Connection, rows, sql
from autoholdings_assets.kbart.identifiers import normalise_identifier

SHOWN_CANDIDATES = 10


@dataclass(frozen=True)
class Portfolio:
    """A portfolio as staff know it, with what is attached to it."""

    portfolio_id: int
    collection: str
    title: str
    print_identifier: str | None
    online_identifier: str | None
    availability: str
    details: Details

    def __str__(self) -> str:
        identifier = self.online_identifier or self.print_identifier
        named = f'portfolio {self.portfolio_id}, "{self.title}"' + (f" ({identifier})" if identifier else "")
        return f"{named}, in {self.collection}"


@dataclass(frozen=True)
class Done:
    """An act that was carried out: on which portfolio, the fields that changed (old, new), under which name."""

    portfolio: Portfolio
    changes: dict[str, tuple[str | None, str | None]]
    plan_id: str | None


def find_portfolio(connection: Connection, said: str, collection: str | None = None) -> Portfolio:
    """The portfolio that a person means by its number, ISSN, ISBN, PO line or title.

    Raises ``NotPossible`` when there is none, or several, which the text lists with their numbers.
    """
    connection.execute(sql("words"))
    found = rows(
        connection,
        "SELECT portfolio_id FROM portfolio WHERE ($collection IS NULL OR collection = $collection) AND ("
        "portfolio_id = try_cast($said AS BIGINT) OR po_line = $said "
        "OR $identifier IN (online_identifier, print_identifier) "
        "OR full_title(title, NULL, NULL) = full_title($said, NULL, NULL)) "
        "QUALIFY rank() OVER (ORDER BY portfolio_id = try_cast($said AS BIGINT) DESC NULLS LAST) = 1 "
        "ORDER BY portfolio_id",
        {"said": said.strip(), "identifier": normalise_identifier(said.strip()), "collection": collection},
    )
    if not found:
        where = f" in {collection}" if collection else ""
        raise NotPossible(
            f'There is no portfolio "{said}"{where}. Name it by its number, ISSN, ISBN, PO line or whole title.'
        )
    portfolios = load_portfolios(connection, [row["portfolio_id"] for row in found])
    if len(portfolios) > 1:
        listed = "; ".join(str(portfolio) for portfolio in portfolios[:SHOWN_CANDIDATES])
        raise NotPossible(
            f'"{said}" may be any of {len(portfolios)} portfolios: {listed}. Name the one you mean by its number.'
        )
    return portfolios[0]


def load_portfolios(connection: Connection, portfolio_ids: list[int]) -> list[Portfolio]:
    """These portfolios as they are now, by number."""
    details = present_details(connection, portfolio_ids)
    found = rows(
        connection,
        "SELECT portfolio_id, collection, title, print_identifier, online_identifier, availability FROM portfolio "
        "WHERE list_contains(?::BIGINT[], portfolio_id) ORDER BY portfolio_id",
        [portfolio_ids],
    )
    return [Portfolio(**row, details=details.get(row["portfolio_id"], Details(row["portfolio_id"]))) for row in found]


def attach(
    connection: Connection, configuration: Configuration, act: Act, portfolio: Portfolio, **details: str | None
) -> Done:
    """Attach a PO line, a license or notes (the fields of ``Details``) to a portfolio; what is not given stays.

    Raises ``NotPossible`` when another PO line is attached to it, or the PO line to another portfolio.
    """
    given = {name: value for name, value in details.items() if value is not None}
    blank = [name for name, value in given.items() if not value.strip()]
    if blank:
        raise NotPossible(f"The {IN_WORDS[blank[0]]} is empty; to take one away, detach it.")
    given = {name: value.strip() for name, value in given.items()}
    _refuse_second_place(connection, portfolio, given.get("po_line"))
    return _change(connection, configuration, act, portfolio, given)


def detach(connection: Connection, configuration: Configuration, act: Act, portfolio: Portfolio, *fields: str) -> Done:
    """Detach the PO line (and the other fields named) from a portfolio; without a PO line the next run may remove it.

    Raises ``NotPossible`` when nothing of that is attached.
    """
    attached = [name for name in fields if getattr(portfolio.details, name) is not None]
    if not attached:
        raise NotPossible(f"No {' or '.join(IN_WORDS[name] for name in fields)} is attached to {portfolio}.")
    return _change(connection, configuration, act, portfolio, dict.fromkeys(attached))


def _refuse_second_place(connection: Connection, portfolio: Portfolio, po_line: str | None) -> None:
    present = portfolio.details.po_line
    if po_line is None or po_line == present:
        return
    if present is not None:
        raise NotPossible(
            f"PO line {present} is attached to {portfolio} already. Detach it first, then attach {po_line}."
        )
    elsewhere = "SELECT portfolio_id FROM acquisition_version WHERE po_line = ? AND valid_to IS NULL"
    for place in load_portfolios(connection, [row["portfolio_id"] for row in rows(connection, elsewhere, [po_line])]):
        raise NotPossible(
            f"PO line {po_line} is attached to {place} already, and one PO line belongs to one portfolio. "
            "Detach it there first."
        )


def _change(
    connection: Connection,
    configuration: Configuration,
    act: Act,
    portfolio: Portfolio,
    fields: Mapping[str, str | None],
) -> Done:
    old = portfolio.details
    wanted = old.but(**fields)
    changes = {
        name: (getattr(old, name), getattr(wanted, name))
        for name in IN_WORDS
        if getattr(old, name) != getattr(wanted, name)
    }
    if not changes:
        return Done(portfolio, {}, None)
    gone = frozenset({old.po_line} if old.po_line and wanted.po_line is None else ())
    plan_id = carry_out(connection, configuration, act, [portfolio.collection], Changes([wanted], may_go=gone))
    return Done(replace(portfolio, details=wanted), changes, plan_id)
