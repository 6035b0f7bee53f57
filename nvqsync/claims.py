"""A claim's life: where it may go from where it is, as one table.

A claim is *proposed* by a met verdict. A person approves it, holds it or withdraws it. An approved claim is *exported*
in a batch and *submitted* to the portal, which acknowledges it, lets it wait for the external quality assurer
(*awaiting_authorisation*), certificates it or returns it with its reasons. Where a portal takes no file, a person keys
the batch and records that, and later what the body did: the table does not care who tells. When no answer came the
claim is *unknown*: the portal is asked about its key before anything is sent again. A submitted claim is never edited:
it is recalled, withdrawn and made anew. When facts change under a claim that is still here, it goes on hold; under one
that has gone, a recall notice is raised, and a person *recalls* it or records that its certificate was *revoked*. An
exported claim is still here while its batch has not been handed over: the next export judges it again.

The table drives the code, the diagram in ``docs/claims.md`` and the buttons of the queue page.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
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
    REVOKED = "revoked"


class Event(StrEnum):
    """What may happen to a claim."""

    APPROVE = "approve"
    HOLD = "hold"
    RELEASE = "release"
    WITHDRAW = "withdraw"
    FACTS_CHANGED = "facts_changed"
    EXPORT = "export"
    SUBMIT = "submit"
    KEY = "key"
    ACKNOWLEDGE = "acknowledge"
    AWAIT_AUTHORISATION = "await_authorisation"
    AUTHORISE = "authorise"
    CERTIFICATE = "certificate"
    RETURN = "return"
    NO_ANSWER = "no_answer"
    NOT_FOUND = "not_found"
    RECALL = "recall"
    REVOKE = "revoke"


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
        Event.KEY: Status.SUBMITTED,
        Event.NO_ANSWER: Status.UNKNOWN,
        Event.WITHDRAW: Status.WITHDRAWN,
        Event.FACTS_CHANGED: Status.ON_HOLD,
        Event.RECALL: Status.RECALLED,
        **ANSWERS,
    },
    Status.SUBMITTED: {
        Event.NO_ANSWER: Status.UNKNOWN,
        Event.AUTHORISE: Status.ACKNOWLEDGED,
        Event.RECALL: Status.RECALLED,
        **ANSWERS,
    },
    Status.UNKNOWN: {Event.NOT_FOUND: Status.EXPORTED, Event.RECALL: Status.RECALLED, **ANSWERS},
    Status.ACKNOWLEDGED: {
        Event.AWAIT_AUTHORISATION: Status.AWAITING_AUTHORISATION,
        Event.CERTIFICATE: Status.CERTIFICATED,
        Event.RETURN: Status.RETURNED,
        Event.RECALL: Status.RECALLED,
    },
    Status.AWAITING_AUTHORISATION: {
        Event.ACKNOWLEDGE: Status.ACKNOWLEDGED,
        Event.AUTHORISE: Status.ACKNOWLEDGED,
        Event.CERTIFICATE: Status.CERTIFICATED,
        Event.RETURN: Status.RETURNED,
        Event.RECALL: Status.RECALLED,
    },
    Status.CERTIFICATED: {Event.RECALL: Status.RECALLED, Event.REVOKE: Status.REVOKED},
    Status.RETURNED: {},
    Status.WITHDRAWN: {},
    Status.RECALLED: {
        Event.WITHDRAW: Status.WITHDRAWN,
        Event.REVOKE: Status.REVOKED,
        Event.CERTIFICATE: Status.CERTIFICATED,
        Event.RETURN: Status.RETURNED,
    },
    Status.REVOKED: {},
}
"""Every move there is. What is not here is refused."""

WAITING = frozenset({Status.PROPOSED, Status.ON_HOLD, Status.APPROVED})
"""Claims that are still in our hands: they follow the facts."""

GONE = frozenset(
    {Status.EXPORTED, Status.SUBMITTED, Status.UNKNOWN, Status.ACKNOWLEDGED, Status.AWAITING_AUTHORISATION}
)
"""Claims that have left and have no final answer yet: the portal is asked about them."""

CLOSED = frozenset({Status.WITHDRAWN, Status.RETURNED, Status.REVOKED})
"""Claims that leave room for a new one. Every other claim is open or certificated, and only one of those may exist."""

BY_PERSON = frozenset({Event.APPROVE, Event.HOLD, Event.RELEASE, Event.WITHDRAW})
"""What a person decides about a claim that is here: ``nvqsync claims approve`` and so on."""

RECORDED = {
    "keyed": Event.KEY,
    "acknowledged": Event.ACKNOWLEDGE,
    "awaiting": Event.AWAIT_AUTHORISATION,
    "authorised": Event.AUTHORISE,
    "certificated": Event.CERTIFICATE,
    "returned": Event.RETURN,
    "recalled": Event.RECALL,
    "revoked": Event.REVOKE,
}
"""What a person records of what happened elsewhere, by its word: ``nvqsync claims record WORD``."""

BY_HAND = BY_PERSON | frozenset(RECORDED.values())
"""Every event a person may bring about."""


def actions(status: Status) -> list[Event]:
    """What a person may do now, in the order of ``Event``: the page's buttons and ``actions`` in JSON."""
    return [event for event in Event if event in TRANSITIONS[status] and event in BY_HAND]


def advance(status: Status, event: Event) -> Status:
    """The status after ``event``. Raises ``NotAllowed`` saying what is possible instead."""
    moves = TRANSITIONS[status]
    if event in moves:
        return moves[event]
    says = f"A claim that is {status.value.replace('_', ' ')} cannot take '{command(event)}'."
    raise NotAllowed(says, f"Possible now: {possible(status)}.")


def command(event: Event) -> str:
    """What a person types after ``nvqsync claims`` to bring it about; for the others the event in words."""
    word = next((word for word, recorded in RECORDED.items() if recorded is event), "")
    return f"record {word}" if word else event.value.replace("_", " ")


def possible(status: Status) -> str:
    """What a person may do now, as they type it."""
    return ", ".join(command(event) for event in actions(status)) or "nothing by hand"


def claim_key(
    qualification_id: str, centre_number: str, learner_id: str, kind: ClaimKind, ordinal: int, units: Iterable[str] = ()
) -> str:
    """The key a claim travels under: the same facts always give the same one.

    ``ordinal`` counts the earlier claims of the same learner, qualification and kind that are closed, so that a claim
    made anew is a different claim to the portal. ``units`` are the unit references of a unit claim: two that are open
    side by side share none. No personal data goes into the key's text.
    """
    facts = "\x1f".join([centre_number, qualification_id, learner_id, kind.value, str(ordinal), *sorted(units)])
    return f"NVQ-{hashlib.sha256(facts.encode()).hexdigest()[:24]}"
