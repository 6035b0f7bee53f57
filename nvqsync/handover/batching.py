"""Batches as records: what may share one, a batch made of claims, and one read back from its JSON document. Pure."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from nvqsync.claims import Status
from nvqsync.gates import registration_for, uln_of
from nvqsync.model import Batch, BatchClaim, BatchUnit, ClaimKind, LmsMember, Registration
from nvqsync.proposing import Claim

CLAIMS_A_BATCH = 1000
"""More claims than this make several batches: what a person can look through, and well below any portal's limit."""


@dataclass(frozen=True, slots=True, order=True)
class Way:
    """How a claim goes: ``direct`` or for ``authorisation``, and under which of the centre's numbers."""

    route: str
    centre_number: str


class ClaimLine(NamedTuple):
    """What is known of a claim without loading what it rests on; ``batch_id`` is empty where it is in none."""

    id: int
    key: str
    learner_id: str
    qualification_id: str
    awarding_body: str
    kind: ClaimKind
    status: Status
    version: int
    batch_id: str


def groups(claims: Iterable[ClaimLine], way: Callable[[ClaimLine], Way]) -> Iterator[list[ClaimLine]]:
    """Claims by what may share a batch: awarding body, qualification and way, at most ``CLAIMS_A_BATCH`` each."""
    found: dict[tuple[str, str, Way], list[ClaimLine]] = defaultdict(list)
    for claim in claims:
        found[claim.awarding_body, claim.qualification_id, way(claim)].append(claim)
    for _, alike in sorted(found.items()):
        for start in range(0, len(alike), CLAIMS_A_BATCH):
            yield alike[start : start + CLAIMS_A_BATCH]


def batch_claim(
    claim: Claim, learner: LmsMember, registrations: Collection[Registration], foreign: Collection[str] = frozenset()
) -> BatchClaim:
    """A claim as its batch states it, under the registration its gates looked at, without ``foreign`` ULNs."""
    registration = registration_for(claim.kind, registrations)
    if registration is None:
        raise ValueError(f"claim {claim.id} has no registration: gate ENT-2 should have blocked it")
    return BatchClaim(
        key=claim.key,
        claim_id=claim.id,
        kind=claim.kind,
        candidate_number=registration.candidate_number,
        name=registration.name or learner.name,
        date_of_birth=registration.date_of_birth or learner.date_of_birth,
        uln=uln_of(registration, learner, foreign) or None,
        units=tuple(_unit(unit) for unit in claim.facts["units"]),
        credits=claim.facts["credits"],
    )


def part_of(batch: Batch, keys: Collection[str], *, batch_id: str, created_at: int) -> Batch:
    """A batch of its own for some claims of another, each stated as it was."""
    claims = tuple(claim for claim in batch.claims if claim.key in keys)
    return replace(batch, id=batch_id, created_at=created_at, claims=claims)


def from_json(document: bytes) -> Batch:
    """The batch read back from its JSON document (``docs/batch.schema.json``), as it was committed."""
    payload = json.loads(document)
    qualification = payload["qualification"]
    return Batch(
        id=payload["batch"],
        awarding_body=payload["awarding_body"],
        centre_number=payload["centre_number"],
        qualification_id=qualification["id"],
        qualification_number=qualification["number"],
        qualification_code=qualification["code"],
        qualification_title=qualification["title"],
        route=payload["route"],
        created_at=int(dt.datetime.fromisoformat(payload["created_at"]).timestamp()),
        claims=tuple(_claim(claim) for claim in payload["claims"]),
        audit_head=payload["audit_head"] or "",
    )


def _claim(claim: Mapping[str, Any]) -> BatchClaim:
    born = claim["date_of_birth"]
    return BatchClaim(
        **{
            **claim,
            "kind": ClaimKind(claim["kind"]),
            "date_of_birth": dt.date.fromisoformat(born) if born else None,
            "units": tuple(_unit(unit) for unit in claim["units"]),
        }
    )


def _unit(unit: Mapping[str, Any]) -> BatchUnit:
    return BatchUnit(**{**unit, "achieved_on": dt.date.fromisoformat(unit["achieved_on"])})
