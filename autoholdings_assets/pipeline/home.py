"""The home as a Dagster resource: where a run finds its configuration and state, and who listens to the run.

What belongs here: how a run learns its context. What does not: what is in the home (``config.Home``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import dagster as dg

from autoholdings_assets.config import Home
from autoholdings_assets.pipeline.steps import RunContext

ACTED_BY_TAG = "autoholdings/acted_by"


class Listener:
    """Follows a run in the same process, as the command line does. This one ignores everything."""

    def started(self, doing: str) -> None:
        """A step begins; ``doing`` says what it does, as in "reading the title lists"."""

    def surprised(self, error: Exception) -> None:
        """A step died of something that nobody foresaw."""


@dataclass(frozen=True)
class HomeResource:
    """The institution's home, and the listener to tell what happens.

    A plain object, since Dagster copies configurable resources and would lose the listener.
    """

    home: Home
    listener: Listener = field(default_factory=Listener)

    def now(self) -> datetime:
        """The present moment: the one clock of runs and sensors."""
        return datetime.now(UTC)

    def run_context(self, context: dg.AssetExecutionContext | dg.OpExecutionContext, vendor: str) -> RunContext:
        """What the steps need to know of this run."""
        return RunContext(self.home, vendor, context.run.run_id, self.now(), _acted_by(context.run.tags))


def _acted_by(tags: Mapping[str, str]) -> str:
    if ACTED_BY_TAG in tags:
        return tags[ACTED_BY_TAG]
    for kind in ("schedule", "sensor"):
        if f"dagster/{kind}_name" in tags:
            return f"{kind} {tags[f'dagster/{kind}_name']}"
    return tags.get("user", "Dagster UI")
