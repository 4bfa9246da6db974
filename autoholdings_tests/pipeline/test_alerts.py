"""What needs a person is told by e-mail and webhook: everything, in one message, once, and in the end always."""

import json
import logging
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from filelock import FileLock

from autoholdings_assets.alerts import deliver, mail, webhook
from autoholdings_assets.alerts.deliver import Delivery
from autoholdings_assets.alerts.message import Message, NotDelivered
from autoholdings_assets.cli import execute
from autoholdings_assets.cli.alerts import tell_after_run
from autoholdings_assets.config import ConfigurationError, EmailSettings, WebhookSettings, load_configuration
from autoholdings_assets.pipeline.alert_sensor import AlertsNotDelivered, tell_people
from autoholdings_assets.pipeline.alerting import look, look_and_tell
from autoholdings_assets.pipeline.assets import PUBLISHED_KEY
from autoholdings_assets.pipeline.build import build_definitions
from autoholdings_assets.pipeline.home import HomeResource
from autoholdings_assets.pipeline.jobs import JOB_NAME
from autoholdings_assets.pipeline.looks import VENDOR_TAG
from autoholdings_tests import faults
from autoholdings_tests.library import VENDORS, Feed, Library, book, isbn, issn, journal
from autoholdings_tests.receivers import Certificate, MailServer, Webhook

EXAMPLE = "eresources@library.example"
SENDER = "autoholdings@library.example"
FILE = [journal("Acta Exempla", issn(1)), journal("Bought", issn(3)), book("On Examples", isbn(1))]
PASSWORD = "corr3ct horse/battery"


@dataclass
class Office:
    """The people of a library: their mail server and chat room, and what they are told."""

    library: Library
    mail: MailServer
    chat: Webhook
    instance: dg.DagsterInstance
    runs: list[str] = field(default_factory=list)

    def look(self, later: timedelta = timedelta()) -> list[Delivery]:
        """Look and tell, as the sensor does."""
        return look_and_tell(self.library.home, self.instance, datetime.now(UTC) + later)[1]

    def open_cases(self) -> list[str]:
        configuration = load_configuration(self.library.home)
        return [a.case_id for a in look(self.library.home, self.instance, configuration, datetime.now(UTC))]

    @property
    def letter(self) -> str:
        return self.mail.letters[-1].get_content()

    def run_dies(self, message: str = "The run worker died.", vendor: str = "wiley") -> str:
        """A run of the vendor ends before any of its steps could write anything."""
        return self.run_dies_tagged(message, {VENDOR_TAG: vendor})

    def run_dies_tagged(self, message: str, tags: dict[str, str], job: str = JOB_NAME) -> str:
        """The same for a run that may have been started by hand, for every vendor, or be of another job."""
        run = self._run(tags, job)
        self.instance.report_run_failed(run, message)
        return run.run_id

    def run_succeeds(self, vendor: str = "wiley") -> None:
        run = self._run({VENDOR_TAG: vendor}, JOB_NAME)
        self.instance.report_dagster_event(
            dg.DagsterEvent(dg.DagsterEventType.RUN_SUCCESS.value, JOB_NAME), run.run_id, logging.INFO
        )

    def _run(self, tags: dict[str, str], job: str) -> dg.DagsterRun:
        @dg.job(name=job)
        def empty() -> None:
            pass

        return self.instance.create_run_for_job(empty, tags=tags)


@pytest.fixture
def office(library: Library, wiley: Feed) -> Iterator[Office]:
    with MailServer() as server, Webhook() as chat, dg.DagsterInstance.ephemeral() as instance:
        library.monkeypatch.setenv("CHAT_URL", chat.url)
        library.configuration["alerts"] = {
            "email": {
                "smtp_host": "127.0.0.1", "port": server.port, "encryption": "none", "from": SENDER,
                "to": [EXAMPLE, "director@library.example"],
            },
            "webhook": {"url": "${CHAT_URL}"},
        }  # fmt: skip
        library.save()
        yield Office(library, server, chat, instance)


def dated(weeks: int = 0) -> str:
    """The name of a file that is as fresh as can be; later files have later dates."""
    return f"Vendor_Global_All_{datetime.now(UTC) + timedelta(weeks=weeks):%Y-%m-%d}.txt"


# --- what is told


@pytest.mark.rule("A2", "C19")
def test_everything_that_needs_a_person_is_told_in_one_message_with_what_to_do(office: Office, wiley: Feed) -> None:
    library = office.library
    law = library.profile("wiley-law")
    wiley.serves([*FILE, journal("Großmutters Bücher, 日本語", issn(5))], dated())
    law.serves(FILE[:1], dated())
    library.run()
    assert office.look() == [] and office.mail.raw == [], "nothing needs anybody"
    library.attach_po_line("Großmutters Bücher, 日本語", "POL-1")
    wiley.serves(FILE, dated(1))
    law.account.fail_next(faults.status(403))
    library.run()
    library.guard()
    wiley.serves(FILE[:1], dated(2))
    law.account.fail_next(faults.status(403))
    assert library.run().outcome == "held"
    office.run_dies(vendor="wiley")
    assert [(d.channel, d.told, d.problem) for d in office.look()] == [("email", 4, None), ("webhook", 4, None)]
    (letter,), (posted,) = office.mail.letters, office.chat.received
    told = "2 failed runs, 1 held plan, 1 case that needs attention"
    assert letter["Subject"] == posted["subject"] == f"[Autoholdings] University of Example: {told}"
    assert office.mail.recipients == [[EXAMPLE, "director@library.example"]]
    assert (letter["From"], letter["Auto-Submitted"]) == (SENDER, "auto-generated")
    text = office.letter
    assert '"wiley-law" but refuses the file (HTTP 403). Ask the vendor whether' in text
    assert "The run worker died." in text and "`autoholdings run wiley`" in text
    assert "Plan wiley-3 is held" in text and "`autoholdings plan show wiley-3`" in text
    assert '`autoholdings plan accept wiley-3 --why "..."`' in text
    assert '"Großmutters Bücher, 日本語" (missing-' in text and "It has PO line POL-1, so it stays" in text
    assert "`autoholdings attention settle CASE keep`" in text
    assert posted["text"].startswith(posted["subject"]) and "Großmutters Bücher, 日本語" in posted["text"]
    assert [a["kind"] for a in posted["alerts"]] == ["failed run", "failed run", "held plan", "needs attention"]
    assert {a["vendor"] for a in posted["alerts"]} == {"wiley"} and posted["alert_count"] == 4
    assert office.look() == [], "and not again"
    assert len(library.sql("FROM alert_sent WHERE over_at IS NULL")) == 8


def test_a_stale_vendor_is_told(office: Office, wiley: Feed) -> None:
    wiley.serves(FILE, dated(4))
    office.library.run()
    days = VENDORS["wiley"].publication.fresh_for_days
    assert office.look(timedelta(days=days - 1)) == []
    assert [d.told for d in office.look(timedelta(days=days))] == [1, 1]
    assert "1 stale vendor" in office.mail.letters[-1]["Subject"]
    assert "was last brought up to date on" in office.letter and "`autoholdings run wiley`" in office.letter
    assert office.look(timedelta(days=days + 1)) == []


def test_a_broken_configuration_is_told_and_ends_nothing_that_was_told(office: Office, wiley: Feed) -> None:
    library = office.library
    library.first_run()
    assert [d.told for d in office.look()] == [1, 1]
    library.change_profile("wiley-main", groups=["LAW"])
    assert [d.told for d in office.look()] == [1, 1]
    assert "University of Example: 1 failed check" in office.mail.letters[-1]["Subject"]
    assert "autoholdings.yaml cannot be used" in office.letter and 'profile "wiley-main" has groups' in office.letter
    assert office.look() == []
    library.change_profile("wiley-main", groups=[])
    assert office.look() == [], "the profile's failure was told before"
    library.change_profile("wiley-main", groups=["LAW"])
    assert [d.told for d in office.look()] == [1, 1], "broken anew"


def test_failed_checks_are_told_and_warnings_if_the_library_wants_them(office: Office) -> None:
    def judge(check: str, passed: bool, severity: dg.AssetCheckSeverity, sentence: str) -> None:
        office.instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(
                asset_key=PUBLISHED_KEY, check_name=check, passed=passed, severity=severity, description=sentence,
                metadata={}, blocking=False,
            )
        )  # fmt: skip

    judge("published_equals_warehouse", False, dg.AssetCheckSeverity.ERROR, "The copy differs. Materialize it again.")
    assert [d.told for d in office.look()] == [1, 1]
    assert "holdings/published: The copy differs. Materialize it again." in office.letter
    judge("published_equals_warehouse", True, dg.AssetCheckSeverity.ERROR, "All is well.")
    assert office.look() == [] and office.open_cases() == []
    judge("published_equals_warehouse", False, dg.AssetCheckSeverity.WARN, "Slightly different.")
    assert office.look() == []
    office.library.configuration["alerts"]["warnings"] = True
    office.library.save()
    assert [d.told for d in office.look()] == [1, 1]


def test_a_run_that_died_is_over_with_the_next_good_one(office: Office) -> None:
    office.run_dies("The run worker died.")
    assert [d.told for d in office.look()] == [1, 1]
    office.run_dies("The run worker died.")
    assert office.look() == [], "the same again is no news"
    office.run_dies("The disk is full.")
    assert [d.told for d in office.look()] == [1, 1] and "The disk is full." in office.letter
    office.run_succeeds()
    assert office.look() == [] and office.open_cases() == []
    office.run_dies("The disk is full.")
    assert [d.told for d in office.look()] == [1, 1], "it was over in between"
    office.run_succeeds()
    office.run_dies_tagged("Nothing to undo.", {VENDOR_TAG: "wiley"}, "undo_run")
    assert office.open_cases() == [], "who starts another job sees what became of it"
    office.run_dies_tagged("The run of every vendor died.", {})
    assert [d.told for d in office.look()] == [1, 1] and "The run of every vendor died." in office.letter


def test_of_very_many_cases_the_first_are_shown_and_all_are_told(office: Office, wiley: Feed) -> None:
    library = office.library
    wiley.serves([*FILE, *(journal(f"Title {n:03}", issn(n)) for n in range(100, 330))], dated())
    library.run()
    library.write(
        "INSERT INTO acquisition_version (portfolio_id, po_line, valid_from, acted_by) "
        "SELECT portfolio_id, 'POL-' || portfolio_id, now(), 'staff' FROM portfolio WHERE title LIKE 'Title %'"
    )
    wiley.serves(FILE, dated(1))
    library.run()
    assert [d.told for d in office.look()] == [230, 230]
    assert office.letter.count("It has PO line") == 20 and "- and 210 more: `autoholdings alerts`" in office.letter
    assert (office.chat.received[-1]["alert_count"], len(office.chat.received[-1]["alerts"])) == (230, 200)
    assert office.look() == []
    assert library.sql("SELECT count(*) AS n FROM alert_sent") == [{"n": 460}]


# --- once, and in the end always


def test_a_case_is_told_again_when_it_has_changed_and_when_it_comes_up_anew(office: Office, wiley: Feed) -> None:
    library = office.library
    library.first_run()
    assert [d.told for d in office.look()] == [1, 1] and "HTTP 404" in office.letter
    library.run()
    assert office.look() == [], "the same failure in the next run is the same case"
    wiley.account.fail_next(faults.status(403))
    library.run()
    assert [d.told for d in office.look()] == [1, 1] and "HTTP 403" in office.letter
    wiley.serves(FILE, dated())
    library.run()
    assert office.look() == [] and office.open_cases() == []
    assert library.sql("FROM alert_sent WHERE over_at IS NULL") == []
    wiley.account.fail_next(faults.status(403))
    library.run()
    assert [d.told for d in office.look()] == [1, 1]


def test_what_lasts_is_told_again_after_some_days(office: Office) -> None:
    office.library.configuration["alerts"]["remind_after_days"] = 3
    office.library.save()
    office.library.first_run()
    office.look()
    assert office.look(timedelta(days=2, hours=23)) == []
    assert [d.told for d in office.look(timedelta(days=3, minutes=1))] == [1, 1]
    assert "a reminder: told on" in office.letter and office.chat.received[-1]["alerts"][0]["is_reminder"]
    assert office.look(timedelta(days=6)) == []
    assert [d.told for d in office.look(timedelta(days=6, minutes=2))] == [1, 1]
    office.library.configuration["alerts"]["remind_after_days"] = 0
    office.library.save()
    assert office.look(timedelta(days=8)) == []


def test_a_case_to_look_at_again_is_told_again_on_its_day(office: Office, wiley: Feed) -> None:
    library = office.library
    wiley.serves(FILE, dated())
    library.first_run()
    library.attach_po_line("Bought", "POL-1")
    wiley.serves(FILE[:1], dated(1))
    library.run()
    assert [d.told for d in office.look()] == [1, 1]
    (case,) = library.sql("FROM needs_attention")
    library.write(
        "INSERT INTO attention_settlement VALUES (?, ?, ?, ?, 'look again', current_date + 3, '', now(), 'staff')",
        case["attention_id"], case["kind"], case["portfolio_id"], case["title"],
    )  # fmt: skip
    assert office.look() == [] and office.open_cases() == []
    library.write("UPDATE attention_settlement SET look_again_on = current_date")
    assert [d.told for d in office.look()] == [1, 1]


def test_what_could_not_be_delivered_is_told_when_the_server_is_back_and_only_there(office: Office) -> None:
    office.library.first_run()
    office.mail.server.shutdown()
    office.mail.server.server_close()
    by_mail, by_chat = office.look()
    assert by_mail.told == 0 and "could not be reached" in (by_mail.problem or "") and by_chat.told == 1
    assert office.library.sql("SELECT DISTINCT channel FROM alert_sent") == [{"channel": "webhook"}]
    context = dg.build_sensor_context(instance=office.instance)
    with pytest.raises(AlertsNotDelivered, match="could not be reached; check `smtp_host`"):
        tell_people(context, home=HomeResource(office.library.home))
    with MailServer(port=office.mail.port) as mended:
        assert office.look() == [Delivery("email", 1)]
        assert len(mended.raw) == 1 and len(office.chat.received) == 1
        assert office.look() == []


def test_a_letter_sent_twice_by_a_crash_is_the_same_letter(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Delivered, but the process dies before it could remember: at worst people get the same letter again."""
    office.library.first_run()

    def crash(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("autoholdings_assets.alerts.told.record", crash)
        office.look()
    assert len(office.look()) == 2
    first, second = office.mail.letters
    assert first["Message-ID"] == second["Message-ID"] and first["Message-ID"].endswith("@library.example>")
    assert office.look() == []


def test_two_looks_at_once_tell_it_once(office: Office) -> None:
    office.library.first_run()
    threads = [threading.Thread(target=office.look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(office.mail.raw), len(office.chat.received)) == (1, 1)


# --- no harm by what a vendor wrote


@pytest.mark.rule("A12")
def test_a_title_writes_no_header_no_line_and_calls_nobody(office: Office, wiley: Feed) -> None:
    library = office.library
    evil = "Acta\r\nBcc: all@library.example\r\n\r\nFAILED <!channel> \u202egnp.exe\u2028<http://evil.example|here>"
    wiley.serves(FILE, dated())
    library.first_run()
    library.attach_po_line("Bought", "POL-1")
    library.write("UPDATE portfolio_version SET title = ? WHERE title = 'Bought'", evil)
    library.configuration["institution"]["name"] = "University\r\nBcc: all@library.example\r\n\r\nof Example"
    library.save()
    wiley.serves([FILE[0], FILE[2]], dated(1))
    library.run()
    assert [d.told for d in office.look()] == [1, 1]
    (letter,) = office.mail.letters
    assert letter["Bcc"] is None and office.mail.recipients == [[EXAMPLE, "director@library.example"]]
    assert letter["Subject"].startswith("[Autoholdings] University Bcc: all@library.example of Example")
    (line,) = [line for line in office.letter.splitlines() if "Acta" in line]
    assert "Bcc: all@library.example FAILED <!channel> gnp.exe" in line
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") for c in "".join(office.letter.splitlines()))
    assert "<" not in office.chat.received[0]["text"] and "<!channel>" in office.chat.received[0]["alerts"][0]["title"]


@pytest.mark.rule("A12")
def test_no_credential_is_told_logged_or_recorded(
    office: Office, wiley: Feed, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = wiley.account.credentials["institution_token"]
    office.run_dies(f"GET /file?token={token}&x=1 failed; smtp {PASSWORD}")
    office.library.monkeypatch.setenv("SMTP_PASSWORD", PASSWORD)
    email = office.library.configuration["alerts"]["email"]
    email |= {"encryption": "starttls", "user": "autoholdings", "password": "${SMTP_PASSWORD}"}
    office.library.save()
    by_mail, by_chat = office.look()
    assert by_mail.problem and by_chat.told == 1, "this mail server offers no encryption: the password stays at home"
    assert not any(line.startswith("AUTH") for line in office.mail.heard)
    email |= {"encryption": "none"}
    office.mail.login = ("autoholdings", PASSWORD)
    office.library.save()
    assert office.look() == [Delivery("email", 1)]
    left = json.dumps([office.chat.received, office.letter, str((by_mail, by_chat))])
    left += str(office.library.sql("FROM alert_sent")) + str([r.getMessage() for r in caplog.records])
    assert "GET /file?token=***&x=1 failed" in left
    for secret in (token, PASSWORD, office.chat.url, office.chat.path):
        assert secret not in left


# --- the ways of a mail server and of a webhook


MESSAGE = Message("Subject ü", "A text.\nWith ümlauts.\n", {"alert_count": 0}, "abc")
NOW = datetime(2026, 3, 7, tzinfo=UTC)


def email_settings(server: MailServer, **keys: Any) -> EmailSettings:
    given = {"smtp_host": "127.0.0.1", "port": server.port, "from": SENDER, "to": [EXAMPLE], "encryption": "none"}
    return EmailSettings.model_validate(given | keys)


def log_in(server: MailServer, **keys: Any) -> EmailSettings:
    return email_settings(server, user="autoholdings", password="${SMTP_PASSWORD}", **keys)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.make(tmp_path_factory.mktemp("certificate"))


@pytest.mark.parametrize("encryption", ["starttls", "tls"])
def test_the_password_goes_only_through_an_encrypted_and_trusted_connection(
    certificate: Certificate, monkeypatch: pytest.MonkeyPatch, encryption: Any
) -> None:
    monkeypatch.setenv("SMTP_PASSWORD", PASSWORD)
    with MailServer(login=("autoholdings", PASSWORD), certificate=certificate, encryption=encryption) as server:
        settings = log_in(server, encryption=encryption)
        with pytest.raises(NotDelivered, match="no valid certificate; no password was sent"):
            mail.send(settings, MESSAGE, NOW)
        assert not any(line.startswith("AUTH") for line in server.heard)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.certificate))
        assert mail.send(settings, MESSAGE, NOW) is None
        assert server.letters[0]["Subject"] == "Subject ü" and "With ümlauts." in server.letters[0].get_content()
        monkeypatch.setenv("SMTP_PASSWORD", "wr0ng-passw0rd")
        with pytest.raises(NotDelivered, match=r"does not accept user and password \(SMTP 535\)") as refused:
            mail.send(settings, MESSAGE, NOW)
        assert "wr0ng" not in str(refused.value) and refused.value.__context__ is None
        monkeypatch.delenv("SMTP_PASSWORD")
        with pytest.raises(ConfigurationError, match="SMTP_PASSWORD is not set"):
            mail.send(settings, MESSAGE, NOW)


@pytest.mark.parametrize(
    ("keys", "refusal", "told"),
    [
        ({"encryption": "starttls"}, None, "does not offer what `alerts.email` asks for"),
        ({"encryption": "tls"}, None, "does not speak TLS on this port"),
        ({}, ("MAIL", "550 not from here"), "refused the address in `alerts.email.from` (SMTP 550)"),
        ({}, ("DATA", "554 this looks like spam"), "refused the message (SMTP 554)"),
        ({"to": ["nobody@library.example"]}, None, "refused every address in `alerts.email.to`"),
        ({"smtp_host": "mail.invalid"}, None, "could not be reached; check `smtp_host`"),
    ],
)
def test_what_a_mail_server_does_not_take_is_said(
    keys: dict[str, Any], refusal: tuple[str, str] | None, told: str
) -> None:
    with MailServer(unknown=("nobody@library.example",)) as server:
        if refusal:
            server.refuse.append(refusal)
        with pytest.raises(NotDelivered) as refused:
            mail.send(email_settings(server, **keys), MESSAGE, NOW, seconds=5)
        assert told in str(refused.value) and server.raw == []


def test_one_unknown_recipient_does_not_keep_it_from_the_others() -> None:
    with MailServer(unknown=("nobody@library.example",)) as server:
        remark = mail.send(email_settings(server, to=["nobody@library.example", EXAMPLE]), MESSAGE, NOW)
        assert remark == "The mail server refused nobody@library.example; the others were told."
        assert server.recipients == [[EXAMPLE]]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((404, {}), "refused the message (HTTP 404)"),
        ((500, {}), "refused the message (HTTP 500)"),
        ((302, {"Location": "http://127.0.0.2:9/elsewhere"}), "refused the message (HTTP 302)"),
        (None, "could not be reached"),
    ],
)
def test_what_a_webhook_does_not_take_is_said_without_its_address(
    monkeypatch: pytest.MonkeyPatch, answer: tuple[int, dict[str, str]] | None, told: str
) -> None:
    settings = WebhookSettings.model_validate({"url": "${CHAT_URL}"})
    with Webhook() as hook:
        monkeypatch.setenv("CHAT_URL", hook.url)
        if answer:
            hook.answers.append(answer)
            with pytest.raises(NotDelivered) as refused:
                webhook.send(settings, MESSAGE)
            assert webhook.send(settings, MESSAGE) is None and len(hook.received) == 1
    if answer is None:
        with pytest.raises(NotDelivered) as refused:
            webhook.send(settings, MESSAGE)
    assert told in str(refused.value) and "${CHAT_URL}" in str(refused.value)
    assert hook.path not in str(refused.value) and refused.value.__context__ is None


# --- the sensor and the command line


def test_the_sensor_is_on_and_does_nothing_while_nobody_is_named(library: Library, wiley: Feed) -> None:
    sensors = {sensor.name: sensor for sensor in build_definitions(library.home).sensors or []}
    assert sensors["tell_people"].default_status is dg.DefaultSensorStatus.RUNNING  # type: ignore[union-attr]
    library.run()
    with dg.DagsterInstance.ephemeral() as instance:
        for text in (library.home.config_file.read_text(), "institution: {name: without a time zone}"):
            library.home.config_file.write_text(text)
            tick = tell_people(dg.build_sensor_context(instance=instance), home=HomeResource(library.home))
            assert isinstance(tick, dg.SkipReason) and "nothing new" in (tick.skip_message or "")


def test_while_another_process_tells_it_is_left_to_that(
    office: Office, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the sensor, which looks again, and after a run at the command line."""
    library = office.library
    library.first_run()
    monkeypatch.setattr(deliver, "_PATIENCE_SECONDS", 0.05)
    with FileLock(library.home.path / "alerts.lock"):
        tick = tell_people(dg.build_sensor_context(instance=office.instance), home=HomeResource(library.home))
        tell_after_run(library.home, load_configuration(library.home))
    assert isinstance(tick, dg.SkipReason) and "looks again" in (tick.skip_message or "")
    assert "nobody was told now" in capsys.readouterr().err
    assert office.mail.letters == []


def test_the_sensor_tells_and_says_so(office: Office) -> None:
    office.library.first_run()
    tick = tell_people(dg.build_sensor_context(instance=office.instance), home=HomeResource(office.library.home))
    assert isinstance(tick, dg.SkipReason)
    assert tick.skip_message == "Open cases: 1. Told now: 1 by email, 1 by webhook."


@pytest.mark.slow
def test_a_run_at_the_command_line_tells_and_its_outcome_is_its_own(
    office: Office, wiley: Feed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = str(office.library.home.path)
    wiley.serves(FILE, dated())
    wiley.account.fail_next(faults.status(403))
    office.chat.answers.append((500, {}))
    assert execute(["run", "wiley", "--home", home, "--json"]) == 3
    captured = capsys.readouterr()
    assert "Told by email: 1" in captured.err and "HTTP 403" in office.letter
    assert "Warning (webhook): The webhook ${CHAT_URL} refused the message (HTTP 500)" in " ".join(captured.err.split())
    assert json.loads(captured.out)["outcome"] == "nothing applied"
    assert execute(["alerts", "--home", home, "--json"]) == 0
    (case,) = json.loads(capsys.readouterr().out)
    assert case["kind"] == "failed run" and case["told"]["email"] and not case["told"]["webhook"]

    def broken(*_: Any) -> None:
        raise RuntimeError("a fault in the telling")

    monkeypatch.setattr("autoholdings_assets.pipeline.alerting.look", broken)
    assert execute(["run", "wiley", "--home", home]) == 0, "the run went well, whoever was told of it"
    assert "a fault in the telling" in capsys.readouterr().err


def test_a_test_message_shows_whether_messages_arrive(
    office: Office, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    home = str(office.library.home.path)
    assert execute(["alerts", "test", "--home", home]) == 0
    assert "test message" in office.mail.letters[0]["Subject"] and "this is a test" in office.chat.received[0]["text"]
    office.chat.answers.append((500, {}))
    assert execute(["alerts", "test", "--home", home]) == 1
    assert "webhook: not delivered" in capsys.readouterr().out
    office.library.configuration["alerts"] = {"webhook": {"url": "${CHAT_URL}"}}
    office.library.save()
    office.chat.answers.append((500, {}))
    assert execute(["alerts", "test", "--home", home, "--json"]) == 3
    assert json.loads(capsys.readouterr().out)[0]["delivered"] is False
    del office.library.configuration["alerts"]
    office.library.save()
    assert execute(["alerts", "test", "--home", home]) == 2
    assert "names nobody to tell" in capsys.readouterr().err
    assert execute(["alerts", "--home", home]) == 0
    assert "names nobody to tell" in capsys.readouterr().out
