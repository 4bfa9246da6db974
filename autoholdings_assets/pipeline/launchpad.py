"""What every job that a person starts from Dagster's launchpad has in common.

What belongs here: making such a job, refusing what would show a secret, telling a refusal in its own words, and the
reports of what was done. What does not: what the jobs do.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import dagster as dg

from autoholdings_assets.pipeline import steps
from autoholdings_assets.pipeline.stages import EXPECTED, show_reports
from autoholdings_assets.pipeline.steps import RunContext


def launchpad_job(name: str, description: str) -> Callable[[Callable[..., None]], dg.JobDefinition]:
    """Makes a job of a function: of one op, in one process. An expected refusal ends the run with its sentence."""

    def made(act: Callable[..., None]) -> dg.JobDefinition:
        @dg.op(name=f"{name}_op")  # Dagster wants the op's own name to differ from the job's
        @wraps(act)
        def op(context: dg.OpExecutionContext, **given: Any) -> None:
            _refuse_variables(context)
            try:
                act(context, **given)
            except EXPECTED as error:
                raise dg.Failure(str(error), allow_retries=False) from None

        @dg.job(name=name, description=description, executor_def=dg.in_process_executor)
        def job() -> None:
            op.alias(name)()

        return job

    return made


def _refuse_variables(context: dg.OpExecutionContext) -> None:
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


def reported(context: dg.OpExecutionContext, run: RunContext) -> dict[str, Any]:
    """Write the run's reports and show them. What was done stands even if they fail; the next run writes them then."""
    try:
        return show_reports(steps.report(run))
    except Exception:
        told = "the job report, or the workbooks beside it, could not be written; the next run of the vendor does so"
        context.log.exception(told.capitalize())
        return {"job_report": told}
