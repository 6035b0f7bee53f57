"""When the next pass begins: the usual pause, longer after failures, never inside quiet hours. Pure: moments in.

Moments are seconds since 1970; hours of the day are London's, so that a quiet hour stays where people's clocks put it.
A clock that jumps does no harm: a day is compared for being another one, never for being a later one.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from nvqsync.clock import LONDON, day

LONGEST_PAUSE = 2 * 3600.0
"""After failures a pause grows to this many seconds, or to the usual pause where that is longer."""
JITTER = 0.05
"""Each pause is up to this share shorter or longer, so that colleges on one Moodle host do not knock all at once."""
DAY, LOOK_BACK = 86_400, 30
JUMP = 120.0
"""A clock that went this many seconds astray between two looks has jumped."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours of the London day in which no pass begins: from (inclusive) ``start`` to (exclusive) ``end``."""

    start: dt.time
    end: dt.time

    def holds(self, now: int) -> bool:
        """Whether ``now`` is in them. ``start`` after ``end`` goes over midnight."""
        hour = dt.datetime.fromtimestamp(now, LONDON).time()
        if self.start <= self.end:
            return self.start <= hour < self.end
        return hour >= self.start or hour < self.end

    def left(self, now: int) -> float:
        """Seconds until they end; 0 outside them."""
        if not self.holds(now):
            return 0.0
        here = dt.datetime.fromtimestamp(now, LONDON)
        end = here.replace(hour=self.end.hour, minute=self.end.minute, second=self.end.second, microsecond=0)
        if here.time() >= self.end:
            end += dt.timedelta(days=1)
        return max(1.0, end.timestamp() - now)

    def within(self, begin: int, end: int) -> int:
        """Seconds of quiet between two moments. Of a longer time only the last ``LOOK_BACK`` days are looked at."""
        begin = max(begin, end - LOOK_BACK * DAY)
        first, last = (dt.datetime.fromtimestamp(at, LONDON).date() for at in (begin, end))
        nights = (first + dt.timedelta(days=number) for number in range(-1, (last - first).days + 1))
        return sum(max(0, min(end, until) - max(begin, since)) for since, until in map(self._of, nights))

    def _of(self, day: dt.date) -> tuple[int, int]:
        """The quiet hours that begin on a London day, as moments."""
        until = day if self.start < self.end else day + dt.timedelta(days=1)
        both = dt.datetime.combine(day, self.start, LONDON), dt.datetime.combine(until, self.end, LONDON)
        return int(both[0].timestamp()), int(both[1].timestamp())


def backed_off(usual: float, failures: int) -> float:
    """The pause after so many failures in a row: the usual one, doubled with each, up to ``LONGEST_PAUSE``."""
    most = max(usual, LONGEST_PAUSE)
    return min(most, usual * 2.0 ** min(failures, 60))


def pause(now: int, usual: float, failures: int, quiet: Quiet | None, chance: float) -> float:
    """Seconds from ``now`` to the next pass. ``chance`` (0 to 1) is the luck of the draw for the jitter.

    A pause that would end in quiet hours ends with them, and the jitter then only makes it longer.
    """
    length = backed_off(usual, failures) * (1 - JITTER + 2 * JITTER * chance)
    rest = quiet.left(int(now + length)) if quiet else 0.0
    return length + rest + (usual * JITTER * chance if rest else 0.0)


def full_due(now: int, last: str, hour: int) -> bool:
    """Whether everything is to be read anew: once a London day, from ``hour`` on. ``last`` is the day of the last one.

    ``last`` is empty where there was none: the very first pass reads everything anyway.
    """
    return bool(last) and daily_due(now, last, hour)


def daily_due(now: int, last: str, hour: int) -> bool:
    """Whether something done once a London day, from ``hour`` on, is due. ``last`` is the day it was last done."""
    here = dt.datetime.fromtimestamp(now, LONDON)
    return last != day(now).isoformat() and here.hour >= hour


def jumped(wall_passed: float, really_passed: float) -> float:
    """By how many seconds the wall clock went astray (back: negative); 0 where it is no more than clocks do."""
    astray = wall_passed - really_passed
    return astray if abs(astray) >= JUMP else 0.0
