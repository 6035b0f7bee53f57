"""The life of claims under everything that can happen at once, against a model a person can hold in their head.

Learners are graded up and down, registered, suspended; leavers' units are requested; claims are approved, held,
released, withdrawn and made again; people record what they hear; exports meet faults. The real store, the real portal
and the real rules run; only the LMS is one that lives in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from connectors.interchange_mock.portal import Portal
from nvqsync.claims import Event, Status
from nvqsync.errors import PortalError
from nvqsync.model import ClaimKind
from nvqsync.proposing import Claim
from nvqsync.storage import store_audit
from tests.workshop import UNITS, Workshop, set_up

NEEDED, SPARE = UNITS[:6], UNITS[6]
NAMES = ("", "Sasha Registered")
FAULTS = ("refused", "unavailable", "cut", "lost_answer", "cut_answer", "garbage", "doubled_answer", "stranger",
          "partial_answer", "partial_batch")  # fmt: skip
CLOSED = {"withdrawn", "returned", "revoked"}
WAITING = {"proposed", "on_hold", "approved"}
GONE = {"exported", "submitted", "unknown", "acknowledged", "awaiting_authorisation"}
BY_HAND = {"proposed": {Event.APPROVE, Event.HOLD, Event.WITHDRAW}, "on_hold": {Event.RELEASE, Event.WITHDRAW},
           "approved": {Event.HOLD, Event.WITHDRAW}, "exported": {Event.WITHDRAW},
           "recalled": {Event.WITHDRAW}}  # fmt: skip
"""What a person may do, written down once more: the table in the code is what is being tried."""
RECORDS = {"recalled": {"exported", "submitted", "unknown", "acknowledged", "certificated"},
           "revoked": {"certificated", "recalled"}, "received": {"certificated"}, "handed_over": {"certificated"},
           "returned": {"exported", "submitted", "unknown", "acknowledged", "recalled"}}  # fmt: skip
"""From where a person may record what, whether or not the portal would say the same."""

learners = st.integers(1, 3)


def codes(claim: Claim) -> set[str]:
    """The units a claim names."""
    return {unit["code"] for unit in claim.facts["units"]}


@dataclass
class Person:
    """A learner as the model knows them: what is true in the LMS, and what of it nvqsync has read."""

    passed: set[str] = field(default_factory=set)
    active: bool = True
    registered: bool = False
    known: bool = False
    read: tuple[frozenset[str], bool] = (frozenset(), True)

    @property
    def may_be_claimed_for(self) -> bool:
        """On what was read last: every unit needed, on the course, registered."""
        passed, active = self.read
        return passed >= set(NEEDED) and active and self.registered


class ClaimMachine(RuleBasedStateMachine):
    """Three learners, one qualification, one portal."""

    portal: Portal

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.people = {number: Person() for number in (1, 2, 3)}
        self.certificates: dict[int, str] = {}
        self.undone: set[int] = set()
        self.taken_back: set[str] = set()
        self.shop: Workshop

    @initialize(fault=st.sampled_from([None, "", *FAULTS]))
    def open(self, fault: str | None) -> None:
        """A portal that has forgotten everything, and a college whose first two learners have just finished.

        Without ``None`` for a fault, their claims have gone out already.
        """
        folder = Path(self.stack.enter_context(TemporaryDirectory()))
        self.shop = set_up(folder, self.portal, 3)
        for number in (1, 2):
            self.grade(number, NEEDED, met=1)
        self.sync()
        for number in (1, 2):
            self.register(number, "")
        if fault is not None:
            self.a_mornings_work(fault)

    # ------------------------------------------------------------ the college

    @rule(
        number=learners, units=st.sampled_from([NEEDED, NEEDED, (SPARE,), (NEEDED[0],)]), met=st.sampled_from([1, 1, 0])
    )
    def grade(self, number: int, units: tuple[str, ...], met: int) -> None:
        """An assessor gives or takes back grades."""
        self.shop.lms.grade(number, *units, place=1 + met)
        passed = self.people[number].passed
        (passed.update if met else passed.difference_update)(units)

    @rule(number=learners, active=st.booleans())
    def suspend(self, number: int, active: bool) -> None:
        """A learner leaves the course or comes back."""
        self.shop.lms.change(number, active=active)
        self.people[number].active = active

    @rule(number=learners, name=st.sampled_from(NAMES))
    def register(self, number: int, name: str) -> None:
        """The exams officer imports a registration, perhaps with a corrected name."""
        self.shop.register(number, name=name)
        self.people[number].registered = True

    @rule()
    def sync(self) -> None:
        """A pass; a second one right after it changes nothing."""
        self.shop.sync()
        for person in self.people.values():
            person.read, person.known = (frozenset(person.passed), person.active), True
        again = self.shop.sync()
        assert set(again.claims.values()) == {0}
        assert [course.changes for course in again.courses] == [{"appeared": 0, "altered": 0, "vanished": 0}]
        for number, person in self.people.items():
            mine = self.claims_of(number)
            if not any(claim.kind is ClaimKind.FULL_AWARD for claim in mine):
                assert not person.read[0] >= set(NEEDED)
            for claim in mine:
                assert claim.status is not Status.APPROVED or self.may_go(claim)

    # ------------------------------------------------------------ the exams officer

    @rule(
        event=st.sampled_from([Event.APPROVE, Event.APPROVE, Event.RELEASE, Event.HOLD, Event.WITHDRAW]), data=st.data()
    )
    def act(self, event: Event, data: st.DataObject) -> None:
        """A person does something with any claim; what must not be is refused and changes nothing."""
        claims = self.shop.claims()
        if not claims:
            return
        before = data.draw(st.sampled_from(claims))
        (result,) = self.shop.act(event, before.id)
        after = self.claim(before.id)
        if result.refused:
            assert after.status is before.status or event in {Event.APPROVE, Event.RELEASE}
            return
        assert event in BY_HAND[before.status.value]
        if event is Event.APPROVE:
            assert self.may_go(before)
            assert (after.status, after.blockers) == (Status.APPROVED, ())
        if event is Event.WITHDRAW and before.key not in self.shop.books():
            self.taken_back.add(before.key)

    @rule(number=learners, only=st.sampled_from([(), (), (NEEDED[0],), (NEEDED[1], SPARE)]))
    def request_units(self, number: int, only: tuple[str, ...]) -> None:
        """A leaver's units are claimed: those that are achieved as last read, and that nothing stands for."""
        standing = {
            code for claim in self.claims_of(number) if claim.status.value not in CLOSED for code in codes(claim)
        }
        free = (self.people[number].read[0] & set(only or (*NEEDED, SPARE))) - standing
        if self.people[number].known:
            assert set(self.shop.request_units(number, *only).units) == free

    @rule(data=st.data())
    def propose_again(self, data: st.DataObject) -> None:
        """A closed claim is made again exactly where its facts still carry one and nothing else stands."""
        closed = [claim for claim in self.shop.claims() if claim.status.value in CLOSED]
        if not closed:
            return
        old = data.draw(st.sampled_from(closed))
        mine = [one for one in self.claims_of(int(old.learner_id)) if one.status.value not in CLOSED]
        read = self.people[int(old.learner_id)].read[0]
        if old.kind is ClaimKind.FULL_AWARD:
            possible = read >= set(NEEDED) and not any(one.kind is old.kind for one in mine)
        else:
            possible = read >= codes(old) and not any(codes(one) & codes(old) for one in mine)
        assert (self.shop.propose_again(old.id) is not None) == possible

    @rule(word=st.sampled_from(sorted(RECORDS)), data=st.data())
    def record(self, word: str, data: st.DataObject) -> None:
        """A person records what the portal's books do not know: a recall, a revocation, the paper's way."""
        claims = [
            claim for claim in self.shop.claims() if claim.status.value not in {"proposed", "on_hold", "approved"}
        ]
        if not claims:
            return
        before = data.draw(st.sampled_from(claims))
        done = self.shop.record(word, before.id)
        after = self.claim(before.id)
        known = bool(getattr(before, f"{word}_on"))
        if done.refused:
            assert after == before
            return
        assert known or before.status.value in RECORDS[word]
        if word in {"received", "handed_over"}:
            assert after.status is before.status
        elif done.changed:
            assert after.status.value == word
            self.undone.add(before.id)

    @rule(fault=st.sampled_from(["", *FAULTS]))
    @precondition(lambda self: any(person.may_be_claimed_for for person in self.people.values()))
    def a_mornings_work(self, fault: str) -> None:
        """Approve everything that nothing blocks, and export it."""
        self.shop.act(Event.APPROVE, *(claim.id for claim in self.shop.claims(Status.PROPOSED) if not claim.blockers))
        self.export(fault)

    @rule(fault=st.sampled_from(["", *FAULTS]))
    def export(self, fault: str) -> None:
        """An export, perhaps on a bad day."""
        approved = {claim.id: claim for claim in self.shop.claims(Status.APPROVED)}
        if fault:
            self.portal.faults.add(fault, on="batches")
        try:
            self.shop.export()
        except PortalError:
            pass
        finally:
            self.portal.faults.clear()
        for claim in approved.values():
            assert self.claim(claim.id).status is not Status.APPROVED
            assert self.may_go(claim)

    @rule(fault=st.sampled_from(["", "", "garbage", "partial_answer", "stranger"]))
    def reconcile(self, fault: str) -> None:
        """A question to the portal, perhaps on a bad day."""
        if fault:
            self.portal.faults.add(fault, on="query")
        self.shop.reconcile()
        self.portal.faults.clear()
        for claim in self.shop.claims():
            if claim.status is Status.CERTIFICATED:
                self.certificates.setdefault(claim.id, claim.certificate_number)

    # ------------------------------------------------------------ what always holds

    def claims_of(self, number: int) -> list[Claim]:
        return [claim for claim in self.shop.claims() if claim.learner_id == str(number)]

    def may_go(self, claim: Claim) -> bool:
        """Whether the claim may leave, on what was read last of its learner."""
        person = self.people[int(claim.learner_id)]
        if claim.kind is ClaimKind.FULL_AWARD:
            return person.may_be_claimed_for
        return person.read[0] >= codes(claim) and person.read[1] and person.registered

    def claim(self, claim_id: int) -> Claim:
        return next(claim for claim in self.shop.claims() if claim.id == claim_id)

    @invariant()
    def at_most_one_claim_is_open_or_certificated(self) -> None:
        """For each learner, whatever facts changed."""
        standing = [claim for claim in self.shop.claims() if claim.status.value not in CLOSED]
        awards = [claim.learner_id for claim in standing if claim.kind is ClaimKind.FULL_AWARD]
        units = [
            (claim.learner_id, code) for claim in standing if claim.kind is ClaimKind.UNITS for code in codes(claim)
        ]
        assert len(awards) == len(set(awards))
        assert len(units) == len(set(units))

    @invariant()
    def every_claim_has_a_key_of_its_own_and_a_reason_to_wait(self) -> None:
        """Nothing travels under another's key, and what is on hold says why, as a code and in words."""
        claims = self.shop.claims()
        assert len({claim.key for claim in claims}) == len(claims)
        for claim in claims:
            assert (claim.status is Status.ON_HOLD) <= bool(claim.hold_code and claim.hold_reason)

    @invariant()
    def the_portal_has_what_was_approved_and_has_it_once(self) -> None:
        """Nothing arrived twice, nothing withdrawn or taken back before it left, nothing that nobody approved."""
        books = self.shop.books()
        assert all(book["received"] == 1 for book in books.values())
        assert not self.taken_back & books.keys()
        keys = {claim.key: claim.id for claim in self.shop.claims()}
        assert not books.keys() & {claim.key for claim in self.shop.claims() if claim.status.value in WAITING}
        with self.shop.open_store() as store:
            for key in books:
                story = store_audit.audit_story(store, f"claim:{keys[key]}")
                left = next(place for place, entry in enumerate(story) if entry["to_status"] == "exported")
                assert (story[left - 1]["to_status"], story[left]["from_status"]) == ("approved", "approved")
                assert any(entry["action"] == "approve" and entry["actor"] == "officer" for entry in story[:left])

    @invariant()
    def a_certificate_is_never_silently_undone(self) -> None:
        """Status and number stay; what was lost under it is a caution beside it."""
        claims = {claim.id: claim for claim in self.shop.claims()} if self.certificates else {}
        for claim_id, number in self.certificates.items():
            claim = claims[claim_id]
            assert claim.certificate_number == number
            if claim_id not in self.undone:
                assert claim.status is Status.CERTIFICATED
                lost = codes(claim) - self.people[int(claim.learner_id)].read[0]
                assert bool(lost) == bool(claim.recall_notice)

    @invariant()
    def the_log_is_whole(self) -> None:
        """And every claim is where it says."""
        assert self.shop.faults() == []

    def teardown(self) -> None:
        """In the end nothing hangs: what left is certificated or returned, on both sides alike."""
        if hasattr(self, "shop"):
            self.sync()
            self.portal.faults.clear()
            self.shop.finish()
            claims, books = self.shop.claims(), self.shop.books()
            assert not [claim.id for claim in claims if claim.status.value in GONE]
            for claim in claims:
                if claim.key in books and claim.id not in self.undone:
                    assert claim.status.value == books[claim.key]["outcome"]
        self.stack.close()


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    with Portal(return_rate=0) as running:
        yield running


def test_claims_keep_their_promises_whatever_happens(portal: Portal) -> None:
    """A few hundred steps in random order; the shortest one that breaks a promise is printed."""
    quick: dict[str, Any] = {"max_examples": 18, "stateful_step_count": 16, "deadline": None, "derandomize": True}
    everything = settings(**quick, suppress_health_check=list(HealthCheck))
    machine = type("Machine", (ClaimMachine,), {"portal": portal})
    run_state_machine_as_test(machine, settings=everything)
