"""Progression: units achieved under one qualification that count again in another, by unit reference. Pure.

What a person confirms once (an adjustment of the kind *progression*) is that a learner's units count here too. What
that amounts to is worked out each time from what is known of the unit now:

* certificated by the same body: the unit is *held* under the candidate number. It counts, and is not claimed again;
* achieved and certificated by nobody: it counts on the evidence assessed there, and follows that evidence;
* certificated by another body: that is credit transfer, which is declared with its certificate (rule ROC-X).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from nvqsync.model import UnitOutcome, UnitStatus

PROGRESSED = "progressed"
"""The mark on an outcome whose evidence was assessed under another qualification."""


@dataclass(frozen=True, slots=True)
class AchievedElsewhere:
    """A unit achieved under another qualification.

    ``outcome`` is the evidence for it where that can still be seen; ``claim_id`` the claim that certificated it, 0
    where none did. ``achieved_at`` is in seconds since 1970.
    """

    unit_reference: str
    qualification_id: str
    awarding_body: str
    achieved_at: int | None
    outcome: UnitOutcome | None = None
    claim_id: int = 0


Elsewhere = Mapping[str, tuple[AchievedElsewhere, ...]]
"""What one learner achieved under other qualifications, by unit reference, in the catalogue's order."""


def held_by(elsewhere: Elsewhere, reference: str, awarding_body: str) -> AchievedElsewhere | None:
    """The unit's certificate from the same body, if there is one under another qualification."""
    return next(
        (one for one in elsewhere.get(reference, ()) if one.claim_id and one.awarding_body == awarding_body), None
    )


def on_offer(elsewhere: Elsewhere, reference: str, awarding_body: str) -> AchievedElsewhere | None:
    """What would count here once a person confirmed it: a certificate of the same body, else evidence of any.

    Nothing where another body has certificated the unit: that must be declared as credit transfer.
    """
    if held := held_by(elsewhere, reference, awarding_body):
        return held
    if certificated_by(elsewhere, reference):
        return None
    return next((one for one in elsewhere.get(reference, ()) if one.outcome), None)


def certificated_by(elsewhere: Elsewhere, reference: str) -> str:
    """The body that has certificated the unit under another qualification, or ``""``."""
    return next((one.awarding_body for one in elsewhere.get(reference, ()) if one.claim_id), "")


def progressed(found: AchievedElsewhere, own: UnitOutcome) -> UnitOutcome:
    """The outcome here of a unit that counts again. ``own`` is what the learner has for it here."""
    if found.claim_id or found.outcome is None:
        return replace(own, status=UnitStatus.HELD, achieved_at=found.achieved_at, signed_off_by="", decisions=(),
                       cautions=())  # fmt: skip
    there = found.outcome
    return replace(
        there, qualification_id=own.qualification_id, code=own.code, status=UnitStatus.ACHIEVED,
        cautions=(*there.cautions, PROGRESSED),
    )  # fmt: skip
