"""KBART files written from the holdings, into outbox/."""

from datetime import date
from pathlib import Path

from autoholdings_assets.config import Home
from autoholdings_assets.holdings.title_lists import staged_path
from autoholdings_assets.holdings.warehouse import open_warehouse
from autoholdings_assets.kbart.writer import write_kbart
from autoholdings_assets.vendors.model import Vendor


def export_left_out(home: Home, vendor: Vendor, day: date) -> tuple[Path, int]:
    """Write the free content that the vendor's newest accepted files name, to be maintained separately (rule O3).

    Gives the file and its number of rows; the same row in two profiles' files is written once.
    """
    with open_warehouse(home.warehouse) as connection:
        accepted = connection.execute(
            "SELECT DISTINCT file_sha256 FROM entitlement WHERE vendor = ? ORDER BY 1", [vendor.name]
        ).fetchall()
        staged = [str(staged_path(home, vendor, sha)) for (sha,) in accepted]
        rows = connection.execute(
            "SELECT DISTINCT * EXCLUDE (row_number, status, reason, from_date, until_date, collection) "
            "FROM read_parquet(?) WHERE status = 'excluded' ORDER BY publication_title, date_first_issue_online",
            [staged],
        ).df() if staged else None  # fmt: skip
    home.outbox.mkdir(parents=True, exist_ok=True)
    path = home.outbox / f"{vendor.name.title()}_Global_FreeContent_{day:%Y-%m-%d}.txt"
    if rows is None:
        return path, 0
    return path, write_kbart(rows.astype("str").where(rows.notna()), path)
