"""The mark on a certificate that a verification visit has still to confirm (rule CLM-4). Pure; it stops nothing.

OCR certificates what is claimed under direct claim status provisionally, until a visit confirms it. Whoever tells of a
certificate, the portal or a person, may say whether this one is; where they do not, the way the claim went out does.
"""

from __future__ import annotations

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
