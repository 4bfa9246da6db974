"""Strict mode's demands on a cell as SQL macros, for files that are written by DuckDB rather than cell by cell.

What belongs here: the forms in which identifiers, dates, embargoes, addresses and words may stand in a file that is
published. What does not: the rules themselves (``rules.py``, which is what these macros are tested against) and what is
done with a value that may not stand (whoever writes the file).
"""

from importlib.resources import files

import duckdb

_SQL = files(__package__).joinpath("strict.sql")


def define_strict_forms(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the macros of ``strict.sql`` on a connection, for as long as it is open."""
    connection.execute(_SQL.read_text(encoding="utf-8"))
