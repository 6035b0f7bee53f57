"""The portal's books and how they change. No network, no file, no clock: the moment is handed in.

A claim's life here::

    (sent) -> returned                                       a rule is broken, or picked on purpose
           -> awaiting_authorisation -> acknowledged         no direct claim status: a verifier looks first
                                     -> returned             the verifier says no
           -> acknowledged -> certificated                   after so many questions and so many seconds
                                           -> revoked        the body takes the certificate back

A claim is known by its key. The same key with the same content gets the claim's standing answer, however often it
comes; with another content it is a ``Conflict``. One claim gets at most one certificate number, and no number is used
twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from connectors.interchange_mock.bodies import BODIES, CLOSED, Body
from connectors.interchange_mock.documents import SentBatch, SentClaim
from connectors.interchange_mock.records import (
    Answer,
    Claim,
    Conflict,
    Outcome,
    Registration,
    Terms,
    Unknown,
    answer_of,
    certificate_number,
    due,
    known_body,
    london_day,
    own_code,
    picked_on_purpose,
    reason_on_purpose,
    same_name,
)
from connectors.interchange_mock.rules import Facts, objections


@dataclass
class PortalState:
    """The books. What changes a claim takes the moment (``now``, seconds since 1970) and checks before it changes.

    Qualifications may be named with or without the body in front (``OCR/03455``, ``03455``). A body that is not known
    is ``Unknown``.
    """

    terms: Terms = field(default_factory=Terms)
    registrations: dict[tuple[str, str, str, str], Registration] = field(default_factory=dict)
    direct_claim_status: set[tuple[str, str, str]] = field(default_factory=set)
    sign_offs: set[tuple[str, str, str, str]] = field(default_factory=set)
    closed: dict[tuple[str, str], dt.date] = field(default_factory=lambda: dict(CLOSED))
    claims: dict[tuple[str, str], Claim] = field(default_factory=dict)
    serial: int = 0
    _standing: dict[tuple[str, str, str], set[str]] = field(default_factory=dict, repr=False, compare=False)

    # ------------------------------------------------------------ what a centre and a body set up

    def register(
        self,
        body: str,
        centre_number: str,
        candidate_number: str,
        qualification: str,
        *,
        registered_on: dt.date | None = None,
        entry: str = "full_award",
        name: str = "",
    ) -> Registration:
        """Register a candidate. Said again it is corrected, but an OCR entry never changes its kind: ``Conflict``."""
        code = own_code(known_body(body).name, qualification)
        new = Registration(body, centre_number, candidate_number, code, registered_on, entry, name)
        old = self.registrations.get((body, centre_number, candidate_number, code))
        if old and old.entry != entry and BODIES[body].one_kind_of_entry:
            raise Conflict(f"Candidate {candidate_number} has an entry for {code} already, of the other kind.")
        self.registrations[body, centre_number, candidate_number, code] = new
        return new

    def set_direct_claim_status(self, body: str, centre_number: str, qualification: str, held: bool = True) -> None:
        """Give a centre direct claim status for a qualification, or take it away."""
        place = (known_body(body).name, centre_number, own_code(body, qualification))
        (self.direct_claim_status.add if held else self.direct_claim_status.discard)(place)

    def sign_off(self, body: str, centre_number: str, qualification: str, candidate_number: str) -> None:
        """Record that the body's verifier signed this candidate off before the claim (EDI Campus)."""
        self.sign_offs.add((known_body(body).name, centre_number, own_code(body, qualification), candidate_number))

    def close_qualification(self, body: str, qualification: str, last_day: dt.date | None) -> None:
        """Close a qualification for claims after ``last_day``; ``None`` opens it for good."""
        place = (known_body(body).name, own_code(body, qualification))
        self.closed.pop(place, None)
        if last_day:
            self.closed[place] = last_day

    # ------------------------------------------------------------ claims

    def submit(self, batch: SentBatch, now: int) -> list[Answer]:
        """Take a batch; one answer a claim, in order. ``Conflict`` when a known key comes with another content."""
        body = known_body(batch.awarding_body)
        for sent in batch.claims:
            known = self.claims.get((body.name, sent.key))
            if known and (known.sent, known.centre_number) != (sent, batch.centre_number):
                raise Conflict(f"Claim {sent.key} came before with another content. A sent claim cannot be edited.")
        return [self._take(body, batch, sent, now) for sent in batch.claims]

    def ask(self, body: str, centre_number: str, keys: Iterable[str], now: int) -> list[Answer]:
        """What became of these claims? Each question brings a certificate nearer. One answer a key, in order."""
        name = known_body(body).name
        return [self._asked(name, centre_number, key, now) for key in keys]

    def authorise(self, body: str, key: str, now: int) -> Answer:
        """The verifier says yes. A claim that does not wait for a verifier stays as it is."""
        claim = self._known(body, key)
        if claim.outcome is Outcome.AWAITING_AUTHORISATION:
            words = f"Authorised by the {BODIES[body].verifier}."
            claim = self._keep(replace(claim, outcome=Outcome.ACKNOWLEDGED, words=words, since=now, asked=0), now)
        return answer_of(claim)

    def send_back(self, body: str, key: str, words: str, now: int) -> Answer:
        """The verifier says no. ``Conflict`` when a certificate has been issued."""
        claim = self._known(body, key)
        if claim.certificate_number:
            raise Conflict(f"Claim {key} is certificated as {claim.certificate_number}.")
        return answer_of(self._keep(replace(claim, outcome=Outcome.RETURNED, words=words, since=now), now))

    def revoke(self, body: str, key: str, words: str, now: int) -> Answer:
        """The body takes a certificate back, with its reason. ``Conflict`` where none has been issued."""
        claim = self._known(body, key)
        if claim.outcome not in (Outcome.CERTIFICATED, Outcome.REVOKED):
            raise Conflict(f"Claim {key} has no certificate that could be revoked.")
        return answer_of(self._keep(replace(claim, outcome=Outcome.REVOKED, words=words, since=now), now))

    def confirm(self, body: str, key: str, now: int) -> Answer:
        """A verification visit confirms a provisional certificate; any other claim stays as it is."""
        return answer_of(self._keep(replace(self._known(body, key), provisional=False), now))

    def restore(self, claims: Iterable[Claim]) -> None:
        """Put claims that were kept from an earlier run back into the books."""
        for claim in claims:
            self._write(claim)

    def _take(self, body: Body, batch: SentBatch, sent: SentClaim, now: int) -> Answer:
        known = self.claims.get((body.name, sent.key))
        if known:
            return answer_of(self._keep(replace(known, received=known.received + 1), now))
        self.serial += 1
        code = own_code(body.name, batch.qualification)
        outcome, words = self._first_look(body, batch.centre_number, code, sent, now)
        reference = f"{body.name}-{london_day(now).year}-{self.serial:06d}"
        claim = Claim(sent, body.name, batch.centre_number, code, batch.id, outcome, words, now, reference)
        return answer_of(self._keep(claim, now))

    def _first_look(self, body: Body, centre: str, code: str, sent: SentClaim, now: int) -> tuple[Outcome, str]:
        """Where a new claim starts, and in which words."""
        facts = self._facts(body, centre, code, sent, now)
        if words := next(objections(body, sent, facts), None):
            return Outcome.RETURNED, words
        if picked_on_purpose(self.terms, sent.key):
            return Outcome.RETURNED, reason_on_purpose(self.terms, body, sent.key)
        what = body.full_award if sent.kind == "full_award" else body.some_units
        if not facts.direct:
            return Outcome.AWAITING_AUTHORISATION, f"Claim for {what} received. It waits for the {body.verifier}."
        return Outcome.ACKNOWLEDGED, f"Claim for {what} received."

    def _facts(self, body: Body, centre: str, code: str, sent: SentClaim, now: int) -> Facts:
        number = sent.candidate_number
        place = (body.name, centre, code)
        return Facts(
            centre_number=centre,
            qualification=code,
            today=london_day(now),
            last_day=self.closed.get((body.name, code)),
            registration=self.registrations.get((body.name, centre, number, code)),
            named_elsewhere=not number and self._named(body.name, centre, code, sent.name),
            direct=place in self.direct_claim_status or (*place, number) in self.sign_offs,
            award_taken=bool(self._standing.get((body.name, number, code))),
            taken_units=frozenset(
                unit.unit_reference
                for unit in sent.units
                if self._standing.get((body.name, number, unit.unit_reference))
            ),
        )

    def _named(self, body: str, centre: str, code: str, name: str) -> bool:
        return any(
            (one.body, one.centre_number, one.qualification) == (body, centre, code) and same_name(one.name, name)
            for one in self.registrations.values()
        )

    def _asked(self, body: str, centre_number: str, key: str, now: int) -> Answer:
        claim = self.claims.get((body, key))
        if claim is None or claim.centre_number != centre_number:
            return Answer(key, Outcome.NOT_FOUND, "No claim with this key has been received from this centre.")
        return answer_of(self._keep(replace(claim, asked=claim.asked + 1), now))

    def _keep(self, claim: Claim, now: int) -> Claim:
        """Write a claim into the books, issuing its certificate when it is due."""
        if claim.outcome is Outcome.ACKNOWLEDGED and due(self.terms, claim, now):
            issued, number = Outcome.CERTIFICATED, certificate_number(claim)
            words = "Certificate issued."
            claim = replace(claim, outcome=issued, words=words, certificate_number=number, since=now)
            claim = replace(claim, provisional=self._provisional(claim))
        self._write(claim)
        return claim

    def _provisional(self, claim: Claim) -> bool:
        """Whether its certificate waits for a visit: it was claimed without one, and the body has visits confirm."""
        direct = (claim.body, claim.centre_number, claim.qualification) in self.direct_claim_status
        return direct and BODIES[claim.body].provisional_until_visited

    def _write(self, claim: Claim) -> None:
        """Write a claim and note which award and units it stands for; a returned or revoked one stands for nothing."""
        self.claims[claim.body, claim.sent.key] = claim
        things = {unit.unit_reference for unit in claim.sent.units}
        if claim.sent.kind == "full_award":
            things.add(claim.qualification)
        for thing in things:
            keys = self._standing.setdefault((claim.body, claim.sent.candidate_number, thing), set())
            (keys.discard if claim.outcome in (Outcome.RETURNED, Outcome.REVOKED) else keys.add)(claim.sent.key)

    def _known(self, body: str, key: str) -> Claim:
        claim = self.claims.get((known_body(body).name, key))
        if claim is None:
            raise Unknown(f"{body} has no claim {key}.")
        return claim
