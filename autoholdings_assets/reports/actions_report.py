"""The actions reports of a run: what became of every uploaded record, serials and monographs apart (rules C14, C15).

What belongs here: what the reports say. What does not: how a workbook is written (``workbook.py``), and where the
reports lie (``places.py``).
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from autoholdings_assets.config import Configuration, Home
from autoholdings_assets.holdings.plan import Plan, load_plan, plan_items
from autoholdings_assets.holdings.undo import FROM_FILES
from autoholdings_assets.holdings.warehouse import Connection, scalar
from autoholdings_assets.reports.places import report_folder


@dataclass(frozen=True)
class ActionsReports:
    """The two workbooks of a run; ``records`` counts the lines of both, ``actions`` those of each action."""

    serial: Path
    monograph: Path
    records: int
    actions: dict[str, int] = field(default_factory=dict)


def write_actions_reports(
    connection: Connection, home: Home, run_id: str, configuration: Configuration, *, vendor: str | None = None
) -> ActionsReports | None:
    """Write the serial and the monograph actions report of a run; written again, they are replaced.

    ``vendor`` is needed only for a run that handled several vendors. None where the run uploaded nothing: nothing was
    new, the plan is held, the run was a dry run, or no file came.
    """
    plan = _applied_plan(connection, run_id, vendor)
    if plan is None:
        return None
    started_at = scalar(
        connection, "SELECT started_at FROM job_run WHERE run_id = ? AND vendor = ?", [run_id, plan.vendor]
    )
    folder = report_folder(home, plan.vendor, run_id, started_at or plan.applied_at)
    folder.mkdir(parents=True, exist_ok=True)
    items = plan_items(connection, plan.plan_id)
    types = {c.name: c.publication_type for c in configuration.vendor(plan.vendor).collections}
    paths = {kind: folder / f"{plan.vendor}_{kind}_actions_report.xlsx" for kind in ("serial", "monograph")}
    for kind, path in paths.items():
        book = Workbook(write_only=True)
        sheet = book.create_sheet("Records")
        sheet.append(["Title", "Action", "Reason"])
        for item in items:
            if types.get(item["collection"], "serial") == kind:
                cells = [WriteOnlyCell(sheet) for _ in range(3)]
                for cell, value in zip(cells, (item["title"], item["action"], item["reason"]), strict=True):
                    cell.value = value
                    cell.data_type = "s"
                sheet.append(cells)
        book.save(path)
    return ActionsReports(
        paths["serial"], paths["monograph"], len(items), dict(Counter(item["action"] for item in items))
    )


def _applied_plan(connection: Connection, run_id: str, vendor: str | None) -> Plan | None:
    """The plan that the run carried out, whichever run made it."""
    plan_id = scalar(
        connection,
        "SELECT plan_id FROM plan WHERE status = 'applied' AND applied_run_id = $run_id "
        "AND list_contains($kinds, kind) AND ($vendor IS NULL OR vendor = $vendor) ORDER BY applied_at DESC LIMIT 1",
        {"run_id": run_id, "kinds": list(FROM_FILES), "vendor": vendor},
    )
    return load_plan(connection, plan_id) if plan_id else None
