"""``autoholdings check`` as its users meet it: exit status, summary, JSON, page, clean copy."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from autoholdings_assets.cli.check import check
from autoholdings_assets.kbart.check import check_file, check_files, fix_file
from autoholdings_assets.kbart.rules import BY_KEY, RULES
from autoholdings_assets.kbart.validation import read_title_list
from autoholdings_assets.reports.check_page import check_page
from autoholdings_assets.reports.markdown import as_markdown
from autoholdings_assets.reports.page import as_html
from autoholdings_tests.kbart_files import MENDED, kbart, monograph, serial
from autoholdings_tests.unit.test_kbart_rules import CASES

NAME = "Example_Global_All_2024-01-31.txt"


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    path = tmp_path / NAME
    path.write_text(kbart([monograph(), serial()]))
    return path


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    path = tmp_path / "Example_Global_Faulty_2024-01-31.txt"
    rows = [
        serial(publication_title="<b>Smith &amp; Sons</b>", date_last_issue_online="?"),
        serial(title_url=""),
        serial(),
    ]
    path.write_text(kbart(rows))
    return path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(check, [str(argument) for argument in arguments], catch_exceptions=False)


def test_a_clean_file_ends_with_0(clean: Path) -> None:
    result = run(clean)
    assert result.exit_code == 0
    assert f"{clean}: clean" in result.output
    assert "2 rows: 2 used, 0 rejected" in result.output


def test_findings_end_with_1_and_are_named(faulty: Path) -> None:
    result = run(faulty)
    assert result.exit_code == 1
    assert "3 rows: 2 used, 1 rejected" in result.output
    assert re.search(r"error: The date cannot be read.*\n +line 2, date_last_issue_online: '\?'", result.output)
    assert "line 3, title_url: (blank)" in result.output


def test_a_file_that_cannot_be_read_ends_with_1(tmp_path: Path) -> None:
    page = tmp_path / "list.txt"
    page.write_text("<html><body>Please log in</body></html>")
    result = run(page)
    assert result.exit_code == 1
    assert "web page" in result.output and "open it in a browser" in result.output


@pytest.mark.parametrize(
    "arguments",
    [[], ["nowhere.txt"], ["--date-format", "31.12.2004"], ["--fix", "out.txt"], ["--unknown"]],
    ids=["no file", "missing file", "no date format", "fix of two files", "unknown option"],
)
def test_wrong_use_ends_with_2(arguments: list[str], clean: Path, faulty: Path) -> None:
    files = [clean, faulty] if arguments[:1] in (["--fix"], ["--unknown"], ["--date-format"]) else []
    assert run(*arguments, *files).exit_code == 2


def test_what_cannot_be_written_is_no_copy(clean: Path, tmp_path: Path) -> None:
    """Into a folder that is not there, and of a file that is no title list."""
    missing = run("--html", tmp_path / "nowhere" / "page.html", clean)
    assert missing.exit_code == 2 and "There is no folder" in missing.output
    page = tmp_path / "page.txt"
    page.write_text("<html>Sign in</html>")
    assert run("--fix", tmp_path / "copy.txt", page).exit_code == 1
    assert not (tmp_path / "copy.txt").exists()


def test_fix_does_not_overwrite_its_own_file(clean: Path) -> None:
    before = clean.read_bytes()
    assert run(clean, "--fix", clean).exit_code == 2
    assert clean.read_bytes() == before


def test_an_empty_folder_is_wrong_use(tmp_path: Path) -> None:
    assert run(tmp_path).exit_code == 2


def test_json(clean: Path, faulty: Path) -> None:
    result = run("--json", clean, faulty)
    assert result.exit_code == 1
    one, other = json.loads(result.stdout)
    assert (one["file"], one["verdict"], one["rows"], one["by_rule"]) == (str(clean), "valid", 2, {})
    assert (other["rows"], other["valid_rows"], other["rejected_rows"], other["verdict"]) == (3, 2, 1, "errors")
    assert other["by_rule"] == {"date_unparseable": 1, "markup": 1, "missing_title_url": 1}
    assert other["findings"][0]["examples"] == [{"line": 2, "column": "date_last_issue_online", "value": "?"}]


def test_what_is_wrong_with_the_whole_file_is_said(tmp_path: Path) -> None:
    """To a person and in JSON: of a file in another shape, and of one that is no list at all."""
    commas = tmp_path / "Example_Global_Commas_2024-01-31.txt"
    commas.write_text(kbart([serial()], delimiter=",", quote=True))
    assert "The cells are separated by comma, where KBART wants tabs." in run(commas).output
    page = tmp_path / "page.txt"
    page.write_text("<html>Sign in</html>")
    (refused,) = json.loads(run("--json", page).stdout)
    assert refused["refusal"]["rule"] and refused["refusal"]["advice"] in run(page).output


def test_strict_mode_and_date_formats(clean: Path, tmp_path: Path) -> None:
    path = tmp_path / "Example_Global_Dates_2024-01-31.txt"
    path.write_text(kbart([serial(date_last_issue_online="31.12.2004", publication_title="x" * 300, title_id="")]))
    assert json.loads(run("--json", path).stdout)[0]["rejected_rows"] == 1
    read = json.loads(run("--json", "--date-format", "%d.%m.%Y", path).stdout)[0]
    assert (read["rejected_rows"], read["verdict"]) == (0, "warnings")
    assert json.loads(run("--json", "--strict", "--date-format", "%d.%m.%Y", path).stdout)[0]["verdict"] == "errors"
    assert run("--strict", clean).exit_code == 0


def test_folders_are_searched(clean: Path, tmp_path: Path) -> None:
    below = tmp_path / "below"
    below.mkdir()
    (below / "other.tsv").write_text(kbart([serial()]))
    (below / "picture.png").write_bytes(b"\x89PNG")
    (below / ".hidden.txt").write_text("x")
    result = run(tmp_path)
    assert f"{tmp_path.name}/{NAME}" in result.output and f"{tmp_path.name}/below/other.tsv" in result.output
    assert "2 files, 3 rows, 0 rejected: 2 clean" in result.output


def test_progress_is_told_file_by_file(clean: Path, faulty: Path) -> None:
    seen: list[Path] = []
    results = check_files([clean, faulty], progress=seen.append)
    assert seen == [clean, faulty]
    assert [result.clean for result in results] == [True, False]


def test_the_page_is_self_contained_and_escapes_what_it_shows(faulty: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    assert run(faulty, "--html", page).exit_code == 1
    html = page.read_text()
    assert "<svg" in html and "date_unparseable" in html and "<table>" in html
    assert not re.search(r"(src|href)\s*=\s*[\"'](?!#)|<script|@import|url\(", html)
    assert "<b>Smith" not in html and "&lt;b&gt;Smith" in html


def test_the_page_of_several_files_leads_to_each_and_reads_the_same_as_markdown(
    clean: Path, faulty: Path, tmp_path: Path
) -> None:
    (tmp_path / "page.txt").write_text("<html>")
    page = check_page(check_files([clean, faulty, tmp_path / "page.txt"]))
    html, markdown = as_html(page), as_markdown(page)
    assert 'href="#file1"' in html and 'id="file1"' in html and "cannot be read" in html
    for shown in (html, markdown):
        assert "page.txt" in shown and "date" in shown and "Rows by rule" in shown


def test_the_function_takes_bytes() -> None:
    result = check_file(kbart([serial()]).encode(), name=NAME)
    assert (result.file, result.verdict, result.rows) == (NAME, "valid", 1)


def test_statistics_by_column(faulty: Path) -> None:
    columns = {column.column: column for column in check_file(faulty).by_column}
    assert (columns["title_url"].filled, columns["title_url"].warnings) == (2, 1)
    assert columns["date_last_issue_online"].errors == 1


def test_fix_writes_what_can_be_used_and_says_what_changed(faulty: Path, tmp_path: Path) -> None:
    target = tmp_path / NAME
    result = run(faulty, "--fix", target)
    assert result.exit_code == 1
    assert "2 rows; 1 rejected or repeated rows left out" in result.output
    assert read_title_list(target).rejected == 0


@pytest.mark.parametrize("key", [rule.key for rule in RULES if rule.key in MENDED or rule.severity == "error"])
def test_fix_mends_what_it_says_it_mends(key: str, tmp_path: Path) -> None:
    case = CASES[key][0]
    lines = kbart([serial(title_id="A"), monograph(), serial(), serial()]).splitlines()
    lines.insert(2, case if isinstance(case, str) else kbart([case]).splitlines()[1])
    source, once, twice = tmp_path / "source.txt", tmp_path / "once.txt", tmp_path / "twice.txt"
    source.write_text("\n".join(lines))
    before = read_title_list(source)
    assert key in before.counts or key == "date_declared_format"
    fix = fix_file(source, once)
    after = read_title_list(once)
    assert not [found for found in after.counts if found in MENDED or BY_KEY[found].severity == "error"]
    assert fix.written + fix.left_out == before.total
    fix_file(once, twice)
    assert once.read_bytes() == twice.read_bytes()
