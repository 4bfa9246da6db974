"""The command line: what it says, its exit statuses, its JSON, and that its runs are Dagster runs like any other."""

import errno
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from autoholdings_assets import __version__
from autoholdings_assets.cli import execute
from autoholdings_assets.cli.console import unexpected
from autoholdings_assets.config_model import Policies
from autoholdings_tests import faults
from autoholdings_tests.library import BOOKS, Cli, Feed, Library, issn, journal

FILE = [journal("Acta Exempla", issn(1)), journal("Botanica Ficta", issn(3))]
NEXT = [journal("Acta Exempla", issn(1), start="1990"), journal("Undated", issn(7), start="the beginning")]


def as_json(result: tuple[int, str]) -> Any:
    return json.loads(result[1])


def test_a_run_says_what_it_did_and_is_a_dagster_run(library: Library, wiley: Feed, cli: Cli) -> None:
    wiley.serves(FILE)
    status, printed = cli("run", "wiley")
    assert status == 0
    assert "wiley: done" in printed and "2 activate" in printed and "wiley-main" in printed
    assert "STEP_" not in printed and "dagster" not in printed.lower(), "Dagster's own noise stays off the terminal"
    with dg.DagsterInstance.get() as instance:
        (run,) = instance.get_runs()
    assert run.is_success and run.job_name == "upload_electronic_holdings"
    assert library.sql("SELECT run_id FROM job_run") == [{"run_id": run.run_id}]
    assert (library.home.dagster_home / "dagster.yaml").read_text().startswith("# Dagster's settings")


@pytest.mark.rule("A1")
def test_a_dry_run_shows_the_plan_and_changes_nothing(library: Library, wiley: Feed, cli: Cli) -> None:
    wiley.serves(FILE)
    status, printed = cli("run", "wiley", "--dry-run")
    assert (status, "dry run" in printed, "2 activate" in printed) == (0, True, True)
    assert library.titles() == {}
    status, printed = cli("plan", "show", "wiley-1")
    assert status == 0 and "Acta Exempla" in printed and "Botanica Ficta" in printed
    (plan,) = as_json(cli("plans", "--json"))
    assert (plan["plan_id"], plan["status"], plan["actions"]) == ("wiley-1", "ready", {"activate": 2})
    shown = as_json(cli("plan", "show", "wiley-1", "--json"))
    assert [item["title"] for item in shown["items"]] == ["Acta Exempla", "Botanica Ficta"]


def test_the_exit_status_tells_a_script_how_it_went(library: Library, wiley: Feed, cli: Cli) -> None:
    assert cli("run", "wiley")[0] == 3, "no file yet: nothing applied"
    wiley.serves(FILE, "Wiley_Global_Example_2026-02-07.txt")
    library.run()  # by the command, it is another test's
    status, printed = cli("run", "wiley")
    assert (status, "nothing new" in printed) == (0, True)
    wiley.serves(NEXT, "Wiley_Global_Example_2026-02-14.txt")
    status, printed = cli("run", "wiley")
    assert (status, "done with findings" in printed) == (1, True)
    wiley.serves(FILE[:1], "Wiley_Global_Example_2026-01-03.txt")
    status, printed = cli("run", "wiley")
    assert (status, "older than the last accepted one" in printed) == (4, True)
    assert cli("run", "wiley", "--dry-run")[0] == 4
    library.change_profile("wiley-main", groups=["LAW"])
    status, printed = cli("run", "wiley")
    assert (status, 'profile "wiley-main" has groups' in printed) == (2, True)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["run"], "Name one vendor"),
        (["run", "wiley", "--all"], "Name one vendor"),
        (["run", "wily"], "There is no vendor"),
        (["run", "oup"], "no Active integration profile"),
        (["run", "--profile", "wiley-man"], "wiley-main"),
        (["plan", "show", "wiley-9"], "There is no plan wiley-9"),
        (["history", "abcdef"], "There is no run abcdef"),
        (["init"], "is there already"),
        (["demo"], "is the home of a real library"),
        (["fetch"], "No such command"),
    ],
)
def test_wrong_use_is_2_and_says_what_to_give(wiley: Feed, cli: Cli, words: list[str], says: str) -> None:
    status, printed = cli(*words) if words != ["fetch"] else (execute(words), "No such command")
    assert status == 2 and says in printed


def test_a_home_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["status", "--home", str(tmp_path / "nowhere")]) == 2
    assert "autoholdings init" in capsys.readouterr().err


def test_init_writes_a_configuration_that_can_be_used_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    assert execute(["init", "--home", str(home)]) == 0
    text = (home / "autoholdings.yaml").read_text()
    assert "wiley: institution_token" in text and BOOKS in text
    commented = re.search(r"(?<=# )policies:\n(#  .*\n)+", text)
    assert commented and "# of at least so many titles" in commented[0]
    written = yaml.safe_load(re.sub(r"^# ", "", commented[0], flags=re.MULTILINE))["policies"]
    assert written == Policies().model_dump(), "the policies stand there with their defaults"
    assert (home / "dagster_home" / "dagster.yaml").is_file()
    assert execute(["status", "--home", str(home)]) == 0
    assert "Integration profiles: none" in capsys.readouterr().out


@pytest.mark.rule("C7")
def test_running_an_inactive_profile_runs_the_active_ones_and_says_so(library: Library, wiley: Feed, cli: Cli) -> None:
    law = library.profile("wiley-law", active=False)
    wiley.serves(FILE)
    law.serves([journal("Not To Be Seen", issn(11))])
    status, printed = cli("run", "--profile", "wiley-law")
    assert status == 0 and "wiley-law is Inactive and is not run" in printed
    assert "Active profiles of wiley are: wiley-main" in printed
    assert set(library.titles()) == {"Acta Exempla", "Botanica Ficta"}
    assert law.account.requests == []


def test_all_vendors_run_one_after_another_and_the_worst_status_counts(library: Library, wiley: Feed, cli: Cli) -> None:
    from autoholdings_tests.library import VENDORS

    library.profile("oup-main", VENDORS["oup"])
    wiley.serves(FILE)
    reports = cli("run", "--all", "--json")
    assert reports[0] == 3, "oup has no file yet"
    assert [(r["vendor"], r["outcome"], r["exit_status"]) for r in as_json(reports)] == [
        ("wiley", "done", 0),
        ("oup", "nothing applied", 3),
    ]


def test_one_profile_that_fails_beside_another_is_a_finding(library: Library, wiley: Feed, cli: Cli) -> None:
    law = library.profile("wiley-law")
    wiley.serves(FILE)
    law.account.fail_next(faults.status(403))
    status, printed = cli("run", "wiley")
    assert status == 1
    assert "done with findings" in printed and "HTTP 403" in printed


@pytest.mark.rule("C5", "C13")
def test_status_and_history_tell_profiles_files_runs_and_the_schedule(library: Library, wiley: Feed, cli: Cli) -> None:
    library.change_profile("wiley-main", schedule="0 6 * * SAT")
    library.profile("wiley-law", active=False, schedule="0 9 * * MON")
    wiley.serves(FILE, "Wiley_Global_Example_2026-02-07.txt")
    library.run()
    status, printed = cli("status")
    assert status == 0
    for words in ("wiley-main", "Wiley_Global_Example_2026-02-07.txt", "Inactive", "from wiley-main", "not obeyed"):
        assert words in printed
    found = as_json(cli("status", "--json"))
    assert found["vendors"][0]["next_run"].endswith(("06:00:00-05:00", "06:00:00-04:00"))
    assert [c["portfolios"] for c in found["collections"]] == [2, 0]
    (run,) = as_json(cli("history", "--json"))
    assert (run["vendor"], run["outcome"]) == ("wiley", "done")
    assert found["vendors"][0]["fresh"] is False and "is of 2026-02-07" in found["vendors"][0]["freshness"]
    assert as_json(cli("history", "--profile", "wiley-law", "--json")) == []
    (report,) = as_json(cli("history", run["run_id"][:8], "--json"))
    assert report["profiles"][0]["total_rows"] == 2 and report["plan"]["actions"] == {"activate": 2}


@pytest.mark.rule("W6")
def test_status_says_how_fresh_the_holdings_are_when_a_first_file_is_due_and_what_was_refused(
    library: Library, wiley: Feed, cli: Cli
) -> None:
    _, printed = cli("status")
    assert "wiley-main: no file yet. A new token has no file until the Saturday after it was made." in printed
    assert re.search(r"The next one is due at Sat [-0-9]+ 02:00 P[SD]T", printed)
    today = datetime.now(UTC).date()
    wiley.serves(FILE, f"Wiley_Global_Example_{today}.txt")
    library.run()
    refused = library.home.inbox / "wiley-main" / "titles.txt.refused.txt"
    refused.touch()
    _, printed = cli("status")
    assert f"Wiley: fresh, last file {today}" in printed and str(refused) in printed
    assert "no file yet" not in printed


def test_an_error_nobody_foresaw_is_one_sentence_and_a_log(library: Library, wiley: Feed, cli: Cli) -> None:
    wiley.serves(FILE)
    library.home.warehouse.write_bytes(b"this is no database")
    status, printed = cli("run", "wiley")
    assert status == 3
    assert "Something unexpected happened" in printed and "Traceback" not in printed
    log = (library.home.path / "logs" / "autoholdings.log").read_text()
    assert "Traceback" in log and str(library.home.warehouse.name) in log


def test_a_full_disk_is_told_even_where_the_log_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A full disk comes with what to do about it; any other error is told also when a file is in the log's way."""
    unexpected(OSError(errno.ENOSPC, "No space left on device"), tmp_path / "logs")
    assert "is full" in capsys.readouterr().err and not (tmp_path / "logs").exists()
    (tmp_path / "logs").touch()
    unexpected(RuntimeError("something odd"), tmp_path / "logs")
    told = " ".join(capsys.readouterr().err.split())
    assert "something odd. The details could not be written to" in told


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_disk_that_is_too_full_for_the_log_is_told_with_the_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """SQLite calls a full disk an I/O error; that the details cannot be written tells what it is."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "autoholdings.log").symlink_to("/dev/full")
    unexpected(RuntimeError("disk I/O error"), tmp_path / "logs")
    told = " ".join(capsys.readouterr().err.split())
    assert "disk I/O error. The disk of" in told and "is full. Free some space there" in told


def test_the_version_is_told_by_a_folder_that_was_never_installed_too(
    never_installed: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["--version"]) == 0
    assert capsys.readouterr().out == f"autoholdings, version {__version__}\n"


@pytest.mark.slow
def test_the_demonstration_runs_to_its_end_and_can_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two weeks as anybody runs it, and a third, which stands for the next two: each is as many runs as vendors."""
    home = str(tmp_path / "demo")
    for weeks in (("Week 1", "Week 2"), ("Week 3",)):
        monkeypatch.setattr(sys.modules["autoholdings_assets.cli.demo"], "_WEEKS", len(weeks))
        assert execute(["demo", "--home", home]) == 0
        printed = capsys.readouterr().out
        assert all(week in printed for week in weeks) and "What to look at next" in printed
        assert "held" not in printed and "not finished" not in printed and "nothing applied" not in printed


def test_the_console_script_starts_quickly_and_leaves_with_the_status(tmp_path: Path) -> None:
    """In a process of its own: the exit status comes through, and --help imports none of the slow packages."""
    script = "import sys; from autoholdings_assets.cli import main; sys.argv = ['autoholdings', *sys.argv[1:]]; main()"
    failed = subprocess.run([sys.executable, "-c", script, "status", "--home", str(tmp_path)], capture_output=True)
    assert failed.returncode == 2
    probe = (
        "import sys; from autoholdings_assets.cli import execute; execute(['--help']);"
        "print([m for m in ('dagster', 'duckdb', 'pandera') if m in sys.modules])"
    )
    helped = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert helped.stdout.splitlines()[-1] == "[]"
