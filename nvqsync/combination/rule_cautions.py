"""Cautions: where a verdict rests on a reading of the specification, and what would change under the other one."""

from __future__ import annotations

from nvqsync.combination import rule_words as words
from nvqsync.combination.rule_compiled import CompiledRule
from nvqsync.combination.rule_fields import bits
from nvqsync.combination.rule_requirements import AT_MOST_ONE, COUNTED_IN_UNITS, counts_exactly, in_groups, stands_above
from nvqsync.combination.rule_search import Budget, Exhausted
from nvqsync.combination.rule_selection import best_held
from nvqsync.model import Kind, Requirement

_MAXIMA = frozenset({Kind.MAX_CREDITS, Kind.MAX_UNITS, Kind.MAX_TRANSFERRED_CREDITS, Kind.BARRED})


def level_reading(rule: CompiledRule, held: int, transferred: int, budget: Budget) -> tuple[str, ...]:
    """Said where an unmet rule would be met if credits above a level counted at it."""
    if not held & rule.above or rule.forced & ~held:
        return ()
    try:
        selection = best_held(rule.at_least, held, transferred, budget)
    except Exhausted:
        return (words.LEVEL_READING_UNDECIDED,)
    if selection is None:
        return ()
    return tuple(
        words.level_reading(r.id, r.level or 0, higher)
        for r in rule.rule.requirements
        if counts_exactly(r) and (higher := _above(rule, r, selection.units))
    )


def _above(rule: CompiledRule, requirement: Requirement, units: int) -> list[tuple[str, int, int]]:
    """The units in a requirement's groups that stand above its level: code, credits and level."""
    above = [unit for i in bits(units & rule.above) if stands_above(requirement, unit := rule.rule.units[i])]
    return [(unit.code, unit.credits, unit.level) for unit in above]


def left_out(rule: CompiledRule, held: int, transferred: int, counted: int) -> tuple[str, ...]:
    """Said where a met verdict rests on leaving credit out rather than refusing the award."""
    unused = held & ~counted
    if not unused:
        return ()
    cautions = []
    for requirement in rule.rule.requirements:
        bound = held & _bound_by(rule, requirement, held, transferred)
        if unused & bound and _amount(rule, requirement, bound) > _most(requirement):
            cautions.append(words.left_out(requirement.id, requirement.says, rule.codes.of(unused & bound)))
    return tuple(cautions)


def _bound_by(rule: CompiledRule, requirement: Requirement, held: int, transferred: int) -> int:
    """The units that a maximum or bar is about."""
    if requirement.kind is Kind.BARRED:
        return rule.mask(requirement.units)
    if requirement.kind not in _MAXIMA:
        return 0
    units = transferred if requirement.kind is Kind.MAX_TRANSFERRED_CREDITS else held
    return sum([1 << i for i in bits(units) if in_groups(requirement, rule.rule.units[i])])


def _most(requirement: Requirement) -> int:
    return 1 if requirement.kind in AT_MOST_ONE else requirement.need


def _amount(rule: CompiledRule, requirement: Requirement, units: int) -> int:
    return units.bit_count() if requirement.kind in COUNTED_IN_UNITS else rule.credits.of(units)
