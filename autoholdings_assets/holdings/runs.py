"""What runs did: the records of runs, of what they met at each profile, and of the files that came.

What does not belong here: what a run does with portfolios (``plan.py``, ``apply.py``).
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from autoholdings_assets.config import Configuration
from autoholdings_assets.holdings.counting import HasCounters
from autoholdings_assets.holdings.warehouse import Connection, rows, scalar, sql, transaction
from autoholdings_assets.retrieval import FROM_INBOX, Previous

DONE = "done"
DONE_WITH_FINDINGS = "done with findings"
NOTHING_NEW = "nothing new"
DRY_RUN = "dry run"
HELD = "held"
NOTHING_APPLIED = "nothing applied"

FAILED_AT_PROFILE = ("failed", "refused")
"""Outcomes at a profile that leave it with its last accepted entitlements."""


@dataclass(frozen=True)
class ProfileOutcome:
    """What a run met at one profile. ``outcome`` is new file, same file, not modified, failed or refused."""

    profile: str
    outcome: str
    message: str
    advice: str = ""
    file_sha256: str | None = None

    @property
    def failed(self) -> bool:
        """Whether the profile brought nothing that can be used."""
        return self.outcome in FAILED_AT_PROFILE


@dataclass(frozen=True)
class ArrivedFile:
    """A file that a profile brought, with what the vendor said of it."""

    file_sha256: str
    file_name: str
    file_date: date | None
    size_bytes: int
    etag: str | None
    last_modified: str | None
    content_type: str | None
    retrieved_from: str

    @property
    def previous(self) -> Previous:
        """What a request for the next one tells of it."""
        return Previous(self.file_sha256, self.retrieved_from, self.etag, self.last_modified)


@dataclass(frozen=True)
class Run(HasCounters):
    """A run, or a move of PO lines and licenses, as the history lists it.

    ``kind`` is that of its plan: upload, undo or move. ``outcome`` is None while it goes on, or when it was killed.
    ``changed``: it applied its plan. ``counters`` are those of ``job_run``.
    """

    run_id: str
    vendor: str
    kind: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    message: str | None
    plan_id: str | None
    changed: bool
    groups: list[str]
    acted_by: str
    counters: list[dict[str, Any]]


def start_run(connection: Connection, run_id: str, vendor: str, acted_by: str, configuration: Configuration) -> None:
    """Record that a run has begun, unless this run is known already, and what the configuration is like now."""
    if scalar(connection, "SELECT count(*) FROM job_run WHERE run_id = ? AND vendor = ?", [run_id, vendor]):
        return
    groups = sorted({group for profile in configuration.profiles_of(vendor) for group in profile.groups})
    with transaction(connection) as now:
        connection.execute(
            "INSERT INTO job_run (run_id, vendor, started_at, groups, acted_by) VALUES (?, ?, ?, ?, ?)",
            [run_id, vendor, now, groups, acted_by],
        )
        _record_configuration(connection, configuration)


def end_run(
    connection: Connection, run_id: str, vendor: str, outcome: str, message: str, plan_id: str | None = None
) -> None:
    """Record how a run ended; its counters are its plan's."""
    with transaction(connection) as now:
        connection.execute(
            "UPDATE job_run SET ended_at = ?, outcome = ?, message = ?, plan_id = ?, "
            "counters = (SELECT p.counters FROM plan AS p WHERE p.plan_id = ?) WHERE run_id = ? AND vendor = ?",
            [now, outcome, message, plan_id, plan_id, run_id, vendor],
        )


def end_dead_run(connection: Connection, run_id: str, message: str, *, in_the_middle: bool = True) -> None:
    """Record the end of a run whose process died before it could: what it had applied stands.

    ``in_the_middle``: it died at work, so that one whose last record is a dry run was to go on.
    """
    unfinished = rows(
        connection,
        "SELECT r.vendor, r.plan_id, p.plan_id AS applied FROM job_run AS r "
        "LEFT JOIN plan AS p ON p.applied_run_id = r.run_id AND p.vendor = r.vendor "
        "WHERE r.run_id = ? AND (r.outcome IS NULL OR (? AND r.outcome = ?))",
        [run_id, in_the_middle, DRY_RUN],
    )
    for row in unfinished:
        if row["applied"]:
            done = f"Plan {row['applied']} was applied. {message}"
            end_run(connection, run_id, row["vendor"], DONE_WITH_FINDINGS, done, row["applied"])
        else:
            end_run(connection, run_id, row["vendor"], NOTHING_APPLIED, message, row["plan_id"])


def record_arrival(
    connection: Connection, run_id: str, vendor: str, outcome: ProfileOutcome, file: ArrivedFile | None
) -> None:
    """Record what a run met at a profile, and the file that came, if one did."""
    with transaction(connection) as now:
        record_outcome(connection, run_id, vendor, outcome, now)
        if file is None:
            return
        connection.execute(
            "UPDATE kbart_file SET etag = ?, last_modified = ?, retrieved_from = ?, retrieved_at = ? "
            "WHERE profile = ? AND file_sha256 = ?",
            [file.etag, file.last_modified, file.retrieved_from, now, outcome.profile, file.file_sha256],
        )
        known = "SELECT count(*) FROM kbart_file WHERE profile = ? AND file_sha256 = ?"
        if scalar(connection, known, [outcome.profile, file.file_sha256]):
            return
        connection.execute(
            "INSERT INTO kbart_file (profile, vendor, file_sha256, file_name, file_date, size_bytes, etag, "
            "last_modified, content_type, retrieved_from, retrieved_at, run_id, status) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'retrieved')",
            [
                outcome.profile, vendor, file.file_sha256, file.file_name, file.file_date, file.size_bytes, file.etag,
                file.last_modified, file.content_type, file.retrieved_from, now, run_id,
            ],
        )  # fmt: skip


def record_refusal(connection: Connection, run_id: str, vendor: str, refusal: ProfileOutcome) -> None:
    """Record that a file that came cannot be used as a whole."""
    with transaction(connection) as now:
        record_outcome(connection, run_id, vendor, refusal, now)
        connection.execute(
            "UPDATE kbart_file SET status = 'refused', message = ? WHERE profile = ? AND file_sha256 = ?",
            [refusal.message, refusal.profile, refusal.file_sha256],
        )


def record_outcome(connection: Connection, run_id: str, vendor: str, outcome: ProfileOutcome, now: datetime) -> None:
    """Record what a run met at a profile, in place of what it recorded there before."""
    connection.execute("DELETE FROM job_run_profile WHERE run_id = ? AND profile = ?", [run_id, outcome.profile])
    connection.execute(
        "INSERT INTO job_run_profile VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [run_id, vendor, outcome.profile, outcome.outcome, outcome.message, outcome.advice, outcome.file_sha256, now],
    )


def profile_outcomes(connection: Connection, vendor: str, run_id: str | None = None) -> list[ProfileOutcome]:
    """What the given run met at each profile; without a run, what the latest run met at each."""
    found = rows(
        connection,
        "SELECT profile, outcome, message, advice, file_sha256 FROM job_run_profile "
        "WHERE vendor = $vendor AND ($run_id IS NULL OR run_id = $run_id) "
        "QUALIFY row_number() OVER (PARTITION BY profile ORDER BY at_time DESC) = 1 ORDER BY profile",
        {"vendor": vendor, "run_id": run_id},
    )
    return [ProfileOutcome(**row) for row in found]


def waits_for_others(connection: Connection, run_id: str) -> bool:
    """Whether a run rightly changed nothing: a person must decide, or the vendor must send another file, since what
    came at every profile cannot be used. A run that died with a file that can be used has left its work undone."""
    return bool(scalar(connection, sql("waits_for_others"), {"run_id": run_id, "failed": FAILED_AT_PROFILE}))


def previous_file(connection: Connection, profile: str, *, with_deliveries: bool = False) -> ArrivedFile | None:
    """The file that the vendor sent last for the profile; ``with_deliveries`` also counts what came by hand since."""
    asked = {"profile": profile, "inbox": FROM_INBOX, "with_deliveries": with_deliveries}
    found = rows(connection, sql("previous_file"), asked)
    return ArrivedFile(**found[0]) if found else None


def is_undecided(connection: Connection, profile: str, file_sha256: str) -> bool:
    """Whether a file that a profile brought has been neither refused nor carried out yet."""
    status = "SELECT status FROM kbart_file WHERE profile = ? AND file_sha256 = ?"
    return scalar(connection, status, [profile, file_sha256]) in ("retrieved", "read")


def find_runs(
    connection: Connection,
    *,
    run: str | None = None,
    vendor: str | None = None,
    profile: str | None = None,
    until: datetime | None = None,
    limit: int = 20,
) -> list[Run]:
    """The latest runs, newest first: those whose id begins with ``run``, of the vendor, that handled the profile, that
    had started by then (rule C13)."""
    found = rows(
        connection, sql("runs"), {"run": run, "vendor": vendor, "profile": profile, "until": until, "limit": limit}
    )
    return [Run(**row) for row in found]


def _record_configuration(connection: Connection, configuration: Configuration) -> None:
    """Keep the collections and profiles of the configuration for SQL users; never a credential."""
    connection.execute("DELETE FROM electronic_collection; DELETE FROM integration_profile")
    for c in configuration.electronic_collections:
        connection.execute(
            "INSERT INTO electronic_collection VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                c.name, c.code, c.vendor, c.cz_collection_id, c.active, c.service.active, c.service.available,
                c.activation, c.automatically_activate_new_portfolios,
                c.cz_title_list.name if c.cz_title_list else None,
            ],
        )  # fmt: skip
    for p in configuration.integration_profiles:
        connection.execute(
            "INSERT INTO integration_profile VALUES (?, ?, ?, ?, ?, ?, ?)",
            [p.name, p.description, p.vendor, p.active, p.file_format, list(p.groups), p.schedule],
        )
