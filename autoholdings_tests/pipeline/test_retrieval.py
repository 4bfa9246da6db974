"""Fetching a file from a vendor over loopback HTTP: what arrives, and each way in which nothing does."""

import contextlib
import dataclasses
import hashlib
import logging
import re
import resource
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
import traceback
import zlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from autoholdings_assets.config import IntegrationProfile, Secret
from autoholdings_assets.demo.vendor import Account, DemoVendors, Fault
from autoholdings_assets.kbart import errors as kbart_errors
from autoholdings_assets.kbart.reader import read
from autoholdings_assets.retrieval import Archive, Limits, Previous, RetrievalError, Retrieved, errors, mark_of_new_file
from autoholdings_assets.retrieval import retrieve as fetch
from autoholdings_assets.retrieval.http import date_in_name
from autoholdings_assets.vendors.model import Vendor, load_vendors
from autoholdings_tests import faults

TOKEN = "tok/en+7f3a 9c"  # with characters that look different in an address
NOW = datetime(2026, 3, 11, 12, tzinfo=UTC)  # a Wednesday
WEEK_ONE = b"publication_title\tprint_identifier\tonline_identifier\nAnnals of Testing\t1234-5679\t\n" * 40
QUICK = Limits(connect_seconds=2, read_seconds=0.4, total_seconds=300)
WILEY = load_vendors()["wiley"]
SMALL = WILEY.model_copy(update={"request": WILEY.request.model_copy(update={"max_megabytes": 1})})


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_TOKEN", TOKEN)


@pytest.fixture
def server() -> Iterator[DemoVendors]:
    with DemoVendors() as vendors:
        yield vendors


@pytest.fixture
def account(server: DemoVendors) -> Account:
    account = server.open_account(WILEY, institution_token=TOKEN)
    account.publish(WEEK_ONE, "Wiley_Global_Example_2026-03-07.txt", datetime(2026, 3, 7, 10, tzinfo=UTC))
    return account


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


def profile_at(url: str, variable: str = "DEMO_TOKEN") -> IntegrationProfile:
    return IntegrationProfile(
        name="wiley-main",
        vendor="wiley",
        active=True,
        url=url,
        credentials={"institution_token": Secret(variable)},
    )


def retrieve(
    account: Account,
    archive: Archive,
    previous: Previous | None = None,
    *,
    vendor: Vendor = WILEY,
    limits: Limits = QUICK,
    waits: list[float] | None = None,
) -> Retrieved:
    waited = [] if waits is None else waits
    return fetch(profile_at(account.url), vendor, archive, previous, now=NOW, limits=limits, wait=waited.append)


def as_previous(retrieved: Retrieved) -> Previous:
    return Previous(retrieved.sha256, retrieved.shown_url, retrieved.etag, retrieved.last_modified)


def files_in(archive: Archive) -> list[Path]:
    return [path for path in archive.root.rglob("*") if path.is_file()]


# --- what arrives


@pytest.mark.rule("C12")
@pytest.mark.rule("A8")
def test_a_file_is_archived_byte_for_byte_under_its_hash(account: Account, archive: Archive) -> None:
    retrieved = retrieve(account, archive)
    assert retrieved.status == "new"
    assert retrieved.sha256 == hashlib.sha256(WEEK_ONE).hexdigest()
    assert archive.open(retrieved.sha256).read() == WEEK_ONE
    assert (retrieved.size, retrieved.file_name) == (len(WEEK_ONE), "Wiley_Global_Example_2026-03-07.txt")
    assert retrieved.file_date == date(2026, 3, 7)
    assert retrieved.shown_url == account.url
    assert files_in(archive) == [retrieved.path]


@pytest.mark.rule("W1")
def test_the_token_is_sent_where_the_vendor_wants_it(account: Account, archive: Archive) -> None:
    retrieve(account, archive)  # the server would answer 401 otherwise
    assert account.statuses == [200]
    assert "text/plain" in account.requests[0]["Accept"]


def test_an_unchanged_file_is_not_sent_again(account: Account, archive: Archive) -> None:
    first = retrieve(account, archive)
    second = retrieve(account, archive, as_previous(first))
    assert (second.status, second.sha256, second.path) == ("not modified", first.sha256, first.path)
    assert as_previous(second) == as_previous(first)
    assert account.statuses == [200, 304]


def test_last_modified_alone_is_enough_for_a_conditional_request(account: Account, archive: Archive) -> None:
    first = retrieve(account, archive)
    second = retrieve(account, archive, Previous(first.sha256, first.shown_url, None, first.last_modified))
    assert second.status == "not modified"


def test_another_address_is_not_asked_conditionally(account: Account, archive: Archive) -> None:
    """Its file may be older than the one that came from the address before."""
    first = retrieve(account, archive)
    second = retrieve(account, archive, dataclasses.replace(as_previous(first), shown_url=f"{account.url}-before"))
    assert (second.status, account.statuses) == ("same", [200, 200])


def test_the_same_bytes_again_are_the_same_file(account: Account, archive: Archive) -> None:
    first = retrieve(account, archive)
    second = retrieve(account, archive, Previous(first.sha256, first.shown_url))
    assert (second.status, second.sha256) == ("same", first.sha256)
    assert account.statuses == [200, 200]


def test_other_bytes_are_a_new_file_and_the_old_one_stays(account: Account, archive: Archive) -> None:
    first = retrieve(account, archive)
    account.publish(WEEK_ONE + b"More\t\t\n", "Wiley_Global_Example_2026-03-14.txt", NOW)
    second = retrieve(account, archive, as_previous(first))
    assert second.status == "new"
    assert archive.open(first.sha256).read() == WEEK_ONE
    assert len(files_in(archive)) == 2


def test_without_the_archived_file_the_request_is_not_conditional(account: Account, archive: Archive) -> None:
    first = retrieve(account, archive)
    first.path.unlink()
    assert retrieve(account, archive, as_previous(first)).status == "new"
    assert archive.has(first.sha256)


def test_a_compressed_transfer_is_archived_unpacked(account: Account, archive: Archive) -> None:
    account.fail_next(faults.compressed())
    assert retrieve(account, archive).path.read_bytes() == WEEK_ONE


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    account: Account, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert retrieve(account, archive).status == "new"


def test_a_redirect_on_the_same_host_is_followed(server: DemoVendors, account: Account, archive: Archive) -> None:
    account.fail_next(faults.redirect(f"{account.url}?token=tok%2Fen%2B7f3a%209c&format=kbart"))
    assert retrieve(account, archive).status == "new"
    assert account.statuses == [302, 200]


@pytest.mark.parametrize(
    ("disposition", "name", "day"),
    [
        (
            'attachment; filename="Pub_Global_All_2026-02-28.txt"',
            "Pub_Global_All_2026-02-28.txt",
            date(2026, 2, 28),
        ),
        ("attachment; filename*=UTF-8''P%C3%BCb_2026-02-28.txt", "Püb_2026-02-28.txt", date(2026, 2, 28)),
        ('attachment; filename="../../etc/x_2026-02-28.txt"', "x_2026-02-28.txt", date(2026, 2, 28)),
        ('attachment; filename="a\\\\b_2026-02-30.txt"', "b_2026-02-30.txt", date(2026, 3, 1)),
        (
            'attachment; filename="From_2015-05-20_2016-10-12.txt"',
            "From_2015-05-20_2016-10-12.txt",
            date(2016, 10, 12),
        ),
        ("inline", "wiley-main", date(2026, 3, 1)),
    ],
)
def test_the_file_date_is_that_in_the_name_else_last_modified(
    account: Account, archive: Archive, disposition: str, name: str, day: date
) -> None:
    headers = {"Content-Disposition": disposition, "Last-Modified": "Sun, 01 Mar 2026 10:00:00 GMT"}
    account.fail_next(faults.status(200, headers, WEEK_ONE))
    retrieved = retrieve(account, archive)
    assert (retrieved.file_name, retrieved.file_date) == (name, day)


def test_without_any_date_there_is_none(account: Account, archive: Archive) -> None:
    account.fail_next(faults.status(200, {"Last-Modified": "yesterday"}, WEEK_ONE))
    assert retrieve(account, archive).file_date is None


def test_a_date_is_not_read_out_of_a_longer_number() -> None:
    assert date_in_name("Titles_12026-03-071.txt") is None


def test_a_glance_tells_a_new_file_from_the_last_one_and_from_none(account: Account, archive: Archive) -> None:
    """The mark is the same for the same file and another for another one; what is no file has none, but its failure."""

    def glance(previous: Retrieved | None) -> str | None:
        known = as_previous(previous) if previous else None
        return mark_of_new_file(profile_at(account.url), WILEY, known, now=NOW, limits=QUICK)

    mark = glance(None)
    assert mark and mark == glance(None)
    first = retrieve(account, archive)
    assert glance(first) is None
    account.publish(WEEK_ONE + b"More\t\t\n", "next.txt", NOW)
    assert glance(first) not in (None, mark)
    account.fail_next(faults.web_page())
    with pytest.raises(errors.WebPage):
        glance(first)


# --- what does not arrive

FAILURES: dict[str, tuple[Fault, type[RetrievalError], str]] = {
    "401": (faults.status(401), errors.WrongCredentials, "does not accept the credentials"),
    "403": (faults.status(403), errors.AccessDenied, "refuses the file"),
    "404": (faults.status(404), errors.NoFileYet, "no file"),
    "400": (faults.status(400), errors.RequestRefused, "HTTP 400"),
    "204": (faults.status(204), errors.EmptyAnswer, "empty"),
    "304 without a past": (faults.status(304), errors.RequestRefused, "HTTP 304"),
    "web page": (faults.web_page(), errors.WebPage, '("Sign in")'),
    "web page said to be text": (faults.web_page(content_type="text/plain"), errors.WebPage, "web page"),
    "words said to be a web page": (faults.web_page(b"Please sign in"), errors.WebPage, "Please sign in"),
    "JSON": (faults.json_error(), errors.ErrorMessage, "token expired"),
    "JSON said to be text": (faults.json_error(content_type="text/plain"), errors.ErrorMessage, "message"),
    "XML": (faults.json_error(b"<?xml version='1.0'?><error>gone</error>", ""), errors.ErrorMessage, "gone"),
    "empty file": (faults.empty_file(), errors.EmptyAnswer, "empty file"),
    "too large by its own account": (faults.said_to_be(3_000_000), errors.TooLarge, "1 MB"),
    "too large without saying so": (faults.endless(3), errors.TooLarge, "1 MB"),
    "bomb in the transfer": (faults.encoding_bomb(5), errors.TooLarge, "1 MB"),
    "broken compression": (
        faults.status(200, {"Content-Encoding": "gzip"}, b"no gzip"),
        errors.BrokenFile,
        "damaged",
    ),
    "unknown compression": (
        faults.status(200, {"Content-Encoding": "br"}, b"xx"),
        errors.BrokenFile,
        "not known",
    ),
    "another host": (faults.redirect("http://localhost/kbart"), errors.OtherHost, "http://localhost"),
    "another port": (faults.redirect("http://127.0.0.1:9/kbart"), errors.OtherHost, "127.0.0.1:9"),
    "another scheme": (faults.redirect("file:///etc/passwd"), errors.OtherHost, "not followed"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_permanent_failure_has_its_own_message_and_is_not_tried_again(
    account: Account, archive: Archive, failure: str
) -> None:
    before = retrieve(account, archive)
    fault, kind, words = FAILURES[failure]
    account.fail_next(fault)
    waits: list[float] = []
    with pytest.raises(RetrievalError) as caught:
        retrieve(account, archive, vendor=SMALL, waits=waits)
    assert type(caught.value) is kind
    assert words in caught.value.message and "wiley-main" in caught.value.message
    assert caught.value.advice.endswith(".") and not re.search(r"\{\w*\}", str(caught.value))
    assert not waits and len(account.requests) == 2
    assert archive.open(before.sha256).read() == WEEK_ONE
    assert retrieve(account, archive, as_previous(before)).status == "not modified"  # the next one is good again


TRANSIENT: dict[str, tuple[Fault, type[RetrievalError]]] = {
    "429": (faults.status(429), errors.TooManyRequests),
    "500": (faults.status(500), errors.VendorUnavailable),
    "503": (faults.status(503), errors.VendorUnavailable),
    "408": (faults.status(408), errors.VendorUnavailable),
    **{f"cut at {tenth} tenths": (faults.cut_after(tenth / 10), errors.CutOff) for tenth in range(10)},
    "cut before the last byte": (faults.cut_after(0.9999), errors.CutOff),
    "hung up": (faults.hang_up(), errors.CutOff),
    "cut inside the compression": (faults.compressed(0.5), errors.CutOff),
    "time-out": (faults.silent(1.0), errors.TimedOut),
}


@pytest.mark.parametrize("failure", TRANSIENT)
def test_a_transient_failure_is_tried_again_and_then_succeeds(account: Account, archive: Archive, failure: str) -> None:
    fault, _ = TRANSIENT[failure]
    account.fail_next(fault, fault)
    waits: list[float] = []
    assert retrieve(account, archive, waits=waits).status == "new"
    assert waits == [2, 8]
    assert [path.read_bytes() for path in files_in(archive)] == [WEEK_ONE]


@pytest.mark.parametrize("failure", TRANSIENT)
def test_a_transient_failure_that_lasts_ends_with_its_own_message(
    account: Account, archive: Archive, failure: str
) -> None:
    fault, kind = TRANSIENT[failure]
    account.fail_next(*[fault] * 10)
    waits: list[float] = []
    with pytest.raises(RetrievalError) as caught:
        retrieve(account, archive, waits=waits)
    assert type(caught.value) is kind and caught.value.transient
    assert waits == [2, 8, 32]
    assert files_in(archive) == []


@pytest.mark.parametrize(
    ("retry_after", "waited"),
    [
        ("7", 7.0),
        (format_datetime(NOW + timedelta(seconds=30), usegmt=True), 30.0),
        ("soon", 2.0),
        ("0", 0.0),
    ],
)
def test_retry_after_is_honoured(account: Account, archive: Archive, retry_after: str, waited: float) -> None:
    account.fail_next(faults.status(429, {"Retry-After": retry_after}))
    waits: list[float] = []
    assert retrieve(account, archive, waits=waits).status == "new"
    assert waits == [waited]


@pytest.mark.parametrize("seconds", ["200", "86400"])  # beyond the longest wait; beyond all time there is
def test_a_retry_after_beyond_the_bound_is_left_to_the_next_run(
    account: Account, archive: Archive, seconds: str
) -> None:
    account.fail_next(faults.status(429, {"Retry-After": seconds}))
    waits: list[float] = []
    with pytest.raises(errors.TooManyRequests):
        retrieve(account, archive, waits=waits)
    assert not waits


def test_a_slow_drip_ends_at_the_total_time(account: Account, archive: Archive) -> None:
    account.fail_next(faults.drip(0.1))
    started = time.monotonic()
    with pytest.raises(errors.TimedOut):
        retrieve(account, archive, limits=Limits(read_seconds=1, total_seconds=0.5))
    assert time.monotonic() - started < 5
    assert files_in(archive) == []


def test_a_circle_of_redirects_ends(account: Account, archive: Archive) -> None:
    account.fail_next(*[faults.redirect(f"{account.url}?token=tok%2Fen%2B7f3a%209c")] * 20)
    with pytest.raises(errors.TooManyRedirects):
        retrieve(account, archive)


def test_a_credential_does_not_follow_to_another_host(server: DemoVendors, account: Account, archive: Archive) -> None:
    with DemoVendors() as elsewhere:
        other = elsewhere.open_account(WILEY, institution_token=TOKEN)
        account.fail_next(faults.redirect(f"{other.url}?token=tok%2Fen%2B7f3a%209c"))
        with pytest.raises(errors.OtherHost):
            retrieve(account, archive)
        assert other.requests == []


def test_a_wrong_token_is_refused(server: DemoVendors, account: Account, archive: Archive) -> None:
    account.credentials = {"institution_token": "another one"}
    with pytest.raises(errors.WrongCredentials, match=r"Institution token; HTTP 401.*press Generate Token"):
        retrieve(account, archive)


def test_another_name_for_the_same_machine_is_another_host(account: Account, archive: Archive) -> None:
    account.fail_next(faults.redirect(account.url.replace("127.0.0.1", "localhost")))
    with pytest.raises(errors.OtherHost, match="localhost"):
        retrieve(account, archive)
    assert account.statuses == [302]


@pytest.mark.rule("W5")
@pytest.mark.rule("W6")
def test_before_the_first_saturday_the_message_says_when_to_expect_the_file(
    server: DemoVendors, archive: Archive
) -> None:
    account = server.open_account(WILEY, institution_token=TOKEN)
    with pytest.raises(errors.NoFileYet) as caught:
        retrieve(account, archive)
    assert "A new token has no file until the Saturday after it was made." in caught.value.message
    assert "Saturday 14 March 2026, 02:00 (America/Los_Angeles)" in caught.value.advice


def test_nobody_at_the_address(archive: Archive) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        profile = profile_at(f"http://127.0.0.1:{taken.getsockname()[1]}/kbart")
        waits: list[float] = []
        with pytest.raises(errors.NotReachable, match=r"127\.0\.0\.1"):
            fetch(profile, WILEY, archive, now=NOW, limits=QUICK, wait=waits.append)
    assert waits == [2, 8, 32]


def test_no_such_host(archive: Archive) -> None:
    with pytest.raises(errors.NotReachable, match=r"no-such-host\.invalid"):
        fetch(
            profile_at("https://no-such-host.invalid/kbart"),
            WILEY,
            archive,
            now=NOW,
            limits=Limits(attempts=1),
        )


def test_a_certificate_that_proves_nothing_gets_no_credential(tmp_path: Path, archive: Archive) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command to make a certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-days", "1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection, contextlib.suppress(OSError):
                received.append(context.wrap_socket(connection, server_side=True).recv(100))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        profile = profile_at(f"https://127.0.0.1:{listening.getsockname()[1]}/kbart")
        with pytest.raises(errors.NotTrusted, match="no valid certificate"):
            fetch(profile, WILEY, archive, now=NOW, limits=QUICK, wait=lambda seconds: None)
        thread.join(5)
    assert not any(received)


@pytest.mark.parametrize("bomb", [faults.zip_bomb(50), faults.gzip_bomb(50)], ids=["zip", "gzip"])
def test_a_packed_bomb_is_kept_as_it_came_and_refused_by_the_reader(
    account: Account, archive: Archive, bomb: Fault
) -> None:
    """The archive holds what came; whoever unpacks it stops at the limits."""
    account.fail_next(bomb)
    retrieved = retrieve(account, archive)
    assert retrieved.size < 100_000
    with pytest.raises(kbart_errors.TooLarge):
        read(retrieved.path, name=retrieved.file_name)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (
            b"publication_title\tprint_identifier\tonline_identifier\ttitle_url\ttitle_id\n",
            kbart_errors.NoRows,
        ),
        (b"title\tyear\nAnnals of Testing\t2004\n", kbart_errors.UnreadableFile),
    ],
    ids=["header without rows", "mandatory columns missing"],
)
def test_what_only_a_reader_can_see_arrives_and_is_refused_there(
    account: Account, archive: Archive, content: bytes, kind: type[kbart_errors.UnreadableFile]
) -> None:
    account.fail_next(faults.status(200, {}, content))
    with pytest.raises(kind):
        read(retrieve(account, archive).path)


# --- credentials


def test_a_missing_credential_is_said_by_its_variable(
    account: Account, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DEMO_TOKEN")
    with pytest.raises(errors.CredentialMissing, match="DEMO_TOKEN is not set"):
        retrieve(account, archive)
    assert account.requests == []


SHAPES = (TOKEN, "tok%2Fen%2B7f3a%209c", "tok/en%2B7f3a+9c", "tok%2Fen%2B7f3a+9c", "7f3a")
ECHO = f"<html><title>Bad token {TOKEN}</title></html>".encode()


@pytest.mark.rule("A12")
@pytest.mark.parametrize(
    "fault",
    [
        None,
        *(fault for fault, *_ in FAILURES.values()),
        *(fault for fault, _ in TRANSIENT.values()),
        faults.web_page(ECHO),
        faults.json_error(f'{{"error": "Bad token {TOKEN}"}}'.encode()),
        faults.redirect(f"http://localhost/?token={SHAPES[1]}"),
        faults.redirect(f"http://{SHAPES[1]}.example.org/"),
        faults.redirect(f"http://[{TOKEN}"),
        faults.status(200, {"Content-Disposition": f'attachment; filename="{TOKEN}.txt"'}, WEEK_ONE),
    ],
)
def test_no_credential_is_in_any_log_message_exception_or_record(
    account: Account,
    archive: Archive,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    fault: Fault | None,
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in logging.root.manager.loggerDict:
        if name.startswith(("httpx", "httpcore")):
            caplog.set_level(logging.DEBUG, logger=name)
    if fault:
        account.fail_next(*[fault] * 10)
    left = []
    try:
        left.append(repr(retrieve(account, archive, vendor=SMALL, limits=Limits(read_seconds=0.2, attempts=2))))
    except RetrievalError as error:
        left += [str(error), repr(error), "".join(traceback.format_exception(error))]
        assert error.__cause__ is None
        assert not type(error.__context__).__module__.startswith(("httpx", "httpcore"))  # these hold requests
    left += [record.getMessage() for record in caplog.records] + [*capfd.readouterr()]
    left += [str(path) for path in files_in(archive)]
    left.append(repr(profile_at(account.url)))
    found = [text for text in left if any(shape in text for shape in SHAPES)]
    assert not found


def test_httpx_would_log_the_token_if_it_could(
    account: Account, archive: Archive, caplog: pytest.LogCaptureFixture
) -> None:
    """Pins what the filter is for: without it this very request shows the token."""
    caplog.set_level(logging.DEBUG)
    logger = logging.getLogger("httpx")
    filters = list(logger.filters)
    assert filters
    try:
        logger.filters.clear()
        retrieve(account, archive)
    finally:
        logger.filters[:] = filters
    assert any("7f3a" in record.getMessage() for record in caplog.records)


# --- the archive


def test_an_archive_takes_nothing_from_a_source_that_breaks(archive: Archive) -> None:
    """However much of it is on disk already."""

    def breaking() -> Iterator[bytes]:
        yield from [bytes(700_000)] * 5
        (part,) = files_in(archive)
        assert part.stat().st_size >= 1_000_000
        raise OSError("the source is gone")

    with pytest.raises(OSError, match="source is gone"):
        archive.put(breaking())
    assert files_in(archive) == []


@pytest.mark.parametrize("size", [900_000, 2_000_000, 50_000_000])
def test_an_archive_keeps_nothing_that_does_not_fit(archive: Archive, size: int) -> None:
    """Whether the disk is full at the first piece, in the middle, or only at the last."""
    most, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size - 1, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            archive.put([bytes(100_000)] * (size // 100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    assert files_in(archive) == []


def test_the_same_content_is_kept_once(archive: Archive) -> None:
    first, second = archive.put([b"ab", b"c"]), archive.put([b"a", b"bc"])
    assert first == second and files_in(archive) == [first.path]
    assert first.path.name == hashlib.sha256(b"abc").hexdigest()


def test_an_archived_file_cannot_be_written_to(archive: Archive) -> None:
    path = archive.put([b"abc"]).path
    assert path.stat().st_mode & 0o222 == 0


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "/x"])
def test_only_hashes_are_names_in_the_archive(archive: Archive, name: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        archive.path_of(name)


def test_a_killed_writer_leaves_nothing_under_a_hash(tmp_path: Path) -> None:
    root = tmp_path / "archive"
    script = (
        "import time; from pathlib import Path; from autoholdings_assets.retrieval.archive import Archive\n"
        "def slow():\n    yield b'x' * 5_000_000; print('half', flush=True); time.sleep(60)\n"
        f"Archive(Path({str(root)!r})).put(slow())"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"half\n"
        process.kill()
    assert [path for path in root.rglob("*") if path.is_file() and not path.name.endswith(".part")] == []


def test_concurrent_writers_of_one_file_agree(archive: Archive) -> None:
    content = [zlib.compress(bytes(100_000))] * 50
    threads = [threading.Thread(target=archive.put, args=(content,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (path,) = files_in(archive)
    assert path.name == hashlib.sha256(b"".join(content)).hexdigest()
