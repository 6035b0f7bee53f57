"""The gates of internal quality assurance: releases, simulated evidence, who assessed and who verified. Pure.

"Hands" are everybody who had a hand in a unit's evidence: whoever assessed, saved a grade or signed it off. "Verifiers"
are the IQAs whose releases a claim rests on, and those who agreed or sampled its simulated evidence.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator

from nvqsync.centre import Staff, StaffRole
from nvqsync.clock import day
from nvqsync.gates import ClaimFacts, Gate, Severity
from nvqsync.gating.evidence_gates import assessed_here
from nvqsync.methods import is_simulation
from nvqsync.model import UnitOutcome, UnitStatus
from nvqsync.quality import IqaOutcome, Release, Simulation, graders, verified_by_others

MONTHS_TO_QUALIFY = 18
"""An assessor or IQA has this long from their start to gain the unit for it (source 000, appendices, row 6)."""


# ---------------------------------------------------------------- what the gates ask of the facts


def on_record(facts: ClaimFacts, lms_id: str, role: StaffRole, on: dt.date) -> bool:
    """Whether somebody is on the staff record for the claim's qualification in that role on that day."""
    return any(one.lms_id == lms_id and one.serves(facts.qualification.id, on) for one in _staff(facts, role))


def considered(facts: ClaimFacts) -> tuple[Release, ...]:
    """The releases that concern the claim, oldest first: a cohort's only where the centre records IQA by cohort."""
    found = [one for one in facts.releases if one.learner_id or facts.centre.iqa_by_cohort]
    return tuple(sorted(found, key=lambda one: (one.on, one.id)))


def resting_on(facts: ClaimFacts) -> tuple[Release, ...]:
    """The releases a claim may rest on: agreed, or their action done, by an IQA on record for that day."""
    return tuple(one for one in considered(facts) if one.releases and _by_iqa(facts, one))


def simulated(facts: ClaimFacts) -> tuple[UnitOutcome, ...]:
    """The units that rest, in part or whole, on evidence whose method stands for simulation."""
    return tuple(unit for unit in assessed_here(facts) if simulated_on(facts, unit))


def simulated_on(facts: ClaimFacts, unit: UnitOutcome) -> tuple[dt.date, ...]:
    """The days on which a unit's simulated evidence was graded."""
    acted = (one for one in unit.decisions if one.met and one.method and is_simulation(facts.qualification, one.method))
    return tuple(sorted({day(one.decided_at) for one in acted}))


def simulations_of(facts: ClaimFacts, unit: UnitOutcome) -> tuple[Simulation, ...]:
    """What is recorded of a unit's simulated activities."""
    return tuple(one for one in facts.simulations if one.unit_reference == unit.unit_reference)


def verifiers(facts: ClaimFacts) -> frozenset[str]:
    """Everybody who verified something the claim rests on, by Moodle id."""
    held = {unit.unit_reference for unit in facts.units}
    agreed = [one for one in facts.simulations if one.unit_reference in held]
    names = {one.iqa_id for one in resting_on(facts)} | {one.agreed_by for one in agreed}
    return frozenset(names | {one.sampled_by for one in agreed if one.sampled_by})


def _staff(facts: ClaimFacts, role: StaffRole) -> Iterator[Staff]:
    return (one for one in facts.centre.staff if one.role is role)


def _by_iqa(facts: ClaimFacts, release: Release) -> bool:
    return on_record(facts, release.iqa_id, StaffRole.IQA, release.on)


def _sentence(words: str) -> str:
    """Somebody's words as a sentence with a blank after it, or nothing."""
    return f"{words.strip().rstrip('.')}. " if words.strip() else ""


def _codes(units: Iterable[UnitOutcome]) -> str:
    return ", ".join(unit.code for unit in units)


# ---------------------------------------------------------------- releases


def _not_released(facts: ClaimFacts) -> str | None:
    if any(one.releases or one.open_action or one.outcome is IqaOutcome.REFERRED for one in considered(facts)):
        strangers = sorted({one.iqa_id for one in considered(facts) if one.releases and not _by_iqa(facts, one)})
        if resting_on(facts) or not strangers:
            return None
        return (
            f"Released by {', '.join(strangers)}, who was no IQA on record for {facts.qualification.id} on that day. "
            "Enter them with 'nvqsync centre staff add', or have another IQA release it."
        )
    return (
        "No IQA has released this learner's evidence. Moodle's 'released' only shows a mark to the learner. When the "
        "IQA has looked: 'nvqsync iqa release LEARNER QUALIFICATION --iqa MOODLE_ID --on DATE --outcome agreed'."
    )


def _action_open(facts: ClaimFacts) -> str | None:
    waiting = [one for one in considered(facts) if one.open_action]
    if not waiting:
        return None
    asked = " ".join(f"Release {one.id} of {one.on}: {one.action.rstrip('.')}." for one in waiting)
    return f"The IQA asked for action that is not recorded as done. {asked} Then: 'nvqsync iqa action-done NUMBER'."


def _referred(facts: ClaimFacts) -> str | None:
    cleared: tuple[dt.date, int] = max(
        ((one.on, one.id) for one in resting_on(facts) if one.learner_id), default=(dt.date.min, 0)
    )
    for one in considered(facts):
        if one.outcome is IqaOutcome.REFERRED and (one.on, one.id) > cleared:
            return (
                f"The IQA referred this learner's evidence on {one.on}. {_sentence(one.action)}Assess again, then have "
                "the IQA look again and record it: 'nvqsync iqa release'."
            )
    return None


def _signed_off_since(facts: ClaimFacts) -> str | None:
    found, late = resting_on(facts), defaultdict[dt.date, list[UnitOutcome]](list)
    for unit in assessed_here(facts):
        seen = _seen_by_others(unit, found)
        if seen and unit.achieved_at is not None and day(unit.achieved_at) > seen:
            late[seen].append(unit)
    if not late:
        return None
    told = "; ".join(f"on {seen}: {_codes(units)}" for seen, units in sorted(late.items()))
    own = max(one.looked_on for one in found) > min(late)
    whose = "Whoever had a hand in a unit does not count as its IQA. " if own else ""
    return (
        f"Signed off after the IQA looked {told}. {whose}Have the IQA look at the rest and record it: 'nvqsync iqa "
        "release'."
    )


def _seen_by_others(unit: UnitOutcome, releases: Iterable[Release]) -> dt.date | None:
    """The last day on which an IQA looked who had no hand in the unit; none is STAFF-2's."""
    hands = graders(unit)
    return max((one.looked_on for one in releases if one.iqa_id not in hands), default=None)


# ---------------------------------------------------------------- simulated evidence


def _simulation_not_agreed(facts: ClaimFacts) -> str | None:
    found = [(unit, simulations_of(facts, unit)) for unit in simulated(facts)]
    missing = [unit for unit, records in found if not records]
    late = [unit for unit, records in found if any(not one.agreed_before for one in records)]
    other = [
        unit for unit, records in found
        if records and simulated_on(facts, unit)[0] < min(one.activity_on for one in records)
    ]  # fmt: skip
    parts = [
        f"No IQA's agreement to the simulated activity is recorded for {_codes(missing)}: 'nvqsync iqa simulation "
        "agree'." if missing else "",
        f"The IQA did not agree before the day of the simulated activity in {_codes(late)}: it cannot count."
        if late else "",
        f"Graded before any simulated activity that an IQA agreed to took place: {_codes(other)}. Find out which "
        "activity it was." if other else "",
    ]  # fmt: skip
    return " ".join(part for part in parts if part) or None


def _simulation_not_sampled(facts: ClaimFacts) -> str | None:
    found = [(unit, simulations_of(facts, unit)) for unit in simulated(facts)]
    open_ones = [unit for unit, records in found if not records or any(one.sampled_on is None for one in records)]
    seen = {
        unit.code: max((one.sampled_on for one in records if one.sampled_on), default=None) for unit, records in found
    }
    later = [unit for unit, _ in found if (on := seen[unit.code]) and simulated_on(facts, unit)[-1] > on]
    later = [unit for unit in later if unit not in open_ones]
    parts = [
        f"All simulated evidence is sampled by the IQA; not sampled yet: {_codes(open_ones)}. 'nvqsync iqa simulation "
        "sample' records it." if open_ones else "",
        f"Simulated evidence was graded after the IQA sampled: {_codes(later)}. It needs a record of its own: 'nvqsync "
        "iqa simulation agree', then 'sample'." if later else "",
    ]  # fmt: skip
    return " ".join(part for part in parts if part) or None


# ---------------------------------------------------------------- staff


def _too_few(facts: ClaimFacts) -> str | None:
    serving = [one for one in facts.centre.staff if one.serves(facts.qualification.id, facts.today)]
    assessors = {one.lms_id for one in serving if one.role is StaffRole.ASSESSOR}
    iqas = {one.lms_id for one in serving if one.role is StaffRole.IQA}
    lacking = [word for word, found in (("assessor", assessors), ("IQA", iqas)) if not found]
    if not lacking and len(assessors | iqas) >= 2:
        return None
    says = f"No {' and no '.join(lacking)} is" if lacking else "Only one person is both assessor and IQA"
    return (
        f"{says} on record for {facts.qualification.id}: an assessor and a different IQA are needed. "
        "Enter them with 'nvqsync centre staff add'."
    )


def _verified_own(facts: ClaimFacts) -> str | None:
    releases = resting_on(facts)
    own = [
        unit for unit in assessed_here(facts)
        if (releases and not verified_by_others(unit, releases)) or _sampled_own(facts, unit, releases)
    ]  # fmt: skip
    if not own:
        return None
    return (
        f"Verified by somebody who assessed, graded or signed off in the unit: {_codes(own)}. Nobody verifies their "
        "own assessment: have another IQA look and record it."
    )


def _sampled_own(facts: ClaimFacts, unit: UnitOutcome, releases: Iterable[Release]) -> bool:
    hands = graders(unit)
    if any(one.iqa_id in hands and unit.unit_reference in one.units for one in releases):
        return True
    records = simulations_of(facts, unit)
    return any(name and name in hands for one in records for name in (one.agreed_by, one.sampled_by))


def _unknown_hand(facts: ClaimFacts) -> str | None:
    signed = (unit for unit in assessed_here(facts) if unit.status is UnitStatus.ACHIEVED)  # the rest is CLM-1's
    unknown = [unit for unit in signed if not unit.signed_off_by or "" in _deciding(unit)]
    if not unknown:
        return None
    return (
        f"Moodle does not say who graded {_codes(unknown)}, so nobody can tell that others verified and approved it. "
        "Have an assessor grade it again under their own name."
    )


def _deciding(unit: UnitOutcome) -> set[str]:
    return {one.assessor_id for one in unit.decisions if one.met}


def _stranger_signed(facts: ClaimFacts) -> str | None:
    strange = [
        unit for unit in assessed_here(facts)
        if unit.signed_off_by and unit.achieved_at is not None
        and not on_record(facts, unit.signed_off_by, StaffRole.ASSESSOR, day(unit.achieved_at))
    ]  # fmt: skip
    if not strange:
        return None
    told = ", ".join(f"{unit.code} (Moodle user {unit.signed_off_by})" for unit in strange)
    return (
        f"Signed off by somebody who was no assessor on record for {facts.qualification.id} on that day: {told}. "
        "Enter them with 'nvqsync centre staff add', or have an assessor sign it off."
    )


def _involved(facts: ClaimFacts) -> tuple[tuple[str, StaffRole], ...]:
    """Whoever signed off a unit or verified the claim, each with the role in which they did."""
    assessors = {name for unit in assessed_here(facts) for name in (unit.signed_off_by, *_deciding(unit)) if name}
    found = [(name, StaffRole.ASSESSOR) for name in assessors] + [(name, StaffRole.IQA) for name in verifiers(facts)]
    return tuple(sorted(found))


def _records(facts: ClaimFacts, lms_id: str, role: StaffRole) -> list[Staff]:
    mine = [one for one in _staff(facts, role) if one.lms_id == lms_id]
    return [one for one in mine if one.qualification_id in ("", facts.qualification.id)]


def _qualified(records: Iterable[Staff], on: dt.date) -> bool:
    return any(one.qualified_on is not None and one.qualified_on <= on for one in records)


def _unqualified(facts: ClaimFacts) -> Iterator[tuple[Staff, StaffRole, dt.date]]:
    """Those involved who have not gained the unit for their role and whom no qualified person countersigns.

    With each, the day by which they must have it.
    """
    for lms_id, role in _involved(facts):
        records = _records(facts, lms_id, role)
        if not records or _qualified(records, facts.today):
            continue
        if any(_qualified(_records(facts, one.countersigner, role), facts.today) for one in records):
            continue
        first = min(records, key=lambda one: one.from_on)
        yield first, role, months_after(first.from_on, MONTHS_TO_QUALIFY)


def months_after(start: dt.date, months: int) -> dt.date:
    """The same day so many months later; the month's last day where it has no such day."""
    year, month = divmod(start.month - 1 + months, 12)
    first = dt.date(start.year + year, month + 1, 1)
    following = (first + dt.timedelta(days=31)).replace(day=1)
    return first.replace(day=min(start.day, (following - dt.timedelta(days=1)).day))


def _said(found: Iterable[tuple[Staff, StaffRole, dt.date]]) -> str:
    return ", ".join(f"{one.name or one.lms_id} ({role.value}, due by {due})" for one, role, due in found)


def _qualification_overdue(facts: ClaimFacts) -> str | None:
    overdue = [found for found in _unqualified(facts) if facts.today > found[2]]
    if not overdue:
        return None
    return (
        f"Without the unit for their role {MONTHS_TO_QUALIFY} months after they started, and countersigned by nobody "
        f"who has it: {_said(overdue)}. Enter the unit or a qualified countersigner with 'nvqsync centre staff add'."
    )


def _qualification_due(facts: ClaimFacts) -> str | None:
    due = [found for found in _unqualified(facts) if facts.today <= found[2]]
    if not due:
        return None
    return f"Working without the unit for their role, countersigned by nobody who has it: {_said(due)}."


def _no_award(facts: ClaimFacts) -> str | None:
    without = [
        one.name or one.lms_id
        for lms_id, role in _involved(facts)
        for one in _records(facts, lms_id, role)[:1]
        if not _qualified(_records(facts, lms_id, role), facts.today)
    ]
    if not without:
        return None
    return f"No award for their role is on record for {', '.join(without)}. Keep the proof that they work towards one."


def _no_signature(facts: ClaimFacts) -> str | None:
    unsigned = [
        one.name or one.lms_id
        for lms_id, role in _involved(facts)
        for one in _records(facts, lms_id, role)[:1]
        if not any(each.signature_on for each in facts.centre.staff if each.lms_id == lms_id)
    ]
    if not unsigned:
        return None
    return f"No sample signature is on file for {', '.join(sorted(set(unsigned)))}. The visit pack needs it (RD02)."


B, C = Severity.BLOCKS, Severity.CAUTIONS
OCR, NVQ = ("OCR",), ("OCR", "EDI")

QUALITY_GATES: tuple[Gate, ...] = (
    Gate("IQA-1", B, "An IQA has released the learner's evidence", "10378, 4.22.1 and RD11", _not_released),
    Gate("IQA-1/action", B, "What the IQA asked for is done", "10378, 4.22.3", _action_open),
    Gate("IQA-1/referred", B, "Evidence the IQA referred was looked at again", "10378, 4.22.3", _referred),
    Gate("IQA-1/since", B, "The IQA looked after the last unit was signed off", "10378, 4.22.1", _signed_off_since),
    Gate("SIM-3", B, "The IQA agrees a simulation before it takes place", "OCR NVQ handbook 3.19; 10378, 3.4 and 4.7",
         _simulation_not_agreed),
    Gate("SIM-4", B, "All simulated evidence is sampled", "OCR NVQ handbook 3.19; 10378, 3.4",
         _simulation_not_sampled),
    Gate("STAFF-1", B, "An assessor and a different IQA are on record", "10378, 3.1", _too_few),
    Gate("STAFF-2", B, "Nobody verifies their own assessment", "inferred from 10378, 3.4 and the Level 1 leaflet",
         _verified_own),
    Gate("STAFF-2/unknown", B, "Everybody who assessed is known", "nvqsync: four eyes by data", _unknown_hand),
    Gate("STAFF-4", B, "Assessors and IQAs gain their unit in 18 months", "OCR NVQ handbook, appendices, row 6",
         _qualification_overdue, NVQ),
    Gate("STAFF-4/due", C, "An assessor or IQA works without their unit", "OCR NVQ handbook, appendices, row 6",
         _qualification_due, NVQ),
    Gate("STAFF-5", C, "Assessors and IQAs hold or work towards an award", "10378, 3.2-3.5", _no_award,
         OCR, ("OCR/10378",)),
    Gate("STAFF-6", C, "A sample signature is on file", "OCR NVQ handbook 3.19; RD02", _no_signature, OCR),
    Gate("UNIT-4", B, "An assessor on record signs a unit off", "OCR NVQ handbook 3.19", _stranger_signed),
)  # fmt: skip
"""The gates on who assessed, who verified, and what the IQA found; every awarding body's."""
