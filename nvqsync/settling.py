"""Bringing the claim queue in line with the facts: judge, gate, propose, record."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from nvqsync.bootstrap import App
from nvqsync.claims import CLOSED, WAITING
from nvqsync.declaring import stands_against
from nvqsync.facts import Known, gather, shared_ulns
from nvqsync.model import ClaimKind, Notice
from nvqsync.proposing import ClaimMove, Move, adrift, claimed_units, follow, propose
from nvqsync.service.heap import seldom_collected
from nvqsync.standing import Standing
from nvqsync.storage import store_claims, store_lms
from nvqsync.store import Store


@dataclass(frozen=True, slots=True)
class Settled:
    """What settling came to: what the evidence could not use, and the moves it made in the claim queue.

    ``due`` are the learners whose claim is met and was not proposed, because everything about them is read again first.
    ``overtaken`` are the claims, by number, that somebody else changed before their move was made.
    """

    notices: tuple[Notice, ...]
    moves: tuple[ClaimMove, ...]
    due: frozenset[str] = frozenset()
    overtaken: frozenset[int] = frozenset()

    def counts(self) -> dict[str, int]:
        """How many claims were proposed, refreshed, held and flagged."""
        counted = Counter(move.move for move in self.moves)
        return {
            "proposed": counted[Move.PROPOSE], "refreshed": counted[Move.REFRESH], "held": counted[Move.HOLD],
            "flagged": counted[Move.NOTICE] + counted[Move.LIFT],
        }  # fmt: skip

    def and_then(self, later: Settled) -> Settled:
        """Both, one after the other."""
        overtaken = self.overtaken | later.overtaken
        return Settled((*self.notices, *later.notices), (*self.moves, *later.moves), overtaken=overtaken)


AT_ONCE = 1000
"""So many learners are judged at a time: what is held in memory does not grow with the college."""


def settle(
    app: App, store: Store, *, by: str, qualification_ids: Iterable[str] | None = None,
    learners: Collection[str] | None = None, propose_new: bool = True, here: Collection[int] = (),
    dry_run: bool = False,
) -> Settled:  # fmt: skip
    """Judge learners in the given qualifications (in all that are followed) and do what follows for their claims.

    ``learners`` limits it to a few, and to their other accounts. Without ``propose_new`` no new claim is made;
    ``Settled.due`` says whose is due. ``here`` are the exported claims, by number, that follow the facts as approved
    ones do: an export names those whose batch is still here. A dry run makes no move and tells those it would make.
    Where a claim that is new, or rests on other units now, may stand in another's way, the other is looked at again.
    """
    wanted = None if qualification_ids is None else list(qualification_ids)
    work = _Settling(app, store, by, wanted, propose_new=propose_new, here=here, dry_run=dry_run)
    whom = sorted(store_lms.learner_ids(store) if learners is None else _with_twins(store, learners))
    for start in range(0, len(whom), AT_ONCE) or (0,):
        with seldom_collected():
            changed = work.round(set(whom[start : start + AT_ONCE]))
            if changed and (again := store_claims.beside(store, changed)):
                work.round(again, everywhere=True)
    stray = list(_adrift(store, work.judged, None if wanted is None else set(wanted), set(whom), here))
    work.moves += work.make(stray, "")
    return Settled(
        tuple(dict.fromkeys(work.notices)), tuple(work.moves), frozenset(work.due), frozenset(work.overtaken)
    )


def _with_twins(store: Store, learners: Collection[str]) -> set[str]:
    """These learners, and whoever is registered under the same candidate number as one of them."""
    return {*learners, *store_claims.same_candidates(store, learners)}


class _Settling:
    """Settling under way: what is read once for all learners, and what it has come to so far."""

    def __init__(
        self, app: App, store: Store, by: str, wanted: Sequence[str] | None, *, propose_new: bool,
        here: Collection[int], dry_run: bool,
    ) -> None:  # fmt: skip
        self._app, self._store, self._by = app, store, by
        self._wanted, self._propose_new = wanted, propose_new
        self._here, self._dry_run = frozenset(here), dry_run
        self._reader, self._ulns = app.reader(store), shared_ulns(store)
        self._mappings = self._reader.mappings()
        self.notices: list[Notice] = []
        self.moves: list[ClaimMove] = []
        self.due: set[str] = set()
        self.overtaken: set[int] = set()
        self.judged: set[tuple[str, str]] = set()

    def round(self, learners: Collection[str], *, everywhere: bool = False) -> set[str]:
        """Judge these learners and carry out what follows; returns those whose claims others have to heed now.

        ``everywhere``: in every qualification, and no new claim is made in one that was not asked for.
        """
        changed: set[str] = set()
        for standing in self._reader.standings(None if everywhere else self._wanted, learners, self._mappings):
            for move in self._made(standing):
                self.moves.append(move)
                if _others_heed(move):
                    changed.add(move.learner_id)
            self.notices += () if everywhere else standing.notices
            self.judged |= {(row.learner.lms_id, row.qualification.id) for row in standing.rows}
        return changed

    def _made(self, standing: Standing) -> Iterator[ClaimMove]:
        """The moves that are made in one qualification."""
        learners, name = [row.learner.lms_id for row in standing.rows], standing.qualification.id
        known = gather(self._app, self._store, standing.qualification, self._ulns, learners)
        now = list(_moves(self._app, self._store, standing, known, self._here))
        asked = self._wanted is None or name in self._wanted
        if not (asked and self._propose_new):
            self.due |= {move.learner_id for move in now if asked and move.move is Move.PROPOSE}
            now = [move for move in now if move.move is not Move.PROPOSE]
        for number, alike in _by_number(now, known).items():
            yield from self.make(alike, number)

    def make(self, moves: Sequence[ClaimMove], centre_number: str) -> Sequence[ClaimMove]:
        """Carry moves out, but in a dry run; returns those that were made."""
        if self._dry_run:
            return moves
        made = store_claims.make_moves(
            self._store, moves, at=self._app.now(), actor=self._by, centre_number=centre_number
        )
        self.overtaken |= _known(moves) - _known(made)
        return made


def _known(moves: Iterable[ClaimMove]) -> set[int]:
    """The claims that moves are about, by number, but for new ones."""
    return {move.before.id for move in moves if move.before}


def _others_heed(move: ClaimMove) -> bool:
    """Whether a claim is new, or stands for other units than before."""
    before = {unit["unit_reference"] for unit in move.before.facts["units"]} if move.before else None
    return before != {unit["unit_reference"] for unit in move.facts["units"]}


def _adrift(
    store: Store, judged: Collection[tuple[str, str]], only: Collection[str] | None, learners: Collection[str],
    here: Collection[int],
) -> Iterator[ClaimMove]:  # fmt: skip
    """Waiting claims of these learners that no standing speaks for: nobody judges them, so they must not go out."""
    sql = """SELECT id, learner_id, qualification_id FROM claims WHERE (status IN (SELECT value FROM json_each(?))
            OR status = 'exported' AND id IN (SELECT value FROM json_each(?)))
        AND learner_id IN (SELECT value FROM json_each(?)) ORDER BY id"""
    wanted = [sorted(WAITING), sorted(here), sorted(learners)]
    waiting = store.rows(sql, [json.dumps(values) for values in wanted])
    stray = [
        row["id"]
        for row in waiting
        if (row["learner_id"], row["qualification_id"]) not in judged
        and (only is None or row["qualification_id"] in only)
    ]
    for claim in store_claims.some_claims(store, stray):
        if move := adrift(claim, here):
            yield move


def _by_number(moves: Iterable[ClaimMove], known: Known) -> dict[str, list[ClaimMove]]:
    """Moves by the centre number their claims are made under."""
    found: dict[str, list[ClaimMove]] = defaultdict(list)
    for move in moves:
        found[known.number(move.learner_id, move.kind)].append(move)
    return found


def _moves(
    app: App, store: Store, standing: Standing, known: Known, here: Collection[int]
) -> Iterable[ClaimMove]:  # fmt: skip
    whom = {row.learner.lms_id for row in standing.rows}
    claims = store_claims.claims_by_learner(store, standing.qualification.id, whom)
    for row in standing.rows:
        mine = claims.get(row.learner.lms_id, [])
        awards = [claim for claim in mine if claim.kind is ClaimKind.FULL_AWARD]
        if awards or row.verdict.met:
            facts = known.about(row, ClaimKind.FULL_AWARD)
            if move := propose(row, awards, facts, stands_against(app.gates, app.declarations, facts), here=here):
                yield move
        for claim in mine:
            if claim.kind is ClaimKind.UNITS and claim.status not in CLOSED:
                facts = known.about(row, ClaimKind.UNITS, claimed_units(row, claim), claim.id)
                if move := follow(row, claim, facts, stands_against(app.gates, app.declarations, facts), here):
                    yield move
