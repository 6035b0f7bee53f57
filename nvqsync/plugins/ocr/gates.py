"""OCR's own gates: witness statements, simulation, resubmissions, the candidate's assessment record. Pure."""

from __future__ import annotations

from nvqsync.gates import ClaimFacts, Gate, Severity
from nvqsync.gating.evidence_gates import assessed_here, evidence_of, named
from nvqsync.methods import is_simulation
from nvqsync.model import UnitOutcome

BODY = ("OCR",)
NVQS = ("OCR/03454", "OCR/03455", "OCR/03456")
CERTIFICATE = ("OCR/10378",)
NVQ_HANDBOOK, HANDBOOK = "OCR NVQ handbook", "OCR centre handbook 10378"

WITNESS_CODES = frozenset({"EWT", "WT", "WITNESS"})
"""Method codes that stand for a witness statement: the one OCR lists, and what colleges write where it lists none."""


def _on_witnesses_alone(facts: ClaimFacts) -> str:
    """The units all of whose evidence is witness statements. Without a method code nothing is said of a unit."""
    found = [unit.code for unit in assessed_here(facts) if _witnessed(unit)]
    return named(found)


def _witnessed(unit: UnitOutcome) -> bool:
    methods = [one.method.upper() for one in evidence_of(unit)]
    return bool(methods) and all(method in WITNESS_CODES for method in methods)


def _witness_refused(facts: ClaimFacts) -> str | None:
    units = _on_witnesses_alone(facts)
    return f"Rests on witness statements alone: {units}. Have something else assessed for it too." if units else None


def _witness_told(facts: ClaimFacts) -> str | None:
    units = _on_witnesses_alone(facts)
    return f"Rests on witness statements alone: {units}. Say why that is enough." if units else None


def simulated_units(facts: ClaimFacts) -> tuple[UnitOutcome, ...]:
    """The units under the claim that rest, wholly or in part, on simulated evidence as far as method codes tell."""
    qualification = facts.qualification
    return tuple(
        unit
        for unit in assessed_here(facts)
        if any(is_simulation(qualification, one.method) for one in evidence_of(unit))
    )


def _simulated_above_level_one(facts: ClaimFacts) -> str | None:
    units = named(unit.code for unit in simulated_units(facts))
    if not units:
        return None
    return f"Simulated evidence counts for {units}. The handbook speaks of the Level 1 award here: ask OCR if in doubt."


def _simulation_unrecorded(facts: ClaimFacts) -> str | None:
    recorded = {one.unit_reference for one in facts.simulations if one.reason.strip()}
    bare = [unit.code for unit in simulated_units(facts) if unit.unit_reference not in recorded]
    if not bare:
        return None
    return f"Simulated evidence counts for {named(bare)}, and neither how often nor why is recorded."


def attempts(facts: ClaimFacts) -> dict[str, int]:
    """By unit code, the highest number of resubmissions of anything it rests on, where there was one."""
    most = {unit.code: max((d.attempt for d in evidence_of(unit)), default=0) for unit in assessed_here(facts)}
    return {code: number for code, number in most.items() if number > 0}


def _resubmitted_often(facts: ClaimFacts) -> str | None:
    often = [code for code, number in attempts(facts).items() if number > 1]
    if not often:
        return None
    return f"Resubmitted more than once: {named(often)}. OCR allows a resubmission, not several: say why it was right."


def _record_incomplete(facts: ClaimFacts) -> str | None:
    undated = [unit.code for unit in assessed_here(facts) if unit.achieved_at is None]
    unsigned = [unit.code for unit in assessed_here(facts) if not unit.signed_off_by]
    missing = [
        f"the date of achievement of {named(undated)}" if undated else "",
        f"the assessor of {named(unsigned)}" if unsigned else "",
    ]
    told = " and ".join(filter(None, missing))
    return f"The candidate's assessment record lacks {told}. Have the assessor sign off by name." if told else None


B, C = Severity.BLOCKS, Severity.CAUTIONS

GATES: tuple[Gate, ...] = (
    Gate("CAR-1", B, "The assessment record names each unit's assessor and date",
         f"{NVQ_HANDBOOK}, 3.18; 10378, 4.22.3", _record_incomplete, BODY),
    Gate("EV-4", B, "No unit rests on witness statements alone",
         f"{HANDBOOK}, 4.18", _witness_refused, (), CERTIFICATE),
    Gate("EV-4/nvq", C, "A unit on witness statements alone is told",
         f"{HANDBOOK}, 4.18; the NVQ handbook is silent", _witness_told, (), NVQS),
    Gate("SIM-1/level", C, "Simulation is for Level 1 units",
         f"{NVQ_HANDBOOK}, 3.14 and 3.15", _simulated_above_level_one, (), ("OCR/03455",)),
    Gate("SIM-6", C, "How often and why simulation was used is recorded",
         f"{HANDBOOK}, 4.22.3", _simulation_unrecorded, (), CERTIFICATE),
    Gate("UNIT-5", C, "Work is resubmitted once at most",
         f"{NVQ_HANDBOOK}, 3.5", _resubmitted_often, (), NVQS),
)  # fmt: skip
"""What OCR asks of its claims, beyond what every body asks."""
