"""The columns that the UI shows and where they come from, taken from where the columns are defined and commented.

What belongs here: nothing but the translation. What does not: any column's meaning (``kbart/fields.py`` and the
comments in ``holdings/sql/schema.sql`` have these), or which column becomes which (``holdings/sql/desired.sql``).
"""

import re
from collections.abc import Collection
from functools import cache

import dagster as dg

from autoholdings_assets.holdings.warehouse import sql
from autoholdings_assets.kbart.fields import FIELDS

_OF_THE_TITLE_LIST = (
    ("row_number", "BIGINT", "Line of the vendor's file on which the row starts; the header is line 1"),
    ("status", "VARCHAR", "valid, rejected (cannot be trusted) or excluded (left out as free content)"),
    ("reason", "VARCHAR", "Why the row was rejected or left out"),
)
_WORKED_OUT = (
    ("from_date", "DATE", "First day of the period in date_first_issue_online"),
    ("until_date", "DATE", "Last day of the period in date_last_issue_online; blank: to the present"),
    ("collection", "VARCHAR", "Electronic collection that the row belongs to"),
)
_HISTORY = {"valid_from", "valid_to", "run_id", "ended_by_run_id"}


@cache
def title_list() -> dg.TableSchema:
    """The rows of a file as read: KBART's 25 columns and what was found out about each row."""
    fields = ((field.name, "VARCHAR", field.meaning) for field in FIELDS)
    return _schema(*_OF_THE_TITLE_LIST, *fields, *_WORKED_OUT)


@cache
def arrived_files() -> dg.TableSchema:
    """The files as they arrived."""
    return _of_table(
        "kbart_file",
        only=("profile", "file_name", "file_date", "size_bytes", "retrieved_from", "retrieved_at", "file_sha256"),
    )


@cache
def kbart_file() -> dg.TableSchema:
    """KBART's 25 columns."""
    return _schema(*((field.name, "VARCHAR", field.meaning) for field in FIELDS))


@cache
def coverage() -> dg.TableSchema:
    """Coverage statements."""
    return _of_table("coverage_version", without=_HISTORY | {"portfolio_id", "available_for_all", "available_for"})


@cache
def plan_items() -> dg.TableSchema:
    """A plan's items."""
    return _of_table("plan_item", without={"plan_id"})


@cache
def portfolios() -> dg.TableSchema:
    """Portfolios, without their history; a column that KBART calls otherwise names that column too."""
    columns = (column for column in _warehouse()["portfolio_version"] if column[0] not in _HISTORY)
    kbart = {name: f" (KBART: {field})" for name, field in _renamed().items()}
    return _schema(*((name, kind, meaning + kbart.get(name, "")) for name, kind, meaning in columns))


def coverage_lineage(vendor: str) -> dg.TableColumnLineage:
    """A statement's columns keep the names that they have in the title list."""
    return _lineage(coverage(), (vendor, "title_list", title_list()))


def portfolios_lineage(vendor: str) -> dg.TableColumnLineage:
    """What a portfolio has of its coverage statements, and what of the title list alone."""
    return _lineage(portfolios(), (vendor, "coverage", coverage()), (vendor, "title_list", title_list()))


# The open-source UI shows schemas alone; Dagster's API, catalogues that read it, and Dagster+ show lineage too.
def _lineage(made: dg.TableSchema, *sources: tuple[str, str, dg.TableSchema]) -> dg.TableColumnLineage:
    """For each column of what is made, the column of the first source that has it; some are made by the run itself."""
    deps = {}
    for column in made.columns:
        name = _renamed().get(column.name, column.name)
        for vendor, asset, schema in sources:
            if name in {found.name for found in schema.columns}:
                deps[column.name] = [dg.TableColumnDep(dg.AssetKey([vendor, asset]), name)]
                break
    return dg.TableColumnLineage(deps)


@cache
def _renamed() -> dict[str, str]:
    """The columns of a portfolio that KBART calls otherwise: ``title`` is ``publication_title``."""
    return {new: kbart for kbart, new in re.findall(r"\br\.(\w+) AS (\w+)", sql("desired"))}


def _of_table(table: str, *, only: Collection[str] = (), without: Collection[str] = ()) -> dg.TableSchema:
    columns = _warehouse()[table]
    return _schema(*(column for column in columns if column[0] not in without and (not only or column[0] in only)))


@cache
def _warehouse() -> dict[str, list[tuple[str, str, str]]]:
    """Name, type and comment of every column of every table in ``schema.sql``.

    Read from its text, since setting the schema up in DuckDB takes a fifth of a second at every start.
    """
    text = sql("schema")
    comments = {
        (table, column): comment.replace("''", "'")
        for table, column, comment in re.findall(r"COMMENT ON COLUMN (\w+)\.(\w+) IS '((?:[^']|'')*)';", text)
    }
    tables = {}
    for table, body in re.findall(r"CREATE TABLE (\w+) \((.*?)\);", text, flags=re.DOTALL):
        columns = (column.split(maxsplit=1) for column in re.split(r",\s*(?![^()]*\))", body.strip()))
        tables[table] = [
            (name, kind.partition(" USING COMPRESSION")[0], comments.get((table, name), "")) for name, kind in columns
        ]
    return tables


def _schema(*columns: tuple[str, str, str]) -> dg.TableSchema:
    return dg.TableSchema([dg.TableColumn(name, kind, meaning) for name, kind, meaning in columns])
