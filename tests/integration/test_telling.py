"""Alerts by real mail and real HTTP: who gets them, when, in which words, and that no failure stops a pass."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nvqsync.bootstrap import App, bootstrap
from nvqsync.clock import LONDON
from nvqsync.daemon import Daemon
from nvqsync.errors import TellingError
from nvqsync.health.messages import Message
from nvqsync.health.telling import HOOK, MAIL, Teller
from nvqsync.settings import Alerts
from tests.hook_server import HookServer
from tests.mail_server import CERTIFICATE, PASSWORD, USER, MailServer
from tests.rehearsal import ULNS, Rehearsal, rehearsing

MESSAGE = Message("nvqsync: a test – ’Ærø’", "All is well – ’Ærø’.\n", {"kind": "test", "text": "’Ærø’"})


def by_mail(server: MailServer, **other: object) -> Alerts:
    """Settings for this server."""
    told = {"mail_to": ["it@college.example.test"], "mail_from": "nvqsync <nvqsync@college.example.test>",
            "smtp_host": "127.0.0.1", "smtp_port": server.port, "smtp_ca_file": CERTIFICATE, "timeout": 5}  # fmt: skip
    return Alerts(**(told | other))


# ---------------------------------------------------------------- mail


def test_a_mail_goes_over_tls_after_a_log_in() -> None:
    """STARTTLS first, then the password, then one mail that everyone is an addressee of, in any letters."""
    with MailServer(wants=(USER, PASSWORD)) as server:
        to = ["it@college.example.test", "exams@college.example.test"]
        Teller(by_mail(server, mail_to=to, smtp_user=USER, smtp_password=PASSWORD)).tell(MAIL, MESSAGE)
    (received,) = server.mails
    assert (received.tls, received.logged_in, received.to) == (True, True, to)
    assert received.sender == "nvqsync@college.example.test"
    assert received.mail["Subject"] == MESSAGE.subject
    assert received.mail.get_content().replace("\r\n", "\n") == MESSAGE.text
    assert received.mail["Auto-Submitted"] == "auto-generated"
    assert received.mail["Date"].datetime
    assert [line for line in server.commands if PASSWORD in line] == []
    assert server.commands[0] == "ehlo college.example.test"


def test_a_server_that_speaks_tls_from_the_start_is_spoken_to_so() -> None:
    """Port 465: no STARTTLS, everything inside TLS."""
    with MailServer(tls=True) as server:
        Teller(by_mail(server, smtp_tls="tls")).tell(MAIL, MESSAGE)
    assert server.mails[0].tls


def test_a_server_on_this_machine_may_do_without_tls() -> None:
    """``none`` is for a mail server on loopback that takes anything."""
    with MailServer(starttls=False) as server:
        Teller(by_mail(server, smtp_tls="none")).tell(MAIL, MESSAGE)
    assert not server.mails[0].tls


@pytest.mark.parametrize(
    ("server", "changes", "says"),
    [
        (MailServer(starttls=False), {}, "offers no STARTTLS"),
        (MailServer(), {"smtp_ca_file": None}, "certificate that is not trusted"),
        (MailServer(wants=(USER, PASSWORD)), {"smtp_user": USER, "smtp_password": "wrong one"}, "refuses alerts.smtp"),
        (MailServer(says={"MAIL": "550 not from you, nvqsync@college.example.test"}), {}, "refuses the mail (550)"),
        (MailServer(says={"RCPT": "550 no such person it@college.example.test"}), {}, "refuses every address"),
        (MailServer(trickle=True), {"timeout": 0.2}, "takes too long"),
        (MailServer(), {"smtp_port": 9}, "cannot be reached"),
    ],
)  # fmt: skip
def test_what_goes_wrong_with_mail_is_a_sentence_with_the_remedy(
    server: MailServer, changes: dict[str, object], says: str
) -> None:
    """Each failure has its words and a next step, in good time, and holds no password and no server's words."""
    with server, pytest.raises(TellingError) as caught:
        started = time.monotonic()
        Teller(by_mail(server, **changes)).tell(MAIL, MESSAGE)
    assert time.monotonic() - started < 15
    assert says in caught.value.says
    assert caught.value.next_step
    assert "wrong one" not in str(caught.value)
    assert "no such person" not in str(caught.value)
    assert server.mails == []


def test_a_server_that_still_holds_the_last_attempt_is_not_given_another() -> None:
    """A far end that trickles gets one thread, however often there is something to tell."""
    with MailServer(trickle=True) as server:
        teller = Teller(by_mail(server, timeout=0.1))
        for says in ("takes too long", "still on its way"):
            with pytest.raises(TellingError, match=says):
                teller.tell(MAIL, MESSAGE)


# ---------------------------------------------------------------- web hook


def test_a_web_hook_gets_the_document() -> None:
    """One POST of JSON, in any letters, with a ``text`` for chat programs."""
    with HookServer() as hook:
        Teller(Alerts(webhook_url=hook.url)).tell(HOOK, MESSAGE)
    assert hook.posts == [MESSAGE.document]
    assert hook.headers[0]["Content-Type"] == "application/json"


@pytest.mark.parametrize(("status", "says"), [(500, "answered 500"), (404, "answered 404"), (302, "answered 302")])
def test_a_web_hook_that_says_no_is_told_without_its_address(status: int, says: str) -> None:
    """A redirect is not followed, and the path, which is as good as a password, stands in no error."""
    with HookServer(status) as hook, pytest.raises(TellingError, match=says) as caught:
        Teller(Alerts(webhook_url=hook.url)).tell(HOOK, MESSAGE)
    assert "7d1f" not in str(caught.value)


def test_a_web_hook_that_hangs_is_given_up() -> None:
    """A pass does not wait for a chat server."""
    with HookServer() as hook:
        hook.hang = True
        started = time.monotonic()
        with pytest.raises(TellingError):
            Teller(Alerts(webhook_url=hook.url, timeout=0.2)).tell(HOOK, MESSAGE)
        assert time.monotonic() - started < 10


# ---------------------------------------------------------------- the daemon tells


@pytest.fixture
def rehearsal(tmp_path: Path):
    with rehearsing(tmp_path) as running:
        running.college.finish(0)
        yield running


def told_by(rehearsal: Rehearsal, server: MailServer | None, hook: HookServer | None, more: str = "") -> None:
    lines = ["[alerts]", "disk_mb = 0", "timeout = 5", more]
    if server:
        lines += ['mail_to = ["it@college.example.test"]', 'mail_from = "nvqsync@college.example.test"',
                  'smtp_host = "127.0.0.1"', f"smtp_port = {server.port}",
                  f"smtp_ca_file = {json.dumps(str(CERTIFICATE))}"]  # fmt: skip
    if hook:
        (rehearsal.folder / "hook").write_text(hook.url + "\n", encoding="utf-8")
        lines.append('webhook_url_file = "hook"')
    rehearsal.add_settings("\n".join(lines) + "\n")


class Clock:
    """A clock that is driven: London, 10 November 2026, 06:00 to begin with."""

    def __init__(self) -> None:
        self.now = int(dt.datetime(2026, 11, 10, 6, tzinfo=LONDON).timestamp())

    def __call__(self) -> int:
        return self.now


def daemon_of(rehearsal: Rehearsal, clock: Callable[[], int]) -> Daemon:
    app = bootstrap(rehearsal.folder / "nvqsync.toml")
    return Daemon(App(app.settings, app.plugins, clock), steady=clock)


def started_again(rehearsal: Rehearsal, clock: Callable[[], int]) -> Daemon:
    """A daemon that was just started, and knows what it can read of the one before."""
    daemon = daemon_of(rehearsal, clock)
    daemon.begin()
    return daemon


def test_an_alert_is_told_once_and_once_when_it_is_over_over_restarts_too(rehearsal: Rehearsal) -> None:
    """Mail and web hook hear of the third failure, of nothing in between, and of the first good pass."""
    clock = Clock()
    with MailServer() as server, HookServer() as hook:
        told_by(rehearsal, server, hook, 'digest_hour = "never"')
        with rehearsal.moodle.faults.during("access_denied"):
            for _ in range(6):
                started_again(rehearsal, clock).tick()
        for _ in range(3):
            started_again(rehearsal, clock).tick()
    assert [post["kind"] for post in hook.posts] == ["alert", "alert"]
    raised, over = hook.posts
    assert [one["id"] for one in raised["raised"]] == ["passes-failing"]
    assert [one["id"] for one in over["over"]] == ["passes-failing"]
    assert "Passes fail, 3 in a row" in raised["text"]
    subjects = [received.mail["Subject"] for received in server.mails]
    assert subjects == ["nvqsync at Exampleton College: 1 alert", "nvqsync at Exampleton College: 1 over"]


def test_a_way_that_failed_is_tried_again_and_the_other_hears_nothing_twice(rehearsal: Rehearsal) -> None:
    """The web hook is down while the alert begins: it hears of it when it is up, and the mail came once."""
    clock = Clock()
    with MailServer() as server, HookServer(500) as hook:
        told_by(rehearsal, server, hook, 'digest_hour = "never"')
        daemon = daemon_of(rehearsal, clock)
        with rehearsal.moodle.faults.during("access_denied"):
            for _ in range(5):
                daemon.tick()
            hook.status = 204
            daemon.tick()
            daemon.tick()
    assert (len(server.mails), len(hook.posts)) == (1, 1)


def test_neither_way_working_stops_no_pass(rehearsal: Rehearsal) -> None:
    """With both far ends gone, passes go well and claims are proposed."""
    with MailServer() as server, HookServer() as hook:
        told_by(rehearsal, server, hook)
    clock = Clock()
    clock.now += 7200  # the digest is due as well
    assert daemon_of(rehearsal, clock).tick()
    assert len(rehearsal.claims()) == 1


def test_one_digest_a_day_from_its_hour_on(rehearsal: Rehearsal) -> None:
    """Not before eight, once after, once more the next day, whatever the number of passes and daemons."""
    clock = Clock()
    with MailServer() as server, HookServer() as hook:
        told_by(rehearsal, server, hook)
        for _ in range(8):
            daemon = daemon_of(rehearsal, clock)
            for _ in range(6):
                daemon.tick()
                clock.now += 3600
    digests = [post for post in hook.posts if post["kind"] == "digest"]
    assert [one["at"] for one in digests] == ["2026-11-10T08:00:00+00:00", "2026-11-11T08:00:00+00:00"]
    assert digests[1]["claims"] == {"proposed": 1}
    assert digests[1]["passes"] == 24
    assert [received.mail["Subject"] for received in server.mails if "approve" in received.mail["Subject"]] == [
        "nvqsync at Exampleton College: 1 to approve, 0 need a person"
    ] * 2


def test_nothing_personal_is_ever_told(rehearsal: Rehearsal, caplog: pytest.LogCaptureFixture) -> None:
    """A college with every kind of trouble: mails, posts and log hold ids and counts, no name, ULN or number."""
    clock = Clock()
    with MailServer() as server, HookServer() as hook:
        told_by(rehearsal, server, hook, "waiting_days = 1\nbackup_days = 1")
        daemon = daemon_of(rehearsal, clock)
        daemon.tick()
        rehearsal.college.moodle.suspend(rehearsal.college.course, rehearsal.college.learners[0])
        for _ in range(12):
            clock.now += 6 * 3600
            daemon.tick()
        with rehearsal.moodle.faults.during("invalid_parameter"):
            for _ in range(4):
                clock.now += 900
                daemon.tick()
    everything = "".join(received.mail.as_string() + received.mail.get_content() for received in server.mails)
    everything += json.dumps(hook.posts, ensure_ascii=False) + caplog.text
    kinds = {one["id"].partition(":")[0] for post in hook.posts for one in post.get("raised", ())}
    assert kinds >= {"backup-old", "registrations-waiting", "passes-failing"}
    people = [*ULNS, "Sasha", "Invented", "Morgan", "Reyes", "1000000", "2006-03", rehearsal.moodle.token, "7d1f"]
    assert [word for word in people if word in everything] == []
