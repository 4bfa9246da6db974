"""The doctor finds what keeps a home from running by itself, says what to do, and changes nothing."""

import hashlib
import json
import logging
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import ManagedGrpcPythonEnvCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    ScheduleInstigatorData,
    SensorInstigatorData,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._daemon.types import DaemonHeartbeat

from autoholdings_assets.cli import execute
from autoholdings_assets.config import ConfigurationError, Home, load_configuration
from autoholdings_assets.doctor import endpoints, finding, place, settings, unattended
from autoholdings_assets.doctor.examine import examine
from autoholdings_assets.doctor.finding import Finding, Patient
from autoholdings_assets.holdings.warehouse import locked
from autoholdings_assets.pipeline.instance import DEFINITIONS_MODULE, prepare
from autoholdings_assets.pipeline.jobs import JOB_NAME
from autoholdings_assets.pipeline.looks import VENDOR_TAG
from autoholdings_tests import faults
from autoholdings_tests.library import JOURNALS, Feed, Library, book, isbn, issn, journal

FILE = [journal("Acta Exempla", issn(1)), book("On Examples", isbn(1))]


def ask(question: Callable[[Patient], Any], home: Home, later: timedelta = timedelta()) -> list[Finding]:
    try:
        configuration = load_configuration(home)
    except ConfigurationError:
        configuration = None
    return list(question(Patient(home, configuration, datetime.now(UTC) + later)))


def told(findings: list[Finding], level: str) -> str:
    """What is said at this level, with what to do; nothing else may be worse."""
    assert {f.level for f in findings} <= {"ok", level}, findings
    assert all(f.advice for f in findings if f.level != "ok"), "every complaint says what to do"
    return " ".join(f"{f.found} {f.advice}" for f in findings if f.level == level)


def fingerprint(home: Home) -> dict[str, str]:
    """Every file of the home, but those that say who holds a lock, and DuckDB's and SQLite's sidecars."""
    passing = (".lock", "-wal", "-shm", ".wal")
    return {
        str(path.relative_to(home.path)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in home.path.rglob("*")
        if path.is_file() and not path.name.endswith(passing)
    }


# --- the machine and the home


def test_versions_are_told_and_one_that_does_not_fit_is_a_fault(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Python 3." in told(ask(place.versions, library.home), "ok") and "dagster 1." in told(
        ask(place.versions, library.home), "ok"
    )
    real = place.version
    monkeypatch.setattr(place, "version", lambda name: "2.3.3" if name == "pandas" else real(name))
    assert "pandas 2.3.3 instead of <4,>=3.0" in told(ask(place.versions, library.home), "fault")
    monkeypatch.setattr(place, "requires", lambda _: ["autoholdings-lacks-this>=1"])
    assert "autoholdings-lacks-this is missing" in told(ask(place.versions, library.home), "fault")


def test_a_folder_that_was_never_installed_is_a_fault(library: Library, never_installed: None) -> None:
    assert "autoholdings itself is not installed" in told(ask(place.versions, library.home), "fault")


def test_a_home_that_cannot_be_written_to_is_a_fault(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "can be written to" in told(ask(place.home_folder, library.home), "ok")
    library.home.staging.rmdir()  # as in a home that was copied without what can be made again
    assert "can be written to" in told(ask(place.home_folder, library.home), "ok")

    def refuse(**_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(place, "TemporaryFile", refuse)  # the tests may run as root, who may write anywhere
    assert "Permission denied" in told(ask(place.home_folder, library.home), "fault")


@pytest.mark.parametrize(("free", "level"), [(400e9, "ok"), (3e9, "warning"), (50e6, "fault")])
def test_too_little_space_is_told_in_time(
    library: Library, monkeypatch: pytest.MonkeyPatch, free: float, level: str
) -> None:
    monkeypatch.setattr(place.shutil, "disk_usage", lambda _: type("Usage", (), {"free": free}))
    assert "GB free" in told(ask(place.disk, library.home), level)


def test_files_half_written_are_told_once_nobody_can_be_writing_them(library: Library) -> None:
    part = library.home.archive / ".0123.part"
    part.write_bytes(b"half")
    assert told(ask(place.half_written, library.home), "ok")
    old = time.time() - 2 * 86400
    os.utime(part, (old, old))
    assert "half written by processes that died: 1" in told(ask(place.half_written, library.home), "warning")


def test_a_delivery_that_was_refused_is_told(library: Library, wiley: Feed) -> None:
    assert told(ask(place.inbox, library.home), "ok")
    folder = library.home.inbox / "wiley-main"
    folder.mkdir()
    (folder / "titles.txt.refused.txt").write_text("It is no KBART file.")
    assert "wiley-main/titles.txt.refused.txt" in told(ask(place.inbox, library.home), "warning")


def test_the_warehouse_is_judged_by_its_schema_and_left_as_it_is(library: Library, wiley: Feed) -> None:
    assert "There is no holdings.duckdb yet" in told(ask(place.warehouse, library.home), "warning")
    wiley.serves(FILE)
    library.first_run()
    assert "the newest" in told(ask(place.warehouse, library.home), "ok")
    with locked(library.home.warehouse):
        pass
    for difference, level, said in ((-1, "warning", "the next run upgrades it"), (2, "fault", "knows nothing")):
        with duckdb.connect(str(library.home.warehouse)) as connection:
            connection.execute("UPDATE schema_version SET version = version + ?", [difference])
        assert said in told(ask(place.warehouse, library.home), level)
    library.home.warehouse.write_bytes(b"not a database")
    assert "cannot be opened" in told(ask(place.warehouse, library.home), "fault")
    library.home.warehouse.unlink()
    assert "None yet" in told(ask(place.warehouse, library.home), "ok")


# --- what stands in the configuration


def test_every_problem_and_every_warning_of_the_configuration_is_a_line(library: Library, wiley: Feed) -> None:
    assert "Active profiles: wiley-main" in told(ask(settings.configuration, library.home), "ok")
    library.collection(JOURNALS, automatically_activate_new_portfolios=True)
    assert "set this to false" in told(ask(settings.configuration, library.home), "warning")
    library.change_profile("wiley-main", groups=["LAW"], vendor="wily")
    assert "no such vendor" in told(ask(settings.configuration, library.home), "fault")
    library.change_profile("wiley-main", groups=[], vendor="wiley", active=False)
    library.collection(JOURNALS, automatically_activate_new_portfolios=False)
    assert "No integration profile is Active" in told(ask(settings.configuration, library.home), "warning")


@pytest.mark.rule("A12")
def test_secrets_are_told_by_the_names_of_their_variables(library: Library, wiley: Feed) -> None:
    token = wiley.account.credentials["institution_token"]
    library.configuration["alerts"] = {"webhook": {"url": "${TEST_HOOK}"}}
    library.save()
    missing = told(ask(settings.secrets, library.home), "fault")
    assert "The environment variable TEST_HOOK is not set (alerts)." in missing and token not in missing
    library.monkeypatch.setenv("TEST_HOOK", "https://hooks.example.org/hush")
    found = ask(settings.secrets, library.home)
    assert found == [Finding("secrets", "ok", "Set: TEST_WILEY_MAIN_INSTITUTION_TOKEN, TEST_HOOK.")]


def test_collections_and_their_title_lists_are_looked_for(library: Library, wiley: Feed) -> None:
    assert "Active: 2; with a Community Zone title list: 0" in told(ask(settings.collections, library.home), "ok")
    (library.home.path / "cz.txt").write_text("")
    library.collection(JOURNALS, cz_title_list="cz.txt")
    assert "cz.txt of Wiley" in told(ask(settings.collections, library.home), "fault")
    library.configuration["electronic_collections"] = []
    library.save()
    said = told(ask(settings.collections, library.home), "warning")
    assert f"does not exist: {JOURNALS}" in said and "No electronic collection is active" in said


def test_that_nobody_is_told_is_worth_a_warning(library: Library) -> None:
    assert "Nobody is told" in told(ask(settings.alerts, library.home), "warning")
    library.configuration["alerts"] = {"webhook": {"url": "${TEST_HOOK}"}}
    library.save()
    assert "by webhook" in told(ask(settings.alerts, library.home), "ok")


# --- the vendors


def test_every_endpoint_is_asked_once_without_fetching_anything(library: Library, wiley: Feed) -> None:
    assert "has no file for profile" in told(ask(endpoints.endpoints, library.home), "warning")
    wiley.serves(FILE)
    assert "it has a file to fetch" in told(ask(endpoints.endpoints, library.home), "ok")
    library.run()
    asked = len(wiley.account.requests)
    assert "the file is the last one" in told(ask(endpoints.endpoints, library.home), "ok")
    assert len(wiley.account.requests) == asked + 1 and wiley.account.statuses[-1] == 304
    wiley.account.fail_next(faults.status(401))
    said = told(ask(endpoints.endpoints, library.home), "fault")
    assert "does not accept the credentials" in said and wiley.account.credentials["institution_token"] not in said
    library.home.warehouse.unlink()
    assert "it has a file to fetch" in told(ask(endpoints.endpoints, library.home), "ok")
    assert ask(unattended.last_runs, library.home) == []


# --- by itself


def test_a_daemon_that_is_not_running_and_switches_that_are_off_are_told(library: Library, wiley: Feed) -> None:
    (library.home.dagster_home / "dagster.yaml").unlink()  # nothing has run here yet
    assert "no Dagster instance yet" in told(ask(unattended.dagster, library.home), "warning")
    library.change_profile("wiley-main", schedule="0 6 * * SAT")
    prepare(library.home)
    said = told(ask(unattended.dagster, library.home), "warning")
    assert "It is not running" in said and "Nothing starts runs of wiley by itself" in said
    with dg.DagsterInstance.from_config(str(library.home.dagster_home)) as instance:
        for name in instance.get_required_daemon_types():
            instance.add_daemon_heartbeat(DaemonHeartbeat(time.time(), name, "a daemon", []))
        assert "It is not running" not in told(ask(unattended.dagster, library.home), "warning")
        instance.add_daemon_heartbeat(DaemonHeartbeat(time.time() - 86400, "SENSOR", "a daemon", []))
        switch(instance, "wiley_schedule", InstigatorType.SCHEDULE, InstigatorStatus.RUNNING)
        switch(instance, "watch_runs", InstigatorType.SENSOR, InstigatorStatus.STOPPED)
    found = ask(unattended.dagster, library.home)
    assert "Parts of it do not answer: sensor." in [f.found for f in found if f.level == "fault"]
    assert "watch_runs was switched off." in [f.found for f in found if f.level == "warning"]
    assert "wiley: wiley_schedule on." in [f.found for f in found if f.level == "ok"]


def switch(instance: dg.DagsterInstance, name: str, kind: InstigatorType, status: InstigatorStatus) -> None:
    """As a person does in the UI."""
    location = ManagedGrpcPythonEnvCodeLocationOrigin(LoadableTargetOrigin(module_name=DEFINITIONS_MODULE))
    origin = RemoteRepositoryOrigin(location, SINGLETON_REPOSITORY_NAME).get_instigator_origin(name)
    data = ScheduleInstigatorData("0 6 * * SAT") if kind is InstigatorType.SCHEDULE else SensorInstigatorData()
    instance.add_instigator_state(InstigatorState(origin, kind, status, data))


def test_runs_that_wait_or_whose_process_has_died_are_told(library: Library, wiley: Feed) -> None:
    prepare(library.home)

    @dg.job(name=JOB_NAME)
    def empty() -> None:
        pass

    with dg.DagsterInstance.from_config(str(library.home.dagster_home)) as instance:
        assert "None is stuck" in [f.found for f in ask(unattended.dagster, library.home)][-1]
        run = instance.create_run_for_job(empty, tags={VENDOR_TAG: "wiley"})
        found = ask(unattended.dagster, library.home, later=timedelta(hours=1))
        assert f"These have waited for more than half an hour: {run.run_id[:8]} (wiley)" in told(found, "warning")
        lock = library.home.dagster_home / "running" / f"{run.run_id}.lock"
        lock.parent.mkdir(exist_ok=True)
        lock.touch()
        instance.report_dagster_event(
            dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, JOB_NAME), run.run_id, logging.INFO
        )
        said = told(ask(unattended.dagster, library.home), "warning")
        assert f"The process of these has died: {run.run_id[:8]}" in said


def test_the_last_run_and_what_has_become_stale_are_told(library: Library, wiley: Feed) -> None:
    assert "There was none yet" in told(ask(unattended.last_runs, library.home), "warning")
    library.run()
    assert "HTTP 404" in told(ask(unattended.last_runs, library.home), "warning")
    wiley.serves(FILE, f"Vendor_Global_All_{datetime.now(UTC) + timedelta(weeks=9):%Y-%m-%d}.txt")
    library.run()
    assert "done" in told(ask(unattended.last_runs, library.home), "ok")
    assert "last brought up to date" in told(ask(unattended.last_runs, library.home, timedelta(days=60)), "warning")


# --- all of it


def test_a_broken_configuration_keeps_nothing_else_from_being_looked_at(library: Library, wiley: Feed) -> None:
    library.home.config_file.write_text("institution: [")
    found = {f.subject: f.level for f in examine(library.home, datetime.now(UTC))}
    assert found.keys() >= {"versions", "home", "disk", "warehouse", "inbox", "daemon", "runs"}
    assert found["configuration"] == "fault" and not found.keys() & {"secrets", "collections", "alerts"}


def test_while_a_run_writes_what_the_warehouse_would_tell_is_left_for_later(
    library: Library, wiley: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.run()
    monkeypatch.setattr(finding, "PATIENCE_SECONDS", 0.05)
    with locked(library.home.warehouse):
        found = list(examine(library.home, datetime.now(UTC)))
    busy = {f.subject for f in found if "A run is writing" in f.found}
    assert busy == {"warehouse", "last runs"}
    assert all(f.level == "ok" for f in found if f.subject in busy)
    assert "endpoint of wiley-main" in {f.subject for f in found}, "vendors are asked all the same"


def test_a_question_that_cannot_be_answered_keeps_no_other_from_being_asked(
    library: Library, wiley: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = wiley.account.credentials["institution_token"]

    def stumble(_: Path) -> None:
        raise RuntimeError(f"no idea about {token}")

    monkeypatch.setattr(place.shutil, "disk_usage", stumble)
    found = list(examine(library.home, datetime.now(UTC), ask_vendors=False))
    (disk,) = [f for f in found if f.subject == "disk"]
    assert disk.level == "fault" and "RuntimeError: no idea about ***" in disk.found
    assert {f.subject for f in found} >= {"versions", "home", "configuration", "secrets", "daemon", "alerts"}


def test_the_command_says_a_line_each_with_an_exit_status_and_changes_nothing(
    library: Library, wiley: Feed, capsys: pytest.CaptureFixture[str]
) -> None:
    wiley.serves(FILE)
    library.first_run()
    prepare(library.home)
    execute(["doctor", "--home", str(library.home.path)])  # makes Dagster's own files
    before = fingerprint(library.home)
    capsys.readouterr()
    assert execute(["doctor", "--home", str(library.home.path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith(("ok", "warning")) for line in lines) and any("daemon" in line for line in lines)
    assert fingerprint(library.home) == before
    library.monkeypatch.delenv("TEST_WILEY_MAIN_INSTITUTION_TOKEN")
    assert execute(["doctor", "--json", "--offline", "--home", str(library.home.path)]) == 2
    found = json.loads(capsys.readouterr().out)
    assert {"subject", "level", "found", "advice"} == set(found[0])
    (fault,) = [finding for finding in found if finding["level"] == "fault"]
    assert "TEST_WILEY_MAIN_INSTITUTION_TOKEN is not set" in fault["found"]
