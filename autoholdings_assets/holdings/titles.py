"""From the rows of all profiles' files to the titles that the vendor grants: matching with the Community Zone, merging.

The result is staged under the digest of its inputs: one record for every row of every file, with the title and coverage
statement that it belongs to, or why it grants nothing. It is a folder of ``layers.py`` and continues the one of the
plan applied last as far as its rows are the same, which are known by their ids (``row_parts.py``).
"""

import json
from dataclasses import dataclass
from pathlib import Path

import duckdb

from autoholdings_assets.config import ElectronicCollection, Home
from autoholdings_assets.holdings import layers, row_parts
from autoholdings_assets.holdings.entitlements import Inputs
from autoholdings_assets.holdings.staged import link, whole_folder, write_parquet
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

_ANEW, _ENDED_TITLES, _NUMBERS = "anew.parquet", "ended_titles.parquet", "numbers-"
"""What is staged beside the outcomes; each profile's numbers too, as they are linked from its title list."""


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
    return home.staging / "coverage" / f"{inputs.vendor.name}-{digest[:16]}"


def merge_titles(connection: Connection, home: Home, inputs: Inputs) -> MergedTitles:
    """Match and merge the rows of all files that grant something now, and stage the outcome of every row.

    What has been merged before is only told again.

    Raises ``kbart.errors.UnreadableFile`` when a Community Zone title list cannot be used.
    """
    path = merged_path(home, inputs)
    told = path / "counts.json"
    if _is_merged(path, inputs) and told.exists():
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

    And for a merge that continues another (see `continued`): ``merged_anew``, the rows that it did not keep, and
    ``ended_title``, the titles of which it did not keep every row; both are empty for any other.
    """
    load_granted_rows(connection, home, inputs)
    path = merged_path(home, inputs)
    if not _is_merged(path, inputs):
        coverage.define_identity(connection, keep_apart=inputs.vendor.merging.keep_apart)
        last = find_kept_rows(connection, home, inputs)
        _match_community_zone(connection, inputs)
        coverage.merge(connection)
        _stage_outcomes(connection, home, inputs, last)
    outcomes = f"SELECT * EXCLUDE (layer, position) FROM {layers.in_sql(path)}"
    connection.execute(f"CREATE OR REPLACE TEMP VIEW row_outcome AS {outcomes}")
    for view, staged in (("merged_anew", _ANEW), ("ended_title", _ENDED_TITLES)):
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {view} AS FROM read_parquet({quoted(path / staged)})")


def numbers_of_rows(folder: Path) -> dict[int, Path]:
    """The files with the numbers of rows whose outcomes are in the folder, by ``profile_no``.

    The rows of other profiles are numbered by their ids.
    """
    return {int(path.stem.removeprefix(_NUMBERS)): path for path in sorted(folder.glob(f"{_NUMBERS}*.parquet"))}


def continued(home: Home, inputs: Inputs) -> str:
    """The digest of the inputs whose merge that of these, which is staged, continues; empty where it does not."""
    return layers.told(merged_path(home, inputs)).get("continued", "")


def _is_merged(path: Path, inputs: Inputs) -> bool:
    """Whether outcomes are staged there, of the rows as they are staged now."""
    return layers.told(path).items() >= _merged_of(inputs).items()


def _stage_outcomes(connection: Connection, home: Home, inputs: Inputs, last: str | None) -> None:
    """``last``: the digest of the inputs whose merge this one continues."""
    before = _merged_path(home, inputs, last) if last else None
    about = _merged_of(inputs) | {"continued": last or ""}
    with whole_folder(merged_path(home, inputs)) as folder:
        for grant_no, grant in enumerate(inputs.grants):
            numbers = row_parts.numbers_path(grant.title_list)
            if numbers:
                link(numbers, folder / f"{_NUMBERS}{grant_no}.parquet")
        write_parquet(connection, "fresh_row" if last else "(FROM fresh_row LIMIT 0)", folder / _ANEW)
        write_parquet(connection, "ended_title", folder / _ENDED_TITLES)
        layers.write(connection, folder, f"({sql('row_outcomes')})", about, before=before, ended="ended_outcome")


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


def _view_rows(connection: Connection, inputs: Inputs) -> None:
    """Make ``granted_row``; and the two sides of it, to pick out few rows: ``staged_row`` and ``granted_number``.

    And ``renumbered_row``: the numbers of rows that are not their ids, to number many rows.
    """
    nothing = "(SELECT NULL::BIGINT AS row_id, NULL::BIGINT AS row_number WHERE FALSE)"
    for view, relation, changed in (
        ("granted_row", row_parts.in_sql, "EXCLUDE (found, line, line_check)"),
        ("staged_row", row_parts.parts_in_sql, "EXCLUDE (found, line, line_check)"),
        ("granted_number", row_parts.numbers_in_sql, ""),
        (
            "renumbered_row",
            lambda path: row_parts.numbers_in_sql(path) if row_parts.numbers_path(path) else nothing,
            "",
        ),
    ):
        parts = [
            f"SELECT {number} AS profile_no, * {changed} FROM {relation(grant.title_list)}"
            + (" WHERE FALSE" if grant.is_retired else "")
            for number, grant in enumerate(inputs.grants)
        ]
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {view} AS {' UNION ALL '.join(parts)}")


def find_kept_rows(connection: Connection, home: Home, inputs: Inputs) -> str | None:
    """Make ``fresh_row``, the rows to be merged; all others keep the outcome that they had for the plan applied last.

    And ``ended_outcome`` and ``ended_title``: what of the outcomes of that plan's inputs does not hold any more, and
    of which titles. Gives the digest of these inputs, or ``None`` where all rows are fresh. Only what follows from the
    files' rows by themselves is kept; a property test holds that merging all rows anew gives the same. Community Zone
    titles are matched anew for all rows.
    """
    last = scalar(connection, "SELECT any_value(inputs_hash) FROM vendor_state WHERE vendor = ?", [inputs.vendor.name])
    path = _merged_path(home, inputs, last or "")
    changed = changed_since(path, inputs) if path.exists() else None
    if not changed:
        connection.execute(sql("nothing_kept"))
        return None
    connection.execute(f"CREATE OR REPLACE TEMP VIEW changed_row AS {' UNION ALL '.join(changed)}")
    connection.execute(f"CREATE OR REPLACE TEMP VIEW last_outcome AS FROM {layers.in_sql(path)}")
    connection.execute(sql("fresh_rows"))
    return str(last)


def changed_since(path: Path, inputs: Inputs) -> list[str] | None:
    """Which rows came and went since the merge staged there, in SQL for each grant; ``None`` where it says nothing."""
    told = layers.told(path)
    same = {"settings": inputs.settings_digest, "duckdb": duckdb.__version__}
    if not told.items() >= same.items() or any(c.cz_title_list for c in inputs.collections):
        return None
    changed = []
    for number, grant in enumerate(inputs.grants):
        before = told.get(f"list_{number}")
        if before == row_parts.numbering(grant.title_list):
            sides = "(SELECT NULL::BIGINT AS row_id, NULL::TINYINT AS side WHERE FALSE)"
        elif before and before == row_parts.before(grant.title_list):
            sides = row_parts.sides_in_sql(grant.title_list)
        else:
            return None
        changed.append(f"SELECT {number} AS profile_no, row_id, side FROM {sides}")
    return changed


def _merged_of(inputs: Inputs) -> dict[str, str]:
    """What rows were merged, under which settings, and by whom: identities are DuckDB's hashes, which may change."""
    lists = {f"list_{number}": row_parts.numbering(grant.title_list) for number, grant in enumerate(inputs.grants)}
    return {"settings": inputs.settings_digest, "duckdb": duckdb.__version__, **lists}


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
