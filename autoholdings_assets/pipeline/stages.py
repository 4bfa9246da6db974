"""What each asset is to a librarian: what it says of itself, its columns, its figures and its checks.

What belongs here: one `Stage` for each asset, and what is shown of its step's result. What does not: how a stage
becomes a Dagster asset (``assets.py``), what the step does (``steps/``), and how a check judges (``checks.py``).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from autoholdings_assets.config import ConfigurationError
from autoholdings_assets.holdings.counting import YEARS_LOST
from autoholdings_assets.holdings.disk import DiskFull
from autoholdings_assets.holdings.refusals import NotPossible
from autoholdings_assets.holdings.titles import MergedTitles
from autoholdings_assets.kbart.errors import UnreadableFile
from autoholdings_assets.pipeline import checks, columns, invariants, links, steps
from autoholdings_assets.pipeline.checks import Check
from autoholdings_assets.pipeline.looks import bullets, counts, table
from autoholdings_assets.pipeline.sources import CONFIGURATION, CZ_TITLE_LISTS, PORTFOLIO_LISTS
from autoholdings_assets.pipeline.steps import RunContext
from autoholdings_assets.reports.job_files import WrittenReport
from autoholdings_assets.reports.markdown import as_markdown
from autoholdings_assets.reports.wording import action_in_words, changes_in_words

_FIGURES = (
    "activate", "update", "remove", "keep", "unchanged", "possible title change", "no match", "multiple matches",
    YEARS_LOST,
)  # fmt: skip

EXPECTED = (ConfigurationError, DiskFull, NotPossible, UnreadableFile)
"""Errors whose text tells a librarian what to do: they need no stack trace, and no retry would help."""


@dataclass(frozen=True)
class Stage:
    """One step of the way from a vendor's file to the portfolios.

    ``description`` may name ``{vendor}`` and ``{published}``, when the vendor makes its files. ``show`` turns the
    step's result into metadata: figures (which Dagster plots over time) and small tables, never whole frames.
    ``lineage`` tells for a vendor which columns its columns come from.
    """

    name: str
    doing: str
    description: str
    kinds: tuple[str, ...]
    step: Callable[[RunContext], Any]
    columns: Callable[[], dg.TableSchema]
    show: Callable[[Any], Mapping[str, Any]]
    lineage: Callable[[str], dg.TableColumnLineage] | None = None
    sources: tuple[dg.AssetKey, ...] = ()
    checks: tuple[Check, ...] = ()


def _show_files(result: steps.Retrieval) -> dict[str, Any]:
    return {
        "dagster/row_count": len(result.files),
        "new_files": sum(outcome.outcome == "new file" for outcome in result.profiles),
        "profiles_not_read": sum(outcome.failed for outcome in result.profiles),
        "profiles": table(
            [
                {"profile": o.profile, "outcome": o.outcome, "message": f"{o.message} {o.advice}"}
                for o in result.profiles
            ]
        ),
        "preview": table([{key: file[key] for key in ("profile", "file", "date", "bytes")} for file in result.files]),
        "configuration_warnings": bullets(result.warnings) if result.warnings else None,
    }


def _show_title_lists(result: steps.TitleLists) -> dict[str, Any]:
    files = [
        {"profile": f.profile, "file": f.file_name, "rows": f.total, "valid": f.valid, "rejected": f.rejected,
         "left out": f.excluded, "encoding": f.encoding}
        for f in result.files
    ]  # fmt: skip
    return {
        "dagster/row_count": sum(f.total for f in result.files),
        "valid_rows": sum(f.valid for f in result.files),
        "rejected_rows": sum(f.rejected for f in result.files),
        "rows_left_out": sum(f.excluded for f in result.files),
        "files": table(files),
        "preview": table(result.preview, total=sum(f.total for f in result.files)),
    }


def _show_coverage(result: MergedTitles) -> dict[str, Any]:
    return {
        "dagster/row_count": result.statement_count,
        "titles": result.title_count,
        "statements": result.statement_count,
        "rows_of_the_files": result.row_count,
        "rows_that_grant_nothing": counts(result.row_outcomes),
        "preview": table(result.preview, total=result.statement_count),
    }


def _show_plan(result: steps.PlanSummary) -> dict[str, Any]:
    plan = result.plan
    if plan is None:
        return {"dagster/row_count": 0, "status": result.status, **_figures({}), **_show_page(result.report)}
    return {
        "dagster/row_count": plan.titles_told,
        "status": plan.status,
        "plan": plan.plan_id,
        "decide": dg.MetadataValue.md(links.decide(plan.plan_id)) if plan.status == "held" else None,
        **_figures(plan.actions),
        "rows_of_the_files": counts(plan.row_outcomes),
        "held_because": bullets(plan.hold_reasons) if plan.hold_reasons else None,
        "notes": bullets(plan.notes) if plan.notes else None,
        **_show_page(result.report),
        "preview": table([_readable(item) for item in result.items], total=plan.titles_told),
    }


def _readable(item: Mapping[str, Any]) -> dict[str, Any]:
    """A plan's item on one line, its changes as ``field: old -> new``."""
    shown = ("action", "title", "online_identifier", "print_identifier", "collection")
    changes = changes_in_words(item["changes"])
    return {**{key: item[key] for key in shown}, "changes": changes, "lost": item["lost"], "reason": item["reason"]}


def _show_portfolios(result: steps.PortfoliosSummary) -> dict[str, Any]:
    return {
        "dagster/row_count": result.portfolio_count,
        "outcome": result.outcome,
        "message": result.message,
        "plan": result.plan_id,
        **_figures(result.actions, done=True),
        "by_collection": table(_by_collection(result.counters)),
        "preview": table(result.preview, total=result.portfolio_count),
    }


def _show_published(result: steps.PublishedSummary) -> dict[str, Any]:
    return {
        "dagster/row_count": result.published.tables["portfolio"],
        "size": dg.MetadataValue.float(round(result.published.size_bytes / 1e6, 1)),
        "file": dg.MetadataValue.path(result.published.path),
        **{f"rows_in_{name}": number for name, number in result.published.tables.items()},
    }


def _show_export(result: steps.ExportSummary) -> dict[str, Any]:
    export = result.export
    return {
        "dagster/row_count": sum(file.rows for file in export.files if file.collection is None),
        "incomplete_rows": sum(export.incomplete.values()),
        "rows_changed_for_the_standard": sum(export.changed.values()),
        "written_now": result.is_new,
        "files": table(
            [{"collection": f.collection or "all", "rows": f.rows, "file": f.path.name} for f in export.files],
            every=True,
        ),
        **{f"file_{f.package.split('_', 2)[2]}": dg.MetadataValue.path(f.path) for f in export.files},
        "incomplete": counts(export.incomplete) if export.incomplete else None,
        "incomplete_file": dg.MetadataValue.path(export.incomplete_path) if export.incomplete_path else None,
        "changed": counts(export.changed) if export.changed else None,
    }


def show_reports(result: steps.ReportSummary) -> dict[str, Any]:
    """The figures of a run's reports, the job report as it reads here, and where the files are."""
    report = result.job_report.report
    return {
        "dagster/row_count": sum(report.run.row_outcomes.values()),
        "outcome": report.run.outcome,
        **_figures(report.run.actions, done=True),
        "rejected_rows": report.run.row_outcomes.get("rejected", 0),
        "needs_attention": report.case_count,
        **_show_page(result.job_report),
        **{path.stem: dg.MetadataValue.path(path) for path in result.job_report.workbooks},
        **({"undo": dg.MetadataValue.md(links.undo(report.run.run_id))} if report.run.changed else {}),
        **({"earlier_runs_reported_too": ", ".join(result.caught_up)} if result.caught_up else {}),
    }


def _show_page(written: WrittenReport | None) -> dict[str, Any]:
    """The job report as it reads here, and where its page is."""
    if written is None:
        return {}
    return {
        "job_report": dg.MetadataValue.md(as_markdown(written.document)),
        "job_report_page": dg.MetadataValue.path(written.page),
    }


def _figures(actions: Mapping[str, int], *, done: bool = False) -> dict[str, int]:
    """The figures that Dagster plots over time: every one each time, 0 where there was none."""
    return {
        action_in_words(action, done=done and " " not in action).replace(" ", "_"): actions.get(action, 0)
        for action in _FIGURES
    }


def _by_collection(counters: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One line a collection, with its counters side by side."""
    found: dict[str, dict[str, Any]] = {}
    of_collections = [c for c in counters if c["profile"] is None and c["group"] is None]
    names = dict.fromkeys(counter["counter"] for counter in of_collections)
    for counter in of_collections:
        line = found.setdefault(counter["collection"], {"collection": counter["collection"], **dict.fromkeys(names, 0)})
        line[counter["counter"]] += counter["value"]
    return list(found.values())


STAGES = (
    Stage(
        "kbart_files",
        "fetching the files",
        "The KBART files that **{vendor}** has for this institution, one for each Active integration profile, as they "
        "arrived. Each is kept byte for byte in the archive under its SHA-256. {vendor} makes its file {published}.",
        ("http", "kbart"),
        steps.retrieve_files,
        columns.arrived_files,
        _show_files,
        sources=(CONFIGURATION,),
        checks=checks.OF_FILES,
    ),
    Stage(
        "title_list",
        "reading and checking the title lists",
        "Every row of the files, read and checked against KBART (NISO RP-9-2014). A row that cannot be trusted is "
        "rejected with its line number and the reason; the rest go on. Nothing is guessed, nothing dropped silently.",
        ("pandas", "parquet"),
        steps.read_title_lists,
        columns.title_list,
        _show_title_lists,
        checks=checks.OF_TITLE_LIST,
    ),
    Stage(
        "coverage",
        "merging rows into titles",
        "The rows merged into titles with their coverage statements: several rows of one title become one title with "
        "several statements. Where a collection has a Community Zone title list, each row is matched to it first.",
        ("duckdb", "parquet"),
        steps.merge_coverage,
        columns.coverage,
        _show_coverage,
        columns.coverage_lineage,
        sources=(CZ_TITLE_LISTS,),
    ),
    Stage(
        "change_plan",
        "planning the changes",
        "What would change, title by title and field by field, before anything is changed. Materializing up to here is "
        "the dry run. A plan that is held waits for a person; `autoholdings plan show` tells all of it.",
        ("duckdb",),
        steps.plan_changes,
        columns.plan_items,
        _show_plan,
        sources=(CONFIGURATION, PORTFOLIO_LISTS),
        checks=checks.OF_PLAN,
    ),
    Stage(
        "portfolios",
        "applying the plan",
        "The portfolios of **{vendor}**'s collections, brought up to date by the plan in one transaction: all of it or "
        "nothing. PO lines, licenses and staff notes are never touched. A held plan is refused here too. They are "
        "*fresh* as long as runs bring them up to date in time; whether {vendor} itself makes new files in time is "
        "told by `autoholdings status` and by alerts.",
        ("duckdb",),
        steps.apply_plan,
        columns.portfolios,
        _show_portfolios,
        columns.portfolios_lineage,
        checks=invariants.OF_PORTFOLIOS,
    ),
    Stage(
        "actions_report",
        "writing the reports",
        "What the run did, to be read, filtered and sent on: the **job report** on one page, and two workbooks of all "
        "uploaded records, the *serial* and the *monograph actions report*. A run that changed nothing has the job "
        "report alone. They lie in reports/ in the home folder, by vendor and run.",
        ("excel", "html"),
        steps.report,
        columns.plan_items,
        show_reports,
    ),
)

PUBLISHED = Stage(
    "published",
    "publishing the holdings",
    "**holdings.duckdb**, the copy for everyone who asks in SQL: replaced as a whole after each run, so that reading "
    "never waits for a run, nor a run for a reader. Every table and column in it carries a comment.",
    ("duckdb",),
    steps.publish,
    columns.portfolios,
    _show_published,
    checks=invariants.OF_PUBLISHED,
)

KBART_EXPORT = Stage(
    "kbart_export",
    "exporting the holdings as KBART",
    "What readers can use, as **KBART files** in outbox/ for discovery services and other knowledge bases: the whole "
    "holdings, and a file for each collection. They are written anew when the holdings have changed, with the day in "
    "their names; the newest three of each are kept. Rows that lack what the standard demands are in a file of their "
    "own, *Incomplete*.",
    ("kbart",),
    steps.export_kbart,
    columns.kbart_file,
    _show_export,
    checks=checks.OF_EXPORT,
)
