"""One mapped item made ready to turn its grades into decisions, fast and many at a time. Pure.

A ``Decider`` works out once what an item's grades can decide (its *slots*: a unit, a criterion or the whole unit, a
method) and how: by one judgement of the grade, or row by row. Then each grade costs little more than its decisions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Final

from nvqsync.mapping import MappedItem
from nvqsync.matching.criterion_numbers import criterion_key, format_criteria
from nvqsync.matching.id_numbers import Notation, Target
from nvqsync.matching.mapping_rules import folded
from nvqsync.matching.rubric_rows import SpokenFor, spoken_for
from nvqsync.methods import simulation_refused
from nvqsync.model import Assessed, Decision, Grading, GradingRow, ItemKind, LmsItem, Notice, Observation

WHOLE_UNIT: Final = ""
"""The criterion of a decision on a whole unit."""
PROFICIENT: Final = ("proficient",)
"""The word for a competency that is met. Which ratings are proficient is set in the LMS, once for each framework."""


@dataclass(frozen=True, slots=True)
class PassDefaults:
    """What counts as met where the mapping says nothing."""

    scale_pass: tuple[str, ...] = ("Competent", "Achieved", "Met", "Pass", "Merit", "Distinction")


@dataclass(frozen=True, slots=True)
class _Slot:
    unit_reference: str
    criterion: str
    method: str


@dataclass(frozen=True, slots=True)
class _RowSlot:
    slot: _Slot
    rows: tuple[tuple[str, Decimal, Decimal], ...]  # row id, the score it needs, its highest score
    label: str


_Judgement = tuple[bool, str]  # met or not, and the grade in the tutor's terms


def unreleased(item: LmsItem, observation: Observation) -> str:
    """Why a grade is not released yet, as a code, or ``""`` where it is.

    ``identities-hidden``: blind marking is not revealed; ``workflow``: the marking workflow is not at *released*;
    ``gradebook-hidden``: hidden in the gradebook. An unread gradebook hides nothing.
    """
    if item.identities_hidden:
        return "identities-hidden"
    if item.workflow and observation.workflow_state != "released":
        return "workflow"
    if observation.gradebook is not None and observation.gradebook.hidden:
        return "gradebook-hidden"
    return ""


def released(item: LmsItem, observation: Observation) -> bool:
    """May this grade be relied upon at all?"""
    return not unreleased(item, observation)


class Decider:
    """Turns the grades of one mapped item into decisions. ``notices`` tells what it could not use, once an item."""

    def __init__(self, notation: Notation, mapped: MappedItem, item: LmsItem, defaults: PassDefaults) -> None:
        self.mapped = mapped
        self.item = item
        self._notation = notation
        self._rule = mapped.pass_rule
        self._known: dict[Decimal, _Judgement | None] = {}
        self._told: list[Notice] = []
        self._counted: Counter[str] = Counter()
        self._row_slots: list[_RowSlot] | None = None
        self._slots: list[_Slot] = []
        words = PROFICIENT if item.kind is ItemKind.COMPETENCY else self._rule.scale_pass or defaults.scale_pass
        self._passing = frozenset(map(folded, words))
        self._pass_mark = item.pass_mark if self._rule.pass_mark is None else self._rule.pass_mark
        self._prepare()

    def asked(self) -> Iterator[tuple[str, str]]:
        """Each unit reference and criterion (``""``: the whole unit) that this item is mapped to, decidable or not."""
        slots = [one.slot for one in self._row_slots or ()]
        named = [(target.unit_reference, c) for target in self.mapped.targets for c in target.criteria or (WHOLE_UNIT,)]
        yield from dict.fromkeys([*named, *((slot.unit_reference, slot.criterion) for slot in slots)])

    def decide(self, known: Assessed) -> list[Decision]:
        """The decisions that one grade gives: none where it is empty, unreleased, or cannot be judged."""
        observation = known.observation
        if observation.grade is None or unreleased(self.item, observation):
            return []
        if self._row_slots is not None:
            return [self._decision(known, *found) for found in self._by_rows(observation)]
        judged = self._judge(self._true_grade(observation))
        return [] if judged is None else [self._decision(known, slot, *judged) for slot in self._slots]

    def notices(self) -> tuple[Notice, ...]:
        """What this item's setting up and its grades so far gave reason to report."""
        words = {
            "rows-unread": "the rows of {} could not be read, so they decide nothing.",
            "row-left-out": "{} without a score in some row: that row decides nothing.",
            "grade-outside-scale": "{} with a grade that is no item of the scale: no decision.",
        }
        counted = (
            self._notice(code, words[code].format(f"{n} grade{'s' * (n > 1)}"))
            for code, n in sorted(self._counted.items())
        )
        return (*self._told, *counted)

    # ------------------------------------------------------------ made ready once

    def _prepare(self) -> None:
        targets = [target for target in self.mapped.targets if self._allowed(target)]
        if self.item.grading is Grading.NONE:
            self._tell("not-graded", "it is mapped, but its grade type is none: it can decide nothing.")
            return
        if self.item.grading in (Grading.RUBRIC, Grading.GUIDE):
            sorted_rows = spoken_for(self.item.rows, self.mapped.targets, self._notation)
            if sorted_rows.numbered:
                self._row_slots = list(self._prepare_rows(targets, sorted_rows))
                return
        self._slots = [_Slot(t.unit_reference, c, t.method) for t in targets for c in t.criteria or (WHOLE_UNIT,)]
        self._prepare_scale() if self.item.scale or self.item.grading is Grading.SCALE else self._prepare_points()

    def _allowed(self, target: Target) -> bool:
        listed = self._notation.by_reference(target.unit_reference)
        rule = simulation_refused(self._notation.qualification, listed, target.method)
        if rule:
            says = (
                f"{rule}: simulated evidence ({target.method}) does not count for {listed.code}, so it decides nothing."
            )
            self._tell("simulation-not-allowed", says)
        return not rule

    def _prepare_scale(self) -> None:
        if not self.item.scale:
            self._tell("scale-unknown", "the items of its scale could not be read: no decision.")
        elif self.item.kind is ItemKind.OUTCOME and folded(self.item.scale[-1]) not in self._passing:
            self._slots = []
            says = (
                f"the highest item of its scale, as the gradebook shows it ({self.item.scale[-1]}), is none that counts"
            )
            self._tell("outcome-words", f"{says} as met: no decision. The gradebook may show ratings as letters.")
        elif not self._passing & set(map(folded, self.item.scale)):
            scale = ", ".join(self.item.scale)
            says = f"no item of its scale ({scale}) is one that counts as met: every grade on it is taken for not met."
            self._tell("scale-without-pass", f"{says} Name those that do in the mapping file (scale_pass).")
        elif self._rule.scale_pass is None and folded(self.item.scale[-1]) not in self._passing:
            says = (
                f"the highest item of its scale ({self.item.scale[-1]}) counts as not met, though a lower one is met."
            )
            self._tell("scale-top-not-met", f"{says} If it should count, name it in the mapping file (scale_pass).")

    def _prepare_points(self) -> None:
        mark, maximum = self._pass_mark, self.item.maximum
        if mark is None or mark <= 0:
            self._pass_mark = None
            step = "Set the grade to pass in the LMS where we may read it, or pass_mark in the mapping file."
            self._tell("no-pass-mark", f"no pass mark is known: no decision. {step}")
        elif maximum is not None and mark > maximum:
            says = f"its pass mark {_figure(mark)} is above its maximum {_figure(maximum)}, so that nobody can meet it."
            self._tell("pass-mark-too-high", f"{says} Correct it in the LMS or the mapping file.")

    def _prepare_rows(self, targets: Sequence[Target], found: SpokenFor) -> Iterator[_RowSlot]:
        self._tell_rows(found)
        for target in targets:
            unit = target.unit_reference
            mine = {c: rows for (reference, c), rows in found.rows.items() if reference == unit}
            wanted = sorted(mine, key=criterion_key) if target.criteria is None else target.criteria
            missing = [criterion for criterion in wanted if criterion not in mine]
            if missing:
                code = self._notation.by_reference(unit).code
                self._tell(
                    "criterion-without-row", f"no row speaks for {code} {format_criteria(missing)}: no decision."
                )
            for criterion in wanted:
                yield from self._row_slot(_Slot(unit, criterion, target.method), mine.get(criterion, ()), criterion)
            if target.criteria is None and self._all_covered(unit, mine):
                every = [row for rows in mine.values() for row in rows] + list(found.unnumbered)
                yield from self._row_slot(_Slot(unit, WHOLE_UNIT, target.method), every, "")

    def _tell_rows(self, found: SpokenFor) -> None:
        if found.outside:
            rows = ", ".join(found.outside)
            self._tell("row-outside", f"rows for {rows} are outside its mapping and ignored.", "note")
        if found.nameless:
            rows = ", ".join(found.nameless)
            self._tell("row-without-unit", f"it stands for several units, and rows {rows} do not say which: ignored.")
        if found.unnumbered:
            self._tell(
                "row-without-number", f"{len(found.unnumbered)} of its rows start with no criterion number.", "note"
            )

    def _all_covered(self, unit: str, mine: Mapping[str, object]) -> bool:
        """May the rows together speak for the whole unit? Only if no known criterion lacks a row."""
        listed = self._notation.by_reference(unit)
        missing = [criterion for criterion in listed.unit.criteria or () if criterion not in mine]
        if missing and mine:
            says = f"it stands for all of {listed.code}, but no row speaks for {format_criteria(missing)}"
            self._tell("whole-unit-rows-incomplete", f"{says}: its rows decide their criteria, not the whole unit.")
        return bool(mine) and not missing

    def _row_slot(self, slot: _Slot, rows: Sequence[GradingRow], label: str) -> Iterator[_RowSlot]:
        if any(row.top_score <= 0 for row in rows):
            self._tell("row-without-score", f"a row for {label or 'it'} has no score above 0: no decision.")
        elif rows:
            self._tell_out_of_reach(rows, label)
            yield _RowSlot(slot, tuple((row.row_id, self._needed(row), row.top_score) for row in rows), label)

    def _tell_out_of_reach(self, rows: Sequence[GradingRow], label: str) -> None:
        top, needed = min((row.top_score, self._needed(row)) for row in rows)
        if needed > top:
            says = f"a row for {label or 'it'} scores {_figure(top)} at most, and its rubric_pass is {_figure(needed)}"
            self._tell("pass-mark-too-high", f"{says}, so that nobody can meet it. Correct it in the mapping file.")

    def _needed(self, row: GradingRow) -> Decimal:
        if self.item.grading is Grading.GUIDE:
            share = self._rule.guide_pass
            return row.top_score if share in (None, "full") else row.top_score * Decimal(share)
        least = self._rule.rubric_pass
        return row.top_score if least in (None, "highest") else Decimal(least)

    # ------------------------------------------------------------ for each grade

    def _by_rows(self, observation: Observation) -> Iterator[tuple[_Slot, bool, str]]:
        scores = {row.row_id: row.score for row in observation.rows}
        if not scores:
            self._counted["rows-unread"] += 1
            return
        left_out = False
        for one in self._row_slots or ():
            if all(row_id in scores for row_id, _, _ in one.rows):
                met = [scores[row_id] >= need for row_id, need, _ in one.rows]
                yield one.slot, all(met), _rows_text(one, scores, met)
            else:
                left_out = True
        self._counted.update(["row-left-out"] * left_out)

    def _true_grade(self, observation: Observation) -> Decimal | None:
        entry = observation.gradebook
        if self._rule.gradebook == "gradebook" and entry is not None and entry.overridden:
            return entry.grade
        return observation.grade

    def _judge(self, grade: Decimal | None) -> _Judgement | None:
        if grade is None:
            return None
        if grade not in self._known:
            by_scale = self.item.scale or self.item.grading is Grading.SCALE
            self._known[grade] = self._by_scale(grade) if by_scale else self._by_points(grade)
        judged = self._known[grade]
        if judged is None and self.item.scale:
            self._counted["grade-outside-scale"] += 1
        return judged

    def _by_scale(self, grade: Decimal) -> _Judgement | None:
        place = int(grade)
        if place != grade or not 1 <= place <= len(self.item.scale):
            return None
        text = self.item.scale[place - 1]
        return (folded(text) in self._passing, text) if text else None

    def _by_points(self, grade: Decimal) -> _Judgement | None:
        if self._pass_mark is None:
            return None
        maximum = self.item.maximum
        text = _figure(grade) if maximum is None else f"{_figure(grade)} of {_figure(maximum)}"
        return grade >= self._pass_mark, text

    def _decision(self, known: Assessed, slot: _Slot, met: bool, text: str) -> Decision:
        seen = known.observation
        return Decision(
            slot.unit_reference,
            slot.criterion,
            met,
            self.item.course_id,
            self.item.lms_id,
            seen.grade_id,
            seen.attempt,
            self._told_as(text),
            known.assessor_id,
            known.graders_seen,
            known.decided_at,
            slot.method,
            self._cautions(known),
        )

    def _told_as(self, text: str) -> str:
        """The grade in words, with what it is where it is no assignment's."""
        return text if self.item.kind is ItemKind.ASSIGNMENT else f"{self.item.kind.value}: {text}"

    def _cautions(self, known: Assessed) -> tuple[str, ...]:
        item = self.item
        seen = known.observation
        if not (known.gone or item.hidden or item.team or not known.assessor_id or seen.gradebook or seen.resubmitting):
            return ()
        found = (
            ("being-resubmitted", seen.resubmitting and not known.gone),
            ("gradebook-differs", self._gradebook_differs(known.observation)),
            ("hidden-activity", bool(item.hidden)),
            ("source-gone", known.gone and not known.gone_confirmed),
            ("source-gone-confirmed", known.gone and known.gone_confirmed),
            ("team-grade", item.team),
            ("unknown-grader", not known.assessor_id),
        )
        return tuple(code for code, holds in found if holds)

    def _gradebook_differs(self, observation: Observation) -> bool:
        entry = observation.gradebook
        if entry is None or not entry.overridden or entry.grade == observation.grade:
            return False
        settled = self._rule.gradebook == "assignment"
        return not (settled or (self._rule.gradebook == "gradebook" and self._row_slots is None))

    def _tell(self, code: str, says: str, severity: str = "problem") -> None:
        self._told.append(replace(self._notice(code, says), severity=severity))

    def _notice(self, code: str, says: str) -> Notice:
        return Notice(code, f"{self.item.name}: {says}", self.item.course_id, self.item.lms_id)


def _rows_text(one: _RowSlot, scores: Mapping[str, Decimal], met: Sequence[bool]) -> str:
    if len(one.rows) == 1:
        row_id, _, top = one.rows[0]
        return f"row {one.label}: {_figure(scores[row_id])} of {_figure(top)}".replace("row :", "row:")
    return f"{sum(met)} of {len(met)} rows met" if not one.label else f"row {one.label}: {sum(met)} of {len(met)} met"


@lru_cache(maxsize=10_000)
def _figure(number: Decimal) -> str:
    """A decimal as people write it: ``62``, ``62.5``."""
    return format(number.normalize(), "f")
