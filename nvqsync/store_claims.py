"""What we ask the store about registrations, claims, batches and the audit log. Records in, records out."""

from __future__ import annotations

import datetime as dt
import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from nvqsync import audit
from nvqsync.claims import CLOSED, Status, claim_key
from nvqsync.errors import NotAllowed, UnknownName
from nvqsync.gates import Finding, Severity
from nvqsync.model import ClaimKind, Entry, Registration, SignOff
from nvqsync.proposing import Claim, ClaimMove, Move
from nvqsync.store import Store

# ---------------------------------------------------------------- audit


def append_audit(
    store: Store, *, at: int, actor: str, subject: str, action: str, text: str,
    from_status: str = "", to_status: str = "", fingerprint: str = "",
) -> None:  # fmt: skip
    """Add one entry to the audit chain, inside the transaction that is open."""
    last = store.rows("SELECT id, digest FROM audit ORDER BY id DESC LIMIT 1")
    number, previous = (last[0]["id"] + 1, last[0]["digest"]) if last else (1, audit.GENESIS)
    salt = secrets.token_hex(16)
    entry = audit.AuditEntry(
        number, at, actor, subject, action, from_status, to_status, fingerprint, audit.commit_to(text, salt), previous
    )
    values = [
        number, at, actor, subject, action, from_status, to_status, fingerprint, entry.commitment, previous,
        audit.digest_of(entry),
    ]  # fmt: skip
    store.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
    store.execute("INSERT INTO audit_texts VALUES (?, ?, ?)", [number, salt, text])


def audit_entries(store: Store, subject: str | None = None) -> list[audit.AuditEntry]:
    """The chain in order, or the entries about one subject."""
    where, parameters = ("WHERE subject = ?", [subject]) if subject else ("", [])
    return [audit.AuditEntry(**row) for row in store.rows(f"SELECT * FROM audit {where} ORDER BY id", parameters)]


def audit_story(store: Store, subject: str) -> list[dict[str, Any]]:
    """The entries about one subject with their words (``None`` where they were erased)."""
    sql = """SELECT audit.*, audit_texts.text FROM audit LEFT JOIN audit_texts ON audit_texts.audit_id = audit.id
        WHERE subject = ? ORDER BY id"""
    return store.rows(sql, [subject])


def audit_texts(store: Store) -> dict[int, tuple[str, str]]:
    """The salt and the words kept beside each entry."""
    return {row["audit_id"]: (row["salt"], row["text"]) for row in store.rows("SELECT * FROM audit_texts")}


def strayed_claims(store: Store) -> list[int]:
    """Claims whose status is not the one the last entry about them gave."""
    sql = """SELECT id FROM claims WHERE status IS NOT (SELECT to_status FROM audit
        WHERE subject = 'claim:' || claims.id ORDER BY audit.id DESC LIMIT 1) ORDER BY id"""
    return [row["id"] for row in store.rows(sql)]


# ---------------------------------------------------------------- registrations and sign-offs


def registrations(store: Store, qualification_id: str | None = None) -> list[Registration]:
    """Every registration, or those for one qualification."""
    where, parameters = ("WHERE qualification_id = ?", [qualification_id]) if qualification_id else ("", [])
    rows = store.rows(f"SELECT * FROM registrations {where} ORDER BY id", parameters)
    return [_registration(row) for row in rows]


def record_registrations(store: Store, new: Sequence[Registration], *, actor: str, at: int) -> tuple[int, int]:
    """Store registrations; returns how many are new and how many changed. The same ones again change nothing."""
    with store.writing(durable=True):
        added, changed = differing_registrations(store, new)
        for registration in (*added, *changed):
            _write_registration(store, registration, actor=actor, at=at, known=registration in changed)
    return len(added), len(changed)


def differing_registrations(
    store: Store, given: Sequence[Registration]
) -> tuple[list[Registration], list[Registration]]:
    """Of the registrations given, those that are new and those that say something else than the stored ones."""
    known = {(r.learner_id, r.qualification_id, r.entry): replace(r, id=0) for r in registrations(store)}
    before = [(known.get((one.learner_id, one.qualification_id, one.entry)), one) for one in given]
    added = [one for stored, one in before if stored is None]
    return added, [one for stored, one in before if stored is not None and stored != replace(one, id=0)]


def _write_registration(store: Store, new: Registration, *, actor: str, at: int, known: bool) -> None:
    born = new.date_of_birth.isoformat() if new.date_of_birth else None
    store.execute(
        """INSERT INTO registrations (learner_id, qualification_id, awarding_body, candidate_number, registered_on,
            entry, name, date_of_birth, uln) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET candidate_number = excluded.candidate_number,
            registered_on = excluded.registered_on, name = excluded.name,
            date_of_birth = excluded.date_of_birth, uln = excluded.uln""",
        [
            new.learner_id, new.qualification_id, new.awarding_body, new.candidate_number,
            new.registered_on.isoformat(), new.entry.value, new.name, born, new.uln,
        ],
    )  # fmt: skip
    action = "changed" if known else "recorded"
    text = f"Registration {action}: {new.qualification_id}, {new.entry.value}, from {new.registered_on}."
    append_audit(store, at=at, actor=actor, subject=f"learner:{new.learner_id}", action=f"registration-{action}",
                 text=text)  # fmt: skip


def _registration(row: dict[str, Any]) -> Registration:
    born = row["date_of_birth"]
    return Registration(
        **{
            **row,
            "registered_on": dt.date.fromisoformat(row["registered_on"]),
            "entry": Entry(row["entry"]),
            "date_of_birth": dt.date.fromisoformat(born) if born else None,
        }
    )


def sign_offs(store: Store, qualification_id: str) -> list[SignOff]:
    """Every unit signed off in nvqsync for one qualification."""
    sql = """SELECT learner_id, qualification_id, unit_reference, assessor_id, signed_at FROM sign_offs
        WHERE qualification_id = ?"""
    return [SignOff(**row) for row in store.rows(sql, [qualification_id])]


def record_sign_off(store: Store, sign_off: SignOff, *, actor: str) -> None:
    """Record that an assessor signed off a unit. The same again replaces it."""
    with store.writing(durable=True):
        store.execute(
            "INSERT OR REPLACE INTO sign_offs VALUES (?, ?, ?, ?, ?, ?)",
            [
                sign_off.learner_id, sign_off.qualification_id, sign_off.unit_reference, sign_off.assessor_id,
                sign_off.signed_at, actor,
            ],
        )  # fmt: skip
        text = f"Unit {sign_off.unit_reference} of {sign_off.qualification_id} signed off."
        append_audit(store, at=sign_off.signed_at, actor=actor, subject=f"learner:{sign_off.learner_id}",
                     action="sign-off", text=text)  # fmt: skip


# ---------------------------------------------------------------- claims


def claims(store: Store, where: str = "1", parameters: Sequence[Any] = ()) -> list[Claim]:
    """Claims in order of their number; ``where`` is an SQL condition on the claims table."""
    return [_claim(row) for row in store.rows(f"SELECT * FROM claims WHERE {where} ORDER BY id", parameters)]


def claim(store: Store, claim_id: int) -> Claim:
    """One claim. Raises ``UnknownName``."""
    found = claims(store, "id = ?", [claim_id])
    if not found:
        raise UnknownName(f"There is no claim {claim_id}.", "List them with 'nvqsync claims list'.")
    return found[0]


def claims_by_learner(store: Store, qualification_id: str) -> dict[str, list[Claim]]:
    """The full-award claims of one qualification, oldest first, by learner."""
    found: dict[str, list[Claim]] = {}
    for one in claims(store, "qualification_id = ? AND kind = 'full_award'", [qualification_id]):
        found.setdefault(one.learner_id, []).append(one)
    return found


def make_moves(store: Store, moves: Iterable[ClaimMove], *, at: int, actor: str, centre_number: str) -> list[ClaimMove]:
    """Carry out what a pass decided about claims, in the transaction that is open or one of its own.

    A move that somebody else overtook meanwhile is left for the next pass. Returns those that were made.
    """
    with store.writing(durable=True):
        return [move for move in moves if _make(store, move, at=at, actor=actor, centre_number=centre_number)]


def _make(store: Store, move: ClaimMove, *, at: int, actor: str, centre_number: str) -> bool:
    if move.before is None:
        return _insert(store, move, at=at, actor=actor, centre_number=centre_number)
    try:
        _apply(store, move, move.before, at=at, actor=actor)
    except NotAllowed:
        return False
    return True


def _insert(store: Store, move: ClaimMove, *, at: int, actor: str, centre_number: str) -> bool:
    """Whether the claim is new: another process may have proposed it a moment ago."""
    closed = [status.value for status in CLOSED]
    earlier = claims(
        store,
        "learner_id = ? AND qualification_id = ? AND kind = ? AND status IN (SELECT value FROM json_each(?))",
        [move.learner_id, move.qualification_id, move.kind.value, json.dumps(closed)],
    )
    key = claim_key(move.qualification_id, centre_number, move.learner_id, move.kind, len(earlier))
    against = _split(move.findings)
    new = store.execute(
        """INSERT INTO claims (key, learner_id, qualification_id, awarding_body, kind, status, fingerprint, facts,
            blockers, cautions, declarations, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (learner_id, qualification_id)
            WHERE kind = 'full_award' AND status NOT IN ('withdrawn', 'returned') DO NOTHING""",
        [
            key, move.learner_id, move.qualification_id, move.awarding_body, move.kind.value, move.status.value,
            move.fingerprint, json.dumps(move.facts, ensure_ascii=False), *against, at, at,
        ],
    )  # fmt: skip
    if new.rowcount == 1:
        append_audit(store, at=at, actor=actor, subject=f"claim:{new.lastrowid}", action=move.move.value, text=move.why,
                     to_status=move.status.value, fingerprint=move.fingerprint)  # fmt: skip
    return new.rowcount == 1


def _apply(store: Store, move: ClaimMove, before: Claim, *, at: int, actor: str) -> None:
    blockers, cautions, declarations = _split(move.findings)
    reason = move.why if move.move is Move.HOLD else before.hold_reason
    changes = {
        "status": move.status.value, "fingerprint": move.fingerprint, "blockers": blockers, "cautions": cautions,
        "declarations": declarations, "facts": json.dumps(move.facts, ensure_ascii=False), "hold_reason": reason,
    }  # fmt: skip
    _update(store, before, changes, at=at)
    append_audit(store, at=at, actor=actor, subject=f"claim:{before.id}", action=move.move.value, text=move.why,
                 from_status=before.status.value, to_status=move.status.value,
                 fingerprint=move.fingerprint)  # fmt: skip


def change_claim(
    store: Store, before: Claim, status: Status, *, at: int, actor: str, action: str, why: str, **fields: Any
) -> Claim:
    """Move one claim and tell the audit log, in the transaction that is open or one of its own.

    ``fields`` are further columns to set. Raises ``NotAllowed`` when somebody else changed the claim meanwhile.
    """
    with store.writing(durable=True):
        _update(store, before, {"status": status.value, **fields}, at=at)
        append_audit(store, at=at, actor=actor, subject=f"claim:{before.id}", action=action, text=why,
                     from_status=before.status.value, to_status=status.value,
                     fingerprint=before.fingerprint)  # fmt: skip
        return claim(store, before.id)


def _update(store: Store, before: Claim, changes: dict[str, Any], *, at: int) -> None:
    columns = ", ".join(f"{name} = ?" for name in changes)
    done = store.execute(
        f"UPDATE claims SET {columns}, updated_at = ?, version = version + 1 WHERE id = ? AND version = ?",
        [*changes.values(), at, before.id, before.version],
    )
    if done.rowcount != 1:
        says = f"Claim {before.id} was changed by somebody else a moment ago; nothing was overwritten."
        raise NotAllowed(says, f"Look at it again: 'nvqsync claims show {before.id}'.")


def _split(findings: Iterable[Finding]) -> tuple[str, str, str]:
    """What blocks, what cautions and what is to be declared, each as it is stored."""
    told: dict[Severity, list[list[str]]] = {severity: [] for severity in Severity}
    for finding in findings:
        told[finding.severity].append([finding.id, finding.says])
    return json.dumps(told[Severity.BLOCKS]), json.dumps(told[Severity.CAUTIONS]), json.dumps(told[Severity.DECLARES])


def _findings(stored: str, severity: Severity) -> tuple[Finding, ...]:
    return tuple(Finding(name, severity, says) for name, says in json.loads(stored))


def _claim(row: dict[str, Any]) -> Claim:
    return Claim(
        **{
            **row,
            "kind": ClaimKind(row["kind"]),
            "status": Status(row["status"]),
            "facts": json.loads(row["facts"]),
            "blockers": _findings(row["blockers"], Severity.BLOCKS),
            "cautions": _findings(row["cautions"], Severity.CAUTIONS),
            "declarations": _findings(row["declarations"], Severity.DECLARES),
            "batch_id": row["batch_id"] or "",
            "certificated_on": row["certificated_on"] or "",
        }
    )


def count_by_status(store: Store) -> dict[str, int]:
    """How many claims there are in each status that has any."""
    rows = store.rows("SELECT status, COUNT(*) AS n FROM claims GROUP BY status")
    found = {row["status"]: row["n"] for row in rows}
    return {status.value: found[status.value] for status in Status if status.value in found}


# ---------------------------------------------------------------- batches


def record_batch(store: Store, batch: dict[str, Any]) -> None:
    """Store a batch as it was rendered, inside the transaction that is open."""
    names = ", ".join(batch)
    marks = ", ".join("?" * len(batch))
    store.execute(f"INSERT INTO batches ({names}) VALUES ({marks})", list(batch.values()))


def set_batch(store: Store, batch_id: str, **fields: Any) -> None:
    """Set columns of one batch, in the transaction that is open or one of its own."""
    columns = ", ".join(f"{name} = ?" for name in fields)
    with store.writing(durable=True):
        store.execute(f"UPDATE batches SET {columns} WHERE id = ?", [*fields.values(), batch_id])


def batches(store: Store, where: str = "1", parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
    """Batches in the order they were made; ``where`` is an SQL condition."""
    return store.rows(f"SELECT * FROM batches WHERE {where} ORDER BY created_at, id", parameters)


def batch_states(store: Store) -> dict[str, tuple[str, str]]:
    """The centre number and the state of every batch, by id, without the documents."""
    rows = store.rows("SELECT id, centre_number, state FROM batches ORDER BY created_at, id")
    return {row["id"]: (row["centre_number"], row["state"]) for row in rows}


def reopen_batch(store: Store, batch_id: str) -> None:
    """A claim of this batch never arrived: what is left of an answered one goes again."""
    store.execute("UPDATE batches SET state = 'written' WHERE id = ? AND state = 'answered'", [batch_id])
