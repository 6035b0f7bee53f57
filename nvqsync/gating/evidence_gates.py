"""Gates on the evidence under a claim: the grades it rests on, how units were assessed, earlier claims. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from nvqsync.adjustments import COUNTS
from nvqsync.clock import day
from nvqsync.gates import ClaimFacts, Gate, Severity
from nvqsync.model import ClaimKind, Decision, EarlierClaim, UnitOutcome, UnitStatus


def assessed_here(facts: ClaimFacts) -> tuple[UnitOutcome, ...]:
    """The units under the claim that rest on evidence of our own, not on credit or certificates from elsewhere."""
    elsewhere = {UnitStatus.TRANSFERRED, UnitStatus.HELD}
    return tuple(unit for unit in facts.units if unit.status not in elsewhere)


def evidence_of(unit: UnitOutcome) -> tuple[Decision, ...]:
    """The met decisions a unit rests on: those on criteria, or those on the whole unit where there are no others."""
    met = [decision for decision in unit.decisions if decision.met]
    return tuple([decision for decision in met if decision.criterion] or met)


def named(codes: Iterable[str]) -> str:
    """Unit codes for a sentence."""
    return ", ".join(codes)


def _alarmed(facts: ClaimFacts) -> str | None:
    resting = {decision.course_id for unit in facts.units for decision in unit.decisions if decision.met}
    courses = sorted(resting & set(facts.alarms))
    if not courses:
        return None
    return (
        f"Course {', '.join(courses)}, which the claim rests on, lost its mapping or most of its grades at once. See "
        "the report of the last pass: it says what to check and how to confirm it."
    )


def _evidence_early(facts: ClaimFacts) -> str | None:
    registration = facts.registration
    if not registration:
        return None
    here = [unit for unit in facts.units if unit.status is UnitStatus.ACHIEVED and "progressed" not in unit.cautions]
    early = [unit.code for unit in here if unit.achieved_at and day(unit.achieved_at) < registration.registered_on]
    return f"Signed off before the registration date: {', '.join(early)}." if early else None


def _marked(caution: str, says: str) -> Callable[[ClaimFacts], str | None]:
    """A check that finds the units whose evidence carries ``caution``."""

    def check(facts: ClaimFacts) -> str | None:
        units = [unit.code for unit in facts.units if caution in unit.cautions]
        return f"{says} Units: {', '.join(units)}." if units else None

    return check


def _not_signed_off(facts: ClaimFacts) -> str | None:
    still_open = [unit.code for unit in facts.units if unit.status not in COUNTS]
    if still_open:
        return f"Not signed off: {named(still_open)}. An assessor signs a unit off before it is claimed."
    if not facts.units:
        return "The claim names no unit."
    return None


def _claimed_before(facts: ClaimFacts) -> str | None:
    if facts.kind is not ClaimKind.UNITS:
        return _awarded_before(facts)
    before = {reference: one for one in facts.earlier for reference in one.units}
    again = [(unit.code, before[unit.unit_reference]) for unit in facts.units if unit.unit_reference in before]
    if not again:
        return None
    told = ", ".join(f"{code} ({_named_claim(one)})" for code, one in again)
    return f"Claimed with {facts.qualification.awarding_body} before: {told}. Leave these units out."


def _named_claim(one: EarlierClaim) -> str:
    return f"claim {one.claim_id}" + (f" of account {one.account}" if one.account else "")


def _awarded_before(facts: ClaimFacts) -> str | None:
    """Another full-award claim under the same candidate number; of one account there can be no two."""
    wanted = (facts.qualification.id, ClaimKind.FULL_AWARD)
    twins = [one for one in facts.earlier if one.account and (one.qualification_id, one.kind) == wanted]
    if not twins:
        return None
    return (
        f"For this award stands {_named_claim(twins[0])} under the same candidate number. Find out whose number it is "
        "and correct the registration, or withdraw one of the two."
    )


def _no_method(facts: ClaimFacts) -> str | None:
    bare = [unit.code for unit in assessed_here(facts) if any(not one.method for one in evidence_of(unit))]
    if not bare:
        return None
    return (
        f"No method code on the evidence for {named(bare)}, so simulation cannot be ruled out. Check how it was "
        "assessed, or give the method in the item's ID number or the mapping file."
    )


B, C = Severity.BLOCKS, Severity.CAUTIONS

EVIDENCE_GATES: tuple[Gate, ...] = (
    Gate("CLM-1/units", B, "Every unit claimed is signed off", "OCR centre handbook 10378, 2.1", _not_signed_off),
    Gate("CLM-2", B, "A candidate claims a unit or an award once", "OCR NVQ handbook, 5; 10378, 7; EDI support pack",
         _claimed_before),
    Gate("EV/method", C, "Evidence tells its method", "OCR NVQ handbook, 7.2; EDI support pack", _no_method),
    Gate("LMS-1", B, "Grade and gradebook agree", "nvqsync", _marked(
        "gradebook-differs", "The gradebook shows another grade than the assignment. Say which one is right: 'nvqsync "
        "confirm gradebook LEARNER ITEM', or 'gradebook' in the mapping file.")),
    Gate("LMS-3", B, "The grade a decision rests on can still be seen", "nvqsync", _marked(
        "source-gone", "Moodle no longer shows a grade the claim rests on: its assignment was deleted. If the grade "
        "stands: 'nvqsync confirm gone LEARNER ITEM'.")),
    Gate("LMS-4", C, "The assessor is known", "nvqsync", _marked("unknown-grader", "Moodle names no grader.")),
    Gate("LMS-5", C, "Group work shows each candidate's own part", "10378, 4.11", _marked(
        "team-grade", "Graded as a team. Check that the candidate's own contribution is identified.")),
    Gate("LMS-6", C, "The activity is open to the learner", "nvqsync", _marked(
        "hidden-activity", "Rests on an activity that is hidden in Moodle.")),
    Gate("LMS-7", B, "The latest attempt is graded", "nvqsync", _marked(
        "being-resubmitted", "A new attempt is open on a grade the claim rests on: wait until it is graded.")),
    Gate("LMS-8", B, "The course reads as it should", "nvqsync", _alarmed),
    Gate("LMS-9", C, "A lost grade was confirmed by a person", "nvqsync", _marked(
        "source-gone-confirmed", "Rests on a grade that Moodle no longer shows and that a person confirmed.")),
    Gate("REG-1", C, "Evidence is dated after registration", "centre quality assurance handbooks", _evidence_early),
)  # fmt: skip
"""What the evidence itself must bear, whatever the awarding body."""
