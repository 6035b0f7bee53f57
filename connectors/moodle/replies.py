"""From payload to plain rows: what each web-service function of Moodle says, validated, without any I/O.

Every function here takes a decoded answer and returns frozen rows, or raises ``LmsUnreadable`` naming the function and
the key. ``forms.py`` does the same for rubrics and marking guides, ``gradebook.py`` for gradebook reports, and
``reading.py`` puts the rows of one course together into the records of ``nvqsync.model``.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from connectors.moodle.functions import (
    ASSIGNMENTS,
    ATTEMPTS,
    CONTENTS,
    COURSE_MODULE,
    COURSES,
    COURSES_BY_FIELD,
    FLAGS,
    GRADES,
    ROSTER,
    SCALE,
    SITE_INFO,
    SUBMISSIONS,
)
from connectors.moodle.wire import Answered, Row, as_row, as_rows, grade_of, name_of, unreadable
from nvqsync.columns import Columns
from nvqsync.errors import LmsUnreadable
from nvqsync.model import LmsCourse, LmsMember

LONDON = ZoneInfo("Europe/London")
SITE_COURSE = 1
_NO_ACCESS = ("1", "2")
_EIGHT = re.compile(r"[0-9]{8}")
_SECONDS = re.compile(r"-?[0-9]{1,10}|[0-9]{11}")


@dataclass(frozen=True, slots=True)
class Site:
    """Who answered. ``policy_agreed`` is ``None`` where the release does not say (before 4.4)."""

    name: str
    release: str
    url: str
    user_id: int
    is_admin: bool
    functions: frozenset[str]
    policy_agreed: bool | None


def site(payload: Any) -> Site:
    """``core_webservice_get_site_info``; its ``userprivateaccesskey`` is a secret and is left where it is."""
    row = as_row(SITE_INFO, "", payload)
    return Site(
        name=name_of(row.text("sitename")),
        release=row.text("release"),
        url=row.text("siteurl"),
        user_id=row.identifier("userid"),
        is_admin=row.truth("userissiteadmin", default=False),
        functions=frozenset(function.text("name") for function in row.rows("functions")),
        policy_agreed=row.truth("policyagreed") if "policyagreed" in row.data else None,
    )


def courses(payload: Any, *, by_field: bool = False) -> list[tuple[LmsCourse, bool]]:
    """Each course but the front page, with whether its ID number was told (that takes ``moodle/course:update``)."""
    rows = as_row(COURSES_BY_FIELD, "", payload).rows("courses") if by_field else as_rows(COURSES, "", payload)
    return [(_course(row), "idnumber" in row.data) for row in rows if row.identifier("id") != SITE_COURSE]


def _course(row: Row) -> LmsCourse:
    return LmsCourse(
        lms_id=str(row.identifier("id")),
        short_name=name_of(row.text("shortname")),
        full_name=name_of(row.text("fullname")),
        id_number=row.text("idnumber", default=""),
    )


@dataclass(frozen=True, slots=True)
class ProfileFields:
    """The short names of the profile fields that hold what Moodle has no field for."""

    uln: str = "uln"
    candidate_number: str = "ocr_candidate_number"
    date_of_birth: str = "dob"


def members(payload: Any, fields: ProfileFields) -> list[LmsMember]:
    """One page of a roster, everyone taken as active (a second question tells who is)."""
    return [_member(row, fields) for row in as_rows(ROSTER, "", payload)]


def member_ids(payload: Any) -> list[int]:
    """One page of a roster asked for ids alone."""
    return [row.identifier("id") for row in as_rows(ROSTER, "", payload)]


def _member(row: Row, fields: ProfileFields) -> LmsMember:
    profile = {entry.text("shortname"): entry for entry in row.rows("customfields", default=[])}
    return LmsMember(
        lms_id=str(row.identifier("id")),
        name=row.text("fullname"),
        id_number=row.text("idnumber", default=""),
        roles=tuple(role.text("shortname") for role in row.rows("roles")),
        uln=_profile_text(profile, fields.uln),
        candidate_number=_profile_text(profile, fields.candidate_number),
        date_of_birth=_profile_day(profile, fields.date_of_birth),
    )


def _profile_text(profile: Mapping[str, Row], name: str) -> str:
    return profile[name].text("value", default="") if name in profile else ""


def _profile_day(profile: Mapping[str, Row], name: str) -> dt.date | None:
    """A day from a date field (epoch seconds, read as a London day) or a text field (ISO, or day/month/year).

    Eight figures that are a day (20070301) are that day: as seconds they would be one of August 1970 not at midnight.
    """
    value = _profile_text(profile, name).strip()
    for pattern in ("%Y-%m-%d", "%d/%m/%Y", *(("%Y%m%d",) if _EIGHT.fullmatch(value) else ())):
        try:
            return dt.datetime.strptime(value, pattern).date()  # noqa: DTZ007 - a day has no time zone
        except ValueError:
            continue
    return _london_day(int(value)) if _SECONDS.fullmatch(value) and int(value) != 0 else None


def _london_day(seconds: int) -> dt.date:
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return (epoch + dt.timedelta(seconds=seconds)).astimezone(LONDON).date()


@dataclass(frozen=True, slots=True)
class Assignment:
    """An assignment as listed. ``grade`` above 0 is the maximum, below 0 minus the scale's id, 0 no grade."""

    id: int
    cmid: int
    name: str
    grade: int
    workflow: bool
    identities_hidden: bool
    team: bool
    modified: int = 0
    reopens: bool = False


@dataclass(frozen=True, slots=True)
class AssignmentList:
    """One course's assignments, when the course was last changed, and the course module ids that were denied."""

    assignments: tuple[Assignment, ...]
    denied: frozenset[int]
    modified: int = 0


def assignments(payload: Any, course_ids: Iterable[int]) -> dict[int, AssignmentList | None]:
    """``mod_assign_get_assignments`` by course; ``None`` for a course that is denied. Raises ``LmsUnreadable`` for one
    that is neither told nor warned about. Denied modules are not told by course: each list names them all."""
    top = as_row(ASSIGNMENTS, "", payload)
    warnings = top.rows("warnings", default=[])
    modules, refused = frozenset(_denied(warnings, "module")), _denied(warnings, "course")
    told = {row.identifier("id"): row for row in top.rows("courses")}
    found: dict[int, AssignmentList | None] = {}
    for course_id in course_ids:
        if course_id in told:
            found[course_id] = _assignment_list(told[course_id], modules)
        elif course_id in refused:
            found[course_id] = None
        else:
            raise unreadable(ASSIGNMENTS, "courses", f"says nothing about course {course_id}")
    return found


def unattributed() -> LmsUnreadable:
    """Some activity was denied, and an answer about many courses does not say whose: each must be asked alone."""
    return unreadable(ASSIGNMENTS, "warnings", "does not say which course a denied activity belongs to")


def _assignment_list(row: Row, denied: frozenset[int]) -> AssignmentList:
    listed = tuple(_assignment(entry) for entry in row.rows("assignments"))
    return AssignmentList(listed, denied, row.integer("timemodified", default=0))


def _assignment(row: Row) -> Assignment:
    return Assignment(
        id=row.identifier("id"),
        cmid=row.identifier("cmid"),
        name=name_of(row.text("name")),
        grade=row.integer("grade"),
        workflow=row.truth("markingworkflow"),
        identities_hidden=row.truth("blindmarking") and not row.truth("revealidentities"),
        team=row.truth("teamsubmission"),
        modified=row.integer("timemodified", default=0),
        reopens=row.text("attemptreopenmethod", default="none") != "none",
    )


def _denied(warnings: Iterable[Row], kind: str) -> set[int]:
    return {w.integer("itemid") for w in warnings if w.text("item") == kind and w.text("warningcode") in _NO_ACCESS}


class GradeRow(NamedTuple):
    """One row of ``mod_assign_get_grades``: the latest attempt's grade of one user. ``grade`` ``None``: no grade."""

    id: int
    user_id: int
    attempt: int
    grade: Decimal | None
    modified: int
    grader: int


def grades(payload: Any) -> Answered[Columns[GradeRow]]:
    """``mod_assign_get_grades``: warning 3 means nothing found (normal), any other one that access was denied.

    ``bulk.grades`` reads the same from the bytes of an answer in which nothing is odd.
    """
    top = as_row(GRADES, "", payload)
    answer = Answered[Columns[GradeRow]]()
    for row in top.rows("assignments"):
        rows = Columns.of(GradeRow, map(_grade_row, row.rows("grades")))
        answer.rows[row.identifier("assignmentid")] = latest(rows)
    answer.take_warnings(top)
    return answer


def _grade_row(row: Row) -> GradeRow:
    text = row.text("grade")
    try:
        value = grade_of(text)
    except ValueError:
        raise row.wrong("grade", "is not a grade") from None
    attempt = row.integer("attemptnumber")
    if attempt < 0:
        raise row.wrong("attemptnumber", "is below zero")
    return GradeRow(
        row.identifier("id"),
        row.identifier("userid"),
        attempt,
        value,
        row.integer("timemodified"),
        row.integer("grader"),
    )


def latest(rows: Columns[GradeRow]) -> Columns[GradeRow]:
    """One row a user, the latest attempt's, in the order of row ids."""
    if len(set(rows.columns[1])) == len(rows):
        return rows
    found = {row.user_id: row for row in rows}
    for row in rows:
        held = found[row.user_id]
        if (row.attempt, row.id) > (held.attempt, held.id):
            found[row.user_id] = row
    return Columns.of(GradeRow, found.values())


class Later(NamedTuple):
    """Who is on a later attempt than the first: users by themselves, teams by their group with the attempt's number.

    Group 0 is the team of those who are in no group.
    """

    users: set[int]
    teams: dict[int, int]


def later_attempts(payload: Any) -> Answered[Later]:
    """``mod_assign_get_submissions``: by assignment, who is on a later attempt. A team's row names user 0."""
    top = as_row(SUBMISSIONS, "", payload)
    answer = Answered[Later]()
    for row in top.rows("assignments"):
        found = answer.rows[row.identifier("assignmentid")] = Later(set(), {})
        for submission in row.rows("submissions"):
            user, attempt = submission.integer("userid"), submission.integer("attemptnumber")
            if user > 0 and attempt > 0:
                found.users.add(user)
            elif user == 0 and attempt > 0:
                found.teams[submission.integer("groupid", default=0)] = attempt
    answer.take_warnings(top)
    return answer


def superseded(payload: Any) -> GradeRow | None:
    """``mod_assign_get_submission_status``: the last grade of an earlier attempt, while the latest one has none."""
    top = as_row(ATTEMPTS, "", payload)
    behind = _behind_the_team(top)
    if top.row("lastattempt").truth("graded") and behind is None:
        return None
    attempts = (attempt for attempt in top.rows("previousattempts", default=[]) if attempt.data.get("grade"))
    rows = [*(_grade_row(attempt.row("grade")) for attempt in attempts), *([behind] if behind else [])]
    return max((row for row in rows if row.grade is not None), key=lambda row: row.attempt, default=None)


def _behind_the_team(top: Row) -> GradeRow | None:
    """The grade that is shown as the latest, where it was given for an earlier attempt than the team is on now."""
    last, feedback = top.row("lastattempt"), top.data.get("feedback")
    if last.data.get("teamsubmission") is None or feedback is None or not top.row("feedback").data.get("grade"):
        return None
    row = _grade_row(top.row("feedback").row("grade"))
    return row if row.attempt < last.row("teamsubmission").integer("attemptnumber") else None


def flags(payload: Any) -> Answered[dict[int, str]]:
    """``mod_assign_get_user_flags``: the marking-workflow state of each user who has a row (``""``: no state yet)."""
    top = as_row(FLAGS, "", payload)
    answer = Answered[dict[int, str]]()
    for row in top.rows("assignments"):
        states = {f.identifier("userid"): f.text("workflowstate", default="") for f in row.rows("userflags")}
        answer.rows[row.identifier("assignmentid")] = states
    answer.take_warnings(top)
    return answer


def scale(payload: Any) -> tuple[str, ...]:
    """``core_competency_get_scale_values``: a scale's items from the lowest."""
    rows = as_rows(SCALE, "", payload)
    if [row.integer("id") for row in rows] != list(range(1, len(rows) + 1)) or not rows:
        raise unreadable(SCALE, "the list of items", "is not numbered from 1")
    return tuple(name_of(row.text("name")).strip() for row in rows)


def pass_mark(payload: Any) -> Decimal | None:
    """``core_course_get_course_module``: the pass mark, ``None`` where the token may not read it."""
    row = as_row(COURSE_MODULE, "", payload).row("cm")
    return None if row.data.get("gradepass") is None else row.number("gradepass")


def hidden_activities(payload: Any) -> dict[int, bool]:
    """``core_course_get_contents``: whether each assignment (by instance id) is hidden from learners."""
    hidden = {}
    for section in as_rows(CONTENTS, "", payload):
        off = not section.truth("visible", default=True)
        for module in section.rows("modules"):
            if module.text("modname") == "assign":
                hidden[module.identifier("instance")] = off or not module.truth("visible", default=True)
    return hidden
