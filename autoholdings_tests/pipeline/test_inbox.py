"""Files delivered by hand: a run uses them as if they had been fetched, and answers beside what it cannot use."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from autoholdings_assets.config import load_configuration
from autoholdings_assets.pipeline import steps
from autoholdings_assets.retrieval import Archive, Inbox, inbox
from autoholdings_tests import faults
from autoholdings_tests.library import Feed, Library, Outcome, Row, issn, journal, kbart

FILE = [journal("Acta Exempla", issn(1)), journal("Other", issn(3))]
MORE = [*FILE, journal("New", issn(5))]
NAME = "Vendor_Global_All_2026-02-07.txt"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are left alone for a moment only where a test is about that."""
    monkeypatch.setattr(inbox, "QUIET_SECONDS", 0.0)


def deliver(library: Library, rows: list[Row] | bytes, name: str = NAME, profile: str = "wiley-main") -> Path:
    """Put a file into the inbox, as a person does."""
    folder = library.home.inbox / profile
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(rows if isinstance(rows, bytes) else kbart(rows))
    return path


def answer_to(path: Path) -> str:
    return path.with_name(f"{path.name}.refused.txt").read_text()


def at_profile(outcome: Outcome, library: Library) -> dict[str, str]:
    (row,) = library.sql("FROM job_run_profile WHERE run_id = ?", outcome.run_id)
    return row


def visible(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def waiting(library: Library) -> list[str]:
    return [file.path.name for file in Inbox(library.home.inbox).deliveries(load_configuration(library.home))]


@pytest.mark.rule("A8", "C12")
def test_a_delivered_file_is_used_as_if_it_had_been_fetched(library: Library, wiley: Feed) -> None:
    """It goes into the archive and leaves the inbox; the vendor is not even asked."""
    path = deliver(library, FILE)
    run = library.run()
    assert (run.outcome, run.actions) == ("done", {"activate": 2})
    assert "delivered by hand" in at_profile(run, library)["message"] and wiley.account.requests == []
    (file,) = library.sql("FROM kbart_file")
    assert (file["file_name"], str(file["file_date"]), file["retrieved_from"]) == (NAME, "2026-02-07", "inbox")
    assert Archive(library.home.archive).open(file["file_sha256"]).read() == kbart(FILE)
    assert not path.exists() and visible(path.parent) == set()


def test_the_folders_of_active_profiles_are_made_by_the_first_run(library: Library, wiley: Feed) -> None:
    library.profile("wiley-old", active=False)
    library.run()
    assert visible(library.home.inbox) == {"wiley-main"}


@pytest.mark.rule("A8")
def test_the_same_file_again_is_the_same_file(library: Library, wiley: Feed) -> None:
    """Fetched and then delivered, delivered and then delivered, delivered and then fetched."""
    wiley.serves(FILE, NAME)
    library.run()
    state = library.state()
    for _ in range(2):
        path = deliver(library, FILE, "by_hand.txt")
        run = library.run()
        assert run.outcome == "nothing new" and at_profile(run, library)["outcome"] == "same file"
        assert not path.exists()
    assert library.run().outcome == "nothing new" and wiley.account.statuses[-1] == 304, "the vendor's ETag is known"
    assert library.state() == state


def test_several_files_are_taken_one_a_run_the_oldest_first(library: Library, wiley: Feed) -> None:
    deliver(library, MORE, "Vendor_Global_All_2026-02-14.txt")
    deliver(library, FILE, "Vendor_Global_All_2026-02-07.txt")
    first = library.run()
    assert first.actions == {"activate": 2} and "1 more wait" in at_profile(first, library)["message"]
    assert library.run().actions == {"activate": 1}
    assert waiting(library) == []


def test_a_file_that_cannot_be_used_stays_with_an_answer_beside_it(library: Library, wiley: Feed) -> None:
    wiley.serves(FILE)
    library.run()
    before = library.state()
    path = deliver(library, kbart([]))
    run = library.run()
    assert run.outcome == "nothing applied" and at_profile(run, library)["outcome"] == "refused"
    assert path.read_bytes() == kbart([]) and "has a header line and no rows" in answer_to(path)
    assert library.state() == before
    assert library.run().outcome == "nothing new", "it is answered once; the vendor is asked again"
    path.write_bytes(kbart(MORE))
    assert library.run().actions == {"activate": 1}
    assert visible(path.parent) == set(), "the answer goes with the file that it was about"


def test_a_file_that_was_answered_is_read_again_when_the_answer_is_deleted(library: Library, wiley: Feed) -> None:
    path = deliver(library, kbart([]))
    library.run()
    assert waiting(library) == []
    path.with_name(f"{path.name}.refused.txt").unlink()
    assert waiting(library) == [path.name]


def test_a_file_larger_than_the_vendor_may_send_is_answered(
    library: Library, wiley: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "_MEGABYTE", 1)
    path = deliver(library, FILE)
    wiley.serves(MORE)
    assert library.run().actions == {"activate": 3}, "the vendor's file is used"
    assert "is larger than 500 MB" in answer_to(path) and path.exists()


@pytest.mark.rule("A12")
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_file_in_which_the_credential_stands_is_not_taken(
    library: Library, wiley: Feed, pack: Callable[[bytes], bytes]
) -> None:
    """Somebody has written it into the file, say with the address that it came from; nothing of it gets any further."""
    path = deliver(
        library, pack(kbart([journal("Leaky", issn(5), notes="?token=secret-institution_token-of-wiley-main")]))
    )
    wiley.serves(FILE)
    run = library.run()
    assert run.actions == {"activate": 2}, "the vendor's file is used"
    assert "repeats its credential" in answer_to(path) and path.exists()
    assert [file.read_bytes() for file in library.home.archive.rglob("*") if file.is_file()] == [kbart(FILE)]


def test_what_is_hidden_or_on_its_way_is_left_alone(library: Library, wiley: Feed) -> None:
    for name in (".hidden.txt", "titles.txt.part", "titles.tmp", "titles.crdownload", "~$titles.xlsx"):
        path = deliver(library, FILE, name)
        assert waiting(library) == [], name
    path.rename(path.with_name(NAME))
    assert waiting(library) == [NAME]


def test_a_file_that_is_still_being_written_is_left_for_the_next_run(
    library: Library, wiley: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    wiley.serves(FILE)
    path = deliver(library, FILE[:1])
    monkeypatch.setattr(inbox, "QUIET_SECONDS", 60.0)
    monkeypatch.setattr(inbox.time, "sleep", lambda _: path.write_bytes(kbart(MORE)))
    assert library.run().actions == {"activate": 2}
    assert waiting(library) == [NAME]
    monkeypatch.setattr(inbox.time, "sleep", lambda _: None)
    assert library.run().actions == {"activate": 1}


def link_to_a_secret(path: Path) -> None:
    secret = path.parents[3] / "elsewhere.txt"
    secret.write_bytes(kbart(MORE))
    path.symlink_to(secret)


def folder_with_a_file(path: Path) -> None:
    path.mkdir()
    (path / "titles.txt").write_bytes(kbart(MORE))


UNUSABLE: dict[str, tuple[Callable[[Path], None], str]] = {
    "a link": (link_to_a_secret, "links are not followed"),
    "a folder": (folder_with_a_file, "It is a folder"),
    "a pipe": (os.mkfifo, "no ordinary file"),
    "empty": (Path.touch, "It is empty"),
}


def test_only_ordinary_files_are_taken_and_nothing_is_followed(library: Library, wiley: Feed) -> None:
    wiley.serves(FILE)
    folder = library.home.inbox / "wiley-main"
    folder.mkdir(parents=True)
    for name, (make, _) in UNUSABLE.items():
        make(folder / name)
    assert library.run().actions == {"activate": 2}, "the vendor is asked as if nothing had been delivered"
    for name, (_, words) in UNUSABLE.items():
        assert words in answer_to(folder / name) and os.path.lexists(folder / name)
    assert len(list(library.home.archive.glob("*/*"))) == 1


def test_what_no_profile_takes_is_answered_beside_its_folder(library: Library, wiley: Feed) -> None:
    library.profile("wiley-law", active=False)
    outside = library.home.path.parent / "outside"
    outside.mkdir()
    (outside / NAME).write_bytes(kbart(MORE))
    misspelt = deliver(library, FILE, profile="wiley-mian").parent
    inactive = deliver(library, FILE, profile="wiley-law").parent
    loose = library.home.inbox / NAME
    loose.write_bytes(kbart(FILE))
    link = library.home.inbox / "wiley-link"
    link.symlink_to(outside)
    library.run()
    assert library.sql("FROM kbart_file") == []
    assert 'no integration profile "wiley-mian"' in answer_to(misspelt) and '"wiley-main"' in answer_to(misspelt)
    assert "is Inactive" in answer_to(inactive)
    assert "inbox/wiley-main/" in answer_to(loose)
    assert "links are not followed" in answer_to(link) and visible(outside) == {NAME}
    library.change_profile("wiley-law", active=True)
    assert waiting(library) == [NAME], "what was in the way is gone, and so is the answer"
    assert not inactive.with_name("wiley-law.refused.txt").exists()


@pytest.mark.rule("A5")
def test_a_delivered_file_stands_until_the_vendor_has_another(library: Library, wiley: Feed) -> None:
    """The vendor is down, a person delivers its file; then the vendor is back, first with what it had before."""
    wiley.serves(FILE, "Vendor_Global_All_2026-01-31.txt")
    library.run()
    deliver(library, MORE)
    assert library.run().actions == {"activate": 1}
    back = library.run()
    assert back.outcome == "nothing new" and wiley.account.statuses[-1] == 304
    assert set(library.titles()) == {"Acta Exempla", "Other", "New"}
    wiley.account.fail_next(faults.status(403))
    failed = library.run()
    assert at_profile(failed, library)["outcome"] == "failed", "a failure is a failure once the file is carried out"
    wiley.serves(MORE[1:], "Vendor_Global_All_2026-02-14.txt")
    assert library.run().actions == {"remove": 1}


@pytest.mark.rule("A2", "A8")
def test_a_delivered_file_whose_plan_is_held_can_be_decided_though_the_vendor_is_down(
    library: Library, wiley: Feed
) -> None:
    library.guard()
    wiley.serves(MORE, "Vendor_Global_All_2026-01-31.txt")
    library.run()
    deliver(library, MORE[:1])
    held = library.run()
    assert held.outcome == "held" and held.plan and held.plan.plan
    wiley.account.fail_next(*[faults.status(403)] * 2)
    again = library.run()
    assert again.outcome == "held" and "stands in for it" in at_profile(again, library)["message"]
    assert again.plan and again.plan.plan and again.plan.plan.plan_id == held.plan.plan.plan_id
    library.accept(held.plan.plan.plan_id)
    assert library.run().outcome == "done" and len(library.titles()) == 1


@pytest.mark.rule("A2")
def test_a_delivered_file_whose_plan_was_rejected_is_over(library: Library, wiley: Feed) -> None:
    """The vendor's last file stands as before; the next run is not held by what a person has decided."""
    library.guard()
    wiley.serves(MORE, "Vendor_Global_All_2026-01-31.txt")
    library.run()
    deliver(library, MORE[:1])
    held = library.run()
    assert held.plan and held.plan.plan
    library.reject(held.plan.plan.plan_id)
    after = library.run()
    assert after.outcome == "nothing new" and len(library.titles()) == 3


def test_a_dry_run_takes_a_delivered_file_and_the_run_after_it_applies_it(library: Library, wiley: Feed) -> None:
    """Also when the vendor cannot be reached, which may be why it was delivered."""
    deliver(library, FILE)
    assert library.run(dry_run=True).plan is not None and library.titles() == {}
    assert waiting(library) == []
    wiley.account.fail_next(faults.status(403))
    assert library.run().actions == {"activate": 2}


def test_a_run_that_dies_before_it_has_read_the_file_leaves_it_in_the_inbox(library: Library, wiley: Feed) -> None:
    path = deliver(library, FILE)
    steps.retrieve_files(library.context())
    assert path.exists()
    assert library.run().actions == {"activate": 2} and not path.exists()


@pytest.mark.rule("A12")
def test_names_that_could_deceive_are_shown_harmless(library: Library, wiley: Feed) -> None:
    path = deliver(library, FILE, "titles\u202etxt.exe\n.txt")
    run = library.run()
    assert run.outcome == "done" and not path.exists()
    (file,) = library.sql("FROM kbart_file")
    assert file["file_name"].isprintable()
