"""What stands at the left end of the lineage: the configuration and the CZ title lists, and the check on the former.

What belongs here: files that people look after and runs only read. What does not: anything that a run makes.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import dagster as dg

from autoholdings_assets.config import Configuration, ConfigurationError, Home, load_configuration
from autoholdings_assets.pipeline.home import HomeResource
from autoholdings_assets.pipeline.instance import open_instance
from autoholdings_assets.pipeline.looks import OWNERS, bullets, counts
from autoholdings_assets.vendors.model import Vendor, load_vendors

CONFIGURATION = dg.AssetKey(["configuration", "autoholdings_yaml"])
CZ_TITLE_LISTS = dg.AssetKey(["community_zone", "title_lists"])
PORTFOLIO_LISTS = dg.AssetKey(["acquisitions", "portfolio_lists"])
CHECK_NAME = "configuration_is_valid"
_CHECK_DESCRIPTION = (
    "autoholdings.yaml (and the vendor files beside it) can be read, and every rule on profiles, groups, collections "
    "and credentials is kept. When this fails nothing can run; the message says which line to change, and to what."
)


def _source(key: dg.AssetKey, kind: str, description: str) -> dg.AssetSpec:
    return dg.AssetSpec(key, group_name="configuration", kinds={kind}, owners=OWNERS, description=description)


SOURCES = (
    _source(
        CONFIGURATION,
        "yaml",
        "**autoholdings.yaml**: the institution, its electronic collections and its integration profiles. A person "
        "edits it; each run reads it anew. Its check says whether it can be used as it is.",
    ),
    _source(
        CZ_TITLE_LISTS,
        "kbart",
        "The Community Zone's title lists (KBART files named by `cz_title_list` in autoholdings.yaml): everything a "
        "customer could have in a collection. Where there is one, a row of the vendor's file is matched to it first.",
    ),
    _source(
        PORTFOLIO_LISTS,
        "excel",
        "Lists of existing portfolios with their **PO lines, licenses and notes**, from the library's own system, "
        "taken over with `autoholdings import-portfolios`. No run ever writes what staff have attached.",
    ),
)


def vendors_of(home: Home) -> Mapping[str, Vendor]:
    """The vendors that the graph is made of: all, or without the library's own ones when a file of these is broken.

    One broken file in <home>/vendors must not take the lineage away; the check on the configuration says what is wrong.
    """
    try:
        return load_vendors(home.vendors)
    except ConfigurationError:
        return load_vendors()


def judge_configuration(home: Home) -> tuple[dict[str, Any], Configuration | None]:
    """The verdict on the home's configuration as it stands now, and the configuration when it can be used."""
    try:
        configuration = load_configuration(home)
    except ConfigurationError as error:
        return _verdict(passed=False, problems=error.problems), None
    return _verdict(passed=True, warnings=configuration.warnings, notes=configuration.notes), configuration


def report_portfolio_list(home: Home, file: str, collection: str, plan_id: str, outcomes: Mapping[str, int]) -> None:
    """Let the lineage show that a portfolio list was taken over, by what name, and what became of its lines."""
    event = dg.AssetMaterialization(
        PORTFOLIO_LISTS, metadata={"file": file, "collection": collection, "plan": plan_id, "lines": counts(outcomes)}
    )
    with open_instance(home) as instance:
        instance.report_runless_asset_event(event)


def _verdict(*, passed: bool, **sentences: tuple[str, ...]) -> dict[str, Any]:
    return {
        "asset_key": CONFIGURATION,
        "check_name": CHECK_NAME,
        "passed": passed,
        "severity": dg.AssetCheckSeverity.ERROR,
        "description": next(iter(sentences.get("problems", ())), "autoholdings.yaml can be used."),
        "metadata": {kind: bullets(lines) for kind, lines in sentences.items() if lines},
    }


@dg.asset_check(asset=CONFIGURATION, name=CHECK_NAME, description=_CHECK_DESCRIPTION)
def configuration_is_valid(home: dg.ResourceParam[HomeResource]) -> dg.AssetCheckResult:
    """Check the configuration now."""
    return dg.AssetCheckResult(**judge_configuration(home.home)[0])


@dg.sensor(
    name="watch_configuration",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Checks autoholdings.yaml as soon as it has changed, without a run. Harmless: leave it on.",
)
def watch_configuration(
    context: dg.SensorEvaluationContext, home: dg.ResourceParam[HomeResource]
) -> dg.SensorResult | dg.SkipReason:
    """Report the check's result as an event whenever the configuration's files have changed."""
    state = _fingerprint(home.home)
    if state == context.cursor:
        return dg.SkipReason("The configuration has not changed.")
    verdict, configuration = judge_configuration(home.home)
    events: list[dg.AssetMaterialization | dg.AssetObservation | dg.AssetCheckEvaluation] = [
        dg.AssetCheckEvaluation(**verdict, blocking=False)
    ]
    if configuration:
        events.append(dg.AssetObservation(CONFIGURATION, metadata=_counts(configuration)))
    return dg.SensorResult(asset_events=events, cursor=state)


def _counts(configuration: Configuration) -> dict[str, int]:
    profiles = configuration.integration_profiles
    return {
        "electronic_collections": len(configuration.electronic_collections),
        "integration_profiles": len(profiles),
        "active_profiles": sum(profile.active for profile in profiles),
    }


def _fingerprint(home: Home) -> str:
    """A hash of the files that make up the configuration."""
    seen = hashlib.sha256()
    for path in [home.config_file, *sorted(home.vendors.glob("*.yaml"))]:
        seen.update(str(path.name).encode() + (path.read_bytes() if path.is_file() else b"missing"))
    return seen.hexdigest()
