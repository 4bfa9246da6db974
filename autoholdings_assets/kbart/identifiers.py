"""ISSN and ISBN: one form for each, and whether the check digit is right. Vectorised over whole columns.

ISSN become ``NNNN-NNNC`` (ISO 3297), ISBN become thirteen digits (ISO 2108). A wrong check digit is no reason to drop
an identifier, since vendors and libraries copy the same slips: it keeps its form and is reported. Leading zeros that
a spreadsheet took off are put back only where the check digit proves it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from autoholdings_assets.kbart.text import TEXT_DTYPE, BoolArray, arrow, series, true

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]

PREFIX_AND_SEPARATORS = r"(?i)^[ep]?-?IS[SB]N(?:-1[03])?[:\s]*|[\s\x{00AD}\x{2010}-\x{2015}\x{2212}.\-]+"
PLACEHOLDERS = ("0" * 8, "0" * 10, "0" * 13, "N/A", "NA", "NONE", "NULL", "TBA", "TBD", "UNKNOWN", "")
ISSN_LENGTH, ISBN10_LENGTH, ISBN13_LENGTH = 8, 10, 13
ISSN_WITHOUT_ZEROS = (5, 6, 7)
ISBN10_WITHOUT_ZEROS = (9,)
HYPHEN, ZERO, X = ord("-"), ord("0"), ord("X")


class IdentifierForm(IntEnum):
    """What a cell holds."""

    BLANK = 0
    ISSN = 1
    ISBN = 2
    WRONG_ISSN = 3  # has the form of an ISSN, but the check digit does not fit
    WRONG_ISBN = 4
    RESTORED_ISSN = 5  # leading zeros were lost and are put back, which the check digit proves
    RESTORED_ISBN = 6
    PLACEHOLDER = 7  # 0000-0000, N/A: stands for nothing
    UNRECOGNISED = 8
    ISBN10 = 9  # right, and given as thirteen digits


ISSN_FORMS = (IdentifierForm.ISSN, IdentifierForm.WRONG_ISSN, IdentifierForm.RESTORED_ISSN)
ISBN_FORMS = (IdentifierForm.ISBN, IdentifierForm.ISBN10, IdentifierForm.WRONG_ISBN, IdentifierForm.RESTORED_ISBN)


@dataclass(frozen=True)
class IdentifierColumn:
    """A column of identifiers: ``value`` in one form (as given where unrecognised), and each one's form."""

    value: "pd.Series[str]"
    form: npt.NDArray[np.int8]


def normalise_identifiers(values: "pd.Series[str]") -> IdentifierColumn:
    """Bring a column of ISSN and ISBN into one form; blank and placeholders become null."""
    given = arrow(values).combine_chunks()
    form = np.zeros(len(given), dtype=np.int8)
    form[~true(pc.is_null(given))] = IdentifierForm.UNRECOGNISED
    _mark_canonical(given, form)
    rest = np.flatnonzero(form == IdentifierForm.UNRECOGNISED)
    if len(rest) == 0:
        return IdentifierColumn(series(given), form)
    replaced, found = _normalise_other_forms(given.take(pa.array(rest)))
    form[rest] = found
    mask = np.zeros(len(given), dtype=bool)
    mask[rest] = True
    return IdentifierColumn(series(pc.replace_with_mask(given, pa.array(mask), replaced)), form)


def normalise_identifier(value: str) -> str | None:
    """One identifier in its one form; as given if it is neither ISSN nor ISBN, ``None`` for a placeholder."""
    normalised = normalise_identifiers(pd.Series([value], dtype=TEXT_DTYPE)).value[0]
    return normalised if isinstance(normalised, str) else None


def _mark_canonical(given: pa.Array, form: npt.NDArray[np.int8]) -> None:
    """Mark what is in its one form already, which is nearly all of a good file: those need no copy."""
    lengths = pc.fill_null(pc.binary_length(given), 0).to_numpy()
    at, text = _rows_of_length(given, lengths, ISSN_LENGTH + 1)
    compact = np.delete(text, 4, axis=1)
    proper = (text[:, 4] == HYPHEN) & _is_number(compact, last_may_be_x=True) & (compact != ZERO).any(axis=1)
    form[at[proper]] = np.where(_issn_ok(compact[proper]), IdentifierForm.ISSN, IdentifierForm.WRONG_ISSN)
    at, text = _rows_of_length(given, lengths, ISBN13_LENGTH)
    proper = _is_isbn13(text)
    form[at[proper]] = np.where(_isbn13_ok(text[proper]), IdentifierForm.ISBN, IdentifierForm.WRONG_ISBN)


def _normalise_other_forms(given: pa.Array) -> tuple[pa.Array, npt.NDArray[np.int8]]:
    """Hyphens, blanks, small x, ISBN-10, lost zeros: the values in their one form, and what each is."""
    compact = pc.ascii_upper(pc.replace_substring_regex(given, pattern=PREFIX_AND_SEPARATORS, replacement=""))
    lengths = pc.binary_length(compact).to_numpy()
    form = np.full(len(given), IdentifierForm.UNRECOGNISED, dtype=np.int8)
    result = given

    def settle(at: Numbers, text: Bytes, kinds: "npt.NDArray[np.int8] | IdentifierForm") -> None:
        nonlocal result
        form[at] = kinds
        mask = np.zeros(len(form), dtype=bool)
        mask[at] = True
        result = pc.replace_with_mask(result, pa.array(mask), _text(text))

    at, text = _rows_of_length(compact, lengths, ISSN_LENGTH)
    proper = _is_number(text, last_may_be_x=True)
    at, text = at[proper], text[proper]
    settle(at, _hyphenated(text), np.where(_issn_ok(text), IdentifierForm.ISSN, IdentifierForm.WRONG_ISSN))

    at, text = _rows_of_length(compact, lengths, ISBN13_LENGTH)
    proper = _is_isbn13(text)
    at, text = at[proper], text[proper]
    settle(at, text, np.where(_isbn13_ok(text), IdentifierForm.ISBN, IdentifierForm.WRONG_ISBN))

    at, text = _rows_of_length(compact, lengths, ISBN10_LENGTH)
    proper = _is_number(text, last_may_be_x=True)
    at, text = at[proper], text[proper]
    right = _isbn10_ok(text)
    settle(at[right], _isbn10_to_13(text[right]), IdentifierForm.ISBN10)
    settle(at[~right], text[~right], IdentifierForm.WRONG_ISBN)

    for length in ISSN_WITHOUT_ZEROS:
        at, text = _rows_of_length(compact, lengths, length)
        text, right = _zeros_put_back(text, ISSN_LENGTH, _issn_ok)
        settle(at[right], _hyphenated(text[right]), IdentifierForm.RESTORED_ISSN)
    for length in ISBN10_WITHOUT_ZEROS:
        at, text = _rows_of_length(compact, lengths, length)
        text, right = _zeros_put_back(text, ISBN10_LENGTH, _isbn10_ok)
        settle(at[right], _isbn10_to_13(text[right]), IdentifierForm.RESTORED_ISBN)

    placeholder = true(pc.is_in(compact, value_set=pa.array(PLACEHOLDERS, compact.type)))
    form[placeholder] = IdentifierForm.PLACEHOLDER
    return pc.if_else(pa.array(placeholder), pa.scalar(None, result.type), result), form


def _rows_of_length(values: pa.Array, lengths: Numbers, length: int) -> tuple[Numbers, Bytes]:
    """The positions of the values of a length in bytes, and their bytes as a matrix, one row each."""
    at = np.flatnonzero(lengths == length)
    if len(at) == 0:
        return at, np.empty((0, length), dtype=np.uint8)
    taken = values.take(pa.array(at))  # a fresh array: its bytes lie one after another from the start
    return at, np.frombuffer(taken.buffers()[2], dtype=np.uint8, count=len(at) * length).reshape(len(at), length)


def _is_number(text: Bytes, *, last_may_be_x: bool) -> BoolArray:
    digits = (text >= ZERO) & (text <= ZERO + 9)
    if last_may_be_x:
        digits[:, -1] |= text[:, -1] == X
    return np.asarray(digits.all(axis=1))


def _is_isbn13(text: Bytes) -> BoolArray:
    starts_978_or_979 = (text[:, :2] == np.frombuffer(b"97", np.uint8)).all(axis=1) & (text[:, 2] >= ZERO + 8)
    return np.asarray(_is_number(text, last_may_be_x=False) & starts_978_or_979)


def _digits(text: Bytes) -> Numbers:
    numbers = text.astype(np.int64) - ZERO
    numbers[text == X] = 10
    return numbers


def _issn_ok(text: Bytes) -> BoolArray:
    return np.asarray(_digits(text) @ np.arange(8, 0, -1) % 11 == 0)


def _isbn10_ok(text: Bytes) -> BoolArray:
    return np.asarray(_digits(text) @ np.arange(10, 0, -1) % 11 == 0)


def _isbn13_ok(text: Bytes) -> BoolArray:
    return np.asarray(_digits(text) @ np.array([1, 3] * 6 + [1]) % 10 == 0)


def _isbn10_to_13(text: Bytes) -> Bytes:
    stem = np.hstack([np.tile(np.frombuffer(b"978", np.uint8), (len(text), 1)), text[:, :9]])
    check = -(_digits(stem) @ np.array([1, 3] * 6)) % 10
    return np.hstack([stem, (check + ZERO).astype(np.uint8)[:, None]])


def _zeros_put_back(text: Bytes, length: int, check: Callable[[Bytes], BoolArray]) -> tuple[Bytes, BoolArray]:
    """Numbers with zeros before them, and where that is right: a spreadsheet leaves no zero in front."""
    padded = np.hstack([np.full((len(text), length - text.shape[1]), ZERO, dtype=np.uint8), text])
    right = _is_number(padded, last_may_be_x=True) & (text[:, 0] != ZERO)
    right[right] = check(padded[right])
    return padded, right


def _hyphenated(text: Bytes) -> Bytes:
    return np.insert(text, 4, HYPHEN, axis=1)


def _text(text: Bytes) -> pa.Array:
    count, length = text.shape
    offsets = np.arange(count + 1, dtype=np.int64) * length
    return pa.LargeStringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(text)))
