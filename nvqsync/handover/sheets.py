"""Printing a batch's keying sheet again: numbered, marked as a duplicate, and with what must not be keyed any more."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from nvqsync.bootstrap import App
from nvqsync.claims import Status
from nvqsync.handover import batching
from nvqsync.handover.batch_files import write_once
from nvqsync.handover.batching import ClaimLine
from nvqsync.model import Batch
from nvqsync.storage import store_handover, store_sheets
from nvqsync.store import Store


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet as it was printed: its batch with the numbers on it, and where it is (``None`` in a dry run)."""

    batch: Batch
    path: Path | None


def print_again(app: App, store: Store, named: str, *, by: str, why: str = "", dry_run: bool = False) -> Sheet:
    """Print the sheet of the batch with this id or sheet number into the export folder.

    The first print of a batch that was exported without one is its original. Raises ``UnknownName`` and ``StoreError``.
    """
    row = store_sheets.batch(store, named)
    there = {claim.key: claim for claim in store_handover.of_batch(store, row["id"])}
    marked = _marked(batching.from_json(row["document"]), there, store_handover.not_to_key(store))
    batch = replace(marked, sheet=row["sheet"])
    if dry_run:
        return Sheet(replace(batch, duplicate=row["sheets_printed"]), None)
    duplicate = store_sheets.count_print(store, row, at=app.now(), actor=by, why=why)
    batch = replace(batch, duplicate=duplicate)
    name = f"{batch.id}-duplicate-{duplicate}.html" if duplicate else f"{batch.id}.html"
    content = app.plugins.export_format(store_sheets.FORMAT).render(batch)
    return Sheet(batch, write_once(app.settings.export.folder, name, content))


def _marked(batch: Batch, there: Mapping[str, ClaimLine], changed: Collection[int]) -> Batch:
    """The batch with a note at each claim not to be keyed: it was, it left the batch, or what is under it changed."""
    claims = (replace(claim, note=_note(there.get(claim.key), changed)) for claim in batch.claims)
    return replace(batch, claims=tuple(claims))


def _note(claim: ClaimLine | None, changed: Collection[int]) -> str:
    if claim is not None and claim.status is Status.EXPORTED:
        says = f"DO NOT KEY: its grounds or its registration changed, see claim {claim.id} of ours."
        return says if claim.id in changed else ""
    where = claim.status.value.replace("_", " ") if claim else "in another batch"
    return f"DO NOT KEY: this claim is {where}."
