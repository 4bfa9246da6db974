"""The rules between the parts of autoholdings.yaml: what vendors need, groups, schedules, collections.

What belongs here: every check that looks at more than one key. What does not: what a single key may say
(``config_model.py``).
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from autoholdings_assets.config_addresses import is_loopback
from autoholdings_assets.config_model import (
    ElectronicCollection,
    IntegrationProfile,
    ProfileKeys,
    WrittenCollection,
    WrittenConfiguration,
    WrittenProfile,
)
from autoholdings_assets.config_secrets import Secret, not_literal
from autoholdings_assets.vendors.model import Vendor
from autoholdings_assets.vendors.yaml_documents import Loc, YamlDocument, nearest, unknown_key

_MULTI_CAMPUS = "institution.customer_parameters.multi_campus_inventory_management"

Located = tuple[Loc, IntegrationProfile]


class Findings:
    """Problems (the file cannot be used), warnings (it can, but look) and notes, each with its line and key."""

    def __init__(self, document: YamlDocument) -> None:
        self._document = document
        self.problems: list[str] = []
        self.warnings: list[str] = []
        self.notes: list[str] = []

    def problem(self, loc: Loc, sentence: str) -> None:
        """Add a problem."""
        self.problems.append(self._document.problem(loc, sentence))

    def warn(self, loc: Loc, sentence: str) -> None:
        """Add a warning."""
        self.warnings.append(self._document.problem(loc, sentence))

    def note(self, loc: Loc, sentence: str) -> None:
        """Add a note."""
        self.notes.append(self._document.problem(loc, sentence))


def check_distinct(findings: Findings, section: str, key: str, values: Iterable[str]) -> None:
    """Names and codes tell entries apart, so each is there once."""
    for value, times in Counter(values).items():
        if times > 1:
            findings.problem((section,), f'{times} entries have the {key} "{value}"; each needs its own.')


# --- electronic collections (rules C9, C10, C11)


def resolve_collections(
    findings: Findings, entries: Sequence[WrittenCollection], vendors: Mapping[str, Vendor], home: Path
) -> tuple[ElectronicCollection, ...]:
    """The collections with what the vendors' data know of them."""
    known = {c.name: (v.name, c) for v in vendors.values() for c in v.collections}
    resolved = []
    for number, entry in enumerate(entries):
        loc: Loc = ("electronic_collections", number)
        if entry.local and entry.name not in known and entry.code:
            resolved.append(ElectronicCollection.model_validate(entry.model_dump()))
        elif entry.local:
            findings.problem((*loc, "local"), _wrong_local(entry, known))
        elif entry.name not in known:
            findings.problem(
                (*loc, "name"),
                f"no vendor has a collection of this name{nearest(entry.name, known)}. The collections are: "
                f"{', '.join(sorted(known))}. For one that no vendor's files fill, write `local: true` and a code.",
            )
        else:
            vendor, collection = known[entry.name]
            _check_activation(findings, loc, entry)
            from_vendor = {
                "code": entry.code or collection.code,
                "cz_title_list": _title_list(findings, loc, entry, home),
                "vendor": vendor,
                "cz_collection_id": collection.cz_collection_id,
            }
            resolved.append(ElectronicCollection.model_validate(entry.model_dump() | from_vendor))
    return tuple(resolved)


def _wrong_local(entry: WrittenCollection, known: Mapping[str, Any]) -> str:
    if entry.name in known:
        return f"a vendor's files fill this collection ({known[entry.name][0]}); leave `local` out."
    return "a collection that no vendor's files fill needs a code of its own, the short name for commands."


def _title_list(findings: Findings, loc: Loc, entry: WrittenCollection, home: Path) -> Path | None:
    if entry.cz_title_list is None:
        return None
    path = home / entry.cz_title_list
    if entry.active and not path.is_file():
        findings.problem(
            (*loc, "cz_title_list"),
            f"there is no file {entry.cz_title_list} in the home folder. Put the CZ collection's KBART title list "
            "there, or leave this key out (then the vendor's file is the authority).",
        )
    return path


def _check_activation(findings: Findings, loc: Loc, entry: WrittenCollection) -> None:
    if not entry.active:
        findings.note((*loc, "active"), f'"{entry.name}" is not to be updated; its rows are set aside.')
        return
    if entry.automatically_activate_new_portfolios:
        findings.warn(
            (*loc, "automatically_activate_new_portfolios"),
            "set this to false: otherwise titles are activated that the library's file does not name.",
        )
    for key in ("active", "available"):
        if not getattr(entry.service, key):
            findings.warn(
                (*loc, "service", key),
                f'the full-text service of "{entry.name}" is not {key}, so the collection is not updated. Set this to '
                "true once the service is.",
            )


# --- integration profiles: vendor, credentials, address (rules C1, C3, W1, O1, A12)


def resolve_profiles(
    findings: Findings, entries: Sequence[WrittenProfile], vendors: Mapping[str, Vendor]
) -> tuple[Located, ...]:
    """The profiles with the credentials and the address that their vendors need, each with its place in the file."""
    resolved = []
    for number, entry in enumerate(entries):
        loc: Loc = ("integration_profiles", number)
        vendor = vendors.get(entry.vendor)
        if vendor is None:
            findings.problem(
                (*loc, "vendor"),
                f"there is no such vendor{nearest(entry.vendor, vendors)}. The vendors are: "
                f"{', '.join(sorted(vendors))}; another one is a YAML file in vendors/.",
            )
            continue
        secrets = _secrets(findings, loc, entry, vendor)
        url = entry.url or vendor.request.url
        if entry.active:
            _check_credentials(findings, loc, vendor, secrets)
        if url:
            _check_url(findings, (*loc, "url"), url, vendor, secrets)
        elif entry.active:
            findings.problem(
                loc, f"an Active profile of {vendor.title} needs `url:`, the address that the vendor gave."
            )
        keys = entry.model_dump(include=set(ProfileKeys.model_fields)) | {"url": url, "credentials": secrets}
        resolved.append((loc, IntegrationProfile.model_validate(keys)))
    return tuple(resolved)


def _secrets(findings: Findings, loc: Loc, entry: WrittenProfile, vendor: Vendor) -> dict[str, Secret]:
    given: Mapping[str, Any] = entry.model_extra or {}
    wanted = [c.name for c in vendor.credentials]
    secrets: dict[str, Secret] = {}
    for key, value in given.items():
        if key not in wanted:
            findings.problem((*loc, key), unknown_key(key, [*ProfileKeys.model_fields, *wanted]))
        elif secret := Secret.written(str(value)):
            secrets[key] = secret
        else:
            example = re.sub(r"\W+", "_", f"{entry.name}_{key}").upper()
            findings.problem((*loc, key), not_literal(example))
    return secrets


def _check_credentials(findings: Findings, loc: Loc, vendor: Vendor, secrets: Mapping[str, Secret]) -> None:
    needed = [c for c in vendor.credentials if not c.optional]
    if vendor.credentials_of_a_profile == "exactly_one":
        if len(secrets) != 1:
            keys = " or ".join(c.name for c in needed)
            findings.problem(
                loc, f"an Active profile of {vendor.title} needs exactly one of {keys}; make a profile for each."
            )
        return
    for credential in needed:
        if credential.name not in secrets:
            findings.problem(
                loc,
                f"an Active profile of {vendor.title} needs `{credential.name}: ${{ENVIRONMENT_VARIABLE}}` "
                f"({credential.label}). {vendor.setup}".strip(),
            )


def _check_url(findings: Findings, loc: Loc, url: str, vendor: Vendor, secrets: Mapping[str, Secret]) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        findings.problem(loc, "write the whole address, starting with https://.")
        return
    if parts.scheme == "http" and not is_loopback(url):
        findings.warn(loc, "this address is not encrypted, so credentials travel readable; use https://.")
    in_query = {c.parameter for c in vendor.credentials if c.placement == "query"}
    if parts.username or parts.password or in_query & {name for name, _ in parse_qsl(parts.query, True)}:
        findings.problem(
            loc, "a credential stands in this address. Take it out and give it by its own key: ${ENVIRONMENT_VARIABLE}."
        )
    for credential in vendor.credentials:
        in_path = credential.placement == "path" and credential.name in secrets
        if in_path and f"{{{credential.name}}}" not in url:
            findings.problem(loc, f"write {{{credential.name}}} where that credential belongs in the address.")


# --- groups (rules C2, C4, A14)


def check_groups(findings: Findings, written: WrittenConfiguration, profiles: Iterable[Located]) -> None:
    """Groups exist only with several campuses; two Active profiles with groups oblige all of the vendor's."""
    profiles = tuple(profiles)
    institution = written.institution
    if not institution.multi_campus:
        if institution.groups:
            findings.warn(("institution", "groups"), f"these are not used while {_MULTI_CAMPUS} is false.")
        for loc, profile in profiles:
            if profile.groups:
                findings.problem(
                    (*loc, "groups"),
                    f'profile "{profile.name}" has groups, which exist only with several campuses. Take this key out, '
                    f"or set {_MULTI_CAMPUS} to true.",
                )
        return
    for loc, profile in profiles:
        for group in profile.groups:
            if group not in institution.groups:
                findings.problem(
                    (*loc, "groups"),
                    f'"{group}" is not one of institution.groups{nearest(group, institution.groups)}. '
                    f"Write one of: {', '.join(institution.groups) or '(none is listed there yet)'}.",
                )
    for vendor in dict.fromkeys(profile.vendor for _, profile in profiles):
        _check_groups_of_vendor(findings, [(loc, p) for loc, p in profiles if p.vendor == vendor and p.active])


def _check_groups_of_vendor(findings: Findings, active: Sequence[Located]) -> None:
    with_groups = [p.name for _, p in active if p.groups]
    if not with_groups:
        return
    for loc, profile in active:
        if profile.groups:
            continue
        if len(with_groups) > 1:
            findings.problem(
                (*loc, "groups"),
                f'profile "{profile.name}" needs at least one group, because {len(with_groups)} Active profiles of '
                f"this vendor have groups ({', '.join(with_groups)}). Add groups here, or set it to active: false.",
            )
        else:
            findings.warn(
                (*loc, "groups"),
                f'profile "{profile.name}" has no groups while "{with_groups[0]}" has some: the titles of '
                f'"{profile.name}" are for everyone.',
            )


# --- schedules (rule C5)


def governing_profile(profiles: Iterable[IntegrationProfile]) -> IntegrationProfile | None:
    """The first of one vendor's profiles that has a schedule: it governs all the vendor's Active profiles."""
    return next((profile for profile in profiles if profile.schedule), None)


def check_schedules(findings: Findings, profiles: Sequence[Located]) -> None:
    """A later schedule that differs from the governing one is reported, not obeyed."""
    for loc, profile in profiles:
        governor = governing_profile(p for _, p in profiles if p.vendor == profile.vendor)
        if governor and profile.schedule and profile.schedule != governor.schedule:
            findings.warn(
                (*loc, "schedule"),
                f'this is not obeyed: the schedule of "{governor.name}" ({governor.schedule}) stands first and '
                f'governs all Active profiles of the vendor. Take this one out, or change "{governor.name}".',
            )
