"""A job report in words: which sections it has, and what each of them says.

What belongs here: choosing and wording, for a librarian who reads one page. What does not: the figures
(``job_report.py``) and how the page looks (``page.py``, ``markdown.py``).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from autoholdings_assets.holdings import runs
from autoholdings_assets.holdings.losses import losses_in_words
from autoholdings_assets.reports import document as doc
from autoholdings_assets.reports import wording
from autoholdings_assets.reports.job_report import Counted, JobReport, Record
from autoholdings_assets.reports.vendor_letter import letters

_TONES: dict[str, doc.Tone] = {
    runs.DONE: "good",
    runs.NOTHING_NEW: "good",
    runs.DRY_RUN: "note",
    runs.DONE_WITH_FINDINGS: "warning",
    runs.HELD: "error",
    runs.NOTHING_APPLIED: "error",
}
_CHART: tuple[tuple[str, tuple[str, ...], doc.Tone], ...] = (
    ("activate", ("activate", "possible title change"), "good"),
    ("update", ("update",), "note"),
    ("remove", ("remove",), "error"),
)
_KINDS = {"upload": "Job report", "undo": "Job report: a run undone", "move": "Job report: PO lines and licenses moved"}


def job_document(report: JobReport, workbooks: Sequence[Path] = ()) -> doc.Document:
    """The document about a run; ``workbooks`` lie beside it."""
    makers = (_held, _attention, _fetched, _figures, _losses, _titles, _letters, _compared)
    sections = [section for make in makers if (section := make(report))]
    kind = _KINDS.get(report.run.kind, "Job report")
    title = f"{kind}: {report.vendor_title}, {_moment(report, report.run.started_at)}"
    return doc.Document(title, list(_head(report, workbooks)), sections)


def _head(report: JobReport, workbooks: Sequence[Path]) -> Iterator[doc.Block]:
    run, plan = report.run, report.plan
    yield doc.Text((run.outcome or "not finished").capitalize(), _TONES.get(run.outcome or "", "error"))
    yield doc.Text(_message(report))
    facts: list[tuple[str, doc.Cell]] = [
        ("Institution", report.institution),
        ("Run", f"{run.run_id}, started by {run.acted_by}"),
        ("From", f"{_moment(report, run.started_at)} to {_moment(report, run.ended_at)}"),
    ]
    if run.groups:
        facts.append(("Groups", ", ".join(run.groups)))
    if plan:
        facts.append(("Plan", f"{plan.plan_id}, {plan.status}; autoholdings plan show {plan.plan_id} tells all of it"))
    yield doc.Facts(facts)
    if workbooks:
        yield doc.Bullets([doc.Link(path.stem.replace("_", " ").capitalize(), path.name) for path in workbooks])
    if plan and plan.notes:
        yield doc.Bullets(plan.notes)


def _message(report: JobReport) -> str:
    """What happened; the reasons for which a plan is held have a section of their own."""
    if report.run.outcome == runs.HELD and report.plan:
        return f"Nothing was applied: plan {report.plan.plan_id} waits for a person. The holdings are as they were."
    return report.run.message or "The run has not said how it ended."


def _held(report: JobReport) -> doc.Section | None:
    plan = report.plan
    if plan is None or not (plan.hold_reasons or plan.decisions):
        return None
    blocks: list[doc.Block] = []
    if plan.hold_reasons:
        blocks.append(doc.Bullets(plan.hold_reasons))
    blocks += [
        doc.Text(f"{d['decision'].capitalize()} by {d['decided_by']} on {_moment(report, d['decided_at'])}: {d['why']}")
        for d in plan.decisions
    ]
    if plan.status == "held":
        blocks.append(
            doc.Text(
                f'`autoholdings plan accept {plan.plan_id} --why "..."` applies exactly this plan, `autoholdings plan '
                f'reject {plan.plan_id} --why "..."` refuses it. The jobs accept_plan and reject_plan in the Dagster '
                "UI do the same."
            )
        )
    return doc.Section("Held, and why" if plan.hold_reasons else "Decided by", blocks)


def _attention(report: JobReport) -> doc.Section | None:
    if not report.cases:
        return None
    rows = [
        (f"{case['since']:%Y-%m-%d}" + (", new with this run" if case["run_id"] == report.run.run_id else ""),
         case["kind"], case["title"], case["message"], case["attention_id"])
        for case in report.cases
    ]  # fmt: skip
    table = doc.Table(
        f"Open cases on {_moment(report, report.written_at)}",
        ("Since", "What", "Title", "What it is about", "Case"),
        rows,
        report.case_count,
    )
    return doc.Section(
        "Needs attention", [table, doc.Text("`autoholdings attention settle CASE DECISION --note ...` settles one.")]
    )


def _fetched(report: JobReport) -> doc.Section | None:
    if not report.files:
        return None
    groups = any(file.groups for file in report.files)
    columns = ["Profile", *(["Groups"] if groups else []), "What came", "File", "Dated", "Rows", "Used", "Rejected"]
    rows: list[tuple[doc.Cell, ...]] = [
        (
            file.profile,
            *([", ".join(file.groups)] if groups else []),
            file.outcome or "not asked in this run",
            file.file_name,
            f"{file.file_date:%Y-%m-%d}" if file.file_date else None,
            file.total_rows,
            file.valid_rows,
            file.rejected_rows,
            file.excluded_rows,
        )
        for file in report.files
    ]
    unread = [f"{file.profile}: {file.message} {file.advice}".strip() for file in report.files if file.failed]
    blocks: list[doc.Block] = [doc.Table("Files", [*columns, "Left out"], rows)]
    if unread:
        blocks.append(doc.Bullets(unread))
    return doc.Section("What was fetched", blocks)


def _figures(report: JobReport) -> doc.Section | None:
    if report.plan is None:
        return None
    done = report.run.changed
    tables = [
        _matrix("By electronic collection: titles", "Collection", report.by_collection, done=done),
        _matrix("By group: titles", "Group", report.by_group, done=done),
        _matrix("By profile: rows of its file, each with one outcome", "Profile", report.by_profile, done=done),
    ]
    title = "What was done" if done else f"What plan {report.plan.plan_id} would do"
    return doc.Section(title, [table for table in tables if table])


def _matrix(caption: str, of: str, figures: Sequence[Counted], *, done: bool) -> doc.Table | None:
    """A column for each counter that any of them has."""
    if not figures:
        return None
    names = wording.in_order({name for line in figures for name in line.counts})
    with_portfolios = any(line.portfolios is not None for line in figures)
    columns = [
        *([of] if any(line.of for line in figures) else []),
        "Collection",
        *(["Portfolios"] if with_portfolios else []),
        *(wording.action_in_words(name, done=done).capitalize() for name in names),
    ]
    rows: list[tuple[doc.Cell, ...]] = [
        (
            *([line.of] if line.of else []),
            line.collection or "(none of the collections)",
            *([line.portfolios or 0] if with_portfolios else []),
            *(line.counts.get(name, 0) for name in names),
        )
        for line in figures
    ]
    return doc.Table(caption, columns, rows)


def _losses(report: JobReport) -> doc.Section | None:
    plan = report.plan
    if plan is None or not (plan.losses or report.greatest_losses):
        return None
    blocks: list[doc.Block] = []
    if plan.losses:
        blocks.append(doc.Bullets(losses_in_words(plan.losses)))
    if report.greatest_losses:
        rows = [
            (title["title"], title["identifier"], wording.action_in_words(title["action"], done=report.run.changed),
             title["lost"], ", ".join(title["groups_lost"] or []), title["reason"])
            for title in report.greatest_losses
        ]  # fmt: skip
        columns = ("Title", "Identifier", "What", "Lost", "Groups", "Why")
        blocks.append(_filled("Titles that lose most coverage", columns, rows))
    return doc.Section("What was lost" if report.run.changed else "What would be lost", blocks)


def _titles(report: JobReport) -> doc.Section | None:
    if not report.first_titles:
        return None
    tables = []
    for action in wording.in_order({title["action"] for title in report.first_titles}):
        rows = [_title_row(title) for title in report.first_titles if title["action"] == action]
        caption = wording.action_in_words(action, done=report.run.changed).capitalize()
        columns = ("Title", "Identifier", "What changes", "Lost", "Row", "Why")
        tables.append(_filled(caption, columns, rows, report.run.actions.get(action, len(rows))))
    return doc.Section("The first titles", tables)


def _title_row(title: Record) -> tuple[doc.Cell, ...]:
    lines = ", ".join(str(number) for number in title["row_numbers"] or [])
    changes = wording.changes_in_words(title["changes"])
    return (title["title"], title["identifier"], changes, title["lost"], lines, title["reason"])


def _letters(report: JobReport) -> doc.Section | None:
    blocks: list[doc.Block] = []
    for file, text in letters(report):
        rejected = f"{wording.counted(file.rejected_rows or 0, 'row')} of {file.file_name} ({file.profile})"
        blocks += [doc.Text(f"{rejected} cannot be used. A message to the vendor, to be copied:"), doc.Letter(text)]
    return doc.Section("Rows that could not be read", blocks) if blocks else None


def _compared(report: JobReport) -> doc.Section | None:
    compared = report.last_runs
    if not compared:
        return None
    rows = []
    bars = []
    for run in reversed(compared):
        titles = [sum(run.actions.get(action, 0) for action in of) for _, of, _ in _CHART]
        label = _moment(report, run.started_at)[4:20] + (", this run" if run.run_id == report.run.run_id else "")
        names = (wording.action_in_words(name, done=run.changed) for name, _, _ in _CHART)
        figures = wording.counts_in_words(dict(zip(names, titles, strict=True)))
        tones = (tone for _, _, tone in _CHART)
        bars.append(doc.Bar(label, list(zip(titles, tones, strict=True)), figures, faint=not run.changed))
        of_rows = run.row_outcomes
        rows.append((label, run.kind, run.outcome, sum(of_rows.values()), of_rows.get("rejected", 0), *titles))
    return doc.Section(
        "Compared with the last runs",
        [
            doc.Bars("Titles activated, updated and removed (pale: planned, not applied)", bars),
            doc.Table(
                "Runs", ("Started", "Kind", "Outcome", "Rows", "Rejected", "Activated", "Updated", "Removed"), rows
            ),
        ],
    )


def _filled(
    caption: str, columns: Sequence[str], rows: Sequence[tuple[doc.Cell, ...]], total: int | None = None
) -> doc.Table:
    """The table without columns that are blank in every row."""
    kept = [place for place in range(len(columns)) if any(row[place] for row in rows)]
    rows_kept = [[row[place] for place in kept] for row in rows]
    return doc.Table(caption, [columns[place] for place in kept], rows_kept, total)


def _moment(report: JobReport, value: datetime | None) -> str:
    return wording.moment(value, report.timezone)
