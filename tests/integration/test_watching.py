"""Watching a real nvqsync: a scrape of /metrics, /health and ``nvqsync check``, well and unwell."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from nvqsync.bootstrap import bootstrap
from nvqsync.service.locks import only_one
from nvqsync.store import Store
from nvqsync.web.app import WebServer
from tests.rehearsal import Answered, Rehearsal, rehearsing, small_college


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Rehearsal]:
    with rehearsing(tmp_path, small_college(now=int(time.time()))) as running:
        yield running


def ask(rehearsal: Rehearsal, path: str) -> requests.Response:
    """One request to pages of the rehearsal's own, which are there just as long."""
    app = bootstrap(rehearsal.folder / "nvqsync.toml")
    with WebServer(app, "127.0.0.1", 0) as server, requests.Session() as session:
        session.trust_env = False
        return session.get(server.url + path, timeout=20)


def scrape(rehearsal: Rehearsal) -> dict[str, float]:
    """What Prometheus would keep of one scrape."""
    answer = ask(rehearsal, "metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    pairs = (line.rpartition(" ") for line in answer.text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in pairs}


def check(rehearsal: Rehearsal, *options: str) -> Answered:
    """The monitor's command: one line, whatever happens."""
    answered = rehearsal.run("check", *options)
    assert answered.out.count("\n") == 1, answered.out
    return answered


def test_a_scrape_tells_what_a_pass_did(rehearsal: Rehearsal) -> None:
    """Claims by status, the requests that the simulated Moodle counted too, sizes and ages, from a real database."""
    rehearsal.college.finish(0)
    before = rehearsal.moodle.calls.total()
    rehearsal.run("sync")
    sent = rehearsal.moodle.calls.total() - before
    rehearsal.register(0)
    rehearsal.run("backup")
    found = scrape(rehearsal)
    assert found['nvqsync_claims{status="proposed"}'] == 1
    assert found["nvqsync_last_pass_calls"] == found["nvqsync_recent_calls"] == sent > 0
    assert found["nvqsync_last_pass_retries"] == found["nvqsync_last_pass_failures"] == 0
    assert found["nvqsync_database_bytes"] >= rehearsal.database().stat().st_size
    for moment in ("last_good_pass", "last_pass", "oldest_roster", "backup"):
        assert abs(time.time() - found[f"nvqsync_{moment}_timestamp_seconds"]) < 120


def test_retries_and_unread_courses_are_counted(rehearsal: Rehearsal) -> None:
    """A Moodle that is busy once costs a retry; a course that cannot be read is a failure of the pass."""
    rehearsal.run("sync")
    with rehearsal.moodle.faults.during("database_down", times=1):
        rehearsal.run("sync", "--full")
    assert scrape(rehearsal)["nvqsync_last_pass_retries"] == 1
    with rehearsal.moodle.faults.during("database_down", function="core_enrol_get_enrolled_users"):
        rehearsal.run("sync", "--full")
    found = scrape(rehearsal)
    assert (found["nvqsync_last_pass_failures"], found["nvqsync_failing_passes"]) == (1, 1)
    assert found["nvqsync_recent_failures"] == 1


def test_reading_a_learner_again_is_no_good_pass(rehearsal: Rehearsal) -> None:
    """The age of the last good pass is that of the last pass over the whole college."""
    rehearsal.run("sync")
    with Store(rehearsal.database()) as store:
        store.execute("UPDATE passes SET started_at = started_at - 9000, finished_at = finished_at - 9000")
    whole = scrape(rehearsal)["nvqsync_last_good_pass_timestamp_seconds"]
    rehearsal.run("sync", "--learner", "S0")
    found = scrape(rehearsal)
    assert found["nvqsync_last_good_pass_timestamp_seconds"] == whole
    assert found["nvqsync_last_pass_timestamp_seconds"] > whole + 8000


def test_metrics_can_be_switched_off(rehearsal: Rehearsal) -> None:
    """With ``web.metrics`` off there is nothing at the address; the health page stays."""
    rehearsal.run("sync")
    rehearsal.add_settings("[web]\nmetrics = false\n")
    assert ask(rehearsal, "metrics").status_code == 404
    assert ask(rehearsal, "health").status_code == 200


def test_without_a_database_a_scrape_says_so(rehearsal: Rehearsal) -> None:
    """The scrape succeeds, so that an alert on ``nvqsync_database_readable`` can fire."""
    for path in rehearsal.folder.glob("nvqsync.db*"):
        path.unlink()
    assert scrape(rehearsal)["nvqsync_database_readable"] == 0
    assert ask(rehearsal, "health").status_code == 503


def test_health_says_what_check_says(rehearsal: Rehearsal) -> None:
    """The same verdict on the page and on the command line, with the figures beside it."""
    rehearsal.run("sync")
    answer = ask(rehearsal, "health").json()
    assert answer["check"]["state"] == "ok"
    assert answer["last_good_pass_age"] < 120
    with Store(rehearsal.database()) as store:
        store.execute("UPDATE passes SET finished_at = finished_at - 90000")
    answer = ask(rehearsal, "health").json()
    assert (answer["status"], answer["check"]["state"]) == ("ok", "critical")
    assert "25 hours ago" in answer["check"]["says"]


def test_check_is_well_then_unwell(rehearsal: Rehearsal) -> None:
    """0 after a pass; an unknown claim and an alarm are named with their age, under limits that can be moved."""
    rehearsal.college.finish(0)
    rehearsal.run("sync")
    rehearsal.register(0)
    assert check(rehearsal).status == 0
    with Store(rehearsal.database()) as store:
        store.execute("UPDATE claims SET status = 'unknown', updated_at = updated_at - 18000")
        store.execute("INSERT INTO alarms VALUES ('2', 'vanished', 1)")
    found = check(rehearsal)
    assert found.status == 1
    assert "without an answer for 5 hours" in found.out and "1 vanished" in found.out
    assert check(rehearsal, "--unknown-age", "1,4").status == 2
    assert check(rehearsal, "--unknown-age", ",", "--alarms", "2").status == 0


def test_a_course_of_last_year_makes_no_roster_old(rehearsal: Rehearsal) -> None:
    """Its roster is read no more and ages for ever; only those of the courses that are followed still count."""
    course = rehearsal.college.course
    rehearsal.run("sync")
    rehearsal.college.moodle.set_course_id_number(course, "LAST-YEAR")
    rehearsal.run("sync")
    assert rehearsal.run("confirm", "unmapped", str(course.id), "--why", "Last year's.").status == 0
    with Store(rehearsal.database()) as store:
        store.execute("UPDATE bookmarks SET at = at - 30 * 86400")
    rehearsal.run("sync")
    found = check(rehearsal)
    assert (found.status, "roster" in found.out) == (0, False), found.out
    assert "too long" not in rehearsal.run("status").out


def test_check_follows_how_often_passes_are_made(rehearsal: Rehearsal) -> None:
    """A college that reads once a day is not late after five hours."""
    rehearsal.run("sync")
    with Store(rehearsal.database()) as store:
        store.execute("UPDATE passes SET finished_at = finished_at - 18000")
    assert check(rehearsal).status == 2
    assert ask(rehearsal, "health").json()["check"]["state"] == "critical"
    rehearsal.add_settings("[daemon]\nevery_minutes = 1440\n")
    assert check(rehearsal).status == 0
    assert ask(rehearsal, "health").json()["check"]["state"] == "ok"


def test_check_needs_no_service_and_touches_nothing(rehearsal: Rehearsal) -> None:
    """Beside a daemon, a pass and a writer it answers; the database's rows are what they were."""
    rehearsal.run("sync")
    with only_one(rehearsal.database(), "daemon"), only_one(rehearsal.database(), "pass"), Store(
        rehearsal.database()
    ) as store, store.writing():  # fmt: skip
        before = list(store.db.conn.iterdump())
        assert check(rehearsal).status == 0
        assert list(store.db.conn.iterdump()) == before


def test_check_of_nothing_and_of_rubbish(rehearsal: Rehearsal) -> None:
    """No database and a damaged one are critical; settings that cannot be read and a wrong option are unknown."""
    assert check(rehearsal).status == 2
    assert check(rehearsal, "--alarms", "3,1").status == 3
    assert check(rehearsal, "--no-such-option").status == 3
    rehearsal.database().write_bytes(b"not a database, but long enough to be read as one" * 30)
    found = check(rehearsal)
    assert (found.status, "not a database" in found.out) == (2, True)
    rehearsal.add_settings("[centre\n")
    assert check(rehearsal).status == 3


def test_a_database_without_tables_is_told(rehearsal: Rehearsal) -> None:
    """A file that another program made, or a first start that was cut short, is trouble in words."""
    sqlite3.connect(rehearsal.database()).close()
    assert check(rehearsal).status == 2
