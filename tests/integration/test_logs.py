"""Log lines: to journald with fields when systemd started us, with its prefix or plain when not."""

from __future__ import annotations

import io
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nvqsync.service import logs
from tests.rehearsal import rehearsing

NAME = "nvqsync.tests.logs"


class Journal:
    """journald's side of its socket: keeps what arrives, decoded as its protocol says."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.settimeout(5)

    def entry(self) -> dict[str, str]:
        """The next entry's fields."""
        return decoded(self._socket.recv(2**20))

    def close(self) -> None:
        """No one listens any more."""
        self._socket.close()
        self.path.unlink()


def decoded(sent: bytes) -> dict[str, str]:
    """Fields out of a datagram, read from its specification and not from our writer."""
    fields = {}
    while sent:
        line, _, rest = sent.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            length = int.from_bytes(rest[:8], "little")
            value, rest = rest[8 : 8 + length], rest[8 + length + 1 :]
        fields[name.decode()] = value.decode()
        sent = rest
    return fields


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    found = Journal(tmp_path / "journal")
    yield found
    if found.path.exists():
        found.close()


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    """A logger of our own, which hands on to nobody."""
    found = logging.getLogger(NAME)
    found.propagate = False
    found.setLevel(logging.DEBUG)
    yield found
    for handler in [*found.handlers]:
        found.removeHandler(handler)
        handler.close()


def test_a_line_arrives_with_its_fields(journal: Journal, log: logging.Logger) -> None:
    """Message, priority, who says it and where, and the facts under names of ours; what is not known has no field."""
    log.addHandler(logs.JournalHandler(journal.path, logging.NullHandler()))
    logs.event(log, logging.WARNING, "course 42 cannot be read", course="42", calls=7, retries=None)
    entry = journal.entry()
    expected = {"MESSAGE": "course 42 cannot be read", "PRIORITY": "4", "SYSLOG_IDENTIFIER": "nvqsync",
                "NVQSYNC_LOGGER": NAME, "NVQSYNC_COURSE": "42", "NVQSYNC_CALLS": "7",
                "CODE_FUNC": "test_a_line_arrives_with_its_fields"}  # fmt: skip
    assert expected.items() <= entry.items()
    assert entry["CODE_FILE"] == __file__
    assert "NVQSYNC_RETRIES" not in entry


@pytest.mark.parametrize(
    ("level", "priority"), [(logging.CRITICAL, "2"), (logging.ERROR, "3"), (logging.INFO, "6"), (logging.DEBUG, "7")]
)
def test_levels_are_syslogs(level: int, priority: str, journal: Journal, log: logging.Logger) -> None:
    """``journalctl -p warning`` finds what it should."""
    log.addHandler(logs.JournalHandler(journal.path, logging.NullHandler()))
    log.log(level, "x")
    assert journal.entry()["PRIORITY"] == priority


def test_several_lines_and_a_traceback_are_one_entry(journal: Journal, log: logging.Logger) -> None:
    """What runs over several lines is sent with its length, and cannot forge a field."""
    log.addHandler(logs.JournalHandler(journal.path, logging.NullHandler()))
    log.info("first\nPRIORITY=0\nlast = é")
    entry = journal.entry()
    assert (entry["MESSAGE"], entry["PRIORITY"]) == ("first\nPRIORITY=0\nlast = é", "6")
    try:
        raise KeyError("lost")
    except KeyError:
        log.exception("a bug")
    assert journal.entry()["MESSAGE"].endswith("KeyError: 'lost'")


def test_a_line_too_long_for_a_datagram_is_cut(journal: Journal, log: logging.Logger) -> None:
    """It arrives, shortened, and says so."""
    log.addHandler(logs.JournalHandler(journal.path, logging.NullHandler()))
    log.error("é" * 3_000_000)
    message = journal.entry()["MESSAGE"]
    assert message.startswith("ééé") and message.endswith(" [cut]")


def test_without_the_journal_nothing_is_lost(journal: Journal, log: logging.Logger) -> None:
    """A journal that is restarted loses no line: it goes to standard error, its level as a prefix on each line."""
    stream = io.StringIO()
    log.addHandler(logs.JournalHandler(journal.path, logs.PlainHandler(stream, prefixed=True)))
    journal.close()
    log.error("one\ntwo")
    assert stream.getvalue() == f"<3>{NAME}: one\n<3>{NAME}: two\n"


def test_a_person_reads_plain_lines(log: logging.Logger) -> None:
    """At a terminal the level is a word."""
    stream = io.StringIO()
    log.addHandler(logs.handler_for(stream, {}))
    log.warning("mind")
    assert stream.getvalue() == f"WARNING {NAME}: mind\n"


def test_a_secret_never_stands_in_a_line(journal: Journal, log: logging.Logger) -> None:
    """Not in a message, a field, an argument or a traceback, once it is known to be one."""
    logs.hiding.keep_out(["a-secret-of-this-test"])
    log.addHandler(logs.JournalHandler(journal.path, logging.NullHandler()))
    stream = io.StringIO()
    log.addHandler(logs.PlainHandler(stream))
    logs.event(log, logging.INFO, "token a-secret-of-this-test", token="a-secret-of-this-test")
    try:
        raise ValueError("a-secret-of-this-test")
    except ValueError:
        log.exception("failed with %s", "a-secret-of-this-test")
    assert "a-secret-of-this-test" not in stream.getvalue() + str(journal.entry()) + str(journal.entry())


def test_the_program_finds_out_who_started_it(tmp_path: Path) -> None:
    """A real process: with standard error as systemd's stream, lines carry prefixes and passes are told as they end."""
    with rehearsing(tmp_path) as rehearsal, (tmp_path / "stderr").open("w+b") as stream:
        told = os.fstat(stream.fileno())
        variables = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-m", "nvqsync", "--config", str(rehearsal.folder / "nvqsync.toml"), "sync"]
        for environment in ({"JOURNAL_STREAM": f"{told.st_dev}:{told.st_ino}"}, {"JOURNAL_STREAM": "1:1"}, {}):
            done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=stream, check=False, timeout=120,
                                  env=variables | environment)  # fmt: skip
            assert done.returncode == 0
        stream.seek(0)
        lines = stream.read().decode().splitlines()
    if logs.JOURNAL.exists():
        assert lines == []
    else:
        assert lines == ["<6>nvqsync.sync: pass 1: done, 1 courses"]
