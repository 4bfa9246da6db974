"""What a vendor's YAML file may say, and the loading of all of them (rule A13).

What belongs here: the vocabulary in which a vendor is described (request, collections, cadence, quirks as named
switches). What does not: anything about one vendor (its YAML has that) or about one library (``config.py``).
"""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from autoholdings_assets.vendors.cron import checked_cron, checked_timezone, next_time
from autoholdings_assets.vendors.yaml_documents import (
    ConfigurationError,
    StrictModel,
    YamlDocument,
    build,
    nearest,
    read_yaml,
)

if TYPE_CHECKING:  # the command line reads vendors too, and pandas takes half a second to import
    import pandas as pd

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Code = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
Cron = Annotated[str, AfterValidator(checked_cron)]
Timezone = Annotated[str, AfterValidator(checked_timezone)]
PublicationType = Literal["serial", "monograph"]


class Credential(StrictModel):
    """One credential that a profile of the vendor needs, and where it goes in the request.

    ``name`` is the profile's key for it. ``parameter`` is the query parameter or header that carries it, after
    ``prefix``; in the path it replaces ``{name}`` in the URL; basic authentication needs neither.
    """

    name: Name
    label: str
    placement: Literal["query", "header", "path", "basic_user", "basic_password"]
    parameter: str | None = None
    prefix: str = ""
    optional: bool = False

    @model_validator(mode="after")
    def _has_its_place(self) -> "Credential":
        if self.placement in ("query", "header") and not self.parameter:
            raise ValueError(f"add `parameter:`, the name of the {self.placement} parameter that carries it.")
        return self


class Request(StrictModel):
    """How to ask for the file. A vendor with one public endpoint has its ``url``; else each profile has."""

    url: str | None = None
    parameters: dict[str, str] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    content_types: tuple[str, ...] = ()
    max_megabytes: int = Field(default=500, gt=0)


class When(StrictModel):
    """A condition on a row: the column's value contains the text (case does not matter)."""

    column: str
    contains: str


class VendorCollection(StrictModel):
    """One of the vendor's collections in the Community Zone, and which rows of its files belong to it."""

    name: str
    code: Code
    publication_type: PublicationType
    cz_collection_id: str | None = None
    when: When | None = None


class Publication(StrictModel):
    """When the vendor makes its files; ``description`` says it in words: ``every Saturday at 02:00 Pacific time``.

    ``cron`` (in ``timezone``) is the moment by which a new file is there; ``check`` (in ``timezone``) when to look.
    """

    description: str
    first_file: str
    cron: Cron | None = None
    timezone: Timezone = "UTC"
    check: Cron
    fresh_for_days: int = Field(gt=0)


class Reading(StrictModel):
    """How the vendor's files depart from KBART; the names are those of the reader's options."""

    date_formats: tuple[str, ...] = ()


class FreeContent(StrictModel):
    """Which rows are free content, and what becomes of them."""

    leave_out_access_types: tuple[Literal["F", "P"], ...] = ()
    open_access_notes: Literal["report", "leave_out", "keep"] = "keep"
    notes_pattern: str = r"(?i)\bopen access\b"


class Merging(StrictModel):
    """``keep_apart``: rows with different title_id or URL stay apart though they share an identifier."""

    keep_apart: bool = False


class Vendor(StrictModel):
    """A vendor: everything that the rest of the system needs to know about it.

    ``setup`` says where a library gets the credentials; a profile has all of them, or exactly one.
    """

    name: Name
    title: str
    setup: str = ""
    credentials: tuple[Credential, ...]
    credentials_of_a_profile: Literal["all", "exactly_one"] = "all"
    request: Request = Request()
    collections: tuple[VendorCollection, ...] = Field(min_length=1)
    publication: Publication
    reading: Reading = Reading()
    free_content: FreeContent = FreeContent()
    merging: Merging = Merging()

    @field_validator("collections", "credentials")
    @classmethod
    def _names_differ(cls, items: tuple[Any, ...]) -> tuple[Any, ...]:
        names = [item.name for item in items]
        if len(set(names)) < len(names):
            raise ValueError("two entries have the same name; each needs its own.")
        return items

    def route(self, rows: "pd.DataFrame") -> "pd.Series[str]":
        """The name of each row's collection (by publication_type and conditions), null where there is none.

        The first collection whose type and condition fit takes the row.
        """
        import pandas as pd

        chosen = pd.Series(-1, rows.index)  # numbers, since text is written slowly place by place
        for number, collection in enumerate(self.collections):
            fits = (chosen < 0) & (rows["publication_type"] == collection.publication_type)
            if collection.when is not None:
                value = rows[collection.when.column].astype("str")
                fits &= value.str.contains(collection.when.contains, case=False, regex=False, na=False)
            chosen[fits] = number
        names = pd.array([collection.name for collection in self.collections], dtype="str")
        return pd.Series(names.take(chosen.to_numpy(), allow_fill=True), rows.index, name="collection")

    def next_publication(self, after: datetime) -> datetime | None:
        """When the next file is there, in the vendor's time zone; None when the vendor does not say."""
        if self.publication.cron is None:
            return None
        return next_time(self.publication.cron, self.publication.timezone, after)


def load_vendors(extra: Path | None = None) -> dict[str, Vendor]:
    """Every vendor by name: those of this package, then each ``*.yaml`` in ``extra`` (<home>/vendors).

    A file in ``extra`` may say ``based_on: NAME`` and then needs only what differs; one with the name of a vendor of
    this package takes its place. Raises ``ConfigurationError`` naming file, line and key.
    """
    folders = (Path(str(files(__package__))), *([extra] if extra else []))
    written = [(path, path.stat()) for folder in folders for path in sorted(folder.glob("*.yaml"))]
    return dict(_load(folders, tuple((path, status.st_mtime_ns, status.st_size) for path, status in written)))


@lru_cache(maxsize=4)
def _load(folders: tuple[Path, ...], stamps: tuple[tuple[Path, int, int], ...]) -> dict[str, Vendor]:
    """The vendors of these folders; each step of a run asks for them, and reads no file that has not changed."""
    package = _documents(folders[0])
    own = _documents(folders[1]) if len(folders) > 1 else {}
    vendors: dict[str, Vendor] = {}
    problems: list[str] = []
    for name, document in (package | own).items():
        described = _with_base(document, package | {n: d for n, d in own.items() if "based_on" not in d.content})
        if described is None:
            sentence = f"there is no such vendor to start from{nearest(document.content['based_on'], package)}."
            problems.append(document.problem(("based_on",), sentence))
            continue
        vendor, found = build(Vendor, described)
        problems += found
        if vendor:
            vendors[name] = vendor
    problems += _shared_collections(vendors)
    if problems:
        raise ConfigurationError(problems)
    return vendors


def _documents(folder: Path) -> dict[str, YamlDocument]:
    """The folder's YAML files by the vendor's name, which is the file's where the file has no ``name``."""
    documents = {}
    for path in sorted(folder.glob("*.yaml")):
        document = read_yaml(path)
        documents[str(document.content.setdefault("name", path.stem))] = document
    return documents


def _with_base(document: YamlDocument, bases: Mapping[str, YamlDocument]) -> YamlDocument | None:
    """The document with what it leaves to the vendor that it is based on; None when there is no such vendor."""
    base = document.content.get("based_on")
    if base is None:
        return document
    if base not in bases:
        return None
    return YamlDocument(document.path, _merged(bases[base].content, document.content), document.lines)


def _merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The base's keys with the own ones over them: mappings key by key, all else replaced as a whole."""
    merged = dict(base)
    for key, value in own.items():
        both_mappings = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both_mappings else value
    merged.pop("based_on", None)
    return merged


def _shared_collections(vendors: Mapping[str, Vendor]) -> list[str]:
    """A collection or code that two vendors claim: which of them keeps it up to date could not be told."""
    owners: dict[str, str] = {}
    problems = []
    for vendor in vendors.values():
        for word in [c.name for c in vendor.collections] + [c.code for c in vendor.collections]:
            if owners.setdefault(word, vendor.name) != vendor.name:
                problems.append(
                    f'The vendors "{owners[word]}" and "{vendor.name}" both have a collection with the name or code '
                    f'"{word}"; give each vendor\'s collections names and codes of their own.'
                )
    return problems
