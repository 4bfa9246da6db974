"""What a librarian sees and does in the Dagster UI, in a real browser."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Page, expect

from autoholdings_assets.cli import execute
from autoholdings_assets.config import Home
from autoholdings_assets.demo.vendor import DemoVendors
from autoholdings_tests.browser import fill_in
from autoholdings_tests.library import BOOKS, JOURNALS, Library, book, isbn, issn, journal

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RUN_PATIENCE = 180_000  # milliseconds; the daemon takes a run from the queue and starts a process for it
CHAIN = ["kbart_files", "title_list", "coverage", "change_plan", "portfolios", "actions_report"]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library after one run: two journals, a book, and a row that cannot be read."""
    home = Home(tmp_path_factory.mktemp("library") / "home")
    home.create()
    configuration = {
        "institution": {"name": "University of Example", "timezone": "America/New_York"},
        "electronic_collections": [{"name": JOURNALS}, {"name": BOOKS}],
        "integration_profiles": [],
    }
    with pytest.MonkeyPatch.context() as monkeypatch, DemoVendors() as vendors:
        monkeypatch.setenv("DAGSTER_HOME", "")
        monkeypatch.setenv("AUTOHOLDINGS_HOME", "")
        library = Library(home, vendors, monkeypatch, configuration)
        library.profile("wiley-main", schedule="0 6 * * SAT").serves(
            [
                journal("Acta Exempla", issn(1), end="2010"),
                journal("Acta Exempla", issn(1), start="2012"),
                journal("Botanica Ficta", issn(3)),
                journal("Undated Proceedings", issn(5), start="the beginning"),
                book("On Examples", isbn(1)),
            ]
        )
        assert execute(["run", "wiley", "--home", str(home.path)]) == 1
        yield library


@pytest.fixture(scope="module")
def ui(library: Library, serve_ui: Callable[[Path], str]) -> str:
    return serve_ui(library.home.path)


@pytest.fixture(scope="module")
def broken(library: Library) -> None:
    """A configuration that cannot be used; asked for before the UI, which then starts with it."""
    library.change_profile("wiley-main", groups=["LAW"])


def launchpad_config(page: Page) -> str:
    """The configuration that the launchpad shows, once it is there."""
    editor = page.locator(".CodeMirror").first
    expect(editor).to_contain_text("plan_id")
    return str(editor.evaluate("element => element.CodeMirror.getValue()"))


def look(page: Page, address: str, shows: str) -> None:
    """Go to a page and wait until it shows something."""
    page.goto(address)
    expect(page.get_by_text(shows, exact=True).first).to_be_visible()


def test_a_broken_configuration_is_one_failed_check_until_it_is_repaired_and_everything_else_stands(
    page: Page, library: Library, broken: None, ui: str, pictures: Path
) -> None:
    """A UI that starts with the broken file has the whole lineage, past results included; it notices the repair."""
    checks = "/assets/configuration/autoholdings_yaml?view=checks"
    message = re.compile('profile "wiley-main" has groups, which exist only with several campuses')
    look(page, f"{ui}/locations/autoholdings/asset-groups/wiley/lineage", "kbart_files")
    for name in [*CHAIN, "autoholdings_yaml", "published"]:
        expect(page.get_by_text(name, exact=True).first).to_be_visible()
    look(page, f"{ui}/assets/wiley/title_list", "Row count")
    look(page, ui + checks, "configuration_is_valid")
    expect(page.get_by_text(message).first).to_be_visible(timeout=90_000)
    page.screenshot(path=pictures / "broken_configuration.png")
    del library.configuration["integration_profiles"][0]["groups"]
    library.save()
    # without a reload, within half a minute
    expect(page.get_by_text("autoholdings.yaml can be used.").first).to_be_visible(timeout=90_000)


def test_the_lineage_shows_the_chain_from_source_to_published_copy(page: Page, ui: str, pictures: Path) -> None:
    look(page, f"{ui}/locations/autoholdings/asset-groups/wiley/lineage", "kbart_files")
    for name in [*CHAIN, "autoholdings_yaml", "title_lists", "published"]:
        expect(page.get_by_text(name, exact=True).first).to_be_visible()
    page.screenshot(path=pictures / "lineage.png")


def test_an_assets_page_shows_description_columns_counts_preview_and_checks(
    page: Page, ui: str, pictures: Path
) -> None:
    look(page, f"{ui}/assets/wiley/title_list", "Row count")
    expect(page.get_by_text("Every row of the files, read and checked against KBART")).to_be_visible()
    expect(page.get_by_text("Title of the serial or book")).to_be_visible()  # a column's meaning
    expect(page.get_by_text("5", exact=True).first).to_be_visible()  # the row count
    expect(page.get_by_text("rejected_rows")).to_be_visible()
    page.screenshot(path=pictures / "asset.png")
    preview = page.locator("tr", has=page.get_by_text("preview", exact=True))
    if preview.get_by_text("Show Markdown").count():
        preview.get_by_text("Show Markdown").click()
    shown = page.get_by_role("cell", name="Botanica Ficta", exact=True)
    expect(shown).to_be_visible()
    shown.scroll_into_view_if_needed()
    page.screenshot(path=pictures / "preview.png")


def test_a_check_says_in_words_what_is_wrong(page: Page, ui: str, pictures: Path) -> None:
    look(page, f"{ui}/assets/wiley/title_list?view=checks&checkDetail=no_row_was_rejected", "no_row_was_rejected")
    expect(page.get_by_text(re.compile("1 row cannot be used; .* The date cannot be read"))).to_be_visible()
    # the row in question stands there at once, without a click
    expect(page.get_by_role("cell", name="the beginning", exact=True).first).to_be_visible()
    page.screenshot(path=pictures / "check.png")
    look(page, f"{ui}/assets/wiley/change_plan?view=checks", "every_row_is_accounted_for")
    expect(page.get_by_text("plan_is_not_held").first).to_be_visible()


def test_the_run_of_the_command_line_stands_there_like_any_other(
    page: Page, ui: str, library: Library, pictures: Path
) -> None:
    (run,) = library.sql("SELECT run_id FROM job_run")
    look(page, f"{ui}/runs/{run['run_id']}", "Success")
    expect(page.get_by_role("link", name="upload_electronic_holdings")).to_be_visible()
    page.screenshot(path=pictures / "run.png")
    look(page, f"{ui}/overview/timeline", "upload_electronic_holdings")
    look(page, f"{ui}/locations/autoholdings/jobs/upload_electronic_holdings/runs", run["run_id"][:8])


@pytest.mark.rule("A2")
def test_a_held_plan_is_accepted_from_the_launchpad(page: Page, ui: str, library: Library, pictures: Path) -> None:
    """The failed check leads to the launchpad with the plan filled in; a person says who and why; it is applied."""
    library.feeds["wiley-main"].serves([journal("Botanica Ficta", issn(3)), book("On Examples", isbn(1))])
    assert execute(["run", "wiley", "--home", str(library.home.path)]) == 4
    look(page, f"{ui}/assets/wiley/change_plan?view=checks&checkDetail=plan_is_not_held", "plan_is_not_held")
    expect(page.get_by_text("Plan wiley-2 is held")).to_be_visible()
    expect(page.get_by_text('for example "Acta Exempla"')).to_be_visible()
    page.screenshot(path=pictures / "held.png")
    page.goto(ui + str(page.get_by_role("link", name="Accept it").get_attribute("href")))
    config = launchpad_config(page)
    assert yaml.safe_load(config) == {"ops": {"accept_plan": {"config": {"plan_id": "wiley-2", "why": "", "who": ""}}}}
    fill_in(page, config.replace("why: ''", "why: The journal was sold").replace("who: ''", "who: Ada"))
    page.screenshot(path=pictures / "launchpad.png")
    page.get_by_role("button", name="Launch Run").click()
    page.wait_for_url("**/runs/*", timeout=RUN_PATIENCE)
    expect(page.get_by_text("Success", exact=True).first).to_be_visible(timeout=RUN_PATIENCE)
    assert set(library.titles()) == {"Botanica Ficta", "On Examples"}
    (decision,) = library.published("FROM plan_decision")
    assert (decision["plan_id"], decision["decided_by"], decision["why"]) == ("wiley-2", "Ada", "The journal was sold")
