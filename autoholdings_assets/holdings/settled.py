"""Titles whose result is known without comparing them with the portfolios: the fast path, and all of it.

There are two kinds. Where a collection has no portfolio yet, every title is new: it is *activated*. And a title of
which the files say exactly what they said when the last plan was applied is *settled*, if its online identifier tells
it from all others: it is unchanged. All else is compared (``continuity.py`` and the SQL files after it), and gets the
very result that it would get if everything were compared, because nothing that is compared shares an identifier, a
title_id or a URL with a settled title or its portfolio: those that do are compared too, and so on until there is none
(``unsettle.sql``). A property test holds this.

What belongs here: telling these titles, and how they are staged with a plan. What does not: merging (``titles.py``).
"""

from itertools import count

from autoholdings_assets.config import Home
from autoholdings_assets.holdings import layers
from autoholdings_assets.holdings.entitlements import Inputs
from autoholdings_assets.holdings.staged import content_path, plan_folder, whole_folder, write_parquet
from autoholdings_assets.holdings.titles import continued
from autoholdings_assets.holdings.warehouse import Connection, rows, scalar, set_variables, sql

ACTIVATIONS = ("activated_portfolio", "activated_statement", "activated_availability")
"""What is staged of titles that a plan activates without comparing, and the relations of the same name."""

TITLES = "titles"
"""The folder with all titles of a plan (``layers.py``)."""


def find_settled(connection: Connection, home: Home, inputs: Inputs) -> None:
    """Make ``settled_title`` and ``activated_title``; the latter takes its numbers from ``first_portfolio_id``."""
    last = _last_plan(connection, home, inputs)
    titles = layers.in_sql(plan_folder(home, last["plan_id"]) / TITLES) if last else f"({_NO_TITLE})"
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW last_title AS SELECT * REPLACE (profiles::HUGEINT AS profiles) FROM {titles}"
    )
    connection.execute(sql("titles_of"))
    is_continued = last and continued(home, inputs) == last["inputs_hash"]
    for step in ("titles_continued" if is_continued else "granted_title", "settled_title"):
        connection.execute(sql(step))
    connection.execute(
        "SET VARIABLE first_portfolio_id = getvariable('first_portfolio_id') + (SELECT count(*) FROM activated_title)"
    )


def pick_compared(connection: Connection) -> None:
    """Pick out what is compared, and leave in ``settled_title`` only what shares nothing with it."""
    connection.execute(sql("compared"))
    if scalar(connection, "SELECT EXISTS (FROM settled_title)"):
        connection.execute(sql("touched_value"))
        for number in count():  # round by round, until nothing that is settled shares a value with what is compared
            set_variables(connection, round=number)
            connection.execute(sql("newly_compared"))
            if not scalar(connection, "SELECT EXISTS (FROM newly_compared)"):
                break
            connection.execute(sql("unsettle"))


def stage_titles(connection: Connection, home: Home, inputs: Inputs, plan_id: str) -> None:
    """Stage with the plan what it activates without comparing, and all its titles for the next plan to know them."""
    last = _last_plan(connection, home, inputs)
    with whole_folder(plan_folder(home, plan_id) / TITLES) as folder:
        layers.write(
            connection,
            folder,
            f"({sql('known_titles')})",
            {"settings": inputs.settings_digest},
            before=plan_folder(home, last["plan_id"]) / TITLES if last else None,
            ended="(SELECT layer, position FROM last_title SEMI JOIN unsettled_title USING (title_key))",
        )
    connection.execute(sql("activations"))
    for part in ACTIVATIONS:  # empty ones too: a plan that died may have left others under this plan's name
        write_parquet(connection, part, content_path(home, plan_id, part))


def _last_plan(connection: Connection, home: Home, inputs: Inputs) -> dict[str, str] | None:
    """The plan that was applied last and its inputs' digest, unless the holdings or the settings have changed since."""
    last = rows(
        connection,
        "SELECT plan_id, inputs_hash FROM vendor_state WHERE vendor = ? AND generation = applied_generation",
        [inputs.vendor.name],
    )
    told = layers.told(plan_folder(home, last[0]["plan_id"]) / TITLES) if last else {}
    return last[0] if told.get("settings") == inputs.settings_digest else None


_NO_TITLE = (
    "SELECT NULL::INTEGER AS layer, NULL::BIGINT AS position, NULL::UUID AS title_key, NULL::BIGINT AS portfolio_id, "
    "NULL::UBIGINT AS content, NULL::DECIMAL(38, 0) AS profiles, NULL::BOOLEAN AS is_paid WHERE FALSE"
)
