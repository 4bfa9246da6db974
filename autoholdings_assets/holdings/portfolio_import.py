"""Taking over existing portfolios with their PO lines and licenses from a list of the library's own system.

What belongs here: what becomes of each line of the list, first as a preview, then done in one transaction; every line
is accounted for (rule C20). What does not: reading the file (``portfolio_list.py``), how a line's portfolio is found
(``counterparts.py``), and writing (``acts.py``).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from autoholdings_assets.config import Configuration, ElectronicCollection
from autoholdings_assets.holdings.acts import IN_WORDS, Act, Changes, Details, carry_out, present_details
from autoholdings_assets.holdings.counterparts import Counterpart, Seeker, find_counterparts
from autoholdings_assets.holdings.numbers import next_portfolio_id, take_portfolio_ids
from autoholdings_assets.holdings.portfolio_list import Line, PortfolioList
from autoholdings_assets.holdings.warehouse import Connection, rows, scalar, transaction

ATTACHED = "attached"
CREATED = "created"
UNCHANGED = "unchanged"
NO_MATCH = "no match"
SEVERAL = "several matches"
REFUSED = "refused"
OUTCOMES = (ATTACHED, CREATED, UNCHANGED, NO_MATCH, SEVERAL, REFUSED)
FINDINGS = (NO_MATCH, SEVERAL, REFUSED)
"""Outcomes that a person should look at."""
_FIELDS = ("po_line", "license", "public_note", "internal_note")


@dataclass(frozen=True)
class ImportedLine:
    """What becomes of a line. ``portfolio_ids`` are its portfolio, or the candidates; a created one has none yet."""

    number: int
    outcome: str
    title: str | None
    portfolio_ids: tuple[int, ...]
    po_line: str | None
    license: str | None
    reason: str


@dataclass(frozen=True)
class Offer:
    """A PO line that a full list does not have any more: offered for detaching, never detached by itself."""

    portfolio_id: int
    title: str
    po_line: str


@dataclass(frozen=True)
class ImportSummary:
    """What an import does or would do; ``plan_id`` names it once it has been applied."""

    file: str
    collection: str
    columns: Mapping[str, str]
    ignored_columns: tuple[str, ...]
    lines: tuple[ImportedLine, ...]
    offers: tuple[Offer, ...]
    changes: Changes
    plan_id: str | None = None

    @property
    def outcomes(self) -> dict[str, int]:
        """How many lines end as what; all of them together are the list."""
        counted = Counter(line.outcome for line in self.lines)
        return {outcome: counted[outcome] for outcome in OUTCOMES if counted[outcome]}

    @property
    def has_findings(self) -> bool:
        """Whether a person should look at some lines, or at PO lines that the list does not have."""
        return bool(self.offers) or any(line.outcome in FINDINGS for line in self.lines)


def preview(
    connection: Connection, configuration: Configuration, collection: ElectronicCollection, found: PortfolioList,
    *, full_list: bool = False, overwrite: bool = False, detach_missing: bool = False,
) -> ImportSummary:  # fmt: skip
    """What becomes of every line; nothing changes.

    With ``full_list`` PO lines of the collection that the list does not have are offered for detaching, and with
    ``detach_missing`` they are detached. With ``overwrite`` the list's licenses and notes replace other ones; a PO line
    is never replaced. A title that the collection does not have is created while no vendor's file has filled the
    collection, and after that only where the list has a PO line for it: the next run would remove it again.
    """
    matched = find_counterparts(connection, [_seeker(line, found.name) for line in found.lines], collection.name)
    scene = _Scene(connection, configuration, collection, found, matched, overwrite)
    lines, details, created = [], [], []
    for line in found.lines:
        outcome, wanted = scene.judge(line)
        lines.append(outcome)
        if outcome.outcome == CREATED:
            created.append(line)
        elif wanted is not None:
            details.append(wanted)
    offers = scene.offers() if full_list else ()
    may_go: frozenset[str] = frozenset()
    if detach_missing:
        written = {wanted.portfolio_id for wanted in details}
        going = [offer for offer in offers if offer.portfolio_id not in written]
        reason = f"{found.name}, a full list, does not have it any more."
        details += [scene.details[offer.portfolio_id].but(po_line=None, reason=reason) for offer in going]
        may_go = frozenset(offer.po_line for offer in going)
        offers = tuple(offer for offer in offers if offer not in going)
    portfolios, statements, of_created = _created(configuration, collection, created)
    changes = Changes([*details, *of_created], portfolios, statements, may_go=may_go)
    return ImportSummary(found.name, collection.name, found.columns, found.ignored, tuple(lines), offers, changes)


def apply(connection: Connection, configuration: Configuration, act: Act, summary: ImportSummary) -> ImportSummary:
    """Do what the preview says, in one transaction. It must have been made on this same connection."""
    changes = summary.changes
    if not (changes.details or changes.portfolios):
        return summary
    first = next_portfolio_id(connection)
    with transaction(connection):
        take_portfolio_ids(connection, first + len(changes.portfolios))

    def numbered(number: int) -> int:
        return number if number > 0 else first - number - 1  # the preview counts new portfolios -1, -2 ...

    plan_id = carry_out(
        connection,
        configuration,
        act,
        [summary.collection],
        Changes(
            [replace(d, portfolio_id=numbered(d.portfolio_id), reason=d.reason or act.why) for d in changes.details],
            [p | {"portfolio_id": numbered(p["portfolio_id"])} for p in changes.portfolios],
            [s | {"portfolio_id": numbered(s["portfolio_id"])} for s in changes.statements],
            may_go=changes.may_go,
        ),
    )
    return replace(summary, plan_id=plan_id)


class _Scene:
    """What every line is judged by: what is there, and what the other lines say."""

    def __init__(
        self, connection: Connection, configuration: Configuration, collection: ElectronicCollection,
        found: PortfolioList, matched: Mapping[int, Counterpart], overwrite: bool,
    ) -> None:  # fmt: skip
        self.details = present_details(connection)
        self._titles = dict(connection.execute("SELECT portfolio_id, title FROM portfolio").fetchall())
        self._places = {d.po_line: number for number, d in self.details.items() if d.po_line}
        here = "SELECT portfolio_id FROM portfolio WHERE collection = ? ORDER BY portfolio_id"
        self._here = [row["portfolio_id"] for row in rows(connection, here, [collection.name])]
        self._matched = matched
        self._overwrite = overwrite
        self._groups = set(configuration.institution.groups)
        self._lines_with = _lines_by(found.lines, lambda line: [line.po_line] if line.po_line else [])
        unmatched = [line for line in found.lines if line.number not in matched]
        self._lines_named = _lines_by(unmatched, _names)
        filled = "SELECT count(*) FROM plan WHERE vendor = ? AND kind = 'upload' AND status = 'applied'"
        self._filled = bool(scalar(connection, filled, [collection.vendor]))

    def judge(self, line: Line) -> tuple[ImportedLine, Details | None]:
        """The line's outcome, and the new details of its portfolio where these change."""
        counterpart = self._matched.get(line.number)
        if counterpart is None:
            outcome, reason = self._judge_unmatched(line)
            return _imported(line, outcome, (), reason), None
        if counterpart.portfolio_id is None:
            return _imported(line, SEVERAL, counterpart.portfolio_ids, self._why_several(counterpart)), None
        portfolio_id = counterpart.portfolio_id
        refusal = self._refusal(line, portfolio_id)
        if refusal:
            return _imported(line, REFUSED, (portfolio_id,), refusal), None
        old = self.details.get(portfolio_id, Details(portfolio_id))
        new = {name: value for name in _FIELDS if (value := getattr(line, name)) and value != getattr(old, name)}
        known_by = f"portfolio {portfolio_id}, known by its {counterpart.agrees_on}"
        if not new:
            return _imported(line, UNCHANGED, (portfolio_id,), f"Nothing to attach to {known_by}."), None
        pid = line.portfolio_pid or old.portfolio_pid
        wanted = old.but(**new, portfolio_pid=pid)
        done = ", ".join(
            f"{IN_WORDS[name]} {value}" if name == "po_line" else IN_WORDS[name] for name, value in new.items()
        )
        return _imported(line, ATTACHED, (portfolio_id,), f"{done} to {known_by}."), wanted

    def offers(self) -> tuple[Offer, ...]:
        """The PO lines of the collection that no line of the list has."""
        return tuple(
            Offer(number, self._titles[number], po_line)
            for number in self._here
            if (po_line := self.details.get(number, Details(number)).po_line) and po_line not in self._lines_with
        )

    def _refusal(self, line: Line, portfolio_id: int) -> str | None:
        """Why nothing of the line is attached, or None."""
        old = self.details.get(portfolio_id, Details(portfolio_id))
        if line.po_line and old.po_line and old.po_line != line.po_line:
            return f"PO line {old.po_line} is attached to portfolio {portfolio_id}; detach it first, then import again."
        elsewhere = self._second_place(line, portfolio_id)
        if elsewhere:
            return elsewhere
        for name in ("license", "public_note", "internal_note"):
            there, given = getattr(old, name), getattr(line, name)
            if there and given and there != given and not self._overwrite:
                return f'Portfolio {portfolio_id} has another {IN_WORDS[name]}, "{there}"; --overwrite replaces it.'
        return None

    def _second_place(self, line: Line, portfolio_id: int | None) -> str | None:
        """Why the line's PO line may not be attached: it would be in two places."""
        if not line.po_line:
            return None
        place = self._places.get(line.po_line)
        if place is not None and place != portfolio_id:
            title = self._titles.get(place, "a portfolio that is no longer there")
            return f'PO line {line.po_line} is attached to portfolio {place}, "{title}"; detach it there first.'
        others = [number for number in self._lines_with[line.po_line] if number != line.number]
        if others and place is None:
            return f"PO line {line.po_line} stands on line {_listed(others)} too; one PO line belongs to one portfolio."
        return None

    def _judge_unmatched(self, line: Line) -> tuple[str, str]:
        if not line.title:
            return REFUSED, "It matches nothing, and has no title with which a portfolio could be created."
        if line.doubts:
            return REFUSED, f"A portfolio would be created, but: {' '.join(line.doubts)}"
        unknown = sorted(set(line.available_for) - self._groups)
        if unknown:
            return REFUSED, f"The institution has no group {', '.join(unknown)}."
        others = sorted({n for name in _names(line) for n in self._lines_named[name] if n != line.number})
        if others:
            return SEVERAL, f"Line {_listed(others)} has the same identifier, or the same title; nothing was guessed."
        elsewhere = self._second_place(line, None)
        if elsewhere:
            return REFUSED, elsewhere
        if self._filled and not line.po_line:
            return NO_MATCH, "The vendor's files do not name it, and it has no PO line: the next run would remove it."
        return CREATED, "The collection does not have it yet." + (
            "" if line.statements else " The list states no coverage for it."
        )

    def _why_several(self, counterpart: Counterpart) -> str:
        named = ", ".join(f'portfolio {number} "{self._titles[number]}"' for number in counterpart.portfolio_ids)
        if counterpart.problem == "same title, other identifiers":
            return f"Has the title of {named}, but other identifiers; nothing was guessed."
        if counterpart.problem == "claimed by others too":
            return f"Another line means {named} too; nothing was guessed."
        return f"May be any of these: {named}; nothing was guessed."


def _seeker(line: Line, file: str) -> Seeker:
    return Seeker(line.number, file, line.title, line.online, line.print, line.unspecified, line.portfolio_pid)


def _imported(line: Line, outcome: str, portfolio_ids: tuple[int, ...], reason: str) -> ImportedLine:
    return ImportedLine(line.number, outcome, line.title, portfolio_ids, line.po_line, line.license, reason)


def _names(line: Line) -> list[str]:
    """What tells a title that is to be created from the others of the list."""
    return [*{*line.online, *line.print, *line.unspecified}] or [(line.title or "").casefold()]


def _lines_by(lines: Iterable[Line], keys: Any) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for line in lines:
        for key in keys(line):
            found[key].append(line.number)
    return found


def _listed(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:5]))
    return shown if len(numbers) <= 5 else f"{shown} and {len(numbers) - 5} more"


def _created(
    configuration: Configuration, collection: ElectronicCollection, lines: Sequence[Line]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[Details]]:
    """Portfolios, coverage statements and details of the lines that are created; their numbers count -1, -2 ..."""
    portfolios, statements, details = [], [], []
    for place, line in enumerate(lines):
        number = -place - 1
        # identifiers of a kind that the list does not tell fill what is free; matching looks across the two anyway
        rest = [value for value in line.unspecified if value not in (*line.online, *line.print)]
        online = line.online[0] if line.online else (rest.pop(0) if rest else None)
        printed = line.print[0] if line.print else (rest.pop(0) if rest else None)
        whose = {"available_for_all": not line.available_for, "available_for": sorted(line.available_for)}
        portfolios.append(
            {
                "portfolio_id": number, "collection": collection.name, "title": line.title, "print_identifier": printed,
                "online_identifier": online, "publication_type": _type(configuration, collection, online or printed),
                "title_url": line.url, "availability": line.availability, "reason": f"Line {line.number} of the list.",
            } | whose
        )  # fmt: skip
        statements += [
            {
                "portfolio_id": number, "statement_no": index, "publication_title": line.title,
                "print_identifier": printed, "online_identifier": online, "title_url": line.url,
            } | asdict(statement) | whose
            for index, statement in enumerate(line.statements, 1)
        ]  # fmt: skip
        given = {name: getattr(line, name) for name in (*_FIELDS, "portfolio_pid")}
        if any(given.values()):
            details.append(Details(number, **given, reason=f"Line {line.number} of the list."))
    return portfolios, statements, details


def _type(configuration: Configuration, collection: ElectronicCollection, identifier: str | None) -> str:
    """serial or monograph: as the identifier says, else as the collection's vendor does."""
    if identifier is not None and len(identifier.replace("-", "")) in (8, 13):
        return "serial" if len(identifier) == 9 else "monograph"
    vendor = configuration.vendors.get(collection.vendor or "")
    kinds = {c.publication_type for c in vendor.collections if c.name == collection.name} if vendor else set()
    return kinds.pop() if len(kinds) == 1 else "serial"
