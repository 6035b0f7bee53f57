"""Asking Moodle all there is to know about one course: which calls, how many at once, in what order.

Three rounds, each side by side over the client's connections. First what the course is made of: assignments, roster,
who is active, what is hidden. Then what hangs on the assignments: grades, workflow states, rubrics and guides, scales,
pass marks, the gradebook. Last what hangs on the grades: rows given on forms, and gradebook reports learner by learner
where one report for all would keep Moodle busy for most of a minute. ``reading.py`` makes sense of it all.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar

from connectors.moodle import forms, gradebook, replies
from connectors.moodle import functions as fn
from connectors.moodle.client import MoodleClient
from connectors.moodle.errors import MoodleFault, MoodleNoSuch, MoodleRefused
from connectors.moodle.forms import Form, Marking
from connectors.moodle.gathered import Gathered
from connectors.moodle.memory import Memory
from connectors.moodle.reading import assemble
from connectors.moodle.replies import Assignment, ProfileFields, Site
from connectors.moodle.wire import Answered
from nvqsync.model import CourseReading, LmsCourse, LmsMember

T = TypeVar("T")

PAGE = 500
MOST_IDS = 200
MOST_ROWS = 20_000
MOST_CELLS = 5_000
"""Up to so many learners x items, one gradebook report is asked for all (it takes about 2.6 ms a cell)."""
_SLIM = "id,fullname,idnumber,customfields,roles"


class CourseReader:
    """Reads courses of one site, one after the other or from several threads."""

    def __init__(
        self, client: MoodleClient, executor: Executor, site: Site, fields: ProfileFields, memory: Memory
    ) -> None:
        self._client = client
        self._executor = executor
        self._site = site
        self._fields = fields
        self._memory = memory

    def read(self, course: LmsCourse) -> CourseReading:
        """One course, whole. Raises one of the ``MoodleError`` family or ``LmsUnreadable``."""
        gathered = self._open(course)
        if gathered.assignments:
            self._results(gathered)
            self._details(gathered)
        else:
            gathered.report = self._numbers(course, (int(member.lms_id) for member in gathered.members[:3]))
        return assemble(gathered)

    def id_number(self, course: LmsCourse) -> str:
        """A course's ID number, which takes one cheap report (about 70 ms) without any right to write."""
        return self._numbers(course, self._somebody(int(course.lms_id))).course_id_number or ""

    def _somebody(self, course_id: int) -> Iterator[int]:
        options = _options({"onlyactive": 1, "userfields": "id", "limitfrom": 0, "limitnumber": 1, "sortby": "id"})
        yield from replies.member_ids(self._client.call(fn.ROSTER, courseid=course_id, options=options))

    # ------------------------------------------------------------ first round

    def _open(self, course: LmsCourse) -> Gathered:
        course_id = int(course.lms_id)
        listed, everyone, active, hidden = self._together(
            lambda: self._assignments(course_id),
            lambda: list(self._members(course_id)),
            lambda: set(self._active_ids(course_id)),
            lambda: self._hidden(course_id),
        )
        server_time, assignments = listed
        return Gathered(
            course=course,
            server_time=server_time,
            assignments=assignments.assignments,
            denied_modules=assignments.denied,
            members=tuple(replace(m, active=int(m.lms_id) in active) for m in everyone),
            hidden=hidden,
            policy_open=self._site.policy_agreed is False,
        )

    def _assignments(self, course_id: int) -> tuple[int, replies.AssignmentList]:
        reply = self._client.ask(fn.ASSIGNMENTS, courseids=[course_id], includenotenrolledcourses=True)
        listed = replies.assignments(reply.payload, course_id)
        if listed is None or (listed.denied and not listed.assignments):
            raise MoodleRefused(fn.ASSIGNMENTS, "no access to the course's assignments", errorcode="nopermissions")
        return reply.clock(), listed

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

    def _hidden(self, course_id: int) -> dict[int, bool]:
        options = _options({"excludecontents": 1, "modname": "assign"})
        return replies.hidden_activities(self._client.call(fn.CONTENTS, courseid=course_id, options=options))

    # ------------------------------------------------------------ second round

    def _results(self, gathered: Gathered) -> None:
        """Fill in what hangs on the assignments."""
        listed = gathered.assignments
        size = _batch_size(len(gathered.members))
        gathered.grades, gathered.flags, gathered.forms, gathered.scales, gathered.pass_marks, gathered.report = (
            self._together(
                lambda: self._answers(fn.GRADES, replies.grades, [a.id for a in listed], size),
                lambda: self._answers(fn.FLAGS, replies.flags, [a.id for a in listed if a.workflow], size),
                lambda: self._forms([a.cmid for a in listed if a.grade]),
                lambda: {-a.grade: self._scale(-a.grade) for a in listed if a.grade < 0},
                lambda: self._pass_marks([a for a in listed if a.grade > 0]),
                lambda: self._first_report(gathered),
            )
        )

    def _answers(
        self, function: str, understand: Callable[[Any], Answered[T]], ids: Sequence[int], size: int
    ) -> Answered[T]:
        answer = Answered[T]()
        for batch in _batches(ids, size):
            answer.add(understand(self._client.call(function, assignmentids=batch)))
        return answer

    def _forms(self, cmids: Sequence[int]) -> Answered[Form | None]:
        answer = Answered[Form | None]()
        for batch in _batches(cmids, MOST_IDS):
            answer.add(self._form_batch(batch))
        return answer

    def _form_batch(self, cmids: Sequence[int]) -> Answered[Form | None]:
        """One activity that is gone fails the whole call; then each is asked for by itself."""
        try:
            return forms.definitions(self._client.call(fn.DEFINITIONS, cmids=cmids, areaname="submissions"))
        except MoodleNoSuch:
            if len(cmids) == 1:
                return Answered()
        answer = Answered[Form | None]()
        for cmid in cmids:
            answer.add(self._form_batch([cmid]))
        return answer

    def _scale(self, scale_id: int) -> tuple[str, ...] | None:
        """A scale's items; ``None`` for one that Moodle stumbles over (it has been deleted)."""
        try:
            return self._memory.recall(
                ("scale", scale_id), lambda: replies.scale(self._client.call(fn.SCALE, scaleid=scale_id))
            )
        except (MoodleFault, MoodleNoSuch):
            return None

    def _pass_marks(self, points: Sequence[Assignment]) -> dict[int, Decimal | None]:
        """Pass marks where the service offers the function and the token may read them; one refusal ends the asking."""
        marks: dict[int, Decimal | None] = {}
        if fn.COURSE_MODULE not in self._site.functions:
            return marks
        for assignment in points:
            try:
                mark = self._pass_mark(assignment.cmid)
            except MoodleNoSuch:
                continue
            except MoodleRefused:
                break
            if mark is None:
                break
            marks[assignment.id] = mark
        return marks

    def _pass_mark(self, cmid: int) -> Decimal | None:
        return self._memory.recall(
            ("pass mark", cmid), lambda: replies.pass_mark(self._client.call(fn.COURSE_MODULE, cmid=cmid))
        )

    def _first_report(self, gathered: Gathered) -> gradebook.Report:
        """The gradebook of all active learners where that is cheap, else only the ID numbers."""
        if len(gathered.members) * len(gathered.assignments) <= MOST_CELLS:
            report = gradebook.report(self._client.call(fn.REPORT, courseid=int(gathered.course.lms_id)))
            if report.users:
                return report
        return self._numbers(gathered.course, (int(member.lms_id) for member in gathered.members[:3]))

    def _numbers(self, course: LmsCourse, others: Iterable[int]) -> gradebook.Report:
        """The ID numbers, from one report: the service account's own (empty, cheap), else one of ``others``."""
        for user_id in itertools.chain([self._site.user_id], others):
            report = self._report(course, user_id)
            if report.users:
                return report
        return gradebook.Report()

    def _report(self, course: LmsCourse, user_id: int) -> gradebook.Report:
        """One user's report; an empty one for a user that Moodle does not have, or no longer."""
        try:
            return gradebook.report(self._client.call(fn.REPORT, courseid=int(course.lms_id), userid=user_id))
        except MoodleNoSuch:
            return gradebook.Report()

    # ------------------------------------------------------------ third round

    def _details(self, gathered: Gathered) -> None:
        """Fill in what hangs on the grades."""
        graded = {row.user_id for rows in gathered.grades.rows.values() for row in rows if row.grade is not None}
        roster = {int(m.lms_id) for m in gathered.members}
        missing = sorted((graded & roster) - gathered.report.users)
        marked = self._marked_forms(gathered)
        markings = self._each(lambda form: self._markings(form.definition_id), marked.values())
        reports = self._each(lambda user_id: self._report(gathered.course, user_id), missing)
        gathered.unmarked_forms = frozenset(c for c, m in zip(marked, markings, strict=True) if m is None)
        for found in markings:
            gathered.markings.update(found or {})
        for report in reports:
            gathered.report.add(report)

    def _marked_forms(self, gathered: Gathered) -> dict[int, Form]:
        """The forms of assignments that have at least one grade, by course module id."""
        graded = {i for i, rows in gathered.grades.rows.items() if any(row.grade is not None for row in rows)}
        pairs = ((a.cmid, gathered.form_of(a)) for a in gathered.assignments if a.id in graded)
        return {cmid: form for cmid, form in pairs if form is not None}

    def _markings(self, definition_id: int) -> dict[int, Marking] | None:
        """The markings of one form; ``None`` where they may not be read."""
        try:
            return forms.markings(self._client.call(fn.INSTANCES, definitionid=definition_id, since=0))
        except (MoodleRefused, MoodleNoSuch):
            return None

    # ------------------------------------------------------------ side by side

    def _together(self, *jobs: Callable[[], Any]) -> list[Any]:
        return self._each(lambda job: job(), jobs)

    def _each(self, job: Callable[[Any], T], subjects: Iterable[Any]) -> list[T]:
        """Every subject's answer in order. The first failure is raised, and what has not begun is called off."""
        futures = [self._executor.submit(job, subject) for subject in subjects]
        try:
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()


def _options(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def _batches(ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def _batch_size(members: int) -> int:
    """How many assignments one call may ask for: at most 200, and about 20,000 rows to expect."""
    return max(1, min(MOST_IDS, MOST_ROWS // max(1, members)))
