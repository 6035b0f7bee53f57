"""A monitor's verdict on one nvqsync: each figure against two limits, and one line that says the worst first. Pure.

The line, its figures and the four states are those of the Monitoring Plugins Development Guidelines, which Nagios,
Icinga, Checkmk and Zabbix read: ``NVQSYNC WARNING - words | 'label'=value[unit];warn;crit;min``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from nvqsync.health.watching import Watched

HOUR, MEGABYTE = 3600, 10**6
EVERY = (3, 12)
"""A pass is late after so many times the usual pause, an hour and four hours at least."""


class State(IntEnum):
    """How it stands; the number is the exit status."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """From which figure on it is a warning, and from which it is critical; ``None``: never.

    With ``least`` small figures are the bad ones, such as free room.
    """

    warning: float | None
    critical: float | None
    least: bool = False

    def state(self, value: float) -> State:
        """How it stands with a figure."""
        for limit, state in ((self.critical, State.CRITICAL), (self.warning, State.WARNING)):
            if limit is not None and (value <= limit if self.least else value >= limit):
                return state
        return State.OK


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The limits of every figure: hours, counts, megabytes (10^6 bytes)."""

    pass_age: Limits = Limits(1, 4)
    failing: Limits = Limits(2, 5)
    unknown_age: Limits = Limits(4, 24)
    roster_age: Limits = Limits(14, 36)
    alarms: Limits = Limits(1, None)
    backup_age: Limits = Limits(26, 72)
    free_room: Limits = Limits(1000, 100, least=True)


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its label and value as monitors draw it, its limits in the same unit, and words for when it is bad.

    ``value`` is ``None`` for what never was; then ``state`` says how bad that is.
    """

    label: str
    value: float | None
    unit: str
    limits: Limits
    says: str
    absent: State = State.OK

    @property
    def state(self) -> State:
        """How it stands with it."""
        return self.absent if self.value is None else self.limits.state(self.value)

    def perfdata(self) -> str:
        """The figure with its limits, as monitors read it; empty for what never was."""
        if self.value is None:
            return ""
        colon = ":" if self.limits.least else ""  # "100:" alerts below 100
        both = (self.limits.warning, self.limits.critical)
        limits = ";".join("" if limit is None else f"{limit:.0f}{colon}" for limit in both)
        return f"'{self.label}'={self.value:.0f}{self.unit};{limits};0"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a monitor is told: the state, whose number is the exit status, and the line."""

    state: State
    says: str
    perfdata: str = ""

    def line(self) -> str:
        """The one line."""
        return f"NVQSYNC {self.state.name} - {self.says}" + (f" | {self.perfdata}" if self.perfdata else "")


def usual(watched: Watched) -> Thresholds:
    """The limits where nobody named others: that of a pass follows how often one is made."""
    found = Thresholds()
    low, high = (max(least or 0, times * watched.every / HOUR) for least, times in
                 zip((found.pass_age.warning, found.pass_age.critical), EVERY, strict=True))  # fmt: skip
    return replace(found, pass_age=Limits(low, high))


def verdict(watched: Watched, thresholds: Thresholds | None = None) -> Verdict:
    """The verdict on what was seen, the worst first. Quiet hours make no pass and no roster late."""
    found = list(figures(watched, thresholds or usual(watched)))
    perfdata = " ".join(filter(None, (figure.perfdata() for figure in found)))
    if watched.trouble:
        return Verdict(State.CRITICAL, _plain(watched.trouble), perfdata)
    bad = sorted((figure for figure in found if figure.state), key=lambda figure: -figure.state)
    if bad:
        return Verdict(bad[0].state, _plain("; ".join(figure.says for figure in bad)), perfdata)
    return Verdict(State.OK, _plain(_well(watched)), perfdata)


def figures(watched: Watched, limits: Thresholds) -> Iterator[Figure]:
    """Every figure, in the order in which monitors draw them."""
    if not watched.trouble:
        yield from _of_passes(watched, limits)
        yield from _of_claims(watched, limits)
    age = watched.age(watched.backups.newest_at)
    says = "there is no backup: nvqsync backup" if age is None else f"the newest backup is {_told(age)} old"
    yield Figure("backup_age", age, "s", _times(limits.backup_age, HOUR), says,
                 State.OK if watched.trouble else _no_backup(watched, limits))  # fmt: skip
    free = watched.disk_free_bytes
    says = f"{(free or 0) / MEGABYTE:.0f} MB are free for the database"
    yield Figure("disk_free", free, "B", _times(limits.free_room, MEGABYTE), says)
    yield Figure("database_size", watched.database_bytes, "B", Limits(None, None), "")


def _of_passes(watched: Watched, limits: Thresholds) -> Iterator[Figure]:
    age = watched.last_good_age
    says = f"the last good pass ended {_told(age)} ago" if age is not None else "no pass has come to a good end yet"
    rest = watched.rest(watched.last_good.finished_at if watched.last_good else None)
    yield Figure("pass_age", age, "s", _awake(_times(limits.pass_age, HOUR), rest), says, State.CRITICAL)
    yield Figure("failing_passes", watched.failing, "", limits.failing, f"{watched.failing} passes in a row failed")
    last = watched.last
    none = Limits(None, None)
    if last:
        yield Figure("calls", last.calls, "", none, "")
        yield Figure("retries", last.retries, "", none, "")
        yield Figure("failures", last.failures, "", none, "")


def _of_claims(watched: Watched, limits: Thresholds) -> Iterator[Figure]:
    for status in ("proposed", "on_hold", "approved", "unknown"):
        yield Figure(f"claims_{status}", watched.claims.get(status, 0), "", Limits(None, None), "")
    age = watched.age(watched.oldest_unknown_at)
    says = f"a claim has been without an answer for {_told(age)}: nvqsync reconcile"
    yield Figure("unknown_age", age, "s", _times(limits.unknown_age, HOUR), says)
    age = watched.age(watched.oldest_roster_at)
    late = _awake(_times(limits.roster_age, HOUR), watched.rest(watched.oldest_roster_at))
    yield Figure("roster_age", age, "s", late, f"the oldest roster is {_told(age)} old")
    alarms = sum(watched.alarms.values())
    kinds = ", ".join(f"{count} {what}" for what, count in watched.alarms.items() if count)
    says = f"courses wait for a person's word ({kinds}): nvqsync status"
    yield Figure("alarms", alarms, "", limits.alarms, says)


def _no_backup(watched: Watched, limits: Thresholds) -> State:
    """A college without any backup is warned once it has run for as long as a backup may be old."""
    first = watched.passes[-1].started_at if watched.passes else None
    age = watched.age(first)
    late = limits.backup_age.warning is not None and age is not None and age >= limits.backup_age.warning * HOUR
    return State.WARNING if late else State.OK


def _well(watched: Watched) -> str:
    waiting = sum(watched.claims.get(status, 0) for status in ("proposed", "on_hold"))
    return f"last good pass {_told(watched.last_good_age)} ago, {waiting} claims wait for a person"


def _times(limits: Limits, unit: int) -> Limits:
    low, high = limits.warning, limits.critical
    return Limits(None if low is None else low * unit, None if high is None else high * unit, limits.least)


def _awake(limits: Limits, rest: int) -> Limits:
    """Limits in seconds of an age of which so many were quiet hours: those do not count."""
    low, high = limits.warning, limits.critical
    return Limits(None if low is None else low + rest, None if high is None else high + rest)


def _told(seconds: int | None) -> str:
    """An age in the largest unit that leaves two of it: 45 minutes, 30 hours, 3 days."""
    if seconds is None:
        return "nobody knows how"
    for size, name in ((86_400, "days"), (HOUR, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds // size} {name}"
    return f"{seconds} seconds"


def _plain(text: str) -> str:
    """A text for one line: monitors cut it at a bar."""
    return " ".join(text.replace("|", "/").split())


def parse_limits(text: str, *, least: bool = False) -> Limits:
    """``WARN,CRIT`` as limits; either may be left out. Raises ``ValueError`` with what is wrong, in words."""
    parts: Sequence[str] = [part.strip() for part in text.split(",")]
    if len(parts) > 2:
        raise ValueError(f"{text!r} has {len(parts)} limits: write WARN,CRIT.")
    try:
        low, high = (float(part) if part else None for part in (*parts, "")[:2])
    except ValueError:
        raise ValueError(f"{text!r} is no pair of numbers: write WARN,CRIT, such as 1,4.") from None
    if any(limit is not None and not 0 <= limit < float("inf") for limit in (low, high)):
        raise ValueError(f"{text!r}: limits are numbers from 0 on.")
    if low is not None and high is not None and (low < high if least else low > high):
        raise ValueError(f"{text!r}: the warning must come before the critical limit.")
    return Limits(low, high, least)
