"""What commands say besides their ordinary answer: wrong use, the same as JSON, a long answer cut short."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from autoholdings_assets.cli import execute, runs, show
from autoholdings_assets.pipeline import person as who
from autoholdings_assets.pipeline.instance import prepare
from autoholdings_tests.library import DemoVendors, Library, configuration, issn, journal, new_home

SERIES = [journal(f"Series {n}", issn(2 * n + 1)) for n in range(12)]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Twelve journals, of which a held plan would take away ten; a collection of the library's own."""
    with pytest.MonkeyPatch.context() as monkeypatch, DemoVendors() as vendors:
        for variable in ("AUTOHOLDINGS_HOME", "DAGSTER_HOME"):  # commands set these
            monkeypatch.setenv(variable, "")
        library = Library(new_home(tmp_path_factory.mktemp("commands") / "home"), vendors, monkeypatch, configuration())
        library.collection("Bought one by one", code="own", local=True)
        feed = library.profile("wiley-main")
        feed.serves(SERIES)
        assert library.run().outcome == "done"
        library.guard()
        feed.serves(SERIES[:2])
        assert library.run().outcome == "held"
        prepare(library.home)
        yield library


@pytest.fixture
def say(library: Library, capsys: pytest.CaptureFixture[str]) -> Any:
    """Give a command, and what it printed with its exit status."""

    def call(*words: str, home: str = "--home") -> tuple[int, str]:
        capsys.readouterr()
        given = [home, str(library.home.path)] if home == "--home" else [f"{home}{library.home.path}"]
        status = execute([*words, *given])
        printed = capsys.readouterr()
        return status, " ".join((printed.out + printed.err).split())

    return call


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("po-line attach Series", "Say what to attach"),
        ("import-portfolios LIST --collection own --detach-missing", "needs --full-list"),
        ("import-portfolios LIST --collection own --column title", "written FIELD=HEADER"),
        ("import-portfolios LIST --collection elsewhere", 'no electronic collection "elsewhere"'),
        ("move --from own --to own --po-lines", "both a source and the target"),
        ("run", "Name one vendor, or one --profile, or give --all"),
        ("run wilee", 'no vendor "wilee"'),
        ("export --format alma --group MAIN", "names none"),
        ("history no-such-run", "There is no run no-such-run"),
        ("plan show wiley-9", "There is no plan wiley-9"),
        ("plan accept wiley-1 --why x --later", "not held"),
        ("undo no-such-run", "There is no run no-such-run"),
        ("profiles retire wiley-main", "is Active"),
    ],
)
def test_wrong_use_is_refused_with_what_to_do_instead(
    library: Library, say: Any, tmp_path: Path, words: str, told: str
) -> None:
    before = library.state()
    (tmp_path / "list.csv").write_text(f"Title,ISSN\nAnnals,{issn(1)}\n")
    status, printed = say(*(str(tmp_path / "list.csv") if word == "LIST" else word for word in words.split()))
    assert status == 2 and told in printed
    assert library.state() == before


def test_every_list_can_be_had_as_json_too(library: Library, say: Any, tmp_path: Path) -> None:
    lines = (f"Annals,{issn(91)},a", f"Annals,{issn(91)},b", f"Acta,{issn(93)},c")
    (tmp_path / "list.csv").write_text("\n".join(("Title,ISSN,Shelf", *lines)))
    taken_over = ("import-portfolios", str(tmp_path / "list.csv"), "--collection", "own")
    status, printed = say(*taken_over, "--json")
    assert status == 1 and json.loads(printed)["outcomes"] == {"created": 1, "several matches": 2}
    assert "Not used: Shelf" in say(*taken_over)[1]
    assert {plan["plan_id"] for plan in json.loads(say("plans", "--json")[1])} == {"wiley-1", "wiley-2"}
    assert "wiley-2" in say("plans", "--vendor", "wiley")[1]
    undone = json.loads(say("undo", "run-1", "--json")[1])
    assert undone["actions"] == {"remove": 12} and len(undone["items"]) == 12
    (story,) = json.loads(say("explain", "Series 3", "--json")[1])
    assert story["title"] == "Series 3"
    assert [run["run_id"] for run in json.loads(say("history", "--json")[1])] == ["run-2", "run-1"]
    assert json.loads(say("history", "run-2", "--json")[1])[0]["plan"]["plan_id"] == "wiley-2"


def test_a_long_answer_is_cut_short_and_says_so(library: Library, say: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Only the first 10 are shown" in say("explain", "Series")[1]
    monkeypatch.setattr(show, "_SHOWN_ITEMS", 3)
    assert "... and 7 more; --all shows them" in say("plan", "show", "wiley-2")[1]
    assert "more; --all" not in say("plan", "show", "wiley-2", "--all")[1]


def test_what_is_not_there_is_said(library: Library, say: Any) -> None:
    status, printed = say("explain", "No Such Title")
    assert status == 3 and "No portfolio, present or past" in printed
    assert json.loads(say("explain", "No Such Title", "--json")[1]) == []
    assert "name no free content" in say("export", "wiley", "--left-out")[1]


def test_a_command_that_is_interrupted_ends_with_the_status_that_shells_give_it(
    library: Library, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "load_configuration", interrupted)
    assert say("run", "wiley")[0] == 130


def test_a_fault_that_nobody_foresaw_is_told_in_the_home_however_it_is_given(
    library: Library, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(runs, "load_configuration", broken)
    log = library.home.path / "logs" / "autoholdings.log"
    for home in ("--home", "--home="):
        log.unlink(missing_ok=True)
        status, printed = say("run", "wiley", home=home)
        assert status == 3 and "a fault of ours" in printed and "a fault of ours" in log.read_text()


def test_who_has_no_name_acts_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container a process may have a number that no list of users knows."""
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 54321)
    assert who.person() == "user 54321 (command line)"


def test_what_is_there_and_cannot_be_used_is_told_with_status_3_and_no_log(
    library: Library, say: Any, tmp_path: Path
) -> None:
    (tmp_path / "list.csv").write_text("<html>")
    status, printed = say("import-portfolios", str(tmp_path / "list.csv"), "--collection", "own")
    assert status == 3 and "Nothing was changed" in printed
    library.write("INSERT INTO schema_version VALUES (999, now())")
    status, printed = say("plans")
    assert status == 3 and "Install the newer version" in printed and "unexpected" not in printed
    with duckdb.connect(str(library.home.warehouse)) as connection:
        connection.execute("DELETE FROM schema_version WHERE version = 999")


def test_a_run_that_could_not_begin_is_told_so(library: Library, say: Any) -> None:
    """The decision stands; the run that was to apply it died before anything could be recorded of it."""
    text = library.home.config_file.read_text()
    library.home.config_file.write_text("institution: {name: broken")
    status, printed = say("plan", "accept", "wiley-2", "--why", "confirmed")
    library.home.config_file.write_text(text)
    library.write("UPDATE plan SET status = 'held' WHERE plan_id = 'wiley-2'")
    assert status == 3 and "in `autoholdings ui` says why" in printed


def test_an_acceptance_for_later_and_a_rejection_are_said_as_text_and_as_json(library: Library, say: Any) -> None:
    status, printed = say("plan", "accept", "wiley-2", "--why", "confirmed", "--later", "--json")
    assert (status, json.loads(printed)) == (0, {"plan_id": "wiley-2", "decision": "accepted"})
    library.write("UPDATE plan SET status = 'held' WHERE plan_id = 'wiley-2'")
    assert "Plan wiley-2 is rejected. The holdings stay" in say("plan", "reject", "wiley-2", "--why", "cut off")[1]


def test_a_full_list_offers_the_po_lines_that_it_does_not_have(library: Library, say: Any, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(f"Title,ISSN\nAnnals,{issn(91)}\n")
    assert say("po-line", "attach", "Series 1", "POL-1")[0] == 0
    status, printed = say(
        "import-portfolios", str(tmp_path / "list.csv"), "--collection", "wiley-journals", "--full-list"
    )
    assert status == 1 and "The list does not have PO line POL-1" in printed
