"""What the demo's database still holds of years ago: a course of then, and a learner whose records are due to go."""

from __future__ import annotations

from nvqsync.bootstrap import App
from nvqsync.model import CourseReading, LmsCourse, LmsMember
from nvqsync.storage import store_lms
from nvqsync.store import Store

YEARS_AGO = 5 * 365 * 86400
COURSE = LmsCourse("1", "CS-FORMER", "Customer service (former)")
LEARNER = LmsMember("900001", "Wren Fletcher", "300001", ("student",), active=False)
"""Invented, and in no course of the simulated Moodle."""


def record_former_learner(app: App, store: Store) -> None:
    """Record the pass of years ago that saw the learner, on a course that Moodle has no more."""
    then = app.now() - YEARS_AGO
    number = store_lms.begin_pass(store, then)
    store_lms.record(store, CourseReading(COURSE, (), (LEARNER,), (), then), (), number)
    store_lms.end_pass(store, number, then, "done", {})
