"""What the approver of any claim declares, whatever the awarding body, because no data can decide it."""

from __future__ import annotations

from nvqsync.adjustments import AdjustmentKind
from nvqsync.declaring import Declaration
from nvqsync.gates import ClaimFacts
from nvqsync.gating.evidence_gates import assessed_here


def _any_assessed(facts: ClaimFacts) -> bool:
    return bool(assessed_here(facts))


def _from_elsewhere(facts: ClaimFacts) -> bool:
    prior = {one.unit_reference for one in facts.adjustments if one.kind is AdjustmentKind.RPL}
    return len(assessed_here(facts)) < len(facts.units) or any(unit.unit_reference in prior for unit in facts.units)


CORE_DECLARATIONS: tuple[Declaration, ...] = (
    Declaration(
        "candidate",
        "The candidate has confirmed the name and date of birth that the certificate will print, and was shown "
        "the privacy notice of the Learning Records Service.",
        "OCR final entry information; LRS privacy notice",
        ("ID-10", "GDPR-1"),
    ),
    Declaration(
        "evidence",
        "Every criterion of each unit is met, and a record sheet or matrix says by what evidence.",
        "OCR NVQ handbook, 3.4, 3.18 and 7.3; 10378, 4.10 and 4.11",
        ("UNIT-1", "UNIT-2"),
        due=_any_assessed,
    ),
    Declaration(
        "elsewhere",
        "I have seen the certificate for each unit that counts by credit transfer, the body allows the transfer, "
        "and the unit is named on the claim. What was recognised as prior learning was assessed, and is still "
        "current.",
        "NCFE specification, credit transfer; 10378, 8.9",
        ("ROC-X", "ROC-R", "CLM-6"),
        due=_from_elsewhere,
    ),
)
"""Three of them at most for one claim; a body's own come on top (``declaring.MOST``)."""
