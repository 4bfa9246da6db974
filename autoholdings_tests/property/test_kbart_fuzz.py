"""Whatever a file holds: no exception but the documented ones, and rows in = valid + rejected.

``python -m autoholdings_tests.property.test_kbart_fuzz --inputs 100000`` is the long run, with a seed that it prints
(``--seed`` repeats it, ``--folder`` mutates real files instead of generated ones).
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoholdings_assets.kbart.errors import UnreadableFile
from autoholdings_assets.kbart.fields import FIELD_NAMES
from autoholdings_assets.kbart.lines import line_hashes
from autoholdings_assets.kbart.reader import open_file, read_lines, read_rows
from autoholdings_assets.kbart.validation import TitleList, read_title_list, validate
from autoholdings_assets.kbart.writer import write_kbart
from autoholdings_tests.kbart_files import kbart, monograph, serial

# What vendors' cells are made of, and what breaks readers.
PIECES = [
    "", " ", "\t", "\n", "\r", "\r\n", '"', '""', "'", ",", ";", "|", "\\r", "\x00", "\x1a", "\u00a0", "\u200b",
    "\ufeff", "\ufffd", "Ã©", "é", "日本", "😀", "&amp;", "&amp;lt;b&gt;", "<i>", "http://x.example/", "serial",
    "monograph", "fulltext", "2004", "2004-02-30", "41275", "9999", "P1Y", "R1Y;P1M", "0028-0836", "280836",
    "0-306-40615-2", "N/A", "P", "F",
]  # fmt: skip
cell = st.one_of(
    st.sampled_from(PIECES), st.text(max_size=12), st.lists(st.sampled_from(PIECES), max_size=4).map("".join)
)
line = st.lists(cell, max_size=30)
SEEDS = [
    kbart([serial(), monograph(), serial(date_last_issue_online="2004")]).encode(),
    kbart([serial(notes="a\nb\tc"), monograph()], delimiter=",", quote=True).encode(),
    kbart([serial(publication_title="Économie")], line_end="\r\n").encode("utf-16"),
    kbart([serial(publication_title="Économie"), monograph()], delimiter=";").encode("cp1252"),
    kbart([serial()] * 5, quote=True, line_end="\r").encode("utf-8-sig"),
]


def read_safely(content: bytes) -> TitleList | None:
    """Read bytes; nothing but the documented refusals may come out, and no row may be lost.

    Line by line, if each is a row, comes out the same.
    """
    try:
        file = open_file(content)
        text = read_rows(file)
    except UnreadableFile:
        return None
    hashes = line_hashes(file.layout)
    if text.plain and hashes:
        lines = read_lines(file, np.ones(len(hashes.line), dtype=bool))
        assert lines and lines.frame.equals(text.frame)
    titles = validate(text)
    assert titles.total == len(text.frame) == titles.valid + titles.rejected
    assert titles.rows["row_number"].is_monotonic_increasing and titles.rows["row_number"].is_unique
    assert (titles.rows["status"] == "rejected").sum() == titles.rejected
    rejected_lines = set(titles.rows.loc[titles.rows["reason"].notna(), "row_number"])
    assert set(titles.findings.loc[titles.findings["severity"] == "error", "row_number"]) == rejected_lines
    return titles


def mutate(content: bytes, chance: random.Random) -> bytes:
    """Change a few bytes: flip, delete, repeat, insert a piece, cut off."""
    data = bytearray(content)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(data) + 1)
        kind = chance.randrange(6)
        if kind == 0 and at < len(data):
            data[at] = chance.randrange(256)
        elif kind == 1:
            del data[at : at + chance.randint(1, 20)]
        elif kind == 2:
            data[at:at] = data[at : at + chance.randint(1, 60)]
        elif kind == 3:
            data[at:at] = chance.choice(PIECES).encode("utf-8", "surrogatepass")
        elif kind == 4:
            data[at:at] = bytes(chance.choices(b'\t\n\r",;\x00\x80\xff', k=chance.randint(1, 3)))
        elif chance.random() < 0.1:
            del data[at:]
    return bytes(data)


@pytest.mark.rule("A3")
@settings(max_examples=40, deadline=None)
@given(st.lists(line, max_size=6), st.sampled_from(["\t", ",", ";", "|"]), st.sampled_from(["\n", "\r\n", "\r"]))
def test_any_rows_under_a_good_header(rows: list[list[str]], delimiter: str, line_end: str) -> None:
    lines = [delimiter.join(FIELD_NAMES), *(delimiter.join(row) for row in rows)]
    read_safely(line_end.join(lines).encode("utf-8", "surrogatepass"))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.fixed_dictionaries(dict.fromkeys(FIELD_NAMES, cell)), min_size=1, max_size=6))
def test_quoted_cells_come_back_as_rows(rows: list[dict[str, str]]) -> None:
    filled = [row | {"title_id": "x"} for row in rows]
    content = kbart(filled, quote=True, delimiter=",").encode("utf-8", "surrogatepass")
    titles = read_safely(content)
    assert titles is not None
    breaks = sum(value.count("\n") + value.count("\r") for row in rows for value in row.values())
    assert titles.total == len(rows) or breaks > 0 or b"\x00" in content


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes(content: bytes) -> None:
    read_safely(content)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.fixed_dictionaries(dict.fromkeys(FIELD_NAMES, cell)), min_size=1, max_size=6))
def test_what_was_understood_is_understood_again(rows: list[dict[str, str]]) -> None:
    rows = [row | {"publication_title": f"{row['publication_title']}x", "title_id": "x"} for row in rows]
    once = read_safely(kbart(rows, quote=True, delimiter=",").encode("utf-8", "replace"))
    assert once is not None
    usable = once.rows[once.rows["reason"].isna()].reset_index(drop=True)
    if usable.empty:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.txt"
        write_kbart(usable, path)
        again = read_title_list(path).rows
    columns = [*FIELD_NAMES, "from_date", "until_date"]
    assert again[columns].equals(usable[columns])


@pytest.mark.parametrize("seed", range(5))
def test_mutated_files(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(15):
        read_safely(mutate(chance.choice(SEEDS), chance))


def test_mutated_real_files(real_kbart: Path) -> None:
    chance = random.Random(0)
    files = [path for path in sorted(real_kbart.rglob("*")) if path.is_file() and path.stat().st_size < 30_000]
    for _ in range(30):
        read_safely(mutate(chance.choice(files).read_bytes(), chance))


def main() -> int:
    """The long run: prints what it did, and every input that broke the promise to a file of its own."""
    arguments = argparse.ArgumentParser(description=main.__doc__)
    arguments.add_argument("--inputs", type=int, default=100_000)
    arguments.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    arguments.add_argument("--folder", type=Path)
    wanted = arguments.parse_args()
    seeds = SEEDS
    if wanted.folder:
        seeds = [path.read_bytes() for path in sorted(wanted.folder.rglob("*")) if path.is_file()]
        seeds = [content[:20_000] for content in seeds if content]
    chance, outcomes, broken = random.Random(wanted.seed), Counter[str](), 0
    for number in range(wanted.inputs):
        content = mutate(chance.choice(seeds), chance)
        try:
            titles = read_safely(content)
            outcomes["refused" if titles is None else "read"] += 1
        except Exception as error:
            broken += 1
            Path(f"fuzz-{wanted.seed}-{number}.bin").write_bytes(content)
            print(f"input {number}: {type(error).__name__}: {error}", file=sys.stderr)
    print(f"{wanted.inputs:,} inputs, seed {wanted.seed}: {dict(outcomes)}, {broken} broken promises")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
