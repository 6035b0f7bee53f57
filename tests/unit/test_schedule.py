"""When the next pass begins."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvqsync.clock import LONDON, day
from nvqsync.service.schedule import JITTER, LONGEST_PAUSE, Quiet, backed_off, daily_due, full_due, jumped, pause

moments = st.integers(1_700_000_000, 1_900_000_000)
hours = st.times().map(lambda time: time.replace(microsecond=0, tzinfo=None))
quiets = st.tuples(hours, hours).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: Quiet(*pair))


def at(text: str) -> int:
    """A London wall-clock moment as seconds since 1970."""
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=LONDON).timestamp())


def test_a_pause_doubles_with_each_failure_up_to_two_hours() -> None:
    """Quarter of an hour, half an hour, an hour, then two hours and no more."""
    assert [backed_off(900, failures) for failures in range(6)] == [900, 1800, 3600, 7200, 7200, 7200]


def test_a_daemon_that_passes_once_a_day_is_never_hurried() -> None:
    """A usual pause longer than the longest after failures stays what it is."""
    assert [backed_off(86_400, failures) for failures in (0, 1, 50)] == [86_400] * 3


@given(st.floats(1, 1e6), st.integers(0, 10_000))
def test_failures_never_shorten_a_pause(usual: float, failures: int) -> None:
    """However often it failed, the pause is at least the usual one, at most the longest, and never less than before."""
    assert usual <= backed_off(usual, failures) <= max(usual, LONGEST_PAUSE)
    assert backed_off(usual, failures) <= backed_off(usual, failures + 1)


@pytest.mark.parametrize(
    ("start", "end", "moment", "left"),
    [
        ("07:30", "09:00", "2026-11-10T07:29:59", 0),
        ("07:30", "09:00", "2026-11-10T07:30:00", 5400),
        ("07:30", "09:00", "2026-11-10T08:59:59", 1),
        ("07:30", "09:00", "2026-11-10T09:00:00", 0),
        ("22:00", "06:00", "2026-11-10T21:59:00", 0),
        ("22:00", "06:00", "2026-11-10T23:00:00", 7 * 3600),
        ("22:00", "06:00", "2026-11-11T05:00:00", 3600),
        ("22:00", "06:00", "2026-10-24T23:00:00", 8 * 3600),  # clocks go back in this night
        ("22:00", "06:00", "2027-03-27T23:00:00", 6 * 3600),  # and forward in this one
    ],
)
def test_quiet_hours_are_londons(start: str, end: str, moment: str, left: float) -> None:
    """From the first hour inclusive to the second exclusive, over midnight too, by the clock on the wall."""
    quiet = Quiet(dt.time.fromisoformat(start), dt.time.fromisoformat(end))
    assert quiet.left(at(moment)) == left
    assert quiet.holds(at(moment)) is (left > 0)


@pytest.mark.parametrize(
    ("start", "end", "begin", "until", "seconds"),
    [
        ("22:00", "06:00", "2026-11-09T20:00:00", "2026-11-10T09:00:00", 8 * 3600),
        ("22:00", "06:00", "2026-11-09T23:00:00", "2026-11-10T01:30:00", 9000),
        ("22:00", "06:00", "2026-11-10T02:00:00", "2026-11-11T23:00:00", 13 * 3600),
        ("22:00", "06:00", "2026-11-10T07:00:00", "2026-11-10T21:00:00", 0),
        ("07:30", "09:00", "2026-11-09T00:00:00", "2026-11-11T08:00:00", 2 * 5400 + 1800),
        ("22:00", "06:00", "2026-10-24T21:00:00", "2026-10-25T07:00:00", 9 * 3600),  # clocks go back in this night
        ("22:00", "06:00", "2027-03-27T21:00:00", "2027-03-28T07:00:00", 7 * 3600),  # and forward in this one
    ],
)
def test_quiet_time_is_counted(start: str, end: str, begin: str, until: str, seconds: int) -> None:
    """What a monitor does not hold against a pass that could not begin."""
    quiet = Quiet(dt.time.fromisoformat(start), dt.time.fromisoformat(end))
    assert quiet.within(at(begin), at(until)) == seconds


@given(moments, quiets, st.integers(0, 5 * 86_400), st.integers(0, 5 * 86_400))
def test_quiet_time_adds_up(begin: int, quiet: Quiet, first: int, second: int) -> None:
    """However a time is divided, and never more than all of it."""
    middle, end = begin + first, begin + first + second
    assert quiet.within(begin, middle) + quiet.within(middle, end) == quiet.within(begin, end) <= first + second


def test_of_a_long_time_only_the_last_month_counts() -> None:
    """A roster that was never read is as old as 1970: that costs no more to count than a month."""
    quiet = Quiet(dt.time(22), dt.time(6))
    assert quiet.within(0, at("2026-09-10T12:00")) == 30 * 8 * 3600


@given(moments, quiets, st.floats(60, 86_400), st.integers(0, 20), st.floats(0, 1))
def test_no_pass_begins_in_quiet_hours(now: int, quiet: Quiet, usual: float, failures: int, chance: float) -> None:
    """Wherever a pause would have ended, it ends outside them; only jitter may carry it into the next ones."""
    ends = now + pause(now, usual, failures, quiet, chance)
    jitter = usual * JITTER * chance
    assert not quiet.holds(int(ends)) or not quiet.holds(int(ends - jitter))


@given(moments, st.floats(60, 86_400), st.floats(0, 1))
def test_the_jitter_is_a_twentieth(now: int, usual: float, chance: float) -> None:
    """Without quiet hours a pause is the usual one, give or take 5 %."""
    assert 0.949 * usual <= pause(now, usual, 0, None, chance) <= 1.051 * usual


def test_everything_is_read_anew_once_a_day_from_its_hour_on() -> None:
    """Not before the hour, not twice on a day, and not on the very first day."""
    assert not full_due(at("2026-11-10T01:59:00"), "2026-11-09", 2)
    assert full_due(at("2026-11-10T02:00:00"), "2026-11-09", 2)
    assert full_due(at("2026-11-10T23:59:00"), "2026-11-09", 2)
    assert not full_due(at("2026-11-10T03:00:00"), "2026-11-10", 2)
    assert not full_due(at("2026-11-10T03:00:00"), "", 2)


@given(moments, moments)
def test_a_clock_that_was_wrong_for_a_while_holds_nothing_up(now: int, wrong: int) -> None:
    """Whatever day was written down under a wrong clock, the next real day is due, in the past or in the future."""
    last = day(wrong).isoformat()
    assert daily_due(now, last, 0) is (last != day(now).isoformat())


@pytest.mark.parametrize(
    ("wall", "real", "astray"), [(900, 900, 0), (960, 900, 0), (4500, 900, 3600), (-2700, 900, -3600)]
)
def test_a_clock_that_jumped_is_noticed(wall: float, real: float, astray: float) -> None:
    """A minute is drift or a leap; an hour is a jump, with its direction."""
    assert jumped(wall, real) == astray
