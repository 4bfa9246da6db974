"""Files that are read line by changed line come out as if all their lines were read."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from autoholdings_assets.config import Home
from autoholdings_assets.holdings import known_rows, row_parts, title_lists
from autoholdings_assets.holdings.title_lists import StagedTitleList, stage, staged_path
from autoholdings_assets.kbart.errors import UnreadableFile
from autoholdings_assets.kbart.reader import KbartText
from autoholdings_assets.kbart.validation import ReadingOptions, TitleList, validate
from autoholdings_assets.retrieval.archive import Archive
from autoholdings_assets.vendors.model import Vendor, load_vendors
from autoholdings_tests.kbart_files import kbart, monograph, serial
from autoholdings_tests.unit.test_kbart_rules import CASES

# Lines of every kind: good, mended, warned of, rejected, left out, repeated, of another width, blank.
ROWS = (
    *(serial(online_identifier=issn, title_id=issn) for issn in ("1476-4687", "1365-2966", "2041-8205", "")),
    serial(date_last_issue_online="2010", embargo_info="P1Y"),
    serial(print_identifier="00280836", coverage_depth="full text", notes="&amp; more"),
    serial(date_first_issue_online="soon"),  # rejected
    serial(date_first_issue_online="2011", date_last_issue_online="2001"),
    serial(access_type="F", notes="Open access since 2010"),
    serial(publication_type="", online_identifier="", print_identifier=""),
    monograph(),
    monograph(embargo_info="nonsense", publication_title="Ein Buch über Bücher"),
    monograph(online_identifier="9783161484101"),
    monograph(publication_title='"A ""quoted"" one"'),
    {},  # blank throughout
)
FAULTY = (case if isinstance(case, str) else kbart([case]).split("\n")[1] for case, _ in CASES.values())
LINES = (*(kbart([row]).split("\n")[1] for row in ROWS), *FAULTY, "too few\tcells", "", 'an "open\tquotation\tmark')
PLAIN = [line for line in LINES if line.count("\t") == LINES[0].count("\t")]
VENDORS = load_vendors()
HEADER = kbart([]).rstrip("\n")

plain_file = st.lists(st.sampled_from(PLAIN), min_size=1, max_size=14)
any_file = plain_file | plain_file | plain_file | st.lists(st.sampled_from(LINES), min_size=1, max_size=14)
header = st.sampled_from(
    [HEADER, HEADER, HEADER, HEADER.replace("notes", "coverage_notes"), "\t".join(HEADER.split("\t")[::-1])]
)


def staged_after(home: Home, vendor: Vendor, content: str, *before: str) -> StagedTitleList:
    """A file staged anew, after others, the latest first, or alone."""
    last = staged_after(home, vendor, *before).path if before else None
    sha = _archived(home.path, content)
    shutil.rmtree(staged_path(home, vendor, sha), ignore_errors=True)
    return stage(home, vendor, sha, "the file", last)


def rows_of(staged: StagedTitleList) -> list[dict[str, object]]:
    """The staged rows in the file's order, but for which they were in the file before."""
    with duckdb.connect() as connection:
        rows = f"FROM {row_parts.in_sql(staged.path)} SELECT {', '.join(title_lists.COLUMNS)} ORDER BY row_number"
        return connection.sql(rows).to_arrow_table().to_pylist()


def previous_rows(staged: StagedTitleList, before: Path) -> dict[int, int | None]:
    """The number that each row had in the file before; what is told of rows that not both files have fits it."""
    with duckdb.connect() as connection:
        ids = {
            path: dict(
                connection.execute(f"SELECT row_id, row_number FROM {row_parts.numbers_in_sql(path)}").fetchall()
            )
            for path in (before, staged.path)
        }
        sides = dict(connection.execute(f"SELECT row_id, side FROM {row_parts.sides_in_sql(staged.path)}").fetchall())
    there, here = ids[before], ids[staged.path]
    in_files = row_parts.read(staged.path, ["row_id"])["row_id"].to_pylist()
    of_sides = {row_id: (row_id in there) + 2 * (row_id in here) for row_id in in_files}
    assert sides == {row_id: side for row_id, side in of_sides.items() if side != 3}
    return {row_number: there.get(row_id) for row_id, row_number in here.items()}


def faults_of(staged: StagedTitleList) -> list[dict[str, object]]:
    """Why rows were rejected, in any order."""
    return staged.faults.sort_values(["row_number", "rule", "column_name"]).to_dict("records")


def _archived(home: Path, content: str) -> str:
    return Archive(Home(home).archive).put([content.encode()]).sha256


@pytest.fixture(autouse=True, scope="module")
def _any_file_is_large_enough() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(known_rows, "LEAST_LINES", 1)
        patch.setattr(known_rows, "LEAST_KNOWN", 0.01)
        patch.setattr(row_parts, "ROW_GROUP", 4)
        yield


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home for all files."""
    return Home(tmp_path_factory.mktemp("home"))


@pytest.mark.rule("A3")
@settings(deadline=None, max_examples=30)
@given(files=st.lists(st.tuples(header, any_file), min_size=2, max_size=3), ended=st.booleans(), free=st.booleans())
def test_known_rows_are_as_if_they_were_read(
    home: Home, files: list[tuple[str, list[str]]], *, ended: bool, free: bool
) -> None:
    """Rows, what the rules found of each, counts and faults are those of the whole file read at once."""
    vendor = VENDORS["oup" if free else "wiley"]
    texts = ["\n".join([heading, *lines]) + "\n" * ended for heading, lines in files]
    try:
        alone = staged_after(home, vendor, texts[0])
        rows, faults = rows_of(alone), faults_of(alone)
        after = staged_after(home, vendor, *texts)
    except UnreadableFile:
        assume(False)
    assert rows_of(after) == rows
    assert faults_of(after) == faults
    assert replace(after, faults=alone.faults) == alone


def test_only_other_lines_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a weekly file no more is read than the lines that are new, and those that were rejected before."""
    rows = [serial(online_identifier="", title_id=str(number)) for number in range(30)]
    bad = serial(date_first_issue_online="soon")
    last, now = kbart([*rows, bad]), kbart([bad, *rows[::-1], monograph()])
    read: list[int] = []

    def counting(text: KbartText, options: ReadingOptions) -> TitleList:
        read.append(len(text.frame))
        return validate(text, options)

    monkeypatch.setattr(title_lists, "validate", counting)
    staged = staged_after(Home(tmp_path), VENDORS["wiley"], now, last)
    assert read == [31, 2]
    assert (staged.total, staged.rejected) == (32, 1)
    (before,) = [path for path in staged.path.parent.iterdir() if path != staged.path]
    assert row_parts.before(staged.path) == before.name
    assert previous_rows(staged, before) == {2: None, 33: None} | {number: 34 - number for number in range(3, 33)}


@pytest.mark.parametrize("links", [True, False])
def test_what_is_known_is_not_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, links: bool) -> None:
    """A week's folder has the files of the week before, and a small one; a title that comes back is new."""

    def refuse(*_: object) -> None:
        raise OSError

    if not links:  # a disk that knows none
        monkeypatch.setattr("os.link", refuse)
    a, b, c = (serial(online_identifier="", title_id=name) for name in "abc")
    weeks = [kbart([a, b]), kbart([a]), kbart([c, b, a])]
    before = staged_after(Home(tmp_path), VENDORS["wiley"], *weeks[1::-1])
    staged = stage(Home(tmp_path), VENDORS["wiley"], _archived(tmp_path, weeks[2]), "the file", before.path)
    assert previous_rows(staged, before.path) == {2: None, 3: None, 4: 2}
    assert [row["title_id"] for row in rows_of(staged)] == ["c", "b", "a"]
    first = f"SELECT title_id FROM {row_parts.in_sql(staged.path, first=2)} ORDER BY row_number"
    assert duckdb.sql(first).fetchall() == [("c",), ("b",)]
    files = sorted(staged.path.glob("[0-9]*.parquet"))
    assert [file.stat().st_nlink for file in files] == ([3, 1] if links else [1, 1])


def test_a_list_of_many_files_is_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a folder does not have more files each week for ever."""
    monkeypatch.setattr(known_rows, "MOST_ADDED", 1)
    rows = [serial(online_identifier="", title_id=str(number)) for number in range(12)]
    weeks = [kbart(rows[: 8 + week]) for week in range(4)]
    kept = [
        row_parts.before(staged_after(Home(tmp_path), VENDORS["wiley"], *weeks[: week + 1][::-1]).path) is not None
        for week in range(4)
    ]
    assert kept == [False, True, True, False]


@pytest.mark.parametrize(("more", "is_looked_up"), [("", True), ("too few\tcells\n", False)])
def test_rows_are_looked_up_where_each_stands_on_a_line(tmp_path: Path, more: str, is_looked_up: bool) -> None:
    staged = staged_after(Home(tmp_path), VENDORS["wiley"], kbart([serial(), monograph()]) + more)
    assert (known_rows.earlier_rows(staged.path) is not None) == is_looked_up
