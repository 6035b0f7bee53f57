"""Why a claim is on hold, as a code with a note: what a list can be filtered by, and a return can be made of. Pure.

Where the regulator has a code for the cause of a late result, ours carries it: Ofqual, "VTQ late results", annex B
(14 November 2023), N for results not issued and L for results issued late. The words are ours.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum


class HoldCode(StrEnum):
    """Why a claim is on hold. The words are part of the JSON interface; the empty one is a claim that is not."""

    NONE = ""
    # Found by nvqsync itself
    EVIDENCE_CHANGED = "evidence_changed"
    NOT_ACHIEVED = "not_achieved"
    PEOPLE_CHANGED = "people_changed"
    REGISTRATION_CHANGED = "registration_changed"
    GATES_CHANGED = "gates_changed"
    LEARNER_LEFT = "learner_left"
    MAPPING_LOST = "mapping_lost"
    SOURCE_DIFFERS = "source_differs"
    SOURCE_GONE = "source_gone"
    # Said by a person
    EVIDENCE_MISSING = "evidence_missing"
    LEARNER_WITHDREW = "learner_withdrew"
    LATE_REGISTRATION = "late_registration"
    COURSE_CHANGED = "course_changed"
    MALPRACTICE = "malpractice"
    AWAITING_SAMPLE = "awaiting_sample"
    SPECIAL_CONSIDERATION = "special_consideration"
    DETAILS_QUERIED = "details_queried"
    LEARNER_ASKED = "learner_asked"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class HoldReason:
    """What a code means. ``regulator`` is Ofqual's code for the same cause, empty where none fits."""

    says: str
    regulator: str = ""
    by_person: bool = False


REASONS: dict[HoldCode, HoldReason] = {
    HoldCode.EVIDENCE_CHANGED: HoldReason("grades under the claim changed"),
    HoldCode.NOT_ACHIEVED: HoldReason("the rule is no longer met, or a claimed unit no longer achieved", "N1"),
    HoldCode.PEOPLE_CHANGED: HoldReason("others assessed, verified or released what the claim rests on"),
    HoldCode.REGISTRATION_CHANGED: HoldReason("the registration changed"),
    HoldCode.GATES_CHANGED: HoldReason("what stops or cautions the claim changed"),
    HoldCode.LEARNER_LEFT: HoldReason("the learner is suspended or no longer on the course", "N2"),
    HoldCode.MAPPING_LOST: HoldReason("the learner is on no course that is mapped to the qualification"),
    HoldCode.SOURCE_DIFFERS: HoldReason("assignment and gradebook show different grades"),
    HoldCode.SOURCE_GONE: HoldReason("a grade the claim rests on can no longer be seen"),
    HoldCode.EVIDENCE_MISSING: HoldReason("assessment evidence is not complete", "N1", by_person=True),
    HoldCode.LEARNER_WITHDREW: HoldReason("the learner withdrew from the qualification", "N2", by_person=True),
    HoldCode.LATE_REGISTRATION: HoldReason("the candidate was registered late", "L2", by_person=True),
    HoldCode.COURSE_CHANGED: HoldReason("the learner changes course, up or down", "L3", by_person=True),
    HoldCode.MALPRACTICE: HoldReason("an investigation is open", "L4", by_person=True),
    HoldCode.AWAITING_SAMPLE: HoldReason("a sample or visit is outstanding", "L5", by_person=True),
    HoldCode.SPECIAL_CONSIDERATION: HoldReason("special consideration was asked for", "L7", by_person=True),
    HoldCode.DETAILS_QUERIED: HoldReason("name, date of birth or number is being checked", by_person=True),
    HoldCode.LEARNER_ASKED: HoldReason("the learner asked for it", by_person=True),
    HoldCode.OTHER: HoldReason("as the note says", by_person=True),
}
"""Every code a claim on hold can have."""

BY_PERSON = tuple(code for code, reason in REASONS.items() if reason.by_person)
"""The codes ``nvqsync claims hold --code`` takes."""

_BY_GATE = {
    "LMS-2": HoldCode.LEARNER_LEFT,
    "LMS-1": HoldCode.SOURCE_DIFFERS,
    "LMS-3": HoldCode.SOURCE_GONE,
    "LMS-8": HoldCode.MAPPING_LOST,
}
"""Gates whose new finding is a cause of its own, the weightiest first."""


def code_of_gates(appeared: Collection[str]) -> HoldCode:
    """The code for a claim held because these gates now say something."""
    return next((code for gate, code in _BY_GATE.items() if gate in appeared), HoldCode.GATES_CHANGED)
