"""What we ask the store about adjustments. Rows are only ever added: taking one back is a row too."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import replace
from typing import Any

from nvqsync.adjustments import Adjustment, AdjustmentKind, words
from nvqsync.errors import UnknownName
from nvqsync.storage.store_audit import append_audit
from nvqsync.store import Store

IN_FORCE = "removes IS NULL AND id NOT IN (SELECT removes FROM adjustments WHERE removes IS NOT NULL)"


def in_force(store: Store, qualification_id: str | None = None, learner_id: str | None = None) -> list[Adjustment]:
    """The adjustments that have not been taken back, oldest first, of one qualification or learner where named."""
    sql = f"""SELECT * FROM adjustments WHERE {IN_FORCE}
        AND (:qualification IS NULL OR qualification_id = :qualification)
        AND (:learner IS NULL OR learner_id = :learner) ORDER BY id"""
    return [_adjustment(row) for row in store.rows(sql, {"qualification": qualification_id, "learner": learner_id})]


def by_learner(store: Store, qualification_id: str) -> dict[str, list[Adjustment]]:
    """The adjustments in force for one qualification, oldest first, by learner."""
    found: dict[str, list[Adjustment]] = defaultdict(list)
    for one in in_force(store, qualification_id):
        found[one.learner_id].append(one)
    return dict(found)


def recorded(store: Store) -> list[Adjustment]:
    """Every adjustment ever recorded, oldest first, whether or not it was taken back."""
    return [_adjustment(row) for row in history(store) if row["removes"] is None]


def history(store: Store) -> list[dict[str, Any]]:
    """Every row there is, those taken back and the takings back included, oldest first."""
    return store.rows("SELECT * FROM adjustments ORDER BY id")


def adjustment(store: Store, adjustment_id: int) -> Adjustment:
    """One adjustment in force. Raises ``UnknownName``."""
    for one in in_force(store):
        if one.id == adjustment_id:
            return one
    says = f"There is no adjustment {adjustment_id} in force."
    raise UnknownName(says, "List them with 'nvqsync adjustments list'.")


def record(store: Store, new: Adjustment) -> Adjustment:
    """Store a new adjustment and tell the audit log, in one transaction; returns it with its number."""
    with store.writing(durable=True):
        stored = replace(new, id=_insert(store, new, None))
        _tell(store, stored, "adjustment-recorded", _what(stored))
    return stored


def take_back(store: Store, adjustment_id: int, *, by: str, at: int, why: str) -> Adjustment:
    """Take an adjustment back: a row of its own, and an audit entry. Raises ``UnknownName`` where none is in force."""
    with store.writing(durable=True):
        known = adjustment(store, adjustment_id)
        removal = replace(known, recorded_by=by, recorded_at=at, why=why)
        _insert(store, removal, adjustment_id)
        _tell(store, removal, "adjustment-removed", f"Taken back: {_what(known)} Taken back because: {why}")
    return known


def _insert(store: Store, new: Adjustment, removes: int | None) -> int:
    row = {
        "learner_id": new.learner_id, "qualification_id": new.qualification_id, "kind": new.kind.value,
        "unit_reference": new.unit_reference, "instead_of": new.instead_of, "requirement_id": new.requirement_id,
        "awarded_by": new.awarded_by, "achieved_on": new.achieved_on and new.achieved_on.isoformat(), "why": new.why,
        "paper": new.paper, "recorded_by": new.recorded_by, "recorded_at": new.recorded_at, "removes": removes,
    }  # fmt: skip
    marks = ", ".join("?" * len(row))
    done = store.execute(f"INSERT INTO adjustments ({', '.join(row)}) VALUES ({marks})", list(row.values()))
    return int(done.lastrowid or 0)


def _tell(store: Store, one: Adjustment, action: str, text: str) -> None:
    append_audit(store, at=one.recorded_at, actor=one.recorded_by, subject=f"learner:{one.learner_id}", action=action,
                 text=text)  # fmt: skip


def _what(one: Adjustment) -> str:
    about = " ".join(part for part in (one.unit_reference, one.requirement_id) if part)
    place = f" in place of {one.instead_of}" if one.instead_of else ""
    awarded = f" from {one.awarded_by}, achieved {one.achieved_on}" if one.awarded_by else ""
    return (
        f"Adjustment {one.id}, {words(one.kind)}: {about}{place} of {one.qualification_id}{awarded}. "
        f"Paper: {one.paper}. Why: {one.why}"
    )


def _adjustment(row: dict[str, Any]) -> Adjustment:
    kept = {name: value for name, value in row.items() if name != "removes"}
    achieved = row["achieved_on"]
    return Adjustment(
        **{
            **kept,
            "kind": AdjustmentKind(row["kind"]),
            "achieved_on": dt.date.fromisoformat(achieved) if achieved else None,
        }
    )
