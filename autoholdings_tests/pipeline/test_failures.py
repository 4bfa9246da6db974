"""Whatever a vendor sends in place of its file: the holdings stay, one clear message, and the next good file works.

What each failure is at the level of HTTP is proved in ``test_retrieval.py``; here, what a whole run makes of it. That
the next good file works after each answer that is no file, ``test_fault_vendor.py`` proves, of more such answers.
"""

from collections.abc import Callable

import pytest

from autoholdings_tests import faults
from autoholdings_tests.library import Feed, Library, book, issn, journal, kbart

GOOD = [journal("Acta Exempla", issn(1)), journal("Other", issn(3)), book("On Examples")]
HEADER = kbart([])


def answered_with(*answers: Callable[..., None]) -> Callable[[Feed], None]:
    """The vendor's next answers, and the last of them for good."""
    return lambda feed: feed.account.fail_next(*answers, *[answers[-1]] * 8)


FAILURES: dict[str, tuple[Callable[[Feed], None], str]] = {
    "wrong token": (answered_with(faults.status(401)), "does not accept the credentials"),
    "no access": (answered_with(faults.status(403)), "refuses the file"),
    "not there yet": (answered_with(faults.status(404)), "Expect one after Saturday"),
    "a web page": (answered_with(faults.web_page()), "web page"),
    "a JSON error": (answered_with(faults.json_error()), "a message in place of a KBART file"),
    "an empty file": (answered_with(faults.empty_file()), "empty"),
    "elsewhere": (answered_with(faults.redirect("http://127.0.0.2:9/elsewhere")), "to another server"),
    "too many requests": (answered_with(faults.status(429, {"Retry-After": "0"})), "too many requests"),
    "a header without rows": (lambda feed: feed.serves(HEADER), "has a header line and no rows"),
    "no column of identifiers": (
        lambda feed: feed.serves(b"publication_title\tdate_first_issue_online\nActa Exempla\t2000\n"),
        "has no column that identifies them",
    ),
}


@pytest.mark.rule("C12", "A10", "W5", "W6")
@pytest.mark.parametrize("failure", FAILURES)
def test_a_failure_leaves_the_holdings_and_says_what_to_do(library: Library, wiley: Feed, failure: str) -> None:
    library.after(a_good_file)
    before = library.state()
    fail, words = FAILURES[failure]
    fail(wiley)
    run = library.run()
    assert run.outcome == "nothing applied" and run.error is not None
    assert words.lower() in str(run.error).lower(), str(run.error)
    assert words.lower() in (run.message or "").lower(), "the message stands in the history too"
    assert "secret-institution_token" not in str(run.error)
    assert library.state() == before


@pytest.mark.rule("C12", "A10")
@pytest.mark.parametrize("failure", ["a header without rows", "no column of identifiers"])
def test_after_a_file_that_cannot_be_used_the_next_good_one_needs_no_hand(
    library: Library, wiley: Feed, failure: str
) -> None:
    library.after(a_good_file)
    FAILURES[failure][0](wiley)
    assert library.run().outcome == "nothing applied"
    wiley.serves([*GOOD, journal("New", issn(5))])
    assert library.run().actions == {"activate": 1}


def a_good_file(library: Library) -> None:
    library.feeds["wiley-main"].serves(GOOD)
    library.run()


def test_a_failure_that_passes_is_overcome_in_the_same_run(library: Library, wiley: Feed, waits: list[float]) -> None:
    wiley.serves(GOOD)
    wiley.account.fail_next(faults.status(500), faults.cut_after(0.5))
    run = library.run()
    assert (run.outcome, run.actions) == ("done", {"activate": 3})
    assert len(waits) == 2 and 0 < waits[0] < waits[1], "a vendor in trouble is given time"


@pytest.mark.rule("W6")
def test_before_the_first_publication_the_first_run_says_when_to_expect_a_file(library: Library, wiley: Feed) -> None:
    run = library.run()
    assert run.outcome == "nothing applied"
    assert "until the Saturday after it was made" in (run.message or "")
    assert library.titles() == {}
