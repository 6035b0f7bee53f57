"""Approved claims go out, once: gather, render, store, write, hand over.

A batch moves through *prepared* (stored with its bytes, its claims exported), *written* (files on disk), *sending*
(handed to the portal, answer not yet stored) and *answered*. Each step is committed before the next begins, so a
process killed anywhere is taken up where it stopped: a batch found *sending* is asked about before it is sent again.
A batch goes whole or not at all: when part of one has to go again, or a claim was withdrawn from it, what is left goes
in a batch of its own. One export or reconcile runs at a time.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any

from nvqsync import batching, store_audit, store_centre, store_claims, store_lms, store_sheets
from nvqsync.answering import hold_unanswered
from nvqsync.backup import RESTORED
from nvqsync.batch_files import write_once
from nvqsync.bootstrap import App
from nvqsync.claims import GONE, Event, Status, advance
from nvqsync.clock import iso
from nvqsync.errors import NotAllowed, PortalBusy, PortalError
from nvqsync.export_files import delete_old
from nvqsync.facts import shared_ulns
from nvqsync.gates import registration_for
from nvqsync.hookspecs import ExportFormat, PortalConnector
from nvqsync.locks import only_one
from nvqsync.model import Batch, Registration
from nvqsync.proposing import Claim
from nvqsync.reconciling import Exchange, ExportReport, ask_about, claims_of, conclude, no_answer, record_answers
from nvqsync.settling import settle
from nvqsync.store import Store
from nvqsync.sync import read_learners_again


def export(
    app: App, store: Store, portal: PortalConnector | None, *, by: str, after_restore: bool = False
) -> ExportReport:
    """Send every approved claim, after taking up whatever an earlier run left unfinished.

    Files whose time is over are deleted. Everything about the learners is read again first: raises ``LmsError`` where
    that cannot be done, and nothing goes. A batch that the portal refuses stays written and goes with the next export;
    the others go on. Raises the first ``PortalError`` when nothing went through, and ``StoreError`` when another export
    is running.
    """
    _check_restored(app, store, by, looked=after_restore)
    formats = app.formats()  # a misspelt one stops the export before any claim is marked
    with only_one(app.settings.database, "export"):
        exchange = Exchange(app, store, by)
        delete_old(app, store, by=by)
        _prepare_approved(exchange)
        _write_prepared(exchange, formats)
        if portal is not None:
            _hand_over(exchange, portal, formats)
        return exchange.finish()


def _check_restored(app: App, store: Store, by: str, *, looked: bool) -> None:
    """A restored database does not know what went out after its backup. Raises ``NotAllowed`` until a person does."""
    restored = store_lms.kept(store, RESTORED)
    if not restored:
        return
    if not looked:
        says = f"The database was restored from a backup on {iso(int(restored))}: it does not know what went out since."
        step = "Compare with the portal and the batch files, record what was sent, then: nvqsync export --after-restore"
        raise NotAllowed(says, step)
    with store.writing(durable=True):
        store_lms.keep(store, RESTORED, "")
        text = "What went out since the backup was compared; export goes on."
        store_audit.append_audit(
            store, at=app.now(), actor=by, subject="database", action="export-after-restore", text=text
        )


# ---------------------------------------------------------------- batches


def _prepare_approved(exchange: Exchange) -> None:
    """Put every approved claim that still has nothing against it, on the facts of now, into a batch."""
    app, store = exchange.app, exchange.store
    approved = store_claims.claims(store, "status = ?", [Status.APPROVED.value])
    if not approved:
        return
    learners = {claim.learner_id for claim in approved}
    with closing(app.open_lms()) as lms:
        read_learners_again(app, store, lms, learners)
    settle(app, store, by="nvqsync", learners=learners, propose_new=False)
    hold_unanswered(app, store, store_claims.claims(store, "status = ?", [Status.APPROVED.value]), by="nvqsync")
    sendable = store_claims.claims(store, "status = ? AND blockers = '[]'", [Status.APPROVED.value])
    exchange.report.held = sorted({claim.id for claim in approved} - {claim.id for claim in sendable})
    ways = _ways(app, store, sendable)
    for group in batching.groups(sendable, lambda claim: ways[claim.id]):
        with store.writing(durable=True):
            claims = [claim for claim in group if store_claims.claim(store, claim.id) == claim]
            if claims:
                _put(exchange, _batch(app, store, claims, ways[claims[0].id]), claims, Event.EXPORT)


def _ways(app: App, store: Store, claims: Iterable[Claim]) -> dict[int, batching.Way]:
    """By claim: direct with direct claim status, else by the external quality assurer; the number of its site."""
    record, qualifications = store_centre.read(store), app.plugins.catalogue.qualifications
    registered: dict[tuple[str, str], list[Registration]] = defaultdict(list)
    for one in store_claims.registrations(store):
        registered[one.learner_id, one.qualification_id].append(one)
    found = {}
    for claim in claims:
        mine = registration_for(claim.kind, registered[claim.learner_id, claim.qualification_id])
        facts = record.facts(qualifications[claim.qualification_id], mine.site if mine else "")
        route = "direct" if facts.direct_claims(app.today) else "authorisation"
        found[claim.id] = batching.Way(route, facts.centre_number)
    return found


def _batch(app: App, store: Store, claims: Sequence[Claim], way: batching.Way) -> Batch:
    qualification = app.plugins.catalogue.qualifications[claims[0].qualification_id]
    learners = {member.lms_id: member for member in store_lms.learners(store)}
    registered: dict[str, list[Registration]] = defaultdict(list)
    for registration in store_claims.registrations(store, qualification.id):
        registered[registration.learner_id].append(registration)
    foreign = shared_ulns(store).foreign
    return Batch(
        id=_next_id(app, store, qualification.awarding_body, qualification.code),
        awarding_body=qualification.awarding_body,
        centre_number=way.centre_number,
        qualification_id=qualification.id,
        qualification_number=qualification.qualification_number,
        qualification_code=qualification.code,
        qualification_title=qualification.title,
        route=way.route,
        created_at=app.now(),
        claims=tuple(
            batching.batch_claim(
                c, learners[c.learner_id], registered[c.learner_id], foreign.get(c.learner_id, frozenset())
            )
            for c in claims
        ),
    )


def _next_id(app: App, store: Store, awarding_body: str, code: str) -> str:
    start = f"{app.today:%Y%m%d}-{awarding_body}-{code}-"
    earlier = sum(batch_id.startswith(start) for batch_id in store_claims.batch_states(store))
    return f"{start}{earlier + 1:03}"


def _put(exchange: Exchange, batch: Batch, claims: Iterable[Claim], event: Event | None) -> None:
    """Store a batch with its bytes and put its claims into it, inside the transaction that is open."""
    app, store = exchange.app, exchange.store
    batch = replace(batch, audit_head=str(store_audit.head(store) or ""))
    document = app.plugins.export_format("batch_json").render(batch)
    digest = hashlib.sha256(document).hexdigest()
    row = {
        "id": batch.id, "awarding_body": batch.awarding_body, "centre_number": batch.centre_number,
        "qualification_id": batch.qualification_id, "route": batch.route, "created_at": batch.created_at,
        "digest": digest, "document": document, "state": "prepared", "sheet": store_sheets.next_number(store),
    }  # fmt: skip
    store_claims.record_batch(store, row)
    many = "1 claim" if len(batch.claims) == 1 else f"{len(batch.claims)} claims"
    store_audit.append_audit(
        store, at=app.now(), actor=exchange.by, subject=f"batch:{batch.id}", action="batch",
        text=f"Batch made with {many} of {batch.qualification_id}.", fingerprint=digest,
    )  # fmt: skip
    for claim in claims:
        status = advance(claim.status, event) if event else claim.status
        why = f"Exported in batch {batch.id}." if event else f"Goes again, in batch {batch.id}."
        store_claims.change_claim(
            store, claim, status, at=app.now(), actor=exchange.by, action="export", why=why, batch_id=batch.id
        )


def _write_prepared(exchange: Exchange, formats: Sequence[ExportFormat]) -> None:
    """Write each prepared batch in every format asked for."""
    folder = exchange.app.settings.export.folder
    for row in store_claims.batches(exchange.store, "state = 'prepared'"):
        batch = replace(batching.from_json(row["document"]), sheet=row["sheet"])
        files = [
            write_once(folder, f"{batch.id}.{f.extension}",
                       row["document"] if f.name == "batch_json" else f.render(batch))
            for f in formats
        ]  # fmt: skip
        names = json.dumps([file.name for file in files])
        printed = int(any(f.name == store_sheets.FORMAT for f in formats))
        store_claims.set_batch(exchange.store, batch.id, state="written", files=names, sheets_printed=printed)
        exchange.report.batches.append(
            {"id": batch.id, "qualification": batch.qualification_id, "route": batch.route,
             "claims": len(batch.claims), "files": [str(file) for file in files], "digest": row["digest"]}
        )  # fmt: skip


# ---------------------------------------------------------------- the portal


def _hand_over(exchange: Exchange, portal: PortalConnector, formats: Sequence[ExportFormat]) -> None:
    store = exchange.store
    for row in store_claims.batches(store, "state = 'sending'"):
        exchange.attempt(f"Batch {row['id']}", partial(_find_out, exchange, portal, row))
    _regroup(exchange)
    _write_prepared(exchange, formats)
    for row in store_claims.batches(store, "state = 'written'"):
        exchange.attempt(f"Batch {row['id']}", partial(_send, exchange, portal, row))


def _find_out(exchange: Exchange, portal: PortalConnector, row: dict[str, Any]) -> None:
    """Ask about every claim of a batch whose answer was never stored; what did not arrive goes again."""
    claims = [claim for claim in claims_of(exchange.store, row["id"]) if claim.status in GONE]
    ask_about(exchange, portal, claims, row["centre_number"])
    conclude(exchange.store, row["id"])


def _regroup(exchange: Exchange) -> None:
    """What is left of a batch that must not go as it was goes in a batch of its own."""
    store = exchange.store
    for row in store_claims.batches(store, "state = 'written'"):
        with store.writing(durable=True):
            claims = claims_of(store, row["id"])
            left = [claim for claim in claims if claim.status is Status.EXPORTED]
            if len(left) == len(claims):
                continue
            if left:
                code = row["qualification_id"].partition("/")[2]
                number = _next_id(exchange.app, store, row["awarding_body"], code)
                whole, keys = batching.from_json(row["document"]), {claim.key for claim in left}
                part = batching.part_of(whole, keys, batch_id=number, created_at=exchange.app.now())
                _put(exchange, part, left, None)
            store_claims.set_batch(store, row["id"], state="answered")


def _send(exchange: Exchange, portal: PortalConnector, row: dict[str, Any]) -> None:
    """Hand over one batch. Without a usable answer its claims are unknown until the portal is asked."""
    store, batch = exchange.store, batching.from_json(row["document"])
    with store.writing(durable=True):
        claims = claims_of(store, batch.id)
        if any(claim.status is not Status.EXPORTED for claim in claims):
            return  # one was withdrawn this very moment: the rest goes with the next export
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
