"""``python -m autoholdings_tests.screenshots``: the README's pictures, taken of a real run in a real browser.

What belongs here: the scene and the pictures. What does not: tests (``e2e/``), or starting a browser (``browser.py``).
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import duckdb
from playwright.sync_api import Page, expect

from autoholdings_assets.cli import execute
from autoholdings_assets.config import Home
from autoholdings_assets.demo.files import kbart_bytes, title_list
from autoholdings_assets.demo.home import FIRST_ISSUE, PROFILES, Demonstration, demonstration
from autoholdings_tests import browser

FOLDER = Path(__file__).parents[1] / "docs" / "images"
LARGEST = 150_000
WEEKS = 4
_WITH_PO_LINES = ("9990-0017", "9990-0033", "9990-0203")  # the second file does not name the last of these journals
_SETTLED = 3_000  # milliseconds until what moves on a page (plots, the lineage) has come to rest


@dataclass(frozen=True)
class Picture:
    """A page of the UI: its address, the size of the window, and what to do there before the picture is taken."""

    name: str
    path: str
    shows: str
    size: tuple[int, int]
    arrange: Callable[[Page], None] = lambda page: None


def main() -> None:
    """Take all pictures anew."""
    arguments = argparse.ArgumentParser(prog="python -m autoholdings_tests.screenshots", description=__doc__)
    arguments.add_argument("--folder", type=Path, default=FOLDER, help="where the pictures go")
    folder = arguments.parse_args().folder
    executable = browser.chromium()
    if executable is None:
        sys.exit("There is no Chromium on this machine (Debian: apt-get install chromium).")
    os.environ["LOGNAME"] = "ada"  # who the runs were started by
    with tempfile.TemporaryDirectory() as scratch:
        home = Home(Path(scratch) / "home")
        play(home)
        take(home, executable, folder)


def play(home: Home) -> None:
    """Some weeks of the demonstration, with a PO line whose journal goes; then a file that has been cut off."""
    with demonstration(home) as shown:
        for week in range(1, WEEKS + 1):
            shown.publish(week)
            _run(home, "--all")
            for number, journal in enumerate(_WITH_PO_LINES if week == 1 else (), 10293):
                _run_command(home, "po-line", "attach", journal, f"POL-{number}")
        _publish_cut_off(shown, WEEKS + 1)
        _run(home, "wiley")


def take(home: Home, executable: str, folder: Path) -> None:
    """Take every picture of a home, in a real browser."""
    folder.mkdir(parents=True, exist_ok=True)
    with browser.serve_ui(home.path) as address, browser.open_page(executable) as page:
        page.goto(address)
        page.get_by_text("Hide navigation").click()
        for picture in PICTURES:
            page.set_viewport_size({"width": picture.size[0], "height": picture.size[1]})
            page.goto(address + picture.path)
            expect(page.get_by_text(picture.shows).first).to_be_visible()
            picture.arrange(page)
            page.wait_for_timeout(_SETTLED)
            _save(page, folder / f"{picture.name}.png")
        page.set_viewport_size({"width": 1100, "height": 1000})
        page.goto(_job_report(home).as_uri())
        _save(page, folder / "job_report.png")


def _save(page: Page, path: Path) -> None:
    page.screenshot(path=path)
    size = path.stat().st_size
    print(f"{path} ({size // 1000} kB)")
    if size > LARGEST:
        sys.exit(f"{path.name} is larger than {LARGEST // 1000} kB: make its window smaller.")


def _run(home: Home, *vendor: str) -> None:
    _run_command(home, "run", *vendor)


def _run_command(home: Home, *command: str) -> None:
    execute([*command, "--home", str(home.path)])


def _publish_cut_off(shown: Demonstration, week: int) -> None:
    """The main campus's file of this week, of which only the first third has arrived at the vendor's own server."""
    profile = PROFILES[0]
    whole = title_list(profile.customer, week)
    made_at = FIRST_ISSUE + timedelta(weeks=week - 1)
    name = f"{profile.file_name}_{made_at:%Y-%m-%d}.txt"
    shown.accounts[profile.name].publish(kbart_bytes(whole.head(len(whole) // 3)), name, made_at)


def _job_report(home: Home) -> Path:
    """The report of the second week's run: with losses, a rejected row, and a PO line that needs attention."""
    with duckdb.connect(str(home.published), read_only=True) as connection:
        runs = connection.execute("SELECT run_id FROM job_run WHERE vendor = 'wiley' ORDER BY started_at").fetchall()
    return next(home.reports.glob(f"wiley/*{runs[1][0][:8]}/job_report.html"))


def _rest(page: Page) -> None:
    expect(page.get_by_text("Loading...")).to_have_count(0)


def _plots(page: Page) -> None:
    page.get_by_text("Plots", exact=True).click()
    expect(page.locator("canvas").first).to_be_visible()  # until the runs are there, the page says that it has no plots
    page.get_by_text("Metadata", exact=True).first.evaluate("element => element.scrollIntoView()")


def _decide(page: Page) -> None:
    """From the failed check to the launchpad, and the form filled in."""
    page.goto(page.url.split("/assets")[0] + str(page.get_by_role("link", name="Accept it").get_attribute("href")))
    editor = page.locator(".CodeMirror").first
    expect(editor).to_contain_text("plan_id")
    config = editor.evaluate("element => element.CodeMirror.getValue()")
    why = "why: The vendor has confirmed the new file"
    browser.fill_in(page, config.replace("why: ''", why).replace("who: ''", "who: Ada Librarian"))


_HELD = "/assets/wiley/change_plan?view=checks&checkDetail=plan_is_not_held"
PICTURES = (
    Picture("lineage", "/locations/autoholdings/asset-groups/wiley/lineage", "kbart_files", (1700, 560), _rest),
    Picture("asset", "/assets/wiley/portfolios", "Metadata", (1300, 760), _plots),
    Picture(
        "failed_check", "/assets/wiley/title_list?view=checks&checkDetail=no_row_was_rejected", "rejected", (1300, 860)
    ),
    Picture("held_plan", _HELD, "is held", (1300, 690)),
    Picture("launchpad", _HELD, "Accept it", (1300, 720), _decide),
)

if __name__ == "__main__":
    main()
