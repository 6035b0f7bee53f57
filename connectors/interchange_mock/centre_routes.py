"""What a centre may ask of the portal over HTTP, and how ordered faults spoil the answers.

``openapi.json`` describes these routes to machines.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from connectors.interchange_mock.documents import KINDS, Malformed, SentBatch, read_batch
from connectors.interchange_mock.faults import Fault
from connectors.interchange_mock.keep import answer_json
from connectors.interchange_mock.records import Answer, Conflict, Outcome, Unknown
from connectors.interchange_mock.state import PortalState
from connectors.interchange_mock.wire import Cut, Refusal, Reply, Request, Route, as_json

if TYPE_CHECKING:
    from connectors.interchange_mock.portal import Portal

_Found = TypeVar("_Found")
MOST_KEYS = 1000
OPENAPI = Path(__file__).with_name("openapi.json")


def routes(portal: Portal) -> list[Route]:
    """Every route of the centres' port."""
    centre = _Centre(portal)
    return [
        Route("GET", "/", lambda _: as_json({"portal": "interchange_mock", "says": _BANNER}), open=True),
        Route("GET", "/openapi.json", lambda _: Reply(200, OPENAPI.read_bytes()), open=True),
        Route("GET", "/books", lambda _: as_json(portal.books())),
        Route("POST", "/{body}/batches", centre.batches),
        Route("POST", "/{body}/claims/query", centre.query),
        Route("POST", "/{body}/claims/{key}/authorise", centre.authorise),
        Route("POST", "/{body}/claims/{key}/return", centre.send_back),
        Route("POST", "/{body}/claims/{key}/revoke", centre.revoke),
        Route("PUT", "/{body}/registrations", centre.registrations),
        Route("PUT", "/{body}/direct-claim-status", centre.direct_claim_status),
        Route("PUT", "/{body}/sign-offs", centre.sign_offs),
        Route("PUT", "/{body}/closed", centre.closed),
    ]


class _Centre:
    """The routes' functions, over one portal."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal

    # ------------------------------------------------------------ exchanges that faults strike

    def batches(self, request: Request) -> Reply:
        """Take a batch. Its id must travel as the Idempotency-Key too."""
        fault = self._before("batches")
        batch = _batch(request)
        if fault and fault.kind == "partial_batch":
            batch = _first_half(batch)
        answers = self._in_books(lambda state, now: state.submit(batch, now))
        return self._after(fault, {"batch": batch.id}, answers)

    def query(self, request: Request) -> Reply:
        """Say where these claims stand."""
        fault = self._before("query")
        asked = _object(request, centre_number=str, keys=list)
        keys = asked["keys"]
        if len(keys) > MOST_KEYS or not all(isinstance(key, str) for key in keys):
            raise Refusal(400, "malformed", f"keys: must be a list of at most {MOST_KEYS} texts.")
        body = request.parts["body"]
        answers = self._in_books(lambda state, now: state.ask(body, asked["centre_number"], keys, now))
        return self._after(fault, {}, answers)

    def _before(self, place: str) -> Fault | None:
        """The fault that strikes this exchange; those that come before acceptance strike here."""
        fault = self.portal.faults.take(place)
        if fault and fault.kind == "cut":
            raise Cut
        if fault and fault.kind in _REFUSED:
            status, code, says = _REFUSED[fault.kind]
            headers = {"Retry-After": str(math.ceil(fault.seconds))} if status in (429, 503) else {}
            raise Refusal(status, code, says, headers)
        return fault

    def _after(self, fault: Fault | None, payload: dict[str, Any], answers: Sequence[Answer]) -> Reply:
        """The answer, spoilt as ordered. By now the books have changed."""
        kind = fault.kind if fault else ""
        if fault and kind == "slow":
            self.portal.stopping.wait(fault.seconds)
        if fault and kind == "restart":
            self.portal.restart(fault.seconds)
        if kind in ("lost_answer", "restart"):
            raise Cut
        if kind == "garbage":
            return Reply(200, b"<!doctype html><title>Portal</title><p>Please sign in again.", "text/html")
        reply = as_json({**payload, "answers": [answer_json(answer) for answer in _spoilt(kind, answers)]})
        return Reply(reply.status, reply.body, keep=0.5) if kind == "cut_answer" else reply

    # ------------------------------------------------------------ what the verifier does

    def authorise(self, request: Request) -> Reply:
        """The verifier authorises a waiting claim."""
        body, key = request.parts["body"], request.parts["key"]
        return as_json(answer_json(self._in_books(lambda state, now: state.authorise(body, key, now))))

    def send_back(self, request: Request) -> Reply:
        """The verifier returns a claim, with words."""
        body, key = request.parts["body"], request.parts["key"]
        words = _object(request, words=str)["words"]
        return as_json(answer_json(self._in_books(lambda state, now: state.send_back(body, key, words, now))))

    def revoke(self, request: Request) -> Reply:
        """The body revokes a certificate, with words."""
        body, key = request.parts["body"], request.parts["key"]
        words = _object(request, words=str)["words"]
        return as_json(answer_json(self._in_books(lambda state, now: state.revoke(body, key, words, now))))

    # ------------------------------------------------------------ what centre and body set up

    def registrations(self, request: Request) -> Reply:
        """Register candidates: all of them, or on the first wrong one none."""
        body = request.parts["body"]
        rows = [_registration(row) for row in _object(request, registrations=list)["registrations"]]

        def register(state: PortalState, now: int) -> None:
            before = dict(state.registrations)
            try:
                for row in rows:
                    state.register(body, **row)
            except Conflict:
                state.registrations = before
                raise

        self._in_books(register)
        return as_json({"registered": len(rows)})

    def direct_claim_status(self, request: Request) -> Reply:
        """Give or take away direct claim status."""
        said, body = _object(request, centre_number=str, qualification=str, held=bool), request.parts["body"]
        self._in_books(lambda state, now: state.set_direct_claim_status(body, **said))
        return as_json(said)

    def sign_offs(self, request: Request) -> Reply:
        """Record the verifier's sign-off of one candidate."""
        said, body = _object(request, centre_number=str, qualification=str, candidate_number=str), request.parts["body"]
        self._in_books(lambda state, now: state.sign_off(body, **said))
        return as_json(said)

    def closed(self, request: Request) -> Reply:
        """Close a qualification after a day, or open it with an empty day."""
        said, body = _object(request, qualification=str, last_day=str), request.parts["body"]
        last_day = _day(said["last_day"], "last_day") if said["last_day"] else None
        self._in_books(lambda state, now: state.close_qualification(body, said["qualification"], last_day))
        return as_json(said)

    def _in_books(self, work: Callable[[PortalState, int], _Found]) -> _Found:
        """Do something with the books, wording what they refuse."""
        try:
            with self.portal.open_books() as state:
                return work(state, self.portal.clock.now())
        except Conflict as conflict:
            raise Refusal(409, "conflict", str(conflict)) from None
        except Unknown as unknown:
            raise Refusal(404, "unknown", str(unknown)) from None


_BANNER = "A mock of an awarding body's portal, for rehearsals. Nothing sent here reaches an awarding body."
_REFUSED = {
    "refused": (403, "refused", "This centre may not send claims at the moment."),
    "unavailable": (503, "unavailable", "The portal is being serviced."),
    "rate_limit": (429, "rate_limit", "Too many requests from this centre."),
    "expired_credential": (401, "credential", "The credential is missing, wrong or expired."),
}


def _batch(request: Request) -> SentBatch:
    """The batch in a request whose path, header and document agree."""
    try:
        batch = read_batch(request.body)
    except Malformed as problem:
        raise Refusal(400, "malformed", str(problem)) from None
    if batch.awarding_body != request.parts["body"]:
        raise Refusal(400, "malformed", "awarding_body: is not the body this was sent to.")
    if request.header("Idempotency-Key") != batch.id:
        raise Refusal(400, "malformed", "The Idempotency-Key must be the batch's id.")
    return batch


def _first_half(batch: SentBatch) -> SentBatch:
    return replace(batch, claims=batch.claims[: len(batch.claims) // 2])


def _spoilt(kind: str, answers: Sequence[Answer]) -> list[Answer]:
    """The answers as a faulty portal gives them."""
    if kind == "doubled_answer":
        return [answer for answer in answers for _ in range(2)]
    if kind == "partial_answer":
        return list(answers[: len(answers) // 2])
    if kind == "stranger":
        return [*answers, Answer("a-claim-nobody-sent", Outcome.RETURNED, "No such candidate at your centre.")]
    return list(answers)


def _object(request: Request, **fields: type) -> dict[str, Any]:
    """The body as an object with exactly these fields of these types."""
    return _fields(request.json(), "", fields)


def _fields(said: Any, place: str, fields: Mapping[str, type]) -> dict[str, Any]:
    if not isinstance(said, dict) or said.keys() != fields.keys():
        raise Refusal(400, "malformed", f"{place or 'The body'} must be an object of {', '.join(fields)}.")
    for name, kind in fields.items():
        if type(said[name]) is not kind:
            raise Refusal(400, "malformed", f"{place}{name} must be {_TYPES[kind]}.")
    return said


def _registration(row: Any) -> dict[str, Any]:
    """One registration: all fields but ``registered_on`` and ``name`` are required."""
    fields = dict.fromkeys(
        ("centre_number", "candidate_number", "qualification", "registered_on", "entry", "name"), str
    )
    filled = {"registered_on": "", "name": ""} | row if isinstance(row, dict) else row
    said = _fields(filled, "registrations: ", fields)
    if said["entry"] not in KINDS:
        raise Refusal(400, "malformed", f"registrations: entry must be {' or '.join(KINDS)}.")
    return {**said, "registered_on": _day(said["registered_on"], "registered_on") if said["registered_on"] else None}


def _day(text: str, place: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise Refusal(400, "malformed", f"{place} must be a day, YYYY-MM-DD.") from None


_TYPES: dict[type, str] = {str: "text", list: "a list", bool: "true or false"}
