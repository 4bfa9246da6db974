"""The sensors that start runs: one for each vendor (a new file there), one for the inbox (a file delivered by hand).

What belongs here: deciding whether to run. What does not: requests and the inbox themselves (``retrieval/``), and runs
at times that the library set (``jobs.py``). All are off until a person switches them on.
"""

from collections.abc import Iterable

import dagster as dg

from autoholdings_assets.config import Configuration
from autoholdings_assets.pipeline.sensors.delivered_file import delivered_file
from autoholdings_assets.pipeline.sensors.new_file import new_file_sensor
from autoholdings_assets.vendors.model import Vendor


def build_sensors(vendors: Iterable[Vendor], configuration: Configuration | None) -> list[dg.SensorDefinition]:
    """The inbox's sensor, and one for each vendor with an Active profile; none while the configuration is broken."""
    if configuration is None:
        return []
    used = [vendor for vendor in vendors if configuration.profiles_of(vendor.name, active_only=True)]
    return [*map(new_file_sensor, used), delivered_file]
