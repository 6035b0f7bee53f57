"""The college's single sign-on through real HTTP: who gets in by it, and every answer that must not let anybody in."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import os
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptojwt.jwk.rsa import new_rsa_key
from cryptojwt.jws.jws import JWS

from nvqsync.bootstrap import App
from nvqsync.findings import Status
from nvqsync.health import doctor_sign_on
from nvqsync.settings import Settings
from nvqsync.sign_in import account_keeping, sign_on, sign_on_client
from nvqsync.sign_in.throttle import ADDRESS
from nvqsync.storage import store_accounts
from nvqsync.web.access import COOKIE
from nvqsync.web.app import WebServer
from tests.college_sign_on import CLIENT, SECRET, Claims, CollegeSignOn
from tests.integration import web_data
from tests.integration.web_data import ADMIN, APPROVER, IQA, PASSWORD, College

NAME = "k.approver@exampleton.ac.uk"
Answer = requests.Response


@dataclass
class Place:
    """A college with its pages at ``url`` and its sign-on ``there``."""

    college: College
    there: CollegeSignOn
    url: str

    def go(self, browser: requests.Session, onwards: str = "/account") -> Answer:
        """What a browser sees in the end that follows the button."""
        return browser.get(f"{self.url}sign-in/college", params={"next": onwards}, timeout=20)

    def sent_back(self, browser: requests.Session) -> str:
        """The address that the sign-on sends a browser back to, not followed yet."""
        away = browser.get(f"{self.url}sign-in/college", timeout=20, allow_redirects=False)
        back = browser.get(away.headers["Location"], timeout=20, allow_redirects=False)
        return back.headers["Location"]

    def account(self) -> Any:
        """The approver's account as it is stored."""
        with self.college.app.open_store(read_only=True) as store:
            return store_accounts.sign_in(store, APPROVER)


def free_port() -> int:
    """A port for pages that the sign-on knows beforehand: below those that the kernel gives to whoever asks for any."""
    for port in range(20_000 + os.getpid() % 10_000, 32_000):
        with socket.socket() as tried, suppress(OSError):
            tried.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[College, CollegeSignOn, int]]:
    """A college with one account of each role, nobody's claims, and a sign-on that knows where to send people back."""
    folder, port = tmp_path_factory.mktemp("sign-on"), free_port()
    college = web_data.let_in(web_data.empty(folder))
    with college.app.open_store() as store:
        account_keeping.set_sso(college.app, store, APPROVER, NAME, by="test")
    with CollegeSignOn(sign_on.call_back(f"http://127.0.0.1:{port}"), folder) as there:
        yield college, there, port


@contextmanager
def serving(made: tuple[College, CollegeSignOn, int], folder: Path, **oidc: object) -> Iterator[Place]:
    """The pages in front of a copy of the database, with these settings besides."""
    college, there, port = made
    there.user, there.forge, there.delay = "u-17", None, 0.0
    there.overrides, there.people["u-17"] = {}, {"preferred_username": NAME, "email": NAME, "email_verified": True}
    there.asked.clear()
    own = web_data.copy(college, folder)
    url = f"http://127.0.0.1:{port}"
    known = own.app.settings.model_dump() | {
        "web": {"public_url": url},
        "oidc": {"issuer": there.issuer, "client_id": CLIENT, "client_secret": SECRET, **oidc},
    }
    own.clock.at = int(time.time())
    own = College(App(Settings(**known), own.app.plugins, own.clock), own.clock, [])
    with WebServer(own.app, "127.0.0.1", port) as server:
        yield Place(own, there, server.url)


@pytest.fixture
def place(made: tuple[College, CollegeSignOn, int], tmp_path: Path) -> Iterator[Place]:
    with serving(made, tmp_path) as found:
        yield found


@pytest.fixture
def browser() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


# ---------------------------------------------------------------- those who get in


def test_the_button_leads_there_and_back(
    place: Place, browser: requests.Session, caplog: pytest.LogCaptureFixture
) -> None:
    """From a page to the sign-on and back to that page, as the account's role; what came back stands in no log."""
    caplog.set_level(logging.DEBUG, logger="nvqsync")
    form = browser.get(f"{place.url}?status=on_hold", timeout=20).text
    assert 'href="/sign-in/college?next=/?status%3Don_hold">Sign in with your college account' in form
    done = place.go(browser, "/?status=on_hold")
    assert done.url == f"{place.url}?status=on_hold" and f">{APPROVER}<" in done.text
    steps = [one.headers["Location"] for one in done.history]
    assert len(steps) == 3 and "code_challenge_method=S256" in steps[0] and "code=" in steps[1]
    cookie = next(one for one in done.history[2].raw.headers.getlist("Set-Cookie") if one.startswith(COOKIE))
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    assert browser.get(f"{place.url}passes", timeout=20).status_code == 200
    assert browser.get(f"{place.url}accounts", timeout=20).status_code == 403
    code = re.search(r"code=([^&]+)", steps[1])
    assert code and code[1] not in caplog.text and NAME not in caplog.text


def test_signing_out_says_that_the_sign_on_goes_on(place: Place, browser: requests.Session) -> None:
    """Our session ends; whoever sits at a shared computer is told what does not."""
    page = place.go(browser).text
    out = browser.post(f"{place.url}sign-out", data={"csrf_token": web_data.form_token(page)}, timeout=20)
    assert "still signed in at the college" in out.text
    assert browser.get(place.url, timeout=20, allow_redirects=False).status_code == 303


def test_a_person_is_held_to_be_who_came_first(place: Place, browser: requests.Session) -> None:
    """A changed name still gets in; the name given to somebody else does not, until an admin enters it anew."""
    assert f">{APPROVER}<" in place.go(browser).text
    assert place.account().subject.startswith(f"{place.there.issuer} ") and place.account().signed_in_at
    place.there.people["u-17"]["preferred_username"] = "k.married@exampleton.ac.uk"
    browser.cookies.clear()
    assert f">{APPROVER}<" in place.go(browser).text
    browser.cookies.clear()
    place.there.people["u-99"], place.there.user = {"preferred_username": NAME.upper()}, "u-99"
    refused = place.go(browser)
    assert refused.status_code == 403 and "belonged to somebody else before" in refused.text
    with place.college.app.open_store() as store:
        account_keeping.set_sso(place.college.app, store, APPROVER, NAME, by="boss")
    assert f">{APPROVER}<" in place.go(browser).text
    with place.college.app.open_store(read_only=True) as store:
        sql = "SELECT actor, action FROM audit WHERE subject = ? ORDER BY id"
        told = [(row["actor"], row["action"]) for row in store.rows(sql, [f"account:{APPROVER}"])]
    assert told[-3:] == [(APPROVER, "sso-first"), ("boss", "sso-set"), (APPROVER, "sso-first")]


def test_the_name_may_come_from_userinfo(
    made: tuple[College, CollegeSignOn, int], tmp_path: Path, browser: requests.Session
) -> None:
    """Where the identity token lacks the claim that names people, the sign-on's userinfo is asked."""
    forge = lambda claims: {name: one for name, one in claims.items() if name != "email"}  # noqa: E731
    with serving(made, tmp_path, claim="email") as place:
        place.there.forge = forge
        assert f">{APPROVER}<" in place.go(browser).text
        assert "userinfo" in place.there.asked
        browser.cookies.clear()
        place.there.people["u-17"]["email_verified"] = False
        refused = place.go(browser)
        assert refused.status_code == 502 and "has not verified your mail address" in refused.text


def test_new_keys_are_asked_for(place: Place, browser: requests.Session) -> None:
    """Signed with a key that was not published before: they are asked for again, at most each half minute."""
    assert f">{APPROVER}<" in place.go(browser).text
    place.there.rotate()
    browser.cookies.clear()
    assert "signature does not hold" in place.go(browser).text
    place.college.clock.at += sign_on_client.NOT_AGAIN
    assert f">{APPROVER}<" in place.go(browser).text
    assert place.there.asked.count("jwks") == 2
    assert place.there.asked.count(".well-known/openid-configuration") == 1


# ---------------------------------------------------------------- those who do not


def test_somebody_without_an_account_is_told_what_to_ask_for(place: Place, browser: requests.Session) -> None:
    """No account is made; the page gives the name that has to be entered."""
    place.there.people["u-17"]["preferred_username"] = "stranger@exampleton.ac.uk"
    refused = place.go(browser)
    assert refused.status_code == 403 and COOKIE not in browser.cookies
    assert "knows you as stranger@exampleton.ac.uk" in refused.text and "for an account" in refused.text
    with place.college.app.open_store(read_only=True) as store:
        assert len(store_accounts.sign_ins(store)) == 4


def test_a_disabled_account_stays_out(place: Place, browser: requests.Session) -> None:
    """Whatever the college says of its owner."""
    with place.college.app.open_store() as store:
        account_keeping.set_disabled(place.college.app, store, APPROVER, True, by="boss")
    refused = place.go(browser)
    assert refused.status_code == 403 and "may not sign in any longer" in refused.text


def _elsewhere(claims: Claims) -> str:
    return str(JWS(json.dumps(claims), alg="RS256").sign_compact([new_rsa_key(kid="theirs")]))


def _unsigned(claims: Claims) -> str:
    parts = [{"alg": "none", "typ": "JWT"}, claims]
    return ".".join(base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode() for one in parts) + "."


def _shared(claims: Claims) -> str:
    """Signed with the client's secret, which whoever sees the settings knows."""
    header, body = (json.dumps(one).encode() for one in ({"alg": "HS256"}, claims))
    sent = b".".join(base64.urlsafe_b64encode(one).rstrip(b"=") for one in (header, body))
    mac = base64.urlsafe_b64encode(hmac.new(SECRET.encode(), sent, hashlib.sha256).digest()).rstrip(b"=")
    return (sent + b"." + mac).decode()


def _without(name: str) -> Callable[[Claims], Claims]:
    return lambda claims: {key: one for key, one in claims.items() if key != name}


def _with(**more: object) -> Callable[[Claims], Claims]:
    return lambda claims: claims | more


NOW = int(time.time())
FORGED: dict[str, tuple[Callable[[Claims], Claims | str], str]] = {
    "another nonce": (_with(nonce="another"), "another attempt"),
    "no nonce": (_without("nonce"), "its nonce is wrong or missing"),
    "another audience": (_with(aud=["another"]), "meant for another program"),
    "more than one audience": (_with(aud=[CLIENT, "another"]), "meant for another program"),
    "handed on": (_with(azp="another"), "meant for another program"),
    "no audience": (_without("aud"), "its aud is wrong or missing"),
    "another issuer": (_with(iss="https://login.example"), "its iss is wrong or missing"),
    "expired": (_with(exp=NOW - sign_on.LEEWAY - 60), "it has expired"),
    "never expires": (_without("exp"), "its exp is wrong or missing"),
    "not yet": (_with(nbf=NOW + 3600), "its nbf is wrong or missing"),
    "from the future": (_with(iat=NOW + 3600), "its iat is wrong or missing"),
    "nobody": (_without("sub"), "its sub is wrong or missing"),
    "unsigned": (_unsigned, "signature does not hold"),
    "by a shared secret": (_shared, "signature does not hold"),
    "by somebody else": (_elsewhere, "signature does not hold"),
    "no token": (lambda _: "", "signature does not hold"),
    "half a token": (lambda _: "eyJhbGciOiJSUzI1NiJ9.e30", "signature does not hold"),
}


def test_no_forged_token_lets_anybody_in(place: Place, browser: requests.Session) -> None:
    """Each is refused with the reason, and no session begins; after twenty of them the sign-on is asked no more."""
    for name, (forge, says) in FORGED.items():
        place.there.forge = forge
        refused = place.go(browser)
        assert refused.status_code == 502 and says in refused.text, (name, refused.text)
        assert COOKIE not in browser.cookies, name
    for _ in range(ADDRESS - len(FORGED)):
        place.go(browser)
    place.there.forge, asked = None, place.there.asked.count("token")
    assert "Too many attempts" in place.go(browser).text and place.there.asked.count("token") == asked == ADDRESS


def test_clocks_may_differ_a_little(place: Place, browser: requests.Session) -> None:
    """A minute does not matter; ten do."""
    for apart, good in ((-60, True), (60, True), (-600, False), (600, False)):
        place.college.clock.at = int(time.time()) + apart
        browser.cookies.clear()
        assert (f">{APPROVER}<" in place.go(browser).text) is good, apart


def test_an_answer_is_good_once_and_in_one_browser(place: Place, browser: requests.Session) -> None:
    """Another browser's answer, a forged state, one sent again, and one that took too long: all refused."""
    back = place.sent_back(browser)
    with requests.Session() as other:
        other.trust_env = False
        refused = other.get(back, timeout=20)
        assert refused.status_code == 400 and "another browser" in refused.text
    forged = re.sub(r"state=[^&]+", "state=forged", back)
    assert browser.get(forged, timeout=20).status_code == 400
    asked = place.there.asked.count("token")
    assert f">{APPROVER}<" in browser.get(back, timeout=20).text
    del browser.cookies[COOKIE]
    assert browser.get(back, timeout=20).status_code == 400
    late = place.sent_back(browser)
    place.college.clock.at += 600
    assert browser.get(late, timeout=20).status_code == 400
    assert place.there.asked.count("token") == asked + 1


def test_a_code_of_somebody_else_is_worth_nothing(place: Place, browser: requests.Session) -> None:
    """A code put into another attempt's answer fails for want of its verifier; a used one at the sign-on."""
    with requests.Session() as other:
        other.trust_env = False
        stolen = re.search(r"code=([^&]+)", place.sent_back(other))
    assert stolen
    mine = place.sent_back(browser)
    refused = browser.get(re.sub(r"code=[^&]+", f"code={stolen[1]}", mine), timeout=20)
    assert refused.status_code == 502 and COOKIE not in browser.cookies
    used = place.sent_back(browser)
    code = re.search(r"code=([^&]+)", used)
    assert code and f">{APPROVER}<" in browser.get(used, timeout=20).text
    browser.cookies.clear()
    again = re.sub(r"code=[^&]+", f"code={code[1]}", place.sent_back(browser))
    assert browser.get(again, timeout=20).status_code == 502 and COOKIE not in browser.cookies


@pytest.mark.parametrize(
    ("swap", "says"),
    [
        ((r"iss=[^&]+", "iss=https%3A%2F%2Flogin.example"), "comes from another sign-on"),
        ((r"code=[^&]+", "error=access_denied"), "did not let you in"),
        ((r"code=[^&]+", "error=%3Cscript%3E&error_description=Call+0900"), "sign-on refused"),
        ((r"code=[^&]+", "kode=1"), "sent nothing back"),
        ((r"code=[^&]+", "code=made-up"), "does not take its answer back"),
    ],
)
def test_refusals_that_come_back(place: Place, browser: requests.Session, swap: tuple[str, str], says: str) -> None:
    """Each is told in our own words: nothing out of the address is repeated."""
    refused = browser.get(re.sub(*swap, place.sent_back(browser)), timeout=20)
    assert refused.status_code == 502 and says in refused.text, refused.text
    assert "script>" not in refused.text and "0900" not in refused.text


# ---------------------------------------------------------------- a sign-on that is ill


WEAK = b'{"kty": "RSA", "e": "AQAB", "n": "%s"}' % (b"x" * 171)
"""A key of 1024 bits."""


@pytest.mark.parametrize(
    ("path", "status", "body", "says"),
    [
        (".well-known/openid-configuration", 404, b"", "does not describe itself (404)"),
        (".well-known/openid-configuration", 200, b"<html>", "by another address than oidc.issuer"),
        (".well-known/openid-configuration", 200, b'{"issuer": "https://login.example"}', "by another address"),
        (".well-known/openid-configuration", 200, b"[" * 300_000, "answers too much"),
        ("jwks", 500, b"", "publishes no key"),
        ("jwks", 200, b'{"keys": [{"kty": "oct", "k": "c2VjcmV0"}, 7, {"kty": "RSA"}]}', "publishes no key"),
        ("jwks", 200, b'{"keys": [%s]}' % WEAK, "publishes no key"),
        ("token", 401, b"{}", "does not accept nvqsync"),
        ("token", 302, b"", "refused what nvqsync asked (302)"),
        ("token", 200, b"{}", "signature does not hold"),
    ],
)
def test_what_an_ill_sign_on_says(
    place: Place, browser: requests.Session, path: str, status: int, body: bytes, says: str
) -> None:
    """The page tells it and begins no session; local accounts still get in."""
    place.there.overrides[path] = (status, body)
    refused = place.go(browser)
    assert refused.status_code in {502, 503} and says in refused.text, refused.text
    form = {"csrf_token": web_data.form_token(refused.text), "name": ADMIN, "password": PASSWORD}
    assert f">{ADMIN}<" in browser.post(f"{place.url}sign-in", data=form, timeout=20).text


def test_an_endpoint_elsewhere_in_the_open_is_not_used(place: Place, browser: requests.Session) -> None:
    """A description may not send our secret over a network without TLS."""
    document = requests.get(f"{place.there.issuer}/.well-known/openid-configuration", timeout=20).json()
    document["token_endpoint"] = "http://login.example/token"
    place.there.overrides[".well-known/openid-configuration"] = (200, json.dumps(document).encode())
    assert "names no token_endpoint" in place.go(browser).text


def test_a_slow_sign_on_holds_nobody_up(
    made: tuple[College, CollegeSignOn, int], tmp_path: Path, browser: requests.Session
) -> None:
    """It is given up after the timeout, and not asked again for half a minute."""
    with serving(made, tmp_path, timeout=0.2) as place:
        place.there.delay = 0.6
        began = time.monotonic()
        assert "does not answer just now" in place.go(browser).text
        assert time.monotonic() - began < 3
        asked = len(place.there.asked)
        assert place.go(browser).status_code == 503 and len(place.there.asked) == asked
        place.there.delay = 0
        place.college.clock.at += sign_on_client.NOT_AGAIN
        assert f">{APPROVER}<" in place.go(browser).text


def test_a_sign_on_that_is_down(
    made: tuple[College, CollegeSignOn, int], tmp_path: Path, browser: requests.Session
) -> None:
    """Nobody listens there: it is told, and what was known of it lasts a day."""
    with serving(made, tmp_path, issuer="http://127.0.0.1:9") as place:
        refused = place.go(browser)
        assert refused.status_code == 503 and "does not answer just now" in refused.text
    place.college.database.unlink()
    with serving(made, tmp_path) as place:
        assert f">{APPROVER}<" in place.go(browser).text
        for path in (".well-known/openid-configuration", "jwks"):
            place.there.overrides[path] = (500, b"")
        place.college.clock.at += sign_on_client.KEPT
        browser.cookies.clear()
        away = browser.get(f"{place.url}sign-in/college", timeout=20, allow_redirects=False)
        assert away.status_code == 303 and away.headers["Location"].startswith(place.there.issuer)


# ---------------------------------------------------------------- passwords beside it, and settings


@pytest.mark.parametrize(
    ("rule", "who", "enters"),
    [("admins", IQA, False), ("admins", ADMIN, True), ("everybody", IQA, True), ("nobody", ADMIN, False)],
)
def test_who_may_still_use_a_password(
    made: tuple[College, CollegeSignOn, int], tmp_path: Path, browser: requests.Session,
    rule: str, who: str, enters: bool,
) -> None:  # fmt: skip
    """The right password is not enough for a role that has to use the sign-on."""
    with serving(made, tmp_path, local_sign_in=rule) as place:
        page = browser.get(f"{place.url}sign-in", timeout=20).text
        assert ('type="password"' in page) is (rule != "nobody")
        with requests.Session() as other:  # a form from before the rule was changed
            other.trust_env = False
            token = web_data.form_token(page) if rule != "nobody" else ""
            jar = browser.cookies
            form = {"csrf_token": token, "name": who, "password": PASSWORD}
            answer = other.post(f"{place.url}sign-in", data=form, cookies=jar, timeout=20, allow_redirects=False)
        assert (answer.status_code == 303) is enters


def test_without_settings_there_is_no_such_page(made: tuple[College, CollegeSignOn, int]) -> None:
    """A college without a sign-on has no button, and the addresses lead nowhere."""
    with WebServer(made[0].app, "127.0.0.1", 0) as server, requests.Session() as session:
        assert "/sign-in/college" not in session.get(f"{server.url}sign-in", timeout=20).text
        for path in ("sign-in/college", "sign-in/college/back?state=x&code=y"):
            assert session.get(server.url + path, timeout=20).status_code == 404


# ---------------------------------------------------------------- the doctor


def _told(app: App) -> dict[str, Status]:
    return {one.id: one.status for one in doctor_sign_on.single_sign_on(app)}


def test_the_doctor_examines_the_sign_on(place: Place) -> None:
    """Reachable, with keys, its clock like ours and an account to use it; then with a clock that is wrong, then ill."""
    parts = ("oidc", "oidc.keys", "oidc.clock", "oidc.accounts")
    assert _told(place.college.app) == dict.fromkeys(parts, Status.OK)
    place.college.clock.at += 3600
    assert _told(place.college.app)["oidc.clock"] is Status.FAIL
    place.there.overrides["jwks"] = (200, b'{"keys": []}')
    assert _told(place.college.app)["oidc"] is Status.FAIL
