"""All of the doctor's questions, one after another."""

from collections.abc import Callable, Iterator
from datetime import datetime

from autoholdings_assets.config import ConfigurationError, Home, Redaction, load_configuration
from autoholdings_assets.doctor import endpoints, place, settings, unattended
from autoholdings_assets.doctor.finding import Finding, Patient, fault

Question = Callable[[Patient], Iterator[Finding]]

_AT_HOME: tuple[Question, ...] = (
    place.versions,
    place.home_folder,
    place.disk,
    settings.configuration,
    settings.secrets,
    settings.collections,
    place.warehouse,
    place.half_written,
    place.inbox,
)
_UNATTENDED: tuple[Question, ...] = (unattended.dagster, unattended.last_runs, settings.alerts)


def examine(home: Home, now: datetime, *, ask_vendors: bool = True) -> Iterator[Finding]:
    """Look at everything; one question that cannot be answered does not keep the others from being asked."""
    try:
        configuration = load_configuration(home)
    except ConfigurationError:
        configuration = None
    patient = Patient(home, configuration, now)
    clean = configuration.redaction() if configuration else Redaction([])
    for question in (*_AT_HOME, *((endpoints.endpoints,) if ask_vendors else ()), *_UNATTENDED):
        try:
            yield from question(patient)
        except Exception as error:
            told = clean(" ".join(f"{type(error).__name__}: {error}".split()))
            advice = "Mend that first; if it makes no sense, report it as a fault of autoholdings."
            yield fault(question.__name__.replace("_", " "), f"This could not be looked at ({told}).", advice)
