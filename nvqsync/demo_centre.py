"""What the demo's invented college has on record about itself, as the file that ``nvqsync centre import`` takes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from nvqsync.centre import Account, EndDate, Sanction, Staff, Visit
from nvqsync.centre_record import Approval, CentreNumber, CentreRecord, Item
from nvqsync.model import Qualification

CENTRE_NUMBERS = {"OCR": "12345", "EDI": "98765", "NCFE": "45678"}
DIRECT_CLAIMS = ("OCR/03455", "NCFE/50102874", "EDI/L2-CS")
WITHOUT_DIRECT_CLAIMS = "OCR/10378"
APPROVED = dt.date(2015, 9, 1)
VISITOR = "Ottilie Brandt"


def centre_record(
    qualifications: Iterable[Qualification], staff: Iterable[Staff], accounts: Iterable[str],
    today: dt.date,
) -> CentreRecord:  # fmt: skip
    """A centre that lacks nothing but what its ``staff`` lack; ``accounts`` are nobody in Moodle."""
    items: list[Item] = [CentreNumber(body, number) for body, number in CENTRE_NUMBERS.items()]
    items += [_approval(one, today) for one in qualifications]
    items += staff
    items += [Account(name, no_lms_user=True) for name in dict.fromkeys(accounts)]
    items += _events(today)
    return CentreRecord().with_items(*items)


def _approval(one: Qualification, today: dt.date) -> Approval:
    direct = dt.date(2020, 9, 1) if one.id in DIRECT_CLAIMS else None
    none = EndDate(known=True, checked_on=today)
    closes = EndDate(known=True, on=dt.date(today.year + 3, 8, 31), checked_on=today)
    return Approval(
        one.id, APPROVED, direct, None,
        none if one.registration_end_on is None and not one.registration_closed else EndDate(),
        closes if one.certification_end_on is None else EndDate(),
    )  # fmt: skip


def _events(today: dt.date) -> Iterator[Item]:
    """A sanction of long ago, a visit done and one planned: what a qualification without direct claims lives with."""
    lifted = dt.date(today.year - 2, 3, 1)
    yield Sanction(
        WITHOUT_DIRECT_CLAIMS, "level 2", "Sample every unit of new assessors.", dt.date(today.year - 3, 10, 1), lifted,
        stops_direct_claims=True,
    )  # fmt: skip
    yield Visit(WITHOUT_DIRECT_CLAIMS, today - dt.timedelta(days=150), VISITOR, note="No action points.")
    yield Visit(WITHOUT_DIRECT_CLAIMS, today + dt.timedelta(days=30), VISITOR, done=False)
