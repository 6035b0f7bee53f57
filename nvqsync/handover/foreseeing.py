"""What an export or a reconcile would do, on the facts as they stand in the database: for a dry run. Never writes.

A real export reads the facts from the LMS again and asks the portal about batches that it may have; here is neither.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from nvqsync.answering import unanswered
from nvqsync.bootstrap import App
from nvqsync.claims import Status
from nvqsync.handover import batching
from nvqsync.handover.batching import ClaimLine, Way
from nvqsync.handover.preparing import ways
from nvqsync.handover.reconciling import gone_out, left_for_a_person, to_ask
from nvqsync.handover.ticking_off import ToDo
from nvqsync.handover.waiting_batches import is_whole, waiting
from nvqsync.proposing import Move
from nvqsync.settling import settle
from nvqsync.storage import store_claims, store_handover
from nvqsync.store import Store


@dataclass(frozen=True, slots=True)
class Going:
    """A batch that would go. ``batch`` is empty for a new one; without a ``portal`` it is written to be keyed."""

    batch: str
    awarding_body: str
    qualification: str
    route: str
    centre_number: str
    portal: bool
    claims: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Staying:
    """A claim that would stay here, and why."""

    claim: int
    says: str


@dataclass(frozen=True, slots=True)
class Asking:
    """Claims of one batch about which the portal would be asked."""

    awarding_body: str
    centre_number: str
    batch: str
    claims: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would be written and handed over, what would stay, what would be asked about, what a person would do."""

    batches: tuple[Going, ...] = ()
    stays: tuple[Staying, ...] = ()
    asks: tuple[Asking, ...] = ()
    tick_off: tuple[ToDo, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The document ``nvqsync export --dry-run --json`` and ``nvqsync reconcile --dry-run --json`` print."""
        return {
            "batches": [
                {**asdict(one), "batch": one.batch or None, "claims": list(one.claims)} for one in self.batches
            ],
            "stays": [asdict(one) for one in self.stays],
            "asks": [{**asdict(one), "claims": list(one.claims)} for one in self.asks],
            "tick_off": [one.as_json() for one in self.tick_off],
        }


def export_foreseen(app: App, store: Store) -> Foreseen:
    """What an export would do with the approved claims, and with the batches that wait here."""
    app.formats()  # a misspelt one stops the export
    approved = store_handover.in_statuses(store, {Status.APPROVED})
    here = waiting(store, app.reached)
    stays = _against(app, store, [*approved, *here])
    going = [claim for claim in (*approved, *here) if claim.id not in stays]
    told = (Staying(claim, says) for claim, says in sorted(stays.items()))
    sending = [row["id"] for row in store_handover.batches_in(store, "sending")]
    asks = (one for one in _asked(store, app, to_ask(certificates=False)) if one.batch in sending)
    return Foreseen(tuple(_batches(app, store, going)), tuple(told), tuple(asks))


def reconcile_foreseen(app: App, store: Store, *, certificates: bool = False) -> Foreseen:
    """What a reconcile would ask the portal about, and what is left for a person as things stand."""
    asks = _asked(store, app, to_ask(certificates=certificates))
    return Foreseen(asks=tuple(asks), tick_off=tuple(left_for_a_person(app, store)))


def _against(app: App, store: Store, claims: Sequence[ClaimLine]) -> dict[int, str]:
    """By number, why some of these claims would go on hold."""
    if not claims:
        return {}
    here = {claim.id for claim in claims if claim.status is Status.EXPORTED}
    learners = {claim.learner_id for claim in claims}
    moves = settle(app, store, by="nvqsync", learners=learners, propose_new=False, here=here, dry_run=True).moves
    held = {move.before.id: move.why for move in moves if move.before and move.move is Move.HOLD}
    open_questions = {claim.id: why for claim, why in unanswered(store, store_handover.in_full(store, claims))}
    return {claim.id: said for claim in claims if (said := held.get(claim.id) or open_questions.get(claim.id))}


def _batches(app: App, store: Store, claims: Sequence[ClaimLine]) -> Iterator[Going]:
    """Those that wait here, as they are or what is left of them; then new ones."""
    way = ways(app, store, claims)
    for batch_id, left in _by_batch(claim for claim in claims if claim.status is Status.EXPORTED).items():
        whole = batching.from_json(store_claims.batches(store, "id = ?", [batch_id])[0]["document"])
        same_way = {way[claim.id] for claim in left} == {Way(whole.route, whole.centre_number)}
        yield from _grouped(app, left, way, batch_id if same_way and is_whole(whole, left) else "")
    yield from _grouped(app, [claim for claim in claims if claim.status is Status.APPROVED], way, "")


def _by_batch(claims: Iterable[ClaimLine]) -> dict[str, list[ClaimLine]]:
    found: dict[str, list[ClaimLine]] = defaultdict(list)
    for claim in claims:
        found[claim.batch_id].append(claim)
    return found


def _grouped(app: App, claims: Sequence[ClaimLine], way: Mapping[int, Way], batch_id: str) -> Iterator[Going]:
    for group in batching.groups(claims, lambda claim: way[claim.id]):
        first, numbers = group[0], tuple(claim.id for claim in group)
        to_portal = first.awarding_body in app.reached
        route, centre = way[first.id].route, way[first.id].centre_number
        yield Going(batch_id, first.awarding_body, first.qualification_id, route, centre, to_portal, numbers)


def _asked(store: Store, app: App, wanted: set[Status]) -> Iterator[Asking]:
    asked = gone_out(store, store_claims.batch_states(store), wanted)
    for (body, centre), claims in sorted(asked.items()):
        for batch_id, some in _by_batch(claims if body in app.reached else ()).items():
            yield Asking(body, centre, batch_id, tuple(sorted(claim.id for claim in some)))
