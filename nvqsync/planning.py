"""What changed between what we knew and what was just read, decided before anything is written.

Absence is never taken for withdrawal: a grade that is no longer shown is marked ``gone`` and its decisions stand until
a person looks. An item that the LMS did not answer for, a learner who left the roster, and a grade outside what the
reading covers prove nothing at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import overload

from nvqsync.columns import Columns
from nvqsync.errors import LmsUnreadable
from nvqsync.model import Assessed, CourseReading, Notice, Observation

GradeKey = tuple[str, str]
"""An item's id and a learner's id: where one grade lives."""


class ChangeKind(StrEnum):
    """How a grade differs from what we knew."""

    APPEARED = "appeared"
    ALTERED = "altered"
    VANISHED = "vanished"


@dataclass(frozen=True, slots=True)
class GradeChange:
    """One grade that differs: what we knew (``None`` when new) and what we know now."""

    kind: ChangeKind
    before: Assessed | None
    after: Assessed

    @property
    def key(self) -> GradeKey:
        """Where the grade lives."""
        return self.after.observation.item_id, self.after.observation.learner_id


class FirstGrades(Sequence[GradeChange]):
    """The changes of a first reading: every grade appeared. Made one by one only where somebody looks at them.

    A college's first pass has a hundred thousand of these, and all that is done with most is to be written down.
    """

    def __init__(self, observations: Sequence[Observation]) -> None:
        self.observations = observations

    def __len__(self) -> int:
        return len(self.observations)

    @overload
    def __getitem__(self, place: int) -> GradeChange: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[GradeChange]: ...
    def __getitem__(self, place: int | slice) -> GradeChange | Sequence[GradeChange]:
        if isinstance(place, slice):
            return FirstGrades(self.observations[place])
        seen = self.observations[place]
        return GradeChange(ChangeKind.APPEARED, None, remember(None, seen))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))


@dataclass(frozen=True, slots=True)
class VanishGuard:
    """How much of a course may vanish at once before a person is asked: a share, and a number always allowed."""

    share: float = 0.5
    least: int = 10

    def trips(self, vanished: int, known: int) -> bool:
        """Whether losing ``vanished`` of ``known`` is more than should happen unseen."""
        return vanished > self.least and vanished > self.share * known


def same_judgement(left: Observation, right: Observation) -> bool:
    """Whether two readings of one grade are the same decision by an assessor, whoever saved it last."""
    return (left.grade, left.rows, left.attempt) == (right.grade, right.rows, right.attempt)


def remember(known: Assessed | None, seen: Observation) -> Assessed:
    """What we know of a grade once ``seen`` was read: who gave it stays, unless the grade or its rows changed."""
    if known is None:
        return Assessed(seen, seen.grader_id, (seen.grader_id,) if seen.grader_id else (), seen.graded_at)
    earlier = known.graders_seen
    graders = tuple(dict.fromkeys([*earlier, *([seen.grader_id] if seen.grader_id else [])]))
    if same_judgement(known.observation, seen):
        return Assessed(seen, known.assessor_id, graders, known.decided_at)
    return Assessed(seen, seen.grader_id, graders, seen.graded_at)


def _appeared_or_altered(
    known: Mapping[GradeKey, Assessed], observations: Sequence[Observation]
) -> Iterator[GradeChange]:
    for told in observations:
        before = known.get((told.item_id, told.learner_id))
        seen = told if before is None else _carried(before.observation, told)
        if before is None:
            yield GradeChange(ChangeKind.APPEARED, None, remember(None, seen))  # graded for the first time
        elif before.gone or before.observation != seen:
            yield GradeChange(ChangeKind.ALTERED, before, remember(before, seen))  # regraded, released, or back again


def _carried(before: Observation, told: Observation) -> Observation:
    """What was told, with what it leaves open kept: an unread gradebook says what it said before."""
    if told.gradebook is None and before.gradebook is not None:
        return told._replace(gradebook=before.gradebook)
    return told


def _told(reading: CourseReading) -> set[GradeKey]:
    items, learners, *_ = Columns.of(Observation, reading.observations).columns
    return set(zip(items, learners, strict=True))


def _moved_in_workflow(known: Mapping[GradeKey, Assessed], reading: CourseReading) -> Iterator[GradeChange]:
    told = _told(reading)
    for item_id, states in reading.states.items():
        for learner_id, state in states.items():
            key = (item_id, learner_id)
            before = known.get(key)
            if before is None or before.gone or key in told or before.observation.resubmitting:
                continue
            if before.observation.workflow_state != state:
                seen = before.observation._replace(workflow_state=state)
                yield GradeChange(ChangeKind.ALTERED, before, remember(before, seen))  # a flag alone bumps no time


def _vanished(known: Mapping[GradeKey, Assessed], reading: CourseReading) -> Iterator[GradeChange]:
    told = _told(reading)
    roster = {member.lms_id for member in reading.members}
    listed, unread = {item.lms_id for item in reading.items}, set(reading.unread_items)
    for key, before in known.items():
        item_id, learner_id = key
        if key in told or before.gone or item_id in unread:
            continue
        if learner_id not in roster or not reading.covers.speaks_of(learner_id):
            continue
        if item_id not in listed or reading.covers.all_grades_of(item_id):
            yield GradeChange(ChangeKind.VANISHED, before, replace(before, gone=True))  # its assignment deleted


def plan(
    known: Mapping[GradeKey, Assessed], reading: CourseReading, unlike: Sequence[Observation] | None = None
) -> Sequence[GradeChange]:
    """Every grade of one course that differs from what we knew, in a stable order.

    ``known`` holds the grades stored for the course, as far as the reading speaks of them. ``unlike`` are those of its
    observations that are not known exactly so already (``None``: any of them); what is, is missing from ``known`` too.
    Nothing is decided about grades the reading could not see. Raises ``LmsUnreadable`` for a grade of an item or person
    that is not among those read: nobody could say what it is worth.
    """
    _make_sure_of(reading)
    observations = reading.observations if unlike is None else unlike
    if not known:
        return FirstGrades(observations)
    changes = [
        *_appeared_or_altered(known, observations),
        *_moved_in_workflow(known, reading),
        *_vanished(known, reading),
    ]
    return tuple(sorted(changes, key=lambda change: change.key))


def _make_sure_of(reading: CourseReading) -> None:
    """The tables do not ask whether a grade's item and learner exist: that takes a quarter of all writing."""
    item_ids, learner_ids, *_ = Columns.of(Observation, reading.observations).columns
    items = set(item_ids) - {item.lms_id for item in reading.items}
    people = set(learner_ids) - {member.lms_id for member in reading.members}
    if items or people:
        what = f"item {min(items)}" if items else f"learner {min(people)}"
        says = f"There are grades of {what}, which is not part of course {reading.course.lms_id} as it was read."
        raise LmsUnreadable(says, "Nothing was taken from this reading. Tell the makers of the LMS connector.")


def counted(changes: Sequence[GradeChange]) -> Counter[ChangeKind]:
    """How many changes there are of each kind."""
    if isinstance(changes, FirstGrades):
        return Counter({ChangeKind.APPEARED: len(changes)})
    return Counter(change.kind for change in changes)


def vanished(changes: Sequence[GradeChange]) -> int:
    """How many of the changes are grades that are no longer shown."""
    return counted(changes)[ChangeKind.VANISHED]


def without(reading: CourseReading, anonymised: Collection[str]) -> CourseReading:
    """A reading without those who were anonymised, with a notice for each who is back on the roster.

    Nothing of them is taken up before a person says that they study here again.
    """
    back = sorted({member.lms_id for member in reading.members} & set(anonymised))
    if not anonymised:
        return reading
    notices = tuple(
        Notice(
            "anonymised-returned",
            f"Moodle id {one} is on the roster again; their earlier records were anonymised, and nothing of them is "
            f"read. If they study here again: 'nvqsync retention readmit {one} --why ...'.",
            reading.course.lms_id,
            learner_id=one,
        )
        for one in back
    )
    return replace(
        reading,
        members=tuple(member for member in reading.members if member.lms_id not in anonymised),
        observations=tuple(seen for seen in reading.observations if seen.learner_id not in anonymised),
        notices=(*reading.notices, *notices),
    )
