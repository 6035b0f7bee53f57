"""Which courses' rosters and ID numbers are due: read in turn, so that none is ever older than twelve hours. Pure.

No timestamp of the LMS tells that a roster or an ID number changed, so each is read anew twice a day, a few courses in
each pass: as many as the time since the last pass asks for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

OLDEST = 12 * 3600
"""No roster and no ID number is ever older than this, in seconds, while passes run."""
ROUND = OLDEST * 49 // 50
"""A round over all courses takes this long, a little less, so that a late pass does no harm."""


ASTRAY = 600
"""Seconds. A moment further ahead of the server's clock than this was dated by a clock that has been put back since;
the servers of one site may differ by less."""


def is_astray(at: int, now: int) -> bool:
    """Whether a moment lies in times to come."""
    return at > now + ASTRAY


def due(read_at: Mapping[str, int | None], now: int, elapsed: int | None) -> set[str]:
    """The courses to read anew in this pass.

    ``read_at`` is when each was read last (``None``: never), ``now`` the server's clock, ``elapsed`` the seconds since
    the last pass began (``None``: there was none). Never-read ones are due, as are those read in times to come, and so
    is what would be too old by the time of a next pass as far off as the last; beyond these, the oldest, as many as
    keep the round and at least one. So a course that is gone, and ages for ever, takes nobody's turn.
    """
    never = {course for course, at in read_at.items() if at is None or is_astray(at, now)}
    if elapsed is None:
        return set(read_at)
    share = max(1, math.ceil(len(read_at) * min(1.0, max(0, elapsed) / ROUND)))
    oldest = sorted((at, course) for course, at in read_at.items() if at is not None and course not in never)
    aged = {course for at, course in oldest if now - at + max(0, elapsed) >= OLDEST}
    others = [course for _, course in oldest if course not in aged]
    return never | aged | set(others[:share])


def one_after_the_other(courses: Iterable[str], number: int) -> str:
    """The one course whose items' details are read in pass ``number``: each in turn, ``""`` where there is none.

    One a pass is what a quiet pass over hundreds of courses can afford; full passes read everyone's.
    """
    listed = sorted(courses)
    return listed[number % len(listed)] if listed else ""
