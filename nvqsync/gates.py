"""What stops or cautions a claim: each gate a plain function over records, under the id of the rule it keeps.

A gate returns ``None`` when it has nothing to say, else the sentence that a person reads: what is wrong and what to do
about it. The gates every body shares are here; a body's plugin offers its own through ``register_gates``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from nvqsync.centre import CentreFacts
from nvqsync.check_characters import PLACEHOLDER_ULN, uln_misfit
from nvqsync.clock import day
from nvqsync.model import (
    ClaimKind,
    Entry,
    LmsMember,
    Qualification,
    Registration,
    UnitOutcome,
    UnitStatus,
)
from nvqsync.quality import Release, Simulation


class Severity(StrEnum):
    """Whether a finding stops a claim, or is something its approver must know."""

    BLOCKS = "blocks"
    CAUTIONS = "cautions"


@dataclass(frozen=True, slots=True)
class EarlierClaim:
    """Another claim of the same learner with the same body: ``units`` are references."""

    claim_id: int
    qualification_id: str
    kind: ClaimKind
    units: tuple[str, ...]
    candidate_number: str
    certificated: bool


@dataclass(frozen=True, slots=True)
class ClaimFacts:
    """All that a gate may look at, freshly read. ``units`` are the outcomes the claim rests on.

    ``learner_status`` is what a person recorded: ``leaver``, ``active``, or nothing; ``alarms`` are the courses that
    wait for a person's word. ``releases`` and ``simulations`` are this learner's for the qualification (a cohort's
    releases included), ``earlier`` their other claims with the same body that are open or certificated.
    ``same_uln`` are other accounts with the same ULN while nobody said whose it is; ``foreign_ulns`` are numbers this
    learner carries that were recorded as somebody else's.
    """

    learner: LmsMember
    qualification: Qualification
    kind: ClaimKind
    registrations: tuple[Registration, ...]
    centre: CentreFacts
    met: bool
    undecided: bool
    units: tuple[UnitOutcome, ...]
    verdict_cautions: tuple[str, ...]
    same_uln: tuple[str, ...]
    today: dt.date
    learner_status: str = ""
    alarms: tuple[str, ...] = ()
    releases: tuple[Release, ...] = ()
    simulations: tuple[Simulation, ...] = ()
    earlier: tuple[EarlierClaim, ...] = ()
    foreign_ulns: frozenset[str] = frozenset()

    @property
    def registration(self) -> Registration | None:
        """The registration this claim is made under: the one for its kind, else any."""
        return registration_for(self.kind, self.registrations)

    @property
    def uln(self) -> str:
        """The learner's ULN without blanks: the registered one, else the LMS's; empty when there is none."""
        return uln_of(self.registration, self.learner, self.foreign_ulns)


def registration_for(kind: ClaimKind, registrations: Collection[Registration]) -> Registration | None:
    """The registration a claim of this kind is made under: the one for its kind, else any."""
    wanted = Entry.FULL_AWARD if kind is ClaimKind.FULL_AWARD else Entry.UNITS
    exact = [registration for registration in registrations if registration.entry is wanted]
    return next(iter(exact or registrations), None)


def uln_of(registration: Registration | None, learner: LmsMember, foreign: Collection[str] = frozenset()) -> str:
    """The ULN a claim carries, without blanks: the registered one, else the LMS's. A placeholder is none.

    ``foreign`` are numbers recorded as somebody else's: they are left out.
    """
    written = [registration.uln if registration else "", learner.uln]
    numbers = ["".join(number.split()) for number in written]
    return next((number for number in numbers if number and number not in {PLACEHOLDER_ULN, *foreign}), "")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a gate found: the rule's id, whether it blocks, and the words for a person."""

    id: str
    severity: Severity
    says: str


@dataclass(frozen=True, slots=True)
class Gate:
    """One rule that data can decide. ``bodies`` and ``qualifications`` narrow it; empty means all."""

    id: str
    severity: Severity
    says: str
    source: str
    check: Callable[[ClaimFacts], str | None]
    bodies: tuple[str, ...] = ()
    qualifications: tuple[str, ...] = ()

    def applies(self, qualification: Qualification) -> bool:
        """Whether the gate looks at claims for this qualification."""
        return (not self.bodies or qualification.awarding_body in self.bodies) and (
            not self.qualifications or qualification.id in self.qualifications
        )


def run_gates(gates: Iterable[Gate], facts: ClaimFacts) -> tuple[Finding, ...]:
    """Every finding on a claim, blocking ones first, each rule once."""
    found = [
        Finding(gate.id, gate.severity, says)
        for gate in gates
        if gate.applies(facts.qualification) and (says := gate.check(facts))
    ]
    return tuple(sorted(found, key=lambda finding: (finding.severity is not Severity.BLOCKS, finding.id)))


# ---------------------------------------------------------------- the shared gates


def _unmet(facts: ClaimFacts) -> str | None:
    if facts.kind is not ClaimKind.FULL_AWARD or facts.met:
        return None
    if facts.undecided:
        return "The rule of combination could not be decided within its budget. Report this learner's units."
    return "The rule of combination is no longer met. See the verdict for what is short."


def _unit_lost(facts: ClaimFacts) -> str | None:
    if facts.kind is not ClaimKind.UNITS or facts.met:
        return None
    lost = [unit.code for unit in facts.units if unit.status is not UnitStatus.ACHIEVED]
    told = ", ".join(lost) or "it is on offer no more"
    return f"A claimed unit is no longer achieved here: {told}. Withdraw the claim, or wait until it is."


def _no_registration(facts: ClaimFacts) -> str | None:
    if facts.registrations:
        return None
    return (
        f"No registration with {facts.qualification.awarding_body} for {facts.qualification.id} is recorded. "
        "Register the candidate, then import it with 'nvqsync registrations import'."
    )


def _wrong_entry(facts: ClaimFacts) -> str | None:
    entries = {registration.entry for registration in facts.registrations}
    if facts.kind is ClaimKind.FULL_AWARD and entries == {Entry.UNITS}:
        return (
            "The candidate is entered for units, not for the full award. Have OCR amend the entry, then record it: "
            "'nvqsync registrations amend'."
        )
    if facts.kind is ClaimKind.FULL_AWARD and len(entries) > 1:
        return "The candidate is entered both for the full award and for units. OCR takes one or the other."
    return None


def _bad_uln(facts: ClaimFacts) -> str | None:
    misfit = uln_misfit(facts.uln) if facts.uln else None
    if misfit is None:
        return None
    return f"{misfit.says[0].upper()}{misfit.says[1:]}. Correct it in Moodle or in the registration."


def _no_uln(facts: ClaimFacts) -> str | None:
    if facts.uln:
        return None
    return "The ULN is missing. It is left blank on the claim, and the learner's record of achievement is not updated."


def _shared_uln(facts: ClaimFacts) -> str | None:
    if not facts.same_uln:
        return None
    return (
        f"{len(facts.same_uln)} other account(s) carry the same ULN. Find out whose it is, clear the others in "
        "Moodle, or record it: 'nvqsync confirm uln ULN LEARNER'."
    )


def _no_date_of_birth(facts: ClaimFacts) -> str | None:
    registration = facts.registration
    if facts.learner.date_of_birth or (registration and registration.date_of_birth):
        return None
    return "No date of birth is recorded. The certificate prints it as registered: check it with the candidate."


def _name_differs(facts: ClaimFacts) -> str | None:
    registration = facts.registration
    if not registration or not registration.name:
        return None
    if " ".join(registration.name.split()).casefold() == " ".join(facts.learner.name.split()).casefold():
        return None
    return "The registered name differs from the name in Moodle. The claim carries the registered one."


def _left(facts: ClaimFacts) -> str | None:
    if facts.learner.active or facts.learner_status:
        return None
    return (
        "The learner is suspended or no longer on the course. Find out whether they have left with what is achieved or "
        "are still active, and record it: 'nvqsync learner status LEARNER leaver' or 'active'."
    )


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


def _verdict_cautions(facts: ClaimFacts) -> str | None:
    return " ".join(facts.verdict_cautions) or None


B, C = Severity.BLOCKS, Severity.CAUTIONS

CORE_GATES: tuple[Gate, ...] = (
    Gate("CLM-1", B, "A full award needs its rule of combination met", "OCR centre handbook 10378, 2.1", _unmet),
    Gate("CLM-2", B, "A unit claim needs its units achieved", "000 5, 8.3; 001 7; 003", _unit_lost),
    Gate("ENT-1", B, "Entry for the full award or for units, never both", "10378, 6.3.2", _wrong_entry, ("OCR",)),
    Gate("ENT-2", B, "A registration comes before a claim", "10378, 6.3.2; EDI support pack", _no_registration),
    Gate("ID-05", B, "A ULN has ten digits and a check digit", "HESA C17051; ILR rule ULN_04", _bad_uln),
    Gate("ID-05/shared", B, "One ULN belongs to one person", "LRS", _shared_uln),
    Gate("ID-06", C, "Without a ULN the field stays blank", "OCR final entry information", _no_uln),
    Gate("ID-10", C, "Date of birth is confirmed before a claim", "OCR final entry information", _no_date_of_birth),
    Gate("ID-10/name", C, "The certificate prints the registered name", "OCR final entry information", _name_differs),
    Gate("LMS-1", B, "Grade and gradebook agree", "nvqsync", _marked(
        "gradebook-differs", "The gradebook shows another grade than the assignment. Say which one is right: 'nvqsync "
        "confirm gradebook LEARNER ITEM', or 'gradebook' in the mapping file.")),
    Gate("LMS-2", B, "The learner is on the course", "nvqsync", _left),
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
    Gate("ROC", C, "The verdict depends on a reading of the rule", "docs/rules.md", _verdict_cautions),
)  # fmt: skip
"""The gates every awarding body shares; ``centre_gates`` holds those that rest on the centre's own records."""
