"""A job report in a real browser: it loads nothing, fits the window and the printed page, and shows text as text."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from autoholdings_assets.reports.document import Bar, Bars, Document, Letter, Section, Table, Text
from autoholdings_assets.reports.page import as_html

pytestmark = [pytest.mark.browser]

HOSTILE = "<img src=http://evil.example/x onerror=\"document.title='caught'\"><script>document.title='caught'</script>"
DOCUMENT = Document(
    HOSTILE,
    [Text(HOSTILE, "error")],
    [
        Section(
            "Sections",
            [
                Table(HOSTILE, (HOSTILE, "Rows"), [(HOSTILE, number) for number in range(60)], total=1_000),
                Table("Unbroken", ("What",), [("https://vendor.example/" + "a" * 400,)]),
                Bars(HOSTILE, [Bar(HOSTILE, [(3, "good"), (1, "error")], "3 good, 1 bad", faint=True)]),
                Letter("Line 3: soon\n" * 80),
            ],
        )
    ],
)


def test_the_page_is_self_contained_and_readable_on_screen_and_paper(
    page: Page, tmp_path: Path, pictures: Path
) -> None:
    written = tmp_path / "page.html"
    written.write_text(as_html(DOCUMENT), encoding="utf-8")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(written.as_uri())
    assert asked == [written.as_uri()], "nothing else was asked for"
    assert page.title() == HOSTILE and page.locator("img, script").count() == 0
    assert page.get_by_text(HOSTILE).count() >= 60
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "no text runs out of the window"
        page.screenshot(path=pictures / f"page_{scheme}.png")
    colours = "[getComputedStyle(document.querySelector('p.error')).color, getComputedStyle(document.body).color]"
    dark = page.evaluate(colours)
    page.emulate_media(color_scheme="light")
    assert dark != page.evaluate(colours)
    pdf = page.pdf(format="A4")
    assert pdf.startswith(b"%PDF") and 2 <= pdf.count(b"/Type /Page\n") <= 8
