"""What no portal can settle: the claims that a person has to look up, key or take back, and how to record it. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from nvqsync.claims import GONE, Status
from nvqsync.handover.batching import ClaimLine

OUT = GONE | {Status.RECALLED}
"""Claims about which something may be left for a person to do outside nvqsync."""

_KEY = "Key them from the keying sheet, then: nvqsync claims record keyed"
_NOT_TO_KEY = (
    "Do not key them: their grounds or registrations changed. 'nvqsync claims list --recalls' says what. Then: nvqsync "
    "claims withdraw; if one is keyed already: claims record keyed, then claims record recalled"
)
_HEARD = (
    "See in the body's portal where they stand, then: nvqsync claims record acknowledged (or certificated, returned)"
)
_SEARCH = "The portal gave no usable answer. Reconcile again; if it stays silent, look them up there by key"
_HERE = "Not handed over yet: they go with the next 'nvqsync export'"
_STOP = "Ask the body to take them out. Then: nvqsync claims withdraw; if it certificated one: claims record revoked"


@dataclass(frozen=True, slots=True)
class ToDo:
    """Claims of one batch that wait for the same thing, by their numbers, and what a person does about them."""

    awarding_body: str
    batch: str
    status: str
    says: str
    claims: tuple[int, ...]

    def as_json(self) -> dict[str, Any]:
        """The entry as ``nvqsync reconcile --json`` prints it."""
        return {**asdict(self), "claims": list(self.claims)}


def tick_off(claims: Iterable[ClaimLine], reached: Collection[str], not_to_key: Collection[int]) -> list[ToDo]:
    """Of the claims that are ``OUT``, those that asking cannot settle. ``reached`` are the bodies whose portal is.

    ``not_to_key`` are the exported claims, by number, that lost their grounds.
    """
    found: dict[tuple[str, str, str, str], list[int]] = defaultdict(list)
    for claim in claims:
        if says := _due(claim.status, reached=claim.awarding_body in reached, to_key=claim.id not in not_to_key):
            found[claim.awarding_body, claim.batch_id, claim.status.value, says].append(claim.id)
    return [ToDo(*what, tuple(sorted(numbers))) for what, numbers in sorted(found.items())]


def _due(status: Status, *, reached: bool, to_key: bool) -> str:
    """What a person does about a claim in this status; empty where the portal will tell."""
    if status is Status.RECALLED:
        return _STOP
    if status is Status.UNKNOWN:
        return _SEARCH if reached else _HEARD
    if status is Status.EXPORTED:
        return _HERE if reached else _KEY if to_key else _NOT_TO_KEY
    return "" if reached else _HEARD
