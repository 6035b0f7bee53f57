"""What a guess about a mapping is: its text, how sure it is, and why. Pure. Nothing acts on a guess by itself."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from nvqsync.matching.id_numbers import plain

_WORD = re.compile(r"[^\W_]+")


class Confidence(StrEnum):
    """How sure a guess is. Words are part of the JSON interface; ``docs/discover.md`` says what earns each."""

    HIGH = "high"  # says so in as many words; nothing speaks against it
    MEDIUM = "medium"  # fits in more ways than one, but does not quite say it
    LOW = "low"  # a hint, or something speaks against it

    @property
    def rank(self) -> int:
        """0 for the surest."""
        return list(Confidence).index(self)


@dataclass(frozen=True, slots=True)
class Guess:
    """A qualification's id, or units in the ID number notation; how sure, and the reason in words."""

    text: str
    confidence: Confidence
    reason: str

    def at_most(self, confidence: Confidence, why: str = "") -> Guess:
        """The same guess, no surer than this; ``why`` joins the reason."""
        surest = max(self.confidence, confidence, key=lambda one: one.rank)
        return replace(self, confidence=surest, reason=f"{self.reason}; {why}" if why else self.reason)


def words(text: str) -> str:
    """A text as its words alone, lower case, one blank between and at either end: ``" unit a3 sign off "``."""
    return f" {' '.join(_WORD.findall(plain(text).casefold()))} "


def says(text: str, phrase: str) -> bool:
    """Whether a text (as ``words`` gives it) holds these words in a row."""
    return words(phrase) in text if phrase.strip() else False
