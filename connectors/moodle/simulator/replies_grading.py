"""Answers about rubrics, marking guides and scales."""

from __future__ import annotations

from typing import Any

from connectors.moodle.simulator.access import MoodleError, View, missing_record, no_access
from connectors.moodle.simulator.records import Assignment, Criterion, Filling, Form, Instance


def definitions(view: View, given: dict[str, Any]) -> dict[str, Any]:
    """``core_grading_get_definitions``: one deleted activity fails the whole call."""
    areas, warnings = [], []
    for cmid in given["cmids"]:
        assignment = view.college.by_cmid(cmid)
        if assignment is None:
            raise MoodleError("dml_missing_record_exception", "invalidcoursemodule", "Invalid course module ID")
        if view.barred_activity(assignment):
            warnings.append(no_access("module", cmid))
        else:
            areas.append(_area(assignment, given["areaname"]))
    return {"areas": areas, "warnings": warnings}


def _area(assignment: Assignment, name: str) -> dict[str, Any]:
    form = assignment.form
    answer: dict[str, Any] = {"cmid": assignment.cmid, "contextid": 5000 + assignment.cmid, "component": "mod_assign"}
    answer |= {"areaname": name, "activemethod": form.method if form else None}
    return answer | {"definitions": [_definition(form)] if form else []}


def _definition(form: Form) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": form.id, "method": form.method, "name": form.name, "description": ""}
    answer |= {"descriptionformat": 1, "status": 20, "copiedfromid": None, "timecreated": form.time_created}
    answer |= {"usercreated": 2, "timemodified": form.time_modified, "usermodified": 2, "timecopied": 0}
    if form.method == "rubric":
        rows = [_rubric_row(place, row) for place, row in enumerate(form.criteria, 1)]
        return answer | {"rubric": {"rubric_criteria": rows}}
    rows = [_guide_row(place, row) for place, row in enumerate(form.criteria, 1)]
    return answer | {"guide": {"guide_criteria": rows, "guide_comments": []}}


def _rubric_row(place: int, row: Criterion) -> dict[str, Any]:
    levels = [
        {"id": level.id, "score": level.score, "definition": level.definition, "definitionformat": 1}
        for level in row.levels
    ]
    return {"id": row.id, "sortorder": place, "description": row.text, "descriptionformat": 1, "levels": levels}


def _guide_row(place: int, row: Criterion) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": row.id, "sortorder": place, "description": row.text, "descriptionformat": 1}
    answer |= {"shortname": row.short_name, "descriptionmarkers": "", "descriptionmarkersformat": 1}
    return answer | {"maxscore": row.max_score}


def instances(view: View, given: dict[str, Any]) -> dict[str, Any]:
    """``core_grading_get_gradingform_instances``: the current marking of each grade row, in no useful order."""
    view.need("moodle/grade:managegradingforms")
    number = given["definitionid"]
    every = (assignment.form for assignment in view.college.assignments.values())
    form = next((form for form in every if form is not None and form.id == number), None)
    if form is None:
        raise missing_record("grading_definitions")
    chosen = [each for each in form.instances.values() if each.time_modified >= given["since"]]
    chosen.sort(key=lambda each: str(each.grade_id), reverse=True)
    return {"instances": [_instance(form, each) for each in chosen], "warnings": []}


def _instance(form: Form, each: Instance) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": each.id, "raterid": each.rater, "itemid": each.grade_id, "rawgrade": None}
    answer |= {"status": 1, "feedback": "", "feedbackformat": 0, "timemodified": each.time_modified}
    rows = [_filling(form, filling) for filling in each.fillings]
    return answer | {form.method: {"criteria": rows}}


def _filling(form: Form, filling: Filling) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": filling.id, "criterionid": filling.criterion_id}
    if form.method == "rubric":
        return answer | {"levelid": filling.level_id, "remark": filling.remark, "remarkformat": 1}
    return answer | {"remark": filling.remark, "remarkformat": 1, "score": filling.score}


def scale_values(view: View, given: dict[str, Any]) -> list[dict[str, Any]]:
    """``core_competency_get_scale_values``: an unknown scale is a PHP error without an error code."""
    scale = view.college.scales.get(given["scaleid"])
    if scale is None:
        raise MoodleError("Error", None, "Call to a member function load_items() on bool")
    return [{"id": place, "name": name} for place, name in enumerate(scale.items, 1)]
