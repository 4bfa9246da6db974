"""The pandera schema of a title list, built from the table in ``rules.py``: one check a rule and column."""

from collections.abc import Callable
from contextvars import ContextVar
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pandera.errors
import pandera.pandas as pa

from autoholdings_assets.kbart.rules import RULES, Rule
from autoholdings_assets.kbart.text import BoolArray

Failures = dict[tuple[str, str], npt.NDArray[np.intp]]
"""For each rule and column that failed, the positions of the rows."""

_failures: ContextVar[Failures] = ContextVar("failures")


def failures_in(frame: pd.DataFrame, *, whole_file: bool = False) -> Failures:
    """Run the schema over a frame of ``interpretation.py``, and say where its checks failed.

    With ``whole_file`` the frame has all rows as understood, and the rules are those about rows against one another.

    A check tells pandera whether all is well, and leaves where it is not here: pandera's own list of failing cases
    copies whole rows, several times over, which a file with many findings would wait for.
    """
    found: Failures = {}
    before = _failures.set(found)
    try:
        schema(whole_file=whole_file).validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as report:
        failed = {str(error.check.name) for error in report.schema_errors if error.check is not None}
        if failed != {key for key, _ in found}:
            raise  # a fault in the schema or in a check, not in the file
    finally:
        _failures.reset(before)
    return found


@cache
def schema(*, whole_file: bool = False) -> pa.DataFrameSchema:
    """The schema of rows, or of a file's rows together. Each check carries its rule's key as its name."""
    of_columns: dict[str, list[pa.Check]] = {}
    of_rows: list[pa.Check] = []
    for rule in (rule for rule in RULES if rule.whole_file == whole_file):
        if rule.whole_row or rule.whole_file:
            of_rows.append(_check(rule, rule.columns[0]))
        for column, checked in zip(rule.columns, rule.checked, strict=False):
            of_columns.setdefault(checked, []).append(_check(rule, column))
    return pa.DataFrameSchema(
        {
            # The text of a column without any fault has no aspect at all.
            name: pa.Column(checks=found, nullable=True, required=not name.endswith(":text"))
            for name, found in of_columns.items()
        },
        checks=of_rows,
        name="kbart",
    )


def _check(rule: Rule, column: str) -> pa.Check:
    check: Callable[[Any], BoolArray] = rule.check

    def all_well(values: Any) -> bool:
        at = np.flatnonzero(~check(values))
        if len(at):
            _failures.get()[rule.key, column] = at
        return len(at) == 0

    return pa.Check(all_well, name=rule.key, error=rule.sentence, ignore_na=False)
