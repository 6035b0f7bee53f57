"""The cheapest way to count some units under a rule, with as few of its rows in play as will do.

Most rows cannot fail, whatever is chosen, and most units touch no row that can. So the search starts from the maxima
that everything together would exceed, and from the units that have no way around them; the other units count as they
come. Where the outcome breaks a further row, that row joins and the question is asked again. As long as rows are left
out the answer can only be too good, so the first that breaks none is the best there is, and where even then nothing
fits, nothing does (a cutting-plane method; Dantzig, Fulkerson and Johnson 1954).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from nvqsync.combination.rule_compiled import CompiledRule, Option, Ways, bits
from nvqsync.combination.rule_problem import Block, Choice, Cost, Problem
from nvqsync.combination.rule_search import Budget, minimise

_MOVES = 30
_NOTHING = (0, 0)


@dataclass(frozen=True, slots=True)
class Choosing:
    """A question: which of ``units`` to count, and how, at the least cost.

    ``slack`` is what the rows have left (packed); of those, the ``wanted`` ones must hold. ``forced`` units must count,
    ``transferred`` ones do so as transferred. Units that cost nothing or less count where they do no harm.
    """

    rule: CompiledRule
    slack: int
    wanted: int
    units: int
    forced: int
    transferred: int
    costs: Mapping[int, Cost]

    def ways(self, unit: int) -> Ways:
        """The ways in which a unit may count."""
        return self.rule.ways(unit, self.transferred)


def choose(asked: Choosing, budget: Budget) -> tuple[Option, ...] | None:
    """The cheapest options, of equally cheap ones those printed first; ``None`` when nothing fits.

    Raises ``Exhausted``.
    """
    if _out_of_reach(asked):
        return None
    active, places = _at_first(asked)
    while True:
        found = _cheapest(asked, active, places, budget)
        if found is None:
            return None
        left = asked.slack - sum([option.packed for option in found])
        broken = asked.wanted & ~left
        if not broken:
            return found
        repaired = _repaired(asked, found, left)
        if repaired is not None:
            return repaired
        active |= broken


def _out_of_reach(asked: Choosing) -> bool:
    """Whether a minimum stays unmet if every unit counts for all that it could."""
    home, moved, transferred = asked.rule.home.boosts, asked.rule.moved.boosts, asked.transferred
    most = asked.slack + sum([(moved if transferred >> unit & 1 else home)[unit] for unit in bits(asked.units)])
    return bool(asked.wanted & asked.rule.minima & ~most)


# ---------------------------------------------------------------- which rows to start with


def _at_first(asked: Choosing) -> tuple[int, dict[int, Option]]:
    """The maxima that cannot be kept by moving units about, and where to put those that can avoid them.

    A maximum that all units still to be placed together cannot exceed is safe; a unit with a way that touches safe rows
    only is placed there, and no longer weighs on others.
    """
    rule, places = asked.rule, dict[int, Option]()
    open_units = [unit for unit in bits(asked.units) if asked.costs[unit].main <= 0 or asked.forced >> unit & 1]
    loads = {unit: (rule.moved if asked.transferred >> unit & 1 else rule.home).loads[unit] for unit in open_units}
    left = asked.slack
    while True:
        maxima = asked.wanted & rule.maxima
        exceeded = maxima & ~(left - sum([loads[unit] for unit in open_units]))
        stay = []
        for unit in open_units:
            way = next((way for way in asked.ways(unit) if not way.uses & exceeded), None)
            if way is None:
                stay.append(unit)
            else:
                places[unit] = way
                left -= way.load
        if len(stay) == len(open_units):
            return exceeded, places
        open_units = stay


# ---------------------------------------------------------------- the question with some of the rows


def _cheapest(asked: Choosing, active: int, places: Mapping[int, Option], budget: Budget) -> tuple[Option, ...] | None:
    """The cheapest options as far as the ``active`` rows are concerned."""
    settled: list[Option] = []
    blocks: list[Block] = []
    for unit in bits(asked.units):
        options = _useful(asked, unit, active, places.get(unit))
        if len(options) > 1:
            blocks.append(_block(options, asked.costs[unit]))
        else:
            settled.append(options[0])
    left = asked.slack - sum([option.packed for option in settled])
    rule = asked.rule
    found = minimise(Problem(rule.fields, left, active, tuple(blocks), 2 << len(rule.rule.units)), budget)
    if found is None:
        return None
    taken = (*settled, *[choice.option for choice in found])
    return tuple([option for option in taken if option is not rule.nothing])


def _block(options: Iterable[Option], cost: Cost) -> Block:
    return tuple([Choice(option, 0, 0, 0) if option.unit < 0 else Choice(option, *cost) for option in options])


def _useful(asked: Choosing, unit: int, active: int, place: Option | None) -> Sequence[Option]:
    """The ways to count a unit, not to count it included, without those that another makes pointless."""
    ways, cost, must, none = asked.ways(unit), asked.costs[unit], asked.forced >> unit & 1, asked.rule.nothing
    if must and len(ways) == 1:
        return ways
    if len(ways) == 1:
        return _one_or_none(ways[0], none, cost, active)
    if place is not None and not place.uses & active and all(not way.helps & active & ~place.helps for way in ways):
        return (place,)
    candidates = ways if must else (none, *ways)
    return [one for one in candidates if not any(_beats(other, one, cost, active, candidates) for other in candidates)]


def _one_or_none(way: Option, none: Option, cost: Cost, active: int) -> Sequence[Option]:
    if not way.uses & active and cost[:2] <= _NOTHING:
        return (way,)
    if not way.helps & active and cost[:2] >= _NOTHING:
        return (none,)
    return (none, way)


def _beats(other: Option, one: Option, cost: Cost, active: int, candidates: Sequence[Option]) -> bool:
    """Whether ``other`` is as cheap, uses no further row and helps in all (of equals, the first stays)."""
    if other is one or other.uses & active & ~one.uses or one.helps & active & ~other.helps:
        return False
    mine, theirs = _NOTHING if one.unit < 0 else cost[:2], _NOTHING if other.unit < 0 else cost[:2]
    if theirs > mine:
        return False
    same = theirs == mine and not (other.uses ^ one.uses | other.helps ^ one.helps) & active
    return not same or candidates.index(other) < candidates.index(one)


# ---------------------------------------------------------------- moving units about


def _repaired(asked: Choosing, options: Sequence[Option], left: int) -> tuple[Option, ...] | None:
    """The same units, some of them moved to other groups so that every row holds; ``None`` where a short try fails."""
    counted = {option.unit: option for option in options}
    for _ in range(_MOVES):
        broken = asked.wanted & ~left
        if not broken:
            return tuple(counted.values())
        moved = None if broken & asked.rule.maxima else _moved(asked, counted, left, broken)
        if moved is None:
            return None
        left += counted[moved.unit].packed - moved.packed
        counted[moved.unit] = moved
    return None


def _moved(asked: Choosing, counted: Mapping[int, Option], left: int, broken: int) -> Option | None:
    """A way to count one of the units otherwise that lessens what is short and exceeds no maximum."""
    maxima = asked.wanted & asked.rule.maxima
    short = _short(asked, left)
    for unit, option in counted.items():
        for way in asked.ways(unit):
            if way.helps & broken & ~option.helps:
                after = left + option.packed - way.packed
                if not maxima & ~after and _short(asked, after) < short:
                    return way
    return None


def _short(asked: Choosing, left: int) -> int:
    """By how much the minima that do not hold are missed, all together."""
    fields = asked.rule.fields
    return -sum([fields.slack(left, row) for row in fields.rows(asked.wanted & asked.rule.minima & ~left)])
