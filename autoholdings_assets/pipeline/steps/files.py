"""The first steps: fetching the vendor's files, and reading and checking them.

What does not belong here: how one profile's file arrives (``arrivals.py``), and what a rule of KBART is (``kbart/``).
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa

from autoholdings_assets.config import ConfigurationError
from autoholdings_assets.holdings import row_parts, runs, title_lists
from autoholdings_assets.holdings.profiles import is_retirement_pending
from autoholdings_assets.holdings.runs import ProfileOutcome
from autoholdings_assets.holdings.warehouse import Connection, open_warehouse, rows, scalar
from autoholdings_assets.kbart.errors import UnreadableFile
from autoholdings_assets.pipeline.steps.arrivals import arrival, known_files
from autoholdings_assets.pipeline.steps.ending import end_without_file
from autoholdings_assets.pipeline.steps.run import RunContext, recorded_run
from autoholdings_assets.retrieval import Inbox
from autoholdings_assets.vendors.model import Vendor

PREVIEW_ROWS = 10
FETCHERS = 4


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


@dataclass(frozen=True)
class TitleLists:
    """The files as read; ``refused`` are profiles whose file as a whole cannot be used."""

    files: list[FileRead]
    refused: list[ProfileOutcome]
    preview: list[dict[str, object]]
    rejected_rows: list[dict[str, object]]


def retrieve_files(context: RunContext) -> Retrieval:
    """Ask the vendor for the file of every Active profile, side by side, and archive what comes (rules C6, C12).

    Raises ``ConfigurationError``, and `NothingUsable` when no profile brought a file.
    """
    configuration = context.configuration
    vendor = configuration.vendor(context.vendor_name)
    profiles = configuration.profiles_of(vendor.name, active_only=True)
    with open_warehouse(context.home.warehouse, for_step=True) as connection:
        if not profiles and not is_retirement_pending(connection, vendor.name):
            raise ConfigurationError(
                [
                    f"integration_profiles: {vendor.title} has no Active profile, so there is nothing to run. "
                    "Set `active: true` on the profile that is to be handled."
                ]
            )
        runs.start_run(connection, context.run_id, vendor.name, context.acted_by, configuration)
        known = {profile.name: known_files(connection, profile.name) for profile in profiles}
    inbox = Inbox(context.home.inbox)
    inbox.make_folders(profiles)
    inbox.deliveries(configuration)  # answers what nobody could take
    # the warehouse is not held while the network is waited for
    with ThreadPoolExecutor(FETCHERS) as pool:
        arrivals = list(pool.map(lambda profile: arrival(context, vendor, profile, known[profile.name]), profiles))
    with open_warehouse(context.home.warehouse, for_step=True) as connection:
        for outcome, file in arrivals:
            runs.record_arrival(connection, context.run_id, vendor.name, outcome, file)
        outcomes = [outcome for outcome, _ in arrivals]
        if outcomes and all(outcome.failed for outcome in outcomes):
            end_without_file(connection, context, outcomes)
        files: list[dict[str, object]] = [
            {"profile": outcome.profile, "file": file.file_name, "date": file.file_date, "bytes": file.size_bytes,
             "outcome": outcome.outcome, "from": file.retrieved_from, "sha256": file.file_sha256}
            for outcome, file in arrivals if file
        ]  # fmt: skip
    return Retrieval(outcomes, files, configuration.warnings)


def read_title_lists(context: RunContext) -> TitleLists:
    """Read and check the file of every Active profile that brought one, unless it has been read already.

    What was delivered by hand leaves the inbox now, or is answered there. Raises `NothingUsable` when every file that
    came is refused as a whole.
    """
    with recorded_run(context) as (connection, configuration, vendor):
        active = {profile.name for profile in configuration.profiles_of(vendor.name, active_only=True)}
        outcomes = [o for o in runs.profile_outcomes(connection, vendor.name) if o.profile in active]
        results = [_read(connection, context, vendor, outcome) for outcome in outcomes if outcome.file_sha256]
        pa.default_memory_pool().release_unused()  # the steps to come have their memory from DuckDB
        refused = [result for result in results if isinstance(result, ProfileOutcome)]
        files = [result for result in results if isinstance(result, FileRead)]
        _answer_inbox(context, files, refused)
        if not files and active:
            end_without_file(connection, context, [o for o in outcomes if o.failed and not o.file_sha256] + refused)
        return TitleLists(
            files,
            refused,
            _title_list_preview(connection, context, vendor, files),
            _rejected_preview(connection, files),
        )


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
            accepted = scalar(
                connection, "SELECT any_value(file_sha256) FROM entitlement WHERE profile = ?", [outcome.profile]
            )
            before = title_lists.staged_path(context.home, vendor, accepted) if accepted else None
            staged = title_lists.stage(context.home, vendor, sha, file["file_name"], before)
        except UnreadableFile as error:
            named = "" if error.name == outcome.profile else f"{error.name}: "  # where the vendor names no file
            refusal = ProfileOutcome(outcome.profile, "refused", f"{named}{error.message}", error.advice, sha)
            runs.record_refusal(connection, context.run_id, vendor.name, refusal)
            return refusal
        title_lists.record(connection, outcome.profile, vendor, staged)
        file = rows(
            connection,
            "SELECT * FROM kbart_file WHERE profile = ? AND file_sha256 = ?",
            [outcome.profile, sha],
        )[0]
    return FileRead(
        outcome.profile, file["file_name"], sha, file["encoding"], file["total_rows"], file["valid_rows"],
        file["rejected_rows"], file["excluded_rows"], {f["rule"]: f["row_count"] for f in file["findings"]},
    )  # fmt: skip


def _answer_inbox(context: RunContext, files: list[FileRead], refused: list[ProfileOutcome]) -> None:
    """What was delivered by hand and read is in the archive and may go; what is refused stays with the reason."""
    inbox = Inbox(context.home.inbox)
    for file in files:
        inbox.accept(file.profile, file.file_sha256)
    for refusal in refused:
        inbox.refuse(refusal.profile, refusal.file_sha256 or "", f"{refusal.message} {refusal.advice}".strip())


def _title_list_preview(
    connection: Connection, context: RunContext, vendor: Vendor, files: list[FileRead]
) -> list[dict[str, object]]:
    if not files:
        return []
    folders = (title_lists.staged_path(context.home, vendor, file.file_sha256) for file in files)
    staged = row_parts.in_sql(*folders, first=PREVIEW_ROWS)
    return rows(
        connection,
        "SELECT row_number, status, publication_title, print_identifier, online_identifier, date_first_issue_online, "
        f"date_last_issue_online, publication_type, collection FROM {staged} ORDER BY row_number LIMIT {PREVIEW_ROWS}",
    )


def _rejected_preview(connection: Connection, files: list[FileRead]) -> list[dict[str, object]]:
    return rows(
        connection,
        "SELECT profile, row_number, column_name, value, message, publication_title FROM rejected_row "
        f"WHERE list_contains(?::VARCHAR[], file_sha256) ORDER BY profile, row_number LIMIT {PREVIEW_ROWS}",
        [[file.file_sha256 for file in files]],
    )
