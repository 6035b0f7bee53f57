"""What people record by hand, carried out: each record decided on the claim as it is, saved with its audit entry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from nvqsync.bootstrap import App
from nvqsync.claims import RECORDED, Event
from nvqsync.errors import NotAllowed, UnknownName
from nvqsync.handover.hand_records import Record, decide
from nvqsync.proposing import Claim
from nvqsync.review import SAVED_AT_ONCE, check_in_reach, check_version
from nvqsync.storage import store_claims
from nvqsync.store import Store


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of one record: the claim as it is now, whether anything changed, or why it was refused."""

    record: Record
    claim: Claim | None
    changed: bool = False
    refused: str = ""


def record_all(
    app: App, store: Store, records: Sequence[Record], *, by: str, correct: bool = False, dry_run: bool = False,
    versions: Mapping[int, int] | None = None,
) -> Iterator[list[Recorded]]:  # fmt: skip
    """Record everything, a hundred records a transaction; what is refused does not stop the others.

    ``versions`` gives, for some claims, the version that was looked at: nothing is recorded of any other. The results
    of each transaction are handed out once it is saved. Every record must have passed ``Record.check``.
    """
    for start in range(0, len(records), SAVED_AT_ONCE):
        some = records[start : start + SAVED_AT_ONCE]
        with nullcontext() if dry_run else store.writing(durable=True):
            results = [_one(app, store, one, versions, by=by, correct=correct, dry_run=dry_run) for one in some]
        yield results


def _one(
    app: App, store: Store, record: Record, versions: Mapping[int, int] | None, *, by: str, correct: bool, dry_run: bool
) -> Recorded:
    claim = None
    try:
        claim = find_claim(store, record.claim)
        route = store_claims.batch_route(store, claim.batch_id) if record.word == "certificated" else ""
        step = decide(claim, record, by=by, route=route, correct=correct)
        if step is None:
            return Recorded(record, claim)
        check_version(claim, versions)
        check_in_reach(store, claim, RECORDED.get(record.word, Event.CERTIFICATE))
        _check_certificate(store, claim, record)
        if dry_run:
            return Recorded(record, claim, changed=True)
        done = store_claims.change_claim(
            store, claim, step.status, at=app.now(), actor=by, action=record.word, why=step.says, **step.fields
        )
    except (NotAllowed, UnknownName) as error:
        return Recorded(record, claim, refused=str(error))
    return Recorded(record, done, changed=True)


def find_claim(store: Store, named: str) -> Claim:
    """The claim with this number or key. Raises ``UnknownName``."""
    if named.isascii() and named.isdigit() and len(named) < 19:
        return store_claims.claim(store, int(named))
    found = store_claims.claims(store, "key = ?", [named])
    if not found:
        raise UnknownName(f"There is no claim {named}.", "List them with 'nvqsync claims list'.")
    return found[0]


def _check_certificate(store: Store, claim: Claim, record: Record) -> None:
    """A body gives no certificate number twice. Raises ``NotAllowed`` naming the other claim."""
    if not record.certificate:
        return
    other = store_claims.certificated_as(store, claim.awarding_body, [record.certificate]).get(record.certificate)
    if other not in {None, claim.id}:
        says = f"Certificate {record.certificate} is recorded for claim {other}."
        raise NotAllowed(says, "Read both certificates again, and correct the wrong one.")
