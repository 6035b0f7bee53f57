"""The gates every awarding body shares: the claim, its registration, the learner, the centre, the dates. Pure."""

from __future__ import annotations

import datetime as dt

from nvqsync.check_characters import uln_misfit
from nvqsync.evidence_gates import EVIDENCE_GATES
from nvqsync.gates import ClaimFacts, Gate, Severity
from nvqsync.model import ClaimKind, Entry


def _unmet(facts: ClaimFacts) -> str | None:
    if facts.kind is not ClaimKind.FULL_AWARD or facts.met:
        return None
    if facts.undecided:
        return "The rule of combination could not be decided within its budget. Report this learner's units."
    return "The rule of combination is no longer met. See the verdict for what is short."


def _no_registration(facts: ClaimFacts) -> str | None:
    if facts.registrations:
        return None
    return (
        f"No registration with {facts.qualification.awarding_body} for {facts.qualification.id} is recorded. "
        "Register the candidate, then import it with 'nvqsync registrations import'."
    )


def _wrong_entry(facts: ClaimFacts) -> str | None:
    entries = {registration.entry for registration in facts.registrations}
    if facts.kind is ClaimKind.FULL_AWARD and entries == {Entry.UNITS}:
        return "The candidate is entered for units, not for the full award. Amend the entry with OCR first."
    if len(entries) > 1:
        return "The candidate is entered both for the full award and for units. OCR takes one or the other."
    return None


def _not_approved(facts: ClaimFacts) -> str | None:
    if facts.centre.approved_on is None:
        return (
            f"The centre's approval for {facts.qualification.id} is not recorded. "
            f'Enter approved_on under [centre.qualifications."{facts.qualification.id}"].'
        )
    if facts.centre.approved_on > facts.today:
        return f"The centre's approval for {facts.qualification.id} only starts on {facts.centre.approved_on}."
    return None


def _no_centre_number(facts: ClaimFacts) -> str | None:
    if facts.centre.centre_number:
        return None
    body = facts.qualification.awarding_body
    return f"The centre's number with {body} is not recorded. Enter it under [centre.numbers] as {body}."


def _closed(facts: ClaimFacts) -> str | None:
    end = facts.centre.certification_end
    if end.passed(facts.today):
        return f"Certification for {facts.qualification.id} closed on {end.on}. No claim can be made any more."
    if not end.known:
        return (
            f"The last day to certificate {facts.qualification.id} is not known. Look it up in the regulator's "
            f'register and enter certification_end (a date, or "none") under '
            f'[centre.qualifications."{facts.qualification.id}"].'
        )
    return None


def _entry_closed(facts: ClaimFacts) -> str | None:
    qualification = facts.qualification
    if not qualification.registration_closed or facts.centre.registration_end.on is not None:
        return None
    return (
        f"{qualification.awarding_body} takes no more entries for {qualification.id} and does not print since when. "
        "Look the day up in the regulator's register and record it as the registration end."
    )


def _registered_too_late(facts: ClaimFacts) -> str | None:
    end, registration = facts.centre.registration_end, facts.registration
    if registration and end.on is not None and registration.registered_on > end.on:
        return f"Registered on {registration.registered_on}, after registration closed on {end.on}."
    return None


def _closing_soon(facts: ClaimFacts) -> str | None:
    end = facts.centre.certification_end.on
    if end is None or not dt.timedelta(0) <= end - facts.today <= dt.timedelta(days=90):
        return None
    return f"Certification closes on {end}."  # no count of days: an approved claim would go on hold every midnight


def _bad_uln(facts: ClaimFacts) -> str | None:
    misfit = uln_misfit(facts.uln) if facts.uln else None
    if misfit is None:
        return None
    return f"{misfit.says[0].upper()}{misfit.says[1:]}. Correct it in Moodle or in the registration."


def _no_uln(facts: ClaimFacts) -> str | None:
    if facts.uln:
        return None
    return "The ULN is missing. It is left blank on the claim, and the learner's record of achievement is not updated."


def _shared_uln(facts: ClaimFacts) -> str | None:
    if not facts.same_uln:
        return None
    return f"{len(facts.same_uln)} other account(s) carry the same ULN. Find out whose it is and clear the others."


def _no_date_of_birth(facts: ClaimFacts) -> str | None:
    registration = facts.registration
    if facts.learner.date_of_birth or (registration and registration.date_of_birth):
        return None
    return "No date of birth is recorded. The certificate prints it as registered: check it with the candidate."


def _name_differs(facts: ClaimFacts) -> str | None:
    registration = facts.registration
    if not registration or not registration.name:
        return None
    if " ".join(registration.name.split()).casefold() == " ".join(facts.learner.name.split()).casefold():
        return None
    return "The registered name differs from the name in Moodle. The claim carries the registered one."


def _left(facts: ClaimFacts) -> str | None:
    if facts.learner.active or facts.learner_status:
        return None
    return (
        "The learner is suspended or no longer on the course. Find out whether they have left with what is achieved or "
        "are still active, and record it: 'nvqsync learner status LEARNER leaver' or 'active'."
    )


def _verdict_cautions(facts: ClaimFacts) -> str | None:
    return " ".join(facts.verdict_cautions) or None


B, C = Severity.BLOCKS, Severity.CAUTIONS

REGISTRATION_GATES: tuple[Gate, ...] = (
    Gate("CLM-1", B, "A full award needs its rule of combination met", "OCR centre handbook 10378, 2.1", _unmet),
    Gate("ENT-1", B, "Entry for the full award or for units, never both", "10378, 6.3.2", _wrong_entry, ("OCR",)),
    Gate("ENT-2", B, "A registration comes before a claim", "10378, 6.3.2; EDI support pack", _no_registration),
    Gate("ENT-2/approval", B, "The centre is approved for the qualification", "10378, 6.3.2", _not_approved),
    Gate("ENT-2/centre", B, "The centre has a number with the body", "10378, 6.3.2", _no_centre_number),
    Gate("ENT-4", B, "A closed qualification takes no entries", "OCR NVQ handbook, cover and 2.1", _entry_closed),
    Gate("ENT-6", B, "Claims close on the certification end date", "10378, 8.6 and 10; Ofqual Register", _closed),
    Gate("ENT-6/entry", B, "Registrations close on their end date", "10378, 8.6; Ofqual", _registered_too_late),
    Gate("ENT-6/soon", C, "The certification end date is near", "NCFE specification, page 6", _closing_soon),
    Gate("ID-05", B, "A ULN has ten digits and a check digit", "HESA C17051; ILR rule ULN_04", _bad_uln),
    Gate("ID-05/shared", B, "One ULN belongs to one person", "LRS", _shared_uln),
    Gate("ID-06", C, "Without a ULN the field stays blank", "OCR final entry information", _no_uln),
    Gate("ID-10", C, "Date of birth is confirmed before a claim", "OCR final entry information", _no_date_of_birth),
    Gate("ID-10/name", C, "The certificate prints the registered name", "OCR final entry information", _name_differs),
    Gate("LMS-2", B, "The learner is on the course", "nvqsync", _left),
    Gate("ROC", C, "The verdict depends on a reading of the rule", "docs/rules.md", _verdict_cautions),
)  # fmt: skip
"""What a claim, its registration and its dates must bear, whatever the awarding body."""

CORE_GATES: tuple[Gate, ...] = (*REGISTRATION_GATES, *EVIDENCE_GATES)
"""The gates every awarding body shares, a tuple for each theme."""
