"""Whether a plan may be applied without a person (rules A2, A8).

Each reason to hold a plan is a sentence that a librarian understands: what, with figures, and what to do. The
reasons and the losses are stored with the plan; the apply step reads them there. What belongs here: judging. What
does not: what people decide about a held plan (``decisions.py``).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from autoholdings_assets.config import Home
from autoholdings_assets.holdings import row_parts
from autoholdings_assets.holdings.entitlements import Grant, Inputs
from autoholdings_assets.holdings.title_lists import staged_list, staged_path
from autoholdings_assets.holdings.warehouse import Connection, rows, scalar, set_variables, sql
from autoholdings_assets.retrieval.archive import Archive

PO_LINE_TITLES, COVERAGE = "titles with a PO line", "coverage"
"""What is counted as lost besides titles."""

_MEANT = (
    "If the vendor means it, accept the plan; if not, reject it and ask the vendor for the right file: "
    "until then the holdings stay as they are."
)


_SAMPLED, _ENOUGH, _BY_FAR = 16, 10_000, 0.1
"""One of how many identifiers of two files is compared at first; how many of them are enough, and by which share."""


@dataclass(frozen=True)
class Loss:
    """What one profile's new file, or a change of its groups, takes away in one collection.

    Exactly one of ``profile`` and ``group`` is set. ``titles`` of the ``had`` ones are lost, or lose coverage;
    ``share`` is that of the titles, for coverage that of the days. ``over_files``: over how many accepted files in a
    row, this plan's included.
    """

    measure: str
    collection: str
    profile: str | None
    group: str | None
    titles: int
    had: int
    share: float
    over_files: int = 1


@dataclass(frozen=True)
class Verdict:
    """Why the plan is held (no reason: it may be applied), and everything that it would lose."""

    reasons: list[str]
    losses: list[Loss]


def judge(connection: Connection, home: Home, inputs: Inputs) -> Verdict:
    """Judge the plan whose temporary tables are on the connection."""
    reasons = [reason for grant in inputs.grants for reason in _out_of_order(grant)]
    losses = _losses(connection, inputs)
    if inputs.policies.loss_guard.active:
        for grant in inputs.grants:
            if grant.is_new:
                reasons += _strange_file(connection, home, inputs, grant)
        reasons += _first_files(connection, inputs)
        reasons += _too_great(connection, inputs, losses)
    return Verdict(reasons, losses)


def _out_of_order(grant: Grant) -> list[str]:
    """A file of an undone run, one older than the last accepted one, or one seen before, would take holdings back."""
    if grant.barred is not None:
        return [
            f"{grant.profile}: the file {grant.file_name} is barred. {grant.barred} "
            "Wait for the vendor's next file, or accept this plan to use the file nevertheless."
        ]
    if not grant.is_new:
        return []
    if grant.accepted_before:
        return [
            f"{grant.profile}: the file {grant.file_name} was accepted before, and another one since. "
            "Ask the vendor why an earlier file came again."
        ]
    if grant.file_date and grant.accepted_date and grant.file_date < grant.accepted_date:
        return [
            f"{grant.profile}: the file {grant.file_name} is of {grant.file_date}, older than the last accepted one "
            f"of {grant.accepted_date}. Ask the vendor for the present file."
        ]
    return []


def _strange_file(connection: Connection, home: Home, inputs: Inputs, grant: Grant) -> Iterator[str]:
    """A file that is not what its profile's files used to be: too small, somebody else's, without identifiers."""
    guard = inputs.policies.loss_guard
    name = f"{grant.profile}: the file {grant.file_name}"
    total, rejected = connection.execute(
        "SELECT total_rows, rejected_rows FROM kbart_file WHERE profile = ? AND file_sha256 = ?",
        [grant.profile, grant.file_sha256],
    ).fetchall()[0]
    share = rejected / total if total else 0.0
    if share >= guard.always_at_share or (share >= guard.rejected_share and rejected >= guard.at_least):
        yield (
            f"{name} has {rejected:,} rows of {total:,} ({share:.0%}) that cannot be read. Their titles would stay as "
            "they are; look at the rejected rows, and send them to the vendor."
        )
    if grant.accepted_sha256 is None:
        return
    last = staged_path(home, inputs.vendor, grant.accepted_sha256)
    if not last.exists() and not Archive(home.archive).has(grant.accepted_sha256):
        yield f"{name} cannot be compared with the last accepted one, which is not in the archive any more. {_MEANT}"
        return
    last = staged_list(home, inputs.vendor, grant.accepted_sha256, "the last accepted file")
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW listed_row AS FROM {row_parts.both_in_sql(last, grant.title_list)}"
    )
    found = compare_files(connection, guard.least_overlap, total)
    if found["new_rows"] <= guard.smallest_file_share * found["old_rows"]:
        yield (
            f"{name} is far smaller than the last accepted one: {found['new_rows']:,} rows, where that had "
            f"{found['old_rows']:,}. It may have been cut off. {_MEANT}"
        )
    fewer = min(found["old_identifiers"], found["new_identifiers"])
    if fewer and found["shared_identifiers"] < guard.least_overlap * fewer:
        yield (
            f"{name} has little in common with the last accepted one: {found['shared_identifiers']:,} of its "
            f"{found['new_identifiers']:,} ISSNs and ISBNs stand in both. It may be another vendor's or another "
            f"customer's file; check the profile's address and credentials. {_MEANT}"
        )
    identified_before = found["old_rows_identified"] / found["old_rows"] if found["old_rows"] else 0.0
    identified = found["new_rows_identified"] / found["new_rows"] if found["new_rows"] else 0.0
    if identified < guard.least_identifiers <= identified_before:
        yield (
            f"{name} has an ISSN or ISBN in only {identified:.0%} of its rows; the last accepted one had it in "
            f"{identified_before:.0%}. Without them titles are not recognised. {_MEANT}"
        )


def compare_files(connection: Connection, least_overlap: float, row_count: int) -> dict[str, int]:
    """The counts of ``file_comparison.sql``: of some identifiers, where they tell by far that enough are shared.

    ``row_count``: of the new file, whose rows have two identifiers at most.
    """
    for one_of in (_SAMPLED, 1) if 2 * row_count >= _ENOUGH * _SAMPLED else (1,):
        set_variables(connection, one_of=one_of)
        found = rows(connection, sql("file_comparison"))[0]
        fewer = min(found["old_identifiers"], found["new_identifiers"])
        if fewer >= _ENOUGH and found["shared_identifiers"] >= (least_overlap + _BY_FAR) * fewer:
            break
    return found


def _first_files(connection: Connection, inputs: Inputs) -> Iterator[str]:
    """The first file into a collection that has portfolios already, for example imported ones."""
    not_granted = dict(
        connection.execute(
            "SELECT collection, count(*) FROM portfolio_now "
            "ANTI JOIN (SELECT DISTINCT collection FROM portfolio_grant) USING (collection) GROUP BY collection"
        ).fetchall()
    )
    for collection in inputs.active_collections:
        found = not_granted.get(collection)
        if found and scalar(
            connection,
            "SELECT EXISTS (FROM row_outcome WHERE collection = ? AND title_key IS NOT NULL)",
            [collection],
        ):
            planned = dict(
                connection.execute(
                    "SELECT action, count(*) FROM new_plan_item WHERE collection = ? GROUP BY ALL ORDER BY ALL",
                    [collection],
                ).fetchall()
            )
            told = ", ".join(f"{count:,} {action}" for action, count in planned.items()) or "no title changes"
            yield (
                f"{collection} has {found:,} portfolios already, and this is the first file that is compared with "
                f"them: {told}. Look whether the right titles meet before you accept the plan."
            )


def _losses(connection: Connection, inputs: Inputs) -> list[Loss]:
    """Everything that the plan would lose; for a profile that loses something also over its last files in a row."""
    groups = {grant.profile: grant.groups for grant in inputs.grants}
    granting = connection.execute("SELECT DISTINCT profile FROM portfolio_grant WHERE valid_to IS NULL").fetchall()
    set_variables(
        connection,
        loses_coverage=bool(scalar(connection, "SELECT count(*) FROM lost_stretch")),
        profile_groups=[
            {"profile": profile, "groups": list(groups.get(profile) or inputs.all_groups)} for (profile,) in granting
        ]
        or [{"profile": "", "groups": [""]}],
    )
    if not scalar(connection, sql("loses_anything")):
        return []
    losses = [_loss(row) for row in rows(connection, sql("losses"))]
    for profile in dict.fromkeys(loss.profile for loss in losses if loss.profile):
        losses += _over_files(connection, inputs, profile)
    return losses


def _over_files(connection: Connection, inputs: Inputs, profile: str) -> list[Loss]:
    """What the profile loses since some accepted files ago, or since a person decided last, whichever is later."""
    accepted = [
        at
        for (at,) in connection.execute(
            "SELECT accepted_at FROM kbart_file WHERE profile = ? AND status = 'accepted' ORDER BY accepted_at "
            "DESC LIMIT ?",
            [profile, inputs.policies.loss_guard.over_files],
        ).fetchall()
    ]
    decided = scalar(
        connection,
        "SELECT max(applied_at) FROM plan AS p WHERE vendor = ? AND (kind = 'undo' "
        "OR EXISTS (FROM plan_decision AS d WHERE d.plan_id = p.plan_id AND d.decision = 'accepted'))",
        [inputs.vendor.name],
    )
    in_a_row = [at for at in accepted if decided is None or at >= decided]
    if len(in_a_row) < 2 and (decided is None or not in_a_row):
        return []
    since = max(filter(None, (accepted[-1], decided)))
    set_variables(connection, profile=profile, since=since)
    files = sum(at > since for at in accepted) + 1
    return [_loss(row, files) for row in rows(connection, sql("losses_over_files"))] if files > 1 else []


def _loss(row: dict[str, object], over_files: int = 1) -> Loss:
    lost, whole = row.pop("lost"), row.pop("whole")
    return Loss(**row, share=float(lost) / float(whole) if whole else 0.0, over_files=over_files)  # type: ignore[arg-type]


def _too_great(connection: Connection, inputs: Inputs, losses: list[Loss]) -> Iterator[str]:
    """The losses that reach the policy's share, each told once: a loss of titles tells their coverage too."""
    guard = inputs.policies.loss_guard
    told: set[tuple[str | None, str, bool]] = set()
    collections_told: set[str] = set()
    for loss in sorted(losses, key=lambda found: (found.profile is None, found.over_files)):
        what = (loss.profile or loss.group, loss.collection, loss.measure == PO_LINE_TITLES)
        if what in told or not guard.reached(loss.share, loss.titles):
            continue
        if loss.profile is None and loss.collection in collections_told:
            continue  # the readers' loss is the profile's, which has been told
        if loss.profile is not None:
            collections_told.add(loss.collection)
        told.add(what)
        yield f"{_in_words(connection, inputs, loss)} {_MEANT}"


def _in_words(connection: Connection, inputs: Inputs, loss: Loss) -> str:
    files = {grant.profile: grant.file_name for grant in inputs.grants if grant.is_new}
    if loss.profile is None:
        readers = "all readers" if len(inputs.all_groups) == 1 else f"readers of {loss.group}"
        if loss.measure == COVERAGE:
            return (
                f"{loss.collection}: {loss.share:.0%} of the years of coverage would be lost to {readers}, "
                f"at {loss.titles:,} of {loss.had:,} titles."
            )
        return (
            f"{loss.collection}: {loss.titles:,} of {loss.had:,} titles ({loss.share:.0%}) would be lost to {readers}."
        )
    who = f"{loss.profile}: "
    if loss.over_files > 1:
        who += f"{loss.over_files} files in a row together take away "
    elif loss.profile in files:
        who += f"the file {files[loss.profile]} takes away "
    else:
        who += "the plan takes away "
    if loss.measure == COVERAGE:
        return (
            f"{who}{loss.share:.0%} of the years of coverage in {loss.collection}, at {loss.titles:,} of {loss.had:,} "
            f"titles{_examples(connection, loss)}."
        )
    kind = "titles with PO lines" if loss.measure == PO_LINE_TITLES else "titles"
    rest = (
        " They stay available for now, and are listed under needs attention." if loss.measure == PO_LINE_TITLES else ""
    )
    return (
        f"{who}{loss.titles:,} of the {loss.had:,} {kind} that the profile has in {loss.collection} ({loss.share:.0%})"
        f"{_examples(connection, loss)}.{rest}"
    )


def _examples(connection: Connection, loss: Loss) -> str:
    """A few of the titles, so that a person sees at a glance what it is about."""
    if loss.measure == COVERAGE:
        query = (
            "SELECT title || ' (' || lost || ')' FROM new_plan_item WHERE lost IS NOT NULL AND collection = "
            "$collection "
        )
        query += "AND $profile IS NOT NULL ORDER BY lost_days DESC, title LIMIT 3"
    else:
        query = (
            "SELECT c.title FROM planned_grant AS g JOIN current_portfolio AS c USING (portfolio_id) "
            "WHERE NOT g.is_granted AND g.profile = $profile AND c.collection = $collection "
            f"{'AND c.po_line IS NOT NULL' if loss.measure == PO_LINE_TITLES else ''} ORDER BY c.title LIMIT 3"
        )
    titles = connection.execute(query, {"profile": loss.profile, "collection": loss.collection}).fetchall()
    return ", for example " + "; ".join(f'"{title}"' for (title,) in titles) if titles else ""
