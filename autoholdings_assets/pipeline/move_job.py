"""The job *Move electronic portfolio information*: collections, a target, what to move, summary, submit.

What belongs here: the job with its configuration, which changes nothing as it stands. What does not: what a move is
(``holdings/move.py``).
"""

import dagster as dg
from pydantic import Field

from autoholdings_assets.config import load_configuration
from autoholdings_assets.holdings import move
from autoholdings_assets.holdings.acts import IN_WORDS, Act
from autoholdings_assets.holdings.move import MoveSummary
from autoholdings_assets.holdings.refusals import NotPossible
from autoholdings_assets.pipeline.assets import PUBLISHED_KEY
from autoholdings_assets.pipeline.home import HomeResource
from autoholdings_assets.pipeline.launchpad import launchpad_job, reported
from autoholdings_assets.pipeline.looks import counts, table

MOVE_JOB = "move_electronic_portfolio_information"


class Move(dg.Config):
    """What to move where. As it stands here nothing is changed: the run shows the summary."""

    sources: list[str] = Field([], description="The electronic collections to move from: their codes or names.")
    target: str = Field("", description="The target electronic collection: its code or name.")
    move_po_lines: bool = Field(False, description="Move PO lines.")
    move_licenses: bool = Field(False, description="Move licenses.")
    submit: bool = Field(False, description="false only shows the summary; true carries it out. Review it first.")
    why: str = Field("", description="Why: it stands in the history.")
    who: str = Field("", description="Your name. Required to submit.")


@launchpad_job(
    MOVE_JOB,
    "Moves PO lines and licenses from earlier collections to the collection that the vendor's files fill. As it stands "
    "it only shows the summary: what would move, what has no counterpart, several, or one with a PO line already. "
    "Review it, then set `submit`. What has no single counterpart stays where it is.",
)
def move_job(context: dg.OpExecutionContext, config: Move, home: dg.ResourceParam[HomeResource]) -> None:
    """Show what would move, or move it in one transaction and publish the holdings."""
    summary = _move(context, config, home)
    sentence = (
        f"{len(summary.moving)} of {len(summary.items)} PO lines and licenses "
        f"{'were' if config.submit else 'would be'} moved to {summary.target}; the rest stays where it is."
    )
    context.log.info(sentence)
    metadata = {
        "summary": sentence,
        "submitted": config.submit,
        "outcomes": counts(summary.outcomes),
        "what_stays": table([_row(item) for item in summary.items if item.outcome != move.MOVES]),
        "what_moves": table([_row(item) for item in summary.moving]),
    }
    if summary.plan_id:
        metadata |= reported(context, home.run_context(context, vendor=""))
        context.log_event(
            dg.AssetMaterialization(PUBLISHED_KEY, metadata={"plan": summary.plan_id, "message": sentence})
        )
    context.add_output_metadata(metadata)


def _move(context: dg.OpExecutionContext, config: Move, home: HomeResource) -> MoveSummary:
    if not config.sources or not config.target:
        raise NotPossible("Nothing was done: name the collections to move from (`sources`) and the `target`.")
    if config.submit and not config.who.strip():
        raise NotPossible("Nothing was done: say who submits it (`who`).")
    act = Act("move", config.who.strip(), config.why, context.run.run_id) if config.submit else None
    return move.move(
        home.home, load_configuration(home.home), config.sources, config.target,
        po_lines=config.move_po_lines, licenses=config.move_licenses, act=act,
    )  # fmt: skip


def _row(item: move.MoveItem) -> dict[str, object]:
    return {
        "outcome": item.outcome,
        "what": f"{IN_WORDS[item.field]} {item.value}",
        "from": f"{item.portfolio_id} {item.title}",
        "why": item.reason,
    }
