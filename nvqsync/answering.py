"""What an approver says of a claim beside "approve": declarations, and a note on its cautions; asked for and kept.

Both are made on the facts of the claim's fingerprint and stand as long as it does. A claim that comes back from hold on
the same facts is asked only for what is new; one whose facts changed is asked for everything again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from nvqsync.bootstrap import App
from nvqsync.claims import Event, advance
from nvqsync.declaring import Answers
from nvqsync.errors import NotAllowed, UnknownName
from nvqsync.gates import Finding
from nvqsync.gating import four_eyes
from nvqsync.holding import HoldCode
from nvqsync.names import did_you_mean
from nvqsync.proposing import Claim
from nvqsync.storage import store_audit, store_centre, store_claims, store_declarations
from nvqsync.store import Store


@dataclass(frozen=True, slots=True)
class Said:
    """What an approver says beside "approve": the ids of the declarations they make, and a note on the cautions."""

    declares: frozenset[str] = frozenset()
    note: str = ""


NOTHING_SAID = Said()


def approval_gaps(claim: Claim, answers: Answers, said: Said = NOTHING_SAID) -> tuple[Finding, ...]:
    """What still has to be said before a claim may be approved: declarations not made, cautions without a note.

    ``answers`` are those on record; they stand as long as the claim's fingerprint does, so that a claim which comes
    back from hold is asked only about what changed.
    """
    undeclared = answers.missing(claim.declarations, claim.fingerprint)
    unnoted = () if said.note.strip() else answers.unnoted(claim.cautions, claim.fingerprint)
    return (*(one for one in undeclared if one.id not in said.declares), *unnoted)


def check_declarations(app: App, names: Collection[str]) -> None:
    """Raises ``UnknownName`` for the id of a declaration that neither nvqsync nor a plugin has."""
    known = [one.id for one in app.declarations]
    for name in sorted(set(names) - set(known)):
        hint = did_you_mean(name, known)
        says = f"There is no declaration {name!r}. {hint}".strip()
        raise UnknownName(says, f"Known: {', '.join(known)}. 'nvqsync claims show ID' lists those a claim asks for.")


def check_answered(store: Store, claim: Claim, said: Said) -> None:
    """Whether everything is said that the claim asks for. Raises ``NotAllowed`` where more is due."""
    if gaps := approval_gaps(claim, store_declarations.answers(store, claim.id), said):
        raise NotAllowed(f"Claim {claim.id} {_gaps_in_words(claim, gaps)}.", "\n".join(_remedies(claim, gaps)))


def _gaps_in_words(claim: Claim, gaps: Collection[Finding]) -> str:
    undeclared = ", ".join(one.id for one in gaps if one in claim.declarations)
    unnoted = ", ".join(one.id for one in gaps if one in claim.cautions)
    parts = [f"asks for declarations not made: {undeclared}" if undeclared else "",
             f"has cautions without a note: {unnoted}" if unnoted else ""]  # fmt: skip
    return " and ".join(filter(None, parts))


def _remedies(claim: Claim, gaps: Collection[Finding]) -> list[str]:
    """The cautions in their own words, where to read the declarations, and the command that says what is missing."""
    told = [f"{one.id}: {one.says}" for one in gaps if one in claim.cautions]
    undeclared = [one.id for one in gaps if one in claim.declarations]
    read = [f"Read what you declare: nvqsync claims show {claim.id}"] if undeclared else []
    options = [f"--declare {name}" for name in undeclared] + ['--note "..."'] * bool(told)
    return [*told, *read, f"Once it is so: nvqsync claims approve {claim.id} {' '.join(options)}"]


def record_said(store: Store, claim: Claim, said: Said, *, by: str, at: int) -> None:
    """Keep what an approver said of a claim and was not on record, inside the transaction that is open."""
    missing = store_declarations.answers(store, claim.id).missing(claim.declarations, claim.fingerprint)
    made = [one for one in missing if one.id in said.declares]
    store_declarations.record_declared(store, claim, made, actor=by, at=at)
    if said.note.strip():
        store_declarations.record_note(store, claim, said.note, actor=by, at=at)


def hold_unanswered(app: App, store: Store, claims: Iterable[Claim], *, by: str) -> list[int]:
    """Put approved claims on hold that were not approved on what is known now; returns their numbers."""
    held = []
    for claim, why in unanswered(store, claims):
        status = advance(claim.status, Event.FACTS_CHANGED)
        store_claims.change_claim(
            store,
            claim,
            status,
            at=app.now(),
            actor=by,
            action="hold",
            why=why,
            hold_reason=why,
            hold_code=HoldCode.GATES_CHANGED.value,
        )
        held.append(claim.id)
    return held


def unanswered(store: Store, claims: Iterable[Claim]) -> Iterator[tuple[Claim, str]]:
    """Those of these claims that were not approved on what is known now, and why.

    Their declarations and notes do not cover what is due, or whoever approved one is known by now as a Moodle user who
    assessed or verified in it.
    """
    for claim in claims:
        if gaps := approval_gaps(claim, store_declarations.answers(store, claim.id)):
            yield claim, f"It {_gaps_in_words(claim, gaps)}."
        elif approver := _had_a_part(store, claim):
            yield claim, f"{approver}, who approved it, assessed or verified in it: somebody else has to approve it."


def _had_a_part(store: Store, claim: Claim) -> str:
    """Whoever approved a claim, where their account is that of somebody who assessed or verified in it; or nothing."""
    approver = store_audit.last_actor(store, f"claim:{claim.id}", Event.APPROVE.value)
    account = store_centre.account(store, approver)
    part = account is not None and four_eyes.has_part(account.lms_id, claim.facts.get("people", {}))
    return approver if part else ""


def all_asked(claims: Iterable[Claim]) -> dict[str, str]:
    """The declarations that these claims ask for, by id, each with its words."""
    return {one.id: one.says for claim in claims for one in claim.declarations}
