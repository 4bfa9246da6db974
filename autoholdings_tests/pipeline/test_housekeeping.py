"""Pruning: what the policy does not keep goes; what runs, undoing, held plans and the history need stays."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from autoholdings_assets.cli import execute
from autoholdings_assets.config import Retention
from autoholdings_assets.holdings.refusals import NotPossible
from autoholdings_assets.pipeline.build import build_definitions
from autoholdings_assets.pipeline.housekeeping import HOUSEKEEPING_JOB, forget_old_runs, keep_house
from autoholdings_assets.pipeline.instance import prepare
from autoholdings_assets.pipeline.looks import VENDOR_TAG
from autoholdings_assets.upkeep.prune import prune
from autoholdings_tests.library import Feed, Library, issn, journal

YEARS_LATER = datetime.now(UTC) + timedelta(days=5000)
LEAST = dict.fromkeys(Retention.model_fields, 1)
WEEKS = [[journal(f"Title {n}", issn(n)) for n in range(week, week + 24)] for week in range(4)]


def everything_prunable(library: Library) -> None:
    prune(library.home, Retention(**LEAST), YEARS_LATER)


def archived(library: Library) -> set[str]:
    return {path.name for path in library.home.archive.rglob("*") if path.is_file()}


def titles(week: int) -> set[str]:
    return {row["publication_title"] for row in WEEKS[week]}


@pytest.mark.rule("A8", "A9")
def test_after_pruning_everything_runs_undoing_and_decisions_still_work(library: Library, wiley: Feed) -> None:
    """A rejected plan stays rejected, a held one is accepted as it was seen, the last run is undone, and so on."""
    library.guard()
    for week in (0, 1, 2):
        wiley.serves(WEEKS[week])
        assert library.run().outcome == "done"
    wiley.serves(WEEKS[3][:8])
    assert library.run().outcome == "held"
    library.reject("wiley-4")
    history = library.state()
    assert len(archived(library)) == 4
    everything_prunable(library)
    assert len(archived(library)) == 3, "of the held plan, of the present state, and of the one before"
    assert library.state() == history
    assert library.run().plan.plan.status == "rejected", "made anew, it would be held again"  # type: ignore[union-attr]
    wiley.serves(WEEKS[3][:9])
    assert library.run().outcome == "held"
    everything_prunable(library)
    library.accept("wiley-5")
    assert library.apply().outcome == "done"
    everything_prunable(library)
    (last,) = library.sql("SELECT applied_run_id FROM plan WHERE plan_id = 'wiley-5'")
    library.undo(last["applied_run_id"])
    assert set(library.titles()) == titles(2)
    everything_prunable(library)
    wiley.serves(WEEKS[3])
    newest = library.run()
    assert newest.outcome == "done" and library.run().outcome == "nothing new"
    assert set(library.titles()) == titles(3)
    for path in library.home.archive.glob("??/*"):
        path.unlink()
    with pytest.raises(NotPossible, match="has been pruned"):
        library.undo(newest.run_id)


def test_what_is_recent_stays_and_a_dry_run_removes_nothing(library: Library, wiley: Feed) -> None:
    """The default policy keeps years; what would go is counted as it then goes."""
    wiley.serves(WEEKS[0])
    library.run()
    home, now = library.home, datetime.now(UTC)
    stale, fresh = home.archive / ".stale.part", home.archive / ".fresh.part"
    for path in (stale, fresh, home.archive / "ab" / f"ab{62 * '0'}", home.reports / "wiley" / "run-1" / "report.html"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(1000))
    os.utime(stale, (0, 0))
    before = {path: path.stat().st_size for path in home.path.rglob("*") if path.is_file()}
    assert {r.kind: r.files for r in prune(home, Retention(), now) if r.files} == {"files half written": 1}
    assert before.pop(stale) and not stale.exists() and fresh.exists()
    would = prune(home, Retention(**LEAST), YEARS_LATER, dry_run=True)
    assert all(path.exists() for path in before)
    assert prune(home, Retention(**LEAST), YEARS_LATER) == would
    gone = [size for path, size in before.items() if not path.exists()]
    assert (sum(r.files for r in would), sum(r.size_bytes for r in would)) == (len(gone), sum(gone))
    assert all(r.files for r in would) and library.run().outcome == "nothing new"


@dg.job(name="upload_electronic_holdings")
def small_job() -> None:
    """A run that does nothing, quickly."""


def test_old_dagster_runs_go_with_their_events_and_logs_but_the_newest_of_a_vendor(
    library: Library, wiley: Feed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the job, as Dagster starts it every night, and by the command."""
    for variable in ("DAGSTER_HOME", "AUTOHOLDINGS_HOME"):  # commands set these; the fixture puts them back
        monkeypatch.setenv(variable, "")
    prepare(library.home)
    storage = library.home.dagster_home

    def traces(run_id: str) -> list[Path]:
        return [path for path in storage.rglob("*") if run_id in str(path)]

    with dg.DagsterInstance.get() as instance:
        old, last = (
            small_job.execute_in_process(instance=instance, tags={VENDOR_TAG: "wiley"}).run_id for _ in range(2)
        )
        (storage / "storage" / old / "compute_logs").mkdir(parents=True, exist_ok=True)
        (storage / "storage" / old / "compute_logs" / "step.err").write_text("a line")
        assert traces(old) and instance.all_logs(old)
        assert forget_old_runs(library.home, instance, Retention(), YEARS_LATER, dry_run=True).files == 1
        assert keep_house(library.home, instance, datetime.now(UTC))[-1].files == 0
        assert keep_house(library.home, instance, YEARS_LATER)[-1].files == 1
        assert [run.run_id for run in instance.get_runs()] == [last]
        assert not traces(old) and instance.all_logs(last)
        job = build_definitions(library.home).resolve_job_def(HOUSEKEEPING_JOB)
        assert job.execute_in_process(instance=instance).success
    with dg.DagsterInstance.ephemeral() as elsewhere:  # no SQLite, as in a database of the library's own
        small_job.execute_in_process(instance=elsewhere)
        assert forget_old_runs(library.home, elsewhere, Retention(), YEARS_LATER).size_bytes == 0
        assert elsewhere.get_runs() == []
    assert execute(["prune", "--home", str(library.home.path)]) == 0
    assert "removed" in capsys.readouterr().out
    assert execute(["prune", "--dry-run", "--json", "--home", str(library.home.path)]) == 0
    assert {kind["kind"] for kind in json.loads(capsys.readouterr().out)} >= {"vendors' files", "Dagster's runs"}


def test_housekeeping_is_on_by_itself_every_night(library: Library, wiley: Feed) -> None:
    """A library that never looks at it must not find its disk full; a broken configuration does not take it away."""
    for text in (library.home.config_file.read_text(), "institution: {name: broken"):
        library.home.config_file.write_text(text)
        (schedule,) = build_definitions(library.home).schedules or []
        assert schedule.name == "housekeeping_schedule"
        assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
