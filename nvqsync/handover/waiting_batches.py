"""Batches that waited here since an earlier export: which claims are still here in them, and what is left of each.

A batch is still here when it is *prepared*, or *written* for a portal that was not handed it or that knows nothing of
what is left of it. What a person keys is not: they may have begun. Claims that may have reached the body are never
taken back.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from nvqsync.claims import Status
from nvqsync.handover import batching
from nvqsync.handover.batch_files import contents, drop
from nvqsync.handover.batching import ClaimLine, Way
from nvqsync.handover.preparing import next_id, put, ways
from nvqsync.handover.reconciling import Exchange
from nvqsync.hookspecs import ExportFormat
from nvqsync.model import Batch
from nvqsync.storage import store_claims, store_handover
from nvqsync.store import Store


def waiting(store: Store, reached: Collection[str]) -> list[ClaimLine]:
    """The claims that are still here in a batch. ``reached`` are the bodies whose portal is about to be handed them."""
    where = """status = 'exported' AND batch_id IN (SELECT id FROM batches WHERE state = 'prepared'
        OR state = 'written' AND awarding_body IN (SELECT value FROM json_each(?)))"""
    return store_handover.lines(store, where, [json.dumps(sorted(reached))])


def left_over(store: Store, reached: Collection[str]) -> list[ClaimLine]:
    """The claims of batches left by an earlier run that may be here, or may turn out to be once the portal is asked."""
    unsettled = store_handover.in_statuses(store, {Status.EXPORTED, Status.UNKNOWN})
    return [*waiting(store, ()), *(claim for claim in unsettled if claim.awarding_body in reached)]


def regroup(exchange: Exchange, reached: Collection[str], formats: Sequence[ExportFormat]) -> None:
    """What is left of a batch that must not go as it was goes in a batch of its own, each claim stated as it was.

    A claim was withdrawn from it, put on hold or sent by another batch, or the batch would go another way by now.
    """
    store = exchange.store
    for row in store_handover.batches_in(store, "prepared", "written"):
        if row["id"] in exchange.stay or (row["state"] == "written" and row["awarding_body"] not in reached):
            continue
        with store.writing(durable=True):
            whole, left = batching.from_json(row["document"]), still_in(store, row["id"])
            now = _by_way(left, ways(exchange.app, store, left))
            if is_whole(whole, left) and now.keys() <= {Way(whole.route, whole.centre_number)}:
                continue
            for part, claims in _parts(exchange, row, whole, now):
                put(exchange, part, store_handover.unchanged(store, claims), None)
            if row["state"] == "prepared":
                _forget_files(exchange, row, whole, formats)
            store_claims.set_batch(store, row["id"], state="answered")


def still_in(store: Store, batch_id: str) -> list[ClaimLine]:
    """The claims of a batch that have not gone, been withdrawn or been put on hold."""
    return [claim for claim in store_handover.of_batch(store, batch_id) if claim.status is Status.EXPORTED]


def is_whole(batch: Batch, claims: Iterable[ClaimLine]) -> bool:
    """Whether these are all the claims that the batch states."""
    return {claim.key for claim in claims} == {claim.key for claim in batch.claims}


def _by_way(claims: Iterable[ClaimLine], way: Mapping[int, Way]) -> dict[Way, list[ClaimLine]]:
    found: dict[Way, list[ClaimLine]] = defaultdict(list)
    for claim in claims:
        found[way[claim.id]].append(claim)
    return found


def _parts(
    exchange: Exchange, row: Mapping[str, Any], whole: Batch, claims: Mapping[Way, Sequence[ClaimLine]]
) -> Iterator[tuple[Batch, Sequence[ClaimLine]]]:
    app, code = exchange.app, row["qualification_id"].partition("/")[2]
    for way, some in sorted(claims.items()):
        number = next_id(app, exchange.store, row["awarding_body"], code)
        keys = {claim.key for claim in some}
        part = batching.part_of(whole, keys, batch_id=number, created_at=app.now())
        yield replace(part, route=way.route, centre_number=way.centre_number), some


def _forget_files(exchange: Exchange, row: Mapping[str, Any], whole: Batch, formats: Iterable[ExportFormat]) -> None:
    """Delete what a run that was cut short had written of a batch: nobody was told of it, and nobody must key it."""
    batch, folder = replace(whole, sheet=row["sheet"]), exchange.app.settings.export.folder
    for name, content in contents(batch, row["document"], formats):
        drop(folder, name, content)
