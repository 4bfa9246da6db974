"""A message by e-mail (SMTP).

What belongs here: the letter and the conversation with the mail server. What does not: what is told (``message.py``).
"""

import smtplib
import ssl
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from autoholdings_assets.alerts.message import Message, NotDelivered
from autoholdings_assets.config import EmailSettings

_SECONDS = 30.0


def send(settings: EmailSettings, message: Message, now: datetime, seconds: float = _SECONDS) -> str | None:
    """Send the message to everyone in ``to``; returns a sentence about recipients that were refused, if some were.

    Raises `NotDelivered` when nobody got it, and ``ConfigurationError`` when the password is not set.
    """
    password = settings.password.reveal() if settings.password else None
    try:
        refused = _converse(settings, password, letter(settings, message, now), seconds)
    except OSError as error:  # smtplib's exceptions and those of TLS are of this kind too
        problem = _in_words(error, settings)
    else:
        return f"The mail server refused {', '.join(sorted(refused))}; the others were told." if refused else None
    # Raised here, outside the handler: an exception of smtplib may hold what the server said to a log-in.
    raise NotDelivered(f"{problem} It is tried again at the next look.")


def letter(settings: EmailSettings, message: Message, now: datetime) -> EmailMessage:
    """The message as a letter that no machine answers; sent again after a crash, it is the same letter."""
    mail = EmailMessage()
    mail["Subject"] = message.subject
    mail["From"] = settings.sender
    mail["To"] = ", ".join(settings.to)
    mail["Date"] = format_datetime(now)
    domain = settings.sender.rpartition("@")[2]
    mail["Message-ID"] = f"<{message.identity}@{domain}>" if message.identity else make_msgid(domain=domain)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text)
    return mail


def _converse(settings: EmailSettings, password: str | None, mail: EmailMessage, seconds: float) -> set[str]:
    """Hand the letter over; the recipients that the server refused."""
    context = ssl.create_default_context()
    port = settings.smtp_port
    with (
        smtplib.SMTP_SSL(settings.smtp_host, port, timeout=seconds, context=context)
        if settings.encryption == "tls"
        else smtplib.SMTP(settings.smtp_host, port, timeout=seconds)
    ) as server:
        if settings.encryption == "starttls":
            server.starttls(context=context)
        if settings.user and password:
            server.login(settings.user, password)
        return set(server.send_message(mail))


def _in_words(error: OSError, settings: EmailSettings) -> str:
    server = f"The mail server {settings.smtp_host}:{settings.smtp_port}"
    match error:
        case smtplib.SMTPAuthenticationError():
            return f"{server} does not accept user and password (SMTP {error.smtp_code}); check both."
        case smtplib.SMTPNotSupportedError():
            return f"{server} does not offer what `alerts.email` asks for; check `encryption`, `user` and `password`."
        case smtplib.SMTPRecipientsRefused():
            return f"{server} refused every address in `alerts.email.to`; check them."
        case smtplib.SMTPSenderRefused():
            return f"{server} refused the address in `alerts.email.from` (SMTP {error.smtp_code}); check it."
        case smtplib.SMTPResponseException():
            return f"{server} refused the message (SMTP {error.smtp_code}); ask whoever runs it."
        case ssl.SSLCertVerificationError():
            return f"{server} has no valid certificate; no password was sent to it. Check `smtp_host`."
        case ssl.SSLError():
            return f"{server} does not speak TLS on this port; check `port` and `encryption`."
        case _:
            return f"{server} could not be reached; check `smtp_host`, `port` and the network."
