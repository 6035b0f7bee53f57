"""The generated college: the same each time, alive, and with the awkward cases in it."""

import datetime as dt
import re
import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.moodle.simulator import generate_college, generate_load
from connectors.moodle.simulator.coursework import chunks, criteria_text, numbers, selections
from connectors.moodle.simulator.people import PLACEHOLDER_ULN, london_day, london_midnight, uln_check_digit
from connectors.moodle.simulator.records import NO_GRADE, Clock
from connectors.moodle.simulator.samples import SAMPLES

NOW = 1_795_300_000
DAY = 86400


@pytest.fixture(scope="module")
def college():
    return generate_college(now=NOW)


def everything(college):
    """All that can be told of a college, as plain data."""
    people = [
        (user.id, user.full_name, user.id_number, dict(user.profile), user.deleted) for user in college.users.values()
    ]
    work = [
        (task.id_number, row.id, row.user_id, row.grade, row.time_modified, row.grader)
        for task in college.assignments.values()
        for rows in task.grades.values()
        for row in rows
    ]
    flags = [
        (flag.id, flag.user_id, flag.state) for task in college.assignments.values() for flag in task.flags.values()
    ]
    return people, work, flags, college.register()


def learners_of(college, course):
    return [number for number, enrolment in course.enrolments.items() if enrolment.role == "student"]


def holds(college, user_id, task):
    """Whether the learner's released latest grade on a task is the best there is."""
    row = task.current_grade(user_id)
    if row is None or row.grade == NO_GRADE:
        return False
    if task.workflow and task.flags[user_id].state != "released":
        return False
    return row.grade == ("2.00000" if task.grade < 0 else f"{task.grade}.00000")


def achieved(college, user_id, qualification):
    """Units of which every piece of work, sign-off included, is met and released in some course."""
    met = set()
    courses = [course for course in college.courses.values() if course.id_number.startswith(qualification["id"])]
    mine = [course for course in courses if user_id in course.enrolments]
    for unit in qualification["units"]:
        for course in mine:
            tasks = [college.assignments[number] for number in course.assignment_ids]
            named = [task for task in tasks if re.match(rf"{unit['code']}([:@].*)?$", task.id_number)]
            named = [task for task in named if ";" not in task.id_number]
            if named and all(holds(college, user_id, task) for task in named):
                met.add(unit["code"])
    return met


def test_the_same_seed_gives_the_same_college(college):
    """Everything follows from the seed and the moment."""
    assert everything(generate_college(now=NOW)) == everything(college)
    assert everything(generate_college(seed=2, now=NOW)) != everything(college)


def test_it_has_the_size_asked_for(college):
    """240 learners, whoever has left included; and other sizes."""
    staff = [user for user in college.users.values() if user.id_number.startswith("STAFF-")]
    assert len(college.users) - len(staff) == 240
    assert len(generate_college(learners=7, now=NOW).users) - len(staff) == 7


def test_about_a_third_has_met_the_whole_rule(college):
    """Some 35% hold every unit of an example selection, everything released."""
    finished = 0
    for qualification in SAMPLES:
        courses = [course for course in college.courses.values() if course.id_number.startswith(qualification["id"])]
        for user_id in {number for course in courses for number in learners_of(college, course)}:
            units = achieved(college, user_id, qualification)
            finished += any(set(selection) <= units for selection in selections(qualification))
    assert 0.33 * 240 <= finished <= 0.4 * 240


def test_a_qualification_can_be_taught_in_two_courses(college):
    """OCR/03455 has two courses, and some learners have work in both."""
    one, two = college.course("OCR/03455"), college.course("OCR/03455#evening")
    both = set(learners_of(college, one)) & set(learners_of(college, two))
    marked = [
        number
        for number in both
        if all(any(number in college.assignments[a].grades for a in course.assignment_ids) for course in (one, two))
    ]
    assert len(both) >= 5 and len(marked) >= 3


def test_no_id_number_is_too_long_or_used_twice(college):
    """Moodle refuses both."""
    for course in college.courses.values():
        used = [college.assignments[number].id_number for number in course.assignment_ids]
        assert [each for each, times in Counter(used).items() if each and times > 1] == []
        assert max(map(len, used)) <= 100


def test_every_way_of_grading_and_every_awkward_case_is_there(college):
    """Scale, points, rubric, guide, workflow, blind, team, hidden, a copy without and one with a wrong ID number."""
    for course in college.courses.values():
        tasks = [college.assignments[number] for number in course.assignment_ids]
        methods = {task.form.method for task in tasks if task.form}
        assert methods == {"rubric", "guide"}
        assert any(task.grade < 0 for task in tasks) and any(task.grade > 0 and task.pass_mark for task in tasks)
        assert any(task.workflow for task in tasks) and any(not task.visible for task in tasks)
        assert any(task.name.endswith("(copy)") and not task.id_number for task in tasks)
        assert any(re.fullmatch(r"[A-Z]\d+x", task.id_number) for task in tasks)
        assert any(";" in task.id_number for task in tasks) and any("@O" in task.id_number for task in tasks)
    every = list(college.assignments.values())
    assert any(task.blind for task in every) and any(task.team and task.grades for task in every)


def test_life_has_happened(college):
    """Resubmissions, open attempts, unreleased work, overrides, hidden grades, leavers."""
    tasks = list(college.assignments.values())
    cells = [cell for task in tasks for cell in task.cells.values()]
    states = Counter(flag.state for task in tasks for flag in task.flags.values())
    enrolments = [each for course in college.courses.values() for each in course.enrolments.values()]
    assert any(len(rows) > 1 for task in tasks for rows in task.grades.values())
    assert any(rows[-1].status == "reopened" for task in tasks for rows in task.submissions.values())
    assert states["released"] > 50 and states["inreview"] + states["readyforreview"] + states["readyforrelease"] >= 4
    assert any(cell.overridden for cell in cells) and any(cell.hidden for cell in cells)
    assert any(each.suspended for each in enrolments) and any(user.suspended for user in college.users.values())
    assert sum(user.deleted for user in college.users.values()) == 1


def test_nothing_happens_in_the_future_and_row_ids_follow_time(college):
    """Every moment lies before now, and a later first save has a higher id."""
    rows = [row for task in college.assignments.values() for all_rows in task.grades.values() for row in all_rows]
    rows.sort(key=lambda row: row.id)
    created = [row.time_created for row in rows]
    assert created == sorted(created)
    assert max(row.time_modified for row in rows) <= NOW


def test_ulns_are_valid_but_for_a_few(college):
    """Nearly all pass the check; a few are missing, mistyped or the placeholder; none is used twice."""
    typed = [user.profile["uln"] for user in college.users.values() if "uln" in user.profile]
    valid = [uln for uln in typed if uln not in ("", PLACEHOLDER_ULN) and uln_check_digit(uln[:9]) == int(uln[9])]
    assert all(re.fullmatch(r"[1-9]\d{9}", uln) for uln in valid)
    assert len(valid) == len(set(valid)) and len(typed) > len(valid) >= len(typed) - 8
    assert "" in typed and PLACEHOLDER_ULN in typed


def test_the_published_example_number_passes():
    """Check digit of a number printed in public guidance."""
    assert uln_check_digit("927630868") == 6


def test_registrations_come_before_the_evidence(college):
    """Nearly everyone is registered for the full award before the first grade; a handful is not registered at all."""
    first = {}
    for task in college.assignments.values():
        for user_id, rows in task.grades.items():
            first[user_id] = min(first.get(user_id, NOW), rows[0].time_created)
    rows = college.register()
    people = {user.id_number: user for user in college.users.values() if user.id_number}
    for row in rows:
        assert (row["entry"], type(row["registered_on"])) == ("full", dt.date)
        assert re.fullmatch(r"\d{8}", row["candidate_number"])
        user = people.get(row["id_number"])
        if user is not None and user.id in first:
            assert row["registered_on"] < london_day(first[user.id])
    assert 4 <= 240 - len(rows) <= 30


def test_names_need_more_than_latin_letters(college):
    """Right-to-left and four-byte names are among them."""
    names = "".join(user.full_name for user in college.users.values())
    assert any(ord(letter) > 0xFFFF for letter in names)
    assert re.search("[\u0590-\u06ff]", names)


def test_plain_data_from_outside_is_enough():
    """Two units without criteria, methods, title or selection make a college."""
    unit = {"credits": 5, "level": 1, "group": "A", "mandatory": True, "criteria": None}
    mine = {
        "id": "NEW/1",
        "units": [{"code": "X1", "reference": "A/111/1111", **unit}, {"code": "X2", "reference": "B", **unit}],
    }
    made = generate_college(learners=10, qualifications=[mine], now=NOW)
    assert {"X1", "X2"} <= {task.id_number for task in made.assignments.values()}


@given(st.dictionaries(st.integers(1, 9).map(str), st.integers(1, 15), min_size=1, max_size=9))
def test_the_assignments_of_a_unit_cover_its_criteria_once(criteria):
    """Split over assignments, nothing is lost and nothing is asked twice."""
    parts = chunks(criteria)
    covered = [number for part in parts for number in numbers(part)]
    assert sorted(covered) == sorted(numbers(list(criteria.items())))
    assert all(parts) and all(criteria_text(part) for part in parts)


@given(st.dates(dt.date(1940, 1, 1), dt.date(2026, 12, 31)))
def test_a_birthday_survives_the_profile(day):
    """Stored as midnight in Europe/London, in any year's summer time."""
    assert london_day(int(london_midnight(day))) == day


def test_the_clock_moves_only_when_driven_unless_it_ticks():
    """Frozen by default; set and advanced by hand."""
    clock = Clock(NOW)
    assert (clock.now(), clock.advance(60), clock.now()) == (NOW, NOW + 60, NOW + 60)
    clock.set(NOW)
    assert clock.now() == NOW
    assert abs(generate_college(learners=0).clock.now() - time.time()) <= 2


def test_a_large_college_is_quick_and_even():
    """A tenth of the measuring size in a tenth of the time: grades everywhere, forms and workflow as promised."""
    begun = time.perf_counter()
    college = generate_load(learners=2000, courses=40)
    spent = time.perf_counter() - begun
    tasks = list(college.assignments.values())
    assert (len(tasks), sum(len(task.grades) for task in tasks)) == (320, 16_000)
    assert sum(task.form is not None for task in tasks) == 64 and sum(task.workflow for task in tasks) == 160
    assert spent < 6
