"""What the cells of a title list mean: cleaned text, one form of identifiers, dates as periods, types, embargo.

Nothing is judged here; each reading leaves an *aspect* beside its column (``print_identifier:form``), which the rules
in ``rules.py`` look at. The part of an aspect's name before the colon is the column that a finding names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from autoholdings_assets.kbart.dates import DateForm, kbart_form, parse_dates
from autoholdings_assets.kbart.embargo import normalise_embargo
from autoholdings_assets.kbart.fields import BY_NAME, DATE_FIELDS, FIELD_NAMES, IDENTIFIER_FIELDS
from autoholdings_assets.kbart.identifiers import ISBN_FORMS, ISSN_FORMS, normalise_identifiers
from autoholdings_assets.kbart.reader import OVERFLOW, KbartText
from autoholdings_assets.kbart.text import (
    BoolArray,
    TextFault,
    arrow,
    clean_text,
    hashed,
    map_distinct,
    replace_distinct,
    series,
    text_faults,
    true,
)
from autoholdings_assets.kbart.vocabulary import ACCESS_TYPES, COVERAGE_DEPTHS, PUBLICATION_TYPES

COVERAGE_FIELDS = ("date_first_issue_online", "date_last_issue_online", "embargo_info")
HABIT = 0.5
"""From this share of short rows on, short rows are the export's habit, not damage."""
FAULTS_TO_CLEAN = TextFault.CONTROL | TextFault.MARKUP | TextFault.LITERAL_ESCAPE


class WordForm(IntEnum):
    """How a controlled value was written."""

    BLANK = 0
    KBART = 1
    OTHER_SPELLING = 2
    UNKNOWN = 3


class TypeSource(IntEnum):
    """Where a row's publication type comes from."""

    STATED = 1
    OTHER_SPELLING = 2
    IDENTIFIERS = 3
    COVERAGE = 4
    UNKNOWN = 5


class EmbargoForm(IntEnum):
    """How an embargo was written."""

    BLANK = 0
    KBART = 1
    OTHER_SPELLING = 2
    ILLEGAL = 3


class RowEnd(IntEnum):
    """How far a row goes."""

    COMPLETE = 0
    SHORT = 1
    BEFORE_COVERAGE = 2  # some of what says which years are covered is cut off


@dataclass(frozen=True)
class Interpretation:
    """``frame``: the 25 columns with their aspects, which the rules check.

    ``understood``: the 25 columns as understood, ``from_date``, ``until_date`` (date32), and ``content`` (uint64), a
    number that is the same for rows that say the same in the 25.
    """

    frame: pd.DataFrame
    understood: dict[str, pa.ChunkedArray]


def interpret(given: pd.DataFrame, ends: npt.NDArray[np.int8], date_formats: tuple[str, ...] = ()) -> Interpretation:
    """Read the meaning of every cell of a text frame, or of a part of one, whose rows end as ``ends`` (`row_ends`)."""
    fields: dict[str, pd.Series] = {}
    aspects: dict[str, pd.Series | npt.NDArray[np.generic]] = {}
    for name in FIELD_NAMES:
        faults = text_faults(given[name], BY_NAME[name].max_length)
        if faults is not None:
            aspects[f"{name}:text"] = faults
        fields[name] = given[name] if faults is None else _cleaned(given[name], faults)

    for name in IDENTIFIER_FIELDS:
        identifiers = normalise_identifiers(fields[name])
        aspects[f"{name}:form"] = identifiers.form
        aspects[f"{name}:rewritten"] = true(pc.not_equal(arrow(fields[name]), arrow(identifiers.value)))
        fields[name] = identifiers.value

    periods = {name: parse_dates(fields[name], date_formats) for name in DATE_FIELDS}
    for name, period in periods.items():
        aspects[f"{name}:form"] = period.form.to_numpy()
        fields[name] = _dates_in_kbart_form(fields[name], period.form.to_numpy(), date_formats)
    from_date, until_date = periods["date_first_issue_online"].begin, periods["date_last_issue_online"].end
    aspects["from_date"], aspects["until_date"] = series(from_date), series(until_date)

    for name, words in (("coverage_depth", COVERAGE_DEPTHS), ("access_type", ACCESS_TYPES)):
        fields[name], aspects[f"{name}:form"] = _words(fields[name], words)
    fields["publication_type"], aspects["publication_type:source"] = _publication_type(fields, aspects)
    fields["embargo_info"], aspects["embargo_info:form"] = _embargo(fields["embargo_info"])

    aspects["field_count:cut"] = ends
    frame = pd.DataFrame({**fields, OVERFLOW: given[OVERFLOW], **aspects}, copy=False)
    fields["embargo_info"] = _without_void_embargo(fields, aspects["embargo_info:form"])
    understood = {name: arrow(values) for name, values in fields.items()}
    content = pa.chunked_array([hashed(understood, f"hash({', '.join(understood)})")[0]])
    return Interpretation(
        frame, understood | {"from_date": arrow(from_date), "until_date": arrow(until_date), "content": content}
    )


def _cleaned(values: "pd.Series[str]", faults: npt.NDArray[np.int8]) -> "pd.Series[str]":
    """A column without quotation marks around cells, entities, tags and control characters."""
    faulty = (faults & int(FAULTS_TO_CLEAN)) != 0
    if not faulty.any():
        return values
    text = arrow(values).combine_chunks()
    clean = [clean_text(value) for value in text.filter(pa.array(faulty)).to_pylist()]
    return series(pc.replace_with_mask(text, pa.array(faulty), pa.array(clean, text.type)))


def _words(values: "pd.Series[str]", words: Mapping[str, str]) -> tuple["pd.Series[str]", npt.NDArray[np.int8]]:
    """Controlled words in KBART's spelling; unknown ones stay as given."""

    def read(value: str) -> tuple[str, WordForm]:
        word = words.get(value.casefold().strip(" .'\""))
        if word is None:
            return value, WordForm.UNKNOWN
        return word, WordForm.KBART if word == value else WordForm.OTHER_SPELLING

    found = map_distinct(
        values,
        lambda distinct: [read(value) for value in distinct],
        {"word": (pa.large_string(), lambda pair: pair[0]), "form": (pa.int8(), lambda pair: int(pair[1]))},
    )
    return series(found["word"]), found["form"].fill_null(int(WordForm.BLANK)).to_numpy()


def _publication_type(
    fields: Mapping[str, "pd.Series[str]"], aspects: Mapping[str, "pd.Series | npt.NDArray[np.generic]"]
) -> tuple["pd.Series[str]", npt.NDArray[np.int8]]:
    """The type as stated; else as the identifiers tell; else as the columns with values tell; else null."""
    stated, form = _words(fields["publication_type"], PUBLICATION_TYPES)
    source = np.full(len(stated), TypeSource.UNKNOWN, dtype=np.int8)
    source[form == WordForm.KBART] = TypeSource.STATED
    source[form == WordForm.OTHER_SPELLING] = TypeSource.OTHER_SPELLING
    unknown = source == TypeSource.UNKNOWN
    if not unknown.any():
        return stated, source
    forms = np.column_stack([np.asarray(aspects[f"{name}:form"]) for name in IDENTIFIER_FIELDS])
    issn, isbn = np.isin(forms, ISSN_FORMS).any(axis=1), np.isin(forms, ISBN_FORMS).any(axis=1)
    serial, monograph = issn & ~isbn, isbn & ~issn
    source[unknown & (serial | monograph)] = TypeSource.IDENTIFIERS
    neither = unknown & ~serial & ~monograph
    if neither.any():
        of_serial = _any_value(fields, ("date_first_issue_online", "num_first_vol_online", "num_first_issue_online"))
        of_book = _any_value(fields, ("date_monograph_published_print", "date_monograph_published_online"))
        source[neither & (of_serial ^ of_book)] = TypeSource.COVERAGE
        serial |= neither & of_serial & ~of_book
        monograph |= neither & of_book & ~of_serial
    derived = pc.if_else(
        pa.array(serial), "serial", pc.if_else(pa.array(monograph), "monograph", pa.scalar(None, pa.string()))
    ).cast(pa.large_string())
    return series(pc.if_else(pa.array(unknown), derived, arrow(stated))), source


def _any_value(fields: Mapping[str, "pd.Series[str]"], names: tuple[str, ...]) -> BoolArray:
    return np.asarray(np.column_stack([fields[name].notna().to_numpy() for name in names]).any(axis=1))


def _embargo(values: "pd.Series[str]") -> tuple["pd.Series[str]", npt.NDArray[np.int8]]:
    """Embargo statements in KBART's form; illegal ones stay as given."""

    def read(value: str) -> tuple[str | None, EmbargoForm]:
        normal = normalise_embargo(value)
        if normal is None:
            return value, EmbargoForm.ILLEGAL
        return normal or None, EmbargoForm.KBART if normal == value else EmbargoForm.OTHER_SPELLING

    found = map_distinct(
        values,
        lambda distinct: [read(value) for value in distinct],
        {"value": (pa.large_string(), lambda pair: pair[0]), "form": (pa.int8(), lambda pair: int(pair[1]))},
    )
    return series(found["value"]), found["form"].fill_null(int(EmbargoForm.BLANK)).to_numpy()


def _without_void_embargo(
    fields: Mapping[str, "pd.Series[str]"], form: "pd.Series | npt.NDArray[np.generic]"
) -> "pd.Series[str]":
    """An illegal embargo says nothing of a monograph: there it is left out."""
    illegal = np.asarray(form) == EmbargoForm.ILLEGAL
    if not illegal.any():
        return fields["embargo_info"]
    void = illegal & true(pc.equal(arrow(fields["publication_type"]), "monograph"))
    text = arrow(fields["embargo_info"])
    return series(pc.if_else(pa.array(void), pa.scalar(None, text.type), text))


def _dates_in_kbart_form(
    values: "pd.Series[str]", form: npt.NDArray[np.int8], formats: tuple[str, ...]
) -> "pd.Series[str]":
    """Dates that were read from another form, as KBART writes them; the rest as given."""
    if not np.isin(form, (DateForm.OTHER, DateForm.DECLARED)).any():
        return values
    return replace_distinct(values, lambda value: kbart_form(value, formats))


def row_ends(text: KbartText) -> npt.NDArray[np.int8]:
    """How far each row of a file goes (`RowEnd`): a row that ends early has lost its last cells.

    Where most rows end early, the export leaves out blank cells at the end: then no single row is cut off.
    """
    columns = text.header.columns
    needed = max((columns.index(name) for name in (*COVERAGE_FIELDS, "publication_type") if name in columns), default=0)
    counts = text.frame["field_count"].to_numpy()
    short = counts < len(columns)
    cut = np.full(len(counts), RowEnd.COMPLETE, dtype=np.int8)
    cut[short] = RowEnd.SHORT
    if short.sum() < HABIT * len(short):
        cut[counts <= needed] = RowEnd.BEFORE_COVERAGE
    return cut
