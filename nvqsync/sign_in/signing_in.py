"""Signing in and out: a password checked, a session begun, looked up, ended. The pages call no lower."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass, replace
from datetime import timedelta

from nvqsync.bootstrap import App
from nvqsync.errors import NotAllowed
from nvqsync.sign_in import passwords
from nvqsync.sign_in.accounts import LONGEST_PASSWORD, SignedIn, SignIn, check_password, may_use_password, signed_in
from nvqsync.sign_in.sign_on import Person
from nvqsync.sign_in.throttle import Throttle
from nvqsync.storage import store_accounts
from nvqsync.store import Store

log = logging.getLogger(__name__)

TOUCHED_EVERY = 60
"""Seconds after which a session that is used is marked as seen again: not every page turns into a write."""

WRONG = "The name or the password is wrong."


@dataclass(frozen=True, slots=True)
class Begun:
    """A session that begins: the token for the browser, and how many seconds it can last at most."""

    token: str
    seconds: int
    name: str


def sign_in(app: App, throttle: Throttle, name: str, password: str, address: str) -> Begun:
    """Begin a session for whoever knows the password. Raises ``NotAllowed``, which never says which of both was wrong.

    ``address`` is where the attempt comes from. A wrong name takes as long as a wrong password, and so does one whose
    role may not use a password here.
    """
    count(throttle, name, address)
    with app.open_store() as store:
        who = store_accounts.find(store, name)
        known = who is not None and not who.disabled and may_use_password(passwords_for(app), who.role)
        if not passwords.fits(password[: LONGEST_PASSWORD + 1], who.password if who and known else "") or who is None:
            log.warning("An attempt to sign in failed.")  # names and addresses of people do not go into logs
            raise NotAllowed(WRONG, "Look at both and try again.")
        throttle.succeeded(name, address)
        rehashed = passwords.hashed(password) if passwords.outdated(who.password) else ""
        with store.writing():
            if rehashed:
                store_accounts.keep_hash(store, who.name, rehashed)
            return _begin(app, store, who)


def count(throttle: Throttle, name: str, address: str) -> None:
    """Count an attempt, as failed until ``throttle`` is told otherwise. Raises ``NotAllowed`` after too many."""
    if wait := throttle.attempt(name, address):
        minutes = -(-wait // 60)
        says = f"Too many attempts. Wait {minutes} minute{'s' if minutes > 1 else ''}, then try again."
        raise NotAllowed(says, "If you have forgotten your password, ask whoever looks after nvqsync for a new one.")


def passwords_for(app: App) -> str:
    """Who may sign in by password: ``everybody``, ``admins`` or ``nobody``."""
    return app.settings.oidc.local_sign_in if app.settings.oidc.issuer else "everybody"


def _begin(app: App, store: Store, who: SignIn, *, by_sso: bool = False) -> Begun:
    """Begin a session, inside the transaction that is open."""
    token, at = secrets.token_urlsafe(32), app.now()
    seconds = int(timedelta(hours=app.settings.web.session_hours).total_seconds())
    store_accounts.open_session(store, who.name, token, at=at, ends_at=at + seconds, by_sso=by_sso)
    return Begun(token, seconds, who.name)


def sign_in_by_sso(app: App, person: Person) -> Begun:
    """Begin a session for whom the college's single sign-on vouches for. Accounts are never made here.

    They are known by their subject once they came; by the name that was entered with the account the first time.
    Raises ``NotAllowed`` for somebody without an account, with a disabled one, or with one that is somebody else's.
    """
    subject = f"{app.settings.oidc.issuer} {person.subject}"
    with app.open_store() as store, store.writing(durable=True):
        who = store_accounts.of_subject(store, subject) or store_accounts.of_sso(store, person.name)
        if who is None:
            says = f"The college's sign-on knows you as {person.name}, and no account of nvqsync goes by that name."
            raise NotAllowed(says, "Ask whoever looks after nvqsync for an account, and tell them that name.")
        if who.disabled:
            raise NotAllowed("Your account may not sign in any longer.", "Ask whoever looks after nvqsync.")
        if who.subject != subject:
            _remember(app, store, who, subject)
        return _begin(app, store, who, by_sso=True)


def _remember(app: App, store: Store, who: SignIn, subject: str) -> None:
    """Hold an account's first visitor by this sign-on to be its owner. Raises ``NotAllowed`` where there is one."""
    if who.subject.partition(" ")[0] == app.settings.oidc.issuer:
        says = "The college's sign-on gives you a name that belonged to somebody else before."
        step = "Ask whoever looks after nvqsync: 'nvqsync users sso' enters your name anew, if the account is yours."
        raise NotAllowed(says, step)
    store_accounts.save(
        store, replace(who, subject=subject), actor=who.name, at=app.now(), action="sso-first",
        says=f"{who.name} signed in by the college's sign-on for the first time, and is known to it from now on.",
    )  # fmt: skip


def resume(app: App, store: Store, token: str) -> SignedIn | None:
    """Whose session a token is, or ``None``. Marks it as seen, now and then."""
    idle = int(timedelta(minutes=app.settings.web.idle_minutes).total_seconds())
    found = store_accounts.session(store, token, at=app.now(), idle=idle)
    if found is None:
        return None
    session, who = found
    if app.now() - session.seen_at >= TOUCHED_EVERY:
        with app.open_store() as writable, writable.writing():
            store_accounts.touch(writable, session.id, at=app.now())
    return signed_in(who, session.id)


def vouched_for(store: Store, name: str) -> SignedIn | None:
    """Whom a trusted sign-on names, where they have an account that may sign in; or ``None``."""
    who = store_accounts.find(store, name)
    return signed_in(who) if who is not None and not who.disabled else None


def sign_out(app: App, name: str, session_id: int) -> bool:
    """End a session at once; whether it had begun by the college's single sign-on, whose own goes on."""
    with app.open_store() as store, store.writing():
        mine = store_accounts.sessions(store, at=app.now(), name=name)
        store_accounts.end_session(store, session_id)
    return any(one.by_sso for one in mine if one.id == session_id)


def change_password(app: App, throttle: Throttle, who: SignedIn, old: str, new: str, address: str) -> None:
    """Put a new password in place of the old one, and end every other session of the account.

    Raises ``NotAllowed`` where the old one is wrong and ``InputError`` where the new one is too weak.
    """
    count(throttle, who.name, address)
    with app.open_store() as store:
        known = store_accounts.sign_in(store, who.name)
        if not passwords.fits(old[: LONGEST_PASSWORD + 1], known.password):
            raise NotAllowed("The present password is wrong.", "Look at it and try again.")
        throttle.succeeded(who.name, address)
        check_password(new, who.name)
        changed = replace(known, password=passwords.hashed(new))
        with store.writing(durable=True):
            store_accounts.save(
                store, changed, actor=who.name, at=app.now(), action="password-changed",
                says=f"{who.name} chose a new password.",
            )  # fmt: skip
            for session in store_accounts.sessions(store, at=app.now(), name=who.name):
                if session.id != who.session:
                    store_accounts.end_session(store, session.id)
