"""Generated lives of a warehouse: plans, PO lines, crashes and undos in any order, against a model in plain Python.

Here is the state machine of apply and undo alone: the plans are written by the test, good ones and wrong ones, in the
form in which ``plan.py`` stages them. Lives that go through reading and planning too are in
``test_history_property.py``. 200 lives in the tests; the long run, with as many processes as wanted, is
``python -m autoholdings_tests.property.test_apply_property 10000 2``.
"""

import itertools
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, cast

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, note, seed, settings
from hypothesis import strategies as st

from autoholdings_assets.config import Configuration, Home, Policies, load_configuration
from autoholdings_assets.holdings import decisions
from autoholdings_assets.holdings.apply import NotApplicable, apply_plan
from autoholdings_assets.holdings.entitlements import Grant, Inputs
from autoholdings_assets.holdings.generations import advance, generation
from autoholdings_assets.holdings.numbers import next_plan_id
from autoholdings_assets.holdings.plan import Plan, lapse_plans, load_plan
from autoholdings_assets.holdings.staged import content_path
from autoholdings_assets.holdings.undo import apply_undo, find_undoable, plan_undo
from autoholdings_assets.holdings.warehouse import Connection, open_warehouse, rows, scalar, transaction
from autoholdings_assets.vendors.model import load_vendors

LIVES = 200
LIVES_IN_ONE_WAREHOUSE = 100
PROFILES = {"north": ("north-main", "north-law"), "south": ("south-main", "south-law")}
VENDOR = load_vendors()["wiley"]
POLICIES = Policies.model_validate({})
TABLES = (
    "vendor_state", "electronic_collection", "kbart_file", "entitlement", "plan", "plan_item", "plan_decision",
    "portfolio_version", "coverage_version", "portfolio_grant", "acquisition_version", "number_range",
)  # fmt: skip
HISTORY = ("portfolio_version", "coverage_version", "portfolio_grant", "acquisition_version")
KEYS = {"portfolio_version": ("portfolio_id",), "coverage_version": ("portfolio_id", "statement_no"),
        "portfolio_grant": ("portfolio_id", "profile"), "acquisition_version": ("portfolio_id",)}  # fmt: skip
OF_THE_VERSION = ("valid_from", "valid_to", "run_id", "ended_by_run_id", "acted_by", "reason", "ended_by",
                  "ended_reason")  # fmt: skip
PORTFOLIO_TEXTS = (
    "print_identifier", "online_identifier", "title_id", "publication_type", "title_url", "publisher_name",
    "first_author", "editor", "monograph_volume", "monograph_edition", "date_monograph_published_print",
    "date_monograph_published_online", "access_type", "parent_publication_title_id", "preceding_publication_title_id",
)  # fmt: skip
STATEMENT_TEXTS = (
    "publication_title", "print_identifier", "online_identifier", "title_id", "title_url", "date_first_issue_online",
    "num_first_vol_online", "num_first_issue_online", "date_last_issue_online", "num_last_vol_online",
    "num_last_issue_online", "embargo_info", "coverage_depth", "notes", "access_type",
)  # fmt: skip
DETAILS = ("po_line", "license", "public_note", "internal_note", "portfolio_pid")
GROUPS = ((True, ()), (False, ("LAW",)), (False, ("LAW", "MAIN")))
_TEXT, _MOMENT = pa.string(), pa.timestamp("us", tz="UTC")
_FOR_WHOM = [("available_for_all", pa.bool_()), ("available_for", pa.list_(_TEXT))]
STAGED = {
    "portfolios": pa.schema([
        ("portfolio_id", pa.int64()), ("collection", _TEXT), ("title", _TEXT), *((n, _TEXT) for n in PORTFOLIO_TEXTS),
        ("availability", _TEXT), *_FOR_WHOM, ("activated_at", _MOMENT), ("missing_since", _MOMENT),
        ("is_missing", pa.bool_()), ("writes_coverage", pa.bool_()),
    ]),
    "statements": pa.schema([
        ("portfolio_id", pa.int64()), ("statement_no", pa.int32()), *((n, _TEXT) for n in STATEMENT_TEXTS),
        ("from_date", pa.date32()), ("until_date", pa.date32()), *_FOR_WHOM,
    ]),
    "grants": pa.schema([
        ("portfolio_id", pa.int64()), ("collection", _TEXT), ("profile", _TEXT), ("missing_since", _MOMENT),
        ("goes_missing", pa.bool_()), ("is_granted", pa.bool_()),
    ]),
}  # fmt: skip
"""What a plan stages, column by column."""

Row = dict[str, Any]
Versions = dict[str, dict[tuple[Any, ...], Row]]


class Crash(Exception):
    """The process dies here."""


class ParsedOnce:
    """A connection that parses each query text once, which is a good part of what small statements cost."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._parsed: dict[str, list[duckdb.Statement]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def extract_statements(self, query: str) -> list[duckdb.Statement]:
        if query not in self._parsed:
            self._parsed[query] = self._connection.extract_statements(query)
        return self._parsed[query]

    def execute(self, query: str | duckdb.Statement, parameters: Any = None) -> Any:
        result = None
        for statement in self.extract_statements(query) if isinstance(query, str) else (query,):
            result = self._connection.execute(statement, parameters)
        return result


class CrashingConnection:
    """A connection that dies before the given statement of its next transaction, or at the latest after its COMMIT.

    The statements of an SQL file are counted one by one; ``committed`` says whether the transaction was through.
    """

    def __init__(self, connection: Connection, dies_before: int) -> None:
        self._connection = connection
        self._dies_before = dies_before
        self._in_transaction = False
        self.executed = 0
        self.committed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, query: Any, parameters: Any = None) -> Any:
        if query == "ROLLBACK":
            self._in_transaction = False
        if not self._in_transaction:
            self._in_transaction = query == "BEGIN"
            return self._connection.execute(query, parameters)
        result = None
        for statement in self._connection.extract_statements(query):
            if self.executed == self._dies_before:
                if query == "COMMIT":  # nobody is there to roll back when the process dies; the database does
                    self._connection.execute("ROLLBACK")
                raise Crash
            self.executed += 1
            result = self._connection.execute(statement, parameters)
        if query == "COMMIT":
            self.committed = True
            raise Crash
        return result


# ---- what is generated


@dataclass(frozen=True)
class PlanStep:
    """A file's plan: what it does to which portfolios, and what comes in between."""

    vendor: str
    items: list[tuple[str, int, int]]
    files: int
    also_removes_a_po_line: bool
    verdict: str
    bought_meanwhile: bool
    crash: int | None


@dataclass(frozen=True)
class StaffStep:
    """Staff attach or detach something at some portfolio."""

    act: str
    which: int


@dataclass(frozen=True)
class UndoStep:
    """The vendor's last run is undone."""

    vendor: str
    bought_meanwhile: bool
    crash: int | None


EVERYWHERE = -1
"""Crash at every statement boundary of the transaction, one after another."""

ACTIONS = ("activate", "activate", "update", "update and coverage", "coverage", "remove", "missing", "grants")


def step_of(life: int, number: int) -> "PlanStep | StaffStep | UndoStep":
    """The step of this number in a life: always the same one. Hypothesis chooses numbers, which are few and shrink."""
    chance = random.Random(f"{life} {number}")
    vendor = chance.choice(("north", "north", "south"))
    crash = chance.choice((None, None, None, chance.randrange(22), chance.randrange(22)))
    if chance.random() < 0.02:
        crash = EVERYWHERE
    kind = chance.choices(("plan", "staff", "undo"), (50, 34, 16))[0] if number else "plan"
    if kind == "undo":
        return UndoStep(vendor, chance.random() < 0.2, crash)
    if kind == "staff":
        act = chance.choices(("PO line", "license", "detach"), (60, 20, 20))[0]
        return StaffStep(act, chance.randrange(8))
    return PlanStep(
        vendor=vendor,
        items=[
            (chance.choice(ACTIONS) if number else "activate", chance.randrange(8), chance.randrange(500))
            for _ in range(chance.randint(1, 6))
        ],
        files=chance.randrange(9),
        also_removes_a_po_line=chance.random() < 0.5,
        verdict=chance.choices(("ready", "accepted", "rejected"), (84, 8, 8))[0],
        bought_meanwhile=chance.random() < 0.1,
        crash=crash,
    )


_LIVES = st.tuples(
    st.integers(0, 2**24 - 1),
    st.sampled_from((*[1] * 8, *[2] * 4, 3, 3, 4, 6)).flatmap(
        lambda steps: st.lists(st.integers(1, 99), min_size=steps, max_size=steps)
    ),
)


@cache
def looks(look: int) -> Row:
    """How a portfolio may look, every field by chance."""
    chance = random.Random(look)
    for_all, groups = chance.choice(GROUPS)
    texts = {
        name: chance.choice((None, f"{name} {chance.randrange(3)}", "Zeitschrift für 'Ä' 漢"))
        for name in PORTFOLIO_TEXTS
    }
    return {"title": f"Journal {look}"} | texts | {"available_for_all": for_all, "available_for": list(groups)}


@cache
def covers(look: int) -> list[Row]:
    """The statements of a portfolio, none to three."""
    chance = random.Random(look)
    statements = []
    for number in range(chance.choice((0, 1, 1, 2, 3))):
        for_all, groups = chance.choice(GROUPS)
        texts = {name: chance.choice((None, f"{name} {chance.randrange(3)}")) for name in STATEMENT_TEXTS}
        begin = date(1980 + 10 * number + chance.randrange(3), 1, 1)
        end = chance.choice((None, begin.replace(month=12, day=31)))
        statements.append(
            {"statement_no": number + 1} | texts | {"from_date": begin, "until_date": end}
            | {"available_for_all": for_all, "available_for": list(groups)}
        )  # fmt: skip
    return statements


# ---- the model


@dataclass
class State:
    """What there is at one moment: rows by key for each table that has a history, and each profile's file."""

    versions: Versions = field(default_factory=lambda: {table: {} for table in HISTORY})
    files: dict[str, str] = field(default_factory=dict)

    def copy(self) -> "State":
        """Another state that may be changed; rows never are."""
        return State({table: dict(found) for table, found in self.versions.items()}, dict(self.files))

    def __getitem__(self, table: str) -> dict[tuple[Any, ...], Row]:
        return self.versions[table]

    @property
    def portfolios(self) -> dict[int, Row]:
        return {key[0]: row for key, row in self["portfolio_version"].items()}

    @property
    def bought(self) -> set[int]:
        """Portfolios with a PO line."""
        return {key[0] for key, row in self["acquisition_version"].items() if row["po_line"] is not None}

    def write(self, table: str, row: Row) -> None:
        self[table][tuple(row[name] for name in KEYS[table])] = row

    def drop(self, table: str, portfolio_id: int) -> None:
        for key in [key for key in self[table] if key[0] == portfolio_id]:
            del self[table][key]


@dataclass
class Contents:
    """What a plan would write, and the portfolios that it would remove."""

    portfolios: list[Row] = field(default_factory=list)
    statements: list[Row] = field(default_factory=list)
    grants: list[Row] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)

    def applied_to(self, before: State, now: datetime) -> State:
        """What an apply should make of a state."""
        after = before.copy()
        for number in self.removed:
            after.drop("portfolio_version", number)
            after.drop("coverage_version", number)
        for planned in self.portfolios:
            row = {name: value for name, value in planned.items() if name not in ("is_missing", "writes_coverage")}
            row["activated_at"] = row["activated_at"] or now
            row["missing_since"] = now if planned["is_missing"] else row["missing_since"]
            after.write("portfolio_version", row)
            if planned["writes_coverage"]:
                after.drop("coverage_version", row["portfolio_id"])
        for statement in self.statements:
            after.write("coverage_version", statement)
        for planned in self.grants:
            row = {name: planned[name] for name in ("portfolio_id", "collection", "profile", "missing_since")}
            after["portfolio_grant"].pop((row["portfolio_id"], row["profile"]), None)
            if planned["is_granted"]:
                row["missing_since"] = now if planned["goes_missing"] else row["missing_since"]
                after.write("portfolio_grant", row)
        return after


def undone(vendor: str, before: State, present: State, now: datetime) -> State:
    """What an undo should make of a vendor's portfolios: all as before, but for what has a PO line since."""
    after = present.copy()
    own = {number for state in (before, present) for number, row in state.portfolios.items() if is_of(row, vendor)}
    for number in own:
        for table in ("portfolio_version", "coverage_version", "portfolio_grant"):
            if table == "portfolio_grant" or number in before.portfolios or number not in present.bought:
                after.drop(table, number)
                after[table].update({key: row for key, row in before[table].items() if key[0] == number})
        if number not in before.portfolios and number in present.bought:
            row = present.portfolios[number]
            after.write("portfolio_version", row | {"missing_since": row["missing_since"] or now})
    after.files = {p: sha for p, sha in present.files.items() if p not in PROFILES[vendor]}
    after.files |= {p: sha for p, sha in before.files.items() if p in PROFILES[vendor]}
    return after


def is_of(portfolio: Row, vendor: str) -> bool:
    return str(portfolio["collection"]).endswith(vendor)


# ---- a life


@dataclass
class Life:
    """Steps that are taken in an empty warehouse, and the states that the model says they lead to."""

    connection: Connection
    home: Home
    configuration: Configuration
    seen: Counter[str]
    states: list[tuple[datetime | None, State, str | None]] = field(default_factory=lambda: [(None, State(), None)])
    runs: dict[str, list[int]] = field(default_factory=lambda: {vendor: [] for vendor in PROFILES})
    barred: set[str] = field(default_factory=set)
    numbers: Any = field(default_factory=lambda: itertools.count(1))
    names: Any = field(default_factory=lambda: itertools.count(1))

    @property
    def present(self) -> State:
        return self.states[-1][1]

    def live(self, steps: list[Any]) -> None:
        """Take the steps and look after each."""
        emptied = "; ".join(f"DELETE FROM {table}" for table in TABLES)
        collections = ", ".join(f"('Journals of {vendor}', '{vendor}')" for vendor in PROFILES)
        self.connection.execute(
            f"BEGIN; {emptied}; INSERT INTO electronic_collection (name, vendor) VALUES {collections}; COMMIT"
        )
        for step in steps:
            if isinstance(step, PlanStep):
                self.take_plan(step)
            elif isinstance(step, UndoStep):
                self.undo(step)
            else:
                self.staff(step.act, step.which)
            self.check()
        self.ask_the_past(len(steps))
        self.seen["lives"] += 1
        shutil.rmtree(self.home.path)

    # -- steps

    def take_plan(self, step: PlanStep) -> None:
        """Make a plan and carry it out, unless it is to be refused."""
        vendor = step.vendor
        contents = self.contents(step)
        wrong = sorted(n for n in self.present.bought & self.own(vendor) if n not in contents.removed)
        if step.also_removes_a_po_line and wrong:
            self.refuse_wrong_plan(step, contents, random.Random(step.files).choice(wrong))
        grants, files = self.file_grants(vendor, step.files)
        plan = self.stage(vendor, contents, files, step.verdict)
        self.seen["plans"] += 1

        def act(connection: Any, run: str) -> None:
            inputs = Inputs(VENDOR, grants, (), ("LAW", "MAIN"), POLICIES, plan.inputs_hash)
            apply_plan(connection, self.home, plan, inputs, run, "test")

        if step.verdict != "ready":
            self.refused(act, "held")
            decide = decisions.accept if step.verdict == "accepted" else decisions.reject
            plan = decide(self.connection, plan.plan_id, "looked at", "a person")
        if step.bought_meanwhile and self.staff("PO line", step.files, sorted(self.own(vendor))):
            self.refused(act, "lapsed or rejected")
            return
        if step.verdict == "rejected":
            self.refused(act, "lapsed or rejected")
            return
        moment, run = self.carry_out(plan.plan_id, act, step.crash)
        after = contents.applied_to(self.present, moment)
        after.files = {p: sha for p, sha in after.files.items() if p not in PROFILES[vendor]} | files
        self.reached(moment, after, run, vendor)
        self.seen["runs"] += 1
        self.seen["removed"] += len(contents.removed)

    def refuse_wrong_plan(self, step: PlanStep, contents: Contents, bought: int) -> None:
        """The same plan, but that a portfolio with a PO line would go too: none of it is done (rule C19)."""
        wrong = Contents(
            [p for p in contents.portfolios if p["portfolio_id"] != bought],
            [s for s in contents.statements if s["portfolio_id"] != bought],
            [g for g in contents.grants if g["portfolio_id"] != bought] + self.grants_end(bought),
            [*contents.removed, bought],
        )
        grants, files = self.file_grants(step.vendor, step.files)
        plan = self.stage(step.vendor, wrong, files, "ready")
        self.seen["plans"] += 1

        def act(connection: Any, run: str) -> None:
            inputs = Inputs(VENDOR, grants, (), ("LAW", "MAIN"), POLICIES, plan.inputs_hash)
            apply_plan(connection, self.home, plan, inputs, run, "test")

        before = self.digest()
        with pytest.raises(duckdb.Error, match="would remove portfolios with PO lines"):
            act(self.connection, "run-wrong")
        assert self.digest() == before, "a plan that failed left something behind"
        self.seen["refused: would remove a PO line's portfolio"] += 1

    def undo(self, step: UndoStep) -> None:
        """Undo the vendor's last run, whether that was of files or an undo."""
        if not self.runs[step.vendor]:
            return
        last = self.runs[step.vendor][-1]
        before, run = self.states[last - 1][1], self.states[last][2]
        assert run is not None
        undone_plan = find_undoable(self.connection, run, step.vendor)

        def planned() -> Callable[[Any, str], None]:
            plan = plan_undo(self.connection, self.home, self.configuration, undone_plan, "")
            self.is_staged_alike(plan)
            return lambda connection, name: self.undo_with(connection, plan.plan_id, name)

        act = planned()
        if step.bought_meanwhile and self.staff("PO line", 0, sorted(self.own(step.vendor) - before.portfolios.keys())):
            self.refused(act, "lapsed or rejected")
            act = planned()
        plan_id = scalar(self.connection, "SELECT plan_id FROM plan WHERE kind = 'undo' AND status = 'ready'")
        moment, name = self.carry_out(plan_id, act, step.crash)
        after = undone(step.vendor, before, self.present, moment)
        if not self.own(step.vendor) & self.present.bought - before.portfolios.keys():
            self.seen["undone to the state before"] += 1
            assert own_part(after, step.vendor) == own_part(before, step.vendor)
        if undone_plan.kind == "upload":
            old = before.files
            with_it = {file["profile"]: file["file_sha256"] for file in undone_plan.files}
            brought = {sha for profile, sha in with_it.items() if old.get(profile) != sha} or set(with_it.values())
            found = "SELECT count(*) FROM kbart_file WHERE list_contains(?, file_sha256) AND status = 'barred'"
            assert scalar(self.connection, found, [sorted(brought)]) == len(brought), "an undone file is not barred"
            self.barred |= brought
        self.reached(moment, after, name, step.vendor)
        self.seen["undos"] += 1
        self.seen["undos of undos"] += undone_plan.kind == "undo"

    def undo_with(self, connection: Any, plan_id: str, run: str) -> None:
        apply_undo(connection, self.home, load_plan(self.connection, plan_id), run, "test", "for a test")

    def staff(self, act: str, which: int, among: list[int] | None = None) -> bool:
        """Attach or detach at some portfolio; says whether there was one."""
        present = self.present
        attached = present["acquisition_version"]
        if act == "detach":
            among = sorted(key[0] for key in attached if key[0] in present.portfolios)
        among = sorted(present.portfolios) if among is None else among
        if not among:
            return False
        number = among[which % len(among)]
        details = dict.fromkeys(DETAILS) | (attached.get((number,)) or {}) | {"portfolio_id": number}
        if act == "PO line":
            details |= {"po_line": f"POL-{number}", "internal_note": f"for {number}", "portfolio_pid": f"53{number}"}
        elif act == "license":
            details |= {"license": f"License {number}", "public_note": "ask at the desk"}
        after = present.copy()
        after.drop("acquisition_version", number)
        with transaction(self.connection) as now:
            self.connection.execute(
                "UPDATE acquisition_version SET valid_to = ?, ended_by = 'staff' WHERE portfolio_id = ? "
                "AND valid_to IS NULL",
                [now, number],
            )
            if act != "detach":
                after.write("acquisition_version", details)
                self.connection.execute(
                    "INSERT INTO acquisition_version (portfolio_id, po_line, license, public_note, internal_note, "
                    "portfolio_pid, valid_from, acted_by) VALUES (?, ?, ?, ?, ?, ?, ?, 'staff')",
                    [number, *(details[name] for name in DETAILS), now],
                )
            vendor = next(vendor for vendor in PROFILES if is_of(present.portfolios[number], vendor))
            advance(self.connection, vendor, now)
        self.reached(now, after, None, None)
        self.seen[f"staff: {act}"] += 1
        return True

    # -- plans

    def contents(self, step: PlanStep) -> Contents:
        """What the step's items come to at the present portfolios, each of which has one item at most."""
        present, made = self.present, Contents()
        free = sorted(self.own(step.vendor))
        for action, which, look in step.items:
            removable = [number for number in free if number not in present.bought]
            candidates = removable if action == "remove" else [] if action == "activate" else free
            if not candidates:
                if action == "activate" or not free:
                    self.write(made, next(self.numbers), step.vendor, None, look)
                continue
            number = candidates[which % len(candidates)]
            free.remove(number)
            now = present.portfolios[number]
            if action == "remove":
                made.removed.append(number)
                made.grants += self.grants_end(number)
            elif action == "missing":
                is_missing = now["missing_since"] is None
                row = now | {"availability": ("available", "not available")[look % 2]}
                made.portfolios.append(row | {"is_missing": is_missing, "writes_coverage": False})
                made.grants += self.grants_end(number)
            elif action == "grants":
                made.grants += self.grants_change(number, step.vendor, look)
            elif action == "coverage":
                made.portfolios.append(now | {"is_missing": False, "writes_coverage": True})
                made.statements += [{"portfolio_id": number} | statement for statement in covers(look)]
            else:
                self.write(made, number, step.vendor, now, look, covered=action == "update and coverage")
        return made

    def write(
        self, made: Contents, number: int, vendor: str, now: Row | None, look: int, *, covered: bool = True
    ) -> None:
        """A file states a portfolio, for the first time or otherwise than before."""
        row = {"portfolio_id": number, "collection": f"Journals of {vendor}"} | looks(look)
        row |= {"availability": "available", "activated_at": now["activated_at"] if now else None}
        # what tells portfolios apart is each one's own
        row |= {"online_identifier": f"{number:04}-0000", "print_identifier": f"{number:04}-1111"}
        made.portfolios.append(row | {"missing_since": None, "is_missing": False, "writes_coverage": covered})
        if covered:
            made.statements += [{"portfolio_id": number} | statement for statement in covers(look)]
        if now is None:
            named_by = (PROFILES[vendor], PROFILES[vendor][:1], PROFILES[vendor][1:])[look % 3]
            made.grants += [self.grant(number, vendor, profile) for profile in named_by]
        else:
            made.grants += self.grants_change(number, vendor, look)

    def grant(self, number: int, vendor: str, profile: str, **more: Any) -> Row:
        row = {"portfolio_id": number, "collection": f"Journals of {vendor}", "profile": profile}
        return row | {"missing_since": None, "goes_missing": False, "is_granted": True} | more

    def grants_end(self, number: int) -> list[Row]:
        found = [row for key, row in self.present["portfolio_grant"].items() if key[0] == number]
        return [row | {"missing_since": None, "goes_missing": False, "is_granted": False} for row in found]

    def grants_change(self, number: int, vendor: str, look: int) -> list[Row]:
        """Profiles that begin, go on, stop or go missing, by chance."""
        chance, changed = random.Random(look), []
        for profile in PROFILES[vendor]:
            present = self.present["portfolio_grant"].get((number, profile))
            fate = chance.choice(("stay", "grant", "end", "missing"))
            if fate == "grant":
                changed.append(self.grant(number, vendor, profile))
            elif fate == "end" and present:
                changed.append(self.grant(number, vendor, profile, is_granted=False))
            elif fate == "missing" and present:
                since = present["missing_since"]
                more = {"missing_since": since, "goes_missing": since is None}
                changed.append(self.grant(number, vendor, profile, **more))
        return changed

    def file_grants(self, vendor: str, chosen: int) -> tuple[tuple[Grant, ...], dict[str, str]]:
        """The profiles' files for a plan, each the accepted one, a new one, or none because it is retired."""
        grants, files = [], {}
        for profile, fate in zip(PROFILES[vendor], divmod(chosen, 3), strict=True):
            accepted = self.present.files.get(profile)
            sha = accepted
            if fate == 1 or accepted is None:
                sha = f"sha-{next(self.names)}"
                self.connection.execute(
                    "INSERT INTO kbart_file (profile, vendor, file_sha256, status) VALUES (?, ?, ?, 'read')",
                    [profile, vendor, sha],
                )
            assert sha is not None
            is_retired = fate == 2 and accepted is not None
            grants.append(
                Grant(
                    profile=profile, file_sha256=sha, file_name="file", file_date=None, groups=(), title_list=Path(),
                    accepted_sha256=accepted, accepted_date=None, accepted_before=False,
                    barred="undone" if sha in self.barred else None, is_retired=is_retired,
                )
            )  # fmt: skip
            if not is_retired:
                files[profile] = sha
        return tuple(grants), files

    def stage(self, vendor: str, contents: Contents, files: dict[str, str], verdict: str) -> Plan:
        """Store a plan as the planner does: contents in staging, the plan and its items in the warehouse."""
        plan_id = next_plan_id(self.connection, vendor)
        for part, schema in STAGED.items():
            path = content_path(self.home, plan_id, part)
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pylist(getattr(contents, part), schema=schema), path)
        is_held = verdict != "ready"
        items = [("remove", number) for number in contents.removed]
        items += [("update" if row["activated_at"] else "activate", row["portfolio_id"]) for row in contents.portfolios]
        with transaction(self.connection) as now:
            lapse_plans(self.connection, vendor)
            self.connection.execute(
                "INSERT INTO plan (plan_id, vendor, run_id, kind, made_at, inputs_hash, generation, files, status, "
                "hold_reasons, counters, notes, losses) VALUES (?, ?, '', 'upload', ?, ?, ?, ?, ?, ?, [], [], [])",
                [
                    plan_id, vendor, now, f"inputs of {plan_id}", generation(self.connection, vendor),
                    [{"profile": profile, "file_sha256": sha} for profile, sha in files.items()],
                    "held" if is_held else "ready", ["It would lose much."] if is_held else [],
                ],
            )  # fmt: skip
            self.connection.execute(
                "INSERT INTO plan_item BY NAME SELECT ? AS plan_id, ? AS collection, unnest(?::VARCHAR[]) AS action, "
                "unnest(?::BIGINT[]) AS portfolio_id",
                [plan_id, f"Journals of {vendor}", [action for action, _ in items], [number for _, number in items]],
            )
        return load_plan(self.connection, plan_id)

    def is_staged_alike(self, plan: Plan) -> None:
        """What the product stages has the columns that the test stages."""
        for part, schema in STAGED.items():
            found = pq.read_schema(content_path(self.home, plan.plan_id, part))
            assert set(found.names) == set(schema.names)

    # -- carrying out

    def carry_out(self, plan_id: str, act: Callable[[Any, str], None], crash: int | None) -> tuple[datetime, str]:
        """Let the transaction die where the step says, look that all of it or nothing was done, then let it be done."""
        run = f"run-{next(self.names):04}"
        committed = False
        if crash is not None:
            before = self.digest()
            for boundary in itertools.count() if crash == EVERYWHERE else (crash,):
                dying = CrashingConnection(self.connection, boundary)
                with pytest.raises(Crash):
                    act(dying, run)
                self.seen["crashes"] += 1
                committed = dying.committed
                self.seen[f"crashes at boundary {'after COMMIT' if committed else format(dying.executed, '02')}"] += 1
                if committed:
                    break
                assert self.digest() == before, f"half a run, after {dying.executed} statements"
        if committed:
            self.refused(act, "done already")
        else:
            act(self.connection, run)
        found = rows(
            self.connection, "SELECT status, applied_at, applied_run_id FROM plan WHERE plan_id = ?", [plan_id]
        )
        assert (found[0]["status"], found[0]["applied_run_id"]) == ("applied", run)
        return found[0]["applied_at"], run

    def refused(self, act: Callable[[Any, str], None], why: str) -> None:
        before = self.digest()
        with pytest.raises(Exception, match=r"Nothing was applied|not an undo that waits|is applied") as refusal:
            act(self.connection, "run-refused")
        assert type(refusal.value).__name__ in (NotApplicable.__name__, "NotPossible")
        assert self.digest() == before, "a refused plan left something behind"
        self.seen[f"refused: {why}"] += 1

    def reached(self, moment: datetime, state: State, run: str | None, vendor: str | None) -> None:
        last = self.states[-1][0]
        assert last is None or moment > last, "two changes at one moment"
        self.states.append((moment, state, run))
        if vendor is not None:
            self.runs[vendor].append(len(self.states) - 1)

    def own(self, vendor: str) -> set[int]:
        """The vendor's portfolios."""
        return {number for number, row in self.present.portfolios.items() if is_of(row, vendor)}

    # -- what must hold

    def digest(self) -> list[Any]:
        """All of the warehouse: equal only when nothing at all has changed."""
        return self.connection.execute("EXECUTE digest").fetchall()

    def check(self) -> None:
        """The history, replayed from nothing, passes through the states of the model and ends in the present one."""
        found = {table: self.read(f"FROM {table}") for table in HISTORY}
        files = dict(self.connection.execute("SELECT profile, file_sha256 FROM entitlement").fetchall())
        assert files == self.present.files, "profiles rest on other files"
        runs = {moment: run for moment, _, run in self.states if moment}
        came: dict[Any, list[tuple[str, Row]]] = defaultdict(list)
        went: dict[Any, list[tuple[str, Row]]] = defaultdict(list)
        for table, versions in found.items():
            for version in versions:
                assert version["valid_from"] in runs, "a version that no run and nobody brought"
                came[version["valid_from"]].append((table, version))
                if version["valid_to"] is not None:
                    assert version["valid_to"] in runs and version["valid_to"] > version["valid_from"]
                    went[version["valid_to"]].append((table, version))
                if table != "acquisition_version":
                    ended_by = runs[version["valid_to"]] if version["valid_to"] else None
                    assert (version["run_id"], version["ended_by_run_id"]) == (runs[version["valid_from"]], ended_by)
                else:
                    touched = {version["valid_from"], version["valid_to"]} - {None}
                    assert not any(runs[moment] for moment in touched), "a run wrote a PO line"
        replayed: Versions = {table: {} for table in HISTORY}
        for moment, state, _ in self.states[1:]:
            for table, version in went[moment]:
                assert replayed[table].pop(key_of(table, version)) == contents_of(version), "what ended was not there"
            for table, version in came[moment]:
                assert key_of(table, version) not in replayed[table], "two versions at one time"
                replayed[table][key_of(table, version)] = contents_of(version)
            assert replayed == state.versions, "the history is not what happened"
            assert state.bought <= state.portfolios.keys(), "a portfolio with a PO line was lost"
        shown = {row["portfolio_id"] for row in found["portfolio_version"] if row["valid_to"] is None}
        assert self.present.bought <= shown

    def ask_the_past(self, chosen: int) -> None:
        """The macros that staff ask give a past moment's state too, up to just before the next one."""
        if len(self.states) < 2:
            return
        number = 1 + chosen % (len(self.states) - 1)
        moment, state, _ = self.states[number]
        for macro, table in (("portfolio_as_of", "portfolio_version"), ("coverage_as_of", "coverage_version")):
            found = self.read(f"FROM {macro}(?)", [moment])
            assert {key_of(table, row): contents_of(row) for row in found} == state[table]
            earlier = self.read(f"FROM {macro}(?::TIMESTAMPTZ - INTERVAL 1 microsecond)", [moment])
            assert {key_of(table, row): contents_of(row) for row in earlier} == self.states[number - 1][1][table]

    def read(self, query: str, parameters: list[Any] | None = None) -> list[Row]:
        return rows(self.connection, query, parameters)


_DIGEST = " UNION ALL ".join(f"SELECT '{t}', count(*), sum(hash(t)::HUGEINT) FROM {t} AS t" for t in TABLES)


def key_of(table: str, version: Row) -> tuple[Any, ...]:
    return tuple(version[name] for name in KEYS[table])


def contents_of(version: Row) -> Row:
    return {name: value for name, value in version.items() if name not in OF_THE_VERSION}


def own_part(state: State, vendor: str) -> tuple[Any, ...]:
    """All that a vendor's runs may write."""
    own = {number for number, row in state.portfolios.items() if is_of(row, vendor)}
    tables = ("portfolio_version", "coverage_version", "portfolio_grant")
    parts = [{key: row for key, row in state[table].items() if key[0] in own} for table in tables]
    return (*parts, {profile: sha for profile, sha in state.files.items() if profile in PROFILES[vendor]})


# ---- many lives


class Warehouses:
    """The warehouse that lives are lived in, one after another, each in empty tables; now and then a new file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open = ExitStack()
        self._lives = 0
        self._scene: tuple[Connection, Configuration] | None = None

    def __enter__(self) -> "Warehouses":
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def scene(self) -> tuple[Connection, Home, Configuration]:
        """Where the next life is lived."""
        if self._scene is None or self._lives % LIVES_IN_ONE_WAREHOUSE == 0:
            self._open.close()
            home = Home(self._folder / f"home-{self._lives}")
            home.create()
            home.config_file.write_text("institution: {name: Example, timezone: UTC}\n")
            connection = self._open.enter_context(open_warehouse(home.warehouse))
            # tables of a few rows: threads would only wait for each other, and optimising costs more than it saves
            connection.execute("SET threads = 1; PRAGMA disable_optimizer")
            connection.execute(f"PREPARE digest AS {_DIGEST}")
            self._scene = cast(Connection, ParsedOnce(connection)), load_configuration(home)
        self._lives += 1
        # each life stages in a folder of its own: the database keeps what it has read of a path for some time
        connection, configuration = self._scene
        return connection, Home(self._folder / f"life-{self._lives}"), configuration


def live_lives(folder: Path, count: int, number: int | None = None) -> Counter[str]:
    """So many lives, always the same ones for a number; counts what happened in them."""
    seen: Counter[str] = Counter()
    with Warehouses(folder) as warehouses:

        @settings(
            max_examples=count, deadline=None, database=None, derandomize=number is None,
            phases=(Phase.generate, Phase.shrink), suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(_LIVES)
        def live(chosen: tuple[int, list[int]]) -> None:
            life, numbers = chosen
            steps = [step_of(life, number) for number in (0, *numbers)]
            note("\n".join(map(str, steps)))
            Life(*warehouses.scene(), seen).live(steps)

        (live if number is None else seed(number)(live))()
    return seen


@pytest.mark.rule("A9", "A10", "C19", "C20")
def test_no_sequence_of_plans_loses_a_po_line_half_applies_a_run_or_forgets_its_past(tmp_path: Path) -> None:
    seen = live_lives(tmp_path, LIVES)
    assert seen["lives"] >= LIVES
    expected = (
        "removed", "staff: PO line", "undone to the state before", "undos of undos", "refused: held",
        "refused: would remove a PO line's portfolio", "refused: lapsed or rejected", "refused: done already",
    )  # fmt: skip
    assert all(seen[what] for what in expected), seen
    boundaries = [name for name in seen if name.startswith("crashes at boundary ")]
    assert len(boundaries) > 15, seen


def _long_run(folder: str, count: int, number: int) -> Counter[str]:
    place = Path(folder) / str(number)
    place.mkdir()
    try:
        return live_lives(place, count, number)
    except BaseException:  # not every exception finds its way back to another process
        raise AssertionError(f"lives of number {number}: {traceback.format_exc()}") from None
    finally:
        shutil.rmtree(place)


def main(wanted: int, processes: int) -> None:
    """The long run: always the same lives, whatever the number of processes; prints how far it is, then the figures."""
    began = time.monotonic()
    total: Counter[str] = Counter()
    parts = [min(LIVES, wanted - begun) for begun in range(0, wanted, LIVES)]
    with tempfile.TemporaryDirectory() as place, ProcessPoolExecutor(processes) as pool:
        running = [pool.submit(_long_run, place, count, number) for number, count in enumerate(parts, start=1)]
        for part in as_completed(running):
            total += part.result()
            print(
                f"{total['lives']:,} lives, {total['plans']:,} plans after {time.monotonic() - began:,.0f} s",
                flush=True,
            )
    for name, value in sorted(total.items()):
        print(f"{value:>9,} {name}")
    print(f"{time.monotonic() - began:>9,.0f} seconds, processes: {processes}, DuckDB {duckdb.__version__}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else LIVES, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
