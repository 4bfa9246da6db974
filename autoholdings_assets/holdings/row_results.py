"""What became of every row of a plan's files, for whoever asks later.

Nothing of it is written anew: merging has staged what each row is, settled.py each title's result. Both are linked into
the plan's folder, with the rows' numbers, since the files that they are linked from may go before the plan does.
"""

from collections.abc import Sequence
from pathlib import Path

from autoholdings_assets.config import Home
from autoholdings_assets.holdings import layers
from autoholdings_assets.holdings.entitlements import Inputs
from autoholdings_assets.holdings.settled import TITLES
from autoholdings_assets.holdings.staged import content_path, link, plan_folder, whole_folder, write_parquet
from autoholdings_assets.holdings.titles import merged_path, numbers_of_rows
from autoholdings_assets.holdings.warehouse import Connection, quoted, sql

_ROWS, _COMPARED, _ACTIVATED = "rows", "compared", "activated_portfolio"


def stage_row_results(connection: Connection, home: Home, inputs: Inputs, plan_id: str) -> None:
    """Stage with the plan what `row_results` needs besides its titles."""
    write_parquet(connection, "compared_result", content_path(home, plan_id, _COMPARED))
    with whole_folder(plan_folder(home, plan_id) / _ROWS) as folder:
        layers.copy(merged_path(home, inputs), folder)
        for path in numbers_of_rows(merged_path(home, inputs)).values():
            link(path, folder / path.name)


def row_results(home: Home, plan_id: str, profiles: Sequence[str]) -> str | None:
    """A relation with one record a row; ``None`` where a plan has no rows, or they are not staged any more.

    Its columns: profile, row_number, collection, outcome, portfolio_id, and the statement_no and representative of
    ``kbart.coverage``. ``profiles``: those of the plan's files, in their order.
    """
    former = content_path(home, plan_id, _ROWS)
    if former.exists():  # staged by a version that wrote these records
        return _read(former)
    folder = plan_folder(home, plan_id)
    if not layers.told(folder / _ROWS):
        return None
    numbers = [
        f"SELECT {profile_no} AS profile_no, row_id, row_number FROM {_read(path)}"
        for profile_no, path in numbers_of_rows(folder / _ROWS).items()
    ]
    nothing = "SELECT NULL::INTEGER AS profile_no, NULL::BIGINT AS row_id, NULL::BIGINT AS row_number WHERE FALSE"
    named = ", ".join(f"{{'profile_no': {number}, 'profile': {quoted(name)}}}" for number, name in enumerate(profiles))
    found = sql("row_results").format(
        outcomes=layers.in_sql(folder / _ROWS),
        numbers=f"({' UNION ALL '.join([nothing, *numbers])})",
        titles=layers.in_sql(folder / TITLES),
        compared=_read(content_path(home, plan_id, _COMPARED)),
        activated=_read(content_path(home, plan_id, _ACTIVATED)),
        profiles=f"[{named}]",
    )
    return f"({found})"


def _read(path: Path) -> str:
    return f"read_parquet({quoted(path)})"
