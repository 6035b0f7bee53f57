"""What somebody should look at each week: who is not registered, what came too early, what is unclaimed, what is due.

Pure, and no more than lists: nothing is registered or claimed by them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from nvqsync.clock import day
from nvqsync.gates import ClaimFacts
from nvqsync.model import ClaimKind, LmsMember, UnitStatus
from nvqsync.progress import LearnerProgress
from nvqsync.progression import PROGRESSED
from nvqsync.proposing import Claim


class Why(StrEnum):
    """The lists, in the order in which they are told. Words are part of the JSON interface."""

    UNREGISTERED = "unregistered"
    EARLY_EVIDENCE = "evidence_before_registration"
    LEAVERS = "leavers_with_unclaimed_units"
    DUE = "claims_due"


TITLES = {
    Why.UNREGISTERED: "Enrolled but not registered",
    Why.EARLY_EVIDENCE: "Evidence dated before the registration",
    Why.LEAVERS: "Leavers with unclaimed units (to be claimed only when you ask for it)",
    Why.DUE: "Claims due before a visit or an end date",
}


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of a list. ``units`` are body codes; ``on`` is the day it is due or was too early; 0 is no claim."""

    why: Why
    learner: LmsMember
    qualification_id: str
    says: str
    next_step: str
    units: tuple[str, ...] = ()
    on: dt.date | None = None
    claim_id: int = 0


def listed(row: LearnerProgress, facts: ClaimFacts, waiting: Sequence[Claim], until: dt.date) -> Iterator[Listed]:
    """One learner's lines for one qualification.

    ``facts`` are those around a unit claim, so that every standing claim is among the earlier ones; ``waiting`` are
    the learner's claims that have not gone yet; what is due after ``until`` is left out.
    """
    yield from _unregistered(row, facts)
    yield from _early(row, facts)
    yield from _unclaimed(row, facts)
    yield from _due(row, facts, waiting, until)


def left(learner: LmsMember, status: str) -> bool:
    """Whether a learner has left: as a person recorded it, else as the roster says."""
    return status == "leaver" or (not learner.active and status != "active")


def _unregistered(row: LearnerProgress, facts: ClaimFacts) -> Iterator[Listed]:
    if facts.registrations or left(row.learner, facts.learner_status):
        return
    body, achieved = row.qualification.awarding_body, sum(o.status is UnitStatus.ACHIEVED for o in row.outcomes)
    says = f"On the course and not registered with {body}; {achieved} unit{'' if achieved == 1 else 's'} achieved."
    step = "Register the candidate, then 'nvqsync registrations import'."
    yield Listed(Why.UNREGISTERED, row.learner, row.qualification.id, says, step)


def _early(row: LearnerProgress, facts: ClaimFacts) -> Iterator[Listed]:
    registration = facts.registration
    if registration is None:
        return
    early = {
        outcome.code: min(days)
        for outcome in row.outcomes
        if PROGRESSED not in outcome.cautions
        and (days := [day(d.decided_at) for d in outcome.decisions if d.met])
        and min(days) < registration.registered_on
    }
    if early:
        says = f"Registered on {registration.registered_on}; the earliest evidence is of {min(early.values())}."
        step = "Check both dates, and whether the evidence may count."
        yield Listed(Why.EARLY_EVIDENCE, row.learner, row.qualification.id, says, step, tuple(early),
                     min(early.values()))  # fmt: skip


def _unclaimed(row: LearnerProgress, facts: ClaimFacts) -> Iterator[Listed]:
    if row.verdict.met or not left(row.learner, facts.learner_status):
        return
    claimed = {reference for claim in facts.earlier for reference in claim.units}
    units = tuple(
        o.code for o in row.outcomes if o.status is UnitStatus.ACHIEVED and o.unit_reference not in claimed
    )  # fmt: skip
    if units:
        who, q = row.learner.id_number or row.learner.lms_id, row.qualification.id
        step = f"To claim them: 'nvqsync claims request-units {who} {q}'."
        if not facts.learner_status:
            step = f"If they have left: 'nvqsync learner status {who} leaver --why ...'. {step}"
        says = f"{len(units)} achieved unit{' is' if len(units) == 1 else 's are'} claimed by nobody."
        yield Listed(Why.LEAVERS, row.learner, q, says, step, units)


def _due(row: LearnerProgress, facts: ClaimFacts, waiting: Sequence[Claim], until: dt.date) -> Iterator[Listed]:
    met_unclaimed = row.verdict.met and not _awarded(row, facts, waiting)
    if not waiting and not met_unclaimed:
        return
    due = sorted((on, what) for on, what in _deadlines(facts) if facts.today <= on <= until)
    if not due:
        return
    on, what = due[0]
    for claim in waiting:
        says = f"Claim {claim.id} is {claim.status.value.replace('_', ' ')}, and {what} is on {on}."
        step = f"See 'nvqsync claims show {claim.id}'."
        yield Listed(Why.DUE, row.learner, row.qualification.id, says, step, (), on, claim.id)
    if met_unclaimed:
        says = f"The rule of combination is met and nothing is claimed, and {what} is on {on}."
        step = "Run 'nvqsync sync'. Where a claim was returned or withdrawn: 'nvqsync claims propose-again'."
        yield Listed(Why.DUE, row.learner, row.qualification.id, says, step, (), on)


def _awarded(row: LearnerProgress, facts: ClaimFacts, waiting: Sequence[Claim]) -> bool:
    """Whether a claim stands for the award itself: one for another qualification, or for units, is none."""
    standing = {(one.qualification_id, one.kind) for one in facts.earlier}
    standing |= {(one.qualification_id, one.kind) for one in waiting}
    return (row.qualification.id, ClaimKind.FULL_AWARD) in standing


def _deadlines(facts: ClaimFacts) -> Iterator[tuple[dt.date, str]]:
    """Every day that a claim should go out by: a visit that is planned, the end of certification, of a registration."""
    for visit in facts.centre.visits:
        if not visit.done:
            yield visit.on, "the last visit" if visit.final else "a visit"
    if facts.centre.certification_end.on:
        yield facts.centre.certification_end.on, "the end of certification"
    if facts.registration and facts.registration.end:
        yield facts.registration.end, "the end of the registration"


def listed_json(line: Listed) -> dict[str, Any]:
    """One line as ``weekly --json`` prints it."""
    return {
        "learner": {"lms_id": line.learner.lms_id, "id_number": line.learner.id_number, "name": line.learner.name},
        "qualification": line.qualification_id,
        "units": list(line.units),
        "on": line.on.isoformat() if line.on else None,
        "claim": line.claim_id or None,
        "says": line.says,
        "next_step": line.next_step,
    }
