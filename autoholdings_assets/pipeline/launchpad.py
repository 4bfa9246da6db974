"""What every job that a person starts from Dagster's launchpad has in common.

What belongs here: making such a job, refusing what would show a secret, and telling a refusal in its own words. What
does not: what the jobs do.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import dagster as dg

from autoholdings_assets.holdings.acts import NotPossible
from autoholdings_assets.pipeline.stages import EXPECTED

Result = TypeVar("Result")


def launchpad_job(op: dg.OpDefinition, name: str, description: str) -> dg.JobDefinition:
    """A job of one op, in one process."""

    @dg.job(name=name, description=description, executor_def=dg.in_process_executor)
    def job() -> None:
        op.alias(name)()  # Dagster wants the op's own name to differ from the job's

    return job


def refuse_variables(context: dg.OpExecutionContext) -> None:
    """Dagster would put an environment variable's value, perhaps a secret, where a text asks for ``{env: NAME}``."""

    def holds_variable(value: Any) -> bool:
        if isinstance(value, dict):
            return set(value) == {"env"} or any(holds_variable(part) for part in value.values())
        return isinstance(value, list) and any(holds_variable(part) for part in value)

    if holds_variable(dict(context.run.run_config).get("ops", {})):
        raise dg.Failure(
            "Nothing was done: write the text itself; `env:` would show the value of an environment variable, which "
            "may be a secret.",
            allow_retries=False,
        )


def told(act: Callable[[], Result]) -> Result:
    """Do it; an expected refusal ends the run with its sentence and without a retry."""
    try:
        return act()
    except (NotPossible, *EXPECTED) as error:
        raise dg.Failure(str(error), allow_retries=False) from None
