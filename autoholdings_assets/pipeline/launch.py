"""One run of one vendor in this process, recorded in the home's Dagster instance like any other run.

What belongs here: starting Dagster for the command line. What does not: what the command line prints.
"""

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.execution.api import execute_run
from dagster._core.remote_origin import ManagedGrpcPythonEnvCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.utils import make_new_run_id
from sqlalchemy.pool import QueuePool

from autoholdings_assets.config import Home
from autoholdings_assets.pipeline.assets import apply_selection, run_selection
from autoholdings_assets.pipeline.build import build_definitions
from autoholdings_assets.pipeline.home import ACTED_BY_TAG, Listener
from autoholdings_assets.pipeline.instance import DEFINITIONS_MODULE, LOCATION_NAME, open_instance
from autoholdings_assets.pipeline.jobs import JOB_NAME
from autoholdings_assets.pipeline.links import UNDO_JOB
from autoholdings_assets.pipeline.looks import VENDOR_TAG
from autoholdings_assets.pipeline.person import person
from autoholdings_assets.pipeline.running import end_dead_runs, show_alive

# The console logger would tell the terminal every event of the run; they all stand in the UI.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def run_vendor(home: Home, vendor: str, listener: Listener, *, dry_run: bool = False) -> str:
    """Run the vendor's job, or as a dry run its part up to the plan. Returns the run's id.

    What happened is told to the listener; a failed step raises nothing here.
    """
    tags = {VENDOR_TAG: vendor, **({"autoholdings/dry_run": "true"} if dry_run else {})}
    return _execute(home, JOB_NAME, listener, tags=tags, selection=run_selection(vendor, dry_run=dry_run))


def apply_accepted_plan(home: Home, vendor: str, listener: Listener) -> str:
    """Carry out the vendor's accepted plan and publish, as a run of its own. Returns the run's id."""
    return _execute(home, JOB_NAME, listener, tags={VENDOR_TAG: vendor}, selection=apply_selection(vendor))


def undo_run(home: Home, vendor: str, run: str, why: str, listener: Listener) -> str:
    """Undo a run and publish, as a run of its own. Returns the run's id."""
    config = {"run_id": run, "vendor": vendor, "why": why, "who": person(), "submit": True}
    return _execute(home, UNDO_JOB, listener, tags={VENDOR_TAG: vendor}, config={"ops": {UNDO_JOB: {"config": config}}})


def _execute(
    home: Home,
    job: str,
    listener: Listener,
    *,
    tags: dict[str, str],
    config: dict[str, Any] | None = None,
    selection: Sequence[dg.AssetKey] | None = None,
) -> str:
    warnings.simplefilter("ignore", dg.BetaWarning)
    with open_instance(home) as instance, _kept_connections():
        end_dead_runs(home, instance)
        definition = build_definitions(home, listener).resolve_job_def(job)
        run_id = make_new_run_id()
        show_alive(home, run_id)  # from before it is recorded, which a full disk may break off half-way
        run = instance.create_run_for_job(
            definition,
            run_id=run_id,
            run_config=_QUIET | (config or {}),
            tags={ACTED_BY_TAG: person(), **tags},
            asset_selection=frozenset(selection) if selection else None,
            remote_job_origin=_origin(job),
        )
        execute_run(InMemoryJob(definition), run, instance)
    return run.run_id


def _origin(job: str) -> RemoteJobOrigin:
    """The code location as ``workspace.yaml`` names it: without that, the UI's timeline and the job's own list of runs
    leave the run out, which is why this is not simply ``execute_in_process``.
    """
    target = LoadableTargetOrigin(executable_path=sys.executable, module_name=DEFINITIONS_MODULE)
    location = ManagedGrpcPythonEnvCodeLocationOrigin(target, location_name=LOCATION_NAME)
    return RemoteRepositoryOrigin(location, SINGLETON_REPOSITORY_NAME).get_job_origin(job)


@contextmanager
def _kept_connections() -> Iterator[None]:
    """Let Dagster's SQLite event log keep its connections while a run lasts.

    It makes an engine and a connection for every event, and with them compiles every statement and brings the log of
    SQLite into its file anew: a third of a small run's time, and a thousand waits for the disk. A queue of connections,
    not one for each thread: in the middle of a transaction Dagster asks for one more, whose end would undo it.
    """
    storage: Any = sqlite_event_log
    original = storage.create_engine
    kept: dict[str, Any] = {}

    def create_engine(address: str, **settings: Any) -> Any:
        if address not in kept:
            kept[address] = engine = original(address, **settings | {"poolclass": QueuePool})
            engine.dispose = lambda: None  # it is called after every event
        return kept[address]

    storage.create_engine = create_engine
    try:
        yield
    finally:
        storage.create_engine = original
        for engine in kept.values():
            del engine.dispose
            engine.dispose()
