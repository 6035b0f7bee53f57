"""Four eyes by data: who may approve a claim, and what happens to it when the people behind it change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvqsync.centre import Account
from nvqsync.claims import Status
from nvqsync.gates import ClaimFacts
from nvqsync.gating.four_eyes import changed, people_json, why_not
from nvqsync.model import UnitStatus
from nvqsync.proposing import Move, propose
from tests.unit.claim_records import ENOUGH, after, outcome, row
from tests.unit.quality_records import ASSESSOR, IQA, OTHER_IQA, RELEASE, SIMULATION, assessed, by, good, staffed

OFFICER = Account("j.lister", no_lms_user=True)
PEOPLE = people_json(good())


@pytest.mark.parametrize(
    ("account", "word"),
    [
        (None, "nvqsync centre account"),
        (Account("j.lister"), "nvqsync centre account"),
        (Account("m.reyes", "3"), "A3, F1, C1"),
        (Account("g.price", "31"), "as IQA"),
    ],
)
def test_whoever_assessed_or_verified_or_is_nobody_known_is_refused(account: Account | None, word: str) -> None:
    """The assessor, the IQA, an account nobody has on record, and one that is linked to nothing cannot approve."""
    assert word in (why_not(account, PEOPLE) or "")


@pytest.mark.parametrize("account", [OFFICER, Account("h.nkemelu", "32")])
def test_anybody_else_who_is_known_may_approve(account: Account) -> None:
    """An account without a Moodle user, and one whose user had no part in the claim, may approve it."""
    assert why_not(account, PEOPLE) is None


@pytest.mark.parametrize(
    "changes",
    [
        assessed(by("F1", "3", "40")),
        assessed(by("F1", "3", signed_by="40")),
        {**assessed(by("C1", "3", method="S")), "simulations": (replace(SIMULATION, agreed_by="40"),)},
        {**assessed(by("C1", "3", method="S")), "simulations": (replace(SIMULATION, sampled_by="40"),)},
    ],
)
def test_every_hand_counts(changes: dict[str, Any]) -> None:
    """Who saved a grade again, signed off, agreed or sampled a simulation had a part as well, and nobody else has."""
    assert why_not(Account("somebody", "40"), people_json(good(**changes)))
    assert why_not(Account("somebody", "41"), people_json(good(**changes))) is None


def test_an_unknown_grader_could_be_anybody() -> None:
    """Where Moodle does not say who graded, nobody can approve: not even an account without a Moodle user."""
    people = people_json(good(**assessed(by("F1", "", signed_by="3"))))
    assert "F1" in (why_not(OFFICER, people) or "")


def test_a_claim_that_names_nobody_waits_for_a_pass() -> None:
    """Where a claim does not hold who stands behind it, nothing is taken for granted."""
    assert "nvqsync sync" in (why_not(OFFICER, {}) or "")


def test_a_transferred_unit_has_no_hands_here() -> None:
    """A certificate from elsewhere was assessed by nobody of this centre."""
    transferred = replace(outcome("A3"), status=UnitStatus.TRANSFERRED, signed_off_by="", decisions=())
    assert "A3" not in people_json(good(**assessed(transferred)))["hands"]


@given(st.lists(st.sampled_from(["3", "4", "5"]), min_size=1, max_size=4), st.sampled_from(["3", "4", "5", "31", "6"]))
def test_nobody_approves_what_they_had_a_hand_in(hands: list[str], who: str) -> None:
    """Whoever graded F1 in whatever order: the only ones who may approve are those who did not, and not its IQA."""
    people = people_json(good(**assessed(by("F1", *hands))))
    assert (why_not(Account("somebody", who), people) is None) == (who not in {*hands, "3", "31"})


def facts_now(**changes: Any) -> ClaimFacts:
    return good(**staffed(ASSESSOR, IQA, OTHER_IQA), **changes)


def test_a_proposed_claim_learns_of_a_new_release() -> None:
    """A release that comes after the proposal is written into the claim; it does not go on hold for that."""
    now = row(*ENOUGH)
    first = propose(now, [], facts_now(releases=()), ())
    assert first is not None
    waiting = after(first)
    move = propose(now, [waiting], facts_now(releases=(RELEASE,)), ())
    assert move is not None
    assert (move.move, move.status) == (Move.REFRESH, Status.PROPOSED)
    assert move.facts["people"]["releases"] == [1]
    assert "Release 1 was recorded" in move.why
    assert propose(now, [after(move)], facts_now(releases=(RELEASE,)), ()) is None


@pytest.mark.parametrize(
    ("releases", "word"),
    [((), "Release 1 no longer stands"), ((RELEASE, replace(RELEASE, id=2, iqa_id="32")), "Release 2 was recorded")],
)
def test_an_approved_claim_goes_on_hold_when_its_releases_change(releases: tuple[Any, ...], word: str) -> None:
    """A release taken back, or another one, is looked at by whoever approves: the approver may be its IQA."""
    now = row(*ENOUGH)
    first = propose(now, [], facts_now(releases=(RELEASE,)), ())
    assert first is not None
    approved = replace(after(first), status=Status.APPROVED)
    move = propose(now, [approved], facts_now(releases=releases), ())
    assert move is not None
    assert (move.move, move.status) == (Move.HOLD, Status.ON_HOLD)
    assert word in move.why


def test_a_further_grader_is_told_by_unit() -> None:
    """Somebody who saved a grade again since is a change of the people behind that unit, though the grade stands."""
    told = changed(people_json(good()), people_json(good(**assessed(by("F1", "3", "40")))))
    assert "F1" in told
    assert "A3" not in told
    assert changed(people_json(good()), people_json(good())) == ""
