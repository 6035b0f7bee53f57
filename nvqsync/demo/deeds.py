"""What happens in the demo's simulated Moodle to the learner of a case: each deed takes the scene and does one thing.

A deed is done before the first reading or on the day after it, through the same doors as a tutor's click, so that
nothing here knows what nvqsync makes of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from connectors.moodle.simulator.coursework import DAY
from connectors.moodle.simulator.records import Assignment, Course, Finisher
from connectors.moodle.simulator.state import College

NOT_YET, COMPETENT = 1, 2
NOBODY = -1
"""Places on the college's scale, and how Moodle writes that nobody graded."""


@dataclass(frozen=True, slots=True)
class Scene:
    """The college, the learner of a case, and the learner of the case it is told together with, if any."""

    college: College
    learner: Finisher
    other: Finisher | None = None

    @property
    def course(self) -> Course:
        """The course on which the learner finished."""
        return self.college.courses[self.learner.course_id]

    def ago(self, days: int) -> int:
        """A moment so many days before the college's present."""
        return self.college.clock.now() - days * DAY

    def pieces(self, unit: str, course: Course | None = None) -> list[Assignment]:
        """The assignments of one unit on a course, without those that stand for several units."""
        place = course or self.course
        every = (self.college.assignments[number] for number in place.assignment_ids)
        return [one for one in every if ";" not in one.id_number and re.split("[:@]", one.id_number)[0] == unit]

    def graded(self, unit: str) -> list[Assignment]:
        """Those of them in which the learner has a grade."""
        return [one for one in self.pieces(unit) if self.learner.user_id in one.grades]

    def plain_unit(self) -> str:
        """The last of the learner's units that rests on a single grade."""
        return next(unit for unit in reversed(self.learner.units) if len(self.graded(unit)) == 1)


Deed = Callable[[Scene], None]


def profile(**facts: str) -> Deed:
    """Write other things into the learner's profile; an empty text clears a field."""

    def deed(scene: Scene) -> None:
        scene.college.user(scene.learner.user_id).profile.update(facts)

    return deed


def same_uln(scene: Scene) -> None:
    """The learner's profile carries the other learner's ULN."""
    assert scene.other is not None  # noqa: S101  (the cases name each other)
    uln = scene.college.user(scene.other.user_id).profile["uln"]
    scene.college.user(scene.learner.user_id).profile["uln"] = uln


def without(unit: str = "") -> Deed:
    """The learner never did one unit."""

    def deed(scene: Scene) -> None:
        _take_off(scene, unit or scene.plain_unit())

    return deed


def _take_off(scene: Scene, unit: str) -> int:
    """Everything of the learner in one unit goes; returns when its last grade was given."""
    who, moment = scene.learner.user_id, 0
    for piece in scene.graded(unit):
        moment = max(moment, piece.grades[who][-1].time_modified)
        tables: tuple[dict[int, Any], ...] = (piece.grades, piece.submissions, piece.flags, piece.cells)
        for table in tables:
            table.pop(who, None)
    return moment


def instead(tail: str, unit: str = "", *, visible: bool = True) -> Deed:
    """One unit was assessed by an assignment of the learner's own; ``tail`` ends its ID number: ``@S``."""

    def deed(scene: Scene) -> None:
        code = unit or scene.plain_unit()
        moment = _take_off(scene, code)
        made = _own(scene, scene.course, f"{code}{tail}", visible=visible)
        scene.college.grade(made, scene.learner.user_id, COMPETENT, grader=scene.learner.assessors[0], at=moment)

    return deed


def _own(scene: Scene, course: Course, id_number: str, *, visible: bool = True) -> Assignment:
    scale = next(one.id for one in scene.college.scales.values() if one.name == "Competence")
    settings: dict[str, Any] = {"reopen": "manual", "max_attempts": 3, "visible": visible}
    name = f"{id_number} by arrangement"
    return scene.college.add_assignment(course, name, id_number, grade=-scale, at=course.time_created, **settings)


def on_a_course_of_its_own(suffix: str) -> Deed:
    """One unit was assessed on a small course beside the usual one."""

    def deed(scene: Scene) -> None:
        college, usual, code = scene.college, scene.course, scene.plain_unit()
        moment = _take_off(scene, code)
        number = f"{scene.learner.qualification}#{suffix}"
        course = college.add_course(
            f"{usual.short_name}-{suffix.upper()}", f"{usual.full_name} ({suffix})", number, at=usual.time_created,
            start=usual.start, end=usual.end,
        )  # fmt: skip
        for enrolment in usual.enrolments.values():
            if enrolment.role != "student":
                college.enrol(course, enrolment.user_id, enrolment.role)
        college.enrol(course, scene.learner.user_id)
        made = _own(scene, course, code)
        college.grade(made, scene.learner.user_id, COMPETENT, grader=scene.learner.assessors[0], at=moment)

    return deed


def course_renamed(suffix: str) -> Deed:
    """The small course loses the ID number by which it was followed."""

    def deed(scene: Scene) -> None:
        scene.college.set_course_id_number(f"{scene.learner.qualification}#{suffix}", suffix.upper())

    return deed


def also_on(qualification: str, unit: str, *, own_assessor: bool = False) -> Deed:
    """The learner is on another qualification's course too, and has finished one unit there."""

    def deed(scene: Scene) -> None:
        course = scene.college.course(qualification)
        scene.college.enrol(course, scene.learner.user_id)
        theirs = next(one.user_id for one in course.enrolments.values() if one.role != "student")
        grader = scene.learner.assessors[0] if own_assessor else theirs
        for piece in scene.pieces(unit, course):
            state = "released" if piece.workflow else ""
            at = scene.ago(45)
            scene.college.grade(piece, scene.learner.user_id, COMPETENT, grader=grader, at=at, state=state)

    return deed


def graded_by_nobody(scene: Scene) -> None:
    """Moodle names nobody for the grade of one unit."""
    for piece in scene.graded(scene.plain_unit()):
        piece.grades[scene.learner.user_id][-1].grader = NOBODY


def graded_lately(scene: Scene) -> None:
    """One unit was signed off three days ago."""
    _take_off(scene, unit := scene.plain_unit())
    _grade(scene, unit, COMPETENT, scene.ago(3))


def resubmitted_twice(scene: Scene) -> None:
    """One unit was handed in three times."""
    unit = scene.plain_unit()
    (piece,) = scene.graded(unit)
    moment = _take_off(scene, unit)
    for attempt in range(3):
        at = moment - (2 - attempt) * 4 * DAY
        if attempt:
            scene.college.reopen_attempt(piece, scene.learner.user_id, at=at - DAY)
        scene.college.submit(piece, scene.learner.user_id, at=at)
        _grade(scene, unit, COMPETENT if attempt == 2 else NOT_YET, at)


def _grade(scene: Scene, unit: str, value: int, at: int) -> None:
    """A grade for the sign-off of a unit, released."""
    piece = scene.pieces(unit)[-1]
    state = "released" if piece.workflow else ""
    scene.college.grade(piece, scene.learner.user_id, value, grader=scene.learner.assessors[0], at=at, state=state)


def suspended(scene: Scene) -> None:
    """The learner's enrolment is suspended."""
    scene.college.suspend(scene.course, scene.learner.user_id)


def grade_lost(scene: Scene) -> None:
    """The grade of one unit goes back to "not yet competent" today."""
    piece = scene.graded(scene.plain_unit())[-1]
    assessor, today = scene.learner.assessors[0], scene.ago(0)
    scene.college.grade(piece, scene.learner.user_id, NOT_YET, grader=assessor, at=today)


def finished_today(scene: Scene) -> None:
    """The unit that was missing is signed off today."""
    missing = next(unit for unit in reversed(scene.learner.units) if not scene.graded(unit))
    _grade(scene, missing, COMPETENT, scene.ago(0))


def reopened(scene: Scene) -> None:
    """Another attempt is opened for one unit today."""
    (piece,) = scene.graded(scene.plain_unit())
    if scene.learner.user_id not in piece.submissions:
        scene.college.submit(piece, scene.learner.user_id, at=scene.ago(1))
    scene.college.reopen_attempt(piece, scene.learner.user_id, at=scene.ago(0))


def deleted(tail: str) -> Deed:
    """The assignment of the learner's own is deleted today."""

    def deed(scene: Scene) -> None:
        every = (scene.college.assignments[number] for number in scene.course.assignment_ids)
        mine = [one for one in every if one.id_number.endswith(tail) and scene.learner.user_id in one.grades]
        scene.college.delete_assignment(mine[-1])

    return deed
