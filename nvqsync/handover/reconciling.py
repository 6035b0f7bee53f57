"""What the portal says of claims that have gone out: asked, and recorded.

Every answer is stored before the next question. A claim that the portal passes over is unknown, and asked about again
before it is sent again; one that it never saw goes with the next export.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from nvqsync import certificates
from nvqsync.bootstrap import App
from nvqsync.claims import GONE, TRANSITIONS, Event, Status, advance
from nvqsync.clock import day
from nvqsync.errors import PortalError
from nvqsync.handover.batching import ClaimLine
from nvqsync.handover.ticking_off import OUT, ToDo, tick_off
from nvqsync.hookspecs import PortalConnector
from nvqsync.model import Answer, Outcome
from nvqsync.proposing import Claim
from nvqsync.service import logs
from nvqsync.service.locks import only_one
from nvqsync.storage import store_claims, store_handover
from nvqsync.store import Store

log = logging.getLogger(__name__)

EVENTS = {
    Outcome.ACKNOWLEDGED: Event.ACKNOWLEDGE,
    Outcome.AWAITING_AUTHORISATION: Event.AWAIT_AUTHORISATION,
    Outcome.CERTIFICATED: Event.CERTIFICATE,
    Outcome.RETURNED: Event.RETURN,
    Outcome.REVOKED: Event.REVOKE,
    Outcome.NOT_FOUND: Event.NOT_FOUND,
}
"""What each answer of a portal does to a claim."""

CERTIFIED = frozenset({Status.CERTIFICATED, Status.RECALLED})
"""Claims with a certificate, or recalled: the body may have revoked it since."""

KEYS_A_QUESTION = 500
"""So many claims are asked about at once."""


@dataclass(slots=True)
class ExportReport:
    """What an export or a reconcile did: batches written, claims by what became of them, and what went wrong.

    ``tick_off`` is what a reconcile leaves for a person to look up, key or take back; ``failure`` why it learned
    nothing at all, where every question to the portal failed.
    """

    batches: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    held: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    tick_off: list[ToDo] = field(default_factory=list)
    failure: PortalError | None = None

    def as_json(self) -> dict[str, Any]:
        """The document ``nvqsync export --json`` and ``nvqsync reconcile --json`` print."""
        return {
            "batches": self.batches, "answers": dict(self.answers), "held": self.held, "problems": self.problems,
            "tick_off": [one.as_json() for one in self.tick_off],
        }  # fmt: skip


@dataclass(slots=True)
class Exchange:
    """One export or reconcile under way: who acts on which store, the report, and how often the portal failed.

    ``stay`` are the batches that are left as they are this time: they could not be judged again.
    """

    app: App
    store: Store
    by: str
    report: ExportReport = field(default_factory=ExportReport)
    attempts: int = 0
    failures: list[PortalError] = field(default_factory=list)
    stay: set[str] = field(default_factory=set)

    def attempt(self, what: str, work: Callable[[], None]) -> None:
        """Turn to the portal for ``work``. When it fails that is a problem of ``what``, and the others go on."""
        self.attempts += 1
        try:
            work()
        except PortalError as error:
            self.failures.append(error)
            kind = type(error).__name__
            logs.event(log, logging.WARNING, f"{what}: the portal did not do what it was asked ({kind})", error=kind)
            self.report.problems.append(f"{what}: {' '.join(str(error).split())}")

    def finish(self) -> ExportReport:
        """The report, with the first ``PortalError`` as its ``failure`` when nothing went through."""
        if self.failures and len(self.failures) == self.attempts:
            self.report.failure = self.failures[0]
        told = ", ".join(f"{count} {answer}" for answer, count in sorted(self.report.answers.items()))
        logs.event(log, logging.INFO, f"the portal's answers: {told or 'none'}", **self.report.answers)
        return self.report

    def change(self, claim: Claim, event: Event, why: str, **fields: Any) -> Claim:
        """Advance a claim, inside the transaction that is open. Raises ``NotAllowed``."""
        status = advance(claim.status, event)
        return store_claims.change_claim(
            self.store, claim, status, at=self.app.now(), actor=self.by, action=event.value, why=why, **fields
        )


def reconcile(
    app: App, store: Store, portal: PortalConnector | None, *, by: str, certificates: bool = False
) -> ExportReport:  # fmt: skip
    """Ask the portal what became of every claim that has gone out, record it, and list what is left for a person.

    ``certificates``: ask about the certificated and recalled ones too, some of which may have been revoked. Without a
    portal nobody is asked. The list is made even when the portal does not answer at all: ``ExportReport.failure`` says
    why then. Raises ``StoreError`` while an export is running.
    """
    with only_one(app.settings.database, "export"):
        exchange = Exchange(app, store, by)
        if portal is not None:
            _ask_about_all(exchange, portal, to_ask(certificates=certificates))
        exchange.report.tick_off = left_for_a_person(app, store)
        return exchange.finish()


def left_for_a_person(app: App, store: Store) -> list[ToDo]:
    """What no portal can settle as things stand."""
    return tick_off(store_handover.in_statuses(store, OUT), app.reached, store_handover.not_to_key(store))


def to_ask(*, certificates: bool) -> set[Status]:
    """The statuses whose claims a reconcile asks about."""
    return {*GONE, *(CERTIFIED if certificates else ())}


def _ask_about_all(exchange: Exchange, portal: PortalConnector, wanted: Collection[Status]) -> None:
    """Ask about every claim in these statuses whose awarding body the portal reaches, body by body."""
    store, reached = exchange.store, exchange.app.reached
    for (body, centre), claims in gone_out(store, store_claims.batch_states(store), wanted).items():
        if body in reached:
            exchange.attempt(f"{body}, centre {centre}", partial(ask_about, exchange, portal, claims, centre))
    for row in () if exchange.failures else store_handover.batches_in(store, "sending"):
        if row["awarding_body"] in reached:
            conclude(store, row["id"])


def gone_out(
    store: Store, states: dict[str, tuple[str, str]], wanted: Collection[Status]
) -> dict[tuple[str, str], list[ClaimLine]]:
    """By awarding body and centre: the claims in these statuses, but for those whose batch still waits here."""
    found: dict[tuple[str, str], list[ClaimLine]] = defaultdict(list)
    for status in sorted(wanted):
        for claim in store_handover.lines(store, "status = ?", [status.value]):
            centre, state = states[claim.batch_id]
            if status is not Status.EXPORTED or state in {"sending", "answered"}:
                found[claim.awarding_body, centre].append(claim)
    return found


def ask_about(exchange: Exchange, portal: PortalConnector, claims: Sequence[ClaimLine], centre: str) -> None:
    """Ask about claims of one awarding body and centre, some at a time. Raises ``PortalError``."""
    for some in store_handover.slices(claims, KEYS_A_QUESTION):
        answers = portal.ask(some[0].awarding_body, centre, [claim.key for claim in some])
        record_answers(exchange, some, answers)


def conclude(store: Store, batch_id: str) -> None:
    """Every claim of a batch has been sent or asked about: it is answered, or what did not arrive goes again."""
    with store.writing(durable=True):
        waiting = any(claim.status is Status.EXPORTED for claim in store_handover.of_batch(store, batch_id))
        store_claims.set_batch(store, batch_id, state="written" if waiting else "answered")


def record_answers(exchange: Exchange, claims: Sequence[ClaimLine], answers: Iterable[Answer]) -> None:
    """Record what the portal said of each claim, all of it at once; what it passed over is unknown.

    An answer about a claim that we did not ask for is a problem, never dropped.
    """
    with exchange.store.writing(durable=True):
        now = {claim.key: claim for claim in store_claims.some_claims(exchange.store, [line.id for line in claims])}
        silent, told = set(now), tuple(answers)
        holders = _certificated(exchange.store, now.values(), told)
        for answer in told:
            if answer.key in now:
                silent.discard(answer.key)
                now[answer.key] = _record(exchange, now[answer.key], answer, holders)
            else:
                exchange.report.problems.append(f"The portal answered about a claim we did not ask for: {answer.key}.")
        if silent:
            many = "1 claim" if len(silent) == 1 else f"{len(silent)} claims"
            says = f"The portal said nothing of {many} of {len(now)}: it is asked again before anything is sent again."
            exchange.report.problems.append(f"{says} Run 'nvqsync reconcile'.")
        no_answer(exchange, [now[key].id for key in silent])


def no_answer(exchange: Exchange, claim_ids: Collection[int]) -> None:
    """Claims that were handed over without a usable answer are unknown, unless it was known that they arrived."""
    why = "The portal gave no usable answer; it will be asked about this claim before anything is sent again."
    with exchange.store.writing(durable=True):
        for claim in store_claims.some_claims(exchange.store, claim_ids):
            if claim.status in {Status.EXPORTED, Status.SUBMITTED}:
                exchange.change(claim, Event.NO_ANSWER, why)
                exchange.report.answers["unknown"] += 1


def _certificated(store: Store, claims: Iterable[Claim], answers: Iterable[Answer]) -> dict[tuple[str, str], int]:
    """By awarding body and number, the claims for which the certificates told of are recorded already."""
    numbers = {answer.certificate_number for answer in answers} - {""}
    bodies = {claim.awarding_body for claim in claims} if numbers else set()
    return {
        (body, number): claim_id
        for body in bodies
        for number, claim_id in store_claims.certificated_as(store, body, numbers).items()
    }


def _record(exchange: Exchange, claim: Claim, answer: Answer, holders: dict[tuple[str, str], int]) -> Claim:
    """Record one answer on a claim as it stands, inside the transaction that is open; the claim as it is then.

    A certificate that cannot be this claim's is a problem, and not recorded. ``holders`` learns of one that is.
    """
    event, certificate = EVENTS[answer.outcome], (claim.awarding_body, answer.certificate_number)
    if says := certificates.misfit(claim, answer, holders.get(certificate)):
        exchange.report.problems.append(f"Claim {claim.id}: the portal says {says}")
        return claim
    if event is Event.NOT_FOUND and (claim.status is Status.EXPORTED or event in TRANSITIONS[claim.status]):
        store_claims.reopen_batch(exchange.store, claim.batch_id)
    if claim.status is Status.CERTIFICATED and certificates.confirms(answer, marked=claim.provisional):
        return _confirm(exchange, claim)
    if _nothing_new(claim, answer):
        return claim
    said, here = answer.outcome.value.replace("_", " "), claim.status.value.replace("_", " ")
    if event not in TRANSITIONS[claim.status]:
        says = f"Claim {claim.id}: the portal says {said}, and here it is {here}. Nothing was changed."
        exchange.report.problems.append(f"{says} Ask the body, then record what holds: 'nvqsync claims record'.")
        return claim
    fields: dict[str, str | bool] = {
        "reference": answer.reference or claim.reference,
        "portal_words": answer.words or claim.portal_words,
    }
    if answer.outcome is Outcome.CERTIFICATED:
        fields["certificate_number"] = answer.certificate_number
        fields["certificated_on"] = (answer.on or day(exchange.app.now())).isoformat()
        route = store_claims.batch_route(exchange.store, claim.batch_id)
        fields["provisional"] = certificates.provisional(claim, route, answer.provisional)
    if answer.outcome is Outcome.REVOKED:
        fields["revoked_on"] = (answer.on or day(exchange.app.now())).isoformat()
    changed = exchange.change(claim, event, f"Portal: {answer.words or said + '.'}", **fields)
    exchange.report.answers[changed.status.value] += 1
    if answer.outcome is Outcome.CERTIFICATED:
        holders[certificate] = claim.id
    return changed


def _nothing_new(claim: Claim, answer: Answer) -> bool:
    """It is where the portal says; or it never arrived, and goes again; or it was recalled with this certificate."""
    if claim.status is Status.EXPORTED:
        return answer.outcome is Outcome.NOT_FOUND
    if claim.status is Status.RECALLED and answer.outcome is Outcome.CERTIFICATED:
        return answer.certificate_number == claim.certificate_number
    return claim.status.value == answer.outcome.value


def _confirm(exchange: Exchange, claim: Claim) -> Claim:
    """The body calls a certificate provisional no more, inside the transaction that is open."""
    confirmed = store_claims.change_claim(
        exchange.store, claim, claim.status, at=exchange.app.now(), actor=exchange.by, action="confirmed",
        why="Portal: the certificate is not provisional any more.", provisional=False,
        confirmed_on=day(exchange.app.now()).isoformat(),
    )  # fmt: skip
    exchange.report.answers["confirmed"] += 1
    return confirmed
