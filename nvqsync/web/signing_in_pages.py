"""The pages for signing in and out, and for one's own account: a new password, and where one is signed in."""

from __future__ import annotations

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from nvqsync.errors import InputError, NotAllowed, NvqsyncError
from nvqsync.sign_in import signing_in
from nvqsync.sign_in.accounts import (
    LONGEST_PASSWORD,
    ROLE_NAMES,
    ROLE_WORDS,
    SHORTEST_PASSWORD,
    Right,
    may_use_password,
)
from nvqsync.storage import store_accounts, store_lms
from nvqsync.web import access, context

signing = Blueprint("signing_in", __name__)
SIGNED_OUT_HERE = (
    "You are signed out of nvqsync. You are still signed in at the college's sign-on: on a computer that others use, "
    "sign out there too."
)
Answer = str | tuple[str, int] | AnyResponse


@signing.route("/sign-in", methods=["GET", "POST"])
@access.open_to_anybody
def sign_in() -> Answer:
    """The form, and what is sent with it. Whoever is signed in already goes on."""
    back = access.way_back(request.args.get("next", "/"))
    if access.known() is not None:
        return redirect(back, 303)
    if access.behind_sign_on():
        abort(403, "The college's sign-on let you through, but no account of nvqsync has your name.")
    if request.method == "GET":
        return form(back)
    name, password = request.form.get("name", "").strip(), request.form.get("password", "")
    try:
        begun = signing_in.sign_in(context.app(), access.throttle(), name, password, access.address())
    except NotAllowed as error:
        return form(back, name=name[:LONGEST_PASSWORD], error=error), 403
    response = make_response(redirect(back, 303))
    access.give_cookie(response, begun)
    return response


def form(back: str, name: str = "", error: NvqsyncError | None = None) -> str:
    """The page for signing in: by the college's sign-on where there is one, by password where that may be."""
    oidc = context.app().settings.oidc
    rule = signing_in.passwords_for(context.app())
    label = oidc.label if oidc.issuer else ""
    return render_template("sign_in.html", back=back, name=name, error=error, label=label, passwords=rule)


@signing.post("/sign-out")
@access.needs(Right.READ)
def sign_out() -> Answer:
    """End this session."""
    who = access.current()
    if who.session is None:
        abort(400, "You are signed in by the college's own sign-on: sign out there.")
    by_sso = signing_in.sign_out(context.app(), who.name, who.session)
    flash(SIGNED_OUT_HERE if by_sso else "You are signed out.")
    response = make_response(redirect(url_for("signing_in.sign_in"), 303))
    access.take_cookie(response)
    return response


@signing.get("/account")
@access.needs(Right.READ)
def account() -> Answer:
    """Who one is to nvqsync, and where one is signed in."""
    return _account()


@signing.post("/account/password")
@access.needs(Right.READ)
def password() -> Answer:
    """Choose a new password; every other session of the account ends."""
    old, new, again = (request.form.get(name, "") for name in ("old", "new", "again"))
    try:
        if new != again:
            raise InputError("The new passwords differ.", "Type the same one twice.")
        signing_in.change_password(context.app(), access.throttle(), access.current(), old, new, access.address())
    except (InputError, NotAllowed) as error:
        return _account(error), 400
    flash("Your password is changed, and you are signed out everywhere else.")
    return redirect(url_for("signing_in.account"), 303)


@signing.post("/account/sessions/<int:session_id>/end")
@access.needs(Right.READ)
def end(session_id: int) -> Answer:
    """End another session of one's own."""
    app, who = context.app(), access.current()
    with app.open_store() as store, store.writing():
        mine = {one.id for one in store_accounts.sessions(store, at=app.now(), name=who.name)}
        if session_id not in mine:
            abort(404)
        store_accounts.end_session(store, session_id)
    flash("That session is ended.")
    return redirect(url_for("signing_in.account"), 303)


def _account(error: InputError | NotAllowed | None = None) -> str:
    app, who = context.app(), access.current()
    with context.store() as store:
        open_ones = store_accounts.sessions(store, at=app.now(), name=who.name)
        sign_in = store_accounts.sign_in(store, who.name)
        names = store_lms.course_names(store)
    allowed = may_use_password(signing_in.passwords_for(app), who.role) and not access.behind_sign_on()
    return render_template(
        "account.html", sessions=open_ones, error=error, has_password=bool(sign_in.password) and allowed,
        shortest=SHORTEST_PASSWORD, role_words=ROLE_WORDS[who.role], role_name=ROLE_NAMES[who.role],
        courses=sorted(names.get(one, one) for one in who.courses or ()),
    )  # fmt: skip
