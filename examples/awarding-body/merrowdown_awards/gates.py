"""The Guild's own gates: a least time between registration and claim, and credit from elsewhere. Pure."""

from __future__ import annotations

import datetime as dt

from nvqsync.gates import ClaimFacts, Gate, Severity
from nvqsync.model import UnitOutcome, UnitStatus

BODY = ("MERROW",)
LEAST_TIME = dt.timedelta(weeks=8)


def transferred_units(facts: ClaimFacts) -> tuple[UnitOutcome, ...]:
    """The units under the claim that were awarded elsewhere."""
    return tuple(unit for unit in facts.units if unit.status is UnitStatus.TRANSFERRED)


def _too_early(facts: ClaimFacts) -> str | None:
    """The day from which it may go is named, not how many are left: a gate's words must not change by themselves."""
    registration = facts.registration
    if registration is None or facts.today >= registration.registered_on + LEAST_TIME:
        return None
    first = registration.registered_on + LEAST_TIME
    return f"Registered on {registration.registered_on}: the Guild takes the claim from {first}. Wait until then."


def _certificates_to_send(facts: ClaimFacts) -> str | None:
    moved = [unit.code for unit in transferred_units(facts)]
    return f"Credit from elsewhere: {', '.join(moved)}. The Guild wants a copy of each certificate." if moved else None


GATES: tuple[Gate, ...] = (
    Gate("MERROW-5.1", Severity.BLOCKS, "A claim comes eight weeks after registration at the earliest",
         "Guild handbook, 5.1", _too_early, bodies=BODY),
    Gate("MERROW-4.3", Severity.CAUTIONS, "Credit from elsewhere is shown by a copy of its certificate",
         "Guild handbook, 4.3", _certificates_to_send, bodies=BODY),
)  # fmt: skip
