"""Which units to count: the best selection of what is held, and the cheapest finish.

Both are one exact choice (``rule_choosing``) over the whole rule, because maxima and bars bind jointly. This module
decides what may be settled without it, what each unit costs, and what can be remembered from one learner to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nvqsync.combination.rule_choosing import Choosing, choose
from nvqsync.combination.rule_compiled import CompiledRule, Option, bits
from nvqsync.combination.rule_memory import remembered
from nvqsync.combination.rule_problem import Cost
from nvqsync.combination.rule_search import Budget


@dataclass(frozen=True, slots=True)
class Selection:
    """Units that count (a bit mask) and, for those that may count in several ways, the way that was chosen."""

    units: int
    placed: tuple[Option, ...] = ()


def left_by(rule: CompiledRule, selection: Selection, transferred: int) -> int:
    """What a selection leaves of each row (packed)."""
    single = selection.units
    for option in selection.placed:
        single &= ~(1 << option.unit)
    return rule.left_by(single, transferred) - sum([option.packed for option in selection.placed])


def best_held(rule: CompiledRule, held: int, transferred: int, budget: Budget) -> Selection | None:
    """The highest-credit selection of held units that meets the whole rule; ``None`` when none does.

    Of equals, the one whose units are printed first. Raises ``Exhausted``.
    """
    if rule.forced & ~held:
        return None
    return _most_credit(rule, held, transferred, rule.fields.guard, rule.forced, budget)


def best_within_maxima(rule: CompiledRule, held: int, transferred: int, budget: Budget) -> Selection:
    """The highest-credit selection of held units that respects maxima and bars, whatever minima say."""
    free = held & rule.uncapped(transferred)
    rest = held & ~free
    if not rest:
        return Selection(held)
    moved = transferred & rest

    def work() -> Selection:
        return _most_credit(rule, rest, moved, rule.maxima, 0, budget) or Selection(0)

    found = remembered(rule, ("most", rest, moved), budget, work)
    return Selection(found.units | free, found.placed)


def _most_credit(
    rule: CompiledRule, held: int, transferred: int, wanted: int, forced: int, budget: Budget
) -> Selection | None:
    free = held & rule.uncapped(transferred)
    rest = held & ~free
    left = rule.left_by(free, transferred)
    if not rest & ~rule.single:
        if not wanted & ~(left - rule.amounts(rest, transferred)):
            return Selection(held)
        if not rest:
            return None
    asked = Choosing(rule, left, wanted, rest, forced & rest, transferred, held_costs(rule, rest))
    found = choose(asked, budget)
    return None if found is None else selection_of(rule, free, found)


def selection_of(rule: CompiledRule, free: int, taken: Sequence[Option]) -> Selection:
    """``free`` units and those taken by options."""
    units, placed = free, []
    for option in taken:
        units |= 1 << option.unit
        if not rule.single >> option.unit & 1:
            placed.append(option)
    return Selection(units, tuple(sorted(placed)))


def held_costs(rule: CompiledRule, held: int) -> dict[int, Cost]:
    """To count held credit is a gain."""
    last, units = len(rule.rule.units), rule.rule.units
    return {i: Cost(-units[i].credits, -(1 << (last - i))) for i in bits(held)}
