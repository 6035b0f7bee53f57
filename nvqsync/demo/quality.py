"""The demo college's staff record and its IQAs' releases: most learners are released, some cases otherwise.

What is wrong on purpose with staff stands in qualifications of its own: nobody verifies OCR/03454; in OCR/03456 one
assessor is not on record and the other's unit is overdue; in OCR/10378 one assessor is in training and no sample
signature of theirs is filed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from nvqsync.bootstrap import App
from nvqsync.centre import Staff, StaffRole
from nvqsync.demo.cases import Iqa, Player
from nvqsync.progress import LearnerProgress
from nvqsync.quality import IqaOutcome, Release, graders
from nvqsync.storage import store_quality
from nvqsync.store import Store

STARTED = dt.date(2016, 9, 1)
NO_IQA, STRANGERS, TRAINEES = "OCR/03454", "OCR/03456", "OCR/10378"


@dataclass(frozen=True, slots=True)
class Team:
    """Who assesses and verifies a qualification, by Moodle id: two assessors, the IQAs."""

    assessors: tuple[str, ...]
    iqas: tuple[str, ...]


def record_quality(app: App, store: Store, teams: Mapping[str, Team], players: Iterable[Player]) -> int:
    """Record the IQAs' releases; returns how many learners were looked at."""
    cases = {(player.lms_id, player.case.qualification): player.case.iqa for player in players}
    new = [
        release
        for standing in app.reader(store).standings([one for one in teams if one != NO_IQA])
        for release in _releases(standing.rows, teams[standing.qualification.id], cases, app.today)
    ]
    store_quality.record_releases(store, new, by="demo", at=app.now(), why="Recorded in the demo.")
    return len(new)


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


def _releases(
    rows: Iterable[LearnerProgress], team: Team, cases: Mapping[tuple[str, str], Iqa], today: dt.date
) -> Iterator[Release]:
    """What the IQAs made of everyone who finished or plays a case."""
    wanted = [row for row in rows if row.verdict.met or (row.learner.lms_id, row.qualification.id) in cases]
    for number, row in enumerate(wanted):
        found = cases.get((row.learner.lms_id, row.qualification.id), Iqa.AGREED)
        if release := _release(row, number, team, found, today):
            yield release


def _release(row: LearnerProgress, number: int, team: Team, found: Iqa, today: dt.date) -> Release | None:
    hands = frozenset().union(*(graders(unit) for unit in row.counted))
    iqa = next((one for one in team.iqas if one not in hands), team.iqas[0])
    sampled = tuple(unit.unit_reference for unit in row.counted[number % 3 :: 3])
    usual = Release(row.qualification.id, iqa, today, learner_id=row.learner.lms_id, units=sampled)
    match found:
        case Iqa.NOBODY:
            return None
        case Iqa.ACTION:
            return replace(usual, outcome=IqaOutcome.ACTION, action="Date the second observation record.")
        case Iqa.REFERRED:
            return replace(usual, outcome=IqaOutcome.REFERRED, action="Not enough evidence of the last unit.")
        case Iqa.BEFORE:
            return replace(usual, on=today - dt.timedelta(days=200))
        case Iqa.OWN:
            return replace(usual, iqa_id=team.assessors[0])
        case _:
            return usual
