"""Generated lives of a library: files, PO lines, crashes and undos in any order, and what must hold after each step.

Each life goes through reading, matching and planning, which takes seconds, so that the tests live few (more with the
environment variable AUTOHOLDINGS_LIVES); the long run is
``python -m autoholdings_tests.property.test_history_property 200``. Apply and undo alone, against a model and in great
numbers, are in ``test_apply_property.py``.
"""

import hashlib
import os
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pandas as pd
import pytest

from autoholdings_assets.config import (
    Configuration,
    ElectronicCollection,
    Home,
    Policies,
    load_configuration,
)
from autoholdings_assets.holdings import apply, undo
from autoholdings_assets.holdings.entitlements import Grant, Inputs
from autoholdings_assets.holdings.generations import advance
from autoholdings_assets.holdings.invariants import ask_invariants
from autoholdings_assets.holdings.plan import Plan, load_plan, make_plan
from autoholdings_assets.holdings.warehouse import Connection, open_warehouse, rows, scalar, transaction
from autoholdings_assets.kbart.fields import FIELD_NAMES
from autoholdings_assets.vendors.model import load_vendors
from autoholdings_tests.library import issn, journal, stage_rows
from autoholdings_tests.property.test_apply_property import Crash, CrashingConnection, ParsedOnce

LIVES = int(os.environ.get("AUTOHOLDINGS_LIVES", "8"))
LIVES_IN_ONE_WAREHOUSE = 40
STEPS = 4
PROFILES = {"a": ("MAIN",), "b": ("LAW",)}
TITLES = range(5)
ALL_GROUPS = ("MAIN", "LAW", "everyone else")
WILEY = load_vendors()["wiley"]
_INTEGRAL = ("no_po_line_portfolio_removed", "acquisitions_untouched", "available_is_granted", "history_is_gapless",
             "coverage_is_in_order", "online_identifier_is_unique")  # fmt: skip


@dataclass
class Life:
    """One library with two profiles, and what it was like after each step."""

    connection: Connection
    home: Home
    configuration: Configuration
    number: int
    chance: random.Random
    files: dict[str, tuple[str, Path]] = field(default_factory=dict)
    moments: list[tuple[Any, list[dict[str, Any]]]] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    runs: int = 0

    @property
    def vendor(self) -> str:
        return f"vendor{self.number}"

    @property
    def collection(self) -> str:
        return f"Journals of {self.vendor}"

    def live(self) -> None:
        """Some steps, each followed by what must hold."""
        collection = [self.collection, self.vendor]
        self.connection.execute(
            "INSERT INTO electronic_collection (name, vendor, active, service_active, service_available) VALUES "
            "(?, ?, TRUE, TRUE, TRUE)",
            collection,
        )
        self.receive()
        for _ in range(STEPS - 1):
            self.chance.choices([self.receive, self.attach, self.undo_last], [5, 2, 3])[0]()
            self.check()
        for at, state in self.moments:
            assert self.as_of(at) == state, "the past has changed"
        assert self.replayed() == self.as_of(self.moments[-1][0])

    def receive(self) -> None:
        """A profile's next file: any titles, any coverage; its apply may crash anywhere first."""
        profile = self.chance.choice(list(PROFILES))
        self.files[profile] = self.file()
        inputs = self.inputs()
        plan = make_plan(self.connection, self.home, inputs, "")
        lines = self.po_lines()
        self.carry_out(
            lambda connection, run: apply.apply_plan(
                connection, self.home, load_plan(self.connection, plan.plan_id), inputs, run, "test"
            )
        )
        assert lines == self.po_lines(), "a PO line was lost or moved"
        self.seen["files"] += 1
        self.seen["removed"] += plan.actions.get("remove", 0)

    def attach(self) -> None:
        """Staff attach a PO line to some portfolio."""
        found = [row["portfolio_id"] for row in self.present()]
        if not found:
            return
        with transaction(self.connection) as now:
            self.connection.execute(
                "INSERT INTO acquisition_version (portfolio_id, po_line, valid_from, acted_by) "
                "SELECT $id, 'POL-' || $id, $now, 'staff' WHERE NOT EXISTS (FROM acquisition WHERE portfolio_id = $id)",
                {"id": self.chance.choice(found), "now": now},
            )
            advance(self.connection, self.vendor, now)
        self.seen["PO lines"] += 1

    def undo_last(self) -> None:
        """The last run is undone: the state before it, but for what has a PO line since."""
        last = self.last_applied()
        if last is None:
            return
        before = self.as_of_before(last.applied_at)
        bought = {line["portfolio_id"] for line in self.po_lines()}
        plan = undo.plan_undo(self.connection, self.home, self.configuration, last, "")
        self.carry_out(
            lambda connection, run: undo.apply_undo(
                connection, self.home, load_plan(self.connection, plan.plan_id), run, "test"
            )
        )
        now = {row["portfolio_id"]: row for row in self.present()}
        then = {row["portfolio_id"]: row for row in before}
        kept = now.keys() - then.keys()
        assert kept <= bought, "only a PO line keeps what the undone run activated"
        assert {number: row for number, row in now.items() if number not in kept} == then
        self.files = {row["profile"][-1]: self.known[row["file_sha256"]] for row in self.entitled()}
        self.seen["undone"] += 1

    def carry_out(self, act: Any) -> None:
        """Let it crash before any statement of its transaction, look that nothing changed, then let it be done."""
        self.runs += 1
        run = f"{self.vendor}-run-{self.runs}"
        if self.chance.random() < 0.7:
            before = self.everything()
            dying = CrashingConnection(self.connection, self.chance.randrange(24))
            with pytest.raises(Crash):
                act(dying, run)
            self.seen["crashes"] += 1
            if dying.committed:
                return
            assert self.everything() == before, "half a run"
        act(self.connection, run)

    def check(self) -> None:
        """What must hold now."""
        broken = ask_invariants(self.connection, self.home, self.vendor, keep_apart=False).broken
        assert not [name for name in _INTEGRAL if name in broken], broken
        at = scalar(self.connection, "SELECT max(changed_at) FROM vendor_state WHERE vendor = ?", [self.vendor])
        self.moments.append((at, self.present()))

    known: dict[str, tuple[str, Path]] = field(default_factory=dict)

    def file(self) -> tuple[str, Path]:
        """Some of the titles with some coverage, staged as the reader does."""
        chosen = [n for n in TITLES if self.chance.random() < 0.6] or [0]
        made = [
            journal(
                f"Journal {n}",
                issn(n),
                start=str(self.chance.choice((1990, 2000))),
                publisher_name=self.chance.choice("xyz"),
            )
            for n in chosen
            for _ in range(self.chance.choice((1, 1, 2)))
        ]
        frame = pd.DataFrame([{name: row.get(name) or None for name in FIELD_NAMES} for row in made], dtype="str")
        frame.insert(0, "row_number", range(2, len(made) + 2))
        frame["status"], frame["reason"], frame["collection"] = "valid", None, self.collection
        frame["from_date"] = [pd.Timestamp(f"{row['date_first_issue_online']}-01-01").date() for row in made]
        frame["until_date"] = pd.Series([pd.NaT] * len(made), dtype="date32[day][pyarrow]")
        frame = frame.astype({"from_date": "date32[day][pyarrow]", "reason": "str"})
        frame["content"] = pd.util.hash_pandas_object(frame[list(FIELD_NAMES)], index=False)
        sha = hashlib.sha256(f"{self.number} {self.runs} {self.chance.random()}".encode()).hexdigest()
        path = self.home.staging / sha
        stage_rows(frame, path)
        self.known[sha] = (sha, path)
        return sha, path

    def inputs(self) -> Inputs:
        accepted = {row["profile"]: row["file_sha256"] for row in self.entitled()}
        for profile, (sha, _) in self.files.items():
            known = "SELECT count(*) FROM kbart_file WHERE profile = ? AND file_sha256 = ?"
            if not scalar(self.connection, known, [f"{self.vendor}-{profile}", sha]):
                self.connection.execute(
                    "INSERT INTO kbart_file (profile, vendor, file_sha256, status) VALUES (?, ?, ?, 'read')",
                    [f"{self.vendor}-{profile}", self.vendor, sha],
                )
        grants = tuple(
            Grant(
                profile=f"{self.vendor}-{profile}", file_sha256=sha, file_name="file", file_date=None,
                groups=PROFILES[profile], title_list=path, accepted_sha256=accepted.get(f"{self.vendor}-{profile}"),
                accepted_date=None, accepted_before=False, barred=None, is_retired=False,
            )
            for profile, (sha, path) in sorted(self.files.items(), key=lambda item: item[0])
        )  # fmt: skip
        collection = ElectronicCollection(name=self.collection, code="j", vendor=self.vendor, cz_collection_id=None)
        digest = hashlib.sha256(f"{self.number} {self.runs} {self.files}".encode()).hexdigest()
        policies = Policies.model_validate({"loss_guard": {"active": False}})
        return Inputs(
            WILEY.model_copy(update={"name": self.vendor}), grants, (collection,), ALL_GROUPS, policies, digest
        )

    def entitled(self) -> list[dict[str, Any]]:
        return rows(
            self.connection, "SELECT profile, file_sha256 FROM entitlement WHERE vendor = ? ORDER BY ALL", [self.vendor]
        )

    def last_applied(self) -> Plan | None:
        found = scalar(
            self.connection,
            "SELECT plan_id FROM plan WHERE vendor = ? AND status = 'applied' ORDER BY applied_at DESC LIMIT 1",
            [self.vendor],
        )
        return load_plan(self.connection, found) if found else None

    def po_lines(self) -> list[dict[str, Any]]:
        """PO lines and the title that each is on."""
        return rows(
            self.connection,
            "SELECT portfolio_id, po_line, online_identifier FROM portfolio WHERE collection = ? AND po_line IS "
            "NOT NULL ORDER BY ALL",
            [self.collection],
        )

    def present(self) -> list[dict[str, Any]]:
        return self._state("valid_to IS NULL", {})

    def as_of(self, at: Any) -> list[dict[str, Any]]:
        return self._state("valid_from <= $at AND (valid_to IS NULL OR valid_to > $at)", {"at": at})

    def as_of_before(self, at: Any) -> list[dict[str, Any]]:
        return self._state("valid_from < $at AND (valid_to IS NULL OR valid_to >= $at)", {"at": at})

    def _state(self, when: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        """The portfolios of a moment with their coverage."""
        return rows(
            self.connection,
            "SELECT p.* EXCLUDE (valid_from, valid_to, run_id, ended_by_run_id), c.statements FROM "
            f"(FROM portfolio_version WHERE collection = $collection AND {when}) AS p LEFT JOIN (SELECT portfolio_id, "
            "list([statement_no::VARCHAR, from_date::VARCHAR, until_date::VARCHAR, "
            "array_to_string(available_for, ',')] "
            f"ORDER BY statement_no) AS statements FROM coverage_version WHERE {when} GROUP BY portfolio_id) AS c "
            "USING (portfolio_id) ORDER BY portfolio_id",
            {"collection": self.collection, **parameters},
        )

    def replayed(self) -> list[dict[str, Any]]:
        """The present state from the history alone: after each run goes what it ended and comes what it brought."""
        state: dict[int, Any] = {}
        history = rows(
            self.connection, "FROM portfolio_version WHERE collection = ? ORDER BY valid_from", [self.collection]
        )
        for version in history:
            state[version["portfolio_id"]] = version
            if version["valid_to"] is not None and not any(
                other["portfolio_id"] == version["portfolio_id"] and other["valid_from"] == version["valid_to"]
                for other in history
            ):
                del state[version["portfolio_id"]]
        present = {row["portfolio_id"]: row for row in self.present()}
        assert state.keys() == present.keys()
        assert all(
            present[number][name] == version[name]
            for number, version in state.items()
            for name in ("title", "publisher_name", "missing_since")
        )
        return list(present.values())

    def everything(self) -> list[Any]:
        tables = ("portfolio_version", "coverage_version", "acquisition_version", "portfolio_grant", "entitlement",
                  "vendor_state", "plan", "plan_decision", "kbart_file")  # fmt: skip
        return [
            self.connection.execute(f"SELECT count(*), bit_xor(hash(t)) FROM {table} AS t").fetchone()
            for table in tables
        ]


def live_lives(folder: Path, first: int, count: int) -> Counter[str]:
    """So many lives, several in one warehouse; counts what happened in them."""
    seen: Counter[str] = Counter()
    for start in range(first, first + count, LIVES_IN_ONE_WAREHOUSE):
        home = Home(folder / str(start))
        home.create()
        home.config_file.write_text("institution: {name: Example, timezone: UTC}\n")
        configuration = load_configuration(home)
        with open_warehouse(home.warehouse) as opened:
            connection = cast(Connection, ParsedOnce(opened))
            for number in range(start, min(start + LIVES_IN_ONE_WAREHOUSE, first + count)):
                life = Life(connection, home, configuration, number, random.Random(number))
                try:
                    life.live()
                except Exception as error:
                    raise AssertionError(f"life {number}: {error}") from error
                seen += life.seen
    return seen


@pytest.mark.rule("A9", "A10", "C19", "C20")
def test_no_life_loses_a_po_line_half_applies_a_run_or_forgets_its_past(tmp_path: Path) -> None:
    seen = live_lives(tmp_path, 0, LIVES)
    assert all(seen[what] > LIVES / 10 for what in ("files", "removed", "PO lines", "undone", "crashes")), seen


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else LIVES
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        print(dict(live_lives(Path(place), 0, wanted)), f"{wanted:,} lives in {time.monotonic() - began:.0f} s")
