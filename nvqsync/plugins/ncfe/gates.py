"""NCFE's own gates: until when it certificates after accreditation has ended. Pure."""

from __future__ import annotations

import datetime as dt

from nvqsync.gates import ClaimFacts, Gate, Severity

BODY = ("NCFE",)
SPECIFICATION = "NCFE qualification specification, page 6"


def last_day(facts: ClaimFacts) -> dt.date | None:
    """The last day to certificate: a year after accreditation (and with it registration) ended, if that is known."""
    ended = facts.centre.registration_end.on
    if ended is None:
        return None
    if (ended.month, ended.day) == (2, 29):
        return dt.date(ended.year + 1, 2, 28)
    return ended.replace(year=ended.year + 1)


def _too_late(facts: ClaimFacts) -> str | None:
    last = last_day(facts)
    if last is None or facts.today <= last:
        return None
    return (
        f"NCFE certificates until a year after accreditation ended, and that was {last}. No claim can be made any more."
    )


def _soon_too_late(facts: ClaimFacts) -> str | None:
    last = last_day(facts)
    if last is None or not dt.timedelta(0) <= last - facts.today <= dt.timedelta(days=90):
        return None
    return f"NCFE certificates until a year after accreditation ended: claims close on {last}."


GATES: tuple[Gate, ...] = (
    Gate("ENT-5", Severity.BLOCKS, "Claims close a year after accreditation ends", SPECIFICATION, _too_late, BODY),
    Gate("ENT-5/soon", Severity.CAUTIONS, "The year after accreditation is nearly over", SPECIFICATION, _soon_too_late,
         BODY),
)  # fmt: skip
"""What NCFE asks of its claims, beyond what every body asks."""
