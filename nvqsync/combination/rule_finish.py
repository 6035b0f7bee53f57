"""The cheapest finish: which further units complete what is held.

Small rules have menus (``rule_menu``); otherwise, or where a menu would have to be read too far, the finish is searched
for, and what was worked out for one learner serves the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nvqsync.combination.rule_choosing import Choosing, choose
from nvqsync.combination.rule_compiled import CompiledRule, bits
from nvqsync.combination.rule_memory import remembered
from nvqsync.combination.rule_menu import Menus, TooLong, menus_of
from nvqsync.combination.rule_problem import Cost
from nvqsync.combination.rule_search import Budget
from nvqsync.combination.rule_selection import Selection, held_costs, selection_of

FULL = 100  # per cent

_STEPS = 6


@dataclass(frozen=True, slots=True)
class Finish:
    """The cheapest finish: the further units, and the held part of the selection they complete."""

    further: int
    held: Selection


def cheapest_finish(
    rule: CompiledRule,
    held: int,
    offered: int,
    transferred: int,
    budget: Budget,
    done: Mapping[int, int] | None = None,
) -> Finish | None:
    """The cheapest set of ``offered`` units that completes what is held; ``None`` when nothing does.

    ``done`` gives, by unit, how many per cent of it are done. Raises ``Exhausted``.
    """
    if rule.forced & ~(held | offered):
        return None
    free = held & rule.uncapped(transferred)
    rest = held & ~free
    small = None if done or rest & transferred else menus_of(rule)
    if small is not None:
        try:
            return _from_menu(small, _left(rule, free, transferred), free, rest, offered & ~held, budget)
        except TooLong:
            pass
    part = _Part(rule, _left(rule, free, transferred), rest, rest & transferred, rule.forced & ~free, dict(done or {}))
    found = part.among(offered & ~held, budget)
    return None if found is None else Finish(found.further, Selection(found.held.units | free, found.held.placed))


def _left(rule: CompiledRule, free: int, transferred: int) -> int:
    """What is left of the rows beside ``free`` units, where more than a minimum needs is no better than just enough."""
    left = rule.left_by(free, transferred)
    return left & ~rule.fields.inside(left & rule.minima)


@dataclass(frozen=True, slots=True)
class _Part:
    """What of a learner's position a finish depends on: what each row has left, and held units that are not free.

    ``forced`` are the units that must count and are not in ``left`` yet.
    """

    rule: CompiledRule
    left: int
    rest: int
    transferred: int
    forced: int
    done: dict[int, int]

    def among(self, further: int, budget: Budget) -> Finish | None:
        """The cheapest finish among ``further`` units, found by search.

        The cheapest finish among *more* units is the cheapest among fewer whenever the fewer still contain it, so
        blocked units are taken away only as they turn up.
        """
        blocked = 0
        for _ in range(_STEPS):
            found = self.found(self.rule.everything & ~self.rest & ~blocked, budget)
            if found is None:
                return None
            lacking = found.further & ~further
            if not lacking:
                return found
            blocked |= lacking
        return self.found(further, budget)

    def found(self, further: int, budget: Budget) -> Finish | None:
        """The cheapest finish among ``further`` units."""
        key = (self.left, self.rest, self.transferred, self.forced, further, *sorted(self.done.items()))
        return remembered(self.rule, key, budget, lambda: self._worked_out(further, budget))

    def _worked_out(self, further: int, budget: Budget) -> Finish | None:
        """First the further units, then the most held credit that can count beside them."""
        costs = _further_costs(self.rule, further, self.rest, self.done)
        found = self._selected(further, self.forced, costs, budget)
        if found is None:
            return None
        taken = found.units & further
        credit = held_costs(self.rule, self.rest) | dict.fromkeys(bits(taken), Cost(0, 0))
        held = self._selected(taken, self.forced | taken, credit, budget)
        if held is None:
            raise AssertionError("a finish that was found cannot be found again")
        placed = tuple(option for option in held.placed if self.rest >> option.unit & 1)
        return Finish(taken, Selection(held.units & self.rest, placed))

    def _selected(self, further: int, forced: int, costs: Mapping[int, Cost], budget: Budget) -> Selection | None:
        asked = Choosing(
            self.rule, self.left, self.rule.fields.guard, further | self.rest, forced, self.transferred, costs
        )
        found = choose(asked, budget)
        return None if found is None else selection_of(self.rule, 0, found)


def _from_menu(small: Menus, left: int, free: int, rest: int, further: int, budget: Budget) -> Finish | None:
    """The cheapest finish of a small rule. Raises ``TooLong``."""
    rule = small.rule
    forced = rule.forced & ~free
    left -= rule.amounts(forced, 0)
    chosen = small.cheapest(left, further & ~forced, rest & ~forced, budget)
    if chosen is None:
        return None
    held = free | rest & forced
    if rest & ~forced:
        held |= _beside(rule, left - rule.amounts(chosen, 0), rest & ~forced, budget)
    return Finish(chosen | forced & ~rest, Selection(held))


def _beside(rule: CompiledRule, left: int, rest: int, budget: Budget) -> int:
    """Of held units that count in one way, those that can count beside a finish: as much credit as possible."""
    left &= ~rule.fields.inside(left & rule.minima)
    asked = Choosing(rule, left, rule.fields.guard, rest, 0, 0, held_costs(rule, rest))
    found = remembered(rule, (left, rest), budget, lambda: choose(asked, budget))
    if found is None:
        raise AssertionError("a finish that was found cannot be found again")
    return selection_of(rule, 0, found).units


def _further_costs(rule: CompiledRule, further: int, held: int, done: Mapping[int, int]) -> dict[int, Cost]:
    """What each unit costs in a finish: nothing where it is held, and of equals those printed first.

    Where ``done`` says that some units are under way, credits still to be worked for come before all else.
    """
    units, last = rule.rule.units, len(rule.rule.units)
    effort = 1 + sum(rule.main) if done else 0
    costs = {i: Cost(0, 0, -units[i].credits) for i in bits(held)}
    for i in bits(further):
        worth = effort * units[i].credits * (FULL - done.get(i, 0))
        costs[i] = Cost(worth + rule.main[i], -(1 << (last - i)))
    return costs
