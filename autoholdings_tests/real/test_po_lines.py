"""PO lines on real titles through real files: each stays on the journal that it was bought for (rules C19, A6).

The lists beside this module were made from the files and checked by hand: identifier, what becomes of the title in the
later file (listed, or missing), and the identifiers of other journals that have its title_id there.
"""

import csv
from pathlib import Path
from typing import Any

import pytest

from autoholdings_tests.library import VENDORS, Library

OUP_COLLECTIONS = (
    "Oxford University Press Journals Autoholdings Collection",
    "Oxford University Press Books Autoholdings Collection",
)


def bought(name: str) -> list[dict[str, str]]:
    with (Path(__file__).parent / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def attach(library: Library, titles: list[dict[str, str]]) -> None:
    for title in titles:
        library.write(
            "INSERT INTO acquisition_version (portfolio_id, po_line, valid_from) "
            "SELECT portfolio_id, ?, now() FROM portfolio WHERE coalesce(online_identifier, print_identifier) = ?",
            f"POL {title['identifier']}",
            title["identifier"],
        )


def with_po_line(library: Library) -> dict[str, dict[str, Any]]:
    return {row["po_line"]: row for row in library.sql("FROM portfolio WHERE po_line IS NOT NULL")}


def portfolio_ids(rows: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {po_line: row["portfolio_id"] for po_line, row in rows.items()}


def identified_by(library: Library, identifiers: list[str]) -> list[dict[str, Any]]:
    """The PO lines of the portfolios with these identifiers."""
    return library.sql(
        "SELECT po_line FROM portfolio WHERE list_contains(?, coalesce(online_identifier, print_identifier))",
        identifiers,
    )


@pytest.mark.rule("C19", "C20", "A6")
def test_po_lines_on_sixty_titles_whose_ids_other_journals_take_over(library: Library, real_kbart: Path) -> None:
    wiley = library.profile("wiley-main")
    folder = real_kbart / "ezpaarse-platforms" / "wiley"
    wiley.serves(folder / "WILEY_GLOBAL_ALLJOURNALS_2021-03-10.txt")
    library.run()
    titles = bought("po_lines_wiley.tsv")
    assert len(titles) == 60 and sum(title["outcome"] == "missing" for title in titles) >= 40
    attach(library, titles)
    before = with_po_line(library)
    assert len(before) == 60
    for later in ("2024-03-17", "2025-02-01"):
        wiley.serves(folder / f"WILEY_GLOBAL_ALLJOURNALS_{later}.txt")
        assert library.run().error is None
        after = with_po_line(library)
        assert portfolio_ids(after) == portfolio_ids(before)
        assert all(row["availability"] == "available" for row in after.values())
        if later == "2024-03-17":
            for title in titles:
                row = after[f"POL {title['identifier']}"]
                assert (row["online_identifier"] or row["print_identifier"]) == title["identifier"]
                assert (row["missing_since"] is not None) == (title["outcome"] == "missing"), title
                assert row["title"] == before[row["po_line"]]["title"] or title["outcome"] == "listed"
            taken_over = [title["title_id_now_with"] for title in titles if title["outcome"] == "missing"]
            heirs = identified_by(library, taken_over)
            assert len(heirs) >= 40 and all(heir["po_line"] is None for heir in heirs)


@pytest.mark.rule("C19", "A6")
def test_po_lines_on_twenty_journals_that_share_a_title_id_with_their_former_titles(
    library: Library, real_kbart: Path
) -> None:
    for collection in OUP_COLLECTIONS:
        library.collection(collection)
    oup = library.profile("oup-main", VENDORS["oup"])
    folder = real_kbart / "ezpaarse-platforms" / "silverchair"
    oup.serves(folder / "OUP_GLOBAL_ALLJOURNALS_2020-01-21.txt")
    library.run("oup")
    titles = bought("po_lines_oup.tsv")
    assert len(titles) == 20
    attach(library, titles)
    before = with_po_line(library)
    oup.serves(folder / "OUP_GLOBAL_ALLJOURNALS_2021-06-24.txt")
    assert library.run("oup").error is None
    after = with_po_line(library)
    for title in titles:
        line = f"POL {title['identifier']}"
        assert after[line]["portfolio_id"] == before[line]["portfolio_id"]
        assert after[line]["title"].casefold() == before[line]["title"].casefold()
        assert (after[line]["online_identifier"] or after[line]["print_identifier"]) == title["identifier"]
        assert after[line]["missing_since"] is None
    others = " ".join(title["others_with_its_title_id"] for title in titles).split()
    found = identified_by(library, others)
    assert len(found) >= 20 and all(row["po_line"] is None for row in found)
