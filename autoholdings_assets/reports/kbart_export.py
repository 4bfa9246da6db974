"""KBART Phase II files of what readers can use, for discovery services and other knowledge bases (NISO RP-9-2014).

One row a coverage statement, all 25 columns, sorted by title. Every file stands up to our own strict check: a value
that the standard forbids is left blank, a row that lacks what the standard demands goes to a file of its own, and both
are counted. DuckDB renders the lines (``sql/kbart_rows.sql``). What does not belong here: names (``outbox.py``).
"""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from autoholdings_assets.config import Home
from autoholdings_assets.holdings import row_parts
from autoholdings_assets.holdings.title_lists import staged_path
from autoholdings_assets.holdings.warehouse import Connection, open_warehouse, quoted, rows
from autoholdings_assets.kbart.fields import FIELD_NAMES
from autoholdings_assets.kbart.strict import define_strict_forms
from autoholdings_assets.kbart.writer import write_kbart
from autoholdings_assets.reports.outbox import dated_file, keep_newest, whole_or_absent
from autoholdings_assets.reports.queries import query
from autoholdings_assets.reports.selection import Selection, published_holdings, select_readable
from autoholdings_assets.vendors.model import Vendor

LACKING = {
    "title": "no title",
    "address": "no web address, or none that begins with http:// or https://",
    "start": "a serial without a beginning of its coverage",
    "end": "an end of the coverage that is no date",
    "order": "coverage that ends before it begins",
    "embargo": "an embargo that cannot be read",
}
"""What rows may lack that the standard demands."""
CHANGES = {
    "identifier_blank": "an identifier that is no ISSN or ISBN, or has a wrong check digit, left blank",
    "date_blank": "a book's date that is none left blank",
    "depth_blank": "a coverage_depth that KBART does not know left blank",
    "number_blank": "a volume or issue that is none left blank",
    "title_id_given": "no title_id: the portfolio's number put there",
    "taken_as_paid": "no access_type that KBART knows: P (paid) put there",
    "untidy": "control characters taken out, lost letters shown as ?",
}
"""What is changed in rows so that the standard lets them stand."""


@dataclass(frozen=True)
class KbartFile:
    """A file that was written: ``package`` is the beginning of its name, ``collection`` None where it has several."""

    path: Path
    package: str
    rows: int
    collection: str | None = None


@dataclass(frozen=True)
class KbartExport:
    """The files of an export; none where nothing can be used.

    ``incomplete`` counts the rows that are only in ``incomplete_path`` by what they lack, ``changed`` the rows of the
    files by what was changed in them; both have words for keys.
    """

    files: list[KbartFile] = field(default_factory=list)
    incomplete: dict[str, int] = field(default_factory=dict)
    incomplete_path: Path | None = None
    changed: dict[str, int] = field(default_factory=dict)


def export_kbart(home: Home, institution: str, selection: Selection, day: date) -> KbartExport:
    """Write a part of the holdings, as one file. Raises ``Unusable``."""
    with published_holdings(home) as connection:
        return write_kbart_files(connection, home.outbox, institution, selection, day)


def write_kbart_files(
    connection: Connection, outbox: Path, institution: str, selection: Selection, day: date,
    *, each_collection: bool = False,
) -> KbartExport:  # fmt: skip
    """Write a part of the published holdings, and with ``each_collection`` a file for each of its collections too."""
    define_strict_forms(connection)
    select_readable(connection, selection)
    connection.execute(query("kbart_rows"))
    parts: list[tuple[Selection, str | None]] = [(selection, None)]
    if each_collection:
        present = rows(
            connection, "SELECT name, code FROM electronic_collection WHERE name IN (SELECT collection FROM kbart_row)"
        )
        parts += [(Selection(c["code"], (c["name"],), selection.group), c["name"]) for c in present]
    files = []
    for part, collection in parts:
        name = part.file_name(institution)
        if count := _write(connection, outbox, name, day, collection):
            files.append(KbartFile(dated_file(outbox, name, day), name, count, collection))
    incomplete_name = Selection(f"{selection.package} Incomplete", group=selection.group).file_name(institution)
    left_out = _write(connection, outbox, incomplete_name, day, complete=False)
    changed, incomplete = _counts(connection)
    return KbartExport(files, incomplete, dated_file(outbox, incomplete_name, day) if left_out else None, changed)


def export_left_out(home: Home, vendor: Vendor, day: date) -> tuple[Path, int]:
    """Write the free content that the vendor's newest accepted files name, to be maintained separately (rule O3).

    Gives the file and its number of rows; the same row in two profiles' files is written once.
    """
    with open_warehouse(home.warehouse) as connection:
        accepted = connection.execute(
            "SELECT DISTINCT file_sha256 FROM entitlement WHERE vendor = ? ORDER BY 1", [vendor.name]
        ).fetchall()
        staged = [staged_path(home, vendor, sha) for (sha,) in accepted]
        found = connection.execute(
            f"SELECT DISTINCT {', '.join(FIELD_NAMES)} FROM {row_parts.in_sql(*staged)} "
            "WHERE status = 'excluded' ORDER BY publication_title, date_first_issue_online"
        ).df() if staged else None  # fmt: skip
    home.outbox.mkdir(parents=True, exist_ok=True)
    path = home.outbox / f"{vendor.name.title()}_Global_FreeContent_{day:%Y-%m-%d}.txt"
    if found is None:
        return path, 0
    return path, write_kbart(found.astype("str").where(found.notna()), path)


def _write(
    connection: Connection, outbox: Path, name: str, day: date, collection: str | None = None, *, complete: bool = True
) -> int:
    """Write the file of a day, or none where it would have no row: a package without titles has no file at all."""
    which = f"lacks IS {'' if complete else 'NOT '}NULL AND ($collection IS NULL OR collection = $collection)"
    heading = "\t".join(FIELD_NAMES)
    path = dated_file(outbox, name, day)
    with whole_or_absent(path) as unfinished:
        # no character of a line is DuckDB's to quote or to part cells at
        (count,) = connection.execute(
            f'COPY (SELECT line AS "{heading}" FROM kbart_row WHERE {which}) TO {quoted(unfinished)} '
            "(FORMAT csv, HEADER true, DELIMITER '\x1f', QUOTE '', ESCAPE '')",
            {"collection": collection},
        ).fetchone() or (0,)
    keep_newest(outbox, name) if count else keep_newest(outbox, name, 0)
    return int(count)


def _counts(connection: Connection) -> tuple[dict[str, int], dict[str, int]]:
    """The rows that were changed, and those that are incomplete, in words."""
    counted = ", ".join(f"count_if({name} AND lacks IS NULL) AS {name}" for name in CHANGES)
    (changed,) = rows(connection, f"SELECT {counted} FROM kbart_row")
    lacking = connection.execute(
        "SELECT lacks, count(*) FROM kbart_row WHERE lacks IS NOT NULL GROUP BY lacks ORDER BY 2 DESC"
    ).fetchall()
    return (
        {sentence: changed[name] for name, sentence in CHANGES.items() if changed[name]},
        {LACKING[name]: count for name, count in lacking},
    )
