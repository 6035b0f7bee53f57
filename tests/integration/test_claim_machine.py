"""The life of claims under everything that can happen at once, against a model a person can hold in their head.

Learners are graded up and down, registered, suspended; claims are approved, held, released and withdrawn; exports meet
faults. The real store, the real portal and the real rules run; only the LMS is one that lives in memory.
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
from nvqsync import store_audit
from nvqsync.claims import Event, Status
from nvqsync.errors import PortalError
from nvqsync.proposing import Claim
from tests.workshop import UNITS, Workshop, set_up

NEEDED, SPARE = UNITS[:6], UNITS[6]
NAMES = ("", "Sasha Registered")
FAULTS = ("refused", "unavailable", "cut", "lost_answer", "cut_answer", "garbage", "doubled_answer", "stranger",
          "partial_answer", "partial_batch")  # fmt: skip
CLOSED = {"withdrawn", "returned"}
GONE = {"exported", "submitted", "unknown", "acknowledged", "awaiting_authorisation"}
BY_HAND = {"proposed": {Event.APPROVE, Event.HOLD, Event.WITHDRAW}, "on_hold": {Event.RELEASE, Event.WITHDRAW},
           "approved": {Event.HOLD, Event.WITHDRAW}, "exported": {Event.WITHDRAW}}  # fmt: skip
"""What a person may do, written down once more: the table in the code is what is being tried."""

learners = st.integers(1, 3)


@dataclass
class Person:
    """A learner as the model knows them: what is true in the LMS, and what of it nvqsync has read."""

    passed: set[str] = field(default_factory=set)
    active: bool = True
    registered: bool = False
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
            person.read = (frozenset(person.passed), person.active)
        again = self.shop.sync()
        assert set(again.claims.values()) == {0}
        assert [course.changes for course in again.courses] == [{"appeared": 0, "altered": 0, "vanished": 0}]
        for number, person in self.people.items():
            mine = self.claims_of(number)
            if not mine:
                assert not person.read[0] >= set(NEEDED)
            for claim in mine:
                assert claim.status is not Status.APPROVED or person.may_be_claimed_for

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
            assert self.people[int(before.learner_id)].may_be_claimed_for
            assert (after.status, after.blockers) == (Status.APPROVED, ())
        if event is Event.WITHDRAW and before.key not in self.shop.books():
            self.taken_back.add(before.key)

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
            assert self.people[int(claim.learner_id)].may_be_claimed_for

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

    def claim(self, claim_id: int) -> Claim:
        return next(claim for claim in self.shop.claims() if claim.id == claim_id)

    @invariant()
    def at_most_one_claim_is_open_or_certificated(self) -> None:
        """For each learner, whatever facts changed."""
        open_claims = [claim.learner_id for claim in self.shop.claims() if claim.status.value not in CLOSED]
        assert len(open_claims) == len(set(open_claims))

    @invariant()
    def the_portal_has_what_was_approved_and_has_it_once(self) -> None:
        """Nothing arrived twice, nothing that was withdrawn before it left, nothing that nobody approved."""
        books = self.shop.books()
        assert all(book["received"] == 1 for book in books.values())
        assert not self.taken_back & books.keys()
        keys = {claim.key: claim.id for claim in self.shop.claims()}
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
            assert (claim.status, claim.certificate_number) == (Status.CERTIFICATED, number)
            lost = set(NEEDED) - self.people[int(claim.learner_id)].read[0]
            assert lost == set() or [c.id for c in claim.cautions if c.id == "CERT-1"] == ["CERT-1"]

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
                if claim.key in books:
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
