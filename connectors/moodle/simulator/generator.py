"""An invented college that looks alive, for demonstrations and tests.

Everything follows from the seed and the moment ``now``; the same arguments give the same college.
"""

from __future__ import annotations

import datetime as dt
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

from connectors.moodle.simulator import people
from connectors.moodle.simulator.coursework import DAY, Coursework, CourseworkBuilder, selections
from connectors.moodle.simulator.records import Course, Finisher, User
from connectors.moodle.simulator.samples import SAMPLES
from connectors.moodle.simulator.state import College
from connectors.moodle.simulator.timelines import ENDINGS, STAGES, Learner, Timeline

TWO_COURSES = "OCR/03455"
Qualification = Mapping[str, Any]


def generate_college(
    seed: int = 1,
    learners: int = 240,
    qualifications: Sequence[Qualification] | None = None,
    now: int | None = None,
    *,
    ticking: bool | None = None,
) -> College:
    """A college of ``learners`` spread over ``qualifications``, at every stage from enrolled to finished.

    Each qualification is ``{"id": "OCR/03455", "units": [{"code", "reference", "credits", "level", "group",
    "mandatory", "criteria": {"1": 3} or None}]}``, with optional ``title``, ``methods`` (assessment method codes),
    ``courses`` (how many) and ``example_selections`` (lists of unit codes that satisfy its rule; finishers take one).
    ``now`` is seconds since 1970; without it the college lives in the present and its clock ticks.
    """
    moment = int(time.time()) if now is None else now
    college = College(now=moment, ticking=now is None if ticking is None else ticking)
    Generator(college, random.Random(seed), moment).run(list(qualifications or SAMPLES), learners)  # noqa: S311
    return college


@dataclass(slots=True)
class Cohort:
    """A qualification's courses, staff and timeline start."""

    qualification: Qualification
    works: list[Coursework]
    assessors: list[int]
    iqa: int


class Generator:
    """Builds a college step by step."""

    def __init__(self, college: College, rng: random.Random, now: int) -> None:
        self.college, self.rng, self.now = college, rng, now
        self.start = now - 420 * DAY
        self.scale = college.add_scale("Competence", ("Not yet competent", "Competent"))
        college.add_scale("Graded unit", ("Fail", "Pass", "Merit", "Distinction"))
        self.timeline = Timeline(college, rng, now - 3600)
        self._names, self._ulns = people.names(rng), people.ulns(rng)
        self._student_numbers = count(310240)

    def run(self, qualifications: Sequence[Qualification], learners: int) -> None:
        """Everything, in the order it would have happened."""
        iqas = [self._staff("iqa", *name) for name in people.IQAS]
        cohorts = [self._cohort(each, iqas[place % 2], place) for place, each in enumerate(qualifications)]
        ways = [way for place, cohort in enumerate(cohorts) for way in self._learners(cohort, place, learners, cohorts)]
        for way in ways:
            self.timeline.follow(way)
        self._extras(cohorts, ways)
        self.timeline.replay()
        self._leavers(cohorts, ways)

    # ------------------------------------------------------------ staff and courses

    def _staff(self, role: str, first: str, last: str) -> User:
        username = f"{role}.{last.lower()}"
        email = f"{username}@staff.example.test"
        number = f"STAFF-{last.upper()}"
        return self.college.add_user(first, last, username=username, email=email, id_number=number)

    def _cohort(self, qualification: Qualification, iqa: User, place: int) -> Cohort:
        chosen = [people.STAFF[(2 * place + each) % len(people.STAFF)] for each in range(2)]
        known = {user.full_name: user for user in self.college.users.values()}
        staff = [known.get(f"{first} {last}") or self._staff("assessor", first, last) for first, last in chosen]
        many = int(qualification.get("courses", 2 if qualification["id"] == TWO_COURSES else 1))
        works = [self._course(qualification, number) for number in range(many)]
        for work in works:
            self.college.enrol(work.course, staff[0], "editingteacher")
            self.college.enrol(work.course, staff[1], "teacher")
            self.college.enrol(work.course, iqa, "teacher")
        return Cohort(qualification, works, [user.id for user in staff], iqa.id)

    def _course(self, qualification: Qualification, number: int) -> Coursework:
        suffix = "" if number == 0 else f"#evening{number if number > 1 else ''}"
        title = qualification.get("title", qualification["id"]) + (" (evening)" if number else "")
        short = qualification["id"].replace("/", "-") + suffix.upper().replace("#", "-")
        course = self.college.add_course(
            short, title, qualification["id"] + suffix, at=self.start, start=self.start, end=self.now + 200 * DAY
        )
        for letter in "AB":
            self.college.add_group(course, f"Group {letter}", f"{short}-{letter}")
        return CourseworkBuilder(self.college, course, qualification, self.scale.id).build()

    # ------------------------------------------------------------ learners

    def _learners(self, cohort: Cohort, place: int, total: int, cohorts: Sequence[Cohort]) -> Iterator[Learner]:
        share = total // len(cohorts) + (1 if place < total % len(cohorts) else 0)
        stages = self._stages(share)
        options = selections(cohort.qualification)
        endings = count()
        for number, stage in enumerate(stages):
            ending = ENDINGS[next(endings) % len(ENDINGS)] if stage == "middle" else ""
            if stage == "complete" and number % 13 == 6:
                ending = "override"
            user = self._learner(number, ocr=cohort.qualification["id"].startswith("OCR"))
            works = self._places(cohort, number)
            self._enrol(user, works, number)
            begins = self.start + self.rng.randrange(5, 60) * DAY
            way = Learner(
                user.id, stage, ending, options[number % len(options)], works, cohort.assessors, cohort.iqa, begins
            )
            if self._register(user, cohort.qualification, begins, number, stage):
                self._finisher(user, cohort, way)
            yield way

    def _stages(self, share: int) -> list[str]:
        complete, early = round(share * STAGES["complete"]), round(share * STAGES["early"])
        stages = ["complete"] * complete + ["early"] * early + ["middle"] * (share - complete - early)
        self.rng.shuffle(stages)
        return stages

    def _places(self, cohort: Cohort, number: int) -> list[Coursework]:
        if len(cohort.works) > 1 and number % 9 == 4:
            return list(cohort.works)  # taught partly here and partly there: the courses must be merged
        return [cohort.works[number % len(cohort.works)]]

    def _learner(self, number: int, *, ocr: bool) -> User:
        (first, last), uln = next(self._names), next(self._ulns)
        born = people.birthday(self.rng, people.london_day(self.now))
        typed = {17: "", 23: people.spoilt(uln), 31: people.PLACEHOLDER_ULN}.get(number, uln)
        profile = {"uln": typed, "dob": people.london_midnight(born)}
        if ocr and number % 11:
            profile["ocr_candidate_number"] = f"{self.rng.randrange(10_000_000, 100_000_000)}"
        student = next(self._student_numbers)
        return self.college.add_user(first, last, username=f"s{student}", id_number=str(student), profile=profile)

    def _enrol(self, user: User, works: Sequence[Coursework], number: int) -> None:
        for work in works:
            groups = list(work.course.groups)
            self.college.enrol(work.course, user, groups=[groups[number % len(groups)]])

    def _register(self, user: User, qualification: Qualification, begins: int, number: int, stage: str) -> bool:
        """Whether somebody told the awarding body of the learner."""
        candidate = user.profile.get("ocr_candidate_number") or f"{self.rng.randrange(10_000_000, 100_000_000)}"
        if number % 19 == 12 or (stage == "complete" and number % 29 == 20):
            return False  # nobody has told the awarding body yet
        uln = user.profile["uln"]
        born = people.london_day(int(user.profile["dob"]))
        row = {"id_number": user.id_number, "name": user.full_name, "date_of_birth": born}
        row |= {"uln": "" if uln == people.PLACEHOLDER_ULN else uln, "candidate_number": candidate}
        registered = people.london_day(begins) - dt.timedelta(days=self.rng.randrange(1, 5))
        row |= {"qualification": qualification["id"], "registered_on": registered, "entry": "full"}
        self.college.registrations.append(row)
        return True

    def _finisher(self, user: User, cohort: Cohort, way: Learner) -> None:
        """Note who finished on one course, without anything unusual."""
        usual = way.stage == "complete" and not way.ending and len(way.works) == 1
        if usual and people.is_uln(user.profile["uln"]):
            place = way.works[0].course.id
            found = Finisher(user.id, cohort.qualification["id"], tuple(way.units), place, tuple(cohort.assessors))
            self.college.finishers.append(found)

    # ------------------------------------------------------------ what else goes on

    def _extras(self, cohorts: Sequence[Cohort], ways: Sequence[Learner]) -> None:
        for way in ways:
            if way.stage != "early" and self.rng.random() < 0.25:
                self._extra(way.works[0], way)
        for cohort in cohorts:
            for work in cohort.works:
                self._team(work, cohort)

    def _extra(self, work: Coursework, way: Learner) -> None:
        at = self.now - self.rng.randrange(5, 60) * DAY
        grader = way.assessors[0]
        for test in work.points:
            value = self.rng.randrange(20, 61)
            self._later(at, partial(self.college.grade, test, way.user_id, value, grader=grader, at=at))
        for task in work.blind:
            self._later(at, partial(self.college.grade, task, way.user_id, 2, grader=grader, at=at))
        for task in work.joint:
            self._later(at, partial(self.college.grade_rows, task, way.user_id, [1, 1], grader=grader, at=at))
        for task in work.unmapped[:2]:
            self._later(at, partial(self.college.grade, task, way.user_id, 8, grader=grader, at=at))

    def _team(self, work: Coursework, cohort: Cohort) -> None:
        at = self.now - 40 * DAY
        for task in work.team:
            group = next(iter(work.course.groups))
            self._later(at, partial(self.college.grade_team, task, group, 2, grader=cohort.assessors[0], at=at))

    def _later(self, at: int, what: partial[Any]) -> None:
        self.timeline.events.append((at, len(self.timeline.events), what))

    def _leavers(self, cohorts: Sequence[Cohort], ways: Sequence[Learner]) -> None:
        for place, cohort in enumerate(cohorts):
            here = [
                way for way in ways if way.stage == "middle" and way.works[0] in cohort.works and len(way.works) == 1
            ]
            course: Course = cohort.works[0].course
            mine = [way for way in here if way.works[0].course is course]
            for way in mine[1:3]:
                self.college.suspend(course, way.user_id)
            for way in mine[3:4]:
                self.college.unenrol(course, way.user_id)
            if place == 0:
                for way in mine[4:5]:
                    self.college.suspend_user(way.user_id)
                for way in mine[5:6]:
                    self.college.delete_user(way.user_id, at=self.now - 2 * DAY)
