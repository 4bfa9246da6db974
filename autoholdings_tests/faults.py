"""The ways in which a vendor's answer can go wrong, each as a value for ``Account.fail_next``.

What belongs here: faults that happen on the way from vendor to library. What does not: bad rows in good files
(``demo/files.py``).
"""

import gzip
import io
import socket
import time
import zipfile

from autoholdings_assets.demo.vendor import Answer, Fault

_SIGN_IN = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>"


def status(code: int, headers: dict[str, str] | None = None, body: bytes = b"") -> Fault:
    """An HTTP status, with whatever headers and body."""
    return lambda answer: answer.send(code, headers or {}, body)


def web_page(page: bytes = _SIGN_IN, content_type: str = "text/html") -> Fault:
    """A page with status 200."""
    return status(200, {"Content-Type": content_type}, page)


def json_error(body: bytes = b'{"error": "token expired"}', content_type: str = "application/json") -> Fault:
    """A JSON message with status 200."""
    return status(200, {"Content-Type": content_type}, body)


def empty_file() -> Fault:
    """A file of no bytes with status 200."""
    return status(200, {"Content-Type": "text/plain"})


def redirect(location: str, code: int = 302) -> Fault:
    """Somewhere else, please."""
    return status(code, {"Location": location})


def cut_after(share: float) -> Fault:
    """The file's first part, then the end of the connection."""

    def cut(answer: Answer) -> None:
        content = _content(answer)
        answer.send(200, {"Content-Type": "text/plain"}, content[: int(len(content) * share)], len(content))
        _hang_up(answer)

    return cut


def hang_up() -> Fault:
    """The connection ends before any answer."""
    return _hang_up


def silent(seconds: float) -> Fault:
    """No answer for a while, then the file."""

    def wait(answer: Answer) -> None:
        time.sleep(seconds)
        answer.send(200, {"Content-Type": "text/plain"}, _content(answer))

    return wait


def drip(pause: float, size: int = 64) -> Fault:
    """The file in small pieces with a pause after each."""

    def drop_by_drop(answer: Answer) -> None:
        content = _content(answer)
        answer.send(200, {"Content-Type": "text/plain"}, b"", len(content))
        for start in range(0, len(content), size):
            answer.wfile.write(content[start : start + size])
            answer.wfile.flush()
            time.sleep(pause)

    return drop_by_drop


def endless(megabytes: int) -> Fault:
    """More bytes than anyone wants, without saying so beforehand."""

    def flood(answer: Answer) -> None:
        line = b"publication_title\t" * 1000
        answer.send_response(200)
        answer.send_header("Connection", "close")
        answer.end_headers()
        for _ in range(megabytes * 1_000_000 // len(line)):
            answer.wfile.write(line)
        answer.close_connection = True

    return flood


def said_to_be(length: int) -> Fault:
    """The file with a Content-Length that is not its own."""
    return lambda answer: answer.send(200, {"Content-Type": "text/plain"}, _content(answer), length)


def compressed(share: float = 1.0) -> Fault:
    """The file with Content-Encoding gzip, or only its first part as if that were all."""

    def compress(answer: Answer) -> None:
        body = gzip.compress(_content(answer))
        answer.send(200, {"Content-Encoding": "gzip"}, body[: int(len(body) * share)])

    return compress


def encoding_bomb(megabytes: int) -> Fault:
    """A few bytes with Content-Encoding gzip that unpack to very many."""
    return status(200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(megabytes * 1_000_000)))


def zip_bomb(megabytes: int) -> Fault:
    """A small zip file with a huge one in it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("titles.txt", bytes(megabytes * 1_000_000))
    return status(200, {"Content-Type": "application/zip"}, packed.getvalue())


def gzip_bomb(megabytes: int) -> Fault:
    """A small gzip file with a huge one in it."""
    return status(200, {"Content-Type": "application/gzip"}, gzip.compress(bytes(megabytes * 1_000_000)))


def _content(answer: Answer) -> bytes:
    return answer.account.file.content if answer.account and answer.account.file else b""


def _hang_up(answer: Answer) -> None:
    answer.close_connection = True
    answer.connection.shutdown(socket.SHUT_RDWR)
