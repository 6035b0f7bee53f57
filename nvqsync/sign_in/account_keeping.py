"""Making and changing accounts: each change written and told to the audit log in one transaction.

A sign-in belongs to an account of the centre's record, the same that ``nvqsync centre account`` enters: who they are
in Moodle decides, by four eyes, what they may approve.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from nvqsync.bootstrap import App
from nvqsync.centre import Account
from nvqsync.centres.centre_entering import enter
from nvqsync.errors import InputError, UnknownName
from nvqsync.sign_in import passwords
from nvqsync.sign_in.accounts import Role, SignIn, check_name, check_password, check_sso
from nvqsync.storage import store_accounts, store_centre, store_lms
from nvqsync.store import Store


def add(
    app: App, store: Store, account: Account, role: Role, courses: Collection[str], password: str, *, by: str,
    sso: str = "",
) -> None:  # fmt: skip
    """Make an account that signs in. ``password`` may be empty where the college's sign-on vouches for them as ``sso``.

    Raises ``InputError`` for a name, password or link that will not do, or a name that signs in already.
    """
    check_name(account.name)
    if password:
        check_password(password, account.name)
    known = check_courses(store, role, courses)
    stored = passwords.hashed(password) if password else ""
    with store.writing(durable=True):
        if store_accounts.find(store, account.name) is not None:
            says = f"{account.name} has an account already."
            raise InputError(says, "See 'nvqsync users list'; 'users role' and 'users password' change it.")
        if store_centre.account(store, account.name) is None or account.known:
            enter(app, store, lambda before: before.with_items(account), by=by)
        _check_free(store, sso, account.name)
        new = SignIn(account.name, role, known, stored, created_at=app.now(), sso=check_sso(sso))
        _save(app, store, new, by, "added", f"{account.name} may sign in as {_as(new)}.")


def set_role(app: App, store: Store, name: str, role: Role, courses: Collection[str], *, by: str) -> SignIn:
    """Give an account another role, or a viewer other courses. It holds from the next page they open."""
    known = check_courses(store, role, courses)
    with store.writing(durable=True):
        new = replace(store_accounts.sign_in(store, name), role=role, courses=known)
        _save(app, store, new, by, "role-changed", f"{new.name} is now {_as(new)}.")
        return new


def link(app: App, store: Store, name: str, lms_id: str, *, by: str) -> None:
    """Record who an account is in Moodle; an empty ``lms_id`` records that they are nobody there."""
    known = store_accounts.sign_in(store, name)
    new = Account(known.name, lms_id, not lms_id)
    enter(app, store, lambda before: before.with_items(new), by=by)


def set_sso(app: App, store: Store, name: str, sso: str, *, by: str) -> SignIn:
    """Enter what the college's sign-on calls an account, or with nothing that it lets them in no longer.

    Whom it meant so far is forgotten: whoever comes next by that name is held to be them. Raises ``InputError``.
    """
    with store.writing(durable=True):
        known = store_accounts.sign_in(store, name)
        _check_free(store, sso, known.name)
        new = replace(known, sso=check_sso(sso), subject="")
        says = f"{new.name} {'signs' if new.sso else 'no longer signs'} in by the college's sign-on."
        _save(app, store, new, by, "sso-set" if new.sso else "sso-removed", says)
        return new


def _check_free(store: Store, sso: str, name: str) -> None:
    """Whether nobody else goes by that name at the college's sign-on. Raises ``InputError``."""
    other = store_accounts.of_sso(store, sso.strip())
    if other is not None and other.name.casefold() != name.casefold():
        raise InputError(f"The account {other.name} has that name at the sign-on already.", "Look at it first.")


def set_disabled(app: App, store: Store, name: str, disabled: bool, *, by: str) -> int:
    """Stop an account from signing in, or let it again; returns how many of its sessions were ended."""
    with store.writing(durable=True):
        new = replace(store_accounts.sign_in(store, name), disabled=disabled)
        says = f"{new.name} {'may no longer sign in' if disabled else 'may sign in again'}."
        _save(app, store, new, by, "disabled" if disabled else "enabled", says)
        return store_accounts.end_sessions(store, new.name) if disabled else 0


def set_password(app: App, store: Store, name: str, password: str, *, by: str) -> int:
    """Put a new password in place of the old one; returns how many sessions were ended."""
    known = store_accounts.sign_in(store, name)
    check_password(password, known.name)
    stored = passwords.hashed(password)
    with store.writing(durable=True):
        new = replace(store_accounts.sign_in(store, name), password=stored)
        _save(app, store, new, by, "password-set", f"{new.name} was given a new password.")
        return store_accounts.end_sessions(store, new.name)


def revoke(app: App, store: Store, *, by: str, name: str = "", session: int = 0) -> int:
    """End the sessions of an account, or one session by its number; returns how many were ended."""
    with store.writing(durable=True):
        found = store_accounts.sessions(store, at=app.now(), name=name)
        ended = [one for one in found if not session or one.id == session]
        for one in ended:
            store_accounts.end_session(store, one.id)
        for who in sorted({one.name for one in ended}):
            says = f"Sessions of {who} were ended: {sum(one.name == who for one in ended)}."
            _save(app, store, store_accounts.sign_in(store, who), by, "sessions-ended", says)
        return len(ended)


def check_courses(store: Store, role: Role, courses: Collection[str]) -> frozenset[str]:
    """The ids of courses named by id or short name. Raises ``InputError`` or ``UnknownName``."""
    if courses and role is not Role.VIEWER:
        raise InputError(f"An account that is {role.value} sees every course.", "Leave --course out.")
    known = store_lms.courses(store)
    by_name = {one.short_name: one.lms_id for one in known} | {one.lms_id: one.lms_id for one in known}
    for name in courses:
        if name not in by_name:
            raise UnknownName(f"There is no course {name!r} that was read.", "'nvqsync mapping show' lists them.")
    return frozenset(by_name[name] for name in courses)


def _as(new: SignIn) -> str:
    given = f", for courses {', '.join(sorted(new.courses))}" if new.courses else ""
    return f"{new.role.value}{given}"


def _save(app: App, store: Store, new: SignIn, by: str, action: str, says: str) -> None:
    store_accounts.save(store, new, actor=by, at=app.now(), action=action, says=says)
