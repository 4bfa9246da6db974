"""The numbered rules of the product, where each lives and what proves it: ``python -m autoholdings_tests.rules``.

What belongs here: the list of numbers with short titles, and the table. Tests carry the numbers themselves, as
``@pytest.mark.rule("C7")``; the code that holds a rule says so in a docstring or comment, as "(rule C7)". The command
ends with 1 when a rule has no place or no test.
"""

import contextlib
import io
import re
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest

import autoholdings_assets

_NUMBERS = re.compile(r"\brules? ([CWOA]\d+(?:(?:, | and )[CWOA]\d+)*)")


@dataclass(frozen=True)
class Rule:
    """A rule: its number and what it says, in short."""

    number: str
    title: str


RULES = (
    # Common to all vendors (C)
    Rule("C1", "what a profile of type Upload Electronic Holdings consists of; Inactive by default"),
    Rule("C2", "groups of a profile only with multi-campus on, and then optional for one Active profile"),
    Rule("C3", "a vendor may have several profiles"),
    Rule("C4", "from the second Active profile with groups on, every Active one needs a group"),
    Rule("C5", "the first schedule saved for a vendor governs all its Active profiles"),
    Rule("C6", "a scheduled run handles all Active profiles together and no Inactive one"),
    Rule("C7", "run now starts the same joint run from any profile, an Inactive one included"),
    Rule("C8", "a profile can be saved without a run, saved and run, and run later by hand"),
    Rule("C9", "collection and service are active before the run; activation manual; nothing activated by hand"),
    Rule("C10", "automatically activate new portfolios is off: only what the file names is activated"),
    Rule("C11", "a collection that is not active is reported, the other updated; a later run completes it"),
    Rule("C12", "a run downloads the file, updates the vendor's collections and activates the portfolios"),
    Rule("C13", "job history lists a profile's runs; a run opens its report"),
    Rule("C14", "serial and monograph actions reports as workbooks of all uploaded records"),
    Rule("C15", "with multi-campus on the groups appear in the report"),
    Rule("C16", "activated portfolios say which groups they are available for"),
    Rule("C17", "the vendor's coverage overwrites all coverage, local coverage included"),
    Rule("C18", "a title that has left the file loses its portfolio"),
    Rule("C19", "PO lines are not overridden, and a portfolio with a PO line is not deleted"),
    Rule("C20", "a PO line attached at any time is safe"),
    Rule("C21", "Move electronic portfolio information: PO lines and licenses, summary first"),
    # Wiley (W)
    Rule("W1", "one credential: the institution token"),
    Rule("W2", "two collections: AutoHoldings Books and AutoHoldings Journals"),
    Rule("W3", "journals and books in one process from one file"),
    Rule("W4", "several lines of one ISSN become one portfolio with several coverages"),
    Rule("W5", "the file is made every Saturday at 02:00 Pacific time"),
    Rule("W6", "before the first Saturday there is no file, and the message says so"),
    # Oxford University Press (O)
    Rule("O1", "two credentials: customer number and API key"),
    Rule("O2", "two collections with their Community Zone ids"),
    Rule("O3", "free and open-access content is left out and kept separately"),
    Rule("O4", "the file is renewed in the last week of a month; look weekly"),
    Rule("O5", "discontinued titles stay as long as the file has them"),
    Rule("O6", "archive and frontfile journals keep separate coverage statements"),
    Rule("O7", "PO lines and licenses come over from earlier collections by the Move job"),
    # Added (A)
    Rule("A1", "a plan of every change, by title and field, before anything is applied; alone it is a dry run"),
    Rule("A2", "a plan that would lose too much is held until a person accepts exactly that plan"),
    Rule("A3", "every row of the file is accounted for"),
    Rule("A4", "a row that cannot be read never removes or changes its title's portfolio"),
    Rule("A5", "a profile that could not be read never removes or changes its titles"),
    Rule("A6", "a title keeps its portfolio when an identifier changes; no PO line moves by itself"),
    Rule("A7", "what is ambiguous is reported with its candidates, never guessed"),
    Rule("A8", "every file is kept byte for byte; same inputs change nothing; an older file is held"),
    Rule("A9", "every change can be explained, seen as of a date, and undone"),
    Rule("A10", "one transaction a run: all or nothing"),
    Rule("A11", "reading the holdings and the pipeline never wait for each other"),
    Rule("A12", "no credential is ever shown or stored"),
    Rule("A13", "a new vendor is a YAML file"),
    Rule("A14", "whoever is to have a title is said, never implied"),
    Rule("A15", "end dates mean the end of their period; an unparseable date is an error"),
)


class _Collected:
    """A pytest plugin that remembers which tests carry which rule."""

    def __init__(self) -> None:
        self.tests: dict[str, set[str]] = defaultdict(set)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            for mark in item.iter_markers("rule"):
                for number in mark.args:
                    self.tests[number].add(item.nodeid.split("[")[0])


def tests_by_rule() -> dict[str, list[str]]:
    """The tests that carry each rule's number, as pytest collects them. Raises when one cannot be collected."""
    collected = _Collected()
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        status = pytest.main(
            ["--collect-only", "-q", "-p", "no:cacheprovider", str(Path(__file__).parent)], plugins=[collected]
        )
    if status != pytest.ExitCode.OK:
        raise RuntimeError(f"The tests could not be collected:\n{output.getvalue()}")
    return {number: sorted(tests) for number, tests in collected.tests.items()}


def places_by_rule() -> dict[str, list[str]]:
    """Where the package says that it holds each rule: file and line."""
    root = Path(autoholdings_assets.__file__).parent
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(file for file in root.rglob("*") if file.suffix in (".py", ".sql", ".yaml")):
        for line, text in enumerate(path.read_text().splitlines(), start=1):
            for mention in _NUMBERS.findall(text):
                for number in re.findall(r"[CWOA]\d+", mention):
                    found[number].append(f"{path.relative_to(root.parent)}:{line}")
    return dict(found)


def problems(places: dict[str, list[str]], tests: dict[str, list[str]]) -> list[str]:
    """What is wrong between the rules, the code and the tests, as sentences."""
    known = {rule.number for rule in RULES}
    without_place = [rule for rule in RULES if not places.get(rule.number)]
    without_test = [rule for rule in RULES if not tests.get(rule.number)]
    unknown = [(number, names) for found in (places, tests) for number, names in found.items() if number not in known]
    return [
        *(f"{rule.number} ({rule.title}) has no place in the code." for rule in without_place),
        *(f"{rule.number} ({rule.title}) has no test." for rule in without_test),
        *(f"{', '.join(names)}: there is no rule {number}." for number, names in unknown),
    ]


def main() -> int:
    """Print the table; 1 when a rule has no place or no test, or when there is no rule of a number that is named."""
    places, tests = places_by_rule(), tests_by_rule()
    for rule in RULES:
        print(f"{rule.number:4} {rule.title}")
        for kind, found in (("in", places.get(rule.number, [])), ("test", tests.get(rule.number, []))):
            for name in found:
                print(f"     {kind:5}{name}")
    found = problems(places, tests)
    proven = sum(bool(tests.get(rule.number) and places.get(rule.number)) for rule in RULES)
    print(f"\n{proven} of {len(RULES)} rules have a place and tests.")
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
