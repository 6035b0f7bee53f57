"""What the demo's invented college has on record about itself, as the file that ``nvqsync centre import`` takes.

What stands in the way of a whole qualification is told here: OCR/03454 closed in 2018, its approval is not on record
and direct claims were never ended after the final visit; OCR/03456 is closed and under a sanction; OCR/03455 closes
soon and no final visit is planned; NCFE's accreditation ended nearly a year ago. EDI and NCFE gave no direct claim
status: what was signed off before their visit is authorised.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from nvqsync.centre import Account, EndDate, Sanction, Staff, Visit
from nvqsync.centres.centre_record import Approval, CentreNumber, CentreRecord, Item
from nvqsync.model import Qualification

CENTRE_NUMBERS = {"OCR": "12345", "EDI": "98765", "NCFE": "45678"}
CLOSED, CLOSING, SANCTIONED, WITHOUT_DIRECT_CLAIMS = "OCR/03454", "OCR/03455", "OCR/03456", "OCR/10378"
DIRECT_CLAIMS = (CLOSED, CLOSING)
VISITED = ("EDI/L2-CS", "NCFE/50102874")
"""Without direct claim status: a visit authorises what was signed off before it."""

LAPSED = "NCFE/50102874"
APPROVED = dt.date(2015, 9, 1)
VISITOR = "Ottilie Brandt"


def centre_record(
    qualifications: Iterable[Qualification], staff: Iterable[Staff], accounts: Iterable[str],
    today: dt.date,
) -> CentreRecord:  # fmt: skip
    """The centre's record; ``accounts`` are nobody in Moodle."""
    items: list[Item] = [CentreNumber(body, number) for body, number in CENTRE_NUMBERS.items()]
    items += [_approval(one, today) for one in qualifications]
    items += staff
    items += [Account(name, no_lms_user=True) for name in dict.fromkeys(accounts)]
    items += _events(today)
    return CentreRecord().with_items(*items)


def lapsed(today: dt.date) -> EndDate:
    """When NCFE's accreditation ended, as it was looked up at first: claims are still possible for two months."""
    return EndDate(known=True, on=today - dt.timedelta(days=305), checked_on=today)


def corrected(approval: Approval, today: dt.date) -> Approval:
    """The same terms once the day was looked up again: accreditation ended two years ago, so claims are over."""
    ended = EndDate(known=True, on=today - dt.timedelta(days=730), checked_on=today)
    return Approval(
        approval.qualification_id, approval.approved_on, approval.direct_claim_from, approval.direct_claim_to, ended,
        approval.certification_end, approval.iqa_by_cohort,
    )  # fmt: skip


def _approval(one: Qualification, today: dt.date) -> Approval:
    direct = dt.date(2016, 9, 1) if one.id in DIRECT_CLAIMS else None
    published = one.registration_end_on is not None or one.registration_closed
    return Approval(
        one.id, None if one.id == CLOSED else APPROVED, direct, None,
        EndDate() if published else _registration_end(one, today),
        EndDate() if one.certification_end_on else _certification_end(one, today),
    )  # fmt: skip


def _registration_end(one: Qualification, today: dt.date) -> EndDate:
    return lapsed(today) if one.id == LAPSED else EndDate(known=True, checked_on=today)


def _certification_end(one: Qualification, today: dt.date) -> EndDate:
    closes = today + dt.timedelta(days=80) if one.id == CLOSING else dt.date(today.year + 3, 8, 31)
    return EndDate(known=True, on=closes, checked_on=today)


def _events(today: dt.date) -> Iterator[Item]:
    """Sanctions past and standing; visits done, final and planned."""
    lifted = dt.date(today.year - 2, 3, 1)
    yield Sanction(
        WITHOUT_DIRECT_CLAIMS, "level 2", "Sample every unit of new assessors.", dt.date(today.year - 3, 10, 1), lifted,
        stops_direct_claims=True,
    )  # fmt: skip
    yield Sanction(
        SANCTIONED, "level 3", "Have every assessor's unit looked at.", today - dt.timedelta(days=90),
        stops_direct_claims=True, stops_claims=True,
    )  # fmt: skip
    yield Visit(CLOSED, dt.date(2018, 5, 14), VISITOR, final=True, note="Final visit.")
    visited = today - dt.timedelta(days=10)
    for qualification_id in VISITED:
        yield Visit(qualification_id, visited, VISITOR, everyone_up_to=visited, note="All claims so far authorised.")
    yield Visit(WITHOUT_DIRECT_CLAIMS, today - dt.timedelta(days=150), VISITOR, note="No action points.")
    yield Visit(WITHOUT_DIRECT_CLAIMS, today + dt.timedelta(days=30), VISITOR, done=False)
