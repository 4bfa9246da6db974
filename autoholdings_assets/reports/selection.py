"""What an export is about: the published holdings, and the part of them that was asked for.

Exports read the published copy, so that they never wait for a run. What belongs here: opening it and saying which
portfolios readers can use. What does not: how an export says it (the modules of the formats).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from autoholdings_assets.config import Home
from autoholdings_assets.holdings.refusals import Unusable
from autoholdings_assets.holdings.warehouse import Connection, set_variables
from autoholdings_assets.reports.outbox import package_name
from autoholdings_assets.reports.queries import query

MEMORY = "2GB"
"""What DuckDB may take before it puts intermediate results on disk."""


@dataclass(frozen=True)
class Selection:
    """A part of the holdings: ``collections`` by name (None: all), and what one ``group`` may use (None: anybody).

    ``package`` is what the part is called in file names.
    """

    package: str = "AllTitles"
    collections: tuple[str, ...] | None = None
    group: str | None = None

    def file_name(self, institution: str) -> str:
        """The beginning of the names of its files; the region is the group's, else the whole world."""
        return package_name(institution, self.group or "Global", self.package)


@contextmanager
def published_holdings(home: Home) -> Iterator[Connection]:
    """The published copy, for reading. Raises ``Unusable`` while there is none."""
    if not home.published.exists():
        raise Unusable(
            f"There is no {home.published.name} yet, from which exports are made. Run `autoholdings run VENDOR` first."
        )
    with duckdb.connect(str(home.published), read_only=True) as connection:
        connection.execute(f"SET TimeZone = 'UTC'; SET memory_limit = '{MEMORY}'")
        yield connection


def select_readable(connection: Connection, selection: Selection) -> None:
    """Make the view ``readable_portfolio`` and the macro ``may_use`` for the formats' SQL files."""
    names = None if selection.collections is None else list(selection.collections)
    set_variables(connection, collections=names, readers=selection.group)
    connection.execute(query("readable"))
