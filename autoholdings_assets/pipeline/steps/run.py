"""What every step of a run begins with.

What belongs here: the run's context, and its record in the warehouse. What does not: how it ends (``ending.py``), and
any step's own work.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from autoholdings_assets.config import Configuration, Home, load_configuration
from autoholdings_assets.holdings import runs
from autoholdings_assets.holdings.entitlements import Inputs, current_inputs
from autoholdings_assets.holdings.refusals import Unusable
from autoholdings_assets.holdings.warehouse import Connection, open_warehouse
from autoholdings_assets.vendors.model import Vendor


class NothingUsable(Unusable):
    """No Active profile brought a file that can be used; the holdings stay as they were."""


@dataclass(frozen=True)
class RunContext:
    """One run for one vendor: where, for whom, under which Dagster run, started by whom.

    ``reports_follow``: the run goes on to the step that writes its reports, unless it ends before.
    """

    home: Home
    vendor_name: str
    run_id: str
    now: datetime
    acted_by: str
    reports_follow: bool = True

    @cached_property
    def configuration(self) -> Configuration:
        """autoholdings.yaml as it was when the run first asked. Raises ``ConfigurationError``."""
        return load_configuration(self.home)


@contextmanager
def recorded_run(context: RunContext) -> Iterator[tuple[Connection, Configuration, Vendor]]:
    """The open warehouse, the configuration and the vendor of a run that is recorded as begun."""
    configuration = context.configuration
    vendor = configuration.vendor(context.vendor_name)
    with open_warehouse(context.home.warehouse, for_step=True) as connection:
        runs.start_run(connection, context.run_id, vendor.name, context.acted_by, configuration)
        yield connection, configuration, vendor


def inputs_of(connection: Connection, context: RunContext, configuration: Configuration, vendor: Vendor) -> Inputs:
    """Everything that the vendor's plan is made of. Raises `NothingUsable` when no profile has brought a file."""
    inputs = current_inputs(connection, context.home, configuration, vendor)
    if not inputs.grants:
        raise NothingUsable(
            f"No profile of {vendor.title} has a file that can be used yet. Run `autoholdings run {vendor.name}`."
        )
    return inputs
