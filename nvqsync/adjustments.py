"""Adjustments: what changes one learner's verdict other than evidence assessed here. Pure.

Each is a record with who, when, why and on what paper. It is applied anew each time before judging, never typed over
the evidence, and the verdict names it. Five kinds, kept apart:

* *credit transfer*: the same unit reference, awarded under another qualification or by another body. It must be
  declared, with its evidence (``ROC-X``), and travels marked as transferred;
* *recognition of prior learning*: a way of assessing like any other. It marks a unit that is assessed here and never
  stands in for assessment (``ROC-R``);
* *progression*: a unit achieved under another qualification counts again here, once a person has confirmed it
  (``nvqsync.progression``). It needs no paper: what it rests on is known;
* *waive*: the body's written exception to one requirement of the rule;
* *substitute*: the body's written leave to count one unit in another's place.

A rule that allows no exemptions or equivalents (``ROC-C1-2``) refuses the last two. Transfer of the same unit is
neither. A unit achieved twice counts once, by the earlier achievement, and the verdict says so (``ROC-0``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from nvqsync.clock import day, iso, midday
from nvqsync.errors import InputError, NotAllowed
from nvqsync.model import (
    Kind,
    Qualification,
    QualificationUnit,
    Requirement,
    Rule,
    RuleUnit,
    Source,
    Unit,
    UnitOutcome,
    UnitStatus,
)
from nvqsync.progression import Elsewhere, certificated_by, on_offer, progressed

COUNTS = frozenset({UnitStatus.ACHIEVED, UnitStatus.TRANSFERRED, UnitStatus.HELD})
"""The statuses with which a unit counts towards a rule of combination."""

EARLIEST = dt.date(2000, 1, 1)
"""Units have had references like F/601/1609 since 2008; what is said to be older still is a slip."""

NOWHERE: Elsewhere = MappingProxyType({})
"""Nothing was achieved under another qualification."""


class AdjustmentKind(StrEnum):
    """Why something counts. Words are part of the JSON interface."""

    CREDIT_TRANSFER = "credit_transfer"
    RPL = "rpl"
    WAIVE = "waive"
    SUBSTITUTE = "substitute"
    PROGRESSION = "progression"


EXCEPTIONS = frozenset({AdjustmentKind.WAIVE, AdjustmentKind.SUBSTITUTE})
"""The kinds that are an awarding body's exception to its own rule."""


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One recorded adjustment. ``id`` is 0 until it is stored.

    ``unit_reference`` is the unit transferred, the unit assessed by RPL, or the unit that is counted instead;
    ``instead_of`` is the unit of the qualification whose place it takes. ``awarded_by`` names the body or qualification
    that awarded the credit, ``achieved_on`` the day on its certificate. ``why`` and ``paper`` are a person's words.
    """

    learner_id: str
    qualification_id: str
    kind: AdjustmentKind
    why: str
    paper: str
    recorded_by: str
    recorded_at: int
    unit_reference: str = ""
    instead_of: str = ""
    requirement_id: str = ""
    awarded_by: str = ""
    achieved_on: dt.date | None = None
    id: int = 0


@dataclass(frozen=True, slots=True)
class Adjusted:
    """What judging works on: the qualification as it stands for this learner, the outcomes, and what to tell.

    ``applied`` are the adjustments in force; ``says`` names each, and tells of those that no longer fit and of units
    achieved twice.
    """

    qualification: Qualification
    outcomes: tuple[UnitOutcome, ...]
    applied: tuple[Adjustment, ...] = ()
    says: tuple[str, ...] = ()


# ---------------------------------------------------------------- may it be recorded?


def check(
    new: Adjustment,
    qualification: Qualification,
    bank: Mapping[str, Unit],
    outcomes: Iterable[UnitOutcome],
    known: Iterable[Adjustment],
    today: dt.date,
    elsewhere: Elsewhere = NOWHERE,
) -> None:
    """Refuse an adjustment that cannot be recorded.

    ``outcomes`` are the learner's own for this qualification, ``known`` their adjustments in force there, and
    ``elsewhere`` what they achieved under others. Raises ``NotAllowed`` where a rule forbids it and ``InputError``
    where something is missing or contradicts itself.
    """
    needs_paper = new.kind is not AdjustmentKind.PROGRESSION
    if not new.why.strip() or (needs_paper and not new.paper.strip()):
        raise InputError(
            "An adjustment needs a reason and the paper it rests on.", 'Add --why "..." and --paper "...".'
        )
    if new.kind in EXCEPTIONS and not qualification.rule.allows_exemptions:
        says = f"ROC-C1-2: {qualification.id} allows no exemptions or equivalents: no {new.kind.value} can be recorded."
        raise NotAllowed(says, "Have the unit assessed; transfer of the very same unit is allowed: 'credit-transfer'.")
    if wrong := misfit(new, qualification, bank):
        raise InputError(wrong, f"See: nvqsync units {qualification.id}, nvqsync rules check {qualification.id}")
    _check_certificate(new, qualification, today)
    if new.kind is AdjustmentKind.RPL and not _assessed(new, outcomes):
        says = "ROC-R: recognition of prior learning is a way of assessing, and nothing is assessed for this unit yet."
        raise NotAllowed(says, "Have the evidence assessed and graded first, then record it.")
    if new.kind is AdjustmentKind.PROGRESSION:
        _check_progression(new, qualification, outcomes, elsewhere)
    for other in known:
        if _same_matter(other, new):
            raise InputError(f"Adjustment {other.id} is about that already.", "Remove it first, to change it.")


def _check_progression(
    new: Adjustment, qualification: Qualification, outcomes: Iterable[UnitOutcome], elsewhere: Elsewhere
) -> None:
    """Refuse a unit that counts here already, and one that nobody achieved elsewhere. Raises ``NotAllowed``."""
    code = _code(qualification, new.unit_reference)
    if any(one.unit_reference == new.unit_reference and one.status in COUNTS for one in outcomes):
        raise NotAllowed(
            f"ROC-0: {code} counts here already.", f"See 'nvqsync progress LEARNER -q {qualification.id}'."
        )
    if why := _not_offered(new.unit_reference, qualification, elsewhere):
        raise NotAllowed(f"{code} cannot count by progression: {why}", "See 'nvqsync progress LEARNER'.")


def progressions(
    qualification: Qualification, learner_id: str, references: Iterable[str], elsewhere: Elsewhere, *, why: str,
    by: str, at: int,
) -> list[Adjustment]:  # fmt: skip
    """One adjustment for each unit that is to count again, for ``check`` to look at before it is recorded."""
    found = []
    for reference in references:
        origin = on_offer(elsewhere, reference, qualification.awarding_body)
        achieved = day(origin.achieved_at) if origin and origin.achieved_at else None
        found.append(
            Adjustment(
                learner_id, qualification.id, AdjustmentKind.PROGRESSION, why, "", by, at, reference,
                awarded_by=origin.qualification_id if origin else "", achieved_on=achieved,
            )
        )  # fmt: skip
    return found


def _not_offered(reference: str, qualification: Qualification, elsewhere: Elsewhere) -> str:
    if on_offer(elsewhere, reference, qualification.awarding_body):
        return ""
    if body := certificated_by(elsewhere, reference):
        return f"{body} has certificated it, so declare it: 'nvqsync adjustments add credit-transfer' (ROC-X)."
    return "it is achieved under no other qualification that can be seen."


def misfit(adjustment: Adjustment, qualification: Qualification, bank: Mapping[str, Unit]) -> str:
    """Why an adjustment does not fit a qualification, or ``""`` where it does."""
    listed = {one.unit.reference: one for one in qualification.units}
    if adjustment.kind is AdjustmentKind.WAIVE:
        known = [requirement.id for requirement in qualification.rule.requirements]
        if adjustment.requirement_id in known:
            return ""
        return f"{qualification.id} has no requirement {adjustment.requirement_id!r}. It has: {', '.join(known)}."
    if adjustment.kind is AdjustmentKind.SUBSTITUTE:
        return _substitute_misfit(adjustment, qualification, listed, bank)
    if adjustment.unit_reference in listed:
        return ""
    step = "Another unit in place of one of them needs the body's leave (substitute)."
    return f"{adjustment.unit_reference} is not a unit of {qualification.id}. {step}"


def _substitute_misfit(
    adjustment: Adjustment,
    qualification: Qualification,
    listed: Mapping[str, QualificationUnit],
    bank: Mapping[str, Unit],
) -> str:
    instead, place = adjustment.unit_reference, adjustment.instead_of
    if place not in listed:
        return f"{place} is not a unit of {qualification.id}, so nothing can stand in its place."
    if instead == place:
        return "A unit cannot stand in its own place."
    if instead in listed and _asked_for(qualification.rule, listed[instead].code):
        return (
            f"{listed[instead].code} is asked for itself, and a unit counts once: it cannot stand for another as well."
        )
    if instead not in listed and instead not in bank:
        return f"There is no unit {instead} in the bank."
    return ""


def _asked_for(rule: Rule, code: str) -> bool:
    return any(r.kind is Kind.ALL_OF and code in r.units for r in rule.requirements)


def from_elsewhere(adjustment: Adjustment, qualification: Qualification) -> bool:
    """Whether the credit was awarded elsewhere, so that a certificate must say by whom and when."""
    if adjustment.kind is AdjustmentKind.SUBSTITUTE:
        return adjustment.unit_reference not in {one.unit.reference for one in qualification.units}
    return adjustment.kind is AdjustmentKind.CREDIT_TRANSFER


def _check_certificate(new: Adjustment, qualification: Qualification, today: dt.date) -> None:
    if not from_elsewhere(new, qualification):
        return
    if not new.awarded_by.strip() or new.achieved_on is None:
        says = "Credit from elsewhere is declared with who awarded it and the day on its certificate (ROC-X)."
        raise InputError(says, "Add --from BODY and --achieved-on YYYY-MM-DD.")
    if new.achieved_on > today:
        raise InputError(f"{new.achieved_on} is still to come.", "Give the day on the certificate.")
    if new.achieved_on < EARLIEST:
        says = f"{new.achieved_on} is before units had references: no certificate of this unit can be so old."
        raise InputError(says, "Give the day on the certificate.")
    if new.awarded_by.strip() == qualification.id:
        says = f"Credit awarded under {qualification.id} itself is no transfer."
        raise InputError(says, "Name the other qualification or body with --from.")


def _assessed(adjustment: Adjustment, outcomes: Iterable[UnitOutcome]) -> bool:
    mine = [one for one in outcomes if one.unit_reference == adjustment.unit_reference]
    return any(decision.met for outcome in mine for decision in outcome.decisions)


def _same_matter(one: Adjustment, other: Adjustment) -> bool:
    if one.kind is not other.kind:
        return False
    if one.kind is AdjustmentKind.SUBSTITUTE:
        return not {one.unit_reference, one.instead_of}.isdisjoint({other.unit_reference, other.instead_of})
    return (one.unit_reference, one.requirement_id) == (other.unit_reference, other.requirement_id)


# ---------------------------------------------------------------- applied before judging


def apply(
    qualification: Qualification,
    outcomes: Sequence[UnitOutcome],
    adjustments: Sequence[Adjustment],
    bank: Mapping[str, Unit],
    elsewhere: Elsewhere = NOWHERE,
) -> Adjusted:
    """Apply one learner's adjustments, oldest first, to what their own evidence amounts to.

    ``elsewhere`` are the units achieved under other qualifications. An adjustment that no longer fits, as
    after a change of the rule, is left out and told.
    """
    says = [
        f"ROC-0: {one.code} is achieved under another qualification too; it counts once here."
        for one in outcomes
        if one.status is UnitStatus.ACHIEVED and one.unit_reference in elsewhere
    ]
    if not adjustments:
        return Adjusted(qualification, tuple(outcomes), (), tuple(says))
    good = []
    for one in sorted(adjustments, key=lambda one: one.id):
        wrong = _unfit(one, qualification, bank) or _unassessed(one, qualification, outcomes)
        if one.kind is AdjustmentKind.PROGRESSION:
            wrong = wrong or _not_offered(one.unit_reference, qualification, elsewhere)
        if wrong:
            says.append(f"Adjustment {one.id} ({words(one.kind)}) is not applied: {wrong}")
        else:
            good.append(one)
    theirs = _as_adjusted(qualification, good, bank)
    found = _Outcomes(theirs, outcomes)
    for one in good:
        if from_elsewhere(one, qualification):
            found.transfer(one)
        elif one.kind is AdjustmentKind.PROGRESSION:
            found.progress(one, elsewhere)
    says += found.says + [_named(one, theirs) for one in good]
    return Adjusted(theirs, found.in_order(), tuple(good), tuple(says))


def _unfit(adjustment: Adjustment, qualification: Qualification, bank: Mapping[str, Unit]) -> str:
    if adjustment.kind in EXCEPTIONS and not qualification.rule.allows_exemptions:
        return f"{qualification.id} allows no exemptions or equivalents (ROC-C1-2)."
    return misfit(adjustment, qualification, bank)


def _unassessed(adjustment: Adjustment, qualification: Qualification, outcomes: Sequence[UnitOutcome]) -> str:
    if adjustment.kind is not AdjustmentKind.RPL or _assessed(adjustment, outcomes):
        return ""
    return f"nothing is assessed for {_code(qualification, adjustment.unit_reference)} (ROC-R)."


class _Outcomes:
    """One learner's outcomes while transfers are put in."""

    def __init__(self, qualification: Qualification, outcomes: Sequence[UnitOutcome]) -> None:
        self.qualification = qualification
        self.by_reference = {one.unit_reference: one for one in outcomes}
        self.says: list[str] = []

    def transfer(self, adjustment: Adjustment) -> None:
        """Count the unit as transferred, unless it was achieved here before that."""
        reference = adjustment.unit_reference
        code = _code(self.qualification, reference)
        own = self.by_reference.get(reference)
        if own is not None and own.status is UnitStatus.ACHIEVED:
            first_here = own.achieved_at is not None and day(own.achieved_at) <= _awarded_on(adjustment)
            place = "here" if first_here else f"with {adjustment.awarded_by}"
            self.says.append(f"ROC-0: {code} is achieved twice; it counts once, as first achieved {place}.")
            if first_here:
                return
        self.by_reference[reference] = UnitOutcome(
            adjustment.learner_id, adjustment.qualification_id, reference, code, UnitStatus.TRANSFERRED,
            criteria_total=own.criteria_total if own else None, achieved_at=midday(_awarded_on(adjustment)),
            cautions=("credit-transfer",),
        )  # fmt: skip

    def progress(self, adjustment: Adjustment, elsewhere: Elsewhere) -> None:
        """Count the unit again as it was achieved elsewhere, unless it counts here by itself."""
        reference = adjustment.unit_reference
        own = self.by_reference.get(reference)
        if own is not None and own.status in COUNTS:
            return
        nothing = UnitOutcome(adjustment.learner_id, adjustment.qualification_id, reference,
                              _code(self.qualification, reference), UnitStatus.NOT_STARTED)  # fmt: skip
        if found := on_offer(elsewhere, reference, self.qualification.awarding_body):
            self.by_reference[reference] = progressed(found, own or nothing)

    def in_order(self) -> tuple[UnitOutcome, ...]:
        """The outcomes in the qualification's order of units."""
        listed = [one.unit.reference for one in self.qualification.units]
        return tuple(self.by_reference[reference] for reference in listed if reference in self.by_reference)


def _awarded_on(adjustment: Adjustment) -> dt.date:
    return adjustment.achieved_on or day(adjustment.recorded_at)


def _as_adjusted(
    qualification: Qualification, adjustments: Sequence[Adjustment], bank: Mapping[str, Unit]
) -> Qualification:
    """The qualification with its exceptions for one learner. Without any it is the very same object."""
    waived = frozenset(one.requirement_id for one in adjustments if one.kind is AdjustmentKind.WAIVE)
    stands_for = [one for one in adjustments if one.kind is AdjustmentKind.SUBSTITUTE]
    if not waived and not stands_for:
        return qualification
    units = list(qualification.units)
    for one in stands_for:
        place = next(unit for unit in units if unit.unit.reference == one.instead_of)
        at = next((i for i, unit in enumerate(units) if unit.unit.reference == one.unit_reference), len(units))
        known = (
            units[at] if at < len(units) else QualificationUnit(one.unit_reference, bank[one.unit_reference], (), False)
        )
        units[at:] = [replace(known, groups=place.groups), *units[at + 1 :]]
    codes = {unit.unit.reference: unit.code for unit in units}
    pairs = tuple((codes[one.unit_reference], codes[one.instead_of]) for one in stands_for)
    extra = tuple(_rule_unit(unit) for unit in units)
    rule = _adjusted_rule(qualification.rule, waived, pairs, extra)
    return replace(qualification, units=tuple(units), rule=rule)


def _rule_unit(listed: QualificationUnit) -> RuleUnit:
    unit = listed.unit
    return RuleUnit(listed.code, unit.credit_value, unit.level, unit.glh, listed.groups)


@lru_cache(maxsize=256)
def _adjusted_rule(
    rule: Rule, waived: frozenset[str], pairs: tuple[tuple[str, str], ...], units: tuple[RuleUnit, ...]
) -> Rule:
    """The rule without what is waived, and with the pairs of units that stand for one another.

    One object for one combination, because the engine remembers what it worked out by the rule's identity.
    """
    kept = tuple(requirement for requirement in rule.requirements if requirement.id not in waived)
    source = Source("The awarding body's written exception", "adjustments")
    stand_ins = tuple(
        Requirement(f"substitute/{code}", Kind.EQUIVALENT, f"{code} counts in place of {place}", source,
                    units=(code, place))
        for code, place in pairs
    )  # fmt: skip
    return replace(rule, units=units, requirements=(*kept, *stand_ins))


# ---------------------------------------------------------------- in words and as JSON


def words(kind: AdjustmentKind) -> str:
    """The kind as people write it."""
    return "recognition of prior learning" if kind is AdjustmentKind.RPL else kind.value.replace("_", " ")


def _code(qualification: Qualification, reference: str) -> str:
    return next((one.code for one in qualification.units if one.unit.reference == reference), reference)


def _named(adjustment: Adjustment, qualification: Qualification) -> str:
    """One sentence that names an adjustment, without a person's own words: it goes wherever the verdict goes."""
    code = _code(qualification, adjustment.unit_reference)
    match adjustment.kind:
        case AdjustmentKind.CREDIT_TRANSFER:
            says = f"{code} by credit transfer from {adjustment.awarded_by}, achieved {adjustment.achieved_on}"
        case AdjustmentKind.PROGRESSION:
            says = f"{code} counts again, achieved under {adjustment.awarded_by}"
        case AdjustmentKind.RPL:
            says = f"{code} assessed by recognition of prior learning"
        case AdjustmentKind.WAIVE:
            says = f"{adjustment.requirement_id} waived in writing by {qualification.awarding_body}"
        case AdjustmentKind.SUBSTITUTE:
            place = _code(qualification, adjustment.instead_of)
            says = f"{code} in place of {place}, allowed in writing by {qualification.awarding_body}"
    return f"Adjustment {adjustment.id}: {says}."


def adjustment_json(adjustment: Adjustment, qualification: Qualification) -> dict[str, Any]:
    """An adjustment as ``progress --json`` and a claim's facts name it, without a person's own words.

    ``qualification`` is the one it belongs to; units are in its codes. ``adjustments list --json`` adds the rest.
    """
    awarded_on = adjustment.achieved_on
    return {
        "id": adjustment.id,
        "kind": adjustment.kind.value,
        "unit": _code(qualification, adjustment.unit_reference) or None,
        "unit_reference": adjustment.unit_reference or None,
        "instead_of": _code(qualification, adjustment.instead_of) or None,
        "requirement": adjustment.requirement_id or None,
        "awarded_by": adjustment.awarded_by or None,
        "achieved_on": awarded_on.isoformat() if awarded_on else None,
        "recorded_at": iso(adjustment.recorded_at),
    }
