"""The web-service functions of the simulator: one table from a name to its parameters and what answers it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from connectors.moodle.simulator import (
    replies_assign,
    replies_competency,
    replies_courses,
    replies_gradebook,
    replies_grading,
    replies_submissions,
    replies_users,
)
from connectors.moodle.simulator.access import View
from connectors.moodle.simulator.parameters import REQUIRED, Spec

Answer = Callable[[View, dict[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class Function:
    """A function: its parameters and its answer."""

    spec: Spec
    answer: Answer


_IDS: dict[str, tuple[str, Any]] = {"assignmentids": ("ints", REQUIRED)}
_SINCE = ("int", 0)

FUNCTIONS: dict[str, Function] = {
    "core_webservice_get_site_info": Function({"serviceshortnames": ("texts", [])}, replies_courses.site_info),
    "core_course_get_courses": Function({"options": ("ids", None)}, replies_courses.courses),
    "core_course_get_courses_by_field": Function(
        {"field": ("text", ""), "value": ("text", "")}, replies_courses.courses_by_field
    ),
    "core_course_get_contents": Function(
        {"courseid": ("int", REQUIRED), "options": ("pairs", [])}, replies_courses.contents
    ),
    "core_course_get_course_module": Function({"cmid": ("int", REQUIRED)}, replies_courses.course_module),
    "core_course_get_course_module_by_instance": Function(
        {"module": ("text", REQUIRED), "instance": ("int", REQUIRED)}, replies_courses.course_module_by_instance
    ),
    "core_course_get_updates_since": Function(
        {"courseid": ("int", REQUIRED), "since": ("int", REQUIRED), "filter": ("pairs", [])},
        replies_courses.updates_since,
    ),
    "core_enrol_get_enrolled_users": Function(
        {"courseid": ("int", REQUIRED), "options": ("pairs", [])}, replies_users.enrolled_users
    ),
    "core_user_get_users_by_field": Function(
        {"field": ("text", REQUIRED), "values": ("texts", REQUIRED)}, replies_users.users_by_field
    ),
    "core_group_get_course_user_groups": Function(
        {"courseid": ("int", 0), "userid": ("int", 0), "groupingid": ("int", 0)}, replies_users.user_groups
    ),
    "mod_assign_get_assignments": Function(
        {"courseids": ("ints", []), "capabilities": ("texts", []), "includenotenrolledcourses": ("bool", False)},
        replies_assign.assignments,
    ),
    "mod_assign_get_grades": Function({**_IDS, "since": _SINCE}, replies_assign.grades),
    "mod_assign_get_user_flags": Function(_IDS, replies_assign.user_flags),
    "mod_assign_get_submissions": Function(
        {**_IDS, "status": ("text", ""), "since": _SINCE, "before": ("int", 0)}, replies_submissions.submissions
    ),
    "mod_assign_get_submission_status": Function(
        {"assignid": ("int", REQUIRED), "userid": ("int", 0), "groupid": ("int", 0)},
        replies_submissions.submission_status,
    ),
    "mod_assign_list_participants": Function(
        {
            "assignid": ("int", REQUIRED),
            "groupid": ("int", REQUIRED),
            "filter": ("text", REQUIRED),
            "skip": ("int", 0),
            "limit": ("int", 0),
            "onlyids": ("bool", False),
            "includeenrolments": ("bool", True),
            "tablesort": ("bool", False),
        },
        replies_submissions.participants,
    ),
    "core_grading_get_definitions": Function(
        {"cmids": ("ints", REQUIRED), "areaname": ("text", REQUIRED), "activeonly": ("bool", False)},
        replies_grading.definitions,
    ),
    "core_grading_get_gradingform_instances": Function(
        {"definitionid": ("int", REQUIRED), "since": _SINCE}, replies_grading.instances
    ),
    "gradereport_user_get_grade_items": Function(
        {"courseid": ("int", REQUIRED), "userid": ("int", 0), "groupid": ("int", 0)}, replies_gradebook.grade_items
    ),
    "core_competency_list_course_competencies": Function(
        {"id": ("int", REQUIRED)}, replies_competency.course_competencies
    ),
    "tool_lp_data_for_user_competency_summary_in_course": Function(
        {"userid": ("int", REQUIRED), "competencyid": ("int", REQUIRED), "courseid": ("int", REQUIRED)},
        replies_competency.rating,
    ),
    "core_competency_get_scale_values": Function({"scaleid": ("int", REQUIRED)}, replies_grading.scale_values),
}
