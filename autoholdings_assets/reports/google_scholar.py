"""Google Scholar's institutional holdings: the serials that readers can open, by ISSN, with years and embargo.

The format is that of Google's own sample, scholar.google.com/intl/en/scholar/institutional_holdings.xml (document type
"Institutional Holdings 1.0", UTF-8, at most 1 MB a file before compression, several files allowed). Assumption, since
the DTD itself was not at hand: an item has one ISSN, so that a title has an item for each of its ISSNs. Ex Libris says
of its own export that Google links articles only, hence no books here. A library lists the files' addresses in its
institutional_links.xml, so that their names stay the same; Google fetches them anew every week.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from autoholdings_assets.config import Home
from autoholdings_assets.holdings.warehouse import Connection, scalar, set_variables
from autoholdings_assets.kbart.strict import define_strict_forms
from autoholdings_assets.reports.outbox import whole_or_absent
from autoholdings_assets.reports.queries import query
from autoholdings_assets.reports.selection import Selection, published_holdings, select_readable

FOLDER = "google_scholar"
MOST_BYTES = 1_000_000
_BEGINNING = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    b'<!DOCTYPE institutional_holdings PUBLIC "-//GOOGLE//Institutional Holdings 1.0//EN" '
    b'"http://scholar.google.com/scholar/institutional_holdings.dtd">\n<institutional_holdings>\n'
)
_END = b"</institutional_holdings>\n"
_AT_A_TIME = 10_000
LEFT_OUT = {
    "start": "the beginning of the coverage is not stated",
    "end": "the end of the coverage is no date",
    "depth": "not the full text",
    "embargo": "the embargo cannot be read",
    "past": "out of reach by now",
    "issn": "no ISSN with a right check digit",
    "title": "no title",
}
"""Why coverage statements are left out: a link is a promise of the full text."""


@dataclass(frozen=True)
class GoogleExport:
    """The files, and how many items (one an ISSN of a title) they have; ``left_out`` counts coverage statements."""

    paths: list[Path] = field(default_factory=list)
    items: int = 0
    left_out: dict[str, int] = field(default_factory=dict)


def export_google_scholar(
    home: Home, institution: str, selection: Selection, day: date, most_bytes: int = MOST_BYTES
) -> GoogleExport:
    """Write the files in place of those of the last time. Raises ``Unusable``."""
    with published_holdings(home) as connection:
        define_strict_forms(connection)
        select_readable(connection, selection)
        set_variables(connection, day=day)
        connection.execute(query("google_items"))
        left_out = connection.execute("SELECT lacks, statements FROM google_left_out ORDER BY 2 DESC").fetchall()
        items = int(scalar(connection, "SELECT count(*) FROM google_item"))
        folder, name = home.outbox / FOLDER, selection.file_name(institution)
        paths: list[Path] = []
        for portion in _portions(_items(connection), most_bytes - len(_BEGINNING) - len(_END)):
            paths.append(folder / f"{name}_{len(paths) + 1}.xml")
            with whole_or_absent(paths[-1]) as unfinished:
                unfinished.write_bytes(_BEGINNING + b"".join(portion) + _END)
    for former in folder.glob(f"{name}_*.xml"):
        if former not in paths:
            former.unlink()
    return GoogleExport(paths, items, {LEFT_OUT[lacks]: count for lacks, count in left_out})


def _items(connection: Connection) -> Iterator[bytes]:
    cursor = connection.execute("SELECT xml FROM google_item")
    while batch := cursor.fetchmany(_AT_A_TIME):
        yield from (xml.encode() for (xml,) in batch)


def _portions(items: Iterable[bytes], most_bytes: int) -> Iterator[list[bytes]]:
    """The items of each file."""
    portion: list[bytes] = []
    room = most_bytes
    for item in items:
        if portion and len(item) > room:
            yield portion
            portion, room = [], most_bytes
        portion.append(item)
        room -= len(item)
    if portion:
        yield portion
