"""How the three awarding bodies' portals differ, as data: words, order of sign-off, closed qualifications.

Nothing here is an awarding body's own wording. The ways are: OCR Interchange takes claims on screen and an external
quality assurer authorises them later; EDI Campus wants the Quality Advisor's sign-off first, then a claim to
competence; the NCFE portal asks for its own learner number and tells full from partial certificates.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Columns:
    """How one body heads the columns of a CSV batch that differ. ``full`` is how a full award is said."""

    qualification: str
    candidate_number: str
    kind: str
    full: str
    unit_code: str
    transferred: str


@dataclass(frozen=True, slots=True)
class Body:
    """One awarding body's portal.

    ``sign_off_first``: without direct claim status a claim is returned until the sign-off stands in the portal's books
    (elsewhere it waits there for its verifier). ``one_kind_of_entry``: a candidate is entered for the full award or for
    units, never both. ``provisional_until_visited``: a certificate claimed under direct claim status says so.
    ``returns``: reasons for returning a good claim on purpose.
    """

    name: str
    portal: str
    candidate_number: str
    registration: str
    verifier: str
    full_award: str
    some_units: str
    returns: tuple[str, ...]
    columns: Columns
    sign_off_first: bool = False
    one_kind_of_entry: bool = False
    code_is_reference: bool = False
    provisional_until_visited: bool = False


OCR = Body(
    name="OCR",
    portal="Interchange",
    candidate_number="OCR candidate number",
    registration="entry",
    verifier="external quality assurer",
    full_award="full award",
    some_units="unit",
    returns=(
        "An assessor on this claim is not set up for this scheme at your centre. Add the assessor and claim again.",
        "The name on the entry is under query. Confirm the spelling, then claim again.",
        "The sample the external quality assurer asked for has not arrived.",
        "An action from your last visit report is still open for this scheme.",
    ),
    columns=Columns(
        qualification="Scheme code",
        candidate_number="OCR candidate number",
        kind="Claim",
        full="Full award",
        unit_code="OCR unit code",
        transferred="From another awarding body",
    ),
    one_kind_of_entry=True,
    provisional_until_visited=True,
)

EDI = Body(
    name="EDI",
    portal="Campus",
    candidate_number="learner registration number",
    registration="registration",
    verifier="Quality Advisor",
    full_award="full award",
    some_units="unit credit",
    returns=(
        "The claim to competence for this learner is not signed by the assessor.",
        "The internal verifier's initials are missing for a sampled unit.",
        "The learner's date of birth does not agree with the registration.",
    ),
    columns=Columns(
        qualification="Qualification code",
        candidate_number="Learner registration number",
        kind="Full award",
        full="Yes",
        unit_code="Unit number",
        transferred="Credit transfer",
    ),
    sign_off_first=True,
)

NCFE = Body(
    name="NCFE",
    portal="NCFE portal",
    candidate_number="NCFE learner number",
    registration="registration",
    verifier="external quality assurer",
    full_award="full certificate",
    some_units="partial certificate",
    returns=(
        "Quality assurance for this batch is not complete.",
        "The learner's start date is under query.",
        "The units ticked do not agree with the last external quality assurance report.",
    ),
    columns=Columns(
        qualification="Qualification code",
        candidate_number="NCFE learner number",
        kind="Certificate",
        full="Full",
        unit_code="Unit reference number",
        transferred="Credit transfer",
    ),
    code_is_reference=True,
)

BODIES = {body.name: body for body in (OCR, EDI, NCFE)}

CLOSED = {("OCR", "03454"): dt.date(2018, 8, 31), ("OCR", "03456"): dt.date(2019, 8, 31)}
"""The last day on which a claim could be made, by body and qualification code. That day itself is still open."""

PLACEHOLDER_ULN = "9999999999"
"""What some systems write for "no unique learner number". The bodies want a blank instead."""
