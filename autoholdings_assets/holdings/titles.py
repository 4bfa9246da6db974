"""From the rows of all profiles' files to the titles that the vendor grants: matching with the Community Zone, merging.

The result is staged under the digest of its inputs: one record for every row of every file, with the title and coverage
statement that it belongs to, or why it grants nothing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autoholdings_assets.config import ElectronicCollection, Home
from autoholdings_assets.holdings import row_parts
from autoholdings_assets.holdings.entitlements import Inputs
from autoholdings_assets.holdings.title_lists import stage
from autoholdings_assets.holdings.warehouse import Connection, quoted, rows, scalar, set_variables, sql
from autoholdings_assets.kbart import coverage
from autoholdings_assets.kbart.reader import read
from autoholdings_assets.kbart.validation import validate

CZ_COLUMNS = (
    "collection",
    "row_number",
    "publication_type",
    "publication_title",
    "print_identifier",
    "online_identifier",
    "title_url",
    "monograph_volume",
    "monograph_edition",
    "from_date",
    "until_date",
)
"""What is used of a Community Zone title list."""


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
    return _merged_path(home, inputs, inputs.digest)


def _merged_path(home: Home, inputs: Inputs, digest: str) -> Path:
    return home.staging / "coverage" / f"{inputs.vendor.name}-{digest[:16]}.parquet"


def content_path(home: Home, plan_id: str, part: str) -> Path:
    """Where a part of a plan (portfolios, statements, rows) is staged."""
    return home.staging / "plans" / plan_id / f"{part}.parquet"


def merge_titles(connection: Connection, home: Home, inputs: Inputs) -> MergedTitles:
    """Match and merge the rows of all files that grant something now, and stage the outcome of every row.

    What has been merged before is only told again.

    Raises ``kbart.errors.UnreadableFile`` when a Community Zone title list cannot be used.
    """
    path = merged_path(home, inputs)
    told = path.with_suffix(".json")
    if path.exists() and told.exists():
        return MergedTitles(path, **json.loads(told.read_text(encoding="utf-8")))
    load_row_outcomes(connection, home, inputs)
    (counts,) = rows(connection, sql("coverage_counts"))
    merged = MergedTitles(
        path,
        counts["rows"],
        counts["titles"],
        counts["statements"],
        dict(zip(counts["outcomes"], counts["outcome_rows"], strict=True)),
        rows(connection, sql("coverage_preview")),
    )
    in_words = {name: value for name, value in vars(merged).items() if name != "path"}
    told.write_text(json.dumps(in_words), encoding="utf-8")
    return merged


def load_row_outcomes(connection: Connection, home: Home, inputs: Inputs) -> None:
    """Make ``row_outcome`` for the SQL files, from staging where these inputs have been merged before.

    And ``merged_anew``: the rows that were not kept from the merge before, to be found at once; none where none was.
    """
    load_granted_rows(connection, home, inputs)
    path = merged_path(home, inputs)
    anew = path.with_name(f"{path.stem}-anew.parquet")
    if not (path.exists() and anew.exists()):
        coverage.define_identity(connection, keep_apart=inputs.vendor.merging.keep_apart)
        kept = keep_outcomes(connection, home, inputs)
        _match_community_zone(connection, inputs)
        coverage.merge(connection)
        write_parquet(connection, "fresh_row" if kept else "(FROM fresh_row LIMIT 0)", anew)
        write_parquet(connection, f"({sql('row_outcomes')})", path, told=_merged_of(inputs))
    for view, staged in (("row_outcome", path), ("merged_anew", anew)):
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {view} AS FROM read_parquet({quoted(staged)})")


def load_granted_rows(connection: Connection, home: Home, inputs: Inputs) -> None:
    """Make ``granted_row`` (all rows of all files), ``grant_of_profile`` and ``collection_state`` for the SQL files."""
    connection.execute(sql("grants_and_collections"))
    for number, grant in enumerate(inputs.grants):
        if not grant.title_list.exists():  # staged by another version
            stage(home, inputs.vendor, grant.file_sha256, grant.file_name)
        connection.execute(
            "INSERT INTO grant_of_profile VALUES (?, ?, ?, ?, ?, ?)",
            [number, grant.profile, grant.file_sha256, grant.is_new, grant.available_for_all, list(grant.groups)],
        )
    for collection in inputs.collections:
        connection.execute("INSERT INTO collection_state VALUES (?, ?)", [collection.name, collection.is_ready])
    _view_rows(connection, inputs)


def _view_rows(connection: Connection, inputs: Inputs, known: Sequence[str] = ()) -> None:
    """Make ``granted_row``; and ``granted_number`` and ``staged_row``, the two sides of it, to pick out few rows.

    ``known`` says for each grant which row of the last merge a row is, in SQL.
    """
    for view, relation, changed in (
        ("granted_row", row_parts.in_sql, "EXCLUDE (row_id, found, line, line_check) REPLACE ({} AS previous_row)"),
        ("granted_number", row_parts.numbers_in_sql, "REPLACE ({} AS previous_row)"),
        ("staged_row", row_parts.parts_in_sql, "EXCLUDE (found, line, line_check)"),
    ):
        parts = [
            f"SELECT {number} AS profile_no, * {changed.format(known[number] if known else 'NULL::BIGINT')} "
            f"FROM {relation(grant.title_list)}" + (" WHERE FALSE" if grant.is_retired else "")
            for number, grant in enumerate(inputs.grants)
        ]
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {view} AS {' UNION ALL '.join(parts)}")


def write_parquet(connection: Connection, relation: str, path: Path, told: Mapping[str, str] | None = None) -> None:
    """Write a relation as Parquet, whole or not at all; ``told`` goes with it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    words = ", ".join(f"{name}: '{value}'" for name, value in (told or {}).items())
    about = f", KV_METADATA {{{words}}}" if words else ""
    connection.execute(f"COPY (FROM {relation}) TO {quoted(unfinished)} (FORMAT parquet, COMPRESSION lz4_raw{about})")
    unfinished.replace(path)


def keep_outcomes(connection: Connection, home: Home, inputs: Inputs) -> bool:
    """Make ``kept_outcome``, the rows that are merged as they were for the plan applied last, and ``fresh_row``.

    Gives whether rows are kept. Only what follows from the files' rows by themselves is kept; a property test holds
    that merging all rows anew gives the same. Community Zone titles are matched anew for all rows.
    """
    last = scalar(connection, "SELECT any_value(inputs_hash) FROM vendor_state WHERE vendor = ?", [inputs.vendor.name])
    path = _merged_path(home, inputs, last or "")
    known = rows_merged_before(connection, path, inputs) if path.exists() else None
    if known:
        _view_rows(connection, inputs, known)
        connection.execute(f"CREATE OR REPLACE TEMP VIEW last_outcome AS FROM read_parquet({quoted(path)})")
    connection.execute(sql("kept_outcomes" if known else "nothing_kept"))
    return bool(known)


def rows_merged_before(connection: Connection, path: Path, inputs: Inputs) -> list[str] | None:
    """Which row of an earlier merge each row is, in SQL for each grant; ``None`` where nothing follows from it."""
    told = "SELECT decode(key), decode(value) FROM parquet_kv_metadata(?)"
    earlier = dict(connection.execute(told, [str(path)]).fetchall())
    if earlier.get("settings") != inputs.settings_digest or any(c.cz_title_list for c in inputs.collections):
        return None
    known = []
    for number, grant in enumerate(inputs.grants):
        before = earlier.get(f"list_{number}")
        if before == grant.title_list.name:
            known.append("row_number")
        elif before and before == row_parts.before(grant.title_list):
            known.append("previous_row")
        else:
            return None
    return known


def _merged_of(inputs: Inputs) -> dict[str, str]:
    """What rows were merged, and under which settings."""
    lists = {f"list_{number}": grant.title_list.name for number, grant in enumerate(inputs.grants)}
    return {"settings": inputs.settings_digest, **lists}


def _match_community_zone(connection: Connection, inputs: Inputs) -> None:
    """Match the rows of collections that have a Community Zone title list; without one, the file is the authority."""
    listed = [c for c in inputs.collections if c.is_ready and c.cz_title_list is not None]
    connection.execute(sql("community_zone"))
    for collection in listed:
        _load_community_zone(connection, collection)
    set_variables(connection, listed_collections=[c.name for c in listed])
    connection.execute(sql("match_community_zone"))


def _load_community_zone(connection: Connection, collection: ElectronicCollection) -> None:
    assert collection.cz_title_list is not None
    title_list = validate(read(collection.cz_title_list))
    listed = title_list.rows[title_list.rows["status"] == "valid"].assign(collection=collection.name)
    connection.register("listed", listed[list(CZ_COLUMNS)])
    connection.execute("INSERT INTO cz_row BY NAME FROM listed")
    connection.unregister("listed")
