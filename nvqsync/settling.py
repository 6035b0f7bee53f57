"""Bringing the claim queue in line with the facts: judge, gate, propose, record."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from nvqsync import store_claims, store_lms
from nvqsync.bootstrap import App
from nvqsync.check_characters import PLACEHOLDER_ULN
from nvqsync.claims import WAITING
from nvqsync.gates import ClaimFacts, run_gates
from nvqsync.model import ClaimKind, Registration
from nvqsync.progress import LearnerProgress
from nvqsync.proposing import ClaimMove, Move, adrift, propose
from nvqsync.standing import Standing
from nvqsync.store import Store


@dataclass(frozen=True, slots=True)
class Settled:
    """What settling came to: everyone's standing, and the moves it made in the claim queue."""

    standings: tuple[Standing, ...]
    moves: tuple[ClaimMove, ...]

    def counts(self) -> dict[str, int]:
        """How many claims were proposed, refreshed, held and flagged."""
        counted = Counter(move.move for move in self.moves)
        return {
            name: counted[move] for name, move in zip(("proposed", "refreshed", "held", "flagged"), Move, strict=True)
        }


def settle(app: App, store: Store, *, by: str, qualification_ids: Iterable[str] | None = None) -> Settled:
    """Judge every learner of the given qualifications (of all followed) and do what follows for their claims."""
    only = None if qualification_ids is None else set(qualification_ids)
    standings = tuple(app.reader(store).standings(only))
    shared = shared_ulns(store)
    moves: list[ClaimMove] = []
    for standing in standings:
        now = list(_moves(app, store, standing, shared))
        number = app.centre_facts(standing.qualification).centre_number
        moves += store_claims.make_moves(store, now, at=app.now(), actor=by, centre_number=number)
    stray = list(_adrift(store, standings, only))
    moves += store_claims.make_moves(store, stray, at=app.now(), actor=by, centre_number="")
    return Settled(standings, tuple(moves))


def _adrift(store: Store, standings: Iterable[Standing], only: Collection[str] | None) -> Iterator[ClaimMove]:
    """Waiting claims that no standing speaks for: nobody judges them any more, so they must not go out."""
    judged = {(row.learner.lms_id, row.qualification.id) for standing in standings for row in standing.rows}
    for status in sorted(WAITING):
        for claim in store_claims.claims(store, "status = ?", [status.value]):
            asked = only is None or claim.qualification_id in only
            if asked and (claim.learner_id, claim.qualification_id) not in judged and (move := adrift(claim)):
                yield move


def _moves(app: App, store: Store, standing: Standing, shared: Mapping[str, tuple[str, ...]]) -> Iterable[ClaimMove]:
    claims = store_claims.claims_by_learner(store, standing.qualification.id)
    registered: dict[str, list[Registration]] = defaultdict(list)
    for registration in store_claims.registrations(store, standing.qualification.id):
        registered[registration.learner_id].append(registration)
    for row in standing.rows:
        mine = claims.get(row.learner.lms_id, [])
        if not mine and not row.verdict.met:
            continue
        facts = claim_facts(app, row, tuple(registered[row.learner.lms_id]), shared)
        if move := propose(row, mine, facts, run_gates(app.gates, facts)):
            yield move


def claim_facts(
    app: App, row: LearnerProgress, registrations: tuple[Registration, ...], shared: Mapping[str, tuple[str, ...]]
) -> ClaimFacts:
    """All that a gate may look at for one learner's full-award claim."""
    return ClaimFacts(
        learner=row.learner,
        qualification=row.qualification,
        kind=ClaimKind.FULL_AWARD,
        registrations=registrations,
        centre=app.centre_facts(row.qualification),
        met=row.verdict.met,
        undecided=row.verdict.undecided,
        units=row.counted,
        verdict_cautions=row.judgement.cautions,
        same_uln=shared.get(row.learner.lms_id, ()),
        today=app.today,
    )


def shared_ulns(store: Store) -> dict[str, tuple[str, ...]]:
    """By learner, the other accounts that carry the same ULN, in Moodle or in a registration.

    The placeholder belongs to nobody.
    """
    holders: dict[str, dict[str, None]] = defaultdict(dict)
    written = [(learner.uln, learner.lms_id) for learner in store_lms.learners(store)]
    written += [(registration.uln, registration.learner_id) for registration in store_claims.registrations(store)]
    for number, learner_id in written:
        uln = "".join(number.split())
        if uln and uln != PLACEHOLDER_ULN:
            holders[uln][learner_id] = None
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for same in holders.values():
        for one in same if len(same) > 1 else ():
            found[one].update((other, None) for other in same if other != one)
    return {one: tuple(others) for one, others in found.items()}
