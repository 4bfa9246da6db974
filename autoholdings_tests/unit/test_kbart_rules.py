"""Each rule finds what it is for, in its column and line, and nothing in a good row."""

from datetime import date

import pandas as pd
import pyarrow as pa
import pytest

from autoholdings_assets.kbart import validation
from autoholdings_assets.kbart.fields import FIELD_NAMES
from autoholdings_assets.kbart.file_rules import FILE_RULES
from autoholdings_assets.kbart.rules import BY_KEY, RULES
from autoholdings_assets.kbart.validation import ReadingOptions, TitleList, read_title_list
from autoholdings_tests.kbart_files import MONOGRAPH, SERIAL, kbart, monograph, serial

OPTIONS = ReadingOptions(date_formats=("%d.%m.%Y",))
BOTH_ABSENT = {"print_identifier": "", "online_identifier": ""}
UNDATED = {"date_first_issue_online": "", "num_first_vol_online": "", "num_first_issue_online": ""}

# For each rule a row, or a whole line, that breaks it, and the column that the finding must name.
CASES: dict[str, tuple[dict[str, str] | str, str]] = {
    "shifted_columns": (serial(embargo_info="https://vendor.example/joe", title_url="x"), "publication_title"),
    "row_cut_short": ("Journal of Examples\t0028-0836\t1476-4687\t1990\t1", "publication_title"),
    "short_row": ("\t".join([*(SERIAL.get(name, "") for name in FIELD_NAMES[:17])]), "field_count"),
    "long_row": ("\t".join([*(SERIAL.get(name, "") for name in FIELD_NAMES), "more"]), "overflow"),
    "missing_title": (serial(publication_title=" "), "publication_title"),
    "nothing_identifies": (serial(**BOTH_ABSENT, title_id="", title_url=""), "print_identifier"),
    "publication_type_unknown": (
        serial(publication_type="database", **BOTH_ABSENT, **UNDATED),
        "publication_type",
    ),
    "publication_type_derived": (serial(publication_type=""), "publication_type"),
    "publication_type_spelling": (serial(publication_type="Journal"), "publication_type"),
    "no_standard_identifier": (serial(**BOTH_ABSENT), "online_identifier"),
    "missing_title_id": (serial(title_id=""), "title_id"),
    "missing_title_url": (serial(title_url=""), "title_url"),
    "title_url_form": (serial(title_url="www.vendor.example"), "title_url"),
    "identifier_check_digit": (serial(print_identifier="0028-0837"), "print_identifier"),
    "identifier_unrecognised": (serial(online_identifier="10.1000/182"), "online_identifier"),
    "identifier_zeros_restored": (serial(print_identifier="280836"), "print_identifier"),
    "identifier_placeholder": (serial(print_identifier="0000-0000"), "print_identifier"),
    "identifier_spelling": (serial(print_identifier="00280836"), "print_identifier"),
    "isbn10": (monograph(print_identifier="0-306-40615-2", title_id="B2"), "print_identifier"),
    "identifier_of_other_type": (serial(print_identifier="9780306406157"), "print_identifier"),
    "identifiers_alike": (serial(online_identifier="0028-0836"), "online_identifier"),
    "date_unparseable": (serial(date_last_issue_online="to the present"), "date_last_issue_online"),
    "date_excel_serial": (serial(date_first_issue_online="41275"), "date_first_issue_online"),
    "date_spelling": (serial(date_last_issue_online="2004/5/17"), "date_last_issue_online"),
    "date_declared_format": (serial(date_last_issue_online="17.05.2004"), "date_last_issue_online"),
    "date_far_future": (serial(date_last_issue_online="9999"), "date_last_issue_online"),
    "end_before_start": (serial(date_last_issue_online="1989-12"), "date_last_issue_online"),
    "coverage_not_stated": (serial(date_first_issue_online=""), "date_first_issue_online"),
    "publication_date_unparseable": (
        monograph(date_monograph_published_print="c2004"), "date_monograph_published_print",
    ),
    "volume_range": (serial(num_first_vol_online="9", num_last_vol_online="8"), "num_last_vol_online"),
    "issue_range": (
        serial(num_last_vol_online="1", num_first_issue_online="10", num_last_issue_online="9"),
        "num_last_issue_online",
    ),
    "volume_without_start": (serial(num_first_vol_online="", num_last_vol_online="8"), "num_first_vol_online"),
    "embargo_illegal": (serial(embargo_info="12 months"), "embargo_info"),
    "embargo_on_monograph": (monograph(embargo_info="2014-07-29", title_id="B2"), "embargo_info"),
    "embargo_spelling": (serial(embargo_info="p1y"), "embargo_info"),
    "coverage_depth_unknown": (serial(coverage_depth="print"), "coverage_depth"),
    "coverage_depth_spelling": (serial(coverage_depth="Full text"), "coverage_depth"),
    "coverage_depth_missing": (serial(coverage_depth=""), "coverage_depth"),
    "access_type_unknown": (serial(access_type="subscribed"), "access_type"),
    "access_type_phase3": (serial(access_type="M"), "access_type"),
    "access_type_spelling": (serial(access_type="f"), "access_type"),
    "access_type_missing": (serial(access_type=""), "access_type"),
    "replacement_character": (serial(publication_title="Revue d\ufffd\ufffdconomie"), "publication_title"),
    "garbled_characters": (serial(publication_title="Revue d\u00c3\u00a9conomie"), "publication_title"),
    "control_characters": (serial(notes="a\x07b"), "notes"),
    "markup": (serial(publisher_name="Smith &amp; Sons"), "publisher_name"),
    "literal_escape": (serial(access_type="P\\r"), "access_type"),
    "too_long": (serial(publication_title="x" * 256), "publication_title"),
    "duplicate_row": (serial(), "publication_title"),
}  # fmt: skip


def read_case(case: dict[str, str] | str, *, strict: bool = False) -> TitleList:
    """A file of two good rows around the case, so that its line is 3."""
    good = [serial(), monograph(), serial(title_id="OTHER")]
    lines = kbart(good).splitlines()
    bad = case if isinstance(case, str) else kbart([case]).splitlines()[1]
    text = "\n".join([lines[0], lines[1], bad, *lines[2:]]) + "\n"
    return read_title_list(text.encode(), options=ReadingOptions(OPTIONS.date_formats, strict=strict))


def test_every_rule_has_a_case() -> None:
    assert set(CASES) == set(BY_KEY)
    assert len(BY_KEY) == len(RULES)


def test_good_rows_have_no_findings() -> None:
    titles = read_title_list(kbart([serial(), monograph()]).encode())
    assert titles.findings.empty and not titles.counts
    assert titles.valid == titles.total == 2


@pytest.mark.rule("A3")
@pytest.mark.parametrize("key", CASES)
def test_the_rule_finds_its_case_and_only_there(key: str) -> None:
    case, column = CASES[key]
    titles = read_case(case)
    found = titles.findings[titles.findings["rule"] == key]
    assert found[["row_number", "column"]].values.tolist() == [[3, column]]
    assert titles.counts[key] == 1
    assert found["severity"].tolist() == [BY_KEY[key].severity]
    assert set(titles.findings["row_number"]) == {3}
    status = dict(zip(titles.rows["row_number"], titles.rows["status"], strict=True))
    errors = titles.findings.loc[titles.findings["severity"] == "error", "rule"].tolist()
    assert status == {2: "valid", 3: "rejected" if errors else "valid", 4: "valid", 5: "valid"}
    assert titles.total == titles.valid + titles.rejected == 4


@pytest.mark.parametrize("key", [rule.key for rule in RULES if rule.strict])
def test_strict_mode_is_stricter(key: str) -> None:
    assert BY_KEY[key].severity != "error"
    titles = read_case(CASES[key][0], strict=True)
    assert key in titles.findings.loc[titles.findings["severity"] == "error", "rule"].tolist()
    assert titles.rejected == 1


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.key)
def test_rules_speak_in_sentences(rule) -> None:  # type: ignore[no-untyped-def]
    for words in (rule.sentence, rule.advice):
        assert words[0].isupper() or words.startswith(("title_", "publication_", "coverage_", "access_"))
        assert words.endswith((".", ")."))


@pytest.mark.rule("A15")
def test_end_dates_end_their_period_and_no_bad_date_opens_the_coverage() -> None:
    rows = [
        serial(date_last_issue_online="2004"),
        serial(date_last_issue_online="2004-02"),
        serial(date_last_issue_online=""),
        serial(date_last_issue_online="31.04.2004"),
        serial(date_first_issue_online="198?"),
    ]
    titles = read_title_list(kbart(rows).encode(), options=OPTIONS)
    until = titles.rows["until_date"].tolist()
    assert until[:2] == [date(2004, 12, 31), date(2004, 2, 29)]
    assert titles.rows["status"].tolist() == ["valid", "valid", "valid", "rejected", "rejected"]
    assert titles.rows["reason"].tolist()[3:] == ["date_unparseable"] * 2
    assert titles.rows["date_last_issue_online"].tolist()[3] == "31.04.2004"  # kept, to be seen


@pytest.mark.rule("A7")
def test_nothing_ambiguous_is_decided() -> None:
    rows = [
        serial(date_last_issue_online="03/04/2004"),
        serial(embargo_info="P1Y;P2Y"),
        serial(access_type="open access"),
        serial(print_identifier="0028-0836; 1476-4687", title_id="B"),
    ]
    titles = read_title_list(kbart(rows).encode())
    assert titles.rows["reason"].tolist()[:2] == ["date_unparseable", "embargo_illegal"]
    assert titles.rows["access_type"].tolist()[2] == "open access"
    assert titles.rows["print_identifier"].tolist()[3] == "0028-0836; 1476-4687"


@pytest.mark.rule("A4")
def test_a_rejected_row_keeps_what_names_its_title() -> None:
    titles = read_title_list(kbart([serial(date_last_issue_online="?", print_identifier="00280836")]).encode())
    row = titles.rows.iloc[0]
    assert row["status"] == "rejected"
    assert (row["print_identifier"], row["online_identifier"]) == ("0028-0836", "1476-4687")
    assert (row["title_id"], row["title_url"]) == ("JOE", "https://vendor.example/joe")


def test_a_row_with_many_faults_is_counted_once() -> None:
    titles = read_title_list(
        kbart([serial(publication_title="", date_last_issue_online="?", embargo_info="?")]).encode()
    )
    assert titles.rejected == 1
    assert titles.rows["reason"].tolist() == ["missing_title"]
    assert set(titles.findings["rule"]) == {"missing_title", "date_unparseable", "embargo_illegal"}


def test_short_rows_are_no_damage_where_all_rows_are_short() -> None:
    lines = kbart([serial(), monograph(), serial(title_id="C")]).splitlines()
    short = [lines[0], *("\t".join(line.split("\t")[:12]) for line in lines[1:])]
    titles = read_title_list("\n".join(short).encode())
    assert titles.rejected == 0 and titles.counts["short_row"] == 3


def test_only_exact_repetitions_are_duplicates() -> None:
    rows = [serial(), serial(notes="other"), monograph(), serial(), serial(date_last_issue_online="2004"), serial()]
    titles = read_title_list(kbart(rows).encode())
    assert titles.findings.loc[titles.findings["rule"] == "duplicate_row", "row_number"].tolist() == [5, 7]


def test_rows_are_judged_alike_in_shares_and_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Large files are judged by several threads; repetitions are found across their shares."""
    cases = [case for case, _ in CASES.values()]
    lines = [line for case in cases for line in ([case] if isinstance(case, str) else kbart([case]).splitlines()[1:])]
    text = "\n".join([kbart([]).splitlines()[0], *lines, *lines]).encode()
    whole = read_title_list(text, options=OPTIONS)
    monkeypatch.setattr(validation, "LEAST_SHARE", 5)
    monkeypatch.setattr(pa, "cpu_count", lambda: 4)
    shared = read_title_list(text, options=OPTIONS)
    assert len(validation._shares(whole.total)) == 4
    pd.testing.assert_frame_equal(shared.rows, whole.rows)
    pd.testing.assert_frame_equal(shared.findings, whole.findings)
    assert shared.counts == whole.counts and set(whole.counts) == set(BY_KEY)


FILE_CASES: dict[str, tuple[bytes, str]] = {
    "file_encoding": (kbart([serial(publication_title="Économie")]).encode("cp1252"), "windows-1252"),
    "byte_order_mark": (kbart([serial()]).encode("utf-8-sig"), "byte order mark"),
    "file_format": (kbart([serial()], delimiter=";").encode(), "semicolon"),
    "mixed_line_ends": (kbart([serial()]).encode() + kbart([monograph()], line_end="\r\n").encode(), "mixed"),
    "no_final_newline": (kbart([serial()], final_newline=False).encode(), "last line"),
    "lines_before_header": (b"Provider: Example\n" + kbart([serial()]).encode(), "line 2"),
    "blank_rows": (kbart([serial(), {}]).encode(), "1 rows"),
    "quotation_marks": (kbart([serial()], quote=True).encode(), "quotation marks"),
    "line_breaks_in_cells": (kbart([serial(notes="a\nb")], quote=True).encode(), "1 rows"),
    "missing_columns": (kbart([serial()], columns=[*FIELD_NAMES[:3], *FIELD_NAMES[4:]]).encode(), FIELD_NAMES[3]),
    "renamed_columns": (kbart([serial()]).replace("notes", "coverage_notes").encode(), "coverage_notes"),
    "column_order": (kbart([serial()], columns=FIELD_NAMES[::-1]).encode(), "order"),
    "extra_columns": (kbart([serial()], columns=[*FIELD_NAMES, "doi"]).encode(), "doi"),
    "duplicate_columns": (kbart([serial()], columns=[*FIELD_NAMES, "notes"]).encode(), "notes"),
    "unnamed_columns": (kbart([serial()], columns=[*FIELD_NAMES[:3], "", *FIELD_NAMES[3:]]).encode(), "1 columns"),
    "file_name": (kbart([serial()]).encode(), "download.txt"),
    "sort_order": (kbart([serial(publication_title=title) for title in "CBA"]).encode(), "sorted"),
}  # fmt: skip


def test_every_file_rule_has_a_case() -> None:
    assert set(FILE_CASES) == {rule.key for rule in FILE_RULES}


@pytest.mark.parametrize("key", FILE_CASES)
def test_file_rules(key: str) -> None:
    content, says = FILE_CASES[key]
    name = "download.txt" if key == "file_name" else "Example_Global_All_2024-01-31.txt"
    titles = read_title_list(content, name=name)
    found = {finding.rule: finding for finding in titles.file_findings}
    assert says in found[key].message
    clean = read_title_list(kbart([serial()]).encode(), name="Example_Global_All_2024-01-31.txt")
    assert clean.file_findings == ()


def test_a_date_that_is_none_in_the_file_name() -> None:
    titles = read_title_list(kbart([MONOGRAPH]).encode(), name="Example_Global_All_2024-02-31.txt")
    assert [finding.rule for finding in titles.file_findings] == ["file_name"]
