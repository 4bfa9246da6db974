"""One run as people and scripts see it: gathered from the warehouse, printed, and turned into an exit status.

What belongs here: what ``run`` says at its end and ``history RUN`` later. What does not: lists of runs (``show.py``).
"""

from collections import Counter
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autoholdings_assets.cli.console import Exit, fields, out, print_table, say
from autoholdings_assets.config import Home
from autoholdings_assets.reports.wording import counts_in_words, moment

if TYPE_CHECKING:
    from autoholdings_assets.holdings.runs import Run

_PROFILE = itemgetter("profile", "outcome", "file_name", "total_rows", "valid_rows", "rejected_rows", "excluded_rows")
_STYLE = {Exit.DONE: "green", Exit.WITH_FINDINGS: "yellow", Exit.NOTHING_APPLIED: "red", Exit.HELD: "magenta"}


def run_report(home: Home, run_id: str, vendor: str) -> dict[str, Any]:
    """Everything that a run left in the warehouse, for people and as JSON. Raises ``KeyError`` for an unknown run."""
    from autoholdings_assets.holdings.plan import load_plan  # brings DuckDB: only when needed
    from autoholdings_assets.holdings.runs import find_runs
    from autoholdings_assets.holdings.warehouse import open_warehouse, rows
    from autoholdings_assets.reports.job_files import report_files

    with open_warehouse(home.warehouse) as connection:
        found = find_runs(connection, run=run_id, vendor=vendor, limit=1)
        if not found:
            raise KeyError(run_id)
        run = found[0]
        report = run_as_json(run)
        plan = load_plan(connection, run.plan_id) if run.plan_id else None
        report["profiles"] = rows(
            connection,
            "SELECT p.profile, p.outcome, p.message, p.advice, p.file_sha256, f.file_name, f.total_rows, "
            "f.valid_rows, f.rejected_rows, f.excluded_rows FROM job_run_profile AS p "
            "LEFT JOIN kbart_file AS f USING (profile, file_sha256) "
            "WHERE p.run_id = ? AND p.vendor = ? ORDER BY p.profile",
            [report["run_id"], vendor],
        )
        cases = connection.execute("SELECT kind FROM needs_attention WHERE vendor = ?", [vendor]).fetchall()
        report["needs_attention"] = dict(Counter(kind for (kind,) in cases))
    report["plan"] = plan and {
        **fields(plan, "plan_id", "status", "hold_reasons", "notes", "actions"),
        "rows": plan.row_outcomes,
    }
    files = report_files(home, run)
    report["reports"] = [str(path) for path in (files.page, *files.workbooks) if path]
    report["exit_status"] = exit_status(report)
    return report


def run_as_json(run: "Run") -> dict[str, Any]:
    """A run as the history lists it, as plain data."""
    return {
        **fields(run, "run_id", "vendor", "kind", "started_at", "ended_at", "outcome", "message", "plan_id"),
        **fields(run, "changed", "actions"),
        "rows": run.row_outcomes,
        **fields(run, "groups", "acted_by"),
    }


def exit_status(report: dict[str, Any]) -> Exit:
    """The contract's exit status for what a run recorded."""
    if report["outcome"] == "held" or (report["plan"] and report["plan"]["status"] == "held"):
        return Exit.HELD
    if report["outcome"] in ("done", "nothing new", "dry run"):
        return Exit.DONE
    return Exit.WITH_FINDINGS if report["outcome"] == "done with findings" else Exit.NOTHING_APPLIED


def print_run(report: dict[str, Any], *, hint: bool = True) -> None:
    """A run on half a screen, and what to do next."""
    style = _STYLE[report["exit_status"]]
    out.print(f"[bold]{report['vendor']}[/]: [bold {style}]{report['outcome'] or 'not finished'}[/]", end="  ")
    out.print(f"[dim]run {report['run_id'][:8]}, {moment(report['started_at'])}, {report['acted_by']}[/]")
    unread = [p for p in report["profiles"] if p["outcome"] in ("failed", "refused")]
    plan = report["plan"]
    if report["message"] and not unread and not plan:  # else it repeats what is said below
        say(report["message"])
    if report["profiles"]:
        print_table(
            ("profile", "outcome", "file", "rows", "valid", "rejected", "left out"), map(_PROFILE, report["profiles"])
        )
    for p in unread:
        say(f"  {p['profile']}: {p['message']} {p['advice']}".rstrip())
    if plan:
        say(f"Plan {plan['plan_id']} ({plan['status']}): {counts_in_words(plan['actions'])}")
        say(f"Rows of the files: {counts_in_words(plan['rows'])}")
        for sentence in [*plan["hold_reasons"], *plan["notes"]]:
            say(f"  - {sentence}")
    if report["needs_attention"]:
        say(f"Needs attention: {counts_in_words(report['needs_attention'])}", style="yellow")
    if report["reports"]:
        paths = [Path(path) for path in report["reports"]]
        say(f"Reports in {paths[0].parent}: {', '.join(path.name for path in paths)}")
    if hint:
        say(f"Next: {_next(report)}", style="dim")


def _next(report: dict[str, Any]) -> str:
    plan = report["plan"]
    if report["exit_status"] == Exit.HELD and plan:
        return f"`autoholdings plan show {plan['plan_id']}`, then accept or reject it."
    if report["outcome"] == "dry run" and plan:
        return f"`autoholdings plan show {plan['plan_id']}`; to apply it, run again without --dry-run."
    if report["exit_status"] == Exit.NOTHING_APPLIED:
        return "do what the message says, and run again. The holdings are as they were."
    return "`autoholdings status`, or look at the run with `autoholdings ui`."
