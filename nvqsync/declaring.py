"""Declarations: what data cannot decide and the approver answers for, grouped so that no claim asks for many. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nvqsync.model import Qualification

if TYPE_CHECKING:
    from nvqsync.gates import ClaimFacts

MOST = 6
"""No claim asks for more declarations than this."""


def _always(facts: ClaimFacts) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Declaration:
    """What an approver declares before a claim goes out. ``says`` is the sentence they sign, in the first person.

    ``rules`` are the ids of the published rules it stands for, ``source`` where they are printed. ``bodies`` and
    ``qualifications`` narrow it (empty means all); ``due`` tells whether a claim needs it.
    """

    id: str
    says: str
    source: str
    rules: tuple[str, ...]
    bodies: tuple[str, ...] = ()
    qualifications: tuple[str, ...] = ()
    due: Callable[[ClaimFacts], bool] = _always

    def applies(self, qualification: Qualification) -> bool:
        """Whether claims for this qualification may need it."""
        return (not self.bodies or qualification.awarding_body in self.bodies) and (
            not self.qualifications or qualification.id in self.qualifications
        )


@dataclass(frozen=True, slots=True)
class Declared:
    """A declaration that somebody made for a claim."""

    claim_id: int
    declaration: str
    said_by: str
    said_at: int


def due(declarations: Iterable[Declaration], facts: ClaimFacts) -> tuple[Declaration, ...]:
    """The declarations a claim needs, in the order they were offered."""
    return tuple(one for one in declarations if one.applies(facts.qualification) and one.due(facts))
