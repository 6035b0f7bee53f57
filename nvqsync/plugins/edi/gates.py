"""EDI's own gates: what its claim to competence prints of each unit. Pure."""

from __future__ import annotations

from nvqsync.gates import ClaimFacts, Gate, Severity
from nvqsync.gating.evidence_gates import assessed_here, named

BODY = ("EDI",)
SUPPORT_PACK = "EDI Level 2 support pack"


def _parts_missing(facts: ClaimFacts) -> str | None:
    undated = [unit.code for unit in assessed_here(facts) if unit.achieved_at is None]
    unsigned = [unit.code for unit in assessed_here(facts) if not unit.signed_off_by]
    missing = [
        f"the assessment date of {named(undated)}" if undated else "",
        f"the assessor's initials for {named(unsigned)}" if unsigned else "",
        "" if facts.units else "the units claimed",
    ]
    told = " and ".join(filter(None, missing))
    return f"The claim to competence lacks {told}. Have the assessor sign off by name." if told else None


GATES: tuple[Gate, ...] = (
    Gate(
        "CLM-7",
        Severity.BLOCKS,
        "The claim to competence has a date and an assessor for each unit",
        f"{SUPPORT_PACK}, claiming competence",
        _parts_missing,
        BODY,
    ),
)
"""What EDI asks of its claims, beyond what every body asks."""
