"""Rules about a file as a whole: its name, encoding, header, order. None of them keeps a row from being used."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import pyarrow.compute as pc

from autoholdings_assets.kbart.fields import FIELD_NAMES, PHASE3_COLUMNS
from autoholdings_assets.kbart.reader import KbartText
from autoholdings_assets.kbart.text import arrow, true

FILE_NAME = re.compile(r"[^_]+_[^_]+_.+_(\d{4})-(\d{2})-(\d{2})\.txt", re.ASCII)


@dataclass(frozen=True)
class FileFinding:
    """What is amiss with a file as a whole, for a librarian."""

    rule: str
    severity: str
    message: str
    advice: str


@dataclass(frozen=True)
class FileRule:
    """One rule about files. ``find`` gives what is amiss in words, or ``None``."""

    key: str
    severity: str
    advice: str
    find: Callable[[KbartText], str | None]
    strict: str | None = None


def _encoding(text: KbartText) -> str | None:
    if text.encoding in ("ascii", "utf-8"):
        return None
    return f"The file is in {text.encoding}, where KBART wants UTF-8."


def _byte_order_mark(text: KbartText) -> str | None:
    needless = text.byte_order_mark and text.encoding in ("ascii", "utf-8")
    return "The file begins with a byte order mark." if needless else None


def _delimiter(text: KbartText) -> str | None:
    if text.container.endswith("xlsx"):
        return f"The file is an Excel workbook (sheet {text.member}), where KBART wants tab-separated text."
    return None if text.delimiter == "tab" else f"The cells are separated by {text.delimiter}, where KBART wants tabs."


def _line_ends(text: KbartText) -> str | None:
    return f"The line ends are mixed ({text.line_ends})." if "+" in text.line_ends else None


def _final_newline(text: KbartText) -> str | None:
    return None if text.final_newline else "The last line has no line end; some systems lose it."


def _preamble(text: KbartText) -> str | None:
    if text.header_line == 1:
        return None
    return f"The header ends on line {text.header_line}; the lines before it are not used."


def _blank_rows(text: KbartText) -> str | None:
    return f"{text.blank_rows} rows are blank throughout and were left out." if text.blank_rows else None


def _quoted(text: KbartText) -> str | None:
    return "The cells stand in quotation marks, which were taken off." if text.quoted else None


def _broken_rows(text: KbartText) -> str | None:
    if not text.broken_rows:
        return None
    return f"{text.broken_rows} rows have line breaks inside a cell; they were read as one row each."


def _missing_columns(text: KbartText) -> str | None:
    missing = text.header.missing
    return f"{len(missing)} of the 25 columns are missing: {', '.join(missing)}." if missing else None


def _renamed_columns(text: KbartText) -> str | None:
    renamed = [f"{given} (read as {name})" for given, name in text.header.renamed.items()]
    return f"Columns are not named as KBART names them: {', '.join(renamed)}." if renamed else None


def _column_order(text: KbartText) -> str | None:
    found = list(text.header.found)
    in_order = [name for name in FIELD_NAMES if name in found]
    return "The columns do not stand in KBART's order." if found != in_order else None


def _extra_columns(text: KbartText) -> str | None:
    extra = [name for name in text.header.extra if name not in PHASE3_COLUMNS]
    return f"There are columns that KBART does not have: {', '.join(extra)}." if extra else None


def _duplicate_columns(text: KbartText) -> str | None:
    names = text.header.duplicates
    return f"Columns are named twice: {', '.join(names)}; the first of each is used." if names else None


def _unnamed_columns(text: KbartText) -> str | None:
    return f"{text.header.unnamed} columns have no name." if text.header.unnamed else None


def _name_pattern(text: KbartText) -> str | None:
    match = FILE_NAME.fullmatch(text.name)
    if match:
        try:
            date(*(int(part) for part in match.groups()))
            return None
        except ValueError:
            return f"The date in the file name {text.name} is none."
    return f"The file name {text.name} is not as KBART wants it: Provider_Region_Package_YYYY-MM-DD.txt."


def _sort_order(text: KbartText) -> str | None:
    titles = pc.utf8_lower(arrow(text.frame["publication_title"]))
    falls = int(true(pc.less(titles[1:], titles[:-1])).sum()) if len(titles) > 1 else 0
    if falls <= len(titles) * 0.02:  # collation of accents, articles and case differs
        return None
    return "The rows are not sorted by title."


FILE_RULES: tuple[FileRule, ...] = (
    FileRule("file_encoding", "warning", "Save the file as UTF-8.", _encoding, strict="error"),
    FileRule("byte_order_mark", "note", "Save the file as UTF-8 without a byte order mark.", _byte_order_mark),
    FileRule("file_format", "warning", "Write the file as tab-separated text.", _delimiter, strict="error"),
    FileRule("mixed_line_ends", "warning", "Use one kind of line end throughout.", _line_ends),
    FileRule("no_final_newline", "note", "End the last line as well.", _final_newline),
    FileRule("lines_before_header", "warning", "Let the header be the first line.", _preamble, strict="error"),
    FileRule("blank_rows", "note", "Take the blank rows out.", _blank_rows),
    FileRule("quotation_marks", "note", "Write the cells without quotation marks.", _quoted, strict="error"),
    FileRule("line_breaks_in_cells", "warning", "Take the line breaks out.", _broken_rows, strict="error"),
    FileRule(
        "missing_columns", "warning", "Give all 25 columns, also the blank ones.", _missing_columns, strict="error"
    ),
    FileRule("renamed_columns", "note", "Name the columns exactly as KBART does.", _renamed_columns),
    FileRule("column_order", "note", "Bring the columns into KBART's order.", _column_order),
    FileRule("extra_columns", "note", "Take them out, or put what matters into notes.", _extra_columns),
    FileRule("duplicate_columns", "warning", "Keep one of each.", _duplicate_columns, strict="error"),
    FileRule("unnamed_columns", "note", "Name the columns or take them out.", _unnamed_columns),
    FileRule("file_name", "note", "Rename the file.", _name_pattern),
    FileRule("sort_order", "note", "KBART recommends the rows in the order of their titles.", _sort_order),
)


def check_file(text: KbartText, *, strict: bool = False) -> tuple[FileFinding, ...]:
    """What is amiss with the file as a whole."""
    findings = []
    for rule in FILE_RULES:
        message = rule.find(text)
        if message:
            severity = rule.strict if strict and rule.strict else rule.severity
            findings.append(FileFinding(rule.key, severity, message, rule.advice))
    return tuple(findings)
