"""The bytes of an answer: counted, unpacked a bounded piece at a time, and told apart from pages and
messages.

What belongs here: what can be said of the bytes without reading KBART. What does not: rows and columns
(``kbart/reader.py``).
"""

import re
import time
import zlib
from collections.abc import Iterator
from html import unescape
from itertools import chain

import httpx

from autoholdings_assets.retrieval import errors
from autoholdings_assets.retrieval.request import Call

_PIECE = 1 << 18
"""Large pieces take longer: each is looked at several times, and only small ones stay in the processor's cache."""
_HEAD_BYTES = 4096


def file_bytes(call: Call, response: httpx.Response) -> Iterator[bytes]:
    """The file's bytes, whole and within the limits, once their beginning shows that they are a file.

    Raises a ``RetrievalError`` for a web page or a message in place of a file, an empty, too large, damaged
    or cut one.
    """
    body = _capped(call, response)
    head = b""
    for chunk in body:
        head += chunk
        if len(head) >= _HEAD_BYTES:
            break
    if not head:
        raise call.error(errors.EmptyAnswer)
    if kind := _not_a_file(call, head, response.headers.get("Content-Type", "")):
        raise call.error(kind, excerpt=_excerpt(call, head))
    yield from call.credentials.not_in(chain([head], body))


def _capped(call: Call, response: httpx.Response) -> Iterator[bytes]:
    """The unpacked bytes, never more than the cap and never after the deadline."""
    too_large = call.error(errors.TooLarge)
    length = response.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > call.cap:
        raise too_large
    size = 0
    for chunk in _unpacked(call, response):
        size += len(chunk)
        if size > call.cap:
            raise too_large
        if time.monotonic() > call.deadline:
            raise call.error(errors.TimedOut, seconds=call.limits.total_seconds)
        yield chunk


def _unpacked(call: Call, response: httpx.Response) -> Iterator[bytes]:
    """The body, unpacked a bounded piece at a time (httpx would unpack a bomb whole)."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding == "identity":
        yield from response.iter_raw()
        return
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise call.error(errors.BrokenFile)
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        for chunk in response.iter_raw():
            rest = chunk
            while rest:
                yield unpacker.decompress(rest, _PIECE)
                rest = unpacker.unconsumed_tail
        yield unpacker.flush()
    except zlib.error:
        raise call.error(errors.BrokenFile) from None
    if not unpacker.eof:
        raise call.error(errors.CutOff)


def _not_a_file(call: Call, head: bytes, content_type: str) -> type[errors.RetrievalError] | None:
    """What the bytes are if they are no file; their declared type decides only where they do not."""
    text = head.decode("utf-8", "replace").replace("\0", "").lstrip("\ufeff \t\r\n").lower()
    media_type = content_type.partition(";")[0].strip().lower()
    is_kbart = "publication_title" in text
    if text.startswith("<"):
        return errors.WebPage if "<html" in text or media_type == "text/html" else errors.ErrorMessage
    if text.startswith(("{", "[")) or (media_type.endswith(("json", "xml")) and not is_kbart):
        return errors.ErrorMessage
    if call.clean.finds(text) and not is_kbart:
        return errors.ErrorMessage  # it repeats the request, as servers do when they complain about it
    return errors.WebPage if media_type == "text/html" and not is_kbart else None


def _excerpt(call: Call, head: bytes) -> str:
    """The page's title, or the first words of the message: `` ("Sign in")``."""
    text = call.clean(unescape(head.decode("utf-8", "replace")))
    title = re.search(r"<title[^>]*>(.*?)</title", text, re.IGNORECASE | re.DOTALL)
    words = " ".join(printable(title[1] if title else re.sub(r"<[^>]*>", " ", text)).split())
    return f' ("{words[:150]}")' if words else ""


def printable(text: str) -> str:
    """The text with a blank for every control or direction character."""
    return "".join(c if c.isprintable() else " " for c in text).strip()
