"""The sensor that looks for what needs a person, and tells it.

What belongs here: when to look, and what the tick says. What does not: looking and telling (``alerting.py``). It looks
at states, not at events, so that it also finds runs that died before they could write anything, and vendors that nobody
runs any more.
"""

import dagster as dg

from autoholdings_assets.alerts.deliver import SomebodyElseTells
from autoholdings_assets.holdings.warehouse import WarehouseBusy
from autoholdings_assets.pipeline.alerting import look_and_tell
from autoholdings_assets.pipeline.home import HomeResource

EVERY_SECONDS = 300


class AlertsNotDelivered(Exception):
    """People could not be told; the next tick tries again."""


@dg.sensor(
    name="tell_people",
    minimum_interval_seconds=EVERY_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Tells the people named under `alerts` in autoholdings.yaml, by e-mail or webhook, what needs them: failed "
        "runs, held plans, failed checks, vendors that have become stale, PO lines that need attention. Each case is "
        "told once, and again when it changes or has been open for days. Does nothing while nobody is named: leave it "
        "on."
    ),
)
def tell_people(context: dg.SensorEvaluationContext, home: dg.ResourceParam[HomeResource]) -> dg.SkipReason:
    """Look and tell; a tick fails when somebody should have been told and could not be."""
    try:
        found, deliveries = look_and_tell(home.home, context.instance, home.now())
    except (WarehouseBusy, SomebodyElseTells):
        return dg.SkipReason("A run is going on; this looks again after it.")
    problems = [f"{delivery.channel}: {delivery.problem}" for delivery in deliveries if delivery.problem]
    if problems:
        raise AlertsNotDelivered(" ".join(problems))
    told = ", ".join(f"{delivery.told} by {delivery.channel}" for delivery in deliveries)
    return dg.SkipReason(f"Open cases: {len(found)}. Told now: {told or 'nothing new'}.")
