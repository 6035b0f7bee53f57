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
AHEAD = 300
"""So many seconds the clocks of one site's servers may differ; what was read later than that has no true time."""


def due(read_at: Mapping[str, int | None], now: int, elapsed: int | None) -> set[str]:
    """The courses to read anew in this pass.

    ``read_at`` is when each was read last (``None``: never), ``now`` the server's clock, ``elapsed`` the seconds since
    the last pass began (``None``: there was none). Never-read ones are due, those that a clock since put back dates in
    times to come, and what would be too old by the time of a next pass as far off as the last; beyond these, the
    oldest, as many as keep the round and at least one.
    """
    never = {course for course, at in read_at.items() if at is None or at > now + AHEAD}
    if elapsed is None:
        return set(read_at)
    share = max(1, math.ceil(len(read_at) * min(1.0, max(0, elapsed) / ROUND)))
    oldest = sorted((at, course) for course, at in read_at.items() if at is not None)
    aged = {course for at, course in oldest if now - at + max(0, elapsed) >= OLDEST}
    return never | aged | {course for _, course in oldest[:share]}


def one_after_the_other(courses: Iterable[str], number: int) -> str:
    """The one course whose items' details are read in pass ``number``: each in turn, ``""`` where there is none.

    One a pass is what a quiet pass over hundreds of courses can afford; full passes read everyone's.
    """
    listed = sorted(courses)
    return listed[number % len(listed)] if listed else ""
