"""The column schemas that the UI shows are those of the warehouse, as DuckDB itself reads them."""

import re

import dagster as dg
import duckdb

from autoholdings_assets.holdings.warehouse import sql
from autoholdings_assets.pipeline import columns


def test_every_column_type_and_comment_is_as_duckdb_reads_it() -> None:
    with duckdb.connect(":memory:") as connection:
        connection.execute(sql("schema"))
        expected: dict[str, list[tuple[str, str]]] = {}
        for table, name, comment in connection.execute(
            "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal ORDER BY ALL"
        ).fetchall():
            expected.setdefault(table, []).append((name, comment))
        kinds = {
            kind: connection.execute(f"SELECT CAST(NULL AS {kind})").description
            for table in columns._warehouse().values()
            for _, kind, _ in table
        }
    found = {t: sorted((name, comment) for name, _, comment in rows) for t, rows in columns._warehouse().items()}
    assert found == expected
    assert all(kinds.values()), "each type is one that DuckDB knows"


def test_a_struct_is_one_column() -> None:
    kinds = {name: kind for name, kind, _ in columns._warehouse()["plan_item"]}
    assert re.fullmatch(r"STRUCT\(.*\)\[\]", kinds["changes"])


def test_the_shown_schemas_have_no_history_columns_and_all_of_kbart() -> None:
    shown = {column.name for column in columns.portfolios().columns}
    assert {"title", "available_for"} <= shown and not {"valid_from", "run_id"} & shown
    assert len(columns.title_list().columns) == 3 + 25 + 3


def test_columns_come_from_the_columns_that_they_are_made_of() -> None:
    """Each source column exists, and what KBART calls otherwise is found under its KBART name."""

    def sources(lineage: dg.TableColumnLineage) -> dict[str, str]:
        return {
            column: f"{dep.asset_key.path[-1]}.{dep.column_name}"
            for column, (dep,) in lineage.deps_by_column.items()
            if dep.asset_key.path[0] == "wiley"
        }

    exist = {
        f"{asset}.{column.name}"
        for asset, schema in (("title_list", columns.title_list()), ("coverage", columns.coverage()))
        for column in schema.columns
    }
    portfolios = sources(columns.portfolios_lineage("wiley"))
    assert portfolios["title"] == "coverage.publication_title" and portfolios["editor"] == "title_list.first_editor"
    assert portfolios["publisher_name"] == "title_list.publisher_name" and "availability" not in portfolios
    statements = sources(columns.coverage_lineage("wiley"))
    assert statements["from_date"] == "title_list.from_date" and "statement_no" not in statements
    assert {*portfolios.values(), *statements.values()} <= exist
