"""Whatever mess the holdings are in, the KBART file that is written from them stands up to our own strict check."""

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from autoholdings_assets.holdings.warehouse import Connection, sql
from autoholdings_assets.kbart.check import check_file
from autoholdings_assets.kbart.fields import FIELD_NAMES
from autoholdings_assets.kbart.validation import ReadingOptions
from autoholdings_assets.reports.kbart_export import CHANGES, LACKING, KbartExport, write_kbart_files
from autoholdings_assets.reports.outbox import KEPT_DATES
from autoholdings_assets.reports.selection import Selection
from autoholdings_tests.library import isbn, issn

DAY = date(2026, 3, 1)
NASTY_TEXT = [
    None, "", "  ", "\u00a0", "\u2028", "plain", "tab\there", "line\nbreak", "carriage\rreturn", "nul\x00",
    "zero\u200bwidth", "bom\ufeff", "lost \ufffd letter", "\ufffd", r"literal\r", r"literal\r \n", r"\n", '"quoted"',
    '"one" and "two"', '"open', "'apostrophes'", "&amp;", "<i>x</i>", "fulltext", "serial", "monograph", "=1+1",
    "https://elsewhere.example/", "Ünïcode", "日本", "x" * 300, "N/A", "\x85", "Ã©",
]  # fmt: skip
IDENTIFIERS = [
    None, "", issn(1), issn(2), issn(5_000_000), isbn(3), "0000-0000", "1234-5678", "12345679", "1234-567x",
    "9780306406158", "0306406152", "978030640615", "n/a", "see notes", "https://doi.example/10.1", "2049-3630\t",
]  # fmt: skip
DATES: list[tuple[str | None, date | None]] = [
    (None, None), ("2004", date(2004, 12, 31)), ("2004-02", date(2004, 2, 29)), ("2004-02-17", date(2004, 2, 17)),
    ("1990", date(1990, 1, 1)), ("2004/02/17", date(2004, 2, 17)), ("17.02.2004", date(2004, 2, 17)),
    ("the beginning", None), ("38000", None), ("9999", date(9999, 12, 31)), ("0999", date(999, 1, 1)),
    ("2004-13", None), (None, date(2001, 1, 1)), ("", None), ("2010", date(2004, 2, 17)), ("2400", date(2400, 1, 1)),
]  # fmt: skip
URLS = [
    None, "", "https://v.example/1", " https://v.example/2 ", "http://v.example/a b", "www.v.example", "ftp://v.example/",
    "https://v.example/\t3", "https://v.example/ü", "HTTPS://V.EXAMPLE", "https://",
]  # fmt: skip
EMBARGOES = [None, "", "P1Y", "R10Y;P6M", "p1y", "P0M", "P01Y", "one year", "R1Y;P1Y;P2Y"]
DEPTHS = [None, "", "fulltext", "abstracts", "selected articles", "Full text", "ebook", "https://x.example"]
ACCESS = [None, "", "F", "P", "M", "p", "X", "fulltext"]
BOOK_DATES = [None, "", "2001", "c2001", "2001-02-30", "[2001]", "1066", "41275", "9999-12-31", "2001-5"]

GOOD = {
    "publication_title": "Acta Exempla", "print_identifier": issn(7), "online_identifier": issn(8), "title_id": "ACTA",
    "title_url": "https://v.example/acta", "first": ("1990-05", date(1990, 5, 1)), "last": ("2004", date(2004, 12, 31)),
    "num_first_vol_online": "1 (new series)", "num_last_issue_online": "12/13", "embargo_info": "R10Y;P6M",
    "coverage_depth": "fulltext", "notes": 'He said "no"', "access_type": "F",
}  # fmt: skip
GOOD_PORTFOLIO = {
    "title": "Acta Exempla", "print_identifier": issn(7), "online_identifier": issn(8), "title_id": "ACTA",
    "title_url": "https://v.example/acta", "publication_type": "serial", "publisher_name": "Exempel & Söhne",
    "first_author": "Ada", "editor": "Eda", "monograph_volume": "II", "date_monograph_published_print": "2001-05",
    "date_monograph_published_online": "2002", "preceding_publication_title_id": "OLDACTA", "access_type": "F",
}  # fmt: skip
MESS: dict[str, list[Any]] = {
    **dict.fromkeys((*GOOD, *GOOD_PORTFOLIO), NASTY_TEXT),
    **dict.fromkeys(("print_identifier", "online_identifier"), IDENTIFIERS),
    **dict.fromkeys(("first", "last"), DATES),
    **dict.fromkeys(("date_monograph_published_print", "date_monograph_published_online"), BOOK_DATES),
    "title_url": URLS,
    "embargo_info": EMBARGOES,
    "coverage_depth": DEPTHS,
    "access_type": ACCESS,
    "publication_type": ["serial", "monograph", "Serial", "book", None],
}
"""For each field what should not stand there, or is at the edge of what may."""


def each_alone() -> Iterator[dict[str, Any]]:
    """Good portfolios with one fault: every kind of mess in every field, of a serial and of a book."""
    for kind in ("serial", "monograph"):
        for name, values in MESS.items():
            for value in values:
                of_statement = {name: value} if name in GOOD else {}
                of_portfolio = {name: value} if name in GOOD_PORTFOLIO else {}
                yield GOOD_PORTFOLIO | {"publication_type": kind} | of_portfolio | {"statements": [GOOD | of_statement]}


def all_together(random: Random) -> dict[str, Any]:
    """A portfolio of none to three statements with several faults."""

    def messy(good: dict[str, Any]) -> dict[str, Any]:
        faults = random.sample(list(good), random.choice([0, 1, 1, 2, 4]))
        return good | {
            name: any_text(random) if MESS[name] is NASTY_TEXT else random.choice(MESS[name]) for name in faults
        }

    return messy(GOOD_PORTFOLIO) | {"statements": [messy(GOOD) for _ in range(random.choice([0, 1, 1, 1, 2, 3]))]}


def any_text(random: Random) -> str | None:
    """Something from the list, or any characters at all."""
    if random.random() < 0.7:
        return random.choice(NASTY_TEXT)
    return "".join(
        chr(random.choice([random.randrange(0x250), random.randrange(0xD800)])) for _ in range(random.randrange(6))
    )


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    """Empty holdings in memory, with one collection that readers can use."""
    with duckdb.connect() as connection:
        connection.execute(sql("schema"))
        connection.execute(sql("views"))
        connection.execute(
            "INSERT INTO electronic_collection BY NAME SELECT 'Journals' AS name, 'journals' AS code, TRUE AS active, "
            "TRUE AS service_active, TRUE AS service_available"
        )
        yield connection


def fill(connection: Connection, generated: list[dict[str, Any]]) -> int:
    """Put these portfolios in place of those that are there; gives how many rows they come to."""
    every = {"collection": "Journals", "availability": "available", "available_for_all": True, "available_for": []}
    of_portfolios: list[dict[str, Any]] = []
    of_statements: list[dict[str, Any]] = []
    for number, given_portfolio in enumerate(generated):
        portfolio = dict(given_portfolio)
        for place, given_statement in enumerate(portfolio.pop("statements"), 1):
            statement = dict(given_statement)
            statement["date_first_issue_online"], statement["from_date"] = statement.pop("first")
            statement["date_last_issue_online"], statement["until_date"] = statement.pop("last")
            of_statements.append({"portfolio_id": number, "statement_no": place, "available_for_all": True} | statement)
        of_portfolios.append({"portfolio_id": number} | every | portfolio)
    for table, records in (("portfolio_version", of_portfolios), ("coverage_version", of_statements)):
        connection.execute(f"DELETE FROM {table}")
        if records:
            records_to_load = pa.Table.from_pylist(records)
            connection.register("records_to_load", records_to_load)
            connection.execute(f"INSERT INTO {table} BY NAME FROM records_to_load")
            connection.unregister("records_to_load")
    return sum(max(len(portfolio["statements"]), 1) for portfolio in generated)


def written(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def check(export: KbartExport, expected_rows: int) -> None:
    """The file breaks no rule of strict mode, and every row is in it or counted with what it lacks."""
    assert sum(file.rows for file in export.files) + sum(export.incomplete.values()) == expected_rows
    assert (export.incomplete_path is not None) == bool(export.incomplete)
    if export.incomplete_path:
        assert len(written(export.incomplete_path)) == sum(export.incomplete.values())
    for file in export.files:
        result = check_file(file.path, options=ReadingOptions(strict=True))
        wrong = [(rule.rule, rule.examples) for rule in result.by_rule if rule.severity == "error"]
        assert not wrong and result.rejected_rows == 0 and result.rows == file.rows, wrong
        assert result.verdict in ("valid", "warnings")
        assert result.file_findings == (), result.file_findings


def test_no_mess_in_the_holdings_makes_an_error_in_the_file(connection: Connection, tmp_path: Path) -> None:
    """Every way in which stored data can break a strict rule, alone and together: none of it gets into the file."""
    random = Random(6)
    generated = [*each_alone(), *(all_together(random) for _ in range(3000))]
    expected = fill(connection, generated)
    export = write_kbart_files(connection, tmp_path, "Universität_Österreich", Selection(), DAY)
    check(export, expected)
    assert export.files[0].rows > expected / 2, "most rows can be published"
    assert set(export.incomplete) == set(LACKING.values()) and set(export.changed) == set(CHANGES.values())


def test_what_may_stand_is_written_as_it_is(connection: Connection, tmp_path: Path) -> None:
    """All 25 columns in order, nothing changed and nothing counted, when there is nothing amiss."""
    fill(connection, [GOOD_PORTFOLIO | {"statements": [GOOD]}])
    export = write_kbart_files(connection, tmp_path, "University of Example", Selection(), DAY)
    assert export.changed == {} and export.incomplete == {}
    (file,) = export.files
    assert file.path.name == "University-of-Example_Global_AllTitles_2026-03-01.txt"
    (row,) = written(file.path)
    expected = {name: value for name, value in (GOOD | GOOD_PORTFOLIO).items() if name in FIELD_NAMES}
    expected |= {"date_first_issue_online": "1990-05", "date_last_issue_online": "2004", "first_editor": "Eda"}
    assert tuple(row) == FIELD_NAMES
    assert {name: value for name, value in row.items() if value} == expected
    assert file.path.read_bytes().startswith(b"publication_title\tprint_identifier\t")


FORBIDDEN = (
    ({"print_identifier": "1234-5678"}, "print_identifier", "", "wrong check digit"),
    ({"coverage_depth": "ebook"}, "coverage_depth", "", "coverage_depth"),
    ({"access_type": "X"}, "access_type", "P", "access_type"),
    ({"notes": "lost \ufffd letter"}, "notes", "lost ? letter", "lost letters"),
    ({"num_first_vol_online": "https://v.example"}, "num_first_vol_online", "", "volume or issue"),
    ({"date_monograph_published_print": "c2001"}, "date_monograph_published_print", "", "book's date"),
    ({"title_id": None}, "title_id", "portfolio-6", "portfolio's number"),
)
LACKED = (
    ({"publication_title": " ", "title": None}, "no title"),
    ({"title_url": "www.v.example"}, "no web address"),
    ({"first": (None, None)}, "without a beginning"),
    ({"last": ("soon", None)}, "end of the coverage that is no date"),
    ({"first": ("2010", date(2010, 1, 1))}, "ends before it begins"),
    ({"embargo_info": "one year"}, "embargo that cannot be read"),
)


def with_fault(number: int, change: dict[str, Any]) -> dict[str, Any]:
    """A good portfolio but for this, which its title tells."""
    statement = GOOD | {"publication_title": f"Title {number}"} | {n: v for n, v in change.items() if n in GOOD}
    of_portfolio = {n: v for n, v in change.items() if n in GOOD_PORTFOLIO}
    return GOOD_PORTFOLIO | {"title": f"Title {number}"} | of_portfolio | {"statements": [statement]}


def test_what_the_standard_forbids_is_left_out_and_counted(connection: Connection, tmp_path: Path) -> None:
    """One fault in each row: this cell is changed, in this way, no other cell is, and the export says so."""
    fill(connection, [with_fault(number, change) for number, (change, *_) in enumerate(FORBIDDEN)])
    export = write_kbart_files(connection, tmp_path, "Example", Selection(), DAY)
    found = {row["publication_title"]: row for row in written(export.files[0].path)}
    fill(connection, [with_fault(number, {}) for number, _ in enumerate(FORBIDDEN)])
    good = write_kbart_files(connection, tmp_path, "Example", Selection(), date(2026, 3, 2))
    for row in written(good.files[0].path):
        number = int(row["publication_title"].removeprefix("Title "))
        _, column, shown, sentence = FORBIDDEN[number]
        assert found[row["publication_title"]] == row | {column: shown}
        assert [count for words, count in export.changed.items() if sentence in words] == [1]
    assert len(export.changed) == len(FORBIDDEN) and export.incomplete == {} and good.changed == {}


def test_what_lacks_something_goes_to_a_file_of_its_own(connection: Connection, tmp_path: Path) -> None:
    """A row is never completed by a guess, and never published with more coverage than is known."""
    faults = [with_fault(number, change) for number, (change, _) in enumerate(LACKED)]
    fill(connection, [*faults, with_fault(99, {})])
    export = write_kbart_files(connection, tmp_path, "Example", Selection(), DAY)
    assert [row["publication_title"] for row in written(export.files[0].path)] == ["Title 99"]
    assert list(export.incomplete.values()) == [1] * len(LACKED)
    assert all(any(sentence in words for words in export.incomplete) for _, sentence in LACKED)
    assert export.incomplete_path and len(written(export.incomplete_path)) == len(LACKED)


def test_the_newest_files_of_a_package_stay_and_no_other_is_touched(connection: Connection, tmp_path: Path) -> None:
    """A discovery service takes the newest date; a package that has no titles any more has no file."""
    others = [tmp_path / "notes.txt", tmp_path / "Example_Global_AllTitles-Of-Ours_2020-01-01.txt"]
    for path in others:
        path.write_text("not ours")
    fill(connection, [with_fault(1, {})])
    days = [DAY + timedelta(weeks=number) for number in range(KEPT_DATES + 1)]
    for count, day in enumerate(days, 1):
        write_kbart_files(connection, tmp_path, "Example", Selection(), day)
        kept = [f"Example_Global_AllTitles_{day}.txt" for day in days[:count][-KEPT_DATES:]]
        assert sorted(path.name for path in set(tmp_path.iterdir()) - set(others)) == kept
    fill(connection, [])
    assert write_kbart_files(connection, tmp_path, "Example", Selection(), DAY).files == []
    assert set(tmp_path.iterdir()) == set(others)
