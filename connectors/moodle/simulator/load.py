"""A college that is merely large and even, for measuring."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from connectors.moodle.simulator import people
from connectors.moodle.simulator.coursework import DAY
from connectors.moodle.simulator.records import Course, User
from connectors.moodle.simulator.samples import SAMPLES
from connectors.moodle.simulator.state import College

Qualification = Mapping[str, Any]


def generate_load(
    seed: int = 1,
    learners: int = 20_000,
    courses: int = 400,
    assignments_per_course: int = 8,
    *,
    qualification: Qualification | None = None,
    now: int = 1_795_000_000,
) -> College:
    """A large college of even shape: each learner on one course with a grade on every assignment of it.

    A fifth of the assignments have a rubric or guide, half have marking workflow. ID numbers name the qualification's
    units in turn, whole or by criteria.
    """
    rng = random.Random(seed)  # noqa: S311
    college = College(now=now)
    college.add_scale("Competence", ("Not yet competent", "Competent"))
    offer = qualification or SAMPLES[0]
    grader = college.add_user("Tina", "Adams", username="t.adams", id_number="STAFF-ADAMS")
    made = [_course(college, offer, number, assignments_per_course, now - 400 * DAY) for number in range(courses)]
    for course in made:
        college.enrol(course, grader, "editingteacher")
    names, ulns = people.names(rng), people.ulns(rng)
    for number in range(learners):
        (first, last), uln = next(names), next(ulns)
        user = college.add_user(first, last, id_number=str(400_000 + number), profile={"uln": uln})
        course = made[number % courses]
        college.enrol(course, user)
        _grades(college, course, user, grader.id, rng)
    return college


def _course(college: College, offer: Qualification, number: int, many: int, at: int) -> Course:
    short, scale = f"LOAD-{number:04d}", -next(iter(college.scales))
    course = college.add_course(short, f"Course {number}", f"{offer['id']}#{number}", at=at, start=at)
    units = offer["units"]
    for place in range(many):
        code = units[place % len(units)]["code"]
        id_number = code if place < len(units) else f"{code}#{place}"
        serial = number * many + place
        formed = serial % 5 == 0
        task = college.add_assignment(
            course, f"{code} task {place}", id_number, grade=100 if formed else scale, at=at, workflow=serial % 2 == 1
        )
        if formed and serial % 10 == 0:
            college.add_rubric(task, ["1.1 Evidence", "1.2 Evidence"], at=at)
        elif formed:
            college.add_guide(task, [("1.1 Evidence", 5), ("1.2 Evidence", 5)], at=at)
    return course


def _grades(college: College, course: Course, user: User, grader: int, rng: random.Random) -> None:
    for number in course.assignment_ids:
        task, at = college.assignments[number], college.clock.now() - rng.randrange(1, 300) * DAY
        state = "released" if task.workflow and rng.random() < 0.8 else ""
        if task.form is not None:
            scores = [row.top_score if rng.random() < 0.8 else 0 for row in task.form.criteria]
            college.grade_rows(task, user, scores, grader=grader, at=at, state=state)
        else:
            college.grade(task, user, 2 if rng.random() < 0.8 else 1, grader=grader, at=at, state=state)
