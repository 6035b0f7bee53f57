"""What is to be seen in the demo, and on which claim: for every gate, declaration and case one to look up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from nvqsync.bootstrap import App
from nvqsync.claims import CLOSED
from nvqsync.demo.cases import BESIDE, Player
from nvqsync.proposing import RECALL_NOTICE, Claim
from nvqsync.storage import store_claims
from nvqsync.store import Store


@dataclass(frozen=True, slots=True)
class Shown:
    """Something the demo shows: its id or another word for it, on how many claims, one to look up (0: none), how."""

    what: str
    claims: int
    look_at: int
    says: str


def shown(app: App, store: Store, players: Sequence[Player]) -> tuple[Shown, ...]:
    """Every gate, then every declaration, then what the cases show beside."""
    claims = store_claims.claims(store)
    told = {what: player for player in players[::-1] for what in player.case.shows}
    gates = {one.id: BESIDE.get(one.id, f"{one.says}.") for one in app.gates}
    known = gates | {RECALL_NOTICE: BESIDE[RECALL_NOTICE]} | {one.id: f"To be declared: {one.source}."
                                                             for one in app.declarations}  # fmt: skip
    beside = [what for what in told if what not in known]
    return (
        *(_finding(id_, says, claims, told.get(id_)) for id_, says in known.items()),
        *(_other(what, claims, told[what]) for what in beside),
        *_lives(claims),
    )


def _finding(id_: str, says: str, claims: Iterable[Claim], player: Player | None) -> Shown:
    """A gate or declaration: the claim of its case before any other."""
    found = [claim for claim in claims if any(finding.id == id_ for finding in claim.findings)]
    mine = [claim for claim in found if player and claim.learner_id == player.lms_id]
    told = player.case.says if player and mine else says
    return Shown(id_, len(found), next((claim.id for claim in [*mine, *found]), 0), told)


def _other(what: str, claims: Iterable[Claim], player: Player) -> Shown:
    found = [claim for claim in claims if claim.learner_id == player.lms_id]
    return Shown(what, len(found), found[-1].id if found else 0, player.case.says)


def _lives(claims: Sequence[Claim]) -> Iterator[Shown]:
    """A claim for each status that any has, and one that was made again."""
    for status in dict.fromkeys(claim.status for claim in claims):
        found = [claim for claim in claims if claim.status is status]
        yield Shown(status.value.replace("_", " "), len(found), found[0].id, "A claim with this status.")
    closed = {_same(claim) for claim in claims if claim.status in CLOSED}
    again = [claim for claim in claims if claim.status not in CLOSED and _same(claim) in closed]
    if again:
        yield Shown("made again", len(again), again[0].id, "Returned by the body, put right, and claimed again.")


def _same(claim: Claim) -> tuple[str, ...]:
    return claim.learner_id, claim.qualification_id, claim.kind.value
