"""One profile's file over HTTP: the request, the attempts, the answer, the bytes into the archive.

What belongs here: sending, trying again, judging the answer. What does not: putting the request together
(``request.py``), the bytes (``body.py``), the sentences for failures (``errors.py``). Credentials exist only
in the request: httpx's own log lines, which hold whole addresses, are suppressed (``client.py``), and its
exceptions, which hold requests, are never part of a chain.
"""

import errno
import hashlib
import re
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from pathlib import Path, PurePosixPath
from typing import Literal, TypeVar

import httpx

from autoholdings_assets.config_model import IntegrationProfile
from autoholdings_assets.retrieval import errors
from autoholdings_assets.retrieval.archive import Archive
from autoholdings_assets.retrieval.body import file_bytes, printable
from autoholdings_assets.retrieval.client import client_for
from autoholdings_assets.retrieval.request import Call, Limits, Previous, prepare
from autoholdings_assets.vendors.model import Vendor

_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5
_GLANCE = Limits(connect_seconds=5, read_seconds=10, total_seconds=20, attempts=1)
_MARKED_BYTES = 4096

Result = TypeVar("Result")


@dataclass(frozen=True)
class Retrieved:
    """A file that arrived, or that is still the same.

    ``status``: 'new' (other bytes than before), 'same' (the same bytes again) or 'not modified' (the vendor
    says so; then name and date are the previous ones' business and may be missing here). ``file_date`` is the
    date in the file's name, else that of Last-Modified. ``shown_url`` has no credential.
    """

    status: Literal["new", "same", "not modified"]
    sha256: str
    path: Path
    size: int
    file_name: str
    file_date: date | None
    etag: str | None
    last_modified: str | None
    content_type: str | None
    shown_url: str


def retrieve(
    profile: IntegrationProfile,
    vendor: Vendor,
    archive: Archive,
    previous: Previous | None = None,
    *,
    now: datetime,
    limits: Limits | None = None,
    wait: Callable[[float], None] = time.sleep,
) -> Retrieved:
    """Fetch the profile's file into the archive, with a conditional request when the last one is still there.

    What is transient is tried again, what is not is not. Raises a ``RetrievalError``; then the archive is as
    before.
    """
    if previous is not None and not archive.has(previous.sha256):
        previous = None  # the file itself is gone: "not modified" would leave us without one
    call = prepare(profile, vendor, previous, now, limits or Limits())
    return _with_attempts(call, wait, lambda client: _fetch(client, call, archive, previous))


def mark_of_new_file(
    profile: IntegrationProfile,
    vendor: Vendor,
    previous: Previous | None,
    *,
    now: datetime,
    limits: Limits | None = None,
) -> str | None:
    """A mark of the file that the vendor has in place of the last one; None when that still holds.

    One request, and of the body only its beginning, to tell a file from a page or a message. The same file has the same
    mark; a vendor that sends neither ETag nor Last-Modified always seems to have one. Raises a ``RetrievalError``.
    """
    call = prepare(profile, vendor, previous, now, limits or _GLANCE)

    def ask(client: httpx.Client) -> str | None:
        with _answer(client, call) as response:
            if response.status_code == httpx.codes.NOT_MODIFIED:
                if previous is None:
                    raise call.error(errors.RequestRefused, status=304)
                return None
            beginning = next(file_bytes(call, response))[:_MARKED_BYTES]
            told = [response.headers.get(name, "") for name in ("ETag", "Last-Modified", "Content-Length")]
            return hashlib.sha256("|".join(told).encode() + beginning).hexdigest()[:16]

    return _with_attempts(call, time.sleep, ask)


# --- the attempts


def _with_attempts(call: Call, wait: Callable[[float], None], attempt: Callable[[httpx.Client], Result]) -> Result:
    with client_for(str(call.url), call.limits.read_seconds, call.limits.connect_seconds) as client:
        pause = call.limits.first_wait_seconds
        for number in range(1, call.limits.attempts + 1):
            try:
                return attempt(client)
            except errors.RetrievalError as caught:
                failure = caught
            except Exception as caught:
                failure = _translated(call, caught)
            seconds = failure.retry_after if failure.retry_after is not None else pause
            out_of_time = time.monotonic() + seconds > call.deadline or seconds > call.limits.longest_wait_seconds
            if not failure.transient or number == call.limits.attempts or out_of_time:
                break
            wait(seconds)
            pause = min(pause * 4, call.limits.longest_wait_seconds)
    # Raised here, outside the handler: an exception of httpx holds its request, and so the credentials.
    raise failure


def _translated(call: Call, error: Exception) -> errors.RetrievalError:
    match error:
        case httpx.TimeoutException():
            return call.error(errors.TimedOut, seconds=call.limits.read_seconds)
        case httpx.ConnectError() if "CERTIFICATE" in str(error).upper():
            return call.error(errors.NotTrusted)
        case httpx.ConnectError() | httpx.ProxyError():
            return call.error(errors.NotReachable)
        case httpx.TransportError() if not isinstance(error, httpx.UnsupportedProtocol):
            return call.error(errors.CutOff)
        case httpx.HTTPError() | httpx.InvalidURL() | httpx.StreamError():
            return call.error(errors.BadAddress)
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return call.error(errors.NoSpace)
        case _:
            trace = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{PurePosixPath(trace.filename).name}, line {trace.lineno}"
            return call.error(errors.Unforeseen, reason=f"{type(error).__name__} ({where}): {error}")


# --- the answer


def _fetch(client: httpx.Client, call: Call, archive: Archive, previous: Previous | None) -> Retrieved:
    with _answer(client, call) as response:
        status: Literal["new", "same", "not modified"]
        if response.status_code == httpx.codes.NOT_MODIFIED:
            if previous is None:  # nothing was asked conditionally
                raise call.error(errors.RequestRefused, status=304)
            status, sha256 = "not modified", previous.sha256
        else:
            sha256 = archive.put(file_bytes(call, response), call.credentials.refuse_packed).sha256
            status = "same" if previous and previous.sha256 == sha256 else "new"
    path = archive.path_of(sha256)
    given_name = _given_name(response)
    last_modified = _harmless(call, response, "Last-Modified")
    moment = _http_date(last_modified)
    return Retrieved(
        status=status,
        sha256=sha256,
        path=path,
        size=path.stat().st_size,
        file_name=_clean_name(call, given_name),
        file_date=date_in_name(given_name) or (moment.date() if moment else None),
        etag=_harmless(call, response, "ETag") or (previous.etag if status == "not modified" and previous else None),
        last_modified=last_modified or (previous.last_modified if status == "not modified" and previous else None),
        content_type=_harmless(call, response, "Content-Type"),
        shown_url=call.shown_url,
    )


@contextmanager
def _answer(client: httpx.Client, call: Call) -> Iterator[httpx.Response]:
    """The vendor's answer, 200 or 304, after redirects on its own host; any other answer is an error."""
    url = call.url
    for _ in range(_MOST_REDIRECTS):
        response = client.send(client.build_request("GET", url, headers=call.headers), stream=True)
        try:
            if response.status_code not in _REDIRECTS:
                _check_status(call, response)
                yield response
                return
            url = _redirected(call, url, response.headers.get("Location", ""))
        finally:
            response.close()
    raise call.error(errors.TooManyRedirects)


def _redirected(call: Call, url: httpx.URL, location: str) -> httpx.URL:
    target = url.join(location)
    is_upgrade = (url.scheme, target.scheme) == ("http", "https")
    if target.host != url.host or not (is_upgrade or (target.scheme, target.port) == (url.scheme, url.port)):
        raise call.error(errors.OtherHost, other=f"{target.scheme}://{target.netloc.decode()}")
    return target


def _check_status(call: Call, response: httpx.Response) -> None:
    match response.status_code:
        case 200 | 304:
            return
        case 204:
            raise call.error(errors.EmptyAnswer)
        case 401:
            raise call.error(errors.WrongCredentials)
        case 403:
            raise call.error(errors.AccessDenied)
        case 404 | 410:
            raise call.error(errors.NoFileYet, first_file=call.vendor.publication.first_file, expected=_expected(call))
        case 429:
            raise call.error(errors.TooManyRequests, retry_after=_retry_after(response, call.now))
        case status if status >= 500 or status == 408:
            raise call.error(errors.VendorUnavailable, status=status, retry_after=_retry_after(response, call.now))
        case status:
            raise call.error(errors.RequestRefused, status=status)


def _expected(call: Call) -> str:
    due = call.vendor.next_publication(call.now)
    if due is None:
        return f"Ask {call.vendor.title} when there will be one, and run again then."
    moment = f"{due:%A} {due.day} {due:%B %Y, %H:%M} ({call.vendor.publication.timezone})"
    return f"Expect one after {moment}, then run again."


def _retry_after(response: httpx.Response, now: datetime) -> float | None:
    """Seconds to wait as the vendor says it (a number or a date), None when it does not."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdigit():
        return float(text)
    moment = _http_date(text)
    return max(0.0, (moment - now).total_seconds()) if moment else None


# --- what the headers say of the file


def date_in_name(name: str) -> date | None:
    """The last date in a KBART file name (Provider_Region_Package_YYYY-MM-DD.txt)."""
    for text in reversed(re.findall(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)", name)):
        try:
            return date.fromisoformat(text)
        except ValueError:
            continue
    return None


def _harmless(call: Call, response: httpx.Response, header: str) -> str | None:
    """What the header says, unless it repeats a credential; it is kept, and compared as it is, next time."""
    said = response.headers.get(header)
    return None if said is None or call.clean.finds(said) else str(said)


def _given_name(response: httpx.Response) -> str:
    """The file's name as given: in Content-Disposition, else in the address; '' when there is none."""
    message = Message()
    message["Content-Disposition"] = response.headers.get("Content-Disposition", "")
    in_address = PurePosixPath(response.url.path).name
    return message.get_filename() or (in_address if "." in in_address else "")


def _clean_name(call: Call, given: str) -> str:
    """A name that can be shown and is no path; the profile's name when none is given."""
    return printable(PurePosixPath(call.clean(given).replace("\\", "/")).name)[:200] or call.profile.name


def _http_date(text: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
