"""What courses are made of, cheaply: the names and ID numbers of assignments, without people and grades.

Three calls where a whole reading takes a dozen and more: all assignments of many courses at once, then one gradebook
report a course for its ID numbers. For looking around before anything is mapped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from decimal import Decimal
from typing import Any

from connectors.moodle import functions as fn
from connectors.moodle import gradebook, replies
from connectors.moodle.advice import as_lms_error
from connectors.moodle.client import MoodleClient
from connectors.moodle.errors import MoodleError, MoodleNoSuch, MoodleRefused
from connectors.moodle.options import Options
from connectors.moodle.replies import Assignment
from nvqsync.model import Grading, LmsCourse, LmsItem

COURSES_A_CALL = 25


def outline(settings: Mapping[str, Any], courses: Sequence[LmsCourse]) -> dict[str, tuple[LmsItem, ...]]:
    """The assignments of each course by course id; none for a course that may not be entered.

    ``settings`` are those of the ``[moodle]`` section. Raises ``LmsError`` and ``SettingsError``.
    """
    with closing(Options.from_settings(settings).client()) as client:
        try:
            user = replies.site(client.call(fn.SITE_INFO)).user_id
            found: dict[str, tuple[LmsItem, ...]] = {}
            for start in range(0, len(courses), COURSES_A_CALL):
                found.update(_some(client, user, courses[start : start + COURSES_A_CALL]))
        except MoodleError as problem:
            raise as_lms_error(problem) from None
        return found


def _some(client: MoodleClient, user: int, courses: Sequence[LmsCourse]) -> Iterator[tuple[str, tuple[LmsItem, ...]]]:
    ids = [int(course.lms_id) for course in courses]
    payload = client.call(fn.ASSIGNMENTS, courseids=ids, includenotenrolledcourses=True)
    lists = replies.assignments(payload, ids)
    for course in courses:
        listed = lists[int(course.lms_id)]
        assignments = listed.assignments if listed else ()
        numbers = _id_numbers(client, user, int(course.lms_id)) if assignments else {}
        yield course.lms_id, tuple(_item(course, one, numbers.get(one.id, "")) for one in assignments)


def _id_numbers(client: MoodleClient, user: int, course: int) -> Mapping[int, str]:
    """ID numbers by assignment: from the account's own report, else from that of the first person on the roster."""
    report = _report(client, course, user)
    if not report.users:
        first = [("userfields", "id"), ("limitfrom", 0), ("limitnumber", 1), ("sortby", "id")]
        options = [{"name": name, "value": value} for name, value in first]
        for person in replies.member_ids(client.call(fn.ROSTER, courseid=course, options=options)):
            report = _report(client, course, person)
    return report.id_numbers


def _report(client: MoodleClient, course: int, person: int) -> gradebook.Report:
    try:
        return gradebook.report(client.call(fn.REPORT, courseid=course, userid=person))
    except (MoodleNoSuch, MoodleRefused):
        return gradebook.Report()


def _item(course: LmsCourse, one: Assignment, id_number: str) -> LmsItem:
    """An assignment as far as its list tells: rubrics and guides stay hidden behind their points."""
    kind = Grading.POINTS if one.grade > 0 else Grading.SCALE if one.grade < 0 else Grading.NONE
    maximum = Decimal(one.grade) if one.grade > 0 else None
    return LmsItem(str(one.id), course.lms_id, one.name, id_number, kind, maximum)
