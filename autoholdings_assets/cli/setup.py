"""Commands that set up a home or open it: ``init``, ``ui``.

What belongs here: what happens before and around runs. What does not: runs (``runs.py``), the ``demo``.
"""

import json
import sys
from typing import TYPE_CHECKING

import click

from autoholdings_assets.cli.console import WrongUse, any_home_option, home_option, say
from autoholdings_assets.config import Home
from autoholdings_assets.pipeline.instance import LOOPBACK, prepare, serve_ui

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from autoholdings_assets.vendors.model import Vendor

_FIRST_CONFIGURATION = """\
# What this library has from its vendors. Each run reads this file anew; `autoholdings status` says what is wrong in it.
institution:
  name: University of Example
  timezone: America/New_York
  # customer_parameters: {multi_campus_inventory_management: true}
  # groups: [MAIN, LAW]

# The collections that are active in your catalogue, by their names in the Community Zone.
electronic_collections: []
#  - name: COLLECTION
#    cz_title_list: cz/title_list.txt   # optional: the collection's KBART title list, in this folder

# One entry for each feed. A credential never stands here: write the name of an environment variable that holds it.
integration_profiles: []
#  - name: main-campus
#    vendor: VENDOR
#    active: true
#    url: https://...                   # as the vendor gave it
#    CREDENTIAL: ${NAME_OF_A_VARIABLE}
#    schedule: "0 6 * * SAT"            # minute hour day month weekday, in the institution's time zone

# Whom to tell when a run fails, a plan is held, or a PO line needs attention.
# alerts:
#   email: {smtp_host: mail.example.org, from: autoholdings@example.org, to: [eresources@example.org]}
#   webhook: {url: "${ALERT_WEBHOOK_URL}"}

# When a plan waits for a person, and other choices, as they are unless something else stands here.
"""
_VENDORS = """
# The vendors, with the credentials that a profile needs and the names of the collections:
"""


@click.command()
@any_home_option
def init(home: Home) -> None:
    """Set up a home folder with a configuration to fill in."""
    from autoholdings_assets.vendors.model import load_vendors  # brings pandas: only when needed

    if home.config_file.exists():
        raise WrongUse(f"{home.config_file} is there already; it was left as it is.")
    vendors = load_vendors(home.vendors)
    prepare(home)
    described = "".join(_in_a_comment(vendor) for vendor in vendors.values())
    home.config_file.write_text(_FIRST_CONFIGURATION + _policies() + _VENDORS + described, encoding="utf-8")
    say(f"Set up {home.path}.")
    say(
        "Next: fill in autoholdings.yaml there, set the environment variables that it names, then "
        "`autoholdings run VENDOR --dry-run`."
    )


@click.command()
@home_option
@click.option("--port", default=3000, show_default=True, help="Port on this machine.")
def ui(home: Home, port: int) -> None:
    """Open the Dagster UI, with the daemon that runs schedules, on this machine only."""
    say(f"The UI of {home.path} will be at http://{LOOPBACK}:{port} in a moment. Stop it with Ctrl-C.")
    sys.stdout.flush()
    serve_ui(home, port)


def _policies() -> str:
    """The policies with their defaults, in a comment."""
    from autoholdings_assets.config_model import LossGuard, Policies  # brings the vendors along: only when needed

    choices = [_choice(name, field, 1) for name, field in Policies.model_fields.items() if name != "loss_guard"]
    guard = [_choice(name, field, 2) for name, field in LossGuard.model_fields.items()]
    return "\n".join(["# policies:", *choices, "#   loss_guard:", *guard, ""])


def _choice(name: str, field: "FieldInfo", depth: int) -> str:
    default = field.default if isinstance(field.default, str) else json.dumps(field.default)
    return f"# {'  ' * depth}{name}: {default}".ljust(48) + f"# {field.description}"


def _in_a_comment(vendor: "Vendor") -> str:
    credentials = ", ".join(f"{c.name}{' (optional)' if c.optional else ''}" for c in vendor.credentials)
    collections = "".join(f"#     collection: {collection.name}\n" for collection in vendor.collections)
    return f"#   {vendor.name}: {credentials}\n{collections}"
