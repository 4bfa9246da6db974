"""Names and numbers that are given once and never again: of plans, and of portfolios."""

from autoholdings_assets.holdings.warehouse import Connection, scalar


def next_plan_id(connection: Connection, vendor: str) -> str:
    """The name of the vendor's next plan, or act of staff."""
    return f"{vendor}-{scalar(connection, 'SELECT count(*) + 1 FROM plan WHERE vendor = ?', [vendor])}"


def next_portfolio_id(connection: Connection) -> int:
    """The first number that no portfolio has, nor will have by a plan that waits."""
    return int(scalar(connection, "SELECT max(next_value) FROM number_range WHERE name = 'portfolio_id'") or 1)


def take_portfolio_ids(connection: Connection, until: int) -> None:
    """Give the numbers before ``until`` to nobody else, whether they are ever used or not; inside a transaction."""
    if until > next_portfolio_id(connection):
        connection.execute("DELETE FROM number_range WHERE name = 'portfolio_id'")
        connection.execute("INSERT INTO number_range VALUES ('portfolio_id', ?)", [until])
