"""Exports: the KBART file brings the same holdings into another home; what goes to Google Scholar and to Alma."""

import json
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest

from autoholdings_assets.holdings.publish import publish
from autoholdings_assets.pipeline import steps
from autoholdings_assets.pipeline.checks import OF_EXPORT
from autoholdings_assets.pipeline.steps import exporting
from autoholdings_assets.reports.google_scholar import export_google_scholar
from autoholdings_assets.reports.kbart_export import KbartExport, export_kbart, write_kbart_files
from autoholdings_assets.reports.outbox import package_name
from autoholdings_assets.reports.selection import Selection
from autoholdings_tests import faults
from autoholdings_tests.library import (
    BOOKS,
    JOURNALS,
    VENDORS,
    Cli,
    Feed,
    Library,
    Row,
    book,
    isbn,
    issn,
    journal,
    new_home,
)

INSTITUTION = "University of Example"
DAY = date(2026, 3, 1)


def another(library: Library, tmp_path: Path) -> Library:
    """An empty home of the same institution, with the same vendors and collections and no profile yet."""
    configuration = deepcopy(library.configuration) | {"integration_profiles": []}
    other = Library(new_home(tmp_path / "another"), library.vendors, library.monkeypatch, configuration)
    other.save()
    return other


def holdings(library: Library) -> dict[str, list[dict[str, Any]]]:
    """Portfolios and coverage without what is a home's own: numbers, moments, what staff have attached."""
    return {
        "portfolios": library.sql(
            "SELECT * EXCLUDE (portfolio_id, activated_at, updated_at, missing_since, po_line, license) "
            "FROM portfolio ORDER BY ALL"
        ),
        "coverage": library.sql(
            "SELECT p.collection, p.title, p.online_identifier AS of_online, p.print_identifier AS of_print, "
            "p.title_id AS of_id, c.* EXCLUDE (portfolio_id) "
            "FROM coverage AS c JOIN portfolio AS p USING (portfolio_id) ORDER BY ALL"
        ),
    }


def rows_of(path: Path) -> list[dict[str, str]]:
    heading, *lines = path.read_text(encoding="utf-8").splitlines()
    return [dict(zip(heading.split("\t"), line.split("\t"), strict=True)) for line in lines]


def rich_set(random: Random) -> list[Row]:
    """Journals with several statements, embargoes, gaps and former titles; books with volumes and editions."""
    rows: list[Row] = []
    for number in range(1, 120):
        online, printed = issn(number), issn(5000 + number)
        first = random.randrange(1950, 1990)
        common = {
            "publisher_name": random.choice(["", "Example Press"]), "title_id": f"J{number}",
            "title_url": f"https://v.example/{number}",
            "preceding_publication_title_id": random.choice(["", f"OLD{number}"]),
        }  # fmt: skip
        if random.random() < 0.2:
            online = ""
        elif random.random() < 0.2:
            printed = ""
        for place in range(random.choice([1, 1, 2, 3])):
            last = first + random.randrange(1, 9)
            former = random.random() < 0.2 and online
            own = {
                "num_first_vol_online": str(first - 1949), "num_first_issue_online": random.choice(["", "1", "1/2"]),
                "num_last_vol_online": str(last - 1949),
                "embargo_info": random.choice(["", "", "P1Y", "R10Y", "R10Y;P6M"]),
                "coverage_depth": random.choice(["fulltext", "abstracts", "selected articles", ""]),
                "notes": random.choice(["", "archive", 'called "the blue one"']), "access_type": random.choice("PPF"),
            }  # fmt: skip
            if former:
                own |= {"title_id": f"J{number}{place}", "print_identifier": issn(9000 + 10 * number + place)}
            ends = random.choice([str(last), f"{last}-06", f"{last}-06-30", ""])
            starts = random.choice([str(first), f"{first}-02", f"{first}-02-17"])
            title = f"Former Études {number}, {place}" if former else f"Études {number}"
            rows.append(journal(title, online, printed, starts, ends) | common | own)
            first = last + 2
    for number in range(1, 80):
        own = {
            "first_author": random.choice(["", "Lovelace"]), "first_editor": random.choice(["", "Menabrea"]),
            "monograph_volume": random.choice(["", "1", "II"]), "monograph_edition": random.choice(["", "2nd"]),
            "date_monograph_published_print": random.choice(["", "1999", "1999-05"]),
            "parent_publication_title_id": "SERIES",
        }  # fmt: skip
        rows.append(book(f"On Examples {number}", isbn(number), random.choice(["", isbn(90_000 + number)])) | own)
        if random.random() < 0.3:  # one ISBN on two editions: two portfolios
            rows.append(
                book(f"On Examples {number}", isbn(number)) | {"monograph_edition": "3rd", "monograph_volume": "1"}
            )
    random.shuffle(rows)
    return rows


def test_the_export_brings_the_same_holdings_into_an_empty_home(library: Library, wiley: Feed, tmp_path: Path) -> None:
    """Every portfolio, every statement in its order, every field; and the export of the copy is the same file."""
    wiley.serves(rich_set(Random(6)))
    library.run()
    export = export_kbart(library.home, INSTITUTION, Selection(), DAY)
    assert export.incomplete == {} and export.changed == {}
    copy = another(library, tmp_path)
    copy.profile("copy").serves(export.files[0].path)
    assert copy.run().error is None
    before, after = holdings(library), holdings(copy)
    assert len(before["portfolios"]) > 190 and len(before["coverage"]) > len(before["portfolios"])
    assert after["portfolios"] == before["portfolios"]
    assert after["coverage"] == before["coverage"]
    again = export_kbart(copy.home, INSTITUTION, Selection(), DAY)
    assert again.files[0].path.read_bytes() == export.files[0].path.read_bytes()


def test_what_a_later_file_left_out_and_a_cz_list_corrected_is_exported_as_the_portfolio_has_it(
    library: Library, wiley: Feed, tmp_path: Path
) -> None:
    """Identifiers and URL of the Community Zone, fields that the last file left out; former titles keep theirs."""
    listed = tmp_path / "cz.txt"
    listed.write_bytes(
        "\n".join(
            "\t".join(cells)
            for cells in [
                ("publication_title", "print_identifier", "online_identifier", "title_url", "publication_type"),
                ("Acta Exempla", issn(20), issn(1), "https://cz.example/acta", "serial"),
            ]
        ).encode()
    )
    former = journal("Acta Antiqua", issn(1), issn(7), "1950", "1979") | {
        "title_id": "OLD",
        "title_url": "https://v.example/old",
    }
    current = journal("Acta Exempla", issn(1), issn(2), "1980") | {"title_id": "ACTA"}
    wiley.serves([former, current])
    library.collection(JOURNALS, cz_title_list=str(listed))
    library.run()
    wiley.serves([former, current | {"title_id": ""}])
    assert library.run().error is None
    (path,) = (file.path for file in export_kbart(library.home, INSTITUTION, Selection(), DAY).files)
    shown = ("publication_title", "print_identifier", "online_identifier", "title_id", "title_url")
    assert [tuple(row[name] for name in shown) for row in rows_of(path)] == [
        ("Acta Antiqua", issn(7), issn(1), "OLD", "https://v.example/old"),
        ("Acta Exempla", issn(20), issn(1), "ACTA", "https://cz.example/acta"),
    ]


def with_groups(library: Library) -> tuple[Feed, Feed]:
    library.configuration["institution"] |= {
        "customer_parameters": {"multi_campus_inventory_management": True},
        "groups": ["MAIN", "LAW"],
    }
    return library.profile("wiley-main", groups=["MAIN"]), library.profile("wiley-law", groups=["LAW"])


@pytest.mark.rule("A14")
def test_each_group_gets_what_it_may_use_and_the_groups_files_bring_the_same_groups_back(
    library: Library, tmp_path: Path
) -> None:
    """A title of both groups is in both files, but each with that group's coverage only."""
    main, law = with_groups(library)
    both = journal("Both", issn(1), start="1990", end="1999")
    main.serves(
        [both, both | {"date_first_issue_online": "2005", "date_last_issue_online": ""}, journal("Main", issn(3))]
    )
    law.serves([both, journal("Law", issn(5)), book("On Law", isbn(1))])
    library.run()
    exports = {group: export_kbart(library.home, INSTITUTION, Selection(group=group), DAY) for group in ("MAIN", "LAW")}
    files = {group: export.files[0].path for group, export in exports.items()}
    assert files["LAW"].name == "University-of-Example_LAW_AllTitles_2026-03-01.txt"
    found = {
        group: [(r["publication_title"], r["date_first_issue_online"]) for r in rows_of(p)]
        for group, p in files.items()
    }
    assert found["MAIN"] == [("Both", "1990"), ("Both", "2005"), ("Main", "2000")]
    assert found["LAW"] == [("Both", "1990"), ("Law", "2000"), ("On Law", "")]
    copy = another(library, tmp_path)
    copy.profile("copy-main", groups=["MAIN"]).serves(files["MAIN"])
    copy.profile("copy-law", groups=["LAW"]).serves(files["LAW"])
    assert copy.run().error is None
    assert holdings(copy) == holdings(library)


def test_the_step_writes_all_files_anew_when_the_holdings_have_changed_and_only_then(
    library: Library, wiley: Feed
) -> None:
    """It makes good what an earlier run left undone, and says again what it found amiss when nothing has changed."""
    law = library.profile("wiley-law")
    wiley.serves([journal("Acta", issn(1)), journal("Undated", issn(3), start=""), book("A Book", isbn(1))])
    library.run()
    outbox = library.home.outbox
    context = library.context()
    first = steps.export_kbart(context)
    assert first.is_new and first.faults == {} and first.unread_profiles == []
    assert [(file.collection, file.rows) for file in first.export.files] == [(None, 2), (BOOKS, 1), (JOURNALS, 1)]
    assert list(first.export.incomplete.values()) == [1] and first.export.incomplete_path
    names = {path.name for path in outbox.iterdir() if not path.name.startswith(".")}
    assert len(names) == 4 and all(name.startswith("University-of-Example_Global_") for name in names)

    before = {path: path.stat().st_mtime_ns for path in outbox.iterdir()}
    again = steps.export_kbart(library.context())
    assert not again.is_new and again.export == first.export
    assert {path: path.stat().st_mtime_ns for path in outbox.iterdir()} == before
    first.export.files[1].path.unlink()
    assert steps.export_kbart(library.context()).is_new and first.export.files[1].path.exists()

    wiley.serves([journal("Acta", issn(1)), journal("Nova", issn(5))])
    law.account.fail_next(faults.status(403))
    run = library.run()
    summary = steps.export_kbart(replace(context, run_id=run.run_id))
    assert summary.is_new and [outcome.profile for outcome in summary.unread_profiles] == ["wiley-law"]
    assert [(file.collection, file.rows) for file in summary.export.files] == [(None, 2), (JOURNALS, 2)]
    left = {path.name for path in outbox.iterdir() if not path.name.startswith(".")}
    assert left == {file.path.name for file in summary.export.files}, "a collection without titles has no file"


def test_a_fault_of_ours_in_the_file_fails_the_check(
    library: Library, wiley: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check is able to fail: the file is spoilt between its writing and its judgement."""

    def spoilt(*arguments: Any, **options: Any) -> KbartExport:
        export = write_kbart_files(*arguments, **options)
        path = export.files[0].path
        path.write_text(path.read_text(encoding="utf-8").replace(issn(1), "1234-5678"), encoding="utf-8")
        return export

    wiley.serves([journal("Acta", issn(1))])
    library.run()
    monkeypatch.setattr(exporting, "write_kbart_files", spoilt)
    judged = [steps.export_kbart(library.context()) for _ in range(2)]
    assert [summary.is_new for summary in judged] == [True, False]
    for summary in judged:
        verdict = next(check for check in OF_EXPORT if "strict" in check.name).judge(summary)
        assert not verdict.passed and "check digit" in verdict.sentence


PARTS: dict[tuple[str, ...], tuple[str, list[str]]] = {
    (): ("AllTitles", ["Acta", "On Books", "Oxonia"]),
    ("--collection", "wiley-journals"): ("wiley-journals", ["Acta"]),
    ("--collection", BOOKS): ("wiley-books", ["On Books"]),
    ("--vendor", "oup"): ("Oxford-University-Press-AllTitles", ["Oxonia"]),
    ("wiley",): ("Wiley-AllTitles", ["Acta", "On Books"]),
}
REFUSED = {
    ("--collection", "wiley-jornals"): 'did you mean "wiley-journals"',
    ("--group", "LAW"): "names none",
    ("wilee",): 'did you mean "wiley"',
    ("wiley", "--collection", "wiley-journals"): "not both",
    ("wiley", "--vendor", "oup"): "Name one vendor",
    ("--left-out",): "takes a VENDOR",
    ("--since", "2026-01-01"): "always whole",
    ("--format", "alma", "--since", "no-such-run"): "there is no such run",
}


def test_the_command_chooses_a_part_names_its_file_and_says_what_is_left_out(
    library: Library, wiley: Feed, cli: Cli
) -> None:
    """What readers can use, whole or in part; what makes no sense is refused before anything is written."""
    status, printed = cli("export")
    assert status == 3 and "Run `autoholdings run VENDOR` first" in printed
    library.profile("oup-main", VENDORS["oup"]).serves([journal("Oxonia", issn(9))])
    library.collection(VENDORS["oup"].collections[1].name)
    library.collection(VENDORS["oup"].collections[0].name)
    acta, undated = journal("Acta", issn(1)), journal("Undated", issn(3), start="")
    wiley.serves([acta, undated, journal("Withdrawn", issn(5)), book("On Books", "9780306406158", "n/a")])
    library.run()
    library.run("oup")
    library.write("UPDATE portfolio_version SET availability = 'not available' WHERE title = 'Withdrawn'")
    publish(library.home)
    for words, told in REFUSED.items():
        status, printed = cli("export", *words)
        assert status == 2 and told in printed, words
    assert not any(library.home.outbox.iterdir())
    today = datetime.now().date()
    for words, (package, titles) in PARTS.items():
        status, printed = cli("export", *words, "--json")
        report = json.loads(printed)
        (file,) = report["files"]
        path = Path(file["file"])
        assert path.parent == library.home.outbox and file["rows"] == len(titles)
        assert abs(date.fromisoformat(path.stem[-10:]) - today) <= timedelta(days=1)
        assert path.name.startswith(f"University-of-Example_Global_{package}_")
        assert [row["publication_title"] for row in rows_of(path)] == titles
        assert status == (1 if report["incomplete"] else 0)
    library.write("UPDATE electronic_collection SET service_available = FALSE WHERE code = 'oup-journals'")
    library.write("UPDATE portfolio_version SET available_for_all = FALSE WHERE title = 'Acta'")
    publish(library.home)
    status, printed = cli("export")
    assert status == 1 and "\n1 rows written to" in f"\n{printed}", "the others are for nobody, or not open to readers"
    assert "1 rows: an identifier that is no ISSN or ISBN, or has a wrong check digit, left blank." in printed
    assert "1 rows lack what KBART demands: 1 a serial without a beginning of its coverage." in printed
    assert "AllTitles-Incomplete_" in printed
    assert "No title can be used" in cli("export", "oup")[1]


@pytest.mark.parametrize(
    ("institution", "name"),
    [
        ("University of Example", "University-of-Example"),
        ("Universität_Wien (UB)", "Universitat-Wien-UB"),
        ("東京大学", "東京大学"),
        ("!", "Library"),
    ],
)
def test_names_have_no_character_that_parts_them(institution: str, name: str) -> None:
    assert package_name(institution, "Global", "wiley-journals") == f"{name}_Global_wiley-journals"


# Google Scholar


def items(path: Path) -> list[dict[str, Any]]:
    """The items of a file, each with its coverages as nested dictionaries."""

    def plain(element: ElementTree.Element) -> Any:
        return {child.tag: plain(child) for child in element} if len(element) else element.text

    return [
        {
            "title": item.findtext("title"),
            "issn": item.findtext("issn"),
            "coverage": [plain(c) for c in item.findall("coverage")],
        }
        for item in ElementTree.parse(path).getroot()
    ]


def test_google_scholar_gets_serials_by_issn_with_years_and_embargo(library: Library, wiley: Feed) -> None:
    """An item for each ISSN; what is held back in days; what rolls from its present beginning; no promise beyond."""
    wiley.serves(
        [
            journal("Q & <A>", issn(1), issn(2), "1990", "1999-06")
            | {"num_first_vol_online": "3", "num_last_vol_online": "12 (suppl.)"},
            journal("Q & <A>", issn(1), issn(2), "2001-02") | {"embargo_info": "P1Y"},
            journal("Rolling", issn(3), start="1980") | {"embargo_info": "R10Y;P6M", "num_first_vol_online": "1"},
            journal("Long gone", issn(5), start="1980", end="1990") | {"embargo_info": "R10Y"},
            journal("Abstracts", issn(7)) | {"coverage_depth": "abstracts"},
            journal("Undated", issn(9), start=""),
            journal("Former", issn(11), issn(12), "1950", "1959"),
            journal("Present", issn(11), issn(13), "1960"),
            book("A Book", isbn(1)),
        ]
    )
    library.run()
    export = export_google_scholar(library.home, INSTITUTION, Selection(), DAY)
    (path,) = export.paths
    assert path.name == "University-of-Example_Global_AllTitles_1.xml"
    assert path.read_bytes().startswith(b'<?xml version="1.0" encoding="UTF-8"')
    both = [
        {"from": {"year": "1990", "volume": "3"}, "to": {"year": "1999", "month": "6"}},
        {"from": {"year": "2001", "month": "2"}, "embargo": {"days_not_available": "366"}},
    ]
    former, present = {"from": {"year": "1950"}, "to": {"year": "1959"}}, {"from": {"year": "1960"}}
    items_of_one = items(path)
    assert items_of_one == [
        {"title": "Former", "issn": issn(12), "coverage": [former]},
        {"title": "Present", "issn": issn(11), "coverage": [former, present]},
        {"title": "Present", "issn": issn(13), "coverage": [present]},
        {"title": "Q & <A>", "issn": issn(1), "coverage": both},
        {"title": "Q & <A>", "issn": issn(2), "coverage": both},
        {
            "title": "Rolling", "issn": issn(3),
            "coverage": [{"from": {"year": "2017", "month": "1"}, "embargo": {"days_not_available": "186"}}],
        },
    ]  # fmt: skip
    assert export.items == 6 and sorted(export.left_out.values()) == [1, 1, 1]

    several = export_google_scholar(library.home, INSTITUTION, Selection(), DAY, most_bytes=700)
    assert len(several.paths) > 2 and [i for path in several.paths for i in items(path)] == items_of_one
    assert all(path.stat().st_size <= 700 for path in several.paths)
    again = export_google_scholar(library.home, INSTITUTION, Selection(), DAY)
    assert list(path.parent.iterdir()) == again.paths, "files of the last time that are no longer needed are gone"


# Alma


def sheet(path: Path) -> list[dict[str, Any]]:
    """The rows of a workbook; of columns with the same heading the values that there are, in order."""
    heading, *lines = openpyxl.load_workbook(path).active.iter_rows(values_only=True)
    found = []
    for line in lines:
        row: dict[str, Any] = {}
        for name, value in zip(heading, line, strict=True):
            if value is not None:
                row[name] = f"{row[name]}|{value}" if name in row else value
        found.append(row)
    return found


def alma(cli: Cli, *words: str) -> dict[tuple[str, str], list[dict[str, Any]]]:
    status, printed = cli("export", "--format", "alma", "--json", *words)
    report = json.loads(printed)
    assert status == (1 if report["embargo_and_limit"] else 0)
    return {(Path(f["file"]).stem.split("_")[0], f["action"]): sheet(Path(f["file"])) for f in report["files"]}


def test_alma_gets_only_what_has_changed_since_the_last_time(library: Library, wiley: Feed, cli: Cli) -> None:
    """First all as additions, then each change once, by collection and action; nothing when nothing has changed."""
    acta = journal("Acta", issn(1), issn(2), "1990-05", "1999") | {"num_first_vol_online": "3", "embargo_info": "P18M"}
    later = acta | {"date_first_issue_online": "2001", "date_last_issue_online": "", "embargo_info": "R5Y;P90D"}
    wiley.serves([acta, later, journal("=Botanica", issn(3)), journal("Chemica", issn(5)), book("A Book", isbn(1))])
    library.run()
    library.write(
        "INSERT INTO acquisition_version (portfolio_id, portfolio_pid, valid_from) "
        "SELECT portfolio_id, '53001', now() FROM portfolio WHERE title = 'Chemica'"
    )
    publish(library.home)
    first = alma(cli)
    assert {key: [row["TITLE"] for row in rows] for key, rows in first.items()} == {
        ("wiley-journals", "add"): ["=Botanica", "Acta", "Acta"],
        ("wiley-journals", "update"): ["Chemica"],
        ("wiley-books", "add"): ["A Book"],
    }
    assert first["wiley-journals", "add"][1] == {
        "LOCALIZED": "Y", "ISSN": f"{issn(1)}|{issn(2)}", "TITLE": "Acta", "FROM_YEAR": 1990, "FROM_MONTH": 5,
        "TO_YEAR": 1999, "FROM_VOLUME": "3", "PUBLICATION_DATE_OPERATOR": ">", "PUBLICATION_DATE_YEAR": 1,
        "PUBLICATION_DATE_MONTH": 6, "AVAILABILITY": "ACTIVE", "URL": acta["title_url"],
        "ELECTRONIC_MATERIAL_TYPE": "JOURNAL", "COVERAGE_STATEMENT": "Only local",
    }  # fmt: skip
    assert first["wiley-journals", "add"][2]["PUBLICATION_DATE_MONTH"] == 4, "90 days are no more than four months"
    assert first["wiley-journals", "update"][0]["PORTFOLIO_PID"] == "53001"
    assert first["wiley-books", "add"][0]["ISBN"] == isbn(1)
    assert alma(cli) == {}

    wiley.serves([acta, journal("Chemica", issn(5), start="1985"), journal("Nova", issn(7)), book("A Book", isbn(1))])
    run = library.run()
    second = alma(cli)
    assert {key: [(row["TITLE"], row.get("FROM_YEAR")) for row in rows] for key, rows in second.items()} == {
        ("wiley-journals", "add"): [("Nova", 2000)],
        ("wiley-journals", "update"): [("Acta", 1990), ("Chemica", 1985)],
        ("wiley-journals", "delete"): [("=Botanica", 2000)],
    }
    assert alma(cli, "--since", run.run_id) == {}
    assert alma(cli, "--since", "run-1") == second
    actions = {("wiley-journals", "add"), ("wiley-journals", "update"), ("wiley-books", "add")}
    assert set(alma(cli, "--since", "2020-01-01")) == actions

    wiley.serves([acta, journal("Chemica", issn(5), start="1985"), journal("Nova", issn(7))])
    library.run()
    assert alma(cli, "--since", f"{datetime.now(UTC).date() + timedelta(days=2)}") == {}
    assert set(alma(cli)) == {("wiley-books", "delete")}, "an export that leaves a gap does not count as the last one"


def test_alma_hears_of_portfolios_that_are_not_available_any_more_and_of_groups(library: Library, cli: Cli) -> None:
    main, law = with_groups(library)
    main.serves([journal("Both", issn(1)), journal("Main", issn(3))])
    law.serves([journal("Both", issn(1))])
    library.run()
    assert [row.get("GROUP_NAME") for row in alma(cli)["wiley-journals", "add"]] == ["LAW; MAIN", "MAIN"]
    law.serves([journal("Law", issn(5))])
    library.run()
    withdrawn = "FROM portfolio_version WHERE title = 'Main' AND valid_to IS NULL"
    library.write(
        f"CREATE TEMP TABLE w AS {withdrawn}; UPDATE portfolio_version SET valid_to = now() WHERE title = 'Main'; "
        "INSERT INTO portfolio_version SELECT * REPLACE ('not available' AS availability, now() AS valid_from) FROM w"
    )
    publish(library.home)
    found = alma(cli, "--collection", "wiley-journals")
    assert [row["TITLE"] for row in found["wiley-journals", "add"]] == ["Law"]
    assert [(row["TITLE"], row["AVAILABILITY"], row["GROUP_NAME"]) for row in found["wiley-journals", "update"]] == [
        ("Both", "ACTIVE", "MAIN"), ("Main", "INACTIVE", "MAIN"),
    ]  # fmt: skip
