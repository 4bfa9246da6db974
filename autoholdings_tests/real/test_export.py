"""The KBART export of a real vendor's holdings, imported into an empty home."""

from datetime import date
from pathlib import Path
from typing import Any

from autoholdings_assets.kbart.check import check_file
from autoholdings_assets.kbart.validation import ReadingOptions, read_title_list
from autoholdings_assets.reports.kbart_export import export_kbart
from autoholdings_assets.reports.selection import Selection
from autoholdings_tests.library import Feed, Library
from autoholdings_tests.pipeline.test_export import another, holdings


def without(values: list[str], found: dict[str, list[dict[str, Any]]]) -> dict[str, list[str]]:
    """The holdings with these identifiers blank."""
    return {
        name: sorted(repr({key: None if value in values else value for key, value in row.items()}) for row in rows)
        for name, rows in found.items()
    }


def test_wileys_list_of_2024_comes_back_as_it_was(
    library: Library, wiley: Feed, real_kbart: Path, tmp_path: Path
) -> None:
    """Every portfolio and statement, but for three identifiers with wrong check digits, which no published file has.

    Twelve journals have no beginning of their coverage: these are in the file of the incomplete rows.
    """
    source = real_kbart / "ezpaarse-platforms" / "wiley" / "WILEY_GLOBAL_ALLJOURNALS_2024-03-17.txt"
    wiley.serves(source)
    library.run()
    export = export_kbart(library.home, "University of Example", Selection(), date(2026, 1, 1))
    (file,) = export.files
    assert file.rows == 2307 and list(export.incomplete.values()) == [12] and list(export.changed.values()) == [3]
    result = check_file(file.path, options=ReadingOptions(strict=True))
    assert result.rejected_rows == 0 and result.verdict in ("valid", "warnings")

    assert export.incomplete_path
    incomplete = export.incomplete_path.read_bytes().split(b"\n", 1)[1]
    copy = another(library, tmp_path)
    copy.profile("copy").serves(file.path.read_bytes() + incomplete, file.path.name)
    assert copy.run().error is None
    findings = read_title_list(source).findings
    wrong = findings[findings["rule"] == "identifier_check_digit"]["value"].unique().tolist()
    before, after = without(wrong, holdings(library)), without(wrong, holdings(copy))
    assert len(wrong) == 3 and len(before["portfolios"]) > 2000
    assert after["portfolios"] == before["portfolios"]
    assert after["coverage"] == before["coverage"]
