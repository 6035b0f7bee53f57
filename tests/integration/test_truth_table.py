"""What happens in a college, and the outcome an exams officer would call right: each row from Moodle to the queue."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from nvqsync.store import Store
from tests.rehearsal import COMPETENT, NOT_YET, UNITS, Rehearsal, rehearsing


@pytest.fixture
def rehearsal(tmp_path: Path):
    with rehearsing(tmp_path) as running:
        yield running


@pytest.fixture
def waiting(rehearsal: Rehearsal) -> Rehearsal:
    """One learner with a proposed claim that nothing blocks."""
    rehearsal.college.finish(0)
    rehearsal.run("sync")
    rehearsal.register(0)
    assert blockers(rehearsal) == set()
    return rehearsal


def the_claim(rehearsal: Rehearsal) -> dict[str, Any]:
    (claim,) = rehearsal.claims()
    return claim


def blockers(rehearsal: Rehearsal) -> set[str]:
    return {finding["id"] for finding in the_claim(rehearsal)["blockers"]}


def cautions(rehearsal: Rehearsal) -> set[str]:
    return {finding["id"] for finding in the_claim(rehearsal)["cautions"]}


def met(rehearsal: Rehearsal, learner: str = "S0") -> bool:
    rows = rehearsal.run("progress", "--json").json
    return bool(next(row["met"] for row in rows if row["learner"]["id_number"] == learner))


def problems(report: dict[str, Any]) -> set[str]:
    return {problem["code"] for problem in report["problems"]}


def reopen(rehearsal: Rehearsal, code: str = "D2") -> None:
    college = rehearsal.college
    college.assignments[code].reopen = "manual"
    college.moodle.clock.advance(60)
    college.moodle.reopen_attempt(college.assignments[code], college.learners[0])


# ---------------------------------------------------------------- attempts


def test_a_reopened_attempt_blocks_the_claim_and_the_decision_stands(waiting: Rehearsal) -> None:
    """The unit still counts, marked as being resubmitted; once the new attempt is graded the claim is free again."""
    reopen(waiting)
    waiting.run("sync")
    assert met(waiting)
    assert blockers(waiting) == {"LMS-7"}
    assert waiting.approve("1").status == 1
    waiting.college.pass_unit(0, "D2")
    waiting.run("sync")
    assert "LMS-7" not in blockers(waiting)


def test_a_new_attempt_that_fails_puts_the_claim_on_hold(waiting: Rehearsal) -> None:
    """Then the decision is another, and the claim says so."""
    reopen(waiting)
    waiting.run("sync")
    college = waiting.college
    college.moodle.grade(college.assignments["D2"], college.learners[0], NOT_YET, grader=college.assessor)
    waiting.run("sync")
    assert not met(waiting)
    assert the_claim(waiting)["status"] == "on_hold"


def test_an_attempt_reopened_before_the_first_pass_is_fetched_from_the_earlier_ones(rehearsal: Rehearsal) -> None:
    """Nobody knows the grade, and Moodle's list does not show it: it stands all the same, and the claim waits."""
    rehearsal.college.finish(0)
    reopen(rehearsal)
    rehearsal.run("sync")
    assert met(rehearsal)
    assert "LMS-7" in blockers(rehearsal)


def test_a_reset_grade_withdraws_the_decision(waiting: Rehearsal) -> None:
    """No grade again is a decision taken back by an assessor, not an absence."""
    college = waiting.college
    college.moodle.reset(college.assignments["D2"], college.learners[0], grader=college.assessor)
    waiting.run("sync")
    assert not met(waiting)
    assert the_claim(waiting)["status"] == "on_hold"


def test_saving_again_changes_nothing(waiting: Rehearsal) -> None:
    """The same grade saved by another person is the same decision."""
    before = the_claim(waiting)
    college = waiting.college
    college.moodle.clock.advance(60)
    college.moodle.save_again(college.assignments["D2"], college.learners[0])
    assert waiting.run("sync", "--json").json["claims"]["held"] == 0
    assert the_claim(waiting) == before


def as_a_team(rehearsal: Rehearsal, *, in_group: bool, stays: bool = False) -> int:
    """Both learners finish, D2 as a team that may try again; returns the group (0: the team of those in none)."""
    college = rehearsal.college
    item = college.assignments["D2"]
    item.team, item.reopen, item.old_team_grades_stay = True, "manual", stays
    group = college.moodle.add_group(college.course, "Team A").id if in_group else 0
    for number, learner in enumerate(college.learners):
        college.course.enrolments[learner.id].groups[:] = [group] if group else []
        college.pass_unit(number, "F1", "F2", "A3", "B2", "C3")
    college.moodle.grade_team(item, group, COMPETENT, grader=college.assessor)
    return group


def reopen_for(rehearsal: Rehearsal, group: int) -> None:
    rehearsal.college.moodle.clock.advance(60)
    rehearsal.college.moodle.reopen_team(rehearsal.college.assignments["D2"], group)


@pytest.mark.parametrize("stays", [False, True])
@pytest.mark.parametrize("in_group", [True, False])
@pytest.mark.parametrize("how", ["sync", "sync --full", "sync --learner S0"])
def test_a_teams_reopened_attempt_blocks_its_members_claims(
    rehearsal: Rehearsal, how: str, in_group: bool, stays: bool
) -> None:
    """Every member's decision stands, marked; graded anew, the claims are free, and whoever fails is on hold."""
    group = as_a_team(rehearsal, in_group=in_group, stays=stays)
    rehearsal.run("sync")
    rehearsal.register(0, 1)
    reopen_for(rehearsal, group)
    rehearsal.run(*how.split())
    assert met(rehearsal)
    found = {claim["learner"]["id_number"]: {one["id"] for one in claim["blockers"]} for claim in rehearsal.claims()}
    assert found["S0"] == {"LMS-7"}
    assert found["S1"] == (set() if "S0" in how else {"LMS-7"})
    college = rehearsal.college
    item = college.assignments["D2"]
    for learner, grade in zip(college.learners, (COMPETENT, NOT_YET), strict=True):
        college.moodle.grade(item, learner, grade, grader=college.assessor)
    rehearsal.run("sync")
    claims = {claim["learner"]["id_number"]: claim for claim in rehearsal.claims()}
    assert claims["S0"]["blockers"] == []
    assert claims["S1"]["status"] == "on_hold"


@pytest.mark.parametrize("stays", [False, True])
@pytest.mark.parametrize("in_group", [True, False])
def test_a_teams_attempt_reopened_before_the_first_pass_is_fetched_from_the_earlier_ones(
    rehearsal: Rehearsal, in_group: bool, stays: bool
) -> None:
    """As for single learners: the grade of the attempt before stands, and the claims wait; a full pass agrees."""
    reopen_for(rehearsal, as_a_team(rehearsal, in_group=in_group, stays=stays))
    for options in ([], ["--full"]):
        rehearsal.run("sync", *options)
        assert met(rehearsal)
        assert all("LMS-7" in {one["id"] for one in claim["blockers"]} for claim in rehearsal.claims())
        assert len(rehearsal.claims()) == 2


def test_a_teams_attempt_reopened_before_an_export_keeps_the_claim_here(rehearsal: Rehearsal) -> None:
    """Everything about its learner is read again first, the team's attempts too."""
    group = as_a_team(rehearsal, in_group=True)
    rehearsal.run("sync")
    rehearsal.register(0, 1)
    assert rehearsal.approve("1").status == 0
    reopen_for(rehearsal, group)
    assert rehearsal.run("export", "--json").json["batches"] == []


# ---------------------------------------------------------------- gradebook


def override(rehearsal: Rehearsal) -> None:
    college = rehearsal.college
    college.moodle.override(college.assignments["D2"], college.learners[0], NOT_YET)


def test_an_override_in_the_gradebook_blocks_until_a_person_says_which_is_right(waiting: Rehearsal) -> None:
    """Found by the full pass; the assignment confirmed, the claim is free; overridden anew, the question is open."""
    override(waiting)
    assert waiting.run("sync", "--full", "--json").json["courses"][0]["gradebook_only"] >= 1
    assert blockers(waiting) == {"LMS-1"}
    item = str(waiting.college.assignments["D2"].id)
    dry = waiting.run("confirm", "gradebook", "S0", item, "assignment", "--why", "A slip.", "--dry-run")
    assert "Would be recorded" in dry.out
    assert waiting.claims()[0]["blockers"]
    assert waiting.run("confirm", "gradebook", "S0", item, "assignment", "--why", "A slip.").status == 0
    assert blockers(waiting) == set()
    college = waiting.college
    college.moodle.override(college.assignments["D2"], college.learners[0], None)
    waiting.run("sync", "--full")
    assert blockers(waiting) == {"LMS-1"}


def test_the_gradebook_confirmed_is_the_truth(waiting: Rehearsal) -> None:
    """Its grade decides then: not yet competent, and the rule is no longer met."""
    override(waiting)
    waiting.run("sync", "--full")
    item = str(waiting.college.assignments["D2"].id)
    waiting.run("confirm", "gradebook", "S0", item, "gradebook", "--why", "Moderated down.")
    assert not met(waiting)
    assert the_claim(waiting)["status"] == "on_hold"


def test_the_mapping_may_say_for_all_which_is_right(waiting: Rehearsal) -> None:
    """The key `gradebook` of the mapping file settles it without asking anybody."""
    override(waiting)
    item = waiting.college.assignments["D2"]
    text = f'[[assignment]]\nname = "{item.name}"\ngradebook = "assignment"\n'
    (waiting.folder / "mapping.toml").write_text(text, encoding="utf-8")
    waiting.add_settings('[mapping]\nfile = "mapping.toml"\n')
    answer = waiting.run("sync", "--full")
    assert answer.status in {0, 1}, answer.err
    assert blockers(waiting) == set()


# ---------------------------------------------------------------- people


@pytest.mark.parametrize("leave", ["suspend", "unenrol", "delete_user"])
@pytest.mark.parametrize("status", ["leaver", "active"])
def test_whoever_left_keeps_the_decisions_and_the_claim_waits_for_a_word(
    waiting: Rehearsal, leave: str, status: str
) -> None:
    """Suspended, unenrolled, deleted: blocked until somebody records which of the two it is; and taken back again."""
    moodle, learner = waiting.college.moodle, waiting.college.learners[0]
    moodle.delete_user(learner) if leave == "delete_user" else getattr(moodle, leave)(waiting.college.course, learner)
    waiting.run("sync")
    assert met(waiting)
    assert blockers(waiting) == {"LMS-2"}
    assert waiting.run("learner", "status", "S0", status, "--why", "Finished in June.").status == 0
    assert blockers(waiting) == set()
    waiting.run("learner", "status", "S0", "follow", "--why", "A mistake.")
    assert blockers(waiting) == {"LMS-2"}
    assert waiting.run("audit", "verify").status == 0


def test_someone_never_seen_on_a_roster_has_no_row_and_a_line_in_the_report(rehearsal: Rehearsal) -> None:
    """Unenrolled before the first pass: their grades are counted and nobody is named."""
    rehearsal.college.finish(0)
    rehearsal.college.finish(1)
    rehearsal.college.moodle.unenrol(rehearsal.college.course, rehearsal.college.learners[0])
    report = rehearsal.run("sync", "--json").json
    assert "moodle-not-on-roster" in {note["code"] for note in report["notes"]}
    assert {row["learner"]["id_number"] for row in rehearsal.run("progress", "--json").json} == {"S1"}


def test_whoever_comes_back_is_as_before(waiting: Rehearsal) -> None:
    """Unenrolled and enrolled again: the same decisions, and the claim is free without anybody's word."""
    moodle, college = waiting.college.moodle, waiting.college
    moodle.unenrol(college.course, college.learners[0])
    waiting.run("sync")
    assert blockers(waiting) == {"LMS-2"}
    moodle.enrol(college.course, college.learners[0])
    waiting.run("sync")
    assert blockers(waiting) == set()
    assert met(waiting)


def test_grades_changed_while_somebody_was_away_are_seen_when_they_are_back(waiting: Rehearsal) -> None:
    """Their bookmark has long moved on: whoever comes onto a roster has all grades read."""
    moodle, college = waiting.college.moodle, waiting.college
    moodle.unenrol(college.course, college.learners[0])
    waiting.run("sync")
    moodle.grade(college.assignments["D2"], college.learners[0], NOT_YET, grader=college.assessor)
    waiting.run("sync")
    moodle.clock.advance(7200)
    waiting.run("sync")
    moodle.enrol(college.course, college.learners[0])
    waiting.run("sync")
    assert not met(waiting)


# ---------------------------------------------------------------- items and courses


def test_a_deleted_assignment_blocks_until_a_person_confirms(waiting: Rehearsal) -> None:
    """The decision stands, marked; confirmed, the claim carries a caution instead."""
    item = waiting.college.assignments["D2"]
    waiting.college.moodle.delete_assignment(item)
    waiting.run("sync")
    assert met(waiting)
    assert blockers(waiting) == {"LMS-3"}
    assert waiting.run("confirm", "gone", "S0", str(item.id), "--why", "Work seen on paper.").status == 0
    assert blockers(waiting) == set()
    assert "LMS-9" in cautions(waiting)


def test_a_deleted_assignment_that_somebody_waits_for_is_told(rehearsal: Rehearsal) -> None:
    """The whole unit is met; a criterion mapped to what nobody can be graded on any more keeps it open."""
    college = rehearsal.college
    part = college.moodle.add_assignment(college.course, "Part", "D2:1.1", grade=-college.scale_id)
    only = college.assignments["F1"]
    college.pass_unit(0, "D2")
    rehearsal.run("sync")
    told = rehearsal.run("mapping", "check", "--json").json
    assert "item-gone" not in {problem["code"] for problem in told["problems"]}
    for item in (part, only):
        college.moodle.delete_assignment(item)
    rehearsal.run("sync")
    told = rehearsal.run("mapping", "check", "--json").json
    assert {p["item"] for p in told["problems"] if p["code"] == "item-gone"} == {str(part.id), str(only.id)}
    assert [(gap["unit"], gap["lacks"]) for gap in told["not_assessed"]] == [("F1", "unit")]
    assert rehearsal.run("progress", "S0", "--json").json[0]["units_achieved"] == 0
    rehearsal.add_settings('\n[mapping]\nfile = "mapping.toml"\n')
    (rehearsal.folder / "mapping.toml").write_text(f"[[assignment]]\nid = {part.id}\nignore = true\n", "utf-8")
    assert rehearsal.run("progress", "S0", "--json").json[0]["units_achieved"] == 1


def test_a_renamed_assignment_is_the_same(waiting: Rehearsal) -> None:
    """Nothing about the claim changes."""
    waiting.college.moodle.rename(waiting.college.assignments["D2"], "Unit D2, final")
    assert waiting.run("sync", "--json").json["claims"] == {"proposed": 0, "refreshed": 0, "held": 0, "flagged": 0}


@pytest.mark.parametrize("number", ["", "A1"])
def test_an_id_number_changed_or_emptied_puts_the_claim_on_hold(waiting: Rehearsal, number: str) -> None:
    """Decisions follow the mapping; put right again, a person releases the claim."""
    moodle, item = waiting.college.moodle, waiting.college.assignments["D2"]
    moodle.set_id_number(item, number)
    waiting.run("sync")
    assert not met(waiting)
    assert the_claim(waiting)["status"] == "on_hold"
    moodle.set_id_number(item, "D2")
    waiting.run("sync")
    assert met(waiting)
    assert waiting.run("claims", "release", "1").status == 0


def test_a_course_no_longer_mapped_is_an_alarm_that_waits(waiting: Rehearsal) -> None:
    """Nothing is concluded from it, nothing leaves, and a person says whether it is meant."""
    college = waiting.college
    college.moodle.set_course_id_number(college.course, "SOMETHING-ELSE")
    for _ in range(2):
        answer = waiting.run("sync", "--json")
        assert "course-unmapped" in problems(answer.json)
        assert answer.status == 1
    assert met(waiting)
    assert blockers(waiting) == {"LMS-8"}
    college.moodle.set_course_id_number(college.course, "OCR/03455")
    waiting.run("sync")
    assert blockers(waiting) == set()


def test_a_course_that_the_token_no_longer_sees_is_an_alarm(waiting: Rehearsal) -> None:
    """Hidden, and the right to see hidden courses lost: the claim waits, a person is told, until it is seen again."""
    college = waiting.college
    college.course.visible = False
    waiting.moodle.role.discard("moodle/course:viewhiddencourses")
    assert "course-unmapped" in problems(waiting.run("sync", "--json").json)
    assert "LMS-8" in blockers(waiting)
    assert met(waiting)
    college.course.visible = True
    assert "course-unmapped" not in problems(waiting.run("sync", "--json").json)
    assert "LMS-8" not in blockers(waiting)


def test_a_course_confirmed_as_unmapped_is_followed_no_more(waiting: Rehearsal) -> None:
    """After a person's word the alarm is over."""
    college = waiting.college
    college.moodle.set_course_id_number(college.course, "SOMETHING-ELSE")
    waiting.run("sync")
    assert waiting.run("confirm", "unmapped", str(college.course.id), "--why", "Retired.").status == 0
    assert "course-unmapped" not in problems(waiting.run("sync", "--json").json)


def test_courses_followed_no_more_cost_no_more_however_old(rehearsal: Rehearsal) -> None:
    """Last year's courses have old rosters for ever; a pass asks Moodle no more of them for that."""
    moodle = rehearsal.college.moodle
    over = [moodle.add_course(f"OLD-{number}", "Last year's", "OCR/03455") for number in range(4)]
    rehearsal.run("sync")
    for course in over:
        moodle.set_course_id_number(course, "LAST-YEAR")
    rehearsal.run("sync", "--full")
    for course in over:
        assert rehearsal.run("confirm", "unmapped", str(course.id), "--why", "Retired.").status == 0

    def calls() -> int:
        before = rehearsal.moodle.calls.total()
        rehearsal.run("sync")
        return rehearsal.moodle.calls.total() - before

    calls()
    fresh = calls()
    with Store(rehearsal.database()) as store:
        store.execute(
            "UPDATE bookmarks SET at = at - 30 * 86400 WHERE course_id <> ?", [str(rehearsal.college.course.id)]
        )
    assert calls() == fresh


def test_a_team_grade_carries_a_caution(rehearsal: Rehearsal) -> None:
    """One row a member; the claim says that the candidate's own part has to be seen."""
    rehearsal.college.assignments["D2"].team = True
    rehearsal.college.finish(0)
    rehearsal.run("sync")
    assert "LMS-5" in cautions(rehearsal)


def test_an_activity_hidden_or_shown_is_found_without_a_full_pass(waiting: Rehearsal) -> None:
    """It bumps no time: each pass looks at the activities of one course, and here there is one."""
    moodle, item = waiting.college.moodle, waiting.college.assignments["D2"]
    for visible in (False, True):
        moodle.show_activity(item, visible=visible)
        waiting.run("sync")
        assert ("LMS-6" in cautions(waiting)) is not visible


def test_a_pass_mark_changed_is_found_without_a_full_pass(waiting: Rehearsal) -> None:
    """Where the token may read pass marks at all; it bumps no time either."""
    college = waiting.college
    waiting.moodle.role.add("moodle/course:manageactivities")
    test = college.moodle.add_assignment(college.course, "Test", "A1#test", grade=60, pass_mark=Decimal(40))
    college.moodle.grade(test, college.learners[0], 30, grader=college.assessor)

    def status() -> str:
        waiting.run("sync")
        units = waiting.run("progress", "S0", "--json").json[0]["units"]
        return str(next(unit["status"] for unit in units if unit["code"] == "A1"))

    assert status() == "in_progress"
    college.moodle.set_pass_mark(test, 24)
    assert status() == "achieved"
    college.moodle.set_pass_mark(test, 40)
    assert status() == "in_progress"


# ---------------------------------------------------------------- read again before anything leaves


def test_before_a_claim_is_proposed_its_learner_is_read_again(rehearsal: Rehearsal) -> None:
    """An override that no quick pass can see is there in the very pass that proposes."""
    rehearsal.college.pass_unit(0, "F1", "F2", "A3", "B2", "C3")
    rehearsal.run("sync")
    rehearsal.college.pass_unit(0, "D2")
    override(rehearsal)
    assert rehearsal.run("sync", "--json").json["claims"]["proposed"] == 1
    assert "LMS-1" in blockers(rehearsal)


CHANGES = {
    "override": lambda college: college.moodle.override(college.assignments["D2"], college.learners[0], NOT_YET),
    "unenrol": lambda college: college.moodle.unenrol(college.course, college.learners[0]),
    "grade": lambda college: college.moodle.grade(
        college.assignments["D2"], college.learners[0], NOT_YET, grader=college.assessor
    ),
    "reopen": lambda college: (
        setattr(college.assignments["D2"], "reopen", "manual"),
        college.moodle.reopen_attempt(college.assignments["D2"], college.learners[0]),
    ),
    "hide": lambda college: college.moodle.hide(college.assignments["D2"], college.learners[0]),
    "delete": lambda college: college.moodle.delete_assignment(college.assignments["D2"]),
    "renumber": lambda college: college.moodle.set_id_number(college.assignments["D2"], ""),
}


@pytest.mark.parametrize("change", CHANGES)
def test_before_an_export_the_learner_is_read_again(waiting: Rehearsal, change: str) -> None:
    """What happened since the last pass keeps an approved claim here."""
    assert waiting.approve("1").status == 0
    CHANGES[change](waiting.college)
    assert waiting.run("export", "--json").json["batches"] == []
    assert the_claim(waiting)["status"] == "on_hold"


def test_if_moodle_cannot_be_reached_nothing_goes(waiting: Rehearsal) -> None:
    """The claim stays approved, and goes with the next export."""
    assert waiting.approve("1").status == 0
    with waiting.moodle.faults.during("database_down"):
        waiting.add_settings("")
        answer = waiting.run("export")
    assert answer.status == 3
    assert the_claim(waiting)["status"] == "approved"
    assert waiting.portal.books()["claims"] == []
    assert len(waiting.run("export", "--json").json["batches"]) == 1


# ---------------------------------------------------------------- bookmarks by hand


def test_bookmarks_are_shown_and_can_be_put_back(waiting: Rehearsal) -> None:
    """Rewound to the start, the course is read whole again; `sync --learner` and `--since` read what they name."""
    shown = waiting.run("status", "--json").json["reading"]["courses"][0]
    assert None not in (shown["grades"], shown["roster"], shown["numbers"])
    assert (
        waiting.run("status", "--rewind", "CS2", "--to", "2026-01-05", "--json")
        .json["reading"]["courses"][0]["grades"]
        .startswith("2026-01-05")
    )
    assert waiting.run("status", "--rewind", "CS2", "--json").json["reading"]["courses"] == []
    waiting.moodle.keep_log = True
    waiting.run("sync")
    asked = [params for function, params in waiting.moodle.log if function == "mod_assign_get_grades"]
    assert {params["since"] for params in asked} == {"0"}
    waiting.college.moodle.clock.advance(7200)
    waiting.run("sync")
    waiting.moodle.log.clear()
    assert waiting.run("sync", "--since", "2026-11-18T11:33:20+00:00").status == 0
    (asked,) = [params for function, params in waiting.moodle.log if function == "mod_assign_get_grades"]
    assert int(asked["since"]) == 1_795_001_600 - 300
    waiting.moodle.log.clear()
    override(waiting)
    assert waiting.run("sync", "--learner", "S0").status == 0
    assert blockers(waiting) == {"LMS-1"}


@pytest.mark.parametrize("how", [[], ["--full"]])
def test_after_the_servers_clock_was_put_back_nothing_is_missed(rehearsal: Rehearsal, how: list[str]) -> None:
    """A pass made while it was a year ahead leaves bookmarks no grade of today would ever reach."""
    rehearsal.college.pass_unit(0, "F1")
    rehearsal.college.moodle.clock.advance(365 * 86_400)
    rehearsal.run("sync")
    rehearsal.college.moodle.clock.advance(-365 * 86_400)
    rehearsal.college.pass_unit(0, *UNITS[1:6])
    report = rehearsal.run("sync", *how, "--json").json
    assert report["courses"][0]["appeared"] == 5
    assert problems(report) == set()
    assert report["claims"]["proposed"] == 1


def test_a_quiet_pass_reads_next_to_nothing(waiting: Rehearsal) -> None:
    """No gradebook report for all, no forms, no markings: what could have changed, and this course's turn."""
    waiting.college.moodle.clock.advance(7200)
    waiting.run("sync")
    waiting.moodle.calls.clear()
    waiting.run("sync")
    assert dict(waiting.moodle.calls) == {
        "core_webservice_get_site_info": 1,
        "core_course_get_courses": 1,
        "mod_assign_get_assignments": 1,
        "mod_assign_get_grades": 1,
        "core_enrol_get_enrolled_users": 2,
        "gradereport_user_get_grade_items": 1,
        "core_grading_get_definitions": 1,
        "core_course_get_contents": 1,
    }
