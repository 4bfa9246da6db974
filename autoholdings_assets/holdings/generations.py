"""How often a vendor's holdings have changed: a plan holds only for the generation that it was made on.

Every transaction that writes portfolios or acquisitions advances the generation of the vendor they belong to.
"""

from datetime import datetime

from autoholdings_assets.holdings.warehouse import Connection, rows, scalar


def generation(connection: Connection, vendor: str) -> int:
    """How often the vendor's holdings have changed."""
    return int(scalar(connection, "SELECT max(generation) FROM vendor_state WHERE vendor = ?", [vendor]) or 0)


def advance(connection: Connection, vendor: str, now: datetime) -> None:
    """Count a change made by staff: plans lapse, and the next run of the vendor makes a new one."""
    _write(connection, vendor, now, applied=None)


def advance_with_run(connection: Connection, vendor: str, now: datetime, inputs_hash: str, plan_id: str) -> None:
    """Count a change made by a run, and remember the inputs that are carried out with it."""
    _write(connection, vendor, now, applied=(inputs_hash, plan_id))


def carried_out(connection: Connection, vendor: str, inputs_hash: str) -> bool:
    """Whether the last run that was carried out had these inputs, and nothing has touched the holdings since."""
    known = "SELECT count(*) FROM vendor_state WHERE vendor = ? AND inputs_hash = ? AND generation = applied_generation"
    return bool(scalar(connection, known, [vendor, inputs_hash]))


def _write(connection: Connection, vendor: str, now: datetime, applied: tuple[str, str] | None) -> None:
    last = next(iter(rows(connection, "FROM vendor_state WHERE vendor = ?", [vendor])), None)
    following = (last["generation"] if last else 0) + 1
    before = (last["applied_generation"], last["inputs_hash"], last["plan_id"]) if last else (0, None, None)
    applied_generation, inputs_hash, plan_id = (following, *applied) if applied else before
    connection.execute("DELETE FROM vendor_state WHERE vendor = ?", [vendor])
    connection.execute(
        "INSERT INTO vendor_state VALUES (?, ?, ?, ?, ?, ?)",
        [vendor, following, applied_generation, inputs_hash, plan_id, now],
    )
