"""The request for one profile's file, with the credentials where the vendor wants them.

What belongs here: the one place that reveals credentials, and the cleaning of text from them. What does not:
sending (``http.py``).
"""

import base64
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, urlsplit

import httpx

from autoholdings_assets.config_model import IntegrationProfile
from autoholdings_assets.config_secrets import Redaction
from autoholdings_assets.retrieval import errors
from autoholdings_assets.retrieval.confidential import Credentials
from autoholdings_assets.vendors.model import Vendor
from autoholdings_assets.vendors.yaml_documents import ConfigurationError

_MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Limits:
    """How long to wait and how often to try. Seconds; ``total_seconds`` bounds all attempts and waits
    together."""

    connect_seconds: float = 10
    read_seconds: float = 60
    total_seconds: float = 1800
    attempts: int = 4
    first_wait_seconds: float = 2
    longest_wait_seconds: float = 120


@dataclass(frozen=True)
class Previous:
    """What is known of the file that this profile got last; ``shown_url`` is where it came from."""

    sha256: str
    shown_url: str
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True)
class Call:
    """One retrieval: who asks whom for what. Credentials are only in ``url``, ``headers`` and ``clean``.

    ``clean`` takes them out of a text, with *** in place of each, also as they look in an address or a header.
    """

    profile: IntegrationProfile
    vendor: Vendor
    now: datetime
    limits: Limits
    deadline: float
    url: httpx.URL = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    clean: Redaction
    credentials: Credentials = field(repr=False)
    """As they must not stand in the file."""

    @property
    def cap(self) -> int:
        """The most bytes that a file may have."""
        return self.vendor.request.max_megabytes * _MEGABYTE

    @property
    def shown_url(self) -> str:
        """The profile's address without its query; credentials in the path stay ``{name}``."""
        return _shown_url(self.profile)

    def error(
        self, kind: type[errors.RetrievalError], *, retry_after: float | None = None, **details: str | int | float
    ) -> errors.RetrievalError:
        """The failure in sentences, with what the vendor said in them cleaned of credentials."""
        labels = [c.label for c in self.vendor.credentials if c.name in self.profile.credentials]
        return kind(
            retry_after=retry_after,
            vendor=self.vendor.title,
            profile=self.profile.name,
            host=self.url.host,
            megabytes=self.vendor.request.max_megabytes,
            credentials=", ".join(labels),
            setup=self.vendor.setup,
            **{key: self.clean(value) if isinstance(value, str) else value for key, value in details.items()},
        )


def prepare(
    profile: IntegrationProfile, vendor: Vendor, previous: Previous | None, now: datetime, limits: Limits
) -> Call:
    """The request. Raises ``CredentialMissing`` when the environment lacks a credential."""
    try:
        secrets = {name: secret.reveal() for name, secret in profile.credentials.items()}
    except ConfigurationError as error:
        raise errors.CredentialMissing(profile=profile.name, vendor=vendor.title, problem=str(error)) from None
    confidential = list(secrets.values())
    address = profile.url or ""
    parameters, headers, basic = dict(vendor.request.parameters), dict(vendor.request.headers), {}
    for credential in vendor.credentials:
        if credential.name not in secrets:
            continue
        value = credential.prefix + secrets[credential.name]
        match credential.placement:
            case "query":
                parameters[credential.parameter or ""] = value
            case "header":
                headers[credential.parameter or ""] = value
            case "path":
                address = address.replace(f"{{{credential.name}}}", quote(value, safe=""))
            case placement:
                basic[placement] = value
    if basic:
        pair = f"{basic.get('basic_user', '')}:{basic.get('basic_password', '')}"
        confidential.append(pair)
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    if vendor.request.content_types:
        headers.setdefault("Accept", ", ".join((*vendor.request.content_types, "*/*;q=0.1")))
    headers["Accept-Encoding"] = "gzip"
    if previous and previous.shown_url == _shown_url(profile):  # another address's file may be older than this one
        if previous.etag:
            headers["If-None-Match"] = previous.etag
        if previous.last_modified:
            headers["If-Modified-Since"] = previous.last_modified
    return Call(
        profile=profile,
        vendor=vendor,
        now=now,
        limits=limits,
        deadline=time.monotonic() + limits.total_seconds,
        url=httpx.URL(address).copy_merge_params(parameters),
        headers=headers,
        clean=Redaction(confidential),
        credentials=Credentials.of(profile, vendor, confidential),
    )


def _shown_url(profile: IntegrationProfile) -> str:
    parts = urlsplit(profile.url or "")
    return f"{parts.scheme}://{parts.netloc}{parts.path}"
