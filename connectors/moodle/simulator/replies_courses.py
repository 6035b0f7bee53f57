"""Answers about the site, its courses and what stands in them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from connectors.moodle.simulator.access import RELEASES, MoodleError, View
from connectors.moodle.simulator.parameters import bad_parameter
from connectors.moodle.simulator.records import Assignment, Course

_FEATURES = ("usecomments", "usetags", "enablenotes", "messaging", "enableblogs", "enablecompletion", "enablebadges")
_TIMES = {"showactivitydates": False, "showcompletionconditions": True}


def site_info(view: View, _: dict[str, Any]) -> dict[str, Any]:
    """``core_webservice_get_site_info``."""
    release, core, plugin = RELEASES[view.version]
    user = view.service_user
    answer: dict[str, Any] = {"sitename": view.college.name, "username": user.username, "firstname": user.first_name}
    answer |= {"lastname": user.last_name, "fullname": user.full_name, "lang": "en", "userid": user.id}
    answer |= {"siteurl": view.url, "userpictureurl": f"{view.url}/theme/image.php/boost/core/1/u/f1"}
    answer["functions"] = [
        {"name": name, "version": core if name.startswith("core_") else plugin} for name in view.functions
    ]
    answer |= {"downloadfiles": 0, "uploadfiles": 0, "release": release, "version": core, "mobilecssurl": ""}
    answer["advancedfeatures"] = [{"name": name, "value": 1} for name in _FEATURES]
    answer |= {"usercanmanageownfiles": True, "userquota": 104857600, "usermaxuploadfilesize": 33554432}
    answer |= {"userhomepage": 1, "userprivateaccesskey": "0" * 32, "siteid": 1, "sitecalendartype": "gregorian"}
    answer |= {"usercalendartype": "gregorian", "userissiteadmin": False, "theme": "boost", "limitconcurrentlogins": 0}
    return answer if view.version.startswith("4.3") else answer | {"policyagreed": 0 if view.locked_out else 1}


# ---------------------------------------------------------------- courses


def courses(view: View, given: dict[str, Any]) -> list[dict[str, Any]]:
    """``core_course_get_courses``: one that cannot be entered fails the whole call."""
    wanted: list[int] | None = given["options"]
    known = view.college.courses
    chosen = known.values() if wanted is None else [known[number] for number in sorted(set(wanted)) if number in known]
    found = [_course(view, view.enter(course.id)) for course in chosen]
    return found if wanted is not None and 1 not in wanted else [_front_page(view), *found]


def _front_page(view: View) -> dict[str, Any]:
    name = view.college.name
    head = {"id": 1, "shortname": "SITE", "categoryid": 0, "fullname": name, "displayname": name, "summary": ""}
    tail = {"summaryformat": 0, "format": "site", "startdate": 0, "enddate": 0, "numsections": 1}
    return head | tail | {"showactivitydates": False, "showcompletionconditions": None}


def _course(view: View, course: Course) -> dict[str, Any]:
    editor = view.may("moodle/course:update")
    answer: dict[str, Any] = {"id": course.id, "shortname": course.short_name, "categoryid": 2}
    if editor:
        answer["categorysortorder"] = 20000 + course.id
    answer |= {"fullname": course.full_name, "displayname": course.full_name}
    if editor:
        answer["idnumber"] = course.id_number
    answer |= {"summary": "", "summaryformat": 1, "format": "topics"}
    if editor:
        answer |= {"showgrades": 1, "newsitems": 0}
    answer |= {"startdate": course.start, "enddate": course.end}
    return answer | (_settings(course) if editor else {}) | _TIMES


def _settings(course: Course) -> dict[str, Any]:
    modes = {"groupmode": int(course.separate_groups), "groupmodeforce": 0, "defaultgroupingid": 0}
    head = {"numsections": 5, "maxbytes": 0, "showreports": 0, "visible": int(course.visible), "hiddensections": 1}
    times = {"timecreated": course.time_created, "timemodified": course.time_modified}
    tail = {"enablecompletion": 1, "completionnotify": 0, "lang": "", "forcetheme": ""}
    return head | modes | times | tail | {"courseformatoptions": _FORMAT[:2]}


_FORMAT: list[dict[str, Any]] = [
    {"name": "hiddensections", "value": 1},
    {"name": "coursedisplay", "value": 0},
    {"name": "indentation", "value": "1"},
]


def courses_by_field(view: View, given: dict[str, Any]) -> dict[str, Any]:
    """``core_course_get_courses_by_field``: exact matches only; courses that may not be seen are simply absent."""
    field, value = given["field"], given["value"]
    if field not in ("", "id", "ids", "shortname", "idnumber", "category"):
        raise bad_parameter()
    found = (course for course in view.college.courses.values() if _matches(course, field, value))
    visible = (course for course in found if course.visible or not view.barred(course))
    return {"courses": [_course_by_field(view, course) for course in visible], "warnings": []}


def _matches(course: Course, field: str, value: str) -> bool:
    match field:
        case "id" | "ids":
            return str(course.id) in value.split(",")
        case "shortname":
            return course.short_name == value
        case "idnumber":
            return course.id_number == value
        case _:
            return field == "" or value == "2"


def _course_by_field(view: View, course: Course) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": course.id, "fullname": course.full_name, "displayname": course.full_name}
    answer |= {"shortname": course.short_name, "courseimage": f"{view.url}/pluginfile.php/{course.id}/course.svg"}
    answer |= {"categoryid": 2, "categoryname": "Vocational", "sortorder": 20000 + course.id, "summary": ""}
    answer |= {"summaryformat": 1, "summaryfiles": [], "overviewfiles": [], **_TIMES}
    answer |= {"contacts": list(contacts(view, course)), "enrollmentmethods": ["manual"]}
    if view.barred(course):
        return answer
    editor = view.may("moodle/course:update")
    if editor:
        answer["idnumber"] = course.id_number
    answer |= {"format": "topics", "showgrades": 1, "newsitems": 0, "startdate": course.start, "enddate": course.end}
    answer |= {"maxbytes": 0, "showreports": 0, "visible": int(course.visible), "groupmode": 0, "groupmodeforce": 0}
    answer |= {"defaultgroupingid": 0, "enablecompletion": 1, "completionnotify": 0, "lang": "", "theme": ""}
    answer["marker"] = 0
    if editor:
        answer |= {"legacyfiles": 0, "calendartype": "", "timecreated": course.time_created}
        answer |= {"timemodified": course.time_modified, "requested": 0, "cacherev": course.time_modified}
    filters = [{"filter": "activitynames", "localstate": 0, "inheritedstate": 1}]
    return answer | {"filters": filters, "courseformatoptions": _FORMAT}


def contacts(view: View, course: Course) -> Iterable[dict[str, Any]]:
    """The course's teachers, whom everyone may see."""
    for enrolment in course.enrolments.values():
        if enrolment.role == "editingteacher":
            user = view.college.users[enrolment.user_id]
            yield {"id": user.id, "fullname": user.full_name}


# ---------------------------------------------------------------- activities


def contents(view: View, given: dict[str, Any]) -> list[dict[str, Any]]:
    """``core_course_get_contents``: sections and their activities, hidden ones only for those who may see them."""
    course = view.enter(given["courseid"])
    here = [view.college.assignments[number] for number in course.assignment_ids]
    section: dict[str, Any] = {"id": course.id * 10, "name": "General", "visible": 1, "summary": "", "summaryformat": 1}
    section |= {"section": 0, "hiddenbynumsections": 0, "uservisible": True}
    if not view.version.startswith("4.3"):
        section |= {"component": None, "itemid": None}
    modules = [_module(view, assignment) for assignment in here if not view.barred_activity(assignment)]
    return [section | {"modules": modules}]


def _module(view: View, assignment: Assignment) -> dict[str, Any]:
    newer = not view.version.startswith("4.3")
    answer: dict[str, Any] = {"id": assignment.cmid, "url": f"{view.url}/mod/assign/view.php?id={assignment.cmid}"}
    answer |= {"name": assignment.name, "instance": assignment.id, "contextid": 5000 + assignment.cmid}
    answer |= {"visible": int(assignment.visible), "uservisible": True, "visibleoncoursepage": 1}
    answer |= {"modicon": f"{view.url}/theme/image.php/boost/assign/1/monologo?filtericon=1", "modname": "assign"}
    if newer:
        answer |= {"purpose": "assessment", "branded": False}
    answer |= {"modplural": "Assignments", "availability": None, "indent": 0, "onclick": "", "afterlink": None}
    answer |= {"customdata": json.dumps({"duedate": assignment.due}), "noviewlink": False, "completion": 2}
    done: dict[str, Any] = {
        "state": 0,
        "timecompleted": 0,
        "overrideby": None,
        "valueused": False,
        "hascompletion": True,
    }
    done |= {"isautomatic": True, "istrackeduser": False, "uservisible": True, "details": []}
    answer["completiondata"] = done | ({"isoverallcomplete": False} if newer else {})
    opened = {"label": "Opened:", "timestamp": assignment.opens, "dataid": "allowsubmissionsfromdate"}
    due = {"label": "Due:", "timestamp": assignment.due, "dataid": "duedate"}
    return answer | {"downloadcontent": 1, "dates": [opened, due], "groupmode": 0}


def course_module(view: View, given: dict[str, Any]) -> dict[str, Any]:
    """``core_course_get_course_module``: little, unless the role may manage activities."""
    assignment = view.college.by_cmid(given["cmid"])
    if assignment is None:
        message = "Can't find data record in database."
        raise MoodleError("dml_missing_record_exception", "invalidrecordunknown", message)
    view.enter_activity(assignment)
    answer: dict[str, Any] = {"id": assignment.cmid, "course": assignment.course_id, "module": 1}
    answer |= {"name": assignment.name, "modname": "assign", "instance": assignment.id, "section": 1, "sectionnum": 0}
    answer |= {"groupmode": 0, "groupingid": 0, "completion": 2}
    if not view.may("moodle/course:manageactivities"):
        return {"cm": answer | {"downloadcontent": 1}, "warnings": []}
    return {"cm": answer | _managed(view, assignment), "warnings": []}


def _managed(view: View, assignment: Assignment) -> dict[str, Any]:
    shown = int(assignment.visible)
    answer: dict[str, Any] = {"idnumber": assignment.id_number, "added": assignment.time_modified, "score": 0}
    answer |= {"indent": 0, "visible": shown, "visibleoncoursepage": 1, "visibleold": shown}
    answer |= {"completiongradeitemnumber": None, "completionpassgrade": 0, "completionview": 0}
    answer |= {"completionexpected": 0, "showdescription": 0, "downloadcontent": 1, "availability": None}
    answer["grade"] = assignment.grade
    if assignment.grade < 0:
        answer["scale"] = ",".join(view.college.scales[-assignment.grade].items)
    answer |= {"gradepass": f"{assignment.pass_mark:.2f}", "gradecat": assignment.course_id}
    method = assignment.form.method if assignment.form else None
    return answer | {"advancedgrading": [{"area": "submissions", "method": method}]}


def course_module_by_instance(view: View, given: dict[str, Any]) -> dict[str, Any]:
    """``core_course_get_course_module_by_instance``."""
    found = view.college.assignments.get(given["instance"])
    return course_module(view, {"cmid": found.cmid if found and given["module"] == "assign" else 0})


def updates_since(view: View, given: dict[str, Any]) -> dict[str, Any]:
    """``core_course_get_updates_since``: blind to a bare flag change and to a gradebook override."""
    course, since = view.enter(given["courseid"]), given["since"]
    instances = []
    for number in course.assignment_ids:
        assignment = view.college.assignments[number]
        updates = [] if view.barred_activity(assignment) else _updates(assignment, since)
        if updates:
            instances.append({"contextlevel": "module", "id": assignment.cmid, "updates": updates})
    return {"instances": instances, "warnings": []}


def _updates(assignment: Assignment, since: int) -> list[dict[str, Any]]:
    updates: list[dict[str, Any]] = []
    if assignment.time_modified > since:
        updates.append({"name": "configuration", "timeupdated": assignment.time_modified})
    handed_in = [row.id for rows in assignment.submissions.values() for row in rows if row.time_modified > since]
    if handed_in:
        updates.append({"name": "usersubmissions", "itemids": handed_in})
    marked = [row.id for rows in assignment.grades.values() for row in rows if row.time_modified > since]
    if marked:
        updates.append({"name": "usergrades", "itemids": marked})
    return updates
