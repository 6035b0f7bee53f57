"""Telling people: a message by e-mail (SMTP, with TLS) and by web hook (HTTP POST of JSON).

A channel that fails raises ``TellingError`` in the end, whatever went wrong and however slowly: nobody who tells ever
waits longer than ``longest``. Server's words, addresses and credentials never stand in an error.
"""

from __future__ import annotations

import json
import smtplib
import ssl
import threading
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import urlsplit

import requests

from nvqsync.errors import TellingError
from nvqsync.health.messages import Message
from nvqsync.settings import Alerts

MAIL, HOOK = "mail", "webhook"
GIVE_UP = 4.0
"""A message may take so many times the timeout of one answer, all steps together."""


def channels(settings: Alerts) -> tuple[str, ...]:
    """The channels that the settings name."""
    hook = bool(settings.webhook_url.get_secret_value())
    return (*((MAIL,) if settings.mail_to else ()), *((HOOK,) if hook else ()))


class Teller:
    """Sends messages. Keeps nothing but the attempts that a far end has not let go of yet, one a channel."""

    def __init__(self, settings: Alerts) -> None:
        self._settings = settings
        self._hanging: dict[str, threading.Thread] = {}

    def tell(self, channel: str, message: Message) -> None:
        """Send by one channel. Raises ``TellingError``."""
        send = {MAIL: send_mail, HOOK: post}[channel]
        left = self._hanging.get(channel)
        if left and left.is_alive():
            raise TellingError(f"The last {channel} is still on its way.", "It is tried again with the next pass.")
        self._within(channel, lambda: send(self._settings, message))

    def _within(self, channel: str, send: Callable[[], None]) -> None:
        """Wait for ``send`` no longer than allowed: a server that trickles must not hold up a pass."""
        problem: list[Exception] = []

        def attempt() -> None:
            try:
                send()
            except Exception as error:  # handed to whoever waits
                problem.append(error)

        thread = threading.Thread(target=attempt, name=f"telling {channel}", daemon=True)
        thread.start()
        thread.join(GIVE_UP * self._settings.timeout)
        if thread.is_alive():
            self._hanging[channel] = thread
            raise TellingError(f"The {channel} takes too long.", "See whether the far end is well.")
        if problem and isinstance(problem[0], TellingError):
            raise problem[0]
        if problem:
            raise TellingError(f"The {channel} failed ({type(problem[0]).__name__}).", "Check the table [alerts].")


# ---------------------------------------------------------------- mail


def send_mail(settings: Alerts, message: Message) -> None:
    """One mail to everyone in ``alerts.mail_to``. Raises ``TellingError``."""
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = message.subject, settings.mail_from, ", ".join(settings.mail_to)
    mail["Date"], mail["Message-ID"] = formatdate(localtime=True), make_msgid(domain="nvqsync.invalid")
    mail["Auto-Submitted"] = "auto-generated"  # no out-of-office answers, please
    mail.set_content(message.text)
    with_server(settings, lambda server: _refused(server.send_message(mail)))


def with_server(settings: Alerts, use: Callable[[smtplib.SMTP], object]) -> None:
    """Connect, secure, log in as the settings say, and hand over the connection. Raises ``TellingError``."""
    where = f"The mail server {settings.smtp_host}:{settings.smtp_port}"
    try:
        with _connected(settings) as server:
            if settings.smtp_tls == "starttls":
                server.starttls(context=_context(settings))
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
            use(server)
    except smtplib.SMTPAuthenticationError as error:
        raise TellingError(f"{where} refuses alerts.smtp_user ({error.smtp_code}).", "Check its password.") from None
    except smtplib.SMTPNotSupportedError:
        step = 'Set alerts.smtp_tls to "tls" if it speaks TLS from the start (port 465).'
        raise TellingError(f"{where} offers no STARTTLS, or no log-in.", step) from None
    except smtplib.SMTPRecipientsRefused:
        raise TellingError(f"{where} refuses every address of alerts.mail_to.", "Check the addresses.") from None
    except smtplib.SMTPResponseException as error:
        step = "Ask its administrator what it wants of alerts.mail_from and this machine."
        raise TellingError(f"{where} refuses the mail ({error.smtp_code}).", step) from None
    except ssl.SSLError:
        step = "Check the name in alerts.smtp_host; name a private authority with alerts.smtp_ca_file."
        raise TellingError(f"{where} has a certificate that is not trusted, or no TLS.", step) from None
    except (OSError, smtplib.SMTPException, ValueError) as error:
        step = "Check alerts.smtp_host and alerts.smtp_port, and that nothing blocks the way."
        raise TellingError(f"{where} cannot be reached ({type(error).__name__}).", step) from None


def _connected(settings: Alerts) -> smtplib.SMTP:
    name = settings.mail_from.rpartition("@")[2].strip("> ") or "localhost"  # no look-up of this machine's own
    place = (settings.smtp_host, settings.smtp_port, name)
    if settings.smtp_tls == "tls":
        return smtplib.SMTP_SSL(*place, timeout=settings.timeout, context=_context(settings))
    return smtplib.SMTP(*place, timeout=settings.timeout)


def _context(settings: Alerts) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(settings.smtp_ca_file) if settings.smtp_ca_file else None)


def _refused(refused: object) -> None:
    if refused:
        step = "Check the addresses; the others got the mail."
        raise TellingError("The mail server refuses some address of alerts.mail_to.", step)


# ---------------------------------------------------------------- web hook


def post(settings: Alerts, message: Message) -> None:
    """One POST of the message's document as JSON. Raises ``TellingError`` unless the answer is 2xx."""
    url = settings.webhook_url.get_secret_value()
    where = f"The web hook at {urlsplit(url).hostname}"
    body = json.dumps(message.document, ensure_ascii=False).encode()
    verify = str(settings.webhook_ca_file) if settings.webhook_ca_file else True
    try:
        with requests.Session() as session:
            session.trust_env = False
            session.headers.update({"Content-Type": "application/json", "User-Agent": "nvqsync"})
            with session.post(
                url, data=body, timeout=settings.timeout, verify=verify, allow_redirects=False, stream=True
            ) as answer:
                status = answer.status_code
    except requests.exceptions.SSLError:
        step = "Name a private authority with alerts.webhook_ca_file."
        raise TellingError(f"{where} has a certificate that is not trusted.", step) from None
    except (requests.RequestException, ValueError) as error:
        step = "Check alerts.webhook_url, and that nothing blocks the way."
        raise TellingError(f"{where} cannot be reached ({type(error).__name__}).", step) from None
    if not 200 <= status < 300:
        raise TellingError(f"{where} answered {status}.", "Check alerts.webhook_url: is it still in use?")
