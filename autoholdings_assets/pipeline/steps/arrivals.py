"""How one profile's file arrives: from the inbox when a person has put one there, else from the vendor.

What belongs here: what a run makes of what it meets. What does not: HTTP and the inbox themselves (``retrieval/``), and
reading what came (``files.py``).
"""

from dataclasses import dataclass

from autoholdings_assets.config import ConfigurationError, IntegrationProfile
from autoholdings_assets.holdings import runs
from autoholdings_assets.holdings.runs import ArrivedFile, ProfileOutcome
from autoholdings_assets.holdings.warehouse import Connection
from autoholdings_assets.pipeline.steps.run import RunContext
from autoholdings_assets.retrieval import (
    FROM_INBOX,
    Archive,
    Inbox,
    RetrievalError,
    Retrieved,
    date_in_name,
    retrieve,
)
from autoholdings_assets.vendors.model import Vendor

Arrival = tuple[ProfileOutcome, ArrivedFile | None]


@dataclass(frozen=True)
class KnownFiles:
    """What a profile has brought so far: its newest file, and the newest that the vendor itself has sent.

    ``waits``: the newest one was delivered by hand, can be used, and has not been carried out yet.
    """

    newest: ArrivedFile | None
    from_vendor: ArrivedFile | None
    waits: bool


def known_files(connection: Connection, profile: str) -> KnownFiles:
    """What is known of the profile's files before it is asked for the next."""
    newest = runs.previous_file(connection, profile, with_deliveries=True)
    by_hand = newest is not None and newest.retrieved_from == FROM_INBOX
    waits = newest is not None and by_hand and runs.is_undecided(connection, profile, newest.file_sha256)
    return KnownFiles(newest, runs.previous_file(connection, profile), waits)


def arrival(context: RunContext, vendor: Vendor, profile: IntegrationProfile, known: KnownFiles) -> Arrival:
    """The profile's file for this run. What is delivered by hand is taken first; then the vendor is not asked.

    A hand-delivered file stands until the vendor has another one than it had: while it is not carried out yet (its plan
    is held, or a dry run has made it), a vendor that cannot be reached does not take it back.
    """
    archive = Archive(context.home.archive)
    taken = Inbox(context.home.inbox).take(profile, vendor, archive)
    if taken:
        name, more = taken.file_name, f" {taken.more} more wait: each run takes the oldest." if taken.more else ""
        if known.newest and taken.sha256 == known.newest.file_sha256:
            message = f"{name}, delivered by hand, is the same file again.{more}"
            return _outcome(profile, "same file", message, known.newest), known.newest
        file = ArrivedFile(taken.sha256, name, date_in_name(name), taken.size, None, None, None, FROM_INBOX)
        return _outcome(profile, "new file", f"{name}, {taken.size:,} bytes, delivered by hand.{more}", file), file
    last = known.from_vendor
    try:
        found = retrieve(profile, vendor, archive, last.previous if last else None, now=context.now)
    except (RetrievalError, ConfigurationError) as error:
        return _failed(profile, error, known)
    return _answered(profile, found, known)


def _answered(profile: IntegrationProfile, found: Retrieved, known: KnownFiles) -> Arrival:
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
    newest = known.newest
    if newest is None or (found.status == "new" and file.file_sha256 != newest.file_sha256):
        return _outcome(profile, "new file", f"{file.file_name}, {file.size_bytes:,} bytes.", file), file
    if found.status == "not modified":
        return _outcome(profile, "not modified", "The vendor says that the file has not changed.", newest), newest
    same = file if file.file_sha256 == newest.file_sha256 else newest  # with what the vendor says of it now
    return _outcome(profile, "same file", "The vendor sent the same file again.", same), same


def _failed(profile: IntegrationProfile, error: RetrievalError | ConfigurationError, known: KnownFiles) -> Arrival:
    message, advice = (error.message, error.advice) if isinstance(error, RetrievalError) else (str(error), "")
    if known.newest is None or not known.waits:
        return ProfileOutcome(profile.name, "failed", message, advice), None
    stands = f"{message} {known.newest.file_name}, delivered by hand, stands in for it."
    return ProfileOutcome(profile.name, "same file", stands, advice, known.newest.file_sha256), known.newest


def _outcome(profile: IntegrationProfile, outcome: str, message: str, file: ArrivedFile) -> ProfileOutcome:
    return ProfileOutcome(profile.name, outcome, message, file_sha256=file.file_sha256)
