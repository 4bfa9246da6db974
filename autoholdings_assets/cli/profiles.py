"""``profiles retire`` and ``profiles rename``: for profiles that autoholdings.yaml does not have any more."""

import click

from autoholdings_assets.cli.console import home_option, opened, say
from autoholdings_assets.config import Home
from autoholdings_assets.pipeline.person import person


@click.group()
def profiles() -> None:
    """Give an integration profile up, or another name."""


@profiles.command()
@click.argument("name")
@home_option
def retire(name: str, home: Home) -> None:
    """Let the profile NAME grant nothing any more; its titles go through the next run's plan and guard."""
    from autoholdings_assets.holdings import profiles as given_up  # brings DuckDB

    with opened(home) as (configuration, connection):
        titles = given_up.retire(connection, configuration, name, person())
    say(f"{name} is retired. It granted {titles} titles; the next run plans what becomes of them.")


@profiles.command()
@click.argument("old")
@click.argument("new")
@home_option
def rename(old: str, new: str, home: Home) -> None:
    """Let what OLD granted be granted by NEW, which has taken its place in autoholdings.yaml."""
    from autoholdings_assets.holdings import profiles as given_up  # brings DuckDB

    with opened(home) as (configuration, connection):
        given_up.rename(connection, configuration, old, new)
    say(f"What {old} granted is granted by {new} from now on.")
