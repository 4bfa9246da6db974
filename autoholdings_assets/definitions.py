"""The Dagster code location that ``workspace.yaml`` loads: everything the UI and the daemon see of one institution."""

import dagster as dg

from autoholdings_assets.config import Home
from autoholdings_assets.pipeline.build import build_definitions


@dg.definitions
def defs() -> dg.Definitions:
    """The definitions of the home in ``AUTOHOLDINGS_HOME``."""
    return build_definitions(Home.find())
