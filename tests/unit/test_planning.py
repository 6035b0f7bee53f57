"""What changed between what was known and what was read."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvqsync.errors import LmsUnreadable
from nvqsync.model import (
    Assessed,
    CourseReading,
    Covers,
    GradebookEntry,
    LmsCourse,
    LmsItem,
    LmsMember,
    Observation,
    RowScore,
)
from nvqsync.planning import ChangeKind, VanishGuard, plan, remember, vanished

COURSE = LmsCourse("1", "CS2", "Customer Service")


def seen(
    item: str = "10", learner: str = "7", grade: str | None = "2", at: int = 100, grader: str = "3"
) -> Observation:
    return Observation(item, learner, f"{item}-{learner}", 0, None if grade is None else Decimal(grade), at, grader)


def reading(
    *observations: Observation, members: tuple[str, ...] = ("7", "8"), unread: tuple[str, ...] = ()
) -> CourseReading:
    items = tuple(LmsItem(item, "1", item) for item in sorted({o.item_id for o in observations}))
    people = tuple(LmsMember(member, "Invented") for member in members)
    return CourseReading(COURSE, items, people, observations, 200, unread)


def known(*observations: Observation) -> dict[tuple[str, str], Assessed]:
    return {(o.item_id, o.learner_id): remember(None, o) for o in observations}


observations = st.builds(
    seen,
    item=st.sampled_from(["10", "11", "12"]),
    learner=st.sampled_from(["7", "8"]),
    grade=st.sampled_from([None, "1", "2", "55.5"]),
    at=st.integers(1, 1000),
    grader=st.sampled_from(["3", "4", ""]),
)
readings = st.lists(observations, unique_by=lambda o: (o.item_id, o.learner_id)).map(lambda found: reading(*found))


@pytest.mark.parametrize(("item", "learner"), [("11", "7"), ("10", "9")])
def test_a_grade_of_something_or_somebody_unknown_stops_the_course(item: str, learner: str) -> None:
    """A reading that contradicts itself is refused as a whole, by name, whether or not anything was known before."""
    odd = reading(seen(), seen(item, learner))
    odd = replace(odd, items=tuple(listed for listed in odd.items if listed.lms_id == "10"))
    for before in ({}, known(seen())):
        with pytest.raises(LmsUnreadable, match=item if item != "10" else learner):
            plan(before, odd)


def test_a_first_grade_appears() -> None:
    """A grade nobody knew is new, and its grader is its assessor."""
    (change,) = plan({}, reading(seen()))
    assert (change.kind, change.before, change.after.assessor_id) == (ChangeKind.APPEARED, None, "3")


def test_saving_again_keeps_the_assessor_and_the_day() -> None:
    """A save that leaves the grade as it was changes neither who decided nor when; its grader is remembered."""
    (change,) = plan(known(seen()), reading(seen(at=900, grader="4")))
    after = change.after
    assert (after.assessor_id, after.decided_at, after.graders_seen) == ("3", 100, ("3", "4"))


def test_another_grade_or_other_rows_are_a_new_decision() -> None:
    """A changed grade belongs to who gave it, and so does a rubric re-marked to the same total."""
    (change,) = plan(known(seen()), reading(seen(grade="1", at=900, grader="4")))
    assert (change.after.assessor_id, change.after.decided_at) == ("4", 900)
    before = seen()._replace(rows=(RowScore("a", Decimal(1)), RowScore("b", Decimal(0))))
    after = seen(at=900, grader="4")._replace(rows=(RowScore("a", Decimal(0)), RowScore("b", Decimal(1))))
    (change,) = plan(known(before), reading(after))
    assert change.after.assessor_id == "4"


def test_absence_marks_a_grade_gone_and_keeps_it() -> None:
    """A grade that is no longer shown stands, marked gone; when it is back it is as before."""
    (change,) = plan(known(seen()), reading())
    assert (change.kind, change.after.gone, change.after.observation) == (ChangeKind.VANISHED, True, seen())
    (back,) = plan({("10", "7"): change.after}, reading(seen()))
    assert (back.kind, back.after.gone, back.after.assessor_id) == (ChangeKind.ALTERED, False, "3")


def test_an_unread_item_and_a_learner_off_the_roster_prove_nothing() -> None:
    """What the LMS did not answer for, and who left, do not make a grade vanish."""
    assert plan(known(seen()), reading(unread=("10",))) == ()
    assert plan(known(seen()), reading(members=("8",))) == ()


def test_the_guard_trips_on_a_share_but_never_on_a_few() -> None:
    """Losing most of a course at once is suspicious; losing a handful is not."""
    guard = VanishGuard(share=0.5, least=10)
    assert guard.trips(214, 230)
    assert not guard.trips(10, 10)
    assert not guard.trips(50, 230)


@given(readings, readings)
def test_a_plan_carried_out_leaves_nothing_to_do(first: CourseReading, second: CourseReading) -> None:
    """After the changes are recorded, the same reading again changes nothing."""
    store = {change.key: change.after for change in plan({}, first)}
    store |= {change.key: change.after for change in plan(store, second)}
    assert plan(store, second) == ()


@given(readings, readings)
def test_nothing_known_is_ever_forgotten(first: CourseReading, second: CourseReading) -> None:
    """Every grade once known is still known, and everyone who ever graded it is still named."""
    store = {change.key: change.after for change in plan({}, first)}
    later = store | {change.key: change.after for change in plan(store, second)}
    assert store.keys() <= later.keys()
    for key, before in store.items():
        assert set(before.graders_seen) <= set(later[key].graders_seen)
    assert vanished(plan(store, second)) == sum(
        key not in {(o.item_id, o.learner_id) for o in second.observations} for key in store
    )


def test_outside_what_a_reading_covers_absence_proves_nothing() -> None:
    """Only changed grades were told: the others stand. Where an item was read from the start, they are gone."""
    partial = replace(reading(seen("11")), items=(LmsItem("10", "1", "a"), LmsItem("11", "1", "b")))
    for covers, gone in ((Covers(grades=frozenset()), 0), (Covers(grades=frozenset({"10"})), 1), (Covers(), 1)):
        assert vanished(plan(known(seen(), seen("11")), replace(partial, covers=covers))) == gone


def test_a_reading_of_a_few_learners_says_nothing_of_the_others() -> None:
    """Somebody else's grade is not told, and stands."""
    few = replace(reading(seen(learner="7")), covers=Covers(learners=frozenset({"7"})))
    assert plan(known(seen(learner="7"), seen(learner="8")), few) == ()


def test_a_state_alone_alters_the_grade() -> None:
    """The workflow flag bumps no time: the grade was not told, its state was."""
    quiet = replace(reading(), items=(LmsItem("10", "1", "a"),), covers=Covers(grades=frozenset()))
    (change,) = plan(known(seen()), replace(quiet, states={"10": {"7": "released"}}))
    assert (change.kind, change.after.observation.workflow_state) == (ChangeKind.ALTERED, "released")
    assert change.after.assessor_id == "3"


def test_an_unread_gradebook_keeps_what_it_said() -> None:
    """A regrade told without the gradebook does not wipe out an override."""
    entry = GradebookEntry(Decimal(1), overridden=True)
    before = known(seen()._replace(gradebook=entry))
    (change,) = plan(before, replace(reading(seen(grade="1", at=900)), covers=Covers(gradebook=False)))
    assert change.after.observation.gradebook == entry
