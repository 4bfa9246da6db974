"""Whether a plan may be applied without a person.

Each reason to hold a plan is a sentence that a librarian understands. The verdict is stored with the plan; the apply step
reads it there.
"""

from autoholdings_assets.holdings.entitlements import Grant, Inputs


def judge(inputs: Inputs) -> list[str]:
    """The reasons to hold the plan; none means that it may be applied."""
    return [reason for grant in inputs.grants if grant.is_new for reason in _out_of_order(grant)]


def _out_of_order(grant: Grant) -> list[str]:
    """A file older than the last accepted one, or one seen before but not last, would take holdings back (rule A8)."""
    if grant.accepted_before:
        return [
            f"{grant.profile}: the file {grant.file_name} was accepted before, and another one since. "
            "Ask the vendor why an earlier file came again."
        ]
    if grant.file_date and grant.accepted_date and grant.file_date < grant.accepted_date:
        return [
            f"{grant.profile}: the file {grant.file_name} is of {grant.file_date}, older than the last accepted one "
            f"of {grant.accepted_date}. Ask the vendor for the present file."
        ]
    return []
