"""Points in time that repeat: checking a cron expression, its next time, and saying it in words.

What belongs here: five-field cron expressions in a time zone. What does not: who runs at that time.
"""

from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from cron_descriptor import FormatError, Options, get_description  # type: ignore[import-untyped]
from croniter import CroniterError, croniter

from autoholdings_assets.vendors.yaml_documents import nearest


def checked_cron(expression: str) -> str:
    """The expression, its blanks tidied; ``ValueError`` with what to write when it is none, or never comes."""
    fields = expression.split()
    tidy = " ".join(fields)
    if len(fields) != 5 or not _comes(tidy):
        raise ValueError(
            "this is no schedule; write five cron fields (minute hour day month weekday), for example "
            '"0 6 * * SAT" for every Saturday at 06:00.'
        )
    return tidy


def _comes(expression: str) -> bool:
    """Whether there is a next time (there is no 31 February), and words for it."""
    try:
        croniter(expression, datetime(2024, 1, 1, tzinfo=UTC)).get_next()
        cron_in_words(expression)
    except (CroniterError, FormatError):
        return False
    return True


timezones = cache(available_timezones)  # the system's folder of time zones is read once


def checked_timezone(name: str) -> str:
    """The name of a time zone; ``ValueError`` with the nearest one when there is none of this name."""
    if name not in timezones():
        raise ValueError(
            f"this is no time zone{nearest(name, timezones())}. Write a name such as "
            '"America/New_York" or "Europe/Paris".'
        )
    return name


def next_time(expression: str, timezone: str, after: datetime) -> datetime:
    """The first time after ``after`` (which carries a time zone), in ``timezone``.

    As Dagster's scheduler has it: a time that the clock skips in spring is the first one after the gap, and one that it
    shows twice in autumn counts once, the second time.
    """
    found: datetime = croniter(expression, after.astimezone(ZoneInfo(timezone))).get_next(datetime)
    return found.replace(fold=1)


def cron_in_words(expression: str) -> str:
    """``At 06:00, only on Saturday`` for ``0 6 * * SAT``."""
    options = Options()
    options.use_24hour_time_format = True
    return str(get_description(expression, options))
