"""Who is how far from a certificate, and which single grades hold certificates back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from nvqsync.evidence import PassDefaults
from nvqsync.gathered import Gathered
from nvqsync.mapping import map_course
from nvqsync.model import Assessed, Grading, Kind, LmsItem, LmsMember, Qualification, Requirement, Rule, SignOff
from nvqsync.nearly import HeldBack, done_so_far, held_back, nearly, on_offer, route_for, together
from nvqsync.progress import LearnerProgress, progress
from nvqsync.qualification_checks import rule_units
from tests.unit.made_up import SOURCE, UNITS, assessed, course, item, qualification

RULE = Rule(
    rule_units(UNITS),
    (
        Requirement("all", Kind.ALL_OF, "A3", SOURCE, units=("A3",)),
        Requirement("credits", Kind.MIN_CREDITS, "7 credits", SOURCE, need=7),
        Requirement("bar", Kind.BARRED, "F1 or C1", SOURCE, units=("F1", "C1")),
    ),
)
QUALIFICATION: Qualification = replace(qualification(), rule=RULE)
SCALE = ("Not yet", "Competent")
WHOLE = (item("1", "A3", Grading.SCALE, scale=SCALE), item("2", "F1", Grading.SCALE, scale=SCALE),
         item("3", "C1", pass_mark=40), item("4", "A3:1.1-1.4,2.1-2.3"), item("5", "A3:3.1-3.11;F1:1.1"))  # fmt: skip


def gathered(
    grades: Sequence[Assessed], items: Sequence[LmsItem] = WHOLE, sign_offs: tuple[SignOff, ...] = (),
    learners: Sequence[str] = ("L1",), gone: frozenset[str] = frozenset(),
) -> Gathered:  # fmt: skip
    mapping = map_course(course(), items, {QUALIFICATION.id: QUALIFICATION})
    by_learner: dict[str, list[Assessed]] = {learner: [] for learner in learners}
    for grade in grades:
        by_learner[grade.observation.learner_id].append(grade)
    return Gathered(QUALIFICATION, (mapping,), {one.lms_id: one for one in items}, by_learner, sign_offs,
                    PassDefaults(), {learner: {"7"} for learner in learners}, gone)  # fmt: skip


def rows_of(known: Gathered, *, active: bool = True) -> tuple[LearnerProgress, ...]:
    people = [LmsMember(learner, learner, learner, active=active) for learner in known.assessed]
    return progress(QUALIFICATION, people, known.assess().outcomes)


def holding(known: Gathered) -> Mapping[str, tuple[str, ...]]:
    return {held.item.item_id: held.learners for held in held_back(known, rows_of(known), {})}


def test_a_missing_whole_unit_grade_holds_the_certificate_back() -> None:
    """With F1 signed off, the grade on A3's sign-off alone would do; grades on a few of its criteria would not."""
    only_whole = (WHOLE[0], WHOLE[1], item("4", "A3:1.1-1.4"))
    assert holding(gathered([assessed("2", "2"), assessed("4")], only_whole)) == {"1": ("L1",)}


def test_a_not_met_grade_is_given_and_holds_nothing_back() -> None:
    """A grade that says "not yet" is no missing grade."""
    assert holding(gathered([assessed("2", "2"), assessed("1", "1")])) == {}


def test_open_criteria_elsewhere_keep_a_grade_from_sufficing() -> None:
    """While a criterion mapped elsewhere is open the whole-unit grade signs nothing off: so it holds nothing back."""
    assert holding(gathered([assessed("2", "2")])) == {}
    assert holding(gathered([assessed("2", "2"), assessed("4"), assessed("5")])) == {"1": ("L1",)}


def test_an_unreleased_grade_holds_back_only_if_it_is_good() -> None:
    """Releasing a met grade would complete the certificate; releasing another would not."""
    items = (replace(WHOLE[0], workflow=True), WHOLE[1])
    good, bad = (assessed("1", grade, state="inreview") for grade in ("2", "1"))
    (held,) = held_back(known := gathered([assessed("2", "2"), good], items), rows_of(known), {})
    assert (held.learners, held.unreleased) == (("L1",), ("L1",))
    assert holding(gathered([assessed("2", "2"), bad], items)) == {}


def test_what_no_grade_can_decide_holds_nothing_back() -> None:
    """No pass mark is known; identities are hidden; the assignment is deleted."""
    done = [assessed("2", "2")]
    assert holding(gathered(done, (item("1", "A3", pass_mark=None, maximum=0), WHOLE[1]))) == {}
    assert holding(gathered(done, (replace(WHOLE[0], identities_hidden=True), WHOLE[1]))) == {}
    assert holding(gathered(done, WHOLE[:2], gone=frozenset({"1"}))) == {}
    assert holding(gathered(done, WHOLE[:2])) == {"1": ("L1",)}


def test_a_rubric_is_tried_with_its_rows() -> None:
    """All rows at their top: the row that signs the unit off decides it."""
    rubric = item("1", "A3", Grading.RUBRIC, rows=(("all of it", 4),))
    assert holding(gathered([assessed("2", "2")], (rubric, WHOLE[1]))) == {"1": ("L1",)}


def test_someone_who_left_waits_for_nothing() -> None:
    """A learner who is not active is neither near nor held back."""
    known = gathered([assessed("2", "2")], WHOLE[:2])
    assert held_back(known, rows_of(known, active=False), {}) == ()
    assert nearly(rows_of(known, active=False)) == ()


def _naive(known: Gathered) -> dict[str, set[str]]:
    """The same by brute force: every missing grade given at its best, everybody assessed and judged anew."""
    best = {"1": "2", "2": "2", "3": "100", "4": "100", "5": "100"}
    found: dict[str, set[str]] = {}
    unmet = {row.learner.lms_id for row in rows_of(known) if not row.verdict.met}
    for learner, grades in known.assessed.items():
        graded = {grade.observation.item_id for grade in grades}
        for item_id in best.keys() - graded if learner in unmet else ():
            supposed = {**known.assessed, learner: [*grades, assessed(item_id, best[item_id], learner=learner)]}
            rows = rows_of(replace(known, assessed=supposed))
            if next(row.verdict.met for row in rows if row.learner.lms_id == learner):
                found.setdefault(item_id, set()).add(learner)
    return found


grade = st.sampled_from([None, "met", "not met"])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(grade, grade, grade, grade, grade), min_size=1, max_size=3), st.booleans())
def test_what_holds_back_agrees_with_brute_force(marks: list[tuple[str | None, ...]], signed: bool) -> None:
    """Whatever is graded and signed off: the same assignments hold back the same certificates."""
    learners = [f"L{n}" for n in range(len(marks))]
    grades = [
        assessed(str(n), ("2" if n < 3 else "100") if mark == "met" else "1", learner=learner)
        for learner, row in zip(learners, marks, strict=True)
        for n, mark in enumerate(row, 1)
        if mark
    ]
    reference = QUALIFICATION.units[0].unit.reference
    sign_offs = tuple(SignOff(one, QUALIFICATION.id, reference, "T1", 2000) for one in learners) if signed else ()
    known = gathered(grades, sign_offs=sign_offs, learners=learners)
    assert {key: set(found) for key, found in holding(known).items()} == _naive(known)


def test_together_takes_each_time_what_adds_most() -> None:
    """Two that overlap much are passed over for one that adds more; what adds nothing is never taken."""
    mapped = map_course(course(), WHOLE, {QUALIFICATION.id: QUALIFICATION}).items
    waits = ["abcd", "abc", "ef", "f"]
    held = [HeldBack("X/1", one, tuple(names), ()) for one, names in zip(mapped, waits, strict=False)]
    chosen, certificates = together(held)
    assert [one.learners for one in chosen] == [("a", "b", "c", "d"), ("e", "f")]
    assert certificates == 6


# ---------------------------------------------------------------- how far


def test_open_criteria_are_counted_where_they_are_known() -> None:
    """A3 has 18 criteria, 7 of them met; D4 closes it by one sign-off, because its criteria are unknown."""
    (near,) = nearly(rows_of(gathered([assessed("4")])))
    units = {unit.code: unit.criteria for unit in near.units}
    assert units["A3"] == 11
    assert near.criteria == sum(count or 0 for count in units.values())
    assert near.to_go == near.criteria + near.sign_offs


def test_a_unit_with_every_criterion_met_waits_for_one_sign_off() -> None:
    """Ready is one step away, not none."""
    (near,) = nearly(rows_of(gathered([assessed("4"), assessed("5"), assessed("3")])))
    assert (near.to_go, near.criteria, near.sign_offs) == (1, 0, 1)


def test_the_nearest_come_first() -> None:
    """One step before many."""
    known = gathered([assessed("4", learner="L2"), assessed("5", learner="L2"), assessed("3", learner="L2")],
                     learners=("L1", "L2"))  # fmt: skip
    assert [near.row.learner.lms_id for near in nearly(rows_of(known))] == ["L2", "L1"]


def test_a_unit_under_way_is_preferred_when_asked() -> None:
    """C1 is the cheapest second unit; F1, begun, leaves less to do for somebody who is asked to prefer it."""
    begun = item("6", "F1:1.1-1.2,2.1,3.1")
    (row,) = rows_of(gathered([assessed("6")], (*WHOLE, begun)))
    plain, started = route_for(row), route_for(row, prefer_started=True)
    assert done_so_far(row.outcomes) == {"F1": 80}
    assert plain is not None
    assert started is not None
    assert "F1" not in plain.units
    assert "F1" in started.units


def test_only_what_is_assessed_in_the_lms_is_offered() -> None:
    """Three units have assignments; one whose only assignment was deleted has none."""
    mapping = map_course(course(), WHOLE, {QUALIFICATION.id: QUALIFICATION})
    assert set(on_offer(QUALIFICATION, [mapping])) == {"A3", "F1", "C1"}
    assert set(on_offer(QUALIFICATION, [mapping], ["3"])) == {"A3", "F1"}


def test_a_route_keeps_to_what_is_offered() -> None:
    """Without C1 and D4 on offer it takes F1; without A3 nothing finishes."""
    (row,) = rows_of(gathered([]))
    route = route_for(row, offered=("A3", "F1"))
    assert route is not None
    assert set(route.units) == {"A3", "F1"}
    assert route_for(row, offered=("F1", "C1")) is None


def test_grades_are_exact() -> None:
    """A pass mark with a fraction is met by that very mark."""
    exact = replace(item("1", "A3"), maximum=None, pass_mark=Decimal("99.5"))
    assert holding(gathered([assessed("2", "2")], (exact, WHOLE[1]))) == {"1": ("L1",)}
