"""What a centre records about itself: approvals, direct claim status, sanctions, visits, staff. Records only; pure.

All of it is entered with ``nvqsync centre`` and kept in the database with who recorded it and when. A fact that is
missing blocks the claims that need it, by name; nothing is assumed.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class EndDate:
    """A closing date as far as it is known: ``known`` with no ``on`` means that there is none.

    ``checked_on`` is the day a person looked it up in the regulator's register; a published date has none.
    """

    known: bool = False
    on: dt.date | None = None
    checked_on: dt.date | None = None

    def passed(self, today: dt.date) -> bool:
        """Whether ``today`` is after the date. The date itself is the last good day."""
        return self.on is not None and today > self.on

    def __str__(self) -> str:
        """The date, ``none``, or nothing at all, with the day it was checked."""
        if not self.known:
            return ""
        return f"{self.on or 'none'}{f', checked on {self.checked_on}' if self.checked_on else ''}"


class StaffRole(StrEnum):
    """What somebody does for a qualification."""

    ASSESSOR = "assessor"
    IQA = "iqa"


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody who assesses or verifies, by Moodle user id. No ``qualification_id``: for every qualification.

    ``qualified_on`` is the day they gained the assessor's or verifier's unit; without it they need a ``countersigner``
    (the Moodle id of someone qualified). ``signature_on`` is the day their sample signature was filed. Both ends of
    ``from_on`` and ``to_on`` are inclusive.
    """

    lms_id: str
    name: str
    role: StaffRole
    from_on: dt.date
    to_on: dt.date | None = None
    qualification_id: str = ""
    qualified_on: dt.date | None = None
    countersigner: str = ""
    signature_on: dt.date | None = None
    id: int = 0

    def serves(self, qualification_id: str, on: dt.date) -> bool:
        """Whether they act for a qualification on a day."""
        in_time = self.from_on <= on and (self.to_on is None or on <= self.to_on)
        return in_time and self.qualification_id in ("", qualification_id)


@dataclass(frozen=True, slots=True)
class Sanction:
    """What a body imposed on the centre for a qualification, the actions it asked for, and until when it stands.

    ``stops_direct_claims``: claims go to the external quality assurer again; ``stops_claims``: nothing may be claimed.
    """

    qualification_id: str
    level: str
    actions: str
    from_on: dt.date
    lifted_on: dt.date | None = None
    stops_direct_claims: bool = False
    stops_claims: bool = False
    id: int = 0

    def stands(self, on: dt.date) -> bool:
        """Whether it is in force on a day. The day it is lifted is free of it."""
        return self.from_on <= on and (self.lifted_on is None or on < self.lifted_on)


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit, planned or done, by a body's external quality assurer (EDI: Quality Advisor), and what it authorised.

    ``learners`` are those whose claims it authorised, by LMS id; ``everyone_up_to`` authorises every unit signed off
    on or before that day. ``final`` is the last visit before a qualification closes.
    """

    qualification_id: str
    on: dt.date
    visitor: str
    done: bool = True
    final: bool = False
    learners: tuple[str, ...] = ()
    everyone_up_to: dt.date | None = None
    note: str = ""
    id: int = 0

    def authorises(self, learner_id: str, achieved_on: dt.date | None) -> bool:
        """Whether it authorised a claim of this learner resting on units signed off by ``achieved_on``.

        Nobody authorises what was not there yet: a unit signed off after the visit needs another one.
        """
        up_to = self.on if learner_id in self.learners else self.everyone_up_to
        return self.done and up_to is not None and achieved_on is not None and achieved_on <= up_to


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who uses nvqsync: ``name`` is the system account, ``lms_id`` their Moodle user.

    ``no_lms_user`` records that they have none. An account with neither may not approve a claim.
    """

    name: str
    lms_id: str = ""
    no_lms_user: bool = False

    @property
    def known(self) -> bool:
        """Whether it is on record who this is in Moodle, or that they are nobody there."""
        return bool(self.lms_id) or self.no_lms_user


@dataclass(frozen=True, slots=True)
class CentreFacts:
    """What the centre has on record about itself and one qualification.

    ``centre_number`` is the one of the registration's site. ``staff``, ``sanctions`` and ``visits`` are those that
    concern the qualification, of any day.
    """

    centre_number: str = ""
    approved_on: dt.date | None = None
    direct_claim_from: dt.date | None = None
    direct_claim_to: dt.date | None = None
    registration_end: EndDate = EndDate()
    certification_end: EndDate = EndDate()
    iqa_by_cohort: bool = False
    staff: tuple[Staff, ...] = ()
    sanctions: tuple[Sanction, ...] = ()
    visits: tuple[Visit, ...] = ()

    def direct_claims(self, today: dt.date) -> bool:
        """Whether the centre holds direct claim status on that day (ends inclusive) and no sanction suspends it."""
        start, end = self.direct_claim_from, self.direct_claim_to
        held = start is not None and start <= today and (end is None or today <= end)
        return held and not any(one.stops_direct_claims and one.stands(today) for one in self.sanctions)
