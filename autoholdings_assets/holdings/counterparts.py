"""Which portfolio of a collection a line of a list, or a portfolio of another collection, means.

What belongs here: the care with which staff's lists and Move find a title's portfolio, that of ``continuity.py``:
identifiers first, online with online and print with print before any across, the title only where nothing contradicts
it, one to one, and what is ambiguous is given with its candidates (rule A7). What does not: what is done then.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import pyarrow as pa

from autoholdings_assets.holdings.acts import load
from autoholdings_assets.holdings.warehouse import Connection, rows, sql

_TEXTS = pa.list_(pa.string())
_SEEKER = pa.schema(
    [("seeker", pa.int64()), ("scope", pa.string()), ("portfolio_pid", pa.string()), ("online", _TEXTS),
     ("print", _TEXTS), ("unspecified", _TEXTS), ("title", pa.string()), ("volume", pa.string()),
     ("edition", pa.string())]
)  # fmt: skip


@dataclass(frozen=True)
class Seeker:
    """Something whose portfolio is sought. Within one ``scope`` (a file, a collection) two never mean the same one.

    ``unspecified`` are identifiers of which it is not said whether they are print or online.
    """

    seeker: int
    scope: str
    title: str | None
    online: Sequence[str] = ()
    print: Sequence[str] = ()
    unspecified: Sequence[str] = ()
    portfolio_pid: str | None = None
    volume: str | None = None
    edition: str | None = None


@dataclass(frozen=True)
class Counterpart:
    """The portfolio that a seeker means, or, with a ``problem``, the candidates among which none was chosen.

    ``problem`` is 'several', 'same title, other identifiers' or 'claimed by others too'.
    """

    portfolio_ids: tuple[int, ...]
    agrees_on: str | None
    problem: str | None

    @property
    def portfolio_id(self) -> int | None:
        """The one portfolio, where there is no doubt."""
        return None if self.problem else self.portfolio_ids[0]


def find_counterparts(connection: Connection, seekers: Sequence[Seeker], collection: str) -> dict[int, Counterpart]:
    """The portfolios of the collection that the seekers mean; a seeker without a candidate is not in the result."""
    connection.execute(sql("words"))
    load(connection, "seeker_as_given", _SEEKER, [asdict(seeker) for seeker in seekers])
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE seeker AS "
        "SELECT * REPLACE (nullif(full_title(title, NULL, NULL), '') AS title), "
        "CASE WHEN coalesce(volume, edition) IS NOT NULL THEN full_title(title, volume, edition) END "
        "AS title_with_volume FROM seeker_as_given"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE sought AS SELECT p.portfolio_id, a.portfolio_pid, p.print_identifier, "
        "p.online_identifier, nullif(full_title(p.title, NULL, NULL), '') AS title, "
        "CASE WHEN coalesce(p.monograph_volume, p.monograph_edition) IS NOT NULL "
        "THEN full_title(p.title, p.monograph_volume, p.monograph_edition) END AS title_with_volume "
        "FROM portfolio AS p LEFT JOIN acquisition AS a ON a.portfolio_id = p.portfolio_id WHERE p.collection = ?",
        [collection],
    )
    connection.execute(sql("counterparts"))
    return {
        row["seeker"]: Counterpart(tuple(row["portfolio_ids"]), row["agrees_on"], row["problem"])
        for row in rows(connection, "FROM counterpart")
    }
