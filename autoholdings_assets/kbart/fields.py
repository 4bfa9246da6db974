"""The columns of a KBART file: names, order, meaning, and the other names under which vendors send them.

Data only. How a header line is matched against it is in ``header.py``; what a value must look like is in ``rules.py``.
Source: NISO RP-9-2014 (KBART Phase II), section 6.6; Phase I is RP-9-2010.
"""

from dataclasses import dataclass

TEXT_LENGTH = 255
URL_LENGTH = 1023


@dataclass(frozen=True)
class Field:
    """One KBART column. ``max_length``: how many characters other knowledge bases take (GOKb's limits)."""

    name: str
    meaning: str
    max_length: int = TEXT_LENGTH


FIELDS: tuple[Field, ...] = (
    Field("publication_title", "Title of the serial or book"),
    Field("print_identifier", "ISSN or ISBN of the printed publication"),
    Field("online_identifier", "ISSN or ISBN of the online publication"),
    Field("date_first_issue_online", "Date of the first issue available online"),
    Field("num_first_vol_online", "Volume of the first issue available online"),
    Field("num_first_issue_online", "Number of the first issue available online"),
    Field("date_last_issue_online", "Date of the last issue available online; blank: to the present"),
    Field("num_last_vol_online", "Volume of the last issue available online"),
    Field("num_last_issue_online", "Number of the last issue available online"),
    Field("title_url", "Address of the title on the vendor's platform", max_length=URL_LENGTH),
    Field("first_author", "Family name of the book's first author"),
    Field("title_id", "The vendor's own identifier of the title"),
    Field("embargo_info", "Embargo or rolling access: P1Y, R10Y, R10Y;P6M"),
    Field("coverage_depth", "fulltext, selected articles or abstracts"),
    Field("notes", "Free text on the coverage"),
    Field("publisher_name", "Publisher"),
    Field("publication_type", "serial or monograph"),
    Field("date_monograph_published_print", "Date the book was first printed"),
    Field("date_monograph_published_online", "Date the book first came online"),
    Field("monograph_volume", "Volume of the book"),
    Field("monograph_edition", "Edition of the book"),
    Field("first_editor", "Family name of the book's first editor"),
    Field("parent_publication_title_id", "title_id of the series or proceedings the book is part of"),
    Field("preceding_publication_title_id", "title_id of the serial's former title"),
    Field("access_type", "F (free) or P (paid)"),
)
FIELD_NAMES: tuple[str, ...] = tuple(field.name for field in FIELDS)
BY_NAME: dict[str, Field] = {field.name: field for field in FIELDS}

IDENTIFIER_FIELDS = ("print_identifier", "online_identifier")
COVERAGE_DATE_FIELDS = ("date_first_issue_online", "date_last_issue_online")
MONOGRAPH_DATE_FIELDS = ("date_monograph_published_print", "date_monograph_published_online")
DATE_FIELDS = COVERAGE_DATE_FIELDS + MONOGRAPH_DATE_FIELDS

# Without these a file says nothing that could be matched with a title: the title itself, and one of the others.
MANDATORY = "publication_title"
ONE_OF = ("print_identifier", "online_identifier", "title_id", "title_url")

# Columns that Phase III adds: known, not used, and no cause for a warning about an unknown column.
PHASE3_COLUMNS = ("content_type",)

# Other names of a columns, in the plain form of header.plain_name(): lower case, words joined by one underscore.
_OTHER_NAMES = {
    "publication_title": "title journal_title book_title publication_name",
    "print_identifier": "issn pissn p_issn print_issn print_isbn id_issn id_print",
    "online_identifier": "eissn e_issn eisbn online_issn online_isbn electronic_issn electronic_isbn id_eissn",
    "title_url": "url",
    "first_author": "author",
    "first_editor": "editor",
    "embargo_info": "embargo",
    "notes": "coverage_notes coverage_note note",
    "publisher_name": "publisher",
    "publication_type": "publication_tpye",
    "parent_publication_title_id": "parent_publication_id",
    "preceding_publication_title_id": "preceeding_publication_title_id preceding_publication_id",
}
ALIASES: dict[str, str] = {other: name for name, others in _OTHER_NAMES.items() for other in others.split()}
