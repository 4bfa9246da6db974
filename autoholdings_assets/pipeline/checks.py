"""The asset checks: what each step's result is judged by, in sentences for a librarian.

What belongs here: judging a result that is there. What does not: finding faults (the rules in ``kbart/`` and the plan
do). A check that fails red also makes the run red and stops it there; what a run can live with is a warning.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from autoholdings_assets.holdings.runs import ProfileOutcome
from autoholdings_assets.kbart.rules import RULES
from autoholdings_assets.pipeline import links, steps
from autoholdings_assets.pipeline.looks import grid
from autoholdings_assets.reports.markdown import bullets, escaped
from autoholdings_assets.reports.wording import counted, counts_in_words

_UNRESOLVED = ("multiple matches", "possible title change", "no match")
_RULE = {rule.key: rule for rule in RULES}


@dataclass(frozen=True)
class Verdict:
    """What a check found: a sentence, and figures or a small table to go with it.

    Dagster shows the sentence as markdown, so that it may link; what others wrote is escaped. Figures are there whether
    the check passes or not: Dagster plots them over time.
    """

    passed: bool
    sentence: str
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """A check on a step's result; ``blocking``: when it fails the run stops there and ends red."""

    name: str
    description: str
    judge: Callable[[Any], Verdict]
    blocking: bool = False


def check(*, blocking: bool = False) -> Callable[[Callable[[Any], Verdict]], Check]:
    """Makes a check of a function: its name is the check's, its docstring says what the check asks."""
    return lambda judge: Check(judge.__name__, " ".join((judge.__doc__ or "").split()), judge, blocking)


@check()
def every_active_profile_brought_a_file(result: steps.Retrieval) -> Verdict:
    """Each Active profile's file arrived. A profile whose file did not come keeps what it granted before."""
    return _unread([outcome for outcome in result.profiles if outcome.failed])


@check(blocking=True)
def every_active_profile_was_read(result: steps.ExportSummary) -> Verdict:
    """Each Active profile of the vendor was fetched and read in this run. When this fails the run is red, but
    everything else is done: the portfolios are applied, published and exported, and the profile keeps what it
    granted."""
    return _unread(result.unread_profiles)


def _unread(outcomes: list[ProfileOutcome]) -> Verdict:
    if not outcomes:
        return Verdict(True, "Every Active profile was read.", {"profiles_not_read": 0})
    told = " ".join(f"{outcome.profile}: {outcome.message} {outcome.advice}".strip() for outcome in outcomes)
    return Verdict(
        False,
        f"{escaped(told)} What it granted before is kept; everything else of this run is done.",
        {"profiles_not_read": len(outcomes)},
    )


@check()
def no_row_was_rejected(result: steps.TitleLists) -> Verdict:
    """No row breaks a rule without which it cannot be trusted (no title, nothing that identifies it, a date that
    cannot be read, values in the wrong columns ...). Such rows are set aside and their titles left as they are."""
    rejected = sum(file.rejected for file in result.files)
    if not rejected:
        return Verdict(True, "Every row can be used.", {"rejected_rows": 0})
    return Verdict(
        False,
        f"{counted(rejected, 'row')} cannot be used; the titles that may be meant keep what they have. "
        f"{_told(_rules_found(result, 'error'))} Send the list to the vendor.",
        {
            "rejected_rows": rejected,
            "by_rule": _by_rule(result, "error"),
            "first_rejected_rows": grid([_fault(row) for row in result.rejected_rows]),
        },
    )


@check()
def no_row_has_a_warning(result: steps.TitleLists) -> Verdict:
    """No row breaks a rule of KBART that it can live with (a wrong check digit, a missing title_id, coverage not
    stated ...). Such rows are used."""
    warned = _rules_found(result, "warning")
    if not warned:
        return Verdict(True, "No row breaks a rule that it can live with.", {"warnings": 0})
    return Verdict(
        False,
        f"These rows are used; the vendor should correct them at the source. {_told(warned)}",
        {"warnings": warned.total(), "by_rule": _by_rule(result, "warning"), "notes": _by_rule(result, "note")},
    )


def _rules_found(result: steps.TitleLists, severity: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for file in result.files:
        found.update({key: n for key, n in file.findings.items() if key in _RULE and _RULE[key].severity == severity})
    return found


def _told(found: Counter[str]) -> str:
    """The commonest faults in words: ``12 rows: The row has no title_id.``"""
    return " ".join(f"{counted(number, 'row')}: {_RULE[key].sentence}" for key, number in found.most_common(3))


def _fault(row: Mapping[str, Any]) -> dict[str, Any]:
    """A rejected row in a few columns: a wider table would push the rest of the page out of sight."""
    line = {"profile": row["profile"], "line": row["row_number"], "title": row["publication_title"]}
    return line | {"column": row["column_name"], "value": row["value"]}


def _by_rule(result: steps.TitleLists, severity: str) -> Any:
    rules = [
        {"rows": number, "what is wrong": _RULE[key].sentence, "what to do": _RULE[key].advice}
        for key, number in _rules_found(result, severity).most_common()
    ]
    return grid(rules, every=True)


@check(blocking=True)
def every_row_is_accounted_for(result: steps.PlanSummary) -> Verdict:
    """Every row of every file ends in exactly one outcome: activate, update, unchanged, keep, possible title
    change, no match, multiple matches, rejected, excluded, duplicate, or collection not active."""
    if result.plan is None:
        return Verdict(True, "Nothing has changed; the rows were accounted for when the last plan was made.")
    wrong = {profile: number for profile, number in result.unaccounted.items() if number}
    total = sum(result.plan.row_outcomes.values())
    outcomes = {"rows": total, "rows_end_as": counts_in_words(result.plan.row_outcomes)}
    if wrong:
        return Verdict(
            False,
            f"Rows whose fate is not known: {wrong}. This is a fault of autoholdings, not of the file; nothing is "
            "applied.",
            outcomes,
        )
    return Verdict(True, f"{counted(total, 'row')}, each with exactly one outcome.", outcomes)


@check(blocking=True)
def plan_is_not_held(result: steps.PlanSummary) -> Verdict:
    """The plan may be applied without a person. A plan is held when it would lose too much or take the holdings
    back."""
    plan = result.plan
    if plan is None or plan.status not in ("held", "rejected"):
        return Verdict(True, "The plan may be applied.", {"reasons": 0})
    reasons = {"reasons": len(plan.hold_reasons)}
    if plan.status == "rejected":
        return Verdict(False, f"Plan {plan.plan_id} was rejected by a person; nothing of it is applied.", reasons)
    return Verdict(
        False,
        f"Plan {plan.plan_id} is held:\n\n{bullets(plan.hold_reasons)}\n\n"
        f"Look at it with `autoholdings plan show {plan.plan_id}`. {links.decide(plan.plan_id)}",
        reasons,
    )


@check()
def nothing_is_ambiguous(result: steps.PlanSummary) -> Verdict:
    """Every title of the file was matched to exactly one title, and none looks like another title under a new
    name."""
    actions = result.plan.actions if result.plan else {}
    found = {name: actions.get(name, 0) for name in _UNRESOLVED}
    figures = {name.replace(" ", "_"): number for name, number in found.items()}
    if not any(found.values()):
        return Verdict(True, "Every title was matched without doubt.", figures)
    return Verdict(
        False,
        f"Titles that a person should look at: {counts_in_words(found)}. Nothing was guessed; the plan lists them with "
        "their candidates.",
        figures,
    )


@check()
def kbart_export_passes_the_strict_check(result: steps.ExportSummary) -> Verdict:
    """The file for discovery services breaks none of the rules that `autoholdings check --strict` knows. It is
    judged whenever it is written anew; the collections' files have the same rows."""
    row_count = sum(file.rows for file in result.export.files if file.collection is None)
    figures = {"rows_with_faults": sum(result.faults.values())}
    if not result.faults:
        return Verdict(True, f"{counted(row_count, 'row')}, and no rule is broken.", figures)
    told = " ".join(f"{counted(number, 'row')}: {sentence}" for sentence, number in result.faults.items())
    return Verdict(False, f"{escaped(told)} This is a fault of autoholdings, not of the holdings.", figures)


OF_FILES = (every_active_profile_brought_a_file,)
OF_TITLE_LIST = (no_row_was_rejected, no_row_has_a_warning)
OF_PLAN = (every_row_is_accounted_for, plan_is_not_held, nothing_is_ambiguous)
OF_EXPORT = (kbart_export_passes_the_strict_check, every_active_profile_was_read)
