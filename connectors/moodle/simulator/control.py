"""The control page at ``/control``: grade by hand, release, reopen, move the clock, switch faults. Loopback only.

Plain forms and no script. A request whose ``Host`` or ``Origin`` is not this very server is refused, so that no other
web page can press its buttons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from connectors.moodle.simulator.faults import FAULTS, Page
from connectors.moodle.simulator.grade_words import words
from connectors.moodle.simulator.records import NO_GRADE, WORKFLOW_STATES, Assignment, Course

if TYPE_CHECKING:
    from connectors.moodle.simulator.server import Simulator

PATH = "/control"
HTML = "text/html; charset=utf-8"
_STYLE = "body{font:16px sans-serif;margin:2rem;max-width:70rem}td,th{padding:.2rem .6rem;text-align:start}"


def page(simulator: Simulator, path: str, form: str | None, host: str, origin: str | None) -> Page:
    """Answer a request for the control page; ``form`` is the posted form, ``None`` for a plain visit."""
    ours = {f"127.0.0.1:{simulator.port}", f"localhost:{simulator.port}"}
    if host not in ours or (origin is not None and origin.removeprefix("http://") not in ours):
        return Page(403, HTML, "This page is for this machine only.")
    if form is not None:
        return _do(simulator, path, {key: values[-1] for key, values in parse_qs(form).items()})
    parts = path.removeprefix(PATH).strip("/").split("/")
    try:
        with simulator.college.lock:
            return Page(200, HTML, _view(simulator, parts))
    except (KeyError, ValueError):
        return Page(404, HTML, _frame("Not found", "<p>There is no such page.</p>"))


def _frame(title: str, body: str) -> str:
    head = f"<!DOCTYPE html><html lang='en'><meta charset='utf-8'><title>{escape(title)}</title><style>{_STYLE}</style>"
    note = "<p>A simulated Moodle with invented people. Nothing here is real, and all is forgotten at exit.</p>"
    return f"{head}<h1>{escape(title)}</h1>{note}{body}</html>"


def _view(simulator: Simulator, parts: list[str]) -> str:
    match parts:
        case [""]:
            return _home(simulator)
        case ["course", number]:
            return _course_page(simulator, simulator.college.courses[int(number)])
        case ["assignment", number]:
            return _assignment_page(simulator, simulator.college.assignments[int(number)])
        case _:
            raise KeyError(parts)


def _home(simulator: Simulator) -> str:
    courses = "".join(
        f"<li><a href='{PATH}/course/{course.id}'>{escape(course.full_name)}</a> {escape(course.id_number)}</li>"
        for course in simulator.college.courses.values()
    )
    options = "".join(f"<option value='{name}'>{name}: {escape(kind.says)}</option>" for name, kind in FAULTS.items())
    on = ", ".join(fault.name for fault in simulator.faults.active()) or "none"
    faults = _form("fault", f"<select name='name'>{options}</select> <input name='times' size='3' placeholder='times'>")
    clock = _form("clock", "<input name='hours' size='4' value='24'> hours")
    body = f"<ul>{courses}</ul><h2>Faults</h2><p>Switched on: {escape(on)}</p>{faults}{_form('clear', '')}"
    return _frame(simulator.college.name, f"{body}<h2>Clock</h2><p>{simulator.http_date()}</p>{clock}")


def _form(action: str, fields: str) -> str:
    return f"<form method='post' action='{PATH}/{action}'>{fields} <button>{action}</button></form>"


def _course_page(simulator: Simulator, course: Course) -> str:
    rows = "".join(
        f"<li><a href='{PATH}/assignment/{each.id}'>{escape(each.name)}</a> {escape(each.id_number)}</li>"
        for each in (simulator.college.assignments[number] for number in course.assignment_ids)
    )
    return _frame(course.full_name, f"<p><a href='{PATH}'>All courses</a></p><ul>{rows}</ul>")


def _assignment_page(simulator: Simulator, assignment: Assignment) -> str:
    course = simulator.college.courses[assignment.course_id]
    learners = [number for number, each in course.enrolments.items() if each.role == "student"]
    rows = "".join(_learner_row(simulator, assignment, number) for number in learners)
    head = "<tr><th>Learner<th>Grade<th>State<th>Mark</tr>"
    back = f"<p><a href='{PATH}/course/{course.id}'>{escape(course.full_name)}</a></p>"
    return _frame(f"{assignment.name} ({assignment.id_number})", f"{back}<table>{head}{rows}</table>")


def _learner_row(simulator: Simulator, assignment: Assignment, user_id: int) -> str:
    user, row = simulator.college.users[user_id], assignment.current_grade(user_id)
    shown = "" if row is None or row.grade == NO_GRADE else words(simulator.college, assignment, row.grade)
    flag = assignment.flags.get(user_id)
    names = {"assignment": assignment.id, "user": user_id}
    hidden = "".join(f"<input type='hidden' name='{name}' value='{value}'>" for name, value in names.items())
    grade = _form("grade", f"{hidden}{_grade_field(simulator, assignment)}")
    states = "".join(f"<option>{state}</option>" for state in WORKFLOW_STATES)
    state = _form("state", f"{hidden}<select name='state'>{states}</select>") if assignment.workflow else ""
    reopen = _form("reopen", hidden) if row is not None else ""
    cells = f"<td dir='auto'>{escape(user.full_name)}<td>{escape(shown)}<td>{flag.state if flag else ''}"
    return f"<tr>{cells}<td>{grade}{state}{reopen}</tr>"


def _grade_field(simulator: Simulator, assignment: Assignment) -> str:
    if assignment.grade >= 0:
        return f"<input name='value' size='5' aria-label='grade' placeholder='0-{assignment.grade}'>"
    items = simulator.college.scales[-assignment.grade].items
    options = "".join(f"<option value='{place}'>{escape(item)}</option>" for place, item in enumerate(items, 1))
    return f"<select name='value' aria-label='grade'><option value=''>No grade</option>{options}</select>"


# ---------------------------------------------------------------- buttons


def _do(simulator: Simulator, path: str, form: Mapping[str, str]) -> Page:
    action = _ACTIONS.get(path.removeprefix(PATH).strip("/"))
    try:
        if action is None:
            return Page(404, HTML, _frame("Not found", "<p>There is no such button.</p>"))
        back = action(simulator, form)
    except (KeyError, ValueError, ArithmeticError) as error:
        return Page(400, HTML, _frame("That did not work", f"<p>{escape(str(error))}</p>"))
    return Page(303, HTML, "", {"Location": back})


def _grade(simulator: Simulator, form: Mapping[str, str]) -> str:
    assignment = simulator.college.assignments[int(form["assignment"])]
    staff = simulator.college.courses[assignment.course_id].enrolments.values()
    grader = next(each.user_id for each in staff if each.role != "student")
    value = form.get("value") or None
    simulator.college.grade(assignment, int(form["user"]), value, grader=grader)
    return f"{PATH}/assignment/{assignment.id}"


def _state(simulator: Simulator, form: Mapping[str, str]) -> str:
    simulator.college.set_workflow(int(form["assignment"]), int(form["user"]), form["state"])
    return f"{PATH}/assignment/{form['assignment']}"


def _reopen(simulator: Simulator, form: Mapping[str, str]) -> str:
    simulator.college.reopen_attempt(int(form["assignment"]), int(form["user"]))
    return f"{PATH}/assignment/{form['assignment']}"


def _fault(simulator: Simulator, form: Mapping[str, str]) -> str:
    simulator.faults.add(form["name"], times=int(form["times"]) if form.get("times") else None)
    return PATH


def _clear(simulator: Simulator, _: Mapping[str, str]) -> str:
    simulator.faults.clear()
    return PATH


def _clock(simulator: Simulator, form: Mapping[str, str]) -> str:
    simulator.college.clock.advance(int(float(form["hours"]) * 3600))
    return PATH


_ACTIONS: dict[str, Callable[[Simulator, Mapping[str, str]], str]] = {
    "grade": _grade,
    "state": _state,
    "reopen": _reopen,
    "fault": _fault,
    "clear": _clear,
    "clock": _clock,
}
