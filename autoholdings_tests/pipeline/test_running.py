"""Runs whose process has died: they end, nothing waits for them, and a living one is left alone."""

import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest
from filelock import FileLock

from autoholdings_assets.config import Home
from autoholdings_assets.holdings.warehouse import locked
from autoholdings_assets.pipeline import assets, running, stages
from autoholdings_assets.pipeline.assets import run_selection
from autoholdings_assets.pipeline.build import build_definitions
from autoholdings_assets.pipeline.home import HomeResource, Listener
from autoholdings_assets.pipeline.instance import prepare
from autoholdings_assets.pipeline.jobs import JOB_NAME
from autoholdings_assets.pipeline.launch import run_vendor
from autoholdings_assets.pipeline.running import DIED, end_dead_runs, remove_old_locks, watch_runs
from autoholdings_assets.pipeline.sensors.asked_runs import Fate, fate
from autoholdings_assets.pipeline.steps import RunContext
from autoholdings_tests import processes
from autoholdings_tests.library import Feed, Library, issn, journal

FILE = [journal("Acta Exempla", issn(1)), journal("Botanica Ficta", issn(3))]


@pytest.fixture
def instance(library: Library, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    for variable in ("DAGSTER_HOME", "AUTOHOLDINGS_HOME"):  # set below; the fixture puts them back
        monkeypatch.setenv(variable, "")
    prepare(library.home)
    with dg.DagsterInstance.get() as instance:
        yield instance


def run_and_die(home: Path, step: str, when: str) -> None:
    """A run from the command line that is killed right before or right after a step."""
    work = next(stage for stage in stages.STAGES if stage.name == step)

    def last(context: RunContext) -> None:
        if when == "after":
            work.step(context)
        processes.die()

    assets.STAGES = tuple(replace(stage, step=last) if stage is work else stage for stage in stages.STAGES)
    run_vendor(Home(home), "wiley", Listener())


def killed(library: Library, when: str, step: str) -> None:
    process = processes.start(run_and_die, library.home.path, step, when)
    process.join(120)
    assert process.exitcode == -signal.SIGKILL


def only_run(instance: dg.DagsterInstance) -> dg.DagsterRun:
    (run,) = instance.get_runs()
    return run


@pytest.mark.rule("A10")
def test_the_next_run_ends_the_dead_one_and_does_its_work(
    library: Library, wiley: Feed, instance: dg.DagsterInstance
) -> None:
    """Killed from the command line: Dagster, its queue and the job history all know that the run is over."""
    wiley.serves(FILE)
    killed(library, "before", "portfolios")
    dead = only_run(instance)
    assert dead.status is dg.DagsterRunStatus.STARTED, "nobody has told Dagster yet"
    run_vendor(library.home, "wiley", Listener())
    ended = instance.get_run_by_id(dead.run_id)
    assert ended and ended.status is dg.DagsterRunStatus.FAILURE
    assert DIED in [log.dagster_event.message for log in instance.all_logs(dead.run_id) if log.dagster_event]
    record, following = library.sql("SELECT outcome, message, ended_at FROM job_run ORDER BY started_at")
    assert (record["outcome"], record["message"]) == ("nothing applied", DIED) and record["ended_at"]
    assert following["outcome"] == "done"
    assert set(library.titles()) == {"Acta Exempla", "Botanica Ficta"}


def test_a_run_that_died_after_it_applied_its_plan_is_recorded_so(
    library: Library, wiley: Feed, instance: dg.DagsterInstance
) -> None:
    """What stands in the holdings stands in the history, whatever the run could still write itself."""
    wiley.serves(FILE)
    killed(library, "after", "portfolios")
    library.write("UPDATE job_run SET outcome = NULL, ended_at = NULL")  # as if killed right after the commit
    assert end_dead_runs(library.home, instance) == [only_run(instance).run_id]
    (record,) = library.sql("SELECT outcome, message, plan_id FROM job_run")
    assert record == {
        "outcome": "done with findings",
        "message": f"Plan wiley-1 was applied. {DIED}",
        "plan_id": "wiley-1",
    }
    assert end_dead_runs(library.home, instance) == [], "once"


def test_a_run_that_dagster_ended_by_itself_is_over_in_the_history_too(
    library: Library, wiley: Feed, instance: dg.DagsterInstance
) -> None:
    """Its machine was down for so long that Dagster's run monitoring had ended the run before anybody else looked."""
    wiley.serves(FILE)
    killed(library, "before", "portfolios")
    instance.report_run_failed(only_run(instance), "Exceeded maximum runtime.")
    assert end_dead_runs(library.home, instance) == [], "for Dagster it is over"
    (record,) = library.sql("SELECT outcome, message FROM job_run")
    assert record == {"outcome": "nothing applied", "message": DIED}
    assert not list(library.home.dagster_home.glob("running/*"))


def test_a_run_that_ended_as_a_dry_run_stays_one(library: Library, wiley: Feed, instance: dg.DagsterInstance) -> None:
    """Red for Dagster, because of another vendor for example: its record was right, and leads to its plan."""
    wiley.serves(FILE)
    library.run()
    job = build_definitions(library.home, Listener()).resolve_job_def(JOB_NAME)
    run = instance.create_run_for_job(job, asset_selection=frozenset(run_selection("wiley", dry_run=True)))
    library.write(f"UPDATE job_run SET run_id = '{run.run_id}', outcome = 'dry run'")
    running._lock_file(library.home, run.run_id).parent.mkdir(parents=True, exist_ok=True)
    running._lock_file(library.home, run.run_id).touch()
    instance.report_run_failed(run, "Another vendor's step failed.")
    before = library.sql("FROM job_run")
    assert end_dead_runs(library.home, instance) == []
    assert library.sql("FROM job_run") == before and before[0]["plan_id"]


@pytest.mark.rule("C8")
@pytest.mark.parametrize("asset", ["kbart_files", "title_list", "portfolios"])
def test_the_work_of_a_dead_run_is_undone_for_the_sensor_that_asked_for_it(
    library: Library, wiley: Feed, instance: dg.DagsterInstance, asset: str
) -> None:
    """Its record is ended, but that is no end of its work: the file that it had fetched is asked for again."""
    wiley.serves(FILE)
    killed(library, "before", asset)
    dead = only_run(instance)
    instance.add_run_tags(dead.run_id, {"dagster/run_key": "seen"})
    assert end_dead_runs(library.home, instance) == [dead.run_id]
    assert fate(instance, library.home, "seen") is Fate.LEFT_UNDONE


def test_a_run_without_a_lock_is_dead_only_after_a_while(
    library: Library, wiley: Feed, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run has begun in Dagster a moment before its process holds its lock."""
    wiley.serves(FILE)
    killed(library, "before", "kbart_files")
    (lock,) = library.home.dagster_home.glob("running/*")
    lock.unlink()
    assert end_dead_runs(library.home, instance) == []
    monkeypatch.setattr(running, "GRACE", timedelta(0))
    assert end_dead_runs(library.home, instance) == [only_run(instance).run_id]


def test_nothing_is_ended_while_the_warehouse_is_written_to_or_the_run_lives(
    library: Library, wiley: Feed, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sensor comes back later; a run that is at work is never ended."""
    monkeypatch.setattr(running, "PATIENCE_SECONDS", 0.1)
    wiley.serves(FILE)
    seen: list[list[str]] = []

    class Look(Listener):
        def started(self, doing: str) -> None:
            seen.append(end_dead_runs(library.home, instance))

    run_vendor(library.home, "wiley", Look())
    assert seen and not any(seen)
    remove_old_locks(library.home, instance)
    assert not list(library.home.dagster_home.glob("running/*"))
    killed(library, "before", "kbart_files")
    with dg.build_sensor_context(instance=instance) as context:
        home = HomeResource(library.home)
        with locked(library.home.warehouse):
            assert watch_runs(context, home=home).skip_message == "No run has died."
        assert "had died" in watch_runs(context, home=home).skip_message  # type: ignore[operator]


def test_a_run_that_was_recorded_and_never_started_ends_only_when_its_process_has_died(
    library: Library, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command line takes a run's lock before it records it; one without a lock is somebody else's to start."""
    job = build_definitions(library.home, Listener()).resolve_job_def(JOB_NAME)
    waiting, alive, dead = (instance.create_run_for_job(job) for _ in range(3))
    held = FileLock(running._lock_file(library.home, alive.run_id))
    Path(held.lock_file).parent.mkdir(parents=True, exist_ok=True)
    running._lock_file(library.home, dead.run_id).touch()
    with monkeypatch.context() as kubernetes:
        kubernetes.setattr(type(instance.run_launcher), "supports_check_run_worker_health", True)
        assert end_dead_runs(library.home, instance) == [], "the launcher watches over the processes itself"
    with held:
        assert end_dead_runs(library.home, instance) == [dead.run_id]
    statuses = {run.run_id: run.status for run in instance.get_runs()}
    assert statuses == {
        waiting.run_id: dg.DagsterRunStatus.NOT_STARTED,
        alive.run_id: dg.DagsterRunStatus.NOT_STARTED,
        dead.run_id: dg.DagsterRunStatus.FAILURE,
    }
