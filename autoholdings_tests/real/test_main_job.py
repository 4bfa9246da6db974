"""The main job on real vendor files (rules C12, A6, W4): figures that were counted from the files by other means."""

from pathlib import Path

import pytest

from autoholdings_assets.kbart.validation import read_title_list
from autoholdings_tests import naive
from autoholdings_tests.kbart_files import merge_rows
from autoholdings_tests.library import JOURNALS, Feed, Library

AGREEMENTS = "../mod-agreements/service/src/integration-test/resources/packages"


@pytest.fixture
def wiley_files(real_kbart: Path) -> Path:
    return real_kbart / "ezpaarse-platforms" / "wiley"


@pytest.mark.rule("C12")
def test_a_customers_file_is_matched_with_the_community_zone_list(
    library: Library, wiley: Feed, wiley_files: Path
) -> None:
    library.collection(JOURNALS, cz_title_list=str(wiley_files / "WILEY_GLOBAL_ALLJOURNALS_2021-03-10.txt"))
    wiley.serves(wiley_files / "WILEY_COUPERIN_FULL_2018-05-02.txt")
    run = library.run()
    assert run.plan.plan.row_outcomes == {"activate": 1285, "no match": 138}
    assert run.plan.unaccounted == {"wiley-main": 0}
    assert len(library.titles()) == 1285
    (reported,) = library.published(
        "SELECT count(*) AS n, count(DISTINCT row_numbers) AS one_by_one FROM plan_item WHERE action = 'no match'"
    )
    assert reported == {"n": 138, "one_by_one": 138}


@pytest.mark.rule("A6", "W4")
def test_three_years_of_one_customers_file(library: Library, wiley: Feed, wiley_files: Path) -> None:
    wiley.serves(wiley_files / "WILEY_GLOBAL_ALLJOURNALS_2021-03-10.txt")
    assert library.run().actions == {"activate": 2278}
    before = {row["portfolio_id"]: row for row in library.sql("FROM portfolio")}

    wiley.serves(wiley_files / "WILEY_GLOBAL_ALLJOURNALS_2024-03-17.txt")
    run = library.run()
    # 116 titles agree with an earlier one on title_id alone, and each is another journal: none is renamed into it
    assert run.actions == {"activate": 41, "possible title change": 116, "remove": 116, "update": 465}
    after = {row["portfolio_id"]: row for row in library.sql("FROM portfolio")}
    for number in before.keys() & after.keys():
        old, new = before[number], after[number]
        ids = {old["online_identifier"], old["print_identifier"]} & {new["online_identifier"], new["print_identifier"]}
        assert ids - {None} or naive.normalised(old["title"]) == naive.normalised(new["title"]), (old, new)
    changed = library.sql("SELECT * FROM portfolio_action WHERE action = 'possible title change'")
    assert all(len(action["related_portfolio_ids"]) == 1 for action in changed)
    assert all(action["related_portfolio_ids"][0] not in after for action in changed)

    wiley.serves(wiley_files / "WILEY_GLOBAL_ALLJOURNALS_2025-02-01.txt")
    run = library.run()
    assert run.plan.unaccounted == {"wiley-main": 0}
    assert library.sql("SELECT count(*) AS n FROM portfolio") == [{"n": 1657}]
    # 93 online ISSNs stand on several rows: the families of former titles, with one portfolio each and a statement for
    # every row
    families = library.sql("SELECT portfolio_id, count(*) AS n FROM coverage GROUP BY ALL HAVING n > 1")
    assert (len(families), sum(row["n"] for row in families)) == (93, 93 + 1812 - 1657)
    assert library.run().outcome == "nothing new"


@pytest.mark.rule("W4")
@pytest.mark.parametrize(
    ("file", "several"),
    [
        ("jle/JLE_COUPERIN_ALLJOURNALS_2022-03-24", 20),
        # 24 by ISSN, and one without any, by title
        (f"{AGREEMENTS}/CanadianSciencePublishing_Global_AllTitles_2020-10-21", 25),
        ("cairn/CAIRN_GLOBAL_POCHES-REPERES_2025-06-02", 0),
        ("springer/Springer_Global_Complete_Journals_2016-03-01", None),
    ],
)
def test_titles_and_statements_of_the_hard_files_are_those_of_the_naive_rules(
    real_kbart: Path, file: str, several: int | None
) -> None:
    folder = real_kbart / "ezpaarse-platforms"
    (path,) = (folder / file).parent.glob(Path(file).name + "*")
    valid = read_title_list(path).rows.query("status == 'valid'")
    rows = valid.astype(object).where(valid.notna(), None).to_dict("records")
    merged = merge_rows(valid)
    expected = naive.merge(rows)
    assert merged["title_key"].nunique() == len(expected)
    assert len(merged[~merged["duplicate"]]) == sum(map(len, expected.values()))
    counts = merged[~merged["duplicate"]].groupby("title_key").size()
    if several is not None:
        assert (counts > 1).sum() == several
    assert set(merged["title_url"].dropna()) == {row["title_url"] for row in rows} - {None}, "no URL is lost"


def test_free_and_paid_stretches_of_one_title_stay_apart_with_their_embargoes(real_kbart: Path) -> None:
    (path,) = (real_kbart / "ezpaarse-platforms" / "jle").glob("JLE_COUPERIN_ALLJOURNALS_2022-03-24*")
    merged = merge_rows(read_title_list(path).rows.query("status == 'valid'"))
    several = merged.groupby("title_key").filter(lambda title: len(title) > 1)
    assert several["title_key"].nunique() == 20
    for _, title in several.groupby("title_key"):
        (free, before), (paid, after) = sorted(zip(title["access_type"], title["embargo_info"], strict=True))
        assert (free, paid) == ("F", "P"), "what is older than the embargo is free, the latest years are paid"
        assert before[0] == "P" and after[0] == "R" and before[1:] == after[1:]


@pytest.mark.rule("A7")
def test_one_isbn_on_different_books_is_kept_apart_and_reported(
    library: Library, wiley: Feed, real_kbart: Path
) -> None:
    (path,) = (real_kbart / "ezpaarse-platforms" / "cairn").glob("CAIRN_GLOBAL_POCHES-REPERES_2025-06-02*")
    wiley.serves(path)
    run = library.run()
    shared = library.sql(
        "SELECT online_identifier FROM portfolio "
        "GROUP BY ALL HAVING count(DISTINCT title) > 1 AND online_identifier IS NOT NULL"
    )
    assert shared, "the file has an e-ISBN that stands on different books"
    reported = library.sql("SELECT * FROM plan_item WHERE reason LIKE '%kept apart%'")
    assert {row["online_identifier"] for row in reported} == {row["online_identifier"] for row in shared}
    assert run.plan.unaccounted == {"wiley-main": 0}
    wiley.serves(path.read_bytes() + b"\n", path.name)
    assert library.run().actions == {}, "the same books are found again, though their ISBN does not tell them apart"
