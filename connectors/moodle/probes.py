"""Trying each capability of the service account by reading something that takes it: a dozen small calls.

A missing right often shows as silence, not as an error: a roster without roles, an answer with a warning, a report that
tells an ID number which the roster withholds. Nothing is written, and no learner is named.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.moodle import forms, replies, sources
from connectors.moodle import functions as fn
from connectors.moodle.advice import ROLE_PAGE, as_lms_error
from connectors.moodle.client import MoodleClient
from connectors.moodle.errors import MoodleBusy, MoodleError, MoodleNoSuch, MoodleRefused
from connectors.moodle.replies import Assignment, ProfileFields, Site
from connectors.moodle.role import CAPABILITIES, FOR_COMPETENCIES
from nvqsync.errors import LmsError
from nvqsync.findings import Finding, Status, fail, ok, warn
from nvqsync.model import LmsMember

MOST_COURSES = 40
MOST_IDS = 200
PEOPLE = 25
_TEN_YEARS = 315_360_000
_CLOSED = ("errorcoursecontextnotvalid", "requireloginerror")
COURSES_TRIED = 10
"""In so many courses competencies are looked for."""
LOST = {one.name: one.lost for one in (*CAPABILITIES, *FOR_COMPETENCIES)}
NOT_PROBED = frozenset({"moodle/site:viewuseridentity", "moodle/grade:viewhidden"})
"""Part of the role as it was verified, but nothing that nvqsync reads shows whether they are there."""


@dataclass(slots=True)
class Seen:
    """What the first calls showed: enough to try the rest on. ``by_course`` are assignments by course id."""

    by_course: dict[int, tuple[Assignment, ...]] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)
    denied_modules: set[int] = field(default_factory=set)

    @property
    def assignments(self) -> list[Assignment]:
        """Every assignment, courses in turn, so that the first few are of as many courses as possible."""
        lists = [list(found) for found in self.by_course.values()]
        deepest = max(map(len, lists), default=0)
        return [found[place] for place in range(deepest) for found in lists if place < len(found)]

    def fullest(self) -> int | None:
        """The course with most assignments."""
        return max(self.by_course, key=lambda course: (len(self.by_course[course]), -course), default=None)


class Probes:
    """Tries each capability by reading. ``findings`` gives one line each, in the order of the role."""

    def __init__(self, client: MoodleClient, site: Site, fields: ProfileFields) -> None:
        self._client = client
        self._fields = fields
        self._site = site
        self._lines: dict[str, Finding] = {}
        self._errors: list[Finding] = []

    def findings(self, *, competencies: bool = False) -> Iterator[Finding]:
        """Every capability that reading can try, then what could not be asked at all.

        With ``competencies`` also the one that they take.
        """
        self._granted("webservice/rest:use")
        seen = self._courses()
        self._activities(seen)
        self._grades(seen)
        course = seen.fullest()
        if course is not None:
            self._people(course, seen)
        self._forms(seen)
        if competencies:
            self._competencies(seen)
        for capability in (*CAPABILITIES, *(FOR_COMPETENCIES if competencies else ())):
            if capability.name not in NOT_PROBED:
                yield self._lines.get(capability.name) or self._untried(capability.name)
        yield from self._errors
        yield from self._writing(seen)

    # ------------------------------------------------------------ asking

    def _ask(self, function: str, **params: Any) -> tuple[Any, MoodleError | None]:
        """The answer, or the refusal. What is neither (Moodle busy, an answer that makes no sense) becomes a line."""
        if function not in self._site.functions:
            return None, MoodleNoSuch(function, "the service lacks it")
        try:
            return self._client.call(function, **params), None
        except MoodleError as problem:
            if isinstance(problem, MoodleBusy) or not isinstance(problem, MoodleRefused | MoodleNoSuch):
                error = as_lms_error(problem)
                self._errors.append(fail(f"moodle.answer.{function}", error.says, error.next_step))
            return None, problem

    def _understand(self, function: str, read: Any, *given: Any) -> Any:
        """What a reply says, or ``None`` with a line where it makes no sense."""
        try:
            return read(*given)
        except LmsError as error:
            self._errors.append(fail(f"moodle.answer.{function}", error.says, error.next_step))
            return None

    # ------------------------------------------------------------ lines

    def _granted(self, *names: str) -> None:
        for name in names:
            self._lines.setdefault(name, ok(f"moodle.capability.{name}", f"Nothing is refused for want of {name}."))

    def _missing(self, name: str, seen_by: str) -> None:
        step = f"Allow {name} at system level ({ROLE_PAGE})."
        if self._site.policy_agreed is False:
            step += " First accept the site policy as the service account: until then everything looks refused."
        says = f"{name} seems to be missing ({seen_by}): {LOST[name]}."
        self._lines[name] = fail(f"moodle.capability.{name}", says, step)

    def _unsure(self, name: str, says: str, step: str) -> None:
        self._lines.setdefault(name, warn(f"moodle.capability.{name}", f"{name}: {says}", step))

    def _untried(self, name: str) -> Finding:
        if self._errors or any(line.status is not Status.OK for line in self._lines.values()):
            step = "Put right what stands above, then run it again."
            return warn(f"moodle.capability.{name}", f"{name} could not be tried.", step)
        return ok(f"moodle.capability.{name}", f"{name}: nothing on this site to try it on.")

    # ------------------------------------------------------------ courses and activities

    def _courses(self) -> Seen:
        """Enter courses. One that is closed fails the list; then the searchable ones are entered one by one."""
        payload, refused = self._ask(fn.COURSES)
        if refused is not None and refused.errorcode in _CLOSED:
            payload, _ = self._ask(fn.COURSES_BY_FIELD)
            listed = (
                self._understand(fn.COURSES_BY_FIELD, lambda: replies.courses(payload, by_field=True))
                if payload
                else None
            )
        else:
            listed = self._understand(fn.COURSES, lambda: replies.courses(payload)) if payload is not None else None
        seen = self._enter([int(course.lms_id) for course, _ in listed or []][:MOST_COURSES])
        self._judge_courses(seen, refused)
        return seen

    def _enter(self, ids: Sequence[int]) -> Seen:
        seen = Seen()
        if not ids:
            return seen
        payload, _ = self._ask(fn.ASSIGNMENTS, courseids=list(ids), includenotenrolledcourses=True)
        lists = None if payload is None else self._understand(fn.ASSIGNMENTS, replies.assignments, payload, ids)
        for course, found in (lists or {}).items():
            if found is None:
                seen.closed.add(course)
            else:
                seen.by_course[course] = found.assignments
                seen.denied_modules |= found.denied
        return seen

    def _judge_courses(self, seen: Seen, refused: MoodleError | None) -> None:
        if seen.by_course:
            self._granted("moodle/course:view")
            if seen.closed or (refused is not None and refused.errorcode in _CLOSED):
                self._missing("moodle/course:viewhiddencourses", "at least one course is closed to the account")
            else:
                self._granted("moodle/course:viewhiddencourses")
        elif seen.closed or (refused is not None and refused.errorcode in _CLOSED):
            self._missing("moodle/course:view", "no course can be entered")
        elif refused is None and not self._errors:
            says = "the account sees no course at all"
            self._unsure("moodle/course:view", f"{says}.", "If there are courses, allow it at system level.")

    def _activities(self, seen: Seen) -> None:
        if seen.assignments:
            self._granted("mod/assign:view")
            if seen.denied_modules:
                says = f"{len(seen.denied_modules)} assignments are withheld"
                self._missing("moodle/course:viewhiddenactivities", says)
            else:
                self._granted("moodle/course:viewhiddenactivities")
        elif seen.denied_modules:
            self._missing("mod/assign:view", f"all {len(seen.denied_modules)} assignments are withheld")

    # ------------------------------------------------------------ grades, people, gradebook, forms

    def _grades(self, seen: Seen) -> None:
        """Grades take either capability, workflow states take ``mod/assign:grade``, and know no groups."""
        ids = [one.id for one in seen.assignments][:MOST_IDS]
        if not ids:
            return
        grades = self._denied(fn.GRADES, replies.grades, ids)
        flags = self._denied(fn.FLAGS, replies.flags, ids)
        if flags is not None:
            if flags:
                self._missing("mod/assign:grade", "workflow states are withheld")
            else:
                self._granted("mod/assign:grade")
        if grades is None:
            return
        if not grades:
            self._granted("mod/assign:viewgrades")
        elif flags:
            self._missing("mod/assign:viewgrades", "grades are withheld")
        else:
            self._granted("mod/assign:viewgrades")
            self._missing("moodle/site:accessallgroups", "grades are withheld although the account may grade")

    def _denied(self, function: str, read: Any, ids: Sequence[int]) -> set[int] | None:
        payload, _ = self._ask(function, assignmentids=list(ids))
        answer = None if payload is None else self._understand(function, read, payload)
        return None if answer is None else answer.denied & set(ids)

    def _people(self, course: int, seen: Seen) -> None:
        options = _options(
            userfields="id,fullname,idnumber,customfields,roles", limitfrom=0, limitnumber=PEOPLE, sortby="id"
        )
        payload, refused = self._ask(fn.ROSTER, courseid=course, options=options)
        rows = payload if isinstance(payload, list) else []
        if refused is None and any(isinstance(row, dict) and "roles" not in row for row in rows):
            self._missing("moodle/user:viewdetails", "the roster shows the course contacts only")
            return
        members = self._understand(fn.ROSTER, lambda: replies.members(rows, self._fields)) or []
        if members:
            self._granted("moodle/user:viewdetails")
        elif refused is None and self._has_grades(seen.by_course[course]):
            self._missing("moodle/site:accessallgroups", "a course with grades shows nobody")
        active = _options(onlyactive=1, userfields="id", limitfrom=0, limitnumber=1)
        self._granted_unless_refused("moodle/course:enrolreview", fn.ROSTER, courseid=course, options=active)
        self._gradebook(course, members)
        if members:
            self._granted("moodle/site:accessallgroups")

    def _has_grades(self, assignments: Sequence[Assignment]) -> bool:
        payload, _ = self._ask(fn.GRADES, assignmentids=[one.id for one in assignments][:MOST_IDS])
        answer = None if payload is None else self._understand(fn.GRADES, replies.grades, payload)
        return answer is not None and any(row.grade is not None for rows in answer.rows.values() for row in rows)

    def _granted_unless_refused(self, name: str, function: str, **params: Any) -> None:
        _, refused = self._ask(function, **params)
        if refused is None:
            self._granted(name)
        elif isinstance(refused, MoodleRefused):
            self._missing(name, f"{function} answers {refused.errorcode}")

    def _gradebook(self, course: int, members: Sequence[LmsMember]) -> None:
        """One learner's report: it takes both capabilities, and tells an ID number that the roster may withhold."""
        learner = next((m for m in members if "student" in m.roles), next(iter(members), None))
        user = int(learner.lms_id) if learner else self._site.user_id
        payload, refused = self._ask(fn.REPORT, courseid=course, userid=user)
        if refused is None:
            self._granted("gradereport/user:view", "moodle/grade:viewall")
        elif refused.errorcode in ("nopermissiontoviewgrades", "notingroup"):
            self._granted("gradereport/user:view")
            self._missing("moodle/grade:viewall", f"the report answers {refused.errorcode}")
        elif isinstance(refused, MoodleRefused):
            self._missing("gradereport/user:view", f"the report answers {refused.errorcode}")
        if learner:
            self._identities(members, learner, payload)

    def _identities(self, members: Sequence[LmsMember], learner: LmsMember, payload: Any) -> None:
        name = "moodle/user:viewalldetails"
        if any(member.id_number or member.uln or member.candidate_number for member in members):
            self._granted(name)
        elif _told_id_number(payload) and not learner.id_number:
            self._missing(name, "the gradebook tells an ID number that the roster withholds")
        else:
            says = f"none of {len(members)} people on a roster has an ID number, ULN or candidate number."
            self._unsure(name, says, f"If the college fills them in, allow it at system level ({ROLE_PAGE}).")

    def _forms(self, seen: Seen) -> None:
        """Read what nobody has marked yet on the first rubric or guide there is: small, and refused all the same."""
        cmids = [one.cmid for one in seen.assignments if one.grade][:MOST_IDS]
        payload, _ = self._ask(fn.DEFINITIONS, cmids=cmids, areaname="submissions") if cmids else (None, None)
        found = None if payload is None else self._understand(fn.DEFINITIONS, forms.definitions, payload)
        form = next((form for form in found.rows.values() if form is not None), None) if found else None
        if form is not None:
            since = int(time.time()) + _TEN_YEARS
            self._granted_unless_refused(
                "moodle/grade:managegradingforms", fn.INSTANCES, definitionid=form.definition_id, since=since
            )

    def _competencies(self, seen: Seen) -> None:
        """Read one rating in the first course that has competencies and somebody on its roster."""
        for course in list(seen.by_course)[:COURSES_TRIED]:
            payload, _ = self._ask(fn.COMPETENCIES, id=course)
            listed = None if payload is None else self._understand(fn.COMPETENCIES, sources.competencies, payload)
            if not listed:
                continue
            options = _options(onlyactive=1, userfields="id", limitfrom=0, limitnumber=1, sortby="id")
            people, _ = self._ask(fn.ROSTER, courseid=course, options=options)
            for user in self._understand(fn.ROSTER, replies.member_ids, people or []) or []:
                asked = {"userid": user, "competencyid": listed[0].id, "courseid": course}
                self._granted_unless_refused(FOR_COMPETENCIES[0].name, fn.RATING, **asked)
                return

    def _writing(self, seen: Seen) -> Iterator[Finding]:
        """Whether pass marks can be read, which takes a right to write that the role leaves out on purpose."""
        points = next((one for one in seen.assignments if one.grade > 0), None)
        if points is None or fn.COURSE_MODULE not in self._site.functions:
            return
        payload, _ = self._ask(fn.COURSE_MODULE, cmid=points.cmid)
        mark = None if payload is None else self._understand(fn.COURSE_MODULE, replies.pass_mark, payload)
        subject = "moodle.capability.moodle/course:manageactivities"
        if mark is None:
            yield ok(
                subject, "Pass marks are not read from Moodle (moodle/course:manageactivities): the mapping sets them."
            )
        else:
            step = "If pass_mark in the mapping file says it as well, take the capability away."
            yield warn(
                subject, "moodle/course:manageactivities is allowed: it reads pass marks, and could write.", step
            )


def _options(**values: Any) -> list[dict[str, Any]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def _told_id_number(payload: Any) -> bool:
    """Whether a gradebook report tells its learner's ID number."""
    users = payload.get("usergrades") if isinstance(payload, dict) else None
    return isinstance(users, list) and any(isinstance(user, dict) and user.get("useridnumber") for user in users)
