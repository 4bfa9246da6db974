"""The words that KBART's controlled columns may hold, and the other spellings whose meaning is certain. Data only."""


def _by_spelling(**words: str) -> dict[str, str]:
    return {spelling: word.replace("_", " ") for word, spellings in words.items() for spelling in spellings.split(", ")}


PUBLICATION_TYPES = _by_spelling(
    serial="serial, serials, journal, journals, ejournal, e-journal, periodical, magazine, newspaper",
    monograph="monograph, monographs, book, books, ebook, e-book",
)
COVERAGE_DEPTHS = _by_spelling(
    fulltext="fulltext, full text, full-text, full_text",
    selected_articles="selected articles, selected article, selected",
    abstracts="abstracts, abstract",
)
ACCESS_TYPES = _by_spelling(P="p, paid", F="f, free", M="m")
PHASE3_ACCESS_TYPES = ("M",)
