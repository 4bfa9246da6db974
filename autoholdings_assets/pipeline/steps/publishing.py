"""The step that publishes: the copy for everyone who asks in SQL."""

from dataclasses import dataclass

from autoholdings_assets.holdings import publish as publishing
from autoholdings_assets.holdings.invariants import differing_tables
from autoholdings_assets.holdings.publish import Published
from autoholdings_assets.holdings.warehouse import open_warehouse
from autoholdings_assets.pipeline.steps.run import RunContext


@dataclass(frozen=True)
class PublishedSummary:
    """The published copy, and what is not in it."""

    published: Published
    differing_tables: list[str]


def publish(context: RunContext) -> PublishedSummary:
    """Replace the copy for SQL users, whatever an earlier run left unpublished included (rule A11)."""
    published = publishing.publish(context.home)
    if published.is_exact:
        return PublishedSummary(published, [])
    with open_warehouse(context.home.warehouse) as connection:
        return PublishedSummary(published, differing_tables(connection, context.home.published))
