"""How things look in the Dagster UI: small tables, counts, lists of sentences.

What belongs here: turning plain values into Dagster metadata, never more than a screenful. What does not: deciding
what is worth showing (the assets do).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import dagster as dg

OWNERS = ["team:e-resources"]
PREVIEW_ROWS = 10
_CELL = 120


def bullets(sentences: Iterable[str]) -> dg.MarkdownMetadataValue:
    """A list of sentences."""
    return dg.MetadataValue.md("\n".join(f"- {_escaped(sentence)}" for sentence in sentences))


def counted(number: int, thing: str) -> str:
    """``1 row``, ``1,234 rows``."""
    return f"{number:,} {thing}" + ("" if number == 1 else "s")


def counts(numbers: Mapping[str, int]) -> dg.MarkdownMetadataValue:
    """Numbers by name."""
    return dg.MetadataValue.md(
        "\n".join(f"- {_escaped(name)}: {number:,}" for name, number in numbers.items()) or "*none*"
    )


def table(
    records: Sequence[Mapping[str, Any]], *, total: int | None = None, every: bool = False
) -> dg.MarkdownMetadataValue:
    """The first records (or every one) as a markdown table, with a line that says how many there are in all."""
    if not records:
        return dg.MetadataValue.md("*nothing to show*")
    columns = list(records[0])
    shown = records if every else records[:PREVIEW_ROWS]
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(_cell(record.get(column)) for column in columns) + " |" for record in shown]
    total = len(records) if total is None else total
    if total > len(shown):
        lines.append(f"\n*{len(shown)} of {total:,}*")
    return dg.MetadataValue.md("\n".join(lines))


def _cell(value: Any) -> str:
    text = "" if value is None or value != value else str(value)  # NaN is not equal to itself
    return _escaped(text if len(text) <= _CELL else text[: _CELL - 1] + "…")


def _escaped(text: str) -> str:
    """The text as markdown shows it as given: what a vendor wrote must not become a link, a picture or a column."""
    for character in "\\`*_[]<>|#":
        text = text.replace(character, "\\" + character)
    return " ".join(text.split())
