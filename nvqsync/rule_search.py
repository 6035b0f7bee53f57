"""The exact search: the cheapest choice from every block of a ``Problem`` that keeps every limit.

Four ideas, each exact in whole numbers:

* **Multipliers** (Lagrange). Pay a price for using up a row. With prices fixed, each block is decided by itself, which
  gives a bound that no solution can beat, and each choice a *penalty*: how far above the bound any solution with it is.
* **A widening ring.** Good solutions lie close to a good bound. The search first looks at those whose penalties add up
  to little, and widens the ring only when it comes back empty; within a ring nothing is left out.
* **Memory.** Two ways of deciding the first blocks that leave the rows equally full are one; the cheaper stays.
* **Splitting.** A ring that holds too much is not searched to the end: the block about which the relaxation is most in
  doubt is split, and each part gets prices of its own (branch and bound; Land and Doig 1960).

The work is counted in choices tried. More than the budget raises ``Exhausted``: there is no half answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from nvqsync.rule_compiled import Option
from nvqsync.rule_multipliers import advise
from nvqsync.rule_problem import Choice, Problem

Block = tuple[Choice, ...]

_SCALE = 1024  # multipliers are kept in 1024ths of a unit of cost
_RING_CAP = 1000  # choices tried in one ring before the problem is split
_DIVE_CAP = 150  # choices tried for a first solution, however dear
_TIES_CAP = 500  # choices tried to find the first in the rule's order among equally cheap ones
_GROWTH = 16
_LP_NODES = 50  # what asking for multipliers costs, in choices
_SURE = 1e-6
_WIDE = 1 << 200


class Exhausted(Exception):
    """The search budget ran out before an answer was certain."""


@dataclass(slots=True)
class Budget:
    """How many choices may still be tried."""

    nodes: int

    def spend(self, nodes: int) -> None:
        """Take ``nodes`` off. Raises ``Exhausted`` when none are left."""
        self.nodes -= nodes
        if self.nodes < 0:
            raise Exhausted


@dataclass(frozen=True, slots=True)
class Solution:
    """The cheapest selection: its options, settled ones included, and its cost."""

    main: int
    order: int
    taken: tuple[Option, ...]


@dataclass(slots=True)
class _Best:
    """The best solution known so far."""

    main: int | None = None
    choices: tuple[Choice, ...] = ()
    root: _Frame | None = None

    @property
    def order(self) -> int:
        return sum(choice.order for choice in self.choices)


@dataclass(slots=True)
class _Frame:
    """Blocks under fixed multipliers, hardest first, each choice as (penalty, what it uses of the slack, cost, choice).

    ``slack`` is what the rows have to spare if every block were at its best for every row at once; all rows stand side
    by side in one whole number, each in a field of its own with a ``guard`` bit above it. ``spans`` holds, for each
    place, the most that the blocks from there on can use.
    """

    bound: int
    ranked: list[list[tuple[int, int, int, Choice]]]
    slack: int | None
    guard: int
    width: int
    spans: list[int]
    prices: list[int]
    priced: int


def minimise(problem: Problem, budget: Budget) -> Solution | None:
    """The cheapest solution; ``None`` when nothing fits. Raises ``Exhausted``.

    Of equally cheap ones, that with the least ``order`` where a short look finds it, and always the same one.
    """
    best = _Best()
    _solve(list(problem.blocks), problem.limits, best, budget)
    if best.main is None:
        return None
    _settle_ties(best, budget)
    taken = tuple(option for choice in best.choices for option in choice.taken)
    return Solution(problem.main + best.main, problem.order + best.order, problem.settled + taken)


def _solve(blocks: list[Block], limits: Sequence[int], best: _Best, budget: Budget) -> None:
    """Improve ``best`` to the cheapest solution of these blocks, if they hold a cheaper one."""
    budget.spend(_LP_NODES)
    relaxed = _relax(blocks, limits)
    if relaxed is None:
        return
    prices, doubts = relaxed
    frame = _framed(blocks, limits, prices, doubts)
    best.root = best.root or frame
    if frame.slack is None or _too_dear(frame, best):
        return
    if best.main is None:
        _Ring(frame, best, budget, _WIDE, _DIVE_CAP, stop_at_first=True).search()
    if _rings(frame, best, budget):
        return
    place = max(range(len(blocks)), key=lambda i: _promise(blocks[i], doubts[i][0]))
    for part in _parts(blocks[place], doubts[place][1]):
        _solve([*blocks[:place], part, *blocks[place + 1 :]], limits, best, budget)


def _too_dear(frame: _Frame, best: _Best) -> bool:
    """Whether nothing in this frame is cheaper than what is known (costs are whole numbers)."""
    return best.main is not None and frame.bound > (best.main - 1) * _SCALE


def _rings(frame: _Frame, best: _Best, budget: Budget) -> bool:
    """Search ring after ring until certain; false where a ring holds too much."""
    width = -frame.bound % _SCALE
    while not _too_dear(frame, best):
        room = _WIDE if best.main is None else (best.main - 1) * _SCALE - frame.bound
        ring = _Ring(frame, best, budget, min(width, room), _RING_CAP)
        if not ring.search():
            return False
        if ring.nearest_outside is None or width >= room:
            return True
        width = max(width * _GROWTH, ring.nearest_outside, _SCALE)
    return True


def _settle_ties(best: _Best, budget: Budget) -> None:
    """Among the equally cheap, move to the earliest in the rule's order that a short look finds."""
    frame, main = best.root, best.main
    if frame is None or main is None:
        return
    spread = 1 << max([abs(choice.order) for block in frame.ranked for *_, choice in block] + [1]).bit_length() + 8
    ranked = [[(p, used, c.main * spread + c.order, c) for p, used, _, c in block] for block in frame.ranked]
    frame = replace(frame, ranked=ranked)
    ties = _Best(main * spread + best.order + 1, best.choices)
    _Ring(frame, ties, budget, main * _SCALE - frame.bound, _TIES_CAP, tighten=False).search()
    best.choices = ties.choices


def _promise(block: Block, doubt: float) -> tuple[bool, float, int]:
    """How much a split of a block would tell: first those that the relaxation cannot settle and that cost most."""
    return doubt > _SURE, doubt * max(abs(choice.main) for choice in block), len(block)


def _parts(block: Block, share: float) -> tuple[Block, ...]:
    """Two halves of a block, the one nearer to the relaxation's answer first."""
    cut = min(len(block) - 1, max(1, int(share) + 1))
    low, high = block[:cut], block[cut:]
    return (low, high) if share - int(share) < 0.5 else (high, low)


# ---------------------------------------------------------------- multipliers and penalties


def _relax(blocks: Sequence[Block], limits: Sequence[int]) -> tuple[list[int], list[tuple[float, float]]] | None:
    """Whole-number multipliers and each block's doubt; ``None`` where multipliers prove, exactly, that nothing fits.

    A block starts from its first choice; a chain then adds its steps, alternatives add columns of which one is taken.
    """
    columns: list[list[int]] = []
    costs: list[int] = []
    spans, groups, start = [], [], list(limits)
    for block in blocks:
        base, chain = block[0], _is_chain(block)
        start = [a - b for a, b in zip(start, base.column, strict=True)]
        first = len(columns)
        for before, choice in pairwise(block):
            origin = before if chain else base
            columns.append([a - b for a, b in zip(choice.column, origin.column, strict=True)])
            costs.append(choice.main - origin.main)
        spans.append((first, len(columns)))
        if not chain and len(columns) > first + 1:
            groups.append((first, len(columns)))
    for j, column in enumerate(columns):
        column.extend([int(i <= j < k) for i, k in groups])
    advice = advise(columns, costs, [*start, *(1 for _ in groups)])
    prices = [round(p * _SCALE) for p in advice.multipliers[: len(limits)]]
    if advice.infeasible:
        if _proves(prices, blocks, limits):
            return None
        return [0] * len(limits), [(float(len(block) > 1), 0.0) for block in blocks]
    return prices, [_doubt(advice.shares[i:j], block) for (i, j), block in zip(spans, blocks, strict=True)]


def _is_chain(block: Block) -> bool:
    return all(len(b.taken) == len(a.taken) + 1 for a, b in pairwise(block))


def _doubt(shares: Sequence[float], block: Block) -> tuple[float, float]:
    """How far from whole the relaxation is about a block, and the place in the block that it points at."""
    if len(block) == 1:
        return -1.0, 0.0
    where = sum(shares) if _is_chain(block) else sum(share * (n + 1) for n, share in enumerate(shares))
    return max(min(share, 1 - share) for share in shares), max(0.0, where)


def _proves(prices: Sequence[int], blocks: Sequence[Block], limits: Sequence[int]) -> bool:
    least = sum(min(sum([p * a for p, a in zip(prices, c.column, strict=True)]) for c in block) for block in blocks)
    return least > sum(p * limit for p, limit in zip(prices, limits, strict=True))


def _framed(
    blocks: Sequence[Block], limits: Sequence[int], prices: Sequence[int], doubts: Sequence[tuple[float, float]]
) -> _Frame:
    bound = -sum(p * limit for p, limit in zip(prices, limits, strict=True))
    priced = [(k, p) for k, p in enumerate(prices) if p]
    valued = []
    for block, (_, where) in zip(blocks, doubts, strict=True):
        values = [c.main * _SCALE + sum([p * c.column[k] for k, p in priced]) for c in block]
        low = min(values)
        bound += low
        near = [abs(n - where) for n in range(len(block))]
        ranked = sorted(range(len(block)), key=lambda n: (values[n], near[n], block[n].order))
        valued.append([(values[n] - low, block[n]) for n in ranked])
    valued.sort(key=_ease)
    return _packed(bound, valued, limits, prices)


def _ease(block: list[tuple[int, Choice]]) -> tuple[int, int]:
    """Blocks that the multipliers have all but decided come first; of the others, those that move the rows most."""
    if len(block) == 1:
        return -_WIDE, 0
    return -block[1][0], -max(sum(map(abs, choice.column)) for _, choice in block)


def _packed(
    bound: int, valued: Sequence[list[tuple[int, Choice]]], limits: Sequence[int], prices: Sequence[int]
) -> _Frame:
    """Write the rows side by side into whole numbers."""
    ends = [[(min(part), max(part)) for part in zip(*[c.column for _, c in block], strict=True)] for block in valued]
    slack = [limit - sum(lows) for limit, lows in zip(limits, _transposed(ends, 0, len(limits)), strict=True)]
    reach = [
        sum(highs) - sum(lows)
        for lows, highs in zip(_transposed(ends, 0, len(limits)), _transposed(ends, 1, len(limits)), strict=True)
    ]
    width = max([*slack, *reach, 1]).bit_length() + 1
    shifts = [width * k for k in range(len(limits))]
    guard = sum(1 << shift + width - 1 for shift in shifts)
    ranked, spans = [], [0]
    for block, end in zip(valued, ends, strict=True):
        places = [(shift, low) for shift, (low, _) in zip(shifts, end, strict=True)]
        ranked.append(
            [
                (penalty, sum([a - low << shift for (shift, low), a in zip(places, c.column, strict=True)]), c.main, c)
                for penalty, c in block
            ]
        )
    for end in reversed(ends):
        spans.append(spans[-1] + sum([high - low << shift for shift, (low, high) in zip(shifts, end, strict=True)]))
    packed = None if min(slack, default=0) < 0 else sum(v << shift for v, shift in zip(slack, shifts, strict=True))
    priced = sum(1 << shift + width - 1 for shift, price in zip(shifts, prices, strict=True) if price)
    return _Frame(bound, ranked, packed, guard, width, spans[::-1], list(prices), priced)


def _transposed(ends: Sequence[Sequence[tuple[int, int]]], which: int, rows: int) -> list[list[int]]:
    return [[end[k][which] for end in ends] for k in range(rows)]


# ---------------------------------------------------------------- one ring


class _Ring:
    """Depth-first search of everything whose penalties add up to at most ``width``."""

    def __init__(
        self,
        frame: _Frame,
        best: _Best,
        budget: Budget,
        width: int,
        cap: int,
        *,
        stop_at_first: bool = False,
        tighten: bool = True,
    ) -> None:
        self.frame, self.best, self.budget = frame, best, budget
        self.width, self.cap, self.left = width, cap, cap
        self.stop_at_first, self.tighten = stop_at_first, tighten
        self.nearest_outside: int | None = None
        self.memory: list[dict[int, int]] = [{} for _ in frame.ranked]
        self.path: list[Choice] = []

    def search(self) -> bool:
        """Look through the ring; false where the cap was reached first (or, if asked to, at the first solution)."""
        complete = self._visit(0, self.frame.slack or 0, 0, 0)
        self.budget.spend(self.cap - max(0, self.left))
        return complete

    def _arrive(self, main: int) -> bool:
        best = self.best
        if best.main is None or main < best.main:
            best.main, best.choices = main, tuple(self.path)
            if self.tighten:
                self.width = min(self.width, (main - 1) * _SCALE - self.frame.bound)
        return not self.stop_at_first

    def _visit(self, place: int, slack: int, penalty: int, main: int) -> bool:
        frame, guard = self.frame, self.frame.guard
        if place == len(frame.ranked):
            return self._arrive(main)
        span = frame.spans[place]
        fits = (
            span | guard
        ) - slack & guard  # a row that has more to spare than can be used is as good as one that has just that
        fields = fits - (fits >> frame.width - 1)
        slack_before, slack = slack, slack & fields | span & ~fields & ~guard
        wasted = frame.priced & ~fits
        if wasted:
            penalty += self._waste(slack_before, span, wasted)
            if penalty > self.width:
                self._note(penalty)
                return True
        known = self.memory[place].get(slack)
        if known is not None and known <= main:
            return True
        self.memory[place][slack] = main
        slack |= guard
        for extra, used, cost, choice in frame.ranked[place]:
            if penalty + extra > self.width:
                self._note(penalty + extra)
                break
            self.left -= 1
            if self.left < 0:
                return False
            after = slack - used
            if after & guard != guard:
                continue
            self.path.append(choice)
            complete = self._visit(place + 1, after ^ guard, penalty + extra, main + cost)
            self.path.pop()
            if not complete:
                return False
        return True

    def _waste(self, slack: int, span: int, wasted: int) -> int:
        """The price of what can no longer be used of rows that the bound takes to be used up."""
        width, mask, total = self.frame.width, (1 << self.frame.width - 1) - 1, 0
        while wasted:
            row = (wasted & -wasted).bit_length() // width - 1
            wasted &= wasted - 1
            total += self.frame.prices[row] * ((slack >> row * width & mask) - (span >> row * width & mask))
        return total

    def _note(self, penalty: int) -> None:
        if self.nearest_outside is None or penalty < self.nearest_outside:
            self.nearest_outside = penalty
