"""What a malicious vendor could send: refused or read safely, in words, within bounds, never out of the home.

A redirect that would carry the credential to another host is in ``test_retrieval.py``; links and folders in the inbox
are in ``test_inbox.py``; how text stays text in a workbook's cells is in ``unit/test_workbook.py``.
"""

import gzip
import io
import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from openpyxl import load_workbook

from autoholdings_assets.cli import execute
from autoholdings_assets.config import ConfigurationError, load_configuration
from autoholdings_assets.kbart import errors
from autoholdings_assets.kbart.fields import FIELD_NAMES
from autoholdings_assets.kbart.reader import read
from autoholdings_assets.kbart.validation import read_title_list
from autoholdings_assets.pipeline import steps
from autoholdings_tests import faults
from autoholdings_tests.kbart_files import kbart, serial
from autoholdings_tests.library import Feed, Library, book, isbn, issn, journal
from autoholdings_tests.library import kbart as library_file

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PARTS = {"t": "sharedStrings", "y": "styles", "s": "worksheet"}
GOOD = kbart([serial()])
FIRST_TEXT = '<c t="s"><v>0</v></c>'
MEGABYTE = 1 << 20


def zipped(**members: str | bytes) -> bytes:
    """A zip file; a member's extension stands after two underscores."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return written.getvalue()


def row_of(cells: dict[str, str]) -> str:
    written = (f'<c t="inlineStr"><is><t>{value}</t></is></c>' for value in cells.values())
    return f"<row>{''.join(written)}</row>"


def sheet(more: str = "", *, before: str = "") -> str:
    """A sheet with the header, one good row, and what is said to come after and before them."""
    row = {name: serial().get(name, "") for name in FIELD_NAMES}
    rows = row_of({name: name for name in FIELD_NAMES}) + row_of(row)
    return f'<worksheet xmlns="{MAIN}">{before}<sheetData>{rows}{more}</sheetData></worksheet>'


def workbook(worksheet: str = "", strings: str = "", styles: str = "", properties: str = "") -> bytes:
    """A workbook of these parts and no others."""
    relations = (f'<Relationship Id="{i}" Type="{OFFICE}/{kind}" Target="{kind}.xml"/>' for i, kind in PARTS.items())
    sheets = '<sheets><sheet name="Titles" sheetId="1" r:id="s"/></sheets>'
    return zipped(
        **{
            "xl/workbook__xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{properties}{sheets}</workbook>',
            "xl/_rels/workbook.xml__rels": f"<Relationships>{''.join(relations)}</Relationships>",
            "xl/sharedStrings__xml": strings or f'<sst xmlns="{MAIN}"/>',
            "xl/styles__xml": styles or f'<styleSheet xmlns="{MAIN}"/>',
            "xl/worksheet__xml": worksheet or sheet(),
        }
    )


def laughs() -> str:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    return f'<!DOCTYPE sst [<!ENTITY e0 "ha">{entities}]><sst xmlns="{MAIN}"><si><t>&e11;</t></si></sst>'


def lying(content: bytes, size: int) -> bytes:
    """A zip file whose members say that they are of this size."""
    for sign, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = content.index(sign) + place
        content = content[:at] + size.to_bytes(4, "little") + content[at + 4 :]
    return content


def locked(content: bytes) -> bytes:
    """A zip file that says that a password is needed."""
    for sign, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.index(sign) + place
        content = content[:at] + b"\x01" + content[at + 1 :]
    return content


BOMBS: dict[str, tuple[Callable[[], bytes], type[errors.UnreadableFile], str]] = {
    "gzip bomb": (lambda: gzip.compress(b"0" * 16 * MEGABYTE) * 4, errors.TooLarge, "MB"),
    "gzip in gzip": (lambda: gzip.compress(gzip.compress(b"0" * 16 * MEGABYTE) * 40), errors.TooLarge, "MB"),
    "packed over and over": (
        lambda: gzip.compress(gzip.compress(zipped(a__txt=zipped(b__txt=GOOD)))), errors.DamagedFile, "over and over",
    ),
    "zip bomb": (lambda: zipped(list__txt=b"0" * 64 * MEGABYTE), errors.TooLarge, "MB"),
    "zip bomb in a zip": (lambda: zipped(a__zip=zipped(a__txt=b"0" * 32 * MEGABYTE)), errors.TooLarge, "MB"),
    "very many files in a zip": (
        lambda: zipped(a__txt=GOOD) + b"PK\x01\x02" * 10_001, errors.NotKbart, "10,000 files",
    ),
    "smaller than it is": (lambda: lying(zipped(a__txt=GOOD * 100), 10), errors.DamagedFile, "zip file"),
    "a workbook smaller than it is": (lambda: lying(workbook(), 10), errors.DamagedFile, "workbook"),
    "locked": (lambda: locked(zipped(a__txt=GOOD)), errors.NotKbart, "password"),
    "very many rows": (lambda: workbook(sheet("<row/>" * MEGABYTE)), errors.TooLarge, "MB"),
    "a sheet of blanks": (lambda: workbook(sheet(before=" " * 32 * MEGABYTE)), errors.TooLarge, "MB"),
    "very many texts": (lambda: workbook(strings=f"<sst>{'<si/>' * MEGABYTE}</sst>"), errors.TooLarge, "MB"),
    "one text in very many cells": (
        lambda: workbook(
            sheet(f"<row>{FIRST_TEXT}</row>" * 20_000), f"<sst><si><t>{'z' * MEGABYTE}</t></si></sst>"
        ),
        errors.TooLarge, "MB",
    ),
    "one text all over a row": (
        lambda: workbook(
            sheet(f"<row>{FIRST_TEXT * 9999}</row>"), f"<sst><si><t>{'z' * 32_000}</t></si></sst>"
        ),
        errors.DamagedFile, "characters",
    ),
    "a giant cell": (
        lambda: workbook(sheet(f'<row><c t="str"><v>{"z" * 50 * MEGABYTE}</v></c></row>')), errors.DamagedFile,
        "characters",
    ),
    "a giant attribute": (
        lambda: workbook(sheet(f'<row a="{"z" * 50 * MEGABYTE}"/>')), errors.DamagedFile, "tags",
    ),
    "very many names": (
        lambda: workbook(sheet("".join(f"<a{n}/>" for n in range(200_000)))), errors.DamagedFile, "tags",
    ),
    "elements in elements": (lambda: workbook(sheet("<a>" * 10 * MEGABYTE)), errors.DamagedFile, "without end"),
    "a row of very many cells": (
        lambda: workbook(sheet(f"<row>{'<c/>' * 10 * MEGABYTE}</row>")), errors.DamagedFile, "last column",
    ),
    "a row beyond all rows": (
        lambda: workbook(sheet('<row r="99999999999"><c><v>1</v></c></row>')), errors.DamagedFile, "last one",
    ),
    "rows in disorder": (
        lambda: workbook(sheet('<row r="1"><c><v>1</v></c></row>')), errors.DamagedFile, "out of order",
    ),
    "a billion laughs": (lambda: workbook(strings=laughs()), errors.DamagedFile, "document type"),
    "an entity that reads a file": (
        lambda: workbook(
            '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + sheet(row_of({"title": "&e;"}))
        ),
        errors.DamagedFile, "document type",
    ),
    "a declaration that is fetched": (
        lambda: workbook(styles='<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>'), errors.DamagedFile,
        "document type",
    ),
    "a giant field": (
        lambda: kbart([serial(publication_title="z" * 100 * MEGABYTE)]).encode(), errors.TooLarge, "10,000,000 bytes",
    ),
    "a giant field in UTF-16": (
        lambda: kbart([serial(publication_title="z" * 12_000_000)]).encode("utf-16"), errors.TooLarge, "bytes",
    ),
    "very many columns": (
        lambda: ("\t".join([*FIELD_NAMES, *(f"c{n}" for n in range(20_000))]) + "\n" + GOOD.split("\n")[1]).encode(),
        errors.NotKbart, "column names",
    ),
    "millions of columns": (
        lambda: ("\t".join(FIELD_NAMES) + "\tc" * 10 * MEGABYTE + "\n").encode(), errors.TooLarge, "bytes",
    ),
    "very many lines": (lambda: GOOD.encode() + b"a\n" * 10_100_000, errors.TooLarge, "10,000,000 lines"),
    "very many lines of another encoding": (
        lambda: GOOD.encode() + b"\xe9\r" * 10_100_000, errors.TooLarge, "10,000,000 lines",
    ),
}  # fmt: skip
"""What is sent, how it is refused, and what the refusal says."""

READ = """
import json, re, sys, time
from pathlib import Path
from autoholdings_assets.kbart.errors import UnreadableFile
from autoholdings_assets.kbart.validation import read_title_list
def megabytes(of):
    return int(re.search(of + r":\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
for path in sys.argv[1:]:
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before, started, fate = megabytes("VmRSS"), time.process_time(), ["read", "", ""]
    try:
        read_title_list(Path(path))
    except UnreadableFile as error:
        fate = [error.key, error.message, error.advice]
    print(json.dumps([*fate, megabytes("VmHWM") - before, time.process_time() - started]))
"""
"""Reads files in a process of its own and tells what came of it, and how much more memory and time each took."""


@pytest.fixture(scope="module")
def fates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """What came of reading each bomb."""
    folder = tmp_path_factory.mktemp("bombs")
    paths = [folder / "good.txt"]
    paths[0].write_text(GOOD)
    sizes = {}
    for name, (content, _, _) in BOMBS.items():
        paths.append(folder / f"{name}.bin")
        sizes[name] = paths[-1].write_bytes(content())
    done = subprocess.run([sys.executable, "-c", READ, *paths], capture_output=True, text=True, check=True)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    return {path.stem: [*fate, sizes.get(path.stem, 0)] for path, fate in zip(paths, told, strict=True)}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_it_goes_off(name: str, fates: dict[str, list[Any]]) -> None:
    """In words that say what it is and what to do, without more memory than a file of its size may take."""
    _, refusal, says = BOMBS[name]
    key, message, advice, megabytes, seconds, size = fates[name]
    print(f"{name}: {size / 1e6:.3f} MB delivered, {megabytes:.0f} MB more memory, {seconds:.2f} s: {message}")
    assert (key, says in message) == (refusal.key, True), message
    assert advice.endswith(".")
    assert megabytes < 100 + 2 * size / MEGABYTE


def test_a_good_file_is_read_in_the_same_process(fates: dict[str, list[Any]]) -> None:
    assert fates["good"][0] == "read"


DATES = f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>'
TITLES = f"""<sst xmlns="{MAIN}"><si><t>publication_title</t></si><si><t>title_id</t></si>
<si><t>date_first_issue_online</t></si><si><r><t>Two </t></r><r><t>parts</t></r><rPh><t>hint</t></rPh></si>
<si><t>NUL _x0000_ half _xD800_ break _x000D_ literal _x005F_x0041_</t></si></sst>"""
CELLS = f"""<worksheet xmlns="{MAIN}"><dimension ref="%s"/><sheetData>
<row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2" t="s"><v>1</v></c><c r="C2" t="s"><v>2</v></c></row>
<row r="3"><c r="A3" t="s"><v>3</v></c><c r="C3" s="1"><v>43831</v></c><c r="B3"><v>7.0</v></c></row>
<row r="5"><c r="A5" t="s"><v>4</v></c><c r="B5"><f>1+1</f><v>2</v></c>
<c r="C5"><f>WEBSERVICE("http://127.0.0.1:9")</f></c></row>
<row r="1048576"><c r="A1048576" t="str"><f>"a"&amp;"b"</f><v>=ab</v></c>
<c r="B1048576" t="inlineStr"><is><t>id</t></is></c></row>
</sheetData></worksheet>"""


@pytest.mark.parametrize("range_said", ["A1:C5", "A1", "A1:XFD1048576", "nonsense"])
def test_a_sheet_is_read_as_it_is_and_not_as_it_says_it_is(range_said: str) -> None:
    """Nothing beyond its stated range is lost, nothing within it is made up, and no formula is worked out."""
    text = read(workbook(CELLS % range_said, TITLES, DATES))
    assert text.member == "Titles" and text.header_line == 2
    found = text.frame[["row_number", "publication_title", "title_id", "date_first_issue_online"]]
    assert found.astype(object).where(found.notna(), None).values.tolist() == [
        [3, "Two parts", "7", "2020-01-01"],
        [5, "NUL \0 half \ufffd break   literal _x0041_", "2", None],
        [1048576, "=ab", "id", None],
    ]


@pytest.mark.parametrize("epoch", ["date1904='1'", "date1904='0'"])
def test_dates_count_from_where_the_workbook_says(epoch: str) -> None:
    found = read(workbook(CELLS % "A1", TITLES, DATES, f"<workbookPr {epoch}/>"))
    first = found.frame["date_first_issue_online"][0]
    assert first == ("2024-01-02" if "1" in epoch[9:] else "2020-01-01")


@pytest.mark.parametrize(
    "name",
    ["../../../../tmp/evil.txt", "/etc/cron.d/evil.txt", "C:\\evil.txt", "a\u202etxt.exe\n.txt", "z" * 60_000 + ".txt"],
)
def test_a_name_inside_a_zip_is_only_ever_shown(name: str) -> None:
    """Nothing is unpacked to disk, so that a path cannot lead anywhere; what is shown is harmless."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr(name, GOOD)
    text = read(lying(written.getvalue(), len(GOOD)))
    assert len(text.frame) == 1
    assert text.member.isprintable() and len(text.member) <= 100 and not set(text.member) & set("/\\")
    with zipfile.ZipFile(written, "a") as archive:
        archive.writestr("b" + name, GOOD)
    with pytest.raises(errors.NotKbart, match="2 title lists") as refused:
        read(written.getvalue())
    assert refused.value.message.isprintable() and len(refused.value.message) < 400


@pytest.mark.parametrize(
    "title",
    ["<" * 30_000 + "b>" * 30_000, "&" + "amp;" * 30_000, "\\r" * 30_000 + "b"],
    ids=["tags", "entities", "escapes"],
)
def test_markup_in_markup_takes_no_longer_than_its_length(title: str) -> None:
    """To take off one layer after the other would take hours; in the end there is no sign of markup."""
    started = time.process_time()
    rows = read_title_list(kbart([serial(publication_title=title)]).encode()).rows
    assert time.process_time() - started < 20
    assert not set(rows["publication_title"].fillna("")[0]) & set("<&")


# --- through a whole run

REFUSED = ("a billion laughs", "one text in very many cells", "gzip bomb", "very many columns")


@pytest.mark.rule("A5", "A8")
def test_what_is_refused_changes_nothing(library: Library, wiley: Feed) -> None:
    """The run says what came and what to do; the holdings stay; the next good file is used as if nothing had been."""
    wiley.serves([journal("Acta Exempla", issn(1))])
    assert library.run().outcome == "done"
    before = library.state()
    for name in REFUSED:
        content, _, says = BOMBS[name]
        wiley.serves(content())
        run = library.run()
        assert run.outcome == "nothing applied" and run.message and says in run.message, name
        assert library.state() == before, name
    wiley.serves([journal("Acta Exempla", issn(1)), journal("Beta", issn(2))])
    assert library.run().actions == {"activate": 1}


WORDS = (
    "'; DROP TABLE portfolio; --",
    '" OR 1=1; DELETE FROM portfolio_version; --',
    "{{ 7 * 7 }} {profile} ${HOME} $$ $1 ? %s %(name)d {0!r}",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd",
    "+1-1",
    "$(touch pwned) `touch pwned` ; touch pwned",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "[press](javascript:alert(1)) | **a** | `b`",
    "back\\slash ' '' \\' \\\" end\\",
    "../../../../etc/passwd",
    "nul\0 bell\a \u202eturned\u2066 around \ufeff",
    "\U0001f3f4\U000e0067\U000e007f \u0645\u062c\u0644\u0629\u200f 数学",
    "&#0; &#xD800; &#x202E;",
)
COLLECTIONS = (
    "=cmd|' /C calc'!A0 \"; DROP TABLE portfolio; --",
    "../../../outside\nanother line \u202eturned\u2066 <script>alert(1)</script> {profile} %s",
)
FREE = ("publication_title", "first_author", "title_id", "notes", "publisher_name", "first_editor", "monograph_edition")


def hostile_rows() -> list[dict[str, str]]:
    """Each word in every field that takes any, and once in each other field, where it makes a row that is no good."""
    rows = [dict(journal(word, issn(n))) | dict.fromkeys(FREE, word) for n, word in enumerate(WORDS)]
    rows += [dict(book(word, isbn(n))) | dict.fromkeys(FREE, word) for n, word in enumerate(WORDS)]
    return rows + [dict(journal(f"T{n}", issn(100 + n))) | {name: WORDS[0]} for n, name in enumerate(FIELD_NAMES)]


def files_of(folder: Path, but: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if but not in path.parents}


def formulas(path: Path) -> list[str]:
    """The cells of a workbook that are formulas."""
    book = load_workbook(path)
    return [str(cell.value) for page in book for line in page.iter_rows() for cell in line if cell.data_type == "f"]


@pytest.mark.rule("A3")
def test_words_are_words_wherever_they_stand(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In every field, in the names of the file, the institution, the vendor, its collections and a group, in a PO line;
    in reports and exports."""
    monkeypatch.chdir(tmp_path)
    types = ("serial", "monograph")
    changed = {"based_on": "wiley", "title": WORDS[7] + WORDS[10]} | {
        "collections": [
            {"name": name, "code": kind, "publication_type": kind}
            for name, kind in zip(COLLECTIONS, types, strict=True)
        ]
    }
    library.home.vendors.mkdir(exist_ok=True)
    (library.home.vendors / "wiley.yaml").write_text(yaml.safe_dump(changed))
    library.configuration["electronic_collections"] = [{"name": name} for name in COLLECTIONS]
    group = "O'Hara; DROP TABLE plan; --"
    library.configuration["institution"] |= {
        "name": WORDS[0] + "/../x",
        "groups": [group],
        "customer_parameters": {"multi_campus_inventory_management": True},
    }
    wiley = library.profile("wiley-main", groups=[group])
    outside = files_of(tmp_path, library.home.path)
    wiley.account.fail_next(
        faults.status(
            200,
            {"Content-Disposition": 'attachment; filename="\'; DROP TABLE x; --.txt"'},
            library_file(hostile_rows()),
        )
    )
    assert library.run().outcome in ("done", "done with findings")
    titles = {row["title"] for row in library.published("FROM portfolio")}
    for word in WORDS[:3] + WORDS[4:7] + WORDS[8:11]:
        assert word in titles, word
    assert not any(set(title) & set("\0\a\u202e\u2066\ufeff") for title in titles)
    assert len(library.sql("FROM portfolio")) >= 2 * len(WORDS) - 2
    assert library.sql("SELECT DISTINCT available_for FROM portfolio") == [{"available_for": [group]}]
    kept = library.published("SELECT DISTINCT collection FROM portfolio")
    assert {row["collection"] for row in kept} == set(COLLECTIONS)
    (file,) = library.sql("FROM kbart_file")
    assert file["file_name"] == "'; DROP TABLE x; --.txt"
    assert (
        file["valid_rows"] + file["rejected_rows"] + file["excluded_rows"] == file["total_rows"] == len(hostile_rows())
    )
    library.attach_po_line("+1-1", WORDS[0])
    wiley.account.fail_next(faults.status(200, {}, library_file(hostile_rows()[1:])))
    assert library.run().outcome in ("done", "done with findings")
    steps.report(library.context())
    steps.export_kbart(library.context())
    for form in ("kbart", "google-scholar", "alma"):
        assert execute(["export", "--format", form, "--home", str(library.home.path)]) in (0, 1)
    assert execute(["explain", WORDS[1], "--home", str(library.home.path)]) == 0
    assert WORDS[1] in " ".join(capsys.readouterr().out.split())
    workbooks = list(library.home.path.rglob("*.xlsx"))
    assert len(workbooks) >= 3 and [cell for path in workbooks for cell in formulas(path)] == []
    for page in library.home.path.rglob("*.html"):
        assert "<script>alert" not in page.read_text() and "<img src=x" not in page.read_text()
    assert files_of(tmp_path, library.home.path) == outside


NAMES = (
    "../../../evil.txt", "/etc/cron.d/evil.txt", "C:\\Windows\\evil.txt", "\\\\server\\share\\evil.txt", "CON.txt",
    "a\0b.txt", "a\r\nX-Evil: 1.txt", "\u202etxt.exe", "z" * 5000 + ".txt", ".", "..", "'; DROP TABLE kbart_file; --",
    "$(touch evil).txt", "%00%2e%2e%2f{profile}%s.txt", "",
)  # fmt: skip


def test_a_name_that_a_vendor_gives_is_only_ever_shown(library: Library, wiley: Feed, tmp_path: Path) -> None:
    """Bytes are kept under their hash; the name is short text, without path, control and direction marks."""
    outside = files_of(tmp_path, library.home.path)
    for number, name in enumerate(NAMES):
        given = f"attachment; filename*=UTF-8''{quote(name)}"
        content = library_file([journal(f"T{number}", issn(number))])
        wiley.account.fail_next(faults.status(200, {"Content-Disposition": given}, content))
        steps.retrieve_files(library.context())
    shown = [row["file_name"] for row in library.sql("FROM kbart_file")]
    assert len(shown) == len(NAMES)
    assert all(name.isprintable() and 0 < len(name) <= 200 and not set(name) & set("/\\") for name in shown)
    kept = {path.name for path in library.home.archive.rglob("*") if path.is_file()}
    assert kept == {row["file_sha256"] for row in library.sql("FROM kbart_file")}
    assert files_of(tmp_path, library.home.path) == outside


@pytest.mark.parametrize("name", ["../outside", "a'; DROP TABLE portfolio; --", "a\u202eb", "a b", "", "x" * 300 + "/"])
def test_a_profile_is_named_as_a_folder_can_be(library: Library, name: str) -> None:
    """Its name is that of a folder in the inbox, so that a name which leads elsewhere is refused."""
    library.profile("wiley-main")
    library.change_profile("wiley-main", name=name)
    with pytest.raises(ConfigurationError, match="name"):
        load_configuration(library.home)
