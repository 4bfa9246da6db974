"""Dagster's real daemon, alone with a home: a sensor that is switched on does the whole job."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.freshness import FreshnessState

from autoholdings_assets.pipeline.instance import prepare, project_file
from autoholdings_tests.library import Feed, Library, issn, journal, kbart
from autoholdings_tests.unattended import repository, workspace

PATIENCE_SECONDS = 240
FILE = [journal("Acta Exempla", issn(1)), journal("Other", issn(3))]


@contextmanager
def daemon(home: Path) -> Iterator[None]:
    """The daemon, in a process group of its own."""
    command = [sys.executable, "-m", "dagster._daemon", "run", "-w", str(project_file("workspace.yaml"))]
    environment = os.environ | {"FRESHNESS_DAEMON_INTERVAL_SECONDS": "1"}
    with (home / "daemon.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.rule("C6", "C8")
def test_with_the_sensor_on_a_new_file_and_a_delivered_one_are_carried_out_and_the_holdings_are_fresh(
    library: Library, wiley: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.setenv("AUTOHOLDINGS_HOME", "")
    prepare(library.home)
    wiley.serves(FILE)
    library.profile("wiley-law")
    inbox = library.home.inbox / "wiley-law"
    inbox.mkdir()
    (inbox / "titles.txt").write_bytes(kbart([journal("By Hand", issn(5))]))
    with dg.DagsterInstance.get() as instance:
        with workspace(instance) as loaded:
            instance.start_sensor(repository(loaded).get_sensor("wiley_new_file"))
        with daemon(library.home.path):
            portfolios = dg.AssetKey(["wiley", "portfolios"])
            for _ in range(PATIENCE_SECONDS):
                time.sleep(1)
                runs = instance.get_runs()
                fresh = instance.get_freshness_state_records([portfolios]).get(portfolios)
                if runs and runs[0].is_finished and fresh and fresh.freshness_state is FreshnessState.PASS:
                    break
            log = (library.home.path / "daemon.log").read_text()
            assert [run.status for run in runs] == [dg.DagsterRunStatus.SUCCESS], log
            assert fresh and fresh.freshness_state is FreshnessState.PASS, log
    assert {row["title"] for row in library.published("FROM portfolio")} == {"Acta Exempla", "Other", "By Hand"}
    assert list(inbox.iterdir()) == []
    (run,) = library.sql("SELECT acted_by, outcome FROM job_run")
    assert run == {"acted_by": "sensor wiley_new_file", "outcome": "done"}
