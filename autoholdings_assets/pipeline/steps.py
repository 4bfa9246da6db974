"""The steps of a run as plain functions, from asking the vendor to the published copy.

Each step takes what it needs from the warehouse and from staging/, and leaves its result there, so that every asset can
be materialized alone. What does not belong here: Dagster (``assets.py`` calls these functions) and anything about
portfolios (``holdings/``).
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from autoholdings_assets.config import (
    Configuration,
    ConfigurationError,
    Home,
    IntegrationProfile,
    load_configuration,
)
from autoholdings_assets.holdings import apply, runs, title_lists, undo
from autoholdings_assets.holdings import publish as publishing
from autoholdings_assets.holdings.apply import NotApplicable
from autoholdings_assets.holdings.entitlements import Inputs, current_inputs
from autoholdings_assets.holdings.generations import carried_out
from autoholdings_assets.holdings.invariants import Broken, broken_invariants, differing_tables
from autoholdings_assets.holdings.plan import Plan, load_plan, make_plan, plan_items, unaccounted_rows
from autoholdings_assets.holdings.profiles import is_retirement_pending
from autoholdings_assets.holdings.publish import Published
from autoholdings_assets.holdings.runs import ArrivedFile, ProfileOutcome
from autoholdings_assets.holdings.titles import MergedTitles, merge_titles
from autoholdings_assets.holdings.warehouse import Connection, open_warehouse, rows, scalar
from autoholdings_assets.kbart.errors import UnreadableFile
from autoholdings_assets.retrieval import Archive, Previous, RetrievalError, retrieve
from autoholdings_assets.vendors.model import Vendor

PREVIEW_ROWS = 10
FETCHERS = 4


class NothingUsable(Exception):
    """No Active profile brought a file that can be used; the holdings stay as they were."""


@dataclass(frozen=True)
class RunContext:
    """One run for one vendor: where, for whom, under which Dagster run, started by whom."""

    home: Home
    vendor_name: str
    run_id: str
    now: datetime
    acted_by: str

    @cached_property
    def configuration(self) -> Configuration:
        """autoholdings.yaml as it was when the run first asked. Raises ``ConfigurationError``."""
        return load_configuration(self.home)


@dataclass(frozen=True)
class Retrieval:
    """What the run met at each Active profile of the vendor."""

    profiles: list[ProfileOutcome]
    files: list[dict[str, object]]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class FileRead:
    """What came of reading one profile's file: counts, and what the rules found (rule -> rows)."""

    profile: str
    file_name: str
    file_sha256: str
    encoding: str
    total: int
    valid: int
    rejected: int
    excluded: int
    findings: dict[str, int]
    read_anew: bool


@dataclass(frozen=True)
class TitleLists:
    """The files as read; ``refused`` are profiles whose file as a whole cannot be used."""

    files: list[FileRead]
    refused: list[ProfileOutcome]
    preview: list[dict[str, object]]
    rejected_rows: list[dict[str, object]]


@dataclass(frozen=True)
class PlanSummary:
    """The plan, or ``None`` where nothing has changed since the last run; ``unaccounted`` rows should all be 0."""

    plan: Plan | None
    items: list[dict[str, object]]
    unaccounted: dict[str, int]
    warnings: tuple[str, ...] = ()

    @property
    def status(self) -> str:
        """'nothing new', 'ready', 'held', or what became of the plan since."""
        return self.plan.status if self.plan else runs.NOTHING_NEW


@dataclass(frozen=True)
class PortfoliosSummary:
    """What the run did to the portfolios. ``outcome`` is a word of ``job_run.outcome``."""

    outcome: str
    message: str
    plan_id: str | None
    actions: dict[str, int]
    portfolio_count: int
    counters: list[dict[str, object]]
    preview: list[dict[str, object]]
    broken_invariants: dict[str, Broken]


@dataclass(frozen=True)
class PublishedSummary:
    """The published copy, the profiles that the run could not read, and what is not in the copy."""

    published: Published
    unread_profiles: list[ProfileOutcome]
    differing_tables: list[str]


def retrieve_files(context: RunContext) -> Retrieval:
    """Ask the vendor for the file of every Active profile, side by side, and archive what comes (rules C6, C12).

    Raises ``ConfigurationError``, and `NothingUsable` when no profile brought a file.
    """
    configuration = context.configuration
    vendor = configuration.vendor(context.vendor_name)
    profiles = configuration.profiles_of(vendor.name, active_only=True)
    with open_warehouse(context.home.warehouse) as connection:
        if not profiles and not is_retirement_pending(connection, vendor.name):
            raise ConfigurationError(
                [
                    f"integration_profiles: {vendor.title} has no Active profile, so there is nothing to run. "
                    "Set `active: true` on the profile that is to be handled."
                ]
            )
        runs.start_run(connection, context.run_id, vendor.name, context.acted_by, configuration)
        previous = {profile.name: runs.previous_file(connection, profile.name) for profile in profiles}
    # the warehouse is not held while the network is waited for
    with ThreadPoolExecutor(FETCHERS) as pool:
        arrivals = list(pool.map(lambda profile: _fetch(context, vendor, profile, previous[profile.name]), profiles))
    with open_warehouse(context.home.warehouse) as connection:
        for outcome, file in arrivals:
            runs.record_arrival(connection, context.run_id, vendor.name, outcome, file)
        outcomes = [outcome for outcome, _ in arrivals]
        if outcomes and all(outcome.failed for outcome in outcomes):
            _nothing_usable(connection, context, outcomes)
        files: list[dict[str, object]] = [
            {"profile": outcome.profile, "file": file.file_name, "date": file.file_date, "bytes": file.size_bytes,
             "outcome": outcome.outcome, "from": file.retrieved_from, "sha256": file.file_sha256}
            for outcome, file in arrivals if file
        ]  # fmt: skip
    return Retrieval(outcomes, files, configuration.warnings)


def read_title_lists(context: RunContext) -> TitleLists:
    """Read and check the file of every Active profile that brought one, unless it has been read already.

    Raises `NothingUsable` when every file that came is refused as a whole.
    """
    with _run(context) as (connection, configuration, vendor):
        active = {profile.name for profile in configuration.profiles_of(vendor.name, active_only=True)}
        outcomes = [o for o in runs.profile_outcomes(connection, vendor.name) if o.profile in active]
        results = [_read(connection, context, vendor, outcome) for outcome in outcomes if outcome.file_sha256]
        refused = [result for result in results if isinstance(result, ProfileOutcome)]
        files = [result for result in results if isinstance(result, FileRead)]
        if not files and active:
            _nothing_usable(connection, context, [o for o in outcomes if o.failed and not o.file_sha256] + refused)
        return TitleLists(
            files,
            refused,
            _title_list_preview(connection, context, vendor, files),
            _rejected_preview(connection, files),
        )


def merge_coverage(context: RunContext) -> MergedTitles:
    """Merge the rows of all profiles' files into titles with coverage statements."""
    with _run(context) as (connection, configuration, vendor):
        return merge_titles(connection, context.home, _inputs(connection, context, configuration, vendor))


def plan_changes(context: RunContext) -> PlanSummary:
    """Compare the titles with the portfolios and store the plan; nothing is applied (rule A1)."""
    with _run(context) as (connection, configuration, vendor):
        inputs = _inputs(connection, context, configuration, vendor)
        if carried_out(connection, vendor.name, inputs.digest):
            _end(connection, context, runs.NOTHING_NEW, "Nothing has changed since the last run.")
            return PlanSummary(None, [], {}, configuration.warnings)
        plan = make_plan(connection, context.home, inputs, context.run_id)
        if plan.status in ("held", "rejected"):
            _end(
                connection,
                context,
                runs.HELD,
                f"Plan {plan.plan_id} is {plan.status}: {' '.join(plan.hold_reasons)}",
                plan.plan_id,
            )
        else:
            _end(
                connection,
                context,
                runs.DRY_RUN,
                f"Plan {plan.plan_id} was made; nothing is applied yet.",
                plan.plan_id,
            )
        return PlanSummary(
            plan,
            plan_items(connection, plan.plan_id, PREVIEW_ROWS),
            unaccounted_rows(connection, context.home, plan),
            configuration.warnings,
        )


def apply_plan(context: RunContext) -> PortfoliosSummary:
    """Carry out the vendor's latest plan in one transaction (rules C12, A10).

    Raises ``NotApplicable`` when the stored verdict does not allow it or the plan has lapsed; then nothing has changed.
    """
    with _run(context) as (connection, configuration, vendor):
        inputs = _inputs(connection, context, configuration, vendor)
        failed = [o for o in runs.profile_outcomes(connection, vendor.name) if o.failed]
        if carried_out(connection, vendor.name, inputs.digest):
            outcome = runs.DONE_WITH_FINDINGS if failed else runs.NOTHING_NEW
            return _portfolios(
                connection,
                context,
                outcome,
                _sentence("Nothing has changed since the last run.", failed),
                None,
            )
        latest = scalar(
            connection,
            "SELECT plan_id FROM plan WHERE vendor = ? AND kind = 'upload' ORDER BY made_at DESC LIMIT 1",
            [vendor.name],
        )
        if latest is None:
            raise NotApplicable(f"There is no plan for {vendor.title} yet. Run `autoholdings run {vendor.name}`.")
        plan = load_plan(connection, latest)
        try:
            applied = apply.apply_plan(connection, context.home, plan, inputs, context.run_id, context.acted_by)
        except NotApplicable as refusal:
            _end(
                connection,
                context,
                runs.HELD if plan.status in ("held", "rejected") else runs.NOTHING_APPLIED,
                str(refusal),
                plan.plan_id,
            )
            raise
        rejected = plan.row_outcomes.get("rejected", 0)
        outcome = runs.DONE_WITH_FINDINGS if failed or rejected else runs.DONE
        done = ", ".join(
            f"{count} {action}" for action, count in applied.actions.items() if action != "years of coverage lost"
        )
        message = f"Plan {plan.plan_id} applied: {done or 'no title changed'}."
        if rejected:
            message += f" Rows that could not be read: {rejected}; their titles stay as they were."
        return _portfolios(connection, context, outcome, _sentence(message, failed), plan)


def preview_undo(context: RunContext, run: str) -> Plan:
    """What undoing a run would do; nothing is changed. Raises ``NotUndoable``."""
    with open_warehouse(context.home.warehouse) as connection:
        undone = undo.find_undoable(connection, run, context.vendor_name or None)
        return undo.plan_undo(connection, context.home, context.configuration, undone, context.run_id)


def undo_run(context: RunContext, run: str, why: str) -> tuple[Plan, PortfoliosSummary]:
    """Restore the state before a run, which is named by its id or the beginning of it, as this run (rule A9).

    ``context.vendor_name`` may be empty: then the run itself tells the vendor. Raises ``NotUndoable``,
    ``NotApplicable``.
    """
    with open_warehouse(context.home.warehouse) as connection:
        undone = undo.find_undoable(connection, run, context.vendor_name or None)
        context = replace(context, vendor_name=undone.vendor)
        runs.start_run(connection, context.run_id, undone.vendor, context.acted_by, context.configuration)
        plan = undo.plan_undo(connection, context.home, context.configuration, undone, context.run_id)
        applied = undo.apply_undo(connection, context.home, plan, context.run_id, context.acted_by, why)
        kept = applied.actions.get("keep", 0)
        done = ", ".join(f"{count} {action}" for action, count in applied.actions.items())
        message = (
            f"Run {(undone.applied_run_id or '')[:8]} undone by plan {plan.plan_id}: {done or 'no title changed'}."
        )
        if kept:
            message += f" {kept} titles could not be restored; the plan says why for each."
        outcome = runs.DONE_WITH_FINDINGS if kept else runs.DONE
        return plan, _portfolios(connection, context, outcome, message, plan)


def publish(context: RunContext) -> PublishedSummary:
    """Replace the copy for SQL users, whatever an earlier run left unpublished included (rule A11)."""
    published = publishing.publish(context.home)
    try:
        configured = {p.name for p in context.configuration.integration_profiles if p.active}
    except ConfigurationError:
        configured = set()
    with open_warehouse(context.home.warehouse) as connection:
        vendors = [
            v
            for (v,) in connection.execute(
                "SELECT DISTINCT vendor FROM job_run WHERE run_id = ?", [context.run_id]
            ).fetchall()
        ]
        unread = [
            o
            for vendor in vendors
            for o in runs.profile_outcomes(connection, vendor, context.run_id)
            if o.failed and o.profile in configured
        ]
        differing = differing_tables(connection, context.home.published)
    return PublishedSummary(published, unread, differing)


@contextmanager
def _run(context: RunContext) -> Iterator[tuple[Connection, Configuration, Vendor]]:
    """The open warehouse, the configuration and the vendor of a run that is recorded as begun."""
    configuration = context.configuration
    vendor = configuration.vendor(context.vendor_name)
    with open_warehouse(context.home.warehouse) as connection:
        runs.start_run(connection, context.run_id, vendor.name, context.acted_by, configuration)
        yield connection, configuration, vendor


def _inputs(connection: Connection, context: RunContext, configuration: Configuration, vendor: Vendor) -> Inputs:
    inputs = current_inputs(connection, context.home, configuration, vendor)
    if not inputs.grants:
        raise NothingUsable(
            f"No profile of {vendor.title} has a file that can be used yet. Run `autoholdings run {vendor.name}`."
        )
    return inputs


def _fetch(
    context: RunContext, vendor: Vendor, profile: IntegrationProfile, previous: ArrivedFile | None
) -> tuple[ProfileOutcome, ArrivedFile | None]:
    known = Previous(previous.file_sha256, previous.etag, previous.last_modified) if previous else None
    try:
        found = retrieve(profile, vendor, Archive(context.home.archive), known, now=context.now)
    except (RetrievalError, ConfigurationError) as error:
        message, advice = (error.message, error.advice) if isinstance(error, RetrievalError) else (str(error), "")
        return ProfileOutcome(profile.name, "failed", message, advice), None
    if found.status != "new" and previous is not None:
        words = {
            "same": "The vendor sent the same file again.",
            "not modified": "The vendor says that the file has not changed.",
        }
        outcome = "same file" if found.status == "same" else "not modified"
        return ProfileOutcome(profile.name, outcome, words[found.status], file_sha256=previous.file_sha256), previous
    file = ArrivedFile(
        found.sha256,
        found.file_name,
        found.file_date,
        found.size,
        found.etag,
        found.last_modified,
        found.content_type,
        found.shown_url,
    )
    return ProfileOutcome(
        profile.name, "new file", f"{found.file_name}, {found.size:,} bytes.", file_sha256=found.sha256
    ), file


def _read(
    connection: Connection, context: RunContext, vendor: Vendor, outcome: ProfileOutcome
) -> FileRead | ProfileOutcome:
    """Read the profile's file, or give what was read of it before; a refusal becomes the profile's outcome."""
    sha = outcome.file_sha256
    assert sha is not None
    file = rows(connection, "SELECT * FROM kbart_file WHERE profile = ? AND file_sha256 = ?", [outcome.profile, sha])[0]
    known = file["fingerprint"] == title_lists.fingerprint(vendor) and file["status"] in (
        "read",
        "accepted",
        "barred",
    )
    if not (known and title_lists.staged_path(context.home, vendor, sha).exists()):
        try:
            staged = title_lists.stage(
                context.home, vendor, Archive(context.home.archive).path_of(sha), sha, file["file_name"]
            )
        except UnreadableFile as error:
            refusal = ProfileOutcome(outcome.profile, "refused", f"{error.name}: {error.message}", error.advice, sha)
            runs.record_refusal(connection, context.run_id, vendor.name, refusal)
            return refusal
        title_lists.record(connection, outcome.profile, vendor, staged)
        file = rows(
            connection,
            "SELECT * FROM kbart_file WHERE profile = ? AND file_sha256 = ?",
            [outcome.profile, sha],
        )[0]
        known = False
    return FileRead(
        outcome.profile, file["file_name"], sha, file["encoding"], file["total_rows"], file["valid_rows"],
        file["rejected_rows"], file["excluded_rows"], {f["rule"]: f["row_count"] for f in file["findings"]}, not known,
    )  # fmt: skip


def _nothing_usable(connection: Connection, context: RunContext, outcomes: list[ProfileOutcome]) -> None:
    """End the run: it changed nothing, and says for each profile why."""
    message = (
        " ".join(f"{o.profile}: {o.message} {o.advice}".strip() for o in outcomes)
        or "No profile has brought a file yet."
    )
    _end(connection, context, runs.NOTHING_APPLIED, message)
    raise NothingUsable(f"{message} The holdings stay as they were.")


def _end(connection: Connection, context: RunContext, outcome: str, message: str, plan_id: str | None = None) -> None:
    runs.end_run(connection, context.run_id, context.vendor_name, outcome, message, plan_id)


def _sentence(message: str, failed: list[ProfileOutcome]) -> str:
    """The run's message, with the profiles that could not be read: they keep what they had (rule A5)."""
    return " ".join([message, *(f"{o.profile} was not read and keeps its titles: {o.message}" for o in failed)])


def _portfolios(
    connection: Connection, context: RunContext, outcome: str, message: str, plan: Plan | None
) -> PortfoliosSummary:
    _end(connection, context, outcome, message, plan.plan_id if plan else None)
    of_vendor = "collection IN (SELECT name FROM electronic_collection WHERE vendor = ?)"
    return PortfoliosSummary(
        outcome, message, plan.plan_id if plan else None, plan.actions if plan else {},
        scalar(connection, f"SELECT count(*) FROM portfolio WHERE {of_vendor}", [context.vendor_name]),
        plan.counters if plan else [],
        rows(
            connection,
            "SELECT portfolio_id, title, online_identifier, print_identifier, availability, available_for_all, "
            f"available_for, updated_at FROM portfolio WHERE {of_vendor} "
            f"ORDER BY updated_at DESC, title LIMIT {PREVIEW_ROWS}",
            [context.vendor_name],
        ),
        broken_invariants(
            connection, context.vendor_name,
            keep_apart=context.configuration.vendor(context.vendor_name).merging.keep_apart,
        ),
    )  # fmt: skip


def _title_list_preview(
    connection: Connection, context: RunContext, vendor: Vendor, files: list[FileRead]
) -> list[dict[str, object]]:
    paths = [str(title_lists.staged_path(context.home, vendor, file.file_sha256)) for file in files]
    if not paths:
        return []
    return rows(
        connection,
        "SELECT row_number, status, publication_title, print_identifier, online_identifier, date_first_issue_online, "
        "date_last_issue_online, publication_type, collection FROM read_parquet(?) "
        f"ORDER BY row_number LIMIT {PREVIEW_ROWS}",
        [paths],
    )


def _rejected_preview(connection: Connection, files: list[FileRead]) -> list[dict[str, object]]:
    return rows(
        connection,
        "SELECT profile, row_number, column_name, value, message, publication_title FROM rejected_row "
        f"WHERE list_contains(?, file_sha256) ORDER BY profile, row_number LIMIT {PREVIEW_ROWS}",
        [[file.file_sha256 for file in files]],
    )
