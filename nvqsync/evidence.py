"""Released grades -> criterion decisions -> unit outcomes. Pure, and derived anew each time: nothing is typed over it.

One grade's decisions are the work of ``deciding``; this module gathers each learner's. What makes a criterion met and a
unit achieved is told in ``unit_evidence``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from nvqsync.assessing.deciding import Decider, PassDefaults, released, unreleased
from nvqsync.assessing.unit_evidence import Asked, AskedUnit, Place, UnitEvidence, in_order
from nvqsync.mapping import CourseMapping
from nvqsync.matching.id_numbers import Notation
from nvqsync.model import (
    Assessed,
    Decision,
    LmsItem,
    Notice,
    Qualification,
    SignOff,
    UnitOutcome,
    UnitStatus,
)

__all__ = ["Assessment", "Assessor", "PassDefaults", "assess", "inspect", "released", "unreleased"]


@dataclass(frozen=True, slots=True)
class Assessment:
    """Every learner's unit outcomes in one qualification (one a unit, in its order), and what could not be used."""

    outcomes: Mapping[str, tuple[UnitOutcome, ...]]
    notices: tuple[Notice, ...]


def assess(
    qualification: Qualification,
    mappings: Sequence[CourseMapping],
    items: Mapping[str, LmsItem],
    assessed: Mapping[str, Sequence[Assessed]],
    sign_offs: Iterable[SignOff] = (),
    defaults: PassDefaults | None = None,
    courses_of: Mapping[str, Collection[str]] | None = None,
) -> Assessment:
    """What everyone's grades amount to in one qualification, over all its courses together.

    ``items`` are by LMS id, ``assessed`` and ``courses_of`` (the courses a learner is on, where known) by learner id.
    """
    assessor = Assessor(qualification, mappings, items, defaults)
    signed: dict[str, list[SignOff]] = defaultdict(list)
    for sign_off in sign_offs:
        if sign_off.qualification_id == qualification.id:
            signed[sign_off.learner_id].append(sign_off)
    on = courses_of or {}
    outcomes = {
        learner: assessor.outcomes(learner, assessed.get(learner, ()), signed.get(learner, ()), on.get(learner, ()))
        for learner in dict.fromkeys([*assessed, *signed])
    }
    return Assessment(outcomes, assessor.notices())


def inspect(
    qualification: Qualification,
    mappings: Sequence[CourseMapping],
    items: Mapping[str, LmsItem],
    defaults: PassDefaults | None = None,
) -> tuple[Notice, ...]:
    """What in the mapped items keeps grades from deciding anything, before there is any grade."""
    return Assessor(qualification, mappings, items, defaults).notices()


class Assessor:
    """A qualification's mapped items made ready to assess any number of learners, one at a time."""

    def __init__(
        self,
        qualification: Qualification,
        mappings: Sequence[CourseMapping],
        items: Mapping[str, LmsItem],
        defaults: PassDefaults | None = None,
    ) -> None:
        notation = Notation(qualification)
        ours = [mapping for mapping in mappings if mapping.qualification_id == qualification.id]
        self._qualification = qualification
        self._by_criteria = frozenset(one.course.lms_id for one in ours if one.sign_off == "criteria")
        self._deciders = {
            mapped.item_id: Decider(notation, mapped, items[mapped.item_id], defaults or PassDefaults())
            for mapping in ours
            for mapped in mapping.items
            if mapped.item_id in items
        }
        asked = _asked(self._deciders.values())
        self._units = [AskedUnit.of(listed, asked.get(listed.unit.reference, {})) for listed in qualification.units]
        self._notices: dict[tuple[str, str], Notice] = {}

    def notices(self) -> tuple[Notice, ...]:
        """Everything the items, and the learners assessed so far, gave reason to report."""
        about_items = [notice for decider in self._deciders.values() for notice in decider.notices()]
        return (*about_items, *self._notices.values())

    def outcomes(
        self,
        learner_id: str,
        assessed: Iterable[Assessed],
        sign_offs: Iterable[SignOff] = (),
        courses: Iterable[str] = (),
    ) -> tuple[UnitOutcome, ...]:
        """One learner's outcome for every unit. ``courses`` are those the learner is on, if known."""
        latest = _latest(known for known in assessed if known.observation.item_id in self._deciders)
        decisions: dict[str, list[Decision]] = defaultdict(list)
        for item_id, known in latest.items():
            for decision in self._deciders[item_id].decide(known):
                decisions[decision.unit_reference].append(decision)
        signed = {(one.unit_reference, one.signed_at, one.assessor_id): one for one in sign_offs}
        on = {self._deciders[item_id].item.course_id for item_id in latest}.union(courses)
        place = Place(on, latest.keys())
        return tuple(
            self._outcome(learner_id, unit, decisions[unit.reference], _for_unit(signed, unit) if signed else (), place)
            if unit.reference in decisions or signed
            else self._nothing(learner_id, unit)
            for unit in self._units
        )

    def _nothing(self, learner_id: str, unit: AskedUnit) -> UnitOutcome:
        nothing = UnitStatus.NOT_STARTED
        return UnitOutcome(learner_id, self._qualification.id, unit.reference, unit.code, nothing, (), unit.total)

    def _outcome(
        self, learner_id: str, unit: AskedUnit, decisions: list[Decision], signed: Sequence[SignOff], place: Place
    ) -> UnitOutcome:
        evidence = UnitEvidence(unit, sorted(decisions, key=in_order) if len(decisions) > 1 else decisions, place)
        ways = evidence.ways(signed, self._by_criteria)
        if signed and not evidence.ready and not ways:
            self._report_sign_off(unit, signed[0])
        way = min(ways, default=None)
        return UnitOutcome(
            learner_id,
            self._qualification.id,
            unit.reference,
            unit.code,
            evidence.status(achieved=way is not None),
            evidence.criteria_met(),
            unit.total,
            way.at if way else None,
            way.signed_off_by if way else "",
            tuple(evidence.decisions),
            evidence.cautions(way),
        )

    def _report_sign_off(self, unit: AskedUnit, sign_off: SignOff) -> None:
        why = "its criteria are not all met" if unit.criteria else "its criteria are unknown"
        says = f"{unit.code} is signed off in nvqsync, but {why}: it is not achieved."
        key = (sign_off.learner_id, unit.reference)
        self._notices[key] = Notice("sign-off-without-criteria", says, learner_id=sign_off.learner_id)


def _for_unit(signed: Mapping[tuple[str, int, str], SignOff], unit: AskedUnit) -> list[SignOff]:
    """The sign-offs of one unit, earliest first."""
    return [signed[key] for key in sorted(signed) if key[0] == unit.reference]


def _asked(deciders: Iterable[Decider]) -> dict[str, dict[str, Asked]]:
    """What the mapping asks for each unit's criteria; where items disagree, the strictest counts."""
    found: dict[str, dict[str, Asked]] = defaultdict(lambda: defaultdict(Asked))
    for decider in deciders:
        combine = decider.mapped.combine
        for unit, criterion in decider.asked():
            asked = found[unit][criterion]
            asked.items[decider.mapped.item_id] = decider.item.course_id
            asked.all |= combine == "all"
            asked.number = max(asked.number, combine if isinstance(combine, int) else 1)
    return {unit: dict(criteria) for unit, criteria in found.items()}


def _latest(assessed: Iterable[Assessed]) -> dict[str, Assessed]:
    """The latest attempt on each item, in item order, however they came."""
    found: dict[str, Assessed] = {}
    for known in assessed:
        other = found.setdefault(known.observation.item_id, known)
        if other is not known and _recent(known) > _recent(other):
            found[known.observation.item_id] = known
    return found


def _recent(known: Assessed) -> tuple[int, int, int, str]:
    return known.observation.attempt, known.observation.graded_at, known.decided_at, known.observation.grade_id
