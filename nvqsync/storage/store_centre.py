"""What we ask the store about the centre itself. The whole is one value: read, changed by a function, written back.

Every fact that becomes another is told to the audit log in the same transaction, with what it said before; whom a
visit authorises is told under each learner, so that the log of the centre names nobody.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any, Final

from nvqsync.centre import Account, CentreFacts, EndDate, Sanction, Staff, StaffRole, Visit
from nvqsync.centres.centre_record import KEYS, Approval, CentreNumber, CentreRecord, Change, Item, differences
from nvqsync.model import Qualification
from nvqsync.storage.store_audit import append_audit
from nvqsync.store import Store

TABLES: Final = {
    CentreNumber: "centre_numbers",
    Approval: "centre_approvals",
    Staff: "centre_staff",
    Sanction: "centre_sanctions",
    Visit: "centre_visits",
    Account: "centre_accounts",
}
NO_DATE = "none"


def read(store: Store) -> CentreRecord:
    """Everything on record about the centre."""
    return CentreRecord(*(tuple(_items(store, kind)) for kind in TABLES))


def facts(store: Store, qualification: Qualification, site: str = "") -> CentreFacts:
    """What bears on claims for one qualification, with the number of one of the centre's sites."""
    return read(store).facts(qualification, site)


def account(store: Store, name: str) -> Account | None:
    """What is on record about one account of nvqsync, or ``None``."""
    rows = store.rows("SELECT name, lms_id, no_lms_user FROM centre_accounts WHERE name = ?", [name])
    return next((Account(row["name"], row["lms_id"], bool(row["no_lms_user"])) for row in rows), None)


def record(
    store: Store, edit: Callable[[CentreRecord], CentreRecord], *, actor: str, at: int, why: str = "",
    dry_run: bool = False,
) -> tuple[Change, ...]:  # fmt: skip
    """Turn what is on record into what ``edit`` makes of it, and tell the audit log; returns the changes.

    ``edit`` runs inside the transaction, on what is on record at that moment; what it raises leaves everything as it
    was. The same again changes nothing. With ``dry_run`` the changes are only told.
    """
    if dry_run:
        before = read(store)
        return differences(before, edit(before))
    with store.writing(durable=True):
        before = read(store)
        changes = differences(before, edit(before))
        for change in changes:
            _write(store, change)
            _tell(store, change, actor=actor, at=at, why=why)
    return changes


def _write(store: Store, change: Change) -> None:
    table, keys = TABLES[type(change.item)], KEYS[type(change.item)]
    if change.before is not None:
        row = _row(change.before)
        where = " AND ".join(f'"{name}" = ?' for name in keys)
        store.execute(f"DELETE FROM {table} WHERE {where}", [row[name] for name in keys])
    if change.after is not None:
        row = _row(change.after)
        names, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" * len(row))
        store.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row.values()))


def _tell(store: Store, change: Change, *, actor: str, at: int, why: str) -> None:
    subject = f"centre:{change.qualification_id}" if change.qualification_id else "centre"
    action = f"{TABLES[type(change.item)].replace('_', '-').removesuffix('s')}-{change.action}"
    text = f"{change.says} {why}".strip()
    append_audit(store, at=at, actor=actor, subject=subject, action=action, text=text)
    if isinstance(visit := change.item, Visit):
        about = f"claims for {visit.qualification_id}, by the visit of {visit.on}."
        for learners, said in zip(change.learners, ("authorised", "authorisation-removed"), strict=True):
            words = "Authorised" if said == "authorised" else "No longer authorised"
            for learner in learners:
                append_audit(store, at=at, actor=actor, subject=f"learner:{learner}", action=f"claims-{said}",
                             text=f"{words}: {about}")  # fmt: skip


# ---------------------------------------------------------------- rows to records and back


def _items(store: Store, kind: type[Item]) -> Iterator[Any]:
    order = "id" if any(field.name == "id" for field in fields(kind)) else ", ".join(KEYS[kind])
    for row in store.rows(f"SELECT * FROM {TABLES[kind]} ORDER BY {order}"):
        yield kind(**{field.name: _value(row, field.name, str(field.type)) for field in fields(kind)})


def _value(row: dict[str, Any], name: str, kind: str) -> Any:
    stored = row[name]
    if kind == "EndDate":
        checked = row[f"{name}_checked_on"]
        on = None if stored in (None, NO_DATE) else dt.date.fromisoformat(stored)
        return EndDate(stored is not None, on, dt.date.fromisoformat(checked) if checked else None)
    if kind == "StaffRole":
        return StaffRole(stored)
    if kind == "bool":
        return bool(stored)
    if kind.startswith("tuple"):
        return tuple(json.loads(stored))
    return dt.date.fromisoformat(stored) if kind.startswith("dt.date") and stored else stored


def _row(item: Item) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for field in fields(item):
        value = getattr(item, field.name)
        if isinstance(value, EndDate):
            row[field.name] = (value.on.isoformat() if value.on else NO_DATE) if value.known else None
            row[f"{field.name}_checked_on"] = value.checked_on and value.checked_on.isoformat()
        elif field.name != "id" or value:
            row[field.name] = _plain(value)
    return row


def _plain(value: Any) -> Any:
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, tuple):
        return json.dumps(value)
    return int(value) if isinstance(value, bool) else str(value) if isinstance(value, StaffRole) else value
