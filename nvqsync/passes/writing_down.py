"""Writing down courses as they were read: several small ones in one transaction, a large one in parts.

Between two transactions there is a breath, always: whoever else wants to write (a page that somebody has open, a claim
that is approved, a backup's entry in the audit log) gets in there, and a pass has all the time in the world.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from nvqsync.model import CourseReading
from nvqsync.planning import GradeChange
from nvqsync.storage import store_lms
from nvqsync.store import Store

MOST_COURSES = 20
"""Quiet courses, of which only bookmarks move, are written so many at a time."""
BREATH = 0.025
"""Seconds. Who waits for the lock tries again only every 1 to 25 ms, and should not find it taken each time. It makes a
first pass over 20,000 learners five seconds longer, of the minutes that Moodle needs."""


@dataclass(slots=True)
class Writer:
    """Takes courses as they were read, with what changed, and writes them down in the order they came.

    What was taken but is not written yet is lost with the process, bookmarks included: it is then read again.
    ``breathe`` waits; a benchmark measures without.
    """

    store: Store
    pass_id: int
    breathe: Callable[[float], object] = time.sleep
    _waiting: list[tuple[CourseReading, Sequence[GradeChange]]] = field(default_factory=list)
    _grades: int = 0

    def take(self, reading: CourseReading, changes: Sequence[GradeChange]) -> None:
        """Write this course with the next ones, or at once where enough is waiting."""
        if self._grades + len(changes) > store_lms.AT_ONCE:
            self.finish()
        self._waiting.append((reading, changes))
        self._grades += len(changes)
        if self._grades >= store_lms.AT_ONCE or len(self._waiting) == MOST_COURSES:
            self.finish()

    def finish(self) -> None:
        """Write what is waiting."""
        waiting, self._waiting, grades, self._grades = self._waiting, [], self._grades, 0
        if not waiting:
            return
        for _ in store_lms.recorded(self.store, waiting, self.pass_id):
            if grades:
                self.breathe(BREATH)
