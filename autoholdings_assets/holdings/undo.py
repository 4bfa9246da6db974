"""Undoing a run: the state before it comes back as a new, recorded run (rule A9).

The history holds every state, so an undo is a plan like any other: it can be looked at first, and is applied in one
transaction. What something later has changed too is left as it is and said. The file of the undone run is barred
until a person accepts it, so that the next run does not do it all again. What does not belong here: how a plan is
written (``apply.py``).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from autoholdings_assets.config import Configuration, Home
from autoholdings_assets.holdings.apply import Applied, accept_file, carry_out
from autoholdings_assets.holdings.entitlements import all_groups
from autoholdings_assets.holdings.generations import advance, generation
from autoholdings_assets.holdings.numbers import next_plan_id
from autoholdings_assets.holdings.plan import CONTENTS, Plan, lapse_plans, load_plan
from autoholdings_assets.holdings.refusals import NotPossible
from autoholdings_assets.holdings.staged import content_path, write_parquet
from autoholdings_assets.holdings.warehouse import Connection, rows, scalar, set_variables, sql, transaction
from autoholdings_assets.retrieval.archive import Archive

FROM_FILES = ("upload", "undo")
"""Kinds of plans after which each profile's titles rest on the files that the plan names."""


@dataclass(frozen=True)
class _Files:
    """The files of an undo, by profile: what the titles rest on afterwards, and what is barred."""

    afterwards: dict[str, str]
    barred: dict[str, str]
    notes: list[str]


def find_undoable(connection: Connection, run: str, vendor: str | None = None) -> Plan:
    """The applied plan of a run, named by its id or the beginning of it. Raises ``NotPossible``."""
    found = connection.execute(
        "SELECT plan_id, vendor FROM plan WHERE status = 'applied' AND starts_with(applied_run_id, $run) "
        "AND ($vendor IS NULL OR vendor = $vendor) ORDER BY applied_at",
        {"run": run, "vendor": vendor},
    ).fetchall()
    if not found:
        known = scalar(connection, "SELECT count(*) FROM job_run WHERE starts_with(run_id, ?)", [run])
        raise NotPossible(
            f"Run {run} changed no portfolios: there is nothing to undo."
            if known
            else f"There is no run {run}; `autoholdings history` lists them."
        )
    if len(found) > 1:
        names = ", ".join(f"{plan_id} ({of})" for plan_id, of in found)
        raise NotPossible(
            f"Several plans were applied by runs that begin with {run}: {names}. Give more of the run's id, or "
            "--vendor."
        )
    plan = load_plan(connection, found[0][0])
    if plan.kind not in FROM_FILES:
        raise NotPossible(f"Run {run} is not one of the upload job but a {plan.kind}; it is not undone here.")
    undone_by = _undone_by(connection, plan.plan_id)
    if undone_by is not None and _undone_by(connection, undone_by.plan_id) is None:
        raise NotPossible(
            f"Run {run} was undone already, by run {(undone_by.applied_run_id or '')[:8]} on "
            f"{undone_by.applied_at:%Y-%m-%d}. To have its changes again, undo that one."
        )
    return plan


def plan_undo(connection: Connection, home: Home, configuration: Configuration, undone: Plan, run_id: str) -> Plan:
    """Plan to take an applied plan back; nothing is changed. The same undo of the same state is the same plan."""
    state = generation(connection, undone.vendor)
    same = scalar(
        connection,
        "SELECT plan_id FROM plan WHERE kind = 'undo' AND undoes_plan_id = ? AND generation = ? AND status = 'ready'",
        [undone.plan_id, state],
    )
    if same and all(content_path(home, same, part).exists() for part in CONTENTS):
        return load_plan(connection, same)
    files = _files(connection, undone)
    _verify_files_are_kept(connection, home, undone, files)
    plan_id = next_plan_id(connection, undone.vendor)
    _compute(connection, configuration, undone)
    for part, relation in CONTENTS.items():
        write_parquet(connection, relation, content_path(home, plan_id, part))
    counters = rows(
        connection,
        'SELECT collection, NULL AS profile, NULL AS "group", action AS counter, count(*) AS value '
        "FROM new_plan_item GROUP BY ALL ORDER BY ALL",
    )
    with transaction(connection) as now:
        connection.execute(
            "UPDATE plan SET status = 'lapsed' WHERE vendor = ? AND kind = 'undo' AND status = 'ready'", [undone.vendor]
        )
        connection.execute(
            "INSERT INTO plan (plan_id, vendor, run_id, kind, made_at, inputs_hash, generation, files, status, "
            "hold_reasons, counters, notes, losses, undoes_plan_id) "
            "VALUES (?, ?, ?, 'undo', ?, ?, ?, ?, 'ready', [], ?, ?, [], ?)",
            [
                plan_id, undone.vendor, run_id, now, f"undo of {undone.plan_id}", state,
                [{"profile": profile, "file_sha256": sha} for profile, sha in files.afterwards.items()],
                counters, files.notes, undone.plan_id,
            ],
        )  # fmt: skip
        connection.execute("INSERT INTO plan_item BY NAME SELECT ? AS plan_id, * FROM new_plan_item", [plan_id])
    return load_plan(connection, plan_id)


def apply_undo(connection: Connection, home: Home, plan: Plan, run_id: str, acted_by: str, why: str = "") -> Applied:
    """Carry an undo out. Raises ``NotPossible``, also when the holdings have changed since."""
    if plan.kind != "undo" or plan.undoes_plan_id is None or plan.status != "ready":
        raise NotPossible(f"Plan {plan.plan_id} is a {plan.kind} plan that is {plan.status}, not an undo that waits.")
    undone = load_plan(connection, plan.undoes_plan_id)
    files = _files(connection, undone)
    reason = why.strip() or "no reason was given"

    def go_back(now: datetime) -> None:
        connection.execute(
            "INSERT INTO plan_decision VALUES (?, 'accepted', ?, ?, ?)", [plan.plan_id, now, acted_by, reason]
        )
        for profile in _entitled(connection, undone.vendor).keys() - files.afterwards.keys():
            connection.execute("DELETE FROM entitlement WHERE profile = ?", [profile])
        for profile, sha in files.afterwards.items():
            if _entitled(connection, undone.vendor).get(profile) != sha:
                accept_file(connection, profile, plan, sha, now)
        told = f"Its run {(undone.applied_run_id or '')[:8]} was undone by {acted_by} on {now:%Y-%m-%d}: {reason}."
        for profile, sha in files.barred.items():
            connection.execute(
                "UPDATE kbart_file SET status = 'barred', message = ? WHERE profile = ? AND file_sha256 = ?",
                [told, profile, sha],
            )
        lapse_plans(connection, undone.vendor)
        advance(connection, undone.vendor, now)

    return carry_out(connection, home, plan, run_id, acted_by, go_back)


def _compute(connection: Connection, configuration: Configuration, undone: Plan) -> None:
    set_variables(
        connection,
        undone_at=undone.applied_at,
        undone_run_id=(undone.applied_run_id or "")[:8],
        vendor=undone.vendor,
        all_groups=list(all_groups(configuration)),
    )
    for step in ("words", "undo", "lost_coverage", "changes", "undo_items"):
        connection.execute(sql(step))


def _files(connection: Connection, undone: Plan) -> _Files:
    """Each profile goes back to the file before, unless it has accepted a later one since."""
    before = _files_before(connection, undone)
    with_it = {file["profile"]: file["file_sha256"] for file in undone.files}
    now = _entitled(connection, undone.vendor)
    brought = {profile: sha for profile, sha in with_it.items() if before.get(profile) != sha}
    afterwards = dict(now)
    barred = {} if undone.kind == "undo" else dict(brought or with_it)
    notes = []
    for profile in sorted(p for p in before.keys() | with_it.keys() if before.get(p) != with_it.get(p)):
        if now.get(profile) != with_it.get(profile):
            notes.append(
                f"{profile} has accepted a later file since. What that file says stays, except what this undo "
                "restores; it is barred too, so that the next run does not do it all again."
            )
            barred |= {profile: now[profile]} if profile in now else {}
        elif profile in before:
            afterwards[profile] = before[profile]
        else:
            afterwards.pop(profile, None)
    retired = "SELECT profile FROM retired_profile WHERE vendor = ?"
    notes += [
        f"{profile} is retired: the next run takes its titles away again. Put the profile back to keep them."
        for (profile,) in connection.execute(retired, [undone.vendor]).fetchall()
        if profile in before
    ]
    named = "SELECT profile, file_sha256, file_name FROM kbart_file WHERE vendor = ?"
    names = {(profile, sha): name for profile, sha, name in connection.execute(named, [undone.vendor]).fetchall()}
    notes += [
        f"{profile}: the file {names.get((profile, sha), sha[:12])} is barred; a plan that rests on it is held "
        "until a person accepts it."
        for profile, sha in barred.items()
    ]
    return _Files(afterwards, barred, notes)


def _verify_files_are_kept(connection: Connection, home: Home, undone: Plan, files: _Files) -> None:
    """What was retrieved is in the archive until it is pruned; nothing can rest on it after that."""
    retrieved = connection.execute(
        "SELECT profile, file_sha256, file_name FROM kbart_file WHERE vendor = ? AND retrieved_at IS NOT NULL",
        [undone.vendor],
    ).fetchall()
    for profile, sha, name in retrieved:
        if files.afterwards.get(profile) == sha and not Archive(home.archive).has(sha):
            raise NotPossible(
                f"Run {(undone.applied_run_id or '')[:8]} cannot be undone any more: the file {name}, on which the "
                f"titles of {profile} would rest again, has been pruned (see `retention` in autoholdings.yaml)."
            )


def _files_before(connection: Connection, undone: Plan) -> dict[str, str]:
    earlier = "vendor = ? AND applied_at < ? AND list_contains(?, kind)"
    before = _last_applied(connection, earlier, [undone.vendor, undone.applied_at, list(FROM_FILES)])
    return {file["profile"]: file["file_sha256"] for file in before.files} if before else {}


def _entitled(connection: Connection, vendor: str) -> dict[str, str]:
    found = connection.execute(
        "SELECT profile, file_sha256 FROM entitlement WHERE vendor = ? ORDER BY profile", [vendor]
    )
    return dict(found.fetchall())


def _undone_by(connection: Connection, plan_id: str) -> Plan | None:
    return _last_applied(connection, "undoes_plan_id = ?", [plan_id])


def _last_applied(connection: Connection, which: str, values: list[Any]) -> Plan | None:
    last = f"SELECT plan_id FROM plan WHERE status = 'applied' AND {which} ORDER BY applied_at DESC LIMIT 1"
    plan_id = scalar(connection, last, values)
    return load_plan(connection, plan_id) if plan_id else None
