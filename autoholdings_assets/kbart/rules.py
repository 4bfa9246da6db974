"""Every rule about rows, in one table.

A rule has a key, a severity, a sentence that says what is wrong and an advice that says what to do, both for a
librarian. *error*: the row cannot be trusted and is rejected. *warning*: the row is used and the fault reported.
*note*: worth knowing. Strict mode is for those who publish files: some warnings are errors there.

Sources: NISO RP-9-2014 (KBART Phase II) and the checks of GOKb's validator. How a check is worked out is in
``checks.py``, the pandera schema that is built from the table in ``schema.py``; rules about a file as a whole are in
``file_rules.py``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from autoholdings_assets.kbart import checks
from autoholdings_assets.kbart.dates import DateForm
from autoholdings_assets.kbart.fields import COVERAGE_DATE_FIELDS, FIELD_NAMES, IDENTIFIER_FIELDS, MONOGRAPH_DATE_FIELDS
from autoholdings_assets.kbart.identifiers import IdentifierForm
from autoholdings_assets.kbart.interpretation import EmbargoForm, RowEnd, TypeSource, WordForm
from autoholdings_assets.kbart.reader import OVERFLOW
from autoholdings_assets.kbart.text import BoolArray, TextFault

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Rule:
    """One rule about rows.

    ``columns`` are what a finding names, ``check`` says where all is well. It gets a column, once for each of
    ``columns`` (or of their ``aspect``), or with ``whole_row`` the frame of :mod:`interpretation`, or with
    ``whole_file`` all rows of the file as understood.
    """

    key: str
    severity: Severity
    sentence: str
    advice: str
    columns: tuple[str, ...]
    check: Callable[[Any], BoolArray]
    aspect: str = ""
    whole_row: bool = False
    whole_file: bool = False
    strict: Severity | None = None

    @property
    def checked(self) -> tuple[str, ...]:
        """The columns of the interpreted frame that ``check`` gets one by one; none for a rule on whole rows."""
        if self.whole_row or self.whole_file:
            return ()
        return tuple(f"{column}:{self.aspect}" if self.aspect else column for column in self.columns)

    def severity_in(self, *, strict: bool) -> Severity:
        """The rule's severity in strict or lenient mode."""
        return self.strict if strict and self.strict else self.severity


# fmt: off
RULES: tuple[Rule, ...] = (
    # Rows that are broken as a whole
    Rule(
        "shifted_columns", "error",
        "The values stand in the wrong columns.",
        "A cell is missing or split in this row: compare it with its neighbours and correct it at the source.",
        ("publication_title",), checks.values_in_their_columns, whole_row=True,
    ),
    Rule(
        "row_cut_short", "error",
        "The row ends before its coverage does, so what it covers cannot be known.",
        "The line was broken or cut off: ask the vendor for a complete file.",
        ("publication_title",), checks.coverage_not_cut_off, whole_row=True,
    ),
    Rule(
        "short_row", "warning",
        "The row has fewer cells than the header; the missing ones are taken as blank.",
        "Fill the row up with tabs to the header's length.",
        ("field_count",), checks.is_not(RowEnd.SHORT), aspect="cut", strict="error",
    ),
    Rule(
        "long_row", "warning",
        "The row has more cells than the header; what stands beyond the last column is not used.",
        "Take the surplus cells out, or look for a delimiter inside a cell.",
        (OVERFLOW,), checks.blank, strict="error",
    ),
    # Which title the row is about
    Rule(
        "missing_title", "error",
        "The row has no title.",
        "KBART requires publication_title: ask the vendor for it.",
        ("publication_title",), checks.present,
    ),
    Rule(
        "nothing_identifies", "error",
        "The row has no identifier, no title_id and no URL: nothing tells which title it means, nor where it is.",
        "Ask the vendor for an ISSN or ISBN.",
        ("print_identifier",), checks.something_identifies, whole_row=True,
    ),
    Rule(
        "publication_type_unknown", "error",
        "It cannot be told whether this is a serial or a monograph.",
        "Put serial or monograph in publication_type.",
        ("publication_type",), checks.is_not(TypeSource.UNKNOWN), aspect="source",
    ),
    Rule(
        "publication_type_derived", "warning",
        "publication_type is missing or not KBART's; it was told from the identifiers or the coverage.",
        "Put serial or monograph in publication_type.",
        ("publication_type",), checks.is_not(TypeSource.IDENTIFIERS, TypeSource.COVERAGE), aspect="source",
        strict="error",
    ),
    Rule(
        "publication_type_spelling", "note",
        "publication_type is written otherwise than in KBART, but its meaning is certain.",
        "Write serial or monograph.",
        ("publication_type",), checks.is_not(TypeSource.OTHER_SPELLING), aspect="source",
    ),
    Rule(
        "no_standard_identifier", "warning",
        "The row has neither ISSN nor ISBN; the title can only be matched by title_id, URL and title.",
        "Ask the vendor for the identifiers.",
        ("online_identifier",), checks.has_standard_identifier, whole_row=True,
    ),
    Rule(
        "missing_title_id", "warning",
        "The row has no title_id.",
        "KBART requires the vendor's own identifier of each title.",
        ("title_id",), checks.present, strict="error",
    ),
    Rule(
        "missing_title_url", "warning",
        "The row has no title_url: readers cannot be sent to the title.",
        "Ask the vendor for the address.",
        ("title_url",), checks.present, strict="error",
    ),
    Rule(
        "title_url_form", "warning",
        "title_url is no web address that begins with http:// or https://.",
        "Correct the address.",
        ("title_url",), checks.is_web_address, strict="error",
    ),
    # Identifiers
    Rule(
        "identifier_check_digit", "warning",
        "The check digit of the ISSN or ISBN is wrong; it is matched as given.",
        "Look the identifier up (ISSN Portal, the publisher's page) and tell the vendor.",
        IDENTIFIER_FIELDS, checks.is_not(IdentifierForm.WRONG_ISSN, IdentifierForm.WRONG_ISBN), aspect="form",
        strict="error",
    ),
    Rule(
        "identifier_unrecognised", "warning",
        "The identifier is neither an ISSN nor an ISBN; it is matched as given.",
        "Only ISSN and ISBN belong in this column; other identifiers go into title_id.",
        IDENTIFIER_FIELDS, checks.is_not(IdentifierForm.UNRECOGNISED), aspect="form", strict="error",
    ),
    Rule(
        "identifier_zeros_restored", "warning",
        "The identifier had lost its leading zeros, as spreadsheets do; they were put back, the check digit proves it.",
        "Format the column as text before the file is saved.",
        IDENTIFIER_FIELDS, checks.is_not(IdentifierForm.RESTORED_ISSN, IdentifierForm.RESTORED_ISBN), aspect="form",
        strict="error",
    ),
    Rule(
        "identifier_placeholder", "warning",
        "The identifier stands for nothing (such as 0000-0000 or N/A) and is taken as blank.",
        "Leave the cell blank.",
        IDENTIFIER_FIELDS, checks.is_not(IdentifierForm.PLACEHOLDER), aspect="form", strict="error",
    ),
    Rule(
        "identifier_spelling", "note",
        "The identifier is written otherwise than NNNN-NNNC or thirteen digits; it was brought into that form.",
        "Write ISSN with the hyphen and ISBN as thirteen digits without hyphens.",
        IDENTIFIER_FIELDS, checks.is_false, aspect="rewritten",
    ),
    Rule(
        "isbn10", "note",
        "The ISBN has ten digits; it was given as thirteen.",
        "Write ISBN as thirteen digits without hyphens.",
        IDENTIFIER_FIELDS, checks.is_not(IdentifierForm.ISBN10), aspect="form", strict="error",
    ),
    Rule(
        "identifier_of_other_type", "warning",
        "A serial has an ISBN, or a monograph an ISSN.",
        "Check publication_type and the identifiers: a book in a series has its own ISBN.",
        ("print_identifier",), checks.identifiers_fit_type, whole_row=True,
    ),
    Rule(
        "identifiers_alike", "note",
        "Print and online identifier are the same.",
        "Check which of the two it is and leave the other blank.",
        ("online_identifier",), checks.identifiers_differ, whole_row=True,
    ),
    # Coverage
    Rule(
        "date_unparseable", "error",
        "The date cannot be read, so the coverage is not known.",
        "Dates are YYYY, YYYY-MM or YYYY-MM-DD. If the vendor always writes them otherwise, declare its date format.",
        COVERAGE_DATE_FIELDS, checks.is_not(DateForm.NONE), aspect="form",
    ),
    Rule(
        "date_excel_serial", "error",
        "The date is a spreadsheet's serial number, not a date.",
        "Format the column as text before the file is saved, and write YYYY-MM-DD.",
        COVERAGE_DATE_FIELDS, checks.is_not(DateForm.EXCEL_SERIAL), aspect="form",
    ),
    Rule(
        "date_spelling", "warning",
        "The date is not in KBART's form, but can only mean one day, month or year.",
        "Write YYYY, YYYY-MM or YYYY-MM-DD.",
        COVERAGE_DATE_FIELDS + MONOGRAPH_DATE_FIELDS, checks.is_not(DateForm.OTHER), aspect="form", strict="error",
    ),
    Rule(
        "date_declared_format", "note",
        "The date was read in the format declared for this vendor.",
        "Nothing needs to be done.",
        COVERAGE_DATE_FIELDS + MONOGRAPH_DATE_FIELDS, checks.is_not(DateForm.DECLARED), aspect="form",
    ),
    Rule(
        "date_far_future", "warning",
        "The year 9999 stands for an open end.",
        "Leave date_last_issue_online blank when the coverage goes on.",
        COVERAGE_DATE_FIELDS + MONOGRAPH_DATE_FIELDS, checks.is_not(DateForm.FAR_FUTURE), aspect="form",
    ),
    Rule(
        "end_before_start", "error",
        "The coverage ends before it begins.",
        "Compare both dates with the vendor's page and correct the wrong one.",
        ("date_last_issue_online",), checks.ends_after_start, whole_row=True,
    ),
    Rule(
        "coverage_not_stated", "warning",
        "A serial without date_first_issue_online: coverage not stated.",
        "Ask the vendor for the date; known coverage is never replaced by a blank.",
        ("date_first_issue_online",), checks.serial_has_start, whole_row=True, strict="error",
    ),
    Rule(
        "publication_date_unparseable", "warning",
        "The book's publication date cannot be read; it has no bearing on the coverage.",
        "Dates are YYYY, YYYY-MM or YYYY-MM-DD.",
        MONOGRAPH_DATE_FIELDS, checks.is_not(DateForm.NONE, DateForm.EXCEL_SERIAL), aspect="form", strict="error",
    ),
    Rule(
        "volume_range", "warning",
        "The last volume is lower than the first.",
        "Compare both with the vendor's page; volumes may also have been counted anew.",
        ("num_last_vol_online",), checks.volumes_rise, whole_row=True,
    ),
    Rule(
        "issue_range", "warning",
        "Within one volume the last issue is lower than the first.",
        "Compare both with the vendor's page.",
        ("num_last_issue_online",), checks.issues_rise, whole_row=True,
    ),
    Rule(
        "volume_without_start", "note",
        "There is a last volume or issue, but no first one.",
        "Ask the vendor for the first volume and issue.",
        ("num_first_vol_online",), checks.start_of_numbering_given, whole_row=True,
    ),
    Rule(
        "embargo_illegal", "error",
        "The embargo cannot be read, so it is not known which years may be used.",
        "Write P or R, a number and D, M or Y, as in P1Y, R10Y or R10Y;P6M.",
        ("embargo_info",), checks.serial_embargo_legal, whole_row=True,
    ),
    Rule(
        "embargo_on_monograph", "warning",
        "A monograph has an embargo that cannot be read; it has no bearing on a book.",
        "Leave embargo_info blank for monographs.",
        ("embargo_info",), checks.monograph_embargo_legal, whole_row=True, strict="error",
    ),
    Rule(
        "embargo_spelling", "warning",
        "The embargo is written otherwise than in KBART, but its meaning is certain.",
        "Write P1Y, R10Y or R10Y;P6M; leave the cell blank when there is none.",
        ("embargo_info",), checks.is_not(EmbargoForm.OTHER_SPELLING), aspect="form", strict="error",
    ),
    # Controlled words
    Rule(
        "coverage_depth_unknown", "warning",
        "coverage_depth is none of fulltext, selected articles, abstracts.",
        "Use one of the three words.",
        ("coverage_depth",), checks.is_not(WordForm.UNKNOWN), aspect="form", strict="error",
    ),
    Rule(
        "coverage_depth_spelling", "note",
        "coverage_depth is written otherwise than in KBART, but its meaning is certain.",
        "Write fulltext, selected articles or abstracts.",
        ("coverage_depth",), checks.is_not(WordForm.OTHER_SPELLING), aspect="form",
    ),
    Rule(
        "coverage_depth_missing", "note",
        "coverage_depth is blank.",
        "KBART requires it: fulltext, selected articles or abstracts.",
        ("coverage_depth",), checks.is_not(WordForm.BLANK), aspect="form",
    ),
    Rule(
        "access_type_unknown", "warning",
        "access_type is neither F (free) nor P (paid); it is kept as given and not taken as free.",
        "Write F or P.",
        ("access_type",), checks.is_not(WordForm.UNKNOWN), aspect="form", strict="error",
    ),
    Rule(
        "access_type_phase3", "warning",
        "access_type M is KBART Phase III's; it is kept as given and not taken as free.",
        "Nothing needs to be done where the receiving system knows Phase III.",
        ("access_type",), checks.is_not_phase3_access, whole_row=True,
    ),
    Rule(
        "access_type_spelling", "note",
        "access_type is written otherwise than in KBART, but its meaning is certain.",
        "Write F or P.",
        ("access_type",), checks.is_not(WordForm.OTHER_SPELLING), aspect="form",
    ),
    Rule(
        "access_type_missing", "note",
        "access_type is blank; the title is taken as paid.",
        "KBART Phase II requires F or P.",
        ("access_type",), checks.is_not(WordForm.BLANK), aspect="form", strict="error",
    ),
    # Text
    Rule(
        "replacement_character", "warning",
        "Characters were lost when the file was made (\ufffd).",
        "Ask the vendor for a file in UTF-8; the lost letters cannot be got back from this one.",
        FIELD_NAMES, checks.has_no(TextFault.LOST_CHARACTER), aspect="text", strict="error",
    ),
    Rule(
        "garbled_characters", "warning",
        "Letters are garbled (such as Ã© for é): the text was decoded wrongly before it was written.",
        "Ask the vendor for a file in UTF-8 that was made from the original.",
        FIELD_NAMES, checks.has_no(TextFault.GARBLED), aspect="text",
    ),
    Rule(
        "control_characters", "warning",
        "There were invisible control characters in the cell; they were taken out.",
        "Take them out at the source.",
        FIELD_NAMES, checks.has_no(TextFault.CONTROL), aspect="text", strict="error",
    ),
    Rule(
        "markup", "warning",
        "There were HTML entities or tags in the cell; they were decoded or taken out.",
        "Write plain text in UTF-8.",
        FIELD_NAMES, checks.has_no(TextFault.MARKUP), aspect="text",
    ),
    Rule(
        "literal_escape", "warning",
        r"The cell ended in the characters \r or \n, which were meant as a line end; they were taken off.",
        "Correct the export that writes them.",
        FIELD_NAMES, checks.has_no(TextFault.LITERAL_ESCAPE), aspect="text", strict="error",
    ),
    Rule(
        "too_long", "warning",
        "The value is longer than knowledge bases take (255 characters, URLs 1,023).",
        "Shorten it, or expect it to be cut.",
        FIELD_NAMES, checks.has_no(TextFault.TOO_LONG), aspect="text",
    ),
    # Rows against one another
    Rule(
        "duplicate_row", "note",
        "The row is the exact repetition of an earlier one and counts once.",
        "Take it out.",
        ("publication_title",), checks.not_a_repetition, whole_file=True,
    ),
)
# fmt: on
BY_KEY: dict[str, Rule] = {rule.key: rule for rule in RULES}
