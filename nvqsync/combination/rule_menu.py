"""Menus: for a small rule, the ways to fill what is missing, cheapest first, worked out once for all learners.

What a finish has to do depends on few numbers: what each minimum is short of and what each maximum has left, together
a *position*. Units that amount to the same and cost the same are one *sort*. A menu lists, for one position, the ways
to finish, each as so many units of each sort, in order of cost. It is written by a best-first search whose estimate
would be exact if every sort were in endless supply (A*; Hart, Nilsson and Raphael 1968), and no further than somebody
has had to read. The first way of which a learner has enough of every sort is their cheapest; within a sort the units
printed first are taken.

Every way to finish fills, among others, the row that fewest units can fill; so that row is filled first.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import prod

from nvqsync.combination.rule_compiled import CompiledRule, Option, bits
from nvqsync.combination.rule_fields import Fields, Sums, fields
from nvqsync.combination.rule_search import Budget

_POSITIONS = 20_000  # a rule with more is not small
_DEPTH = 200  # most that its minima may need, all together
_LONGEST = 400  # steps of a menu, after which a search is quicker
_KEPT = 2_000  # menus kept for a rule
_ABSENT = -1


class TooLong(Exception):
    """The menu would have to be read too far."""


@dataclass(frozen=True, slots=True)
class _Step:
    """One more unit of a sort: what it does to the rows, what it costs, and its one among the numbers of each sort."""

    moves: int
    cost: int
    one: int


@dataclass(slots=True)
class _Menu:
    """Ways found so far, as (cost, numbers of each sort, steps taken until then), and what is still to be followed."""

    ways: list[tuple[int, int, int]]
    queue: list[tuple[int, int, int, int]]
    seen: set[int] = field(default_factory=set)
    steps: int = 0


@dataclass(frozen=True, slots=True)
class Menus:
    """All menus of one small rule.

    ``rows`` are the minima that matter, as (bits of the row, steps that help it), those first that fewest units can
    fill. ``members`` gives each sort's units; the sorts of further units come first, then the same for units that are
    held and under a maximum. ``further`` and ``held`` give a unit's one among the numbers of each sort, ``every`` all
    of them (packed, with guards).
    """

    rule: CompiledRule
    minima: int
    rows: tuple[tuple[int, tuple[_Step, ...]], ...]
    counts: Fields
    members: tuple[int, ...]
    further: Sums[int]
    held: Sums[int]
    every: int
    estimates: dict[int, int] = field(default_factory=dict)
    menus: dict[int, _Menu] = field(default_factory=dict)

    def cheapest(self, left: int, offered: int, held: int, budget: Budget) -> int | None:
        """The cheapest of the ``offered`` units that finish beside some of the ``held`` ones; ``None``: none do.

        ``left`` is what the rows have left (packed); units that must count are counted in it. Raises ``TooLong``, and
        ``Exhausted``: a menu costs what it takes to write it as far as it is read, whoever wrote it.
        """
        position = self._position(left)
        if position is None:
            return None
        stock = (self.further.of(offered) + self.held.of(held)) | self.counts.guard
        menu = self.menus.pop(position, None) or self._blank(position)  # whoever reads a menu has it to themselves
        try:
            found, spent = self._read(menu, stock, offered)
        finally:
            if len(self.menus) >= _KEPT:
                self.menus.clear()
            self.menus[position] = menu
        budget.spend(1 + spent)
        return found

    def _read(self, menu: _Menu, stock: int, offered: int) -> tuple[int | None, int]:
        """The first units in the rule's order among the cheapest ways that ``stock`` allows, and the steps it took."""
        best, cheapest, place, spent = None, 0, 0, 0
        while place < len(menu.ways) or self._write(menu):
            cost, numbers, spent = menu.ways[place]
            if best is not None and cost > cheapest:
                break
            if not self.counts.guard & ~(stock - numbers):
                taken = self._first(numbers, offered)
                if best is None or _earlier(taken, best):
                    best, cheapest = taken, cost
            place += 1
        return best, spent

    # ------------------------------------------------------------ positions

    def _position(self, left: int) -> int | None:
        """What minima are short of and maxima have left, in one number; ``None`` where a maximum is exceeded."""
        layout, maxima = self.rule.fields, self.rule.maxima
        if maxima & ~left:
            return None
        short = self.minima & ~left
        return short - (left & layout.inside(short)) | left & layout.inside(maxima)

    def _moved(self, position: int, step: _Step) -> int:
        """The position after one more unit, or ``_ABSENT`` where a maximum shuts it out."""
        layout, maxima = self.rule.fields, self.rule.maxima
        after = (position | self.minima | maxima) - step.moves
        if maxima & ~after:
            return _ABSENT
        return after & (layout.inside(after & self.minima) | layout.inside(maxima))

    def _next(self, position: int) -> tuple[_Step, ...] | None:
        """The steps that help the first row that is short; ``None`` where no row is."""
        for inside, steps in self.rows:
            if position & inside:
                return steps
        return None

    def _estimate(self, position: int) -> int:
        """The least cost from here, every sort being in endless supply; ``_ABSENT`` where there is no way."""
        known = self.estimates.get(position)
        if known is not None:
            return known
        steps, least = self._next(position), _ABSENT
        for step in steps or ():
            after = self._moved(position, step)
            rest = _ABSENT if after == _ABSENT else self._estimate(after)
            if rest != _ABSENT and (least == _ABSENT or step.cost + rest < least):
                least = step.cost + rest
        self.estimates[position] = least = 0 if steps is None else least
        return least

    # ------------------------------------------------------------ menus

    def _blank(self, position: int) -> _Menu:
        least = self._estimate(position)
        return _Menu([], [] if least == _ABSENT else [(least, 0, position, 0)])

    def _write(self, menu: _Menu) -> bool:
        """Find one more way; false where there is none. Raises ``TooLong``."""
        while menu.queue:
            if menu.steps >= _LONGEST:
                raise TooLong
            menu.steps += 1
            total, numbers, position, cost = heapq.heappop(menu.queue)
            steps = self._next(position)
            if steps is None:
                menu.ways.append((total, numbers, menu.steps))
                return True
            for step in steps:
                self._follow(menu, step, numbers + step.one, position, cost + step.cost)
        return False

    def _follow(self, menu: _Menu, step: _Step, numbers: int, position: int, cost: int) -> None:
        if numbers in menu.seen or self.counts.guard & ~(self.every - numbers):
            return
        menu.seen.add(numbers)
        after = self._moved(position, step)
        rest = _ABSENT if after == _ABSENT else self._estimate(after)
        if rest != _ABSENT:
            heapq.heappush(menu.queue, (cost + rest, numbers, after, cost))

    def _first(self, numbers: int, offered: int) -> int:
        """So many further units of each sort, those printed first."""
        taken, width = 0, self.counts.width
        for members in self.members:
            count = numbers & (1 << width) - 1
            if count:
                of_sort = members & offered
                for _ in range(count):
                    low = of_sort & -of_sort
                    taken |= low
                    of_sort ^= low
            numbers >>= width
        return taken


def _earlier(one: int, other: int) -> bool:
    """Whether, where two sets of units first differ in the rule's order, ``one`` has the unit."""
    differ = one ^ other
    return bool(differ & -differ & one)


# ---------------------------------------------------------------- which rules are small


def menus_of(rule: CompiledRule) -> Menus | None:
    """The menus of a rule whose units count in one way each and which has few positions; ``None`` for other rules."""
    if "menus" not in rule.extra:
        rule.extra["menus"] = _menus_if_small(rule)
    found: Menus | None = rule.extra["menus"]
    return found


def _menus_if_small(rule: CompiledRule) -> Menus | None:
    if rule.single != rule.everything:
        return None
    rows = _rows(rule)
    needs = [rule.fields.slack(_forced(rule), row) for row in rows]
    most = [max(0, rule.fields.slack(rule.start, row)) for row in rule.fields.rows(rule.maxima)]
    positions = prod([1 + max(0, -need) for need in needs]) * prod([1 + room for room in most])
    if positions > _POSITIONS or sum([max(0, -need) for need in needs]) > _DEPTH:
        return None
    return _menus(rule, rows)


def _forced(rule: CompiledRule) -> int:
    return rule.start - rule.amounts(rule.forced, 0)


def _rows(rule: CompiledRule) -> list[int]:
    """The minima that matter beside what must count: of those alike in every other unit, the one that needs most."""
    others = [rule.home.ways[i][0] for i in bits(rule.everything & ~rule.forced)]
    left, best = _forced(rule), dict[tuple[int, ...], int]()
    for row in rule.fields.rows(rule.minima):
        alike = tuple([option.column[row] for option in others])
        known = best.get(alike)
        if known is None or rule.fields.slack(left, row) < rule.fields.slack(left, known):
            best[alike] = row
    return sorted(best.values(), key=lambda row: sum([option.column[row] < 0 for option in others]))


def _menus(rule: CompiledRule, rows: list[int]) -> Menus:
    minima = rule.fields.flags(rows)
    matters = rule.fields.inside(minima | rule.maxima)
    others = [rule.home.ways[i][0] for i in bits(rule.everything & ~rule.forced)]
    further = _sorted([(option, rule.main[option.unit]) for option in others], matters)
    held = _sorted([(option, 0) for option in others if option.uses], matters)
    counts = fields(len(further) + len(held), len(rule.rule.units))
    steps = [_Step(moves, cost, 1 << counts.width * place) for place, (moves, cost) in enumerate((*further, *held))]
    ones, held_ones = _ones(rule, further.values(), steps), _ones(rule, held.values(), steps[len(further) :])
    return Menus(
        rule=rule,
        minima=minima,
        rows=tuple([_row(rule, row, steps) for row in rows]),
        counts=counts,
        members=tuple(further.values()),
        further=ones,
        held=held_ones,
        every=counts.guard + ones.of(rule.everything) + held_ones.of(rule.everything),
    )


def _sorted(options: list[tuple[Option, int]], matters: int) -> dict[tuple[int, int], int]:
    """Units that amount to the same and cost the same, by what they do to the rows that matter and their cost."""
    sorts: dict[tuple[int, int], int] = {}
    for option, cost in options:
        key = (option.load + option.boost & matters, cost)
        sorts[key] = sorts.get(key, 0) | 1 << option.unit
    return sorts


def _row(rule: CompiledRule, row: int, steps: list[_Step]) -> tuple[int, tuple[_Step, ...]]:
    inside = rule.fields.inside(rule.fields.flags([row]))
    return inside, tuple([step for step in steps if step.moves & inside])


def _ones(rule: CompiledRule, sorts: Iterable[int], steps: list[_Step]) -> Sums[int]:
    """By unit, its one among the numbers of each sort."""
    ones = [0] * len(rule.rule.units)
    for members, step in zip(sorts, steps, strict=False):
        for unit in bits(members):
            ones[unit] = step.one
    return Sums(ones, 0)
