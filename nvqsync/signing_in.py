"""Signing in and out: a password checked, a session begun, looked up, ended. The pages call no lower."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass, replace
from datetime import timedelta

from nvqsync import passwords, store_accounts
from nvqsync.accounts import LONGEST_PASSWORD, SignedIn, SignIn, check_password, signed_in
from nvqsync.bootstrap import App
from nvqsync.errors import NotAllowed
from nvqsync.store import Store
from nvqsync.throttle import Throttle

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

    ``address`` is where the attempt comes from. A wrong name takes as long as a wrong password.
    """
    if wait := throttle.attempt(name, address):
        minutes = -(-wait // 60)
        says = f"Too many attempts. Wait {minutes} minute{'s' if minutes > 1 else ''}, then try again."
        raise NotAllowed(says, "If you have forgotten your password, ask whoever looks after nvqsync for a new one.")
    with app.open_store() as store:
        who = store_accounts.find(store, name)
        known = who is not None and not who.disabled
        if not passwords.fits(password[: LONGEST_PASSWORD + 1], who.password if who and known else "") or who is None:
            log.warning("An attempt to sign in failed.")  # names and addresses of people do not go into logs
            raise NotAllowed(WRONG, "Look at both and try again.")
        throttle.succeeded(name, address)
        return _begin(app, store, who, password)


def _begin(app: App, store: Store, who: SignIn, password: str) -> Begun:
    token, at = secrets.token_urlsafe(32), app.now()
    seconds = int(timedelta(hours=app.settings.web.session_hours).total_seconds())
    rehashed = passwords.hashed(password) if passwords.outdated(who.password) else ""
    with store.writing():
        if rehashed:
            store_accounts.keep_hash(store, who.name, rehashed)
        store_accounts.open_session(store, who.name, token, at=at, ends_at=at + seconds)
    return Begun(token, seconds, who.name)


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


def sign_out(app: App, session_id: int) -> None:
    """End a session at once."""
    with app.open_store() as store, store.writing():
        store_accounts.end_session(store, session_id)


def change_password(app: App, throttle: Throttle, who: SignedIn, old: str, new: str, address: str) -> None:
    """Put a new password in place of the old one, and end every other session of the account.

    Raises ``NotAllowed`` where the old one is wrong and ``InputError`` where the new one is too weak.
    """
    if throttle.attempt(who.name, address):
        raise NotAllowed("Too many attempts.", "Wait a quarter of an hour, then try again.")
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
