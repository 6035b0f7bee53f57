"""What we ask the store about who may sign in and who is signed in. Each change of a sign-in is told to the audit log.

A session is known by the SHA-256 of the token that its browser holds; the token itself is nowhere stored.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from nvqsync.errors import UnknownName
from nvqsync.sign_in.accounts import Role, SignIn
from nvqsync.storage.store_audit import append_audit
from nvqsync.store import Store

COLUMNS = "name, role, courses, password, disabled, created_at, sso, subject"
READ = f"id, signed_in_at, {COLUMNS}"
SESSION = "id, name, began_at, seen_at, ends_at, by_sso"


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody signed in, since when, last seen when, and when it ends at the latest (seconds since 1970).

    ``by_sso``: the college's single sign-on let them in.
    """

    id: int
    name: str
    began_at: int
    seen_at: int
    ends_at: int
    by_sso: bool = False


def digest(token: str) -> str:
    """What stands in the database for a token."""
    return hashlib.sha256(token.encode()).hexdigest()


# ---------------------------------------------------------------- sign-ins


def sign_ins(store: Store) -> list[SignIn]:
    """Everybody who may or might sign in, by name."""
    return [_sign_in(row) for row in store.rows(f"SELECT {READ} FROM sign_ins ORDER BY name")]


def anybody(store: Store) -> bool:
    """Whether anybody at all can sign in."""
    return bool(store.rows("SELECT 1 FROM sign_ins WHERE NOT disabled LIMIT 1"))


def find(store: Store, name: str) -> SignIn | None:
    """The sign-in of a name, whatever its case, or ``None``."""
    return _found(store, "name = ? COLLATE NOCASE", name)


def numbered(store: Store, number: int) -> SignIn | None:
    """The sign-in of a number, or ``None``."""
    return _found(store, "id = ?", number)


def of_sso(store: Store, sso: str) -> SignIn | None:
    """The sign-in of whom the college's sign-on calls so, whatever its case, or ``None``."""
    return _found(store, "sso = ? COLLATE NOCASE AND sso <> ''", sso)


def of_subject(store: Store, subject: str) -> SignIn | None:
    """The sign-in of somebody who has come by the college's sign-on before, or ``None``."""
    return _found(store, "subject = ? AND subject <> ''", subject)


def _found(store: Store, where: str, value: object) -> SignIn | None:
    rows = store.rows(f"SELECT {READ} FROM sign_ins WHERE {where}", [value])
    return _sign_in(rows[0]) if rows else None


def sign_in(store: Store, name: str) -> SignIn:
    """The sign-in of a name. Raises ``UnknownName``."""
    found = find(store, name)
    if found is None:
        raise UnknownName(f"There is no account {name!r} that signs in.", "'nvqsync users list' lists them.")
    return found


def save(store: Store, new: SignIn, *, actor: str, at: int, action: str, says: str) -> None:
    """Write a sign-in, new or changed, and tell the audit log, inside the transaction that is open."""
    courses = json.dumps(sorted(new.courses))
    store.execute(
        f"""INSERT INTO sign_ins ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET
        role = excluded.role, courses = excluded.courses, password = excluded.password, disabled = excluded.disabled,
        sso = excluded.sso, subject = excluded.subject""",
        [new.name, new.role.value, courses, new.password, int(new.disabled), new.created_at, new.sso, new.subject],
    )
    append_audit(store, at=at, actor=actor, subject=f"account:{new.name}", action=action, text=says)


def keep_hash(store: Store, name: str, password: str) -> None:
    """Put the same password's hash, made at today's cost, in place of an older one."""
    store.execute("UPDATE sign_ins SET password = ? WHERE name = ?", [password, name])


def _sign_in(row: dict[str, Any]) -> SignIn:
    courses, disabled = frozenset(json.loads(row["courses"])), bool(row["disabled"])
    return SignIn(
        row["name"], Role(row["role"]), courses, row["password"], disabled, row["created_at"], row["sso"],
        row["subject"], row["signed_in_at"], row["id"],
    )  # fmt: skip


# ---------------------------------------------------------------- sessions


def open_session(store: Store, name: str, token: str, *, at: int, ends_at: int, by_sso: bool = False) -> None:
    """Write down a session that begins, and drop those that have ended, inside the transaction that is open."""
    store.execute("DELETE FROM web_sessions WHERE ends_at <= ?", [at])
    store.execute(
        "INSERT INTO web_sessions (digest, name, began_at, seen_at, ends_at, by_sso) VALUES (?, ?, ?, ?, ?, ?)",
        [digest(token), name, at, at, ends_at, int(by_sso)],
    )
    store.execute("UPDATE sign_ins SET signed_in_at = ? WHERE name = ?", [at, name])


def session(store: Store, token: str, *, at: int, idle: int) -> tuple[Session, SignIn] | None:
    """The session of a token that has neither ended nor lain idle, of somebody who may still sign in; or ``None``."""
    rows = store.rows(
        f"""SELECT {SESSION} FROM web_sessions
        WHERE digest = ? AND ends_at > ? AND seen_at > ?""",
        [digest(token), at, at - idle],
    )
    who = find(store, rows[0]["name"]) if rows else None
    return (_session(rows[0]), who) if who is not None and not who.disabled else None


def sessions(store: Store, *, at: int, name: str = "") -> list[Session]:
    """The sessions that have not ended, of everybody or of one account, latest first."""
    where, who = ("AND name = ? COLLATE NOCASE", [name]) if name else ("", [])
    sql = f"SELECT {SESSION} FROM web_sessions WHERE ends_at > ? {where} ORDER BY seen_at DESC, id DESC"
    return [_session(row) for row in store.rows(sql, [at, *who])]


def _session(row: dict[str, Any]) -> Session:
    return Session(**row | {"by_sso": bool(row["by_sso"])})


def touch(store: Store, session_id: int, *, at: int) -> None:
    """It was used just now."""
    store.execute("UPDATE web_sessions SET seen_at = ? WHERE id = ?", [at, session_id])


def end_session(store: Store, session_id: int) -> bool:
    """End one session at once; whether it was there."""
    return store.execute("DELETE FROM web_sessions WHERE id = ?", [session_id]).rowcount > 0


def end_sessions(store: Store, name: str) -> int:
    """End every session of an account at once; how many there were."""
    return store.execute("DELETE FROM web_sessions WHERE name = ? COLLATE NOCASE", [name]).rowcount
