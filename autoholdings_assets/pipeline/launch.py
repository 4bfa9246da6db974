"""One run of one vendor in this process, recorded in the home's Dagster instance like any other run.

What belongs here: starting Dagster for the command line. What does not: what the command line prints.
"""

import getpass
import os
import warnings

import dagster as dg

from autoholdings_assets.config import Home
from autoholdings_assets.pipeline.assets import run_selection
from autoholdings_assets.pipeline.build import build_definitions
from autoholdings_assets.pipeline.home import ACTED_BY_TAG, Listener
from autoholdings_assets.pipeline.instance import prepare
from autoholdings_assets.pipeline.jobs import JOB_NAME, VENDOR_TAG

# The console logger would tell the terminal every event of the run; they all stand in the UI.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def run_vendor(home: Home, vendor: str, listener: Listener, *, dry_run: bool = False) -> str:
    """Run the vendor's job, or as a dry run its part up to the plan. Returns the run's id.

    What happened is told to the listener; a failed step raises nothing here.
    """
    prepare(home)
    warnings.simplefilter("ignore", dg.BetaWarning)
    job = build_definitions(home, listener).resolve_job_def(JOB_NAME)
    with dg.DagsterInstance.get() as instance:
        result = job.execute_in_process(
            instance=instance,
            asset_selection=run_selection(vendor, dry_run=dry_run),
            run_config=_QUIET,
            tags={VENDOR_TAG: vendor, ACTED_BY_TAG: _person(), **({"autoholdings/dry_run": "true"} if dry_run else {})},
            raise_on_error=False,
        )
    return result.run_id


def _person() -> str:
    try:
        return f"{getpass.getuser()} (command line)"
    except (OSError, KeyError):
        return f"user {os.getuid()} (command line)"
