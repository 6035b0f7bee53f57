"""Gates that rest on what the centre records about itself: approval, numbers, end dates, sanctions, who authorises."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

from nvqsync.centre import Visit
from nvqsync.centres.centre_lacks import APPROVAL, CERTIFICATION_END, NUMBER, REGISTRATION_END, lack
from nvqsync.clock import day
from nvqsync.gates import ClaimFacts, Gate, Severity

CLOSING_SOON = dt.timedelta(days=90)
PLAN_FINAL_VISIT = dt.timedelta(days=183)
"""So long before a qualification closes its final visit is to be agreed: OCR gives six months' notice."""

NO_VISITS = ((8, 18), (8, 31))
"""OCR's external quality assurers do not visit between these days (month, day), both included."""


def lacking(name: str) -> Callable[[ClaimFacts], str | None]:
    """A check that finds one fact of the centre missing, and says how to enter it."""

    def check(facts: ClaimFacts) -> str | None:
        site = facts.registration.site if facts.registration else ""
        found = lack(name, facts.centre, facts.qualification, site)
        return str(found) if found else None

    return check


def visit_in_closed_weeks(visit: Visit) -> bool:
    """Whether a planned visit falls into the weeks in which OCR does not visit."""
    first, last = NO_VISITS
    here = visit.qualification_id.startswith("OCR/") and first <= (visit.on.month, visit.on.day) <= last
    return here and not visit.done


def _not_approved(facts: ClaimFacts) -> str | None:
    if facts.centre.approved_on and facts.centre.approved_on > facts.today:
        return f"The centre's approval for {facts.qualification.id} only starts on {facts.centre.approved_on}."
    return lacking(APPROVAL)(facts)


def _closed(facts: ClaimFacts) -> str | None:
    end = facts.centre.certification_end
    if end.passed(facts.today):
        return f"Certification for {facts.qualification.id} closed on {end.on}. No claim can be made any more."
    return lacking(CERTIFICATION_END)(facts)


def _registered_too_late(facts: ClaimFacts) -> str | None:
    end, registration = facts.centre.registration_end, facts.registration
    if registration and end.on is not None and registration.registered_on > end.on:
        return f"Registered on {registration.registered_on}, after registration closed on {end.on}."
    return lacking(REGISTRATION_END)(facts)


def _closing_soon(facts: ClaimFacts) -> str | None:
    end = facts.centre.certification_end.on
    if end is None or not dt.timedelta(0) <= end - facts.today <= CLOSING_SOON:
        return None
    return f"Certification closes on {end}."  # no count of days: an approved claim would go on hold every midnight


def _stopped(facts: ClaimFacts) -> str | None:
    told = [
        f"A sanction ({one.level}) stands since {one.from_on} and stops every claim for {one.qualification_id}. Asked "
        f"for: {one.actions.strip().rstrip('.')}. Once the body lifts it: 'nvqsync centre lift {one.id} --on DATE'."
        for one in facts.centre.sanctions
        if one.stops_claims and one.stands(facts.today)
    ]
    return " ".join(told) or None


def _done(facts: ClaimFacts) -> Iterator[Visit]:
    return (visit for visit in facts.centre.visits if visit.done and visit.on <= facts.today)


def _not_authorised(who: str) -> Callable[[ClaimFacts], str | None]:
    """A check that a claim without direct claim status was authorised by a visit, after its last unit."""

    def check(facts: ClaimFacts) -> str | None:
        achieved = [day(unit.achieved_at) for unit in facts.units if unit.achieved_at]
        last, learner = max(achieved, default=None), facts.learner.lms_id
        if facts.centre.direct_claims(facts.today) or any(v.authorises(learner, last) for v in _done(facts)):
            return None
        return (
            f"Without direct claim status the {who} signs a claim off before it goes out, and no visit is recorded "
            f"that authorised this one{f' (its last unit: {last})' if last else ''}. Record it: 'nvqsync centre visit "
            f"{facts.qualification.id} DATE --visitor NAME --authorises LEARNER'."
        )

    return check


def _after_the_final_visit(facts: ClaimFacts) -> str | None:
    final = next((visit.on for visit in _done(facts) if visit.final and visit.on < facts.today), None)
    if final is None or not facts.centre.direct_claims(facts.today):
        return None
    start = facts.centre.direct_claim_from
    return (
        f"Direct claims ended with the final visit of {final}. Record that: 'nvqsync centre direct-claims "
        f"{facts.qualification.id} --from {start} --to {final}'. Claims then wait for the external quality assurer."
    )


def _no_final_visit(facts: ClaimFacts) -> str | None:
    end = facts.centre.certification_end.on
    if end is None or not dt.timedelta(0) <= end - facts.today <= PLAN_FINAL_VISIT:
        return None
    if not facts.centre.direct_claims(facts.today) or any(v.final and v.on < end for v in facts.centre.visits):
        return None
    return (
        f"{facts.qualification.id} closes on {end}, and no final visit is dated before that. Agree one, and record it: "
        f"'nvqsync centre visit {facts.qualification.id} DATE --visitor NAME --planned --final'."
    )


B, C = Severity.BLOCKS, Severity.CAUTIONS

CENTRE_GATES: tuple[Gate, ...] = (
    Gate("SIGN-OFF/advisor", B, "Without direct claim status the Quality Advisor signs a claim off first",
         "EDI support pack", _not_authorised("Quality Advisor"), ("EDI",)),
    Gate("SIGN-OFF/eqa", B, "Without direct claim status the external quality assurer signs a claim off first",
         "NCFE specification; NCFE direct claims status", _not_authorised("external quality assurer"), ("NCFE",)),
    Gate("CLM-5", B, "Direct claims end with the final visit", "10378, 4.24.3", _after_the_final_visit, ("OCR",)),
    Gate("CLM-5/visit", C, "The final visit comes before the end date", "10378, 4.24.3", _no_final_visit, ("OCR",)),
    Gate("ENT-2/approval", B, "The centre is approved for the qualification", "10378, 6.3.2", _not_approved),
    Gate("ENT-2/centre", B, "The centre has a number with the body", "10378, 6.3.2", lacking(NUMBER)),
    Gate("ENT-6", B, "Claims close on the certification end date", "10378, 8.6 and 10; Ofqual Register", _closed),
    Gate("ENT-6/entry", B, "Registrations close on their end date", "10378, 8.6; Ofqual", _registered_too_late),
    Gate("ENT-6/soon", C, "The certification end date is near", "NCFE specification, page 6", _closing_soon),
    Gate("VIS-3", B, "No claim while a sanction stops claims", "10378, 4.23 and 4.24.1", _stopped),
)  # fmt: skip
"""The gates every awarding body shares that rest on the centre's own records, and those of each body's route."""
