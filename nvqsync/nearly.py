"""Who is how far from which certificate, and which single grade holds back most of them. Pure, and exact.

A grade *holds back* a certificate when giving it, as met, would make the rule of combination met there and then: the
learner's evidence is assessed anew with that one grade added, adjustments and all. A grade that was given but not
released holds one back when releasing it, as it is, would.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from nvqsync.assessing.deciding import Decider, unreleased
from nvqsync.finishing import Exhausted, cheapest_route
from nvqsync.gathered import Gathered
from nvqsync.mapping import CourseMapping, MappedItem
from nvqsync.matching.coverage import coverage
from nvqsync.matching.id_numbers import Notation
from nvqsync.model import Assessed, LmsItem, Observation, Qualification, RowScore, Unit, UnitOutcome, UnitStatus
from nvqsync.progress import LearnerProgress, achieved, judged, transferred
from nvqsync.rules import Route, judge

UNDER_WAY = 1
"""Per cent that stands for a unit under way whose criteria are unknown: enough to prefer it among equals."""


@dataclass(frozen=True, slots=True)
class OpenUnit:
    """A unit still to be finished. ``criteria`` are those still open; ``None`` where they are unknown: one sign-off.

    With ``criteria`` at 0 all are met, and an assessor's sign-off is what is left.
    """

    code: str
    criteria: int | None

    @property
    def steps(self) -> int:
        """How many decisions away it is: its open criteria, and at least one."""
        return max(1, self.criteria or 0)


@dataclass(frozen=True, slots=True)
class Nearly:
    """One learner on the way to one certificate, by the route that leaves least to do."""

    row: LearnerProgress
    route: Route
    units: tuple[OpenUnit, ...]

    @property
    def criteria(self) -> int:
        """Open criteria of units whose criteria are known."""
        return sum(unit.criteria or 0 for unit in self.units)

    @property
    def sign_offs(self) -> int:
        """Units of which only the sign-off is left, or all that can be counted."""
        return sum(not unit.criteria for unit in self.units)

    @property
    def to_go(self) -> int:
        """Criteria and sign-offs together."""
        return sum(unit.steps for unit in self.units)


@dataclass(frozen=True, slots=True)
class HeldBack:
    """An assignment and the learners whose certificate waits for their grade on it alone, by LMS id.

    ``unreleased`` are those of them whose grade is given and only has to be released.
    """

    qualification_id: str
    item: MappedItem
    learners: tuple[str, ...]
    unreleased: tuple[str, ...]


# ---------------------------------------------------------------- how far


def done_so_far(outcomes: Iterable[UnitOutcome]) -> dict[str, int]:
    """By body code, per cent of criteria met of the units under way, as ``finishing.cheapest_route`` takes it."""
    return {
        one.code: 100 * len(one.criteria_met) // one.criteria_total if one.criteria_total else UNDER_WAY
        for one in outcomes
        if one.status in {UnitStatus.IN_PROGRESS, UnitStatus.READY}
    }


def nearly(rows: Iterable[LearnerProgress]) -> tuple[Nearly, ...]:
    """Everyone active who has no certificate's worth yet and can finish, the nearest first."""
    found = [near for row in rows if row.learner.active and not row.verdict.met if (near := _near(row))]
    return tuple(sorted(found, key=lambda near: (near.to_go, near.route.credits, near.row.learner.id_number)))


def _near(row: LearnerProgress) -> Nearly | None:
    route = route_for(row, prefer_started=True)
    if route is None:
        return None
    outcomes = {outcome.code: outcome for outcome in row.outcomes}
    return Nearly(row, route, tuple(_open(code, outcomes.get(code), row.qualification) for code in route.units))


def _open(code: str, outcome: UnitOutcome | None, qualification: Qualification) -> OpenUnit:
    unit = next(listed.unit for listed in qualification.units if listed.code == code)
    criteria = unit.criteria
    return OpenUnit(code, None if criteria is None else len(criteria) - len(outcome.criteria_met if outcome else ()))


def route_for(
    row: LearnerProgress, *, prefer_started: bool = False, offered: Sequence[str] | None = None
) -> Route | None:
    """One learner's cheapest way to finish; ``None`` where nothing on offer finishes or the budget ran out."""
    done = done_so_far(row.outcomes) if prefer_started else {}
    if not done and offered is None:
        return row.verdict.route
    moved = transferred(row.outcomes)
    try:
        return cheapest_route(
            row.qualification.rule, achieved(row.outcomes), transferred=moved, offered=offered, done=done
        )
    except Exhausted:
        return None


def on_offer(
    qualification: Qualification, mappings: Iterable[CourseMapping], gone: Collection[str] = ()
) -> tuple[str, ...]:
    """The body codes of the units that some assignment in the LMS assesses, in the qualification's order."""
    missing = {gap.code for gap in coverage(qualification, mappings, gone) if gap.kind == "unit"}
    return tuple(listed.code for listed in qualification.units if listed.code not in missing)


# ---------------------------------------------------------------- what holds back


def held_back(gathered: Gathered, rows: Iterable[LearnerProgress], bank: Mapping[str, Unit]) -> tuple[HeldBack, ...]:
    """The assignments of one qualification that hold back a certificate, those that hold back most first."""
    waiting: dict[str, list[tuple[str, bool]]] = {}
    search = _Search(gathered, bank)
    for row in rows:
        if row.learner.active and not row.verdict.met:
            for item_id, given in search.of(row):
                waiting.setdefault(item_id, []).append((row.learner.lms_id, given))
    found = [
        HeldBack(
            gathered.qualification.id,
            search.mapped[item_id],
            tuple(learner for learner, _ in learners),
            tuple(learner for learner, given in learners if given),
        )
        for item_id, learners in waiting.items()
    ]
    return tuple(sorted(found, key=lambda one: (-len(one.learners), one.item.item_id)))


def together(held: Sequence[HeldBack], most: int = 3) -> tuple[tuple[HeldBack, ...], int]:
    """Few assignments that together hold back many certificates, and how many: each time the one that adds most."""
    chosen: list[HeldBack] = []
    covered: set[tuple[str, str]] = set()
    left = list(held)
    while left and len(chosen) < most:
        best = max(left, key=lambda one: len(_certificates(one) - covered))
        if _certificates(best) <= covered:
            break
        chosen.append(best)
        covered |= _certificates(best)
        left.remove(best)
    return tuple(chosen), len(covered)


def _certificates(held: HeldBack) -> set[tuple[str, str]]:
    return {(learner, held.qualification_id) for learner in held.learners}


class _Search:
    """One qualification's assignments, each tried on one learner at a time."""

    def __init__(self, gathered: Gathered, bank: Mapping[str, Unit]) -> None:
        self._gathered, self._bank = gathered, bank
        self._assessor = gathered.assessor()
        self._signed = gathered.signed_by_learner()
        items = [item for mapping in gathered.mappings for item in mapping.items if item.item_id in gathered.items]
        self.mapped = {item.item_id: item for item in items if item.item_id not in gathered.gone}
        notation = Notation(gathered.qualification)
        codes = {listed.unit.reference: listed.code for listed in gathered.qualification.units}
        self._best = {item_id: self._best_grade(notation, item) for item_id, item in self.mapped.items()}
        self._units = {
            item_id: tuple(dict.fromkeys(codes[target.unit_reference] for target in item.targets))
            for item_id, item in self.mapped.items()
        }

    def of(self, row: LearnerProgress) -> Iterator[tuple[str, bool]]:
        """The items whose grade alone keeps the learner from the certificate, and whether it is given already.

        First what costs next to nothing: would the rule be met if the item's units were all achieved? Only then is
        the evidence assessed anew.
        """
        learner = row.learner.lms_id
        known = {one.observation.item_id: one for one in self._gathered.assessed.get(learner, ())}
        courses = self._gathered.courses_of.get(learner, ())
        held = achieved(row.outcomes)
        for item_id, item in self.mapped.items():
            grade = self._grade(item_id, learner, known.get(item_id)) if item.course_id in courses else None
            further = [code for code in self._units[item_id] if code not in held]
            if grade is None or not further or not self._could(row, [*held, *further]):
                continue
            if self._would(row, [*(one for other, one in known.items() if other != item_id), grade]):
                yield item_id, item_id in known and known[item_id].observation.grade is not None

    def _could(self, row: LearnerProgress, units: Sequence[str]) -> bool:
        moved = transferred(row.outcomes)
        return judge(row.qualification.rule, units, transferred=moved, with_route=False).met

    def _would(self, row: LearnerProgress, grades: Sequence[Assessed]) -> bool:
        learner = row.learner.lms_id
        courses = self._gathered.courses_of.get(learner, ())
        outcomes = self._assessor.outcomes(learner, grades, self._signed.get(learner, ()), courses)
        then = judged(self._gathered.qualification, row.learner, outcomes, row.elsewhere, row.adjustments, self._bank)
        return then.verdict.met

    def _grade(self, item_id: str, learner: str, known: Assessed | None) -> Assessed | None:
        """The grade to try: the best there is where none is given, the given one where it is not released."""
        item = self._gathered.items[item_id]
        if known is None or known.observation.grade is None:
            best = self._best[item_id]
            return None if best is None else replace(best, observation=best.observation._replace(learner_id=learner))
        if known.gone or not unreleased(item, known.observation):
            return None
        return replace(known, observation=known.observation._replace(workflow_state="released", gradebook=None))

    def _best_grade(self, notation: Notation, mapped: MappedItem) -> Assessed | None:
        """A grade on this item all of whose decisions are met, or ``None`` where no grade can decide anything."""
        item = self._gathered.items[mapped.item_id]
        decider = Decider(notation, mapped, item, self._gathered.defaults)
        for grade in _grades(item, mapped):
            rows = tuple(RowScore(row.row_id, row.top_score) for row in item.rows)
            seen = Observation(item.lms_id, "", "", 0, grade, 0, workflow_state="released", rows=rows)
            tried = Assessed(seen, "", (), 0)
            decisions = decider.decide(tried)
            if decisions and all(decision.met for decision in decisions):
                return tried
        return None


def _grades(item: LmsItem, mapped: MappedItem) -> list[Decimal]:
    """The grades worth trying, highest first."""
    if item.scale:
        return [Decimal(place) for place in range(len(item.scale), 0, -1)]
    marks = (item.maximum, mapped.pass_rule.pass_mark, item.pass_mark, Decimal(100))
    return [mark for mark in marks if mark is not None]
