"""Answers of ``mod_assign`` that list: assignments, grades, workflow flags."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from connectors.moodle.simulator.access import View, no_access, warning
from connectors.moodle.simulator.records import Assignment, Grade

Warnings = list[dict[str, str | int]]

_SUBMISSION_CONFIGS = (
    ("onlinetext", "assignsubmission", "enabled", "1"),
    ("file", "assignsubmission", "enabled", "1"),
    ("comments", "assignfeedback", "enabled", "1"),
)


def assignments(view: View, given: dict[str, Any]) -> dict[str, Any]:
    """``mod_assign_get_assignments``: nothing at all unless course ids and ``includenotenrolledcourses`` are given."""
    answer: list[dict[str, Any]] = []
    warnings: Warnings = []
    for number in dict.fromkeys(given["courseids"]):
        course = view.college.courses.get(number)
        if course is None:
            words = "No access rights in course context Can't find data record in database table course."
            warnings.append(warning("course", number, "1", words))
        elif view.barred(course):
            words = f"No access rights in course context {view.barred(course)}"
            warnings.append(warning("course", number, "1", words))
        elif not given["includenotenrolledcourses"]:
            words = "User is not enrolled or does not have requested capability"
            warnings.append(warning("course", number, "2", words))
        else:
            answer.append(_course(view, number, warnings))
    return {"courses": answer, "warnings": warnings}


def _course(view: View, number: int, warnings: Warnings) -> dict[str, Any]:
    course = view.college.courses[number]
    rows = []
    for each in course.assignment_ids:
        assignment = view.college.assignments[each]
        if view.barred_activity(assignment):
            warnings.append(no_access("module", assignment.cmid))
        else:
            rows.append(_assignment(view, assignment))
    head = {"id": course.id, "fullname": course.full_name, "shortname": course.short_name}
    return head | {"timemodified": course.time_modified, "assignments": rows}


def _assignment(view: View, assignment: Assignment) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": assignment.id, "cmid": assignment.cmid, "course": assignment.course_id}
    answer |= {"name": assignment.name, "nosubmissions": int(not assignment.takes_submissions), "submissiondrafts": 1}
    answer |= {"sendnotifications": 0, "sendlatenotifications": 0, "sendstudentnotifications": 0}
    answer |= {"duedate": assignment.due, "allowsubmissionsfromdate": assignment.opens, "grade": assignment.grade}
    answer |= {"timemodified": assignment.time_modified, "completionsubmit": 0, "cutoffdate": 0, "gradingduedate": 0}
    answer |= {"teamsubmission": int(assignment.team), "requireallteammemberssubmit": 0}
    answer |= {"teamsubmissiongroupingid": 0, "blindmarking": int(assignment.blind), "hidegrader": 0}
    answer |= {"revealidentities": int(assignment.revealed), "attemptreopenmethod": assignment.reopen}
    answer |= {"maxattempts": assignment.max_attempts, "markingworkflow": int(assignment.workflow)}
    answer["markingallocation"] = 0
    if not view.version.startswith("4.3"):
        answer["markinganonymous"] = 0
    answer |= {"requiresubmissionstatement": 0, "preventsubmissionnotingroup": 0}
    keys = ("plugin", "subtype", "name", "value")
    answer["configs"] = [dict(zip(keys, config, strict=True)) for config in _SUBMISSION_CONFIGS]
    answer |= {"intro": f"<p>Brief for {assignment.name}</p>", "introformat": 1, "introfiles": []}
    return answer | {"introattachments": [], "timelimit": 0, "submissionattachments": 0}


# ---------------------------------------------------------------- grades and flags


def readable(view: View, ids: Iterable[int], *capabilities: str) -> tuple[list[Assignment], Warnings]:
    """Which of the assignments asked for may be read, and warning 1 for each that may not.

    An id that belongs to no assignment is neither: it ends among those with nothing found.
    """
    allowed: list[Assignment] = []
    warnings: Warnings = []
    for number in dict.fromkeys(ids):
        assignment = view.college.assignments.get(number)
        if assignment is None:
            continue
        if view.barred_activity(assignment) or not view.may(*capabilities):
            warnings.append(no_access("assignment", number))
        else:
            allowed.append(assignment)
    return sorted(allowed, key=lambda assignment: assignment.id), warnings


def _listing(
    ids: Iterable[int], found: dict[int, list[Any]], warnings: Warnings, key: str, none: str
) -> dict[str, Any]:
    alarmed = {row["itemid"] for row in warnings}
    silent = (number for number in dict.fromkeys(ids) if number not in found and number not in alarmed)
    nothing = [warning("assignment", number, "3", none) for number in silent]
    rows = [{"assignmentid": number, key: found[number]} for number in found]
    return {"assignments": rows, "warnings": warnings + nothing}


def _collect(allowed: list[Assignment], rows_of: Callable[[Assignment], list[Any]]) -> dict[int, list[Any]]:
    collected = ((assignment.id, rows_of(assignment)) for assignment in allowed)
    return {number: rows for number, rows in collected if rows}


def grades(view: View, given: dict[str, Any]) -> dict[str, Any]:
    """``mod_assign_get_grades``: the latest attempt's row of everyone who ever had one, released or not."""
    since: int = given["since"]
    allowed, warnings = readable(view, given["assignmentids"], "mod/assign:grade", "mod/assign:viewgrades")
    barred = [each for each in allowed if view.barred_groups(view.college.courses[each.course_id])]
    warnings += [no_access("assignment", each.id) for each in barred]
    found = _collect([each for each in allowed if each not in barred], lambda each: _grades(each, since))
    return _listing(given["assignmentids"], found, warnings, "grades", "No grades found")


def _grades(assignment: Assignment, since: int) -> list[dict[str, Any]]:
    if assignment.latest_change < since:
        return []
    rows = (assignment.current_grade(user_id) for user_id in assignment.grades)
    chosen = [row for row in rows if row is not None and row.time_modified >= since]
    chosen.sort(key=lambda row: row.id)
    return [grade_row(row) for row in chosen]


def grade_row(row: Grade) -> dict[str, Any]:
    """A row as ``get_grades`` lists it: the grade is text."""
    return {
        "id": row.id,
        "userid": row.user_id,
        "attemptnumber": row.attempt,
        "timecreated": row.time_created,
        "timemodified": row.time_modified,
        "grader": row.grader,
        "grade": row.grade,
    }


def user_flags(view: View, given: dict[str, Any]) -> dict[str, Any]:
    """``mod_assign_get_user_flags``: needs ``mod/assign:grade``; no times, no ``since``."""
    allowed, warnings = readable(view, given["assignmentids"], "mod/assign:grade")
    found = _collect(allowed, _flags)
    return _listing(given["assignmentids"], found, warnings, "userflags", "No user flags found")


def _flags(assignment: Assignment) -> list[dict[str, Any]]:
    return [
        {"id": flag.id, "userid": flag.user_id, "locked": 0, "mailed": 0, "extensionduedate": flag.extension}
        | {"workflowstate": flag.state, "allocatedmarker": 0}
        for flag in sorted(assignment.flags.values(), key=lambda flag: flag.id)
    ]
