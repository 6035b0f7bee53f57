"""What we ask the store about the audit log: adding to it, reading it back, erasing words. Records in, records out."""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Iterator
from typing import Any

from nvqsync.record_keeping import audit
from nvqsync.record_keeping.audit import AuditEntry, Head, Kept
from nvqsync.store import Store

ENTRY = "audit.id, at, actor, subject, action, from_status, to_status, commitment, previous, digest"
KEPT = "salt, text, fingerprint, audit_texts.facts, record"
UNKEPT = frozenset({"date_of_birth", "uln"})
"""What no record beside an entry repeats: the registration holds it, and so does the batch that went out."""


def append_audit(
    store: Store, *, at: int, actor: str, subject: str, action: str, text: str,
    from_status: str = "", to_status: str = "", fingerprint: str = "", facts: str = "",
) -> int:  # fmt: skip
    """Add one entry to the audit chain, inside the transaction that is open; returns its number.

    An entry about a claim (``claim:12``) is added after the claim was written: it keeps the claim as it now is, the
    facts it rests on and its registrations, so that years later they can be seen as they were. One about a batch keeps
    the digest of its document.
    """
    last = head(store)
    number, previous = (last.entry + 1, last.digest) if last else (1, audit.GENESIS)
    record, found = _claim_record(store, subject)
    facts = facts or found.get("facts", "")
    fingerprint = fingerprint or found.get("fingerprint", "") or _batch_digest(store, subject)
    kept = Kept(secrets.token_hex(16), text, fingerprint, audit.sha256(facts) if facts else "", record)
    entry = AuditEntry(number, at, actor, subject, action, from_status, to_status, kept.commitment(), previous)
    values = [number, at, actor, subject, action, from_status, to_status, entry.commitment, previous,
              audit.digest_of(entry)]  # fmt: skip
    store.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
    if facts:
        store.execute("INSERT OR IGNORE INTO audit_facts VALUES (?, ?)", [kept.facts, facts])
    store.execute("INSERT INTO audit_texts VALUES (?, ?, ?, ?, ?, ?)",
                  [number, kept.salt, text, kept.fingerprint, kept.facts, record])  # fmt: skip
    return number


def _claim_record(store: Store, subject: str) -> tuple[str, dict[str, Any]]:
    """A claim as it is, with its registrations, as JSON text and as the row; nothing for another subject."""
    kind, _, number = subject.partition(":")
    rows = store.rows("SELECT * FROM claims WHERE id = ?", [number]) if kind == "claim" else []
    if not rows:
        return "", {}
    where = "SELECT * FROM registrations WHERE learner_id = ? AND qualification_id = ? ORDER BY id"
    registered = store.rows(where, [rows[0]["learner_id"], rows[0]["qualification_id"]])
    told = [{name: value for name, value in row.items() if name not in UNKEPT} for row in registered]
    return json.dumps({"claim": comparable(rows[0]), "registrations": told}, ensure_ascii=False), rows[0]


def _batch_digest(store: Store, subject: str) -> str:
    """The digest of a batch's document as it now is; nothing for another subject."""
    kind, _, batch_id = subject.partition(":")
    rows = store.rows("SELECT document FROM batches WHERE id = ?", [batch_id]) if kind == "batch" else []
    return audit.sha256(rows[0]["document"]) if rows else ""


def comparable(claim: dict[str, Any]) -> dict[str, Any]:
    """A claim's row but for its facts, which stand under a digest of their own."""
    return {name: value for name, value in claim.items() if name != "facts"}


def head(store: Store) -> Head | None:
    """The last entry: what a batch, a backup or a printed sheet carries to prove that nothing was cut off."""
    rows = store.rows("SELECT id, digest FROM audit ORDER BY id DESC LIMIT 1")
    return Head(rows[0]["id"], rows[0]["digest"], "the end of the log") if rows else None


def digest_at(store: Store, entry: int) -> str | None:
    """The digest of one entry, ``None`` for one that there is not."""
    rows = store.rows("SELECT digest FROM audit WHERE id = ?", [entry])
    return str(rows[0]["digest"]) if rows else None


def last_actor(store: Store, subject: str, action: str) -> str:
    """Who did this to the subject last; empty where nobody did."""
    sql = "SELECT actor FROM audit WHERE subject = ? AND action = ? ORDER BY id DESC LIMIT 1"
    rows = store.rows(sql, [subject, action])
    return str(rows[0]["actor"]) if rows else ""


# ---------------------------------------------------------------- reading


def audit_entries(store: Store, subject: str | None = None) -> list[AuditEntry]:
    """The chain in order, or the entries about one subject."""
    where, parameters = ("WHERE subject = ?", [subject]) if subject else ("", [])
    return [AuditEntry(**row) for row in store.rows(f"SELECT {ENTRY} FROM audit {where} ORDER BY id", parameters)]


def stream(store: Store) -> Iterator[tuple[AuditEntry, Kept | None]]:
    """Every entry in order with what is kept beside it, one at a time. ``None`` where nothing is kept any more."""
    sql = f"SELECT {ENTRY}, {KEPT} FROM audit LEFT JOIN audit_texts ON audit_id = audit.id ORDER BY audit.id"
    for row in store.execute(sql):
        yield AuditEntry(*row[:10]), None if row[10] is None else Kept(*row[10:])


def audit_story(store: Store, *subjects: str) -> list[dict[str, Any]]:
    """The entries about some subjects, oldest first, with their words and facts (``None`` where they were erased)."""
    where = "subject IN (SELECT value FROM json_each(?))"
    return _told(store, where, [json.dumps(subjects)], 2**62)


def audit_page(store: Store, *, since: int, after: int, limit: int) -> list[dict[str, Any]]:
    """At most ``limit`` entries made at or after ``since`` (seconds) and after the entry ``after``, as a story."""
    return _told(store, "at >= ? AND audit.id > ?", [since, after], limit)


def _told(store: Store, where: str, parameters: list[Any], limit: int) -> list[dict[str, Any]]:
    sql = f"""SELECT audit.*, text, fingerprint, record, audit_facts.facts, erased_by FROM audit
        LEFT JOIN audit_texts ON audit_texts.audit_id = audit.id
        LEFT JOIN audit_facts ON audit_facts.digest = audit_texts.facts
        LEFT JOIN audit_erased ON audit_erased.audit_id = audit.id WHERE {where} ORDER BY audit.id LIMIT ?"""
    return store.rows(sql, [*parameters, limit])


# ---------------------------------------------------------------- erasing


def erase(store: Store, entries: Collection[int], *, subject: str, rule: str, text: str, actor: str, at: int) -> int:
    """Erase words and salt of some entries, inside the transaction that is open; returns the entry that says so.

    Facts that no other entry rests on go with them. Entries whose words are gone already are left out.
    """
    sql = "SELECT audit_id FROM audit_texts WHERE audit_id IN (SELECT value FROM json_each(?))"
    there = [row["audit_id"] for row in store.rows(sql, [json.dumps(sorted(entries))])]
    facts = audit.erasure_facts(rule, there)
    number = append_audit(store, at=at, actor=actor, subject=subject, action=audit.ERASE, text=text, facts=facts)
    store.execute_many("INSERT INTO audit_erased VALUES (?, ?)", [(one, number) for one in there])
    sql = "SELECT DISTINCT facts FROM audit_texts WHERE audit_id IN (SELECT value FROM json_each(?)) AND facts <> ''"
    resting = [row["facts"] for row in store.rows(sql, [json.dumps(there)])]
    store.execute("DELETE FROM audit_texts WHERE audit_id IN (SELECT value FROM json_each(?))", [json.dumps(there)])
    store.execute(
        """DELETE FROM audit_facts WHERE digest IN (SELECT value FROM json_each(?))
        AND NOT EXISTS (SELECT 1 FROM audit_texts WHERE audit_texts.facts = digest)""",
        [json.dumps(resting)],
    )
    return number
