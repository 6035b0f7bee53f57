"""What we ask the store about keying sheets: their running number, and how often each was printed."""

from __future__ import annotations

from typing import Any

from nvqsync.errors import UnknownName
from nvqsync.storage import store_audit, store_claims
from nvqsync.store import Store

FORMAT = "keying_sheet"
"""The export format that is a keying sheet."""

_COLUMNS = "id, awarding_body, centre_number, qualification_id, route, created_at, state, sheet, sheets_printed"


def next_number(store: Store) -> int:
    """The number of the next sheet: they run on without a gap, so that a missing one is noticed."""
    return int(store.rows("SELECT COALESCE(MAX(sheet), 0) + 1 AS n FROM batches")[0]["n"])


def batch_rows(store: Store) -> list[dict[str, Any]]:
    """Every batch in the order it was made, without its document, and how many of its claims are still to be keyed."""
    sql = f"""SELECT {_COLUMNS}, (SELECT COUNT(*) FROM claims WHERE batch_id = batches.id) AS claims,
        (SELECT COUNT(*) FROM claims WHERE batch_id = batches.id AND status = 'exported') AS waiting
        FROM batches ORDER BY sheet"""
    return store.rows(sql)


def batch(store: Store, named: str) -> dict[str, Any]:
    """The batch with this id or sheet number, its document included. Raises ``UnknownName``."""
    number = int(named) if named.isascii() and named.isdigit() and len(named) < 19 else 0
    found = store_claims.batches(store, "id = ? OR (sheet = ? AND sheet > 0)", [named, number])
    if not found:
        raise UnknownName(f"There is no batch {named}.", "List them with 'nvqsync batches list'.")
    return found[0]


def count_print(store: Store, row: dict[str, Any], *, at: int, actor: str, why: str) -> int:
    """Count one more print of a batch's sheet and tell the audit log. Returns which duplicate it is, 0 the original."""
    with store.writing(durable=True):
        duplicate = int(batch(store, row["id"])["sheets_printed"])
        store.execute("UPDATE batches SET sheets_printed = sheets_printed + 1 WHERE id = ?", [row["id"]])
        what = f"Duplicate no. {duplicate}" if duplicate else "The original"
        text = f"{what} of keying sheet no. {row['sheet']} printed. {why}".strip()
        store_audit.append_audit(
            store, at=at, actor=actor, subject=f"batch:{row['id']}", action="sheet-printed", text=text
        )
    return duplicate
