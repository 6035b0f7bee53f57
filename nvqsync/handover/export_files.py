"""Batch files hold personal data: they are deleted once their time is over. The batch itself stays in the database."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from nvqsync.bootstrap import App
from nvqsync.claims import Status
from nvqsync.handover.batch_files import remove
from nvqsync.storage import store_audit, store_claims
from nvqsync.store import Store

DAY = 86_400


def over(batches: Iterable[Mapping[str, Any]], waiting: Collection[str], *, now: int, days: int) -> list[str]:
    """The batches whose files are to be deleted: made more than ``days`` ago, and nothing in them waits to be sent.

    ``batches`` have ``id``, ``created_at`` (seconds since 1970) and ``files`` (a JSON list); ``waiting`` are the ids of
    those with a claim that has still to be keyed or handed over: their files are needed, however old.
    """
    return [
        batch["id"]
        for batch in batches
        if batch["files"] != "[]" and now - batch["created_at"] > days * DAY and batch["id"] not in waiting
    ]


def delete_old(app: App, store: Store, *, by: str) -> list[Path]:
    """Delete the files of batches whose time is over, and tell the audit log; returns the files that are gone.

    A file is deleted before the batch forgets it, so that a run cut short finishes the next time. Raises ``StoreError``
    for a file that cannot be deleted.
    """
    rows = store.rows("SELECT id, created_at, files FROM batches WHERE files <> '[]'")
    waiting = {claim.batch_id for claim in store_claims.claims(store, "status = ?", [Status.EXPORTED.value])}
    names = {row["id"]: json.loads(row["files"]) for row in rows}
    gone: list[Path] = []
    for batch_id in over(rows, waiting, now=app.now(), days=app.settings.export.keep_files_days):
        gone += remove(app.settings.export.folder, names[batch_id])
        with store.writing(durable=True):
            store_claims.set_batch(store, batch_id, files="[]")
            text = f"Files of batch {batch_id} deleted: {len(names[batch_id])}."
            store_audit.append_audit(
                store, at=app.now(), actor=by, subject=f"batch:{batch_id}", action="files-deleted", text=text
            )
    return gone
