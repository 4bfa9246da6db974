"""The reader takes a title list in every shape that vendors send it in, and refuses what is none."""

import gzip
import io
import zipfile
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest

from autoholdings_assets.kbart import errors, lines, reader
from autoholdings_assets.kbart.fields import FIELD_NAMES
from autoholdings_assets.kbart.reader import KbartText, read
from autoholdings_assets.kbart.unpack import Limits
from autoholdings_assets.kbart.validation import read_title_list
from autoholdings_assets.kbart.writer import write_kbart
from autoholdings_tests.kbart_files import kbart, monograph, serial

ROWS = [serial(publication_title="Économie, société"), monograph(publisher_name="Ünïversity € Press")]


def cells(text: KbartText) -> list[dict[str, str]]:
    """The rows as dictionaries of what is not blank."""
    return [
        {name: value for name, value in row.items() if isinstance(value, str)}
        for row in text.frame[list(FIELD_NAMES)].to_dict("records")
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(("delimiter", "quote"), [("\t", False), ("\t", True), (",", True), (";", True), ("|", False)])
@pytest.mark.parametrize("final_newline", [True, False])
def test_every_encoding_delimiter_and_line_end(
    encoding: str, line_end: str, delimiter: str, quote: bool, final_newline: bool
) -> None:
    content = kbart(ROWS, delimiter=delimiter, line_end=line_end, quote=quote, final_newline=final_newline)
    titles = read_title_list(content.encode(encoding), name="list.txt")
    assert titles.rows["publication_title"].tolist() == ["Économie, société", "A Book of Examples"]
    assert titles.rows["publisher_name"].tolist() == ["Example Press", "Ünïversity € Press"]
    assert titles.rows["row_number"].tolist() == [2, 3]
    assert titles.rejected == 0
    assert titles.text.final_newline is final_newline


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("utf-16-le", "utf-16-le"), ("cp1252", "windows-1252")],
)
def test_the_encoding_is_named(encoding: str, name: str) -> None:
    assert read(kbart(ROWS).encode(encoding)).encoding == name


def test_lines_of_two_encodings_in_one_file() -> None:
    content = kbart([ROWS[0]]).encode() + kbart([ROWS[1]]).encode("cp1252").split(b"\n", 1)[1]
    text = read(content)
    assert text.encoding == "windows-1252 and utf-8"
    assert cells(text) == ROWS


def test_bytes_of_no_known_encoding_are_refused() -> None:
    with pytest.raises(errors.UnknownEncoding):
        read(kbart(ROWS * 20).encode("ascii", "ignore") + "日本語の雑誌".encode("shift-jis") * 50)


def packed(content: bytes, name: str = "list.txt") -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("__MACOSX/._list.txt", b"junk")
        archive.writestr(name, content)
    return written.getvalue()


def workbook(rows: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    book.create_sheet("empty", 0)
    for row in rows:
        book["Sheet"].append(row)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


@pytest.mark.parametrize("pack", [gzip.compress, packed, lambda content: gzip.compress(packed(content))])
def test_packed_files(pack) -> None:  # type: ignore[no-untyped-def]
    assert cells(read(pack(kbart(ROWS).encode()))) == ROWS


def test_a_workbook_with_numbers_and_dates_as_cells() -> None:
    row: dict[str, object] = {**ROWS[0], "date_first_issue_online": datetime(1990, 5, 17), "num_first_vol_online": 1.0}
    text = read(workbook([list(FIELD_NAMES), [row.get(name) for name in FIELD_NAMES]]))
    assert text.container == "xlsx" and text.member == "Sheet"
    assert cells(text) == [{**ROWS[0], "date_first_issue_online": "1990-05-17"}]


def test_cells_with_tabs_and_line_breaks_in_quotation_marks() -> None:
    rows = [serial(notes="one\ttwo\nthree"), serial(publication_title='The "Quoted" Journal'), ROWS[1]]
    text = read(kbart(rows, quote=True).encode())
    assert [row.get("notes") for row in cells(text)] == ["one two three", None, None]
    titles = read_title_list(kbart(rows, quote=True).encode())
    assert titles.rows["publication_title"].tolist()[1] == 'The "Quoted" Journal'
    assert titles.rows["row_number"].tolist() == [2, 4, 5]
    assert titles.text.broken_rows == 1


def test_an_open_quotation_mark_swallows_nothing() -> None:
    rows = [serial(publication_title='"Never closed'), *[serial(title_id=f"T{number}") for number in range(100)]]
    for delimiter in "\t", ",":
        assert len(read(kbart(rows, delimiter=delimiter).encode()).frame) == 101


def test_quotation_marks_inside_a_cell_stay() -> None:
    titles = read_title_list(kbart([serial(publication_title='"Race," Writing, and "Difference"')]).encode())
    assert titles.rows["publication_title"].tolist() == ['"Race," Writing, and "Difference"']


def test_cells_in_apostrophes() -> None:
    rows = [FIELD_NAMES, [ROWS[0].get(name, "") for name in FIELD_NAMES]]
    content = "\n".join("\t".join(f"'{cell}'" for cell in row) for row in rows)
    assert cells(read(content.encode())) == [ROWS[0]]


def test_short_and_long_rows_keep_their_lines() -> None:
    good = kbart([ROWS[0]]).splitlines()
    rows = [good[0], good[1].rstrip("\t"), good[1] + "\tsurplus\t\tmore", "", good[1], "\t" * 24]
    text = read("\n".join(rows).encode())
    assert text.frame["row_number"].tolist() == [2, 3, 5]
    assert text.frame["field_count"].tolist() == [25, 28, 25]
    assert text.frame["overflow"].tolist()[1] == "surplus | more"
    assert text.blank_rows == 1
    assert cells(text) == [ROWS[0]] * 3


def test_a_lone_return_inside_a_row_is_no_line_end() -> None:
    content = kbart([serial(publication_title="Two\rlines"), ROWS[1]], line_end="\r\n")
    text = read(content.encode())
    assert [row["publication_title"] for row in cells(text)] == ["Two lines", "A Book of Examples"]
    assert text.line_ends == "CRLF+CR"


def test_header_names_as_vendors_write_them() -> None:
    names = {
        "notes": "coverage_notes",
        "preceding_publication_title_id": "Preceeding_Publication_Title_ID",
        "date_monograph_published_online": "date_monograph_published_onl",
        "title_url": " Title URL ",
        "access_type": "ACCESS_TYPE",
    }
    columns = [names.get(name, name) for name in FIELD_NAMES]
    row = {names.get(name, name): value for name, value in {**ROWS[1], "notes": "a note"}.items()}
    text = read(kbart([row], columns=columns).encode())
    assert text.header.missing == ()
    assert cells(text) == [{**ROWS[1], "notes": "a note"}]


def test_an_exact_name_wins_and_the_other_stays_beside_it() -> None:
    columns = ["coverage_notes", *FIELD_NAMES, "notes", "", "doi"]
    text = read(
        kbart([{**ROWS[0], "coverage_notes": "other", "notes": "mine", "doi": "10/1"}], columns=columns).encode()
    )
    assert text.frame["notes"].tolist() == ["mine"]
    assert text.frame["coverage_notes"].tolist() == ["other"]
    assert text.header.extra == ("coverage_notes", "notes_2", "column_28", "doi")
    assert text.header.duplicates == ("notes",) and text.header.unnamed == 1


def test_phase_one_and_lines_before_the_header() -> None:
    columns = FIELD_NAMES[:16]
    content = "Provider\tExample\n\n" + kbart([ROWS[0]], columns=columns)
    titles = read_title_list(content.encode())
    assert titles.text.header_line == 3
    assert titles.rows["row_number"].tolist() == [4]
    assert titles.rows["publication_type"].tolist() == ["serial"]


def test_a_long_line_is_read() -> None:
    rows = [serial(), serial(notes="n" * (9 << 20)), serial()]
    assert read(kbart(rows).encode()).frame["notes"].str.len().fillna(0).tolist() == [0, 9 << 20, 0]


def test_a_line_longer_than_the_parsers_block_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "BLOCK", 64)
    assert cells(read(kbart(ROWS).encode())) == ROWS


def test_a_header_may_end_in_delimiters_without_a_name() -> None:
    assert cells(read(kbart(ROWS, columns=(*FIELD_NAMES, "", "")).encode())) == ROWS


def test_cells_with_nothing_but_blanks_are_blank() -> None:
    row = dict.fromkeys(FIELD_NAMES, " ") | {name: f" {value}\u00a0" for name, value in ROWS[0].items()}
    assert cells(read(kbart([row]).encode())) == [ROWS[0]]


@pytest.mark.parametrize(
    ("content", "refusal", "says"),
    [
        (b"", errors.EmptyFile, "empty"),
        (b"\xef\xbb\xbf\r\n \r\n", errors.EmptyFile, "empty"),
        (gzip.compress(b"", mtime=0), errors.EmptyFile, "empty"),
        (b"<!DOCTYPE html><html><body>Log in</body></html>", errors.NotKbart, "web page"),
        (b"\n  <html>\n", errors.NotKbart, "web page"),
        (b'{"error": "token expired"}', errors.NotKbart, "token expired"),
        (b"%PDF-1.7 ...", errors.NotKbart, "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", errors.NotKbart, "xls"),
        (b"name\tvalue\na\tb\n", errors.NotKbart, "column names"),
        (bytes(range(256)) * 10, errors.UnreadableFile, ""),
        (kbart([]).encode(), errors.NoRows, "no rows"),
        ((kbart([]) + "\t" * 24 + "\n\n").encode(), errors.NoRows, "no rows"),
        (kbart(ROWS, columns=["publication_title", "notes"]).encode(), errors.MissingColumns, "title_id"),
        (gzip.compress(kbart(ROWS * 100).encode())[:-30], errors.DamagedFile, "gzip"),
        (packed(kbart(ROWS * 100).encode())[:200], errors.DamagedFile, "zip"),
        (b"PK\x03\x04 not a zip", errors.DamagedFile, "zip"),
    ],
    ids=range(16),
)  # fmt: skip
def test_what_is_no_title_list_is_refused(content: bytes, refusal: type[errors.UnreadableFile], says: str) -> None:
    with pytest.raises(refusal) as refused:
        read(content, name="from vendor.txt")
    assert refused.value.name == "from vendor.txt"
    assert says in refused.value.message
    assert refused.value.advice.endswith(".")


def test_several_lists_in_one_zip_are_not_guessed_between() -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("a.txt", kbart(ROWS))
        archive.writestr("b.txt", kbart(ROWS))
    with pytest.raises(errors.NotKbart, match=r"a\.txt, b\.txt"):
        read(written.getvalue())


def test_a_bomb_and_a_file_over_the_limit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.TooLarge):
        read(gzip.compress(b"0" * 50_000_000))
    with pytest.raises(errors.TooLarge):
        read(packed(b"0" * 50_000_000))
    large = tmp_path / "large.txt"
    large.write_text(kbart(ROWS * 100))
    with pytest.raises(errors.TooLarge):
        read(large, limits=Limits(packed=1000))


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(errors.MissingFile, match=r"nowhere\.txt"):
        read(tmp_path / "nowhere.txt")


def test_what_is_written_reads_the_same(tmp_path: Path) -> None:
    titles = read_title_list(kbart([*ROWS, serial(notes="a\tb")], quote=True).encode())
    path = tmp_path / "Example_Global_All_2024-01-01.txt"
    assert write_kbart(titles.rows, path) == 3
    content = path.read_bytes()
    assert content.startswith("\t".join(FIELD_NAMES).encode() + b"\n") and content.endswith(b"\n")
    assert b"\r" not in content and content.count(b"\n") == 4
    again = read_title_list(path)
    assert again.rows.drop(columns="row_number").equals(titles.rows.drop(columns="row_number"))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("block", [1, 150, 1 << 20])
def test_blocks_of_lines_join_without_a_seam(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "BLOCK", block)
    rows = [serial(title_id=f"T{number}", notes="a\nb" if number % 7 == 0 else "") for number in range(200)]
    text = read(kbart(rows, quote=True, delimiter=",").encode())
    assert text.frame["title_id"].tolist() == [row["title_id"] for row in rows]
    expected, number = [], 2
    for row in rows:
        expected.append(number)
        number += 1 + row["notes"].count("\n")
    assert text.frame["row_number"].tolist() == expected
    assert text.broken_rows == 29
