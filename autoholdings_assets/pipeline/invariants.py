"""The asset checks on what must be true of the holdings after every run, with the rows that break it.

What belongs here: judging and showing. What does not: the questions themselves (``holdings/invariants.py``).
"""

from typing import Any

from autoholdings_assets.holdings.invariants import INVARIANTS, Broken, Invariant
from autoholdings_assets.pipeline.checks import Check, Verdict, check
from autoholdings_assets.pipeline.looks import grid


def _check(invariant: Invariant) -> Check:
    def judge(result: Any) -> Verdict:
        broken: Broken | None = result.broken_invariants.get(invariant.name)
        if broken is None:
            known = " An earlier run found so; nobody has written to the holdings since."
            return Verdict(
                True, invariant.holds + (known if invariant.name in result.known_invariants else ""), {"rows": 0}
            )
        return Verdict(
            False,
            f"{broken.count:,} {invariant.broken}",
            {"rows": broken.count, "offending_rows": grid(broken.rows, every=True)},
        )

    return Check(invariant.name, invariant.description, judge, blocking=invariant.grave)


@check()
def published_equals_warehouse(result: Any) -> Verdict:
    """The copy for SQL users holds the same portfolios, coverage, PO lines and history as the pipeline's warehouse."""
    if not result.differing_tables:
        return Verdict(True, "The published copy says what the warehouse says.")
    return Verdict(
        False,
        f"The published copy differs from the warehouse in: {', '.join(result.differing_tables)}. "
        "Materialize holdings/published again.",
        {"tables": ", ".join(result.differing_tables)},
    )


OF_PORTFOLIOS = tuple(_check(invariant) for invariant in INVARIANTS)
OF_PUBLISHED = (published_equals_warehouse,)
