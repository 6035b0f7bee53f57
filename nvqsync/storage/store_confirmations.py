"""What we ask the store about people's confirmations: where a learner stands, what a grade is worth."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from nvqsync.assessing.confirming import Confirmation, Confirmed, What
from nvqsync.storage.store_audit import append_audit
from nvqsync.store import Store
from nvqsync.uln_owners import Owners


def about_grades(store: Store) -> Confirmed:
    """Every confirmation about a single grade."""
    rows = store.rows("SELECT * FROM confirmations WHERE what IN ('gone', 'gradebook')")
    return {(row["what"], row["learner_id"], row["item_id"]): _confirmation(row) for row in rows}


def statuses(store: Store) -> dict[str, str]:
    """By learner, what people recorded of where they stand: ``leaver`` or ``active``."""
    rows = store.rows("SELECT learner_id, says FROM confirmations WHERE what = 'status'")
    return {row["learner_id"]: row["says"] for row in rows}


def record(store: Store, said: Confirmation) -> None:
    """Keep a confirmation in place of an earlier one about the same, and tell the audit log."""
    with store.writing(durable=True):
        store.execute(
            "INSERT OR REPLACE INTO confirmations VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                said.what.value, said.learner_id, said.item_id, said.says, said.facts, said.said_by, said.said_at,
                said.why,
            ],
        )  # fmt: skip
        _tell(store, said, f"{said.what.value}: {said.says}. {said.why}".strip())


def uln_owners(store: Store) -> Owners:
    """Whose each ULN is that a person was asked about, by ``uln_mark``."""
    return {row["item_id"]: row["learner_id"] for row in store.rows(
        "SELECT item_id, learner_id FROM confirmations WHERE what = 'uln'")}  # fmt: skip


def record_uln_owner(store: Store, said: Confirmation) -> None:
    """Keep whose a ULN is. An earlier word for another account is taken back, and the audit log told of both."""
    with store.writing(durable=True):
        before = uln_owners(store).get(said.item_id, said.learner_id)
        if before != said.learner_id:
            earlier = replace(said, learner_id=before, why=f"Recorded for another account instead. {said.why}".strip())
            withdraw(store, earlier)
        record(store, said)


def withdraw(store: Store, said: Confirmation) -> None:
    """Take back what was confirmed about the same, and tell the audit log why."""
    with store.writing(durable=True):
        sql = "DELETE FROM confirmations WHERE what = ? AND learner_id = ? AND item_id = ?"
        store.execute(sql, [said.what.value, said.learner_id, said.item_id])
        back = "no longer" if said.what is What.ULN else "as the LMS says"
        _tell(store, said, f"{said.what.value}: {back}. {said.why}".strip())


def _tell(store: Store, said: Confirmation, text: str) -> None:
    subject = f"learner:{said.learner_id}" if said.learner_id else f"course:{said.item_id}"
    append_audit(store, at=said.said_at, actor=said.said_by, subject=subject,
                 action=f"confirm-{said.what.value}", text=text)  # fmt: skip


def _confirmation(row: dict[str, Any]) -> Confirmation:
    return Confirmation(**{**row, "what": What(row["what"])})
