"""What only Dagster knows of what went wrong: runs that died, and checks that failed.

What belongs here: reading Dagster's records of runs and checks. What does not: when and whom to tell (``alerting.py``).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from dagster._core.storage.asset_check_execution_record import (
    COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES,
    AssetCheckExecutionRecord,
)

from autoholdings_assets.alerts.alert import Alert
from autoholdings_assets.pipeline.assets import KBART_EXPORT_KEY, PUBLISHED_KEY, vendor_key
from autoholdings_assets.pipeline.jobs import JOB_NAME
from autoholdings_assets.pipeline.looks import VENDOR_TAG
from autoholdings_assets.pipeline.stages import KBART_EXPORT, PUBLISHED, STAGES, Stage

_LATEST_RUNS = 100
_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_JOBS = (JOB_NAME, "__ASSET_JOB")  # the second is what *Materialize* in the UI starts
_BLOCKED_BY_A_CHECK = "DagsterAssetCheckFailedError"
_TOLD_OTHERWISE = ("plan_is_not_held", "every_active_profile_brought_a_file", "every_active_profile_was_read")
"""Checks whose cases are told one by one: held plans, and profiles that were not read."""


def dead_runs(instance: dg.DagsterInstance, vendors: Iterable[str]) -> list[Alert]:
    """The vendors whose latest ended run failed, other than by a check, which tells its own story."""
    # started in the UI, for several vendors perhaps: these carry no tag that names one
    by_hand = [record for job in _JOBS for record in _ended(instance, job_name=job, limit=_LATEST_RUNS)]
    found = []
    for vendor in vendors:
        own = [*_ended(instance, tags={VENDOR_TAG: vendor}, limit=10), *by_hand]
        concerning = [record for record in own if _concerns(record.dagster_run, vendor)]
        latest = max(concerning, key=lambda record: record.create_timestamp, default=None)
        if latest is None or latest.dagster_run.status is not dg.DagsterRunStatus.FAILURE:
            continue
        text = _why(instance, latest.dagster_run.run_id, vendor)
        if text is not None:
            at = datetime.fromtimestamp(latest.end_time or latest.update_timestamp.timestamp(), UTC)
            told = (
                f"The last run of {vendor} did not end as it should: {text} Nothing is ever half applied; do what the "
                f"message says, if it says anything, then `autoholdings run {vendor}`. `autoholdings ui` shows the run."
            )
            found.append(Alert(f"run-{vendor}", "failed run", told, at, vendor, run_id=latest.dagster_run.run_id))
    return found


def failed_checks(instance: dg.DagsterInstance, vendors: Sequence[str], *, warnings: bool) -> list[Alert]:
    """The checks on the assets of these vendors, and of what they share, that failed when they were judged last;
    with ``warnings`` also those that a run can live with."""
    stages: list[tuple[str | None, dg.AssetKey, Stage]] = [
        *((vendor, vendor_key(vendor, stage), stage) for vendor in vendors for stage in STAGES),
        (None, PUBLISHED_KEY, PUBLISHED),
        (None, KBART_EXPORT_KEY, KBART_EXPORT),
    ]
    owner = {
        dg.AssetCheckKey(key, check.name): vendor
        for vendor, key, stage in stages
        for check in stage.checks
        if check.name not in _TOLD_OTHERWISE
    }
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(list(owner))
    found = []
    for key in latest:
        record = _last_judged(instance, latest[key])
        event = record.event.dagster_event if record and record.event else None
        if record is None or event is None:
            continue
        evaluation = event.asset_check_evaluation_data
        if not evaluation.passed and (warnings or evaluation.severity is not dg.AssetCheckSeverity.WARN):
            asset = key.asset_key.to_user_string()
            told = f"The check {key.name} of {asset}: {evaluation.description or ''}"
            found.append(
                Alert(
                    f"check-{asset}-{key.name}",
                    "failed check",
                    f"{told} `autoholdings ui` shows it with the rows in question.",
                    datetime.fromtimestamp(record.create_timestamp, UTC),
                    owner[key],
                    run_id=record.run_id,
                )
            )
    return found


def _ended(instance: dg.DagsterInstance, limit: int, **which: Any) -> Sequence[dg.RunRecord]:
    """The newest ended runs."""
    return instance.get_run_records(dg.RunsFilter(statuses=_ENDED, **which), limit=limit)


def _concerns(run: dg.DagsterRun, vendor: str) -> bool:
    """Whether a run was for the vendor: alone, with others, or for everything at once."""
    if run.job_name not in _JOBS:
        return False
    if VENDOR_TAG in run.tags:
        return run.tags[VENDOR_TAG] == vendor
    return not run.asset_selection or any(key.path[0] == vendor for key in run.asset_selection)


def _why(instance: dg.DagsterInstance, run_id: str, vendor: str) -> str | None:
    """Why the run failed for this vendor, in words; None when it did not, or when a check stopped it."""
    steps = list(_failed_steps(instance, run_id))
    if not steps:
        logs = instance.all_logs(run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
        return next((log.message for log in logs if log.message), "Its process died.")
    shared = (PUBLISHED_KEY, KBART_EXPORT_KEY)
    own = {"__".join(key.path) for key in (*(vendor_key(vendor, stage) for stage in STAGES), *shared)}
    return next((text for step, text in steps if step in own and text is not None), None)


def _failed_steps(instance: dg.DagsterInstance, run_id: str) -> Iterator[tuple[str | None, str | None]]:
    """The run's failed steps with the reason of each; without one where a check stopped it."""
    for log in instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE):
        event = log.get_dagster_event()
        failure = event.step_failure_data
        if failure.error and failure.error.cls_name == _BLOCKED_BY_A_CHECK:
            yield event.step_key, None
        elif failure.user_failure_data and failure.user_failure_data.description:
            yield event.step_key, failure.user_failure_data.description
        else:
            error = (failure.error.cause or failure.error) if failure.error else None
            yield event.step_key, " ".join(error.message.split()) if error else "Nothing is known of the reason."


def _last_judged(instance: dg.DagsterInstance, record: AssetCheckExecutionRecord) -> AssetCheckExecutionRecord | None:
    """The record, or, while the check is only planned by a run that goes on or died, the last one with a result."""
    if record.status in COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES:
        return record
    judged = set(COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES)
    history = instance.event_log_storage.get_asset_check_execution_history(record.key, limit=1, status=judged)
    return history[0] if history else None
