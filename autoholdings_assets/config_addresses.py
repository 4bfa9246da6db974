"""Addresses in the configuration: what can be said of one without asking it.

What belongs here: judging the text of an address. What does not: sending anything there (``retrieval/``, ``alerts/``).
"""

from urllib.parse import urlsplit


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine, where nothing is encrypted and no proxy stands between."""
    return is_loopback_host(urlsplit(url).hostname or "")


def is_loopback_host(host: str) -> bool:
    """Whether a host is this machine."""
    return host in ("localhost", "::1") or host.startswith("127.")
