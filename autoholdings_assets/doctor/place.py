"""The machine and the home folder: versions, writable, space, leftovers, the warehouse's file.

What does not belong here: what stands in autoholdings.yaml (``settings.py``).
"""

import platform
import shutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from tempfile import TemporaryFile

import duckdb
from packaging.requirements import Requirement

from autoholdings_assets.doctor.finding import Finding, Patient, fault, ok, warning
from autoholdings_assets.holdings.warehouse import schema_versions
from autoholdings_assets.retrieval import Inbox
from autoholdings_assets.upkeep.manifest import installed_version
from autoholdings_assets.upkeep.prune import leftovers

_TOLD = ("autoholdings", "dagster", "duckdb", "pandas", "httpx")
_GIGABYTE = 1e9
_ENOUGH = 5 * _GIGABYTE
_COPIES = 3  # of the warehouse: itself grown, the published copy, and its successor while it is written


def versions(patient: Patient) -> Iterator[Finding]:
    """Python and the packages, and whether each is one that this project knows."""
    told = ", ".join([f"Python {platform.python_version()}", *(f"{name} {installed_version(name)}" for name in _TOLD)])
    wrong = list(_wrong_packages())
    if wrong:
        advice = "Install them again: `pip install -c constraints.txt .` in the folder of autoholdings."
        yield fault("versions", f"Not what autoholdings needs: {', '.join(wrong)}. ({told})", advice)
    else:
        yield ok("versions", f"{told}.")


def _wrong_packages() -> Iterator[str]:
    try:
        needs = requires("autoholdings") or ()
    except PackageNotFoundError:
        yield "autoholdings itself is not installed"
        return
    for text in needs:
        needed = Requirement(text)
        if needed.marker is not None and not needed.marker.evaluate({"extra": ""}):
            continue
        try:
            found = version(needed.name)
        except PackageNotFoundError:
            yield f"{needed.name} is missing"
            continue
        if not needed.specifier.contains(found, prereleases=True):
            yield f"{needed.name} {found} instead of {needed.specifier}"


def home_folder(patient: Patient) -> Iterator[Finding]:
    """Whether the home can be written to."""
    home = patient.home
    for folder in (home.path, home.archive, home.staging, home.reports, home.dagster_home):
        if not folder.exists():
            continue
        try:
            with TemporaryFile(dir=folder):
                pass
        except OSError as error:
            advice = "Let the user who runs autoholdings own this folder and everything in it, and check the disk."
            yield fault("home", f"{folder} cannot be written to ({error.strerror}).", advice)
            return
    yield ok("home", f"{home.path} can be written to.")


def disk(patient: Patient) -> Iterator[Finding]:
    """Whether the disk has room for what runs write."""
    free = shutil.disk_usage(patient.home.path).free
    warehouse = patient.home.warehouse.stat().st_size if patient.home.warehouse.exists() else 0
    told = f"{free / _GIGABYTE:,.1f} GB free; the warehouse has {warehouse / _GIGABYTE:,.2f} GB."
    advice = "Make room, or see `retention` in autoholdings.yaml and `autoholdings prune --dry-run`."
    if free < warehouse * _COPIES + 0.1 * _GIGABYTE:
        yield fault("disk", f"{told} That is not enough to publish.", advice)
    elif free < max(_ENOUGH, 2 * warehouse * _COPIES):
        yield warning("disk", f"{told} That may soon be too little.", advice)
    else:
        yield ok("disk", told)


def half_written(patient: Patient) -> Iterator[Finding]:
    """Whether processes that died have left files half written."""
    old = list(leftovers(patient.home, patient.now))
    if old:
        advice = "They do no harm; the nightly job housekeeping or `autoholdings prune` removes them."
        yield warning("leftovers", f"Files half written by processes that died: {len(old)}.", advice)
    else:
        yield ok("leftovers", "No files half written.")


def inbox(patient: Patient) -> Iterator[Finding]:
    """Whether files that were delivered by hand could not be used."""
    refused = Inbox(patient.home.inbox).answers()
    if refused:
        names = ", ".join(str(path.relative_to(patient.home.inbox)) for path in refused[:3])
        advice = "Read what stands there, deliver the file again, and remove the answer."
        yield warning("inbox", f"Files delivered by hand that could not be used: {len(refused)} ({names}).", advice)
    else:
        yield ok("inbox", "Nothing was refused.")


def warehouse(patient: Patient) -> Iterator[Finding]:
    """Whether the warehouse can be opened by this version, and whether it was published."""
    home = patient.home
    if not home.warehouse.exists():
        yield ok("warehouse", "None yet; the first run makes it.")
        return
    try:
        with patient.warehouse() as connection:
            found, newest = schema_versions(connection)
    except duckdb.Error as error:
        told = f"It cannot be opened: {str(error).splitlines()[0]}"
        yield fault("warehouse", told, "Restore the home from a backup: `autoholdings restore`.")
        return
    if found > newest:
        advice = "Install the version of autoholdings that wrote it, or a newer one."
        yield fault("warehouse", f"Schema version {found}, of which this version ({newest}) knows nothing.", advice)
    elif found < newest:
        advice = "Nothing to do: the next run upgrades it, and keeps a copy."
        yield warning("warehouse", f"Schema version {found}; this version of autoholdings has {newest}.", advice)
    else:
        yield ok("warehouse", f"Schema version {found}, the newest.")
    if not home.published.exists():
        advice = "It is written at the end of the next run that changes anything; or materialize holdings/published."
        yield warning("published copy", "There is no holdings.duckdb yet.", advice)
