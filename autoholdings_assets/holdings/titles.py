"""From the rows of all profiles' files to the titles that the vendor grants: matching with the Community Zone, merging.

The result is staged under the digest of its inputs: one record for every row of every file, with the title and coverage
statement that it belongs to, or why it grants nothing.
"""

from dataclasses import dataclass
from pathlib import Path

from autoholdings_assets.config import ElectronicCollection, Home
from autoholdings_assets.holdings.entitlements import Inputs, ensure_staged
from autoholdings_assets.holdings.warehouse import Connection, rows, scalar, sql
from autoholdings_assets.kbart import coverage
from autoholdings_assets.kbart.reader import read
from autoholdings_assets.kbart.validation import validate


@dataclass(frozen=True)
class MergedTitles:
    """What the files grant, counted. ``row_outcomes`` counts the rows that grant nothing, by reason."""

    path: Path
    row_count: int
    title_count: int
    statement_count: int
    row_outcomes: dict[str, int]
    preview: list[dict[str, object]]


def merged_path(home: Home, inputs: Inputs) -> Path:
    """Where the row outcomes of these inputs are staged."""
    return home.staging / "coverage" / f"{inputs.vendor.name}-{inputs.digest[:16]}.parquet"


def merge_titles(connection: Connection, home: Home, inputs: Inputs) -> MergedTitles:
    """Match and merge the rows of all files that grant something now, and stage the outcome of every row.

    Raises ``kbart.errors.UnreadableFile`` when a Community Zone title list cannot be used.
    """
    load_granted_rows(connection, home, inputs)
    _match_community_zone(connection, inputs)
    connection.execute(
        "CREATE OR REPLACE TEMP VIEW entitled_row AS SELECT r.*, z.cz_title FROM granted_row AS r "
        "LEFT JOIN cz_match AS z USING (profile_no, row_number) "
        "WHERE r.status = 'valid' AND z.outcome IS NULL AND r.collection IN (SELECT collection FROM collection_state WHERE active)"
    )
    coverage.merge(connection, keep_apart=inputs.vendor.merging.keep_apart)
    connection.execute(sql("row_outcomes"))
    path = merged_path(home, inputs)
    write_parquet(connection, "row_outcome", path)
    return MergedTitles(
        path,
        scalar(connection, "SELECT count(*) FROM row_outcome"),
        scalar(connection, "SELECT count(*) FROM row_outcome WHERE representative"),
        scalar(connection, "SELECT count(*) FROM (SELECT DISTINCT title_key, statement_no FROM row_outcome WHERE title_key IS NOT NULL)"),
        dict(connection.execute("SELECT outcome, count(*) FROM row_outcome WHERE outcome IS NOT NULL GROUP BY 1 ORDER BY 1").fetchall()),
        _preview(connection),
    )  # fmt: skip


def load_granted_rows(connection: Connection, home: Home, inputs: Inputs) -> None:
    """Make ``granted_row`` (all rows of all files), ``grant_of_profile`` and ``collection_state`` for the SQL files."""
    ensure_staged(home, inputs.vendor, inputs.grants)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE grant_of_profile "
        "(profile_no INTEGER, profile VARCHAR, file_sha256 VARCHAR, is_new BOOLEAN, available_for_all BOOLEAN, groups VARCHAR[])"
    )
    connection.execute("CREATE OR REPLACE TEMP TABLE collection_state (collection VARCHAR, active BOOLEAN)")
    for number, grant in enumerate(inputs.grants):
        connection.execute(
            "INSERT INTO grant_of_profile VALUES (?, ?, ?, ?, ?, ?)",
            [number, grant.profile, grant.file_sha256, grant.is_new, grant.available_for_all, list(grant.groups)],
        )
    for collection in inputs.collections:
        connection.execute("INSERT INTO collection_state VALUES (?, ?)", [collection.name, collection.is_ready])
    parts = [
        f"SELECT {number} AS profile_no, * FROM read_parquet({quoted(grant.title_list)})" + " WHERE FALSE" * grant.is_retired
        for number, grant in enumerate(inputs.grants)
    ]
    connection.execute("CREATE OR REPLACE TEMP VIEW granted_row AS " + " UNION ALL ".join(parts))


def quoted(path: Path) -> str:
    """A path as an SQL string."""
    return "'" + str(path).replace("'", "''") + "'"


def write_parquet(connection: Connection, relation: str, path: Path) -> None:
    """Write a relation as Parquet, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    connection.execute(f"COPY (FROM {relation}) TO {quoted(unfinished)} (FORMAT parquet, COMPRESSION lz4_raw)")
    unfinished.replace(path)


def _match_community_zone(connection: Connection, inputs: Inputs) -> None:
    """Match the rows of collections that have a Community Zone title list; without one, the file is the authority."""
    listed = [c for c in inputs.collections if c.is_ready and c.cz_title_list is not None]
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE cz_row (collection VARCHAR, row_number BIGINT, publication_type VARCHAR, "
        "publication_title VARCHAR, print_identifier VARCHAR, online_identifier VARCHAR, title_url VARCHAR, "
        "monograph_volume VARCHAR, monograph_edition VARCHAR, from_date DATE, until_date DATE)"
    )
    for collection in listed:
        _load_community_zone(connection, collection)
    names = [c.name for c in listed]
    connection.execute("SET VARIABLE listed_collections = ?", [names])
    connection.execute(
        "CREATE OR REPLACE TEMP VIEW row_to_match AS SELECT profile_no, row_number, collection, print_identifier, online_identifier "
        "FROM granted_row WHERE status = 'valid' AND list_contains(getvariable('listed_collections'), collection)"
    )
    connection.execute(sql("match_community_zone"))


def _load_community_zone(connection: Connection, collection: ElectronicCollection) -> None:
    assert collection.cz_title_list is not None
    title_list = validate(read(collection.cz_title_list))
    connection.register("cz_title_list", title_list.rows)
    connection.execute(
        "INSERT INTO cz_row SELECT ?, row_number, publication_type, publication_title, print_identifier, online_identifier, "
        "title_url, monograph_volume, monograph_edition, from_date, until_date FROM cz_title_list WHERE status = 'valid'",
        [collection.name],
    )
    connection.unregister("cz_title_list")


def _preview(connection: Connection) -> list[dict[str, object]]:
    """The first titles with several statements, else the first titles: what merging did, at a glance."""
    return rows(
        connection,
        "SELECT r.publication_title, r.print_identifier, r.online_identifier, o.statement_no, r.date_first_issue_online, "
        "r.date_last_issue_online, r.row_number FROM row_outcome AS o JOIN granted_row AS r USING (profile_no, row_number) "
        "WHERE o.title_key IN (SELECT title_key FROM row_outcome WHERE title_key IS NOT NULL GROUP BY title_key "
        "ORDER BY count(*) DESC, title_key LIMIT 5) ORDER BY o.title_key, o.statement_no LIMIT 15",
    )
