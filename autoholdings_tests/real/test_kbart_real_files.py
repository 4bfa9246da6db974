"""The 278 real title lists: every row read, GOKb's verdicts agreed with or explained, and clean copies that stay clean.

``AUTOHOLDINGS_LONG=1`` makes a clean copy of every file instead of a sample.
"""

import csv
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from autoholdings_assets.kbart.check import fix_file
from autoholdings_assets.kbart.checks import not_a_repetition
from autoholdings_assets.kbart.errors import NotKbart, UnreadableFile
from autoholdings_assets.kbart.fields import FIELD_NAMES
from autoholdings_assets.kbart.file_rules import check_file
from autoholdings_assets.kbart.rules import BY_KEY
from autoholdings_assets.kbart.validation import TitleList, read_title_list
from autoholdings_tests.kbart_files import MENDED

pytestmark = pytest.mark.slow

# Files whose rows are counted otherwise than in the manifest, and why.
OTHER_COUNTS: dict[str, tuple[int, str]] = {
    "ezpaarse-platforms/heinonline/HEINONLINE_journals_2016-06-29.txt": (
        3015,
        "three rows hold a lone carriage return inside the title; the manifest counts each of them as two rows",
    ),
}
# Files that are no title lists: they have no header line with KBART's names, or with others for the same columns.
NO_TITLE_LISTS: dict[str, str] = {
    "gokb/utils/testdata/archive_collections/brill/brill.tsv": "a price list (ISSN/ISBN, Title, Product Category)",
    "kbplus-scripts/swets/demo-sub-create-2.csv": "subscriptions with their web addresses, without a header",
    "kbplus-scripts/swets/dev-sub-create-1.csv": "subscriptions with their web addresses, without a header",
    "kbplus-scripts/swets/www-upload.csv": "names of uploaded files, without a header",
}


@dataclass(frozen=True)
class RealFile:
    """A line of the manifest with what our reading came to; ``titles`` is ``None`` for a file that was refused."""

    name: str
    rows: int
    gokb_strict: str
    titles: TitleList | None
    refusal: UnreadableFile | None

    @property
    def strict_errors(self) -> set[str]:
        """The rules that make the file invalid in strict mode."""
        if self.titles is None:
            assert self.refusal is not None
            return {self.refusal.key}
        of_rows = {key for key in self.titles.counts if BY_KEY[key].severity_in(strict=True) == "error"}
        of_file = {found.rule for found in check_file(self.titles.text, strict=True) if found.severity == "error"}
        return of_rows | of_file


def manifest(folder: Path) -> Iterator[dict[str, str]]:
    with (folder / "manifest.tsv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, delimiter="\t")


@pytest.fixture(scope="module")
def files(real_kbart: Path) -> list[RealFile]:
    found = []
    for line in manifest(real_kbart):
        titles = refusal = None
        try:
            titles = read_title_list(real_kbart / line["file"])
        except UnreadableFile as error:
            refusal = error
        found.append(RealFile(line["file"], int(line["rows"]), line["gokb_strict_valid"], titles, refusal))
    return found


@pytest.mark.rule("A3")
def test_every_file_is_read_and_every_row_counted(files: list[RealFile]) -> None:
    assert len(files) == 278
    refused = {file.name: file.refusal for file in files if file.titles is None}
    assert set(refused) == set(NO_TITLE_LISTS)
    assert all(isinstance(refusal, NotKbart) for refusal in refused.values())
    counted = {file.name: (file.titles.total, file.rows) for file in files if file.titles is not None}
    differing = {name: ours for name, (ours, theirs) in counted.items() if ours != theirs}
    assert differing == {name: count for name, (count, _) in OTHER_COUNTS.items()}
    assert all(file.titles.valid + file.titles.rejected == file.titles.total for file in files if file.titles)


def test_line_numbers_point_at_the_rows(real_kbart: Path, files: list[RealFile]) -> None:
    """In plain files the line of each row begins with the row's first cell."""
    looked_at = 0
    for file in files:
        if file.titles is None or file.titles.encoding not in ("ascii", "utf-8") or "CR" in file.titles.text.line_ends:
            continue
        text, first = file.titles.text, file.titles.text.header.columns[0]
        if text.delimiter != "tab" or text.quoted or first not in FIELD_NAMES:
            continue
        lines = (real_kbart / file.name).read_bytes().decode("utf-8-sig").split("\n")
        for number, value in zip(text.frame["row_number"], text.frame[first], strict=True):
            if isinstance(value, str) and '"' not in lines[number - 1]:
                assert lines[number - 1].split("\t")[0].strip() == value, (file.name, number)
                looked_at += 1
    assert looked_at > 50_000


# GOKb calls these files valid in strict mode and we do not. Each of our rules, with why it is right to differ.
OURS_ALONE: dict[str, str] = {
    "coverage_not_stated": "GOKb asks for no start date; KBART requires one of a serial, and a blank is no coverage",
    "missing_columns": "GOKb asks for four columns; KBART requires all 25",
    "title_url_form": "GOKb encodes blanks in an address before it looks; readers' browsers get the address as it is",
    "quotation_marks": "GOKb takes quotation marks as part of the values; KBART has none, and they reach the reader",
    "control_characters": "GOKb looks only at values that consist of one control character",
}


@dataclass(frozen=True)
class TheirsAlone:
    """Why GOKb calls a file invalid that we call valid; ``applies`` looks in the file itself."""

    reason: str
    applies: Callable[[TitleList], bool]


def _has_url_without_path(titles: TitleList) -> bool:
    urls = titles.rows["title_url"].dropna()
    return any(re.match(r"https?://[^/?#]+\?", url) for url in urls)


THEIRS_ALONE: tuple[TheirsAlone, ...] = (
    TheirsAlone(
        "their URL check refuses a query right after the host (http://host?x=1), which RFC 3986 allows",
        _has_url_without_path,
    ),
    TheirsAlone(
        "they check zdb_id, a column of GOKb's own that KBART does not have",
        lambda titles: "zdb_id" in titles.text.header.extra,
    ),
    TheirsAlone(
        "they take rows that are blank throughout for rows without their mandatory values; they are no rows",
        lambda titles: titles.text.blank_rows > 0,
    ),
)


def test_agreement_with_gokb_in_strict_mode(files: list[RealFile]) -> None:
    agreed, explained, unexplained = 0, [], []
    for file in files:
        if not file.gokb_strict:
            continue
        ours, theirs = not file.strict_errors, file.gokb_strict == "true"
        if ours == theirs:
            agreed += 1
            continue
        if theirs:
            reasons = [OURS_ALONE[key] for key in sorted(file.strict_errors) if key in OURS_ALONE]
            complete = len(reasons) == len(file.strict_errors)
        else:
            assert file.titles is not None
            reasons = [why.reason for why in THEIRS_ALONE if why.applies(file.titles)]
            complete = bool(reasons)
        (explained if complete else unexplained).append((file.name, "; ".join(reasons) or str(file.strict_errors)))
    for name, why in explained:
        print(f"{name}: {why}")
    print(f"{agreed} agreed, {len(explained)} explained, {len(unexplained)} unexplained")
    assert unexplained == []
    assert agreed >= 220 and agreed + len(explained) == 241


def test_hard_rows_are_rejected_and_their_neighbours_are_not(files: list[RealFile]) -> None:
    by_name = {file.name: file.titles for file in files}
    hein = by_name["ezpaarse-platforms/heinonline/HEINONLINE_journals_2016-06-29.txt"]
    assert hein is not None and hein.counts["shifted_columns"] == 5 and hein.rejected < 50
    swiss = by_name["metadataNationalLicences/title-lists/springer_Switzerland_NationalLicences_2018-02-22.txt"]
    assert swiss is not None and swiss.counts["date_unparseable"] == 1617  # DD.MM.YYYY, not declared
    nature = by_name["ezpaarse-platforms/npg/NPG_GLOBAL_ALLJOURNALS_2025-02-21.txt"]
    assert nature is not None and set(nature.rows["access_type"].dropna()) <= {"P", "F"}


def sample(folder: Path) -> list[str]:
    """One small file of each platform, or with AUTOHOLDINGS_LONG all."""
    names = [line["file"] for line in manifest(folder) if line["file"] not in NO_TITLE_LISTS]
    if os.environ.get("AUTOHOLDINGS_LONG"):
        return names
    smallest: dict[str, str] = {}
    for name in sorted(names, key=lambda name: (folder / name).stat().st_size):
        if (folder / name).stat().st_size > 5_000:
            smallest.setdefault(str(Path(name).parent), name)
    return sorted(smallest.values())[:40]


def test_clean_copies_say_the_same_and_stay_as_they_are(
    real_kbart: Path, tmp_path: Path, files: list[RealFile]
) -> None:
    by_name = {file.name: file.titles for file in files}
    columns = [*FIELD_NAMES, "from_date", "until_date"]
    once, twice = tmp_path / "once.txt", tmp_path / "twice.txt"
    for name in sample(real_kbart):
        titles = by_name[name]
        assert titles is not None
        if titles.valid == 0:
            continue
        fix = fix_file(real_kbart / name, once)
        again = read_title_list(once)
        usable = titles.rows[titles.rows["reason"].isna()]
        usable = usable[not_a_repetition(usable)].reset_index(drop=True)
        assert again.rows[columns].equals(usable[columns]), name
        assert again.rejected == 0 and again.total == fix.written, name
        assert not MENDED & again.counts.keys(), (name, again.counts)
        fix_file(once, twice)
        assert once.read_bytes() == twice.read_bytes(), name
