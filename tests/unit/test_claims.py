"""A claim's life: the table of transitions and the key a claim travels under."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvqsync.claims import BY_PERSON, CLOSED, GONE, TRANSITIONS, WAITING, Event, Status, advance, claim_key
from nvqsync.errors import NotAllowed
from nvqsync.model import ClaimKind

events = st.lists(st.sampled_from(list(Event)), max_size=30)


def test_every_status_has_its_moves_and_can_be_reached() -> None:
    """No status is forgotten in the table, and each one but the first is where some move leads."""
    assert set(TRANSITIONS) == set(Status)
    reached = {status for moves in TRANSITIONS.values() for status in moves.values()}
    assert reached | {Status.PROPOSED} == set(Status)


def test_a_claim_that_has_gone_is_never_edited_by_hand() -> None:
    """Once it has left, a person can neither approve nor hold it, and only an unsent file can be withdrawn."""
    for status in GONE - {Status.EXPORTED}:
        assert not BY_PERSON & set(TRANSITIONS[status])


def test_what_is_not_in_the_table_is_refused_with_what_is_possible() -> None:
    """The message names the actions that the status does allow."""
    with pytest.raises(NotAllowed) as refused:
        advance(Status.ON_HOLD, Event.APPROVE)
    assert "release" in refused.value.next_step


def walk(path: list[Event]) -> list[Status]:
    """The statuses a claim passes through under a list of events, the impossible ones refused."""
    statuses = [Status.PROPOSED]
    for event in path:
        if event in TRANSITIONS[statuses[-1]]:
            statuses.append(advance(statuses[-1], event))
    return statuses


@given(events)
def test_nothing_is_exported_without_approval(path: list[Event]) -> None:
    """Whatever happens, a claim that left our hands was approved just before it was exported."""
    statuses = walk(path)
    for before, after in itertools.pairwise(statuses):
        if before in WAITING and after in GONE:
            assert (before, after) == (Status.APPROVED, Status.EXPORTED)


@given(events)
def test_a_closed_claim_stays_closed(path: list[Event]) -> None:
    """A withdrawn or returned claim never comes back to life."""
    statuses = walk(path)
    for number, status in enumerate(statuses):
        if status in CLOSED:
            assert statuses[number + 1 :] == []


@given(st.text(max_size=8), st.text(max_size=8), st.integers(0, 3))
def test_the_same_facts_give_the_same_key_and_others_another(learner: str, other: str, ordinal: int) -> None:
    """Keys are deterministic, and two learners or two attempts never share one."""
    key = claim_key("OCR/03455", "12345", learner, ClaimKind.FULL_AWARD, ordinal)
    assert key == claim_key("OCR/03455", "12345", learner, ClaimKind.FULL_AWARD, ordinal)
    assert key != claim_key("OCR/03455", "12345", learner, ClaimKind.FULL_AWARD, ordinal + 1)
    assert (learner == other) == (key == claim_key("OCR/03455", "12345", other, ClaimKind.FULL_AWARD, ordinal))
