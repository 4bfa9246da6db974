"""The last step: the copy for everyone who asks in SQL."""

from dataclasses import dataclass

from autoholdings_assets.config import ConfigurationError
from autoholdings_assets.holdings import publish as publishing
from autoholdings_assets.holdings import runs
from autoholdings_assets.holdings.invariants import differing_tables
from autoholdings_assets.holdings.publish import Published
from autoholdings_assets.holdings.runs import ProfileOutcome
from autoholdings_assets.holdings.warehouse import open_warehouse
from autoholdings_assets.pipeline.steps.run import RunContext


@dataclass(frozen=True)
class PublishedSummary:
    """The published copy, the profiles that the run could not read, and what is not in the copy."""

    published: Published
    unread_profiles: list[ProfileOutcome]
    differing_tables: list[str]


def publish(context: RunContext) -> PublishedSummary:
    """Replace the copy for SQL users, whatever an earlier run left unpublished included (rule A11)."""
    published = publishing.publish(context.home)
    try:
        configured = {p.name for p in context.configuration.integration_profiles if p.active}
    except ConfigurationError:
        configured = set()
    with open_warehouse(context.home.warehouse) as connection:
        vendors = [
            v
            for (v,) in connection.execute(
                "SELECT DISTINCT vendor FROM job_run WHERE run_id = ?", [context.run_id]
            ).fetchall()
        ]
        unread = [
            o
            for vendor in vendors
            for o in runs.profile_outcomes(connection, vendor, context.run_id)
            if o.failed and o.profile in configured
        ]
        differing = differing_tables(connection, context.home.published)
    return PublishedSummary(published, unread, differing)
