"""Assessment methods: which of them is simulation, and where simulation cannot count. Pure.

Bodies that list their method codes mark the one for simulation. Where a body lists none, a college's own code is taken
for simulation when it is one of ``SIMULATION_CODES``.
"""

from __future__ import annotations

from nvqsync.model import Qualification, QualificationUnit

SIMULATION_CODES = frozenset({"S", "SIM", "SIMULATED", "SIMULATION"})

SIMULATION_RULES = {"OCR": "SIM-1", "OCR/10378": "SIM-2", "EDI": "SIM-5"}
"""The id of the rule that limits simulation, by qualification or else by awarding body."""


def is_simulation(qualification: Qualification, method: str) -> bool:
    """Does this method code stand for simulation in this qualification?"""
    if not qualification.methods:
        return method.upper() in SIMULATION_CODES
    return any(known.simulated and known.code.upper() == method.upper() for known in qualification.methods)


def simulation_refused(qualification: Qualification, listed: QualificationUnit, method: str) -> str:
    """The id of the rule that refuses evidence by this method for this unit, or ``""`` where it may count."""
    if listed.simulation or not method or not is_simulation(qualification, method):
        return ""
    body = qualification.awarding_body
    return SIMULATION_RULES.get(qualification.id) or SIMULATION_RULES.get(body) or f"{body}/simulation"
