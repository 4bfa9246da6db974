"""What stands in autoholdings.yaml: whether it can be used, and whether what it names is there.

What does not belong here: asking vendors (``endpoints.py``).
"""

from collections.abc import Iterator

from autoholdings_assets.config import ConfigurationError, Secret, load_configuration
from autoholdings_assets.doctor.finding import Finding, Patient, fault, ok, warning


def configuration(patient: Patient) -> Iterator[Finding]:
    """Whether autoholdings.yaml and the vendor files can be used."""
    try:
        found = load_configuration(patient.home)
    except ConfigurationError as error:
        for problem in error.problems:
            yield fault("configuration", problem, "Change it; until then nothing runs.")
        return
    for sentence in found.warnings:
        yield warning("configuration", sentence, "It works; change it if it is not meant so.")
    profiles = found.integration_profiles
    active = [profile.name for profile in profiles if profile.active]
    if not active:
        advice = "Set `active: true` on the integration profiles that are to be handled."
        yield warning("configuration", "No integration profile is Active: nothing is ever fetched.", advice)
    elif not found.warnings:
        yield ok("configuration", f"autoholdings.yaml can be used; Active profiles: {', '.join(active)}.")


def secrets(patient: Patient) -> Iterator[Finding]:
    """Whether every credential has a value in this process's environment; never which."""
    needed: dict[Secret, list[str]] = {}
    for profile in patient.known.integration_profiles:
        for secret in profile.credentials.values() if profile.active else ():
            needed.setdefault(secret, []).append(f"profile {profile.name}")
    for secret in patient.known.alerts.secrets:
        needed.setdefault(secret, []).append("alerts")
    missing = {secret: whose for secret, whose in needed.items() if not secret.is_set}
    for secret, whose in missing.items():
        advice = "Set it where the pipeline runs: for the daemon and the webserver as well as for this terminal."
        yield fault("secrets", f"The environment variable {secret.env_name} is not set ({', '.join(whose)}).", advice)
    if needed and not missing:
        yield ok("secrets", f"Set: {', '.join(secret.env_name for secret in needed)}.")


def collections(patient: Patient) -> Iterator[Finding]:
    """Whether the collections that the vendors' files fill are active, and their CZ title lists there."""
    known = patient.known
    ready = [c for c in known.electronic_collections if c.is_ready]
    for vendor in patient.vendors:
        for collection in known.vendor(vendor).collections:
            if known.find_collection(collection.name) is None:
                advice = "Add it to electronic_collections, once it is active in the catalogue, or with active: false."
                yield warning(
                    "collections", f"Electronic collection for update does not exist: {collection.name}.", advice
                )
    for entry in ready:
        lists = entry.cz_title_list
        if lists is not None and (not lists.is_file() or lists.stat().st_size == 0):
            advice = "Export the collection's title list from the Community Zone again."
            yield fault("CZ title lists", f"{lists.name} of {entry.name} is missing or empty.", advice)
    with_lists = sum(entry.cz_title_list is not None for entry in ready)
    if ready:
        yield ok("collections", f"Active: {len(ready)}; with a Community Zone title list: {with_lists}.")
    else:
        advice = "Activate them in the catalogue, and enter them under electronic_collections."
        yield warning("collections", "No electronic collection is active: nothing is ever updated.", advice)


def alerts(patient: Patient) -> Iterator[Finding]:
    """Whether anybody is told when something needs a person."""
    settings = patient.known.alerts
    told = [name for name, given in (("e-mail", settings.email), ("webhook", settings.webhook)) if given]
    if told:
        yield ok("alerts", f"People are told by {' and '.join(told)}; `autoholdings alerts test` sends a message.")
    else:
        advice = "Add `alerts:` to autoholdings.yaml; `autoholdings alerts` shows an example."
        yield warning("alerts", "Nobody is told when a run fails or a plan is held.", advice)
