"""Approved claims go out, once: put into batches (``preparing``), written to disk, handed over.

A batch moves through *prepared* (stored with its bytes, its claims exported), *written* (files on disk), *sending*
(handed to the portal, answer not yet stored) and *answered*. Each step is committed before the next begins, so a
process killed anywhere is taken up where it stopped: a batch found *sending* is asked about before it is sent again.
A batch goes whole or not at all: when part of one has to go again, or a claim was withdrawn from it or put on hold,
what is left goes in a batch of its own (``waiting_batches``). One export or reconcile runs at a time.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from nvqsync.bootstrap import App
from nvqsync.claims import GONE, Status
from nvqsync.clock import iso
from nvqsync.errors import NotAllowed, PortalBusy, PortalError
from nvqsync.handover import batching
from nvqsync.handover.batch_files import contents, write_once
from nvqsync.handover.export_files import delete_old
from nvqsync.handover.preparing import judge_again, put_into_batches, read_again
from nvqsync.handover.reconciling import Exchange, ExportReport, ask_about, conclude, no_answer, record_answers
from nvqsync.handover.waiting_batches import is_whole, left_over, regroup, still_in, waiting
from nvqsync.hookspecs import ExportFormat, PortalConnector
from nvqsync.restoring import RESTORED
from nvqsync.service import logs
from nvqsync.service.locks import only_one
from nvqsync.storage import store_audit, store_claims, store_handover, store_lms, store_sheets
from nvqsync.store import Store

log = logging.getLogger(__name__)


def export(
    app: App, store: Store, portal: PortalConnector | None, *, by: str, after_restore: bool = False
) -> ExportReport:
    """Send every approved claim, after taking up whatever an earlier run left unfinished.

    Files whose time is over are deleted. Everything about the learners is read and judged again first, of batches left
    by an earlier run too: raises ``LmsError`` where that cannot be done, and nothing goes. A batch that the portal
    refuses stays written and goes with the next export; the others go on. Raises the first ``PortalError`` when nothing
    went through, and ``StoreError`` when another export is running.
    """
    check_restored(store, looked=after_restore)
    _go_on_after_restore(app, store, by)
    formats = app.formats()  # a misspelt one stops the export before any claim is marked
    with only_one(app.settings.database, "export"):
        exchange = Exchange(app, store, by)
        delete_old(app, store, by=by)
        reached = app.reached if portal is not None else frozenset()
        approved = store_handover.in_statuses(store, {Status.APPROVED})
        read_again(exchange, [*approved, *left_over(store, reached)])
        if portal is not None:
            _ask_first(exchange, portal)
        sendable = judge_again(exchange, approved, waiting(store, reached))
        regroup(exchange, reached, formats)
        put_into_batches(exchange, sendable)
        _write_prepared(exchange, formats)
        if portal is not None:
            _hand_over(exchange, portal)
        report = exchange.finish()
    if report.failure:
        if report.batches:
            written = "The batch files are written; the next export hands them over."
            report.failure.next_step = f"{report.failure.next_step} {written}"
        raise report.failure
    return report


def check_restored(store: Store, *, looked: bool) -> None:
    """A restored database does not know what went out after its backup. Raises ``NotAllowed`` until a person does."""
    if (restored := store_lms.kept(store, RESTORED)) and not looked:
        says = f"The database was restored from a backup on {iso(int(restored))}: it does not know what went out since."
        step = "Compare with the portal and the batch files, record what was sent, then: nvqsync export --after-restore"
        raise NotAllowed(says, step)


def _go_on_after_restore(app: App, store: Store, by: str) -> None:
    """The mark of a restored database goes: a person has looked."""
    if not store_lms.kept(store, RESTORED):
        return
    with store.writing(durable=True):
        store_lms.keep(store, RESTORED, "")
        text = "What went out since the backup was compared; export goes on."
        store_audit.append_audit(
            store, at=app.now(), actor=by, subject="database", action="export-after-restore", text=text
        )


def _write_prepared(exchange: Exchange, formats: Sequence[ExportFormat]) -> None:
    """Write each prepared batch in every format asked for."""
    folder = exchange.app.settings.export.folder
    for row in store_handover.batches_in(exchange.store, "prepared"):
        if row["id"] in exchange.stay:
            continue
        batch = replace(batching.from_json(row["document"]), sheet=row["sheet"])
        files = [write_once(folder, name, content) for name, content in contents(batch, row["document"], formats)]
        names = json.dumps([file.name for file in files])
        printed = int(any(f.name == store_sheets.FORMAT for f in formats))
        store_claims.set_batch(exchange.store, batch.id, state="written", files=names, sheets_printed=printed)
        exchange.report.batches.append(
            {"id": batch.id, "qualification": batch.qualification_id, "route": batch.route,
             "claims": len(batch.claims), "files": [str(file) for file in files], "digest": row["digest"]}
        )  # fmt: skip
        many = len(batch.claims)
        logs.event(log, logging.INFO, f"batch {batch.id} written, {many} claims", batch=batch.id, claims=many)


# ---------------------------------------------------------------- the portal


def _ask_first(exchange: Exchange, portal: PortalConnector) -> None:
    """Ask about the batches that were handed over and never answered for, before anything is taken back or sent."""
    for row in store_handover.batches_in(exchange.store, "sending"):
        if row["awarding_body"] in exchange.app.reached:
            exchange.attempt(f"Batch {row['id']}", partial(_find_out, exchange, portal, row))


def _hand_over(exchange: Exchange, portal: PortalConnector) -> None:
    """Hand over the batches of the bodies that the portal reaches; those of the others are keyed by hand."""
    for row in store_handover.batches_in(exchange.store, "written"):
        if row["awarding_body"] in exchange.app.reached and row["id"] not in exchange.stay:
            exchange.attempt(f"Batch {row['id']}", partial(_send, exchange, portal, row))


def _find_out(exchange: Exchange, portal: PortalConnector, row: dict[str, Any]) -> None:
    """Ask about every claim of a batch whose answer was never stored; what did not arrive goes again."""
    claims = [claim for claim in store_handover.of_batch(exchange.store, row["id"]) if claim.status in GONE]
    ask_about(exchange, portal, claims, row["centre_number"])
    conclude(exchange.store, row["id"])


def _send(exchange: Exchange, portal: PortalConnector, row: dict[str, Any]) -> None:
    """Hand over one batch. Without a usable answer its claims are unknown until the portal is asked."""
    store, batch = exchange.store, batching.from_json(row["document"])
    with store.writing(durable=True):
        claims = still_in(store, batch.id)
        if not is_whole(batch, claims):
            return  # one was withdrawn this very moment: the rest goes with the next export
        if groundless := store_handover.groundless(store, batch.id):
            exchange.report.problems.append(_kept_here(batch.id, groundless))
            return
        store_claims.set_batch(store, batch.id, state="sending")
    try:
        answers = portal.submit(batch, row["document"])
    except PortalBusy as error:
        says = f"Batch {batch.id}: {error.says} Its claims are unknown; run 'nvqsync reconcile'."
        exchange.report.problems.append(says)
        no_answer(exchange, [claim.id for claim in claims])
        return
    except PortalError:
        store_claims.set_batch(store, batch.id, state="written")
        raise
    record_answers(exchange, claims, answers)
    conclude(store, batch.id)


def _kept_here(batch_id: str, claims: Sequence[int]) -> str:
    """Why a batch is not handed over after all, and what to do."""
    which = ", ".join(map(str, claims))
    return (
        f"Batch {batch_id} was not handed over: while the export ran, claims in it lost their grounds ({which}). "
        "Export again: what has something against it is put on hold, and the rest goes."
    )
