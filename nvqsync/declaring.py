"""Declarations: what data cannot decide and the approver answers for, grouped so that no claim asks for many. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from nvqsync.gates import ClaimFacts, Finding, Gate, Severity, run_gates
from nvqsync.model import Qualification

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
    """A declaration that somebody made for a claim, in the words they signed, on the facts of its fingerprint."""

    claim_id: int
    declaration: str
    says: str
    fingerprint: str
    said_by: str
    said_at: int


@dataclass(frozen=True, slots=True)
class Note:
    """What an approver wrote about a claim's cautions, on the facts of its fingerprint.

    ``about`` are the cautions that stood then, each its gate's id and its words.
    """

    claim_id: int
    note: str
    about: tuple[tuple[str, str], ...]
    fingerprint: str
    said_by: str
    said_at: int


def due(declarations: Iterable[Declaration], facts: ClaimFacts) -> tuple[Declaration, ...]:
    """The declarations a claim needs, in the order they were offered."""
    return tuple(one for one in declarations if one.applies(facts.qualification) and one.due(facts))


def stands_against(
    gates: Iterable[Gate], declarations: Iterable[Declaration], facts: ClaimFacts
) -> tuple[Finding, ...]:
    """Everything a claim has against it before it is approved: what blocks, what cautions, what is to be declared."""
    asked = (Finding(one.id, Severity.DECLARES, one.says) for one in due(declarations, facts))
    return (*run_gates(gates, facts), *asked)


@dataclass(frozen=True, slots=True)
class Answers:
    """What people have answered for one claim so far: the declarations made and the notes written."""

    declared: tuple[Declared, ...] = ()
    notes: tuple[Note, ...] = ()

    def missing(self, asked: Iterable[Finding], fingerprint: str) -> tuple[Finding, ...]:
        """The declarations asked for that nobody has made on these facts and in these words."""
        made = {(one.declaration, one.says) for one in self.declared if one.fingerprint == fingerprint}
        return tuple(one for one in asked if (one.id, one.says) not in made)

    def unnoted(self, cautions: Iterable[Finding], fingerprint: str) -> tuple[Finding, ...]:
        """The cautions that nobody has written a note about on these facts."""
        noted = {caution for note in self.notes if note.fingerprint == fingerprint for caution in note.about}
        return tuple(one for one in cautions if (one.id, one.says) not in noted)
