"""Which portfolio a title is: the same as before if both agree on something that is unique on both sides.

Vendors correct ISSNs and change their whole title_id scheme between two files; a journal takes over its predecessor's
title_id. So identifiers come first, and title_id or URL count only where the titles agree too (rule A6). What is left
is reported, never guessed (rule A7).
"""

from dataclasses import dataclass

from autoholdings_assets.holdings.warehouse import Connection, scalar, sql

_FULL_TITLE = "full_title(title, monograph_volume, monograph_edition)"


@dataclass(frozen=True)
class Level:
    """One thing that a title and a portfolio may agree on; ``title_value`` and ``portfolio_value`` are SQL."""

    name: str
    title_value: str
    portfolio_value: str


LEVELS = (
    Level("online identifier", "online_identifier", "online_identifier"),
    Level("print identifier", "print_identifier", "print_identifier"),
    Level("online identifier, once its print one", "online_identifier", "print_identifier"),
    Level("print identifier, once its online one", "print_identifier", "online_identifier"),
    Level("title_id and title", f"title_id || '|' || {_FULL_TITLE}", f"title_id || '|' || {_FULL_TITLE}"),
    Level("URL and title", f"title_url || '|' || {_FULL_TITLE}", f"title_url || '|' || {_FULL_TITLE}"),
)
"""Strongest first."""

_TITLES_OPEN = "EXISTS (FROM desired_title ANTI JOIN link USING (title_key))"
_PORTFOLIOS_OPEN = "EXISTS (FROM current_portfolio ANTI JOIN link USING (portfolio_id))"


def link_titles(connection: Connection) -> None:
    """Link ``desired_title`` with ``current_portfolio``, level by level and one to one.

    Makes ``link`` (title_key, portfolio_id, agrees_on), ``tie`` and ``title_change`` (title_key, portfolio_id each),
    and ``named_free`` (portfolio_id), those of which a file says that they are free content.
    """
    connection.execute("CREATE OR REPLACE TEMP TABLE link (title_key UUID, portfolio_id BIGINT, agrees_on VARCHAR)")
    for level in LEVELS:
        if not scalar(connection, f"SELECT {_TITLES_OPEN} AND {_PORTFOLIOS_OPEN}"):
            break
        connection.execute(
            sql("link_level").format(
                name=level.name, title_value=level.title_value, portfolio_value=level.portfolio_value
            )
        )
    open_ones = scalar(connection, f"SELECT {_PORTFOLIOS_OPEN}")
    for step in ("ambiguous", "named_free") if open_ones else ("all_linked",):
        connection.execute(sql(step))
