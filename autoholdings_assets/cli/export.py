"""``export``: files written from the published holdings, into outbox/.

What belongs here: which part of the holdings, in which format, and what is said of the result. What does not: the
formats (``reports/``).
"""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from autoholdings_assets.cli.console import Exit, WrongUse, print_json, report_options, say
from autoholdings_assets.config import Configuration, Home, load_configuration
from autoholdings_assets.vendors.yaml_documents import nearest

Outcome = tuple[dict[str, Any], Exit]
"""What is said of an export, as JSON and in ``sentences``, and the exit status."""
FORMATS = ("kbart", "google-scholar", "alma")


@click.command()
@click.argument("named", metavar="[VENDOR]", required=False)
@click.option("--collection", metavar="CODE", help="Only this collection.")
@click.option("--vendor", metavar="NAME", help="Only this vendor's collections; the same as VENDOR.")
@click.option("--group", metavar="GROUP", help="Only what this group may use.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="kbart", show_default=True)
@click.option(
    "--since",
    metavar="RUN|DATE",
    help="For alma: what has changed after this run, or from this day on. Default: since the last Alma export.",
)
@click.option("--left-out", is_flag=True, help="Free content of VENDOR, which runs leave out, as KBART.")
@report_options
def export(
    named: str | None, collection: str | None, vendor: str | None, group: str | None, form: str, since: str | None,
    left_out: bool, home: Home, as_json: bool,
) -> int:  # fmt: skip
    """Write what readers can use into outbox/: for discovery services and knowledge bases (KBART), for Google Scholar,
    or what has changed for Alma's portfolio loader.

    \b
    Exit status: 0 done, 1 done, but some rows are incomplete, 2 wrong use or configuration,
    3 nothing has been published yet.
    """
    configuration = load_configuration(home)
    if named and vendor and named != vendor:
        raise WrongUse(f"Name one vendor: {named}, or {vendor}.")
    vendor = vendor or named
    _refuse_nonsense(configuration, vendor, collection, group, form, since, left_out)
    if left_out and vendor:
        report, status = _free_content(home, configuration, vendor)
    elif form == "alma":
        report, status = _alma(home, configuration, vendor, collection, since)
    else:
        report, status = _holdings(home, configuration, vendor, collection, group, form)
    sentences = report.pop("sentences")
    if as_json:
        print_json(report)
    else:
        for sentence in sentences:
            say(sentence)
    return status


def _refuse_nonsense(
    configuration: Configuration, vendor: str | None, collection: str | None, group: str | None, form: str,
    since: str | None, left_out: bool,
) -> None:  # fmt: skip
    """Raises `WrongUse`, or ``ConfigurationError`` for a vendor or collection that there is not."""
    if vendor:
        configuration.vendor(vendor)
    if vendor and collection:
        raise WrongUse("Name a vendor or a --collection, not both.")
    if collection:
        configuration.collection(collection)
    groups = configuration.institution.groups
    if group and group not in groups:
        there_are = f"There are: {', '.join(groups)}." if groups else "autoholdings.yaml names none."
        raise WrongUse(f'There is no group "{group}"{nearest(group, groups)}. {there_are}')
    if left_out and (not vendor or group or since or form != "kbart"):
        raise WrongUse("--left-out takes a VENDOR, and nothing else.")
    if since and form != "alma":
        raise WrongUse("--since goes with --format alma: the other formats are always whole.")
    if group and form == "alma":
        raise WrongUse("--group does not go with --format alma, which says of each portfolio whom it is available for.")


def _holdings(
    home: Home, configuration: Configuration, vendor: str | None, collection: str | None, group: str | None, form: str
) -> Outcome:
    from autoholdings_assets.reports.selection import Selection

    selection = Selection(group=group)
    if collection:
        chosen = configuration.collection(collection)
        selection = Selection(chosen.code, (chosen.name,), group)
    elif vendor:
        named = configuration.vendor(vendor)
        selection = Selection(f"{named.title} AllTitles", tuple(c.name for c in named.collections), group)
    write = _google_scholar if form == "google-scholar" else _kbart
    return write(home, configuration.institution.name, selection, _today(configuration))


def _kbart(home: Home, institution: str, selection: Any, day: date) -> Outcome:
    from autoholdings_assets.reports.kbart_export import export_kbart

    done = export_kbart(home, institution, selection, day)
    sentences = [f"{file.rows:,} rows written to {file.path}." for file in done.files] or [
        "No title can be used: no file."
    ]
    sentences += [f"  {count:,} rows: {change}." for change, count in done.changed.items()]
    if done.incomplete:
        lacking = "; ".join(f"{count:,} {lack}" for lack, count in done.incomplete.items())
        sentences.append(f"{sum(done.incomplete.values()):,} rows lack what KBART demands: {lacking}.")
        sentences.append(f"They are only in {done.incomplete_path}: ask the vendors for what is missing.")
    return {
        "format": "kbart",
        "files": [{"file": file.path, "rows": file.rows} for file in done.files],
        "changed": done.changed,
        "incomplete": done.incomplete,
        "incomplete_file": done.incomplete_path,
        "sentences": sentences,
    }, Exit.WITH_FINDINGS if done.incomplete else Exit.DONE


def _google_scholar(home: Home, institution: str, selection: Any, day: date) -> Outcome:
    from autoholdings_assets.reports.google_scholar import export_google_scholar

    done = export_google_scholar(home, institution, selection, day)
    sentences = [f"{path} written." for path in done.paths] or ["No serial can be used: no file."]
    sentences += [f"{done.items:,} items, one for each ISSN of a title. Embargoes and rolling access are as of {day}."]
    sentences += [f"  {count:,} coverage statements left out: {why}." for why, count in done.left_out.items()]
    return {
        "format": "google-scholar",
        "files": [{"file": path} for path in done.paths],
        "items": done.items,
        "left_out": done.left_out,
        "sentences": sentences,
    }, Exit.DONE


def _alma(
    home: Home, configuration: Configuration, vendor: str | None, collection: str | None, since: str | None
) -> Outcome:
    from autoholdings_assets.pipeline.person import person
    from autoholdings_assets.reports.alma_loader import export_alma, moment_of

    chosen = [
        c
        for c in configuration.electronic_collections
        if (not vendor or c.vendor == vendor) and (not collection or collection in (c.code, c.name))
    ]
    start = moment_of(home, since, configuration.institution.timezone) if since else None
    done = export_alma(home, chosen, person(), start)
    if done.files:
        sentences = [f"{file.portfolios:,} to {file.action}: {file.path}" for file in done.files]
        sentences += ["In Alma: the collection's service, Load Portfolios, policy Incremental, the action of the file."]
    else:
        sentences = [f"Nothing has changed since {since or 'the last Alma export'}."]
    if done.says_too_little:
        sentences.append(
            f"{done.says_too_little:,} coverage statements have an embargo and a limit to how far back one may go; "
            "the loader takes only the embargo. Set the other in Alma by hand."
        )
    return {
        "format": "alma",
        "files": [
            {"file": f.path, "collection": f.collection, "action": f.action, "portfolios": f.portfolios}
            for f in done.files
        ],
        "since": done.since,
        "embargo_and_limit": done.says_too_little,
        "sentences": sentences,
    }, Exit.WITH_FINDINGS if done.says_too_little else Exit.DONE


def _free_content(home: Home, configuration: Configuration, vendor: str) -> Outcome:
    from autoholdings_assets.reports.kbart_export import export_left_out

    described = configuration.vendor(vendor)
    path, count = export_left_out(home, described, _today(configuration))
    if count:
        sentence = f"{count} rows of free content written to {path}."
    else:
        sentence = f"{described.title}'s files name no free content."
    return {"file": str(path) if count else None, "rows": count, "sentences": [sentence]}, Exit.DONE


def _today(configuration: Configuration) -> date:
    return datetime.now(ZoneInfo(configuration.institution.timezone)).date()
