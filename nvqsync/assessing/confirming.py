"""What people confirmed about single grades, applied before anything is judged. Pure.

A confirmation is about a grade as it was then: ``facts_of`` says how, and once that differs the question is open again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from nvqsync.model import Assessed


class What(StrEnum):
    """What can be confirmed: where a learner stands, that a lost grade stands, which of two grades is right, whose a
    ULN is."""

    STATUS = "status"
    GONE = "gone"
    GRADEBOOK = "gradebook"
    UNMAPPED = "unmapped"
    ULN = "uln"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a person said, about whom and which item (or course, or mark of a ULN), on which facts, when and why."""

    what: What
    learner_id: str
    item_id: str
    says: str
    facts: str
    said_by: str
    said_at: int
    why: str


Confirmed = Mapping[tuple[str, str, str], Confirmation]
"""Confirmations about grades by what, learner id and item id."""


def facts_of(what: What, known: Assessed) -> str:
    """The facts a confirmation about a grade rests on, as text."""
    seen = known.observation
    parts: list[object] = [seen.grade_id, seen.attempt, seen.grade, *((row.row_id, row.score) for row in seen.rows)]
    if what is What.GRADEBOOK:
        parts.append(seen.gradebook.grade if seen.gradebook else None)
    return "/".join(map(str, parts))


def applied(known: Assessed, confirmed: Confirmed) -> Assessed:
    """The grade as people confirmed it, where they did and nothing has changed since."""
    if known.gone and _said(What.GONE, known, confirmed):
        known = replace(known, gone_confirmed=True)
    entry = known.observation.gradebook
    truth = _said(What.GRADEBOOK, known, confirmed) if entry is not None and entry.overridden else ""
    if entry is None or not truth:
        return known
    settled = known.observation._replace(gradebook=replace(entry, overridden=False))
    if truth == "gradebook":
        settled = settled._replace(grade=entry.grade, rows=())
    return replace(known, observation=settled)


def _said(what: What, known: Assessed, confirmed: Confirmed) -> str:
    said = confirmed.get((what, known.observation.learner_id, known.observation.item_id))
    return said.says if said is not None and said.facts == facts_of(what, known) else ""
