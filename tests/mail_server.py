"""A mail server on loopback that keeps what it is sent: enough SMTP for a client, with STARTTLS and a log-in.

``with MailServer() as server: ... server.port ... server.mails``. It is spoken to over real sockets and real TLS; the
certificate is the one in ``tests/tls``, good for 127.0.0.1.
"""

from __future__ import annotations

import base64
import email
import email.policy
import socket
import socketserver
import ssl
import time
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Self

from tests.loopback import Loopback

TLS = Path(__file__).parent / "tls"
CERTIFICATE, KEY = TLS / "cert.pem", TLS / "key.pem"
USER, PASSWORD = "nvqsync", "correct horse"


def tls_context() -> ssl.SSLContext:
    """The server's side of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, KEY)
    return context


@dataclass
class Received:
    """One mail, with the envelope and whether it came over TLS from somebody who had logged in."""

    sender: str
    to: list[str]
    mail: EmailMessage
    tls: bool
    logged_in: bool


@dataclass
class MailServer(Loopback):
    """``wants`` is the log-in it asks for; ``says`` answers a command with other words; ``trickle`` never ends."""

    starttls: bool = True
    tls: bool = False
    wants: tuple[str, str] | None = None
    says: dict[str, str] = field(default_factory=dict)
    trickle: bool = False
    mails: list[Received] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        server = _Server(("127.0.0.1", 0), _Conversation)
        server.owner = self
        self.port = self.serve(server)
        return self


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = False
    owner: MailServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news."""


class _Conversation(socketserver.BaseRequestHandler):
    server: _Server
    request: socket.socket

    def handle(self) -> None:
        owner, self.secure, self.logged_in, self.sender, self.to = self.server.owner, False, False, "", list[str]()
        if owner.trickle:
            self._trickle(owner)
            return
        if owner.tls:
            self._secure()
        self._file = self.request.makefile("rb")
        try:
            self._answer("220 mail.example.test ready")
            while line := self._file.readline():
                text = line.decode().strip()
                owner.commands.append(text)
                if not self._one(owner, text):
                    return
        finally:
            self._file.close()
            self.request.close()  # of TLS, which has taken the socket over

    def _trickle(self, owner: MailServer) -> None:
        """A greeting that goes on and on, a byte at a time."""
        while not owner.stopping.wait(0.05):
            self.request.sendall(b"2")

    def _secure(self) -> None:
        self.request = tls_context().wrap_socket(self.request, server_side=True)
        self.secure = True

    def _answer(self, words: str) -> None:
        self.request.sendall(f"{words}\r\n".encode())

    def _one(self, owner: MailServer, text: str) -> bool:
        word = text.partition(" ")[0].upper()
        if word in owner.says:
            self._answer(owner.says[word])
            return True
        match word:
            case "EHLO" | "HELO":
                offers = ["mail.example.test"]
                offers += ["STARTTLS"] if owner.starttls and not self.secure else []
                offers += ["AUTH PLAIN"] if owner.wants else []
                self._answer("\r\n".join([*(f"250-{offer}" for offer in offers[:-1]), f"250 {offers[-1]}"]))
            case "STARTTLS":
                self._answer("220 go on")
                self._file.close()
                self._secure()
                self._file = self.request.makefile("rb")
            case "AUTH":
                self._log_in(owner, text)
            case "MAIL":
                self.sender = text.partition("<")[2].partition(">")[0]
                self.to = []
                self._answer("250 ok" if self.logged_in or not owner.wants else "530 log in first")
            case "RCPT":
                self.to.append(text.partition("<")[2].partition(">")[0])
                self._answer("250 ok")
            case "DATA":
                self._take(owner)
            case "QUIT":
                self._answer("221 bye")
                return False
            case _:
                self._answer("250 ok")
        return True

    def _log_in(self, owner: MailServer, text: str) -> None:
        _, user, password = base64.b64decode(text.split()[2]).decode().split("\0")
        self.logged_in = (user, password) == owner.wants
        self._answer("235 welcome" if self.logged_in else "535 no")

    def _take(self, owner: MailServer) -> None:
        self._answer("354 go on")
        raw = b""
        while (line := self._file.readline()) not in (b".\r\n", b""):
            raw += line
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        owner.mails.append(Received(self.sender, self.to, mail, self.secure, self.logged_in))
        self._answer("250 kept")


def wait_for(mails: list[Any], count: int, seconds: float = 30) -> None:
    """Wait until so many have come."""
    deadline = time.monotonic() + seconds
    while len(mails) < count:
        assert time.monotonic() < deadline, f"{len(mails)} of {count} came"
        time.sleep(0.02)
