"""What export and reconcile ask of the store: claims as lines, without what they rest on, and some of them in full.

Ten thousand claims with their facts are a hundred megabytes; their lines are two. Whatever has to be looked at in full
is loaded a batch or a question at a time.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any, TypeVar

from nvqsync.claims import Status
from nvqsync.handover.batching import ClaimLine
from nvqsync.model import ClaimKind
from nvqsync.proposing import RECALL_NOTICE, Claim
from nvqsync.storage import store_claims
from nvqsync.store import Store

AT_ONCE = 1000
"""Claims loaded in full at a time."""

_Line = TypeVar("_Line")


def lines(store: Store, where: str, parameters: Sequence[Any] = ()) -> list[ClaimLine]:
    """Claims in order of their number; ``where`` is an SQL condition on the claims table."""
    sql = f"""SELECT id, key, learner_id, qualification_id, awarding_body, kind, status, version,
        coalesce(batch_id, '') FROM claims WHERE {where} ORDER BY id"""
    return [
        ClaimLine(one, key, learner, qualification, body, ClaimKind(kind), Status(status), version, batch)
        for one, key, learner, qualification, body, kind, status, version, batch in store.tuples(sql, parameters)
    ]


def in_statuses(store: Store, wanted: Collection[Status]) -> list[ClaimLine]:
    """The claims in these statuses."""
    return lines(store, "status IN (SELECT value FROM json_each(?))", [json.dumps(sorted(wanted))])


def of_batch(store: Store, batch_id: str) -> list[ClaimLine]:
    """The claims of one batch."""
    return lines(store, "batch_id = ?", [batch_id])


def groundless(store: Store, batch_id: str) -> list[int]:
    """The claims of a batch, by number, that a recall notice stands under: their facts changed after they had gone."""
    return store_claims.claim_ids(store, f"batch_id = ? AND {_NOTICE}", [batch_id, RECALL_NOTICE])


def not_to_key(store: Store) -> frozenset[int]:
    """The exported claims of every batch, by number, that a recall notice stands under."""
    return frozenset(store_claims.claim_ids(store, f"status = 'exported' AND {_NOTICE}", [RECALL_NOTICE]))


_NOTICE = "EXISTS (SELECT 1 FROM json_each(cautions) WHERE json_extract(value, '$[0]') = ?)"


def unchanged(store: Store, seen: Collection[ClaimLine]) -> list[Claim]:
    """Of these claims, in full, those that nobody changed since their lines were read."""
    versions = {line.id: line.version for line in seen}
    return [claim for claim in store_claims.some_claims(store, versions) if claim.version == versions[claim.id]]


def in_full(store: Store, seen: Sequence[ClaimLine]) -> Iterator[Claim]:
    """These claims as they are now, with what they rest on, never more than ``AT_ONCE`` in memory."""
    for some in slices(seen, AT_ONCE):
        yield from store_claims.some_claims(store, [line.id for line in some])


def slices(whole: Sequence[_Line], most: int) -> Iterator[Sequence[_Line]]:
    """A long list in pieces of at most ``most``."""
    return (whole[start : start + most] for start in range(0, len(whole), most))


def batches_in(store: Store, *states: str) -> Iterator[dict[str, Any]]:
    """The batches that are in these states now, in the order they were made, one document in memory at a time."""
    for batch_id in [batch_id for batch_id, (_, state) in store_claims.batch_states(store).items() if state in states]:
        yield from store_claims.batches(store, "id = ?", [batch_id])
