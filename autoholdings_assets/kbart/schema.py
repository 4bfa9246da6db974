"""The pandera schema of a title list, built from the table in ``rules.py``: one check a rule and column."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa

from autoholdings_assets.kbart.rules import RULES
from autoholdings_assets.kbart.text import BoolArray


@cache
def schema() -> pa.DataFrameSchema:
    """The schema of the frame of ``interpretation.py``. Each check carries its rule's key as its name."""
    of_columns: dict[str, list[pa.Check]] = {}
    of_rows: list[pa.Check] = []
    for rule in RULES:
        # One failure case is enough: where a check failed is taken from its truth column, and listing is slow.
        check = pa.Check(_where_ok(rule.check), name=rule.key, error=rule.sentence, ignore_na=False, n_failure_cases=1)
        if rule.whole_row:
            of_rows.append(check)
        for column in rule.checked:
            of_columns.setdefault(column, []).append(check)
    return pa.DataFrameSchema(
        {
            # The text of a column without any fault has no aspect at all.
            name: pa.Column(checks=found, nullable=True, required=not name.endswith(":text"))
            for name, found in of_columns.items()
        },
        checks=of_rows,
        name="kbart",
    )


def _where_ok(check: Callable[[Any], BoolArray | bool]) -> Callable[[Any], "pd.Series[bool] | bool"]:
    """pandera wants a truth column on the same index, or one truth value for a column that is well throughout."""

    def run(values: Any) -> "pd.Series[bool] | bool":
        found = check(values)
        if isinstance(found, bool | np.bool_):
            return bool(found)
        return True if found.all() else pd.Series(found, index=values.index)

    return run
