"""Undoing a run: what comes back, what cannot and why, and that it stays undone."""

from typing import Any

import pytest

from autoholdings_assets.cli import execute
from autoholdings_assets.holdings.refusals import NotPossible
from autoholdings_assets.pipeline import steps
from autoholdings_assets.pipeline.instance import prepare
from autoholdings_tests.library import Feed, Library, issn, journal

A, B, C = (journal(name, issn(n), start="1990") for n, name in enumerate(("Alpha", "Beta", "Gamma")))


def holdings(library: Library) -> dict[str, list[dict[str, Any]]]:
    """The portfolios, their coverage and who grants them, but not since when they are so."""
    return {
        "portfolio": library.sql("SELECT * EXCLUDE (updated_at) FROM portfolio ORDER BY portfolio_id"),
        "coverage": library.sql("FROM coverage ORDER BY portfolio_id, statement_no"),
        "granted": library.sql("SELECT portfolio_id, profile FROM portfolio_grant WHERE valid_to IS NULL ORDER BY ALL"),
        "files": library.sql("SELECT profile, file_sha256 FROM entitlement ORDER BY ALL"),
    }


@pytest.mark.rule("A9")
def test_the_state_before_the_run_comes_back_and_stays_through_the_next_run(library: Library, wiley: Feed) -> None:
    wiley.serves([A, B])
    library.first_run()
    before = holdings(library)
    wiley.serves([A | {"date_first_issue_online": "2001", "publisher_name": "New Press"}, C])
    run = library.run()
    assert run.actions == {"activate": 1, "remove": 1, "update": 1}
    done = library.undo(run.run_id, "the vendor sent a draft")
    assert done.outcome == "done" and done.actions == {"activate": 1, "remove": 1, "update": 1}
    assert done.broken_invariants == {}
    assert holdings(library) == before, "the same numbers, dates of activation, coverage and files"
    (recorded,) = library.sql("FROM job_run WHERE run_id = 'run-3'")
    assert (recorded["outcome"], recorded["acted_by"]) == ("done", "a test")
    actions = library.sql("FROM portfolio_action WHERE run_id = 'run-3'")
    assert {a["title"]: a["action"] for a in actions} == {"Alpha": "update", "Beta": "activate", "Gamma": "remove"}
    (change,) = [a["changes"] for a in actions if a["title"] == "Beta"]
    assert change == [{"field": "coverage", "old": None, "new": "1990 - now"}]

    again = library.run()
    assert again.outcome == "held" and holdings(library) == before
    assert "is barred. Its run run-2 was undone by a test on" in again.message
    assert "the vendor sent a draft. Wait for the vendor's next file, or accept this plan" in again.message
    wiley.serves([A, B, C])
    assert library.run().actions == {"activate": 1}, "the next file is welcome"


@pytest.mark.rule("A9", "A2")
def test_a_barred_file_can_be_accepted_again(library: Library, wiley: Feed) -> None:
    wiley.serves([A, B])
    library.first_run()
    wiley.serves([A])
    library.undo(library.run().run_id)
    held = library.run()
    library.accept(held.plan.plan.plan_id, "it was right after all")
    assert library.apply().outcome == "done"
    assert list(library.titles()) == ["Alpha"]
    assert {row["status"] for row in library.sql("FROM kbart_file")} == {"accepted"}
    assert library.run().outcome == "nothing new"


@pytest.mark.rule("A9", "C19")
def test_what_has_a_po_line_now_stays_and_is_said(library: Library, wiley: Feed) -> None:
    wiley.serves([A])
    library.first_run()
    wiley.serves([A, B, C])
    run = library.run()
    library.attach_po_line("Beta", "POL-2")
    done = library.undo(run.run_id)
    assert (done.outcome, done.actions) == ("done with findings", {"keep": 1, "remove": 1})
    assert set(library.titles()) == {"Alpha", "Beta"}
    beta = library.titles()["Beta"]
    assert beta["po_line"] == "POL-2" and beta["missing_since"] is not None
    (item,) = library.sql("SELECT reason FROM portfolio_action WHERE run_id = 'run-3' AND action = 'keep'")
    assert item["reason"] == "Activated by run run-2, but it has PO line POL-2 now, so it stays."


@pytest.mark.rule("A9")
def test_what_a_later_run_changed_too_is_left_and_said(library: Library, wiley: Feed) -> None:
    wiley.serves([A, B])
    library.first_run()
    wiley.serves([A | {"publisher_name": "Second"}, B | {"publisher_name": "Second"}])
    run = library.run()
    wiley.serves([A | {"publisher_name": "Third"}, B | {"publisher_name": "Second"}])
    library.run()
    preview = steps.preview_undo(library.context(), run.run_id)
    assert any("has accepted a later file since" in note for note in preview.notes)
    done = library.undo(run.run_id)
    assert done.actions == {"keep": 1, "update": 1}
    titles = library.titles()
    assert (titles["Alpha"]["publisher_name"], titles["Beta"]["publisher_name"]) == ("Third", None)
    (item,) = library.sql("SELECT reason FROM portfolio_action WHERE plan_id = ? AND action = 'keep'", done.plan_id)
    assert item["reason"].startswith("Cannot be restored: it was changed again since, by run run-3 on ")
    held = library.run()
    assert held.outcome == "held" and "is barred" in held.message, "or the run would bring Second back"
    assert library.titles()["Beta"]["publisher_name"] is None


@pytest.mark.rule("A9", "A6")
def test_a_portfolio_whose_issn_another_one_has_now_does_not_come_back(library: Library, wiley: Feed) -> None:
    wiley.serves([A, B])
    library.first_run()
    wiley.serves([A])
    run = library.run()
    wiley.serves([A, B])
    library.accept(library.run().plan.plan.plan_id, "an earlier file, but right")  # the first file once more
    library.apply()
    newcomer = library.titles()["Beta"]["portfolio_id"]
    done = library.undo(run.run_id)
    assert done.actions == {"keep": 1}
    assert library.titles()["Beta"]["portfolio_id"] == newcomer
    (item,) = library.sql("SELECT * FROM portfolio_action WHERE plan_id = ?", done.plan_id)
    assert 'its ISSN or ISBN now belongs to "Beta", which came later' in item["reason"]
    assert item["related_portfolio_ids"] == [newcomer]


@pytest.mark.rule("A9")
def test_an_undo_can_be_undone(library: Library, wiley: Feed) -> None:
    wiley.serves([A, B])
    library.first_run()
    wiley.serves([A, C])
    run = library.run()
    after = holdings(library)
    undo = library.undo(run.run_id)
    with pytest.raises(NotPossible, match="was undone already"):
        library.undo(run.run_id)
    with pytest.raises(NotPossible, match=r"Several plans .* begin with run: wiley-1 \(wiley\), wiley-2"):
        library.undo("run")
    (recorded,) = library.sql("SELECT applied_run_id FROM plan WHERE plan_id = ?", undo.plan_id)
    library.undo(recorded["applied_run_id"])
    assert holdings(library) == after
    assert library.run().message and library.sql("SELECT count(*) AS n FROM kbart_file WHERE status = 'barred'") == [
        {"n": 0}
    ]
    assert holdings(library) == after


@pytest.mark.rule("A9")
def test_the_first_run_undone_leaves_nothing(library: Library, wiley: Feed) -> None:
    wiley.serves([A, B])
    run = library.first_run()
    library.undo(run.run_id)
    assert holdings(library) == {"portfolio": [], "coverage": [], "granted": [], "files": []}
    assert library.run().outcome == "held"


@pytest.mark.rule("A9")
def test_groups_come_back_to_the_profile_that_lost_its_titles(library: Library) -> None:
    library.configuration["institution"] |= {
        "customer_parameters": {"multi_campus_inventory_management": True},
        "groups": ["MAIN", "LAW"],
    }
    main, law = library.profile("main", groups=["MAIN"]), library.profile("law", groups=["LAW"])
    main.serves([A, B])
    law.serves([A, B])
    library.run()
    before = holdings(library)
    law.serves([A])
    run = library.run()
    assert library.titles()["Beta"]["available_for"] == ["MAIN"]
    library.undo(run.run_id)
    assert holdings(library) == before
    assert {row["profile"] for row in library.sql("FROM kbart_file WHERE status = 'barred'")} == {"law"}


@pytest.mark.rule("A9")
@pytest.mark.parametrize(("run", "message"), [("run-9", "There is no run run-9"), ("run-2", "changed no portfolios")])
def test_what_cannot_be_undone_is_said(library: Library, wiley: Feed, run: str, message: str) -> None:
    wiley.serves([A])
    library.first_run()
    library.run()
    before = library.state()
    with pytest.raises(NotPossible, match=message):
        library.undo(run)
    assert library.state() == before
    assert library.sql("SELECT count(*) AS n FROM job_run") == [{"n": 2}], "nothing is recorded of it"


@pytest.mark.rule("A9", "A1")
def test_the_command_line_shows_first_and_then_submits(
    library: Library, wiley: Feed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("DAGSTER_HOME", "AUTOHOLDINGS_HOME"):
        monkeypatch.setenv(variable, "")
    prepare(library.home)
    home = ["--home", str(library.home.path)]
    wiley.serves([A, B])
    library.first_run()
    before, state = holdings(library), library.state()
    wiley.serves([A])
    library.run()
    after = library.state()
    assert execute(["undo", "run-2", *home]) == 0
    shown = capsys.readouterr().out
    assert "1 activate" in shown and "Beta" in shown and "Nothing was changed" in shown and "is barred" in shown
    assert library.state() == after != state
    assert execute(["undo", "run-2", "--submit", *home]) == 2, "a reason is required"
    assert execute(["undo", "run-2", "--submit", "--why", "a draft", *home]) == 0
    assert holdings(library) == before and len(library.published("FROM portfolio")) == 2
    assert execute(["explain", "Beta", *home]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "by undoing" in told and "a draft" in told
