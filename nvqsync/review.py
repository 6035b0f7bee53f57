"""What a person does with a claim: load it, bring it in line with the facts, advance it, save it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass

from nvqsync import store_claims
from nvqsync.approving import NOTHING_SAID, Said, check_answered, check_declarations, record_said
from nvqsync.bootstrap import App
from nvqsync.claims import Event, Status, advance
from nvqsync.errors import InputError, NotAllowed
from nvqsync.proposing import Claim
from nvqsync.settling import settle
from nvqsync.store import Store

REASON_NEEDED = frozenset({Event.HOLD, Event.WITHDRAW})
"""The events a person must give a reason for."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one claim: as it is now, or why nothing was done."""

    claim_id: int
    claim: Claim | None
    refused: str = ""


def act(
    app: App, store: Store, claim_ids: Iterable[int], event: Event, *, by: str, why: str = "",
    said: Said = NOTHING_SAID, dry_run: bool = False,
) -> list[Result]:  # fmt: skip
    """Do the same to each claim, one after the other; a refusal does not stop the others.

    Facts are settled first, so that a claim is approved or released on what is true now. ``said`` goes with an
    approval: each claim takes from it what it asks for. Raises ``UnknownName`` for a claim or a declaration that does
    not exist and ``InputError`` where a reason is due and missing.
    """
    check_declarations(app, said.declares)
    if event in REASON_NEEDED and not why.strip():
        raise InputError(f"To {event.value} a claim, say why.", 'Add --why "...".')
    wanted = [store_claims.claim(store, claim_id) for claim_id in dict.fromkeys(claim_ids)]
    if wanted and event in {Event.APPROVE, Event.RELEASE} and not dry_run:
        settle(app, store, by="nvqsync", learners={claim.learner_id for claim in wanted}, propose_new=False)
    return [_one(app, store, claim.id, event, by=by, why=why, said=said, dry_run=dry_run) for claim in wanted]


def _one(
    app: App, store: Store, claim_id: int, event: Event, *, by: str, why: str, said: Said, dry_run: bool
) -> Result:
    try:
        with nullcontext() if dry_run else store.writing(durable=True):
            claim = store_claims.claim(store, claim_id)
            status = advance(claim.status, event)
            check_blockers(claim, event)
            _check_on_its_way(store, claim)
            answered = check_answered(store, claim, said) if event is Event.APPROVE else ()
            if dry_run:
                return Result(claim_id, claim)
            if event is Event.APPROVE:
                record_said(store, claim, answered, said.note, by=by, at=app.now())
            reason = why if event is Event.HOLD else ""
            text = why or f"{event.value.capitalize()} by {by}."
            done = store_claims.change_claim(
                store, claim, status, at=app.now(), actor=by, action=event.value, why=text, hold_reason=reason
            )
    except NotAllowed as error:
        return Result(claim_id, store_claims.claim(store, claim_id), str(error))
    return Result(claim_id, done)


def _check_on_its_way(store: Store, claim: Claim) -> None:
    """A claim whose batch was handed over and not answered for may have arrived: nobody can take it back now."""
    if claim.status is Status.EXPORTED and store_claims.batch_states(store)[claim.batch_id][1] == "sending":
        says = f"Claim {claim.id} is on its way: whether the portal has it is not known yet."
        raise NotAllowed(says, "Run 'nvqsync reconcile' to ask, then look again.")


def check_blockers(claim: Claim, event: Event) -> None:
    """A claim with blockers cannot be approved. Raises ``NotAllowed`` naming each rule and its remedy."""
    if event is Event.APPROVE and claim.blockers:
        says = f"Claim {claim.id} is blocked by {', '.join(finding.id for finding in claim.blockers)}."
        raise NotAllowed(says, "\n".join(f"{finding.id}: {finding.says}" for finding in claim.blockers))


def ready(store: Store) -> list[Claim]:
    """Every proposed claim that nothing blocks."""
    return store_claims.claims(store, "status = ? AND blockers = '[]'", [Status.PROPOSED.value])
