"""Workbooks for Alma's portfolio loader, with only what has changed since the last ones.

The loader (*Load Portfolios* in a collection's service, loading policy *Incremental*) takes a workbook for one action,
*add*, *update* or *delete*, of one collection; hence a file for each. Source of the columns: Ex Libris's pages
*Portfolio Loader* and *How to Maintain an Electronic Collection Using Portfolio Loader*, and what libraries have
published of its extended export. Assumptions, where these were silent: a portfolio with several coverage statements
takes as many rows; several groups stand in one cell; PUBLICATION_DATE_OPERATOR has one value, ``>`` for what is held
back or ``<`` for how far back one may go. Columns for PO lines, licenses and notes are left out, so that the loader
touches none. What does not belong here: how a workbook is written (``workbook.py``).
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from autoholdings_assets.config import ElectronicCollection, Home
from autoholdings_assets.holdings.refusals import NotPossible
from autoholdings_assets.holdings.warehouse import Connection, open_warehouse, rows, scalar, transaction
from autoholdings_assets.reports.queries import query
from autoholdings_assets.reports.selection import published_holdings
from autoholdings_assets.reports.workbook import Column, LargeWorkbook

FOLDER = "alma"
ACTIONS = ("add", "update", "delete")
COLUMNS = (
    Column("localized", "LOCALIZED", 11),
    Column("issn", "ISSN", 11),
    Column("other_issn", "ISSN", 11),
    Column("isbn", "ISBN", 15),
    Column("other_isbn", "ISBN", 15),
    Column("portfolio_pid", "PORTFOLIO_PID", 20),
    Column("title", "TITLE", 50),
    *(
        Column(f"{end}_{part}", f"{end}_{part}".upper(), 12, "number")
        for part in ("year", "month", "day")
        for end in ("from", "to")
    ),
    *(Column(f"{end}_{part}", f"{end}_{part}".upper(), 12) for part in ("volume", "issue") for end in ("from", "to")),
    Column("embargo_operator", "PUBLICATION_DATE_OPERATOR", 12),
    Column("embargo_years", "PUBLICATION_DATE_YEAR", 12, "number"),
    Column("embargo_months", "PUBLICATION_DATE_MONTH", 12, "number"),
    Column("availability", "AVAILABILITY", 12),
    Column("publisher_name", "PUBLISHER", 25),
    Column("published", "DATE_OF_PUBLICATION", 15),
    Column("title_url", "URL", 50),
    Column("author", "AUTHOR", 20),
    Column("material", "ELECTRONIC_MATERIAL_TYPE", 12),
    Column("group_names", "GROUP_NAME", 20),
    Column("coverage_statement", "COVERAGE_STATEMENT", 15),
)


@dataclass(frozen=True)
class LoaderFile:
    """A workbook: what it does to how many portfolios of which collection."""

    path: Path
    collection: str
    action: str
    portfolios: int


@dataclass(frozen=True)
class AlmaExport:
    """The workbooks, none where nothing has changed. ``since``: by collection, None where it was never exported.

    ``says_too_little`` counts coverage statements with an embargo and a limit to how far back one may go: of these the
    loader can take only the embargo.
    """

    files: list[LoaderFile] = field(default_factory=list)
    since: dict[str, datetime | None] = field(default_factory=dict)
    says_too_little: int = 0


def export_alma(
    home: Home, collections: Iterable[ElectronicCollection], exported_by: str, since: datetime | None = None
) -> AlmaExport:
    """Write workbooks of what has changed in the collections since a moment, by default since the last such export.

    What is exported counts as loaded: the next export starts from here, unless this one left a gap before it. Raises
    ``Unusable``, ``WarehouseBusy``.
    """
    now = datetime.now(UTC)
    names = {collection.name: collection.code for collection in collections}
    last = _last_exports(home)
    starts = {name: since or last.get(name) for name in names}
    with published_holdings(home) as connection:
        state = scalar(connection, "SELECT max(applied_at) FROM plan WHERE status = 'applied'")
        _load_changes(connection, starts)
        files = _write(connection, home.outbox / FOLDER / f"{now:%Y-%m-%dT%H%M%S}", names)
        too_little = int(scalar(connection, "SELECT count(*) FROM alma_row WHERE says_too_little"))
    gapless = [name for name, start in starts.items() if name not in last or (start and start <= last[name])]
    if state is not None:
        _record(home, gapless, state, now, exported_by)
    return AlmaExport(files, starts, too_little)


def moment_of(home: Home, named: str, timezone: str) -> datetime:
    """The moment that ``--since`` names: the beginning of a day in the time zone, or the end of a run.

    Raises ``NotPossible``, ``Unusable``.
    """
    with suppress(ValueError):
        return datetime.combine(date.fromisoformat(named), time.min, ZoneInfo(timezone))
    with published_holdings(home) as connection:
        ended = rows(
            connection,
            "SELECT r.run_id, max(coalesce(p.applied_at, r.ended_at, r.started_at)) AS at_time FROM job_run AS r "
            "LEFT JOIN plan AS p ON p.applied_run_id = r.run_id WHERE starts_with(r.run_id, ?) GROUP BY r.run_id",
            [named],
        )
    if len(ended) != 1:
        found = "several runs begin with it" if ended else "there is no such run, and it is no date"
        raise NotPossible(f"--since {named}: {found}. Give a run of `autoholdings history`, or a date (2026-11-22).")
    moment: datetime = ended[0]["at_time"]
    return moment


def _last_exports(home: Home) -> dict[str, datetime]:
    """Up to which state each collection has been exported; the published copy may not know of the last time yet."""
    with open_warehouse(home.warehouse) as connection:
        found = connection.execute("SELECT collection, max(as_of) FROM alma_export GROUP BY collection").fetchall()
    return dict(found)


def _load_changes(connection: Connection, starts: dict[str, datetime | None]) -> None:
    connection.execute("CREATE OR REPLACE TEMP TABLE alma_since (collection VARCHAR, since TIMESTAMPTZ)")
    if starts:
        connection.executemany("INSERT INTO alma_since VALUES (?, ?)", list(starts.items()))
    connection.execute(query("alma_rows"))


def _write(connection: Connection, folder: Path, codes: dict[str, str]) -> list[LoaderFile]:
    counted = "SELECT collection, action, count(DISTINCT portfolio_id) FROM alma_row GROUP BY ALL"
    counts = {(collection, action): count for collection, action, count in connection.execute(counted).fetchall()}
    files = []
    for collection, action in ((c, a) for c in codes for a in ACTIONS if (c, a) in counts):
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE alma_sheet AS FROM alma_row WHERE collection = ? AND action = ?",
            [collection, action],
        )
        workbook = LargeWorkbook(connection)
        workbook.add_table("Portfolios", "alma_sheet", COLUMNS)
        path = folder / f"{codes[collection]}_{action}.xlsx"
        workbook.save(path)
        files.append(LoaderFile(path, collection, action, counts[collection, action]))
    return files


def _record(home: Home, collections: list[str], as_of: datetime, now: datetime, exported_by: str) -> None:
    """Remember up to which state of the holdings the collections have been exported."""
    with open_warehouse(home.warehouse) as connection, transaction(connection):
        for name in collections:
            connection.execute("INSERT INTO alma_export VALUES (?, ?, ?, ?)", [name, as_of, now, exported_by])
