"""Titles whose result is known without comparing them with the portfolios: the fast path, and all of it.

There are two kinds. Where a collection has no portfolio yet, every title is new: it is *activated*. And a title of
which the files say exactly what they said when the last plan was applied is *settled*, if its online identifier tells
it from all others: it is unchanged. All else is compared (``continuity.py`` and the SQL files after it), and gets the
very result that it would get if everything were compared, because nothing that is compared shares an identifier, a
title_id or a URL with a settled title or its portfolio: those that do are compared too, and so on until there is none
(``unsettle.sql``). A property test holds this.

What belongs here: telling these titles, and how they are staged with a plan. What does not: merging (``titles.py``).
"""

from pathlib import Path

from autoholdings_assets.config import Home
from autoholdings_assets.holdings.entitlements import Inputs
from autoholdings_assets.holdings.titles import content_path, write_parquet
from autoholdings_assets.holdings.warehouse import Connection, quoted, scalar, set_variables, sql

ACTIVATIONS = ("activated_portfolio", "activated_statement", "activated_availability")
"""What is staged of titles that a plan activates without comparing, and the relations of the same name."""

_TITLES = "titles"


def find_settled(connection: Connection, home: Home, inputs: Inputs) -> None:
    """Make ``settled_title`` and ``activated_title``; the latter takes its numbers from ``first_portfolio_id``."""
    _load_known(connection, _last_titles(connection, home, inputs), inputs)
    connection.execute(sql("settled_title"))
    connection.execute(
        "SET VARIABLE first_portfolio_id = getvariable('first_portfolio_id') + (SELECT count(*) FROM activated_title)"
    )


def pick_compared(connection: Connection) -> None:
    """Pick out what is compared, and leave in ``settled_title`` only what shares nothing with it."""
    connection.execute(sql("compared"))
    if scalar(connection, "SELECT count(*) FROM settled_title"):
        connection.execute(sql("touched_value"))
        touched, number = 1, 0
        while touched:  # round by round, until nothing that is settled shares a value with what is compared
            set_variables(connection, round=number)
            connection.execute(sql("unsettle"))
            number += 1
            touched = scalar(connection, "SELECT count(*) FROM touched_value WHERE round = ?", [number])


def stage_titles(connection: Connection, home: Home, inputs: Inputs, plan_id: str) -> None:
    """Stage with the plan what it activates without comparing, and all its titles for the next plan to know them."""
    known = f"({sql('known_titles').format(settings=inputs.settings_digest)})"
    write_parquet(connection, known, content_path(home, plan_id, _TITLES))
    connection.execute(sql("activations"))
    for part in ACTIVATIONS:  # empty ones too: a plan that died may have left others under this plan's name
        write_parquet(connection, part, content_path(home, plan_id, part))


def _last_titles(connection: Connection, home: Home, inputs: Inputs) -> Path | None:
    """The titles of the plan that was applied last, unless the holdings have changed since."""
    plan_id = scalar(
        connection,
        "SELECT plan_id FROM vendor_state WHERE vendor = ? AND generation = applied_generation",
        [inputs.vendor.name],
    )
    path = content_path(home, plan_id, _TITLES) if plan_id else None
    return path if path and path.exists() else None


def _load_known(connection: Connection, path: Path | None, inputs: Inputs) -> None:
    nothing = "SELECT NULL::UUID AS title_key, NULL::BIGINT AS portfolio_id, NULL::UBIGINT AS content LIMIT 0"
    known = f"FROM read_parquet({quoted(path)}) WHERE settings = '{inputs.settings_digest}'" if path else nothing
    connection.execute(f"CREATE OR REPLACE TEMP VIEW known_title AS {known}")
