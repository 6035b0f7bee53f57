"""How the pages say things: dates as people write them, ages, counts, statuses. Pure."""

from __future__ import annotations

import datetime as dt
import re

from nvqsync.claims import Event, Status
from nvqsync.clock import LONDON, day

STATUS_HELP = {
    Status.PROPOSED: "The rule of combination is met. Somebody has to look at it.",
    Status.ON_HOLD: "Stopped here until somebody releases it.",
    Status.APPROVED: "Goes out with the next export.",
    Status.EXPORTED: "In a batch. The portal has not taken it yet.",
    Status.SUBMITTED: "With the awarding body.",
    Status.ACKNOWLEDGED: "The awarding body has taken it in.",
    Status.AWAITING_AUTHORISATION: "Waits for the awarding body's external quality assurer.",
    Status.CERTIFICATED: "The awarding body has issued the certificate.",
    Status.RETURNED: "The awarding body sent it back.",
    Status.UNKNOWN: "Sent, and no answer came: the portal is asked before anything is sent again.",
    Status.WITHDRAWN: "It will not be sent. A later claim is a new one.",
    Status.RECALLED: "The awarding body was asked to stop it.",
    Status.REVOKED: "The awarding body took the certificate back.",
}
"""What each status means to the person who reads it."""

PASS_WORDS = {
    "done": "done", "problems": "done, with problems to look at", "failed": "failed", "running": "not ended yet",
    "interrupted": "interrupted",
}  # fmt: skip
"""How a pass ended, by the outcome it is stored with."""

ACTION_WORDS = {
    Event.APPROVE: "Approve it for export",
    Event.HOLD: "Put it on hold",
    Event.RELEASE: "Take it off hold",
    Event.WITHDRAW: "Withdraw it for good",
    Event.KEY: "Record that it was keyed by hand",
    Event.ACKNOWLEDGE: "Record that the portal has it",
    Event.AWAIT_AUTHORISATION: "Record that it waits for the EQA",
    Event.AUTHORISE: "Record that the EQA authorised it",
    Event.CERTIFICATE: "Record its certificate",
    Event.RETURN: "Record that it came back",
    Event.RECALL: "Record that the body was asked to stop it",
    Event.REVOKE: "Record that its certificate was revoked",
}
"""What a person may do, by the event it brings about."""

PAPER_WORDS = {
    "received": "Record that the certificate arrived",
    "handed_over": "Record that the learner has it",
    "confirmed": "Record that it is not provisional any more",
}
"""What is recorded of the paper, by its word; the status stays."""

HAND_TO_HAND = frozenset({"received", "handed_over"})
"""Of these, what somebody does who is named with it."""


_ISO = re.compile(r"\b\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d))?(?![\w-])", re.ASCII)


def sentence_case(word: str) -> str:
    """``on_hold`` as ``On hold``."""
    text = word.replace("_", " ")
    return text[:1].upper() + text[1:]


def long_day(moment: str | dt.date | None) -> str:
    """An ISO day or moment as ``3 November 2026``; empty for ``None``."""
    if not moment:
        return ""
    found = moment if isinstance(moment, dt.date) else dt.date.fromisoformat(moment[:10])
    return f"{found.day} {found:%B %Y}"


def short_day(moment: str | None) -> str:
    """An ISO day as forms hold it, ``03/11/2026``; empty for ``None``."""
    return f"{dt.date.fromisoformat(moment[:10]):%d/%m/%Y}" if moment else ""


def long_moment(moment: str | int | None) -> str:
    """An ISO moment, or seconds since 1970, as ``3 November 2026, 9:05am``, in London; empty for ``None``."""
    if moment is None or moment == "":
        return ""
    found = dt.datetime.fromtimestamp(moment, LONDON) if isinstance(moment, int) else dt.datetime.fromisoformat(moment)
    return f"{found.day} {found:%B %Y}, {found.hour % 12 or 12}:{found:%M}{'am' if found.hour < 12 else 'pm'}"


def moment_day(moment: int | None) -> str:
    """Seconds since 1970 as the London day they fall on, ``3 November 2026``; empty for ``None``."""
    return long_day(day(moment)) if moment is not None else ""


def days_told(text: str) -> str:
    """A text of ours with its ISO days and moments as people write them. What cannot be a day stays as it is."""
    return _ISO.sub(_told, text)


def _told(found: re.Match[str]) -> str:
    try:
        return long_moment(found[0]) if found[1] else long_day(found[0])
    except ValueError:
        return found[0]


def age(since: int, now: int) -> str:
    """How long something has stood, in London days: ``today``, ``1 day``, ``12 days``."""
    days = (day(now) - day(since)).days
    return "today" if days < 1 else counted(days, "day")


def counted(count: int, thing: str) -> str:
    """``1 claim``, ``1,204 claims``."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def listed(names: list[str] | tuple[str, ...]) -> str:
    """``A``, ``A and B``, ``A, B and C``."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
