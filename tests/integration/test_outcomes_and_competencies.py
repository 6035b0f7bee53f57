"""Outcomes and competencies decide criteria where the mapping file asks for them, and nothing is guessed of them."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest

from connectors.moodle.simulator.faults import FAULTS
from connectors.moodle.simulator.records import Competency, Outcome
from nvqsync.bootstrap import bootstrap
from nvqsync.errors import LmsError
from tests.integration.test_incremental import one_pass
from tests.rehearsal import COMPETENT, NOT_YET, Rehearsal, rehearsing

RATING = "tool_lp_data_for_user_competency_summary_in_course"
MAY_READ = "moodle/competency:usercompetencyview"
OUTCOMES = '[[outcome]]\nname = "LO *"\n'
COMPETENCIES = '[[competency]]\nname = "*"\n'


@pytest.fixture
def rehearsal(tmp_path: Path):
    with rehearsing(tmp_path) as running:
        running.moodle.role.add(MAY_READ)
        yield running


def asking_for(rehearsal: Rehearsal, rules: str) -> None:
    """A mapping file with these rules."""
    (rehearsal.folder / "mapping.toml").write_text(rules, encoding="utf-8")
    rehearsal.add_settings('[mapping]\nfile = "mapping.toml"\n')


def outcome(rehearsal: Rehearsal, name: str = "LO whole of A1", stands_for: str = "D2#outcome", **how: Any) -> Outcome:
    """An outcome beside the A1 sign-off."""
    college = rehearsal.college
    college.assignments["A1"].workflow = how.pop("workflow", False)
    return college.moodle.add_outcome(college.assignments["A1"], name, college.moodle.scales[1], stands_for)


def competency(rehearsal: Rehearsal, stands_for: str = "D2#competency") -> Competency:
    """A competency of the course."""
    college = rehearsal.college
    return college.moodle.add_competency(college.course, "Customer care", college.moodle.scales[1], stands_for)


def rate(rehearsal: Rehearsal, one: Competency, place: int | None, by: Any = None) -> None:
    """The assessor (or somebody else) rates the first learner."""
    college = rehearsal.college
    who = by or college.assessor
    college.moodle.rate_competency(college.course, one, college.learners[0], place, by=who)


def unit(rehearsal: Rehearsal, code: str = "D2") -> tuple[str, list[dict[str, Any]]]:
    """The status of one unit of the first learner, and the decisions on it, from the learner's page."""
    told = rehearsal.run("progress", "S0", "--json").json[0]
    found = next(one for one in told["units"] if one["code"] == code)
    return found["status"], found.get("decisions", [])


def calls(rehearsal: Rehearsal, function: str) -> int:
    return rehearsal.moodle.calls[function]


def problems(rehearsal: Rehearsal, *options: str) -> dict[str, str]:
    told = rehearsal.run("sync", "--json", *options).json
    return {one["code"]: one["says"] for one in [*told["problems"], *told["notes"]]}


# ---------------------------------------------------------------- off unless asked for


def test_nothing_is_asked_where_the_mapping_asks_for_nothing(rehearsal: Rehearsal) -> None:
    """A college with outcomes and competencies, none of them in the mapping file: no call, no item, no decision."""
    rehearsal.college.moodle.rate_outcome(outcome(rehearsal), rehearsal.college.learners[0], COMPETENT)
    rate(rehearsal, competency(rehearsal), COMPETENT)
    rehearsal.run("sync", "--full")
    assert calls(rehearsal, RATING) == calls(rehearsal, "core_competency_list_course_competencies") == 0
    assert unit(rehearsal)[0] == "not_started"
    (course,) = rehearsal.run("mapping", "check", "--json").json["courses"]
    assert {item["kind"] for item in course["items"]} == {"assignment"}


@pytest.mark.parametrize("rules", [OUTCOMES, COMPETENCIES])
def test_what_one_rule_does_not_pick_decides_nothing(rehearsal: Rehearsal, rules: str) -> None:
    """An ID number alone is not enough: only a rule that picks an outcome or competency brings it in."""
    asking_for(rehearsal, rules.replace("LO *", "Something else").replace('"*"', '"Something else"'))
    rehearsal.college.moodle.rate_outcome(outcome(rehearsal), rehearsal.college.learners[0], COMPETENT)
    rate(rehearsal, competency(rehearsal), COMPETENT)
    assert "rule-matches-nothing" in problems(rehearsal)
    assert unit(rehearsal)[0] == "not_started"


# ---------------------------------------------------------------- outcomes


def test_an_outcome_decides_what_it_is_mapped_to(rehearsal: Rehearsal) -> None:
    """Its ID number, or the rule's `units`, says for what; the page shows that it is an outcome."""
    asking_for(rehearsal, OUTCOMES)
    made = outcome(rehearsal)
    rehearsal.college.moodle.rate_outcome(made, rehearsal.college.learners[0], COMPETENT)
    rehearsal.run("sync")
    status, _ = unit(rehearsal)
    assert status == "achieved"
    (course,) = rehearsal.run("mapping", "check", "--json").json["courses"]
    (item,) = [item for item in course["items"] if item["kind"] == "outcome"]
    assert (item["name"], item["stands_for"], item["origin"]) == ("LO whole of A1", "D2", "ID number")
    assert "outcome" in rehearsal.run("mapping", "check").out


def test_a_rating_changed_or_taken_back_is_seen_in_the_courses_turn(rehearsal: Rehearsal) -> None:
    """The gradebook bumps no time: outcomes are read when ID numbers and rosters are, and before a claim."""
    asking_for(rehearsal, OUTCOMES)
    made, learner = outcome(rehearsal), rehearsal.college.learners[0]
    rehearsal.college.moodle.rate_outcome(made, learner, COMPETENT)
    rehearsal.run("sync")
    rehearsal.college.moodle.rate_outcome(made, learner, NOT_YET)
    rehearsal.run("sync")
    assert unit(rehearsal)[0] == "in_progress"
    rehearsal.college.moodle.rate_outcome(made, learner, COMPETENT)
    rehearsal.run("sync")
    assert unit(rehearsal)[0] == "achieved"
    rehearsal.college.moodle.rate_outcome(made, learner, None)
    rehearsal.run("sync")
    assert unit(rehearsal)[0] == "not_started"


def test_an_outcome_is_released_with_its_assignment(rehearsal: Rehearsal) -> None:
    """Rated while the assignment is in review: no decision until the workflow says released, and none without a row."""
    asking_for(rehearsal, OUTCOMES)
    made, college = outcome(rehearsal, workflow=True), rehearsal.college
    college.moodle.rate_outcome(made, college.learners[0], COMPETENT)
    rehearsal.run("sync")
    assert unit(rehearsal)[0] == "not_started"
    item = college.assignments["A1"]
    college.moodle.grade(item, college.learners[0], COMPETENT, grader=college.assessor, state="inreview")
    rehearsal.run("sync")
    assert unit(rehearsal)[0] == "not_started"
    college.moodle.set_flag_only(item, college.learners[0], "released")
    rehearsal.run("sync")
    assert unit(rehearsal)[0] == "achieved"


def test_an_outcome_is_resubmitted_with_its_assignment(rehearsal: Rehearsal) -> None:
    """The attempt reopened, the claim that rests on the outcome waits."""
    asking_for(rehearsal, OUTCOMES)
    made, college = outcome(rehearsal), rehearsal.college
    college.pass_unit(0, "F1", "F2", "A3", "B2", "C3", "A1")
    college.moodle.rate_outcome(made, college.learners[0], COMPETENT)
    rehearsal.run("sync")
    rehearsal.register(0)
    college.assignments["A1"].reopen = "manual"
    college.moodle.clock.advance(60)
    college.moodle.reopen_attempt(college.assignments["A1"], college.learners[0])
    rehearsal.run("sync")
    (claim,) = rehearsal.claims()
    said = {one["id"]: one["says"] for one in claim["blockers"]}
    assert said.keys() == {"LMS-7", "CAR-1", "STAFF-2/unknown"}
    assert "lacks the assessor of D2" in said["CAR-1"]  # Moodle names nobody who rated an outcome


def test_a_hidden_rating_decides_nothing(rehearsal: Rehearsal) -> None:
    """Hidden in the gradebook: not released."""
    asking_for(rehearsal, OUTCOMES)
    made, learner = outcome(rehearsal), rehearsal.college.learners[0]
    rehearsal.college.moodle.rate_outcome(made, learner, COMPETENT)
    made.cells[learner.id].hidden = True
    rehearsal.run("sync")
    assert unit(rehearsal)[0] == "not_started"


def test_words_that_count_as_nothing_decide_nothing(rehearsal: Rehearsal) -> None:
    """A gradebook that shows ratings as letters: neither met nor not met, and a line that says so."""
    asking_for(rehearsal, OUTCOMES)
    college = rehearsal.college
    letters = college.moodle.add_scale("Letters", ("F", "A"))
    made = college.moodle.add_outcome(college.assignments["A1"], "LO letters", letters, "D2#x")
    college.moodle.rate_outcome(made, college.learners[0], 1)
    assert "outcome-words" in problems(rehearsal)
    assert unit(rehearsal)[0] == "not_started"


def test_the_mapping_says_which_words_count(rehearsal: Rehearsal) -> None:
    """`scale_pass` of the rule; a word between the ends is known once somebody holds it."""
    college = rehearsal.college
    asking_for(rehearsal, '[[outcome]]\nname = "LO *"\nunits = "D2"\nscale_pass = ["Secure", "Mastered"]\n')
    words = college.moodle.add_scale("Steps", ("Emerging", "Nearly", "Secure", "Mastered"))
    made = college.moodle.add_outcome(college.assignments["A1"], "LO steps", words)
    for place, learner in zip((3, 2), college.learners, strict=True):
        college.moodle.rate_outcome(made, learner, place)
    rehearsal.run("sync")
    assert unit(rehearsal)[0] == "achieved"
    told = rehearsal.run("progress", "S1", "--json").json[0]
    assert next(one for one in told["units"] if one["code"] == "D2")["status"] == "in_progress"


def test_whoever_is_suspended_keeps_the_rating(rehearsal: Rehearsal) -> None:
    """The report leaves the suspended out: their rating is neither gone nor withdrawn."""
    asking_for(rehearsal, OUTCOMES)
    made, college = outcome(rehearsal), rehearsal.college
    college.moodle.rate_outcome(made, college.learners[0], COMPETENT)
    rehearsal.run("sync")
    college.moodle.suspend(college.course, college.learners[0])
    rehearsal.run("sync", "--full")
    assert unit(rehearsal)[0] == "achieved"


def test_a_rule_taken_away_is_no_alarm(rehearsal: Rehearsal) -> None:
    """No longer asked for: it decides nothing more, nothing counts as vanished, and it is as before when it is back."""
    asking_for(rehearsal, OUTCOMES)
    made, college = outcome(rehearsal), rehearsal.college
    college.moodle.rate_outcome(made, college.learners[0], COMPETENT)
    rehearsal.run("sync")
    path = rehearsal.folder / "mapping.toml"
    path.write_text("", encoding="utf-8")
    assert not {"course-unread", "reconcile-missed"} & problems(rehearsal, "--full").keys()
    assert unit(rehearsal)[0] == "not_started"
    path.write_text(OUTCOMES, encoding="utf-8")
    rehearsal.run("sync")
    assert unit(rehearsal)[0] == "achieved"


# ---------------------------------------------------------------- competencies


def test_a_competency_decides_by_moodles_own_word_on_proficiency(rehearsal: Rehearsal) -> None:
    """Proficient: met. Rated, not proficient: not met. The rating taken back: no decision."""
    asking_for(rehearsal, COMPETENCIES)
    one = competency(rehearsal)
    for place, status in ((COMPETENT, "achieved"), (NOT_YET, "in_progress"), (None, "not_started")):
        rate(rehearsal, one, place)
        rehearsal.run("sync")
        assert unit(rehearsal)[0] == status
    (course,) = rehearsal.run("mapping", "check", "--json").json["courses"]
    assert [item["kind"] for item in course["items"]].count("competency") == 1


def test_a_rating_that_nobody_gave_decides_nothing(rehearsal: Rehearsal) -> None:
    """Set in the learner's own session, by a rule on completion: no assessor stands behind it, and a note says so."""
    asking_for(rehearsal, COMPETENCIES)
    rate(rehearsal, competency(rehearsal), COMPETENT, by=rehearsal.college.learners[0])
    assert "moodle-automatic-rating" in problems(rehearsal)
    assert unit(rehearsal)[0] == "not_started"


def test_a_missing_right_is_told_with_its_name_and_costs_one_call(rehearsal: Rehearsal) -> None:
    """Nothing is concluded from the silence: what was known stands, and nobody asks a thousand times."""
    asking_for(rehearsal, COMPETENCIES)
    rate(rehearsal, competency(rehearsal), COMPETENT)
    rehearsal.run("sync")
    rehearsal.moodle.role.discard(MAY_READ)
    rehearsal.moodle.calls.clear()
    says = problems(rehearsal, "--full")["moodle-no-competencies"]
    assert MAY_READ in says
    assert 1 <= calls(rehearsal, RATING) <= 4
    assert unit(rehearsal)[0] == "achieved"
    rehearsal.moodle.role.add(MAY_READ)
    assert "moodle-no-competencies" not in problems(rehearsal)


def test_functions_the_service_lacks_are_named(rehearsal: Rehearsal) -> None:
    """They are needed only where competencies are asked for."""
    asking_for(rehearsal, COMPETENCIES)
    competency(rehearsal)
    rehearsal.moodle.functions.remove(RATING)
    assert RATING in problems(rehearsal)["moodle-no-competencies"]
    assert calls(rehearsal, RATING) == 0


def test_before_a_claim_is_proposed_the_ratings_it_rests_on_are_read_again(rehearsal: Rehearsal) -> None:
    """Taken back since: the claim is not proposed."""
    asking_for(rehearsal, COMPETENCIES)
    one = competency(rehearsal)
    rate(rehearsal, one, COMPETENT)
    rehearsal.run("sync")
    rehearsal.college.pass_unit(0, "F1", "F2", "A3", "B2", "C3")
    rehearsal.moodle.calls.clear()
    assert rehearsal.run("sync", "--json").json["claims"]["proposed"] == 1
    assert calls(rehearsal, RATING) >= 3  # both learners in the course's turn, then the one whose claim it is
    rehearsal.register(0)
    assert rehearsal.approve("1").status == 0
    rate(rehearsal, one, NOT_YET)
    assert rehearsal.run("export", "--json").json["batches"] == []


@pytest.mark.parametrize("function", [RATING, "core_competency_list_course_competencies"])
def test_no_fault_while_competencies_are_read_loses_anything(rehearsal: Rehearsal, function: str) -> None:
    """Whatever goes wrong with them, what was known stands; and with the fault over they are read again."""
    asking_for(rehearsal, COMPETENCIES)
    one = competency(rehearsal)
    rate(rehearsal, one, COMPETENT)
    app = bootstrap(rehearsal.folder / "nvqsync.toml")
    section = app.settings.moodle.model_dump() | {"attempts": 1, "longest_wait": 0, "timeout": 0.4}
    app.settings.connectors["moodle"] = section
    one_pass(app)
    token = rehearsal.moodle.token
    for fault in FAULTS:
        rehearsal.moodle.faults.add(fault, function=function, times=1, seconds=0.05)
        with contextlib.suppress(LmsError):
            one_pass(app, full=True)
        rehearsal.moodle.faults.clear()
        rehearsal.moodle.token = token
        assert unit(rehearsal)[0] == "achieved", fault
    rate(rehearsal, one, NOT_YET)
    one_pass(app, full=True)
    assert unit(rehearsal)[0] == "in_progress"
