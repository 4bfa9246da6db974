"""A sensor for each vendor: asks at the vendor's cadence whether there is a new file, and starts a run when there is.

What belongs here: deciding whether to ask and to run. What does not: the request itself (``retrieval/``), or runs at
times that the library set (``jobs.py``).
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import dagster as dg

from autoholdings_assets.config import Configuration, Home, load_configuration
from autoholdings_assets.holdings.runs import previous_file
from autoholdings_assets.holdings.warehouse import WarehouseBusy, open_warehouse
from autoholdings_assets.pipeline.home import HomeResource
from autoholdings_assets.pipeline.jobs import JOB_NAME, run_request
from autoholdings_assets.retrieval import Previous, RetrievalError, has_new_file
from autoholdings_assets.vendors.cron import next_time
from autoholdings_assets.vendors.model import Vendor

TICK_SECONDS = 600
_PATIENCE_SECONDS = 5.0


def build_sensors(vendors: Iterable[Vendor], configuration: Configuration | None) -> list[dg.SensorDefinition]:
    """A sensor for each vendor with an Active profile; none while the configuration is broken."""
    if configuration is None:
        return []
    return [_sensor(vendor) for vendor in vendors if configuration.profiles_of(vendor.name, active_only=True)]


def profiles_with_news(home: Home, vendor: Vendor, now: datetime) -> list[str]:
    """The Active profiles for which the vendor seems to have another file than the last one: a request each, no body.

    A profile that cannot be asked counts as one with news: the run will say what is wrong. Raises
    ``ConfigurationError``, ``WarehouseBusy``.
    """
    profiles = load_configuration(home).profiles_of(vendor.name, active_only=True)
    with open_warehouse(home.warehouse, _PATIENCE_SECONDS) as connection:
        last = {profile.name: previous_file(connection, profile.name) for profile in profiles}
    found = []
    for profile in profiles:
        file = last[profile.name]
        known = Previous(file.file_sha256, file.etag, file.last_modified) if file else None
        try:
            if has_new_file(profile, vendor, known, now=now):
                found.append(profile.name)
        except RetrievalError:
            found.append(profile.name)
    return found


def due(vendor: Vendor, cursor: str | None, now: datetime) -> datetime | None:
    """The latest moment of the vendor's cadence that nobody has looked at yet; None when there is none.

    However many moments were missed, one look makes up for them.
    """
    looked = datetime.fromisoformat(cursor) if cursor else now - timedelta(days=8)
    latest = None
    moment = next_time(vendor.publication.check, vendor.publication.timezone, looked)
    while moment <= now:
        latest, moment = moment, next_time(vendor.publication.check, vendor.publication.timezone, moment)
    return latest


def _sensor(vendor: Vendor) -> dg.SensorDefinition:
    @dg.sensor(
        name=f"{vendor.name}_new_file",
        job_name=JOB_NAME,
        minimum_interval_seconds=TICK_SECONDS,
        description=(
            f"{vendor.title} makes its file {vendor.publication_in_words()}. At those times this asks for it, without "
            "fetching it, and starts a run for all Active profiles when there is a new one. Off until switched on."
        ),
    )
    def new_file(
        context: dg.SensorEvaluationContext, home: dg.ResourceParam[HomeResource]
    ) -> dg.SensorResult | dg.SkipReason:
        now = datetime.now(UTC)
        moment = due(vendor, context.cursor, now)
        if moment is None:
            return dg.SkipReason(f"{vendor.title} is not due.")
        try:
            news = profiles_with_news(home.home, vendor, now)
        except WarehouseBusy:
            return dg.SkipReason("A run is going on; this looks again after it.")
        # One run for each moment at most: a run that fails is tried again at the next one.
        requests = [run_request(vendor.name, f"{vendor.name} {moment.isoformat()}")] if news else []
        return dg.SensorResult(run_requests=requests, cursor=moment.isoformat())

    return new_file
