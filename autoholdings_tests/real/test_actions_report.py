"""The actions reports of a real vendor's file after three years (rule C14): every line is what the history says."""

from pathlib import Path

import pytest

from autoholdings_tests.actions_workbooks import assert_tells_the_history, given, read, write
from autoholdings_tests.library import Feed, Library

FILES = ("WILEY_GLOBAL_ALLJOURNALS_2021-03-10.txt", "WILEY_GLOBAL_ALLJOURNALS_2024-03-17.txt")


@pytest.mark.rule("C14")
def test_the_workbooks_of_three_years_tell_the_history_line_by_line(
    library: Library, wiley: Feed, real_kbart: Path
) -> None:
    folder = real_kbart / "ezpaarse-platforms" / "wiley"
    for file in FILES:
        wiley.serves(folder / file)
        run = library.run()
    reports = write(library, run.run_id)
    assert reports is not None and reports.actions == {
        "activate": 41, "possible title change": 116, "update": 465, "unchanged": 1697, "remove": 116
    }  # fmt: skip
    lines = assert_tells_the_history(library, run.run_id, reports)
    assert not read(reports.monograph).records and not read(reports.serial).not_used
    # the vendor's own columns are the file's, cell by cell
    header, *rows = (
        [cell.strip() or None for cell in line.split("\t")]
        for line in (folder / FILES[1]).read_text(encoding="utf-8-sig").splitlines()
    )
    of_rows = {line["Row of the file"]: given(line) for line in lines if line["Row of the file"]}
    assert of_rows == {number: dict(zip(header, row, strict=True)) for number, row in enumerate(rows, start=2)}
