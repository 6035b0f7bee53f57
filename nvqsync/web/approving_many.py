"""Approving many claims: what would happen to each, shown before anybody says yes, and then that and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from nvqsync.answering import Said, all_asked
from nvqsync.bootstrap import App
from nvqsync.claims import Event, Status
from nvqsync.gates import Finding
from nvqsync.proposing import Claim
from nvqsync.review import Deed, Result, working
from nvqsync.storage import store_claims, store_declarations
from nvqsync.store import Store
from nvqsync.web import counting, queries
from nvqsync.web.filters import Filters
from nvqsync.web.scope import Scope
from nvqsync.web.twice import pressed_twice

MOST = 500
"""So many claims are approved at once; the next ones after that."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A declaration that some of the claims ask for: its id, its words, and how many ask."""

    id: str
    says: str
    claims: int


@dataclass(slots=True)
class Preview:
    """What approving these claims would do: which would go out, which are left out and why, and what is asked first.

    ``cautions`` are those that nobody has written a note about, each with the claim it stands on.
    """

    going: list[Claim] = field(default_factory=list)
    left_out: list[tuple[Claim, str]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    cautions: list[tuple[Claim, Finding]] = field(default_factory=list)
    names: Mapping[str, str] = field(default_factory=dict)

    def unanswered(self, said: Said) -> str:
        """What ``said`` leaves open, in words; empty where everything is said."""
        open_ = [one.id for one in self.asked if one.id not in said.declares]
        if open_:
            return f"Nothing was done. Still to be declared: {', '.join(open_)}. Or go back and leave those claims out."
        if self.cautions and not said.note.strip():
            return "Nothing was done. Some claims have cautions: write what you found out about them."
        return ""


def ready_claims(app: App, store: Store, filters: Filters, within: Scope) -> dict[int, int]:
    """The ready claims among those that answer a question, at most ``MOST``, by number with their version."""
    narrow = counting.narrow(store, filters, app.today, within)
    asked = filters.but(status=Status.PROPOSED, blocked=False)
    ids = queries.claim_ids(store, asked, narrow, counting.groups(store, narrow), MOST)
    return {claim.id: claim.version for claim in store_claims.some_claims(store, ids)}


def preview(app: App, store: Store, versions: Mapping[int, int], by: str) -> Preview:
    """What approving these versions of claims would do. Writes nothing. Raises ``UnknownName``."""
    claims = {claim.id: claim for claim in store_claims.some_claims(store, versions)}
    everything = Said(frozenset(all_asked(claims.values())), "noted")
    deed = Deed(Event.APPROVE, by, versions=versions, said=everything, dry_run=True)
    refused = {one.claim_id: one.refused for some in working(app, store, versions, deed) for one in some if one.refused}
    shown = Preview(names=_names(store, list(claims.values())))
    for claim in claims.values():
        if claim.id in refused:
            shown.left_out.append((claim, refused[claim.id]))
        else:
            shown.going.append(claim)
    _ask(store, shown)
    return shown


def _ask(store: Store, shown: Preview) -> None:
    """Put together what the claims that would go out ask for, each declaration once."""
    found: dict[str, Asked] = {}
    for claim in shown.going:
        answers = store_declarations.answers(store, claim.id)
        for one in answers.missing(claim.declarations, claim.fingerprint):
            found[one.id] = Asked(one.id, one.says, found[one.id].claims + 1 if one.id in found else 1)
        shown.cautions += [(claim, one) for one in answers.unnoted(claim.cautions, claim.fingerprint)]
    shown.asked = list(found.values())


def _names(store: Store, claims: Sequence[Claim]) -> dict[str, str]:
    return {lms_id: one.name for lms_id, one in queries.people(store, (claim.learner_id for claim in claims)).items()}


def approve(app: App, store: Store, versions: Mapping[int, int], said: Said, *, by: str, why: str) -> list[Result]:
    """Approve these versions of claims; what is refused does not stop the others. Pressed twice, the same again."""
    deed = Deed(Event.APPROVE, by, why, versions=versions, said=said)
    results = [result for some in working(app, store, versions, deed) for result in some]
    return [replace(one, refused="") if one.refused and pressed_twice(store, one, deed) else one for one in results]
