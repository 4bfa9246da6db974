"""The pandera schema of a title list, built from the table in ``rules.py``: one check a rule and column."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandera.pandas as pa

from autoholdings_assets.kbart.rules import RULES, Rule
from autoholdings_assets.kbart.text import BoolArray

Failures = dict[tuple[str, str], npt.NDArray[np.intp]]
"""For each rule and column that failed, the positions of the rows."""


def schema(failures: Failures) -> pa.DataFrameSchema:
    """The schema of the frame of ``interpretation.py``. Each check carries its rule's key as its name.

    A check tells pandera whether all is well, and leaves where it is not in ``failures``: pandera's own list of
    failing cases copies whole rows, several times over, which a file with many findings would wait for.
    """
    of_columns: dict[str, list[pa.Check]] = {}
    of_rows: list[pa.Check] = []
    for rule in RULES:
        if rule.whole_row:
            of_rows.append(_check(rule, rule.columns[0], failures))
        for column, checked in zip(rule.columns, rule.checked, strict=False):
            of_columns.setdefault(checked, []).append(_check(rule, column, failures))
    return pa.DataFrameSchema(
        {
            # The text of a column without any fault has no aspect at all.
            name: pa.Column(checks=found, nullable=True, required=not name.endswith(":text"))
            for name, found in of_columns.items()
        },
        checks=of_rows,
        name="kbart",
    )


def _check(rule: Rule, column: str, failures: Failures) -> pa.Check:
    check: Callable[[Any], BoolArray] = rule.check

    def all_well(values: Any) -> bool:
        at = np.flatnonzero(~check(values))
        if len(at):
            failures[rule.key, column] = at
        return len(at) == 0

    return pa.Check(all_well, name=rule.key, error=rule.sentence, ignore_na=False)
