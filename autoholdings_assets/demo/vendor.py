"""Vendors' endpoints on loopback, behaving as their data files say: credentials in their place, 401, 404, 304.

What belongs here: one small HTTP server that plays any vendor. What does not: what is in the files
(``files.py``), and the ways in which an answer can go wrong, which tests invent.
"""

import base64
import binascii
import hashlib
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from autoholdings_assets.vendors.model import Vendor

Fault = Callable[["Answer"], None]


@dataclass(frozen=True)
class ServedFile:
    """A file that the vendor has made for one customer."""

    content: bytes
    file_name: str
    made_at: datetime
    content_type: str = "text/plain; charset=utf-8"

    @property
    def etag(self) -> str:
        """A strong validator: the content's hash."""
        return f'"{hashlib.sha256(self.content).hexdigest()[:16]}"'


@dataclass
class Account:
    """One customer of one vendor: its credentials by name, its file (None before the first publication)."""

    vendor: Vendor
    credentials: Mapping[str, str]
    url: str
    file: ServedFile | None = None
    faults: deque[Fault] = field(default_factory=deque)
    statuses: list[int] = field(default_factory=list)
    requests: list[Mapping[str, str]] = field(default_factory=list)

    def publish(self, content: bytes, file_name: str, made_at: datetime) -> None:
        """Serve this file from now on."""
        made_at = made_at.astimezone(UTC).replace(microsecond=0)
        self.file = ServedFile(content, file_name, made_at)

    def fail_next(self, *faults: Fault) -> None:
        """Answer the next requests of this customer with these faults, one each, and properly after them."""
        self.faults.extend(faults)


class DemoVendors:
    """A server on 127.0.0.1 for any number of vendors and customers; use it in a ``with`` statement."""

    def __init__(self, port: int = 0) -> None:
        self.accounts: list[Account] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", port), type("DemoAnswer", (Answer,), {"vendors": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    def open_account(self, vendor: Vendor, **credentials: str) -> Account:
        """A new customer of this vendor. Its ``url`` is what the profile's ``url:`` must say."""
        in_path = "".join(f"/{{{c.name}}}" for c in vendor.credentials if c.placement == "path")
        account = Account(vendor, credentials, f"http://127.0.0.1:{self.port}/{vendor.name}/holdings{in_path}")
        self.accounts.append(account)
        return account

    def account_for(self, answer: "Answer") -> tuple[Account | None, bool]:
        """The customer that a request comes from, and whether there is a vendor at that address at all."""
        of_vendor = [a for a in self.accounts if answer.path.startswith(f"/{a.vendor.name}/holdings")]
        for account in of_vendor:
            if account.credentials.items() <= answer.credentials(account.vendor).items():
                return account, True
        return None, bool(of_vendor)

    def __enter__(self) -> "DemoVendors":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class Answer(BaseHTTPRequestHandler):
    """One request and the answer to it; faults write the answer in place of ``send_file``."""

    protocol_version = "HTTP/1.1"
    vendors: DemoVendors
    account: Account | None = None

    def do_GET(self) -> None:
        """Find the customer by the credentials and answer as the vendor would."""
        account, is_vendor = self.vendors.account_for(self)
        self.account = account
        if account is not None:
            account.requests.append(dict(self.headers.items()))
        if account is not None and account.faults:
            account.faults.popleft()(self)
        elif account is None:
            self.send_text(401 if is_vendor else 404, "unknown credentials" if is_vendor else "nothing here")
        elif account.file is None:
            self.send_text(404, "no file yet")
        else:
            self.send_file(account.file)

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters."""
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.path).query).items()}

    def credentials(self, vendor: Vendor) -> dict[str, str]:
        """The credentials that this request carries in the places that the vendor's data names."""
        user, password = self._basic()
        in_path = iter(unquote(part) for part in urlsplit(self.path).path.split("/")[3:])  # after /VENDOR/holdings
        found = {}
        for credential in vendor.credentials:
            match credential.placement:
                case "query":
                    value = self.query.get(credential.parameter or "")
                case "header":
                    value = self.headers.get(credential.parameter or "")
                case "path":
                    value = next(in_path, None)
                case "basic_user":
                    value = user
                case "basic_password":
                    value = password
            if value:
                found[credential.name] = value.removeprefix(credential.prefix)
        return found

    def _basic(self) -> tuple[str | None, str | None]:
        try:
            pair = base64.b64decode(self.headers.get("Authorization", "").removeprefix("Basic ")).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None, None
        user, colon, password = pair.partition(":")
        return (user, password) if colon else (None, None)

    def send_file(self, file: ServedFile) -> None:
        """The file with its validators, or 304 when the request already knows it."""
        validators = {"ETag": file.etag, "Last-Modified": format_datetime(file.made_at, usegmt=True)}
        known = self.headers.get("If-None-Match", "")
        same_moment = self.headers.get("If-Modified-Since") == validators["Last-Modified"]
        if file.etag in known or (not known and same_moment):
            self.send(304, validators)
            return
        disposition = {"Content-Disposition": f'attachment; filename="{file.file_name}"'}
        self.send(200, validators | disposition | {"Content-Type": file.content_type}, file.content)

    def send_text(self, status: int, text: str) -> None:
        """A short answer in words."""
        self.send(status, {"Content-Type": "text/plain"}, text.encode())

    def send(self, status: int, headers: Mapping[str, str], body: bytes = b"", length: int | None = None) -> None:
        """Any answer; ``length`` is what Content-Length says when it is not the truth."""
        if self.account is not None:
            self.account.statuses.append(status)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the standard handler would print addresses, and tokens with them."""

    def handle(self) -> None:
        """As usual, but a customer that hangs up is no error."""
        try:
            super().handle()
        except ConnectionError:
            self.close_connection = True
