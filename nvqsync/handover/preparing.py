"""Approved claims become batches: read again, judged again, rendered, and stored with the bytes that will go out."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import cache

from nvqsync.answering import hold_unanswered
from nvqsync.bootstrap import App
from nvqsync.claims import Event, Status, advance
from nvqsync.facts import shared_ulns
from nvqsync.gates import registration_for
from nvqsync.handover import batching
from nvqsync.handover.batching import ClaimLine
from nvqsync.handover.reconciling import Exchange
from nvqsync.model import Batch, LmsMember, Registration
from nvqsync.proposing import Claim
from nvqsync.settling import settle
from nvqsync.storage import store_audit, store_centre, store_claims, store_handover, store_lms, store_sheets
from nvqsync.store import Store
from nvqsync.sync import read_learners_again


def read_again(exchange: Exchange, whom: Collection[ClaimLine]) -> None:
    """Read everything about the learners of these claims again. Raises ``LmsError`` where that cannot be done."""
    if whom:
        with closing(exchange.app.open_lms()) as lms:
            read_learners_again(exchange.app, exchange.store, lms, {claim.learner_id for claim in whom})


def judge_again(exchange: Exchange, approved: Sequence[ClaimLine], waiting: Sequence[ClaimLine]) -> list[ClaimLine]:
    """Put on hold what has something against it on the facts of now; returns the approved claims that may go.

    ``waiting`` are claims that are still here in a batch: they are judged as the approved ones are.
    """
    app, store, both = exchange.app, exchange.store, (*approved, *waiting)
    if not both:
        return []
    here, learners = {claim.id for claim in waiting}, {claim.learner_id for claim in both}
    settled = settle(app, store, by="nvqsync", learners=learners, propose_new=False, here=here)
    hold_unanswered(app, store, _as_they_were(store, both), by="nvqsync")
    _leave_overtaken(exchange, waiting, settled.overtaken)
    sendable = _sendable(store, approved)
    on_hold = {claim.id for claim in store_handover.in_full(store, waiting) if claim.status is Status.ON_HOLD}
    exchange.report.held = sorted(({claim.id for claim in approved} - {claim.id for claim in sendable}) | on_hold)
    return sendable


def _leave_overtaken(exchange: Exchange, waiting: Iterable[ClaimLine], overtaken: Collection[int]) -> None:
    """Nobody knows whether these claims may go: their batches stay, and the next export judges them."""
    for claim in waiting:
        if claim.id in overtaken:
            exchange.stay.add(claim.batch_id)
            says = f"Claim {claim.id} was changed by somebody else while it was judged again."
            exchange.report.problems.append(f"{says} Batch {claim.batch_id} stays here: export again.")


def put_into_batches(exchange: Exchange, sendable: Sequence[ClaimLine]) -> None:
    """One transaction a batch. A claim that somebody changes meanwhile stays out of its batch."""
    if not sendable:
        return
    app, store = exchange.app, exchange.store
    way, learners = ways(app, store, sendable), {claim.learner_id for claim in sendable}
    people = {one.lms_id: one for one in store_lms.learners(store) if one.lms_id in learners}
    foreign = shared_ulns(store).foreign
    for group in batching.groups(sendable, lambda claim: way[claim.id]):
        with store.writing(durable=True):
            if claims := store_handover.unchanged(store, group):
                batch = _batch(app, store, claims, way[claims[0].id], people, foreign)
                put(exchange, batch, claims, Event.EXPORT)


def _as_they_were(store: Store, seen: Sequence[ClaimLine]) -> Iterator[Claim]:
    """Of these claims, in full, those that are still in the status in which they were seen."""
    statuses = {claim.id: claim.status for claim in seen}
    return (claim for claim in store_handover.in_full(store, seen) if claim.status is statuses[claim.id])


def _sendable(store: Store, approved: Collection[ClaimLine]) -> list[ClaimLine]:
    """Of the claims whose facts were read again, those that still have nothing against them.

    What somebody approved meanwhile goes with the next export: nobody has read its facts again.
    """
    read_again = {claim.id for claim in approved}
    now = store_handover.lines(store, "status = ? AND blockers = '[]'", [Status.APPROVED.value])
    return [claim for claim in now if claim.id in read_again]


def ways(app: App, store: Store, claims: Sequence[ClaimLine]) -> dict[int, batching.Way]:
    """By claim: direct with direct claim status, else by the external quality assurer; the number of its site."""
    record, qualifications = store_centre.read(store), app.plugins.catalogue.qualifications

    @cache
    def way(qualification_id: str, site: str) -> batching.Way:
        facts = record.facts(qualifications[qualification_id], site)
        return batching.Way("direct" if facts.direct_claims(app.today) else "authorisation", facts.centre_number)

    found = {}
    for some in store_handover.slices(claims, store_handover.AT_ONCE):
        registered = _registered(store, None, [claim.learner_id for claim in some])
        for claim in some:
            mine = registration_for(claim.kind, registered[claim.learner_id, claim.qualification_id])
            found[claim.id] = way(claim.qualification_id, mine.site if mine else "")
    return found


def _registered(
    store: Store, qualification_id: str | None, learners: Collection[str]
) -> dict[tuple[str, str], list[Registration]]:
    """The registrations of these learners, by learner and qualification."""
    found: dict[tuple[str, str], list[Registration]] = defaultdict(list)
    for one in store_claims.registrations(store, qualification_id, learners):
        found[one.learner_id, one.qualification_id].append(one)
    return found


def _batch(
    app: App, store: Store, claims: Sequence[Claim], way: batching.Way, people: Mapping[str, LmsMember],
    foreign: Mapping[str, frozenset[str]],
) -> Batch:  # fmt: skip
    """Claims of one kind and way as one batch. ``people`` and the ULNs ``foreign`` to them go by learner."""
    qualification = app.plugins.catalogue.qualifications[claims[0].qualification_id]
    registered = _registered(store, qualification.id, {claim.learner_id for claim in claims})
    return Batch(
        id=next_id(app, store, qualification.awarding_body, qualification.code),
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
                c,
                people[c.learner_id],
                registered[c.learner_id, qualification.id],
                foreign.get(c.learner_id, frozenset()),
            )
            for c in claims
        ),
    )


def next_id(app: App, store: Store, awarding_body: str, code: str) -> str:
    """The id of the next batch made today for a qualification of a body."""
    start = f"{app.today:%Y%m%d}-{awarding_body}-{code}-"
    earlier = sum(batch_id.startswith(start) for batch_id in store_claims.batch_states(store))
    return f"{start}{earlier + 1:03}"


def put(exchange: Exchange, batch: Batch, claims: Iterable[Claim], event: Event | None) -> None:
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
