"""The assets: for each vendor the chain from its files to its portfolios, then what all vendors share.

What belongs here: turning a stage (``stages.py``) into a Dagster asset, and an expected failure into a Dagster failure
that nothing retries. What does not: the stages' own work, or how a vendor differs from another (its data file).
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

import dagster as dg

from autoholdings_assets.config import ConfigurationError, load_configuration
from autoholdings_assets.holdings.disk import DiskFull
from autoholdings_assets.pipeline import steps
from autoholdings_assets.pipeline.checks import Check, Verdict
from autoholdings_assets.pipeline.home import HomeResource
from autoholdings_assets.pipeline.looks import OWNERS, VENDOR_TAG
from autoholdings_assets.pipeline.stages import EXPECTED, KBART_EXPORT, PUBLISHED, STAGES, Stage
from autoholdings_assets.pipeline.steps import RunContext
from autoholdings_assets.vendors.model import Vendor

PUBLISHED_KEY = dg.AssetKey(["holdings", "published"])
KBART_EXPORT_KEY = dg.AssetKey(["holdings", "kbart_export"])
CHANGE_PLAN, PORTFOLIOS, ACTIONS_REPORT = "change_plan", "portfolios", "actions_report"
_FIRST = {"dagster/priority": "1"}
"""Of the steps that could go next, this one: readers do not wait until the reports are written."""


def build_vendor_assets(vendor: Vendor) -> list[dg.AssetsDefinition]:
    """The vendor's assets in order, ``<vendor>/kbart_files`` to ``<vendor>/actions_report``, in a group of its own."""
    return [
        _asset(
            stage,
            key=vendor_key(vendor.name, stage),
            deps=[*([vendor_key(vendor.name, upstream)] if upstream else []), *stage.sources],
            group=vendor.name,
            description=stage.description.format(vendor=vendor.title, published=vendor.publication_in_words()),
            vendor=vendor.name,
            freshness=_freshness(vendor) if stage.name == PORTFOLIOS else None,
        )
        for upstream, stage in zip([None, *STAGES], STAGES, strict=False)
    ]


def build_published(vendors: Iterable[Vendor]) -> dg.AssetsDefinition:
    """``holdings/published``: the copy for SQL users, after any vendor's portfolios and whatever its reports do."""
    return _asset(
        PUBLISHED,
        key=PUBLISHED_KEY,
        deps=[dg.AssetKey([vendor.name, PORTFOLIOS]) for vendor in vendors],
        group="holdings",
        description=PUBLISHED.description,
        op_tags=_FIRST,
    )


def build_kbart_export() -> dg.AssetsDefinition:
    """``holdings/kbart_export``: the files for discovery services, after the published copy."""
    return _asset(
        KBART_EXPORT,
        key=KBART_EXPORT_KEY,
        deps=[PUBLISHED_KEY],
        group="holdings",
        description=KBART_EXPORT.description,
    )


def _freshness(vendor: Vendor) -> dg.FreshnessPolicy:
    """Holdings are stale when no run has brought them up to date for longer than the vendor's cadence allows."""
    return dg.FreshnessPolicy.time_window(fail_window=timedelta(days=vendor.publication.fresh_for_days))


def vendor_key(vendor: str, stage: Stage) -> dg.AssetKey:
    """``<vendor>/<stage>``."""
    return dg.AssetKey([vendor, stage.name])


def apply_selection(vendor: str) -> list[dg.AssetKey]:
    """What carries out a plan that is there already: everything after the plan."""
    return [key for key in run_selection(vendor) if key not in run_selection(vendor, dry_run=True)]


def run_selection(vendor: str, *, dry_run: bool = False) -> list[dg.AssetKey]:
    """What one run of the vendor makes: everything to the exports, or, as a dry run, up to the plan."""
    names = [stage.name for stage in STAGES]
    stages = STAGES[: names.index(CHANGE_PLAN) + 1] if dry_run else STAGES
    keys = [vendor_key(vendor, stage) for stage in stages]
    return keys if dry_run else [*keys, PUBLISHED_KEY, KBART_EXPORT_KEY]


def _asset(
    stage: Stage,
    *,
    key: dg.AssetKey,
    deps: list[dg.AssetKey],
    group: str,
    description: str,
    vendor: str = "",
    op_tags: Mapping[str, str] | None = None,
    freshness: dg.FreshnessPolicy | None = None,
) -> dg.AssetsDefinition:
    # Dagster does not know the parametrised form of MaterializeResult.
    def materialize(context: dg.AssetExecutionContext, home: dg.ResourceParam[HomeResource]) -> dg.MaterializeResult:  # type: ignore[type-arg]
        if vendor and _of_several_vendors(context) and not _in_use(home, vendor):
            return _not_in_use(stage)
        run = replace(home.run_context(context, vendor), reports_follow=_reports_follow(context, vendor))
        return _carry_out(stage, home, run)

    asset: dg.AssetsDefinition = dg.asset(
        key=key,
        deps=deps,
        group_name=group,
        description=description,
        kinds=set(stage.kinds),
        owners=OWNERS,
        metadata={"dagster/column_schema": stage.columns()},
        tags={VENDOR_TAG: vendor} if vendor else None,
        check_specs=[_spec(key, check) for check in stage.checks],
        op_tags=op_tags,
        freshness_policy=freshness,
    )(materialize)
    return asset


def _reports_follow(context: dg.AssetExecutionContext, vendor: str) -> bool:
    """Whether the run goes on to the vendor's reports; a dry run does not."""
    selected = context.run.asset_selection
    return not selected or dg.AssetKey([vendor, ACTIONS_REPORT]) in selected


def _of_several_vendors(context: dg.AssetExecutionContext) -> bool:
    """Whether the run was started for everything at once, as the UI's *Materialize all* does."""
    selected = context.run.asset_selection
    return not selected or len({key.path[0] for key in selected if key not in (PUBLISHED_KEY, KBART_EXPORT_KEY)}) > 1


def _in_use(home: HomeResource, vendor: str) -> bool:
    """Whether the configuration has a profile of the vendor; a broken one is told by the step itself."""
    try:
        return bool(load_configuration(home.home).profiles_of(vendor))
    except ConfigurationError:
        return True


def _not_in_use(stage: Stage) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """What a vendor without a profile contributes to a run of all vendors: nothing, and no failure either."""
    why = "Not in use: autoholdings.yaml has no profile of this vendor."
    return dg.MaterializeResult(
        metadata={"status": why}, check_results=[_result(check, Verdict(True, why)) for check in stage.checks]
    )


def _carry_out(stage: Stage, home: HomeResource, context: RunContext) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Run the stage's step and show what came of it.

    An expected failure ends the step with its sentence; Dagster's op retries are refused, since the steps themselves
    have already retried what can pass by itself.
    """
    home.listener.started(stage.doing)
    try:
        summary = stage.step(context)
    except EXPECTED as error:
        page = steps.end_failed_run(context, str(error))
        if isinstance(error, DiskFull):
            home.listener.surprised(error)  # nothing can be recorded, so it is told at once
        metadata = {"job_report_page": dg.MetadataValue.path(page)} if page else {}
        raise dg.Failure(str(error), metadata, allow_retries=False) from None
    except Exception as error:
        steps.end_failed_run(context, _unforeseen(error))
        home.listener.surprised(error)
        raise
    lineage = {"dagster/column_lineage": stage.lineage(context.vendor_name)} if stage.lineage else {}
    return dg.MaterializeResult(
        metadata=lineage | {name: value for name, value in stage.show(summary).items() if value is not None},
        check_results=[_result(check, check.judge(summary)) for check in stage.checks],
    )


def _unforeseen(error: Exception) -> str:
    """A failure that nobody foresaw, without its text, which may hold anything; the run's log in Dagster has it all."""
    why = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    return f"Something unexpected ended the run ({why}). The details are in its log in the Dagster UI."


def _spec(key: dg.AssetKey, check: Check) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(check.name, asset=key, description=check.description, blocking=check.blocking)


def _result(check: Check, verdict: Verdict) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=check.name,
        passed=verdict.passed,
        severity=dg.AssetCheckSeverity.ERROR if check.blocking else dg.AssetCheckSeverity.WARN,
        description=verdict.sentence,
        metadata=verdict.metadata,
    )
