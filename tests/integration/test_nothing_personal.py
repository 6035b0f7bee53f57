"""A whole rehearsal, then a search for everybody in it through all that leaves the college or is looked at by IT.

The demo's college is read, claimed for, exported, reconciled; its Moodle misbehaves for a while; the doctor looks; all
log lines are kept, the finest too, as the journal gets them and as standard error does. Then metrics, health page, the
monitor's line and the support bundle are fetched.
"""

from __future__ import annotations

import io
import json
import logging
import re
import socket
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from nvqsync import demo
from nvqsync.service import logs
from nvqsync.web.app import WebServer
from tests.rehearsal import answer

ORDINARY = re.compile(r"[a-z]+|\d{1,4}")
"""Words that stand in every log, such as "de" or "4": as somebody's only they would be no find."""


@contextmanager
def everything_logged(folder: Path) -> Iterator[list[str]]:
    """Every log line of ours, of any level, as sent to the journal and as written to standard error."""
    path, kept, stream = folder / "journal", [], io.StringIO()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.bind(str(path))
        journal.setblocking(False)
        handlers = [logs.PlainHandler(stream), Draining(path, journal, kept)]
        loggers = [logging.getLogger(name) for name in ("nvqsync", "connectors", "urllib3", "waitress")]
        for log in loggers:
            log.setLevel(logging.DEBUG)
            for handler in handlers:
                log.addHandler(handler)
        try:
            yield kept
        finally:
            for log in loggers:
                log.setLevel(logging.NOTSET)
                for handler in handlers:
                    log.removeHandler(handler)
            for handler in handlers:
                handler.close()
            kept.append(stream.getvalue())


class Draining(logs.JournalHandler):
    """The journal's handler, with a journal that reads at once: its socket holds a few lines only."""

    def __init__(self, path: Path, journal: socket.socket, kept: list[str]) -> None:
        super().__init__(path, logging.NullHandler())
        self._journal, self._kept = journal, kept

    def emit(self, record: logging.LogRecord) -> None:
        super().emit(record)
        self._kept.append(self._journal.recv(2**20).decode())


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], dict[str, set[str]]]:
    """What was said, by where it stands; and what must not stand there, by what it is."""
    folder = tmp_path_factory.mktemp("demo")
    said: dict[str, str] = {}
    with demo.running(folder / "college", learners=60, seed=5) as running:
        with everything_logged(folder) as lines:
            rehearse(running)
            said |= look(running, folder)
        said["log"] = "\n".join(lines)
        return said, private(running)


def rehearse(running: demo.Demo) -> None:
    """The demo's cycle, a pass while Moodle is in trouble, an export and a reconcile while the portal is away."""
    with running.app.open_store() as store:
        demo.full_cycle(running, store, say=lambda text: None)
    run = lambda *words: answer("--config", str(running.config), *words)  # noqa: E731
    assert run("sync", "--full").status == 1
    with running.moodle.faults.during("database_down", function="mod_assign_get_assignments", times=8):
        run("sync", "--full")
    for fault in ("html_page", "invalid_token", "truncated"):
        with running.moodle.faults.during(fault):
            run("sync", "--full")
    run("claims", "approve", "--all-ready")
    for command in ("export", "reconcile", "backup", "doctor"):
        run(command)


def look(running: demo.Demo, folder: Path) -> dict[str, str]:
    """What IT sees: pages for monitors, the monitor's line, the doctor's words, and the bundle with all its parts."""
    said = {}
    with WebServer(running.app, "127.0.0.1", 0) as server, requests.Session() as session:
        session.trust_env = False
        for path in ("metrics", "health"):
            said[path] = session.get(server.url + path, timeout=20).text
    for words in (("check",), ("doctor",), ("doctor", "--json"), ("support-bundle", str(folder / "support.zip"))):
        done = answer("--config", str(running.config), *words)
        said[" ".join(words)] = done.out + done.err
    with zipfile.ZipFile(folder / "support.zip") as archive:
        return said | {name: archive.read(name).decode() for name in archive.namelist()}


def private(running: demo.Demo) -> dict[str, set[str]]:
    """Everybody in the simulated Moodle and in the registrations, and every secret of the demo."""
    users = list(running.moodle.college.users.values())
    rows = running.moodle.college.register()
    births = {row["date_of_birth"] for row in rows}
    forms = ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%Y%m%d", "%d %B %Y")
    found = {
        "name": {user.full_name for user in users} | {row["name"] for row in rows},
        "surname": {user.last_name for user in users},
        "account": {user.username for user in users} | {user.email for user in users},
        "ID number": {user.id_number for user in users} | {row["id_number"] for row in rows},
        "profile field": {value for user in users for value in user.profile.values()},
        "ULN": {row["uln"] for row in rows},
        "candidate number": {row["candidate_number"] for row in rows},
        "date of birth": {day.strftime(form) for day in births for form in forms},
        "secret": {running.moodle.token, running.portal.credential},
    }
    return {what: {one for one in ones if one and not ORDINARY.fullmatch(one)} for what, ones in found.items()}


def finds(text: str, words: set[str]) -> list[str]:
    """Which of the words stand in a text, as words."""
    return [word for word in words if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text)]


def test_there_is_something_to_search_for(left: tuple[dict[str, str], dict[str, set[str]]]) -> None:
    """Many people, every kind of their data, two secrets; and a search that finds them where they do stand."""
    said, private_ = left
    assert {what for what, ones in private_.items() if len(ones) < 2} == set()
    assert len(private_["name"]) > 60 and len(private_["ULN"]) > 30
    name = sorted(private_["name"])[0]
    assert finds(f"({name})", private_["name"]) == [name]
    assert len(said) >= 17 and all(said.values())


def test_nobody_stands_in_logs_metrics_or_bundle(left: tuple[dict[str, str], dict[str, set[str]]]) -> None:
    """No name, ULN, date of birth, candidate number, ID number, account or secret, anywhere."""
    said, private_ = left
    found = [(where, what, finds(text, words)) for where, text in said.items() for what, words in private_.items()]
    assert [one for one in found if one[2]] == []


def test_the_logs_tell_what_happened(left: tuple[dict[str, str], dict[str, set[str]]]) -> None:
    """They are not empty instead: passes with their figures, unread courses, batches, the portal, a backup."""
    text = left[0]["log"]
    for told in ("NVQSYNC_PASS=2", "NVQSYNC_OUTCOME=failed", "NVQSYNC_CALLS=", "NVQSYNC_BATCH=", "portal's answers",
                 "made and checked", "WARNING nvqsync.sync: pass"):  # fmt: skip
        assert told in text, told


def test_the_bundle_tells_what_a_maintainer_needs(left: tuple[dict[str, str], dict[str, set[str]]]) -> None:
    """Counts, codes and the errors' own words are there; every JSON file is JSON."""
    bundle = {name.partition("/")[2]: text for name, text in left[0].items() if name.startswith("nvqsync-support/")}
    read = {name: json.loads(text) for name, text in bundle.items() if name.endswith(".json")}
    assert read["tables.json"]["rows"]["claims"] > 0
    outcomes = [one["outcome"] for one in read["passes.json"]]
    assert {"failed", "problems"} <= set(outcomes)
    errors = [course["error"] for one in read["passes.json"] for course in one["courses"] if course["error"]]
    assert errors and all("mod_assign" in error or "core_" in error for error in errors)
    assert any(one["id"] == "moodle.site" for one in read["doctor.json"])
    assert "CREATE TABLE claims" in bundle["schema.sql"]
