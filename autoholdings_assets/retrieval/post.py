"""Posting JSON to an address that may itself be a secret.

What belongs here: one request, its failures in words. What does not: fetching files (``http.py``), what is posted and
why (``alerts/``).
"""

from collections.abc import Mapping
from typing import Any

import httpx

from autoholdings_assets.retrieval.client import client_for

_SECONDS = 20.0
_CONNECT_SECONDS = 10.0


class NotPosted(Exception):
    """The address did not take it. The text goes on after the name of the address, and never has the address in it."""


def post_json(address: str, content: Mapping[str, Any]) -> None:
    """Post the content; any answer of 200 to 299 means that it was taken. Raises `NotPosted`."""
    try:
        with (
            client_for(address, _SECONDS, _CONNECT_SECONDS) as client,
            client.stream("POST", address, json=content) as response,  # nobody reads what it says
        ):
            status = response.status_code
    except httpx.TimeoutException:
        problem = "did not answer in time."
    except httpx.ConnectError as error:
        is_untrusted = "CERTIFICATE" in str(error).upper()
        problem = "has no valid certificate." if is_untrusted else "could not be reached; check it and the network."
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        problem = "is no address that can be used, or broke the connection; check it."
    else:
        if 200 <= status < 300:
            return
        problem = f"refused the message (HTTP {status}); check its address."
    # Raised here, outside the handlers: an exception of httpx holds its request, and so the address.
    raise NotPosted(problem)
