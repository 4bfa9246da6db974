"""What a plan would lose, in words: for the plan at the terminal and for the job report.

What does not belong here: counting the losses and judging them (``verdict.py``).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from autoholdings_assets.holdings.entitlements import EVERYONE_ELSE
from autoholdings_assets.holdings.verdict import COVERAGE, PO_LINE_TITLES


def losses_in_words(losses: Sequence[Mapping[str, Any]]) -> list[str]:
    """A sentence for each of a plan's losses, by collection and by profile or group: what, of how many, which share."""
    several_groups = len({loss["group"] for loss in losses if loss["group"]}) > 1
    ordered = sorted(losses, key=lambda loss: (loss["collection"], loss["profile"] is None, loss["over_files"]))
    return [_loss_in_words(loss, several_groups=several_groups) for loss in ordered]


def _loss_in_words(loss: Mapping[str, Any], *, several_groups: bool) -> str:
    of = f"{loss['titles']:,} of {loss['had']:,} titles"
    if loss["measure"] == COVERAGE:
        what = f"coverage at {of} ({loss['share']:.0%} of the years)"
    else:
        kind = " with a PO line" if loss["measure"] == PO_LINE_TITLES else ""
        what = f"{of}{kind} ({loss['share']:.0%})"
    over = f", over {loss['over_files']} files in a row" if loss["over_files"] > 1 else ""
    return f"{loss['collection']}, {loss['profile'] or _readers(loss['group'], several_groups)}: {what}{over}"


def _readers(group: str, several_groups: bool) -> str:
    if group != EVERYONE_ELSE:
        return f"readers of {group}"
    return "readers of no group" if several_groups else "all readers"
