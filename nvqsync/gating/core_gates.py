"""The gates every awarding body shares: the claim, its registration, the learner, the centre, the dates. Pure."""

from __future__ import annotations

from nvqsync.check_characters import uln_misfit
from nvqsync.gates import ClaimFacts, Gate, Severity
from nvqsync.gating.evidence_gates import EVIDENCE_GATES
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
        return (
            "The candidate is entered for units, not for the full award. Have OCR amend the entry, then record it: "
            "'nvqsync registrations amend'."
        )
    if facts.kind is ClaimKind.FULL_AWARD and len(entries) > 1:  # what was achieved stays claimable, unit by unit
        return "The candidate is entered both for the full award and for units. OCR takes one or the other."
    return None


def _entry_closed(facts: ClaimFacts) -> str | None:
    qualification = facts.qualification
    if not qualification.registration_closed or facts.centre.registration_end.on is not None:
        return None
    return (
        f"{qualification.awarding_body} takes no more entries for {qualification.id} and does not print since when. "
        "Look the day up in the regulator's register and record it as the registration end."
    )


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
    return (
        f"{len(facts.same_uln)} other account(s) carry the same ULN. Find out whose it is, clear the others in "
        "Moodle, or record it: 'nvqsync confirm uln ULN LEARNER'."
    )


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
    Gate("ENT-4", B, "A closed qualification takes no entries", "OCR NVQ handbook, cover and 2.1", _entry_closed),
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
