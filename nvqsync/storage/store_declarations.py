"""What we ask the store about declarations made and notes written on claims. Records in, records out."""

from __future__ import annotations

import json
from collections.abc import Iterable

from nvqsync.declaring import Answers, Declared, Note
from nvqsync.gates import Finding
from nvqsync.proposing import Claim
from nvqsync.storage.store_audit import append_audit
from nvqsync.store import Store


def answers(store: Store, claim_id: int) -> Answers:
    """Everything that was declared and noted for one claim, oldest first, whatever facts it was on."""
    declared = store.rows(
        """SELECT claim_id, declaration, says, fingerprint, said_by, said_at FROM declarations_made
        WHERE claim_id = ? ORDER BY id""",
        [claim_id],
    )
    notes = store.rows(
        "SELECT claim_id, note, about, fingerprint, said_by, said_at FROM claim_notes WHERE claim_id = ? ORDER BY id",
        [claim_id],
    )
    about = [tuple((name, says) for name, says in json.loads(row["about"])) for row in notes]
    return Answers(
        tuple(Declared(**row) for row in declared),
        tuple(Note(**{**row, "about": cautions}) for row, cautions in zip(notes, about, strict=True)),
    )


def record_declared(store: Store, claim: Claim, asked: Iterable[Finding], *, actor: str, at: int) -> None:
    """Keep that declarations were made for a claim as it stands, and tell the audit log."""
    found = list(asked)
    for one in found:
        store.execute(
            """INSERT INTO declarations_made (claim_id, declaration, says, fingerprint, said_by, said_at)
            VALUES (?, ?, ?, ?, ?, ?)""",
            [claim.id, one.id, one.says, claim.fingerprint, actor, at],
        )
    if found:
        _tell(store, claim, "declare", "\n".join(f"{one.id}: {one.says}" for one in found), actor=actor, at=at)


def record_note(store: Store, claim: Claim, note: str, *, actor: str, at: int) -> None:
    """Keep a note on a claim's cautions as they stand, and tell the audit log."""
    about = json.dumps([[one.id, one.says] for one in claim.cautions])
    store.execute(
        "INSERT INTO claim_notes (claim_id, note, about, fingerprint, said_by, said_at) VALUES (?, ?, ?, ?, ?, ?)",
        [claim.id, note, about, claim.fingerprint, actor, at],
    )
    ids = ", ".join(one.id for one in claim.cautions)
    _tell(store, claim, "note", f"{f'On {ids}: ' if ids else ''}{note}", actor=actor, at=at)


def _tell(store: Store, claim: Claim, action: str, text: str, *, actor: str, at: int) -> None:
    """An entry that leaves the claim where it is."""
    status = claim.status.value
    append_audit(store, at=at, actor=actor, subject=f"claim:{claim.id}", action=action, text=text, from_status=status,
                 to_status=status, fingerprint=claim.fingerprint)  # fmt: skip
