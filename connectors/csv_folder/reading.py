"""From the lines of the four files to courses, items, members and observations. Pure; ``connector.py`` reads the files.

Every id is the college's own and stays what it is for ever: an assignment's id belongs to that assignment in all
exports to come. What contradicts itself refuses the whole folder, with file, line and column.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeVar

from connectors.csv_folder.tables import Cells, Columns, Faults, rows
from nvqsync.model import CourseReading, Grading, LmsCourse, LmsItem, LmsMember, Notice, Observation

T = TypeVar("T")

COURSES = Columns("courses.csv", ("course_id", "short_name", "full_name"), ("id_number",))
LEARNERS = Columns(
    "learners.csv",
    ("course_id", "learner_id", "name"),
    ("id_number", "role", "active", "uln", "candidate_number", "date_of_birth"),
)
ASSIGNMENTS = Columns(
    "assignments.csv",
    ("course_id", "assignment_id", "name"),
    ("id_number", "grading", "scale", "maximum", "pass_mark"),
)
GRADES = Columns(
    "grades.csv",
    ("assignment_id", "learner_id", "grade", "graded_on"),
    ("graded_by", "attempt", "released"),
)
FILES = (COURSES, LEARNERS, ASSIGNMENTS, GRADES)
RELEASED, UNRELEASED = "released", "notreleased"


@dataclass(frozen=True, slots=True)
class Folder:
    """All that the four files say, by course id. ``as_of`` is when the latest of them was written (seconds)."""

    as_of: int
    courses: Mapping[str, LmsCourse]
    items: Mapping[str, tuple[LmsItem, ...]]
    members: Mapping[str, tuple[LmsMember, ...]]
    observations: Mapping[str, tuple[Observation, ...]]

    def reading(self, course: LmsCourse) -> CourseReading:
        """One course. Grades of people who are not on its roster are left out, and counted in a note."""
        id_ = course.lms_id
        roster = {member.lms_id for member in self.members[id_]}
        kept = tuple(seen for seen in self.observations[id_] if seen.learner_id in roster)
        strangers = {seen.learner_id for seen in self.observations[id_]} - roster
        return CourseReading(
            course=self.courses[id_],
            items=self.items[id_],
            members=self.members[id_],
            observations=kept,
            server_time=self.as_of,
            notices=(_strangers(course, len(strangers)),) if strangers else (),
        )


def _strangers(course: LmsCourse, number: int) -> Notice:
    says = f"Course {course.short_name}: {number} people with grades are not in learners.csv for it."
    return Notice("csv-not-on-roster", says, course.lms_id, severity="note")


def read(files: Mapping[str, bytes], as_of: int) -> Folder:
    """The folder from the bytes of its files, by name. Raises ``LmsUnreadable`` with every fault in them."""
    faults = Faults()
    lines = {columns.file: rows(files[columns.file], columns, faults) for columns in FILES}
    faults.refuse()
    courses = _courses(lines[COURSES.file])
    members = _members(lines[LEARNERS.file], courses)
    items = _items(lines[ASSIGNMENTS.file], courses)
    with_workflow = any("released" in line.data for line in lines[GRADES.file])
    if with_workflow:
        items = {id_: replace(item, workflow=True) for id_, item in items.items()}
    observations = _observations(lines[GRADES.file], items)
    faults.refuse()
    return Folder(
        as_of,
        courses,
        _grouped(courses, ((item.course_id, item) for item in items.values())),
        _grouped(courses, ((course, member) for (course, _), member in members.items())),
        _grouped(courses, ((items[seen.item_id].course_id, seen) for seen in observations)),
    )


def _courses(lines: Iterable[Cells]) -> dict[str, LmsCourse]:
    found: dict[str, LmsCourse] = {}
    for line in lines:
        id_ = line.needed("course_id")
        if id_ in found:
            line.wrong("course_id", "stands in an earlier line already.")
        found[id_] = LmsCourse(id_, line.needed("short_name"), line.needed("full_name"), line.text("id_number"))
    return found


def _members(lines: Iterable[Cells], courses: Mapping[str, LmsCourse]) -> dict[tuple[str, str], LmsMember]:
    found: dict[tuple[str, str], LmsMember] = {}
    people: dict[str, LmsMember] = {}
    for line in lines:
        course, member = _course_of(line, courses), _member(line)
        if (course, member.lms_id) in found:
            line.wrong("learner_id", "stands in an earlier line for this course already.")
        first = people.setdefault(member.lms_id, member)
        if replace(first, roles=(), active=True) != replace(member, roles=(), active=True):
            line.wrong("learner_id", "an earlier line says something else of the same person.")
        found[course, member.lms_id] = member
    return found


def _member(line: Cells) -> LmsMember:
    return LmsMember(
        lms_id=line.needed("learner_id"),
        name=" ".join(line.needed("name").split()),
        id_number=line.text("id_number"),
        roles=(line.text("role").casefold() or "student",),
        active=line.truth("active", default=True),
        uln=line.text("uln"),
        candidate_number=line.text("candidate_number"),
        date_of_birth=line.day("date_of_birth"),
    )


def _items(lines: Iterable[Cells], courses: Mapping[str, LmsCourse]) -> dict[str, LmsItem]:
    found: dict[str, LmsItem] = {}
    for line in lines:
        item = _item(line, _course_of(line, courses))
        if item.lms_id in found:
            line.wrong("assignment_id", "stands in an earlier line already.")
        found[item.lms_id] = item
    return found


def _item(line: Cells, course_id: str) -> LmsItem:
    """An assignment: on a scale where the file gives one and says nothing else, otherwise in points."""
    scale = tuple(part.strip() for part in line.text("scale").split("|")) if line.text("scale") else ()
    grading = Grading(line.choice("grading", ("scale", "points", "none"), "scale" if scale else "points"))
    if grading is Grading.SCALE and not scale:
        line.wrong("scale", "is empty. Write the scale from its lowest item, with | between: Not yet|Competent.")
    if not all(scale) or len({part.casefold() for part in scale}) != len(scale):
        line.wrong("scale", "has an empty item, or one twice.")
    maximum, pass_mark = line.number("maximum"), line.number("pass_mark")
    if maximum is not None and pass_mark is not None and pass_mark > maximum:
        line.wrong("pass_mark", "is above the maximum.")
    return LmsItem(
        lms_id=line.needed("assignment_id"),
        course_id=course_id,
        name=line.needed("name"),
        id_number=line.text("id_number"),
        grading=grading,
        maximum=maximum if grading is Grading.POINTS else None,
        scale=scale if grading is Grading.SCALE else (),
        pass_mark=pass_mark if grading is Grading.POINTS else None,
    )


def _course_of(line: Cells, courses: Mapping[str, LmsCourse]) -> str:
    id_ = line.needed("course_id")
    if id_ and id_ not in courses:
        line.wrong("course_id", f"is not in {COURSES.file}.")
    return id_


def _observations(lines: Iterable[Cells], items: Mapping[str, LmsItem]) -> list[Observation]:
    """One observation an assignment and learner: the latest attempt's."""
    latest: dict[tuple[str, str], Observation] = {}
    seen: set[tuple[str, str, int]] = set()
    for line in lines:
        item = items.get(line.needed("assignment_id"))
        if item is None:
            line.wrong("assignment_id", f"is not in {ASSIGNMENTS.file}.")
            continue
        one = _observation(line, item)
        key = (one.item_id, one.learner_id, one.attempt)
        if key in seen:
            line.wrong("learner_id", "has this attempt in an earlier line already.")
        seen.add(key)
        held = latest.get(key[:2])
        if held is None or held.attempt < one.attempt:
            latest[key[:2]] = one
    return list(latest.values())


def _observation(line: Cells, item: LmsItem) -> Observation:
    learner, attempt = line.needed("learner_id"), line.whole("attempt", 1) - 1
    line.needed("graded_on")
    state = RELEASED if line.truth("released", default=not item.workflow) else UNRELEASED
    return Observation(
        item_id=item.lms_id,
        learner_id=learner,
        grade_id=f"{item.lms_id}/{learner}/{attempt}",
        attempt=attempt,
        grade=_grade(line, item),
        graded_at=line.moment("graded_on"),
        grader_id=line.text("graded_by"),
        workflow_state=state if item.workflow else "",
    )


def _grade(line: Cells, item: LmsItem) -> Decimal | None:
    """The grade: empty for none, an item of the scale in words, or points up to the maximum."""
    text = line.text("grade")
    if not text or item.grading is Grading.NONE:
        return None
    if item.grading is Grading.SCALE:
        places = {part.casefold(): place for place, part in enumerate(item.scale, 1)}
        place = places.get(" ".join(text.casefold().split()))
        if place is None:
            line.wrong("grade", f"is no item of the scale {' | '.join(item.scale)}.")
        return None if place is None else Decimal(place)
    points = line.number("grade")
    if points is not None and item.maximum is not None and points > item.maximum:
        line.wrong("grade", f"is above the maximum of {item.maximum}.")
    return points


def _grouped(courses: Iterable[str], pairs: Iterable[tuple[str, T]]) -> dict[str, tuple[T, ...]]:
    lists: dict[str, list[T]] = defaultdict(list)
    for course, one in pairs:
        lists[course].append(one)
    return {course: tuple(lists[course]) for course in courses}
