"""What a person decides about claims: load them, bring them in line with the facts, advance them, save them.

Many claims are worked through in slices: each slice is settled, then saved a hundred claims at a time in one durable
transaction, within which each claim stands or falls by itself. Interrupted anywhere, what was saved is done, and the
same command does the rest.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from nvqsync import approving
from nvqsync.answering import NOTHING_SAID, Said, check_declarations, record_said
from nvqsync.approving import Approval, Seen
from nvqsync.bootstrap import App
from nvqsync.claims import Event, Status, advance
from nvqsync.errors import InputError, NotAllowed, UnknownName
from nvqsync.holding import BY_PERSON, HoldCode
from nvqsync.proposing import Claim
from nvqsync.settling import settle
from nvqsync.storage import store_claims
from nvqsync.store import Store

REASON_NEEDED = frozenset({Event.HOLD, Event.WITHDRAW, Event.RECALL, Event.REVOKE})
"""The events a person must give a reason for."""

SETTLED_AT_ONCE = 1000
SAVED_AT_ONCE = 100
"""Claims a slice, and claims a transaction: a full sync for each one would cost more than all the rest."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one claim: as it is now, or why nothing was done."""

    claim_id: int
    claim: Claim | None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Deed:
    """What is to be done to claims: the event, by whom, in which words, under which hold code.

    ``versions`` gives, for some claims, the version that was looked at: nothing is done to any other. ``said`` goes
    with an approval: each claim takes from it what it asks for.
    """

    event: Event
    by: str
    why: str = ""
    code: HoldCode = HoldCode.OTHER
    versions: Mapping[int, int] | None = None
    said: Said = NOTHING_SAID
    dry_run: bool = False

    def check(self) -> None:
        """Raises ``InputError`` where a reason is due and missing, or the code is not for people to give."""
        if self.event in REASON_NEEDED and not self.why.strip():
            raise InputError(f"To {self.event.value} a claim, say why.", 'Add --why "...".')
        if self.code not in BY_PERSON:
            raise InputError(
                f"{self.code.value!r} is a code that nvqsync gives.", "'nvqsync claims codes' lists yours."
            )


def act(
    app: App, store: Store, claim_ids: Iterable[int], event: Event, *, by: str, why: str = "",
    said: Said = NOTHING_SAID, dry_run: bool = False,
) -> list[Result]:  # fmt: skip
    """Do the same to each claim; a refusal does not stop the others. See ``working``."""
    deed = Deed(event, by, why, said=said, dry_run=dry_run)
    return [result for some in working(app, store, claim_ids, deed) for result in some]


def working(app: App, store: Store, claim_ids: Iterable[int], deed: Deed) -> Iterator[list[Result]]:
    """Do the deed to each claim, and hand out the results of each transaction once it is saved.

    Facts are settled first, so that a claim is approved or released on what is true now. Raises ``UnknownName`` for a
    claim or a declaration that does not exist and ``InputError`` where a reason is due and missing, before anything is
    done.
    """
    deed.check()
    check_declarations(app, deed.said.declares)
    wanted = list(dict.fromkeys(claim_ids))
    must_exist(store, wanted)
    for slice_ in _cut(wanted, SETTLED_AT_ONCE):
        seen = _bring_in_line(app, store, slice_, deed)
        for some in _cut(slice_, SAVED_AT_ONCE):
            with nullcontext() if deed.dry_run else store.writing(durable=True):
                results = [_one(app, store, claim_id, deed, seen) for claim_id in some]
            yield results


def must_exist(store: Store, claim_ids: Sequence[int]) -> None:
    """Raises ``UnknownName`` for the first claim that does not exist."""
    known = set(store_claims.claim_ids(store, "id IN (SELECT value FROM json_each(?))", [json.dumps(list(claim_ids))]))
    for claim_id in claim_ids:
        if claim_id not in known:
            raise UnknownName(f"There is no claim {claim_id}.", "List them with 'nvqsync claims list'.")


def _cut(ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


def _bring_in_line(app: App, store: Store, ids: Sequence[int], deed: Deed) -> dict[int, Seen]:
    """What was seen of each claim before its facts were settled, where that matters."""
    if deed.event not in {Event.APPROVE, Event.RELEASE}:
        return {}
    before = store_claims.some_claims(store, ids)
    if not deed.dry_run:
        settle(app, store, by="nvqsync", learners={claim.learner_id for claim in before}, propose_new=False)
    return {claim.id: _seen(claim, deed.versions or {}) for claim in before}


def _seen(claim: Claim, versions: Mapping[int, int]) -> Seen:
    standing = frozenset(finding.id for finding in claim.findings)
    return Seen(versions.get(claim.id, claim.version), claim.fingerprint, standing, exact=claim.id in versions)


def _one(app: App, store: Store, claim_id: int, deed: Deed, seen: Mapping[int, Seen]) -> Result:
    """One claim, in a savepoint of the transaction that is open: a refusal leaves the others as they are."""
    claim = store_claims.claim(store, claim_id)
    try:
        status = _moved(claim, deed)
        if deed.event is Event.APPROVE:
            approving.check(Approval(app, store, claim, seen[claim_id], deed.by, deed.why, deed.said))
        check_version(claim, deed.versions)
        check_in_reach(store, claim, deed.event)
        if deed.dry_run:
            return Result(claim_id, claim)
        return Result(claim_id, _save(app, store, claim, status, deed))
    except NotAllowed as error:
        return Result(claim_id, claim, str(error))


def _moved(claim: Claim, deed: Deed) -> Status:
    """The status that the deed leads to. Raises ``NotAllowed``: where somebody was faster, that is the reason told."""
    try:
        return advance(claim.status, deed.event)
    except NotAllowed:
        check_version(claim, deed.versions)
        raise


def _save(app: App, store: Store, claim: Claim, status: Status, deed: Deed) -> Claim:
    held = deed.event is Event.HOLD
    if deed.event is Event.APPROVE:
        record_said(store, claim, deed.said, by=deed.by, at=app.now())
    return store_claims.change_claim(
        store, claim, status, at=app.now(), actor=deed.by, action=deed.event.value,
        why=_told(deed), hold_reason=deed.why if held else "", hold_code=deed.code.value if held else "",
    )  # fmt: skip


def _told(deed: Deed) -> str:
    """What the audit log keeps of it; a hold code that says more than the words stands behind them."""
    why = deed.why or f"{deed.event.value.capitalize()} by {deed.by}."
    return f"{why} ({deed.code.value})" if deed.event is Event.HOLD and deed.code is not HoldCode.OTHER else why


def check_version(claim: Claim, versions: Mapping[int, int] | None) -> None:
    """Whether the claim is still as it was looked at, where that was said. Raises ``NotAllowed``."""
    looked_at = (versions or {}).get(claim.id, claim.version)
    if looked_at != claim.version:
        says = f"Claim {claim.id} was changed since you looked: it is {claim.status.value.replace('_', ' ')} now."
        raise NotAllowed(says, "Nothing was done. Look at it as it is now, then decide again.")


def check_in_reach(store: Store, claim: Claim, event: Event) -> None:
    """Whether nvqsync knows enough of where the claim is. Raises ``NotAllowed``.

    A claim whose batch was handed over and not answered for may have arrived: nobody can take it back, or key it, now.
    A certificate that was recalled is revoked, never withdrawn; without one there is nothing to revoke.
    """
    if claim.status is Status.EXPORTED and store_claims.batch_states(store)[claim.batch_id][1] == "sending":
        says = f"Claim {claim.id} is on its way: whether the portal has it is not known yet."
        raise NotAllowed(says, "Run 'nvqsync reconcile' to ask, then look again.")
    if claim.status is Status.RECALLED and event is Event.WITHDRAW and claim.certificate_number:
        says = f"Claim {claim.id} has certificate {claim.certificate_number}: it is not withdrawn but revoked."
        raise NotAllowed(
            says, f"Once the body has revoked it: 'nvqsync claims record revoked {claim.id} --why \"...\"'."
        )
    if claim.status is Status.RECALLED and event is Event.REVOKE and not claim.certificate_number:
        says = f"Claim {claim.id} has no certificate that could be revoked."
        raise NotAllowed(says, f"Withdraw it: 'nvqsync claims withdraw {claim.id} --why \"...\"'.")


def ready(store: Store) -> list[int]:
    """The numbers of every proposed claim that nothing blocks."""
    return store_claims.claim_ids(store, "status = ? AND blockers = '[]'", [Status.PROPOSED.value])
