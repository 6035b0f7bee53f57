"""The weekly lists: each line just listed and just not."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from nvqsync.centre import EndDate, Visit
from nvqsync.claims import Status
from nvqsync.clock import midday
from nvqsync.model import ClaimKind, EarlierClaim
from nvqsync.progress import LearnerProgress
from nvqsync.weekly import Listed, Why, listed
from tests.unit import made_up
from tests.unit.claim_records import CENTRE, ENOUGH, LEARNER, REGISTRATION, TODAY, claim, facts, outcome, row

DAY = dt.timedelta(days=1)
UNTIL = TODAY + 42 * DAY
GONE = replace(LEARNER, active=False)


def lines(why: Why, found: LearnerProgress, *waiting: Status, **changes: Any) -> list[Listed]:
    around = facts(**{"kind": ClaimKind.UNITS, "learner": found.learner, **changes})
    claims = [claim(found, status, number=number) for number, status in enumerate(waiting, 1)]
    return [line for line in listed(found, around, claims, UNTIL) if line.why is why]


def test_who_is_enrolled_and_not_registered_is_listed_until_they_leave() -> None:
    """With how far they are; a leaver is nobody's to register."""
    (line,) = lines(Why.UNREGISTERED, row("A3"), registrations=())
    assert "1 unit achieved" in line.says
    assert lines(Why.UNREGISTERED, row("A3")) == []
    assert lines(Why.UNREGISTERED, row("A3", learner=GONE), registrations=()) == []
    assert lines(Why.UNREGISTERED, row("A3", learner=GONE), registrations=(), learner_status="active") != []


def test_evidence_of_the_day_before_the_registration_is_listed() -> None:
    """The registration's own day is none too early, and evidence assessed under another qualification is not meant."""
    registered = REGISTRATION.registered_on
    on_the_day, before = (outcome("A3", at=midday(day)) for day in (registered, registered - DAY))
    decided = [replace(one, decisions=tuple(replace(d, decided_at=one.achieved_at or 0) for d in one.decisions))
               for one in (on_the_day, before)]  # fmt: skip
    assert lines(Why.EARLY_EVIDENCE, replace(row(), outcomes=(decided[0],))) == []
    (line,) = lines(Why.EARLY_EVIDENCE, replace(row(), outcomes=(decided[1],)))
    assert (line.units, line.on) == (("A3",), registered - DAY)
    elsewhere = replace(decided[1], cautions=("progressed",))
    assert lines(Why.EARLY_EVIDENCE, replace(row(), outcomes=(elsewhere,))) == []


def test_a_leavers_achieved_units_are_listed_until_somebody_claims_them() -> None:
    """Not those of an active learner, nor what is claimed, open or certificated; a full award is proposed by itself."""
    earlier = EarlierClaim(4, "OCR/90001", ClaimKind.UNITS, (made_up.UNIT_A3.reference,), "", certificated=False)
    (line,) = lines(Why.LEAVERS, row("A3", "F1", learner=GONE))
    assert line.units == ("A3", "F1")
    assert "learner status S7 leaver" in line.next_step
    assert "claims request-units S7 OCR/90001" in line.next_step
    (said,) = lines(Why.LEAVERS, row("A3"), learner_status="leaver")
    assert "learner status" not in said.next_step
    (rest,) = lines(Why.LEAVERS, row("A3", "F1", learner=GONE), earlier=(earlier,))
    assert rest.units == ("F1",)
    assert lines(Why.LEAVERS, row("A3")) == []
    assert lines(Why.LEAVERS, row("A3", learner=GONE), learner_status="active") == []
    assert lines(Why.LEAVERS, row(*ENOUGH, learner=GONE)) == []


def visit(on: dt.date, **about: Any) -> dict[str, Any]:
    return {"centre": replace(CENTRE, visits=(Visit("OCR/90001", on, "M. Visitor", **{"done": False, **about}),))}


@pytest.mark.parametrize(
    ("changes", "on", "word"),
    [
        (visit(UNTIL), UNTIL, "a visit"),
        (visit(TODAY, final=True), TODAY, "the last visit"),
        ({"centre": replace(CENTRE, certification_end=EndDate(True, UNTIL))}, UNTIL, "end of certification"),
        ({"registrations": (replace(REGISTRATION, end=TODAY + DAY),)}, TODAY + DAY, "end of the registration"),
        ({**visit(UNTIL), "registrations": (replace(REGISTRATION, end=TODAY + DAY),)}, TODAY + DAY, "registration"),
        (visit(UNTIL + DAY), None, ""),
        (visit(TODAY - DAY), None, ""),
        (visit(TODAY, done=True), None, ""),
        ({}, None, ""),
    ],
)
def test_a_waiting_claim_is_due_before_the_first_of_what_is_coming(
    changes: dict[str, Any], on: dt.date | None, word: str
) -> None:
    """Planned visits and end dates between today and the horizon, both included."""
    found = lines(Why.DUE, row(*ENOUGH), Status.ON_HOLD, **changes)
    assert [line.on for line in found] == ([on] if on else [])
    assert all(word in line.says and line.claim_id == 1 for line in found)


def test_a_met_rule_that_nobody_claimed_is_due_too() -> None:
    """And what has gone already is not; a claim of other things, with the same body, is no claim of this award."""
    earlier = EarlierClaim(4, "OCR/90001", ClaimKind.FULL_AWARD, (), "", certificated=False)
    others = (replace(earlier, qualification_id="OCR/90002"), replace(earlier, kind=ClaimKind.UNITS))
    (line,) = lines(Why.DUE, row(*ENOUGH), **visit(UNTIL))
    assert "nothing is claimed" in line.says
    assert lines(Why.DUE, row(*ENOUGH), **visit(UNTIL), earlier=others) == [line]
    assert lines(Why.DUE, row(*ENOUGH), **visit(UNTIL), earlier=(*others, earlier)) == []
    assert lines(Why.DUE, row("A3"), **visit(UNTIL)) == []
