"""Invented KBART files: a few told stories and as many plain titles as wanted, the same for the same numbers.

What belongs here: title lists that are true to what vendors send, over any number of issues. What does not:
serving them (``vendor.py``). No title, ISSN or ISBN here belongs to anything real.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import yaml

from autoholdings_assets.kbart.fields import FIELD_NAMES

Numbers = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]

_FORMS = ("Journal of", "Annals of", "Studies in", "Advances in", "Letters on", "Archive of", "Review of", "Notes on")
_BOOK_FORMS = ("Introduction to", "Handbook of", "Principles of", "Essays on", "A History of", "Lectures on")
_WORDS = (
    "Amber", "Brook", "Cedar", "Delta", "Ember", "Fjord", "Glacier", "Heron", "Island", "Jasper",
    "Kelp", "Lagoon", "Meadow", "Nebula", "Orchard", "Pebble", "Quarry", "Ripple", "Saffron", "Thistle",
    "Umbra", "Valley", "Willow", "Zephyr",
)  # fmt: skip
_FIELDS = (
    "Acoustics", "Botany", "Chemistry", "Dynamics", "Ecology", "Forestry", "Geology", "History",
    "Imaging", "Justice", "Kinetics", "Logic", "Mechanics", "Nutrition", "Optics", "Physics",
    "Rhetoric", "Statistics", "Topology", "Zoology",
)  # fmt: skip
_AUTHORS = ("Abel", "Brandt", "Cole", "Dorn", "Eide", "Falk", "Gray", "Hahn", "Iversen", "Jahn", "Koch", "Lind")
_BASE = "https://content.example.org"
_THIS_YEAR = 2026


@dataclass(frozen=True)
class Story:
    """What happens to one title (or a few) from the first file to the second; ``sentence`` tells it."""

    sentence: str
    first: tuple[Mapping[str, str], ...]
    second: tuple[Mapping[str, str], ...]


@dataclass(frozen=True)
class Customer:
    """Whose file it is: how many plain titles, from which running number on, and every how manieth of them.

    Customers with overlapping numbers have titles in common; ``backfile_years`` cuts their coverage short.
    """

    journals: int = 200
    books: int = 300
    start: int = 0
    step: int = 1
    backfile_years: int = 100
    stories: str | None = "weekly"


@cache
def stories(name: str) -> tuple[Story, ...]:
    """The stories of this name (``weekly`` or ``monthly``)."""
    told = yaml.safe_load((files(__package__) / "stories.yaml").read_text(encoding="utf-8"))[name]
    return tuple(_story(story) for story in told)


def title_list(customer: Customer, issue: int) -> pd.DataFrame:
    """The customer's file number ``issue`` (1, 2, ...) as the 25 KBART columns of text.

    From one issue to the next about one plain title in a hundred leaves, one comes, two change their coverage.
    """
    told_here = stories(customer.stories) if customer.stories else ()
    told = [row for story in told_here for row in (story.first if issue == 1 else story.second)]
    numbers = customer.start + customer.step * np.arange(customer.journals + customer.books, dtype=np.int64)
    parts = [
        pd.DataFrame(told, columns=list(FIELD_NAMES)),
        _journals(numbers[: customer.journals], issue, customer.backfile_years),
        _books(numbers[customer.journals :], issue),
    ]
    whole = pd.concat(parts, ignore_index=True).reindex(columns=list(FIELD_NAMES)).fillna("").astype("str")
    # Rows of one title are not neighbours in real files either; the order is the same in every issue.
    return whole.iloc[np.argsort(_share(np.arange(len(whole)), 7), kind="stable")].reset_index(drop=True)


def kbart_bytes(rows: pd.DataFrame) -> bytes:
    """The rows as a vendor sends them: tab-separated, UTF-8, a header line, LF."""
    cells = [pa.array(rows[name], pa.large_string()) for name in rows.columns]
    lines = pc.binary_join_element_wise(*cells, pa.scalar("\t", pa.large_string())).to_pylist()
    return "\n".join(["\t".join(rows.columns), *lines, ""]).encode()


# --- told titles


def _story(told: Mapping[str, Any]) -> Story:
    first = tuple(_with_defaults(row) for row in told["first"])
    second = first if told["second"] == "same" else tuple(_with_defaults(row) for row in told["second"])
    return Story(told["story"], first, second)


def _with_defaults(row: Mapping[str, Any]) -> dict[str, str]:
    is_book = "monograph_edition" in row or "monograph_volume" in row
    defaults = {
        "title_url": f"{_BASE}/{'book' if is_book else 'journal'}/{row['title_id']}",
        "coverage_depth": "fulltext",
        "publisher_name": "Invented Press",
        "publication_type": "monograph" if is_book else "serial",
        "access_type": "P",
    }
    return {name: str(value) for name, value in {**dict.fromkeys(FIELD_NAMES, ""), **defaults, **row}.items()}


# --- plain titles, many at a time


def _journals(numbers: Numbers, issue: int, backfile_years: int) -> pd.DataFrame:
    numbers = numbers[_is_there(numbers, issue)]
    first = 1900 + (_share(numbers, 1) * 110).astype(np.int64)
    first = np.where(_has_changed(numbers, issue), first - 5, first)
    first = np.maximum(first, _THIS_YEAR - backfile_years)
    last = np.where(_share(numbers, 2) < 0.15, 2012 + (_share(numbers, 3) * 10).astype(np.int64), 0)
    rows = pd.DataFrame(
        {
            "publication_title": _titles(numbers, _FORMS),
            "print_identifier": _issns(2 * numbers),
            "online_identifier": _issns(2 * numbers + 1),
            "title_url": _numbered(f"{_BASE}/journal/", numbers),
            "title_id": _numbered("j", numbers),
            "embargo_info": np.where(_share(numbers, 4) < 0.05, "P1Y", ""),
            "coverage_depth": "fulltext",
            "publisher_name": "Invented Press",
            "publication_type": "serial",
            "access_type": np.where(_share(numbers, 5) < 0.02, "F", "P"),
        }
    )
    gap = (_share(numbers, 6) < 0.1) & (first < 2000)
    whole = _with_coverage(rows, first, np.where(gap, 2009, last))
    after_the_gap = _with_coverage(rows[gap], np.full(gap.sum(), 2011), last[gap])
    return pd.concat([whole, after_the_gap], ignore_index=True)


def _with_coverage(rows: pd.DataFrame, first: Numbers, last: Numbers) -> pd.DataFrame:
    """The rows with a first and a last year (0: still running), and a volume a year since 1850."""
    volume = pd.DataFrame({"first": first - 1850, "last": last - 1850}, index=rows.index).astype("str")
    return rows.assign(
        date_first_issue_online=first.astype(str),
        num_first_vol_online=volume["first"],
        num_first_issue_online="1",
        date_last_issue_online=np.where(last > 0, last.astype(str), ""),
        num_last_vol_online=volume["last"].where(last > 0, ""),
    )


def _books(numbers: Numbers, issue: int) -> pd.DataFrame:
    numbers = numbers[_is_there(numbers, issue)]
    year = (1995 + (_share(numbers, 3) * 30).astype(np.int64)).astype(str)
    return pd.DataFrame(
        {
            "publication_title": _titles(numbers, _BOOK_FORMS),
            "print_identifier": _isbns(2 * numbers),
            "online_identifier": _isbns(2 * numbers + 1),
            "title_url": _numbered(f"{_BASE}/book/", numbers),
            "first_author": np.array(_AUTHORS)[numbers % len(_AUTHORS)],
            "title_id": _numbered("10.9999/b", numbers),
            "coverage_depth": "fulltext",
            "publisher_name": "Invented Press",
            "publication_type": "monograph",
            "date_monograph_published_print": year,
            "date_monograph_published_online": year,
            "monograph_edition": (1 + numbers % 3).astype(str),
            "access_type": "P",
        }
    )


def _is_there(numbers: Numbers, issue: int) -> npt.NDArray[np.bool_]:
    """Whether each title is in this issue. Three in four are; one in a hundred leaves with each, one comes."""
    return (issue + (_share(numbers, 11) * 100).astype(np.int64)) % 100 < 75


def _has_changed(numbers: Numbers, issue: int) -> npt.NDArray[np.bool_]:
    return (_share(numbers, 15) * 50).astype(np.int64) + 2 <= issue


def _share(numbers: Numbers, salt: int) -> npt.NDArray[np.float64]:
    """A number from 0 to 1 for each running number, evenly spread and always the same (Knuth's hash)."""
    mixed = (numbers.astype(np.uint64) + np.uint64(salt * 7919)) * np.uint64(2654435761)
    mixed ^= mixed >> np.uint64(15)
    mixed = (mixed * np.uint64(2246822519)) & np.uint64(0xFFFFFFFF)
    mixed ^= mixed >> np.uint64(13)
    return mixed.astype(np.float64) / 2**32


def _titles(numbers: Numbers, forms: Sequence[str]) -> Texts:
    """A title of its own for each number, made of its digits in a system of forms, words and fields."""
    form, rest = numbers % len(forms), numbers // len(forms)
    word, rest = rest % len(_WORDS), rest // len(_WORDS)
    field, series = rest % len(_FIELDS), rest // len(_FIELDS)
    names = np.array(forms, dtype=object)[form] + " " + np.array(_WORDS, dtype=object)[word]
    names = names + " " + np.array(_FIELDS, dtype=object)[field]
    titles: Texts = np.where(series > 0, names + ", Series " + series.astype(str).astype(object), names)
    return titles


def _numbered(prefix: str, numbers: Numbers) -> Texts:
    texts: Texts = np.array(prefix, dtype=object) + numbers.astype(str).astype(object)
    return texts


def _issns(numbers: Numbers) -> Texts:
    digits = 4_000_000 + numbers % 5_900_000
    check = (11 - _weighted(digits, (8, 7, 6, 5, 4, 3, 2)) % 11) % 11
    text = pd.Series(digits).astype("str")
    last = pd.Series(check).astype("str").where(check < 10, "X")
    issns: Texts = (text.str[:4] + "-" + text.str[4:] + last).to_numpy(object)
    return issns


def _isbns(numbers: Numbers) -> Texts:
    digits = 9789_00000000 + numbers % 90_000_000
    check = (10 - _weighted(digits, (1, 3) * 6) % 10) % 10
    return (10 * digits + check).astype(str).astype(object)


def _weighted(numbers: Numbers, weights: Sequence[int]) -> Numbers:
    """The sum of each number's decimal digits, each times its weight, the last weight for the last digit."""
    total = np.zeros_like(numbers)
    for place, weight in enumerate(reversed(weights)):
        total += numbers // 10**place % 10 * weight
    return total
