"""Dagster's settings: the file that each home gets is one that this Dagster obeys, to the last key."""

import warnings
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.errors import DagsterInvalidConfigError
from dagster._core.scheduler.instigation import TickStatus

from autoholdings_assets.config import Home
from autoholdings_assets.pipeline.instance import prepare


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for variable in ("DAGSTER_HOME", "AUTOHOLDINGS_HOME"):  # set below; the fixture puts them back
        monkeypatch.setenv(variable, "")
    home = Home(tmp_path / "home")
    prepare(home)
    return home


def test_the_settings_are_loaded_without_a_warning_and_obeyed(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """What each is for stands in dagster.yaml; everything that Dagster keeps is inside the home."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with dg.DagsterInstance.get() as instance:
            assert not caplog.records
            assert not instance.telemetry_enabled and not instance.nux_enabled
            queue = instance.get_concurrency_config().run_queue_config
            assert queue and (queue.max_concurrent_runs, queue.max_user_code_failure_retries) == (1, 3)
            assert instance.run_monitoring_enabled and not instance.run_retries_enabled
            assert (
                instance.run_monitoring_start_timeout_seconds,
                instance.run_monitoring_cancel_timeout_seconds,
                instance.run_monitoring_max_runtime_seconds,
                instance.run_monitoring_poll_interval_seconds,
                instance.run_monitoring_settings["free_slots_after_run_end_seconds"],
            ) == (300, 180, 21600, 60, 300)
            assert instance.get_sensor_settings()["use_threads"]
            ticks = instance.get_tick_retention_settings(InstigatorType.SENSOR)
            assert (ticks[TickStatus.SKIPPED], ticks[TickStatus.SUCCESS]) == (7, 180)
            assert set(instance.get_tick_retention_settings(InstigatorType.SCHEDULE).values()) == {180}
            assert Path(instance.root_directory) == home.dagster_home
            assert Path(instance.storage_directory()).is_relative_to(home.path)
    assert {path.name for path in home.dagster_home.rglob("*.db")} >= {"runs.db", "index.db", "schedules.db"}


def test_a_key_that_dagster_does_not_know_is_refused(home: Home) -> None:
    """So that the file of the test before this one has none."""
    settings = home.dagster_home / "dagster.yaml"
    settings.write_text(settings.read_text().replace("poll_interval_seconds", "pole_interval_seconds"))
    with pytest.raises(DagsterInvalidConfigError, match="pole_interval_seconds"):
        dg.DagsterInstance.get()
