"""All of the doctor's questions, one after another."""

from collections.abc import Callable, Iterator
from datetime import datetime

from autoholdings_assets.config import ConfigurationError, Home, Redaction, load_configuration
from autoholdings_assets.doctor import endpoints, place, settings, unattended
from autoholdings_assets.doctor.finding import Finding, Patient, fault, ok
from autoholdings_assets.holdings.warehouse import WarehouseBusy

Question = Callable[[Patient], Iterator[Finding]]

_OF_THE_PLACE: tuple[Question, ...] = (
    place.versions,
    place.home_folder,
    place.disk,
    place.warehouse,
    place.half_written,
    place.inbox,
    settings.configuration,
)
_OF_THE_CONFIGURATION: tuple[Question, ...] = (
    settings.secrets,
    settings.collections,
    settings.alerts,
    unattended.last_runs,
)
"""Asked only where the configuration can be used; that it cannot is an answer of its own."""


def examine(home: Home, now: datetime, *, ask_vendors: bool = True) -> Iterator[Finding]:
    """Look at everything; one question that cannot be answered does not keep the others from being asked."""
    try:
        configuration = load_configuration(home)
    except ConfigurationError:
        configuration = None
    patient = Patient(home, configuration, now)
    clean = configuration.redaction() if configuration else Redaction([])
    asked = [*_OF_THE_PLACE, unattended.dagster]
    if configuration:
        asked += [*_OF_THE_CONFIGURATION, *([endpoints.endpoints] if ask_vendors else [])]
    for question in asked:
        subject = question.__name__.replace("_", " ")
        try:
            yield from question(patient)
        except WarehouseBusy:
            yield ok(subject, "A run is writing to the warehouse at the moment; ask again after it.")
        except Exception as error:
            told = clean(" ".join(f"{type(error).__name__}: {error}".split()))
            advice = "Mend that first; if it makes no sense, report it as a fault of autoholdings."
            yield fault(subject, f"This could not be looked at ({told}).", advice)
