"""What a change in the simulated Moodle does to each place it can be read from: the truth table, row by row."""

import pytest

from connectors.moodle.simulator import College, Simulator
from connectors.moodle.simulator.probe import Probe

NOW = 1_795_308_000


class Lab:
    """One course, one learner, and questions to ask about them over HTTP."""

    def __init__(self, college, probe):
        self.college, self.probe = college, probe
        self.tutor = college.add_user("Tina", "Adams", username="tina")
        self.learner = college.add_user("Aisha", "Ahmed", id_number="310240", profile={"uln": "1000000000"})
        self.course = college.add_course("LAB", "Lab of experiments", "EXP-LAB")
        college.enrol(self.course, self.tutor, "editingteacher")
        college.enrol(self.course, self.learner)
        self.scale = -college.add_scale("Competence", ("Not yet competent", "Competent")).id

    def task(self, grade=100, **settings):
        number = len(self.course.assignment_ids)
        return self.college.add_assignment(self.course, f"Lab {number}", f"LAB-{number}", grade=grade, **settings)

    def later(self):
        return self.college.clock.advance(60)

    def rows(self, task, since=0):
        answer = self.probe.call("mod_assign_get_grades", assignmentids=[task.id], since=since)
        if not answer["assignments"]:
            return [each["message"] for each in answer["warnings"]]
        keys = ("userid", "attemptnumber", "grade", "timemodified")
        return [tuple(row[key] for key in keys) for row in answer["assignments"][0]["grades"]]

    def book(self, task, userid=None):
        given = {"courseid": self.course.id, "userid": self.learner.id if userid is None else userid}
        answer = self.probe.call("gradereport_user_get_grade_items", **given)
        items = [item for user in answer["usergrades"] for item in user["gradeitems"]]
        return next((item for item in items if item["iteminstance"] == task.id and item["itemtype"] == "mod"), None)

    def book_value(self, task):
        item = self.book(task)
        return item["graderaw"], item["gradedategraded"]

    def states(self, task):
        answer = self.probe.call("mod_assign_get_user_flags", assignmentids=[task.id])
        return [flag["workflowstate"] for each in answer["assignments"] for flag in each["userflags"]]


@pytest.fixture
def lab():
    college = College(now=NOW)
    with Simulator(college) as moodle, Probe(moodle) as probe:
        yield Lab(college, probe)


def test_a_first_grade_appears_in_both_places(lab):
    """Graded first time: the row appears, the gradebook has the value."""
    task = lab.task()
    assert lab.rows(task) == ["No grades found"]
    lab.college.submit(task, lab.learner)
    assert (lab.book(task)["gradedatesubmitted"], lab.rows(task)) == (NOW, ["No grades found"])
    lab.college.grade(task, lab.learner, 40, grader=lab.tutor)
    assert lab.rows(task) == [(lab.learner.id, 0, "40.00000", NOW)]
    assert lab.book_value(task) == (40, NOW)
    assert lab.book(task)["gradedatesubmitted"] is None


def test_since_is_inclusive(lab):
    """A row changed in the very second asked for is given, one second later it is not."""
    task = lab.task()
    lab.college.grade(task, lab.learner, 40, grader=lab.tutor)
    assert [len(lab.rows(task, since)) for since in (NOW - 1, NOW)] == [1, 1]
    assert lab.rows(task, NOW + 1) == ["No grades found"]


def test_saving_the_same_value_again_bumps_the_time(lab):
    """Saved again: same value, later time, in both places."""
    task = lab.task()
    lab.college.grade(task, lab.learner, 40, grader=lab.tutor)
    then = lab.later()
    lab.college.save_again(task, lab.learner)
    assert lab.rows(task, then) == [(lab.learner.id, 0, "40.00000", then)]
    assert lab.book_value(task) == (40, then)


def test_a_changed_grade_keeps_its_half_points(lab):
    """Changed: five decimals as text in one place, a number in the other."""
    task = lab.task()
    lab.college.grade(task, lab.learner, "55.5", grader=lab.tutor)
    assert lab.rows(task)[0][2] == "55.50000"
    assert lab.book(task)["graderaw"] == 55.5
    lab.college.grade(task, lab.learner, 0, grader=lab.tutor)
    assert (lab.rows(task)[0][2], lab.book(task)["graderaw"]) == ("0.00000", 0)


def test_no_grade_again_leaves_the_row(lab):
    """Reset: the row says -1.00000 with a bumped time, the gradebook is empty without a date."""
    task = lab.task()
    lab.college.grade(task, lab.learner, 40, grader=lab.tutor)
    then = lab.later()
    lab.college.reset(task, lab.learner, grader=lab.tutor)
    assert lab.rows(task, then) == [(lab.learner.id, 0, "-1.00000", then)]
    assert lab.book_value(task) == (None, None)


def test_a_feedback_comment_alone_dates_the_gradebook(lab):
    """Feedback only: -1.00000, an empty gradebook cell with a date."""
    task = lab.task()
    lab.college.grade(task, lab.learner, None, grader=lab.tutor, feedback="Well begun")
    assert lab.rows(task)[0][2] == "-1.00000"
    assert lab.book_value(task) == (None, NOW)


def test_grading_without_a_submission_makes_one(lab):
    """An observation: graded with nothing handed in, a submission of status new appears."""
    task = lab.task()
    lab.college.grade(task, lab.learner, 70, grader=lab.tutor)
    answer = lab.probe.call("mod_assign_get_submissions", assignmentids=[task.id])
    rows = [(row["status"], row["gradingstatus"]) for row in answer["assignments"][0]["submissions"]]
    assert rows == [("new", "graded")]


@pytest.mark.parametrize("state", ["inmarking", "readyforreview", "inreview", "readyforrelease"])
def test_an_unreleased_grade_shows_its_value_but_not_in_the_gradebook(lab, state):
    """With marking workflow every state gives the grade away; only released reaches the gradebook."""
    task = lab.task(lab.scale, workflow=True)
    lab.college.grade(task, lab.learner, 2, grader=lab.tutor, state=state)
    assert (lab.rows(task)[0][2], lab.states(task), lab.book_value(task)) == ("2.00000", [state], (None, None))
    status = lab.probe.call("mod_assign_get_submission_status", assignid=task.id, userid=lab.learner.id)
    assert ("feedback" in status, status["lastattempt"]["gradingstatus"]) == (False, state)


def test_the_batch_release_bumps_and_can_be_taken_back(lab):
    """Batch state change: same value, bumped time; the gradebook fills at released and empties when taken back."""
    task = lab.task(lab.scale, workflow=True)
    lab.college.grade(task, lab.learner, 2, grader=lab.tutor)
    assert lab.states(task) == ["inmarking"]
    then = lab.later()
    lab.college.set_workflow(task, lab.learner, "released")
    assert (lab.rows(task)[0][3], lab.book_value(task)) == (then, (2, then))
    again = lab.later()
    lab.college.set_workflow(task, lab.learner, "inreview")
    assert (lab.rows(task)[0][3], lab.book_value(task)) == (again, (None, None))


def test_a_bare_flag_change_moves_nothing_else(lab):
    """Flag row only: no time is bumped, the gradebook stays empty."""
    task = lab.task(lab.scale, workflow=True)
    lab.college.grade(task, lab.learner, 2, grader=lab.tutor)
    lab.later()
    lab.college.set_flag_only(task, lab.learner, "released")
    assert (lab.states(task), lab.rows(task)[0][3], lab.book_value(task)) == (["released"], NOW, (None, None))


def test_an_extension_is_a_flag_without_a_state(lab):
    """An extension makes a flag row whose state is empty."""
    task = lab.task()
    lab.college.extend(task, lab.learner, 1_800_000_000)
    answer = lab.probe.call("mod_assign_get_user_flags", assignmentids=[task.id])
    flag = answer["assignments"][0]["userflags"][0]
    assert (flag["workflowstate"], flag["extensionduedate"]) == ("", 1_800_000_000)


def test_a_reopened_attempt_hides_the_old_grade(lab):
    """Reopened: gone from get_grades, kept by the gradebook and in previousattempts; the new attempt is a new row."""
    task = lab.task(lab.scale, reopen="manual")
    lab.college.submit(task, lab.learner)
    first = lab.college.grade(task, lab.learner, 1, grader=lab.tutor)
    lab.later()
    lab.college.reopen_attempt(task, lab.learner)
    assert (lab.rows(task), lab.book(task)["graderaw"]) == (["No grades found"], 1)
    status = lab.probe.call("mod_assign_get_submission_status", assignid=task.id, userid=lab.learner.id)
    assert status["previousattempts"][0]["grade"]["grade"] == "1.00000"
    lab.college.submit(task, lab.learner)
    second = lab.college.grade(task, lab.learner, 2, grader=lab.tutor)
    assert second.id != first.id
    assert (lab.rows(task)[0][1:3], lab.book(task)["graderaw"]) == ((1, "2.00000"), 2)


def test_an_override_is_unknown_to_the_assignment(lab):
    """Overridden: the gradebook alone changes, and a later regrade does not reach it."""
    task = lab.task()
    lab.college.grade(task, lab.learner, 70, grader=lab.tutor)
    lab.later()
    lab.college.override(task, lab.learner, 33)
    assert lab.rows(task)[0][2:] == ("70.00000", NOW)
    lab.college.grade(task, lab.learner, 80, grader=lab.tutor)
    item = lab.book(task)
    assert (lab.rows(task)[0][2], item["graderaw"], item["gradeisoverridden"]) == ("80.00000", 33, True)


@pytest.mark.parametrize("whole_item", [True, False])
def test_a_hidden_grade_is_still_told(lab, whole_item):
    """Hidden (one grade, or the item): both places tell the value, the gradebook marks it hidden."""
    task = lab.task()
    lab.college.grade(task, lab.learner, 70, grader=lab.tutor)
    lab.college.hide(task, None if whole_item else lab.learner)
    item = lab.book(task)
    assert (lab.rows(task)[0][2], item["graderaw"], item["gradeishidden"]) == ("70.00000", 70, True)


def test_a_suspended_enrolment_keeps_its_grades(lab):
    """Suspended: still in get_grades and by user id, not in the all-users report, listed unless onlyactive."""
    task = lab.task()
    lab.college.grade(task, lab.learner, 61, grader=lab.tutor)
    lab.college.suspend(lab.course, lab.learner)
    only_active = [{"name": "onlyactive", "value": 1}]
    rosters = [
        [user["id"] for user in lab.probe.call("core_enrol_get_enrolled_users", courseid=lab.course.id, **options)]
        for options in ({}, {"options": only_active})
    ]
    assert [lab.learner.id in roster for roster in rosters] == [True, False]
    assert (lab.rows(task)[0][2], lab.book(task)["graderaw"], lab.book(task, 0)) == ("61.00000", 61, None)


def test_an_unenrolled_learner_stays_in_get_grades_only(lab):
    """Unenrolled: the row stays, roster, submissions and gradebook forget; re-enrolled, the gradebook is empty."""
    task = lab.task()
    lab.college.submit(task, lab.learner)
    lab.college.grade(task, lab.learner, 61, grader=lab.tutor)
    lab.college.unenrol(lab.course, lab.learner)
    submissions = lab.probe.call("mod_assign_get_submissions", assignmentids=[task.id])["assignments"]
    assert (lab.rows(task)[0][2], submissions[0]["submissions"]) == ("61.00000", [])
    assert (lab.book(task)["graderaw"], lab.book(task, 0)) == (None, None)
    lab.college.reenrol(lab.course, lab.learner)
    assert (lab.rows(task)[0][2], lab.book_value(task)) == ("61.00000", (None, None))


def test_a_site_suspended_user_is_active_on_the_course(lab):
    """Suspended at site level: only core_user_get_users_by_field says so."""
    lab.college.suspend_user(lab.learner)
    active = lab.probe.call(
        "core_enrol_get_enrolled_users", courseid=lab.course.id, options=[{"name": "onlyactive", "value": 1}]
    )
    account = lab.probe.call("core_user_get_users_by_field", field="id", values=[lab.learner.id])[0]
    assert (lab.learner.id in [user["id"] for user in active], account["suspended"]) == (True, True)


def test_a_deleted_user_still_answers_to_its_id(lab):
    """Deleted: the row stays, the account answers by id with a mangled name, the gradebook says userdeleted."""
    task = lab.task()
    lab.college.grade(task, lab.learner, 77, grader=lab.tutor)
    lab.college.delete_user(lab.learner)
    account = lab.probe.call("core_user_get_users_by_field", field="id", values=[lab.learner.id])[0]
    report = lab.probe.call("gradereport_user_get_grade_items", courseid=lab.course.id, userid=lab.learner.id)
    assert lab.rows(task)[0][2] == "77.00000"
    assert account["username"].endswith(f".{NOW}") and "idnumber" not in account and len(account["email"]) == 32
    assert report["errorcode"] == "userdeleted"


def test_a_deleted_assignment_looks_like_an_ungraded_one(lab):
    """Deleted assignment: warning 3, the gradebook item is gone, get_assignments no longer lists it."""
    task, other = lab.task(), lab.task()
    lab.college.grade(task, lab.learner, 77, grader=lab.tutor)
    lab.college.delete_assignment(task)
    listed = lab.probe.call("mod_assign_get_assignments", courseids=[lab.course.id], includenotenrolledcourses=1)
    assert [each["id"] for each in listed["courses"][0]["assignments"]] == [other.id]
    assert (lab.rows(task), lab.book(task)) == (["No grades found"], None)


def test_only_a_rename_bumps_the_assignment(lab):
    """Renamed: bumped. ID number or pass mark changed: not. The course's ID number bumps the course."""
    task = lab.task()
    lab.later()
    lab.college.set_id_number(task, "NEW:9.9")
    lab.college.set_pass_mark(task, 50)

    def times():
        answer = lab.probe.call("mod_assign_get_assignments", courseids=[lab.course.id], includenotenrolledcourses=1)
        return answer["courses"][0]["timemodified"], answer["courses"][0]["assignments"][0]["timemodified"]

    assert (times(), lab.book(task)["idnumber"]) == ((NOW, NOW), "NEW:9.9")
    lab.college.rename(task, "Renamed")
    lab.college.set_course_id_number(lab.course, "EXP-LAB-2")
    assert times() == (NOW + 60, NOW + 60)


def test_a_rubric_is_computed_and_each_marking_is_a_new_instance(lab):
    """Rubric: the normalised grade; re-marked, a new instance for the same grade row; rewording keeps every id."""
    task = lab.task(100)
    form = lab.college.add_rubric(task, ["1.1 One", "1.2 Two", "2.1 Three", "2.2 Four"])
    row = lab.college.grade_rows(task, lab.learner, [1, 0, 0, 0], grader=lab.tutor)
    ask = lambda since=0: lab.probe.call("core_grading_get_gradingform_instances", definitionid=form.id, since=since)  # noqa: E731
    before = ask()["instances"]
    assert (row.grade, [each["itemid"] for each in before]) == ("25.00000", [row.id])
    then = lab.later()
    lab.college.grade_rows(task, lab.learner, [0, 1, 0, 0], grader=lab.tutor)
    after = ask()["instances"]
    assert (lab.rows(task)[0][2], len(after), after[0]["id"] != before[0]["id"]) == ("25.00000", 1, True)
    assert [len(ask(since)["instances"]) for since in (then, then + 1)] == [1, 0]
    lab.college.reword(task, 0, "1.1 One, reworded")
    definition = lab.probe.call("core_grading_get_definitions", cmids=[task.cmid], areaname="submissions")
    first = definition["areas"][0]["definitions"][0]
    criterion = first["rubric"]["rubric_criteria"][0]
    assert (criterion["id"], criterion["description"]) == (form.criteria[0].id, "1.1 One, reworded")
    assert first["timemodified"] == then


def test_a_team_grade_is_a_row_for_each_member(lab):
    """Team, apply to all: a row a member; one member can be regraded alone; whoever left the group is missed."""
    group = lab.college.add_group(lab.course, "Group A")
    other = lab.college.add_user("Ben", "Brown")
    for person in (lab.learner, other):
        lab.college.enrol(lab.course, person, groups=[group.id])
    task = lab.task(team=True)
    lab.college.grade_team(task, group.id, 66, grader=lab.tutor)
    lab.college.grade(task, other, 44, grader=lab.tutor)
    assert [row[2] for row in lab.rows(task)] == ["66.00000", "44.00000"]
    lab.college.unenrol(lab.course, other)
    lab.college.reenrol(lab.course, other)
    lab.college.grade_team(task, group.id, 70, grader=lab.tutor)
    assert [row[2] for row in lab.rows(task)] == ["70.00000", "44.00000"]


def test_blind_marking_empties_the_gradebook_until_revealed(lab):
    """Blind: real user ids in get_grades at once; the gradebook fills when identities are revealed, no time moves."""
    task = lab.task(blind=True)
    lab.college.grade(task, lab.learner, 50, grader=lab.tutor)
    assert (lab.rows(task)[0][:1], lab.book_value(task)) == ((lab.learner.id,), (None, None))
    lab.later()
    lab.college.reveal(task)
    listed = lab.probe.call("mod_assign_get_assignments", courseids=[lab.course.id], includenotenrolledcourses=1)
    facts = listed["courses"][0]["assignments"][0]
    assert (lab.book(task)["graderaw"], facts["revealidentities"], facts["timemodified"]) == (50, 1, NOW)


def test_updates_since_sees_grades_but_neither_flags_nor_overrides(lab):
    """The cheap trigger names changed grade rows; a bare flag change and an override escape it."""
    task = lab.task(lab.scale, workflow=True)
    row = lab.college.grade(task, lab.learner, 2, grader=lab.tutor)
    ask = lambda since: lab.probe.call("core_course_get_updates_since", courseid=lab.course.id, since=since)  # noqa: E731
    updates = {each["name"]: each for each in ask(NOW - 1)["instances"][0]["updates"]}
    assert updates["usergrades"]["itemids"] == [row.id]
    lab.later()
    lab.college.set_flag_only(task, lab.learner, "released")
    lab.college.override(task, lab.learner, 1)
    assert ask(NOW)["instances"] == []


def test_an_id_number_is_taken_once_a_course(lab):
    """The activity form refuses an ID number that another activity of the course has."""
    lab.college.add_assignment(lab.course, "One", "A3")
    with pytest.raises(ValueError, match="A3 is already used"):
        lab.college.add_assignment(lab.course, "Two", "A3")
