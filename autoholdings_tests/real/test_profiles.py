"""Several profiles, groups and free content on real vendor files.

The figures are counted from the files independently.
"""

from datetime import date
from pathlib import Path

import duckdb
import pytest

from autoholdings_assets.kbart.validation import read_title_list
from autoholdings_assets.reports.kbart_export import export_left_out
from autoholdings_tests import faults
from autoholdings_tests.library import JOURNALS, VENDORS, Feed, Library

OUP_JOURNALS = "Oxford University Press Journals Autoholdings Collection"
OUP_BOOKS = "Oxford University Press Books Autoholdings Collection"


@pytest.fixture
def platforms(real_kbart: Path) -> Path:
    return real_kbart / "ezpaarse-platforms"


@pytest.fixture
def oup(library: Library) -> Feed:
    """The library's one Active profile at OUP, with OUP's two collections active."""
    library.collection(OUP_JOURNALS)
    library.collection(OUP_BOOKS)
    return library.profile("oup-main", VENDORS["oup"])


def together(*files: Path) -> bytes:
    """Journals and books as one customer's file: the rows of all files below the header of the first."""
    first, *more = (file.read_bytes().splitlines(keepends=True) for file in files)
    return b"".join(first + [line for lines in more for line in lines[1:]])


def counted(file: Path, where: str) -> int:
    """How many rows of a file meet an SQL condition, read without any code of the product."""
    query = f"SELECT count(*) FROM read_csv(?, delim='\t', quote='', all_varchar=true, null_padding=true) WHERE {where}"
    row = duckdb.connect().execute(query, [str(file)]).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.rule("O3", "O5")
def test_journals_that_share_a_title_id_with_their_former_titles_keep_their_own_portfolios(
    library: Library, oup: Feed, platforms: Path
) -> None:
    folder = platforms / "silverchair"
    early, late = (folder / f"OUP_GLOBAL_ALLJOURNALS_{day}.txt" for day in ("2020-01-21", "2021-06-24"))
    books = folder / "OUP_GLOBAL_OXFORD-HANDBOOKSONLINE-ALL_2021-01-23.txt"
    oup.serves(together(early, books), "OUP_Global_Customer_2020-01-21.txt")
    assert library.run("oup").error is None
    before = {row["portfolio_id"]: row for row in library.sql("FROM portfolio")}
    for number, row in before.items():
        if row["collection"] == OUP_JOURNALS:
            library.write(
                "INSERT INTO acquisition_version (portfolio_id, po_line, valid_from) VALUES (?, ?, now())",
                number,
                f"POL {row['title']}",
            )

    oup.serves(together(late, books), "OUP_Global_Customer_2021-06-24.txt")
    run = library.run("oup")
    assert run.error is None
    assert run.plan.unaccounted == {"oup-main": 0}
    free = counted(late, "access_type = 'F'") + counted(books, "access_type = 'F'")
    assert run.plan.plan.row_outcomes["excluded"] == free

    after = {row["portfolio_id"]: row for row in library.sql("FROM portfolio")}
    for number, row in before.items():
        if row["collection"] != OUP_JOURNALS:
            continue
        assert after[number]["po_line"] == f"POL {row['title']}", "no PO line is lost or moved"
        now = after[number]
        same = {row["online_identifier"], row["print_identifier"]} & {now["online_identifier"], now["print_identifier"]}
        assert same - {None} or now["title"].casefold() == row["title"].casefold(), (row, now)
    # every paid title of the file has a portfolio of its own, the ones without any ISSN too
    without = counted(
        late,
        "print_identifier IS NULL AND online_identifier IS NULL AND access_type = 'P' AND publication_type = 'serial'",
    )
    journals = [row for row in after.values() if row["collection"] == OUP_JOURNALS]
    nameless = [row for row in journals if not row["online_identifier"] and not row["print_identifier"]]
    assert without and len(nameless) >= without
    assert library.run("oup").outcome == "nothing new"


@pytest.mark.rule("O3")
def test_an_open_access_list_is_left_out_to_the_last_row(library: Library, oup: Feed, platforms: Path) -> None:
    oup.serves(platforms / "silverchair" / "OUP_GLOBAL_OPENACCESS_2021-05-23.txt")
    run = library.run("oup")
    assert run.plan.plan.row_outcomes == {"excluded": 93}
    assert library.titles() == {}
    assert len(library.published("FROM excluded_row")) == 93
    path, written = export_left_out(library.home, VENDORS["oup"], date(2026, 1, 1))
    assert written == 93
    again = read_title_list(path)
    assert (again.total, again.valid) == (93, 93), "it can be maintained separately as a KBART file of its own"


@pytest.mark.rule("O3")
@pytest.mark.parametrize(("setting", "left_out"), [("keep", 0), ("report", 0), ("leave_out", 40)])
def test_rows_noted_open_access_though_paid_are_treated_as_the_vendors_data_says(
    library: Library, oup: Feed, platforms: Path, setting: str, left_out: int
) -> None:
    file = platforms / "silverchair" / "OUP_GLOBAL_ALLJOURNALS_2021-06-24.txt"
    noted = "notes ILIKE '%open access%'"
    free, paid = (counted(file, f"{noted} AND access_type = '{access}'") for access in "FP")
    assert (free, paid) == (31, 40)
    folder = library.home.path / "vendors"
    folder.mkdir()
    (folder / "oup.yaml").write_text(f"based_on: oup\nname: oup\nfree_content: {{open_access_notes: {setting}}}\n")
    oup.serves(file)
    run = library.run("oup")
    assert run.plan.plan.row_outcomes["excluded"] == counted(file, "access_type = 'F'") + left_out
    reasons = library.sql(f"SELECT reason, count(*) AS n FROM excluded_row WHERE {noted} GROUP BY ALL ORDER BY ALL")
    expected = [{"reason": "free_content", "n": 31}] + ([{"reason": "noted_open_access", "n": 40}] if left_out else [])
    assert reasons == expected
    notes = " ".join(run.plan.plan.notes)
    assert ("rows noted as open access though their access type is P: 40" in notes) == (setting == "report")


@pytest.mark.rule("C3", "C6", "C15", "C16", "A5")
def test_two_campuses_with_two_files(library: Library, platforms: Path, waits: list[float]) -> None:
    library.configuration["institution"] |= {
        "customer_parameters": {"multi_campus_inventory_management": True},
        "groups": ["MAIN", "LAW"],
    }
    global_list = platforms / "wiley" / "WILEY_GLOBAL_ALLJOURNALS_2021-03-10.txt"
    customer_list = platforms / "wiley" / "WILEY_COUPERIN_FULL_2018-05-02.txt"
    main = library.profile("wiley-main", groups=["MAIN"])
    law = library.profile("wiley-law", groups=["LAW"])
    main.serves(global_list)
    law.serves(customer_list)
    assert library.run().outcome == "done"

    read = "read_csv(?, delim='\t', quote='', all_varchar=true, null_padding=true)"
    issns = f"SELECT DISTINCT trim(online_identifier) AS issn FROM {read} WHERE length(trim(online_identifier)) = 9"
    query = (
        f"WITH main AS ({issns}), law AS ({issns}) SELECT coalesce(main.issn, law.issn) AS issn, "
        "list_filter([CASE WHEN law.issn IS NOT NULL THEN 'LAW' END, CASE WHEN main.issn IS NOT NULL THEN 'MAIN' END], "
        "lambda g: g IS NOT NULL) FROM main FULL JOIN law ON main.issn = law.issn ORDER BY 1"
    )
    expected = duckdb.connect().execute(query, [str(global_list), str(customer_list)]).fetchall()
    by_issn = library.sql(
        "SELECT online_identifier AS issn, list_sort(list_distinct(flatten(list(available_for)))) AS groups "
        "FROM portfolio WHERE online_identifier IS NOT NULL GROUP BY ALL ORDER BY 1"
    )
    assert {row["issn"]: row["groups"] for row in by_issn} == dict(expected)
    # coverage is kept by group: where the two files differ, each group has the statement of its own file
    wrong = library.sql(
        f"WITH main AS (SELECT * FROM {read}), law AS (SELECT * FROM {read}) "
        "SELECT c.* FROM coverage AS c "
        "WHERE list_contains(c.available_for, 'LAW') AND NOT EXISTS (SELECT 1 FROM law "
        "WHERE trim(law.publication_title) = c.publication_title "
        "AND trim(law.date_first_issue_online) = c.date_first_issue_online) "
        "OR list_contains(c.available_for, 'MAIN') AND NOT EXISTS (SELECT 1 FROM main "
        "WHERE trim(main.publication_title) = c.publication_title "
        "AND trim(main.date_first_issue_online) = c.date_first_issue_online) "
        "AND c.date_first_issue_online IS NOT NULL",
        str(global_list),
        str(customer_list),
    )
    assert [row for row in wrong if row["date_first_issue_online"]] == []
    assert library.sql("SELECT groups FROM job_run ORDER BY started_at DESC LIMIT 1") == [{"groups": ["LAW", "MAIN"]}]

    holdings = library.sql("FROM portfolio ORDER BY ALL"), library.sql("FROM coverage ORDER BY ALL")
    law.account.fail_next(*[faults.status(500)] * 10)
    run = library.run()
    assert waits, "the vendor was asked again"
    assert run.outcome == "done with findings" and "wiley-law was not read and keeps its titles" in (run.message or "")
    assert (library.sql("FROM portfolio ORDER BY ALL"), library.sql("FROM coverage ORDER BY ALL")) == holdings
    law.account.faults.clear()

    shared = [row["issn"] for row in by_issn if row["groups"] == ["LAW", "MAIN"]][:10]
    lines = customer_list.read_bytes().splitlines(keepends=True)
    fewer = b"".join(line for line in lines if not any(issn.encode() in line for issn in shared))
    law.serves(fewer, "WILEY_COUPERIN_FULL_2018-05-09.txt")
    run = library.run()
    items = "SELECT online_identifier, groups_lost FROM plan_item WHERE plan_id = ? ORDER BY 1"
    lost = library.sql(items, run.plan.plan.plan_id)
    assert lost == [{"online_identifier": issn, "groups_lost": ["LAW"]} for issn in sorted(shared)]
    now = library.sql("SELECT DISTINCT available_for FROM portfolio WHERE list_contains(?, online_identifier)", shared)
    assert now == [{"available_for": ["MAIN"]}]
    assert {row["collection"] for row in library.sql("SELECT DISTINCT collection FROM portfolio")} == {JOURNALS}
