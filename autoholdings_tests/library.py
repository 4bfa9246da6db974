"""A small library to test with: a home on disk, vendors on loopback, runs as plain steps, questions in SQL.

What belongs here: setting a scene and asking about its outcome. What does not: what the outcome should be.
"""

import atexit
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
import yaml

from autoholdings_assets.config import Home
from autoholdings_assets.demo.vendor import Account, DemoVendors, ServedFile
from autoholdings_assets.holdings import decisions, row_parts, title_lists
from autoholdings_assets.holdings.warehouse import open_warehouse
from autoholdings_assets.holdings.warehouse import rows as rows_of
from autoholdings_assets.kbart.fields import FIELD_NAMES
from autoholdings_assets.pipeline import steps
from autoholdings_assets.pipeline.launch import open_instance
from autoholdings_assets.pipeline.steps import PlanSummary, PortfoliosSummary, RunContext
from autoholdings_assets.vendors.model import Vendor, load_vendors

JOURNALS = "Wiley Online Library - AutoHoldings Journals"
BOOKS = "Wiley Online Library - AutoHoldings Books"
VENDORS = load_vendors()

Row = Mapping[str, str]
T = TypeVar("T")
Cli = Callable[..., tuple[int, str]]
"""`autoholdings WORDS` for the library's home: the exit status, and all that was printed."""


def journal(title: str, online: str = "", print_id: str = "", start: str = "2000", end: str = "", **more: str) -> Row:
    """A row of a serial; the keywords are KBART's columns."""
    return {
        "publication_title": title,
        "print_identifier": print_id,
        "online_identifier": online,
        "date_first_issue_online": start,
        "date_last_issue_online": end,
        "title_url": f"https://vendor.example/journal/{(online or print_id or title).replace(' ', '-')}",
        "title_id": (online or print_id or title).replace("-", ""),
        "coverage_depth": "fulltext",
        "publication_type": "serial",
        "access_type": "P",
    } | more


def book(title: str, online: str = "", print_id: str = "", **more: str) -> Row:
    """A row of a monograph."""
    return {
        "publication_title": title,
        "print_identifier": print_id,
        "online_identifier": online,
        "title_url": f"https://vendor.example/book/{(online or title).replace(' ', '-')}",
        "title_id": online or title.replace(" ", ""),
        "coverage_depth": "fulltext",
        "publication_type": "monograph",
        "date_monograph_published_online": "2015",
        "access_type": "P",
    } | more


def issn(number: int) -> str:
    """The ISSN with this number and the right check digit."""
    digits = f"{number:07}"
    check = -sum(int(digit) * weight for digit, weight in zip(digits, range(8, 1, -1), strict=True)) % 11
    return f"{digits[:4]}-{digits[4:]}{'X' if check == 10 else check}"


def isbn(number: int) -> str:
    """The ISBN-13 with this number and the right check digit."""
    digits = f"978{number:09}"
    return digits + str(-sum(int(digit) * (1 + 2 * (place % 2)) for place, digit in enumerate(digits)) % 10)


def kbart(rows: Iterable[Row]) -> bytes:
    """A KBART file with these rows."""
    lines = [FIELD_NAMES, *([row.get(name, "") for name in FIELD_NAMES] for row in rows)]
    return "".join("\t".join(line) + "\n" for line in lines).encode()


@dataclass
class Feed:
    """An integration profile and the vendor's account behind it."""

    name: str
    account: Account
    published: int = 0

    def serves(self, content: bytes | Iterable[Row] | Path, name: str | None = None) -> None:
        """Let the vendor publish this file, dated a week after the last one unless it has a name."""
        if isinstance(content, Path):
            name = name or content.name
            content = content.read_bytes()
        elif not isinstance(content, bytes):
            content = kbart(content)
        day = datetime(2026, 1, 3, tzinfo=UTC) + timedelta(weeks=self.published)
        self.published += 1
        self.account.publish(content, name or f"Vendor_Global_All_{day:%Y-%m-%d}.txt", day)


@dataclass
class Outcome:
    """What a run came to: the words of its ``job_run``, its plan, and the error that ended it, if one did."""

    run_id: str
    outcome: str | None
    message: str | None
    plan: PlanSummary | None = None
    portfolios: PortfoliosSummary | None = None
    error: Exception | None = None

    @property
    def actions(self) -> dict[str, int]:
        """How many titles each action was planned for, without those that stay as they are."""
        actions = self.plan.plan.actions if self.plan and self.plan.plan else {}
        return {name: count for name, count in actions.items() if name not in ("unchanged", "years of coverage lost")}


def configuration(*groups: str, collections: Iterable[str] = (JOURNALS, BOOKS)) -> dict[str, Any]:
    """An institution of one campus, or with these groups, without profiles, whose plans are not held for their losses.

    Two or three titles are all of a small test's holdings; the tests of the guard set the real policy.
    """
    institution: dict[str, Any] = {"name": "University of Example", "timezone": "America/New_York"}
    if groups:
        institution |= {"customer_parameters": {"multi_campus_inventory_management": True}, "groups": [*groups]}
    return {
        "institution": institution,
        "electronic_collections": [{"name": name} for name in collections],
        "integration_profiles": [],
        "policies": {"loss_guard": {"active": False}},
    }


def new_home(path: Path) -> Home:
    """A home with an empty warehouse and an empty Dagster instance, copied: to set them up takes a second each time."""
    home = Home(path)
    shutil.copytree(_empty_home(), path, dirs_exist_ok=True)
    return home


@cache
def _empty_home() -> Path:
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    home = Home(folder)
    home.create()
    with pytest.MonkeyPatch.context() as environment, open_warehouse(home.warehouse):
        for variable in ("AUTOHOLDINGS_HOME", "DAGSTER_HOME"):  # opening the instance sets them
            environment.setenv(variable, "")
        with open_instance(home):
            return folder


@dataclass(frozen=True)
class Told:
    """Where a story left a library: its home, the files of its vendors, and what the story gave."""

    home: Path
    runs: int
    served: Mapping[str, tuple[int, ServedFile | None]]
    result: Any


_TOLD: dict[Hashable, Told] = {}


@dataclass
class Library:
    """An institution with its home, its profiles and the vendors that these speak to."""

    home: Home
    vendors: DemoVendors
    monkeypatch: pytest.MonkeyPatch
    configuration: dict[str, Any]
    feeds: dict[str, Feed] = field(default_factory=dict)
    runs: int = 0

    def profile(self, name: str, vendor: Vendor = VENDORS["wiley"], *, active: bool = True, **keys: Any) -> Feed:
        """Add an integration profile, with an account at the vendor on loopback."""
        credentials = {c.name: f"secret-{c.name}-of-{name}" for c in vendor.credentials if not c.optional}
        account = self.vendors.open_account(vendor, **credentials)
        variables = {c: f"TEST_{name}_{c}".upper().replace("-", "_") for c in credentials}
        for credential, variable in variables.items():
            self.monkeypatch.setenv(variable, credentials[credential])
        self.configuration["integration_profiles"].append(
            {"name": name, "vendor": vendor.name, "active": active, "url": account.url}
            | {credential: f"${{{variable}}}" for credential, variable in variables.items()}
            | keys
        )
        self.save()
        self.feeds[name] = Feed(name, account)
        return self.feeds[name]

    def collection(self, name: str, **keys: Any) -> None:
        """Add or change the entry of an electronic collection."""
        entries = self.configuration["electronic_collections"]
        entry = next((e for e in entries if e["name"] == name), None)
        if entry is None:
            entries.append({"name": name} | keys)
        else:
            entry.update(keys)
        self.save()

    def change_profile(self, name: str, /, **keys: Any) -> None:
        """Change keys of a profile."""
        next(p for p in self.configuration["integration_profiles"] if p["name"] == name).update(keys)
        self.save()

    def save(self) -> None:
        """Write autoholdings.yaml."""
        self.home.config_file.write_text(yaml.safe_dump(self.configuration, sort_keys=False))

    def context(self, vendor: str = "wiley") -> RunContext:
        """The next run."""
        self.runs += 1
        return RunContext(self.home, vendor, f"run-{self.runs}", datetime.now(UTC), "a test")

    def run(self, vendor: str = "wiley", *, dry_run: bool = False) -> Outcome:
        """Run the vendor's steps one after another, as a Dagster run does, and publish."""
        context = self.context(vendor)
        outcome = Outcome(context.run_id, None, None)
        try:
            steps.retrieve_files(context)
            steps.read_title_lists(context)
            steps.merge_coverage(context)
            outcome.plan = steps.plan_changes(context)
            if not dry_run:
                outcome.portfolios = steps.apply_plan(context)
                steps.publish(context)
        except Exception as error:
            outcome.error = error
        for row in self.sql("SELECT outcome, message FROM job_run WHERE run_id = ?", context.run_id):
            outcome.outcome, outcome.message = row["outcome"], row["message"]
        return outcome

    def after(self, story: Callable[["Library"], T]) -> T:
        """Bring the library to where a story leaves it: runs and what staff do, but nothing in autoholdings.yaml.

        A story is told once in each process and its home copied for the tests after the first: a run takes a second.
        """
        return self._told(story, story)

    def first_run(self, vendor: str = "wiley") -> Outcome:
        """A run that is the library's first, where the test is about what comes after it.

        It is carried out once in each process for the same configuration and the same files, as a story is told.
        """
        assert not self.runs, "there was a run before"
        profiles = [{**profile, "url": None} for profile in self.configuration["integration_profiles"]]
        settings = {**self.configuration, "integration_profiles": profiles, "alerts": None}  # ports are each test's own
        served = tuple((name, feed.account.file) for name, feed in self.feeds.items())
        return self._told((vendor, yaml.safe_dump(settings), served), lambda library: library.run(vendor))

    def _told(self, key: Hashable, story: Callable[["Library"], T]) -> T:
        told = _TOLD.get(key)
        if told is None:
            result = story(self)
            kept = Path(tempfile.mkdtemp())
            atexit.register(shutil.rmtree, kept)
            shutil.copytree(self.home.path, kept / "home", symlinks=True)
            served = {name: (feed.published, feed.account.file) for name, feed in self.feeds.items()}
            told = _TOLD[key] = Told(kept / "home", self.runs, served, result)
        else:
            for path in self.home.path.iterdir():  # the home itself may be a disk of its own
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            shutil.copytree(told.home, self.home.path, symlinks=True, dirs_exist_ok=True)
            self.runs = told.runs
            for name, (published, file) in told.served.items():
                self.feeds[name].published, self.feeds[name].account.file = published, file
            self.save()
        return cast(T, told.result)

    def guard(self, **keys: Any) -> None:
        """Hold plans by the product's own policy, but for these keys."""
        self.configuration.setdefault("policies", {})["loss_guard"] = keys
        self.save()

    def accept(self, plan_id: str, why: str = "checked with the vendor") -> None:
        """Accept a held plan, as staff do."""
        with open_warehouse(self.home.warehouse) as connection:
            decisions.accept(connection, plan_id, why, "Ada")

    def reject(self, plan_id: str, why: str = "the file is cut off") -> None:
        """Reject a held plan, as staff do."""
        with open_warehouse(self.home.warehouse) as connection:
            decisions.reject(connection, plan_id, why, "Ada")

    def apply(self, vendor: str = "wiley") -> PortfoliosSummary:
        """Carry out the plan that is there, as materializing the portfolios alone does."""
        return steps.apply_plan(self.context(vendor))

    def undo(self, run_id: str, why: str = "the file was wrong", vendor: str = "wiley") -> PortfoliosSummary:
        """Undo a run, as staff do."""
        return steps.undo_run(self.context(vendor), run_id, why)[1]

    def sql(self, query: str, *parameters: Any) -> list[dict[str, Any]]:
        """Ask the warehouse."""
        with open_warehouse(self.home.warehouse) as connection:
            return rows_of(connection, query, list(parameters))

    def published(self, query: str, *parameters: Any) -> list[dict[str, Any]]:
        """Ask the published copy, as an SQL user does."""
        with duckdb.connect(str(self.home.published), read_only=True) as connection:
            return rows_of(connection, query, list(parameters))

    def write(self, statement: str, *parameters: Any) -> None:
        """Change the warehouse behind the pipeline's back."""
        with open_warehouse(self.home.warehouse) as connection:
            connection.execute(statement, list(parameters))

    def write_and_die(self, statement: str) -> None:
        """Change the warehouse as a DuckDB that is killed: it leaves the change in its log, and the file as it was."""
        dying = "import duckdb, os, sys\nwriter = duckdb.connect(sys.argv[1]).execute(sys.argv[2])\nos._exit(0)"
        subprocess.run([sys.executable, "-c", dying, str(self.home.warehouse), statement], check=True)

    def titles(self) -> dict[str, dict[str, Any]]:
        """The portfolios by title."""
        return {row["title"]: row for row in self.sql("FROM portfolio ORDER BY portfolio_id")}

    def statements(self, title: str) -> list[dict[str, Any]]:
        """The coverage statements of the portfolio with this title, in order."""
        return self.sql(
            "SELECT c.* FROM coverage AS c JOIN portfolio AS p USING (portfolio_id) "
            "WHERE p.title = ? ORDER BY statement_no",
            title,
        )

    def attach_po_line(self, title: str, po_line: str) -> None:
        """Attach a PO line, as staff do."""
        self.write(
            "INSERT INTO acquisition_version (portfolio_id, po_line, valid_from, acted_by) "
            "SELECT portfolio_id, ?, now(), 'staff' FROM portfolio WHERE title = ?",
            po_line,
            title,
        )

    def state(self) -> dict[str, list[dict[str, Any]]]:
        """All of the holdings and their history: what must not change when nothing is new."""
        tables = (
            "portfolio_version",
            "coverage_version",
            "acquisition_version",
            "portfolio_grant",
            "entitlement",
            "vendor_state",
        )
        with open_warehouse(self.home.warehouse) as connection:
            return {table: rows_of(connection, f"FROM {table} ORDER BY ALL") for table in tables}


def stage_rows(frame: pd.DataFrame, path: Path, kept: row_parts.Kept | None = None) -> None:
    """Stage the rows of a title list that no file has, beside those kept."""
    told = frame.assign(found=0, line=None, line_check=None)
    table = pa.Table.from_pandas(told[list(title_lists.COLUMNS)], preserve_index=False)
    title_lists.write_rows(table, path, kept)
