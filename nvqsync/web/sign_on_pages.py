"""Signing in by the college's single sign-on: sending a browser there, and taking in what it brings back.

What has to be remembered of a browser on its way stays with that browser, in its signed cookie: nobody else's answer
is good there, no answer is good twice, and after ten minutes none is.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from flask import Blueprint, abort, current_app, make_response, redirect, request, session

from nvqsync.bootstrap import App
from nvqsync.errors import NotAllowed, SignOnError
from nvqsync.sign_in import sign_on, signing_in
from nvqsync.sign_in.sign_on import Attempt
from nvqsync.web import access, context
from nvqsync.web.signing_in_pages import Answer, form

if TYPE_CHECKING:
    from nvqsync.sign_in.sign_on_client import SignOn

college = Blueprint("college", __name__)
log = logging.getLogger(__name__)

EXTENSION = "nvqsync.sign_on"
ON_ITS_WAY = "on_its_way"
"""What the cookie keeps: by state, the nonce, the verifier, where to go afterwards, and when it began."""

MOST_ON_THEIR_WAY = 3
LASTS = 600
LONGEST_BACK = 400
Kept = tuple[str, str, str, int]


def the_sign_on() -> SignOn:
    """The college's sign-on; 404 where the settings name none, or a proxy signs people in itself."""
    found: SignOn | None = current_app.extensions[EXTENSION]
    if found is None or access.behind_sign_on():
        abort(404)
    return found


@college.get("/sign-in/college")
@access.open_to_anybody
def begin() -> Answer:
    """Send the browser to the college's sign-on. Whoever is signed in already goes on."""
    there, back = the_sign_on(), access.way_back(request.args.get("next", "/"))
    if access.known() is not None:
        return redirect(back, 303)
    try:
        address, attempt = there.begin()
    except SignOnError as error:
        return _refused(error, back, 503)
    kept: dict[str, Kept] = session.get(ON_ITS_WAY, {})
    latest = sorted(kept.items(), key=lambda one: one[1][3])[-(MOST_ON_THEIR_WAY - 1) :]
    goes_back = back if len(back) <= LONGEST_BACK else "/"
    mine = (attempt.nonce, attempt.verifier, goes_back, context.app().now())
    session[ON_ITS_WAY] = dict([*latest, (attempt.state, mine)])
    return redirect(address, 303)


@college.get(sign_on.CALL_BACK)
@access.open_to_anybody
def back() -> Answer:
    """Take in what the browser brings back from there, and sign its person in."""
    there, app = the_sign_on(), context.app()
    context.store().close()  # says how to set nvqsync up, where it is not
    attempt, onwards = _taken_back(app)
    if attempt is None:
        says = "This answer of the college's sign-on is old, was used, or is another browser's."
        return _refused(SignOnError(says, sign_on.BEGIN_AGAIN), onwards, 400)
    if access.known() is not None:  # signed in meanwhile, in another tab
        return redirect(onwards, 303)
    try:
        begun = _signed_in(app, there, attempt)
    except NotAllowed as error:
        log.warning("An attempt to sign in failed.")  # names and addresses of people do not go into logs
        return _refused(error, onwards, 403)
    except SignOnError as error:
        log.warning("Somebody was not signed in by the college's sign-on: %s", error.says)
        return _refused(error, onwards, 502)
    response = make_response(redirect(onwards, 303))
    access.give_cookie(response, begun)
    return response


def _taken_back(app: App) -> tuple[Attempt | None, str]:
    """The attempt that this answer belongs to, which is good for no second one; and where to go afterwards."""
    state = request.args.get("state", "")
    kept: dict[str, Kept] = dict(session.get(ON_ITS_WAY, {}))
    found = kept.pop(state, None)
    if found is None:
        return None, "/"
    session[ON_ITS_WAY] = kept
    nonce, verifier, onwards, began = found
    fresh = 0 <= app.now() - began < LASTS
    return (Attempt(state, nonce, verifier) if fresh else None), access.way_back(onwards)


def _signed_in(app: App, there: SignOn, attempt: Attempt) -> signing_in.Begun:
    """A session for the person. What the sign-on refuses counts as a failed attempt from this address."""
    signing_in.count(access.throttle(), attempt.state, access.address())
    person = there.finish(attempt, request.args)
    access.throttle().succeeded(attempt.state, access.address())
    return signing_in.sign_in_by_sso(app, person)


def _refused(error: NotAllowed | SignOnError, back: str, status: int) -> tuple[str, int]:
    return form(back, error=error), status


def install(app: App) -> SignOn | None:
    """What asks the college's sign-on for this application, or ``None`` where the settings name none."""
    oidc, web = app.settings.oidc, app.settings.web
    if not oidc.issuer:
        return None
    from nvqsync.sign_in.sign_on_client import SignOn  # noqa: PLC0415  (cryptography takes memory that others need not spend)

    return SignOn(oidc, sign_on.call_back(web.public_url), app.now)
