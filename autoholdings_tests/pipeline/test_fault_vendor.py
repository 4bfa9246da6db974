"""A vendor that plays every fault there is, in one home: the holdings stay, one clear message, and the next good file
repairs everything without a hand.

What each fault is at the level of HTTP, bombs among them, ``test_retrieval.py`` proves; here a whole run meets it.
"""

import io
import random
import zipfile
from collections.abc import Iterator
from functools import partial

import pytest

from autoholdings_assets.demo.vendor import Answer, Fault
from autoholdings_assets.pipeline.steps import arrivals
from autoholdings_assets.retrieval import retrieve
from autoholdings_assets.retrieval.request import Limits
from autoholdings_tests import faults
from autoholdings_tests.library import Feed, Library, Outcome, Row, issn, journal, kbart

GOOD = [journal(f"Title {number}", issn(number)) for number in range(8)]
QUICK = Limits(connect_seconds=2, read_seconds=1, total_seconds=2)
"""Soon enough for those who wait, and long enough for a busy machine to answer in."""
TEXT = {"Content-Type": "text/plain"}


def zipped(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def in_a_circle(answer: Answer) -> None:
    answer.send(302, {"Location": answer.path}, b"")


STATUSES = (204, 400, 401, 403, 404, 408, 410, 429, 451, 500, 502, 503)
FAULTS: dict[str, Fault] = {
    **{f"HTTP {code}": faults.status(code, {"Retry-After": "0"}) for code in STATUSES},
    **{f"cut at {tenth} tenths": faults.cut_after(tenth / 10) for tenth in range(10)},
    "cut before the last byte": faults.cut_after(0.9999),
    "hung up": faults.hang_up(),
    "no answer": faults.silent(2),
    "slow drip": faults.drip(0.1),
    "said to be longer": faults.said_to_be(10**6),
    "compression cut": faults.compressed(0.5),
    "compression broken": faults.status(200, {"Content-Encoding": "gzip"}, b"no gzip"),
    "compression unknown": faults.status(200, {"Content-Encoding": "br"}, b"xx"),
    "zip of nothing": faults.status(200, {"Content-Type": "application/zip"}, zipped()),
    "zip of a page": faults.status(200, {"Content-Type": "application/zip"}, zipped(page=b"<html>Sign in</html>")),
    "web page": faults.web_page(),
    "web page said to be text": faults.web_page(content_type="text/plain"),
    "JSON": faults.json_error(),
    "JSON said to be text": faults.json_error(content_type="text/plain"),
    "XML": faults.json_error(b"<?xml version='1.0'?><error>gone</error>", ""),
    "empty file": faults.empty_file(),
    "nothing but blanks": faults.status(200, TEXT, b" \n\t\n"),
    "header without rows": faults.status(200, TEXT, kbart([])),
    "rows without a header": faults.status(200, TEXT, kbart(GOOD).split(b"\n", 1)[1]),
    "noise": faults.status(200, TEXT, random.Random(7).randbytes(5000)),
    "a charset that it is not in": faults.status(200, TEXT, b"\xff\xfe" + kbart(GOOD) + b"\n"),
    "redirect in a circle": in_a_circle,
    "redirect to another host": faults.redirect("http://localhost:9/kbart"),
    "redirect to another scheme": faults.redirect("file:///etc/passwd"),
    "redirect to nowhere": faults.status(302),
}

UNREACHABLE = {
    "a name that no server has": "https://vendor.invalid/kbart",
    "a port that nobody listens on": "http://127.0.0.1:9/kbart",
    "TLS asked of a server without": "https://127.0.0.1:{port}/kbart",
}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits are not waited for, and a silent vendor is given up soon."""
    monkeypatch.setattr(arrivals, "retrieve", partial(retrieve, limits=QUICK, wait=lambda seconds: None))


@pytest.fixture
def titles(library: Library, wiley: Feed, impatient: None) -> Iterator[int]:
    """Numbers for new titles, one for each good file; the first is applied."""
    wiley.serves(GOOD)
    assert patient_run(library).outcome == "done"
    return iter(range(100, 1000))


def patient_run(library: Library) -> Outcome:
    """A run that waits for the vendor as long as any does: a good file comes, however busy this machine is."""
    with library.monkeypatch.context() as patient:
        patient.setattr(arrivals, "retrieve", retrieve)
        return library.run() if library.runs else library.first_run()


AT_ONCE = 12
"""So many profiles meet a fault each in one run: a run for each fault would take far longer."""


@pytest.fixture
def feeds(library: Library, impatient: None) -> list[Feed]:
    """The vendor's profiles, each with a file of its own that has been applied."""
    feeds = [library.profile(f"wiley-{number}") for number in range(AT_ONCE)]
    for number, feed in enumerate(feeds):
        feed.serves(good(number, 0))
    assert patient_run(library).outcome == "done"
    return feeds


def good(profile: int, week: int) -> list[Row]:
    """A file of a profile; each week it has one title more."""
    numbers = (*range(8), *range(100, 100 + week))
    return [journal(f"Title {profile} {number}", issn(1000 * profile + number)) for number in numbers]


@pytest.mark.rule("A8", "A10", "C12")
def test_after_each_of_many_faults_the_next_good_file_repairs_everything(library: Library, feeds: list[Feed]) -> None:
    assert len(FAULTS) + len(UNREACHABLE) >= 45
    told, faults_to_come = {}, [*FAULTS, *UNREACHABLE]
    for week, first in enumerate(range(0, len(faults_to_come), AT_ONCE), start=1):
        met = dict(zip(faults_to_come[first:], feeds, strict=False))
        for feed in feeds[len(met) :]:
            library.change_profile(feed.name, active=False)
        for name, feed in met.items():
            if name in FAULTS:
                feed.account.fail_next(*[FAULTS[name]] * 30)
            else:
                library.change_profile(feed.name, url=UNREACHABLE[name].format(port=library.vendors.port))
        before = library.state()
        failed = library.run()
        assert failed.outcome == "nothing applied" and library.state() == before, failed
        for name, feed in met.items():
            told[name] = what_it_said(library, failed, feed)
        for number, feed in enumerate(feeds):
            feed.account.faults.clear()
            library.change_profile(feed.name, url=feed.account.url, active=True)
            feed.serves(good(number, week))
        repaired = patient_run(library)
        assert (repaired.outcome, repaired.actions) == ("done", {"activate": AT_ONCE}), repaired
    alike = {"cut", "HTTP", "zip", "redirect"}
    words = {name: message for name, message in told.items() if name.split()[0] not in alike}
    assert len(set(words.values())) > len(words) * 2 // 3, "a message says what happened, not just that something did"


def what_it_said(library: Library, failed: Outcome, feed: Feed) -> str:
    """What the run told about this profile, once, in the message of the whole run too; without the profile's name."""
    (row,) = library.sql(
        "SELECT message, advice FROM job_run_profile WHERE run_id = ? AND profile = ?", failed.run_id, feed.name
    )
    told = f"{row['message']} {row['advice']}".strip()
    whole = failed.message or ""
    assert f"{feed.name}: {told}" in whole and whole.count(f"{feed.name}: ") == 1, whole
    assert len(told) > 50, told
    assert "secret-institution_token" not in whole + str(failed.error)
    return told.replace(feed.name, "")


def test_a_304_without_a_past_is_a_failure_and_not_an_empty_file(
    library: Library, wiley: Feed, impatient: None
) -> None:
    wiley.serves(GOOD)
    wiley.account.fail_next(*[faults.status(304)] * 30)
    assert library.run().outcome == "nothing applied"
    wiley.account.faults.clear()
    assert library.run().actions == {"activate": 8}


def test_what_a_vendor_says_about_its_file_may_be_wrong_without_harm(
    library: Library, wiley: Feed, titles: Iterator[int]
) -> None:
    """An ETag that changes each time, and a clock that is years ahead or behind: the bytes and the name decide."""
    content = kbart(GOOD)
    for number, clock in enumerate(("Fri, 01 Jan 2100 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "yesterday")):
        headers = {**TEXT, "ETag": f'"{number}"', "Last-Modified": clock, "Date": clock}
        wiley.account.fail_next(faults.status(200, headers, content))
        assert library.run().outcome == "nothing new", clock
    wiley.serves([*GOOD, journal("New", issn(next(titles)))])
    assert library.run().actions == {"activate": 1}


def test_good_and_bad_files_may_take_turns(library: Library, wiley: Feed, titles: Iterator[int]) -> None:
    chance = random.Random(11)
    added: list[int] = []
    for week in range(12):
        if week % 2:
            wiley.account.fail_next(*[chance.choice(list(FAULTS.values()))] * 30)
            assert library.run().outcome == "nothing applied"
            wiley.account.faults.clear()
        else:
            added.append(next(titles))
            wiley.serves([*GOOD, *(journal(f"New {number}", issn(number)) for number in added)])
            assert library.run().actions == {"activate": 1}
    assert len(library.titles()) == len(GOOD) + len(added)


def test_a_file_from_the_future_does_not_keep_the_next_ones_out_for_ever(
    library: Library, wiley: Feed, titles: Iterator[int]
) -> None:
    """A wrong year in a file's name: what follows looks older and is held with the reason, and a person lets it in."""
    wiley.serves([*GOOD, journal("A", issn(next(titles)))], "Vendor_Global_All_2062-01-10.txt")
    library.run()
    library.guard()
    wiley.serves([*GOOD, journal("A", issn(100)), journal("B", issn(200))], "Vendor_Global_All_2026-01-17.txt")
    held = library.run()
    assert held.outcome == "held" and "older" in (held.message or ""), held
    assert held.plan is not None and held.plan.plan is not None
    library.accept(held.plan.plan.plan_id, "the year in the name was wrong")
    assert library.run().actions == {"activate": 1}
