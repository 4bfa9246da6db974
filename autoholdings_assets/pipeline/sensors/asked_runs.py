"""The runs that a sensor has asked for: what became of one, and when to ask again.

What belongs here: what all sensors that start runs have in common. What does not: what they watch.

A sensor's cursor moves on only when the run that it asked for has done its work. One that died is asked for again, a
few times, with growing pauses; a run's key carries what was seen and the attempt, since Dagster never starts a key
twice.
"""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from enum import Enum
from typing import Self

import dagster as dg
from pydantic import BaseModel, ConfigDict, ValidationError

from autoholdings_assets.config import ConfigurationError, Home
from autoholdings_assets.holdings import runs
from autoholdings_assets.holdings.warehouse import PATIENCE_SECONDS, WarehouseBusy, open_warehouse
from autoholdings_assets.pipeline.assets import PUBLISHED_KEY

PAUSES = (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=4))
"""How long to wait after each failure before the next attempt; after the last one there is none."""

Told = dg.SensorResult | dg.SkipReason
"""What a tick of a sensor comes to."""


class Cursor(BaseModel):
    """How far a sensor has come: kept by Dagster from tick to tick."""

    model_config = ConfigDict(frozen=True)

    @classmethod
    def of(cls, kept: str | None) -> Self:
        """The cursor that was kept; from the beginning where there is none, or none that this version knows."""
        try:
            return cls.model_validate_json(kept or "{}")
        except ValidationError:
            return cls()


def look(tick: Callable[[], Told]) -> Told:
    """What a sensor's tick finds; while something keeps it from looking, it says so and looks again."""
    try:
        return tick()
    except WarehouseBusy:
        return dg.SkipReason("A run is going on; this looks again after it.")
    except ConfigurationError as error:
        return dg.SkipReason(f"autoholdings.yaml cannot be used: {error}")


class Fate(Enum):
    """What became of a run."""

    GOING_ON = "going on"
    SUCCEEDED = "succeeded"
    ENDED_RED = "ended red, with nothing left to do"
    LEFT_UNDONE = "died, and its work is not done"


def run_key(vendor: str, *seen: str, attempt: int) -> str:
    """The key of a run: the vendor, a hash of what was seen (never the thing itself), the attempt."""
    digest = hashlib.sha256("\n".join(seen).encode()).hexdigest()[:12]
    return f"{vendor} {digest} attempt {attempt}"


def fate(instance: dg.DagsterInstance, home: Home, key: str) -> Fate:
    """What became of the run with this key. Raises ``WarehouseBusy``.

    A red run has nothing left to do when it got as far as publishing (a profile failed beside others), when its plan is
    held for a person, or when no file came that can be used: running again would change nothing. A run that a person
    cancelled stays cancelled.
    """
    found = instance.get_runs(dg.RunsFilter(tags={"dagster/run_key": key}), limit=1)
    if not found:
        return Fate.LEFT_UNDONE
    run = found[0]
    if not run.is_finished:
        return Fate.GOING_ON
    if run.status in (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.CANCELED):
        return Fate.SUCCEEDED
    made = instance.all_logs(run.run_id, dg.DagsterEventType.ASSET_MATERIALIZATION)
    if any(event.dagster_event and event.dagster_event.asset_key == PUBLISHED_KEY for event in made):
        return Fate.ENDED_RED
    with open_warehouse(home.warehouse, PATIENCE_SECONDS) as connection:
        return Fate.ENDED_RED if runs.waits_for_others(connection, run.run_id) else Fate.LEFT_UNDONE
