"""How this project speaks HTTP: no redirect by itself, no proxy on the way to this machine, no address in any log.

What belongs here: the client that every request uses. What does not: any request.
"""

import logging

import httpx

from autoholdings_assets.config_addresses import is_loopback

_LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy", "httpcore.socks")

for _name in _LOGGERS:
    # A filter, not a level: also whoever sets these loggers to DEBUG must not get addresses with tokens.
    logging.getLogger(_name).addFilter(lambda record: False)


def client_for(url: str, read_seconds: float, connect_seconds: float) -> httpx.Client:
    """A client for requests to this address; timeouts in seconds."""
    timeout = httpx.Timeout(read_seconds, connect=connect_seconds)
    return httpx.Client(timeout=timeout, follow_redirects=False, trust_env=not is_loopback(url))
