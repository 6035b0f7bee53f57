"""Who asks and what their role lets them see: capabilities, course access, and Moodle's own exceptions."""

from __future__ import annotations

from dataclasses import dataclass, field

from connectors.moodle.simulator.records import Assignment, Course, User
from connectors.moodle.simulator.state import College

MINIMAL_ROLE = frozenset(
    [
        "webservice/rest:use",
        "moodle/course:view",
        "moodle/course:viewhiddencourses",
        "moodle/course:viewhiddenactivities",
        "moodle/site:accessallgroups",
        "mod/assign:view",
        "mod/assign:viewgrades",
        "mod/assign:grade",
        "moodle/user:viewdetails",
        "moodle/user:viewalldetails",
        "moodle/site:viewuseridentity",
        "moodle/course:enrolreview",
        "gradereport/user:view",
        "moodle/grade:viewall",
        "moodle/grade:viewhidden",
        "moodle/grade:managegradingforms",
    ]
)
RELEASES = {
    "4.5.6": ("4.5.6 (Build: 20250811)", "2024100706", "2024100700"),
    "4.3.0": ("4.3 (Build: 20231009)", "2023100900", "2023100900"),
}
_MOVED_IN_45 = {
    "moodle_exception",
    "invalid_parameter_exception",
    "required_capability_exception",
    "require_login_exception",
}
NOT_ACCESSIBLE = "Course or activity not accessible."
CAPABILITY_TITLES = {
    "moodle/course:enrolreview": "Review course enrolments",
    "moodle/role:review": "Review permissions for others",
    "moodle/grade:managegradingforms": "Manage advanced grading methods",
    "moodle/grade:viewall": "View grades of other users",
    "gradereport/user:view": "View user report",
    "moodle/competency:usercompetencyview": "View a user competency",
}


class MoodleError(Exception):
    """An answer with ``exception``, ``errorcode`` and ``message``. ``errorcode`` is ``None`` for a PHP ``Error``."""

    def __init__(self, kind: str, errorcode: str | None, message: str) -> None:
        super().__init__(message)
        self.kind, self.errorcode, self.message = kind, errorcode, message

    def class_name(self, version: str) -> str:
        """The exception's class as this version spells it."""
        moved = self.kind in _MOVED_IN_45 and not version.startswith("4.3")
        return f"core\\exception\\{self.kind}" if moved else self.kind

    def payload(self, version: str) -> dict[str, str]:
        """The JSON object."""
        answer = {"exception": self.class_name(version)}
        if self.errorcode is not None:
            answer["errorcode"] = self.errorcode
        return answer | {"message": self.message}


def missing_record(table: str) -> MoodleError:
    """A row that is not there."""
    message = f"Can't find data record in database table {table}."
    return MoodleError("dml_missing_record_exception", "invalidrecord", message)


def no_permission(capability: str) -> MoodleError:
    """A capability the role lacks."""
    title = CAPABILITY_TITLES.get(capability, capability)
    message = f"Sorry, but you do not currently have permissions to do that ({title})."
    return MoodleError("required_capability_exception", "nopermissions", message)


@dataclass(slots=True)
class View:
    """One call's point of view: the college as the service user's role sees it.

    ``locked_out`` is empty, or Moodle's words for why no course can be entered (policy not agreed, password change).
    """

    college: College
    version: str
    url: str
    role: set[str]
    functions: list[str]
    locked_out: str = ""
    service_user: User = field(default_factory=lambda: User(32, "ws.nvqsync", "NVQ", "Sync", "ws@staff.example.test"))

    def may(self, *capabilities: str) -> bool:
        """Whether the role has any of these."""
        return any(capability in self.role for capability in capabilities)

    def need(self, capability: str) -> None:
        """Raise ``nopermissions`` unless the role has this."""
        if capability not in self.role:
            raise no_permission(capability)

    def barred(self, course: Course) -> str:
        """Why this course cannot be entered; empty when it can."""
        if self.locked_out:
            return self.locked_out
        allowed = self.may("moodle/course:view") and (course.visible or self.may("moodle/course:viewhiddencourses"))
        return "" if allowed else NOT_ACCESSIBLE

    def barred_activity(self, assignment: Assignment) -> bool:
        """Whether this activity cannot be entered."""
        if self.barred(self.college.courses[assignment.course_id]) or not self.may("mod/assign:view"):
            return True
        return not (assignment.visible or self.may("moodle/course:viewhiddenactivities"))

    def barred_groups(self, course: Course) -> bool:
        """Whether separate groups hide everyone from this role."""
        return course.separate_groups and not self.may("moodle/site:accessallgroups")

    def enter(self, course_id: int) -> Course:
        """The course, as ``core_...`` functions enter it: ``invalidrecord`` or ``errorcoursecontextnotvalid``."""
        course = self.college.courses.get(course_id)
        if course is None:
            raise missing_record("course")
        reason = self.barred(course)
        if reason:
            raise context_error(course_id, reason)
        return course

    def enter_as_login(self, course_id: int) -> Course:
        """The course, as activity and gradebook functions enter it: ``requireloginerror``."""
        course = self.college.courses.get(course_id)
        if course is None:
            raise missing_record("course")
        if self.locked_out:
            raise context_error(course_id, self.locked_out)
        if self.barred(course):
            raise MoodleError("require_login_exception", "requireloginerror", NOT_ACCESSIBLE)
        return course

    def enter_activity(self, assignment: Assignment) -> None:
        """Enter an activity: ``requireloginerror`` when that is not allowed."""
        self.enter_as_login(assignment.course_id)
        if self.barred_activity(assignment):
            raise MoodleError("require_login_exception", "requireloginerror", NOT_ACCESSIBLE)


def context_error(course_id: int, reason: str) -> MoodleError:
    """A course context that could not be entered."""
    message = (
        f"You cannot execute functions in the course context (course id:{course_id}). "
        f"The context error message was: {reason}"
    )
    return MoodleError("moodle_exception", "errorcoursecontextnotvalid", message)


def warning(item: str, item_id: int, code: str, message: str) -> dict[str, str | int]:
    """One row of a ``warnings`` list."""
    return {"item": item, "itemid": item_id, "warningcode": code, "message": message}


def no_access(item: str, item_id: int) -> dict[str, str | int]:
    """Warning 1: an alarm."""
    return warning(item, item_id, "1", "No access rights in module context")
