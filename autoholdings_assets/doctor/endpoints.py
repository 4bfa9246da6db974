"""Whether the vendors answer: one conditional request for each Active profile, and of its body only the beginning.

What does not belong here: the request itself and the words for its failures (``retrieval/``).
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from autoholdings_assets.config import IntegrationProfile
from autoholdings_assets.doctor.finding import Finding, Patient, fault, ok, warning
from autoholdings_assets.holdings.runs import previous_file
from autoholdings_assets.holdings.warehouse import WarehouseBusy
from autoholdings_assets.retrieval import Limits, Previous, RetrievalError, mark_of_new_file
from autoholdings_assets.retrieval.errors import NoFileYet

_QUICK = Limits(connect_seconds=5, read_seconds=10, total_seconds=30, attempts=1)
_AT_ONCE = 4


def endpoints(patient: Patient) -> Iterator[Finding]:
    """Ask every vendor's endpoint, with the credentials, as a run would; not where a credential is missing."""
    active = [profile for profile in patient.known.integration_profiles if profile.active]
    profiles = [profile for profile in active if all(secret.is_set for secret in profile.credentials.values())]
    known = _previous(patient, profiles)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from pool.map(lambda profile: _ask(patient, profile, known.get(profile.name)), profiles)


def _ask(patient: Patient, profile: IntegrationProfile, known: Previous | None) -> Finding:
    subject, vendor = f"endpoint of {profile.name}", patient.known.vendor(profile.vendor)
    try:
        is_new = mark_of_new_file(profile, vendor, known, now=patient.now, limits=_QUICK) is not None
    except NoFileYet as error:
        return warning(subject, error.message, error.advice)
    except RetrievalError as error:
        return fault(subject, error.message, error.advice)
    return ok(subject, f"{vendor.title} answers; {'it has a file to fetch' if is_new else 'the file is the last one'}.")


def _previous(patient: Patient, profiles: list[IntegrationProfile]) -> dict[str, Previous]:
    """The files that came last, so that vendors are not asked to send them once more; unknown while a run writes."""
    if not patient.home.warehouse.exists():
        return {}
    try:
        with patient.warehouse() as connection:
            files = {profile.name: previous_file(connection, profile.name) for profile in profiles}
    except WarehouseBusy:
        return {}
    return {name: file.previous for name, file in files.items() if file is not None}
