"""What a page is made of, whatever it is shown as: sections of text, lists, tables, bars.

What belongs here: the parts, as plain data. What does not: how they look in a browser (``page.py``) or in the Dagster
UI (``markdown.py``), which alone decide how text is escaped, and what a report says (``job_document.py``,
``check_page.py``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Tone = Literal["good", "note", "warning", "error"]


@dataclass(frozen=True)
class Link:
    """Leads to a file beside the page, or to a section of it (``#anchor``)."""

    text: str
    target: str


@dataclass(frozen=True)
class Toned:
    """Text that says by its colour how serious it is."""

    text: str
    tone: Tone


@dataclass(frozen=True)
class Lines:
    """Several lines in one cell."""

    lines: Sequence[str]


Cell = str | int | None | Link | Toned | Lines


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str
    tone: Tone | None = None


@dataclass(frozen=True)
class Bullets:
    """A list of sentences or links."""

    items: Sequence[str | Link]


@dataclass(frozen=True)
class Facts:
    """Names and what they are."""

    facts: Sequence[tuple[str, Cell]]


@dataclass(frozen=True)
class Table:
    """Rows under column names; whole numbers stand to the right. ``total``: how many rows there are, if not all."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    total: int | None = None


@dataclass(frozen=True)
class Bar:
    """A bar of several parts, with what it is and its figures in words; ``faint``: planned, not done."""

    label: str
    parts: Sequence[tuple[int, Tone]]
    figures: str
    faint: bool = False


@dataclass(frozen=True)
class Bars:
    """Bars on one scale; ``caption`` says what they show."""

    caption: str
    bars: Sequence[Bar]


@dataclass(frozen=True)
class Letter:
    """Plain text to be copied as it is."""

    text: str


Block = Text | Bullets | Facts | Table | Bars | Letter


@dataclass(frozen=True)
class Section:
    """Blocks under a heading; ``anchor`` lets a `Link` lead here."""

    title: str
    blocks: Sequence[Block]
    anchor: str | None = None


@dataclass(frozen=True)
class Document:
    """A whole page: what stands at its head, and its sections."""

    title: str
    head: Sequence[Block]
    sections: Sequence[Section]
