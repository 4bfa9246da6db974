"""The step that keeps the KBART files in outbox/ in step with the published holdings.

What belongs here: when they are written anew, what is remembered of that, and their judgement by our own strict check.
What does not: what the files say (``reports/kbart_export.py``).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from autoholdings_assets.holdings import runs
from autoholdings_assets.holdings.runs import ProfileOutcome
from autoholdings_assets.holdings.warehouse import Connection, locked, rows
from autoholdings_assets.kbart.check import check_file
from autoholdings_assets.kbart.validation import ReadingOptions
from autoholdings_assets.pipeline.steps.run import RunContext
from autoholdings_assets.reports.kbart_export import KbartExport, KbartFile, write_kbart_files
from autoholdings_assets.reports.outbox import keep_newest, whole_or_absent
from autoholdings_assets.reports.selection import Selection, published_holdings

_RECORD = ".kbart_export.json"


@dataclass(frozen=True)
class ExportSummary:
    """The newest files, and whether they were written now.

    ``faults`` counts the rows by what our own strict check says is wrong with them, or the file by what is wrong with
    it as a whole; ``unread_profiles`` are those that the run could not read.
    """

    export: KbartExport
    is_new: bool
    faults: dict[str, int]
    unread_profiles: list[ProfileOutcome]


def export_kbart(context: RunContext) -> ExportSummary:
    """Write the whole holdings and each collection as KBART, unless nothing has changed since they were written last.

    Whatever an earlier run left unwritten is made good. It reads the published copy and waits for nobody but another
    run that is exporting. Raises ``Unusable``, ``ConfigurationError``.
    """
    institution, outbox = context.configuration.institution, context.home.outbox
    with locked(outbox / _RECORD), published_holdings(context.home) as connection:
        unread = _unread_profiles(connection, context)
        state = _state(connection, institution.name)
        last = _last(outbox)
        if last is not None and last["state"] == state:
            export = _remembered(outbox, last)
            if all(file.path.exists() for file in export.files):
                return ExportSummary(export, False, last["faults"], unread)
        day = context.now.astimezone(ZoneInfo(institution.timezone)).date()
        export = write_kbart_files(connection, outbox, institution.name, Selection(), day, each_collection=True)
        _take_away(outbox, last, export)
        # the rows of the collections' files are all in the first, which has the whole holdings
        faults = _faults(export.files[0].path) if export.files else {}
        _remember(outbox, state, export, faults)
    return ExportSummary(export, True, faults, unread)


def _take_away(outbox: Path, last: Any, export: KbartExport) -> None:
    """A package that the last export had and this one has not, such as a collection without titles, has no file."""
    present = {file.package for file in export.files}
    for package in {file["package"] for file in last["files"]} - present if last else ():
        keep_newest(outbox, package, 0)


def _unread_profiles(connection: Connection, context: RunContext) -> list[ProfileOutcome]:
    """What the run met at the Active profiles that it could not read."""
    active = {p.name for p in context.configuration.integration_profiles if p.active}
    handled = connection.execute("SELECT DISTINCT vendor FROM job_run WHERE run_id = ?", [context.run_id]).fetchall()
    outcomes = [o for (vendor,) in handled for o in runs.profile_outcomes(connection, vendor, context.run_id)]
    return [o for o in outcomes if o.failed and o.profile in active]


def _state(connection: Connection, institution: str) -> str:
    """A hash of what the files are made of: it changes with every plan or act that is applied, and the collections."""
    applied = rows(connection, "SELECT count(*) AS number, max(applied_at) AS last FROM plan WHERE status = 'applied'")
    collections = rows(connection, "FROM electronic_collection ORDER BY ALL")
    return hashlib.sha256(repr((institution, applied, collections)).encode()).hexdigest()


def _faults(path: Path) -> dict[str, int]:
    result = check_file(path, options=ReadingOptions(strict=True))
    if result.refusal is not None:
        return {result.refusal.message: result.rows}
    return {rule.sentence: rule.rows for rule in result.by_rule if rule.severity == "error"} | {
        found.message: result.rows for found in result.file_findings if found.severity == "error"
    }


def _last(outbox: Path) -> Any:
    """What was remembered of the last export; None where there was none, or its record cannot be read."""
    try:
        return json.loads((outbox / _RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _remember(outbox: Path, state: str, export: KbartExport, faults: Mapping[str, int]) -> None:
    record = {
        "state": state,
        "files": [
            {"name": f.path.name, "package": f.package, "rows": f.rows, "collection": f.collection}
            for f in export.files
        ],
        "incomplete": export.incomplete,
        "incomplete_file": export.incomplete_path and export.incomplete_path.name,
        "changed": export.changed,
        "faults": faults,
    }
    with whole_or_absent(outbox / _RECORD) as unfinished:
        unfinished.write_text(json.dumps(record, indent=2, ensure_ascii=False), encoding="utf-8")


def _remembered(outbox: Path, last: Any) -> KbartExport:
    return KbartExport(
        [KbartFile(outbox / f["name"], f["package"], f["rows"], f["collection"]) for f in last["files"]],
        last["incomplete"],
        outbox / last["incomplete_file"] if last["incomplete_file"] else None,
        last["changed"],
    )
