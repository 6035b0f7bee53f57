"""From one grade to its decisions: what is released, what counts as met, what is reported instead of being decided."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvqsync.evidence import PassDefaults, assess, inspect, released
from nvqsync.mapping import map_course
from nvqsync.matching.mapping_file import parse_mapping
from nvqsync.model import Assessed, Decision, GradebookEntry, Grading, LmsItem, Notice
from tests.unit import made_up

QUALIFICATION = made_up.qualification()
SCALE = ("Not yet competent", "Competent")
PAIR = (("1.1 Greets", 2), ("1.2 Listens", 2))


def weighed(
    item: LmsItem,
    *grades: Assessed,
    text: str = "",
    qualification=QUALIFICATION,
    defaults: PassDefaults | None = None,
) -> tuple[list[Decision], tuple[Notice, ...]]:
    """All decisions that grades on one item give, and what was reported."""
    file = parse_mapping(text, "m.toml") if text else None
    mapping = map_course(made_up.course(), [item], {qualification.id: qualification}, file)
    learners: dict[str, list[Assessed]] = {}
    for one in grades:
        learners.setdefault(one.observation.learner_id, []).append(one)
    found = assess(qualification, [mapping], {item.lms_id: item}, learners, (), defaults)
    decisions = [d for outcomes in found.outcomes.values() for outcome in outcomes for d in outcome.decisions]
    return decisions, found.notices


def verdicts(item: LmsItem, *grades: Assessed, **more) -> dict[str, bool]:
    return {decision.criterion: decision.met for decision in weighed(item, *grades, **more)[0]}


def codes(item: LmsItem, *grades: Assessed, **more) -> list[str]:
    return [notice.code for notice in weighed(item, *grades, **more)[1]]


# ---------------------------------------------------------------- points and scales


@pytest.mark.parametrize(("grade", "met"), [("49.99999", False), ("50", True), ("50.00000", True), ("100", True)])
def test_points_are_met_at_or_above_the_pass_mark(grade, met):
    """The pass mark itself is a pass."""
    assert verdicts(made_up.item(id_number="A3:1.1"), made_up.assessed(grade=grade)) == {"1.1": met}


def test_the_mappings_pass_mark_comes_before_moodles():
    """The centre's word counts where both are known."""
    item = made_up.item(pass_mark=50)
    assert verdicts(item, made_up.assessed(grade="60"), text="[[assignment]]\nid = 70\npass_mark = 61") == {"": False}


@pytest.mark.parametrize("mark", [None, 0])
def test_without_a_pass_mark_there_is_no_decision_but_a_line(mark):
    """Unknown or zero: nothing is guessed, once an item and not once a grade; the mapping can supply it."""
    item = made_up.item(pass_mark=mark)
    grades = [made_up.assessed(learner="L1"), made_up.assessed(learner="L2")]
    decisions, notices = weighed(item, *grades)
    assert decisions == []
    assert [(notice.code, notice.item_id, notice.severity) for notice in notices] == [("no-pass-mark", "70", "problem")]
    assert verdicts(item, grades[0], text="[[assignment]]\nid = 70\npass_mark = 60") == {"": True}


def test_a_pass_mark_above_the_maximum_is_reported():
    """Nobody could ever reach it."""
    (notice,) = weighed(made_up.item(maximum=10, pass_mark=50))[1]
    assert notice.code == "pass-mark-too-high"
    assert "Correct it in the LMS or the mapping file." in notice.says


@pytest.mark.parametrize(("grade", "met"), [("1", False), ("2.00000", True)])
def test_a_scale_counts_by_its_named_items(grade, met):
    """The grade is the place in the scale, from one; only names in the settings count."""
    item = made_up.item(grading=Grading.SCALE, scale=SCALE)
    decisions, _ = weighed(item, made_up.assessed(grade=grade))
    assert [(decision.met, decision.grade_text) for decision in decisions] == [(met, SCALE[met])]


def test_settings_and_mapping_name_the_scale_items_that_count():
    """The settings' names replace the defaults, and the mapping's the settings'; case and blanks aside."""
    item = made_up.item(grading=Grading.SCALE, scale=("Secure", "Competent"))
    secure = made_up.assessed(grade="1")
    assert verdicts(item, secure) == {"": False}
    assert verdicts(item, secure, defaults=PassDefaults(("  SECURE",))) == {"": True}
    assert verdicts(item, secure, text='[[assignment]]\nid = 70\nscale_pass = ["Secure"]') == {"": True}


@pytest.mark.parametrize("grade", ["0", "3", "1.5", "-1"])
def test_a_grade_that_is_no_item_of_the_scale_decides_nothing(grade):
    """A scale that was changed after grading must not shift anyone's grade."""
    item = made_up.item(grading=Grading.SCALE, scale=SCALE)
    decisions, notices = weighed(item, made_up.assessed(grade=grade))
    assert decisions == []
    assert [notice.code for notice in notices] == ["grade-outside-scale"]


def test_a_scale_that_cannot_be_read_or_counts_nothing_is_reported():
    """An unread scale decides nothing; one without a passing name meets nothing."""
    assert codes(made_up.item(grading=Grading.SCALE)) == ["scale-unknown"]
    assert codes(made_up.item(grading=Grading.SCALE, scale=("Red", "Green"))) == ["scale-without-pass"]
    (notice,) = weighed(made_up.item(grading=Grading.SCALE, scale=("Red", "Green")))[1]
    assert "scale_pass" in notice.says


def test_an_item_without_grades_is_reported():
    """Mapped, but its grade type is none."""
    assert codes(made_up.item(grading=Grading.NONE)) == ["not-graded"]


# ---------------------------------------------------------------- rubrics and guides


def test_a_scale_whose_highest_item_does_not_count_is_reported_unless_the_mapping_says_so():
    """A learner graded above the one that counts would be passed over."""
    item = made_up.item(grading=Grading.SCALE, scale=("Referred", "Pass", "Outstanding"))
    assert verdicts(item, made_up.assessed(grade="3")) == {"": False}
    assert codes(item) == ["scale-top-not-met"]
    assert codes(item, text='[[assignment]]\nid = 70\nscale_pass = ["Pass"]') == []


def rubric(id_number: str = "A3:1.1-1.2", rows=PAIR, grading: Grading = Grading.RUBRIC, **more) -> LmsItem:
    return made_up.item(id_number=id_number, grading=grading, rows=rows, **more)


def test_each_row_speaks_for_its_criterion_alone():
    """The computed grade says nothing: a full row is met, a lesser level is not."""
    decisions, notices = weighed(rubric(), made_up.assessed(grade="75", rows=["2", "1"]))
    assert [(d.criterion, d.met, d.grade_text) for d in decisions] == [
        ("1.1", True, "row 1.1: 2 of 2"),
        ("1.2", False, "row 1.2: 1 of 2"),
    ]
    assert notices == ()


def test_more_than_a_row_can_score_is_reported():
    """Nobody could ever meet it."""
    assert codes(rubric(), text="[[assignment]]\nid = 70\nrubric_pass = 2") == []
    assert codes(rubric(), text="[[assignment]]\nid = 70\nrubric_pass = 3") == ["pass-mark-too-high"] * 2


def test_a_rubric_remarked_to_the_same_total_changes_its_decisions():
    """The same grade, with the other row met."""
    assert verdicts(rubric(), made_up.assessed(grade="75", rows=["1", "2"])) == {"1.1": False, "1.2": True}


def test_the_mapping_sets_the_score_a_rubric_row_needs():
    """A lower level may be enough."""
    text = "[[assignment]]\nid = 70\nrubric_pass = 1"
    assert verdicts(rubric(), made_up.assessed(rows=["1", "0"]), text=text) == {"1.1": True, "1.2": False}


def test_a_guide_row_needs_full_marks_unless_the_mapping_says_otherwise():
    """Four of five marks are met only where the mapping asks for a share."""
    item = rubric(rows=(("1.1 Greets", 5), ("1.2 Listens", 5)), grading=Grading.GUIDE)
    grade = made_up.assessed(rows=["5", "4"])
    assert verdicts(item, grade) == {"1.1": True, "1.2": False}
    assert verdicts(item, grade, text="[[assignment]]\nid = 70\nguide_pass = 0.8") == {"1.1": True, "1.2": True}


def test_a_mapped_criterion_without_a_row_gets_no_decision():
    """1.3 is mapped and no row speaks for it."""
    item = rubric("A3:1.1-1.3")
    assert verdicts(item, made_up.assessed(rows=["2", "2"])) == {"1.1": True, "1.2": True}
    assert codes(item) == ["criterion-without-row"]


def test_a_row_outside_the_mapping_is_ignored_and_reported_once():
    """A full row for a criterion that is not mapped meets nothing."""
    item = rubric("A3:1.1")
    grades = [made_up.assessed(learner=name, rows=["2", "2"]) for name in ("L1", "L2")]
    decisions, notices = weighed(item, *grades)
    assert {decision.criterion for decision in decisions} == {"1.1"}
    assert [(notice.code, notice.severity) for notice in notices] == [("row-outside", "note")]


def test_two_rows_for_one_criterion_must_both_be_met():
    """The stricter reading of a doubled row."""
    item = rubric("A3:1.1", (("1.1 Greets", 2), ("1.1 Says who they are", 2)))
    assert verdicts(item, made_up.assessed(rows=["2", "1"])) == {"1.1": False}
    assert verdicts(item, made_up.assessed(rows=["2", "2"])) == {"1.1": True}


def test_in_an_item_for_several_units_the_row_names_the_unit():
    """By code, by reference, with or without a colon; a row that names none is reported and decides nothing."""
    rows = (("A3 1.1 Greets", 1), ("F/100/0001: 1.1 Deals", 1), ("Unit F1, 1.2 Ends", 1), ("1.2 Listens", 1))
    item = rubric("A3:1.1-1.2;F1:1.1-1.2", rows)
    decisions, notices = weighed(item, made_up.assessed(rows=["1", "0", "1", "1"]))
    assert {(d.unit_reference[0], d.criterion): d.met for d in decisions} == {
        ("A", "1.1"): True,
        ("F", "1.1"): False,
        ("F", "1.2"): True,
    }
    assert {notice.code for notice in notices} == {"row-without-unit", "criterion-without-row"}


def test_a_row_for_another_unit_is_outside():
    """F1's 1.1 is not A3's."""
    item = rubric("A3:1.1", (("1.1 Greets", 1), ("F1 1.1 Deals", 1)))
    assert [d.unit_reference for d in weighed(item, made_up.assessed(rows=["1", "1"]))[0]] == [
        made_up.UNIT_A3.reference
    ]
    assert codes(item) == ["row-outside"]


@pytest.mark.parametrize(
    "text",
    ["<p>1.1 Greets</p>", "1.1", "1.1: Greets", "1.1. Greets", "\u200b1.1 – Greets", "１．１ Greets", "A3:1.1 Greets"],
)
def test_the_number_is_found_through_markup_and_odd_signs(text):
    """What an editor puts around the number does not hide it."""
    assert verdicts(rubric("A3:1.1", ((text, 2),)), made_up.assessed(rows=["2"])) == {"1.1": True}


@pytest.mark.parametrize("text", ["Greets 1.1", "1.1.2 Greets", "1.5kg", "1. 1 Greets", "Task 1.1", "Version 2", ""])
def test_a_row_that_does_not_start_with_a_criterion_number_has_none(text):
    """Then the rubric is judged by its computed grade."""
    item = rubric("A3:1.1", ((text, 2),))
    assert verdicts(item, made_up.assessed(grade="60", rows=["0"])) == {"1.1": True}


def test_a_rubric_without_numbered_rows_is_judged_as_points():
    """By the grade computed from it, against the pass mark; without one, no decision."""
    rows = (("Manner", 4), ("Speed", 4))
    assert verdicts(rubric(rows=rows), made_up.assessed(grade="49", rows=["4", "0"])) == {"1.1": False, "1.2": False}
    assert codes(rubric(rows=rows, pass_mark=None), made_up.assessed(grade="99")) == ["no-pass-mark"]


def test_rows_that_were_not_read_decide_nothing():
    """The token may not read rubric instances: the computed grade does not stand in for the rows."""
    grades = [made_up.assessed(learner=name, grade="100") for name in ("L1", "L2")]
    decisions, notices = weighed(rubric(), *grades)
    assert decisions == []
    assert [notice.code for notice in notices] == ["rows-unread"]
    assert "2 grades" in notices[0].says


def test_a_row_that_was_left_out_decides_nothing():
    """The other row of the same grade still does."""
    decisions, notices = weighed(rubric(), made_up.assessed(rows=["2", None]))
    assert [decision.criterion for decision in decisions] == ["1.1"]
    assert [notice.code for notice in notices] == ["row-left-out"]


def test_a_row_worth_nothing_decides_nothing():
    """Every score would be full marks."""
    item = rubric(rows=(("1.1 Greets", 0), ("1.2 Listens", 2)))
    assert verdicts(item, made_up.assessed(rows=["0", "2"])) == {"1.2": True}
    assert codes(item) == ["row-without-score"]


FULL_F1 = tuple((f"{criterion} text", 1) for criterion in made_up.UNIT_F1.criteria or ())


def test_a_whole_unit_by_rows_needs_every_row():
    """Each row decides its criterion; the whole unit is met only with all of them."""
    item = rubric("F1", FULL_F1)
    assert verdicts(item, made_up.assessed(rows=["1"] * 5)) == {"": True} | dict.fromkeys(
        made_up.UNIT_F1.criteria, True
    )
    assert verdicts(item, made_up.assessed(rows=["1"] * 4 + ["0"]))[""] is False


def test_a_whole_unit_by_rows_that_leave_criteria_out_is_not_decided_as_a_whole():
    """Their criteria are decided, the unit is not signed off by them, and the report says why."""
    item = rubric("F1", FULL_F1[:4])
    assert "" not in verdicts(item, made_up.assessed(rows=["1"] * 4))
    assert codes(item) == ["whole-unit-rows-incomplete"]


def test_an_unnumbered_row_counts_towards_the_whole_unit():
    """Where some rows are numbered, one without a number decides no criterion, but the whole needs it."""
    item = rubric("F1", (*FULL_F1, ("Overall", 3)))
    assert verdicts(item, made_up.assessed(rows=["1"] * 5 + ["2"]))[""] is False
    assert codes(item) == ["row-without-number"]


# ---------------------------------------------------------------- released or not


@pytest.mark.parametrize("state", ["", "notmarked", "inmarking", "readyforreview", "inreview", "readyforrelease"])
def test_an_unreleased_workflow_state_gives_no_decision(state):
    """Only `released` is released; an item without a workflow needs no state."""
    item = made_up.item(workflow=True)
    assert verdicts(item, made_up.assessed(state=state)) == {}
    assert verdicts(item, made_up.assessed(state="released")) == {"": True}
    assert verdicts(made_up.item(), made_up.assessed(state=state)) == {"": True}


def test_a_grade_hidden_in_the_gradebook_is_not_released():
    """An unread gradebook hides nothing."""
    hidden = GradebookEntry(Decimal(60), hidden=True)
    assert verdicts(made_up.item(), made_up.assessed(gradebook=hidden)) == {}
    assert verdicts(made_up.item(), made_up.assessed(gradebook=GradebookEntry(Decimal(60)))) == {"": True}
    assert verdicts(made_up.item(), made_up.assessed(gradebook=None)) == {"": True}


def test_blind_marking_not_yet_revealed_is_not_released():
    """Whatever the grade."""
    assert verdicts(made_up.item(identities_hidden=True), made_up.assessed()) == {}


def test_no_grade_means_no_decision():
    """Neither met nor not met."""
    assert weighed(made_up.item(), made_up.assessed(grade=None)) == ([], ())


# ---------------------------------------------------------------- simulation


@pytest.mark.parametrize(
    ("qualification_id", "rule"),
    [("OCR/90001", "SIM-1"), ("OCR/10378", "SIM-2"), ("EDI/X", "SIM-5"), ("NCFE/1", "NCFE")],
)
def test_simulated_evidence_where_it_is_not_allowed_decides_nothing(qualification_id, rule):
    """It is reported once an item by the id of the body's rule; C1, in the same item, allows it."""
    qualification = made_up.qualification(qualification_id)
    item = made_up.item(id_number="A3:1.1;C1:1.1@S")
    mapping = map_course(made_up.course(id_number=qualification_id), [item], {qualification_id: qualification})
    found = assess(qualification, [mapping], {"70": item}, {"L1": [made_up.assessed()]})
    assert [d.unit_reference for outcome in found.outcomes["L1"] for d in outcome.decisions] == [
        made_up.UNIT_C1.reference
    ]
    assert [notice.code for notice in found.notices] == ["simulation-not-allowed"]
    assert rule in found.notices[0].says


def test_where_a_body_lists_no_methods_the_usual_codes_mean_simulation():
    """Free codes are no way around the rule."""
    free = made_up.qualification(methods=())
    assert verdicts(made_up.item(id_number="A3@sim"), made_up.assessed(), qualification=free) == {}
    assert verdicts(made_up.item(id_number="A3@obs"), made_up.assessed(), qualification=free) == {"": True}


# ---------------------------------------------------------------- what a decision keeps


def test_a_decision_keeps_what_it_rests_on():
    """Grade, attempt, every grader seen, time and method."""
    grade = made_up.assessed(grade="62.50000", attempt=2, at=1234, by="T9")
    known = Assessed(grade.observation, "T9", ("T1", "T9"), 1234)
    (decision,), _ = weighed(made_up.item(id_number="A3:1.1@qw"), known)
    assert decision == Decision(
        made_up.UNIT_A3.reference, "1.1", True, "7", "70", "g70-L1", 2, "62.5 of 100", "T9", ("T1", "T9"), 1234, "QW"
    )


@pytest.mark.parametrize(
    ("item", "grade", "caution"),
    [
        (made_up.item(hidden=True), made_up.assessed(), "hidden-activity"),
        (made_up.item(team=True), made_up.assessed(), "team-grade"),
        (made_up.item(), made_up.assessed(by=""), "unknown-grader"),
        (made_up.item(), made_up.assessed(gone=True), "source-gone"),
        (made_up.item(), made_up.assessed(gradebook=GradebookEntry(Decimal(33), overridden=True)), "gradebook-differs"),
        (made_up.item(), made_up.assessed(gradebook=GradebookEntry(None, overridden=True)), "gradebook-differs"),
    ],
)
def test_what_a_person_should_know_stands_on_the_decision(item, grade, caution):
    """The decision stands, with its caution."""
    (decision,), _ = weighed(item, grade)
    assert (decision.met, decision.cautions) == (True, (caution,))


@pytest.mark.parametrize(
    "entry",
    [None, GradebookEntry(Decimal("60.0")), GradebookEntry(Decimal(60), overridden=True), GradebookEntry(Decimal(33))],
)
def test_an_agreeing_or_merely_older_gradebook_is_no_caution(entry):
    """Only an override is somebody's word against the assignment's."""
    assert weighed(made_up.item(), made_up.assessed(gradebook=entry))[0][0].cautions == ()


def test_the_mapping_may_say_which_grade_is_true():
    """Then there is nothing left to ask."""
    grade = made_up.assessed(grade="60", gradebook=GradebookEntry(Decimal(33), overridden=True))
    for word, met in [("assignment", True), ("gradebook", False)]:
        (decision,), _ = weighed(made_up.item(), grade, text=f'[[assignment]]\nid = 70\ngradebook = "{word}"')
        assert (decision.met, decision.cautions) == (met, ())


def test_inspecting_tells_before_there_is_any_grade():
    """What `mapping check` prints about items."""
    item = made_up.item(pass_mark=None)
    mapping = map_course(made_up.course(), [item], made_up.catalogue())
    assert [one.code for one in inspect(QUALIFICATION, [mapping], {"70": item})] == ["no-pass-mark"]


# ---------------------------------------------------------------- properties


@given(st.integers(0, 100), st.integers(0, 100), st.integers(1, 100))
def test_raising_a_grade_never_takes_a_decision_back(one, other, mark):
    """At points, more is never less."""
    item = made_up.item(pass_mark=mark)
    low, high = (verdicts(item, made_up.assessed(grade=str(grade)))[""] for grade in sorted((one, other)))
    assert high >= low


@given(
    workflow=st.booleans(),
    state=st.sampled_from(["", "inmarking", "released"]),
    blind=st.booleans(),
    hidden=st.sampled_from([None, False, True]),
    grade=st.none() | st.integers(0, 100),
)
def test_decisions_come_from_released_grades_only(workflow, state, blind, hidden, grade):
    """A decision exists exactly where there is a grade and it is released."""
    item = made_up.item(workflow=workflow, identities_hidden=blind)
    entry = None if hidden is None else GradebookEntry(Decimal(60), hidden)
    known = made_up.assessed(grade=None if grade is None else str(grade), state=state, gradebook=entry)
    expected = grade is not None and not blind and (not workflow or state == "released") and not hidden
    assert bool(verdicts(item, known)) is expected
    assert expected is False or released(item, known.observation)
