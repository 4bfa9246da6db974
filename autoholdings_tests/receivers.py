"""Where alerts arrive in tests: a mail server (SMTP) and a webhook (HTTP) on loopback, as real ones behave.

What belongs here: receiving, and refusing as a test wants it. What does not: what should have arrived.
"""

import base64
import json
import shutil
import socketserver
import ssl
import subprocess
import threading
from collections import deque
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, Self

import pytest


@dataclass(frozen=True)
class Certificate:
    """A certificate for 127.0.0.1 and its key."""

    certificate: Path
    key: Path

    @classmethod
    def make(cls, folder: Path) -> Self:
        if shutil.which("openssl") is None:
            pytest.skip("needs the openssl command to make a certificate")
        made = cls(folder / "certificate.pem", folder / "key.pem")
        command = [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "1", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
            "-keyout", str(made.key), "-out", str(made.certificate),
        ]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True)
        return made

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


class _Serving:
    """A server in a thread, for the length of a ``with`` block."""

    server: socketserver.BaseServer

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


class MailServer(_Serving):
    """A mail server. ``refuse`` are commands with the answers in place of the usual ones, one each time."""

    def __init__(
        self,
        *,
        port: int = 0,
        login: tuple[str, str] | None = None,
        certificate: Certificate | None = None,
        encryption: Literal["starttls", "tls"] = "starttls",
        unknown: tuple[str, ...] = (),
    ) -> None:
        self.login, self.certificate, self.encryption, self.unknown = login, certificate, encryption, unknown
        self.raw: list[bytes] = []
        self.recipients: list[list[str]] = []
        self.heard: list[str] = []
        self.refuse: deque[tuple[str, str]] = deque()

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self.server = Server(("127.0.0.1", port), type("Conversation", (_Conversation,), {"mail": self}))

    @property
    def letters(self) -> list[EmailMessage]:
        return [message_from_bytes(raw, policy=default) for raw in self.raw]  # type: ignore[misc]


class _Conversation(socketserver.StreamRequestHandler):
    mail: MailServer
    encrypted = False
    logged_in = False

    def handle(self) -> None:
        try:
            if self.mail.encryption == "tls":
                self._encrypt()
            self._say("220 mail.example.org")
            self._converse()
        except (OSError, ValueError):  # the other side hung up, or did not trust this one
            return

    def _converse(self) -> None:
        recipients: list[str] = []
        while line := self.rfile.readline():
            said = line.decode().rstrip("\r\n")
            self.mail.heard.append(said)
            verb = said.split(" ")[0].split(":")[0].upper()
            if self.mail.refuse and self.mail.refuse[0][0] == verb:
                self._say(self.mail.refuse.popleft()[1])
                continue
            match verb:
                case "EHLO":
                    offers_tls = self.mail.certificate and not self.encrypted
                    offers = ["STARTTLS"] if offers_tls else ["AUTH PLAIN"] if self.mail.login else []
                    lines = ["mail.example.org", *offers, "8BITMIME"]
                    for number, offer in enumerate(lines, 1):
                        self._say(f"250{' ' if number == len(lines) else '-'}{offer}")
                case "STARTTLS":
                    self._say("220 go ahead")
                    self._encrypt()
                case "AUTH":
                    _, user, password = base64.b64decode(said.split()[-1]).decode().split("\0")
                    self.logged_in = (user, password) == self.mail.login
                    self._say("235 welcome" if self.logged_in else f"535 who is {user} with {password}?")
                case "MAIL":
                    may = self.logged_in or self.mail.login is None
                    self._say("250 fine" if may else "530 log in first")
                case "RCPT":
                    address = said.partition("<")[2].partition(">")[0]
                    if address in self.mail.unknown:
                        self._say("550 nobody of this name")
                    else:
                        recipients.append(address)
                        self._say("250 fine")
                case "DATA":
                    self._say("354 go on")
                    body = b""
                    while (part := self.rfile.readline()) != b".\r\n":
                        body += part[1:] if part.startswith(b"..") else part
                    self.mail.raw.append(body)
                    self.mail.recipients.append(recipients)
                    recipients = []
                    self._say("250 kept")
                case "QUIT":
                    self._say("221 bye")
                    return
                case _:
                    self._say("250 fine")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def _encrypt(self) -> None:
        assert self.mail.certificate
        self.encrypted = True
        self.request = self.mail.certificate.context().wrap_socket(self.request, server_side=True)
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", 0)


class Webhook(_Serving):
    """An address that takes JSON. ``answers`` are (status, headers) of the next answers; 200 after them."""

    def __init__(self, port: int = 0, path: str = "/services/T0/B0/hush-hush-hook") -> None:
        self.path = path
        self.received: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.answers: deque[tuple[int, dict[str, str]]] = deque()
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, headers = hook.answers.popleft() if hook.answers else (200, {})
                hook.paths.append(self.path)
                if status < 300:
                    hook.received.append(json.loads(body))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(f"this is {self.path}".encode())

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.path}"
