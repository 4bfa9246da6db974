"""A document as markdown, for the Dagster UI; and the small pieces of markdown that its assets show.

Text is escaped here: what a vendor wrote must not become a link, a picture, a column or markup.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from autoholdings_assets.reports import document as doc
from autoholdings_assets.reports.wording import shortened

_LONGEST_CELL = 120
_SPECIAL = "\\`*_[]<>|#~&"


def as_markdown(document: doc.Document) -> str:
    """The whole document, its title left out: the asset that shows it has one."""
    parts = [_block(block) for block in document.head]
    for section in document.sections:
        parts += [f"### {escaped(section.title)}", *(_block(block) for block in section.blocks)]
    return "\n\n".join(part for part in parts if part)


def escaped(text: str) -> str:
    """The text as markdown shows it as given, on one line."""
    for character in _SPECIAL:
        text = text.replace(character, "\\" + character)
    return " ".join(text.split())


def bullets(sentences: Iterable[str]) -> str:
    """A list of sentences."""
    return "\n".join(f"- {escaped(sentence)}" for sentence in sentences)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, shown: int = 0, total: int = 0) -> str:
    """A table, with a line that says how many of the ``total`` rows are ``shown`` where these are fewer."""
    lines = ["| " + " | ".join(map(escaped, columns)) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(map(cell, row)) + " |" for row in rows]
    if total > shown:
        lines.append(f"\n*{shown:,} of {total:,}*")
    return "\n".join(lines)


def cell(value: object) -> str:
    """A value in a table, cut short where it is long; nothing for a missing one."""
    text = "" if value is None or value != value else str(value)  # NaN is not equal to itself
    return escaped(shortened(text, _LONGEST_CELL))


def counts(numbers: Mapping[str, int]) -> str:
    """Numbers by name."""
    return "\n".join(f"- {escaped(name)}: {number:,}" for name, number in numbers.items()) or "*none*"


def _block(block: doc.Block) -> str:
    match block:
        case doc.Text(text, tone):
            return f"**{escaped(text)}**" if tone else escaped(text)
        case doc.Bullets(items):
            return bullets(map(_plain, items))
        case doc.Facts(facts):
            return "\n".join(f"- {escaped(name)}: {escaped(_plain(value))}" for name, value in facts)
        case doc.Table(caption, columns, rows, total):
            plain = ([_plain(value) for value in row] for row in rows)
            return f"*{escaped(caption)}*\n\n" + table(columns, plain, shown=len(rows), total=total or 0)
        case doc.Bars(caption, bars):
            return f"*{escaped(caption)}*\n\n" + bullets(f"{bar.label}: {bar.figures}" for bar in bars)
        case doc.Letter(text):
            return "\n".join(_fenced(text))


def _plain(value: doc.Cell) -> str:
    match value:
        case None:
            return ""
        case int():
            return f"{value:,}"
        case str():
            return value
        case doc.Link(text, target):
            return f"{text}: {target}"
        case doc.Toned(text, _):
            return text
        case doc.Lines(lines):
            return "; ".join(lines)


def _fenced(text: str) -> Iterator[str]:
    """The text as it is, between fences that are longer than any row of backticks in it."""
    longest = max((len(run) for run in "".join(c if c == "`" else " " for c in text).split()), default=0)
    fence = "`" * max(3, longest + 1)
    yield from (f"{fence}text", text, fence)
