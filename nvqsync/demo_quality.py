"""The demo college's staff record and its IQAs' releases: most learners released, and each gate shown somewhere.

What is wrong on purpose stands in qualifications that are closed anyway, or with a few learners: nobody verifies
OCR/03454; in OCR/03456 one assessor is not on record and the other's unit is overdue; in OCR/10378 one assessor is in
training and no sample signature is filed; of each twelve learners who finish, one waits for the IQA, one for an action,
one was referred, one was signed off after the IQA had looked, and one was "verified" by their own assessor.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from nvqsync import store_lms, store_quality
from nvqsync.bootstrap import App
from nvqsync.centre import Staff, StaffRole
from nvqsync.progress import LearnerProgress
from nvqsync.quality import IqaOutcome, Release, graders
from nvqsync.store import Store

STARTED = dt.date(2016, 9, 1)
NO_IQA, STRANGERS, TRAINEES = "OCR/03454", "OCR/03456", "OCR/10378"
IQAS = ("STAFF-PRICE", "STAFF-NKEMELU")
"""The invented IQAs by their Moodle ID numbers; everybody else who teaches is an assessor."""

EACH = 12
"""Of so many learners who finish, some are shown with something missing."""


@dataclass(frozen=True, slots=True)
class Team:
    """Who assesses and verifies a qualification, by Moodle id: two assessors, the IQAs."""

    assessors: tuple[str, ...]
    iqas: tuple[str, ...]


def record_quality(app: App, store: Store) -> int:
    """Record the IQAs' releases; returns how many learners were looked at."""
    teams = _teams(app, store)
    new = [
        release
        for standing in app.reader(store).standings()
        if standing.qualification.id != NO_IQA
        for release in _releases(standing.rows, teams[standing.qualification.id], app.today)
    ]
    store_quality.record_releases(store, new, by="demo", at=app.now(), why="Recorded in the demo.")
    return len(new)


def _teams(app: App, store: Store) -> dict[str, Team]:
    """Assessors by the qualification whose courses they teach; every IQA looks at all of them."""
    iqas = tuple(one.lms_id for one in store_lms.learners(store) if one.id_number in IQAS)
    found: dict[str, Team] = {}
    for mapping in app.reader(store).mappings():
        here = store_lms.members(store, mapping.course.lms_id)
        staff = [one.lms_id for one in here if not set(one.roles) & set(app.settings.moodle.learner_roles)]
        found.setdefault(mapping.qualification_id, Team(tuple(one for one in staff if one not in iqas), iqas))
    return found


def staff(teams: Mapping[str, Team], names: Mapping[str, str], today: dt.date) -> Iterator[Staff]:
    """The staff record by qualification, with what is wrong on purpose."""
    for qualification_id, team in teams.items():
        for place, lms_id in enumerate(team.assessors):
            usual = Staff(
                lms_id, names[lms_id], StaffRole.ASSESSOR, STARTED, None, qualification_id, STARTED, "", STARTED
            )  # fmt: skip
            if qualification_id == STRANGERS:
                yield from () if place else (replace(usual, qualified_on=None),)
            elif qualification_id == TRAINEES and place:
                yield replace(usual, from_on=today - dt.timedelta(days=540), qualified_on=None, signature_on=None)
            else:
                yield usual
                yield from () if qualification_id == NO_IQA else (replace(usual, role=StaffRole.IQA),)
        for lms_id in () if qualification_id == NO_IQA else team.iqas:
            yield Staff(lms_id, names[lms_id], StaffRole.IQA, STARTED, None, qualification_id, STARTED, "", STARTED)


def _releases(rows: Iterable[LearnerProgress], team: Team, today: dt.date) -> Iterator[Release]:
    done = [row for row in rows if row.verdict.met]
    for number, row in enumerate(done):
        hands = frozenset().union(*(graders(unit) for unit in row.counted))
        iqa = next((one for one in team.iqas if one not in hands), "")
        sampled = tuple(unit.unit_reference for unit in row.counted[number % 3 :: 3])
        usual = Release(row.qualification.id, iqa, today, learner_id=row.learner.lms_id, units=sampled)
        match number % EACH:
            case 3:
                continue
            case 5:
                yield replace(usual, outcome=IqaOutcome.ACTION, action="Date the second observation record.")
            case 7:
                yield replace(usual, outcome=IqaOutcome.REFERRED, action="Not enough evidence of the last unit.")
            case 9:
                yield replace(usual, on=today - dt.timedelta(days=200))
            case 11:
                yield replace(usual, iqa_id=team.assessors[0])
            case _ if iqa:
                yield usual
