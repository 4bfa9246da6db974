"""What people decide about held plans: accept or reject exactly one, with who and why (rule A2).

A decision is a record in the warehouse, not part of a run's configuration, so that the check on the plan and the
apply step read the same. What does not belong here: judging plans (``verdict.py``) and applying them (``apply.py``).
"""

from autoholdings_assets.holdings.generations import generation
from autoholdings_assets.holdings.plan import Plan, load_plan
from autoholdings_assets.holdings.refusals import NotPossible
from autoholdings_assets.holdings.warehouse import Connection, transaction

ACCEPTED, REJECTED = "accepted", "rejected"


def accept(connection: Connection, plan_id: str, why: str, who: str) -> Plan:
    """Allow this held plan to be applied, and no other. Raises ``NotPossible``."""
    return _decide(connection, plan_id, ACCEPTED, why, who)


def reject(connection: Connection, plan_id: str, why: str, who: str) -> Plan:
    """Refuse this held plan: the holdings stay as they are until a file brings another plan. Raises ``NotPossible``."""
    return _decide(connection, plan_id, REJECTED, why, who)


def _decide(connection: Connection, plan_id: str, decision: str, why: str, who: str) -> Plan:
    plan = load_plan(connection, plan_id)
    if not why.strip() or not who.strip():
        raise NotPossible(
            f"Plan {plan_id} is not {decision}: say who decides and why, so that it can be understood later."
        )
    if plan.status != "held":
        raise NotPossible(_not_held(plan))
    if plan.generation != generation(connection, plan.vendor):
        raise NotPossible(
            f"Plan {plan_id} has lapsed: the holdings have changed since it was made. "
            f"Run `autoholdings run {plan.vendor}` to make a new plan, and look at that one."
        )
    with transaction(connection) as now:
        connection.execute(
            "INSERT INTO plan_decision VALUES (?, ?, ?, ?, ?)", [plan_id, decision, now, who.strip(), why.strip()]
        )
        connection.execute("UPDATE plan SET status = ? WHERE plan_id = ? AND status = 'held'", [decision, plan_id])
    return load_plan(connection, plan_id)


def _not_held(plan: Plan) -> str:
    if plan.decisions:
        last = plan.decisions[-1]
        return (
            f"Plan {plan.plan_id} is {plan.status}: {last['decided_by']} has {last['decision']} it "
            f"({last['why']}). A plan is decided once; the next run makes a new one when anything has changed."
        )
    if plan.status == "lapsed":
        return (
            f"Plan {plan.plan_id} has lapsed: files, configuration or holdings have changed since it was made. "
            f"`autoholdings plans` shows which plan took its place."
        )
    return f"Plan {plan.plan_id} is {plan.status}, not held: there is nothing to decide."
