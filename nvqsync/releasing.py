"""May this be recorded: a release, a sign-off, a simulation? Pure; each says why not, and what then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence

from nvqsync.centre import Staff, StaffRole
from nvqsync.errors import InputError
from nvqsync.model import Qualification, QualificationUnit, UnitOutcome, UnitStatus
from nvqsync.quality import IqaOutcome, Release, Simulation, graders


def check_iqa(iqa_id: str, qualification_id: str, on: dt.date, staff: Iterable[Staff], today: dt.date) -> None:
    """Whether somebody was an IQA on record for the qualification on a day that has come. Raises ``InputError``."""
    if on > today:
        raise InputError(f"{on} is still to come.", "Record it on the day, or correct --on.")
    iqas = [one for one in staff if one.role is StaffRole.IQA and one.serves(qualification_id, on)]
    if any(one.lms_id == iqa_id for one in iqas):
        return
    known = ", ".join(sorted({f"{one.lms_id} ({one.name})" for one in iqas})) or "nobody"
    says = f"Moodle user {iqa_id} is no IQA on record for {qualification_id} on {on}; on record: {known}."
    raise InputError(says, "Enter them with 'nvqsync centre staff add', or correct --iqa or --on.")


def check_assessor(assessor_id: str, qualification_id: str, on: dt.date, staff: Iterable[Staff]) -> None:
    """Whether somebody may sign units off on a day: where the centre has assessors on record, one of them may.

    A centre without any is told by the gates. Raises ``InputError``.
    """
    assessors = [
        one for one in staff if one.role is StaffRole.ASSESSOR and one.qualification_id in ("", qualification_id)
    ]
    serving = [one for one in assessors if one.serves(qualification_id, on)]
    if not assessors or any(one.lms_id == assessor_id for one in serving):
        return
    known = ", ".join(sorted({f"{one.lms_id} ({one.name})" for one in serving})) or "nobody"
    says = f"Moodle user {assessor_id} is no assessor on record for {qualification_id} on {on}; on record: {known}."
    raise InputError(says, "Enter them with 'nvqsync centre staff add', or correct --assessor.")


def check_words(release: Release) -> None:
    """Whether outcome and action go together. Raises ``InputError``."""
    if release.outcome is IqaOutcome.ACTION and not release.action.strip():
        raise InputError("An outcome of 'action' needs the action.", 'Add --action "what the assessor is to do".')
    if release.outcome is IqaOutcome.AGREED and release.action:
        raise InputError("An agreed release asks for no action.", "Give --outcome action, or leave --action out.")


def own_work(iqa_id: str, units: Collection[str], outcomes: Sequence[UnitOutcome]) -> str:
    """Why an IQA cannot release these outcomes, of which they sampled ``units`` (references); empty if they can.

    They may have had no hand in what they sampled; where they name no unit, in nothing.
    """
    looked_at = [one for one in outcomes if not units or one.unit_reference in units]
    if own := [one.code for one in looked_at if iqa_id in graders(one)]:
        return f"Moodle user {iqa_id} assessed or graded {', '.join(own)}: nobody verifies their own assessment."
    empty = [one.code for one in looked_at if units and one.status is UnitStatus.NOT_STARTED]
    return f"There is no evidence to sample for {', '.join(empty)}." if empty else ""


def other_hands(iqa_id: str, units: Collection[str], outcomes: Sequence[UnitOutcome]) -> tuple[str, ...]:
    """The codes of further units in which this IQA had a hand: for those the claim needs another IQA's release too."""
    others = [one for one in outcomes if units and one.unit_reference not in units]
    return tuple(one.code for one in others if iqa_id in graders(one))


def check_simulation(
    new: Simulation, qualification: Qualification, listed: QualificationUnit, outcomes: Sequence[UnitOutcome]
) -> None:
    """Whether a simulation may be agreed like this. Raises ``InputError``."""
    if not listed.simulation:
        says = f"Simulated evidence does not count for {listed.code} in {qualification.id}."
        raise InputError(says, "'nvqsync units' tells where it does. Have the unit assessed in real work.")
    if not new.agreed_before:
        says = (
            f"Agreed on {new.agreed_on}, not before the day of the activity, {new.activity_on}: an IQA agrees before "
            "it takes place."
        )
        raise InputError(says, "Correct the dates; where they are right, that evidence cannot count.")
    if not new.reason.strip():
        raise InputError("A simulation needs the reason for it.", 'Add --reason "..."; no names.')
    check_hands(new.agreed_by, new.unit_reference, outcomes)


def check_sampled(known: Simulation, iqa_id: str, on: dt.date, outcomes: Sequence[UnitOutcome]) -> None:
    """Whether an IQA may have sampled it on a day. Raises ``InputError``."""
    if on < known.activity_on:
        says = f"Sampled on {on}, before the activity of {known.activity_on}."
        raise InputError(says, "Correct --on, or take the record back and enter it anew.")
    check_hands(iqa_id, known.unit_reference, outcomes)


def check_hands(iqa_id: str, unit_reference: str, outcomes: Sequence[UnitOutcome]) -> None:
    """Whether an IQA had no hand in a unit. Raises ``InputError``."""
    for one in outcomes:
        if one.unit_reference == unit_reference and iqa_id in graders(one):
            says = f"Moodle user {iqa_id} assessed or graded {one.code}: nobody verifies their own assessment."
            raise InputError(says, "Have another IQA do it.")
