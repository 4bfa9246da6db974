"""Which runs are alive, and an end for those whose process has died.

A run holds a lock of its own until its process ends, however that ends; so no process numbers have to be compared,
which another machine or a restart would make meaningless. Dagster's run monitoring cannot tell: it does not look at
runs of the command line at all, and would let the queue wait hours for a run that went down with its machine. What does
not belong here: what the next run does about unfinished work (``steps/``).
"""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
from filelock import FileLock, Timeout

from autoholdings_assets.config import Home
from autoholdings_assets.holdings import runs
from autoholdings_assets.holdings.disk import DiskFull
from autoholdings_assets.holdings.warehouse import PATIENCE_SECONDS, WarehouseBusy, WarehouseTooNew, open_warehouse
from autoholdings_assets.pipeline.assets import PORTFOLIOS
from autoholdings_assets.pipeline.home import HomeResource, Listener

DIED = "The process of this run died. The next run finishes the work."
CANCELLED = "This run was cancelled. What it had not done is left to the next one."
TICK_SECONDS = 30
GRACE = timedelta(minutes=5)
"""How long a run may have started without a lock: it takes the lock before its first step."""

_ENDED_RED = {dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED}
_held: dict[Path, FileLock] = {}  # a lock that nobody refers to would be let go of


def home_resource(home: Home, listener: Listener) -> dg.ResourceDefinition:
    """The home, as the resource of runs and sensors; a run that is given it shows from then on that it is alive."""

    @dg.resource(description="The institution's home folder. While a run has it, its process is known to be alive.")
    def resource(context: dg.InitResourceContext) -> HomeResource:
        if context.run is not None:
            show_alive(home, context.run.run_id)
        return HomeResource(home, listener)

    return resource


def end_dead_runs(home: Home, instance: dg.DagsterInstance) -> list[str]:
    """End every run whose process has died: its record in the warehouse, then in Dagster. Gives their ids.

    The record is ended too where Dagster itself has ended the run, after hours without its machine. While another run
    writes to the warehouse nothing is ended; the next look does it. Nor where Dagster's launcher watches over the
    processes itself (Kubernetes, for example).
    """
    if instance.run_launcher.supports_check_run_worker_health:
        return []
    with ExitStack() as claims:
        dead = list(_dead(home, instance, claims))
        over = list(_over(home, instance, claims))
        if not dead and not over:
            return []
        try:
            with open_warehouse(home.warehouse, PATIENCE_SECONDS) as connection:
                for run in dead:
                    runs.end_dead_run(connection, run.run_id, DIED)
                for run in over:
                    cancelled = run.status is dg.DagsterRunStatus.CANCELED
                    message = CANCELLED if cancelled else DIED
                    runs.end_dead_run(connection, run.run_id, message, in_the_middle=_applies(run))
        except (WarehouseBusy, WarehouseTooNew, DiskFull):  # a run that can do its work will find a better time
            return []
        for run in dead:
            instance.report_run_failed(run, DIED)
        for run in over:
            _lock_file(home, run.run_id).unlink(missing_ok=True)
        return [run.run_id for run in dead]


def runs_without_process(home: Home, instance: dg.DagsterInstance) -> list[str]:
    """The ids of the runs whose process has died and that nobody has ended yet."""
    with ExitStack() as claims:
        return [run.run_id for run in _dead(home, instance, claims)]


def remove_old_locks(home: Home, instance: dg.DagsterInstance) -> None:
    """Remove the locks of runs that have ended, but for those whose record is still to be looked after."""
    looked_after = {dg.DagsterRunStatus.SUCCESS}
    if instance.run_launcher.supports_check_run_worker_health:
        looked_after |= _ENDED_RED
    for lock in _lock_file(home, "any").parent.glob("*.lock"):
        run = instance.get_run_by_id(lock.stem)
        if run is None or run.status in looked_after:
            lock.unlink(missing_ok=True)


@dg.sensor(
    name="watch_runs",
    minimum_interval_seconds=TICK_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Ends runs whose process has died, so that the next run need not wait for them. Harmless: leave it on.",
)
def watch_runs(context: dg.SensorEvaluationContext, home: dg.ResourceParam[HomeResource]) -> dg.SkipReason:
    """End the runs whose process has died."""
    ended = end_dead_runs(home.home, context.instance)
    return dg.SkipReason(f"Ended, their process had died: {', '.join(ended)}." if ended else "No run has died.")


def show_alive(home: Home, run_id: str) -> None:
    """Hold the run's lock from now on; only the end of this process lets go of it."""
    path = _lock_file(home, run_id)
    if path in _held:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=1)
    except Timeout:
        return  # another process of the same run holds it
    _held[path] = lock


def _dead(home: Home, instance: dg.DagsterInstance, claims: ExitStack) -> Iterator[dg.DagsterRun]:
    """The unfinished runs whose lock nobody holds; it is claimed, so that nobody else ends them at the same time."""
    begun = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
    for record in instance.get_run_records(dg.RunsFilter(statuses=[dg.DagsterRunStatus.NOT_STARTED, *begun])):
        path = _lock_file(home, record.dagster_run.run_id)
        if path.exists():
            lock = FileLock(path)
            try:
                claims.enter_context(lock.acquire(timeout=0))
            except Timeout:
                continue
        elif record.dagster_run.status not in begun:
            continue  # somebody else's to start: only the command line takes the lock before it records its run
        elif datetime.now(UTC) - datetime.fromtimestamp(record.start_time or 0, UTC) < GRACE:
            continue
        run = instance.get_run_by_id(record.dagster_run.run_id)  # it may have ended before its lock was let go of
        if run is not None and not run.is_finished:
            yield run


def _over(home: Home, instance: dg.DagsterInstance, claims: ExitStack) -> Iterator[dg.DagsterRun]:
    """The runs that ended red for Dagster and whose process is gone, until their record has been looked after: Dagster
    itself ends a run whose machine was down for hours, and tells nobody else.
    """
    for path in _lock_file(home, "any").parent.glob("*.lock"):
        run = instance.get_run_by_id(path.stem)
        if run is not None and run.status in _ENDED_RED:
            try:
                claims.enter_context(FileLock(path).acquire(timeout=0))
            except Timeout:
                continue
            yield run


def _applies(run: dg.DagsterRun) -> bool:
    """Whether the run was to go on to the portfolios, and was no dry run."""
    return run.asset_selection is None or any(key.path[-1] == PORTFOLIOS for key in run.asset_selection)


def _lock_file(home: Home, run_id: str) -> Path:
    return home.dagster_home / "running" / f"{run_id}.lock"
