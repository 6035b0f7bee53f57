"""What the approver of an OCR claim declares, because no data can decide it."""

from __future__ import annotations

from nvqsync.declaring import Declaration
from nvqsync.gates import ClaimFacts
from nvqsync.plugins.ocr.gates import BODY, CERTIFICATE, NVQS, attempts, simulated_units


def _resubmitted(facts: ClaimFacts) -> bool:
    return bool(attempts(facts))


def _resubmitted_or_simulated(facts: ClaimFacts) -> bool:
    return bool(attempts(facts)) or bool(simulated_units(facts))


DECLARATIONS: tuple[Declaration, ...] = (
    Declaration(
        "ocr/evidence",
        "I have made sure that each witness statement is complete, signed and by somebody other than the "
        "candidate, that personal statements are authenticated, that group work shows the candidate's own part, "
        "and that nobody else's personal details stand in the evidence.",
        "OCR NVQ handbook, 3.1, 3.5, 3.10, 3.11 and 3.13",
        ("EV-3", "EV-6", "EV-7", "EV-8", "EV-9"),
        qualifications=NVQS,
    ),
    Declaration(
        "ocr/evidence-10378",
        "I have made sure that each witness statement is complete, signed and by somebody who is neither the "
        "candidate nor related to them, that no unit rests on witness statements alone, that personal statements "
        "are countersigned, that group work shows the candidate's own part, and that nobody else's personal "
        "details stand in the evidence.",
        "OCR centre handbook 10378, 4.11, 4.18 and 4.19",
        ("EV-3", "EV-4", "EV-5", "EV-6", "EV-7", "EV-8", "EV-9"),
        qualifications=CERTIFICATE,
    ),
    Declaration(
        "ocr/records",
        "The candidate and the assessor signed the evidence record sheet of each unit, and the IQA those that "
        "were sampled. The assessment record holds every item the handbook lists, with the forms it makes "
        "mandatory, and the candidate was asked to keep their portfolio and record for a year.",
        "OCR NVQ handbook, 3.5, 3.18 and 3.19; 10378, 4.21, 4.22.3 and 4.24",
        ("UNIT-3", "CAR-1", "CAR-2", "RET-3"),
        bodies=BODY,
    ),
    Declaration(
        "ocr/resubmissions",
        "For each resubmission the reason and the feedback given are on record.",
        "OCR NVQ handbook, 3.5",
        ("UNIT-5",),
        qualifications=NVQS,
        due=_resubmitted,
    ),
    Declaration(
        "ocr/assessment-10378",
        "For each resubmission the feedback given is on record, and what was simulated in units 1, 2 and 6 took "
        "place in a realistic working environment.",
        "OCR centre handbook 10378, 4.6, 4.7 and 4.9",
        ("UNIT-6", "SIM-2"),
        qualifications=CERTIFICATE,
        due=_resubmitted_or_simulated,
    ),
)
"""Three of them at most for one claim."""
