"""What a gate is: a plain function over records that stops or cautions a claim, under the id of the rule it keeps.

A gate returns ``None`` when it has nothing to say, else the sentence that a person reads: what is wrong and what to do
about it. The gates every body shares are in ``core_gates``; a body's plugin offers its own through ``register_gates``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from nvqsync.adjustments import Adjustment
from nvqsync.centre import CentreFacts
from nvqsync.check_characters import PLACEHOLDER_ULN
from nvqsync.model import ClaimKind, EarlierClaim, Entry, LmsMember, Qualification, Registration, UnitOutcome
from nvqsync.quality import Release, Simulation


class Severity(StrEnum):
    """Whether a finding stops a claim, is something its approver must know, or something they must answer for."""

    BLOCKS = "blocks"
    CAUTIONS = "cautions"
    DECLARES = "declares"


@dataclass(frozen=True, slots=True)
class ClaimFacts:
    """All that a gate may look at, freshly read. ``units`` are the outcomes the claim rests on.

    ``learner_status`` is what a person recorded: ``leaver``, ``active``, or nothing; ``alarms`` are the courses that
    wait for a person's word. ``releases`` and ``simulations`` are this learner's for the qualification (a cohort's
    releases included), ``earlier`` their other claims with the same body that are open or certificated, ``adjustments``
    those in force for them here. ``same_uln`` are other accounts with the same ULN while nobody said whose it is;
    ``foreign_ulns`` are numbers this learner carries that were recorded as somebody else's.
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
    adjustments: tuple[Adjustment, ...] = ()

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
    """What stands against a claim: the id of the gate or declaration, how it bears on the claim, words for a person."""

    id: str
    severity: Severity
    says: str


@dataclass(frozen=True, slots=True)
class Gate:
    """One rule that data can decide: it blocks or cautions. ``bodies`` and ``qualifications`` narrow it; empty: all."""

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
