"""``nvqsync alerts``, the doctor's lines on mail and web hook, and the facts that alerts rest on, from a real store."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from nvqsync.bootstrap import App, bootstrap
from nvqsync.findings import Status
from nvqsync.health import situation
from nvqsync.health.alerts import Closing, Waiting
from nvqsync.health.doctor import ways_to_tell
from tests.hook_server import HookServer
from tests.mail_server import CERTIFICATE, PASSWORD, USER, MailServer
from tests.rehearsal import CENTRE_FACTS, Rehearsal, rehearsing


@pytest.fixture
def rehearsal(tmp_path: Path):
    with rehearsing(tmp_path) as running:
        running.college.finish(0)
        yield running


def app_of(rehearsal: Rehearsal) -> App:
    return bootstrap(rehearsal.folder / "nvqsync.toml")


def tell_by(rehearsal: Rehearsal, server: MailServer, hook: HookServer) -> None:
    rehearsal.add_settings(
        f'[alerts]\nmail_to = ["it@college.example.test"]\nmail_from = "nvqsync@college.example.test"\n'
        f'smtp_host = "127.0.0.1"\nsmtp_port = {server.port}\nsmtp_ca_file = {json.dumps(str(CERTIFICATE))}\n'
        f'smtp_user = "{USER}"\nsmtp_password_file = "password"\nwebhook_url = "{hook.url}"\ntimeout = 5\ndisk_mb = 0\n'
    )
    (rehearsal.folder / "password").write_text(f"{PASSWORD}\n", encoding="utf-8")


def test_a_test_goes_by_every_way_that_is_set(rehearsal: Rehearsal) -> None:
    """One mail and one post arrive, and both are said to have been sent."""
    with MailServer(wants=(USER, PASSWORD)) as server, HookServer() as hook:
        tell_by(rehearsal, server, hook)
        answer = rehearsal.run("alerts", "test")
    assert (answer.status, answer.out) == (0, "mail: sent.\nwebhook: sent.\n")
    assert server.mails[0].mail["Subject"] == "nvqsync at Exampleton College: a test"
    assert hook.posts[0]["kind"] == "test"


def test_a_test_that_fails_says_which_way_and_what_to_do(rehearsal: Rehearsal) -> None:
    """The other way is tried all the same; status 3."""
    with MailServer(wants=(USER, "another")) as server, HookServer() as hook:
        tell_by(rehearsal, server, hook)
        answer = rehearsal.run("alerts", "test")
    assert answer.status == 3
    assert answer.out == "webhook: sent.\n"
    assert "Check its password." in answer.err
    assert PASSWORD not in answer.err


def test_a_test_with_nobody_to_tell_says_what_to_set(rehearsal: Rehearsal) -> None:
    """Status 2, and the settings by name."""
    answer = rehearsal.run("alerts", "test")
    assert answer.status == 2
    assert "webhook_url" in answer.err


def test_the_list_tells_what_stands_now(rehearsal: Rehearsal) -> None:
    """Nothing at first; with a disk that would have to be larger than any, one alert, status 1, in JSON too."""
    rehearsal.add_settings("[alerts]\ndisk_mb = 0\n")
    assert rehearsal.run("alerts", "list").out == "No alert stands.\n"
    text = (rehearsal.folder / "nvqsync.toml").read_text(encoding="utf-8")
    (rehearsal.folder / "nvqsync.toml").write_text(text.replace("disk_mb = 0", "disk_mb = 1000000000"), "utf-8")
    answer = rehearsal.run("alerts", "list")
    assert answer.status == 1
    assert "disk:database (not told yet)" in answer.out
    told = rehearsal.run("alerts", "list", "--json").json
    assert told["channels"] == []
    assert [(one["id"], one["since"], one["told"]) for one in told["alerts"]] == [("disk:database", None, [])]


def test_the_doctor_looks_at_mail_and_web_hook(rehearsal: Rehearsal) -> None:
    """Nobody to tell is a warning; a server that takes the log-in is well; one that is gone fails with the remedy."""
    assert [one.status for one in ways_to_tell(app_of(rehearsal))] == [Status.WARN]
    with MailServer(wants=(USER, PASSWORD)) as server, HookServer() as hook:
        tell_by(rehearsal, server, hook)
        well = list(ways_to_tell(app_of(rehearsal)))
    assert [(one.id, one.status) for one in well] == [("alerts.mail", Status.OK), ("alerts.webhook", Status.OK)]
    assert (server.mails, hook.posts) == ([], [])  # looking sends nothing
    gone = list(ways_to_tell(app_of(rehearsal)))
    assert (gone[0].status, bool(gone[0].next_step)) == (Status.FAIL, True)
    assert "7d1f" not in "".join(one.says for one in well + gone)


# ---------------------------------------------------------------- facts


def test_what_stands_is_read_from_a_real_database(rehearsal: Rehearsal) -> None:
    """Claims in each plight, a course that waits, a closing date and the backup's age, each found as it was made."""
    rehearsal.know(CENTRE_FACTS.replace('certification_end = "none"', "certification_end = 2027-01-31"))
    assert rehearsal.run("sync").status == 0
    app = app_of(rehearsal)
    made = json.loads(rehearsal.run("backup", "--json").out)["made_at"]
    with app.open_store() as store:
        plain = situation.read_records(app, store)
        claim = store.rows("SELECT id, created_at FROM claims")[0]
        with store.writing():
            marks = json.dumps([["IQA-1/action", "Open."]]), json.dumps([["CERT-1", "Lost."]])
            store.execute("UPDATE claims SET blockers = ?, cautions = ?", marks)
            store.execute("INSERT INTO alarms VALUES ('2', 'vanished', 5)")
        iqa = situation.read_records(app, store)
        with store.writing():
            store.execute("UPDATE claims SET status = 'unknown', updated_at = 77")
        unknown = situation.read_records(app, store)
        with store.writing():
            store.execute("UPDATE claims SET status = 'withdrawn'")
        withdrawn = situation.read_records(app, store)
    assert plain.unregistered == plain.unreleased == Waiting(1, claim["created_at"])
    assert (plain.recalls, plain.alarms, plain.unknown) == ((), {}, None)
    assert plain.closing == (Closing("OCR/03455", dt.date(2027, 1, 31), 1),)
    assert plain.backup_at == int(dt.datetime.fromisoformat(made).timestamp())
    assert plain.first_pass_at
    assert iqa.unreleased == Waiting(1, claim["created_at"])
    assert (iqa.unregistered, iqa.recalls, iqa.alarms) == (None, (claim["id"],), {"2": {"vanished"}})
    assert (unknown.unknown, unknown.closing) == (Waiting(1, 77), ())
    assert (withdrawn.recalls, withdrawn.unknown, withdrawn.unreleased) == ((), None, None)


def test_a_course_is_unread_after_as_many_failures_as_are_set(rehearsal: Rehearsal) -> None:
    """Twice is a hiccup, three times in a row an alert, and one good reading ends it."""
    other = rehearsal.college.moodle.add_course("CS9", "Another", "OCR/03454")
    rehearsal.run("sync")
    app = app_of(rehearsal)

    def unread() -> tuple[str, ...]:
        with app.open_store(read_only=True) as store:
            return situation.read_records(app, store).unread

    seen = []
    rehearsal.moodle.locked_out = "error"
    with rehearsal.moodle.faults.during("course_not_accessible", function="mod_assign_get_grades"):
        for _ in range(3):
            rehearsal.run("sync", "--full")
            seen.append(unread())
    assert other
    assert seen[0] == seen[1] == ()
    rehearsal.run("sync", "--full")
    assert unread() == ()
