"""The inbox's sensor: starts a run when a person has put a file into the folder of an Active profile.

What belongs here: when a delivered file is complete, and whether it has been dealt with. What does not: the inbox
itself (``retrieval/inbox.py``), and what became of a run (``asked_runs.py``).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import dagster as dg
from pydantic import BaseModel, ConfigDict, Field

from autoholdings_assets.config import load_configuration
from autoholdings_assets.pipeline.home import HomeResource
from autoholdings_assets.pipeline.jobs import JOB_NAME, run_request
from autoholdings_assets.pipeline.sensors.asked_runs import PAUSES, Cursor, Fate, Told, fate, look, run_key
from autoholdings_assets.retrieval import Delivery, Inbox

TICK_SECONDS = 30


class Asked(BaseModel):
    """What a run was asked for with: the oldest file of each profile (path -> stamp).

    Without a ``run_key`` the run is still to be asked for, not before ``not_before``.
    """

    model_config = ConfigDict(frozen=True)

    files: dict[str, str]
    attempt: int = 1
    run_key: str | None = None
    not_before: datetime | None = None

    def again(self, now: datetime) -> "Asked | None":
        """Another attempt after a pause; None after the last one."""
        if self.attempt > len(PAUSES):
            return None
        return Asked(files=self.files, attempt=self.attempt + 1, not_before=now + PAUSES[self.attempt - 1])

    def is_due(self, now: datetime) -> bool:
        """Whether the run is to be asked for now."""
        return self.run_key is None and (self.not_before is None or self.not_before <= now)


class Progress(Cursor):
    """How far the sensor has come.

    ``seen``: the files (path -> stamp) of the last tick, which are complete when they are the same at this one.
    ``asked``: runs that have not done their work yet, by vendor. ``given_up``: files that are still there after the
    last attempt; only a change makes them new.
    """

    seen: dict[str, str] = Field(default_factory=dict)
    given_up: dict[str, str] = Field(default_factory=dict)
    asked: dict[str, Asked] = Field(default_factory=dict)


@dg.sensor(
    name="delivered_file",
    job_name=JOB_NAME,
    minimum_interval_seconds=TICK_SECONDS,
    description=(
        "Watches inbox/<profile>/ in the home folder. A KBART file put there by hand is used as that profile's file: a "
        "run starts as soon as the file has not changed for a tick. What cannot be used is answered beside it, in "
        "<name>.refused.txt. Off until switched on; `autoholdings run` takes such files too."
    ),
)
def delivered_file(context: dg.SensorEvaluationContext, home: dg.ResourceParam[HomeResource]) -> Told:
    """Start a run for each vendor for which a complete file waits."""
    return look(lambda: _tick(Progress.of(context.cursor), context.instance, home))


def _tick(progress: Progress, instance: dg.DagsterInstance, home: HomeResource) -> dg.SensorResult:
    now = home.now()
    waiting = Inbox(home.home.inbox).deliveries(load_configuration(home.home))
    present = {str(file.path): file.stamp for file in waiting}
    given_up = {path: stamp for path, stamp in progress.given_up.items() if present.get(path) == stamp}
    asked: dict[str, Asked] = {}
    for vendor, run in progress.asked.items():
        became = fate(instance, home.home, run.run_key) if run.run_key else None
        if became in (None, Fate.GOING_ON):
            asked[vendor] = run
        elif became is Fate.LEFT_UNDONE or run.files.items() & present.items():
            if next_attempt := run.again(now):
                asked[vendor] = next_attempt
            else:
                given_up |= run.files
    complete = [file for file in waiting if progress.seen.get(str(file.path)) == file.stamp]
    asked |= _newly_complete([file for file in complete if str(file.path) not in given_up and file.vendor not in asked])
    requests = []
    for vendor, run in asked.items():
        if run.is_due(now):
            key = run_key(vendor, *sorted(f"{path} {stamp}" for path, stamp in run.files.items()), attempt=run.attempt)
            asked[vendor] = run.model_copy(update={"run_key": key})
            requests.append(run_request(vendor, key))
    cursor = Progress(seen=present, given_up=given_up, asked=asked).model_dump_json(exclude_defaults=True)
    if requests:
        return dg.SensorResult(run_requests=requests, cursor=cursor)
    return dg.SensorResult(skip_reason=_told(waiting, asked), cursor=cursor)


def _newly_complete(files: Sequence[Delivery]) -> dict[str, Asked]:
    """What to ask for: for each vendor the oldest file of each profile, since a run takes one of each."""
    oldest: dict[str, dict[str, Delivery]] = {}
    for file in files:
        oldest.setdefault(file.vendor, {}).setdefault(file.profile, file)
    return {
        vendor: Asked(files={str(file.path): file.stamp for file in of_profiles.values()})
        for vendor, of_profiles in oldest.items()
    }


def _told(waiting: Sequence[Delivery], asked: Mapping[str, Asked]) -> str:
    if asked:
        return f"A run for {', '.join(asked)} is going on, or is tried again later."
    return "Waiting for what is still arriving." if waiting else "Nothing was delivered."
