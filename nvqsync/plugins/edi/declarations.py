"""What the approver of an EDI claim declares, because no data can decide it."""

from __future__ import annotations

from nvqsync.declaring import Declaration
from nvqsync.plugins.edi.gates import BODY, SUPPORT_PACK

DECLARATIONS: tuple[Declaration, ...] = (
    Declaration(
        "edi/claim-to-competence",
        "The claim to competence is filled in: the number of units in words, full award or not, each unit with "
        "its date and the initials of learner, assessor and, where sampled, IQA; both statements are made and "
        "signed.",
        f"{SUPPORT_PACK}, claiming competence",
        ("CLM-7",),
        bodies=BODY,
    ),
    Declaration(
        "edi/evidence-matrix",
        "Each unit has its evidence matrix with every criterion and a method code, signed by learner and "
        "assessor; what was not observed at work took place in a realistic working environment.",
        f"{SUPPORT_PACK}, evidence matrix and assessment strategy 3a and 3b",
        ("CLM-8", "SIM-5"),
        bodies=BODY,
    ),
)
"""Both for every claim."""
