"""Partial dates: ``2004``, ``2004-05``, ``2004-05-17``, each the period from its first day to its last.

Nothing is guessed: what is not certainly a date is none, and the rules make an error of it. A vendor's other formats
are declared (``ReadingOptions.date_formats``). Vectorised over the distinct values, of which a column has few.
"""

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum

import pandas as pd
import pyarrow as pa

from autoholdings_assets.kbart.text import map_distinct

EARLIEST_YEAR, LATEST_YEAR = 1400, 2199
OPEN_END_YEAR = 9999
"""Some vendors write 9999 for "to the present"; it is read as given and reported."""

KBART_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
OTHER_CERTAIN_FORM = re.compile(
    r"(\d{4})(?:\.0|[-/](\d{1,2})(?:[-/](\d{1,2}))?(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?)?)", re.ASCII
)
EXCEL_SERIAL = re.compile(r"\d{5}(?:\.0+)?", re.ASCII)


class DateForm(IntEnum):
    """How a date was written. ``NONE`` and ``EXCEL_SERIAL`` are no dates."""

    BLANK = 0
    KBART = 1
    OTHER = 2  # certain, but not KBART's form: 2004/05/17, 2004-5-17, 2004-05-17 00:00:00
    DECLARED = 3  # in a format that was declared for the vendor
    FAR_FUTURE = 4  # 9999 or 9999-12-31
    EXCEL_SERIAL = 5
    NONE = 6


@dataclass(frozen=True)
class PartialDate:
    """The period that a date stands for, both days included; ``None`` when it is no date."""

    begin: date | None
    end: date | None
    form: DateForm


@dataclass(frozen=True)
class DateColumn:
    """A column of dates: Arrow date32 arrays of first and last days, and each value's :class:`DateForm` (int8)."""

    begin: pa.Array
    end: pa.Array
    form: pa.Array


def parse_date(value: str, formats: Sequence[str] = ()) -> PartialDate:
    """Read one date. ``formats`` are strptime formats declared for the vendor, tried after KBART's own."""
    match = KBART_DATE.fullmatch(value)
    if match:
        return _period(match, DateForm.KBART)
    for declared in formats:
        try:
            moment = datetime.strptime(value, declared)
        except ValueError:
            continue
        return _declared_period(moment.date(), declared)
    match = OTHER_CERTAIN_FORM.fullmatch(value)
    if match:
        return _period(match, DateForm.OTHER)
    return PartialDate(None, None, DateForm.EXCEL_SERIAL if EXCEL_SERIAL.fullmatch(value) else DateForm.NONE)


def parse_dates(values: pd.Series, formats: Sequence[str] = ()) -> DateColumn:
    """Read a column of dates; blank stays blank (null)."""
    parsed = map_distinct(
        values,
        lambda distinct: [parse_date(value, formats) for value in distinct],
        {
            "begin": (pa.date32(), lambda found: found.begin),
            "end": (pa.date32(), lambda found: found.end),
            "form": (pa.int8(), lambda found: int(found.form)),
        },
    )
    return DateColumn(parsed["begin"], parsed["end"], parsed["form"].fill_null(int(DateForm.BLANK)))


def kbart_form(value: str, formats: Sequence[str] = ()) -> str:
    """A date as KBART writes it, as precise as it was given; what is no date, as it is."""
    parsed = parse_date(value, formats)
    if parsed.begin is None or parsed.end is None or parsed.form is DateForm.KBART:
        return value
    year, month, written = parsed.begin.year, parsed.begin.month, parsed.begin.isoformat()
    for first_of, last_of, length in ((1, None, 4), (month, month, 7)):
        if (parsed.begin, parsed.end) == (date(year, first_of, 1), _last_day(year, last_of, None)):
            return written[:length]
    return written


def _period(match: re.Match[str], form: DateForm) -> PartialDate:
    year, month, day = (int(part) if part else None for part in match.groups()[:3])
    assert year is not None
    if year == OPEN_END_YEAR:
        form = DateForm.FAR_FUTURE
    elif not EARLIEST_YEAR <= year <= LATEST_YEAR:
        return PartialDate(None, None, DateForm.NONE)
    try:
        begin = date(year, 1 if month is None else month, 1 if day is None else day)
        return PartialDate(begin, _last_day(year, month, day), form)
    except ValueError:  # month 13, 30 February
        return PartialDate(None, None, DateForm.NONE)


def _declared_period(moment: date, declared: str) -> PartialDate:
    """A format without a day, or without a month, stands for the whole month or year."""
    plain = declared.replace("%%", "")
    whole = any(code in plain for code in ("%x", "%c", "%D", "%F", "%j"))
    has_day = whole or "%d" in plain
    has_month = has_day or any(code in plain for code in ("%m", "%b", "%B"))
    if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
        return PartialDate(None, None, DateForm.NONE)
    month, day = (moment.month if has_month else None), (moment.day if has_day else None)
    return PartialDate(moment, _last_day(moment.year, month, day), DateForm.DECLARED)


def _last_day(year: int, month: int | None, day: int | None) -> date:
    if month is None:
        return date(year, 12, 31)
    return date(year, month, day if day is not None else calendar.monthrange(year, month)[1])
