"""The connector against the simulated Moodle: one course read whole, every row of the truth table, every fault."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from connectors.moodle.connector import MoodleConnector, open_connector
from connectors.moodle.simulator import College, Simulator
from nvqsync.errors import LmsBusy, LmsError, LmsRefused, LmsUnreadable
from nvqsync.model import GRADEBOOK, Asked, CourseReading, Grading, LmsCourse, LmsItem, LmsMember, Observation

RELEASES = ("4.3.0", "4.5.6")


class Small:
    """A course of four learners and a tutor, one assignment of each kind."""

    def __init__(self) -> None:
        self.college = college = College()
        self.competence = college.add_scale("Competence", ["Not yet competent", "Competent"])
        self.course = college.add_course("HSC-2", "Health & Social Care", "OCR/03455")
        self.tutor = college.add_user("Tess", "Tutor")
        self.iqa = college.add_user("Ivor", "Quality")
        college.enrol(self.course, self.tutor, "teacher")
        college.enrol(self.course, self.iqa, "editingteacher")
        self.learners = [self._learner(n) for n in range(4)]
        self.scale = college.add_assignment(self.course, "Sign-off", "A3", grade=-self.competence.id)
        self.points = college.add_assignment(self.course, "Test", "F1", grade=60)
        self.workflow = college.add_assignment(self.course, "Reviewed", "F2", grade=-self.competence.id, workflow=True)
        self.rubric = college.add_assignment(self.course, "Rubric", "A3:1.1-1.2")
        college.add_rubric(self.rubric, ["1.1 Plan", "1.2 Do"], levels=((0, "no"), (1, "partly"), (2, "yes")))
        self.guide = college.add_assignment(self.course, "Guide", "A3:2.1")
        college.add_guide(self.guide, [("2.1 Reflect", 10), ("2.2 Report", 15)])

    def _learner(self, number: int) -> Any:
        profile = {"uln": "1000000000", "ocr_candidate_number": "2001", "dob": "1167609600"}
        learner = self.college.add_user("Learner", f"No {number}", id_number=f"3102{number}", profile=profile)
        self.college.enrol(self.course, learner)
        return learner

    def grade(self, assignment: Any, value: int | None, *, learner: int = 0, **how: Any) -> Any:
        return self.college.grade(assignment, self.learners[learner], value, grader=self.tutor, **how)


@pytest.fixture
def small() -> Small:
    return Small()


@pytest.fixture(params=RELEASES)
def moodle(request: pytest.FixtureRequest, small: Small) -> Iterator[Simulator]:
    with Simulator(small.college, version=request.param) as simulator:
        yield simulator


@pytest.fixture
def connector(moodle: Simulator) -> Iterator[MoodleConnector]:
    made = opened(moodle)
    yield made
    made.close()


def opened(moodle: Simulator, **settings: Any) -> MoodleConnector:
    quick = {"requests_per_second": 0, "longest_wait": 0.01, "timeout": 5}
    return open_connector({"url": moodle.url, "token": moodle.token, **quick, **settings})


def read(connector: MoodleConnector) -> CourseReading:
    (course,) = connector.courses()
    return whole(connector, course)


def whole(connector: MoodleConnector, course: LmsCourse) -> CourseReading:
    """Everything about a course, its gradebook too."""
    ((_, found),) = connector.read([Asked(course, refresh=frozenset({GRADEBOOK}))])
    if isinstance(found, LmsError):
        raise found
    return found


def item(reading: CourseReading, assignment: Any) -> LmsItem:
    return next(each for each in reading.items if each.lms_id == str(assignment.id))


def seen(reading: CourseReading, assignment: Any, learner: Any) -> Observation | None:
    found = [o for o in reading.observations if (o.item_id, o.learner_id) == (str(assignment.id), str(learner.id))]
    assert len(found) <= 1
    return found[0] if found else None


def member(reading: CourseReading, user: Any) -> LmsMember:
    return next(each for each in reading.members if each.lms_id == str(user.id))


def codes(reading: CourseReading, severity: str = "problem") -> set[str]:
    return {notice.code for notice in reading.notices if notice.severity == severity}


# ---------------------------------------------------------------- reading


def test_check_tells_who_answers(connector: MoodleConnector, moodle: Simulator) -> None:
    """Name, release, address, and the server's clock, not ours."""
    facts = connector.check()
    assert facts.site_name == "Realbridge College"
    assert facts.release.startswith(moodle.version[:3])
    assert facts.url == moodle.url
    assert facts.server_time == moodle.college.clock.now()
    assert [notice for notice in facts.notices if notice.severity == "problem"] == []


def test_courses_carry_id_numbers_without_any_right_to_write(connector: MoodleConnector, small: Small) -> None:
    """The ID number that the course list withholds comes from a gradebook report."""
    small.college.add_course("EMPTY", "Nobody here", "OCR/03454")
    assert next((c.short_name, c.full_name, c.id_number) for c in connector.courses()) == (
        "HSC-2",
        "Health & Social Care",
        "OCR/03455",
    )


def test_a_course_is_read_whole(connector: MoodleConnector, small: Small) -> None:
    """Items, members and grades of every kind, each with what the host needs to judge it."""
    small.grade(small.scale, 2)
    small.grade(small.points, 44, learner=1)
    small.college.grade_rows(small.rubric, small.learners[0], [2, 1], grader=small.tutor)
    small.college.grade_rows(small.guide, small.learners[0], [10, 7], grader=small.tutor)
    reading = read(connector)
    assert reading.notices == ()
    assert reading.unread_items == ()
    assert [i.id_number for i in reading.items] == ["A3", "F1", "F2", "A3:1.1-1.2", "A3:2.1"]
    assert [i.grading for i in reading.items] == [
        Grading.SCALE,
        Grading.POINTS,
        Grading.SCALE,
        Grading.RUBRIC,
        Grading.GUIDE,
    ]
    assert item(reading, small.scale).scale == ("Not yet competent", "Competent")
    assert item(reading, small.points).maximum == 60
    assert item(reading, small.rubric).url_path == f"mod/assign/view.php?id={small.rubric.cmid}"
    rubric, guide = seen(reading, small.rubric, small.learners[0]), seen(reading, small.guide, small.learners[0])
    assert rubric is not None
    assert guide is not None
    assert [(r.row_id, r.score) for r in rubric.rows] == [
        (r.row_id, Decimal(s)) for r, s in zip(item(reading, small.rubric).rows, (2, 1), strict=True)
    ]
    assert [r.score for r in guide.rows] == [Decimal(10), Decimal(7)]
    assert [r.top_score for r in item(reading, small.guide).rows] == [Decimal(10), Decimal(15)]
    points = seen(reading, small.points, small.learners[1])
    assert points is not None
    assert (points.grade, points.grader_id, points.attempt) == (Decimal(44), str(small.tutor.id), 0)
    assert points.gradebook is not None
    assert points.gradebook.grade == 44


def test_members_carry_roles_and_profile_fields(connector: MoodleConnector, small: Small) -> None:
    """Tutors and learners alike, told apart by role; the suspended are on the roster and not active."""
    small.college.suspend(small.course, small.learners[2])
    reading = read(connector)
    learner = member(reading, small.learners[0])
    assert (learner.id_number, learner.uln, learner.candidate_number) == ("31020", "1000000000", "2001")
    assert learner.roles == ("student",)
    assert member(reading, small.tutor).roles == ("teacher",)
    assert [m.active for m in reading.members if m.roles == ("student",)] == [True, True, False, True]


def test_a_second_reading_equals_the_first(connector: MoodleConnector, small: Small) -> None:
    """With nothing new and the clock stopped, nothing differs."""
    small.grade(small.scale, 2)
    assert read(connector) == read(connector)


# ---------------------------------------------------------------- the truth table


def test_saving_again_changes_only_the_time(connector: MoodleConnector, small: Small) -> None:
    """Same value, later time."""
    small.grade(small.scale, 2)
    before = seen(read(connector), small.scale, small.learners[0])
    small.college.clock.advance(60)
    small.college.save_again(small.scale, small.learners[0], grader=small.iqa)
    after = seen(read(connector), small.scale, small.learners[0])
    assert before is not None
    assert after is not None
    assert (after.grade, after.graded_at - before.graded_at, after.grader_id) == (2, 60, str(small.iqa.id))


def test_a_reset_grade_is_a_row_without_a_grade(connector: MoodleConnector, small: Small) -> None:
    """Withdrawn is something else than never seen."""
    small.grade(small.scale, 2)
    small.college.reset(small.scale, small.learners[0], grader=small.tutor)
    found = seen(read(connector), small.scale, small.learners[0])
    assert found is not None
    assert found.grade is None


def test_zero_is_a_grade(connector: MoodleConnector, small: Small) -> None:
    """Nought out of sixty."""
    small.grade(small.points, 0)
    found = seen(read(connector), small.points, small.learners[0])
    assert found is not None
    assert found.grade == 0


@pytest.mark.parametrize("state", ["inmarking", "readyforreview", "inreview", "readyforrelease", "released"])
def test_every_workflow_state_is_told(connector: MoodleConnector, small: Small, state: str) -> None:
    """The grade is there in every state; only the flag says whether it is released."""
    small.grade(small.workflow, 2, state=state)
    found = seen(read(connector), small.workflow, small.learners[0])
    assert found is not None
    assert (found.grade, found.workflow_state) == (2, state)


def test_a_flag_changed_alone_is_seen(connector: MoodleConnector, small: Small) -> None:
    """Taken back without any time being bumped."""
    small.grade(small.workflow, 2, state="released")
    small.college.set_flag_only(small.workflow, small.learners[0], "inreview")
    found = seen(read(connector), small.workflow, small.learners[0])
    assert found is not None
    assert found.workflow_state == "inreview"


def test_an_extension_alone_is_not_a_state(connector: MoodleConnector, small: Small) -> None:
    """A flag row that only grants an extension leaves the grade unmarked; without workflow there is no state at all."""
    small.college.extend(small.workflow, small.learners[1], 1_800_000_000)
    small.grade(small.scale, 2, learner=1)
    small.college.set_flag_only(small.workflow, small.learners[1], "")
    small.grade(small.workflow, 2, learner=1)
    small.workflow.flags[small.learners[1].id].state = ""
    reading = read(connector)
    reviewed, signed = (seen(reading, a, small.learners[1]) for a in (small.workflow, small.scale))
    assert reviewed is not None
    assert signed is not None
    assert (reviewed.workflow_state, signed.workflow_state) == ("notmarked", "")


def test_a_reopened_attempt_has_no_row(connector: MoodleConnector, small: Small) -> None:
    """The grade of the earlier attempt is not shown, the item is not unread: the host decides what absence means."""
    small.grade(small.scale, 1)
    small.college.reopen_attempt(small.scale, small.learners[0])
    reading = read(connector)
    assert seen(reading, small.scale, small.learners[0]) is None
    assert reading.unread_items == ()
    small.grade(small.scale, 2)
    found = seen(read(connector), small.scale, small.learners[0])
    assert found is not None
    assert (found.attempt, found.grade) == (1, 2)


def test_a_gradebook_override_stands_beside_the_grade(connector: MoodleConnector, small: Small) -> None:
    """Both are told, and that they differ by somebody's hand."""
    small.grade(small.points, 50)
    small.college.override(small.points, small.learners[0], 20)
    found = seen(read(connector), small.points, small.learners[0])
    assert found is not None
    assert found.gradebook is not None
    assert (found.grade, found.gradebook.grade, found.gradebook.overridden) == (50, 20, True)


def test_a_hidden_grade_and_a_hidden_item_are_told(connector: MoodleConnector, small: Small) -> None:
    """Hidden for one learner, then for all; the activity itself hidden is another matter."""
    small.grade(small.points, 50)
    small.grade(small.points, 51, learner=1)
    small.college.hide(small.points, small.learners[0])
    small.college.show_activity(small.scale, visible=False)
    reading = read(connector)
    cells = [seen(reading, small.points, small.learners[n]) for n in (0, 1)]
    assert [o.gradebook.hidden for o in cells if o and o.gradebook] == [True, False]
    assert (item(reading, small.scale).hidden, item(reading, small.points).hidden) == (True, False)


def test_blind_marking_hides_until_it_is_revealed(connector: MoodleConnector, small: Small) -> None:
    """The item says whether identities are still hidden."""
    blind = small.college.add_assignment(small.course, "Exam", "F3", grade=60, blind=True)
    small.grade(blind, 40)
    assert item(read(connector), blind).identities_hidden
    small.college.reveal(blind)
    assert not item(read(connector), blind).identities_hidden


def test_a_suspended_learner_keeps_grades_and_gradebook(connector: MoodleConnector, small: Small) -> None:
    """The report for all leaves the suspended out; theirs is asked for by itself."""
    small.grade(small.points, 50)
    small.college.suspend(small.course, small.learners[0])
    reading = read(connector)
    found = seen(reading, small.points, small.learners[0])
    assert found is not None
    assert found.gradebook is not None
    assert found.gradebook.grade == 50
    assert not member(reading, small.learners[0]).active


@pytest.mark.parametrize("leave", ["unenrol", "delete_user"])
def test_someone_who_left_is_counted_and_not_named(connector: MoodleConnector, small: Small, leave: str) -> None:
    """Their grade stays in Moodle's answer; it is left out with a note."""
    small.grade(small.points, 50)
    gone = small.learners[0]
    small.college.unenrol(small.course, gone) if leave == "unenrol" else small.college.delete_user(gone)
    reading = read(connector)
    assert seen(reading, small.points, gone) is None
    assert codes(reading, "note") == {"moodle-not-on-roster"}
    assert "No 0" not in str(reading.notices)
    assert reading.unread_items == ()


def test_reenrolled_is_as_before_but_for_the_gradebook(connector: MoodleConnector, small: Small) -> None:
    """The assignment's grade is back, the gradebook's cell is empty."""
    small.grade(small.points, 50)
    small.college.unenrol(small.course, small.learners[0])
    small.college.enrol(small.course, small.learners[0])
    found = seen(read(connector), small.points, small.learners[0])
    assert found is not None
    assert found.gradebook is not None
    assert (found.grade, found.gradebook.grade) == (50, None)


def test_renamed_and_renumbered_is_the_same_item(connector: MoodleConnector, small: Small) -> None:
    """The id stays; name and ID number, which bumps no time, are read afresh."""
    before = item(read(connector), small.points)
    small.college.rename(small.points, "Test 2")
    small.college.set_id_number(small.points, "F9")
    after = item(read(connector), small.points)
    assert (before.lms_id, after.name, after.id_number) == (after.lms_id, "Test 2", "F9")


def test_a_deleted_assignment_is_gone_from_the_items(connector: MoodleConnector, small: Small) -> None:
    """Gone is told by the list of assignments, not by silence about grades."""
    small.grade(small.points, 50)
    small.college.delete_assignment(small.points)
    reading = read(connector)
    assert str(small.points.id) not in {i.lms_id for i in reading.items}
    assert reading.unread_items == ()


def test_a_team_grade_reaches_every_member(connector: MoodleConnector, small: Small) -> None:
    """One row a member; the item says that it was a team's."""
    group = small.college.add_group(small.course, "Team A")
    team = small.college.add_assignment(small.course, "Project", "F4", grade=100, team=True)
    for learner in small.learners[:2]:
        small.course.enrolments[learner.id].groups.append(group.id)
    small.college.grade_team(team, group.id, 64, grader=small.tutor)
    reading = read(connector)
    assert item(reading, team).team
    assert [o.grade for o in reading.observations if o.item_id == str(team.id)] == [64, 64]


def test_remarked_to_the_same_total_shows_the_new_rows(connector: MoodleConnector, small: Small) -> None:
    """The computed grade is the same, the rows are not."""
    small.college.grade_rows(small.rubric, small.learners[0], [2, 0], grader=small.tutor)
    before = seen(read(connector), small.rubric, small.learners[0])
    small.college.grade_rows(small.rubric, small.learners[0], [0, 2], grader=small.tutor)
    after = seen(read(connector), small.rubric, small.learners[0])
    assert before is not None
    assert after is not None
    assert before.grade == after.grade
    assert [r.score for r in before.rows] == [2, 0]
    assert [r.score for r in after.rows] == [0, 2]


# ---------------------------------------------------------------- rights


NO_RIGHT = [
    ("moodle/course:view", LmsRefused, "moodle/course:view"),
    ("moodle/course:enrolreview", LmsRefused, "moodle/course:enrolreview"),
    ("gradereport/user:view", LmsRefused, "gradereport/user:view"),
    ("moodle/grade:viewall", LmsRefused, "moodle/grade:viewall"),
    ("mod/assign:view", LmsRefused, "mod/assign:view"),
    ("moodle/user:viewdetails", LmsRefused, "moodle/user:viewdetails"),
    ("webservice/rest:use", LmsRefused, "webservice/rest:use"),
]


@pytest.mark.parametrize(("capability", "kind", "named"), NO_RIGHT)
def test_a_lost_right_refuses_the_course_and_is_named(
    connector: MoodleConnector, moodle: Simulator, capability: str, kind: type[LmsError], named: str
) -> None:
    """Never an empty course: the refusal names the capability and the page to grant it on."""
    (course,) = connector.courses()
    moodle.role.discard(capability)
    with pytest.raises(kind) as caught:
        whole(connector, course)
    assert named in caught.value.next_step
    assert "Site administration" in caught.value.next_step


def test_without_the_right_to_grade_workflow_items_count_as_unread(
    connector: MoodleConnector, moodle: Simulator, small: Small
) -> None:
    """Grades still come, states do not: what may be unreleased is not shown, and nothing looks withdrawn."""
    small.grade(small.workflow, 2, state="released")
    small.grade(small.scale, 2)
    moodle.role.discard("mod/assign:grade")
    reading = read(connector)
    assert reading.unread_items == (str(small.workflow.id),)
    assert seen(reading, small.workflow, small.learners[0]) is None
    assert seen(reading, small.scale, small.learners[0]) is not None
    assert codes(reading) == {"moodle-no-access"}
    assert "mod/assign:grade" in reading.notices[0].says
    assert "HSC-2" in reading.notices[0].says


def test_without_the_right_to_forms_rubrics_count_as_unread(
    connector: MoodleConnector, moodle: Simulator, small: Small
) -> None:
    """Without the rows a grade would seem to change: nothing is concluded from it, and a person is told."""
    small.college.grade_rows(small.rubric, small.learners[0], [2, 2], grader=small.tutor)
    moodle.role.discard("moodle/grade:managegradingforms")
    reading = read(connector)
    assert seen(reading, small.rubric, small.learners[0]) is None
    assert str(small.rubric.id) in reading.unread_items
    assert len(item(reading, small.rubric).rows) == 2
    assert codes(reading) == {"moodle-no-access"}
    assert "moodle/grade:managegradingforms" in reading.notices[0].says


def test_a_hidden_activity_that_may_not_be_seen_is_told(
    connector: MoodleConnector, moodle: Simulator, small: Small
) -> None:
    """An assignment that drops out of the list for want of a right raises an alarm."""
    small.college.show_activity(small.points, visible=False)
    moodle.role.discard("moodle/course:viewhiddenactivities")
    reading = read(connector)
    assert codes(reading) == {"moodle-no-access"}
    assert "moodle/course:viewhiddenactivities" in reading.notices[0].says


def test_a_course_that_loses_nearly_everyone_is_not_believed(connector: MoodleConnector, small: Small) -> None:
    """More graded people gone than are left: all have left, or a right is lost. The whole course counts as unread."""
    for learner in range(4):
        small.grade(small.points, 50, learner=learner)
        small.college.unenrol(small.course, small.learners[learner])
    reading = read(connector)
    assert codes(reading) == {"moodle-roster-short"}
    assert set(reading.unread_items) == {i.lms_id for i in reading.items}
    assert reading.observations == ()


def test_separate_groups_are_told(connector: MoodleConnector, moodle: Simulator, small: Small) -> None:
    """The roster is empty without a word then; the gradebook refuses, and the right is named."""
    (course,) = connector.courses()
    small.course.separate_groups = True
    moodle.role.discard("moodle/site:accessallgroups")
    with pytest.raises(LmsRefused) as caught:
        whole(connector, course)
    assert "moodle/site:accessallgroups" in caught.value.next_step


def test_identities_that_may_not_be_seen_raise_an_alarm(connector: MoodleConnector, moodle: Simulator) -> None:
    """Without moodle/user:viewalldetails nobody has an ID number: that is told, not guessed at."""
    moodle.role.discard("moodle/user:viewalldetails")
    assert "moodle-no-id-numbers" in codes(read(connector))


def test_pass_marks_come_only_with_the_right_to_them(
    connector: MoodleConnector, moodle: Simulator, small: Small
) -> None:
    """A minimal token asks once and lets it be; with the right they are read, and kept for a while."""
    small.college.set_pass_mark(small.points, 24)
    assert item(read(connector), small.points).pass_mark is None
    assert moodle.calls["core_course_get_course_module"] == 1
    moodle.role.add("moodle/course:manageactivities")
    assert item(read(connector), small.points).pass_mark == 24
    asked = moodle.calls["core_course_get_course_module"]
    read(connector)
    assert moodle.calls["core_course_get_course_module"] == asked


@pytest.mark.parametrize("function", ["mod_assign_get_user_flags", "gradereport_user_get_grade_items"])
def test_a_missing_function_is_named_before_any_work(
    connector: MoodleConnector, moodle: Simulator, function: str
) -> None:
    """The check ends the pass, saying what to add where."""
    moodle.functions.remove(function)
    with pytest.raises(LmsRefused, match=function) as caught:
        connector.check()
    assert "Functions" in caught.value.next_step


def test_without_the_useful_functions_all_goes_on(connector: MoodleConnector, moodle: Simulator) -> None:
    """Pass marks and the second way to list courses are wanted, not needed."""
    moodle.functions.remove("core_course_get_course_module")
    moodle.functions.remove("core_course_get_courses_by_field")
    assert read(connector).notices == ()


def test_one_closed_course_does_not_hide_the_others(
    connector: MoodleConnector, moodle: Simulator, small: Small
) -> None:
    """Moodle fails the whole list for one course that the token cannot enter; the others are listed another way."""
    small.college.add_course("SECRET", "Hidden", "X", visible=False)
    moodle.role.discard("moodle/course:viewhiddencourses")
    assert [(c.short_name, c.id_number) for c in connector.courses()] == [("HSC-2", "OCR/03455")]


def test_an_account_locked_out_is_told_both_remedies(connector: MoodleConnector, moodle: Simulator) -> None:
    """A policy not agreed to, or a password that must change, looks like lost rights everywhere."""
    moodle.locked_out = "Site policy not agreed"
    for ask in (connector.courses, lambda: whole(connector, LmsCourse("2", "HSC-2", "Health"))):
        with pytest.raises(LmsRefused) as caught:
            ask()
        assert "moodle/course:view" in caught.value.next_step
        assert ("site policy" in caught.value.next_step) is (moodle.version == "4.5.6")


# ---------------------------------------------------------------- faults


FAULTS = {
    "invalid_token": LmsRefused,
    "token_expired": LmsRefused,
    "access_denied": LmsRefused,
    "user_suspended": LmsRefused,
    "unknown_function": LmsRefused,
    "invalid_parameter": LmsUnreadable,
    "no_permission": LmsRefused,
    "course_not_accessible": LmsRefused,
    "login_required": LmsRefused,
    "maintenance": LmsBusy,
    "cli_maintenance": LmsBusy,
    "upgrade_running": LmsBusy,
    "database_down": LmsBusy,
    "table_missing": LmsBusy,
    "php_error": LmsUnreadable,
    "webservices_disabled": LmsRefused,
    "php_fatal": LmsBusy,
    "php_down": LmsBusy,
    "gateway_timeout": LmsBusy,
    "too_many_requests": LmsBusy,
    "html_page": LmsUnreadable,
    "redirect": LmsRefused,
    "stray_output": LmsUnreadable,
    "truncated": LmsBusy,
    "cut": LmsBusy,
    "reset": LmsBusy,
    "hung": LmsBusy,
    "xml": LmsUnreadable,
}


@pytest.mark.parametrize("function", ["mod_assign_get_grades", "core_enrol_get_enrolled_users"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_lasting_fault_leaves_the_course_unread(small: Small, fault: str, function: str) -> None:
    """Every fault of every kind is an error with a next step, never half a course, and the token is in none of it."""
    small.grade(small.scale, 2)
    with Simulator(small.college) as moodle:
        connector = opened(moodle, timeout=0.3, attempts=2)
        token = moodle.token
        (course,) = connector.courses()
        moodle.faults.add(fault, function=function)
        with pytest.raises(FAULTS[fault]) as caught:
            whole(connector, course)
        assert caught.value.next_step
        assert token not in str(caught.value)
        connector.close()


@pytest.mark.parametrize(
    "fault",
    [name for name, kind in FAULTS.items() if kind is LmsBusy and name not in ("cli_maintenance", "too_many_requests")]
    + ["stray_output"],
)
def test_a_passing_fault_leaves_no_trace(small: Small, fault: str) -> None:
    """One bad answer in the middle, and the reading is the same as without it."""
    small.grade(small.scale, 2)
    with Simulator(small.college) as moodle:
        connector = opened(moodle, timeout=0.5)
        before = read(connector)
        moodle.faults.add(fault, times=1, function="mod_assign_get_grades")
        assert read(connector) == before
        connector.close()


def test_a_request_cut_by_php_is_noticed(connector: MoodleConnector, moodle: Simulator, small: Small) -> None:
    """Ids beyond max_input_vars are dropped without a word: those items count as unread, with what to raise."""
    small.grade(small.guide, 50)
    moodle.max_input_vars = 6
    course = LmsCourse(str(small.course.id), "HSC-2", "Health", "")
    try:
        reading = whole(connector, course)
    except LmsError:
        return  # other calls, cut as well, refused themselves: just as safe
    assert reading.unread_items
    assert "moodle-cut-short" in codes(reading)


def test_many_assignments_are_asked_for_in_batches(connector: MoodleConnector, moodle: Simulator, small: Small) -> None:
    """Never more than 200 ids in one call, and none is lost."""
    for number in range(230):
        small.college.add_assignment(small.course, f"Extra {number}", f"X{number}", grade=10)
    moodle.keep_log = True
    reading = read(connector)
    asked = [params["assignmentids"] for function, params in moodle.log if function == "mod_assign_get_grades"]
    assert sorted(len(ids) for ids in asked) == [35, 200]
    assert len(reading.items) == 235
    assert reading.notices == ()


def test_a_large_gradebook_is_read_learner_by_learner(
    connector: MoodleConnector, moodle: Simulator, small: Small
) -> None:
    """Above 5,000 cells no report is asked for all; only those with a grade are asked about, each for themselves."""
    for number in range(850):
        small.college.add_assignment(small.course, f"Extra {number}", f"X{number}", grade=10)
    small.grade(small.points, 50)
    moodle.keep_log = True
    (course,) = connector.courses()
    moodle.log.clear()
    reading = whole(connector, course)
    users = [int(params.get("userid", 0)) for function, params in moodle.log if function.startswith("gradereport")]
    assert 0 not in users
    assert small.learners[0].id in users
    found = seen(reading, small.points, small.learners[0])
    assert found is not None
    assert found.gradebook is not None
    assert found.gradebook.grade == 50


def test_no_learner_is_in_the_log(
    connector: MoodleConnector, small: Small, caplog: pytest.LogCaptureFixture, moodle: Simulator
) -> None:
    """Not at the most talkative level either: no name, ULN, ID number or token."""
    caplog.set_level(logging.DEBUG)
    small.grade(small.scale, 2)
    read(connector)
    for secret in ("Learner", "1000000000", "31020", moodle.token):
        assert secret not in caplog.text


def test_the_courses_setting_limits_what_is_seen(small: Small) -> None:
    """By id or by short name."""
    other = small.college.add_course("IT-1", "IT", "OCR/03454")
    with Simulator(small.college) as moodle:
        for wanted in ([str(other.id)], ["IT-1"]):
            connector = opened(moodle, courses=wanted)
            assert [c.short_name for c in connector.courses()] == ["IT-1"]
            connector.close()


def test_closing_twice_is_harmless(moodle: Simulator) -> None:
    """And a closed connector answers no more."""
    connector = opened(moodle)
    connector.check()
    connector.close()
    connector.close()
    with pytest.raises(LmsBusy):
        connector.check()
