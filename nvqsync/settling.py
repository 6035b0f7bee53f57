"""Bringing the claim queue in line with the facts: judge, gate, propose, record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from nvqsync import store_claims, store_lms
from nvqsync.bootstrap import App
from nvqsync.claims import WAITING
from nvqsync.declaring import stands_against
from nvqsync.facts import gather, shared_ulns
from nvqsync.model import ClaimKind, Notice
from nvqsync.proposing import ClaimMove, Move, adrift, propose
from nvqsync.standing import Standing
from nvqsync.store import Store


@dataclass(frozen=True, slots=True)
class Settled:
    """What settling came to: what the evidence could not use, and the moves it made in the claim queue.

    ``due`` are the learners whose claim is met and was not proposed, because everything about them is read again first.
    """

    notices: tuple[Notice, ...]
    moves: tuple[ClaimMove, ...]
    due: frozenset[str] = frozenset()

    def counts(self) -> dict[str, int]:
        """How many claims were proposed, refreshed, held and flagged."""
        counted = Counter(move.move for move in self.moves)
        return {
            name: counted[move] for name, move in zip(("proposed", "refreshed", "held", "flagged"), Move, strict=True)
        }

    def and_then(self, later: Settled) -> Settled:
        """Both, one after the other."""
        return Settled((*self.notices, *later.notices), (*self.moves, *later.moves))


AT_ONCE = 1000
"""So many learners are judged at a time: what is held in memory does not grow with the college."""


def settle(
    app: App, store: Store, *, by: str, qualification_ids: Iterable[str] | None = None,
    learners: Collection[str] | None = None, propose_new: bool = True,
) -> Settled:  # fmt: skip
    """Judge learners in the given qualifications (in all that are followed) and do what follows for their claims.

    ``learners`` limits it to a few. Without ``propose_new`` no new claim is made; ``Settled.due`` says whose is due.
    """
    reader, shared = app.reader(store), shared_ulns(store)
    mappings = reader.mappings()
    wanted = None if qualification_ids is None else list(qualification_ids)
    whom = sorted(store_lms.learner_ids(store) if learners is None else learners)
    notices: list[Notice] = []
    moves: list[ClaimMove] = []
    due: set[str] = set()
    judged: set[tuple[str, str]] = set()
    for start in range(0, len(whom), AT_ONCE) or (0,):
        for standing in reader.standings(wanted, set(whom[start : start + AT_ONCE]), mappings):
            now = list(_moves(app, store, standing, shared))
            if not propose_new:
                due |= {move.learner_id for move in now if move.move is Move.PROPOSE}
                now = [move for move in now if move.move is not Move.PROPOSE]
            number = app.centre_facts(standing.qualification).centre_number
            moves += store_claims.make_moves(store, now, at=app.now(), actor=by, centre_number=number)
            notices += standing.notices
            judged |= {(row.learner.lms_id, row.qualification.id) for row in standing.rows}
    stray = list(_adrift(store, judged, None if wanted is None else set(wanted), set(whom)))
    moves += store_claims.make_moves(store, stray, at=app.now(), actor=by, centre_number="")
    return Settled(tuple(dict.fromkeys(notices)), tuple(moves), frozenset(due))


def _adrift(
    store: Store, judged: Collection[tuple[str, str]], only: Collection[str] | None, learners: Collection[str]
) -> Iterator[ClaimMove]:
    """Waiting claims of these learners that no standing speaks for: nobody judges them, so they must not go out."""
    for status in sorted(WAITING):
        for claim in store_claims.claims(store, "status = ?", [status.value]):
            asked = claim.learner_id in learners and (only is None or claim.qualification_id in only)
            if asked and (claim.learner_id, claim.qualification_id) not in judged and (move := adrift(claim)):
                yield move


def _moves(app: App, store: Store, standing: Standing, shared: Mapping[str, tuple[str, ...]]) -> Iterable[ClaimMove]:
    claims = store_claims.claims_by_learner(store, standing.qualification.id)
    known = gather(app, store, standing.qualification, shared)
    for row in standing.rows:
        mine = claims.get(row.learner.lms_id, [])
        if not mine and not row.verdict.met:
            continue
        facts = known.about(row, ClaimKind.FULL_AWARD)
        if move := propose(row, mine, facts, stands_against(app.gates, app.declarations, facts)):
            yield move
