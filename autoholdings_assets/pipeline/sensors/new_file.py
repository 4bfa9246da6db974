"""A sensor for each vendor: looks at the vendor's cadence whether there is a new file, and runs when there is.

What belongs here: when to look, what was seen, and what follows from it. What does not: the request (``retrieval/``),
and what became of a run (``asked_runs.py``).

Before a vendor's first file for a profile it waits without a run: a 404 then is how things should be (rule W6). Only
when the first file is overdue does a run say so.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

import dagster as dg
from pydantic import Field

from autoholdings_assets.config import Home, IntegrationProfile, load_configuration
from autoholdings_assets.holdings.runs import ArrivedFile, previous_file
from autoholdings_assets.holdings.warehouse import PATIENCE_SECONDS, open_warehouse
from autoholdings_assets.pipeline.home import HomeResource
from autoholdings_assets.pipeline.jobs import JOB_NAME, run_request
from autoholdings_assets.pipeline.sensors.asked_runs import PAUSES, Cursor, Fate, Told, fate, look, run_key
from autoholdings_assets.retrieval import RetrievalError, errors, mark_of_new_file
from autoholdings_assets.vendors.cron import next_time
from autoholdings_assets.vendors.model import Vendor

TICK_SECONDS = 600
_GLANCES_AT_ONCE = 16


class Progress(Cursor):
    """How far the sensor has come.

    ``settled``: the latest moment of the cadence that is dealt with; ``moment``: the one that is being dealt with, for
    the ``attempt``-th time, not before ``not_before``. ``run_key``: the run that was asked for last and has not been
    seen to end. ``undone``: a run died, so that another is needed whatever the vendor says. ``told``: failures that a
    run has told already. ``awaited_since``: when a profile's first file was first found not to be there.
    """

    settled: datetime | None = None
    moment: datetime | None = None
    attempt: int = 1
    not_before: datetime | None = None
    run_key: str | None = None
    undone: bool = False
    told: tuple[str, ...] = ()
    awaited_since: dict[str, datetime] = Field(default_factory=dict)

    def at(self, moment: datetime | None) -> "Progress":
        """On to a later moment, if there is one: whatever waits for another attempt is made up for with it."""
        return self.but(moment=moment, attempt=1, not_before=None) if moment else self

    def settle(self) -> "Progress":
        """Done with this moment."""
        return self.but(settled=self.moment, moment=None, attempt=1, not_before=None, run_key=None)

    def again(self, now: datetime) -> "Progress":
        """Another attempt after a pause; after the last one the next moment has to do."""
        if self.attempt > len(PAUSES):
            return self.settle()
        return self.but(attempt=self.attempt + 1, not_before=now + PAUSES[self.attempt - 1], run_key=None)

    def but(self, **changes: object) -> "Progress":
        """The same with these changes."""
        return self.model_copy(update=changes)


@dataclass(frozen=True)
class Sight:
    """What a glance at the vendor showed for one profile; the same sight has the same ``mark``."""

    profile: str
    what: Literal["nothing new", "new file", "no first file yet", "failure"]
    mark: str = ""
    sentence: str = ""
    transient: bool = False


def due(vendor: Vendor, looked: datetime | None, now: datetime) -> datetime | None:
    """The latest moment of the vendor's cadence that nobody has looked at yet; None when there is none.

    However many moments were missed, one look makes up for them; who has never looked does so at once.
    """
    if looked is None:
        return now
    latest = None
    moment = next_time(vendor.publication.check, vendor.publication.timezone, looked)
    while moment <= now:
        latest, moment = moment, next_time(vendor.publication.check, vendor.publication.timezone, moment)
    return latest


def glance_at(home: Home, vendor: Vendor, now: datetime) -> list[Sight]:
    """Glance at the vendor for each Active profile: a request each, of whose answer only the beginning is read.

    Raises ``ConfigurationError``, ``WarehouseBusy``.
    """
    profiles = load_configuration(home).profiles_of(vendor.name, active_only=True)
    with open_warehouse(home.warehouse, PATIENCE_SECONDS) as connection:
        last = {profile.name: previous_file(connection, profile.name) for profile in profiles}
    with ThreadPoolExecutor(_GLANCES_AT_ONCE) as pool:
        return list(pool.map(lambda profile: _glance(vendor, profile, last[profile.name], now), profiles))


def _glance(vendor: Vendor, profile: IntegrationProfile, last: ArrivedFile | None, now: datetime) -> Sight:
    try:
        mark = mark_of_new_file(profile, vendor, last.previous if last else None, now=now)
    except RetrievalError as error:
        awaited = isinstance(error, errors.NoFileYet) and last is None
        what: Literal["no first file yet", "failure"] = "no first file yet" if awaited else "failure"
        return Sight(profile.name, what, f"{profile.name} {error.key}", str(error), error.transient)
    return Sight(profile.name, "new file", f"{profile.name} {mark}") if mark else Sight(profile.name, "nothing new")


def new_file_sensor(vendor: Vendor) -> dg.SensorDefinition:
    """The vendor's sensor."""

    @dg.sensor(
        name=f"{vendor.name}_new_file",
        job_name=JOB_NAME,
        minimum_interval_seconds=TICK_SECONDS,
        description=(
            f"{vendor.title} makes its file {vendor.publication.description}. At those times this asks for it, without "
            "fetching it, and starts a run for all Active profiles when there is a new one, the first one included. "
            "What fails is tried again a few times. Off until switched on."
        ),
    )
    def new_file(context: dg.SensorEvaluationContext, home: dg.ResourceParam[HomeResource]) -> Told:
        return look(lambda: _tick(vendor, Progress.of(context.cursor), context.instance, home))

    return new_file


def _tick(vendor: Vendor, progress: Progress, instance: dg.DagsterInstance, home: HomeResource) -> Told:
    now = home.now()
    if progress.run_key:
        match fate(instance, home.home, progress.run_key):
            case Fate.GOING_ON:
                return dg.SkipReason("The run that this asked for has not ended yet.")
            case Fate.SUCCEEDED:
                progress = progress.settle().but(undone=False)
            case Fate.ENDED_RED:
                progress = progress.again(now).but(undone=False)
            case Fate.LEFT_UNDONE:
                progress = progress.again(now).but(undone=True)
    progress = progress.at(due(vendor, progress.moment or progress.settled, now))
    if progress.moment is None:
        return _wait(progress, f"{vendor.title} is not due.")
    if progress.not_before and now < progress.not_before:
        return _wait(progress, f"The next attempt is due at {progress.not_before:%Y-%m-%d %H:%M} UTC.")
    progress, sights = _overdue(vendor, progress, glance_at(home.home, vendor, now), now)
    return _follow(vendor, progress, sights, now)


def _overdue(
    vendor: Vendor, progress: Progress, sights: Sequence[Sight], now: datetime
) -> tuple[Progress, list[Sight]]:
    """The sights, with a first file that has been awaited for too long as the failure that it is."""
    patience = timedelta(days=vendor.publication.fresh_for_days)
    missing = [sight.profile for sight in sights if sight.what == "no first file yet"]
    since = {name: progress.awaited_since.get(name, now) for name in missing}
    overdue = {name for name in missing if now - since[name] >= patience}
    judged = [replace(sight, what="failure") if sight.profile in overdue else sight for sight in sights]
    return progress.but(awaited_since=since), judged


def _follow(vendor: Vendor, progress: Progress, sights: Sequence[Sight], now: datetime) -> dg.SensorResult:
    """A run, another attempt later, or nothing.

    A run for a new file, for one that died, and for a failure that no run has told yet: at once when it will not pass
    by itself, else after the last attempt. A failure that was told starts no other run until it is over.
    """
    failures = {sight.mark: sight for sight in sights if sight.what == "failure"}
    untold = [sight for mark, sight in failures.items() if mark not in progress.told]
    lasting = [sight for sight in untold if not sight.transient or progress.attempt > len(PAUSES)]
    new = [sight.mark for sight in sights if sight.what == "new file"]
    if new or lasting or progress.undone:
        moment = progress.moment.isoformat() if progress.moment else ""
        key = run_key(vendor.name, moment, *new, *failures, attempt=progress.attempt)
        asked = progress.but(run_key=key, told=tuple(failures))
        return dg.SensorResult(
            run_requests=[run_request(vendor.name, key)], cursor=asked.model_dump_json(exclude_defaults=True)
        )
    progress = progress.but(told=tuple(mark for mark in progress.told if mark in failures))
    if untold:
        return _wait(progress.again(now), " ".join(sight.sentence for sight in untold))
    seen = " ".join(sight.sentence for sight in sights if sight.sentence)
    return _wait(progress.settle(), seen or f"{vendor.title} has no new file.")


def _wait(progress: Progress, why: str) -> dg.SensorResult:
    return dg.SensorResult(skip_reason=why, cursor=progress.model_dump_json(exclude_defaults=True))
