"""How long a learner's records must be kept, and why: each rule that still holds, with its day. Pure.

Nothing under a claim may go before the latest day the rules give. A rule whose day is not known yet (a visit that has
not taken place) holds until it is. An open claim, or a place on a roster, holds whatever the day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from nvqsync.centre import Visit
from nvqsync.claims import CLOSED, Status

LEAST_YEARS = 3
UNCLAIMED = "UNCLAIMED"
"""The rule under which the daemon erases by itself."""


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """A rule as people read it: its id, what it says, and where that is written."""

    id: str
    says: str
    source: str


RULES = (
    RetentionRule("RET-1", "Assessment and quality assurance records: three years from the claim or from the "
                  "certificate, the later of the two. Taken for every body, for none gives a shorter time, and for a "
                  "learner without any claim, but with something that one would rest on, from the last thing recorded",
                  "OCR 001, 4.22.3, 4.24.3"),
    RetentionRule("RET-2", "Portfolios under direct claim status: until the next external visit", "OCR 001, 4.24"),
    RetentionRule("RET-3", "Candidates are asked to keep their portfolio and record for one year", "OCR 001, 4.24"),
    RetentionRule("UNCLAIMED", "A learner without any claim and without anything beside grades that one would rest on: "
                  "retention.unclaimed_months from the last thing recorded", "nvqsync"),
    RetentionRule("OPEN", "A claim without a final answer: never", "nvqsync"),
    RetentionRule("ROSTER", "A learner on a course's roster, or recorded as active: never", "nvqsync"),
    RetentionRule("STAFF", "Whoever assessed or verified a learner whose records are kept: as long as those",
                  "nvqsync"),
)  # fmt: skip
"""The rules, for people. What they come to is decided below."""


@dataclass(frozen=True, slots=True)
class ClaimRecord:
    """What retention looks at in a claim. ``direct``: it went out under direct claim status."""

    id: int
    qualification_id: str
    status: Status
    claimed_on: dt.date
    closed_on: dt.date
    certificated_on: dt.date | None = None
    direct: bool = False

    @property
    def open(self) -> bool:
        """Whether its last answer is still to come."""
        return self.status not in CLOSED and self.status is not Status.CERTIFICATED


@dataclass(frozen=True, slots=True)
class Records:
    """What is held of one person, as far as retention asks.

    ``rosters`` are the courses that still list them; ``grounds``: something beside grades that a claim would rest on
    (a registration, a sign-off, an adjustment, an IQA's release, a simulation) is on record.
    """

    learner_id: str
    rosters: tuple[str, ...] = ()
    active: bool = False
    assesses: bool = False
    claims: tuple[ClaimRecord, ...] = ()
    grounds: bool = False
    last_recorded: dt.date | None = None
    asked_on: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Why records must stay: until (not including) the day ``until``; with none, until something else happens."""

    rule: str
    until: dt.date | None
    says: str

    def stands(self, today: dt.date) -> bool:
        """Whether it still holds on a day."""
        return self.until is None or today < self.until


def holds(
    records: Records, visits: Mapping[str, Sequence[Visit]], years: int = LEAST_YEARS, months: int | None = None
) -> tuple[Hold, ...]:
    """Every reason for which one person's records are or were kept. ``visits`` go by qualification.

    ``months`` is how long those are kept who never claimed; ``None``: as many ``years`` as everybody.
    """
    return (*_standing(records), *(hold for claim in records.claims for hold in _of_claim(claim, visits, years)),
            *_without_claim(records, years, months))  # fmt: skip


def binding(holds: Iterable[Hold]) -> Hold | None:
    """The reason that lasts longest: one without a day before any day, then the latest. ``None``: no reason at all."""
    return max(holds, key=lambda hold: (hold.until is None, hold.until or dt.date.min), default=None)


def portfolio_warning(records: Records) -> str:
    """What RET-3 misses: a certificated candidate of whom it is not on record that they were asked."""
    certificated = [claim for claim in records.claims if claim.status is Status.CERTIFICATED]
    if not certificated or records.asked_on:
        return ""
    return "RET-3: it is not on record that the candidate was asked to keep their portfolio for one year."


def _standing(records: Records) -> Iterator[Hold]:
    if records.rosters:
        yield Hold("ROSTER", None, f"On the roster of course {', '.join(records.rosters)}.")
    if records.active:
        yield Hold("ROSTER", None, "Recorded as active with 'nvqsync learner status'.")
    if records.assesses:
        yield Hold("STAFF", None, "Assessed or verified learners whose records are kept.")


def _of_claim(claim: ClaimRecord, visits: Mapping[str, Sequence[Visit]], years: int) -> Iterator[Hold]:
    if claim.open:
        status = claim.status.value.replace("_", " ")
        yield Hold("OPEN", None, f"Claim {claim.id} is {status}: it has no final answer yet.")
        return
    final = claim.certificated_on or claim.closed_on
    start = max(final, claim.claimed_on)
    what = "certificated" if claim.certificated_on and start == claim.certificated_on else claim.status.value
    until = years_after(start, years)
    yield Hold("RET-1", until, f"Claim {claim.id} was {what} on {start}: {years} years from then.")
    if claim.direct:
        yield _next_visit(claim, visits.get(claim.qualification_id, ()))


def _next_visit(claim: ClaimRecord, visits: Sequence[Visit]) -> Hold:
    later = sorted(visit.on for visit in visits if visit.done and visit.on > claim.claimed_on)
    if later:
        says = f"Claim {claim.id} went out under direct claim status; the next external visit was on {later[0]}."
        return Hold("RET-2", later[0] + dt.timedelta(days=1), says)
    says = f"Claim {claim.id} went out under direct claim status, and no external visit since is recorded."
    return Hold("RET-2", None, says)


def _without_claim(records: Records, years: int, months: int | None) -> Iterator[Hold]:
    last = records.last_recorded
    if records.claims or not last:
        return
    says = f"No claim. The last thing recorded is of {last}"
    if months is None or records.grounds:
        yield Hold("RET-1", years_after(last, years), f"{says}: {years} years from then.")
    else:
        yield Hold(UNCLAIMED, months_after(last, months), f"{says}: {months} months from then.")


def years_after(day: dt.date, years: int) -> dt.date:
    """The same day so many years later; 1 March for a 29 February that year has not."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return dt.date(day.year + years, 3, 1)


def months_after(day: dt.date, months: int) -> dt.date:
    """The same day so many months later; the first of the next month where that one is too short."""
    first = dt.date(day.year + (day.month - 1 + months) // 12, (day.month - 1 + months) % 12 + 1, 1)
    same = first + dt.timedelta(days=day.day - 1)
    return same if same.month == first.month else same.replace(day=1)
