"""The files that the benchmarks read: title lists of any length, written by DuckDB so that making them takes no time.

What belongs here: writing them. What they say is in ``title_list.sql``.
"""

from importlib.resources import files
from pathlib import Path

import duckdb

_SQL = files(__package__).joinpath("title_list.sql")


def write_title_list(path: Path, rows: int, week: int = 0) -> Path:
    """A Wiley-like title list; that of week 1 differs from that of week 0 in a hundredth of its titles."""
    *macros, query = _SQL.read_text(encoding="utf-8").split(";\n")
    with duckdb.connect() as connection:
        connection.execute("SET VARIABLE row_count = ?", [rows])
        connection.execute("SET VARIABLE week = ?", [week])
        for macro in macros:
            connection.execute(macro)
        connection.execute(f"COPY ({query}) TO '{path}' (FORMAT csv, DELIMITER '\t', HEADER, QUOTE '', ESCAPE '')")
    return path
