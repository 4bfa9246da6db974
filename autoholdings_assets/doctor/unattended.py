"""Whether runs happen by themselves and come to an end: the daemon, schedules and sensors, the last and the stuck runs.

What does not belong here: why a run failed in detail (``autoholdings history``, the UI).
"""

from collections.abc import Iterator
from datetime import UTC, timedelta

import dagster as dg

from autoholdings_assets.doctor.finding import Finding, Patient, fault, ok, warning
from autoholdings_assets.holdings.freshness import staleness
from autoholdings_assets.holdings.runs import HELD, NOTHING_APPLIED
from autoholdings_assets.holdings.warehouse import rows
from autoholdings_assets.pipeline.build import build_definitions
from autoholdings_assets.pipeline.instance import point_at
from autoholdings_assets.pipeline.looks import VENDOR_TAG
from autoholdings_assets.pipeline.running import runs_without_process

_QUEUED_FOR = timedelta(minutes=30)
_LAST_RUN = "SELECT outcome, message, started_at FROM job_run WHERE vendor = ? ORDER BY started_at DESC LIMIT 1"
_START = "Start it with `autoholdings ui`, or as the service of this home (README)."


def dagster(patient: Patient) -> Iterator[Finding]:
    """The daemon, what it would start, and runs that do not end."""
    if not (patient.home.dagster_home / "dagster.yaml").exists():
        advice = "It is made with the first run, or by `autoholdings ui`."
        yield warning("Dagster", "This home has no Dagster instance yet: nothing runs by itself.", advice)
        return
    point_at(patient.home)  # its settings name the folder by this variable
    with dg.DagsterInstance.get() as instance:
        yield from _daemon(instance)
        yield from _switches(patient, instance)
        yield from _stuck_runs(patient, instance)


def last_runs(patient: Patient) -> Iterator[Finding]:
    """How the last run of each vendor ended, and whether its holdings are fresh."""
    if not patient.home.warehouse.exists():
        return
    with patient.warehouse() as connection:
        for vendor in patient.vendors:
            subject = f"last run of {vendor}"
            fresh = staleness(connection, patient.known, vendor, patient.now)
            run = next(iter(rows(connection, _LAST_RUN, [vendor])), None)
            if run is None:
                yield warning(subject, "There was none yet.", f"`autoholdings run {vendor} --dry-run` shows more.")
            elif fresh.message:
                yield warning(subject, fresh.message, "Do what it says.")
            elif run["outcome"] in (NOTHING_APPLIED, HELD):
                yield warning(subject, f"{run['outcome']}: {run['message']}", "Do what it says, and run again.")
            else:
                yield ok(subject, f"{run['outcome'] or 'going on'} ({run['started_at']:%Y-%m-%d %H:%M} UTC).")


def _daemon(instance: dg.DagsterInstance) -> Iterator[Finding]:
    statuses = instance.get_daemon_statuses()
    silent = sorted(name.lower() for name, status in statuses.items() if status.required and not status.healthy)
    if len(silent) == len(statuses):
        yield warning("daemon", "It is not running: no schedule, no sensor and no alert works.", _START)
    elif silent:
        advice = "Stop it and start it again; its output says what is wrong."
        yield fault("daemon", f"Parts of it do not answer: {', '.join(silent)}.", advice)
    else:
        yield ok("daemon", "It is running.")


def _switches(patient: Patient, instance: dg.DagsterInstance) -> Iterator[Finding]:
    """Whether something starts runs of each vendor, and whether what should always be on is on."""
    definitions = build_definitions(patient.home)
    states = {state.instigator_name: state.is_running for state in instance.all_instigator_state()}
    of_vendors: dict[str, list[str]] = {vendor: [] for vendor in patient.vendors}
    for thing in [*(definitions.schedules or ()), *(definitions.sensors or ())]:
        default_on = thing.default_status.value == "RUNNING"
        is_on = states.get(thing.name, default_on)
        vendor = max((name for name in of_vendors if thing.name.startswith(f"{name}_")), key=len, default=None)
        if vendor is not None and is_on:
            of_vendors[vendor].append(thing.name)
        elif vendor is None and default_on and not is_on:
            advice = "Switch it on in the Dagster UI, under Automation."
            yield warning("schedules and sensors", f"{thing.name} was switched off.", advice)
    for vendor, on in of_vendors.items():
        if on:
            yield ok("schedules and sensors", f"{vendor}: {', '.join(on)} on.")
        else:
            advice = "Switch its schedule or sensor on in the Dagster UI, under Automation, unless cron runs it."
            yield warning("schedules and sensors", f"Nothing starts runs of {vendor} by itself.", advice)


def _stuck_runs(patient: Patient, instance: dg.DagsterInstance) -> Iterator[Finding]:
    dead = runs_without_process(patient.home, instance)
    if dead:
        advice = "The daemon ends them within a minute; without it the next run does."
        yield warning("runs", f"The process of these has died: {', '.join(run[:8] for run in dead)}.", advice)
    waiting = dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED])
    old = [
        record.dagster_run
        for record in instance.get_run_records(waiting)
        if patient.now - record.create_timestamp.replace(tzinfo=UTC) > _QUEUED_FOR
    ]
    if old:
        told = ", ".join(f"{run.run_id[:8]} ({run.tags.get(VENDOR_TAG, run.job_name)})" for run in old)
        yield warning("runs", f"These have waited for more than half an hour: {told}.", _START)
    if not dead and not old:
        yield ok("runs", "None is stuck.")
