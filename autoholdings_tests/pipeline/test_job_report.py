"""The job report of a run: its figures are the warehouse's, it is there however the run ended, and nothing that a
vendor wrote becomes markup. And the history, which leads to it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from autoholdings_assets.cli import execute
from autoholdings_assets.config import load_configuration
from autoholdings_assets.demo.vendor import DemoVendors
from autoholdings_assets.holdings.runs import find_runs
from autoholdings_assets.holdings.warehouse import open_warehouse
from autoholdings_assets.pipeline import steps
from autoholdings_assets.pipeline.build import build_definitions
from autoholdings_assets.pipeline.jobs import JOB_NAME, VENDOR_TAG
from autoholdings_assets.pipeline.steps import ReportSummary, ending
from autoholdings_assets.reports import job_report
from autoholdings_assets.reports.markdown import as_markdown
from autoholdings_assets.reports.vendor_letter import letters
from autoholdings_tests import faults
from autoholdings_tests.library import (
    JOURNALS,
    Feed,
    Library,
    Outcome,
    book,
    configuration,
    isbn,
    issn,
    journal,
    new_home,
)

HOSTILE = 'Acta <script>alert("x")</script> | of *Examples* ``` [a](http://evil.example)'
FULL = [
    journal(HOSTILE, issn(1), start="1990"),
    *(journal(f"Journal {n}", issn(n), start="1990") for n in range(2, 30)),
]
BOOK_ROWS = [book(f"Book {n}", isbn(n)) for n in range(5)]
UNREADABLE = [
    journal("Undated", issn(90), start="soon"),
    journal("Two | faults", issn(92), start="later", end="some day"),
]
NEXT = [
    FULL[0] | {"date_first_issue_online": "2001"},
    *FULL[1:27],
    *UNREADABLE,
    journal("Brand New", issn(91)),
]

THEN = "portfolio_as_of((SELECT ended_at FROM job_run WHERE outcome = 'done with findings'))"
"""The portfolios after the story's third run, of the accepted plan."""


@dataclass
class Page(HTMLParser):
    """A page as a reader has it: its text, its tables by caption, what it links to."""

    html: str
    tables: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self._rows: list[list[str]] = []
        self._caption = self._cell = ""
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._cell = "" if tag in ("td", "th", "caption") else self._cell
        if tag == "tr":
            self._rows.append([])
        if tag == "a":
            self.links.append(dict(attrs)["href"] or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._rows[-1].append(self._cell)
        if tag == "caption":
            self._caption, self._rows = self._cell, []
        if tag == "table":
            head, *rows = self._rows
            self.tables[self._caption] = [dict(zip(head, row, strict=True)) for row in rows]

    def handle_data(self, data: str) -> None:
        self.text += data
        self._cell += data


def folder(library: Library, run_id: str) -> Path:
    """The folder of a run's reports; the end of its name is the run's id, which is short in these tests."""
    (found,) = library.home.reports.glob(f"*/*-{run_id[:8]}")
    return found


def page(library: Library, run_id: str) -> Page:
    return Page((folder(library, run_id) / "job_report.html").read_text())


def workbooks(library: Library, run_id: str) -> list[str]:
    return sorted(path.name for path in folder(library, run_id).glob("*.xlsx"))


def write_reports(library: Library, run_id: str) -> ReportSummary:
    """The last step of the run."""
    return steps.report(replace(library.context(), run_id=run_id))


@dataclass
class Story:
    """A library with two campuses after a few runs, and their reports."""

    library: Library
    reports: dict[str, ReportSummary] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    undo: str = ""

    def page(self, name: str) -> Page:
        return page(self.library, self.outcomes[name].run_id)

    def run(self, name: str) -> Outcome:
        outcome = self.outcomes[name] = self.library.run()
        if outcome.error is None:
            self.reports[name] = write_reports(self.library, outcome.run_id)
        return outcome


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """First load; an update with rejected rows, held, while the other campus fails; accepted; nothing new; undone."""
    campuses = configuration("MAIN", "LAW")
    campuses["institution"]["name"] = "University of <Example>"
    with pytest.MonkeyPatch.context() as monkeypatch, DemoVendors() as vendors:
        library = Library(new_home(tmp_path_factory.mktemp("story") / "home"), vendors, monkeypatch, campuses)
        main, law = library.profile("wiley-main", groups=["MAIN"]), library.profile("wiley-law", groups=["LAW"])
        story = Story(library)
        main.serves([*FULL, *BOOK_ROWS])
        law.serves(FULL[:10])
        assert story.run("first").outcome == "done"
        library.attach_po_line("Journal 29", "POL-29")
        library.guard(at_least=5, share=0.2)
        main.serves([*NEXT, *BOOK_ROWS])
        law.account.fail_next(faults.status(403))
        assert story.run("updated").outcome == "held", "the only title with a PO line went missing"
        library.accept("wiley-2", "the vendor | confirmed <it>")
        law.account.fail_next(faults.status(403))
        assert story.run("applied").outcome == "done with findings"
        assert story.run("nothing new").outcome == "nothing new"
        library.undo(story.outcomes["applied"].run_id, "the file was <cut>")
        story.undo = f"run-{library.runs}"
        write_reports(library, story.undo)
        yield story


def asked(story: Story, query: str) -> list[dict[str, Any]]:
    return story.library.sql(query)


@pytest.mark.rule("C13")
def test_the_figures_of_the_report_are_those_of_the_warehouse(story: Story) -> None:
    run_id = story.outcomes["applied"].run_id
    shown = story.page("applied")
    done = asked(
        story,
        f"SELECT collection, action, count(*) AS n FROM portfolio_action WHERE run_id = '{run_id}' GROUP BY ALL",
    )
    assert done, "the run did something"
    names = {"activate": "Activated", "update": "Updated", "remove": "Removed", "keep": "Kept"}
    by_collection = {row["Collection"]: row for row in shown.tables["By electronic collection: titles"]}
    for row in done:
        assert int(by_collection[row["collection"]][names[row["action"]]]) == row["n"], row
    assert sum(int(row[name]) for row in by_collection.values() for name in names.values() if name in row) == sum(
        row["n"] for row in done
    )
    for row in asked(story, f"SELECT collection, count(*) AS n FROM {THEN} GROUP BY ALL"):
        assert int(by_collection[row["collection"]]["Portfolios"]) == row["n"]
    (main,) = [row for row in shown.tables["Files"] if row["Profile"] == "wiley-main"]
    (file,) = asked(story, "FROM kbart_file WHERE profile = 'wiley-main' AND file_name LIKE '%2026-01-10%'")
    assert main["File"] == file["file_name"] and main["Dated"] == "2026-01-10"
    figures = (file["total_rows"], file["valid_rows"], file["rejected_rows"], file["excluded_rows"])
    assert tuple(int(main[name]) for name in ("Rows", "Used", "Rejected", "Left out")) == figures
    of_main = [
        r for r in shown.tables["By profile: rows of its file, each with one outcome"] if r["Profile"] == "wiley-main"
    ]
    counted = sum(int(n) for row in of_main for name, n in row.items() if name not in ("Profile", "Collection"))
    assert counted == file["total_rows"], "every row of the file stands in exactly one column"
    assert sum(int(row["Rejected"]) for row in of_main) == len(UNREADABLE)


@pytest.mark.rule("C15")
def test_the_groups_appear_in_the_report(story: Story) -> None:
    shown = story.page("applied")
    rows = {(row["Group"], row["Collection"]): row for row in shown.tables["By group: titles"]}
    for row in asked(
        story,
        'SELECT collection, "group", count(*) AS n FROM '
        f'(SELECT collection, unnest(available_for) AS "group" FROM {THEN}) GROUP BY ALL',
    ):
        assert int(rows[row["group"], row["collection"]]["Portfolios"]) == row["n"]
    assert (rows["MAIN", JOURNALS]["Updated"], rows["LAW", JOURNALS]["Updated"]) == ("1", "1")
    assert (rows["MAIN", JOURNALS]["Removed"], rows["LAW", JOURNALS]["Removed"]) == ("1", "0")
    assert [row["Groups"] for row in shown.tables["Files"]] == ["LAW", "MAIN"]
    assert f"{JOURNALS}, readers of MAIN: 1 of 29 titles (3%)" in shown.text


@pytest.mark.rule("A12")
def test_what_a_vendor_wrote_becomes_no_markup(story: Story) -> None:
    """In the page and in markdown: a title with tags, pipes, emphasis, fences and a link stays text."""
    for name in ("first", "applied"):
        html = (folder(story.library, story.outcomes[name].run_id) / "job_report.html").read_text()
        assert "<script" not in html and "&lt;script&gt;" in html
        shown = Page(html)
        assert shown.tags.isdisjoint({"script", "img", "link", "iframe", "object"}) and HOSTILE in shown.text
        assert all(link.endswith(".xlsx") for link in shown.links), "nothing is loaded from elsewhere"
        assert "url(" not in html and "@import" not in html
        markdown = as_markdown(story.reports[name].job_report.document)
        outside = markdown.split("```text")[0]
        unescaped = re.sub(r"\\.", "", outside)
        assert r"\<script\>" in outside and "script>" not in unescaped and "](" not in unescaped
        assert "*Examples" not in unescaped
        tables = [line for line in outside.splitlines() if line.startswith("| ")]
        (row,) = [line for line in tables if "Acta" in line][:1]
        assert r"\| of" in row
    for secret in ("secret-institution_token", "127.0.0.1"):
        assert secret not in html and secret not in markdown


def test_the_message_to_the_vendor_names_file_lines_columns_values_and_rules(story: Story) -> None:
    text = story.page("applied").text
    letter = text[text.index("Subject: ") : text.index("University of <Example>", text.index("Subject: "))]
    (file,) = asked(story, "SELECT file_name FROM kbart_file WHERE profile = 'wiley-main' AND rejected_rows > 0")
    assert f"Subject: KBART file {file['file_name']}: 2 rows that cannot be read" in letter
    faults_of = asked(story, "SELECT * FROM rejected_row WHERE profile = 'wiley-main' ORDER BY row_number")
    assert {fault["publication_title"] for fault in faults_of} == {"Undated", "Two | faults"}
    for fault in faults_of:
        assert f'Line {fault["row_number"]}: "{fault["publication_title"]}"' in letter
        for part in (fault["column_name"], fault["message"], fault["rule"], fault["value"] or "(blank)"):
            assert part in letter
    assert "Subject" not in story.page("first").text, "where nothing was rejected there is nothing to write"


def test_of_very_many_rows_the_message_names_the_first_and_their_number(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_report, "MOST_REJECTED", 1)
    with open_warehouse(story.library.home.warehouse) as connection:
        (run,) = find_runs(connection, run=story.outcomes["applied"].run_id)
        ((_, letter),) = letters(job_report.job_report(connection, load_configuration(story.library.home), run))
    assert "These are the first 1 of 2 rows" in letter


@pytest.mark.rule("A2")
def test_a_held_run_has_its_report_at_once_and_says_why(story: Story) -> None:
    held = story.outcomes["updated"]
    shown = story.page("updated")
    assert "updated" not in story.reports, "no later step has written it"
    (plan,) = asked(story, "FROM plan WHERE plan_id = 'wiley-2'")
    assert plan["hold_reasons"] and all(reason in shown.text for reason in plan["hold_reasons"])
    assert (
        "What plan wiley-2 would do" in shown.text and "Activate" in shown.tables["By electronic collection: titles"][1]
    )
    assert workbooks(story.library, held.run_id) == []
    assert held.plan is not None and held.plan.report is not None
    told = as_markdown(held.plan.report.document)
    assert "### Held, and why" in told and "plan accept wiley-2" in told
    decided = story.page("applied").text
    assert "Accepted by Ada" in decided and "the vendor | confirmed <it>" in decided


def test_the_report_says_what_was_lost_and_what_needs_attention(story: Story) -> None:
    shown = story.page("applied")
    (removed,) = shown.tables["Removed"]
    assert removed["Title"] == "Journal 28"
    lost = {row["Title"]: row["Lost"] for row in shown.tables["Titles that lose most coverage"]}
    items = asked(story, "SELECT title, lost FROM plan_item WHERE plan_id = 'wiley-2' AND lost IS NOT NULL")
    assert lost == {row["title"]: row["lost"] for row in items} and len(lost) == 2
    (case,) = next(rows for caption, rows in shown.tables.items() if caption.startswith("Open cases"))
    assert case["Title"] == "Journal 29" and "new with this run" in case["Since"]
    assert "wiley-law: Wiley knows the credentials" in shown.text


def test_nothing_new_is_a_small_report_without_workbooks(story: Story) -> None:
    run_id = story.outcomes["nothing new"].run_id
    shown = story.page("nothing new")
    assert workbooks(story.library, run_id) == []
    assert "Nothing has changed since the last run." in shown.text
    assert set(shown.tables) == {"Files", "Runs"}


@pytest.mark.rule("C14")
def test_the_page_leads_to_the_workbooks_that_lie_beside_it(story: Story) -> None:
    for name in ("first", "applied"):
        found = workbooks(story.library, story.outcomes[name].run_id)
        assert len(found) == 2 and story.page(name).links == found


def test_a_run_is_compared_with_those_before_it(story: Story) -> None:
    shown = story.page("applied")
    assert "svg" in shown.tags
    compared = [(row["Outcome"], row["Activated"], row["Removed"]) for row in shown.tables["Runs"]]
    assert compared == [("done with findings", "1", "1"), ("held", "1", "1"), ("done", "34", "0")]


def test_a_run_that_could_not_report_is_caught_up_by_the_next(library: Library, wiley: Feed) -> None:
    """As after a kill between the published copy and the reports, and between the commit and the record of it."""
    wiley.serves(FULL[:5])
    first = library.run()
    wiley.serves(FULL[:6])
    second = library.run()
    library.write("UPDATE job_run SET outcome = 'dry run' WHERE run_id = ?", second.run_id)
    assert list(library.home.reports.glob("*/*")) == []
    third = library.run()
    summary = write_reports(library, third.run_id)
    assert sorted(summary.caught_up) == [first.run_id, second.run_id]
    for caught_up in (first, second):
        assert len(workbooks(library, caught_up.run_id)) == 2
    assert page(library, second.run_id).tables["By electronic collection: titles"][1]["Portfolios"] == "6"
    assert page(library, first.run_id).tables["By electronic collection: titles"][1]["Portfolios"] == "5", "as it was"
    assert write_reports(library, third.run_id).caught_up == []


def test_a_run_without_a_file_has_its_report_and_its_own_message(
    library: Library, wiley: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = library.run()
    assert failed.outcome == "nothing applied" and "no file for profile" in str(failed.error)
    shown = page(library, failed.run_id)
    assert "no file for profile" in shown.text and "Nothing applied" in shown.text

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ending, "write_job_report", full_disk)
    again = library.run()
    assert again.outcome == "nothing applied" and str(again.error) == str(failed.error), "the fault masks nothing"


def test_the_log_says_which_report_could_not_be_written(
    library: Library, wiley: Feed, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    wiley.serves(FULL[:3])
    run = library.run()

    def broken(*_: object) -> None:
        raise OSError("no room for it")

    monkeypatch.setattr("autoholdings_assets.reports.actions_report.load_records", broken)
    with pytest.raises(OSError, match="no room for it"):
        write_reports(library, run.run_id)
    assert [record.getMessage() for record in caplog.records] == [
        f"The workbooks of run {run.run_id} could not be written: no room for it"
    ]
    assert "Done" in page(library, run.run_id).text and workbooks(library, run.run_id) == []


def test_a_failure_that_nobody_foresaw_ends_the_run_and_is_reported(
    library: Library, wiley: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In Dagster; and a fault in the reports leaves the holdings published."""
    wiley.serves(FULL[:3])

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a text that may hold anything")

    with monkeypatch.context() as patched:
        patched.setattr("autoholdings_assets.pipeline.steps.changes.make_plan", broken)
        died = launch(library)
    assert not died.success
    (recorded,) = library.sql("SELECT outcome, message FROM job_run WHERE run_id = ?", died.run_id)
    assert recorded["outcome"] == "nothing applied" and "RuntimeError" in recorded["message"]
    shown = page(library, died.run_id)
    assert "Something unexpected ended the run" in shown.text and "may hold anything" not in shown.text
    with monkeypatch.context() as patched:
        write, refusals = ending.write_job_report, iter([broken])
        patched.setattr(ending, "write_job_report", lambda *given: next(refusals, write)(*given))
        unreported = launch(library)
    assert not unreported.success
    assert len(library.published("FROM portfolio")) == 3, "the holdings are published nevertheless"
    assert library.sql("SELECT outcome FROM job_run WHERE run_id = ?", unreported.run_id) == [{"outcome": "done"}]
    assert "Done" in page(library, unreported.run_id).text, "its page was written at the end of the run"


def launch(library: Library) -> dg.ExecuteInProcessResult:
    """A run of the job for the vendor."""
    with dg.DagsterInstance.ephemeral() as instance:
        definitions = build_definitions(library.home)
        selected = [
            key
            for key in definitions.resolve_asset_graph().materializable_asset_keys
            if key.path[0] in ("wiley", "holdings")
        ]
        return definitions.resolve_job_def(JOB_NAME).execute_in_process(
            asset_selection=selected, instance=instance, tags={VENDOR_TAG: "wiley"}, raise_on_error=False
        )


def test_an_undo_has_its_report(story: Story) -> None:
    shown = page(story.library, story.undo)
    assert "a run undone" in shown.text and "the file was <cut>" in shown.text
    (titles,) = [row for row in shown.tables["By electronic collection: titles"] if row["Collection"] == JOURNALS]
    assert (titles["Activated"], titles["Updated"], titles["Removed"]) == ("1", "2", "1"), "Journal 29 is named again"
    assert [row["Kind"] for row in shown.tables["Runs"]] == ["undo", "upload", "upload", "upload"]
    assert {row["What came"] for row in shown.tables["Files"]} == {"not asked in this run"}
    assert len(workbooks(story.library, story.undo)) == 2


@pytest.mark.rule("C13")
def test_the_history_lists_the_runs_of_a_profile_and_leads_to_their_reports(
    story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    def ask(*words: str) -> Any:
        capsys.readouterr()
        assert execute([*words, "--json", "--home", str(story.library.home.path)]) == 0
        return json.loads(capsys.readouterr().out)

    listed = ask("history")
    assert [run["outcome"] for run in listed] == ["done", "nothing new", "done with findings", "held", "done"]
    assert [run["kind"] for run in listed] == ["undo", *["upload"] * 4]
    assert listed[4]["actions"] == {"activate": 34} and listed[4]["acted_by"] == "a test"
    asked_for = asked(story, "SELECT DISTINCT run_id FROM job_run_profile WHERE profile = 'wiley-law'")
    handled = {row["run_id"] for row in asked_for} | {story.undo}
    assert {run["run_id"] for run in ask("history", "--profile", "wiley-law")} == handled
    assert ask("history", "--profile", "oup-main") == []
    (shown,) = ask("history", story.outcomes["applied"].run_id)
    assert Path(shown["reports"][0]).name == "job_report.html" and len(shown["reports"]) == 3
    assert all(Path(path).is_file() for path in shown["reports"])
    assert execute(["history", "--home", str(story.library.home.path)]) == 0
    told = capsys.readouterr().out
    assert "34 activated" in told and "would: 1 activate" in told and "a test" in told


@pytest.mark.rule("A2")
def test_plan_show_tells_the_losses_in_the_words_of_the_report(
    story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["plan", "show", "wiley-2", "--home", str(story.library.home.path)]) == 0
    told = capsys.readouterr().out
    sentence = f"{JOURNALS}, wiley-main: 2 of 29 titles (7%)"
    assert sentence in told and sentence in story.page("applied").text
    assert f"{JOURNALS}, wiley-main: 1 of 1 titles with a PO line (100%)" in told
