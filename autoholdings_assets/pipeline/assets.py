"""The assets: for each vendor the chain from its files to its portfolios, then what all vendors share.

What belongs here: turning a stage (``stages.py``) into a Dagster asset, and an expected failure into a Dagster failure
that nothing retries. What does not: the stages' own work, or how a vendor differs from another (its data file).
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import dagster as dg

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


def build_assets(vendors: Collection[Vendor]) -> list[dg.AssetsDefinition]:
    """The assets of each vendor, then what they share: the copy for SQL users, after any vendor's portfolios and
    whatever its reports do, and after it the files for discovery services."""
    portfolios = [dg.AssetKey([vendor.name, PORTFOLIOS]) for vendor in vendors]
    return [
        *(asset for vendor in vendors for asset in _of_vendor(vendor)),
        _asset(PUBLISHED, PUBLISHED_KEY, portfolios, "holdings", op_tags=_FIRST),
        _asset(KBART_EXPORT, KBART_EXPORT_KEY, [PUBLISHED_KEY], "holdings"),
    ]


def _of_vendor(vendor: Vendor) -> Iterator[dg.AssetsDefinition]:
    """The vendor's assets in order, ``<vendor>/kbart_files`` to ``<vendor>/actions_report``, in a group of its own."""
    # holdings are stale when no run has brought them up to date for longer than the vendor's cadence allows
    freshness = dg.FreshnessPolicy.time_window(fail_window=timedelta(days=vendor.publication.fresh_for_days))
    upstream: list[dg.AssetKey] = []
    for stage in STAGES:
        key = vendor_key(vendor.name, stage)
        yield _asset(
            stage,
            key,
            [*upstream, *stage.sources],
            vendor.name,
            vendor=vendor,
            freshness_policy=freshness if stage.name == PORTFOLIOS else None,
        )
        upstream = [key]


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
    stage: Stage, key: dg.AssetKey, deps: Sequence[dg.AssetKey], group: str, vendor: Vendor | None = None, **more: Any
) -> dg.AssetsDefinition:
    name, words = "", {}
    if vendor:
        name, words = vendor.name, {"vendor": vendor.title, "published": vendor.publication.description}

    # Dagster does not know the parametrised form of MaterializeResult.
    def materialize(context: dg.AssetExecutionContext, home: dg.ResourceParam[HomeResource]) -> dg.MaterializeResult:  # type: ignore[type-arg]
        run = replace(home.run_context(context, name), reports_follow=_reports_follow(context, name))
        return _carry_out(stage, home, run, only_in_use=bool(name) and _of_several_vendors(context))

    asset: dg.AssetsDefinition = dg.asset(
        key=key,
        deps=deps,
        group_name=group,
        description=stage.description.format(**words),
        kinds=set(stage.kinds),
        owners=OWNERS,
        metadata={"dagster/column_schema": stage.columns()},
        tags={VENDOR_TAG: name} if name else None,
        check_specs=[
            dg.AssetCheckSpec(check.name, asset=key, description=check.description, blocking=check.blocking)
            for check in stage.checks
        ],
        **more,
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


def _not_in_use(stage: Stage) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """What a vendor without a profile contributes to a run of all vendors: nothing, and no failure either."""
    why = "Not in use: autoholdings.yaml has no profile of this vendor."
    return dg.MaterializeResult(
        metadata={"status": why}, check_results=[_result(check, Verdict(True, why)) for check in stage.checks]
    )


def _carry_out(stage: Stage, home: HomeResource, context: RunContext, *, only_in_use: bool) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Run the stage's step and show what came of it; ``only_in_use``: not for a vendor without a profile.

    An expected failure ends the step with its sentence; Dagster's op retries are refused, since the steps themselves
    have already retried what can pass by itself.
    """
    home.listener.started(stage.doing)
    try:
        if only_in_use and not context.configuration.profiles_of(context.vendor_name):
            return _not_in_use(stage)
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


def _result(check: Check, verdict: Verdict) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=check.name,
        passed=verdict.passed,
        severity=dg.AssetCheckSeverity.ERROR if check.blocking else dg.AssetCheckSeverity.WARN,
        description=verdict.sentence,
        metadata=verdict.metadata,
    )
