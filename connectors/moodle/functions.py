"""The web-service functions of Moodle that the connector calls, all of them reads, and which it cannot do without."""

from __future__ import annotations

from types import MappingProxyType

SITE_INFO = "core_webservice_get_site_info"
COURSES = "core_course_get_courses"
COURSES_BY_FIELD = "core_course_get_courses_by_field"
CONTENTS = "core_course_get_contents"
COURSE_MODULE = "core_course_get_course_module"
ROSTER = "core_enrol_get_enrolled_users"
ASSIGNMENTS = "mod_assign_get_assignments"
GRADES = "mod_assign_get_grades"
FLAGS = "mod_assign_get_user_flags"
SCALE = "core_competency_get_scale_values"
DEFINITIONS = "core_grading_get_definitions"
SUBMISSIONS = "mod_assign_get_submissions"
ATTEMPTS = "mod_assign_get_submission_status"
INSTANCES = "core_grading_get_gradingform_instances"
REPORT = "gradereport_user_get_grade_items"
COMPETENCIES = "core_competency_list_course_competencies"
RATING = "tool_lp_data_for_user_competency_summary_in_course"

NEEDED = (
    SITE_INFO,
    COURSES,
    CONTENTS,
    ROSTER,
    ASSIGNMENTS,
    GRADES,
    FLAGS,
    SUBMISSIONS,
    ATTEMPTS,
    SCALE,
    DEFINITIONS,
    INSTANCES,
    REPORT,
)
"""Without any one of these no pass begins."""

USEFUL = MappingProxyType(
    {
        COURSE_MODULE: "pass marks set in Moodle (these also take moodle/course:manageactivities)",
        COURSES_BY_FIELD: "the list of courses where one course is closed to the token",
    }
)
"""What is lost without each of these; nothing else is."""
FOR_COMPETENCIES = (COMPETENCIES, RATING)
"""Needed only where the mapping file asks for competencies."""
