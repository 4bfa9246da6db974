"""The fast path gives what the full way gives: the same lives of a library, once with ``holdings/settled.py`` and once
with every title compared, end in the same plans, row outcomes and holdings.

Each life plans and applies several files, which takes seconds: more of them with the environment variable
AUTOHOLDINGS_LIVES.
"""

import hashlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autoholdings_assets.config import ElectronicCollection, Home, Policies
from autoholdings_assets.holdings import apply, layers, plan, row_parts, settled, titles
from autoholdings_assets.holdings.entitlements import Grant, Inputs
from autoholdings_assets.holdings.plan import make_plan, plan_items
from autoholdings_assets.holdings.row_parts import Kept
from autoholdings_assets.holdings.row_results import row_results
from autoholdings_assets.holdings.warehouse import Connection, open_warehouse, rows
from autoholdings_assets.kbart.fields import FIELD_NAMES
from autoholdings_assets.vendors.model import load_vendors
from autoholdings_tests.library import stage_rows

LIVES = int(os.environ.get("AUTOHOLDINGS_LIVES", "4"))
WILEY = load_vendors()["wiley"]
COLLECTIONS = {"serial": "Journals", "monograph": "Books"}
PROFILES = {"a": ("MAIN",), "b": ("LAW",), "c": ()}
POLICIES = Policies.model_validate({"loss_guard": {"active": False}, "grace_files": 1})
_FINDS = settled.find_settled

Row = dict[str, str | None]
File = list[Row]

# few values, so that titles meet: shared and exchanged identifiers, one title_id or URL on several titles
_ROWS = st.fixed_dictionaries(
    {
        "publication_title": st.sampled_from(["Acta", "Botanica", "Chimia"]),
        "online_identifier": st.sampled_from([None, "1000-0001", "1000-0002", "1000-0003", "1000-0004"]),
        "print_identifier": st.sampled_from([None, None, "1000-0001", "2000-0001", "2000-0002"]),
        "title_id": st.sampled_from([None, "i1", "i2", "i3"]),
        "title_url": st.sampled_from(["https://v.example/1", "https://v.example/2", "https://v.example/3"]),
        "date_first_issue_online": st.sampled_from([None, "1990", "2000", "2010"]),
        "publisher_name": st.sampled_from([None, "One", "Two"]),
        "publication_type": st.sampled_from(["serial", "serial", "monograph"]),
        "access_type": st.sampled_from(["P", "P", "F"]),
        "status": st.sampled_from(["valid"] * 8 + ["rejected", "excluded"]),
    }
)
_CHANGES = st.lists(st.tuples(st.sampled_from(["drop", "add", "change", "turn"]), st.integers(0, 7), _ROWS), max_size=3)
_LIVES = st.tuples(
    st.sets(st.sampled_from(sorted(PROFILES)), min_size=1), st.lists(_ROWS, min_size=1, max_size=8),
    st.lists(st.tuples(st.sampled_from(sorted(PROFILES)), _CHANGES), min_size=2, max_size=3),
)  # fmt: skip


@dataclass
class World:
    """One library, which merges and plans either with the fast paths or without."""

    connection: Connection
    home: Home
    fast: bool
    began_as: dict[int, tuple[object, ...]] = field(default_factory=dict)
    settled: int = 0
    kept: int = 0

    def run(self, step: int, files: dict[str, tuple[str, Path]]) -> dict[str, Any]:
        """Plan and apply; gives all that came of it, with portfolios named by what they began as."""
        inputs = self._inputs(step, files)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(layers, "MOST_LAYERS", 2)
            patch.setattr(layers, "FEW_RECORDS", 0)
            if not self.fast:
                patch.setattr(plan, "find_settled", self._compare_all)
                patch.setattr(titles, "changed_since", lambda *_: None)
            made = make_plan(self.connection, self.home, inputs, f"run-{step}")
        if self.fast:
            self.settled += len(rows(self.connection, "FROM settled_title"))
            self.kept += len(
                rows(self.connection, "FROM row_outcome ANTI JOIN fresh_outcome USING (profile_no, row_id)")
            )
        items = plan_items(self.connection, made.plan_id)
        for item in items:
            if item["action"] in ("activate", "possible title change"):
                self.began_as[item["portfolio_id"]] = (step, item["profile"], *item["row_numbers"])
        outcomes = rows(
            self.connection,
            f"FROM {row_results(self.home, made.plan_id, [grant.profile for grant in inputs.grants])} ORDER BY ALL",
        )
        apply.apply_plan(self.connection, self.home, made, inputs, f"run-{step}", "test")
        found = {
            "items": [{k: v for k, v in item.items() if k != "item_no"} for item in items],
            "rows": outcomes,
            "counters": made.counters,
            "portfolios": rows(self.connection, "SELECT * EXCLUDE (activated_at, updated_at, missing_since), "
                               "missing_since IS NULL AS named FROM portfolio"),
            "coverage": rows(self.connection, "FROM coverage"),
            "grants": rows(self.connection, "SELECT portfolio_id, collection, profile, missing_since IS NULL AS named, "
                           "valid_to IS NULL AS present, run_id, ended_by_run_id FROM portfolio_grant"),
            "versions": rows(self.connection, "SELECT portfolio_id, run_id, ended_by_run_id FROM portfolio_version"),
        }  # fmt: skip
        return {name: sorted(map(self._named, listed), key=repr) for name, listed in found.items()}

    def _compare_all(self, connection: Connection, home: Home, inputs: Inputs) -> None:
        _FINDS(connection, home, inputs)
        first = rows(connection, "SELECT min(portfolio_id) AS number FROM activated_title")[0]["number"]
        if first is not None:
            connection.execute("SET VARIABLE first_portfolio_id = ?", [first])
        connection.execute("DELETE FROM activated_title; DELETE FROM empty_collection")
        connection.execute("INSERT INTO unsettled_title SELECT title_key FROM settled_title")

    def _named(self, record: dict[str, Any]) -> dict[str, Any]:
        named = dict(record)
        if "portfolio_id" in named:
            named["portfolio_id"] = self.began_as.get(named["portfolio_id"])
        if "related_portfolio_ids" in named:
            named["related_portfolio_ids"] = sorted(self.began_as[number] for number in named["related_portfolio_ids"])
        return named

    def _inputs(self, step: int, files: dict[str, tuple[str, Path]]) -> Inputs:
        accepted = {row["profile"]: row["file_sha256"] for row in rows(self.connection, "FROM entitlement")}
        for profile, (sha, _) in files.items():
            known = "FROM kbart_file WHERE profile = ? AND file_sha256 = ?"
            if not rows(self.connection, known, [profile, sha]):
                self.connection.execute(
                    "INSERT INTO kbart_file (profile, vendor, file_sha256, status) VALUES (?, 'wiley', ?, 'read')",
                    [profile, sha],
                )
        grants = tuple(
            Grant(
                profile=profile, file_sha256=sha, file_name="file", file_date=None, groups=PROFILES[profile],
                title_list=path, accepted_sha256=accepted.get(profile), accepted_date=None, accepted_before=False,
                barred=None, is_retired=False,
            )
            for profile, (sha, path) in sorted(files.items())
        )  # fmt: skip
        collections = tuple(
            ElectronicCollection(name=name, code=kind, vendor="wiley", cz_collection_id=None)
            for kind, name in COLLECTIONS.items()
        )
        return Inputs(
            WILEY,
            grants,
            collections,
            ("LAW", "MAIN", "everyone else"),
            POLICIES,
            f"{step} {files}",
            "-".join(sorted(files)),
        )


def staged(folder: Path, file: File, before: tuple[str, File] | None = None) -> tuple[str, Path]:
    """A title list as reading leaves it: each row knows the one before, if it is not rejected, and each only one."""
    frame = pd.DataFrame([{name: row.get(name) for name in (*FIELD_NAMES, "status")} for row in file], dtype="str")
    frame["row_number"], frame["reason"] = range(2, len(file) + 2), None
    frame["collection"] = [COLLECTIONS[str(row["publication_type"])] for row in file]
    starts = [row["date_first_issue_online"] for row in file]
    frame["from_date"] = [pd.Timestamp(f"{start}-01-01").date() if start else None for start in starts]
    frame["until_date"] = None
    frame = frame.astype(dict.fromkeys(("from_date", "until_date"), "date32[day][pyarrow]") | {"reason": "str"})
    frame["content"] = pd.util.hash_pandas_object(frame[list(FIELD_NAMES)], index=False)
    last, unused = before or ("", [])
    free = [(number, row) for number, row in enumerate(unused, start=2) if row["status"] != "rejected"]
    previous = [next((known for known in free if known[1] == row), None) for row in file]
    for at, known in enumerate(previous):
        previous[at] = known if known in free else None
        free = [other for other in free if other != known]
    sha = hashlib.sha256(f"{file} {last}".encode()).hexdigest()
    path = folder / sha
    is_known = [known is not None for known in previous]
    kept = _kept(folder / last, frame["row_number"][is_known], [known[0] for known in previous if known])
    stage_rows(frame[[not known for known in is_known]], path, kept)
    return sha, path


def _kept(folder: Path, now: "pd.Series[int]", previous: list[int]) -> Kept | None:
    if not previous:
        return None
    numbers = f"SELECT row_number, row_id FROM {row_parts.numbers_in_sql(folder)}"
    ids = dict(duckdb.execute(numbers).fetchall())
    names = {"row_id": [ids[number] for number in previous], "row_number": now}
    return Kept(folder, pa.table({name: pa.array(values, pa.int64()) for name, values in names.items()}))


def changed(file: File, changes: Sequence[tuple[str, int, Row]]) -> File:
    """The next file of the profile."""
    new = list(file)
    for kind, at, row in changes:
        if kind == "add" or not new:
            new.insert(at, row)
        elif kind == "turn":
            new.reverse()
        elif kind == "drop" and len(new) > 1:
            del new[at % len(new)]
        else:
            new[at % len(new)] = new[at % len(new)] | {
                "publisher_name": row["publisher_name"],
                "title_id": row["title_id"],
            }
    return new


def live(
    profiles: set[str], first: File, steps: Sequence[tuple[str, Sequence[tuple[str, int, Row]]]]
) -> tuple[int, int]:
    """One life in both worlds, compared after every step; gives how many titles were settled and rows kept in it."""
    with tempfile.TemporaryDirectory() as folder:
        homes = [Home(Path(folder) / name) for name in ("fast", "full")]
        with open_warehouse(homes[0].warehouse) as one, open_warehouse(homes[1].warehouse) as other:
            fast, full = World(one, homes[0], fast=True), World(other, homes[1], fast=False)
            files, given_now = dict.fromkeys(profiles, first), dict[str, tuple[str, Path]]()
            for step, (profile, changes) in enumerate([("", ()), *steps]):
                last = {name: (given_now[name][1].name, file) for name, file in files.items() if name in given_now}
                if profile in files:
                    files[profile] = changed(files[profile], changes)
                given_now = {name: staged(Path(folder), file, last.get(name)) for name, file in files.items()}
                quick, slow = fast.run(step, given_now), full.run(step, given_now)
                for part, found in slow.items():
                    assert quick[part] == found, (step, part)
            return fast.settled, fast.kept


@pytest.mark.rule("A8")
@given(_LIVES)
@settings(max_examples=LIVES, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_fast_path_gives_what_the_full_way_gives(life: tuple[Any, ...]) -> None:
    """Plans, row outcomes and holdings are the same whether or not settled titles are compared."""
    live(*life)


def serials(count: int) -> File:
    """Journals without a print ISSN."""
    return [
        {"publication_title": f"T{n}", "online_identifier": f"1000-000{n}", "print_identifier": None,
         "title_id": f"i{n}", "title_url": f"https://v.example/{n}", "date_first_issue_online": "1990",
         "publisher_name": "One", "publication_type": "serial", "access_type": "P", "status": "valid"}
        for n in range(count)
    ]  # fmt: skip


@pytest.mark.rule("A8")
def test_titles_that_are_as_they_were_are_not_compared() -> None:
    """The fast path is taken at all: of three titles, of which one changes, two are settled."""
    file = serials(3)
    change = ("change", 0, file[0] | {"publisher_name": "Two"})
    assert live({"a"}, file, [("a", [change])]) == (2, 2)


@pytest.mark.rule("A8")
def test_titles_have_nothing_in_common_by_what_they_lack() -> None:
    """One title takes over the title_id of another, so that both are compared; the third is not, though none of them
    has a print ISSN."""
    file = serials(3)
    change = ("change", 0, file[0] | {"title_id": file[1]["title_id"]})
    assert live({"a"}, file, [("a", [change])]) == (1, 2)


@pytest.mark.rule("A7", "A8")
def test_titles_that_only_their_url_tells_apart_are_compared_each_time() -> None:
    """Another title has the same URL and title: comparing finds a tie, and so does the fast path, in the same file."""
    first, second = serials(1)[0] | {"online_identifier": None, "title_id": None}, serials(1)[0]
    assert live({"a"}, [first, second | {"online_identifier": None}], [("a", []), ("a", [])]) == (0, 4)
