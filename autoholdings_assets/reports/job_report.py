"""The job report of a run: everything that it says, taken from the warehouse (rules C13, C15).

What belongs here: gathering. What does not: the words (``job_document.py``), how they look (``page.py``,
``markdown.py``), and where the report lies (``job_files.py``).
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from autoholdings_assets.config import Configuration
from autoholdings_assets.holdings import counting
from autoholdings_assets.holdings.plan import Plan, load_plan
from autoholdings_assets.holdings.runs import FAILED_AT_PROFILE, NOTHING_NEW, Run, find_runs
from autoholdings_assets.holdings.warehouse import Connection, rows
from autoholdings_assets.reports.queries import query

FIRST_TITLES = 10
"""Titles that are shown of each action."""
MOST_CASES = 20
MOST_REJECTED = 100
"""Faults that are shown of each file."""
COMPARED_RUNS = 8

Record = dict[str, Any]


@dataclass(frozen=True)
class File:
    """What the run met at a profile. ``outcome`` is that of ``job_run_profile``, or None where nobody was asked and the
    plan rests on a file that was there."""

    profile: str
    groups: list[str]
    outcome: str | None
    message: str
    advice: str
    file_sha256: str | None
    file_name: str | None
    file_date: date | None
    total_rows: int | None
    valid_rows: int | None
    rejected_rows: int | None
    excluded_rows: int | None

    @property
    def failed(self) -> bool:
        """Whether the profile brought nothing that can be used."""
        return self.outcome in FAILED_AT_PROFILE


@dataclass(frozen=True)
class Counted:
    """Figures of a collection, or of a profile or group (``of``) in it."""

    collection: str | None
    of: str | None
    portfolios: int | None
    counts: dict[str, int]


@dataclass(frozen=True)
class JobReport:
    """One run of one vendor, as at ``written_at``.

    ``plan`` is what the run made or carried out, None where it made none. ``first_titles`` and ``greatest_losses`` are
    records of plan items; ``cases`` the first of ``case_count`` open cases, ``rejected_rows`` the first faults of each
    file. ``last_runs`` are runs with a plan, this one included, oldest first.
    """

    institution: str
    timezone: str
    vendor_title: str
    written_at: datetime
    run: Run
    plan: Plan | None
    files: list[File]
    by_collection: list[Counted]
    by_profile: list[Counted]
    by_group: list[Counted]
    first_titles: list[Record]
    greatest_losses: list[Record]
    cases: list[Record]
    case_count: int
    rejected_rows: list[Record]
    last_runs: list[Run]


def job_report(connection: Connection, configuration: Configuration, run: Run) -> JobReport:
    """The report of a run that has ended.

    One that found nothing new has a small one: what was fetched, and how it compares with the last runs.
    """
    vendor = run.vendor
    plan = load_plan(connection, run.plan_id) if run.plan_id else None
    institution = configuration.institution
    groups = list(institution.groups) if institution.multi_campus else []
    files = [File(**row) for row in _ask(connection, "files", run_id=run.run_id, vendor=vendor, plan_id=run.plan_id)]
    titles = _ask(connection, "titles", plan_id=run.plan_id, most=FIRST_TITLES) if plan else []
    counted = _counted(connection, run, plan, groups) if plan else ([], [], [])
    cases = []
    if run.outcome != NOTHING_NEW:
        cases = _ask(connection, "cases", vendor=vendor, run_id=run.run_id, most=MOST_CASES)
    return JobReport(
        institution.name,
        institution.timezone,
        configuration.vendors[vendor].title if vendor in configuration.vendors else "Local collections",
        datetime.now(UTC),
        run,
        plan,
        files,
        *counted,
        first_titles=[title for title in titles if title["why"] == "first"],
        greatest_losses=[title for title in titles if title["why"] == "lost"],
        cases=cases,
        case_count=cases[0]["case_count"] if cases else 0,
        rejected_rows=_rejected_rows(connection, files) if plan else [],
        last_runs=_last_runs(connection, run),
    )


def _counted(
    connection: Connection, run: Run, plan: Plan, groups: list[str]
) -> tuple[list[Counted], list[Counted], list[Counted]]:
    """The plan's figures by collection, by profile and by group."""
    named = sorted({c["collection"] for c in plan.counters if c["collection"]})
    present = {
        (row["collection"], row["group"]): row["portfolios"]
        for row in _ask(
            connection, "portfolios", vendor=run.vendor, collections=named, groups=groups,
            at_time=run.ended_at or datetime.now(UTC),
        )
    }  # fmt: skip
    collections = [collection for collection, group in present if group is None]
    of_group: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in _ask(connection, "groups", plan_id=plan.plan_id, groups=groups):
        of_group[row["collection"], row["group"]][row["counter"]] += row["value"]
    of_profile: dict[tuple[str, str | None], list[Record]] = defaultdict(list)
    for counter in plan.counters:
        if counter["profile"] is not None:
            of_profile[counter["profile"], counter["collection"]].append(counter)
    return (
        [
            Counted(c, None, present[c, None], counting.actions(x for x in plan.counters if x["collection"] == c))
            for c in collections
        ],
        [
            Counted(collection, profile, None, counting.row_outcomes(of_profile[profile, collection]))
            for profile, collection in sorted(of_profile, key=lambda key: (key[0], key[1] or ""))
        ],
        [Counted(c, group, present.get((c, group), 0), of_group[c, group]) for group in groups for c in collections],
    )


def _rejected_rows(connection: Connection, files: Sequence[File]) -> list[Record]:
    """The faults in the files that the run was brought."""
    chosen = [file for file in files if file.rejected_rows and file.outcome is not None]
    profiles, files_of = [file.profile for file in chosen], [file.file_sha256 for file in chosen]
    return _ask(connection, "rejected_rows", profiles=profiles, files=files_of, most=MOST_REJECTED) if chosen else []


def _last_runs(connection: Connection, run: Run) -> list[Run]:
    """This run and those before it that made or carried out a plan of the vendor's files, oldest first."""
    before = find_runs(connection, vendor=run.vendor, until=run.started_at, limit=10 * COMPARED_RUNS)
    with_plan = [r for r in before if r.plan_id and r.kind != "move"]
    return with_plan[:COMPARED_RUNS][::-1]


def _ask(connection: Connection, name: str, **parameters: Any) -> list[Record]:
    return rows(connection, query(f"job_report_{name}"), parameters)
