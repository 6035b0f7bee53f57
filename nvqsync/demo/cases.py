"""The cases of the demo college: which learner shows what, and how it comes about. Data; nothing here looks at nvqsync.

Most learners stay ordinary. A case is played by one who finished without anything unusual, in the order of the list;
what has to be so for a whole qualification stands in ``centre``. With fewer learners the last cases are left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from connectors.moodle.simulator.records import Finisher
from nvqsync.check_characters import uci_check_letter
from nvqsync.demo import deeds, desk
from nvqsync.demo.deeds import Deed
from nvqsync.demo.desk import Entry
from nvqsync.holding import HoldCode

Row = Mapping[str, Any]
Registered = Callable[[Row, dt.date], list[Row]]
"""A learner's row of the register as it should be, and today: the rows as they are in this case, if any."""

EDI, NCFE, CERTIFICATE = "EDI/L2-CS", "NCFE/50102874", "OCR/10378"
LEVEL_1, LEVEL_2, LEVEL_3 = "OCR/03454", "OCR/03455", "OCR/03456"


class Iqa(StrEnum):
    """What the IQA made of the learner's evidence."""

    AGREED = "agreed"
    NOBODY = "nobody looked"
    ACTION = "asked for action"
    REFERRED = "referred"
    BEFORE = "looked before the last unit was signed off"
    OWN = "looked at their own assessment"


def as_it_is(row: Row, today: dt.date) -> list[Row]:
    """Registered like everyone else."""
    return [row]


@dataclass(frozen=True, slots=True)
class Case:
    """One learner's case: the gates it shows (or another word for it), and how it comes about.

    ``before`` happens in Moodle before the first reading, ``recorded`` in nvqsync after it, ``after`` in nvqsync once
    the bodies have answered, ``later`` in Moodle the next day, ``finally_`` in nvqsync after that was read. ``unit`` is
    one that the learner must have taken, ``along_with`` the case it is told together with. ``kept_back``: nobody
    approves the claim meanwhile.
    """

    name: str
    qualification: str
    shows: tuple[str, ...]
    says: str
    before: tuple[Deed, ...] = ()
    registered: Registered = as_it_is
    iqa: Iqa = Iqa.AGREED
    recorded: tuple[Entry, ...] = ()
    after: tuple[Entry, ...] = ()
    later: tuple[Deed, ...] = ()
    finally_: tuple[Entry, ...] = ()
    unit: str = ""
    along_with: str = ""
    kept_back: bool = False


@dataclass(frozen=True, slots=True)
class Player:
    """A case and the learner who plays it."""

    case: Case
    learner: Finisher

    @property
    def lms_id(self) -> str:
        """The learner by Moodle id, as nvqsync writes it."""
        return str(self.learner.user_id)


def cast(finishers: Iterable[Finisher]) -> tuple[Player, ...]:
    """Who plays what: the last who finished the qualification (and took the unit) and plays nothing yet."""
    free, players = list(finishers)[::-1], []
    for case in CASES:
        fit = (
            one for one in free if one.qualification == case.qualification and (case.unit or one.units[0]) in one.units
        )
        if (found := next(fit, None)) is not None:
            free.remove(found)
            players.append(Player(case, found))
    return tuple(players)


# ---------------------------------------------------------------- registrations otherwise


def unregistered(row: Row, today: dt.date) -> list[Row]:
    """Nobody told the body."""
    return []


def reading(**columns: object) -> Registered:
    """Registered with other things in these columns."""
    return lambda row, today: [{**row, **columns}]


def days_ago(column: str, days: int) -> Registered:
    """Registered with a day so many days ago in a column."""
    return lambda row, today: [{**row, column: today - dt.timedelta(days=days)}]


def aged_at_registration(years: int) -> Registered:
    """Registered at this age, or half a year more."""

    def registered(row: Row, today: dt.date) -> list[Row]:
        born = row["registered_on"] - dt.timedelta(days=365 * years + years // 4 + 180)
        return [{**row, "date_of_birth": born}]

    return registered


def also_for(qualification: str, number: str) -> Registered:
    """Registered here, and for units of another qualification under another number, or none."""

    def registered(row: Row, today: dt.date) -> list[Row]:
        return [row, {**row, "qualification": qualification, "entry": "units", "candidate_number": number}]

    return registered


def _mistyped_uci() -> str:
    digits = "987650260001"
    right = uci_check_letter(digits)
    return digits + ("B" if right == "A" else "A")


# ---------------------------------------------------------------- the cases

_ON_EDI = (
    Case("not looked at", EDI, ("IQA-1",), "No IQA has looked at the evidence.", iqa=Iqa.NOBODY),
    Case("since the visit", EDI, ("SIGN-OFF/advisor",), "A unit was signed off after the Quality Advisor's visit.",
         (deeds.graded_lately,)),
    Case("a site without a number", EDI, ("ENT-2/centre",), "Registered at a site for which EDI has given no number.",
         registered=reading(site="Riverside")),
    Case("registration over", EDI, ("ENT-2/end",), "The registration ended yesterday.", registered=days_ago("end", 1)),
    Case("no assessor named", EDI, ("CLM-7", "LMS-4", "STAFF-2/unknown"), "Moodle names nobody for a grade.",
         (deeds.graded_by_nobody,)),
    Case("mistyped UCI", EDI, ("ID-11",), "The candidate's UCI has a wrong check letter.",
         registered=reading(candidate_number=_mistyped_uci())),
    Case("suspended", EDI, ("LMS-2",), "Suspended on the course, and nobody said whether they left.",
         (deeds.suspended,)),
    Case("on hold", EDI, ("held by a person",), "Held with a code, because the name is being checked.",
         after=(desk.hold(HoldCode.DETAILS_QUERIED, "The name is being checked."),), kept_back=True),
)  # fmt: skip

_ON_NCFE = (
    Case("after the visit", NCFE, ("SIGN-OFF/eqa",), "A unit was signed off after the external quality assurer came.",
         (deeds.graded_lately,)),
    Case("action", NCFE, ("IQA-1/action",), "The IQA asked for action that is not done.", iqa=Iqa.ACTION),
    Case("credit transfer", NCFE, ("elsewhere",), "One unit counts by credit transfer.", (deeds.without("T/601/1509"),),
         recorded=(desk.credit_transfer,)),
    Case("no date of birth", NCFE, ("ID-10",), "No date of birth in Moodle or in the registration.",
         (deeds.profile(dob=""),), registered=reading(date_of_birth="")),
    Case("hidden", NCFE, ("LMS-6",), "Rests on an activity that is hidden in Moodle.",
         (deeds.instead("@P", visible=False),)),
    Case("reopened", NCFE, ("LMS-7",), "Another attempt is open on a grade that counts.", later=(deeds.reopened,),
         kept_back=True),
    Case("too late for NCFE", NCFE, ("ENT-5",), "Not claimed before the end of accreditation was put right.",
         kept_back=True),
)  # fmt: skip

_ON_LEVEL_2 = (
    Case("simulated", LEVEL_2, ("SIM-1/level",), "Simulated evidence, agreed beforehand and sampled.",
         (deeds.instead("@S", "C2"),), recorded=(desk.simulation("C2", sampled=True),), unit="C2"),
    Case("simulated, not agreed", LEVEL_2, ("SIM-3",), "Simulated evidence to which no IQA agreed.",
         (deeds.instead("@s", "C2"),), unit="C2"),
    Case("simulated, not sampled", LEVEL_2, ("SIM-4",), "Simulated evidence, agreed but not sampled.",
         (deeds.instead("@S", "C1"),), recorded=(desk.simulation("C1", sampled=False),), unit="C1"),
    Case("progression", LEVEL_2, ("progression",), "A unit of the Level 1 award counts again, after one confirmation.",
         (deeds.without("F2"), deeds.also_on(LEVEL_1, "F2", own_assessor=True)), recorded=(desk.progression,)),
    Case("number lost", LEVEL_2, ("ID-09",), "Has a certificate of OCR, and is registered elsewhere with no number.",
         (deeds.also_on(CERTIFICATE, "16"),), registered=also_for(CERTIFICATE, ""),
         after=(desk.claim_units(CERTIFICATE),)),
    Case("two numbers", LEVEL_2, ("ID-09/two",), "Registered with OCR under two numbers.",
         (deeds.also_on(CERTIFICATE, "14"),), registered=also_for(CERTIFICATE, "20304050"),
         recorded=(desk.claim_units(CERTIFICATE),), kept_back=True),
    Case("recall", LEVEL_2, ("CERT-1",), "Certificated, and then a grade is lost: a recall notice.",
         later=(deeds.grade_lost,)),
    Case("keyed by hand", LEVEL_2, ("keyed by hand",), "Keyed by hand, certificated, received and handed over.",
         after=(desk.keyed_by_hand,), kept_back=True),
)  # fmt: skip

_ON_CERTIFICATE = (
    Case("witnesses alone", CERTIFICATE, ("EV-4",), "A unit rests on witness testimony alone.",
         (deeds.instead("@WT"),)),
    Case("simulated, no reason", CERTIFICATE, ("SIM-6",), "Simulated evidence of which nothing is recorded.",
         (deeds.instead("@S", "2"),)),
    Case("simulated, with reason", CERTIFICATE, ("ocr/assessment-10378",), "Simulated evidence with all its records.",
         (deeds.instead("@SIM", "2"),), recorded=(desk.simulation("2", sampled=True),)),
    Case("referred", CERTIFICATE, ("IQA-1/referred",), "The IQA referred the evidence.", iqa=Iqa.REFERRED),
    Case("looked too early", CERTIFICATE, ("IQA-1/since",), "The IQA looked before the last unit was signed off.",
         iqa=Iqa.BEFORE),
    Case("own work", CERTIFICATE, ("STAFF-2",), "An assessor verified their own assessment.", iqa=Iqa.OWN),
    Case("a unit too early", CERTIFICATE, ("CLM-2",), "A unit was claimed by itself, and then the award came.",
         (deeds.without("1"),), recorded=(desk.claim_units(),), later=(deeds.finished_today,),
         finally_=(desk.Desk.settle,), kept_back=True),
    Case("leaver", CERTIFICATE, ("leaver",), "Left with what is achieved: the units are claimed.",
         (deeds.without("1"), deeds.suspended), recorded=(desk.has_left, desk.claim_units())),
    Case("source gone", CERTIFICATE, ("LMS-3",), "An assignment was deleted with the grade that counts.",
         (deeds.instead("@OB"),), later=(deeds.deleted("@OB"),), kept_back=True),
    Case("source gone, confirmed", CERTIFICATE, ("LMS-9",), "The same, and a person confirmed the grade.",
         (deeds.instead("@PD"),), later=(deeds.deleted("@PD"),), finally_=(desk.lost_grade_stands,), kept_back=True),
)  # fmt: skip

_ON_LEVEL_3 = (
    Case("entered for units", LEVEL_3, ("ENT-1",), "Entered for units, and the whole award is achieved.",
         registered=reading(entry="units")),
    Case("the centre's number", LEVEL_3, ("ID-10/number",), "Registered under a number of the centre's own.",
         recorded=(desk.number_copied_in("0042"),)),
    Case("no assessor in the record", LEVEL_3, ("CAR-1",), "The assessment record names nobody for a unit.",
         (deeds.graded_by_nobody,)),
    Case("resubmitted", LEVEL_3, ("UNIT-5", "ocr/resubmissions"), "A unit was resubmitted twice.",
         (deeds.resubmitted_twice,)),
    Case("witnesses", LEVEL_3, ("EV-4/nvq",), "A unit of the NVQ rests on witness testimony alone.",
         (deeds.instead("@EWT"),)),
    Case("too young", LEVEL_3, ("ENT-7",), "Not yet 16 at registration.", registered=aged_at_registration(15)),
    Case("course renamed", LEVEL_3, ("LMS-8",), "A course lost the ID number by which it was followed.",
         (deeds.on_a_course_of_its_own("saturday"),), later=(deeds.course_renamed("saturday"),)),
)  # fmt: skip

_ON_LEVEL_1 = (
    Case("wrong ULN", LEVEL_1, ("ID-05",), "The ULN's check digit does not fit.", (deeds.profile(uln="1000000001"),),
         registered=reading(uln="1000000001")),
    Case("no ULN", LEVEL_1, ("ID-06",), "No ULN in Moodle or in the registration.", (deeds.profile(uln=""),),
         registered=reading(uln="")),
    Case("whose ULN", LEVEL_1, ("ID-05/shared",), "Two accounts carry one ULN, and nobody said whose it is."),
    Case("whose ULN, too", LEVEL_1, ("ID-05/shared",), "The other account with that ULN.", (deeds.same_uln,),
         along_with="whose ULN"),
    Case("their ULN", LEVEL_1, ("a shared ULN resolved",), "The account whose ULN it is, as a person recorded.",
         recorded=(desk.owns_uln,)),
    Case("another's ULN", LEVEL_1, ("ID-05/registered", "ID-06/other"), "Carries the ULN of the one before.",
         (deeds.same_uln,), along_with="their ULN"),
    Case("another name", LEVEL_1, ("ID-10/name",), "Registered under another name than Moodle's.",
         registered=reading(name="Robin Exampleton")),
    Case("registered late", LEVEL_1, ("REG-1",), "Units were signed off before the registration.",
         registered=days_ago("registered_on", 60)),
    Case("no longer met", LEVEL_1, ("CLM-1",), "A grade was lost under a claim that waits.", later=(deeds.grade_lost,)),
    Case("unit lost", LEVEL_1, ("CLM-1/units",), "A unit claimed by itself is no longer achieved.",
         (deeds.without("F2"),), recorded=(desk.claim_units(),), later=(deeds.grade_lost,)),
)  # fmt: skip

CASES: tuple[Case, ...] = (*_ON_EDI, *_ON_NCFE, *_ON_LEVEL_2, *_ON_CERTIFICATE, *_ON_LEVEL_3, *_ON_LEVEL_1)
"""Every case, in the order in which they are cast."""

BESIDE: Mapping[str, str] = {
    "CERT-1": "Certificated, and then a grade is lost.",
    "CLM-5": "OCR/03454: the final visit was in 2018, and nobody recorded that direct claims ended with it.",
    "CLM-5/visit": "OCR/03455 closes soon, and no final visit is planned.",
    "ENT-2": "Finished, and nobody registered them.",
    "ENT-2/approval": "OCR/03454: the centre's approval is not on record.",
    "ENT-4": "OCR/03456 takes no entries, and the day of its last ones is not on record.",
    "ENT-5/soon": "NCFE: certificated while accreditation was thought to have ended ten months ago.",
    "ENT-6": "OCR/03454 and OCR/03456 closed years ago.",
    "ENT-6/entry": "Registered after the last day for registrations.",
    "ENT-6/soon": "OCR/03455 closes in less than three months.",
    "EV/method": "Some evidence has no method code; so it is with most claims.",
    "LMS-1": "A grade was overridden in the gradebook.",
    "LMS-5": "A unit rests on team work too.",
    "ROC": "Credit transfer and progression are named where the verdict rests on them.",
    "STAFF-1": "OCR/03454 has no IQA on record.",
    "STAFF-4": "OCR/03456: an assessor has had no unit for years.",
    "STAFF-4/due": "OCR/10378: an assessor's 18 months are nearly over.",
    "STAFF-5": "OCR/10378: an assessor holds no award yet.",
    "STAFF-6": "OCR/10378: an assessor's sample signature is not on file.",
    "UNIT-4": "OCR/03456: an assessor is not on record.",
    "VIS-3": "OCR/03456 is under a sanction that stops claims.",
}
"""What no learner's case shows but the way the college is: whole qualifications, or many learners."""

NOT_SHOWN: Mapping[str, str] = {}
"""Gates and declarations that no claim of the demo shows, each with the reason."""
