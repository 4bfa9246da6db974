"""The words that KBART's controlled columns may hold, and the other spellings whose meaning is certain. Data only."""

PUBLICATION_TYPES: dict[str, str] = {
    "serial": "serial",
    "serials": "serial",
    "journal": "serial",
    "journals": "serial",
    "ejournal": "serial",
    "e-journal": "serial",
    "periodical": "serial",
    "magazine": "serial",
    "newspaper": "serial",
    "monograph": "monograph",
    "monographs": "monograph",
    "book": "monograph",
    "books": "monograph",
    "ebook": "monograph",
    "e-book": "monograph",
}
COVERAGE_DEPTHS: dict[str, str] = {
    "fulltext": "fulltext",
    "full text": "fulltext",
    "full-text": "fulltext",
    "full_text": "fulltext",
    "selected articles": "selected articles",
    "selected article": "selected articles",
    "selected": "selected articles",
    "abstracts": "abstracts",
    "abstract": "abstracts",
}
ACCESS_TYPES: dict[str, str] = {
    "p": "P",
    "paid": "P",
    "f": "F",
    "free": "F",
    "m": "M",
}
PHASE3_ACCESS_TYPES = ("M",)
