"""Putting the parts together: all Dagster definitions of one home.

What belongs here: the whole, made of the other modules' parts. The graph comes from the vendors' data files alone, so
that a broken autoholdings.yaml is a failed check with a message and not a vanished lineage.
"""

import dagster as dg

from autoholdings_assets.config import Home
from autoholdings_assets.pipeline.alert_sensor import tell_people
from autoholdings_assets.pipeline.assets import build_assets
from autoholdings_assets.pipeline.decisions import DECISION_JOBS
from autoholdings_assets.pipeline.home import Listener
from autoholdings_assets.pipeline.housekeeping import housekeeping_job, housekeeping_schedule
from autoholdings_assets.pipeline.jobs import build_job, build_schedules
from autoholdings_assets.pipeline.move_job import move_job
from autoholdings_assets.pipeline.running import home_resource, watch_runs
from autoholdings_assets.pipeline.sensors import build_sensors
from autoholdings_assets.pipeline.sources import (
    SOURCES,
    configuration_is_valid,
    judge_configuration,
    vendors_of,
    watch_configuration,
)


def build_definitions(home: Home, listener: Listener | None = None) -> dg.Definitions:
    """All definitions for one home. ``listener`` lets the command line follow a run in its own process."""
    vendors = vendors_of(home).values()
    assets = build_assets(vendors)
    _, configuration = judge_configuration(home)
    return dg.Definitions(
        assets=[*assets, *SOURCES],
        asset_checks=[configuration_is_valid],
        jobs=[build_job(assets), *DECISION_JOBS, move_job, housekeeping_job],
        schedules=[*build_schedules(vendors, configuration), housekeeping_schedule(configuration)],
        sensors=[watch_configuration, watch_runs, tell_people, *build_sensors(vendors, configuration)],
        resources={"home": home_resource(home, listener or Listener())},
    )
