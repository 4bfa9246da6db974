"""The section ``alerts`` of autoholdings.yaml: whom to tell when something needs a person, and how.

What belongs here: what the section may say. What does not: what is worth telling and sending it (``alerts/``).
"""

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PlainValidator, model_validator

from autoholdings_assets.config_addresses import is_loopback, is_loopback_host
from autoholdings_assets.config_secrets import Secret, not_literal
from autoholdings_assets.vendors.yaml_documents import StrictModel

_PORTS = {"starttls": 587, "tls": 465, "none": 25}


def _mail_address(text: str) -> str:
    name, at, host = text.strip().rpartition("@")
    if not (name and at and host) or any(c.isspace() or c in ",;<>" for c in text.strip()):
        raise ValueError('write one mail address alone, for example "eresources@example.org".')
    return text.strip()


def _smtp_password(text: object) -> Secret:
    secret = Secret.written(str(text))
    if secret is None:
        raise ValueError(not_literal("SMTP_PASSWORD"))
    return secret


def _webhook_address(value: object) -> "Secret | str":
    """``${ENV_VAR}``, since the address is the password at most services, or an address without any credential."""
    text = str(value).strip()
    secret = Secret.written(text)
    if secret is not None:
        return secret
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("write ${ENV_VAR}, or the whole address, starting with https://.")
    if parts.username or parts.password or parts.query:
        raise ValueError(not_literal("ALERT_WEBHOOK_URL"))
    if parts.scheme == "http" and not is_loopback(text):
        raise ValueError("what is told would travel readable; use https://.")
    return text


MailAddress = Annotated[str, AfterValidator(_mail_address)]


class EmailSettings(StrictModel):
    """How mail leaves. ``port`` is the usual one of the ``encryption`` unless it is given."""

    smtp_host: Annotated[str, Field(min_length=1, pattern=r"^\S+$")]
    port: int | None = Field(default=None, ge=1, le=65535)
    encryption: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password: Annotated[Secret, PlainValidator(_smtp_password)] | None = None
    sender: MailAddress = Field(alias="from")
    to: Annotated[tuple[MailAddress, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _log_in_is_whole_and_safe(self) -> "EmailSettings":
        if (self.user is None) != (self.password is None):
            raise ValueError("give both `user:` and `password: ${SMTP_PASSWORD}`, or neither.")
        if self.password and self.encryption == "none" and not is_loopback_host(self.smtp_host):
            raise ValueError("the password would travel readable; use `encryption: starttls` or `tls`.")
        return self

    @property
    def smtp_port(self) -> int:
        """The port that is spoken to."""
        return self.port or _PORTS[self.encryption]


class WebhookSettings(StrictModel):
    """Where a JSON message is posted: an address, or the environment variable that holds it."""

    url: Annotated[Any, PlainValidator(_webhook_address)]

    @property
    def shown(self) -> str:
        """The name of the variable; of an address its host: the rest may be the password."""
        return repr(self.url) if isinstance(self.url, Secret) else f"at {urlsplit(str(self.url)).hostname}"

    def address(self) -> str:
        """The address itself, for the request and nothing else. Raises ``ConfigurationError`` when it is not set."""
        return self.url.reveal() if isinstance(self.url, Secret) else str(self.url)


class Alerts(StrictModel):
    """Whom to tell. ``remind_after_days``: what is not over is told again then; 0 never.

    ``warnings``: failed checks that a run can live with (rejected rows, a collection to look at) are told too.
    """

    email: EmailSettings | None = None
    webhook: WebhookSettings | None = None
    remind_after_days: int = Field(default=7, ge=0)
    warnings: bool = False

    @property
    def are_configured(self) -> bool:
        """Whether there is anybody to tell."""
        return self.email is not None or self.webhook is not None

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The credentials that telling needs."""
        given = (self.email.password if self.email else None, self.webhook.url if self.webhook else None)
        return tuple(secret for secret in given if isinstance(secret, Secret))


class AlertsSection(StrictModel):
    """autoholdings.yaml as far as alerts go."""

    alerts: Alerts = Alerts()
