"""Runs in a real Dagster instance: what they materialize, what stops them, and how they end."""

from collections.abc import Iterator

import dagster as dg
import pytest

from autoholdings_assets.pipeline.build import build_definitions
from autoholdings_assets.pipeline.home import HomeResource, Listener
from autoholdings_assets.pipeline.jobs import JOB_NAME
from autoholdings_assets.pipeline.launch import run_vendor
from autoholdings_assets.pipeline.sources import CONFIGURATION, watch_configuration
from autoholdings_tests import faults
from autoholdings_tests.library import BOOKS, JOURNALS, VENDORS, Feed, Library, book, isbn, issn, journal

FILE = [journal("Acta Exempla", issn(1)), book("On Examples", isbn(1))]
CHAIN = ["kbart_files", "title_list", "coverage", "change_plan", "portfolios", "actions_report"]
WHOLE_RUN = [*(f"wiley/{name}" for name in CHAIN[:5]), "holdings/published", "wiley/actions_report"]
WHOLE_RUN += ["holdings/kbart_export"]


@pytest.fixture
def instance(library: Library, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """The home's own instance, as `autoholdings run` uses it."""
    monkeypatch.setenv("DAGSTER_HOME", str(library.home.dagster_home))
    monkeypatch.setenv("AUTOHOLDINGS_HOME", str(library.home.path))
    with dg.DagsterInstance.get() as instance:
        yield instance


class Finished:
    """A run that has ended, with its events."""

    def __init__(self, instance: dg.DagsterInstance, run_id: str) -> None:
        run = instance.get_run_by_id(run_id)
        assert run
        self.run = run
        self.events = [log.dagster_event for log in instance.all_logs(run_id) if log.dagster_event]

    @property
    def materialized(self) -> list[str]:
        return [
            event.asset_key.to_user_string()
            for event in self.events
            if event.is_step_materialization and event.asset_key
        ]

    @property
    def checks(self) -> dict[str, dg.AssetCheckEvaluation]:
        found = [
            event.asset_check_evaluation_data
            for event in self.events
            if event.event_type_value == "ASSET_CHECK_EVALUATION"
        ]
        return {check.check_name: check for check in found}

    def metadata(self, key: str) -> dict[str, object]:
        (found,) = [
            e for e in self.events if e.is_step_materialization and e.asset_key and e.asset_key.to_user_string() == key
        ]
        return {name: value.value for name, value in found.step_materialization_data.materialization.metadata.items()}

    @property
    def failure(self) -> str:
        return " ".join(
            e.step_failure_data.error.message for e in self.events if e.is_step_failure and e.step_failure_data.error
        )


def start(library: Library, instance: dg.DagsterInstance, *, dry_run: bool = False) -> Finished:
    return Finished(instance, run_vendor(library.home, "wiley", Listener(), dry_run=dry_run))


def materialize(library: Library, instance: dg.DagsterInstance, *keys: str) -> Finished:
    """As *Materialize* does in the UI; without keys everything."""
    job = build_definitions(library.home).resolve_job_def(JOB_NAME)
    chosen = [dg.AssetKey(key.split("/")) for key in keys] or None
    return Finished(
        instance, job.execute_in_process(instance=instance, asset_selection=chosen, raise_on_error=False).run_id
    )


@pytest.mark.rule("C12", "W3")
def test_a_run_materializes_the_chain_and_shows_figures_and_small_previews(
    library: Library, wiley: Feed, instance: dg.DagsterInstance
) -> None:
    wiley.serves(
        [journal(f"Journal {number}", issn(number)) for number in range(1, 501)] + [book("On Examples", isbn(1))]
    )
    run = start(library, instance)
    assert run.run.is_success
    assert run.materialized == WHOLE_RUN
    for name in WHOLE_RUN:  # in what the UI's plots and lists of events are made from, too
        (record,) = instance.fetch_materializations(dg.AssetKey(name.split("/")), limit=9).records
        assert record.run_id == run.run.run_id
    rows = {name: run.metadata(f"wiley/{name}")["dagster/row_count"] for name in CHAIN}
    assert rows == {"kbart_files": 1} | dict.fromkeys(CHAIN[1:], 501)
    for name in CHAIN[:5]:
        preview = str(run.metadata(f"wiley/{name}")["preview"])
        assert preview.count("\n") <= 18, f"{name} shows more than a screenful"
    assert "Journal 1" in str(run.metadata("wiley/title_list")["preview"])
    assert run.metadata("holdings/published")["dagster/row_count"] == 501
    assert all(check.passed for check in run.checks.values())
    assert library.sql("SELECT run_id, outcome FROM job_run") == [{"run_id": run.run.run_id, "outcome": "done"}]
    assert library.published("SELECT count(*) AS n FROM portfolio") == [{"n": 501}]


@pytest.mark.rule("A1")
def test_a_dry_run_ends_with_the_plan(library: Library, wiley: Feed, instance: dg.DagsterInstance) -> None:
    wiley.serves(FILE)
    run = start(library, instance, dry_run=True)
    assert run.run.is_success
    assert run.materialized == [f"wiley/{name}" for name in CHAIN[:4]]
    assert library.titles() == {} and not library.home.published.exists()
    assert "Acta Exempla" in str(run.metadata("wiley/change_plan")["preview"])


def test_when_nothing_came_the_run_says_why_once_and_is_not_tried_again(
    library: Library, wiley: Feed, instance: dg.DagsterInstance
) -> None:
    run = start(library, instance)
    assert run.run.status is dg.DagsterRunStatus.FAILURE
    assert run.materialized == []
    assert "no file for profile" in run.failure and "Expect one after" in run.failure
    attempts = [event for event in run.events if event.event_type_value in ("STEP_RESTARTED", "STEP_UP_FOR_RETRY")]
    assert attempts == []


def test_a_profile_that_failed_beside_a_good_one_makes_the_run_red_with_everything_done(
    library: Library, wiley: Feed, instance: dg.DagsterInstance
) -> None:
    law = library.profile("wiley-law")
    wiley.serves(FILE)
    law.account.fail_next(faults.status(403))
    run = start(library, instance)
    assert run.run.status is dg.DagsterRunStatus.FAILURE
    assert run.materialized == WHOLE_RUN
    assert set(library.titles()) == {"Acta Exempla", "On Examples"}
    last = run.checks["every_active_profile_was_read"]
    assert not last.passed and last.severity is dg.AssetCheckSeverity.ERROR and "wiley-law" in (last.description or "")
    first = run.checks["every_active_profile_brought_a_file"]
    assert not first.passed and first.severity is dg.AssetCheckSeverity.WARN


@pytest.mark.rule("A3")
def test_the_run_states_what_became_of_every_row(library: Library, wiley: Feed, instance: dg.DagsterInstance) -> None:
    wiley.serves([*FILE, journal("Undated", issn(5), start="the beginning"), journal("Acta Exempla", issn(1))])
    run = start(library, instance)
    assert run.run.is_success
    accounted = run.checks["every_row_is_accounted_for"]
    assert accounted.passed and "4 rows, each with exactly one outcome" in (accounted.description or "")
    told = str(accounted.metadata["rows_end_as"].value)
    assert "2 activate" in told and "1 duplicate" in told and "1 rejected" in told
    rejected = run.checks["no_row_was_rejected"]
    assert not rejected.passed and rejected.severity is dg.AssetCheckSeverity.WARN
    assert "1 row cannot be used" in (rejected.description or "") and "date cannot be read" in (
        rejected.description or ""
    )
    assert "the beginning" in str(rejected.metadata["first_rejected_rows"].value)


def test_a_row_that_is_lost_blocks_the_plan(library: Library, wiley: Feed, instance: dg.DagsterInstance) -> None:
    """The check on the rows is able to fail: rows vanish from the plan's record between two materializations."""
    wiley.serves(FILE)
    start(library, instance, dry_run=True)
    library.write("UPDATE kbart_file SET total_rows = total_rows + 1")
    run = materialize(library, instance, "wiley/change_plan", "wiley/portfolios")
    assert not run.checks["every_row_is_accounted_for"].passed
    assert run.materialized == ["wiley/change_plan"]
    assert library.titles() == {}


@pytest.mark.rule("A8")
def test_a_held_plan_stops_the_run_and_applying_alone_does_not_get_round_it(
    library: Library, wiley: Feed, instance: dg.DagsterInstance
) -> None:
    wiley.serves(FILE, "Wiley_Global_Example_2026-02-07.txt")
    start(library, instance)
    before = library.state()
    wiley.serves([journal("Another", issn(9))], "Wiley_Global_Example_2026-01-03.txt")
    run = start(library, instance)
    assert run.run.status is dg.DagsterRunStatus.FAILURE
    assert run.materialized == [f"wiley/{name}" for name in CHAIN[:4]]
    held = run.checks["plan_is_not_held"]
    assert not held.passed and "older than the last accepted one" in (held.description or "")
    alone = materialize(library, instance, "wiley/portfolios")
    assert alone.run.status is dg.DagsterRunStatus.FAILURE and "is held" in alone.failure
    assert library.state() == before


def test_materializing_everything_leaves_vendors_without_a_profile_in_peace(
    library: Library, wiley: Feed, instance: dg.DagsterInstance
) -> None:
    wiley.serves(FILE)
    run = materialize(library, instance)
    assert run.run.is_success, run.failure
    assert len(run.materialized) == len(VENDORS) * len(CHAIN) + 2
    assert "Not in use" in str(run.metadata("oup/portfolios")["status"])
    assert library.published("SELECT count(*) AS n FROM portfolio") == [{"n": 2}]
    alone = materialize(library, instance, "oup/kbart_files")
    assert "has no Active profile" in alone.failure


def test_nothing_of_the_credentials_reaches_dagster(
    library: Library, wiley: Feed, instance: dg.DagsterInstance
) -> None:
    secret = "secret-institution_token-of-wiley-main"
    assert wiley.account.credentials["institution_token"] == secret
    wiley.serves(FILE)
    start(library, instance)
    wiley.account.fail_next(faults.status(401))
    start(library, instance)
    for path in library.home.path.rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes(), path


def test_a_broken_configuration_is_one_failed_check_with_the_message(
    library: Library, wiley: Feed, instance: dg.DagsterInstance
) -> None:
    def watched(cursor: str | None) -> dg.SensorResult | dg.SkipReason:
        context = dg.build_sensor_context(instance=instance, cursor=cursor)
        return watch_configuration(context, home=HomeResource(library.home))  # type: ignore[return-value]

    result = watched(None)
    assert isinstance(result, dg.SensorResult)
    (sound, observed) = result.asset_events
    assert isinstance(sound, dg.AssetCheckEvaluation) and sound.passed
    assert isinstance(observed, dg.AssetObservation) and observed.metadata["active_profiles"].value == 1
    assert isinstance(watched(result.cursor), dg.SkipReason)

    library.change_profile("wiley-main", groups=["LAW"])
    (broken,) = watched(result.cursor).asset_events  # type: ignore[union-attr]
    assert isinstance(broken, dg.AssetCheckEvaluation)
    assert not broken.passed and broken.severity is dg.AssetCheckSeverity.ERROR
    assert 'profile "wiley-main" has groups' in (broken.description or "")

    selection = dg.AssetSelection.checks(dg.AssetCheckKey(CONFIGURATION, "configuration_is_valid"))
    definitions = build_definitions(library.home)
    by_hand = dg.materialize(
        [*definitions.assets, *definitions.asset_checks], selection=selection, instance=instance,
        resources={"home": HomeResource(library.home)}, raise_on_error=False,
    )  # fmt: skip
    (evaluation,) = by_hand.get_asset_check_evaluations()
    assert not evaluation.passed and 'profile "wiley-main" has groups' in (evaluation.description or "")

    run = start(library, instance)
    assert run.materialized == [] and 'profile "wiley-main" has groups' in run.failure


@pytest.mark.rule("C11")
def test_a_collection_that_is_not_active_is_said_on_the_plan(
    library: Library, wiley: Feed, instance: dg.DagsterInstance
) -> None:
    library.configuration["electronic_collections"] = [{"name": JOURNALS}]
    library.save()
    wiley.serves(FILE)
    run = start(library, instance)
    assert run.run.is_success
    assert f"Electronic collection for update does not exist: {BOOKS}" in str(
        run.metadata("wiley/change_plan")["notes"]
    )
