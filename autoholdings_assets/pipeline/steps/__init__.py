"""The steps of a run as plain functions, from asking the vendor to the published copy.

Each step takes what it needs from the warehouse and from staging/, and leaves its result there, so that every asset can
be materialized alone. What does not belong here: Dagster (``assets.py`` calls these functions) and anything about
portfolios (``holdings/``).
"""

from autoholdings_assets.pipeline.steps.changes import (
    PlanSummary,
    PortfoliosSummary,
    apply_plan,
    merge_coverage,
    plan_changes,
    preview_undo,
    undo_run,
)
from autoholdings_assets.pipeline.steps.ending import ReportSummary, end_failed_run, report
from autoholdings_assets.pipeline.steps.exporting import ExportSummary, export_kbart
from autoholdings_assets.pipeline.steps.files import FileRead, Retrieval, TitleLists, read_title_lists, retrieve_files
from autoholdings_assets.pipeline.steps.publishing import PublishedSummary, publish
from autoholdings_assets.pipeline.steps.run import NothingUsable, RunContext

__all__ = [
    "ExportSummary",
    "FileRead",
    "NothingUsable",
    "PlanSummary",
    "PortfoliosSummary",
    "PublishedSummary",
    "ReportSummary",
    "Retrieval",
    "RunContext",
    "TitleLists",
    "apply_plan",
    "end_failed_run",
    "export_kbart",
    "merge_coverage",
    "plan_changes",
    "preview_undo",
    "publish",
    "read_title_lists",
    "report",
    "retrieve_files",
    "undo_run",
]
