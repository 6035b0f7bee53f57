"""Made-up records of internal quality assurance: staff, a release, simulated evidence, and facts nothing stops."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from nvqsync.centre import Staff, StaffRole
from nvqsync.clock import day
from nvqsync.gates import ClaimFacts
from nvqsync.model import UnitOutcome
from nvqsync.quality import Release, Simulation
from tests.unit.claim_records import CENTRE, ENOUGH, SIGNED, facts, outcome

SIGNED_ON = day(SIGNED)
STARTED = dt.date(2020, 9, 1)
ASSESSOR = Staff(
    "3", "Morgan Reyes", StaffRole.ASSESSOR, STARTED, qualified_on=dt.date(2021, 6, 1), signature_on=STARTED, id=1
)
IQA = Staff("31", "Gwen Price", StaffRole.IQA, STARTED, qualified_on=dt.date(2021, 6, 1), signature_on=STARTED, id=2)
OTHER_IQA = replace(IQA, lms_id="32", name="Harold Nkemelu", id=3)
RELEASE = Release("OCR/90001", "31", SIGNED_ON + dt.timedelta(days=3), learner_id="7", id=1)
SIMULATION = Simulation(
    "7", "OCR/90001", "K/100/0011", "31", SIGNED_ON - dt.timedelta(days=9), SIGNED_ON - dt.timedelta(days=7),
    "No unhappy caller in twelve weeks.", "31", SIGNED_ON + dt.timedelta(days=3), 1,
)  # fmt: skip


def staffed(*staff: Staff, **changes: Any) -> dict[str, Any]:
    """A centre with these people on its staff record."""
    return {"centre": replace(CENTRE, staff=staff, **changes)}


def assessed(*units: UnitOutcome) -> dict[str, Any]:
    """The claim rests on these units instead of the usual ones, for those of the same code."""
    by_code = {one.code: one for one in units}
    return {"units": tuple(by_code.get(code) or outcome(code) for code in ENOUGH)}


def by(code: str, *hands: str, signed_by: str | None = None, method: str = "") -> UnitOutcome:
    """A unit whose grade was given by the first and saved again by the others."""
    usual = outcome(code)
    seen = tuple(name for name in hands if name)
    decision = replace(usual.decisions[0], assessor_id=hands[0], graders_seen=seen, method=method)
    return replace(usual, signed_off_by=hands[0] if signed_by is None else signed_by, decisions=(decision,))


def good(**changes: Any) -> ClaimFacts:
    """Facts that no gate of quality assurance has anything to say about, but for the changes."""
    usual = {**staffed(ASSESSOR, IQA), "releases": (RELEASE,)}
    return facts(**{**usual, **changes})
