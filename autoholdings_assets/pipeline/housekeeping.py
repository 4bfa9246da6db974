"""Housekeeping: every night what the policy ``retention`` does not keep is removed, from Dagster's storage too.

What belongs here: the job, its schedule, and Dagster's runs. What does not: the home's files (``upkeep/prune.py``).
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage

from autoholdings_assets.config import Configuration, Home, Retention, load_configuration
from autoholdings_assets.pipeline.home import HomeResource
from autoholdings_assets.pipeline.launchpad import launchpad_job
from autoholdings_assets.pipeline.looks import VENDOR_TAG, table
from autoholdings_assets.pipeline.running import remove_old_locks
from autoholdings_assets.upkeep.prune import Pruned, prune

HOUSEKEEPING_JOB = "housekeeping"
_FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_SIDECARS = ("", "-wal", "-shm")


def keep_house(home: Home, instance: dg.DagsterInstance, now: datetime) -> list[Pruned]:
    """Remove everything that the policy does not keep. Raises ``ConfigurationError``, ``WarehouseBusy``."""
    retention = load_configuration(home).retention
    # the files first: SQLite, which Dagster keeps its runs in, needs some space to free some
    return [*prune(home, retention, now), forget_old_runs(home, instance, retention, now)]


def forget_old_runs(
    home: Home, instance: dg.DagsterInstance, retention: Retention, now: datetime, *, dry_run: bool = False
) -> Pruned:
    """Remove old runs from Dagster's storage, with their events and logs; with ``dry_run`` only count them."""
    old = list(_old_runs(instance, now - timedelta(days=retention.dagster_days)))
    files = [file for run_id in old for file in _files_of(home, instance, run_id)]
    found = Pruned("Dagster's runs", len(old), sum(file.stat().st_size for file in files))
    if not dry_run:
        for run_id in old:
            _forget(instance, run_id)
        remove_old_locks(home, instance)
    return found


@launchpad_job(
    HOUSEKEEPING_JOB,
    "Removes what `retention` in autoholdings.yaml does not keep: old vendors' files that nothing rests on, what can "
    "be made again from the archive, old reports, old runs with their events and logs. The history of the holdings is "
    "never touched, nor what undoing the last runs needs. `autoholdings prune --dry-run` shows what would be removed.",
)
def housekeeping_job(context: dg.OpExecutionContext, home: dg.ResourceParam[HomeResource]) -> None:
    """Remove what the policy does not keep."""
    removed = keep_house(home.home, context.instance, datetime.now(UTC))
    context.add_output_metadata(
        {
            "megabytes_freed": round(sum(kind.size_bytes for kind in removed) / 1e6, 1),
            "removed": table([{"what": r.kind, "number": r.files, "bytes": r.size_bytes} for r in removed]),
        }
    )


def housekeeping_schedule(configuration: Configuration | None) -> dg.ScheduleDefinition:
    """Every night, in the institution's time zone."""
    return dg.ScheduleDefinition(
        name=f"{HOUSEKEEPING_JOB}_schedule",
        job_name=HOUSEKEEPING_JOB,
        cron_schedule="30 3 * * *",
        execution_timezone=configuration.institution.timezone if configuration else "UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Every night at 03:30. On by itself, since a full disk stops everything: the policy keeps years.",
    )


def _old_runs(instance: dg.DagsterInstance, since: datetime) -> Iterator[str]:
    """Runs of before that have ended; the newest of each vendor stays, since its assets show it."""
    for run in instance.get_runs(dg.RunsFilter(statuses=_FINISHED, created_before=since)):
        vendor = run.tags.get(VENDOR_TAG)
        newest = instance.get_runs(dg.RunsFilter(tags={VENDOR_TAG: vendor}), limit=1) if vendor else ()
        if run.run_id not in [other.run_id for other in newest]:
            yield run.run_id


def _files_of(home: Home, instance: dg.DagsterInstance, run_id: str) -> list[Path]:
    logs = (home.dagster_home / "storage" / run_id).rglob("*")
    return [file for file in (*_databases(instance, run_id), *logs) if file.is_file()]


def _databases(instance: dg.DagsterInstance, run_id: str) -> list[Path]:
    """SQLite keeps a file of its own for the events of each run."""
    storage = instance.event_log_storage
    if not isinstance(storage, SqliteEventLogStorage):
        return []
    return [Path(storage.path_for_shard(run_id) + sidecar) for sidecar in _SIDECARS]


def _forget(instance: dg.DagsterInstance, run_id: str) -> None:
    instance.delete_run(run_id)
    instance.compute_log_manager.delete_logs(prefix=[run_id])
    for file in _databases(instance, run_id):
        file.unlink(missing_ok=True)
