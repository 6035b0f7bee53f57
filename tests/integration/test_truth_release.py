"""Grades that are not released, taken back, hidden or empty: each from Moodle to the queue."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.test_truth_table import blockers, met, problems, the_claim
from tests.rehearsal import COMPETENT, NOT_YET, Rehearsal, rehearsing

UNRELEASED = ("notmarked", "inmarking", "readyforreview", "inreview", "readyforrelease")


@pytest.fixture
def rehearsal(tmp_path: Path):
    with rehearsing(tmp_path) as running:
        yield running


@pytest.fixture
def nearly(rehearsal: Rehearsal) -> Rehearsal:
    """One learner who lacks D2 alone, and a first pass behind us."""
    rehearsal.college.pass_unit(0, "F1", "F2", "A3", "B2", "C3")
    rehearsal.run("sync")
    rehearsal.register(0)
    return rehearsal


def grade(rehearsal: Rehearsal, value: int | None = COMPETENT, **how: str) -> None:
    """The assessor saves D2 for the learner."""
    college = rehearsal.college
    college.moodle.clock.advance(60)
    college.moodle.grade(college.assignments["D2"], college.learners[0], value, grader=college.assessor, **how)


@pytest.mark.parametrize("by", ["set_workflow", "set_flag_only"])
@pytest.mark.parametrize("state", UNRELEASED)
def test_a_grade_counts_once_it_is_released_and_no_longer_when_it_is_taken_back(
    nearly: Rehearsal, state: str, by: str
) -> None:
    """By the page's batch action or a bare flag, which bumps no time: unreleased nothing, then a claim, and back."""
    college = nearly.college
    item, learner = college.assignments["D2"], college.learners[0]
    item.workflow = True
    grade(nearly, state=state)
    nearly.run("sync")
    assert not met(nearly)
    assert nearly.claims() == []
    getattr(college.moodle, by)(item, learner, "released")
    nearly.run("sync")
    assert met(nearly)
    assert blockers(nearly) == set()
    getattr(college.moodle, by)(item, learner, state)
    nearly.run("sync")
    assert not met(nearly)
    assert the_claim(nearly)["status"] == "on_hold"


def test_an_extension_alone_releases_nothing(nearly: Rehearsal) -> None:
    """A flag row without a state: nobody has marked."""
    college = nearly.college
    college.assignments["D2"].workflow = True
    grade(nearly, state="inmarking")
    college.assignments["D2"].flags.clear()
    college.moodle.extend(college.assignments["D2"], college.learners[0], 1_800_000_000)
    nearly.run("sync")
    assert not met(nearly)


def test_a_blind_grade_counts_once_identities_are_revealed(nearly: Rehearsal) -> None:
    """Moodle tells it before, with the real user; revealing bumps no time of the assignment."""
    item = nearly.college.assignments["D2"]
    item.blind = True
    grade(nearly)
    nearly.run("sync")
    assert not met(nearly)
    nearly.college.moodle.reveal(item)
    nearly.run("sync")
    assert met(nearly)


@pytest.mark.parametrize("whole_item", [True, False])
def test_a_grade_hidden_in_the_gradebook_does_not_count(nearly: Rehearsal, whole_item: bool) -> None:
    """Seen by the full pass, and in any case before a claim is proposed; shown again, it counts."""
    college = nearly.college
    item, who = college.assignments["D2"], None if whole_item else college.learners[0]
    grade(nearly)
    college.moodle.hide(item, who)
    nearly.run("sync")
    assert nearly.claims() == []
    assert not met(nearly)
    college.moodle.hide(item, who, hidden=False)
    nearly.run("sync", "--full")
    assert met(nearly)
    assert len(nearly.claims()) == 1


def test_a_comment_without_a_grade_decides_nothing(nearly: Rehearsal) -> None:
    """Feedback only: a row of "-1.00000" with a real grader; and on a grade that stands it takes nothing away."""
    grade(nearly, None, feedback="See me.")
    nearly.run("sync")
    assert not met(nearly)
    assert nearly.claims() == []
    grade(nearly)
    nearly.run("sync")
    grade(nearly, feedback="Well done.")
    nearly.run("sync")
    assert blockers(nearly) == set()


def test_a_grade_without_a_submission_is_a_grade(nearly: Rehearsal) -> None:
    """An observation is graded and nothing is handed in."""
    grade(nearly)
    nearly.run("sync")
    assert met(nearly)


def test_a_grade_changed_is_another_decision(nearly: Rehearsal) -> None:
    """Competent, then not yet: the claim goes on hold; competent again, a person releases it."""
    for value, status in ((COMPETENT, "proposed"), (NOT_YET, "on_hold")):
        grade(nearly, value)
        nearly.run("sync")
        assert the_claim(nearly)["status"] == status
    grade(nearly)
    nearly.run("sync")
    assert nearly.run("claims", "release", "1").status == 0


def test_a_rubric_re_marked_to_the_same_total_is_compared_row_by_row(rehearsal: Rehearsal) -> None:
    """The same 50 of 100, another criterion met: the decision on 1.1 is of its row, and goes with it."""
    college = rehearsal.college
    item = college.moodle.add_assignment(college.course, "Rubric", "A1:1.1", grade=100)
    college.moodle.add_rubric(item, ["1.1 Plan", "1.2 Do"])
    for scores, met_criteria, kind in (([1, 0], 1, "appeared"), ([0, 1], 0, "altered")):
        college.moodle.clock.advance(60)
        row = college.moodle.grade_rows(item, college.learners[0], scores, grader=college.assessor)
        assert row.grade == "50.00000"
        assert rehearsal.run("sync", "--json").json["courses"][0][kind] == 1
        units = rehearsal.run("progress", "S0", "--json").json[0]["units"]
        assert next(unit["criteria_met"] for unit in units if unit["code"] == "A1") == met_criteria


def test_a_course_that_empties_at_once_is_an_alarm_that_waits(rehearsal: Rehearsal) -> None:
    """Nothing is written, claims stay here, and the words say how to go on when it is meant."""
    college = rehearsal.college
    rehearsal.college.finish(0)
    rehearsal.college.finish(1)
    rehearsal.run("sync")
    rehearsal.register(0, 1)
    for item in list(college.assignments.values()):
        college.moodle.delete_assignment(item)
    told = rehearsal.run("sync", "--json")
    assert told.status == 1
    assert "course-unread" in problems(told.json)
    assert f"--accept-vanished {college.course.id}" in str(told.json)
    assert met(rehearsal)
    assert all("LMS-8" in {one["id"] for one in claim["blockers"]} for claim in rehearsal.claims())
    rehearsal.run("sync", "--accept-vanished", str(college.course.id))
    assert all({one["id"] for one in claim["blockers"]} == {"LMS-3"} for claim in rehearsal.claims())


NAMES = (
    "\u05d3\u05e0\u05d4 \u05dc\u05d5\u05d9",  # written from right to left
    "Zo\u00eb \U00020bb7\u91ce",  # beyond the first 65,536 characters
    "<b>Sam</b> & \u201cQ\u201d O\u2019Neill",
    "A\u200bnn\u00a0Lee",  # a blank of no width, a blank that does not break
)


@pytest.mark.parametrize("name", NAMES)
def test_names_survive_from_moodle_to_the_claim(rehearsal: Rehearsal, name: str) -> None:
    """Of people, assignments and units' rows: told as they are, in text and JSON alike."""
    college = rehearsal.college
    college.learners[0].first_name, college.learners[0].last_name = name.split(" ", 1) if " " in name else (name, "")
    college.moodle.rename(college.assignments["D2"], f"D2 {name}")
    college.finish(0)
    rehearsal.run("sync")
    whole = college.learners[0].full_name
    assert the_claim(rehearsal)["learner"]["name"] == whole
    assert rehearsal.run("progress", "S0", "--json").json[0]["learner"]["name"] == whole
    (course,) = rehearsal.run("mapping", "check", "--json").json["courses"]
    assert f"D2 {name}" in {item["name"] for item in course["items"]}
