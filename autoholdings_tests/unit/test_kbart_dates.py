"""Partial dates as periods, and embargo statements."""

from datetime import date

import pandas as pd
import pytest

from autoholdings_assets.kbart.dates import DateForm, kbart_form, parse_date, parse_dates
from autoholdings_assets.kbart.embargo import normalise_embargo


@pytest.mark.rule("A15")
@pytest.mark.parametrize(
    ("given", "begin", "end", "form"),
    [
        ("2004", date(2004, 1, 1), date(2004, 12, 31), DateForm.KBART),
        ("2004-02", date(2004, 2, 1), date(2004, 2, 29), DateForm.KBART),
        ("2003-02", date(2003, 2, 1), date(2003, 2, 28), DateForm.KBART),
        ("2004-12-31", date(2004, 12, 31), date(2004, 12, 31), DateForm.KBART),
        ("1665-03-06", date(1665, 3, 6), date(1665, 3, 6), DateForm.KBART),
        ("2004/5/7", date(2004, 5, 7), date(2004, 5, 7), DateForm.OTHER),
        ("2004-5", date(2004, 5, 1), date(2004, 5, 31), DateForm.OTHER),
        ("2004.0", date(2004, 1, 1), date(2004, 12, 31), DateForm.OTHER),
        ("2004-05-17 00:00:00", date(2004, 5, 17), date(2004, 5, 17), DateForm.OTHER),
        ("2004-05-17T00:00:00Z", date(2004, 5, 17), date(2004, 5, 17), DateForm.OTHER),
        ("9999", date(9999, 1, 1), date(9999, 12, 31), DateForm.FAR_FUTURE),
        ("9999-12-31", date(9999, 12, 31), date(9999, 12, 31), DateForm.FAR_FUTURE),
        ("41275", None, None, DateForm.EXCEL_SERIAL),
        ("2004-00", None, None, DateForm.NONE),
        ("2004-00-00", None, None, DateForm.NONE),
        ("2004-13", None, None, DateForm.NONE),
        ("2003-02-29", None, None, DateForm.NONE),
        ("17.05.2004", None, None, DateForm.NONE),
        ("05/17/2004", None, None, DateForm.NONE),
        ("20040517", None, None, DateForm.NONE),
        ("0204", None, None, DateForm.NONE),
        ("04", None, None, DateForm.NONE),
        ("present", None, None, DateForm.NONE),
        ("2004-2006", None, None, DateForm.NONE),
        ("٢٠٠٤", None, None, DateForm.NONE),
    ],
)
def test_dates_are_periods_or_none(given: str, begin: date | None, end: date | None, form: DateForm) -> None:
    found = parse_date(given)
    assert (found.begin, found.end, found.form) == (begin, end, form)


def test_a_column_is_read_as_its_values_are() -> None:
    values = ["2004", None, "junk", "2004-05", "2004"]
    found = parse_dates(pd.Series(values, dtype="str"))
    assert found.begin.to_pylist() == [date(2004, 1, 1), None, None, date(2004, 5, 1), date(2004, 1, 1)]
    assert found.end.to_pylist() == [date(2004, 12, 31), None, None, date(2004, 5, 31), date(2004, 12, 31)]
    assert found.form.to_pylist() == [DateForm.KBART, DateForm.BLANK, DateForm.NONE, DateForm.KBART, DateForm.KBART]


@pytest.mark.parametrize(
    ("given", "declared", "end"),
    [
        ("17.05.2004", "%d.%m.%Y", date(2004, 5, 17)),
        ("05/2004", "%m/%Y", date(2004, 5, 31)),
        ("May 2004", "%B %Y", date(2004, 5, 31)),
        ("20040517", "%Y%m%d", date(2004, 5, 17)),
    ],
)
def test_a_declared_format_keeps_its_precision(given: str, declared: str, end: date) -> None:
    found = parse_date(given, (declared,))
    assert (found.end, found.form) == (end, DateForm.DECLARED)
    assert parse_date(kbart_form(given, (declared,))).end == end


@pytest.mark.parametrize(
    ("given", "written"),
    [("2004/5/7", "2004-05-07"), ("2004-5", "2004-05"), ("2004.0", "2004"), ("2004-01", "2004-01"), ("junk", "junk")],
)
def test_kbart_form(given: str, written: str) -> None:
    assert kbart_form(given) == written


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("P1Y", "P1Y"),
        ("R10Y", "R10Y"),
        ("R10Y;P30D", "R10Y;P30D"),
        ("P30D;R10Y", "R10Y;P30D"),
        (" p 12 m ", "P12M"),
        ("P0D", ""),
        ("P1Y;P2Y", None),
        ("R1Y;R2Y", None),
        ("12 months", None),
        ("P", None),
        ("P1W", None),
        ("P1Y6M", None),
        ("-P1Y", None),
    ],
)
def test_embargo_forms(given: str, normal: str | None) -> None:
    assert normalise_embargo(given) == normal
