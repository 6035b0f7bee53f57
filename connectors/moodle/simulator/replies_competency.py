"""Answers about competencies: those of a course, and one learner's rating of one of them in a course."""

from __future__ import annotations

from typing import Any

from connectors.moodle.simulator.access import MoodleError, View, missing_record
from connectors.moodle.simulator.records import Competency, CompetencyRating, Course, User
from connectors.moodle.simulator.replies_users import pictures

_ADMIN = 2
_UNRATED = CompetencyRating(0, None, 0, 0)


def course_competencies(view: View, given: dict[str, Any]) -> list[dict[str, Any]]:
    """``core_competency_list_course_competencies``: they need no right beyond entering the course."""
    course = view.enter_as_login(given["id"])
    return [
        {"competency": _competency(view.college.competencies[number], place), "coursecompetency": _link(course, number)}
        for place, number in enumerate(course.competency_ids)
    ]


def _competency(one: Competency, place: int) -> dict[str, Any]:
    answer: dict[str, Any] = {"shortname": one.short_name, "idnumber": one.id_number, "description": "A competency"}
    answer |= {"descriptionformat": 1, "sortorder": place, "parentid": 0, "path": "/0/", "ruleoutcome": 0}
    answer |= {"ruletype": None, "ruleconfig": None, "scaleid": None, "scaleconfiguration": None}
    return answer | {"competencyframeworkid": 1, "id": one.id, **_times(one.time_modified, _ADMIN)}


def _times(moment: int, who: int) -> dict[str, int]:
    return {"timecreated": moment, "timemodified": moment, "usermodified": who}


def _link(course: Course, number: int) -> dict[str, Any]:
    place = course.competency_ids.index(number)
    answer: dict[str, Any] = {"courseid": course.id, "competencyid": number, "sortorder": place, "ruleoutcome": 1}
    return answer | {"id": number, **_times(course.time_created, _ADMIN)}


# ---------------------------------------------------------------- one learner's rating


def rating(view: View, given: dict[str, Any]) -> dict[str, Any]:
    """``tool_lp_data_for_user_competency_summary_in_course``: one learner and competency a call."""
    course = view.enter_as_login(given["courseid"])
    view.need("moodle/competency:usercompetencyview")
    user = view.college.users.get(given["userid"])
    if user is None or user.deleted:
        raise MoodleError("dml_missing_record_exception", "invaliduser", "Invalid user")
    if given["competencyid"] not in course.competency_ids:
        raise missing_record("competency_coursecomp")
    summary = _summary(view, course, user, view.college.competencies[given["competencyid"]])
    answer: dict[str, Any] = {"usercompetencysummary": summary, "course": _course(view, course), "coursemodules": []}
    return answer | {"plans": [], "pluginbaseurl": f"{view.url}/admin/tool/lp"}


def _summary(view: View, course: Course, user: User, one: Competency) -> dict[str, Any]:
    rating = course.competency_ratings.get((user.id, one.id), _UNRATED)
    answer: dict[str, Any] = {"showrelatedcompetencies": True, "cangrade": False}
    place = course.competency_ids.index(one.id)
    answer["competency"] = _described(view, one, place)
    answer |= {"user": _person(view, user), "usercompetencycourse": _rated(view, course, user, one, rating)}
    return answer | {"evidence": [_evidence(view, one, rating, *told) for told in rating.evidence]}


def _described(view: View, one: Competency, place: int) -> dict[str, Any]:
    setting = _scale_setting(one)
    base = f"{view.url}/admin/tool/lp"
    framework: dict[str, Any] = {"shortname": "Units", "idnumber": "UNITS-FW", "description": "A framework"}
    framework |= {"descriptionformat": 1, "visible": True, "scaleid": one.scale_id, "scaleconfiguration": setting}
    framework |= {"contextid": 1, "taxonomies": "", "id": 1, **_times(one.time_modified, _ADMIN), "canmanage": False}
    framework |= {"competenciescount": len(view.college.competencies), "contextname": "System"}
    framework |= {"contextnamenoprefix": "System"}
    top = {"id": 1, "name": "Units", "first": False, "last": False, "position": -1}
    path = {"ancestors": [], "framework": top, "pluginbaseurl": base, "pagecontextid": 1, "showlinks": True}
    answer: dict[str, Any] = {"linkedcourses": [], "relatedcompetencies": [], "competency": _competency(one, place)}
    answer |= {"framework": framework, "hascourses": False, "hasrelatedcompetencies": False}
    answer |= {"scaleid": one.scale_id, "scaleconfiguration": setting, "taxonomyterm": "Competency"}
    return answer | {"comppath": path, "pluginbaseurl": base}


def _scale_setting(one: Competency) -> str:
    """Which places count, as the framework keeps it: a JSON document inside a string."""
    rows = [f'{{"id":{place},"scaledefault":1,"proficient":1}}' for place in sorted(one.proficient)]
    return "[" + ",".join([f'{{"scaleid":"{one.scale_id}"}}', *rows]) + "]"


def _person(view: View, user: User) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": user.id, "email": user.email, "idnumber": user.id_number, "phone1": ""}
    answer |= {"phone2": "", "department": "", "institution": "", "fullname": user.full_name, "identity": user.email}
    return answer | {
        "profileurl": f"{view.url}/user/profile.php?id={user.id}",
        **dict(reversed(pictures(view).items())),
    }


def _rated(view: View, course: Course, user: User, one: Competency, rating: CompetencyRating) -> dict[str, Any]:
    answer: dict[str, Any] = {"userid": user.id, "courseid": course.id, "competencyid": one.id}
    proficient = None if rating.grade is None else rating.grade in one.proficient
    answer |= {"proficiency": proficient, "grade": rating.grade, "id": rating.id}
    answer |= _times(rating.time_modified, rating.modified_by)
    answer |= {"gradename": _word(view, one, rating.grade), "proficiencyname": "Yes" if proficient else "No"}
    return answer


def _word(view: View, one: Competency, place: int | None) -> str:
    return "-" if place is None else view.college.scales[one.scale_id].items[place - 1]


def _evidence(
    view: View, one: Competency, rating: CompetencyRating, number: int, grade: int, who: int
) -> dict[str, Any]:
    answer: dict[str, Any] = {"usercompetencyid": rating.id, "contextid": 12, "action": 3, "actionuserid": who}
    answer |= {"descidentifier": "evidence_manualoverrideincourse", "desccomponent": "core_competency"}
    answer |= {"desca": "A course", "url": None, "grade": grade, "note": "", "id": number}
    answer |= {**_times(rating.time_modified, who), "actionuser": _person(view, view.college.users[who])}
    answer |= {"description": "The competency rating was set by hand.", "gradename": _word(view, one, grade)}
    return answer | {"userdate": "Sunday, 22 November 2026, 12:41 AM", "candelete": False}


def _course(view: View, course: Course) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": course.id, "fullname": course.full_name, "shortname": course.short_name}
    answer |= {"idnumber": course.id_number, "summary": "", "summaryformat": 1, "startdate": course.start}
    answer |= {"enddate": course.end, "visible": course.visible, "showactivitydates": False}
    answer |= {"showcompletionconditions": True, "pdfexportfont": "", "fullnamedisplay": course.full_name}
    answer |= {"viewurl": f"{view.url}/course/view.php?id={course.id}", "courseimage": "data:image/svg+xml;base64,"}
    answer |= {"progress": 0, "hasprogress": False, "isfavourite": False, "hidden": False, "showshortname": False}
    return answer | {"coursecategory": "Category 1"}
