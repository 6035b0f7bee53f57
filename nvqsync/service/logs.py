"""Where log lines go: to journald with fields when systemd started us, else to standard error. No secrets, no people.

systemd sets ``$JOURNAL_STREAM`` to the device and inode of the stream it connected (systemd.exec(5)); where standard
error is that stream, each line goes to journald's socket by its native protocol, with its level as the syslog priority
and its facts as fields (``journalctl NVQSYNC_PASS=812``, ``-o json``). Where that socket cannot be reached, lines go to
standard error with their level as sd-daemon(3)'s prefix (``<4>``), which journald and others understand.
"""

from __future__ import annotations

import errno
import logging
import os
import socket
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TextIO

JOURNAL = Path("/run/systemd/journal/socket")
LONGEST = 30_000
"""Bytes of a message that the journal did not take whole."""
PRIORITIES = {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}


def event(log: logging.Logger, level: int, message: str, **fields: object) -> None:
    """One line with its facts as fields: ``course=42`` arrives in the journal as ``NVQSYNC_COURSE=42``.

    Neither holds a name, a number of a person, or a secret: say ids of courses, batches and claims, and counts.
    """
    log.log(level, message, extra={"fields": fields}, stacklevel=2)


# ---------------------------------------------------------------- one line, as bytes (pure)


def priority(level: int) -> int:
    """The syslog priority of a level: 0 is the worst, 7 is for debugging."""
    return next((number for known, number in PRIORITIES.items() if level >= known), 7)


def journal_fields(record: logging.LogRecord, message: str) -> dict[str, str]:
    """A line as the journal's fields, in systemd.journal-fields(7)'s names; ours begin with ``NVQSYNC_``."""
    facts: Mapping[str, object] = getattr(record, "fields", {})
    return {
        "MESSAGE": message,
        "PRIORITY": str(priority(record.levelno)),
        "SYSLOG_IDENTIFIER": "nvqsync",
        "NVQSYNC_LOGGER": record.name,
        "CODE_FILE": record.pathname,
        "CODE_LINE": str(record.lineno),
        "CODE_FUNC": record.funcName or "",
        **{f"NVQSYNC_{name.upper()}": str(value) for name, value in facts.items() if value is not None},
    }


def datagram(fields: Mapping[str, str]) -> bytes:
    """Fields as journald's native protocol has them: ``NAME=value``, or name, length and bytes for several lines."""
    return b"".join(_field(name.encode(), value.encode(errors="replace")) for name, value in fields.items())


def _field(name: bytes, value: bytes) -> bytes:
    if b"\n" in value:
        return name + b"\n" + len(value).to_bytes(8, "little") + value + b"\n"
    return name + b"=" + value + b"\n"


# ---------------------------------------------------------------- handlers


class Hiding:
    """Takes known secrets out of every line: the last line of defence."""

    def __init__(self) -> None:
        self._secrets: tuple[str, ...] = ()

    def keep_out(self, secrets: Iterable[str]) -> None:
        """From now on these never appear in a line."""
        self._secrets = tuple({*self._secrets, *(secret for secret in secrets if len(secret) >= 6)})

    def __call__(self, text: str) -> str:
        """The text without them."""
        for secret in self._secrets:
            text = text.replace(secret, "[secret]")
        return text


hiding = Hiding()
"""What ``bootstrap`` tells the secrets of the settings."""


class PlainHandler(logging.StreamHandler[TextIO]):
    """Lines on a stream: for a person ``WARNING nvqsync.sync: ...``, for systemd ``<4>nvqsync.sync: ...``."""

    def __init__(self, stream: TextIO, *, prefixed: bool = False) -> None:
        super().__init__(stream)
        self._prefixed = prefixed

    def format(self, record: logging.LogRecord) -> str:
        """The line; one that runs over several gets the prefix on each."""
        text = hiding(super().format(record))
        if not self._prefixed:
            return f"{record.levelname} {record.name}: {text}"
        return "\n".join(f"<{priority(record.levelno)}>{record.name}: {line}" for line in text.splitlines() or [""])


class JournalHandler(logging.Handler):
    """Lines to journald's socket. What it does not take goes to ``otherwise``."""

    def __init__(self, path: Path, otherwise: logging.Handler) -> None:
        super().__init__()
        self._path, self._otherwise = str(path), otherwise
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(2)

    def emit(self, record: logging.LogRecord) -> None:
        """Send one line, cut short where it is too long for a datagram."""
        fields = {name: hiding(value) for name, value in journal_fields(record, self.format(record)).items()}
        try:
            try:
                self._socket.sendto(datagram(fields), self._path)
            except OSError as error:
                if error.errno != errno.EMSGSIZE:
                    raise
                short = fields["MESSAGE"].encode()[:LONGEST].decode(errors="ignore")
                self._socket.sendto(datagram({**fields, "MESSAGE": f"{short} [cut]"}), self._path)
        except OSError:
            self._otherwise.handle(record)

    def close(self) -> None:
        """Give back the socket."""
        self._socket.close()
        super().close()


# ---------------------------------------------------------------- choosing one


def started_by_systemd(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether a stream is the one that systemd connected to the journal."""
    try:
        told = os.fstat(stream.fileno())
    except (OSError, ValueError, AttributeError):
        return False
    return environment.get("JOURNAL_STREAM") == f"{told.st_dev}:{told.st_ino}"


def handler_for(stream: TextIO, environment: Mapping[str, str], journal: Path = JOURNAL) -> logging.Handler:
    """The handler that suits where we were started."""
    by_systemd = started_by_systemd(stream, environment)
    plain = PlainHandler(stream, prefixed=by_systemd)
    return JournalHandler(journal, plain) if by_systemd and journal.exists() else plain


def set_up(*, verbose: bool, make: Callable[[TextIO, Mapping[str, str]], logging.Handler] = handler_for) -> None:
    """Send log lines where they belong, once a process; a handler that somebody else put there stays alone."""
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(make(sys.stderr, os.environ))
        root.setLevel(logging.INFO if verbose else logging.WARNING)
        if started_by_systemd(sys.stderr, os.environ):
            logging.getLogger("nvqsync").setLevel(logging.INFO)
