"""The guard against loss, and against unreadable rows, on real files with the product's own policy (rules A2, A4)."""

from pathlib import Path

import pytest

from autoholdings_tests.library import Feed, Library

JOURNALS_2021 = "WILEY_GLOBAL_ALLJOURNALS_2021-03-10.txt"


@pytest.fixture
def wiley_files(real_kbart: Path) -> Path:
    return real_kbart / "ezpaarse-platforms" / "wiley"


@pytest.fixture
def guarded(library: Library, wiley: Feed, wiley_files: Path) -> Library:
    """A library that has the titles of a real file, guarded by the default policy."""
    library.guard()
    wiley.serves(wiley_files / JOURNALS_2021)
    assert library.first_run().outcome == "done"
    return library


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


@pytest.mark.rule("A2")
def test_a_file_cut_to_half_its_rows_is_held_accepted_applied_undone_and_stays_undone(
    guarded: Library, wiley: Feed, wiley_files: Path
) -> None:
    before = guarded.sql("FROM portfolio ORDER BY ALL"), guarded.sql("FROM coverage ORDER BY ALL")
    lines = lines_of(wiley_files / JOURNALS_2021)
    wiley.serves(b"".join(lines[: len(lines) // 2]), "WILEY_GLOBAL_ALLJOURNALS_2021-03-17.txt")
    run = guarded.run()
    assert run.outcome == "held" and "far smaller than the last accepted" in (run.message or "")
    assert (guarded.sql("FROM portfolio ORDER BY ALL"), guarded.sql("FROM coverage ORDER BY ALL")) == before

    assert run.plan is not None and run.plan.plan is not None
    guarded.accept(run.plan.plan.plan_id, "Wiley has confirmed it")
    applied = guarded.run()
    assert applied.error is None and len(guarded.sql("FROM portfolio")) < len(before[0]) * 0.6

    guarded.undo(applied.run_id, "it was wrong after all")
    restored = guarded.sql("SELECT * EXCLUDE (updated_at) FROM portfolio ORDER BY ALL")
    assert restored == [{k: v for k, v in row.items() if k != "updated_at"} for row in before[0]]
    assert guarded.sql("FROM coverage ORDER BY ALL") == before[1]
    assert guarded.run().outcome == "held", "the file of an undone run is barred"
    assert guarded.sql("SELECT * EXCLUDE (updated_at) FROM portfolio ORDER BY ALL") == restored


@pytest.mark.rule("A2", "A8")
@pytest.mark.parametrize(
    ("file", "name", "outcome"),
    [
        ("header only", "WILEY_GLOBAL_ALLJOURNALS_2021-03-17.txt", "nothing applied"),
        ("../cairn/CAIRN_GLOBAL_POCHES-REPERES_2025-06-02", "WILEY_GLOBAL_ALLJOURNALS_2021-03-17.txt", "held"),
        ("WILEY_GLOBAL_ALLJOURNALS_2018-03-01", "WILEY_GLOBAL_ALLJOURNALS_2018-03-01.txt", "held"),
        ("WILEY_GLOBAL_ALLJOURNALS_2018-03-01", "WILEY_GLOBAL_ALLJOURNALS_2021-03-17.txt", "held"),
    ],
    ids=["a header without rows", "another vendor's file", "an old file", "an old file under a new name"],
)
def test_a_file_that_is_not_this_weeks_changes_nothing(
    guarded: Library, wiley: Feed, wiley_files: Path, file: str, name: str, outcome: str
) -> None:
    before = guarded.state()
    if file == "header only":
        content = lines_of(wiley_files / JOURNALS_2021)[0]
    else:
        (path,) = (wiley_files / file).parent.glob(Path(file).name + "*")
        content = path.read_bytes()
    wiley.serves(content, name)
    run = guarded.run()
    assert run.outcome == outcome, run
    assert run.message and len(run.message) > 40, "a sentence that says what to do"
    assert guarded.state() == before


@pytest.mark.rule("A2")
def test_a_file_that_only_drops_backfiles_is_held(guarded: Library, wiley: Feed, wiley_files: Path) -> None:
    before = guarded.state()
    header, *rows = lines_of(wiley_files / JOURNALS_2021)
    start = header.split(b"\t").index(b"date_first_issue_online")
    cut = []
    for row in rows:
        cells = row.split(b"\t")
        if cells[start][:4].isdigit() and cells[start + 3] == b"" and cells[start] < b"2010":
            cells[start : start + 3] = [b"2015", b"", b""]
        cut.append(b"\t".join(cells))
    wiley.serves(header + b"".join(cut), "WILEY_GLOBAL_ALLJOURNALS_2021-03-17.txt")
    run = guarded.run()
    assert run.outcome == "held" and "years of coverage" in (run.message or ""), run.message
    assert guarded.state() == before


@pytest.mark.rule("A2", "A14")
def test_a_campus_file_that_is_emptied_is_refused_or_held_while_the_other_has_every_title(
    library: Library, wiley_files: Path
) -> None:
    """A header alone is no file; two titles of 2,278 are a loss of LAW's, and accepted they cost MAIN nothing."""
    library.configuration["institution"] |= {
        "customer_parameters": {"multi_campus_inventory_management": True},
        "groups": ["MAIN", "LAW"],
    }
    library.guard()
    main, law = library.profile("wiley-main", groups=["MAIN"]), library.profile("wiley-law", groups=["LAW"])
    for feed in (main, law):
        feed.serves(wiley_files / JOURNALS_2021)
    assert library.run().outcome == "done"
    before = library.state()
    lines = lines_of(wiley_files / JOURNALS_2021)

    law.serves(lines[0], "WILEY_GLOBAL_ALLJOURNALS_2021-03-17.txt")
    run = library.run()
    assert run.outcome == "done with findings" and "wiley-law was not read and keeps its titles" in (run.message or "")
    assert library.state() == before

    law.serves(b"".join(lines[:3]), "WILEY_GLOBAL_ALLJOURNALS_2021-03-17.txt")
    run = library.run()
    assert run.outcome == "held" and "wiley-law: " in (run.message or "") and "wiley-main:" not in (run.message or "")
    assert library.state() == before

    assert run.plan is not None and run.plan.plan is not None
    library.accept(run.plan.plan.plan_id, "LAW has given up its contract")
    assert library.run().error is None
    groups = library.sql("SELECT available_for, count(*) AS number FROM portfolio GROUP BY ALL ORDER BY number")
    assert groups == [{"available_for": ["LAW", "MAIN"], "number": 2}, {"available_for": ["MAIN"], "number": 2276}]


BROKEN_CELLS = {
    "start date": ("date_first_issue_online", b"in the nineties"),
    "end date": ("date_last_issue_online", b"31.31.2020"),
    "end before start": ("date_last_issue_online", b"1066"),
    "embargo": ("embargo_info", b"one year"),
    "title": ("publication_title", b""),
    "publication type": ("publication_type", b"gramophone"),
    "a column too many": ("title_url", b"https://vendor.example\thttps://vendor.example"),
    "a column too few": ("title_url", None),
}


@pytest.mark.rule("A4")
@pytest.mark.parametrize("kind", BROKEN_CELLS)
def test_one_broken_cell_never_removes_or_changes_the_portfolio_of_its_title(
    guarded: Library, wiley: Feed, wiley_files: Path, kind: str
) -> None:
    """Whether the row is rejected for it or used all the same: the title stays, with the coverage that it had."""
    column, value = BROKEN_CELLS[kind]
    header, *rows = lines_of(wiley_files / JOURNALS_2021)
    at = header.split(b"\t").index(column.encode())
    titles = [row.split(b"\t")[2].decode() for row in rows[100:103]]
    before = guarded.sql("FROM portfolio WHERE list_contains(?, online_identifier) ORDER BY ALL", titles)
    statements = guarded.sql(
        "SELECT c.portfolio_id, c.from_date, c.until_date FROM coverage AS c JOIN portfolio AS p USING (portfolio_id) "
        "WHERE list_contains(?, p.online_identifier) ORDER BY ALL",
        titles,
    )
    assert len(before) == 3
    for number in range(100, 103):
        cells = rows[number].split(b"\t")
        cells[at : at + 1] = [] if value is None else [value]
        rows[number] = b"\t".join(cells)
    wiley.serves(header + b"".join(rows), "WILEY_GLOBAL_ALLJOURNALS_2021-03-17.txt")
    run = guarded.run()
    assert run.error is None, run
    after = guarded.sql(
        "FROM portfolio WHERE list_contains(?, portfolio_id) ORDER BY ALL", [row["portfolio_id"] for row in before]
    )
    assert [row["title"] for row in after] == [row["title"] for row in before]
    assert (
        guarded.sql(
            "SELECT portfolio_id, from_date, until_date FROM coverage "
            "WHERE list_contains(?, portfolio_id) ORDER BY ALL",
            [row["portfolio_id"] for row in before],
        )
        == statements
    )
    assert len(guarded.sql("FROM portfolio")) == 2278, "nothing is activated on account of a broken row either"
