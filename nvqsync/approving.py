"""What must hold before a claim may be approved: every check in one list, each a plain function that refuses.

``check`` runs inside the transaction in which the claim is approved, after the facts were settled. A further condition
(a declaration, a note, who may approve) is one more function in ``CHECKS``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nvqsync.answering import NOTHING_SAID, Said, check_answered
from nvqsync.bootstrap import App
from nvqsync.errors import NotAllowed
from nvqsync.gating.four_eyes import why_not
from nvqsync.proposing import Claim
from nvqsync.storage import store_centre
from nvqsync.store import Store


@dataclass(frozen=True, slots=True)
class Seen:
    """What a person looked at: the claim's version, its fingerprint then, and the ids of what stood on it.

    ``exact`` is true where they named the version, so that not even a reworded caution may have come between.
    """

    version: int
    fingerprint: str
    findings: frozenset[str]
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Approval:
    """An approval about to be made: which claim as it stands now, what was seen of it, by whom, and their words."""

    app: App
    store: Store
    claim: Claim
    seen: Seen
    by: str
    why: str
    said: Said = NOTHING_SAID


def _is_what_was_seen(approval: Approval) -> None:
    """The evidence under the claim is what the person looked at, and nothing new stands on it."""
    claim, seen = approval.claim, approval.seen
    step = f"Look at it as it is now ('nvqsync claims show {claim.id}'), then approve {claim.id}@{claim.version}."
    if seen.exact and claim.version != seen.version:
        raise NotAllowed(f"Claim {claim.id} was changed since you looked.", step)
    if claim.fingerprint != seen.fingerprint:
        raise NotAllowed(f"The evidence under claim {claim.id} changed a moment ago.", step)
    if new := sorted({finding.id for finding in claim.cautions} - seen.findings):
        raise NotAllowed(f"Claim {claim.id} has cautions that it had not when you asked: {', '.join(new)}.", step)


def _nothing_blocks(approval: Approval) -> None:
    """A claim with blockers cannot be approved: the refusal names each rule and its remedy."""
    claim = approval.claim
    if claim.blockers:
        says = f"Claim {claim.id} is blocked by {', '.join(finding.id for finding in claim.blockers)}."
        raise NotAllowed(says, "\n".join(f"{finding.id}: {finding.says}" for finding in claim.blockers))


def _four_eyes(approval: Approval) -> None:
    """Whoever approves has neither assessed nor verified what the claim rests on."""
    account = store_centre.account(approval.store, approval.by)
    if why := why_not(account, approval.claim.facts.get("people", {})):
        raise NotAllowed(f"{approval.by} cannot approve claim {approval.claim.id}.", why)


def _everything_said(approval: Approval) -> None:
    """Every declaration is made that the claim asks for, and its cautions have a note."""
    check_answered(approval.store, approval.claim, approval.said)


CHECKS: tuple[Callable[[Approval], None], ...] = (_nothing_blocks, _is_what_was_seen, _four_eyes, _everything_said)
"""Each raises ``NotAllowed`` with the next step, or lets the claim pass. The first refusal is the one told."""


def check(approval: Approval) -> None:
    """Whether this claim may be approved now. Raises ``NotAllowed``."""
    for one in CHECKS:
        one(approval)
