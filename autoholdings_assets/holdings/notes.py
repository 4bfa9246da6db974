"""What a person should know about a plan besides its items, in sentences."""

from autoholdings_assets.holdings.entitlements import Inputs
from autoholdings_assets.holdings.title_lists import NOTED_OPEN_ACCESS
from autoholdings_assets.holdings.warehouse import Connection, rows, set_variables, sql


def notes_on(connection: Connection, inputs: Inputs) -> list[str]:
    """Rows that were set aside because of their collection, and rows that the vendor's data wants reported."""
    set_variables(connection, noted_open_access=NOTED_OPEN_ACCESS)
    connection.execute(sql("notes"))
    aside = rows(connection, "FROM set_aside ORDER BY ALL")
    reported = rows(connection, "FROM noted_open_access ORDER BY ALL")
    return [_set_aside(inputs, **row) for row in aside] + [_noted(**row) for row in reported]


def _set_aside(inputs: Inputs, collection: str | None, row_count: int) -> str:
    configured = {c.name: c for c in inputs.collections}
    aside = f"Rows set aside: {row_count}"
    if collection is None:
        return f"{aside}, since they fit none of {inputs.vendor.title}'s collections (see the vendor's data)."
    if collection in configured and not configured[collection].active:
        return f"{collection}: not active on purpose. {aside}."
    return f"Electronic collection for update does not exist: {collection}. {aside}; activate it and run again."


def _noted(profile: str, row_count: int, first_titles: str) -> str:
    return (
        f"{profile}: rows noted as open access though their access type is P: {row_count}. They are used; "
        f"`open_access_notes: leave_out` in the vendor's data leaves such rows out. Among them: {first_titles}."
    )
