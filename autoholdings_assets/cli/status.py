"""The command ``status``: how things stand now, and what comes next.

What belongs here: profiles, vendors, collections, the inbox, each in a line. What does not: whether the machine is set
up right (``doctor.py``), and what happened before (``show.py``).
"""

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import click

from autoholdings_assets.cli.console import opened, print_json, print_table, report_options, say
from autoholdings_assets.config import Configuration, Home, IntegrationProfile
from autoholdings_assets.reports.wording import counts_in_words, moment

if TYPE_CHECKING:
    from autoholdings_assets.holdings.freshness import Staleness
    from autoholdings_assets.holdings.warehouse import Connection


@click.command()
@report_options
def status(home: Home, as_json: bool) -> None:
    """Profiles, their last file and run, the next run, and what needs attention."""
    with opened(home) as (configuration, connection):
        found = _status(home, configuration, connection)
    if as_json:
        print_json(found)
        return
    say(f"{found['institution']} ({home.path})", style="bold")
    print_table(
        ("profile", "vendor", "state", "groups", "last file", "of", "last met"),
        [
            (p["profile"], p["vendor"], p["state"], ", ".join(p["groups"]), p["last_file"], p["file_date"],
             p["last_outcome"])
            for p in found["profiles"]
        ],
        title="Integration profiles",
    )  # fmt: skip
    print_table(
        ("vendor", "last run", "outcome", "schedule", "next run", "plan"),
        [
            (v["vendor"], moment(v["last_run"]), v["outcome"], v["schedule"],
             moment(v["next_run"], found["timezone"]), v["waiting_plan"])
            for v in found["vendors"]
        ],
        title="Vendors",
    )  # fmt: skip
    for v in found["vendors"]:
        say(v["freshness"], style="green" if v["fresh"] else "yellow")
    for p in found["profiles"]:
        if p["first_file"]:
            say(p["first_file"], style="yellow")
    for path in found["refused_deliveries"]:
        say(f"Refused, and why: {path}", style="yellow")
    print_table(
        ("collection", "active", "portfolios"),
        [(c["collection"], c["active"], c["portfolios"]) for c in found["collections"]],
        title="Electronic collections",
    )
    for sentence in found["warnings"]:
        say(f"Note: {sentence}", style="yellow")
    attention = found["needs_attention"]
    say(f"Needs attention: {counts_in_words(attention)}", style="yellow" if attention else "green")


def _status(home: Home, configuration: Configuration, connection: "Connection") -> dict[str, Any]:
    from autoholdings_assets.holdings.freshness import staleness  # these bring DuckDB and httpx: only when needed
    from autoholdings_assets.holdings.warehouse import rows
    from autoholdings_assets.retrieval import Inbox
    from autoholdings_assets.vendors.cron import next_time

    now = datetime.now(UTC)
    used = configuration.vendors_used()

    def latest(key: str, columns: str, table: str, moment: str) -> dict[str, dict[str, Any]]:
        query = f"SELECT DISTINCT ON ({key}) {key}, {columns} FROM {table} ORDER BY {key}, {moment} DESC"
        return {row[key]: row for row in rows(connection, query)}

    def by_name(query: str) -> dict[str, Any]:
        return dict(connection.execute(query).fetchall())

    day = "coalesce(file_date, retrieved_at::DATE) AS day"
    files = latest("profile", f"file_name, file_date, {day}", "kbart_file", "retrieved_at")
    met = latest("profile", "outcome", "job_run_profile", "at_time")
    last = latest("vendor", "started_at, outcome", "job_run", "started_at")
    waiting = by_name("SELECT vendor, max(plan_id) FROM plan WHERE status = 'held' GROUP BY vendor")
    portfolios = by_name("SELECT collection, count(*) FROM portfolio GROUP BY collection")
    attention = by_name("SELECT kind, count(*) FROM needs_attention GROUP BY kind ORDER BY kind")
    judged = {name: staleness(connection, configuration, name, now) for name in used}
    vendors = []
    for name in used:
        schedule = configuration.governing_schedule(name)
        days = [files[p.name]["day"] for p in configuration.profiles_of(name, active_only=True) if p.name in files]
        vendors.append(
            {
                "vendor": name,
                "last_run": last.get(name, {}).get("started_at"),
                "outcome": last.get(name, {}).get("outcome"),
                "schedule": schedule and f"{schedule.in_words()}, from {schedule.profile}",
                "next_run": schedule and next_time(schedule.cron, schedule.timezone, now),
                "waiting_plan": waiting.get(name),
                "fresh": not judged[name].is_stale,
                "freshness": _freshness(configuration, judged[name], max(days, default=None)),
            }
        )
    return {
        "institution": configuration.institution.name,
        "timezone": configuration.institution.timezone,
        "home": home.path,
        "profiles": [
            {
                "profile": p.name,
                "vendor": p.vendor,
                "state": "Active" if p.active else "Inactive",
                "groups": list(p.groups),
                "last_file": files.get(p.name, {}).get("file_name"),
                "file_date": files.get(p.name, {}).get("file_date"),
                "last_outcome": met.get(p.name, {}).get("outcome"),
                "first_file": None if p.name in files or not p.active else _first_file(configuration, p, now),
            }
            for p in configuration.integration_profiles
        ],
        "vendors": vendors,
        "collections": [
            {"collection": c.name, "active": c.is_ready, "portfolios": portfolios.get(c.name, 0)}
            for c in configuration.electronic_collections
        ],
        "warnings": [*configuration.warnings, *configuration.notes],
        "refused_deliveries": Inbox(home.inbox).answers(),
        "needs_attention": attention,
    }


def _freshness(configuration: Configuration, found: "Staleness", last_file: date | None) -> str:
    """Whether a vendor's holdings are fresh, in a sentence."""
    vendor = configuration.vendor(found.vendor)
    if found.message:
        return f"{vendor.title}: stale. {found.message}"
    if found.fresh_until is None or last_file is None:
        return f"{vendor.title}: no file yet. {vendor.title} makes it {vendor.publication.description}."
    until = moment(found.fresh_until, configuration.institution.timezone)
    return f"{vendor.title}: fresh, last file {last_file}; the next one must have come by {until}."


def _first_file(configuration: Configuration, profile: IntegrationProfile, now: datetime) -> str:
    """When to expect the first file of a profile that has brought none (rule W6)."""
    vendor = configuration.vendor(profile.vendor)
    due = vendor.next_publication(now)
    expected = f" The next one is due at {moment(due, vendor.publication.timezone)}." if due else ""
    return f"{profile.name}: no file yet. {vendor.publication.first_file}{expected}"
