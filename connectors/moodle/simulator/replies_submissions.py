"""Answers of ``mod_assign`` about attempts: submissions, one learner's status with its history, participants."""

from __future__ import annotations

from typing import Any

from connectors.moodle.simulator.access import MoodleError, View, missing_record, no_access
from connectors.moodle.simulator.grade_words import plain_grade
from connectors.moodle.simulator.records import NO_GRADE, Assignment, Grade, Submission
from connectors.moodle.simulator.replies_assign import grade_row, readable
from connectors.moodle.simulator.replies_users import custom_fields, enrolled_courses, identity, pictures, role_rows


def submissions(view: View, given: dict[str, Any]) -> dict[str, Any]:
    """``mod_assign_get_submissions``: enrolled people's latest attempts; unknown assignments are dropped in silence."""
    allowed, warnings = readable(view, given["assignmentids"], "mod/assign:grade", "mod/assign:viewgrades")
    answer = []
    for assignment in allowed:
        if view.barred_groups(view.college.courses[assignment.course_id]):
            warnings.append(no_access("assignment", assignment.id))
            continue
        rows = [row for row in _latest(view, assignment) if _asked_for(row, given)]
        listed = [_row(assignment, row) | {"gradingstatus": status(assignment, row)} for row in rows]
        answer.append({"assignmentid": assignment.id, "submissions": listed})
    return {"assignments": answer, "warnings": warnings}


def _latest(view: View, assignment: Assignment) -> list[Submission]:
    enrolled = view.college.courses[assignment.course_id].enrolments
    own = [rows[-1] for user_id, rows in assignment.submissions.items() if user_id in enrolled]
    teams = [rows[-1] for rows in assignment.team_submissions.values()]
    return sorted([*teams, *own], key=lambda row: row.id)


def _asked_for(row: Submission, given: dict[str, Any]) -> bool:
    if given["status"] and row.status != given["status"]:
        return False
    return row.time_modified >= given["since"] and (not given["before"] or row.time_modified <= given["before"])


def status(assignment: Assignment, row: Submission) -> str:
    """graded, notgraded or the workflow state. A team's own row is never graded."""
    if row.user_id == 0:
        return "notgraded"
    if assignment.workflow:
        flag = assignment.flags.get(row.user_id)
        return flag.state if flag is not None and flag.state else "notmarked"
    grade = assignment.current_grade(row.user_id)
    return "graded" if grade is not None and grade.grade != NO_GRADE else "notgraded"


def _row(assignment: Assignment, row: Submission) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": row.id, "userid": row.user_id, "attemptnumber": row.attempt}
    answer |= {"timecreated": row.time_created, "timemodified": row.time_modified, "timestarted": None}
    answer |= {"status": row.status, "groupid": row.group_id}
    return answer | {"plugins": _plugins(assignment, row)}


def _plugins(assignment: Assignment, row: Submission) -> list[dict[str, Any]]:
    handed_in = row.status == "submitted"
    text = f"<p>Evidence for {assignment.name}</p>" if handed_in else ""
    field = {"name": "onlinetext", "description": "Online text submissions", "text": text, "format": int(handed_in)}
    areas = [{"area": "submissions_onlinetext", "files": []}]
    online = {"type": "onlinetext", "name": "Online text", "fileareas": areas, "editorfields": [field]}
    files = {"type": "file", "name": "File submissions", "fileareas": [{"area": "submission_files", "files": []}]}
    return [online, files, {"type": "comments", "name": "Submission comments"}]


# ---------------------------------------------------------------- one learner


def submission_status(view: View, given: dict[str, Any]) -> dict[str, Any]:
    """``mod_assign_get_submission_status``: the only history of attempts, one learner a call."""
    assignment = view.college.assignments.get(given["assignid"])
    if assignment is None:
        raise missing_record("assign")
    view.enter_activity(assignment)
    user_id = given["userid"]
    user = view.college.users.get(user_id)
    if user is None:
        raise MoodleError("dml_missing_record_exception", "invaliduser", "Invalid user")
    if user.deleted:
        raise MoodleError("moodle_exception", "userdeleted", "error/userdeleted")
    answer: dict[str, Any] = {"gradingsummary": _summary(view, assignment)}
    answer["lastattempt"] = _last_attempt(view, assignment, user_id)
    grade = assignment.current_grade(user_id)
    if grade is not None and _released(assignment, user_id) and (grade.grade != NO_GRADE or grade.feedback):
        answer["feedback"] = _feedback(view, assignment, grade)
    team = _team(view, assignment, user_id)
    rows = team if len(team) > 1 else assignment.submissions.get(user_id, [])
    earlier = [_attempt(view, assignment, row, user_id) for row in rows[:-1]]
    if earlier:
        answer["previousattempts"] = earlier
    return answer | {"assignmentdata": {"attachments": {"intro": []}}, "warnings": []}


def _team(view: View, assignment: Assignment, user_id: int) -> list[Submission]:
    """The attempts of the team that a user is in: of the first group, or of those who are in none."""
    enrolment = view.college.courses[assignment.course_id].enrolments.get(user_id)
    if not assignment.team or enrolment is None:
        return []
    return assignment.team_submissions.get(enrolment.groups[0] if enrolment.groups else 0, [])


def _released(assignment: Assignment, user_id: int) -> bool:
    flag = assignment.flags.get(user_id)
    return not assignment.workflow or (flag is not None and flag.state == "released")


def _summary(view: View, assignment: Assignment) -> dict[str, Any]:
    course = view.college.courses[assignment.course_id]
    people = [n for n, e in course.enrolments.items() if e.role == "student" and not e.suspended]
    latest = [rows[-1] for user_id, rows in assignment.submissions.items() if user_id in course.enrolments]
    handed_in = [row for row in latest if row.status == "submitted"]
    answer: dict[str, Any] = {"participantcount": len(people), "submissiondraftscount": 0}
    answer |= {"submissionsenabled": assignment.takes_submissions, "submissionssubmittedcount": len(handed_in)}
    waiting = sum(_needs_marking(assignment, row) for row in handed_in)
    return answer | {"submissionsneedgradingcount": waiting, "warnofungroupedusers": ""}


def _needs_marking(assignment: Assignment, row: Submission) -> bool:
    grade = assignment.current_grade(row.user_id)
    return grade is None or grade.time_modified <= row.time_modified


def _last_attempt(view: View, assignment: Assignment, user_id: int) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    rows = assignment.submissions.get(user_id)
    if rows:
        answer["submission"] = _full_row(assignment, rows[-1], latest=True)
    enrolment = view.college.courses[assignment.course_id].enrolments.get(user_id)
    groups = list(enrolment.groups) if enrolment else []
    team = _team(view, assignment, user_id)
    if team:
        answer |= {"teamsubmission": _full_row(assignment, team[-1], latest=True), "submissiongroup": team[-1].group_id}
    answer |= {"submissiongroupmemberswhoneedtosubmit": [], "submissionsenabled": assignment.takes_submissions}
    grade, flag = assignment.current_grade(user_id), assignment.flags.get(user_id)
    answer |= {"locked": False, "graded": grade is not None and grade.grade != NO_GRADE, "canedit": False}
    answer |= {"caneditowner": not rows, "cansubmit": False, "extensionduedate": flag.extension if flag else None}
    answer |= {"timelimit": 0, "blindmarking": assignment.blind and not assignment.revealed}
    row = rows[-1] if rows else Submission(0, user_id, 0, 0, 0, "new")
    return answer | {"gradingstatus": status(assignment, row), "usergroups": groups}


def _full_row(assignment: Assignment, row: Submission, *, latest: bool) -> dict[str, Any]:
    answer = _row(assignment, row)
    plugins = answer.pop("plugins")
    return answer | {"assignment": assignment.id, "latest": int(latest), "plugins": plugins}


def _feedback(view: View, assignment: Assignment, grade: Grade) -> dict[str, Any]:
    answer: dict[str, Any] = {"grade": _grade(assignment, grade)}
    answer |= {"gradefordisplay": plain_grade(view.college, assignment, grade.grade), "gradeddate": grade.time_modified}
    return answer | {"plugins": _comments(grade.feedback)}


def _grade(assignment: Assignment, grade: Grade) -> dict[str, Any]:
    row = grade_row(grade)
    return {"id": row.pop("id"), "assignment": assignment.id} | row


def _comments(text: str) -> list[dict[str, Any]]:
    field = {"name": "comments", "description": "Feedback comments", "text": text, "format": int(bool(text))}
    areas = [{"area": "feedback", "files": []}]
    return [{"type": "comments", "name": "Feedback comments", "fileareas": areas, "editorfields": [field]}]


def _attempt(view: View, assignment: Assignment, row: Submission, user_id: int) -> dict[str, Any]:
    answer: dict[str, Any] = {"attemptnumber": row.attempt, "submission": _full_row(assignment, row, latest=False)}
    marked = [grade for grade in assignment.grades.get(user_id, []) if grade.attempt == row.attempt]
    if not marked:
        return answer
    shown = plain_grade(view.college, assignment, marked[0].grade)
    answer["grade"] = _grade(assignment, marked[0]) | {"gradefordisplay": shown}
    return answer | {"feedbackplugins": _comments(marked[0].feedback)}


# ---------------------------------------------------------------- participants


def participants(view: View, given: dict[str, Any]) -> list[dict[str, Any]]:
    """``mod_assign_list_participants``: active learners only."""
    assignment = view.college.assignments.get(given["assignid"])
    if assignment is None:
        raise missing_record("assign")
    view.enter_activity(assignment)
    course = view.college.courses[assignment.course_id]
    group = given["groupid"]
    active = [e for e in course.enrolments.values() if e.role == "student" and not e.suspended]
    chosen = [e.user_id for e in active if not group or group in e.groups]
    chosen.sort(key=lambda number: (view.college.users[number].last_name, view.college.users[number].first_name))
    end = given["skip"] + given["limit"] if given["limit"] else None
    return [_participant(view, assignment, number, brief=given["onlyids"]) for number in chosen[given["skip"] : end]]


def _participant(view: View, assignment: Assignment, user_id: int, *, brief: bool) -> dict[str, Any]:
    user = view.college.users[user_id]
    answer: dict[str, Any] = {"id": user.id, "fullname": user.full_name}
    course = view.college.courses[assignment.course_id]
    if not brief:
        newer = not view.version.startswith("4.3")
        answer = identity(view, user, names=newer) | {"firstaccess": 0, "lastaccess": 0, "suspended": user.suspended}
        answer |= ({"trackforums": 0} if newer else {}) | pictures(view)
        answer["customfields"] = custom_fields(user, display=True)
    answer["recordid"] = -1
    if not brief:
        enrolment = course.enrolments[user_id]
        groups = [{"id": n, "name": course.groups[n].name, "description": ""} for n in enrolment.groups]
        answer |= {"groups": groups, "roles": role_rows(enrolment), "enrolledcourses": enrolled_courses(view, user)}
    rows = assignment.submissions.get(user_id)
    handed_in = bool(rows) and rows[-1].status == "submitted" if rows else False
    waiting = handed_in and rows is not None and _needs_marking(assignment, rows[-1])
    answer |= {"submitted": handed_in, "requiregrading": waiting, "grantedextension": False}
    return answer | {"submissionstatus": rows[-1].status if rows else ""}
