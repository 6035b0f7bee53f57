"""The books as JSON: read out for comparison, and kept in a file for portals told to remember."""

from __future__ import annotations

import datetime as dt
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from connectors.interchange_mock.documents import SentClaim, SentUnit
from connectors.interchange_mock.records import Answer, Claim, Outcome, Registration, answer_of
from connectors.interchange_mock.state import PortalState


def answer_json(answer: Answer) -> dict[str, Any]:
    """An answer as it travels: under the names of its fields, the day as text."""
    return {**asdict(answer), "on": answer.on.isoformat() if answer.on else None}


def books(state: PortalState) -> dict[str, Any]:
    """Everything in the books, readable by people and comparable by programs.

    ``claims`` stand in the order of their first arrival, each with its answer, its facts and how often it was
    ``received``; ``certificates`` are the numbers issued with the claim keys they were issued for.
    """
    claims = [_claim_json(claim) for claim in state.claims.values()]
    return {
        "claims": claims,
        "certificates": {one["certificate_number"]: one["key"] for one in claims if one["certificate_number"]},
        "registrations": [_plain(asdict(one)) for one in state.registrations.values()],
        "direct_claim_status": sorted(map(list, state.direct_claim_status)),
        "sign_offs": sorted(map(list, state.sign_offs)),
        "closed": [[*place, day.isoformat()] for place, day in sorted(state.closed.items())],
    }


def kept(state: PortalState) -> dict[str, Any]:
    """Everything that is kept in a file, as plain JSON values."""
    setup = {name: part for name, part in books(state).items() if name not in ("claims", "certificates")}
    return {"serial": state.serial, "claims": [_plain(asdict(claim)) for claim in state.claims.values()], **setup}


def save(state: PortalState, path: Path) -> None:
    """Write the books to a file, whole or not at all, readable by the owner only."""
    beside = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(kept(state), file)
    beside.replace(path)


def load(path: Path) -> PortalState:
    """The books as they were saved; new ones where there is no file. Raises ``ValueError`` for another kind of file."""
    state = PortalState()
    if not path.exists():
        return state
    try:
        refill(state, json.loads(path.read_text(encoding="utf-8")))
    except (KeyError, TypeError, AttributeError) as problem:
        raise ValueError(f"{path} does not hold this portal's books ({problem})") from problem
    return state


def refill(state: PortalState, saved: dict[str, Any]) -> None:
    """Put what was kept into empty books."""
    state.serial = saved["serial"]
    for one in saved["registrations"]:
        registration = Registration(**{**one, "registered_on": _day(one["registered_on"])})
        place = (registration.body, registration.centre_number, registration.candidate_number)
        state.registrations[*place, registration.qualification] = registration
    state.direct_claim_status = {(body, centre, code) for body, centre, code in saved["direct_claim_status"]}
    state.sign_offs = {(body, centre, code, number) for body, centre, code, number in saved["sign_offs"]}
    state.closed = {(body, code): dt.date.fromisoformat(day) for body, code, day in saved["closed"]}
    state.restore(_claim(one) for one in saved["claims"])


def _claim(saved: dict[str, Any]) -> Claim:
    sent = dict(saved["sent"])
    units = tuple(SentUnit(**{**unit, "achieved_on": _day(unit["achieved_on"])}) for unit in sent["units"])
    sent_claim = SentClaim(**{**sent, "units": units, "date_of_birth": _day(sent["date_of_birth"])})
    return Claim(**{**saved, "sent": sent_claim, "outcome": Outcome(saved["outcome"])})


def _claim_json(claim: Claim) -> dict[str, Any]:
    return {
        **answer_json(answer_of(claim)),
        "awarding_body": claim.body,
        "centre_number": claim.centre_number,
        "qualification": claim.qualification,
        "kind": claim.sent.kind,
        "candidate_number": claim.sent.candidate_number,
        "name": claim.sent.name,
        "units": [unit.unit_reference for unit in claim.sent.units],
        "batch": claim.batch,
        "received": claim.received,
        "asked": claim.asked,
    }


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _plain(value: Any) -> Any:
    """Dates as text, all the way down."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value.isoformat() if isinstance(value, dt.date) else value
