"""The Dagster job *Move electronic portfolio information*: summary first, submit when asked, no secret shown."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from click.testing import CliRunner

from autoholdings_assets.cli import execute
from autoholdings_assets.cli.acquisitions import import_portfolios, move
from autoholdings_assets.pipeline.home import HomeResource, Listener
from autoholdings_assets.pipeline.move_job import MOVE_JOB, move_job
from autoholdings_assets.pipeline.sources import PORTFOLIO_LISTS
from autoholdings_tests.library import JOURNALS, Feed, Library, issn, journal


@pytest.fixture
def earlier(library: Library, wiley: Feed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    """An earlier collection with PO lines, taken over from a list by the command, beside the vendor's collection."""
    for name in ("AUTOHOLDINGS_HOME", "DAGSTER_HOME"):
        monkeypatch.setenv(name, "set by the command, and put back after the test")
    library.collection("Journals bought one by one", code="old", local=True)
    wiley.serves([journal("Acta Exempla", issn(1)), journal("Annals", issn(3))])
    library.first_run()
    (tmp_path / "list.csv").write_text(
        f"Title,ISSN,PO Line\nActa Exempla,{issn(1)},POL-1\nElsewhere,{issn(9)},POL-2\nElsewhere,{issn(9)},POL-3\n"
    )
    assert take_over(library, tmp_path, "--apply").return_value == 1, "two lines mean the same title"
    return library


def take_over(library: Library, folder: Path, *options: str) -> Any:
    arguments = [str(folder / "list.csv"), "--collection", "old", "--home", str(library.home.path), *options]
    return CliRunner().invoke(import_portfolios, arguments, standalone_mode=False, catch_exceptions=False)


def run_job(library: Library, **config: Any) -> dg.ExecuteInProcessResult:
    return move_job.execute_in_process(
        run_config={"ops": {MOVE_JOB: {"config": config}}},
        resources={"home": HomeResource(library.home, Listener())},
        raise_on_error=False,
    )


def places(library: Library) -> dict[str, str]:
    return {r["po_line"]: r["collection"] for r in library.sql("FROM portfolio WHERE po_line IS NOT NULL")}


@pytest.mark.rule("C21", "O7")
def test_the_job_shows_the_summary_and_moves_when_submitted(earlier: Library) -> None:
    chosen: dict[str, Any] = {"sources": ["old"], "target": "wiley-journals", "move_po_lines": True}
    before = earlier.state()
    assert run_job(earlier, **chosen).success and earlier.state() == before, "as it stands it changes nothing"
    assert not run_job(earlier, **chosen, submit=True).success and earlier.state() == before, "nobody said who"
    done = run_job(earlier, **chosen, submit=True, who="Ada", why="new agreement")
    assert done.success and places(earlier) == {"POL-1": JOURNALS}
    (row,) = earlier.published("SELECT po_line, acted_by FROM acquisition WHERE po_line IS NOT NULL")
    assert row == {"po_line": "POL-1", "acted_by": "Ada"}
    (plan,) = earlier.sql("FROM plan WHERE kind = 'move'")
    assert plan["applied_run_id"] == done.run_id
    (report,) = earlier.home.reports.glob(f"wiley/*-{done.run_id[:8]}/*")
    assert report.name == "job_report.html" and "Acta Exempla" in report.read_text()


def test_as_the_launchpad_has_it_the_job_does_nothing(earlier: Library) -> None:
    before = earlier.state()
    assert not run_job(earlier).success and earlier.state() == before


@pytest.mark.rule("A12")
def test_a_variable_in_place_of_a_text_is_refused(earlier: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET", "s3cret")
    result = run_job(
        earlier, sources=["old"], target="wiley-journals", move_po_lines=True, submit=True, who={"env": "A_SECRET"}
    )
    assert not result.success and places(earlier)["POL-1"] != JOURNALS
    assert "s3cret" not in str([event.message for event in result.all_events])


@pytest.mark.rule("C21")
def test_the_command_shows_the_summary_and_submits(earlier: Library, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--from", "old", "--to", "wiley-journals", "--po-lines", "--home", str(earlier.home.path)]
    shown = CliRunner().invoke(move, arguments, standalone_mode=False)
    assert shown.return_value == 0 and "--submit" in shown.output
    assert places(earlier)["POL-1"] != JOURNALS
    done = CliRunner().invoke(move, [*arguments, "--submit", "--json"], standalone_mode=False)
    assert done.return_value == 0 and '"submitted": true' in done.output
    assert places(earlier) == {"POL-1": JOURNALS}
    assert execute(["move", *arguments[:4], *arguments[5:]]) == 2
    assert "Choose what to move" in capsys.readouterr().err


@pytest.mark.rule("C20")
def test_the_import_is_a_preview_until_applied_and_stands_in_the_lineage(
    earlier: Library, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = earlier.state()
    preview = take_over(earlier, tmp_path)
    assert preview.return_value == 1 and "--apply" in preview.output and earlier.state() == before
    with dg.DagsterInstance.get() as instance:
        event = instance.get_latest_materialization_event(PORTFOLIO_LISTS)
    assert event is not None and event.asset_materialization is not None
    assert event.asset_materialization.metadata["file"].value == "list.csv"
    (tmp_path / "list.csv").write_text("<html>")
    taken_over = ["import-portfolios", str(tmp_path / "list.csv"), "--collection", "old"]
    assert execute([*taken_over, "--home", str(earlier.home.path)]) == 3
    assert "Nothing was changed" in capsys.readouterr().err
