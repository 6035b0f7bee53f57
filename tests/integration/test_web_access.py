"""Who gets in: every route tried as everybody, signing in and out, sessions that end, forged forms, trusted headers."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import requests

from nvqsync.bootstrap import App
from nvqsync.settings import Settings
from nvqsync.sign_in import account_keeping
from nvqsync.sign_in.accounts import RIGHTS, Right, Role
from nvqsync.sign_in.throttle import NAME_AND_ADDRESS, WINDOW
from nvqsync.storage import store_accounts
from nvqsync.web import access
from nvqsync.web.access import COOKIE
from nvqsync.web.app import WebServer, create_app
from tests.integration import web_data
from tests.integration.web_data import ADMIN, APPROVER, IQA, PASSWORD, VIEWER, College

NOBODY = ""
EVERYBODY = (NOBODY, VIEWER, IQA, APPROVER, ADMIN)
READERS = {VIEWER, IQA, APPROVER, ADMIN}
WHOLE = {IQA, APPROVER, ADMIN}
BATCH = "20261101-OCR-03455-001"

ROUTES: dict[str, set[str]] = {
    "GET /": READERS,
    "GET /claims/1": READERS,
    "GET /learners": READERS,
    "GET /learners/1100": READERS,
    "GET /cohorts": READERS,
    "GET /cohorts/EDI/L2-CS": READERS,
    "GET /cohorts/EDI/L2-CS/nearly": READERS,
    "GET /weekly": READERS,
    "GET /iqa": WHOLE,
    "GET /iqa/records": WHOLE,
    "GET /iqa/release": {IQA},
    "POST /iqa/release": {IQA},
    "GET /iqa/releases/1": WHOLE,
    "POST /iqa/releases/1/done": {IQA},
    "GET /mapping": WHOLE,
    "GET /mapping/OCR/03455": WHOLE,
    "GET /passes": WHOLE,
    "GET /passes/6": WHOLE,
    "GET /batches": WHOLE,
    f"GET /batches/{BATCH}": WHOLE,
    f"GET /batches/{BATCH}/files/{BATCH}.json": {APPROVER},
    f"GET /batches/{BATCH}/record/keyed": {APPROVER},
    f"POST /batches/{BATCH}/record/keyed": {APPROVER},
    "GET /registrations": WHOLE,
    "GET /registrations/import": {APPROVER},
    "GET /registrations/template.csv": {APPROVER},
    "POST /registrations/import": {APPROVER},
    "POST /registrations/import/yes": {APPROVER},
    "GET /centre": WHOLE,
    "GET /centre/OCR/03455": WHOLE,
    "POST /centre/record/number": {ADMIN},
    "POST /centre/OCR/03455/record/approved": {ADMIN},
    "GET /start": WHOLE,
    "GET /accessibility": {NOBODY, *READERS},
    "GET /privacy": {NOBODY, *READERS},
    "GET /health": {NOBODY, *READERS},
    "GET /metrics": {NOBODY, *READERS},
    "GET /static/nvqsync.css": {NOBODY, *READERS},
    "GET /sign-in": {NOBODY, *READERS},
    "POST /sign-in": {NOBODY, *READERS},
    "GET /sign-in/college": {NOBODY, *READERS},
    "GET /sign-in/college/back": {NOBODY, *READERS},
    "POST /sign-out": READERS,
    "GET /account": READERS,
    "POST /account/password": READERS,
    "POST /account/sessions/999/end": READERS,
    "GET /accounts": {ADMIN},
    "POST /accounts": {ADMIN},
    "GET /accounts/1": {ADMIN},
    "POST /accounts/999/role": {ADMIN},
    "POST /claims/1/approve": {APPROVER},
    "POST /claims/1/hold": {APPROVER},
    "POST /claims/1/release": {APPROVER},
    "POST /claims/1/withdraw": {APPROVER},
    "POST /claims/1/again": {APPROVER},
    "POST /claims/1/record/keyed": {APPROVER},
    "POST /approve": {APPROVER},
    "POST /approve/yes": {APPROVER},
}
"""Every route, and whom it lets through. What is done with an empty form is refused later, in other words."""


@pytest.fixture
def clock(college: College) -> Iterator[web_data.Clock]:
    """The college's clock, put back afterwards."""
    before = college.clock.at
    yield college.clock
    college.clock.at = before


def sign_in(url: str, session: requests.Session, name: str, password: str, path: str = "sign-in") -> requests.Response:
    """Fill in the form and send it; redirects are not followed."""
    page = session.get(url + path, timeout=20).text
    form = {"csrf_token": web_data.form_token(page), "name": name, "password": password}
    return session.post(url + path, data=form, timeout=20, allow_redirects=False)


# ---------------------------------------------------------------- every route as everybody


def test_the_table_has_every_route(college: College) -> None:
    """A route that nobody thought of here fails this test."""
    flask = create_app(college.app)
    rules = {
        f"{method} {rule.rule}" for rule in flask.url_map.iter_rules() for method in rule.methods & {"GET", "POST"}
    }
    patterns = {re.sub(r"<[^>]*>", "*", rule) for rule in rules}
    adapter = flask.url_map.bind("localhost")
    tried = set()
    for route in ROUTES:
        method, path = route.split()
        rule, _ = adapter.match(path, method, return_rule=True)
        tried.add(re.sub(r"<[^>]*>", "*", f"{method} {rule.rule}"))
    assert tried == patterns


def test_every_route_says_which_right_it_takes(college: College) -> None:
    """A view that says nothing lets nobody through; none of ours forgets it."""
    flask = create_app(college.app)
    assert not [rule.rule for rule in flask.url_map.iter_rules() if access.asked_right(flask, rule.endpoint) is None]


@pytest.mark.parametrize("who", EVERYBODY)
@pytest.mark.parametrize("route", ROUTES)
def test_who_may_open_what(url: str, college: College, route: str, who: str) -> None:
    """Each route lets exactly those through whom the table names; others are told, or sent to sign in."""
    method, path = route.split()
    with web_data.asking(college, who) as session:
        form = {"csrf_token": web_data.form_token(session.get(f"{url}account", timeout=20).text)}
        answer = session.request(method, url.rstrip("/") + path, data=form if method == "POST" else None, timeout=20,
                                 allow_redirects=False)  # fmt: skip
    sent_away = answer.status_code == 303 and answer.headers["Location"].startswith("/sign-in")
    if who in ROUTES[route]:
        wrong_password = route == "POST /sign-in" and not who
        assert answer.status_code != 403 or wrong_password, answer.text
        assert not sent_away or path == "/sign-out"
    elif not who:
        assert sent_away and "nvqsync_session" not in answer.headers.get("Set-Cookie", "")
    else:
        assert answer.status_code == 403, answer.text


@pytest.mark.parametrize("route", [route for route in ROUTES if route.startswith("POST")])
@pytest.mark.parametrize("form", [{}, {"csrf_token": "forged"}])
def test_a_form_without_its_token_does_nothing(url: str, college: College, route: str, form: dict[str, str]) -> None:
    """What another site makes the browser of somebody who may do it send is refused, and nothing is changed."""
    _, path = route.split()
    who = APPROVER if APPROVER in ROUTES[route] else min(ROUTES[route])
    with college.app.open_store(read_only=True) as store, web_data.asking(college, who) as session:
        before = store.rows("SELECT id, version FROM claims"), store.rows("SELECT id, digest FROM web_sessions")
        answer = session.post(url.rstrip("/") + path, data=form, timeout=20, allow_redirects=False)
        assert answer.status_code == 400 and "Please send that again" in answer.text
        after = store.rows("SELECT id, version FROM claims"), store.rows("SELECT id, digest FROM web_sessions")
        assert after == before


def test_a_token_is_good_for_its_own_browser_alone(url: str, college: College) -> None:
    """The token of one browser's form does not open another's."""
    with web_data.asking(college, APPROVER) as mine, web_data.asking(college, APPROVER) as theirs:
        token = web_data.form_token(theirs.get(url, timeout=20).text)
        mine.get(url, timeout=20)
        form = {"csrf_token": token, "version": "1", "why": "x"}
        answer = mine.post(f"{url}claims/1/hold", data=form | {"why": "Typed with care."}, timeout=20)
        assert answer.status_code == 400 and ">Typed with care.</textarea>" in answer.text


def test_an_unmarked_route_lets_nobody_through(college: College) -> None:
    """A page or an action added without a right is refused to everyone, admins included."""
    flask = create_app(college.app)
    flask.add_url_rule("/new", view_func=lambda: "done", methods=["GET", "POST"])
    flask.config["WTF_CSRF_ENABLED"] = False
    for who in sorted(READERS):
        client = flask.test_client()
        client.set_cookie(COOKIE, web_data.token(college, who), domain="localhost")
        assert client.get("/new").status_code == 403
        assert client.post("/new").status_code == 403


# ---------------------------------------------------------------- what each sees


def test_a_viewer_sees_the_given_courses_alone(url: str, college: College) -> None:
    """In list, counts, search and by number: only claims for the course's qualification by learners on it."""
    with college.app.open_store(read_only=True) as store:
        sql = "SELECT id FROM claims WHERE qualification_id = 'EDI/L2-CS'"
        mine = {row["id"] for row in store.rows(sql)}
        every = {row["id"] for row in store.rows("SELECT id FROM claims")}
    assert mine and mine < every
    with web_data.asking(college, VIEWER) as session:
        pages = [session.get(f"{url}?sort=oldest&page={page}", timeout=20).text for page in (1, 2)]
        listed = {int(number) for page in pages for number in re.findall(r'href="/claims/(\d+)"', page)}
        assert listed == mine and f">{len(mine)} claims</caption>" in pages[0]
        assert "OCR <b>" not in pages[0]
        for number in (min(every - mine), max(every - mine)):
            answer = session.get(f"{url}claims/{number}", timeout=20)
            assert answer.status_code == 404 and "bdi" not in answer.text
        assert session.get(f"{url}claims/{min(mine)}", timeout=20).status_code == 200
        assert "<dd>CS-11</dd>" in session.get(f"{url}account", timeout=20).text


def test_a_viewer_without_courses_sees_nothing(own: College) -> None:
    """Whoever was given no course has an empty queue, not everybody's."""
    with own.app.open_store() as store:
        account_keeping.set_role(own.app, store, VIEWER, Role.VIEWER, (), by="test")
    with WebServer(own.app, "127.0.0.1", 0) as server, web_data.asking(own, VIEWER) as session:
        assert "/claims/" not in session.get(server.url, timeout=20).text


@pytest.mark.parametrize("who", sorted(READERS))
def test_uln_and_date_of_birth_are_for_approvers(url: str, college: College, who: str) -> None:
    """An approver reads how the candidate is registered; nobody else does, on any page of any claim."""
    with college.app.open_store(read_only=True) as store:
        sql = """SELECT claims.id, uln FROM claims JOIN registrations USING (learner_id, qualification_id)
            WHERE qualification_id = 'EDI/L2-CS' ORDER BY claims.id LIMIT 3"""
        found = [(row["id"], row["uln"]) for row in store.rows(sql)]
    assert found
    with web_data.asking(college, who) as session:
        for number, uln in found:
            page = session.get(f"{url}claims/{number}?open=all", timeout=20).text
            shown = who == APPROVER
            assert (f"ULN {uln}" in page, "17 February 2008" in page) == (shown, shown)
            assert shown or (uln not in page and "2008-02-17" not in page)


def test_the_privacy_page_says_who_sees_them(url: str, college: College) -> None:
    """It agrees with what the pages do: approvers see ULNs and dates of birth on a claim; there are two cookies."""
    with web_data.asking(college, APPROVER) as session:
        page = session.get(f"{url}privacy", timeout=20).text
        session.get(url, timeout=20)
        assert {cookie.name for cookie in session.cookies} == {COOKIE, "nvqsync_form"}
    assert "shown to approvers alone: on the page of a claim, and in the batch files" in page
    assert "none of these pages" not in page and "Two cookies" in page


def test_each_role_has_its_rights() -> None:
    """Approving and entering the centre's facts are in no one hand, and ULNs in an approver's alone."""
    assert [role for role in Role if Right.PRIVATE in RIGHTS[role]] == [Role.APPROVER]
    assert [role for role in Role if Right.CLAIMS in RIGHTS[role]] == [Role.APPROVER]
    assert [role for role in Role if {Right.CENTRE, Right.ACCOUNTS} <= RIGHTS[role]] == [Role.ADMIN]
    assert all(Right.READ in rights for rights in RIGHTS.values())


# ---------------------------------------------------------------- signing in and out


def test_signing_in_leads_back_and_out_again(url: str, college: College) -> None:
    """From a page, by way of the form, to that page; after signing out the old cookie opens nothing."""
    with web_data.asking(college) as session:
        away = session.get(f"{url}?status=on_hold", timeout=20, allow_redirects=False)
        assert away.status_code == 303 and away.headers["Location"] == "/sign-in?next=/?status%3Don_hold"
        done = sign_in(url, session, APPROVER.upper(), PASSWORD, away.headers["Location"].lstrip("/"))
        assert done.status_code == 303 and done.headers["Location"] == "/?status=on_hold"
        cookie = next(one for one in done.raw.headers.getlist("Set-Cookie") if one.startswith(COOKIE))
        assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Secure" not in cookie
        held = session.cookies[COOKIE]
        page = session.get(url, timeout=20).text
        assert f">{APPROVER}<" in page
        session.post(f"{url}sign-out", data={"csrf_token": web_data.form_token(page)}, timeout=20)
        assert COOKIE not in session.cookies
        session.cookies.set(COOKIE, held)
        assert session.get(url, timeout=20, allow_redirects=False).status_code == 303


@pytest.mark.parametrize(
    "next_", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "/\tx", "claims/1"]
)
def test_signing_in_leads_to_no_other_site(url: str, college: College, next_: str) -> None:
    """Whatever an address says, the way back is a path of these pages."""
    with web_data.asking(college, IQA) as session:
        answer = session.get(f"{url}sign-in", params={"next": next_}, timeout=20, allow_redirects=False)
    assert answer.status_code == 303 and answer.headers["Location"] == "/"


@pytest.mark.parametrize(("name", "password"), [(APPROVER, "wrong horse battery"), ("nobody", PASSWORD), ("", "")])
def test_wrong_is_told_the_same_way_for_both(
    college: College, caplog: pytest.LogCaptureFixture, name: str, password: str
) -> None:
    """A wrong name and a wrong password read alike; no cookie is given, and what was typed is not logged."""
    with WebServer(college.app, "127.0.0.1", 0) as server, web_data.asking(college) as session:
        answer = sign_in(server.url, session, name, password)
    assert answer.status_code == 403 and "The name or the password is wrong." in answer.text
    assert COOKIE not in session.cookies and 'value="wrong horse' not in answer.text
    assert "nobody" not in caplog.text and "horse" not in caplog.text


def test_guessing_is_slowed_down(college: College, clock: web_data.Clock) -> None:
    """After five wrong passwords even the right one has to wait; others may sign in, and later so may they."""
    with WebServer(college.app, "127.0.0.1", 0) as server, web_data.asking(college) as session:
        for _ in range(NAME_AND_ADDRESS):
            assert "is wrong" in sign_in(server.url, session, APPROVER, "a guess of mine").text
        clock.at += 60
        stopped = sign_in(server.url, session, APPROVER, PASSWORD)
        assert stopped.status_code == 403 and "Too many attempts. Wait 14 minutes" in stopped.text
        with web_data.asking(college) as other:
            assert sign_in(server.url, other, IQA, PASSWORD).status_code == 303
        clock.at += WINDOW - 60
        assert sign_in(server.url, session, APPROVER, PASSWORD).status_code == 303


def test_a_session_ends_when_nobody_uses_it(url: str, college: College, clock: web_data.Clock) -> None:
    """Used every half hour it lasts; left for an hour, or after ten hours in all, it is over."""
    with web_data.asking(college, IQA) as session:
        for _ in range(19):
            clock.at += 1800
            assert session.get(url, timeout=20, allow_redirects=False).status_code == 200
        clock.at += 1800
        assert session.get(url, timeout=20, allow_redirects=False).status_code == 303
    with web_data.asking(college, IQA) as session:
        assert session.get(url, timeout=20, allow_redirects=False).status_code == 200
        clock.at += 3600
        assert session.get(url, timeout=20, allow_redirects=False).status_code == 303


def test_an_action_after_the_session_ended_does_nothing(url: str, college: College, clock: web_data.Clock) -> None:
    """The form is not acted on; signing in leads back to the claim, and what was typed is not lost."""
    with web_data.asking(college, APPROVER) as session:
        token = web_data.form_token(session.get(f"{url}claims/2", timeout=20).text)
        clock.at += 3600
        form = {"csrf_token": token, "version": "1", "password": "three random words"}
        answer = session.post(f"{url}claims/2/release", data=form, timeout=20, allow_redirects=False)
        assert answer.headers["Location"] == "/sign-in?next=/claims/2"
        assert "Nothing was done" in session.get(url + "sign-in?next=/claims/2", timeout=20).text
        form |= {"why": "A long & careful reason."}
        page = session.post(f"{url}claims/2/hold", data=form, timeout=20, allow_redirects=False)
        assert page.status_code == 403 and 'href="/sign-in?next=/claims/2">Sign in</a>' in page.text
        assert ">A long &amp; careful reason.</textarea>" in page.text and "random" not in page.text
        rows = {"csrf_token": token, "claim": "1@1", "certificate-1": "C-77", "on": "3/11/2026"}
        page = session.post(f"{url}batches/B/record/certificated", data=rows, timeout=20, allow_redirects=False)
        assert "Certificate number, claim 1" in page.text and 'next=/batches/B/record/certificated"' in page.text
        theirs = session.post(f"{url}claims/2/hold", data=form, timeout=20, allow_redirects=False,
                              headers={"Sec-Fetch-Site": "cross-site"})  # fmt: skip
        assert theirs.status_code == 303 and "careful" not in theirs.text


@pytest.mark.parametrize("how", ["revoke", "disable", "password"])
def test_sessions_are_ended_at_once(own: College, how: str) -> None:
    """Revoked, disabled or given a new password: the very next page is refused."""
    with WebServer(own.app, "127.0.0.1", 0) as server, web_data.asking(own, APPROVER) as session:
        assert session.get(server.url, timeout=20, allow_redirects=False).status_code == 200
        with own.app.open_store() as store:
            if how == "revoke":
                assert account_keeping.revoke(own.app, store, by="test", name=APPROVER) == 1
            elif how == "disable":
                assert account_keeping.set_disabled(own.app, store, APPROVER, True, by="test") == 1
            else:
                assert account_keeping.set_password(own.app, store, APPROVER, "another long phrase", by="test") == 1
        assert session.get(server.url, timeout=20, allow_redirects=False).status_code == 303
        again = sign_in(server.url, session, APPROVER, PASSWORD)
        assert again.status_code == (303 if how == "revoke" else 403)


def test_a_role_changes_from_the_next_page_on(own: College) -> None:
    """Nobody has to sign in anew to lose a right."""
    with WebServer(own.app, "127.0.0.1", 0) as server, web_data.asking(own, APPROVER) as session:
        assert session.get(f"{server.url}passes", timeout=20).status_code == 200
        with own.app.open_store() as store:
            account_keeping.set_role(own.app, store, APPROVER, Role.VIEWER, (), by="test")
        assert session.get(f"{server.url}passes", timeout=20).status_code == 403


def test_ones_own_password_and_sessions(own: College) -> None:
    """The new password needs the old one; other sessions end with it, or one by one; this one goes on."""
    with (
        WebServer(own.app, "127.0.0.1", 0) as server,
        web_data.asking(own, IQA) as here,
        web_data.asking(own, IQA) as there,
        web_data.asking(own, IQA) as third,
    ):
        page = here.get(f"{server.url}account", timeout=20).text
        token = {"csrf_token": web_data.form_token(page)}
        number = re.findall(r"/account/sessions/(\d+)/end", page)[0]
        here.post(f"{server.url}account/sessions/{number}/end", data=token, timeout=20)
        codes = sorted(one.get(server.url, timeout=20, allow_redirects=False).status_code for one in (there, third))
        assert codes == [200, 303]
        for old, new, again, says in (
            ("wrong", "three new words", "three new words", "present password is wrong"),
            (PASSWORD, "three new words", "three new wards", "new passwords differ"),
            (PASSWORD, "short", "short", "shorter than 12"),
        ):
            form = token | {"old": old, "new": new, "again": again}
            answer = here.post(f"{server.url}account/password", data=form, timeout=20)
            assert answer.status_code == 400 and says in answer.text
        form = token | {"old": PASSWORD, "new": "three new words", "again": "three new words"}
        assert "Your password is changed" in here.post(f"{server.url}account/password", data=form, timeout=20).text
        assert [one.get(server.url, timeout=20, allow_redirects=False).status_code for one in (there, third)] == [
            303
        ] * 2


def test_tokens_are_nowhere_stored(own: College) -> None:
    """Neither a session's token nor a password stands in the database."""
    with WebServer(own.app, "127.0.0.1", 0) as server, web_data.asking(own) as session:
        sign_in(server.url, session, IQA, PASSWORD)
        held = session.cookies[COOKIE]
        with own.app.open_store(read_only=True) as store:
            dump = "\n".join(store.db.conn.iterdump())
    assert len(held) >= 43 and held not in dump and PASSWORD not in dump and "$argon2id$" in dump


# ---------------------------------------------------------------- before anybody can sign in, and behind a sign-on


def test_without_an_account_nothing_is_shown(own: College) -> None:
    """A college full of claims and no account: every page says how to make one, and tells nothing else."""
    with own.app.open_store() as store, store.writing():
        store.execute("DELETE FROM sign_ins")
    with WebServer(own.app, "127.0.0.1", 0) as server, web_data.asking(own) as session:
        for path in ("", "claims/1", "passes", "sign-in", "account"):
            page = session.get(server.url + path, timeout=20).text
            assert "nvqsync users add NAME --role admin" in page and "bdi" not in page


def behind(college: College, **web: object) -> App:
    """The same college behind a sign-on."""
    settings = Settings(**{**college.app.settings.model_dump(), "web": web})
    return App(settings, college.app.plugins, college.clock)


def test_a_trusted_header_names_the_account(college: College) -> None:
    """Switched on, and from a named address: the header is the account, whatever cookie comes along."""
    app = behind(college, proxies=["127.0.0.1"], user_header="X-Remote-User")
    with WebServer(app, "127.0.0.1", 0) as server, web_data.asking(college, ADMIN) as session:
        for name, shown in ((IQA, IQA), (IQA.upper(), IQA)):
            page = session.get(server.url, headers={"X-Remote-User": name}, timeout=20).text
            assert f">{shown}<" in page and "Sign out" not in page
        account = session.get(f"{server.url}account", headers={"X-Remote-User": IQA}, timeout=20).text
        assert "Your account" in account and "password" not in account
        for name in ("stranger", f"{IQA}, {ADMIN}"):
            answer = session.get(server.url, headers={"X-Remote-User": name}, timeout=20)
            assert answer.status_code == 403 and "no account of nvqsync has your name" in answer.text
        assert session.get(server.url, timeout=20).status_code == 403


@pytest.mark.parametrize(
    "web", [{}, {"proxies": ["127.0.0.1"]}, {"proxies": ["192.0.2.1"], "user_header": "X-Remote-User"}]
)
def test_the_header_means_nothing_otherwise(
    college: College, caplog: pytest.LogCaptureFixture, web: dict[str, object]
) -> None:
    """Not switched on, or from somewhere else: the header is not believed, and the second is logged, once."""
    with WebServer(behind(college, **web), "127.0.0.1", 0) as server, web_data.asking(college) as session:
        for _ in range(3):
            answer = session.get(server.url, headers={"X-Remote-User": ADMIN}, timeout=20, allow_redirects=False)
            assert answer.status_code == 303
    assert caplog.text.count("is not believed") == ("user_header" in web) and ADMIN not in caplog.text


def test_behind_tls_cookies_are_secure(college: College) -> None:
    """With an https address in the settings, that name is answered to and both cookies travel by TLS alone."""
    app = behind(college, public_url="https://claims.exampleton.ac.uk", proxies=["127.0.0.1"])
    name = {"Host": "claims.exampleton.ac.uk"}
    with WebServer(app, "127.0.0.1", 0) as server, web_data.asking(college) as session:
        first = session.get(f"{server.url}sign-in", headers=name, timeout=20)
        kept = first.headers["Set-Cookie"]
        assert "Secure" in kept and "HttpOnly" in kept
        form = {"csrf_token": web_data.form_token(first.text), "name": IQA, "password": PASSWORD}
        sent = name | {"Cookie": kept.partition(";")[0]}
        done = requests.post(f"{server.url}sign-in", data=form, headers=sent, timeout=20, allow_redirects=False)
        assert done.status_code == 303
        assert all("Secure" in one for one in done.raw.headers.getlist("Set-Cookie"))
        assert session.get(server.url, headers={"Host": "other.exampleton.ac.uk"}, timeout=20).status_code == 421


def test_forwarded_addresses_count_from_a_believed_proxy(college: College, clock: web_data.Clock) -> None:
    """Guesses from one address behind the proxy do not stop the same name from another."""
    app = behind(college, proxies=["127.0.0.1"])
    with WebServer(app, "127.0.0.1", 0) as server, web_data.asking(college) as session:
        for _ in range(NAME_AND_ADDRESS + 1):
            session.headers["X-Forwarded-For"] = "198.51.100.7, 203.0.113.5"
            last = sign_in(server.url, session, IQA, "a guess of mine")
        assert "Too many attempts" in last.text
        session.headers["X-Forwarded-For"] = "203.0.113.6"
        assert sign_in(server.url, session, IQA, PASSWORD).status_code == 303


def test_the_audit_log_tells_of_accounts(own: College) -> None:
    """Roles, passwords and ended sessions are in the log, with who did it."""
    with own.app.open_store() as store:
        account_keeping.set_role(own.app, store, VIEWER, Role.IQA, (), by="boss")
        account_keeping.set_disabled(own.app, store, VIEWER, True, by="boss")
        sql = "SELECT actor, action FROM audit WHERE subject = ? ORDER BY id"
        told = [(row["actor"], row["action"]) for row in store.rows(sql, [f"account:{VIEWER}"])]
        assert told == [("j.lister", "added"), ("boss", "role-changed"), ("boss", "disabled")]
        assert store_accounts.find(store, VIEWER) is not None
