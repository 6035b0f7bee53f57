"""The page of accounts: what an admin does there is what ``nvqsync users`` does, and the audit log names them."""

from __future__ import annotations

import re

import pytest
import requests

from nvqsync.settings import Settings
from nvqsync.sign_in.accounts import Role, SignIn
from nvqsync.sign_in.passwords import fits
from nvqsync.storage import store_accounts, store_centre
from nvqsync.web.app import WebServer
from tests.integration import web_data
from tests.integration.test_users_commands import run
from tests.integration.web_data import ADMIN, APPROVER, IQA, VIEWER, College


def known(own: College, name: str) -> SignIn:
    with own.app.open_store(read_only=True) as store:
        return store_accounts.sign_in(store, name)


def send(session: requests.Session, url: str, path: str, **form: str) -> requests.Response:
    """Send a form with its token; the page it leads to."""
    token = web_data.form_token(session.get(f"{url}account", timeout=20).text)
    return session.post(url + path, data={"csrf_token": token, **form}, timeout=20)


def deed(session: requests.Session, url: str, own: College, name: str, word: str, **form: str) -> requests.Response:
    return send(session, url, f"accounts/{known(own, name).id}/{word}", **form)


def last_told(own: College, name: str) -> tuple[str, str]:
    """Who did what to an account last, by the audit log."""
    with own.app.open_store(read_only=True) as store:
        sql = "SELECT actor, action FROM audit WHERE subject = ? ORDER BY id DESC LIMIT 1"
        (row,) = store.rows(sql, [f"account:{name}"])
    return row["actor"], row["action"]


def test_every_account_is_listed(own: College, own_url: str, admin: requests.Session) -> None:
    """Role, courses by their short names, who they are in Moodle, how they get in and when they last did."""
    page = admin.get(f"{own_url}accounts", timeout=20).text
    assert ">4 accounts</caption>" in page and "CS-11" in page and "never" in page
    assert "Last signed in" in page and "3 November 2026" in page
    for name in (VIEWER, IQA, APPROVER, ADMIN):
        number = known(own, name).id
        assert f'href="/accounts/{number}">{name}<' in page
        assert f"<h1>{name}</h1>" in admin.get(f"{own_url}accounts/{number}", timeout=20).text
    assert admin.get(f"{own_url}accounts/999", timeout=20).status_code == 404
    assert admin.get(f"{own_url}accounts/{10**30}", timeout=20).status_code == 404


def test_an_account_is_made_with_a_password_shown_once(own: College, own_url: str, admin: requests.Session) -> None:
    """The password opens the pages; nothing shows it again, and the audit log names the admin."""
    made = send(
        admin, own_url, "accounts", name="t.lead", role="viewer", courses="CS-11, 12", no_moodle="1", password="1"
    )
    found = re.search(r"The password is <code>([^<]+)</code>", made.text)
    new = known(own, "t.lead")
    assert found and fits(found[1], new.password) and new.role is Role.VIEWER and new.courses == {"11", "12"}
    assert last_told(own, "t.lead") == (ADMIN, "added")
    assert found[1] not in admin.get(f"{own_url}accounts", timeout=20).text
    with web_data.asking(own) as other:
        form = {"csrf_token": web_data.form_token(other.get(f"{own_url}sign-in", timeout=20).text),
                "name": "t.lead", "password": found[1]}  # fmt: skip
        assert ">t.lead<" in other.post(f"{own_url}sign-in", data=form, timeout=20).text


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"name": "new", "role": "iqa"}, "Say who they are in Moodle"),
        ({"name": "new", "role": "iqa", "moodle": "77", "no_moodle": "1"}, "Do one of the two"),
        ({"name": "new", "role": "iqa", "moodle": "nobody"}, "Nobody with the Moodle id"),
        ({"name": "n w", "role": "iqa", "no_moodle": "1"}, "account&#39;s name"),
        ({"name": "new", "role": "boss", "no_moodle": "1"}, "Choose one of the list"),
        ({"name": "new", "role": "viewer", "courses": "XX-1", "no_moodle": "1"}, "There is no course"),
        ({"name": APPROVER.upper(), "role": "iqa", "no_moodle": "1"}, "has an account already"),
        ({"name": "<b>x", "role": "iqa", "no_moodle": "1"}, "&lt;b&gt;x"),
    ],
)
def test_what_will_not_do_is_said_and_nothing_is_lost(
    own: College, own_url: str, admin: requests.Session, form: dict[str, str], says: str
) -> None:
    """The refusal stands above the form, which keeps what was typed; no account is made."""
    answer = send(admin, own_url, "accounts", **form)
    assert answer.status_code == 400 and says in answer.text and "Nothing was done" in answer.text
    assert f'value="{form["role"]}" checked>' in answer.text or form["role"] == "boss"
    with own.app.open_store(read_only=True) as store:
        assert len(store_accounts.sign_ins(store)) == 4


def test_a_viewer_without_courses_is_told_of(own: College, own_url: str, admin: requests.Session) -> None:
    """On the page and on the command line; a list names courses as people know them."""
    page = deed(admin, own_url, own, APPROVER, "role", role="viewer").text
    typed = run(own.database, "role", APPROVER, "viewer")
    assert all("none was given yet, so that they see nothing" in told for told in (page, typed))
    run(own.database, "role", APPROVER, "viewer", "--course", "CS-12")
    assert "CS-12" in run(own.database, "list")
    assert f"nvqsync users disable {APPROVER} --undo" in run(own.database, "disable", APPROVER)


def test_a_role_and_courses_are_changed(own: College, own_url: str, admin: requests.Session) -> None:
    """From the next page on; courses count for viewers alone."""
    with web_data.asking(own, APPROVER) as session:
        told = deed(admin, own_url, own, APPROVER, "role", role="viewer", courses="11")
        assert f"{APPROVER} is now Viewer: reads the claims of the courses given to them. It" in told.text
        assert known(own, APPROVER).courses == {"11"} and last_told(own, APPROVER) == (ADMIN, "role-changed")
        assert session.get(f"{own_url}passes", timeout=20).status_code == 403
        deed(admin, own_url, own, APPROVER, "role", role="iqa", courses="11")
        assert known(own, APPROVER).courses == frozenset()
        assert session.get(f"{own_url}passes", timeout=20).status_code == 200


def test_an_account_is_stopped_and_let_in_again(own: College, own_url: str, admin: requests.Session) -> None:
    """Its sessions end at once; the page offers the way back."""
    with web_data.asking(own, IQA) as session:
        assert "sessions ended: 1" in deed(admin, own_url, own, IQA, "disable").text
        assert session.get(own_url, timeout=20, allow_redirects=False).status_code == 303
    assert known(own, IQA).disabled and last_told(own, IQA) == (ADMIN, "disabled")
    assert "Let them sign in again" in admin.get(f"{own_url}accounts/{known(own, IQA).id}", timeout=20).text
    assert "may sign in again" in deed(admin, own_url, own, IQA, "enable").text and not known(own, IQA).disabled


def test_a_new_password_and_ended_sessions(own: College, own_url: str, admin: requests.Session) -> None:
    """Both end what is open; the password is shown once."""
    with web_data.asking(own, IQA) as session:
        assert "that were ended: 1" in deed(admin, own_url, own, IQA, "sessions").text
        assert session.get(own_url, timeout=20, allow_redirects=False).status_code == 303
    with web_data.asking(own, IQA) as session:
        told = deed(admin, own_url, own, IQA, "password").text
        found = re.search(r"The password is <code>([^<]+)</code>", told)
        assert found and fits(found[1], known(own, IQA).password) and "sessions ended: 1" in told
        assert session.get(own_url, timeout=20, allow_redirects=False).status_code == 303


def test_links_to_moodle(own: College, own_url: str, admin: requests.Session) -> None:
    """By ID number or id; the centre's record says the same."""
    assert f"{APPROVER} is Moodle user 1100" in deed(admin, own_url, own, APPROVER, "link", moodle="L1100").text
    with own.app.open_store(read_only=True) as store:
        linked = store_centre.account(store, APPROVER)
    assert linked is not None and linked.lms_id == "1100"
    assert "having no Moodle account" in deed(admin, own_url, own, APPROVER, "link", no_moodle="1").text
    assert deed(admin, own_url, own, APPROVER, "link").status_code == 400


def test_names_at_the_sign_on(own: College, own_url: str, admin: requests.Session) -> None:
    """Entered and removed; one name belongs to one account."""
    assert "signs in by the college" in deed(admin, own_url, own, IQA, "sso", sso="i.q@exampleton.ac.uk").text
    assert known(own, IQA).sso == "i.q@exampleton.ac.uk" and last_told(own, IQA) == (ADMIN, "sso-set")
    taken = deed(admin, own_url, own, VIEWER, "sso", sso="I.Q@exampleton.ac.uk")
    assert taken.status_code == 400 and f"The account {IQA} has that name" in taken.text
    assert "no longer signs in" in deed(admin, own_url, own, IQA, "sso").text and known(own, IQA).sso == ""


@pytest.mark.parametrize("word", ["role", "disable", "password"])
def test_nobody_does_it_to_themselves(own: College, own_url: str, admin: requests.Session, word: str) -> None:
    """An admin neither makes themselves an approver nor locks themselves out."""
    before = known(own, ADMIN)
    answer = deed(admin, own_url, own, ADMIN, word, role="approver")
    assert answer.status_code == 409 and "Nobody changes their own" in answer.text
    assert known(own, ADMIN) == before
    page = admin.get(f"{own_url}accounts/{before.id}", timeout=20).text
    assert "Stop this account" not in page and "Give this role" not in page


def test_an_account_for_the_sign_on_has_no_password(own: College) -> None:
    """Where the college's sign-on is set, the form asks for the name there, and makes no password up by itself."""
    more = {"oidc": {"issuer": "https://login.exampleton.ac.uk", "client_id": "nvqsync"},
            "web": {"public_url": "https://claims.exampleton.ac.uk", "proxies": ["127.0.0.1"]}}  # fmt: skip
    settings = Settings(**{**own.app.settings.model_dump(), **more})
    app = type(own.app)(settings, own.app.plugins, own.clock)
    with WebServer(app, "127.0.0.1", 0) as server, web_data.asking(own, ADMIN) as session:
        page = session.get(f"{server.url}accounts", timeout=20)
        cookie = page.headers["Set-Cookie"].partition(";")[0]
        form = {"csrf_token": web_data.form_token(page.text), "name": "m.reyes", "role": "iqa", "moodle": "77",
                "sso": "m.reyes@exampleton.ac.uk"}  # fmt: skip
        both = f"{cookie}; nvqsync_session={session.cookies['nvqsync_session']}"
        sent = {"data": form, "headers": {"Cookie": both}, "timeout": 20, "allow_redirects": False}
        assert requests.post(f"{server.url}accounts", **sent).status_code == 303
    assert (known(own, "m.reyes").password, known(own, "m.reyes").sso) == ("", "m.reyes@exampleton.ac.uk")
