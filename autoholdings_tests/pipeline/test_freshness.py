"""When a vendor's holdings count as stale, and what is said then."""

from datetime import UTC, datetime, timedelta

import pytest

from autoholdings_assets.config import load_configuration
from autoholdings_assets.holdings.freshness import Staleness, staleness
from autoholdings_assets.holdings.warehouse import open_warehouse
from autoholdings_tests import faults
from autoholdings_tests.library import VENDORS, Feed, Library, issn, journal

FILE = [journal("Acta Exempla", issn(1)), journal("Other", issn(3))]
NOW = datetime.now(UTC)
FRESH_FOR = timedelta(days=VENDORS["wiley"].publication.fresh_for_days)


def judge(library: Library, later: timedelta) -> Staleness:
    with open_warehouse(library.home.warehouse) as connection:
        return staleness(connection, load_configuration(library.home), "wiley", datetime.now(UTC) + later)


def dated(days_ago: int) -> str:
    return f"Vendor_Global_All_{NOW - timedelta(days=days_ago):%Y-%m-%d}.txt"


@pytest.mark.rule("W5")
def test_holdings_are_stale_once_no_run_has_brought_them_up_to_date_for_too_long(library: Library, wiley: Feed) -> None:
    assert judge(library, timedelta()).fresh_until is None, "a profile may be saved without ever being run"
    wiley.serves(FILE, dated(-30))
    library.first_run()
    found = judge(library, FRESH_FOR - timedelta(minutes=1))
    assert not found.is_stale and found.message is None and found.current_at is not None
    stale = judge(library, FRESH_FOR)
    assert stale.cause == "not brought up to date" and "wiley-main" in (stale.message or "")
    assert "every Saturday" in (stale.message or "") and "`autoholdings run wiley`" in (stale.message or "")
    library.run()  # the same file again: the vendor says that it still holds
    assert not judge(library, FRESH_FOR - timedelta(minutes=1)).is_stale


def test_a_failure_and_a_held_plan_bring_nothing_up_to_date(library: Library, wiley: Feed) -> None:
    wiley.serves(FILE, dated(-30))
    library.first_run()
    first = judge(library, timedelta()).current_at
    wiley.account.fail_next(faults.status(403))
    library.run()
    assert judge(library, timedelta()).current_at == first
    library.guard()
    wiley.serves(FILE[:1], dated(-31))
    assert library.run().outcome == "held"
    assert judge(library, timedelta()).current_at == first


@pytest.mark.rule("W6", "A5")
def test_the_oldest_profile_decides_and_one_that_never_brought_a_file_counts_from_its_first_attempt(
    library: Library, wiley: Feed
) -> None:
    library.profile("wiley-law")
    wiley.serves(FILE, dated(-30))
    library.run()
    library.run()
    assert not judge(library, timedelta(days=1)).is_stale
    stale = judge(library, FRESH_FOR)
    assert "wiley-law" in (stale.message or "") and "has never arrived" in (stale.message or "")
    assert stale.current_at is None
    library.change_profile("wiley-law", active=False)
    assert "wiley-main" in (judge(library, FRESH_FOR).message or "")


def test_a_vendor_that_makes_no_new_file_is_told_from_runs_that_do_not_happen(library: Library, wiley: Feed) -> None:
    wiley.serves(FILE, dated(FRESH_FOR.days - 1))
    library.run()
    assert not judge(library, timedelta()).is_stale
    late = judge(library, timedelta(days=2, minutes=1))
    assert late.cause == "no new file" and "Ask Wiley" in (late.message or "")
    wiley.serves([*FILE, journal("New", issn(5))], dated(0))
    library.run()
    assert not judge(library, timedelta(days=2)).is_stale
