"""Who may sign in: the accounts with roles, links and sessions, and what an admin does with them.

The same functions as ``nvqsync users``. Accounts are named by number in addresses. Nobody changes their own role or
stops their own account here: another admin does, or the command line. A password that was made up is shown once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from nvqsync.bootstrap import App
from nvqsync.centre import Account
from nvqsync.errors import InputError, NotAllowed, UnknownName
from nvqsync.sign_in import account_keeping, passwords
from nvqsync.sign_in.accounts import ROLE_NAMES, ROLE_WORDS, Right, Role, SignIn, means
from nvqsync.storage import store_accounts, store_centre, store_lms
from nvqsync.store import Store
from nvqsync.web.access import current, needs
from nvqsync.web.context import app, checked_number, store
from nvqsync.web.typed import line

accounts = Blueprint("accounts", __name__)
Answer = str | tuple[str, int] | AnyResponse
_SEVERAL = re.compile(r"[\s,;]+")
Done = tuple[str, str]
"""What was done, in words, and a password to show once or nothing."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One account as a page shows it. ``moodle`` is what is recorded of them there; ``None``: nothing."""

    who: SignIn
    moodle: str | None
    courses: tuple[str, ...]
    sessions: tuple[store_accounts.Session, ...]

    @property
    def ways(self) -> str:
        """How they get in."""
        known = [word for word, there in (("password", self.who.password), ("sign-on", self.who.sso)) if there]
        return "disabled" if self.who.disabled else " or ".join(known) or "a proxy's sign-on alone"


@accounts.get("/accounts")
@needs(Right.ACCOUNTS)
def every() -> Answer:
    """Every account, and the form for another."""
    return _every()


@accounts.post("/accounts")
@needs(Right.ACCOUNTS)
def add() -> Answer:
    """Make an account."""
    try:
        told, secret = _changed(_added)
    except (InputError, UnknownName) as error:
        return _every(error), 400
    return _told(told, secret, url_for("accounts.every"))


@accounts.get("/accounts/<int:number>")
@needs(Right.ACCOUNTS)
def one(number: int) -> Answer:
    """One account, and what can be done with it."""
    return _one(number)


@accounts.post("/accounts/<int:number>/<any(role, link, sso, disable, enable, password, sessions):deed>")
@needs(Right.ACCOUNTS)
def change(number: int, deed: str) -> Answer:
    """Do one thing with an account."""
    try:
        told, secret = _changed(lambda opened: DEEDS[deed](app(), opened, _known(opened, number)))
    except (InputError, UnknownName) as error:
        return _one(number, error), 400
    except NotAllowed as error:
        return _one(number, error), 409
    return _told(told, secret, url_for("accounts.one", number=number))


def _changed(act: Callable[[Store], Done]) -> Done:
    store().close()  # says how to set nvqsync up, where it is not
    with app().open_store() as opened:
        return act(opened)


def _told(told: str, secret: str, onwards: str) -> Answer:
    """Tell it on the page it leads to; a password on a page of its own, which nothing keeps."""
    if secret:
        return render_template("account_password.html", told=told, secret=secret, onwards=onwards)
    flash(told)
    return redirect(onwards, 303)


# ---------------------------------------------------------------- what is done


def _added(opened: Store) -> Done:
    here, name, role = app(), line("name"), _role()
    moodle, no_moodle = _moodle(opened)
    account = Account(name, moodle, no_moodle)
    on_record = store_centre.account(opened, name)
    if not account.known and not (on_record and on_record.known):
        raise InputError(*_SAY_WHO)
    secret = passwords.generated() if request.form.get("password") else ""
    courses = _courses(role)
    account_keeping.add(here, opened, account, role, courses, secret, by=current().name, sso=line("sso"))
    return f"{name} may sign in as {ROLE_NAMES[role]}: {means(role, courses)}.", secret


def _set_role(here: App, opened: Store, who: SignIn) -> Done:
    _not_oneself(who, "role")
    role = _role()
    new = account_keeping.set_role(here, opened, who.name, role, _courses(role), by=current().name)
    return (
        f"{new.name} is now {ROLE_NAMES[role]}: {means(role, new.courses)}. It holds from the next page they open.",
        "",
    )


def _link(here: App, opened: Store, who: SignIn) -> Done:
    moodle, no_moodle = _moodle(opened)
    if not moodle and not no_moodle:
        raise InputError(*_SAY_WHO)
    account_keeping.link(here, opened, who.name, moodle, by=current().name)
    return f"{who.name} is {f'Moodle user {moodle}' if moodle else 'recorded as having no Moodle account'}.", ""


def _set_sso(here: App, opened: Store, who: SignIn) -> Done:
    new = account_keeping.set_sso(here, opened, who.name, line("sso"), by=current().name)
    way = "signs in by the college's sign-on" if new.sso else "no longer signs in by the college's sign-on"
    return f"{new.name} {way}.", ""


def _disable(here: App, opened: Store, who: SignIn) -> Done:
    _not_oneself(who, "account")
    ended = account_keeping.set_disabled(here, opened, who.name, True, by=current().name)
    return f"{who.name} may no longer sign in; sessions ended: {ended}. To undo it: let them sign in again.", ""


def _enable(here: App, opened: Store, who: SignIn) -> Done:
    account_keeping.set_disabled(here, opened, who.name, False, by=current().name)
    return f"{who.name} may sign in again.", ""


def _set_password(here: App, opened: Store, who: SignIn) -> Done:
    _not_oneself(who, "password")
    secret = passwords.generated()
    ended = account_keeping.set_password(here, opened, who.name, secret, by=current().name)
    return f"{who.name} has a new password; sessions ended: {ended}.", secret


def _end_sessions(here: App, opened: Store, who: SignIn) -> Done:
    ended = account_keeping.revoke(here, opened, by=current().name, name=who.name)
    return f"Sessions of {who.name} that were ended: {ended}.", ""


DEEDS: Mapping[str, Callable[[App, Store, SignIn], Done]] = {
    "role": _set_role,
    "link": _link,
    "sso": _set_sso,
    "disable": _disable,
    "enable": _enable,
    "password": _set_password,
    "sessions": _end_sessions,
}
"""What can be done with an account, by the word in the address."""

_SAY_WHO = (
    "Say who they are in Moodle: it decides what they may approve.",
    "Enter their Moodle id or ID number, or tick that they have no account there.",
)


def _not_oneself(who: SignIn, what: str) -> None:
    if who.name == current().name:
        step = "Your own password is changed under your name, at the top." if what == "password" else ""
        raise NotAllowed(f"Nobody changes their own {what} here.", step or "Ask another admin to do it.")


# ---------------------------------------------------------------- what was typed


def _known(opened: Store, number: int) -> SignIn:
    found = store_accounts.numbered(opened, checked_number(number))
    if found is None:
        abort(404)
    return found


def _role() -> Role:
    text = request.form.get("role", "")
    if text not in set(Role):
        raise InputError("Which role they are to have was not said.", "Choose one of the list.")
    return Role(text)


def _courses(role: Role) -> list[str]:
    """A viewer's courses; what stands in the field means nothing for others, who see every course."""
    return [one for one in _SEVERAL.split(line("courses")) if one] if role is Role.VIEWER else []


def _moodle(opened: Store) -> tuple[str, bool]:
    """A Moodle id for what was typed (an id or an ID number), or that they have none. Raises ``InputError``."""
    text, none = line("moodle"), bool(request.form.get("no_moodle"))
    if text and none:
        raise InputError("A Moodle id was given, and ticked that there is none.", "Do one of the two.")
    people = store_lms.learners(opened) if text else []
    by_number = {one.lms_id for one in people if one.id_number == text}
    found = sorted(by_number or {one.lms_id for one in people if one.lms_id == text})
    if len(found) > 1:
        raise InputError(f"Several people have the ID number {text}: Moodle ids {', '.join(found)}.", "Give the id.")
    if text and not found and people:
        raise InputError(f"Nobody with the Moodle id or ID number {text} is on a course that was read.", "Check it.")
    return (found[0] if found else text), none


# ---------------------------------------------------------------- what is shown


def _every(error: InputError | UnknownName | None = None) -> str:
    with store() as opened:
        shown = [_shown(opened, who) for who in store_accounts.sign_ins(opened)]
    return render_template("accounts.html", shown=shown, **_common(error))


def _one(number: int, error: InputError | UnknownName | NotAllowed | None = None) -> str:
    with store() as opened:
        shown = _shown(opened, _known(opened, number))
    return render_template("account_one.html", one=shown, oneself=shown.who.name == current().name, **_common(error))


def _common(error: InputError | UnknownName | NotAllowed | None) -> dict[str, object]:
    oidc = app().settings.oidc
    return {
        "error": error,
        "roles": ROLE_WORDS,
        "role_names": ROLE_NAMES,
        "typed": request.form,
        "by_sso": bool(oidc.issuer),
        "claim": oidc.claim,
    }


def _shown(opened: Store, who: SignIn) -> Shown:
    account = store_centre.account(opened, who.name)
    moodle = (account.lms_id or "") if account is not None and account.known else None
    names = store_lms.course_names(opened)
    sessions = tuple(store_accounts.sessions(opened, at=app().now(), name=who.name))
    return Shown(who, moodle, tuple(sorted(names.get(one, one) for one in who.courses)), sessions)
