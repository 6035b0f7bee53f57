"""Gates about who the candidate is to the awarding body: numbers, age, and how long a registration holds. Pure.

Rule ENT-8 (ten weeks between registration and claim) is kept by no gate: it is Pearson's, and OCR's for NVQs outside
the QCF, and every qualification here is a QCF one of OCR, EDI or NCFE.
"""

from __future__ import annotations

import datetime as dt

from nvqsync.check_characters import uci_misfit
from nvqsync.gates import ClaimFacts, Gate, Severity
from nvqsync.gating.candidate_numbers import is_uci, number_misfit
from nvqsync.uln_owners import squeezed

YOUNGEST = {"OCR/03456": 16, "OCR/10378": 14}
"""By qualification, how old a candidate is at registration at the least, in whole years."""


def age_on(born: dt.date, on: dt.date) -> int:
    """Whole years on a day. Who was born on 29 February is a year older on 1 March of a common year."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _number_lost(facts: ClaimFacts) -> str | None:
    registration = facts.registration
    if not registration or registration.candidate_number or not any(one.certificated for one in facts.earlier):
        return None
    body = facts.qualification.awarding_body
    return (
        f"The candidate has a certificate of {body} already, so {body} has given them a number, and the registration "
        "has none. Look it up, then import the registration again with it."
    )


def _two_numbers(facts: ClaimFacts) -> str | None:
    registered = (one.candidate_number for one in facts.registrations)
    numbers = {number for number in (*registered, *(one.candidate_number for one in facts.earlier)) if number}
    if len(numbers) < 2:
        return None
    body = facts.qualification.awarding_body
    return f"{len(numbers)} candidate numbers of {body} are recorded for this learner. Ask {body} which one holds."


def _wrong_number(facts: ClaimFacts) -> str | None:
    registration = facts.registration
    number = registration.candidate_number if registration else ""
    misfit = number_misfit(facts.qualification.awarding_body, number)
    return f"{misfit.says} {misfit.next_step} Then import the registration again." if misfit else None


def _wrong_uci(facts: ClaimFacts) -> str | None:
    registered = facts.registration.candidate_number if facts.registration else ""
    ucis = {number for number in (registered, squeezed(facts.learner.candidate_number)) if is_uci(number)}
    if not any(uci_misfit(uci) for uci in ucis):
        return None
    return "The candidate's UCI has a check letter that does not fit: it was mistyped. Correct it where it was entered."


def _anothers_uln_registered(facts: ClaimFacts) -> str | None:
    registration = facts.registration
    if not registration or squeezed(registration.uln) not in facts.foreign_ulns:
        return None
    body = registration.awarding_body
    return (
        f"The registration was made with a ULN that is recorded as another learner's. Have {body} correct it, then "
        "import the registration with the right ULN, or with none."
    )


def _anothers_uln_in_lms(facts: ClaimFacts) -> str | None:
    if squeezed(facts.learner.uln) not in facts.foreign_ulns:
        return None
    return "The ULN in Moodle is recorded as another learner's: it is left out of the claim. Clear it in Moodle."


def _registration_over(facts: ClaimFacts) -> str | None:
    registration = facts.registration
    if not registration or not registration.end or facts.today <= registration.end:
        return None
    return (
        f"The registration ended on {registration.end}. Have {registration.awarding_body} extend it, then import it "
        "again with its new end."
    )


def _too_young(facts: ClaimFacts) -> str | None:
    registration, youngest = facts.registration, YOUNGEST[facts.qualification.id]
    born = (registration.date_of_birth if registration else None) or facts.learner.date_of_birth
    if not registration or not born or age_on(born, registration.registered_on) >= youngest:
        return None
    return (
        f"Younger than {youngest} at registration, and {facts.qualification.id} is for candidates of {youngest} or "
        "over. Check the date of birth and the registration."
    )


B, C = Severity.BLOCKS, Severity.CAUTIONS

CANDIDATE_GATES: tuple[Gate, ...] = (
    Gate("ENT-2/end", B, "A claim comes before its registration ends", "the registration itself", _registration_over),
    Gate("ENT-7", C, "The candidate is old enough for the qualification", "03454-03456 handbook, 2.1; 10378, 1.4",
         _too_young, ("OCR",), tuple(YOUNGEST)),
    Gate("ID-05/registered", B, "No registration carries another learner's ULN", "LRS", _anothers_uln_registered),
    Gate("ID-06/other", C, "Another learner's ULN is left out", "OCR final entry information", _anothers_uln_in_lms),
    Gate("ID-09", B, "A candidate keeps the number OCR gave them", "03454-03456 handbook, 5.1; 10378, 7.1",
         _number_lost, ("OCR",)),
    Gate("ID-09/two", C, "A candidate has one number with OCR", "03454-03456 handbook, 5.1; 10378, 7.1",
         _two_numbers, ("OCR",)),
    Gate("ID-10/number", B, "OCR's candidate number has eight digits", "OCR final entry information",
         _wrong_number, ("OCR",)),
    Gate("ID-11", C, "A UCI ends with its check letter", "JCQ; WJEC", _wrong_uci),
)  # fmt: skip
"""The gates every awarding body shares about its candidates, with those of OCR."""
