"""The exact search: the cheapest choice from every block of a ``Problem`` that keeps every limit.

Five ideas, each exact in whole numbers:

* **Prices.** They give a bound, and each choice a penalty (``rule_frame``).
* **A widening ring.** Good solutions lie close to a good bound. The search first looks at those whose penalties add up
  to little, and widens the ring only when it comes back empty; within a ring nothing is left out.
* **Layers.** A ring is searched block by block. Two ways of deciding the first blocks that leave the rows equally full
  are one, and the cheaper stays (dynamic programming).
* **Free blocks last.** What costs nothing has only to fit. So the blocks that cost something are decided first, and
  from the cheapest outcome on it is asked whether the free ones fit beside it (Benders 1962).
* **Splitting.** A ring that holds too much is not searched to the end: the block about which the relaxation is most in
  doubt is split, and each part gets prices of its own (branch and bound; Land and Doig 1960).

The work is counted in choices tried. More than the budget raises ``Exhausted``: there is no half answer.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from nvqsync.combination.rule_frame import SCALE, Frame, framed, relaxed
from nvqsync.combination.rule_problem import Block, Choice, Problem, guided, is_free

DEFAULT_NODES = 1_000_000  # choices that a search may try, where nobody says otherwise
_RING_CAP = 8000  # choices tried in one ring before the problem is split
_FREE_CAP = 30_000  # ... where free blocks are still to be fitted in
_BEAM = 20  # ways kept in each layer when a first solution is looked for
_GROWTH = 2
_LP_NODES = 50  # what asking for prices costs, in choices
_SURE = 1e-6
_ANY = 1 << 200

Layer = dict[
    int, tuple[int, int, Any]
]  # by slack: cost, penalty, and the chain of choices (the last, the chain before)


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


@dataclass(slots=True)
class _Best:
    """The cheapest solution known so far; ``cost`` is main and order in one number."""

    spread: int
    cost: int | None = None
    choices: tuple[Choice, ...] = ()

    def room(self, bound: int) -> int:
        """How far above ``bound`` a solution may lie that is cheaper than this one (costs are whole numbers)."""
        return _ANY if self.cost is None else (_main(self.cost, self.spread) - 1) * SCALE - bound

    def improve(self, ring: _Ring) -> None:
        """Take over what a ring found, if it is cheaper."""
        if ring.cost is not None and (self.cost is None or ring.cost < self.cost):
            self.cost, self.choices = ring.cost, ring.choices


@dataclass(slots=True)
class _Ring:
    """What a ring held: its cheapest solution, how far the nearest choice outside lies, whether it held too much."""

    width: int
    cost: int | None = None
    choices: tuple[Choice, ...] = ()
    outside: int | None = None
    tried: int = 0
    full: bool = False

    def note(self, penalty: int) -> None:
        """Something lies outside, at this penalty."""
        if self.outside is None or penalty < self.outside:
            self.outside = penalty


def minimise(problem: Problem, budget: Budget) -> tuple[Choice, ...] | None:
    """The cheapest choice from every block; ``None``: nothing fits. Raises ``Exhausted``.

    Of equally cheap ones, the earliest in order, unless the problem was so large that it had to be split.
    """
    if not problem.blocks:
        return None if problem.active & ~problem.left else ()
    if all(map(is_free, problem.blocks)):
        return minimise(replace(problem, blocks=guided(problem.blocks)), budget)
    best = _Best(problem.spread)
    _solve(problem, list(problem.blocks), best, budget)
    return None if best.cost is None else best.choices


def _solve(problem: Problem, blocks: list[Block], best: _Best, budget: Budget) -> None:
    """Improve ``best`` to the cheapest solution of these blocks, if they hold a cheaper one."""
    budget.spend(_LP_NODES)
    found = relaxed(problem, blocks)
    if found is None:
        return
    frame = framed(problem, blocks, found)
    if frame.slack is None or _rings(frame, best, budget):
        return
    several = [i for i, block in enumerate(blocks) if len(block) > 1 and not is_free(block)]
    place = max(several, key=lambda i: _promise(blocks[i], found.shares[i]))
    for part in _parts(blocks[place], found.shares[place]):
        _solve(problem, [*blocks[:place], part, *blocks[place + 1 :]], best, budget)


def _rings(frame: Frame, best: _Best, budget: Budget) -> bool:
    """Search ring after ring until certain; false where a ring holds too much."""
    width, room = -frame.bound % SCALE, best.room(frame.bound)
    while room >= 0:
        ring = _search(frame, _Ring(min(width, room)), budget, _FREE_CAP if frame.free else _RING_CAP)
        if ring.full:
            best.improve(_search(frame, _Ring(room), budget, beam=_BEAM))
            return best.room(frame.bound) < 0
        best.improve(ring)
        if ring.cost is not None or ring.outside is None or width >= room:
            return True
        width = _wider(frame, max(width * _GROWTH, ring.outside))
    return True


def _wider(frame: Frame, width: int) -> int:
    """The width of the first ring from ``width`` on at whose edge a whole cost lies."""
    return width + -(frame.bound + width) % SCALE


def _promise(block: Block, shares: Sequence[float]) -> tuple[bool, float, int]:
    """How much a split of a block would tell: first those that the relaxation cannot settle and that cost most."""
    doubt = 1 - max(shares)
    return doubt > _SURE, doubt * max([abs(choice.main) for choice in block]), len(block)


def _parts(block: Block, shares: Sequence[float]) -> tuple[Block, Block]:
    """The choice that the relaxation likes best, and the others."""
    place = max(range(len(block)), key=shares.__getitem__)
    return (block[place],), (*block[:place], *block[place + 1 :])


def _main(cost: int, spread: int) -> int:
    """The main part of a cost whose order is not positive."""
    return -(-cost // spread)


# ---------------------------------------------------------------- one ring


def _search(frame: Frame, ring: _Ring, budget: Budget, cap: int = _ANY, beam: int = _ANY) -> _Ring:
    """Look through a ring layer by layer, keeping of each layer the ``beam`` nearest to the bound."""
    blocks, active = frame.blocks, frame.problem.active
    settled = min(bisect_left(frame.margins, -ring.width), len(blocks) - 1)
    if settled and len(blocks[settled - 1]) > 1:
        ring.note(-frame.margins[settled - 1])
    start = ((frame.slack or 0) | active) - sum([block[0].used for block in blocks[:settled]])
    if active & ~start:
        return ring
    layer: Layer = {start ^ active: (sum([block[0].cost for block in blocks[:settled]]), 0, None)}
    for place in range(settled, len(blocks)):
        tries = len(layer) * len(blocks[place])
        budget.spend(tries)
        ring.tried += tries
        layer = _next(frame, place, layer, ring)
        ring.full = ring.tried > cap
        if ring.full or not layer:
            return ring
        if len(layer) > beam:
            layer = dict(sorted(layer.items(), key=lambda item: item[1][1])[:beam])
    _finish(frame, [block[0].choice for block in blocks[:settled]], layer, ring, budget)
    return ring


def _next(frame: Frame, place: int, layer: Layer, ring: _Ring) -> Layer:
    """Decide one more block: every outcome within the ring, by the slack it leaves.

    A row that has more to spare than what is still to come can use is as good as one that has just that.
    """
    active, width, high = frame.problem.active, ring.width, frame.problem.fields.width - 1
    span, block = frame.spans[place + 1], frame.blocks[place]
    span_guard = span | active
    found: Layer = {}
    for slack, (cost, penalty, link) in layer.items():
        for extra, used, more, choice in block:
            total = penalty + extra
            if total > width:
                ring.note(total)
                break
            after = (slack | active) - used
            if active & ~after:
                continue
            after ^= active
            ample = span_guard - after & active
            if ample != active:
                total += _waste(frame, after, span, frame.priced & ~ample)
                if total > width:
                    ring.note(total)
                    continue
                keep = ample - (ample >> high)
                after = after & keep | span & ~keep & ~active
            known = found.get(after)
            if known is None or cost + more < known[0]:
                found[after] = (cost + more, total, (choice, link))
    return found


def _waste(frame: Frame, slack: int, span: int, wasted: int) -> int:
    """The price of what can no longer be used of rows that the bound takes to be used up."""
    width, mask, total = frame.problem.fields.width, (1 << frame.problem.fields.width - 1) - 1, 0
    while wasted:
        low = wasted & -wasted
        row = low.bit_length() // width - 1
        wasted ^= low
        total += frame.prices[row] * ((slack >> row * width & mask) - (span >> row * width & mask))
    return total


def _finish(frame: Frame, settled: Sequence[Choice], layer: Layer, ring: _Ring, budget: Budget) -> None:
    """The cheapest way that the free blocks fit beside, if one lies within the ring."""
    for slack, (cost, _, link) in sorted(layer.items(), key=lambda item: item[1][0]):
        above = _main(cost, frame.problem.spread) * SCALE - frame.bound
        if above > ring.width:
            ring.note(above)
            return
        rest = _beside(frame, slack, budget)
        if rest is not None:
            ring.cost, ring.choices = cost, (*settled, *_unlinked(link), *rest)
            return


def _beside(frame: Frame, slack: int, budget: Budget) -> tuple[Choice, ...] | None:
    """Any choice from the free blocks that fits into what is left."""
    if not frame.free:
        return ()
    problem, guarded = frame.problem, slack | frame.problem.active
    if any(not problem.active & ~((known | problem.active) - slack) for known in problem.refused):
        return None
    found = minimise(replace(problem, left=guarded - frame.reserve, blocks=frame.free, refused=[]), budget)
    if found is None:
        problem.refused.append(slack)
    return found


def _unlinked(link: Any) -> list[Choice]:
    found = []
    while link is not None:
        choice, link = link
        found.append(choice)
    return found[::-1]
