"""PO lines, licenses and notes: attached and detached by staff, recorded, and never touched by a run."""

from itertools import pairwise

import pytest
from click.testing import CliRunner

from autoholdings_assets.cli import execute
from autoholdings_assets.cli.acquisitions import po_line
from autoholdings_assets.config import load_configuration
from autoholdings_assets.holdings import acquisitions
from autoholdings_assets.holdings.acquisitions import Done
from autoholdings_assets.holdings.acts import Act
from autoholdings_assets.holdings.apply import NotApplicable
from autoholdings_assets.holdings.refusals import NotPossible
from autoholdings_assets.holdings.warehouse import open_warehouse
from autoholdings_assets.pipeline import steps
from autoholdings_tests.library import Feed, Library, issn, journal


@pytest.fixture
def loaded(library: Library, wiley: Feed) -> Library:
    library.after(first_file)
    return library


def first_file(library: Library) -> None:
    rows = [journal("Acta Exempla", issn(1), issn(2)), journal("Annals", issn(3)), journal("Annals", issn(5))]
    library.feeds["wiley-main"].serves(rows)
    library.run()


def attach(library: Library, said: str, **details: str) -> Done:
    with open_warehouse(library.home.warehouse) as connection:
        portfolio = acquisitions.find_portfolio(connection, said)
        act = Act("po-line", "Ada", "bought in May")
        return acquisitions.attach(connection, load_configuration(library.home), act, portfolio, **details)


def detach(library: Library, said: str, *fields: str) -> Done:
    with open_warehouse(library.home.warehouse) as connection:
        portfolio = acquisitions.find_portfolio(connection, said)
        act = Act("po-line", "Bo", "cancelled")
        return acquisitions.detach(
            connection, load_configuration(library.home), act, portfolio, *(fields or ["po_line"])
        )


@pytest.mark.rule("C20")
def test_who_why_and_when_of_every_change_is_kept(loaded: Library) -> None:
    attach(loaded, issn(2), po_line="POL-1", license="Deal")
    attach(loaded, "acta exempla", public_note="for all")
    done = detach(loaded, "POL-1")
    assert done.changes == {"po_line": ("POL-1", None)}
    versions = loaded.sql("FROM acquisition_version ORDER BY valid_from")
    assert [(v["po_line"], v["license"], v["public_note"], v["acted_by"], v["ended_by"]) for v in versions] == [
        ("POL-1", "Deal", None, "Ada", "Ada"),
        ("POL-1", "Deal", "for all", "Ada", "Bo"),
        (None, "Deal", "for all", "Bo", None),
    ]
    assert all(a["valid_to"] == b["valid_from"] for a, b in pairwise(versions))
    assert versions[1]["ended_reason"] == "cancelled"
    actions = loaded.sql("FROM portfolio_action WHERE acted_by IN ('Ada', 'Bo') ORDER BY occurred_at")
    assert [(a["action"], a["title"], a["acted_by"], a["reason"]) for a in actions] == [
        ("attach", "Acta Exempla", "Ada", "bought in May"),
        ("update", "Acta Exempla", "Ada", "bought in May"),
        ("detach", "Acta Exempla", "Bo", "cancelled"),
    ]
    assert actions[0]["changes"] == [
        {"field": "po_line", "old": None, "new": "POL-1"},
        {"field": "license", "old": None, "new": "Deal"},
    ]


@pytest.mark.rule("C19", "C20")
def test_a_po_line_attached_between_plan_and_apply_is_safe(loaded: Library, wiley: Feed) -> None:
    """The plan that would remove the portfolio lapses, and the next one keeps it."""
    wiley.serves([journal("Annals", issn(3)), journal("Annals", issn(5))])
    loaded.configuration["policies"] = {"loss_guard": {"active": False}}
    loaded.save()
    assert loaded.run(dry_run=True).actions == {"remove": 1}
    attach(loaded, "Acta Exempla", po_line="POL-1")
    with pytest.raises(NotApplicable, match="lapsed"):
        steps.apply_plan(loaded.context())
    assert loaded.run().actions == {"keep": 1}
    assert loaded.titles()["Acta Exempla"]["po_line"] == "POL-1"


@pytest.mark.rule("C19")
def test_a_run_that_changes_everything_else_leaves_acquisitions_as_they_are(loaded: Library, wiley: Feed) -> None:
    attach(loaded, "Acta Exempla", po_line="POL-1", license="Deal", public_note="a", internal_note="b")
    before = loaded.sql("FROM acquisition_version ORDER BY ALL")
    wiley.serves(
        [
            journal("Acta Exempla Nova", issn(1), start="1970", publisher_name="New"),
            journal("Annals", issn(3)),
            journal("Annals", issn(5)),
        ]
    )
    assert loaded.run().actions == {"update": 1}
    assert loaded.sql("FROM acquisition_version ORDER BY ALL") == before
    assert loaded.titles()["Acta Exempla Nova"]["po_line"] == "POL-1"


@pytest.mark.parametrize(
    ("said", "details", "complaint"),
    [
        ("Nowhere", {"po_line": "POL-2"}, 'no portfolio "Nowhere"'),
        ("Annals", {"po_line": "POL-2"}, "may be any of 2 portfolios"),
        ("Acta Exempla", {"po_line": "POL-2"}, "POL-1 is attached to"),
        (issn(3), {"po_line": "POL-1"}, "Detach it there first"),
        (issn(3), {"po_line": "  "}, "is empty"),
    ],
)
def test_what_cannot_be_done_says_why_and_changes_nothing(
    loaded: Library, said: str, details: dict[str, str], complaint: str
) -> None:
    attach(loaded, "Acta Exempla", po_line="POL-1")
    before = loaded.state()
    with pytest.raises(NotPossible, match=complaint):
        attach(loaded, said, **details)
    assert loaded.state() == before


def test_detaching_what_is_not_there_says_so(loaded: Library) -> None:
    with pytest.raises(NotPossible, match="No PO line is attached to portfolio"):
        detach(loaded, "Acta Exempla")
    attach(loaded, "Acta Exempla", po_line="POL-1", license="Deal")
    detach(loaded, "Acta Exempla", "po_line", "license")
    assert loaded.sql("FROM acquisition") == []


def test_attaching_the_same_again_is_no_change(loaded: Library) -> None:
    attach(loaded, "Acta Exempla", po_line="POL-1")
    before = loaded.state()
    assert attach(loaded, "Acta Exempla", po_line="POL-1").changes == {}
    assert loaded.state() == before


def test_the_commands_attach_publish_and_refuse_with_the_contracts_exit_status(
    loaded: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    home = ["--home", str(loaded.home.path)]
    done = CliRunner().invoke(
        po_line, ["attach", "Acta Exempla", "POL-1", "--why", "ordered", *home], standalone_mode=False
    )
    assert done.return_value == 0 and "POL-1" in done.output
    (row,) = loaded.published("SELECT po_line, acted_by FROM acquisition")
    assert row["po_line"] == "POL-1" and row["acted_by"].endswith("(command line)")
    assert execute(["po-line", "attach", "Annals", "POL-2", *home]) == 2
    assert "may be any of 2 portfolios" in capsys.readouterr().err
    assert execute(["po-line", "attach", "Annals", *home]) == 2
    done = CliRunner().invoke(po_line, ["detach", "POL-1", "--json", *home], standalone_mode=False)
    assert done.return_value == 0 and '"old": "POL-1"' in done.output
    assert loaded.published("SELECT po_line FROM acquisition WHERE po_line IS NOT NULL") == []
