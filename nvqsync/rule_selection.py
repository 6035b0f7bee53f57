"""Which units to count: the best selection of what is held, and the cheapest finish.

Both are one exact search (``rule_search``) over the whole rule, because maxima and bars bind jointly. This module
decides what may be settled without it, what each unit costs, and what can be remembered from one learner to the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nvqsync.rule_compiled import CompiledRule, Option, bits
from nvqsync.rule_problem import Cost, Problem, pose
from nvqsync.rule_search import Budget, Exhausted, minimise

DEFAULT_NODES = 200_000
FULL = 100  # per cent

_REMEMBERED = 20_000
_STEPS = 6


@dataclass(frozen=True, slots=True)
class Selection:
    """Units that count (a bit mask) and, for those that may count in several ways, the way that was chosen."""

    units: int
    placed: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Finish:
    """The cheapest finish: the further units, and the held part of the selection they complete."""

    further: int
    held: Selection


def totals(rule: CompiledRule, selection: Selection, transferred: int) -> list[int]:
    """What a selection amounts to in each row (negative under a minimum)."""
    single = selection.units
    for option in selection.placed:
        single &= ~(1 << option.unit)
    sums = rule.totals(single, transferred)
    for option in selection.placed:
        sums = [a + b for a, b in zip(sums, option.column, strict=True)]
    return sums


def best_held(rule: CompiledRule, held: int, transferred: int, budget: Budget) -> Selection | None:
    """The highest-credit selection of held units that meets the whole rule; ``None`` when none does.

    Of equals, the one that counts most units, then the one printed first. Raises ``Exhausted``.
    """
    if rule.forced & ~held:
        return None
    return _most_credit(rule, held, transferred, [row.limit for row in rule.rows], rule.forced, budget)


def best_within_maxima(rule: CompiledRule, held: int, transferred: int, budget: Budget) -> Selection:
    """The highest-credit selection of held units that respects maxima and bars, whatever minima say."""
    limits = [0 if row.minimum else row.limit for row in rule.rows]
    found = _most_credit(rule, held, transferred, limits, 0, budget)
    return found or Selection(0)


def _most_credit(
    rule: CompiledRule, held: int, transferred: int, limits: Sequence[int], forced: int, budget: Budget
) -> Selection | None:
    free = held & rule.uncapped(transferred)
    left = [limit - total for limit, total in zip(limits, rule.totals(free, transferred), strict=True)]
    rest = held & ~free
    if not rest & ~rule.single:
        if all(limit >= total for limit, total in zip(left, rule.totals(rest, transferred), strict=True)):
            return Selection(held)
        if not rest:
            return None
    costs = _held_costs(rule, rest)
    problem = pose(rule, left, rest, forced & rest, transferred, costs)
    return _selected(rule, free, problem, budget)


def _selected(rule: CompiledRule, free: int, problem: Problem | None, budget: Budget) -> Selection | None:
    found = None if problem is None else minimise(problem, budget)
    return None if found is None else _selection(rule, free, found.taken)


def _selection(rule: CompiledRule, free: int, taken: Sequence[Option]) -> Selection:
    units, placed = free, []
    for option in taken:
        units |= 1 << option.unit
        if not rule.single >> option.unit & 1:
            placed.append(option)
    return Selection(units, tuple(sorted(placed, key=lambda option: option.unit)))


def _held_costs(rule: CompiledRule, held: int) -> dict[int, Cost]:
    """To count held credit is a gain."""
    last = len(rule.rule.units)
    return {i: Cost(-rule.rule.units[i].credits, -(1 << (last - i))) for i in bits(held)}


def _further_costs(rule: CompiledRule, further: int, held: int, done: Mapping[int, int]) -> dict[int, Cost]:
    """What each unit costs in a finish, as one whole number in which the more important part is the higher one.

    In order: credits still to be worked for (only where ``done`` says that some units are under way), credits, units,
    GLH; then the rule's order. What is held costs nothing.
    """
    units = rule.rule.units
    one = 1 + sum(units[i].glh for i in bits(further))
    credit = one * (1 + further.bit_count())
    effort = credit * (1 + sum(units[i].credits for i in bits(further))) if done else 0
    last = len(units)
    costs = dict.fromkeys(bits(held), Cost(0, 0))
    for i in bits(further):
        unit = units[i]
        worth = effort * unit.credits * (FULL - done.get(i, 0))
        costs[i] = Cost(worth + credit * unit.credits + one + unit.glh, -(1 << (last - i)))
    return costs


def cheapest_finish(
    rule: CompiledRule,
    held: int,
    offered: int,
    transferred: int,
    budget: Budget,
    done: Mapping[int, int] | None = None,
) -> Finish | None:
    """The cheapest set of ``offered`` units that completes what is held; ``None`` when nothing does.

    Raises ``Exhausted``. What was worked out for one learner serves the next: the cheapest finish among *more* units is
    the cheapest among fewer whenever the fewer still contain it, so blocked units are taken away only as they turn up.
    """
    free = held & rule.uncapped(transferred)
    rest = held & ~free
    left = [
        min(0, row.limit - total) if row.minimum else row.limit - total
        for row, total in zip(rule.rows, rule.totals(free, transferred), strict=True)
    ]
    absent = rule.forced & ~held
    if absent & ~offered:
        return None
    part = _Part(rule, tuple(left), rest, rest & transferred, rule.forced & ~free, dict(done or {}))
    found = part.among(offered & ~held, budget)
    return None if found is None else Finish(found.further, Selection(found.held.units | free, found.held.placed))


@dataclass(frozen=True, slots=True)
class _Part:
    """What of a learner's position a finish depends on: what each row has left, and held units that are not free."""

    rule: CompiledRule
    left: tuple[int, ...]
    rest: int
    transferred: int
    forced: int
    done: dict[int, int]

    def among(self, further: int, budget: Budget) -> Finish | None:
        """The cheapest finish among ``further`` units."""
        blocked = 0
        for _ in range(_STEPS):
            found = self._remembered(self.rule.everything & ~self.rest & ~blocked, budget)
            if found is None:
                return None
            lacking = found.further & ~further
            if not lacking:
                return found
            blocked |= lacking
        return self._remembered(further, budget)

    def _remembered(self, further: int, budget: Budget) -> Finish | None:
        memory = self.rule.memory
        key = (self.left, self.rest, self.transferred, self.forced, further, *sorted(self.done.items()))
        known: tuple[Finish | None] | None = memory.get(key)
        if known is not None:
            return known[0]
        found = self._worked_out(further, budget)
        if len(memory) >= _REMEMBERED:
            memory.clear()
        memory[key] = (found,)
        return found

    def _worked_out(self, further: int, budget: Budget) -> Finish | None:
        """First the further units, then the most held credit that can count beside them."""
        if self.forced & ~(further | self.rest):
            return None
        costs = _further_costs(self.rule, further, self.rest, self.done)
        found = self._selected(further, self.forced, costs, budget)
        if found is None:
            return None
        taken = found.units & further
        held = found if not self.rest else self._selected(taken, self.forced | taken, self._credit(taken), budget)
        if held is None:
            raise AssertionError("a finish that was found cannot be found again")
        placed = tuple(option for option in held.placed if self.rest >> option.unit & 1)
        return Finish(taken, Selection(held.units & self.rest, placed))

    def _credit(self, taken: int) -> dict[int, Cost]:
        return _held_costs(self.rule, self.rest) | dict.fromkeys(bits(taken), Cost(0, 0))

    def _selected(self, further: int, forced: int, costs: Mapping[int, Cost], budget: Budget) -> Selection | None:
        problem = pose(self.rule, self.left, further | self.rest, forced, self.transferred, costs)
        return _selected(self.rule, 0, problem, budget)


__all__ = [
    "DEFAULT_NODES",
    "Budget",
    "Exhausted",
    "Finish",
    "Selection",
    "best_held",
    "best_within_maxima",
    "cheapest_finish",
    "totals",
]
