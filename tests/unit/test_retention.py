"""How long records are kept: the latest day the rules give, and never before."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from nvqsync.centre import Visit
from nvqsync.claims import CLOSED, Status
from nvqsync.record_keeping.retention import (
    UNCLAIMED,
    ClaimRecord,
    Hold,
    Records,
    binding,
    holds,
    months_after,
    portfolio_warning,
    years_after,
)

DAY = dt.date(2026, 11, 10)
days = st.dates(dt.date(2015, 1, 1), dt.date(2040, 12, 31))
FINAL = sorted({*CLOSED, Status.CERTIFICATED})
claims = st.builds(
    ClaimRecord, st.integers(1, 99), st.just("OCR/03455"), st.sampled_from(FINAL), days, days, st.none() | days,
    st.booleans(),
)  # fmt: skip


def claim(status: Status = Status.CERTIFICATED, *, direct: bool = False) -> ClaimRecord:
    """A claim of 10 November 2026, certificated on 1 December."""
    certificated = dt.date(2026, 12, 1) if status is Status.CERTIFICATED else None
    return ClaimRecord(1, "OCR/03455", status, DAY, DAY, certificated, direct)


def last(records: Records, *visits: Visit, years: int = 3) -> Hold | None:
    """The reason that lasts longest."""
    return binding(holds(records, {"OCR/03455": visits}, years))


def test_three_years_from_the_later_of_claim_and_certificate() -> None:
    """RET-1 just holds on the day before, and no longer on the day."""
    hold = last(Records("1", claims=(claim(),)))
    assert hold
    assert (hold.rule, hold.until) == ("RET-1", dt.date(2029, 12, 1))
    assert hold.stands(dt.date(2029, 11, 30))
    assert not hold.stands(dt.date(2029, 12, 1))


def test_a_longer_time_may_be_set() -> None:
    """A centre that keeps records for seven years keeps them for seven."""
    hold = last(Records("1", claims=(claim(),)), years=7)
    assert hold
    assert hold.until == dt.date(2033, 12, 1)


def test_a_direct_claim_waits_for_the_next_visit() -> None:
    """RET-2 has no day before a visit after the claim has taken place; an earlier or a planned one does not count."""
    direct = Records("1", claims=(claim(direct=True),))
    before, planned = Visit("OCR/03455", DAY, "EV"), Visit("OCR/03455", dt.date(2030, 1, 9), "EV", done=False)
    hold = last(direct, before, planned)
    assert hold
    assert (hold.rule, hold.until) == ("RET-2", None)
    late = last(direct, before, Visit("OCR/03455", dt.date(2030, 1, 9), "EV"))
    assert late
    assert (late.rule, late.until) == ("RET-2", dt.date(2030, 1, 10))
    early = last(direct, Visit("OCR/03455", dt.date(2027, 1, 9), "EV"))
    assert early
    assert early.rule == "RET-1"


@given(st.sampled_from(sorted(set(Status) - set(FINAL))), st.lists(claims, max_size=3))
def test_an_open_claim_holds_whatever_the_day(status: Status, others: list[ClaimRecord]) -> None:
    """No other claim and no passing of time lets records under an open claim go."""
    hold = last(Records("1", claims=(*others, claim(status))))
    assert hold
    assert hold.stands(dt.date.max)


def test_who_is_on_a_roster_or_assesses_stays() -> None:
    """Neither they nor an active learner have any day at all."""
    for one in (Records("1", rosters=("7",)), Records("1", active=True), Records("1", assesses=True)):
        hold = last(one)
        assert hold
        assert hold.stands(dt.date.max)


def test_without_a_claim_the_time_runs_from_the_last_thing_recorded() -> None:
    """A person of whom nothing was ever recorded has no reason to stay."""
    hold = last(Records("1", last_recorded=DAY))
    assert hold
    assert hold.until == dt.date(2029, 11, 10)
    assert last(Records("1")) is None


def test_who_never_claimed_is_kept_for_a_set_time() -> None:
    """Months from the last thing recorded; with anything that a claim would rest on, or where nothing is set, years."""
    bare, day = Records("1", last_recorded=DAY), dt.date(2028, 11, 10)
    hold = binding(holds(bare, {}, 3, 24))
    assert hold
    assert (hold.rule, hold.until) == (UNCLAIMED, day)
    assert hold.stands(day - dt.timedelta(days=1)) and not hold.stands(day)
    for one, months in ((bare, None), (replace(bare, grounds=True), 24)):
        hold = binding(holds(one, {}, 3, months))
        assert hold
        assert (hold.rule, hold.until) == ("RET-1", dt.date(2029, 11, 10))


people = st.builds(
    Records, st.just("1"), st.sampled_from([(), ("7",)]), st.booleans(), st.booleans(),
    st.lists(claims, max_size=2).map(tuple), st.booleans(), st.none() | days,
)  # fmt: skip


@given(people, st.integers(6, 240))
def test_nobody_with_grounds_goes_by_themselves(records: Records, months: int) -> None:
    """The daemon's rule is the one that binds only where there is no claim, no place on a roster, and no ground."""
    hold = binding(holds(records, {}, 3, months))
    apart = records.claims or records.rosters or records.active or records.assesses or records.grounds
    assert (hold is not None and hold.rule == UNCLAIMED) is (not apart and records.last_recorded is not None)


@given(days, st.integers(1, 60))
def test_so_many_months_later(day: dt.date, months: int) -> None:
    """The same day of that month, or the first of the next; twelve of them are a year."""
    later = months_after(day, months)
    first = dt.date(day.year + (day.month - 1 + months) // 12, (day.month - 1 + months) % 12 + 1, 1)
    same = later.day == day.day and later.replace(day=1) == first
    assert same or (later.day == 1 and 0 < (later - first).days < 32)
    assert months_after(day, 12) == years_after(day, 1)


@given(st.lists(claims, min_size=1, max_size=4), st.lists(days, max_size=3))
def test_nothing_goes_before_any_claim_may(found: list[ClaimRecord], visited: list[dt.date]) -> None:
    """The day of all is never before three years from any claim or certificate among them."""
    hold = last(Records("1", claims=tuple(found)), *(Visit("OCR/03455", day, "EV") for day in visited))
    assert hold
    if hold.until:
        assert all(hold.until >= years_after(one.claimed_on, 3) for one in found)
        assert all(hold.until >= years_after(one.certificated_on, 3) for one in found if one.certificated_on)
        assert all(any(day > one.claimed_on for day in visited) for one in found if one.direct)


@given(days, st.integers(1, 9))
def test_so_many_years_later_is_the_same_day(day: dt.date, years: int) -> None:
    """Except for 29 February, whose time is over on 1 March."""
    later = years_after(day, years)
    assert later.year == day.year + years
    assert (later.month, later.day) == (day.month, day.day) or (day.month, day.day, later.month) == (2, 29, 3)


def test_a_candidate_who_was_not_asked_is_warned_of() -> None:
    """RET-3 asks for certificated candidates only, and is quiet once they were asked."""
    assert portfolio_warning(Records("1", claims=(claim(),)))
    assert not portfolio_warning(Records("1", claims=(claim(),), asked_on=DAY))
    assert not portfolio_warning(Records("1", claims=(claim(Status.WITHDRAWN),)))
