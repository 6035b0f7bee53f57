"""The rules the bodies publish, as one decision over facts gathered from the books. Pure.

They are: a registration comes first, under the candidate's number and name; units-only entries carry no full award; no
award and no unit is certificated twice; a closed qualification takes no claims; a placeholder is no learner number; the
Quality Advisor's sign-off precedes a claim on EDI Campus.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from connectors.interchange_mock.bodies import PLACEHOLDER_ULN, Body
from connectors.interchange_mock.documents import SentClaim
from connectors.interchange_mock.records import Registration, same_name


@dataclass(frozen=True, slots=True)
class Facts:
    """What the books say around one claim that has just arrived.

    ``named_elsewhere``: somebody of this name is registered here, under another number. ``direct``: the centre may
    claim without a verifier, or this candidate has been signed off. ``taken_units`` are those another claim stands for.
    """

    centre_number: str
    qualification: str
    today: dt.date
    last_day: dt.date | None = None
    registration: Registration | None = None
    named_elsewhere: bool = False
    direct: bool = False
    award_taken: bool = False
    taken_units: frozenset[str] = frozenset()


def objections(body: Body, sent: SentClaim, facts: Facts) -> Iterator[str]:
    """Everything the rules have against a claim, in the portal's words, the most basic first."""
    if facts.last_day and facts.today > facts.last_day:
        yield f"{facts.qualification} is closed: the last day for claims was {facts.last_day.isoformat()}."
    yield from _about_registration(body, sent, facts)
    yield from _about_doubles(body, sent, facts)
    yield from _about_content(body, sent, facts.today)
    if body.sign_off_first and not facts.direct:
        yield f"The {body.verifier}'s sign-off for this learner has not been recorded."


def _about_registration(body: Body, sent: SentClaim, facts: Facts) -> Iterator[str]:
    registration = facts.registration
    if not sent.candidate_number:
        yield f"The {body.candidate_number} is missing" + (
            f" although one has been allocated on {facts.qualification}."
            if facts.named_elsewhere
            else f", and no {body.registration} on {facts.qualification} has this name."
        )
    elif registration is None:
        number, place = sent.candidate_number, f"{facts.qualification} at centre {facts.centre_number}"
        yield f"No {body.registration} for {body.candidate_number} {number} on {place}."
    elif registration.name and not same_name(registration.name, sent.name):
        yield f"The name on the claim is not the name on the {body.registration}."
    elif registration.entry == "units" and sent.kind == "full_award":
        yield f"The {body.registration} is for units only. A {body.full_award} cannot be claimed on it."


def _about_doubles(body: Body, sent: SentClaim, facts: Facts) -> Iterator[str]:
    if sent.kind == "full_award":
        if facts.award_taken:
            yield f"A claim for the {body.full_award} in {facts.qualification} already stands for this candidate."
        return
    for unit in sent.units:
        if unit.unit_reference in facts.taken_units:
            yield f"Unit {unit.unit_reference} is already claimed or certificated for this candidate."


def _about_content(body: Body, sent: SentClaim, today: dt.date) -> Iterator[str]:
    if sent.uln == PLACEHOLDER_ULN:
        yield f"{PLACEHOLDER_ULN} is not a unique learner number. Leave the field blank."
    if len({unit.unit_reference for unit in sent.units}) < len(sent.units):
        yield "A unit is claimed twice in one claim."
    if any(unit.achieved_on > today for unit in sent.units):
        yield "A unit is dated in the future."
    if body.code_is_reference and any(unit.code != unit.unit_reference for unit in sent.units):
        yield "Units are claimed by unit reference number."
