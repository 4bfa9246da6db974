"""ISSN and ISBN against python-stdnum, over random numbers and over every spelling that vendors use."""

import random

import numpy as np
import pandas as pd
import pytest
from stdnum import isbn as stdnum_isbn
from stdnum import issn as stdnum_issn

from autoholdings_assets.kbart.identifiers import (
    IdentifierForm,
    normalise_identifier,
    normalise_identifiers,
)


def column(values: list[str | None]) -> pd.Series:
    return pd.Series(values, dtype="str")


def numbers(length: int, last: str, count: int = 3_000) -> list[str]:
    chance = random.Random(length)
    return ["".join(chance.choices("0123456789", k=length - 1)) + chance.choice(last) for _ in range(count)]


def test_issn_check_digits_agree_with_stdnum() -> None:
    values = [f"{number[:4]}-{number[4:]}" for number in numbers(8, "0123456789X")]
    expected = [stdnum_issn.is_valid(value) and value != "0000-0000" for value in values]
    assert any(expected) and not all(expected)
    assert (normalise_identifiers(column(values)).form == IdentifierForm.ISSN).tolist() == expected


def test_isbn13_check_digits_agree_with_stdnum() -> None:
    values = [prefix + number[3:] for number in numbers(13, "0123456789") for prefix in ("978", "979")]
    expected = [bool(stdnum_isbn.is_valid(value)) for value in values]
    assert any(expected) and not all(expected)
    assert (normalise_identifiers(column(values)).form == IdentifierForm.ISBN).tolist() == expected


def test_isbn10_are_converted_as_stdnum_does() -> None:
    values = [value for value in numbers(10, "0123456789X") if stdnum_isbn.is_valid(value)]
    assert len(values) > 100
    assert normalise_identifiers(column(values)).value.tolist() == [stdnum_isbn.to_isbn13(value) for value in values]


@pytest.mark.parametrize(
    ("given", "normalised", "form"),
    [
        ("0028-0836", "0028-0836", IdentifierForm.ISSN),
        ("00280836", "0028-0836", IdentifierForm.ISSN),
        ("0028 0836", "0028-0836", IdentifierForm.ISSN),
        ("0028\u20130836", "0028-0836", IdentifierForm.ISSN),
        ("ISSN 0028-0836", "0028-0836", IdentifierForm.ISSN),
        ("eISSN: 1476-4687", "1476-4687", IdentifierForm.ISSN),
        ("2434-561x", "2434-561X", IdentifierForm.ISSN),
        ("0028-0837", "0028-0837", IdentifierForm.WRONG_ISSN),
        ("00280837", "0028-0837", IdentifierForm.WRONG_ISSN),
        ("280836", "0028-0836", IdentifierForm.RESTORED_ISSN),
        ("280837", "280837", IdentifierForm.UNRECOGNISED),
        ("00032-258X", "00032-258X", IdentifierForm.UNRECOGNISED),  # a zero too many is no zero lost
        ("978-0-306-40615-7", "9780306406157", IdentifierForm.ISBN),
        ("9780306406157", "9780306406157", IdentifierForm.ISBN),
        ("9780306406158", "9780306406158", IdentifierForm.WRONG_ISBN),
        ("0-306-40615-2", "9780306406157", IdentifierForm.ISBN10),
        ("306406152", "9780306406157", IdentifierForm.RESTORED_ISBN),
        ("0306406153", "0306406153", IdentifierForm.WRONG_ISBN),
        ("0000-0000", None, IdentifierForm.PLACEHOLDER),
        ("n/a", None, IdentifierForm.PLACEHOLDER),
        ("-", None, IdentifierForm.PLACEHOLDER),
        ("10.1000/182", "10.1000/182", IdentifierForm.UNRECOGNISED),
        ("0028-0836; 1476-4687", "0028-0836; 1476-4687", IdentifierForm.UNRECOGNISED),
        ("१२३४-५६७८", "१२३४-५६७८", IdentifierForm.UNRECOGNISED),  # digits, but not ASCII's
    ],
)
def test_spellings(given: str, normalised: str | None, form: IdentifierForm) -> None:
    found = normalise_identifiers(column([given, None]))
    assert [value if isinstance(value, str) else None for value in found.value] == [normalised, None]
    assert found.form.tolist() == [form, IdentifierForm.BLANK]
    assert normalise_identifier(given) == normalised


def test_a_mixed_column_keeps_its_order() -> None:
    given = ["0028-0836", "n/a", "0-306-40615-2", None, "00280836", "junk", "9780306406157"]
    found = normalise_identifiers(column(given)).value
    assert [value if isinstance(value, str) else None for value in found] == [
        "0028-0836", None, "9780306406157", None, "0028-0836", "junk", "9780306406157",
    ]  # fmt: skip


def test_normalising_twice_changes_nothing() -> None:
    chance = random.Random(1)
    given = column(["".join(chance.choices("0123456789Xx- ", k=chance.randint(1, 15))) for _ in range(5_000)])
    once = normalise_identifiers(given).value
    twice = normalise_identifiers(once)
    assert once.equals(twice.value)
    assert not np.isin(twice.form, (IdentifierForm.RESTORED_ISSN, IdentifierForm.RESTORED_ISBN)).any()
