"""What a title or a row can come to is known wherever people are told of it."""

import pytest

from autoholdings_assets.holdings.plan import ROW_OUTCOMES
from autoholdings_assets.reports.actions_records import ACTIONS
from autoholdings_assets.reports.wording import in_order

OF_TITLES_ALONE = {"remove"}


def test_every_action_is_explained_in_the_actions_report() -> None:
    assert ACTIONS.keys() == {*ROW_OUTCOMES, *OF_TITLES_ALONE}


@pytest.mark.parametrize("action", [*ROW_OUTCOMES, *OF_TITLES_ALONE])
def test_every_action_has_its_place_among_the_counters(action: str) -> None:
    """What is unknown comes last: after nothing at all, which sorts before every name."""
    assert in_order(["", action]) == [action, ""]
