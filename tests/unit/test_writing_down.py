"""Courses written several at a time, with a breath between two transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from nvqsync.model import GRADES, CourseReading, LmsCourse, LmsItem, LmsMember, Observation
from nvqsync.passes.writing_down import BREATH, MOST_COURSES, Writer
from nvqsync.planning import FirstGrades
from nvqsync.storage import store_lms
from nvqsync.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "nvqsync.db") as opened:
        yield opened


def course(number: int, grades: int) -> CourseReading:
    """A course with one item and that many graded learners."""
    item, who = LmsItem(f"i{number}", str(number), "A3"), [f"{number}-{n}" for n in range(grades)]
    seen = tuple(Observation(item.lms_id, one, f"g{one}", 0, Decimal(2), 9, "3") for one in who)
    people = tuple(LmsMember(one, "Invented", roles=("student",)) for one in who)
    return CourseReading(LmsCourse(str(number), f"C{number}", ""), (item,), people, seen, 9, bookmarks={GRADES: 9})


def outside(store: Store) -> tuple[int, int]:
    """How many grades and bookmarks somebody else sees."""
    with sqlite3.connect(store.path) as other:
        found = other.execute("SELECT (SELECT COUNT(*) FROM grades), (SELECT COUNT(*) FROM bookmarks)").fetchone()
    other.close()
    return found[0], found[1]


def test_small_courses_are_written_together_and_in_order(store: Store) -> None:
    """Nobody sees the first until there is enough for a transaction; after it there is a breath."""
    seen: list[tuple[float, tuple[int, int]]] = []
    writer = Writer(store, store_lms.begin_pass(store, 1), lambda seconds: seen.append((seconds, outside(store))))
    for number, many in ((1, 400), (2, 500), (3, 400)):
        reading = course(number, many)
        writer.take(reading, FirstGrades(reading.observations))
    assert seen == [(BREATH, (900, 2))]
    writer.finish()
    writer.finish()
    assert seen[1:] == [(BREATH, (1300, 3))]


def test_whoever_something_is_new_about_stands_as_unjudged(store: Store) -> None:
    """From the same transaction on, until somebody says that they were judged."""
    writer, seen = Writer(store, store_lms.begin_pass(store, 1), lambda seconds: None), course(1, 3)
    writer.take(seen, FirstGrades(seen.observations))
    writer.finish()
    assert store_lms.unjudged(store) == {"1-0", "1-1", "1-2"}
    store_lms.judged(store, {"1-0", "1-2"})
    writer.take(replace(seen, observations=()), ())
    writer.finish()
    assert store_lms.unjudged(store) == {"1-1"}


def test_a_large_course_is_written_in_parts_and_its_bookmark_last(store: Store) -> None:
    """After each part others get in; while it is not whole the bookmark stays where it was."""
    seen: list[tuple[int, int]] = []
    writer = Writer(store, store_lms.begin_pass(store, 1), breathe=lambda seconds: seen.append(outside(store)))
    reading = course(1, 2 * store_lms.AT_ONCE + 1)
    writer.take(reading, FirstGrades(reading.observations))
    assert seen == [(0, 0), (1000, 0), (2000, 0), (2001, 1)]


def test_quiet_courses_wait_for_one_another_and_hold_nobody_up(store: Store) -> None:
    """Bookmarks alone: a transaction for every twenty courses, and no breath, for it is over at once."""
    writer = Writer(store, store_lms.begin_pass(store, 1), breathe=lambda seconds: pytest.fail("nothing was written"))
    for number in range(MOST_COURSES + 1):
        writer.take(replace(course(number, 1), observations=()), ())
    assert outside(store) == (0, MOST_COURSES)


def test_what_only_waits_is_not_written_when_the_pass_is_cut_short(store: Store) -> None:
    """Nothing is half there: neither the grades nor the bookmark, so that the course is read again."""
    writer = Writer(store, store_lms.begin_pass(store, 1))
    reading = course(1, 3)
    writer.take(reading, FirstGrades(reading.observations))
    assert outside(store) == (0, 0)
    assert store_lms.bookmarks(store) == {}
