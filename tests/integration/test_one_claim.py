"""One claim for one thing: a candidate with two accounts, and claims that come to stand in each other's way at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.interchange_mock.portal import Portal
from nvqsync.claims import Event, Status
from nvqsync.proposing import Claim
from nvqsync.settling import settle
from nvqsync.storage import store_claims
from tests.workshop import NOON, QUALIFICATION, UNITS, Workshop, set_up


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    """A portal that certificates everything."""
    with Portal(return_rate=0) as running:
        yield running


@pytest.fixture
def shop(tmp_path: Path, portal: Portal) -> Workshop:
    """Two accounts, registered under numbers of their own."""
    return set_up(tmp_path, portal, 2)


def same_number(shop: Workshop) -> None:
    """The second account turns out to be the first candidate's."""
    with shop.open_store() as store:
        second = store_claims.registrations(store, QUALIFICATION, ["2"])
        twin = [replace(one, candidate_number="00000001") for one in second]
        store_claims.record_registrations(store, twin, actor="test", at=NOON)


def settled(shop: Workshop) -> list[Claim]:
    """The queue after it was brought in line once."""
    with shop.open_store() as store:
        settle(shop.app, store, by="test")
    return shop.claims()


def blocked(claim: Claim) -> list[str]:
    return [one.id for one in claim.blockers]


def test_a_unit_claim_gives_way_in_the_very_settling_that_proposes_the_award(shop: Workshop) -> None:
    """The award that is proposed stands for the unit too: the approved unit claim goes on hold at once, not later."""
    shop.lms.grade(1, *UNITS[:2])
    shop.sync()
    shop.register(1)
    shop.request_units(1, "F1")
    assert shop.approve_all() == [1]
    shop.lms.grade(1, *UNITS[2:6])
    shop.sync()
    units, award = shop.claims()
    assert (units.status, blocked(units)) == (Status.ON_HOLD, ["CLM-2"])
    assert "F1 (claim 2)" in units.blockers[0].says
    assert (award.status, blocked(award)) == (Status.PROPOSED, [])
    with shop.open_store() as store:
        settled_again = settle(shop.app, store, by="test")
    assert settled_again.moves == ()
    assert shop.faults() == []


def test_two_accounts_under_one_candidate_number_never_claim_an_award_twice(shop: Workshop) -> None:
    """Finished on both at once: each claim names the other, and neither can be approved until one is withdrawn."""
    shop.sync()
    shop.register(1, 2)
    same_number(shop)
    for number in (1, 2):
        shop.lms.grade(number, *UNITS[:6])
    shop.sync()
    first, second = shop.claims()
    assert (blocked(first), blocked(second)) == (["CLM-2"], ["CLM-2"])
    assert "claim 2 of account 2" in first.blockers[0].says
    assert all(result.refused for result in shop.act(Event.APPROVE, 1, 2))
    shop.act(Event.WITHDRAW, 2)
    assert blocked(settled(shop)[0]) == []
    assert not shop.act(Event.APPROVE, 1)[0].refused


def test_a_number_corrected_later_puts_the_second_claim_on_hold(shop: Workshop) -> None:
    """Approved while both numbers were different; the facts are looked at again, and both wait for a person."""
    for number in (1, 2):
        shop.lms.grade(number, *UNITS[:6])
    shop.sync()
    shop.register(1, 2)
    assert shop.approve_all() == [1, 2]
    same_number(shop)
    first, second = settled(shop)
    assert (first.status, blocked(first)) == (Status.ON_HOLD, ["CLM-2"])
    assert (second.status, blocked(second)) == (Status.ON_HOLD, ["CLM-2"])


def test_a_unit_is_claimed_once_for_a_candidate_with_two_accounts(shop: Workshop) -> None:
    """The second account is told which claim stands; the database refuses one that is written all the same."""
    for number in (1, 2):
        shop.lms.grade(number, "F1", "F2")
    shop.sync()
    shop.register(1, 2)
    same_number(shop)
    assert shop.request_units(1, "F1").units == ("F1",)
    asked = shop.request_units(2, "F1", "F2")
    assert asked.units == ("F2",)
    assert asked.left_out == (("F1", "Claim 1 stands for it."),)
    with shop.open_store() as store:
        again = """INSERT INTO claim_units SELECT 2, awarding_body, '2', candidate_number, unit_reference, 1
            FROM claim_units WHERE claim_id = 1"""
        with pytest.raises(sqlite3.IntegrityError, match=r"claim_units\.candidate_number"), store.writing():
            store.execute(again)


def test_a_unit_claimed_under_two_numbers_that_prove_one_blocks_both(shop: Workshop) -> None:
    """The database could not know; the gate finds it as soon as the registration is put right."""
    for number in (1, 2):
        shop.lms.grade(number, "F1")
    shop.sync()
    shop.register(1, 2)
    for number in (1, 2):
        shop.request_units(number, "F1")
    assert [blocked(claim) for claim in settled(shop)] == [[], []]
    same_number(shop)
    assert [blocked(claim) for claim in settled(shop)] == [["CLM-2"], ["CLM-2"]]
