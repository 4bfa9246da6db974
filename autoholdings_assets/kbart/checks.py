"""How the rules are worked out: each function says where a column, or a whole row, is well.

A column check gets a column of the frame of ``interpretation.py``; a row check gets that frame. They are vectorised and
take a quick look first, since nearly all of a good file is well. A single ``True`` means: everywhere.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from autoholdings_assets.kbart.dates import DateForm
from autoholdings_assets.kbart.fields import DATE_FIELDS, FIELD_NAMES, IDENTIFIER_FIELDS
from autoholdings_assets.kbart.identifiers import ISBN_FORMS, ISSN_FORMS, IdentifierForm
from autoholdings_assets.kbart.interpretation import EmbargoForm, RowEnd, TypeSource, WordForm
from autoholdings_assets.kbart.text import BoolArray, TextFault, arrow, true
from autoholdings_assets.kbart.vocabulary import PHASE3_ACCESS_TYPES

Column = pd.Series
Frame = pd.DataFrame

# Words that stand in one column only; found in another of these, they show that the row is shifted.
HOME_OF_WORDS = {
    "fulltext": "coverage_depth",
    "serial": "publication_type",
    "monograph": "publication_type",
}
# For each structured column the readings of a value that does not belong there; volumes and issues have no form.
NOT_AT_HOME: dict[str, tuple[IntEnum, ...]] = {
    **{f"{name}:form": (IdentifierForm.UNRECOGNISED,) for name in IDENTIFIER_FIELDS},
    **{f"{name}:form": (DateForm.NONE,) for name in DATE_FIELDS},
    "embargo_info:form": (EmbargoForm.ILLEGAL,),
    "coverage_depth:form": (WordForm.UNKNOWN,),
    "access_type:form": (WordForm.UNKNOWN,),
    "publication_type:source": (TypeSource.IDENTIFIERS, TypeSource.COVERAGE, TypeSource.UNKNOWN),
}
NUMBERING = ("num_first_vol_online", "num_first_issue_online", "num_last_vol_online", "num_last_issue_online")


def is_not(*forms: IntEnum) -> Callable[["Column[Any]"], BoolArray]:
    """A check that a reading did not come out as any of these forms."""
    codes = [int(form) for form in forms]

    def check(values: "Column[Any]") -> BoolArray:
        found = values.to_numpy()
        wrong = found == codes[0]
        for code in codes[1:]:
            wrong |= found == code
        return np.asarray(~wrong)

    return check


def has_no(fault: TextFault) -> Callable[["Column[Any]"], BoolArray]:
    """A check that the text of a cell has not this fault."""
    return lambda values: (values.to_numpy() & int(fault)) == 0


def is_false(values: "Column[Any]") -> BoolArray:
    """The flag is not set."""
    return ~values.to_numpy(dtype=bool)


def present(values: "Column[Any]") -> BoolArray:
    """The cell is not blank."""
    return values.notna().to_numpy()


def blank(values: "Column[Any]") -> BoolArray:
    """The cell is blank."""
    return values.isna().to_numpy()


def is_web_address(values: "Column[Any]") -> BoolArray:
    """Blank, or an address with http or https, a host, and no blank in it."""
    well = true(pc.fill_null(pc.match_substring_regex(arrow(values), r"^(?i:https?)://[^\s/?#]+\S*$"), True))
    return well


# Whole rows


def values_in_their_columns(frame: Frame) -> BoolArray:
    """No cell of a structured column holds what belongs in another one: a URL, or another column's word."""
    well = np.ones(len(frame), dtype=bool)
    for aspect, forms in NOT_AT_HOME.items():
        name = aspect.split(":")[0]
        at = np.flatnonzero(~is_not(*forms)(frame[aspect]))
        well[at] &= _at_home(arrow(frame[name]).take(pa.array(at)), name)
    for name in NUMBERING:
        distinct = arrow(frame[name]).unique()
        if not _at_home(distinct, name).all():
            well &= _at_home(arrow(frame[name]), name)
    return well


def _at_home(values: pa.Array | pa.ChunkedArray, name: str) -> BoolArray:
    foreign = [word for word, home in HOME_OF_WORDS.items() if home != name]
    words = pc.is_in(values, value_set=pa.array(foreign, values.type))
    return ~true(pc.or_(words, pc.fill_null(pc.match_substring(values, "://"), False)))


def coverage_not_cut_off(frame: Frame) -> BoolArray:
    """A row that ends early still says what a serial covers."""
    return np.asarray((frame["field_count:cut"].to_numpy() != RowEnd.BEFORE_COVERAGE) | _is(frame, "monograph"))


def something_identifies(frame: Frame) -> BoolArray:
    """There is an identifier, a title_id or a URL."""
    found = np.zeros(len(frame), dtype=bool)
    for name in (*IDENTIFIER_FIELDS, "title_id", "title_url"):
        found |= frame[name].notna().to_numpy()
        if found.all():
            break
    return found


def has_standard_identifier(frame: Frame) -> BoolArray:
    """There is an ISSN or ISBN in one of the two columns."""
    forms = _identifier_forms(frame)
    return np.asarray(np.isin(forms, ISSN_FORMS + ISBN_FORMS).any(axis=1))


def identifiers_fit_type(frame: Frame) -> BoolArray:
    """Serials have no ISBN, monographs no ISSN; one of the other kind beside a right one counts as well."""
    forms = _identifier_forms(frame)
    issn, isbn = np.isin(forms, ISSN_FORMS).any(axis=1), np.isin(forms, ISBN_FORMS).any(axis=1)
    return ~((_is(frame, "serial") & isbn) | (_is(frame, "monograph") & issn))


def identifiers_differ(frame: Frame) -> BoolArray:
    """Print and online identifier are not the same."""
    one, other = (arrow(frame[name]) for name in IDENTIFIER_FIELDS)
    return ~true(pc.equal(one, other))


def ends_after_start(frame: Frame) -> BoolArray:
    """The period of the last issue does not end before the period of the first begins."""
    return ~true(pc.less(arrow(frame["until_date"]), arrow(frame["from_date"])))


def serial_has_start(frame: Frame) -> BoolArray:
    """A serial has a date of its first issue."""
    return frame["date_first_issue_online"].notna().to_numpy() | ~_is(frame, "serial")


def volumes_rise(frame: Frame) -> BoolArray:
    """Where both volumes are numbers, the last is not lower than the first."""
    return ~(_number(frame["num_last_vol_online"]) < _number(frame["num_first_vol_online"]))


def issues_rise(frame: Frame) -> BoolArray:
    """Where a row covers part of one volume, the last issue is not lower than the first."""
    same_volume = true(pc.equal(arrow(frame["num_first_vol_online"]), arrow(frame["num_last_vol_online"])))
    return ~((_number(frame["num_last_issue_online"]) < _number(frame["num_first_issue_online"])) & same_volume)


def start_of_numbering_given(frame: Frame) -> BoolArray:
    """A last volume has a first volume, a last issue a first issue."""
    lacking = frame["num_last_vol_online"].notna() & frame["num_first_vol_online"].isna()
    lacking |= frame["num_last_issue_online"].notna() & frame["num_first_issue_online"].isna()
    return ~lacking.to_numpy()


def serial_embargo_legal(frame: Frame) -> BoolArray:
    """The embargo of anything but a monograph can be read."""
    return np.asarray((frame["embargo_info:form"].to_numpy() != EmbargoForm.ILLEGAL) | _is(frame, "monograph"))


def monograph_embargo_legal(frame: Frame) -> BoolArray:
    """The embargo of a monograph can be read."""
    return np.asarray((frame["embargo_info:form"].to_numpy() != EmbargoForm.ILLEGAL) | ~_is(frame, "monograph"))


def is_not_phase3_access(frame: Frame) -> BoolArray:
    """access_type is not one of those that Phase III adds."""
    values = arrow(frame["access_type"])
    return ~true(pc.is_in(values, value_set=pa.array(PHASE3_ACCESS_TYPES, values.type)))


def not_a_repetition(frame: Frame) -> BoolArray:
    """No earlier row is the same in all 25 columns. Only rows whose content has the same number are compared."""
    well = np.ones(len(frame), dtype=bool)
    candidates = np.flatnonzero(pd.Series(frame["content"].to_numpy()).duplicated(keep=False))
    if len(candidates):
        well[candidates] = ~frame[list(FIELD_NAMES)].iloc[candidates].duplicated().to_numpy()
    return well


def _is(frame: Frame, publication_type: str) -> BoolArray:
    return true(pc.equal(arrow(frame["publication_type"]), publication_type))


def _identifier_forms(frame: Frame) -> np.ndarray[Any, np.dtype[np.int8]]:
    return np.column_stack([frame[f"{name}:form"].to_numpy() for name in IDENTIFIER_FIELDS])


def _number(values: "Column[Any]") -> np.ndarray[Any, np.dtype[np.float64]]:
    """The values that are whole numbers; NaN for the others, which compare with nothing."""
    text = arrow(values)
    if text.null_count == len(text):
        return np.full(len(text), np.nan)
    whole = pc.if_else(pc.match_substring_regex(text, r"^[0-9]{1,15}$"), text, pa.scalar(None, text.type))
    return np.asarray(pc.cast(whole, pa.float64()).to_numpy())
