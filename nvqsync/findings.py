"""What an examination found: one line each, ok, warn or fail, with the next step. Pure; ``nvqsync doctor`` prints them.

A connector may bring an examination of its own far end (``nvqsync.hookspecs.LmsOffer.examine``). Findings are shown to
people and copied into tickets: no secret, ULN or name of a learner ever stands in one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum


class Status(StrEnum):
    """How it stands with one thing. Words are part of the JSON interface."""

    OK = "ok"
    WARN = "warn"  # works, but somebody should look
    FAIL = "fail"  # does not work until somebody acts


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at (``id`` is stable), how it stands, in words, and what to do about it."""

    id: str
    status: Status
    says: str
    next_step: str = ""

    def as_json(self) -> dict[str, str | None]:
        """The line's part of ``nvqsync doctor --json``."""
        return {**asdict(self), "status": self.status.value, "next_step": self.next_step or None}


def ok(id_: str, says: str) -> Finding:
    """A line with nothing to do."""
    return Finding(id_, Status.OK, says)


def warn(id_: str, says: str, next_step: str) -> Finding:
    """A line that somebody should look at."""
    return Finding(id_, Status.WARN, says, next_step)


def fail(id_: str, says: str, next_step: str) -> Finding:
    """A line that needs somebody before all works."""
    return Finding(id_, Status.FAIL, says, next_step)
