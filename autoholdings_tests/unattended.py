"""A sensor as the daemon drives it: ticks at given moments, a cursor that is kept, runs in a real Dagster instance.

What belongs here: playing the daemon, with the time injected. What does not: what should happen (the tests say that).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import dagster as dg
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.remote_representation.external import RemoteRepository
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget

from autoholdings_assets.pipeline.build import build_definitions
from autoholdings_assets.pipeline.home import HomeResource
from autoholdings_assets.pipeline.jobs import JOB_NAME
from autoholdings_tests.library import Library, Outcome


@dataclass(frozen=True)
class HomeAt(HomeResource):
    """A home whose clock stands still."""

    moment: datetime = field(default_factory=lambda: datetime.now(UTC))

    def now(self) -> datetime:
        """The moment that it was given."""
        return self.moment


@dataclass
class Watched:
    """One sensor of the library's code location, its cursor and the instance in which its runs are."""

    library: Library
    instance: dg.DagsterInstance
    sensor: dg.SensorDefinition
    cursor: str | None = None
    skipped: str | None = None

    def tick(self, now: datetime) -> list[dg.RunRequest]:
        """Evaluate the sensor once, as the daemon does. Gives what it asks to run; ``skipped`` says why nothing."""
        context = dg.build_sensor_context(
            instance=self.instance, cursor=self.cursor, resources={"home": HomeAt(self.library.home, moment=now)}
        )
        found = self.sensor.evaluate_tick(context)
        self.cursor, self.skipped = found.cursor, found.skip_message
        return list(found.run_requests)

    def run(self, request: dg.RunRequest) -> dg.DagsterRun:
        """Carry out a run that was asked for, for real, and record it in the instance as the daemon does."""
        job = build_definitions(self.library.home).resolve_job_def(JOB_NAME)
        result = job.execute_in_process(
            instance=self.instance,
            asset_selection=list(request.asset_selection or []),
            tags=_tags(request),
            raise_on_error=False,
        )
        run = self.instance.get_run_by_id(result.run_id)
        assert run
        return run

    def record(self, request: dg.RunRequest, status: dg.DagsterRunStatus, outcome: Outcome | None = None) -> str:
        """Record a run in this state without carrying it out, or one that was carried out as plain steps."""
        run = dg.DagsterRun(JOB_NAME, status=status, tags=_tags(request))
        if outcome:
            run = run._replace(run_id=outcome.run_id)
        return self.instance.add_run(run).run_id


def _tags(request: dg.RunRequest) -> dict[str, str]:
    return {**request.tags, "dagster/run_key": request.run_key or ""}


@contextmanager
def watched(library: Library, sensor: str) -> Iterator[Watched]:
    """The sensor of this name, with an instance of its own."""
    (found,) = [s for s in build_definitions(library.home).sensors or [] if s.name == sensor]
    with dg.DagsterInstance.ephemeral() as instance:
        yield Watched(library, instance, found)


@contextmanager
def workspace(instance: dg.DagsterInstance) -> Iterator[WorkspaceProcessContext]:
    """The code location of the home in ``AUTOHOLDINGS_HOME``, loaded in this process."""
    module = LoadableTargetOrigin(module_name="autoholdings_assets.definitions")
    target = InProcessWorkspaceLoadTarget(InProcessCodeLocationOrigin(module, location_name="autoholdings"))
    with WorkspaceProcessContext(instance, target) as loaded:
        yield loaded


def repository(loaded: WorkspaceProcessContext) -> RemoteRepository:
    """Its schedules and sensors, as the daemon sees them."""
    (found,) = loaded.create_request_context().get_code_location("autoholdings").get_repositories().values()
    return found
