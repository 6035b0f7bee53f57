"""What may be done to a claim by whoever looks at it: each action of its status as a form, with the fields it needs.

The transition table (``nvqsync.claims.actions``) says what the status allows, the account's role what the person may.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nvqsync.centre import Account
from nvqsync.claims import CLOSED, RECORDED, Event, Status, actions
from nvqsync.declaring import Answers
from nvqsync.gates import Finding
from nvqsync.gating import four_eyes
from nvqsync.handover.hand_records import CONFIRMED, WORDS_DUE
from nvqsync.holding import BY_PERSON, REASONS, HoldCode
from nvqsync.proposing import Claim
from nvqsync.review import REASON_NEEDED
from nvqsync.sign_in.accounts import Right, SignedIn
from nvqsync.web.words import ACTION_WORDS, HAND_TO_HAND, PAPER_WORDS, sentence_case

DECIDED = (Event.APPROVE, Event.RELEASE, Event.HOLD, Event.WITHDRAW)
AGAIN = "again"
HOLD_CODES = tuple((code.value, sentence_case(REASONS[code].says)) for code in BY_PERSON)
"""What a person may give as the reason of a hold: the code, and its words."""

HELD_FOR: dict[HoldCode, str] = {
    code: sentence_case(REASONS[code].says) for code in BY_PERSON if code is not HoldCode.OTHER
}
"""What a reason that a person chose says beside their note. Those that nvqsync finds are told in its words."""

_DUE, _OPTIONAL, _NOT_ASKED = "due", "optional", ""
_HAS_REFERENCE = frozenset({"keyed", "acknowledged", "certificated"})


@dataclass(frozen=True, slots=True)
class Offer:
    """One action as a form. ``why`` and the like say whether a field is ``due``, ``optional`` or not asked for.

    ``refusal`` says why it would be refused as things are; then no form is shown. ``declarations`` are those still to
    be made, ``cautions`` those still without a note.
    """

    action: str
    says: str
    recorded: bool = False
    refusal: str = ""
    why: str = _NOT_ASKED
    code: bool = False
    day: bool = False
    certificate: bool = False
    reference: bool = False
    who: bool = False
    declarations: tuple[Finding, ...] = ()
    cautions: tuple[Finding, ...] = ()


def offers(claim: Claim, answers: Answers, who: SignedIn, account: Account | None) -> tuple[Offer, ...]:
    """Everything this person may do to the claim now, decisions first."""
    possible = actions(claim.status)
    decided = [_decision(claim, event, answers, account) for event in DECIDED if event in possible]
    again = [Offer(AGAIN, "Make it again, though nothing changed", why=_DUE)] if claim.status in CLOSED else []
    words = [word for word, event in RECORDED.items() if event in possible]
    if claim.status is Status.CERTIFICATED:
        words += [word for word in PAPER_WORDS if not getattr(claim, f"{word}_on")
                  and (claim.provisional or word != CONFIRMED)]  # fmt: skip
    recorded = [_record(word) for word in words]
    return (
        *((*decided, *again) if who.may(Right.CLAIMS) else ()),
        *(recorded if who.may(Right.RECORD) else ()),
    )


def _decision(claim: Claim, event: Event, answers: Answers, account: Account | None) -> Offer:
    if event is Event.APPROVE:
        return Offer(
            event.value, ACTION_WORDS[event], refusal=_why_not_approve(claim, account), why=_OPTIONAL,
            declarations=answers.missing(claim.declarations, claim.fingerprint),
            cautions=answers.unnoted(claim.cautions, claim.fingerprint),
        )  # fmt: skip
    due = _DUE if event in REASON_NEEDED else _OPTIONAL
    return Offer(event.value, ACTION_WORDS[event], why=due, code=event is Event.HOLD)


def _why_not_approve(claim: Claim, account: Account | None) -> str:
    if claim.blockers:
        return "Something blocks this claim: put that right first."
    return four_eyes.why_not(account, claim.facts.get("people", {})) or ""


def _record(word: str) -> Offer:
    says = PAPER_WORDS[word] if word in PAPER_WORDS else ACTION_WORDS[RECORDED[word]]
    return Offer(
        word, says, recorded=True, why=_DUE if word in WORDS_DUE else _OPTIONAL, day=True,
        certificate=word == "certificated", reference=word in _HAS_REFERENCE, who=word in {"keyed", *HAND_TO_HAND},
    )  # fmt: skip


# ---------------------------------------------------------------- what happened, and how to undo it

DONE = {
    Event.APPROVE: "Claim {0} is approved and goes out with the next export. To undo it: put it on hold before then.",
    Event.HOLD: "Claim {0} is on hold. To undo it: take it off hold.",
    Event.RELEASE: "Claim {0} is off hold and waits for approval. To undo it: put it on hold again.",
    Event.WITHDRAW: "Claim {0} is withdrawn. It stays so; to claim for the learner after all, make it again.",
}
"""What a page answers to a decision that was carried out, with the claim's number put in."""

_WRONG_DAY = "A wrong day is put right with: nvqsync claims record {0} {1} --correct --on DAY --words WHY"
_CLOSED_NOW = "It stays so; to claim for the learner after all, make the claim again."
_UNDONE = {
    "certificated": "A wrong number or day is put right with: "
    "nvqsync claims record {0} {1} --correct --certificate NUMBER --on DAY --words WHY",
    "acknowledged": "If it waits for the EQA, record that instead.",
    "awaiting": "To undo it: record that the portal has it.",
    "recalled": "To undo it: record what the body says of it.",
    "returned": _CLOSED_NOW,
    "revoked": _CLOSED_NOW,
}


def undone(word: str, claim: int | str) -> str:
    """How to undo a record, as far as it can be undone; ``claim`` is its number, or what stands for several."""
    return _UNDONE.get(word, _WRONG_DAY).format(word, claim)


def told_record(claim_id: int, word: str) -> str:
    """What a page answers to a record that was made."""
    return f"Recorded for claim {claim_id}: {word.replace('_', ' ')}. {undone(word, claim_id)}"


def summed(done: Sequence[int]) -> str:
    """What a page answers to an approval of many."""
    if not done:
        return "No claim was approved."
    one = len(done) == 1
    return (
        f"{len(done)} claim{' is' if one else 's are'} approved and go{'es' if one else ''} out with the next export. "
        f"To undo it: put {'it' if one else 'them'} on hold before then."
    )
