"""How things look in the Dagster UI: small tables, counts, lists of sentences.

What belongs here: turning plain values into Dagster metadata, never more than a screenful. What does not: deciding
what is worth showing (the assets do).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import dagster as dg

from autoholdings_assets.reports import markdown

OWNERS = ["team:e-resources"]
VENDOR_TAG = "autoholdings/vendor"
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


def grid(records: Sequence[Mapping[str, Any]], *, every: bool = False) -> dg.TableMetadataValue | dg.TextMetadataValue:
    """The first records (or every one) as a table that stands on a check's page at once, where markdown would not."""
    if not records:
        return dg.MetadataValue.text("nothing to show")
    shown = records if every else records[:PREVIEW_ROWS]
    return dg.MetadataValue.table(
        [dg.TableRecord({name: _plain(value) for name, value in record.items()}) for record in shown]
    )


def _plain(value: Any) -> str | int | float | bool | None:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
