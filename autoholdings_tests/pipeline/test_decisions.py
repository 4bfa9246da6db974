"""Accepting and rejecting: exactly one plan, by a person, for a reason; at the command line and in the launchpad."""

from typing import Any

import dagster as dg
import pytest

from autoholdings_assets.cli import execute
from autoholdings_assets.holdings.apply import NotApplicable
from autoholdings_assets.holdings.refusals import NotPossible
from autoholdings_assets.pipeline import steps
from autoholdings_assets.pipeline.build import build_definitions
from autoholdings_assets.pipeline.checks import plan_is_not_held
from autoholdings_assets.pipeline.instance import prepare
from autoholdings_assets.pipeline.steps import ending
from autoholdings_tests.library import Feed, Library, Outcome, issn, journal

FULL = [journal(f"Journal {n}", issn(n)) for n in range(6)]
CUT = FULL[:2]


@pytest.fixture
def held(library: Library, wiley: Feed) -> Outcome:
    """A plan that is held: four of six titles would go."""
    library.guard()
    return library.after(two_weeks)


def two_weeks(library: Library) -> Outcome:
    feed = library.feeds["wiley-main"]
    feed.serves(FULL)
    library.run()
    feed.serves(CUT)
    outcome = library.run()
    assert outcome.outcome == "held" and outcome.plan.plan.plan_id == "wiley-2"
    return outcome


def status(library: Library, plan_id: str = "wiley-2") -> str:
    return library.sql("SELECT status FROM plan WHERE plan_id = ?", plan_id)[0]["status"]


@pytest.mark.rule("A2")
def test_an_accepted_plan_is_applied_exactly_as_it_was_seen(library: Library, wiley: Feed, held: Outcome) -> None:
    seen = library.sql("FROM plan_item WHERE plan_id = 'wiley-2' ORDER BY item_no")
    library.accept("wiley-2", "the vendor confirmed the withdrawal")
    assert status(library) == "accepted"
    assert library.apply().outcome == "done"
    assert set(library.titles()) == {"Journal 0", "Journal 1"}
    assert library.sql("FROM plan_item WHERE plan_id = 'wiley-2' ORDER BY item_no") == seen
    (decision,) = library.sql("FROM plan_decision")
    assert (decision["decision"], decision["decided_by"]) == ("accepted", "Ada")
    assert decision["why"] == "the vendor confirmed the withdrawal"
    assert library.run().outcome == "nothing new"


@pytest.mark.rule("A2")
def test_the_next_run_applies_a_plan_that_was_accepted_for_later(library: Library, held: Outcome) -> None:
    library.accept("wiley-2")
    run = library.run()
    assert (run.outcome, run.plan.plan.plan_id) == ("done", "wiley-2")


@pytest.mark.rule("A2")
@pytest.mark.parametrize("why", ["", "  "])
def test_a_decision_needs_a_reason(library: Library, held: Outcome, why: str) -> None:
    with pytest.raises(NotPossible, match="say who decides and why"):
        library.accept("wiley-2", why)
    assert status(library) == "held"


@pytest.mark.rule("A2")
def test_only_a_held_plan_is_decided_and_only_once(library: Library, held: Outcome) -> None:
    with pytest.raises(NotPossible, match="There is no plan wiley-9"):
        library.accept("wiley-9")
    with pytest.raises(NotPossible, match="wiley-1 is applied, not held"):
        library.accept("wiley-1")
    library.write("UPDATE plan SET status = 'lapsed' WHERE plan_id = 'wiley-1'")
    with pytest.raises(NotPossible, match="wiley-1 has lapsed"):
        library.accept("wiley-1")
    library.reject("wiley-2", "cut off")
    with pytest.raises(NotPossible, match=r"Ada has rejected it .cut off."):
        library.accept("wiley-2")


@pytest.mark.rule("A2")
def test_an_acceptance_lapses_with_another_file(library: Library, wiley: Feed, held: Outcome) -> None:
    library.accept("wiley-2")
    wiley.serves(FULL[:1])
    run = library.run()
    assert (run.outcome, status(library), run.plan.plan.plan_id) == ("held", "lapsed", "wiley-3")
    assert len(library.titles()) == 6


@pytest.mark.rule("A2", "C20")
def test_an_acceptance_lapses_when_staff_attach_a_po_line(library: Library, held: Outcome) -> None:
    library.accept("wiley-2")
    library.attach_po_line("Journal 5", "POL-5")
    library.write("UPDATE vendor_state SET generation = generation + 1")
    before = library.state()
    with pytest.raises(NotApplicable, match="has lapsed"):
        library.apply()
    assert library.state() == before
    run = library.run()
    assert run.outcome == "held" and run.plan.plan.plan_id == "wiley-3", "the new plan waits for a decision of its own"


@pytest.mark.rule("A2")
def test_a_held_plan_that_has_lapsed_cannot_be_accepted(library: Library, held: Outcome) -> None:
    library.write("UPDATE vendor_state SET generation = generation + 1")
    with pytest.raises(NotPossible, match=r"has lapsed.*autoholdings run wiley"):
        library.accept("wiley-2")


@pytest.mark.rule("A2")
def test_a_rejected_plan_stays_rejected_until_a_file_brings_another(
    library: Library, wiley: Feed, held: Outcome
) -> None:
    before = library.state()
    library.reject("wiley-2", "the file is cut off")
    run = library.run()
    assert run.outcome == "held" and "rejected by Ada: the file is cut off" in run.message
    verdict = plan_is_not_held.judge(run.plan)
    assert not verdict.passed and "was rejected by a person" in verdict.sentence
    assert (status(library), library.state()) == ("rejected", before)
    wiley.serves([*FULL, journal("Journal 9", issn(9))])
    assert library.run().outcome == "done"
    assert len(library.titles()) == 7


@pytest.mark.rule("A2")
@pytest.mark.parametrize("claimed", ["ready", "accepted", "held", "lapsed"])
def test_the_apply_step_believes_no_status_without_a_persons_record(
    library: Library, held: Outcome, claimed: str
) -> None:
    library.write("UPDATE plan SET status = ? WHERE plan_id = 'wiley-2'", claimed)
    before = library.state()
    with pytest.raises(NotApplicable, match="Nothing was applied"):
        library.apply()
    assert library.state() == before


def launch(library: Library, job: str, config: dict[str, Any]) -> dg.ExecuteInProcessResult:
    with dg.DagsterInstance.ephemeral() as instance:
        return (
            build_definitions(library.home)
            .resolve_job_def(job)
            .execute_in_process(run_config={"ops": {job: {"config": config}}}, instance=instance, raise_on_error=False)
        )


def failure(result: dg.ExecuteInProcessResult) -> str:
    (event,) = [event for event in result.all_events if event.is_step_failure]
    return event.step_failure_data.user_failure_data.description


@pytest.mark.rule("A2")
def test_the_launchpad_accepts_a_plan_and_applies_it(library: Library, held: Outcome) -> None:
    result = launch(library, "accept_plan", {"plan_id": "wiley-2", "why": "confirmed", "who": "Grace"})
    assert result.success
    assert len(library.titles()) == 2 and len(library.published("FROM portfolio")) == 2
    made = [event.asset_key.to_user_string() for event in result.get_asset_materialization_events()]
    assert made == ["wiley/portfolios", "holdings/published", "holdings/kbart_export", "wiley/actions_report"]
    (folder,) = library.home.reports.glob(f"wiley/*-{result.run_id[:8]}")
    assert sorted(path.suffix for path in folder.iterdir()) == [".html", ".xlsx", ".xlsx"]
    assert library.sql("SELECT decided_by, why FROM plan_decision") == [{"decided_by": "Grace", "why": "confirmed"}]
    (run,) = library.sql("FROM job_run WHERE run_id = ?", result.run_id)
    assert (run["outcome"], run["acted_by"]) == ("done", "Grace")


def test_the_launchpad_accepts_for_later_shows_an_undo_and_stands_by_what_it_did_without_a_report(
    library: Library, held: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    why = {"why": "confirmed", "who": "Grace"}
    before = library.state()
    assert launch(library, "accept_plan", {"plan_id": "wiley-2", "apply_now": False, **why}).success
    assert launch(library, "undo_run", {"run_id": "run-1"}).success
    assert (status(library), library.state()) == ("accepted", before)

    def broken(*_: object) -> None:
        raise OSError("no report today")

    monkeypatch.setattr(ending, "write_job_report", broken)
    result = launch(library, "undo_run", {"run_id": "run-1", "submit": True, **why})
    assert result.success and library.titles() == {}
    (shown,) = [e.event_specific_data.metadata for e in result.all_events if e.event_type_value == "STEP_OUTPUT"]
    assert "could not be written" in shown["job_report"].value


def test_a_step_alone_says_what_must_come_before_it(library: Library, wiley: Feed) -> None:
    with pytest.raises(steps.NothingUsable, match="Wiley has a file that can be used yet"):
        library.apply()
    with pytest.raises(steps.NothingUsable, match="No run has ended yet"):
        steps.report(library.context())
    wiley.serves(FULL)
    context = library.context()
    steps.retrieve_files(context)
    steps.read_title_lists(context)
    with pytest.raises(NotApplicable, match="There is no plan for Wiley"):
        library.apply()


@pytest.mark.rule("A2")
@pytest.mark.parametrize(
    ("job", "config", "message"),
    [
        ("accept_plan", {}, "There is no plan"),
        ("accept_plan", {"plan_id": "wiley-2"}, "say who decides and why"),
        ("reject_plan", {"plan_id": "wiley-2", "why": "cut off"}, "say who decides and why"),
        ("undo_run", {"run_id": "run-1", "submit": True}, "say who undoes the run and why"),
        ("undo_run", {"run_id": "run-7", "submit": False}, "There is no run run-7"),
    ],
)
def test_the_launchpad_does_nothing_by_default(
    library: Library, held: Outcome, job: str, config: dict[str, Any], message: str
) -> None:
    before = library.state()
    result = launch(library, job, config)
    assert not result.success and message in failure(result)
    assert (library.state(), status(library)) == (before, "held")


@pytest.mark.rule("A2", "A12")
def test_the_launchpad_prints_no_environment_variable(
    library: Library, held: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_SECRET", "hunter2")
    for field in ("why", "who"):
        config = {"plan_id": "wiley-2", "why": "x", "who": "y", field: {"env": "SOME_SECRET"}}
        result = launch(library, "accept_plan", config)
        assert not result.success and "may be a secret" in failure(result).replace("\n", " ")
        assert "hunter2" not in "".join(str(event) for event in result.all_events)
    assert (status(library), library.sql("FROM plan_decision")) == ("held", [])


@pytest.mark.rule("A2")
def test_the_command_line_accepts_rejects_and_applies(
    library: Library, wiley: Feed, held: Outcome, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("DAGSTER_HOME", "AUTOHOLDINGS_HOME"):
        monkeypatch.setenv(variable, "")
    prepare(library.home)
    home = ["--home", str(library.home.path)]
    assert execute(["plan", "accept", "wiley-7", "--why", "x", *home]) == 2
    assert execute(["plan", "accept", "wiley-2", *home]) == 2, "a reason is required"
    assert execute(["plan", "reject", "wiley-2", "--why", "cut off", *home]) == 0
    wiley.serves(FULL[:1])
    assert library.run().outcome == "held"
    capsys.readouterr()
    assert execute(["plan", "accept", "wiley-3", "--why", "confirmed", *home]) == 0
    assert "wiley: done" in capsys.readouterr().out
    assert list(library.titles()) == ["Journal 0"]
