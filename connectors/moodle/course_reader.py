"""Asking Moodle about one course, one question at a time: roster, ID numbers, forms, scales, pass marks, reports.

Which questions are asked when, and which go out for many courses at once, is ``batch_reader``'s business.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from connectors.moodle import forms, gradebook, replies, sources
from connectors.moodle import functions as fn
from connectors.moodle.advice import missing_functions
from connectors.moodle.client import MoodleClient
from connectors.moodle.errors import MoodleFault, MoodleNoSuch, MoodleRefused
from connectors.moodle.forms import Form, Marking
from connectors.moodle.gradebook import Report
from connectors.moodle.memory import Memory
from connectors.moodle.replies import Assignment, GradeRow, ProfileFields, Site
from connectors.moodle.sources import Competency, Proficiency
from connectors.moodle.wire import Answered
from nvqsync.model import LmsCourse, LmsMember

PAGE = 500
_SLIM = "id,fullname,idnumber,customfields,roles"


class CourseReader:
    """Questions about single courses of one site. Safe to use from several threads."""

    def __init__(self, client: MoodleClient, site: Site, fields: ProfileFields, memory: Memory) -> None:
        self._client = client
        self._site = site
        self._fields = fields
        self._memory = memory

    # ------------------------------------------------------------ roster

    def roster(self, course_id: int) -> tuple[LmsMember, ...]:
        """Everyone on a course, the suspended marked as not active."""
        everyone = list(self._members(course_id))
        active = set(self._active_ids(course_id))
        return tuple(replace(member, active=int(member.lms_id) in active) for member in everyone)

    def _members(self, course_id: int) -> Iterator[LmsMember]:
        seen: set[str] = set()
        for page in self._pages(course_id, _SLIM):
            if isinstance(page, list) and any(isinstance(row, dict) and "roles" not in row for row in page):
                raise MoodleRefused(fn.ROSTER, "it shows people by name alone", errorcode="nopermissions")
            found = replies.members(page, self._fields)
            yield from (m for m in found if m.lms_id not in seen)
            seen.update(m.lms_id for m in found)

    def _active_ids(self, course_id: int) -> Iterator[int]:
        for page in self._pages(course_id, "id", onlyactive=1):
            yield from replies.member_ids(page)

    def _pages(self, course_id: int, fields: str, **options: int) -> Iterator[Any]:
        """Roster pages in the order of user ids, until one is not full."""
        start, full = 0, True
        while full:
            wanted = {**options, "userfields": fields, "limitfrom": start, "limitnumber": PAGE, "sortby": "id"}
            page = self._client.call(fn.ROSTER, courseid=course_id, options=_options(wanted))
            yield page
            start, full = start + PAGE, isinstance(page, list) and len(page) == PAGE

    def team(self, course_id: int, group_id: int) -> set[int]:
        """The user ids of a group's members."""
        return {user for page in self._pages(course_id, "id", groupid=group_id) for user in replies.member_ids(page)}

    # ------------------------------------------------------------ ID numbers and gradebook

    def id_number(self, course: LmsCourse) -> str:
        """A course's ID number, which takes one cheap report (about 70 ms) without any right to write.

        The report is kept for the reading of the same course that follows.
        """
        found = self._numbers(course, self._somebody(int(course.lms_id)))
        self._memory.hand_on(("numbers", course.lms_id), found)
        return found.course_id_number or ""

    def numbers(self, course: LmsCourse, members: Iterable[LmsMember]) -> Report:
        """The ID numbers of a course and its assignments, without any cells."""
        found = self._memory.handed_on(("numbers", course.lms_id))
        if isinstance(found, Report) and found.users:
            return found
        return self._numbers(course, (int(member.lms_id) for member in itertools.islice(members, 3)))

    def _somebody(self, course_id: int) -> Iterator[int]:
        options = _options({"onlyactive": 1, "userfields": "id", "limitfrom": 0, "limitnumber": 1, "sortby": "id"})
        yield from replies.member_ids(self._client.call(fn.ROSTER, courseid=course_id, options=options))

    def _numbers(self, course: LmsCourse, others: Iterable[int]) -> Report:
        """From one report: the service account's own (empty, cheap), else one of ``others``."""
        for user_id in itertools.chain([self._site.user_id], others):
            report = self.report(course, user_id)
            if report.users:
                return Report(report.course_id_number, report.id_numbers, {}, report.users)
        return Report()

    def gradebook(self, course: LmsCourse, *, outcomes: bool = False) -> Report:
        """The gradebook of all active learners. Slow: about 2.6 ms for each learner and item."""
        return gradebook.report(self._client.call(fn.REPORT, courseid=int(course.lms_id)), outcomes=outcomes)

    def report(self, course: LmsCourse, user_id: int, *, outcomes: bool = False) -> Report:
        """One user's report; an empty one for a user that Moodle does not have, or no longer."""
        try:
            payload = self._client.call(fn.REPORT, courseid=int(course.lms_id), userid=user_id)
            return gradebook.report(payload, outcomes=outcomes)
        except MoodleNoSuch:
            return Report()

    # ------------------------------------------------------------ activities

    def hidden(self, course_id: int) -> dict[int, bool]:
        """Whether each assignment is hidden from learners."""
        options = _options({"excludecontents": 1, "modname": "assign"})
        return replies.hidden_activities(self._client.call(fn.CONTENTS, courseid=course_id, options=options))

    def forms(self, cmids: Sequence[int]) -> Answered[Form | None]:
        """The forms of at most 200 activities. One that is gone fails the whole call; then each is asked alone."""
        try:
            return forms.definitions(self._client.call(fn.DEFINITIONS, cmids=cmids, areaname="submissions"))
        except MoodleNoSuch:
            if len(cmids) == 1:
                return Answered()
        answer = Answered[Form | None]()
        for cmid in cmids:
            answer.add(self.forms([cmid]))
        return answer

    def scale(self, scale_id: int) -> tuple[str, ...] | None:
        """A scale's items; ``None`` for one that Moodle stumbles over (it has been deleted)."""
        try:
            return self._memory.recall(
                ("scale", scale_id), lambda: replies.scale(self._client.call(fn.SCALE, scaleid=scale_id))
            )
        except (MoodleFault, MoodleNoSuch):
            return None

    def pass_marks(self, points: Sequence[Assignment]) -> dict[int, Decimal | None] | None:
        """Pass marks where the token may read them; ``None`` when it may not: no need to ask about other courses."""
        marks: dict[int, Decimal | None] = {}
        if fn.COURSE_MODULE not in self._site.functions:
            return None
        for assignment in points:
            try:
                mark = self._pass_mark(assignment.cmid)
            except MoodleNoSuch:
                continue
            except MoodleRefused:
                return None
            if mark is None:
                return None
            marks[assignment.id] = mark
        return marks

    def _pass_mark(self, cmid: int) -> Decimal | None:
        return self._memory.recall(
            ("pass mark", cmid), lambda: replies.pass_mark(self._client.call(fn.COURSE_MODULE, cmid=cmid))
        )

    # ------------------------------------------------------------ competencies

    def competencies(self, course_id: int) -> list[Competency]:
        """The competencies of a course. Raises ``LmsRefused`` where the service lacks the functions for them."""
        missing = set(fn.FOR_COMPETENCIES) - self._site.functions
        if missing:
            raise missing_functions(missing)
        return sources.competencies(self._client.call(fn.COMPETENCIES, id=course_id))

    def proficiency(self, course_id: int, user_id: int, competency_id: int) -> Proficiency | None:
        """One learner's rating, about 120 ms; ``None`` for a learner or competency that is gone."""
        try:
            payload = self._client.call(fn.RATING, userid=user_id, competencyid=competency_id, courseid=course_id)
        except MoodleNoSuch:
            return None
        return sources.proficiency(payload, course=course_id, user=user_id, competency=competency_id)

    # ------------------------------------------------------------ one form, one learner

    def markings(self, definition_id: int, since: int, wanted: Iterable[int]) -> dict[int, Marking] | None:
        """The markings on one form since a moment, of all time where those do not hold every grade row ``wanted``.

        ``None`` where they may not be read. (A grade that was merely saved again has an older marking.)
        """
        try:
            found = forms.markings(self._client.call(fn.INSTANCES, definitionid=definition_id, since=since))
            if since and not found.keys() >= set(wanted):
                found = forms.markings(self._client.call(fn.INSTANCES, definitionid=definition_id, since=0))
        except (MoodleRefused, MoodleNoSuch):
            return None
        return found

    def superseded(self, assignment_id: int, user_id: int) -> GradeRow | None:
        """The grade of the attempt before, while the latest has none; ``None`` where there is none such."""
        try:
            return replies.superseded(self._client.call(fn.ATTEMPTS, assignid=assignment_id, userid=user_id))
        except MoodleNoSuch:
            return None


def _options(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"name": name, "value": value} for name, value in values.items()]
