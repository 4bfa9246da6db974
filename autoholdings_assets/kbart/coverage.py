"""The merge of title-list rows into titles with coverage statements.

The rules are SQL (``coverage.sql``), because a vendor's file may have a million rows and the holdings are in DuckDB
anyway; this module runs them on any DuckDB connection. It knows no warehouse: it reads one relation and makes one.
"""

from importlib.resources import files

import duckdb

_SQL = files(__package__)


def define_identity(connection: duckdb.DuckDBPyConnection, *, keep_apart: bool = False) -> None:
    """Define ``identified``, which tells the rows of a relation like ``entitled_row`` apart by what they state alone.

    It gives profile_no, row_number, identity (UUID) and needs_title, one record a row. Only rows of one identity can
    be rows of one title.
    """
    connection.execute("SET VARIABLE keep_apart = ?", [keep_apart])
    connection.execute(_SQL.joinpath("identity.sql").read_text(encoding="utf-8"))


def merge(connection: duckdb.DuckDBPyConnection) -> None:
    """Assign every row of the relation ``entitled_row`` to a title and a coverage statement.

    ``entitled_row`` has the columns of the title list frame plus ``profile_no`` (the file that the row is from),
    ``collection`` and ``cz_title`` (the Community Zone title that the row was matched with, or null). The result is
    the temporary table ``merged_row`` (profile_no, row_number, identity, title_key, statement_no, duplicate,
    representative, shared_identifier), one record a row:

    * rows with the same ``title_key`` are one title of one collection;
    * ``statement_no`` counts a title's distinct statements from 1, by date; the same statement in two files has one
      number;
    * ``duplicate`` marks the second and later copies of a statement within one file;
    * ``representative`` marks the one row after which the title is named: the one with the latest coverage;
    * ``shared_identifier`` marks books of one ISBN that are kept apart because title, volume or edition differ.

    Serials are told apart by online ISSN, else print ISSN, else title_id and title, else URL and title, and never
    joined by a chain of different identifiers; monographs merge only when ISBN, title, volume and edition agree
    (rule W4). With ``keep_apart`` (a vendor's setting, given to `define_identity` before) serial rows with different
    title_id or URL stay apart.
    """
    connection.execute(_SQL.joinpath("coverage.sql").read_text(encoding="utf-8"))
