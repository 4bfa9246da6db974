"""Records in layers are the records that were added and not ended, whatever the files that they lie in."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoholdings_assets.holdings import layers
from autoholdings_assets.holdings.staged import whole_folder

_STEPS = st.lists(
    st.tuples(st.lists(st.integers(0, 9), max_size=4), st.sets(st.integers(0, 9), max_size=3)), min_size=1, max_size=6
)


@settings(deadline=None, max_examples=20)
@given(steps=_STEPS)
def test_layers_have_what_was_added_and_not_ended(steps: Sequence[tuple[list[int], set[int]]]) -> None:
    """Also where layers are written into one, and where a value has been ended and added again."""
    with tempfile.TemporaryDirectory() as name, duckdb.connect() as connection, pytest.MonkeyPatch.context() as patch:
        patch.setattr(layers, "MOST_LAYERS", 3)
        patch.setattr(layers, "FEW_RECORDS", 0)
        expected: list[int] = []
        before = None
        for number, (added, ended) in enumerate(steps):
            expected = [value for value in expected if value not in ended or not before] + added
            values = f"(SELECT unnest({added}::INTEGER[]) AS value)"
            gone = f"list_contains({sorted(ended)}::INTEGER[], value)"
            with whole_folder(Path(name) / str(number)) as folder:
                layers.write(
                    connection, folder, values, {"step": f"it's {number}"}, before=before,
                    ended=f"(SELECT layer, position FROM {layers.in_sql(before)} WHERE {gone})" if before else None,
                )  # fmt: skip
            before = Path(name) / str(number)
            found = connection.execute(f"SELECT value, layer, position FROM {layers.in_sql(before)}").fetchall()
            assert sorted(value for value, *_ in found) == sorted(expected)
            assert len({tuple(place) for _, *place in found}) == len(found)
            assert layers.told(before)["step"] == f"it's {number}"
            assert len(list(before.glob("[0-9]*.parquet"))) <= 3
        assert not list(Path(name).glob("*.unfinished"))


def test_a_folder_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """What was there before stays when the writing fails."""
    folder = tmp_path / "records"
    with duckdb.connect() as connection:
        with whole_folder(folder) as unfinished:
            layers.write(connection, unfinished, "(SELECT 1 AS value)", {})
        with pytest.raises(duckdb.Error), whole_folder(folder) as unfinished:
            layers.write(connection, unfinished, "(SELECT no_such_column)", {})
        assert connection.execute(f"SELECT value FROM {layers.in_sql(folder)}").fetchall() == [(1,)]
    assert list(tmp_path.iterdir()) == [folder]
