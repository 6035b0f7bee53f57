"""A claim's life: where it may go from where it is, as one table.

A claim is *proposed* by a met verdict. A person approves it, holds it or withdraws it. An approved claim is *exported*
in a batch and *submitted* to the portal, which acknowledges it, lets it wait for the external quality assurer
(*awaiting_authorisation*), certificates it or returns it with its reasons. When no answer came the claim is *unknown*:
the portal is asked about its key before anything is sent again. A submitted claim is never edited: it is withdrawn
and made anew. When facts change under a claim that is still here, it goes on hold; under one that has gone, it is
*recalled*.

The table drives the code, the diagram in ``docs/claims.md`` and the buttons of the queue page.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum

from nvqsync.errors import NotAllowed
from nvqsync.model import ClaimKind


class Status(StrEnum):
    """Where a claim is. The words are part of the JSON interface."""

    PROPOSED = "proposed"
    ON_HOLD = "on_hold"
    APPROVED = "approved"
    EXPORTED = "exported"
    SUBMITTED = "submitted"
    ACKNOWLEDGED = "acknowledged"
    AWAITING_AUTHORISATION = "awaiting_authorisation"
    CERTIFICATED = "certificated"
    RETURNED = "returned"
    UNKNOWN = "unknown"
    WITHDRAWN = "withdrawn"
    RECALLED = "recalled"


class Event(StrEnum):
    """What may happen to a claim."""

    APPROVE = "approve"
    HOLD = "hold"
    RELEASE = "release"
    WITHDRAW = "withdraw"
    FACTS_CHANGED = "facts_changed"
    EXPORT = "export"
    SUBMIT = "submit"
    ACKNOWLEDGE = "acknowledge"
    AWAIT_AUTHORISATION = "await_authorisation"
    CERTIFICATE = "certificate"
    RETURN = "return"
    NO_ANSWER = "no_answer"
    NOT_FOUND = "not_found"
    RECALL = "recall"


ANSWERS = {
    Event.ACKNOWLEDGE: Status.ACKNOWLEDGED,
    Event.AWAIT_AUTHORISATION: Status.AWAITING_AUTHORISATION,
    Event.CERTIFICATE: Status.CERTIFICATED,
    Event.RETURN: Status.RETURNED,
}
"""What a portal may say, and where it takes a claim that has gone out."""

TRANSITIONS: dict[Status, dict[Event, Status]] = {
    Status.PROPOSED: {
        Event.APPROVE: Status.APPROVED,
        Event.HOLD: Status.ON_HOLD,
        Event.WITHDRAW: Status.WITHDRAWN,
        Event.FACTS_CHANGED: Status.ON_HOLD,
    },
    Status.ON_HOLD: {
        Event.RELEASE: Status.PROPOSED,
        Event.WITHDRAW: Status.WITHDRAWN,
        Event.FACTS_CHANGED: Status.ON_HOLD,
    },
    Status.APPROVED: {
        Event.EXPORT: Status.EXPORTED,
        Event.HOLD: Status.ON_HOLD,
        Event.WITHDRAW: Status.WITHDRAWN,
        Event.FACTS_CHANGED: Status.ON_HOLD,
    },
    Status.EXPORTED: {
        Event.SUBMIT: Status.SUBMITTED,
        Event.NO_ANSWER: Status.UNKNOWN,
        Event.WITHDRAW: Status.WITHDRAWN,
        Event.RECALL: Status.RECALLED,
        **ANSWERS,
    },
    Status.SUBMITTED: {Event.NO_ANSWER: Status.UNKNOWN, Event.RECALL: Status.RECALLED, **ANSWERS},
    Status.UNKNOWN: {Event.NOT_FOUND: Status.EXPORTED, Event.RECALL: Status.RECALLED, **ANSWERS},
    Status.ACKNOWLEDGED: {
        Event.AWAIT_AUTHORISATION: Status.AWAITING_AUTHORISATION,
        Event.CERTIFICATE: Status.CERTIFICATED,
        Event.RETURN: Status.RETURNED,
        Event.RECALL: Status.RECALLED,
    },
    Status.AWAITING_AUTHORISATION: {
        Event.ACKNOWLEDGE: Status.ACKNOWLEDGED,
        Event.CERTIFICATE: Status.CERTIFICATED,
        Event.RETURN: Status.RETURNED,
        Event.RECALL: Status.RECALLED,
    },
    Status.CERTIFICATED: {Event.RECALL: Status.RECALLED},
    Status.RETURNED: {},
    Status.WITHDRAWN: {},
    Status.RECALLED: {Event.WITHDRAW: Status.WITHDRAWN},
}
"""Every move there is. What is not here is refused."""

WAITING = frozenset({Status.PROPOSED, Status.ON_HOLD, Status.APPROVED})
"""Claims that are still in our hands: they follow the facts."""

GONE = frozenset(
    {Status.EXPORTED, Status.SUBMITTED, Status.UNKNOWN, Status.ACKNOWLEDGED, Status.AWAITING_AUTHORISATION}
)
"""Claims that have left and have no final answer yet: the portal is asked about them."""

CLOSED = frozenset({Status.WITHDRAWN, Status.RETURNED})
"""Claims that leave room for a new one. Every other claim is open or certificated, and only one of those may exist."""

BY_PERSON = frozenset({Event.APPROVE, Event.HOLD, Event.RELEASE, Event.WITHDRAW})
"""What a person may do from the command line or the page."""


def advance(status: Status, event: Event) -> Status:
    """The status after ``event``. Raises ``NotAllowed`` saying what is possible instead."""
    moves = TRANSITIONS[status]
    if event in moves:
        return moves[event]
    possible = ", ".join(sorted(e.value for e in moves if e in BY_PERSON)) or "nothing by hand"
    says = f"A claim that is {status.value.replace('_', ' ')} cannot take '{event.value.replace('_', ' ')}'."
    raise NotAllowed(says, f"Possible now: {possible}.")


def claim_key(qualification_id: str, centre_number: str, learner_id: str, kind: ClaimKind, ordinal: int) -> str:
    """The key a claim travels under: the same facts always give the same one.

    ``ordinal`` counts the earlier claims of the same learner, qualification and kind that were withdrawn or returned,
    so that a claim made anew is a different claim to the portal. No personal data goes into the key's text.
    """
    facts = "\x1f".join([centre_number, qualification_id, learner_id, kind.value, str(ordinal)])
    return f"NVQ-{hashlib.sha256(facts.encode()).hexdigest()[:24]}"
