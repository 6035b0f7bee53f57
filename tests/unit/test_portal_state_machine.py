"""Any sequence of submissions, repeats, questions, verifiers and restarts leaves one certificate a claim at most."""

from __future__ import annotations

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from connectors.interchange_mock import keep
from connectors.interchange_mock.documents import SentBatch, read_batch
from connectors.interchange_mock.records import Claim, Conflict, Outcome, Terms
from connectors.interchange_mock.state import PortalState
from nvqsync.exports import batch_json
from nvqsync.model import BatchClaim
from tests.unit.portal_batches import A3, CENTRE, F1, F2, NOW, a_batch, a_claim, for_units

NUMBERS = ("10000001", "10000002")
UNITS = ((F1,), (F2,), (F1, F2), (F2, A3))


def _sent(claims: list[BatchClaim]) -> SentBatch:
    return read_batch(batch_json.render(a_batch(*claims)))


def _pool() -> list[BatchClaim]:
    """Many claims over few candidates and units, so that they get into one another's way."""
    shapes = [(number, units) for number in NUMBERS for units in UNITS]
    awards = [a_claim(f"award-{place}", number, units) for place, (number, units) in enumerate(shapes)]
    return awards + [
        for_units(a_claim(f"units-{place}", number, units)) for place, (number, units) in enumerate(shapes)
    ]


class PortalLife(RuleBasedStateMachine):
    """A portal that is used, abused, closed and reopened, against a short list of what must always hold."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.state = PortalState(Terms(seed=3, return_rate=0.2, issue_after_polls=2, issue_after_seconds=60))
        for number in NUMBERS:
            self.state.register("OCR", CENTRE, number, "03455")
        self.numbers: dict[str, str] = {}
        self.final: dict[str, Outcome] = {}

    @rule(claims=st.lists(st.sampled_from(_pool()), min_size=1, max_size=4, unique_by=lambda claim: claim.key))
    def submit(self, claims: list[BatchClaim]) -> None:
        """A batch, of which any part may have come before."""
        answers = self.state.submit(_sent(claims), self.now)
        assert [answer.key for answer in answers] == [claim.key for claim in claims]
        assert answers == self.state.submit(_sent(claims), self.now)

    @rule(claims=st.lists(st.sampled_from(_pool()), max_size=4))
    def ask(self, claims: list[BatchClaim]) -> None:
        """Questions about claims, sent or not."""
        for claim, answer in zip(
            claims, self.state.ask("OCR", CENTRE, [claim.key for claim in claims], self.now), strict=True
        ):
            assert (answer.outcome is Outcome.NOT_FOUND) == (("OCR", claim.key) not in self.state.claims)

    @rule(claim=st.sampled_from(_pool()), yes=st.booleans())
    def verify(self, claim: BatchClaim, yes: bool) -> None:
        """The verifier's word on a claim that is there."""
        if ("OCR", claim.key) not in self.state.claims:
            return
        try:
            if yes:
                self.state.authorise("OCR", claim.key, self.now)
            else:
                self.state.send_back("OCR", claim.key, "No.", self.now)
        except Conflict:
            assert self.state.claims["OCR", claim.key].certificate_number

    @rule(claim=st.sampled_from(_pool()))
    def revoke(self, claim: BatchClaim) -> None:
        """The body takes a certificate back, where there is one."""
        known = self.state.claims.get(("OCR", claim.key))
        if known is None:
            return
        try:
            self.state.revoke("OCR", claim.key, "Granted in error.", self.now)
            self.final[claim.key] = Outcome.REVOKED
        except Conflict:
            assert not known.certificate_number

    @rule(held=st.booleans())
    def change_direct_claim_status(self, held: bool) -> None:
        """Direct claim status comes and goes."""
        self.state.set_direct_claim_status("OCR", CENTRE, "03455", held)

    @rule(seconds=st.integers(0, 90))
    def wait(self, seconds: int) -> None:
        """Time goes by."""
        self.now += seconds

    @rule()
    def reopen(self) -> None:
        """The portal is closed and opened again from what it kept."""
        fresh, terms = PortalState(), self.state.terms
        keep.refill(fresh, keep.kept(self.state))
        assert fresh.claims == self.state.claims
        self.state = fresh
        self.state.terms = terms

    @invariant()
    def one_certificate_a_claim(self) -> None:
        """A claim's number never changes, and no number is used twice."""
        for (_, key), claim in self.state.claims.items():
            assert bool(claim.certificate_number) == (claim.outcome in (Outcome.CERTIFICATED, Outcome.REVOKED))
            if claim.certificate_number:
                assert self.numbers.setdefault(key, claim.certificate_number) == claim.certificate_number
        assert len(set(self.numbers.values())) == len(self.numbers)

    @invariant()
    def what_is_final_stays(self) -> None:
        """A certificated claim is never anything else again but revoked, and a returned one never comes back."""
        for (_, key), claim in self.state.claims.items():
            if self.final.get(key):
                assert claim.outcome is self.final[key]
            if claim.outcome in (Outcome.CERTIFICATED, Outcome.RETURNED):
                self.final[key] = claim.outcome

    @invariant()
    def nothing_stands_twice(self) -> None:
        """One full award a candidate, and one unit claim a candidate and unit, stand at a time."""
        standing = [
            claim for claim in self.state.claims.values() if claim.outcome not in (Outcome.RETURNED, Outcome.REVOKED)
        ]
        awards = Counter(claim.sent.candidate_number for claim in standing if claim.sent.kind == "full_award")
        units = Counter(thing for claim in standing if claim.sent.kind == "units" for thing in _units(claim))
        assert max([*awards.values(), *units.values()], default=0) <= 1


def _units(claim: Claim) -> list[tuple[str, str]]:
    return [(claim.sent.candidate_number, unit.unit_reference) for unit in claim.sent.units]


TestPortalLife = PortalLife.TestCase
TestPortalLife.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
