"""What data cannot decide, and the approver of a claim with the Guild answers for. Pure."""

from __future__ import annotations

from merrowdown_awards.gates import BODY, transferred_units
from nvqsync.declaring import Declaration
from nvqsync.gates import ClaimFacts


def _something_transferred(facts: ClaimFacts) -> bool:
    return bool(transferred_units(facts))


DECLARATIONS: tuple[Declaration, ...] = (
    Declaration(
        "merrow/desk",
        "I have made sure that each unit was assessed at a front desk where the candidate works with real visitors.",
        "Guild handbook, 3.2",
        ("MERROW-3.2",),
        bodies=BODY,
    ),
    Declaration(
        "merrow/originals",
        "I have seen the original certificate of each unit that is claimed as credit from elsewhere.",
        "Guild handbook, 4.3",
        ("MERROW-4.3",),
        bodies=BODY,
        due=_something_transferred,
    ),
)
