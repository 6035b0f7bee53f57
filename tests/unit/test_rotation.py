"""Whose turn it is to have roster and ID numbers read anew."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from nvqsync.passes.rotation import OLDEST, due, one_after_the_other

MINUTE = 60


def test_everyone_is_due_when_there_was_no_pass() -> None:
    """And whoever was never read is due at any time."""
    assert due({"1": 5, "2": None}, 10, None) == {"1", "2"}
    assert "2" in due({"1": 5, "2": None}, 10, 0)


def test_a_quarter_of_an_hour_takes_nine_of_four_hundred() -> None:
    """What keeps a quiet pass over a large college cheap."""
    assert len(due(dict.fromkeys(map(str, range(400)), 1000), 1000 + 15 * MINUTE, 15 * MINUTE)) == 9


def test_a_day_without_a_pass_makes_everyone_due() -> None:
    """Nothing older than twelve hours is believed."""
    assert len(due(dict.fromkeys("abc", 0), 2 * OLDEST, 2 * OLDEST)) == 3


def test_what_a_clock_since_put_back_dates_in_times_to_come_is_due() -> None:
    """Else it would be the youngest until then. Servers of one site may differ by a few minutes."""
    read = {"1": 1000, "2": 2000, "ahead": OLDEST * 50, "beside": 2200}
    assert due(read, 2100, 0) == {"1", "ahead"}


def test_courses_that_are_gone_take_nobodys_turn() -> None:
    """Deleted in Moodle, they can be read no more and are the oldest for ever: the others still go round."""
    now = 1000 + 30 * OLDEST
    gone, there = [f"gone-{n}" for n in range(50)], [f"there-{n}" for n in range(50)]
    read = dict.fromkeys(gone, 1000) | {course: now - 60 * number for number, course in enumerate(there)}
    assert there[-1] in due(read, now, 15 * MINUTE)


@given(
    courses=st.integers(1, 300),
    gaps=st.lists(st.sampled_from([5, 10, 15, 20, 30, 60]).map(lambda m: m * MINUTE), min_size=1, max_size=6),
)
def test_while_passes_run_nothing_is_ever_older_than_twelve_hours(courses: int, gaps: list[int]) -> None:
    """Whatever the rhythm of the passes, when one is over every roster is younger than twelve hours less a pass."""
    read: dict[str, int | None] = dict.fromkeys(map(str, range(courses)), 0)
    now = 0
    for gap in itertools.islice(itertools.cycle(gaps), 200):
        now += gap
        for course in due(read, now, gap):
            read[course] = now
        assert now - min(at for at in read.values() if at is not None) < OLDEST


@given(st.sets(st.text(min_size=1), max_size=20), st.integers(0, 10**6))
def test_every_course_has_its_details_read_once_a_round(courses: set[str], number: int) -> None:
    """Whatever number the passes begin with, and in whatever order the courses are listed."""
    passes = range(number, number + len(courses))
    assert [one_after_the_other(courses, n) for n in passes].count("") == 0
    assert {one_after_the_other(sorted(courses, reverse=True), n) for n in passes} == courses
    assert one_after_the_other([], number) == ""
