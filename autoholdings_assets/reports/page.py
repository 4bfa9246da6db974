"""A document as one self-contained page for a browser: no script, nothing loaded from elsewhere, readable in print.

The page is built as a tree and its text is escaped when the tree is written: nothing that a vendor wrote becomes
markup.
"""

from collections.abc import Sequence
from importlib.resources import files
from xml.etree.ElementTree import Element, tostring

from autoholdings_assets.reports import document as doc

_BAR, _LABEL, _FIGURES, _WIDTH = 24, 260, 280, 1000
_LEAST = 2.0  # points; what is there can be seen
_SHORT = 20  # characters; a date or an ISSN is not broken in two


def as_html(document: doc.Document) -> str:
    """The whole page."""
    page = _tag(
        "html",
        _tag(
            "head",
            _tag("meta", charset="utf-8"),
            _tag("title", document.title),
            _tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            _tag("style", files(__package__).joinpath("page.css").read_text(encoding="utf-8")),
        ),
        _tag(
            "body",
            _tag("h1", document.title),
            *(_block(block) for block in document.head),
            *(_section(section) for section in document.sections),
        ),
        lang="en",
    )
    return "<!doctype html>\n" + tostring(page, encoding="unicode", method="html") + "\n"


def _tag(name: str, /, *content: Element | str, **attributes: object) -> Element:
    """An element with its content; ``class_`` is the attribute class, ``text_anchor`` is text-anchor."""
    element = Element(name, {key.rstrip("_").replace("_", "-"): str(value) for key, value in attributes.items()})
    for part in content:
        if isinstance(part, Element):
            element.append(part)
        elif len(element):
            element[-1].tail = (element[-1].tail or "") + part
        else:
            element.text = (element.text or "") + part
    return element


def _section(section: doc.Section) -> Element:
    named = {"id": section.anchor} if section.anchor else {}
    return _tag("section", _tag("h2", section.title), *(_block(block) for block in section.blocks), **named)


def _block(block: doc.Block) -> Element:
    match block:
        case doc.Text(text, tone):
            return _tag("p", text, **({"class": tone} if tone else {}))
        case doc.Bullets(items):
            return _tag("ul", *(_tag("li", *_content(item)) for item in items))
        case doc.Facts(facts):
            pairs = ((_tag("dt", name), _tag("dd", *_content(value))) for name, value in facts)
            return _tag("dl", *(element for pair in pairs for element in pair))
        case doc.Letter(text):
            return _tag("pre", text)
        case doc.Table():
            return _table(block)
        case doc.Bars():
            return _bars(block)


def _table(table: doc.Table) -> Element:
    columns = list(zip(*table.rows, strict=True)) or [()] * len(table.columns)
    numeric = [
        any(isinstance(c, int) for c in cells) and not any(isinstance(c, str) for c in cells) for cells in columns
    ]
    element = _tag(
        "table",
        _tag("caption", table.caption),
        _tag("thead", _row("th", table.columns, numeric)),
        _tag("tbody", *(_row("td", row, numeric) for row in table.rows)),
    )
    if table.total is None or table.total <= len(table.rows):
        return element
    return _tag("div", element, _tag("p", f"{len(table.rows):,} of {table.total:,}", class_="more"))


def _bars(bars: doc.Bars) -> Element:
    longest = max((sum(value for value, _ in bar.parts) for bar in bars.bars), default=0) or 1
    scale = (_WIDTH - _LABEL - _FIGURES) / longest
    groups = []
    for place, bar in enumerate(bars.bars):
        top, left = place * _BAR, float(_LABEL)
        shapes = [_tag("text", bar.label, x=_LABEL - 8, y=top + 16, text_anchor="end")]
        for value, tone in bar.parts:
            if value:
                width = max(value * scale, _LEAST)
                size = {"x": f"{left:.1f}", "y": top + 4, "width": f"{width:.1f}", "height": _BAR - 8}
                shapes.append(_tag("rect", class_=tone, **size))
                left += width
        shapes.append(_tag("text", bar.figures, x=f"{left + 6:.1f}", y=top + 16))
        groups.append(_tag("g", *shapes, **({"class": "faint"} if bar.faint else {})))
    size = {"viewBox": f"0 0 {_WIDTH} {len(bars.bars) * _BAR}", "role": "img", "aria-label": bars.caption}
    return _tag("figure", _tag("figcaption", bars.caption), _tag("svg", *groups, **size))


def _row(name: str, cells: Sequence[doc.Cell], numeric: Sequence[bool]) -> Element:
    return _tag("tr", *(_cell(name, cell, number) for cell, number in zip(cells, numeric, strict=True)))


def _cell(name: str, cell: doc.Cell, number: bool) -> Element:
    short = name == "td" and isinstance(cell, str) and len(cell) <= _SHORT
    kind = "number" if number else "short" if short else None
    return _tag(name, *_content(cell), **({"class": kind} if kind else {}))


def _content(cell: doc.Cell) -> list[Element | str]:
    match cell:
        case None:
            return []
        case int():
            return [f"{cell:,}"]
        case str():
            return [cell]
        case doc.Link(text, target):
            return [_tag("a", text, href=target)]
        case doc.Toned(text, tone):
            return [_tag("span", text, class_=tone)]
        case doc.Lines(lines):
            return [part for line in lines for part in (_tag("br"), line)][1:]
