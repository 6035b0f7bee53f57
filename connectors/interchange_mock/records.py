"""What the portal's books are made of, and the questions one record can answer by itself. Pure."""

from __future__ import annotations

import datetime as dt
import hashlib
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

from connectors.interchange_mock.bodies import BODIES, Body
from connectors.interchange_mock.documents import SentClaim

LONDON = ZoneInfo("Europe/London")


class Outcome(StrEnum):
    """Where a claim stands."""

    ACKNOWLEDGED = "acknowledged"
    AWAITING_AUTHORISATION = "awaiting_authorisation"
    CERTIFICATED = "certificated"
    RETURNED = "returned"
    REVOKED = "revoked"
    NOT_FOUND = "not_found"


class Conflict(Exception):
    """Something came that contradicts the books. Nothing was changed."""


class Unknown(Exception):
    """A body or a claim was named that is not in the books."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How the portal behaves.

    ``return_rate`` is the share of good claims returned on purpose, chosen by ``seed`` and claim key. A certificate is
    issued at question number ``issue_after_polls`` (0: at once), not before ``issue_after_seconds``.
    """

    seed: int = 1
    return_rate: float = 0.05
    issue_after_polls: int = 1
    issue_after_seconds: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.return_rate <= 1 or min(self.issue_after_polls, self.issue_after_seconds) < 0:
            raise ValueError("return_rate must be 0 to 1, the waits for a certificate 0 or more")


@dataclass(frozen=True, slots=True)
class Registration:
    """A candidate registered (OCR: entered) for a qualification. An empty ``name`` is not compared."""

    body: str
    centre_number: str
    candidate_number: str
    qualification: str
    registered_on: dt.date | None = None
    entry: str = "full_award"
    name: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim in the books: what was sent, and where it stands since when (``since``: seconds since 1970)."""

    sent: SentClaim
    body: str
    centre_number: str
    qualification: str
    batch: str
    outcome: Outcome
    words: str
    since: int
    reference: str = ""
    certificate_number: str = ""
    provisional: bool = False
    asked: int = 0
    received: int = 1

    @property
    def units(self) -> frozenset[str]:
        """The unit references claimed."""
        return frozenset(unit.unit_reference for unit in self.sent.units)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the portal says of one claim. A ``provisional`` certificate waits for a verification visit to confirm it."""

    key: str
    outcome: Outcome
    words: str = ""
    reference: str = ""
    certificate_number: str = ""
    on: dt.date | None = None
    provisional: bool = False


def london_day(moment: int) -> dt.date:
    """The day in London at this moment (seconds since 1970)."""
    return dt.datetime.fromtimestamp(moment, LONDON).date()


def own_code(body: str, qualification: str) -> str:
    """The body's own code, whether or not the body is written in front: ``OCR/03455`` and ``03455`` are one."""
    return qualification.removeprefix(f"{body}/")


def picked_on_purpose(terms: Terms, key: str) -> bool:
    """Whether this good claim is one of those returned on purpose. The same seed and key always agree."""
    draw = hashlib.sha256(f"{terms.seed}:{key}".encode()).digest()
    return int.from_bytes(draw[:8]) / 2**64 < terms.return_rate


def reason_on_purpose(terms: Terms, body: Body, key: str) -> str:
    """The reason given for a claim returned on purpose."""
    draw = hashlib.sha256(f"reason:{terms.seed}:{key}".encode()).digest()
    return body.returns[int.from_bytes(draw[:8]) % len(body.returns)]


def same_name(one: str, other: str) -> bool:
    """Whether two names are the same but for case, blanks and the way accents are encoded."""
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def due(terms: Terms, claim: Claim, now: int) -> bool:
    """Whether an acknowledged claim has waited long enough for its certificate."""
    return claim.asked >= terms.issue_after_polls and now - claim.since >= terms.issue_after_seconds


def certificate_number(claim: Claim) -> str:
    """The certificate's number: one a claim, since a reference is never used twice."""
    return f"{'Q' if claim.sent.kind == 'full_award' else 'U'}-{claim.reference}"


def answer_of(claim: Claim) -> Answer:
    """What the portal says of this claim as it stands."""
    day, number = london_day(claim.since), claim.certificate_number
    return Answer(claim.sent.key, claim.outcome, claim.words, claim.reference, number, day, claim.provisional)


def known_body(name: str) -> Body:
    """The body of this name. Raises ``Unknown``."""
    if name not in BODIES:
        raise Unknown(f"No awarding body {name!r} here. There are {', '.join(BODIES)}.")
    return BODIES[name]
