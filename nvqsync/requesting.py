"""Unit claims, made because a person asks: a leaver's achieved units, each claimed once and never again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace

from nvqsync.bootstrap import App
from nvqsync.claims import CLOSED, Status
from nvqsync.declaring import stands_against
from nvqsync.errors import InputError, NotAllowed, UnknownName
from nvqsync.facts import Known, gather, shared_ulns
from nvqsync.model import ClaimKind, Qualification, UnitOutcome, UnitStatus
from nvqsync.progress import LearnerProgress
from nvqsync.proposing import Claim, ClaimMove, propose, request
from nvqsync.storage import store_claims
from nvqsync.store import Store


@dataclass(frozen=True, slots=True)
class Requested:
    """What a request came to: the units claimed, by code why others are not, and the new claim (none in a dry run)."""

    units: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    claim: Claim | None = None


def claimable(
    row: LearnerProgress, claims: Iterable[Claim], codes: Collection[str] = ()
) -> tuple[tuple[UnitOutcome, ...], tuple[tuple[str, str], ...]]:
    """The achieved units that no claim of the learner with this body stands for, and by code why others are not. Pure.

    ``claims`` are all the candidate's with the body. ``codes`` limits it to a few; without it units that are not
    achieved are passed over in silence.
    """
    taken = {
        reference: claim.id
        for claim in claims
        if claim.status not in CLOSED
        for reference in claim.unit_references
    }  # fmt: skip
    good, left_out = [], []
    for unit in row.outcomes:
        if codes and unit.code not in codes:
            continue
        if unit.status is not UnitStatus.ACHIEVED:
            left_out += [(unit.code, f"It is {unit.status.value.replace('_', ' ')}.")] if codes else []
        elif unit.unit_reference in taken:
            left_out.append((unit.code, f"Claim {taken[unit.unit_reference]} stands for it."))
        else:
            good.append(unit)
    return tuple(good), tuple(left_out)


def request_units(
    app: App, store: Store, learner_id: str, qualification: Qualification, codes: Sequence[str] = (), *, by: str,
    why: str = "", dry_run: bool = False,
) -> Requested:  # fmt: skip
    """Claim a learner's achieved units that are neither claimed nor held, in one unit claim.

    Raises ``UnknownName`` where nobody judges this learner for the qualification, ``NotAllowed`` where another process
    claimed one of the units meanwhile.
    """
    with nullcontext() if dry_run else store.writing(durable=True):  # nobody claims a unit between look and deed
        row, known = standing_of(app, store, learner_id, qualification)
        mine = store_claims.claims_of_candidate(store, learner_id, qualification.awarding_body)
        units, left_out = claimable(row, mine, codes)
        told = tuple(unit.code for unit in units)
        if dry_run or not units:
            return Requested(told, left_out)
        facts = known.about(row, ClaimKind.UNITS, units)
        words = why or "Units achieved without the full award, requested by a person."
        move = request(row, units, facts, stands_against(app.gates, app.declarations, facts), words)
        claim = _make(app, store, move, facts.centre.centre_number, by=by)
        return Requested(told, left_out, claim)


def propose_again(app: App, store: Store, claim_id: int, *, by: str, why: str, dry_run: bool = False) -> Claim | None:
    """A new claim for one that was returned, withdrawn or revoked, on facts that may be the very same.

    Returns it, or ``None`` in a dry run. Raises ``NotAllowed`` where the claim is not closed, where its facts no longer
    carry a claim, or where another one stands.
    """
    if not why.strip():
        raise InputError("To claim again, say why.", 'Add --why "...".')
    with nullcontext() if dry_run else store.writing(durable=True):
        old = store_claims.claim(store, claim_id)
        if old.status not in CLOSED:
            says = f"Claim {claim_id} is {old.status.value.replace('_', ' ')}: only a closed claim is made again."
            raise NotAllowed(says, f"Closed are {', '.join(status.value for status in Status if status in CLOSED)}.")
        move, number = _again(app, store, old, why)
        return None if dry_run else _make(app, store, move, number, by=by)


def _again(app: App, store: Store, old: Claim, why: str) -> tuple[ClaimMove, str]:
    """The claim made anew, and the centre number it is made under. Raises ``NotAllowed``."""
    qualification = app.plugins.catalogue.find_qualification(old.qualification_id)
    row, known = standing_of(app, store, old.learner_id, qualification)
    mine = store_claims.claims_of_candidate(store, old.learner_id, old.awarding_body)
    if old.kind is ClaimKind.UNITS:
        codes = [unit["code"] for unit in old.facts["units"]]
        units, left_out = claimable(row, mine, codes)
        if left_out or len(units) < len(codes):
            told = " ".join(f"{code}: {reason}" for code, reason in left_out)
            raise NotAllowed(f"The units of claim {old.id} cannot be claimed again. {told}", "Request the others anew.")
        facts = known.about(row, ClaimKind.UNITS, units)
        move = request(row, units, facts, stands_against(app.gates, app.declarations, facts), _reason(old, why))
        return move, facts.centre.centre_number
    awards = [c for c in mine if c.kind is old.kind and c.qualification_id == old.qualification_id]
    if standing := next((claim for claim in awards if claim.status not in CLOSED), None):
        raise NotAllowed(f"Claim {standing.id} stands for this award.", f"See 'nvqsync claims show {standing.id}'.")
    facts = known.about(row, ClaimKind.FULL_AWARD)
    proposed = propose(row, awards, facts, stands_against(app.gates, app.declarations, facts), again=True)
    if proposed is None:
        raise NotAllowed("The rule of combination is not met.", "See what is short: 'nvqsync progress'.")
    return replace(proposed, why=_reason(old, why)), facts.centre.centre_number


def _reason(old: Claim, why: str) -> str:
    return f"Made again after claim {old.id} was {old.status.value}. {why}"


def standing_of(
    app: App, store: Store, learner_id: str, qualification: Qualification
) -> tuple[LearnerProgress, Known]:  # fmt: skip
    """Where one learner stands, and what bears on a claim. Raises ``UnknownName`` where nobody judges them."""
    standings = app.reader(store).standings([qualification.id], {learner_id})
    for row in (row for standing in standings for row in standing.rows):
        if row.learner.lms_id == learner_id:
            return row, gather(app, store, qualification, shared_ulns(store))
    says = f"The learner is on no course that is mapped to {qualification.id}."
    raise UnknownName(says, "See 'nvqsync mapping check', or choose another qualification.")


def _make(app: App, store: Store, move: ClaimMove, number: str, *, by: str) -> Claim:
    if not store_claims.make_moves(store, [move], at=app.now(), actor=by, centre_number=number):
        raise NotAllowed("Another claim stands for the same.", "See 'nvqsync claims list'.")
    return store_claims.claim(store, store_claims.claim_ids(store, "learner_id = ?", [move.learner_id])[-1])
