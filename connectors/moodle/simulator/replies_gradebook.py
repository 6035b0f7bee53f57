"""The answer of the gradebook's user report: slow in real Moodle, but the one place where ID numbers are free."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from connectors.moodle.simulator.access import MoodleError, View
from connectors.moodle.simulator.grade_words import bounds, number, percentage, value_range, with_icon
from connectors.moodle.simulator.records import Assignment, Cell, Course, Outcome, User

_EMPTY = Cell()


def grade_items(view: View, given: dict[str, Any]) -> dict[str, Any]:
    """``gradereport_user_get_grade_items``: one learner, or every active one."""
    course = view.enter_as_login(given["courseid"])
    view.need("gradereport/user:view")
    if given["userid"]:
        people = [_one_user(view, given["userid"])]
    else:
        view.need("moodle/grade:viewall")
        people = _everyone(view, course, given["groupid"])
    return {"usergrades": [_user(view, course, user_id) for user_id in people], "warnings": []}


def _one_user(view: View, user_id: int) -> int:
    user = _account(view, user_id)
    if user is None:
        raise MoodleError("dml_missing_record_exception", "invaliduser", "Invalid user")
    if user.deleted:
        raise MoodleError("moodle_exception", "userdeleted", "error/userdeleted")
    if not view.may("moodle/grade:viewall"):
        raise MoodleError("moodle_exception", "nopermissiontoviewgrades", "Cannot view grades.")
    return user_id


def _account(view: View, user_id: int) -> User | None:
    """An account of the site; the service account is one too, on no course."""
    service = view.service_user
    return view.college.users.get(user_id, service if user_id == service.id else None)


def _everyone(view: View, course: Course, group: int) -> list[int]:
    if view.barred_groups(course):
        raise MoodleError("moodle_exception", "notingroup", "error/notingroup")
    active = [e for e in course.enrolments.values() if e.role == "student" and not e.suspended]
    chosen = [e.user_id for e in active if not group or group in e.groups]
    return sorted(chosen, key=lambda n: (view.college.users[n].last_name, view.college.users[n].first_name, n))


def _user(view: View, course: Course, user_id: int) -> dict[str, Any]:
    user = _account(view, user_id) or view.college.users[user_id]
    answer: dict[str, Any] = {"courseid": course.id, "courseidnumber": course.id_number, "userid": user.id}
    answer |= {"userfullname": user.full_name, "useridnumber": user.id_number, "maxdepth": 2}
    here = [view.college.assignments[each] for each in course.assignment_ids]
    seen = [assignment for assignment in here if not view.barred_activity(assignment)]
    enrolled = user_id in course.enrolments
    total = sum(_most(view, each) for each in seen if each.cells.get(user_id, _EMPTY).grade is not None)
    items = [_item(view, assignment, user_id, total, enrolled=enrolled) for assignment in seen]
    items += [_outcome(view, assignment, outcome, user_id) for assignment in seen for outcome in assignment.outcomes]
    return answer | {"gradeitems": [*items, _course_total(view, course, seen, user_id)]}


def _most(view: View, assignment: Assignment) -> int:
    return bounds(view.college, assignment)[1]


def _item(view: View, assignment: Assignment, user_id: int, total: int, *, enrolled: bool) -> dict[str, Any]:
    cell = assignment.cells.get(user_id, _EMPTY)
    answer: dict[str, Any] = {"id": assignment.item_id, "itemname": assignment.name, "itemtype": "mod"}
    answer |= {"itemmodule": "assign", "iteminstance": assignment.id, "itemnumber": 0}
    answer |= {"idnumber": assignment.id_number, "categoryid": assignment.course_id, "outcomeid": None}
    answer |= {"scaleid": None, "locked": False, "cmid": assignment.cmid}
    if enrolled and assignment.grade:
        answer |= _weight(view, assignment, cell, total)
    answer |= _state(cell, hidden=cell.hidden or assignment.item_hidden)
    answer |= _words(view, assignment, cell)
    return answer | _feedback(cell, enrolled=enrolled)


def _outcome(view: View, assignment: Assignment, outcome: Outcome, user_id: int) -> dict[str, Any]:
    """An outcome's cell. ``scaleid`` repeats ``outcomeid``, as real Moodle has it; words come in place of it."""
    cell, items = outcome.cells.get(user_id, _EMPTY), view.college.scales[outcome.scale_id].items
    answer: dict[str, Any] = {"id": outcome.item_id, "itemname": outcome.name, "itemtype": "mod"}
    answer |= {"itemmodule": "assign", "iteminstance": assignment.id}
    answer |= {"itemnumber": 1000 + assignment.outcomes.index(outcome), "idnumber": outcome.id_number}
    answer |= {"categoryid": assignment.course_id, "outcomeid": outcome.outcome_id, "scaleid": outcome.outcome_id}
    answer |= {"locked": False, "cmid": assignment.cmid, **_state(cell, hidden=cell.hidden)}
    place = None if cell.grade is None else int(Decimal(cell.grade))
    share = "-" if place is None else f"{Decimal(place - 1) * 100 / ((len(items) - 1) or 1):.2f} %"
    answer |= {"gradeformatted": "-" if place is None else items[place - 1], "grademin": 1, "grademax": len(items)}
    answer |= {"rangeformatted": f"{items[0]}&ndash;{items[-1]}", "percentageformatted": share}
    return answer | {"feedback": "", "feedbackformat": 0}


def _weight(view: View, assignment: Assignment, cell: Cell, total: int) -> dict[str, Any]:
    if cell.grade is None:
        return {"weightraw": 0, "weightformatted": "0.00 %", "status": "novalue"}
    share = Decimal(_most(view, assignment)) / (total or 1)
    raw = float(share.quantize(Decimal("0.00001")))
    return {"weightraw": int(raw) if raw == int(raw) else raw, "weightformatted": f"{share * 100:.2f} %"}


def _state(cell: Cell, *, hidden: bool) -> dict[str, Any]:
    raw = None if cell.grade is None else number(cell.grade)
    answer: dict[str, Any] = {"graderaw": raw, "gradedatesubmitted": cell.submitted_at}
    answer |= {"gradedategraded": cell.graded_at, "gradehiddenbydate": False, "gradeneedsupdate": False}
    return answer | {"gradeishidden": hidden, "gradeislocked": False, "gradeisoverridden": cell.overridden}


def _words(view: View, assignment: Assignment, cell: Cell) -> dict[str, Any]:
    low, high = bounds(view.college, assignment)
    shown = share = "-" if assignment.grade else ""
    if cell.grade is not None:
        shown = with_icon(view.college, assignment, cell.grade, version=view.version)
        share = percentage(view.college, assignment, cell.grade)
    answer: dict[str, Any] = {"gradeformatted": shown, "grademin": low, "grademax": high}
    return answer | {"rangeformatted": value_range(view.college, assignment), "percentageformatted": share}


def _feedback(cell: Cell, *, enrolled: bool) -> dict[str, Any]:
    if cell.feedback:
        return {"feedback": cell.feedback, "feedbackformat": 1}
    return {"feedback": "", "feedbackformat": 2 if enrolled and cell.graded_at is None else 0}


def _course_total(view: View, course: Course, seen: list[Assignment], user_id: int) -> dict[str, Any]:
    counted = [(each, each.cells[user_id]) for each in seen if user_id in each.cells]
    filled = [(each, cell) for each, cell in counted if cell.grade is not None]
    most = sum(_most(view, each) for each, _ in filled)
    total = sum((Decimal(cell.grade) for _, cell in filled if cell.grade is not None), Decimal(0))
    newest = max((cell.graded_at for _, cell in filled if cell.graded_at is not None), default=None)
    summary = Cell(str(total) if filled else None, newest)
    answer: dict[str, Any] = {"id": course.total_item_id, "itemname": None, "itemtype": "course", "itemmodule": None}
    answer |= {"iteminstance": course.id, "itemnumber": None, "idnumber": None, "categoryid": None}
    answer |= {"outcomeid": None, "scaleid": None, "locked": False, **_state(summary, hidden=False)}
    answer |= {"gradeformatted": f"{total:.2f}" if filled else "-", "grademin": 0, "grademax": most}
    share = f"{total * 100 / most:.2f} %" if most else "-"
    answer |= {"rangeformatted": f"0&ndash;{most}", "percentageformatted": share}
    return answer | {"feedback": "", "feedbackformat": 2}
