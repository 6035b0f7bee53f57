"""The mark on a certificate that a verification visit has still to confirm (rule CLM-4). Pure; it stops nothing.

OCR certificates what is claimed under direct claim status provisionally, until a visit confirms it. Whoever tells of a
certificate, the portal or a person, may say whether this one is; where they do not, the way the claim went out does.
"""

from __future__ import annotations

from nvqsync.claims import Status
from nvqsync.model import Answer, Outcome
from nvqsync.proposing import Claim

CONFIRMED_BY_A_VISIT = frozenset({"OCR"})
"""The bodies whose certificates under direct claim status are provisional (source 001, 4.24)."""


def provisional(claim: Claim, route: str, said: bool | None = None) -> bool:
    """Whether a claim's new certificate is provisional: as was ``said``, else as the claim went.

    ``route`` is its batch's (``direct`` or ``authorisation``). What a visitor authorised needs no other visit.
    """
    direct = route == "direct" and not claim.authorised_on
    return said if said is not None else direct and claim.awarding_body in CONFIRMED_BY_A_VISIT


def confirms(answer: Answer, *, marked: bool) -> bool:
    """Whether the portal says that a certificate which is ``marked`` as provisional is so no more."""
    return marked and answer.outcome is Outcome.CERTIFICATED and answer.provisional is False


def misfit(claim: Claim, answer: Answer, holder: int | None) -> str:
    """Why a certificate the portal tells of cannot be the claim's, and what to do; empty where it can.

    ``holder`` is the claim for which its number is recorded, if there is one.
    """
    number, known = answer.certificate_number, claim.certificate_number
    if answer.outcome is not Outcome.CERTIFICATED:
        return ""
    if holder not in {None, claim.id}:
        return f"its certificate is {number}, which is recorded for claim {holder}. Ask the body whose it is."
    if claim.status is Status.CERTIFICATED and number != known:
        return (
            f"its certificate is {number}, and {known} is recorded. Read the certificate; if the record is wrong: "
            f"'nvqsync claims record certificated {claim.id} --certificate {number} --correct --words \"...\"'."
        )
    return ""
