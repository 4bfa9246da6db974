"""Merging rows into titles, compared with the naive rules on generated rows."""

from datetime import date
from random import Random

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoholdings_assets.kbart.fields import FIELD_NAMES
from autoholdings_tests import naive
from autoholdings_tests.kbart_files import merge_rows

identifiers = st.sampled_from([None, "1111-1111", "2222-2222", "3333-3333"])
years = st.sampled_from([None, "1990", "1997", "2004"])

rows = st.lists(
    st.builds(
        lambda **fields: fields,
        publication_type=st.sampled_from(["serial", "monograph"]),
        publication_title=st.sampled_from(["Acta Exempla", "acta  exempla.", "Études", "Etudes", "Other"]),
        print_identifier=identifiers,
        online_identifier=identifiers,
        title_id=st.sampled_from([None, "a", "b"]),
        title_url=st.sampled_from([None, "https://v.example/1", "https://v.example/2"]),
        monograph_volume=st.sampled_from([None, "1", "2"]),
        monograph_edition=st.sampled_from([None, "2nd", "2ND"]),
        embargo_info=st.sampled_from([None, "P1Y", "R1Y"]),
        access_type=st.sampled_from([None, "F", "P"]),
        first=years,
        last=years,
    ),
    max_size=12,
)


def frame(generated: list[dict]) -> pd.DataFrame:
    """A title list frame."""
    columns: dict[str, object] = {
        name: pd.array([row.get(name) for row in generated], dtype="str") for name in FIELD_NAMES
    }
    columns["row_number"] = range(2, len(generated) + 2)
    for end, field, day in (("first", "from_date", (1, 1)), ("last", "until_date", (12, 31))):
        stated = [row[end] for row in generated]
        columns[f"date_{end}_issue_online"] = pd.array(stated, dtype="str")
        columns[field] = pd.array([year and date(int(year), *day) for year in stated], dtype="date32[pyarrow]")
    return pd.DataFrame(columns)


def plain(table: pd.DataFrame) -> list[dict]:
    """The rows with None for missing values."""
    return table.astype(object).where(table.notna(), None).to_dict("records")


@pytest.mark.rule("W4")
@settings(max_examples=150, deadline=None)
@given(rows)
def test_titles_and_statements_are_those_of_the_naive_rules(generated: list[dict]) -> None:
    table = frame(generated)
    merged = plain(merge_rows(table))
    titles: dict[str, set] = {}
    for row in merged:
        titles.setdefault(row["title_key"], set()).add(tuple(row[field] for field in naive.STATEMENT))
    expected = naive.merge(plain(table))
    assert sorted(map(sorted_text, titles.values())) == sorted(map(sorted_text, expected.values()))
    for key in titles:
        of_title = [row for row in merged if row["title_key"] == key]
        kept = [row for row in of_title if not row["duplicate"]]
        assert sorted(row["statement_no"] for row in kept) == list(range(1, len(titles[key]) + 1))
        assert len({tuple(row[field] for field in naive.STATEMENT) for row in kept}) == len(kept), "duplicates once"
        starts = [row["from_date"] for row in sorted(kept, key=lambda row: row["statement_no"]) if row["from_date"]]
        assert starts == sorted(starts), "statements are in order"
        assert sum(row["representative"] for row in of_title) == 1


@settings(max_examples=60, deadline=None)
@given(rows, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(generated: list[dict], random: Random) -> None:
    def result(table: pd.DataFrame) -> set:
        return {
            (row["title_key"], row["statement_no"], *(row[field] for field in naive.STATEMENT))
            for row in plain(merge_rows(table))
        }

    shuffled = list(generated)
    random.shuffle(shuffled)
    assert result(frame(generated)) == result(frame(shuffled))


def sorted_text(statements: set[tuple]) -> list[str]:
    return sorted(map(repr, statements))
