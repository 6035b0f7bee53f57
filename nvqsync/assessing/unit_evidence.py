"""One learner's decisions on one unit, put together. Pure.

A criterion is met by one met decision, unless the mapping asks for a number of them or for all. A unit is *ready* when
all its criteria are met, and *achieved* when an assessor has signed it off:

* by a met whole-unit item, which covers the unit's criteria, unless one that is mapped elsewhere is still open: to
  another item of the same course, or to one of another course in which this learner has been graded on that item;
* by a sign-off recorded in nvqsync, once the unit is ready;
* where the mapping says ``sign_off = "criteria"`` for a course, by the grade there that met the last criterion, unless
  a whole-unit item was graded *not met*.

With unknown criteria only the whole-unit item counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from nvqsync.assessing.deciding import WHOLE_UNIT
from nvqsync.matching.criterion_numbers import criterion_key
from nvqsync.model import Decision, QualificationUnit, SignOff, UnitStatus


@dataclass(slots=True)
class Asked:
    """What the mapping asks for one criterion: the items that can give it, and how many of them must."""

    items: dict[str, str] = field(default_factory=dict)  # item id -> course id
    number: int = 1
    all: bool = False


@dataclass(frozen=True, slots=True)
class AskedUnit:
    """A unit of the qualification, with what the mapping asks for each of its criteria (``""``: the whole unit)."""

    reference: str
    code: str
    criteria: tuple[str, ...] | None
    criteria_set: frozenset[str]
    total: int | None
    asked: Mapping[str, Asked]

    @classmethod
    def of(cls, listed: QualificationUnit, asked: Mapping[str, Asked]) -> AskedUnit:
        """The same unit, its criteria spelt out once."""
        criteria = listed.unit.criteria
        total = None if criteria is None else len(criteria)
        return cls(listed.unit.reference, listed.code, criteria, frozenset(criteria or ()), total, asked)


class Place(NamedTuple):
    """Where a learner has been seen: the courses they are on, and the items on which they have a grade."""

    courses: Collection[str]
    items: Collection[str]


class Way(NamedTuple):
    """One way in which a unit came to be achieved; the earliest counts."""

    at: int
    signed_off_by: str
    cautions: tuple[str, ...] = ()


_ONE = Asked()


class UnitEvidence:
    """One learner's decisions on one unit, put together. ``decisions`` come sorted by ``in_order``."""

    def __init__(self, unit: AskedUnit, decisions: list[Decision], place: Place) -> None:
        self.decisions = decisions
        self._criteria = unit.criteria
        self._asked = unit.asked
        self._place = place
        self._met = self._criteria_decided()
        self._whole = self._met.get(WHOLE_UNIT)
        self._open_by_item = self._open_elsewhere() if self._whole else []
        self._open = min((still_open for _, still_open in self._open_by_item), key=len, default=frozenset())
        self.ready = bool(unit.criteria) and self._met.keys() >= unit.criteria_set

    def ways(self, signed: Sequence[SignOff], sign_off_courses: Collection[str]) -> list[Way]:
        """Every way in which the unit is achieved; ``sign_off_courses`` are those with ``sign_off = "criteria"``."""
        found = list(self._by_whole_unit()) if self._whole else []
        if self.ready:
            refused = any(d.criterion == WHOLE_UNIT and not d.met for d in self.decisions)
            found += [*self._by_sign_off(signed, refused)] if signed else []
            found += [] if refused else self._by_last_criterion(sign_off_courses)
        return found

    def criteria_met(self) -> tuple[str, ...]:
        """The criteria that decisions meet, and those that a met whole-unit item covers, in order."""
        if self._whole and self._criteria is not None:
            return tuple(c for c in self._criteria if c not in self._open) if self._open else self._criteria
        return tuple(filter(None, self._met))

    def status(self, *, achieved: bool) -> UnitStatus:
        """How far the learner is."""
        if achieved:
            return UnitStatus.ACHIEVED
        if self.ready:
            return UnitStatus.READY
        return UnitStatus.IN_PROGRESS if self.decisions else UnitStatus.NOT_STARTED

    def cautions(self, way: Way | None) -> tuple[str, ...]:
        """What a person should know: of the met decisions, of the way it was achieved, of what is still open."""
        found = {caution for decision in self.decisions if decision.met for caution in decision.cautions}
        found.update(way.cautions if way else ())
        found.update(("criteria-open-elsewhere",) if self._open and not way else ())
        return tuple(sorted(found)) if found else ()

    def _by_whole_unit(self) -> Iterator[Way]:
        """Signed off by each met whole-unit item beside which no criterion mapped elsewhere is open."""
        for whole, still_open in self._open_by_item:
            if self._whole and not still_open:
                beside = [d for criterion, d in self._met.items() if criterion and self._elsewhere(criterion, whole)]
                times = [decision.decided_at for decision in (self._whole, whole, *beside)]
                yield Way(max(times), whole.assessor_id)

    def _by_sign_off(self, signed: Sequence[SignOff], refused: bool) -> Iterator[Way]:
        """Signed off in nvqsync: the first sign-off after the last criterion was met, or the latest with a caution."""
        done = self._ready_at()
        good = next((one for one in signed if one.signed_at >= done), None)
        late = () if good else ("signed-off-before-last-grade",)
        sign_off = good or signed[-1]
        cautions = (*late, "whole-unit-not-met") if refused else late
        yield Way(max(done, sign_off.signed_at), sign_off.assessor_id, cautions)

    def _by_last_criterion(self, courses: Collection[str]) -> Iterator[Way]:
        """Signed off by the grade that met the last criterion, where its course's mapping says so."""
        done = self._ready_at()
        last = [self._met[c] for c in self._criteria or () if self._met[c].decided_at == done]
        if all(decision.course_id in courses for decision in last):
            yield Way(done, last[-1].assessor_id)

    def _ready_at(self) -> int:
        return max(self._met[criterion].decided_at for criterion in self._criteria or ())

    def _criteria_decided(self) -> dict[str, Decision]:
        """For each criterion that is met, the decision that completed it."""
        met: dict[str, list[Decision]] = {}
        for decision in self.decisions:
            if decision.met:
                met.setdefault(decision.criterion, []).append(decision)
        complete = ((criterion, self._complete(criterion, found)) for criterion, found in met.items())
        return {criterion: decision for criterion, decision in complete if decision}

    def _complete(self, criterion: str, met: list[Decision]) -> Decision | None:
        """The decision by which the met ones on a criterion (earliest first) came to be as many as the mapping asks."""
        asked = self._asked.get(criterion, _ONE)
        if len(met) < asked.number:
            return None
        if not asked.all:
            return met[asked.number - 1]
        needed = {item for item, course in asked.items.items() if course in self._place.courses}
        return met[-1] if needed <= {decision.item_id for decision in met} else None

    def _whole_unit_items(self) -> list[Decision]:
        return [decision for decision in self.decisions if decision.met and decision.criterion == WHOLE_UNIT]

    def _open_elsewhere(self) -> list[tuple[Decision, frozenset[str]]]:
        """Each met whole-unit decision with the criteria that are still open beside it."""
        named = [criterion for criterion in self._asked if criterion and criterion not in self._met]
        return [
            (whole, frozenset(criterion for criterion in named if self._elsewhere(criterion, whole)))
            for whole in self._whole_unit_items()
        ]

    def _elsewhere(self, criterion: str, whole: Decision) -> bool:
        """Is a criterion mapped to another item, in this whole-unit item's course or where the learner was graded?"""
        own = {one.item_id for one in self._whole_unit_items()}
        items = self._asked.get(criterion, _ONE).items
        return any(
            item not in own and (course == whole.course_id or item in self._place.items)
            for item, course in items.items()
        )


def in_order(decision: Decision) -> tuple[tuple[int, int], int, str]:
    """Sorts decisions by criterion, the whole unit's first, then by time."""
    return (criterion_key(decision.criterion) if decision.criterion else (0, 0)), decision.decided_at, decision.item_id
