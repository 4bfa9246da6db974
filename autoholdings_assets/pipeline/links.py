"""Links from one page of the Dagster UI to another: a job's launchpad with its form filled in.

What belongs here: the names of the jobs that are linked to, and their addresses. What does not: the jobs
(``decisions.py``).
"""

from urllib.parse import quote

import yaml

ACCEPT_JOB, REJECT_JOB, UNDO_JOB = "accept_plan", "reject_plan", "undo_run"


def decide(plan_id: str) -> str:
    """Markdown that leads to the launchpads where a held plan is accepted or rejected."""
    accept, reject = (_launchpad(job, plan_id=plan_id) for job in (ACCEPT_JOB, REJECT_JOB))
    return f"[Accept it]({accept}) or [reject it]({reject}) in the Launchpad."


def undo(run_id: str) -> str:
    """Markdown that leads to the launchpad where a run is undone, which first only shows what the undo would do."""
    return f"[See what undoing this run would do]({_launchpad(UNDO_JOB, run_id=run_id, submit=False)})"


def _launchpad(job: str, **filled_in: object) -> str:
    """The job's launchpad. Dagster itself finds the code location that the job is in."""
    form = {"ops": {job: {"config": {**filled_in, "why": "", "who": ""}}}}
    return f"/guess/{job}/playground/setup?config={quote(yaml.safe_dump(form, sort_keys=False))}"
