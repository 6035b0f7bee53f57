"""Who gets in: whoever asks is known before any page is made, and a page says which right it takes.

A browser holds a random token; the session behind it is kept in the database, ends by itself and can be revoked. Where
the settings switch it on, a header set by the college's own sign-on names the account instead, and only requests from
the proxies named there are believed. Before there is anybody who can sign in, nothing is shown but how to change that.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from flask import (
    Flask,
    Response,
    abort,
    current_app,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from nvqsync.sign_in import signing_in
from nvqsync.sign_in.accounts import Right, SignedIn
from nvqsync.sign_in.throttle import Throttle
from nvqsync.storage import store_accounts
from nvqsync.store import Store
from nvqsync.web import context, kept, safety

log = logging.getLogger(__name__)

COOKIE = "nvqsync_session"
THROTTLE = "nvqsync.throttle"
WARNED = "nvqsync.warned_of_a_stranger"
ANYBODY = "anybody"
SIGN_IN = "signing_in.sign_in"
FOR_MACHINES = frozenset({"static", "pages.health", "pages.metrics_text"})
"""Endpoints that answer whoever asks without looking who it is: they say the same to everybody."""
View = TypeVar("View", bound=Callable[..., Any])


class NobodyYet(context.NotSetUp):
    """There is a database and nobody who could sign in: the start page says how to make the first account."""


def needs(right: Right) -> Callable[[View], View]:
    """Say which right a page or an action takes. One that says nothing lets nobody through."""

    def mark(view: View) -> View:
        cast(Any, view).needs = right
        return view

    return mark


def open_to_anybody(view: View) -> View:
    """Say that a page is shown without signing in."""
    cast(Any, view).needs = ANYBODY
    return view


def asked_right(app: Flask, endpoint: str) -> Right | str | None:
    """What a route takes: a right, ``ANYBODY``, or ``None`` where it does not say."""
    if endpoint == "static":
        return ANYBODY
    found: Right | str | None = getattr(app.view_functions[endpoint], "needs", None)
    return found


# ---------------------------------------------------------------- who it is


def current() -> SignedIn:
    """Who asks for this page. Only for pages that are not open to anybody."""
    found = known()
    if found is None:
        raise RuntimeError("this page is open to anybody: nobody need be signed in")
    return found


def known() -> SignedIn | None:
    """Who asks for this page, or ``None`` where nobody is signed in."""
    found: SignedIn | None = g.get("nvqsync_who")
    return found


def throttle() -> Throttle:
    """What counts this application's attempts to sign in."""
    found: Throttle = current_app.extensions[THROTTLE]
    return found


def behind_sign_on() -> bool:
    """Whether this request names its account in the header of a proxy that is believed."""
    web = context.app().settings.web
    return bool(web.user_header) and request.remote_addr in web.proxies


def _warn_of_a_stranger() -> None:
    """Log once that the header came from an address that is not believed: misconfigured, or somebody tries it on."""
    web = context.app().settings.web
    stranger = web.user_header and web.user_header in request.headers and request.remote_addr not in web.proxies
    if stranger and not current_app.extensions.get(WARNED):
        current_app.extensions[WARNED] = True
        log.warning("%s came from an address that is not in web.proxies: it is not believed.", web.user_header)


def address() -> str:
    """Where the request comes from: as a believed proxy says it, else the other end of the connection."""
    web = context.app().settings.web
    if request.remote_addr in web.proxies and (told := request.headers.get("X-Forwarded-For", "")):
        return told.rpartition(",")[2].strip()[:64]
    return request.remote_addr or ""


# ---------------------------------------------------------------- before each request


def guard() -> AnyResponse | None:
    """Find out who asks, and whether they may. Runs before every request; an answer here is the last word."""
    if request.endpoint is None:
        return None  # no such page: whoever asks is told so, and nothing else
    asked = asked_right(current_app, request.endpoint)
    if request.endpoint in FOR_MACHINES:
        return None
    _warn_of_a_stranger()
    try:
        g.nvqsync_who = _found()
    except context.NotSetUp:
        if asked != ANYBODY or request.endpoint == SIGN_IN:
            raise
    return None if asked == ANYBODY else _check(asked)


def _found() -> SignedIn | None:
    """Who asks. Raises ``NotSetUp`` where nobody could sign in yet."""
    with context.store() as store:
        who = _who(store)
        if who is None and not store_accounts.anybody(store):
            raise NobodyYet("Nobody can sign in yet.", "Make the first account: 'nvqsync users add NAME --role admin'.")
    return who


def _who(store: Store) -> SignedIn | None:
    if behind_sign_on():
        name = request.headers.get(context.app().settings.web.user_header, "")
        return signing_in.vouched_for(store, name) if name else None
    token = request.cookies.get(COOKIE, "")
    return signing_in.resume(context.app(), store, token) if token else None


def _check(asked: Right | str | None) -> AnyResponse | None:
    who = known()
    if who is None:
        return _sign_in_first()
    if not isinstance(asked, Right) or not who.may(asked):
        abort(403)
    return None


def _sign_in_first() -> AnyResponse:
    """To the page for signing in, and from there back: to the page that was asked for, or the one acted on."""
    if behind_sign_on():
        abort(403, "The college's sign-on let you through, but no account of nvqsync has your name.")
    if request.method in {"GET", "HEAD"}:
        back = request.full_path.rstrip("?")
    else:
        args = request.view_args or {}
        back = f"/claims/{args['claim_id']}" if "claim_id" in args else request.path if "word" in args else "/"
    onwards = url_for(SIGN_IN, next=None if back == "/" else back)
    if words := kept.typed_words():
        says = "Nothing was done: sign in and do it again. Copy first what you need of what you had typed."
        page = render_template(
            "problem.html", heading="You were signed out meanwhile", says=says, typed_words=words, onwards=onwards
        )
        return make_response(page, 403)
    if request.method not in {"GET", "HEAD"}:
        flash("You were signed out meanwhile. Nothing was done: sign in and do it again.")
    return redirect(onwards, 303)


def way_back(text: str) -> str:
    """Where to go after signing in: a path of these pages, never another site."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return "/"
    odd = not text.startswith("/") or text.startswith("//") or "\\" in text or not text.isprintable()
    return "/" if odd or parts.scheme or parts.netloc else text


# ---------------------------------------------------------------- the cookie


def give_cookie(response: Response, begun: signing_in.Begun) -> None:
    """Hand the session's token to the browser: out of reach of scripts, never sent along by other sites."""
    response.set_cookie(
        COOKIE, begun.token, max_age=begun.seconds, httponly=True, samesite="Lax", path="/",
        secure=safety.by_tls(context.app().settings.web),
    )  # fmt: skip


def take_cookie(response: Response) -> None:
    """Take the token away again."""
    secure = safety.by_tls(context.app().settings.web)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="Lax", secure=secure)


# ---------------------------------------------------------------- what pages ask


def may_open(endpoint: str) -> bool:
    """Whether a page is worth a link: whoever asks may read it."""
    asked, who = asked_right(current_app, endpoint), known()
    return asked == ANYBODY or (who is not None and isinstance(asked, Right) and who.may(asked))


def install(flask: Flask) -> None:
    """Put the guard before every request of an application, and what templates ask into them."""
    app = flask.extensions["nvqsync"]
    flask.extensions[THROTTLE] = Throttle(app.now)
    flask.before_request(guard)
    flask.context_processor(lambda: {"who": known(), "by_sign_on": behind_sign_on()})
