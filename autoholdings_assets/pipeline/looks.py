"""How things look in the Dagster UI: small tables, counts, lists of sentences.

What belongs here: turning plain values into Dagster metadata, never more than a screenful. What does not: deciding
what is worth showing (the assets do).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import dagster as dg

from autoholdings_assets.reports import markdown

OWNERS = ["team:e-resources"]
PREVIEW_ROWS = 10


def bullets(sentences: Iterable[str]) -> dg.MarkdownMetadataValue:
    """A list of sentences."""
    return dg.MetadataValue.md(markdown.bullets(sentences))


def counts(numbers: Mapping[str, int]) -> dg.MarkdownMetadataValue:
    """Numbers by name."""
    return dg.MetadataValue.md(markdown.counts(numbers))


def table(
    records: Sequence[Mapping[str, Any]], *, total: int | None = None, every: bool = False
) -> dg.MarkdownMetadataValue:
    """The first records (or every one) as a markdown table, with a line that says how many there are in all."""
    if not records:
        return dg.MetadataValue.md("*nothing to show*")
    columns = list(records[0])
    shown = records if every else records[:PREVIEW_ROWS]
    rows = ([record.get(column) for column in columns] for record in shown)
    total = len(records) if total is None else total
    return dg.MetadataValue.md(markdown.table(columns, rows, shown=len(shown), total=total))
