"""The section ``alerts`` of autoholdings.yaml, and the taking of credentials out of texts."""

import base64
import html
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
import yaml

from autoholdings_assets.config import (
    Alerts,
    ConfigurationError,
    Home,
    Redaction,
    Secret,
    load_alerts,
    load_configuration,
)

INSTITUTION = {"name": "University of Example", "timezone": "America/New_York"}
EMAIL = {"smtp_host": "mail.example.org", "from": "autoholdings@example.org", "to": ["eresources@example.org"]}


def written(tmp_path: Path, alerts: Any, **more: Any) -> Home:
    home = Home(tmp_path)
    home.config_file.write_text(yaml.safe_dump({"institution": INSTITUTION, "alerts": alerts, **more}))
    return home


def alerts_of(tmp_path: Path, alerts: Any) -> Alerts:
    return load_configuration(written(tmp_path, alerts), {}).alerts


def test_without_the_section_nobody_is_told(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.config_file.write_text(yaml.safe_dump({"institution": INSTITUTION}))
    alerts = load_configuration(home, {}).alerts
    assert not alerts.are_configured and alerts.secrets == ()
    assert load_alerts(home) == (alerts, "University of Example")


@pytest.mark.parametrize(("encryption", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_mail_has_the_usual_port_of_its_encryption(tmp_path: Path, encryption: str, port: int) -> None:
    email = alerts_of(tmp_path, {"email": EMAIL | {"encryption": encryption}}).email
    assert email is not None and email.smtp_port == port and email.sender == "autoholdings@example.org"
    email = alerts_of(tmp_path, {"email": EMAIL | {"encryption": encryption, "port": "2525"}}).email
    assert email is not None and email.smtp_port == 2525


@pytest.mark.rule("A12")
def test_secrets_are_names_of_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alerts = alerts_of(
        tmp_path,
        {
            "email": EMAIL | {"user": "autoholdings", "password": "${SMTP_PASSWORD}"},
            "webhook": {"url": "${ALERT_WEBHOOK_URL}"},
        },
    )
    assert alerts.secrets == (Secret("SMTP_PASSWORD"), Secret("ALERT_WEBHOOK_URL"))
    monkeypatch.setenv("ALERT_WEBHOOK_URL", "https://hooks.example.org/services/T0/B0/s3cr3t")
    monkeypatch.setenv("SMTP_PASSWORD", "p4ssw0rd")
    assert alerts.webhook is not None and alerts.webhook.address().endswith("s3cr3t")
    assert "s3cr3t" not in repr(alerts) and "p4ssw0rd" not in repr(alerts)
    monkeypatch.delenv("ALERT_WEBHOOK_URL")
    with pytest.raises(ConfigurationError, match="ALERT_WEBHOOK_URL is not set"):
        alerts.webhook.address()


@pytest.mark.parametrize(
    ("alerts", "told"),
    [
        ({"email": EMAIL | {"user": "a", "password": "hunter2-literal"}}, "a secret must not stand in this file"),
        ({"email": EMAIL | {"user": "a"}}, "give both `user:` and"),
        (
            {"email": EMAIL | {"user": "a", "password": "${P}", "encryption": "none"}},
            "the password would travel readable",
        ),
        ({"email": EMAIL | {"encryption": "ssl"}}, "write one of: 'starttls', 'tls' or 'none'"),
        ({"email": EMAIL | {"to": []}}, "at least 1 item"),
        ({"email": EMAIL | {"to": ["a@example.org, b@example.org"]}}, "write one mail address alone"),
        ({"email": EMAIL | {"to": ["a@example.org\nBcc: b@example.org"]}}, "write one mail address alone"),
        ({"email": {"smtp_host": "mail.example.org", "to": ["a@b"]}}, "this key is missing; add `from: ...`"),
        ({"email": EMAIL | {"sender": "x@y"}}, "there is no such key"),
        ({"webhook": {"url": "https://user:pass-literal@hooks.example.org/x"}}, "a secret must not stand in this file"),
        ({"webhook": {"url": "https://hooks.example.org/x?key=literal-key"}}, "a secret must not stand in this file"),
        ({"webhook": {"url": "http://hooks.example.org/x"}}, "what is told would travel readable"),
        ({"webhook": {"url": "hooks.example.org"}}, "write ${ENV_VAR}, or the whole address"),
        ({"remind_after_days": -1}, "greater than or equal to 0"),
        ({"slack": {}}, "there is no such key"),
    ],
)
def test_what_cannot_be_used_is_said_and_no_secret_repeated(tmp_path: Path, alerts: Any, told: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        alerts_of(tmp_path, alerts)
    assert told in str(refused.value) and "alerts" in str(refused.value)
    assert "literal" not in str(refused.value)


def test_whom_to_tell_is_known_when_the_rest_is_broken(tmp_path: Path) -> None:
    home = written(tmp_path, {"email": EMAIL}, integration_profiles=[{"name": "x", "vendor": "nobody"}])
    with pytest.raises(ConfigurationError):
        load_configuration(home, {})
    assert load_alerts(home)[0].are_configured
    with pytest.raises(ConfigurationError, match=r"alerts\.email\.to"):
        load_alerts(written(tmp_path, {"email": EMAIL | {"to": "nobody"}}))


@pytest.mark.rule("A12")
def test_a_credential_is_taken_out_in_every_form() -> None:
    token = 'tok/en+7f3a 9c&"x"'
    clean = Redaction([token, ""])
    for shape in (
        token,
        token.upper(),
        quote(token),
        quote(token, safe="").lower(),
        quote_plus(token),
        html.escape(token),
        json.dumps(token)[1:-1],
        base64.b64encode(token.encode()).decode(),
        base64.urlsafe_b64encode(token.encode()).decode(),
    ):
        assert clean.finds(shape)
        assert "7f3a" not in clean(f"before {shape} after").lower() and "after" in clean(f"before {shape} after")
    assert clean("nothing here") == "nothing here" and not clean.finds("nothing here")
    assert Redaction([])("anything") == "anything"
    assert "tok" not in repr(clean)
