"""Any sequence of files, failures, activations and deactivations of up to three profiles, against a naive model."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from autoholdings_assets.demo.vendor import DemoVendors
from autoholdings_tests import faults
from autoholdings_tests.library import Library, configuration, issn, journal, kbart, new_home

EXAMPLES = int(os.environ.get("AUTOHOLDINGS_PROFILE_EXAMPLES", "8"))
"""A long run takes more, for example 500."""

NAMES = ("first", "second", "third")
TITLES = range(4)

first_years = st.sets(st.sampled_from(["1990", "1997", "2004"]), min_size=1)
file = st.dictionaries(st.sampled_from(TITLES), first_years, min_size=1)
event = st.one_of(
    file,  # a new file: title -> the years in which its stretches of coverage start
    st.sampled_from(["same", "same", "refused", "web page", "header only"]),
)
step = st.fixed_dictionaries(
    {"active": st.lists(st.booleans(), min_size=3, max_size=3), "events": st.lists(event, min_size=3, max_size=3)}
)
scenario = st.fixed_dictionaries(
    {
        "profiles": st.integers(1, 3),
        "groups": st.lists(st.sampled_from([(), ("MAIN",), ("LAW",), ("MAIN", "LAW")]), min_size=3, max_size=3),
        "steps": st.lists(step, min_size=2, max_size=6),
    }
)


def everyone_or(groups: set[str]) -> frozenset[str]:
    """Groups add nothing to everyone."""
    return frozenset({"everyone"} if "everyone" in groups else groups)


@dataclass
class Model:
    """The rules as plainly as can be: what each profile grants, and what follows from it."""

    groups: dict[str, tuple[str, ...]]
    granted: dict[str, dict[int, set[str]]] = field(default_factory=dict)

    def allows(self, active: set[str]) -> bool:
        """Whether the configuration is valid: with two Active profiles with groups, every Active one needs one (C4)."""
        with_groups = [name for name in active if self.groups[name]]
        return bool(active) and (len(with_groups) < 2 or len(with_groups) == len(active))

    def run(self, active: set[str], brought: dict[str, object]) -> None:
        """Active profiles whose file could be read grant what it says; all others grant what they granted (A5)."""
        for name in active:
            if isinstance(brought[name], dict):
                self.granted[name] = brought[name]

    def holdings(self) -> dict[int, dict[str, frozenset[str]]]:
        """Title -> start of coverage -> groups, or 'everyone' where a profile without groups grants it (A14)."""
        holdings: dict[int, dict[str, set[str]]] = {}
        for name, titles in self.granted.items():
            for title, starts in titles.items():
                for start in starts:
                    holdings.setdefault(title, {}).setdefault(start, set()).update(self.groups[name] or {"everyone"})
        return {
            title: {start: everyone_or(groups) for start, groups in starts.items()}
            for title, starts in holdings.items()
        }


@pytest.mark.slow
@pytest.mark.rule("A5", "A14", "C3", "C6", "C16")
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a scenario takes seconds: shrinking would take an hour
)
@given(scenario)
def test_the_holdings_equal_those_of_the_naive_model(tmp_path_factory: pytest.TempPathFactory, scenario: dict) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch, DemoVendors() as vendors:
        _play(vendors, tmp_path_factory.mktemp("home"), monkeypatch, scenario)


def _play(vendors: DemoVendors, folder: Path, monkeypatch: pytest.MonkeyPatch, scenario: dict) -> None:
    names = NAMES[: scenario["profiles"]]
    model = Model(dict(zip(names, scenario["groups"], strict=False)))
    library = _library(vendors, folder, monkeypatch, model)
    current: dict[str, object] = dict.fromkeys(names)
    served: dict[str, object] = dict.fromkeys(names)  # a refusal passes, and the vendor's file is still there
    for number, step in enumerate(scenario["steps"]):
        active = {name for name, on in zip(names, step["active"], strict=False) if on}
        for name, event in zip(names, step["events"], strict=False):
            library.change_profile(name, active=name in active)
            if isinstance(event, dict) or event == "header only":
                served[name] = event if isinstance(event, dict) else None
            current[name] = _serve(library, name, event, served[name], number)
        before = library.state() if library.home.warehouse.exists() else None
        run = library.run()
        if not model.allows(active) or not any(isinstance(current[name], dict) for name in active):
            assert run.error is not None
            assert before is None or library.state() == before, "a run that cannot be carried out changes nothing"
            continue
        model.run(active, current)
        note(f"run {number}: {run.outcome} {run.message}")
        assert run.error is None, run.error
        assert _holdings(library) == model.holdings()


def _serve(library: Library, name: str, event: object, file: object, number: int) -> object:
    """Let the vendor, which has this file, answer the profile's next request; gives what the profile can read of it."""
    account = library.feeds[name].account
    account.faults.clear()
    match event:
        case dict():
            granted = [(title, start) for title, starts in sorted(event.items()) for start in sorted(starts)]
            rows = [journal(f"Title {title}", issn(title), start=start) for title, start in granted]
            # no two files have the same bytes: an earlier file that comes again is another rule's business
            library.feeds[name].serves(kbart(rows) + b"\n" * (number + 1))
            return event
        case "same":
            return file
        case "refused":
            account.fail_next(*[faults.status(403)] * 20)
        case "web page":
            account.fail_next(*[faults.web_page()] * 20)
        case "header only":
            library.feeds[name].serves(kbart([]) + b"\n" * number)
            return None
    return None


def _library(vendors: DemoVendors, folder: Path, monkeypatch: pytest.MonkeyPatch, model: Model) -> Library:
    home = new_home(folder / "home")
    library = Library(home, vendors, monkeypatch, configuration("MAIN", "LAW"))
    for name, groups in model.groups.items():
        library.profile(name, groups=list(groups))
    return library


def _holdings(library: Library) -> dict[int, dict[str, frozenset[str]]]:
    """What the warehouse says, in the model's words; portfolios and their statements must agree on the groups."""
    holdings: dict[int, dict[str, frozenset[str]]] = {}
    of_title: dict[int, frozenset[str]] = {}
    for row in library.sql(
        "SELECT p.title, c.date_first_issue_online AS start, c.available_for_all, c.available_for, "
        "p.available_for_all AS title_for_all, p.available_for AS title_for "
        "FROM portfolio AS p JOIN coverage AS c USING (portfolio_id)"
    ):
        title = int(row["title"].removeprefix("Title "))
        assert row["available_for_all"] != bool(row["available_for"]), "no group left is not everyone"
        groups = ["everyone"] if row["available_for_all"] else row["available_for"]
        holdings.setdefault(title, {})[row["start"]] = frozenset(groups)
        of_title[title] = frozenset(["everyone"] if row["title_for_all"] else row["title_for"])
    for title, starts in holdings.items():
        union = frozenset().union(*starts.values())
        assert of_title[title] == (frozenset(["everyone"]) if "everyone" in union else union)
    return holdings
