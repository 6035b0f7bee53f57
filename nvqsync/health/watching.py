"""What a monitor wants to know of one nvqsync, as one plain record: ``store_watching`` fills it, others print it.

Pure. Nothing in the record is about a person: counts, ages, sizes. ``metrics`` turns it into Prometheus' text,
``monitoring`` into a Nagios-style verdict, the web server's ``/health`` into JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nvqsync.service.schedule import Quiet

RECENT = 100
"""So many of the latest passes are summed up as the recent ones."""

GOOD = frozenset({"done", "problems"})
"""The outcomes of a pass that read what it was after; ``problems`` waits for a person, and did so in good order."""


@dataclass(frozen=True, slots=True)
class PassSeen:
    """One pass. Moments in seconds since 1970; counts are ``None`` where nobody counted."""

    pass_id: int
    outcome: str
    reads: str
    started_at: int
    finished_at: int | None
    calls: int | None
    retries: int | None
    failures: int
    problems: int

    @property
    def good(self) -> bool:
        """Whether it stands for the whole college: it came to its end, and was not about a few courses or learners."""
        return self.outcome in GOOD and self.reads != "some"

    @property
    def seconds(self) -> int | None:
        """How long it took."""
        return None if self.finished_at is None else self.finished_at - self.started_at


@dataclass(frozen=True, slots=True)
class Backups:
    """The newest backup of the folder (when it was made, its bytes) and how many there are."""

    count: int = 0
    newest_at: int | None = None
    newest_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Watched:
    """Everything a monitor is told. ``trouble`` is why the database cannot be read, in words; empty when it can be.

    ``passes`` are the latest, newest first, ``RECENT`` at most; ``last_good`` is looked for further back. ``alarms``
    counts the courses that wait for a person's word by what is the matter (``unmapped``, ``vanished``). ``every`` are
    the seconds between passes, ``quiet`` the hours in which none begins, as the settings say.
    """

    now: int
    trouble: str = ""
    passes: tuple[PassSeen, ...] = ()
    last_good: PassSeen | None = None
    claims: Mapping[str, int] = field(default_factory=dict)
    oldest_unknown_at: int | None = None
    oldest_roster_at: int | None = None
    courses: int = 0
    alarms: Mapping[str, int] = field(default_factory=dict)
    oldest_alarm_at: int | None = None
    audit_entries: int = 0
    database_bytes: int | None = None
    disk_free_bytes: int | None = None
    backups: Backups = Backups()
    every: float = 900
    quiet: Quiet | None = None

    def age(self, moment: int | None) -> int | None:
        """Seconds since a moment, never below 0 (clocks are set back); ``None`` for one that never was."""
        return None if moment is None else max(0, self.now - moment)

    def rest(self, moment: int | None) -> int:
        """Seconds of quiet hours since a moment."""
        return self.quiet.within(moment, self.now) if self.quiet and moment is not None else 0

    @property
    def last(self) -> PassSeen | None:
        """The latest pass that has ended."""
        return next((one for one in self.passes if one.outcome != "running"), None)

    @property
    def last_good_age(self) -> int | None:
        """Seconds since the last good pass ended."""
        return self.age(self.last_good.finished_at if self.last_good else None)

    @property
    def failing(self) -> int:
        """How many passes in a row, up to the latest, have failed."""
        ended = [one for one in self.passes if one.outcome not in {"running", "interrupted"}]
        return next((number for number, one in enumerate(ended) if one.outcome != "failed"), len(ended))

    def as_json(self) -> dict[str, Any]:
        """The part of ``/health`` that monitors read: ages in seconds, counts, bytes; null for what never was."""
        return {
            "last_good_pass_age": self.last_good_age,
            "failing_passes": self.failing,
            "claims": dict(self.claims),
            "oldest_unknown_claim_age": self.age(self.oldest_unknown_at),
            "oldest_roster_age": self.age(self.oldest_roster_at),
            "alarms": dict(self.alarms),
            "database_bytes": self.database_bytes,
            "disk_free_bytes": self.disk_free_bytes,
            "backup_age": self.age(self.backups.newest_at),
        }
