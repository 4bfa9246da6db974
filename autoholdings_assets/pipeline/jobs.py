"""When runs happen: the one job, and for each vendor a schedule.

What belongs here: turning a vendor and the configuration into Dagster's job, schedules and run requests. What does
not: what a run does (the assets), or the rule which profile's schedule governs a vendor (``config.py``).
"""

from collections.abc import Iterable

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from autoholdings_assets.config import Configuration, GoverningSchedule
from autoholdings_assets.pipeline.assets import run_selection
from autoholdings_assets.pipeline.looks import VENDOR_TAG
from autoholdings_assets.vendors.model import Vendor

JOB_NAME = "upload_electronic_holdings"


def build_job(assets: Iterable[dg.AssetsDefinition]) -> UnresolvedAssetJobDefinition:
    """The job *Upload Electronic Holdings*, shared by all vendors: a run names its vendor by its asset selection.

    One job, not one for each vendor, because loading time grows faster than the number of jobs over the same assets.
    The steps of a run follow one another in one process: several processes would only start slower.
    """
    return dg.define_asset_job(
        JOB_NAME,
        selection=dg.AssetSelection.assets(*(key for asset in assets for key in asset.keys)),
        executor_def=dg.in_process_executor,
        description=(
            "Fetches the vendors' KBART files, plans and applies the changes to the portfolios, and publishes them. "
            "Started here as it is, it does so for every vendor; for one vendor use `autoholdings run`, the vendor's "
            "schedule, or *Materialize* on the vendor's asset group and then on those of holdings."
        ),
    )


def run_request(vendor: str, run_key: str | None = None) -> dg.RunRequest:
    """A run of the job for one vendor, all its Active profiles together."""
    return dg.RunRequest(
        run_key=run_key, asset_selection=run_selection(vendor), tags={VENDOR_TAG: vendor}, job_name=JOB_NAME
    )


def build_schedules(vendors: Iterable[Vendor], configuration: Configuration | None) -> list[dg.ScheduleDefinition]:
    """A schedule for each vendor that has one in the configuration; none while the configuration is broken."""
    if configuration is None:
        return []
    found = ((vendor, configuration.governing_schedule(vendor.name)) for vendor in vendors)
    return [_schedule(vendor, governing) for vendor, governing in found if governing]


def _schedule(vendor: Vendor, governing: GoverningSchedule) -> dg.ScheduleDefinition:
    return dg.ScheduleDefinition(
        name=f"{vendor.name}_schedule",
        job_name=JOB_NAME,
        cron_schedule=governing.cron,
        execution_timezone=governing.timezone,
        execution_fn=lambda _: run_request(vendor.name),
        tags={VENDOR_TAG: vendor.name},
        description=(
            f"{vendor.title}: {governing.in_words()}. It comes from the profile {governing.profile}, the first of "
            f"{vendor.title}'s profiles with a schedule, and runs all its Active profiles together. "
            "Off until switched on."
        ),
    )
