"""From decisions to units: criteria met, ready, achieved, by whom and when; over courses, items and sign-offs."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvqsync.evidence import Assessment, Assessor, assess
from nvqsync.mapping import map_course
from nvqsync.matching.mapping_file import parse_mapping
from nvqsync.model import Assessed, Grading, LmsItem, SignOff, UnitOutcome, UnitStatus
from tests.unit import made_up

QUALIFICATION = made_up.qualification()
F1 = made_up.UNIT_F1
EVENING = made_up.course("8", "OCR/90001#evening")


def assessment(items: list[LmsItem], grades: list[Assessed], sign_offs=(), text: str = "", **more) -> Assessment:
    file = parse_mapping(text, "m.toml") if text else None
    courses = [made_up.course(), EVENING, made_up.course("9", "OCR/90002")]
    mappings = [
        map_course(course, [i for i in items if i.course_id == course.lms_id], made_up.catalogue(), file)
        for course in courses
    ]
    learners: dict[str, list[Assessed]] = {}
    for one in grades:
        learners.setdefault(one.observation.learner_id, []).append(one)
    return assess(QUALIFICATION, mappings, {i.lms_id: i for i in items}, learners, sign_offs, **more)


def outcome(items, grades, sign_offs=(), text: str = "", unit: str = "F1", **more) -> UnitOutcome:
    found = assessment(items, grades, sign_offs, text, **more)
    return next(one for one in found.outcomes["L1"] if one.code == unit)


def signed(at: int = 5000, unit=F1, learner: str = "L1", by: str = "A1") -> SignOff:
    return SignOff(learner, QUALIFICATION.id, unit.reference, by, at)


FIRST = made_up.item("70", "F1:1.1-1.2,2.1")
SECOND = made_up.item("71", "F1:3.1-3.2")
WHOLE = made_up.item("72", "F1")
CRITERIA = '[[course]]\nid = 7\nsign_off = "criteria"\n'


def test_nothing_graded_is_not_started():
    """One outcome for every unit of the qualification, in its order, whatever there is."""
    found = assessment([FIRST], [made_up.assessed(grade=None)]).outcomes["L1"]
    assert [one.code for one in found] == ["A3", "F1", "C1", "D4"]
    assert {one.status for one in found} == {UnitStatus.NOT_STARTED}
    assert [one.criteria_total for one in found] == [18, 5, 2, None]


def test_some_criteria_met_is_in_progress():
    """Decisions stand in criterion order, met or not."""
    found = outcome([FIRST, SECOND], [made_up.assessed("71", "10"), made_up.assessed("70")])
    assert (found.status, found.criteria_met) == (UnitStatus.IN_PROGRESS, ("1.1", "1.2", "2.1"))
    assert [decision.criterion for decision in found.decisions] == ["1.1", "1.2", "2.1", "3.1", "3.2"]


def test_only_unmet_decisions_are_in_progress_too():
    """The learner has begun."""
    assert outcome([FIRST], [made_up.assessed("70", "1")]).status is UnitStatus.IN_PROGRESS


def test_all_criteria_met_is_ready_not_achieved():
    """It is the assessor who signs a unit off."""
    found = outcome([FIRST, SECOND], [made_up.assessed("70"), made_up.assessed("71")])
    assert (found.status, found.criteria_met, found.achieved_at) == (UnitStatus.READY, F1.criteria, None)


def test_a_met_whole_unit_item_achieves_the_unit():
    """It covers every criterion, and its assessor signed the unit off at its time."""
    found = outcome([WHOLE], [made_up.assessed("72", at=77, by="T4")])
    assert (found.status, found.criteria_met) == (UnitStatus.ACHIEVED, F1.criteria)
    assert (found.achieved_at, found.signed_off_by) == (77, "T4")


def test_an_open_criterion_mapped_elsewhere_in_the_course_holds_the_whole_unit_back():
    """The whole unit is met, but 3.1 and 3.2 were set and are not."""
    for grades in [[made_up.assessed("72")], [made_up.assessed("72"), made_up.assessed("71", "10")]]:
        found = outcome([WHOLE, SECOND], grades)
        assert (found.status, found.criteria_met) == (UnitStatus.IN_PROGRESS, ("1.1", "1.2", "2.1"))
        assert found.cautions == ("criteria-open-elsewhere",)


def test_once_what_was_open_elsewhere_is_met_the_unit_is_achieved():
    """At the time of the later of the two, by the whole unit's assessor."""
    found = outcome([WHOLE, SECOND], [made_up.assessed("72", at=50, by="T4"), made_up.assessed("71", at=90)])
    assert (found.status, found.achieved_at, found.signed_off_by) == (UnitStatus.ACHIEVED, 90, "T4")


def test_another_courses_assignments_hold_nobody_back_who_is_not_graded_there():
    """Day and evening courses run side by side; a learner takes one, unless graded in the other."""
    evening = made_up.item("80", "F1:3.1-3.2", course_id="8")
    assert outcome([WHOLE, evening], [made_up.assessed("72")]).status is UnitStatus.ACHIEVED
    grades = [made_up.assessed("72"), made_up.assessed("80", "10")]
    assert outcome([WHOLE, evening], grades).status is UnitStatus.IN_PROGRESS


def test_two_courses_of_one_qualification_merge():
    """Criteria met in one and the other make the unit ready; another qualification's course adds nothing."""
    evening = made_up.item("80", "F1:3.1-3.2", course_id="8")
    found = outcome([FIRST, evening], [made_up.assessed("70"), made_up.assessed("80")])
    assert found.status is UnitStatus.READY


def test_a_recorded_sign_off_achieves_a_ready_unit():
    """The assessor recorded is who signed it off."""
    found = outcome([FIRST, SECOND], [made_up.assessed("70"), made_up.assessed("71")], [signed()])
    assert (found.status, found.achieved_at, found.signed_off_by) == (UnitStatus.ACHIEVED, 5000, "A1")
    assert found.cautions == ()


def test_a_sign_off_without_all_criteria_achieves_nothing_and_is_reported():
    """Also when a criterion is taken back after the sign-off."""
    found = assessment([FIRST, SECOND], [made_up.assessed("70"), made_up.assessed("71", "10")], [signed()])
    assert found.outcomes["L1"][1].status is UnitStatus.IN_PROGRESS
    assert [(one.code, one.learner_id) for one in found.notices] == [("sign-off-without-criteria", "L1")]


def test_a_sign_off_alone_starts_nothing():
    """Not even for a learner without a grade; other qualifications' sign-offs are not ours."""
    other = replace(signed(learner="L2"), qualification_id="OCR/90002")
    found = assessment([FIRST], [], [signed(), other])
    assert found.outcomes.keys() == {"L1"}
    assert {one.status for one in found.outcomes["L1"]} == {UnitStatus.NOT_STARTED}


def test_a_sign_off_before_the_last_grade_carries_a_caution():
    """A criterion graded anew after the sign-off may be a mere correction: a person should look."""
    grades = [made_up.assessed("70"), made_up.assessed("71", at=6000)]
    early = outcome([FIRST, SECOND], grades, [signed()])
    assert (early.status, early.achieved_at) == (UnitStatus.ACHIEVED, 6000)
    assert early.cautions == ("signed-off-before-last-grade",)
    assert outcome([FIRST, SECOND], grades, [signed(), signed(7000)]).cautions == ()


def test_only_where_the_mapping_says_so_the_last_criterion_signs_off():
    """By the grade that met it, and only if that grade is in a course that says so."""
    grades = [made_up.assessed("70", at=10, by="T1"), made_up.assessed("71", at=20, by="T2")]
    found = outcome([FIRST, SECOND], grades, text=CRITERIA)
    assert (found.status, found.achieved_at, found.signed_off_by) == (UnitStatus.ACHIEVED, 20, "T2")
    evening = made_up.item("80", "F1:3.1-3.2", course_id="8")
    last_elsewhere = [grades[0], made_up.assessed("80", at=20)]
    assert outcome([FIRST, evening], last_elsewhere, text=CRITERIA).status is UnitStatus.READY
    last_here = [made_up.assessed("70", at=30), made_up.assessed("80", at=20)]
    assert outcome([FIRST, evening], last_here, text=CRITERIA).status is UnitStatus.ACHIEVED


def test_a_whole_unit_graded_not_met_stops_the_last_criterion_from_signing_off():
    """The assessor has said no; a recorded sign-off says yes, with a caution."""
    grades = [made_up.assessed("70"), made_up.assessed("71"), made_up.assessed("72", "10")]
    items = [FIRST, SECOND, WHOLE]
    assert outcome(items, grades, text=CRITERIA).status is UnitStatus.READY
    found = outcome(items, grades, [signed()], text=CRITERIA)
    assert (found.status, found.cautions) == (UnitStatus.ACHIEVED, ("whole-unit-not-met",))


def test_with_unknown_criteria_only_the_whole_unit_counts():
    """Mapped criteria are kept, a sign-off does not help, the whole-unit item does."""
    criteria = made_up.item("70", "D4:1.1-1.2")
    kept = outcome([criteria], [made_up.assessed("70")], [signed(unit=made_up.UNIT_D4)], text=CRITERIA, unit="D4")
    assert (kept.status, kept.criteria_met, kept.criteria_total) == (UnitStatus.IN_PROGRESS, ("1.1", "1.2"), None)
    whole = made_up.item("73", "D4")
    both = [made_up.assessed("70"), made_up.assessed("73", at=2000)]
    assert outcome([criteria, whole], both, unit="D4").status is UnitStatus.ACHIEVED
    still_open = [made_up.assessed("70", "10"), made_up.assessed("73")]
    assert outcome([criteria, whole], still_open, unit="D4").status is UnitStatus.IN_PROGRESS


def test_one_met_decision_meets_a_criterion():
    """A second assignment that was not met does not undo the first."""
    items = [FIRST, made_up.item("73", "F1:1.1")]
    assert "1.1" in outcome(items, [made_up.assessed("70"), made_up.assessed("73", "10")]).criteria_met


TWICE = [made_up.item(n, "C1:1.1-1.2#" + n) for n in ("70", "71", "73")]


@pytest.mark.parametrize(("met_when", "enough"), [('"any"', 1), ("2", 2), ("3", 3), ('"all"', 3)])
def test_the_mapping_may_ask_for_a_number_of_met_decisions_or_for_all(met_when, enough):
    """The unit is ready with exactly that many, at the time of the one that completed them."""
    text = f"{CRITERIA}met_when = {met_when}"
    for count in (1, 2, 3):
        grades = [made_up.assessed(item.lms_id, at=100 * n) for n, item in enumerate(TWICE[:count], 1)]
        found = outcome(TWICE, grades, text=text, unit="C1")
        assert (found.status is UnitStatus.ACHIEVED) is (count >= enough)
        if count >= enough:
            assert found.achieved_at == (100 * count if met_when == '"all"' else 100 * enough)


def test_where_assignments_differ_the_strictest_counts():
    """One asks for two, the others for any."""
    text = "[[assignment]]\nid = 73\nmet_when = 2"
    one = [made_up.assessed("70")]
    assert outcome(TWICE, one, text=text, unit="C1").criteria_met == ()
    assert outcome(TWICE, [*one, made_up.assessed("71")], text=text, unit="C1").status is UnitStatus.READY


def test_all_means_all_in_the_learners_courses():
    """The evening course's assignment is not asked of a learner who is not on it."""
    items = [*TWICE[:2], made_up.item("80", "C1:1.1-1.2", course_id="8")]
    text = '[[course]]\nid_number = "OCR/90001*"\nmet_when = "all"'
    day = [made_up.assessed("70"), made_up.assessed("71")]
    assert outcome(items, day, text=text, unit="C1").status is UnitStatus.READY
    on_both = outcome(items, day, text=text, unit="C1", courses_of={"L1": ["7", "8"]})
    assert on_both.status is UnitStatus.IN_PROGRESS
    assert outcome(items, [*day, made_up.assessed("80")], text=text, unit="C1").status is UnitStatus.READY


def test_the_latest_attempt_decides_however_grades_come():
    """A second attempt that fails takes the first one's decision back."""
    grades = [made_up.assessed("72", "60", attempt=0, at=10), made_up.assessed("72", "10", attempt=1, at=20)]
    for order in (grades, grades[::-1]):
        assert outcome([WHOLE], order).status is UnitStatus.IN_PROGRESS


@pytest.mark.parametrize("later", ["10", None])
def test_a_lowered_or_removed_grade_takes_the_unit_back(later):
    """Decisions are derived each time, so nothing of the earlier one is left."""
    assert outcome([WHOLE], [made_up.assessed("72")]).status is UnitStatus.ACHIEVED
    found = outcome([WHOLE], [made_up.assessed("72", later)])
    assert found.status is not UnitStatus.ACHIEVED
    assert not any(decision.met for decision in found.decisions)


def test_cautions_of_met_decisions_stand_on_the_unit():
    """So that a claim that rests on it can be stopped; those of unmet ones do not matter."""
    gone = outcome([WHOLE, SECOND], [made_up.assessed("72", gone=True), made_up.assessed("71", "10", by="")])
    assert gone.cautions == ("criteria-open-elsewhere", "source-gone")


def test_grades_on_items_that_are_not_mapped_decide_nothing():
    """They may well be in the store."""
    assert outcome([WHOLE], [made_up.assessed("999")]).status is UnitStatus.NOT_STARTED


def test_one_learner_at_a_time_gives_the_same():
    """An assessor made ready once serves any number of learners."""
    items = [FIRST, SECOND, WHOLE]
    grades = [made_up.assessed("70"), made_up.assessed("71", "10"), made_up.assessed("72")]
    mapping = map_course(made_up.course(), items, made_up.catalogue())
    assessor = Assessor(QUALIFICATION, [mapping], {item.lms_id: item for item in items})
    assert assessor.outcomes("L1", grades) == assessment(items, grades).outcomes["L1"]


# ---------------------------------------------------------------- properties

ITEMS = [
    FIRST,
    SECOND,
    WHOLE,
    made_up.item("73", "F1:1.1;A3:1.1@O"),
    made_up.item("74", "C1"),
    made_up.item("75", "C1:1.1-1.2", Grading.RUBRIC, rows=(("1.1 x", 2), ("1.2 y", 2))),
    made_up.item("76", "D4"),
    made_up.item("80", "F1", course_id="8"),
    made_up.item("81", "F1:3.1", course_id="8"),
]
some_grades = st.lists(
    st.builds(
        lambda item, grade, at, rows: made_up.assessed(item.lms_id, grade, at=at, rows=rows if item.rows else ()),
        st.sampled_from(ITEMS),
        st.sampled_from(["10", "49", "50", "90"]),
        st.integers(1, 50),
        st.tuples(st.sampled_from("012"), st.sampled_from("012")),
    ),
    max_size=9,
    unique_by=lambda known: known.observation.item_id,
)


@given(some_grades, st.booleans(), st.randoms(use_true_random=False))
def test_the_order_in_which_facts_come_does_not_matter(grades, sign_off, chance: random.Random):
    """The same grades, items and sign-offs in any order give the same outcomes."""
    sign_offs = [signed(30), signed(60, by="A2")] if sign_off else []
    shuffled = [chance.sample(some, len(some)) for some in (ITEMS, grades, sign_offs)]
    one = assessment(ITEMS, grades, sign_offs, CRITERIA)
    other = assessment(*shuffled, CRITERIA)
    assert one.outcomes == other.outcomes
    assert set(one.notices) == set(other.notices)


@given(some_grades, st.integers(0, 8))
def test_raising_a_grade_never_unmeets_a_criterion(grades, which):
    """Where any one decision is enough, a better grade loses nothing."""
    if not grades:
        return
    raised = list(grades)
    old = raised[which % len(grades)].observation
    rows = tuple(replace(row, score=row.score * 0 + 2) for row in old.rows)
    raised[which % len(grades)] = replace(
        raised[which % len(grades)], observation=old._replace(grade=(old.grade or 0) + 45, rows=rows)
    )
    before, after = (assessment(ITEMS, some).outcomes.get("L1", ()) for some in (grades, raised))
    for was, now in zip(before, after, strict=True):
        assert {d.criterion for d in was.decisions if d.met} <= {d.criterion for d in now.decisions if d.met}
        order = [UnitStatus.NOT_STARTED, UnitStatus.IN_PROGRESS, UnitStatus.READY, UnitStatus.ACHIEVED]
        assert order.index(now.status) >= order.index(was.status)


@given(some_grades)
def test_an_achieved_unit_has_all_its_criteria_a_signature_and_a_time(grades):
    """And nothing else has a signature."""
    for found in assessment(ITEMS, grades, [signed(20)], CRITERIA).outcomes.get("L1", ()):
        if found.status is UnitStatus.ACHIEVED:
            assert found.signed_off_by
            assert found.achieved_at is not None
            assert found.criteria_total is None or len(found.criteria_met) == found.criteria_total
        else:
            assert (found.achieved_at, found.signed_off_by) == (None, "")
