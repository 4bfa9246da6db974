"""The Dagster graph: what assets, checks, jobs, schedules and sensors there are, whatever the configuration says."""

import time
from itertools import pairwise
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

from autoholdings_assets.pipeline import instance
from autoholdings_assets.pipeline.build import build_definitions
from autoholdings_assets.pipeline.jobs import JOB_NAME
from autoholdings_assets.vendors.model import Vendor, load_vendors
from autoholdings_tests.library import VENDORS, Feed, Library

CHAIN = ["kbart_files", "title_list", "coverage", "change_plan", "portfolios", "actions_report"]
BROKEN = "institution: {name: University of Example, timezone: Mars/Olympus}\n"


def graph(library: Library) -> AssetGraph:
    return build_definitions(library.home).resolve_asset_graph()


def upstream(nodes: AssetGraph, *key: str) -> set[str]:
    return {parent.to_user_string() for parent in nodes.get(dg.AssetKey(list(key))).parent_keys}


def schedules(definitions: dg.Definitions) -> list[dg.ScheduleDefinition]:
    """The vendors' schedules."""
    return [s for s in definitions.schedules or [] if s.job_name == JOB_NAME]  # type: ignore[misc]


def test_every_vendor_has_its_chain_from_source_to_published_copy(library: Library) -> None:
    nodes = graph(library)
    for vendor in VENDORS:
        for before, after in pairwise(CHAIN):
            assert f"{vendor}/{before}" in upstream(nodes, vendor, after)
        assert upstream(nodes, vendor, "kbart_files") == {"configuration/autoholdings_yaml"}
        assert "community_zone/title_lists" in upstream(nodes, vendor, "coverage")
    assert upstream(nodes, "holdings", "published") == {f"{vendor}/portfolios" for vendor in VENDORS}
    assert upstream(nodes, "holdings", "kbart_export") == {"holdings/published"}


def test_the_code_location_loads(library: Library, wiley: Feed) -> None:
    """As Dagster loads it: every job, schedule and sensor fits with every other."""
    library.change_profile("wiley-main", schedule="0 6 * * SAT")
    dg.Definitions.validate_loadable(build_definitions(library.home))
    library.home.config_file.write_text(BROKEN)
    dg.Definitions.validate_loadable(build_definitions(library.home))


def test_every_asset_says_what_it_is(library: Library) -> None:
    nodes = graph(library)
    for key in nodes.materializable_asset_keys:
        node = nodes.get(key)
        assert node.description and node.kinds and node.owners == ["team:e-resources"], key
        assert node.group_name == key.path[0]
        columns = node.metadata["dagster/column_schema"].columns
        assert columns and all(column.description for column in columns), key
    for check in nodes.asset_check_keys:
        assert nodes.get(check).description, check


def test_runs_of_the_command_line_name_the_code_location_that_the_ui_loads() -> None:
    """The UI's timeline, and a job's list of runs, show only runs of a code location that they know."""
    (location,) = yaml.safe_load(instance.project_file("workspace.yaml").read_text())["load_from"]
    assert location["python_module"]["location_name"] == instance.LOCATION_NAME
    assert location["python_module"]["module_name"] == instance.DEFINITIONS_MODULE


def test_a_broken_configuration_leaves_the_graph_standing_and_only_the_schedules_out(
    library: Library, wiley: Feed
) -> None:
    library.change_profile("wiley-main", schedule="0 6 * * SAT")
    sound = build_definitions(library.home)
    assert [schedule.name for schedule in schedules(sound)] == ["wiley_schedule"]
    keys = graph(library).get_all_asset_keys()
    library.home.config_file.write_text(BROKEN)
    assert graph(library).get_all_asset_keys() == keys
    assert schedules(build_definitions(library.home)) == []
    library.home.config_file.unlink()
    assert graph(library).get_all_asset_keys() == keys


@pytest.mark.rule("A13")
def test_a_vendor_is_added_by_dropping_a_yaml_file_and_a_broken_one_takes_nothing_away(library: Library) -> None:
    before = graph(library).get_all_asset_keys()
    library.home.vendors.mkdir()
    described = yaml.safe_load((Path(load_vendors.__code__.co_filename).parent / "wiley.yaml").read_text())
    described |= {"name": "acme_press", "title": "Acme Press"}
    described["collections"] = [{"name": "Acme Journals", "code": "acme-journals", "publication_type": "serial"}]
    (library.home.vendors / "acme.yaml").write_text(yaml.safe_dump(described))
    library.profile("acme-main", Vendor.model_validate(described), schedule="0 7 * * MON")
    added = graph(library).get_all_asset_keys() - before
    assert {key.to_user_string() for key in added} == {f"acme_press/{name}" for name in CHAIN}
    definitions = build_definitions(library.home)
    assert [s.name for s in schedules(definitions)] == ["acme_press_schedule"]
    assert "acme_press_new_file" in [s.name for s in definitions.sensors or []]
    assert any(check.asset_key.path[0] == "acme_press" for check in graph(library).asset_check_keys)
    (library.home.vendors / "acme.yaml").write_text("name: [acme")
    assert before <= graph(library).get_all_asset_keys()


@pytest.mark.rule("C5", "C6")
def test_the_schedule_runs_the_vendor_as_a_whole_in_the_institutions_time_zone(library: Library, wiley: Feed) -> None:
    library.change_profile("wiley-main", schedule="0 6 * * SAT")
    library.profile("wiley-law", schedule="0 9 * * MON")
    definitions = build_definitions(library.home)
    (schedule,) = schedules(definitions)
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 6 * * SAT", "America/New_York")
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
    context = dg.build_schedule_context(repository_def=definitions.get_repository_def())
    (request,) = schedule.evaluate_tick(context).run_requests
    assert {key.to_user_string() for key in request.asset_selection} == {
        *(f"wiley/{name}" for name in CHAIN),
        "holdings/published",
        "holdings/kbart_export",
    }


def test_one_job_serves_all_vendors_in_one_process(library: Library) -> None:
    job = build_definitions(library.home).resolve_job_def(JOB_NAME)
    assert job.executor_def is dg.in_process_executor
    assert len(job.asset_layer.asset_graph.materializable_asset_keys) == len(VENDORS) * len(CHAIN) + 2


@pytest.mark.slow
def test_loading_time_grows_no_faster_than_the_number_of_vendors(library: Library) -> None:
    library.home.vendors.mkdir()
    described = yaml.safe_load((Path(load_vendors.__code__.co_filename).parent / "wiley.yaml").read_text())

    def seconds(vendors: int) -> float:
        for number in range(vendors):
            name = f"press_{number}"
            collections = [{"name": f"{name} journals", "code": f"press-{number}", "publication_type": "serial"}]
            text = yaml.safe_dump(described | {"name": name, "title": name, "collections": collections})
            (library.home.vendors / f"{name}.yaml").write_text(text)
        start = time.process_time()
        definitions = build_definitions(library.home)
        definitions.resolve_job_def(JOB_NAME)
        return time.process_time() - start

    few, many = seconds(40), seconds(160)
    assert many < 4 * few * 1.5
