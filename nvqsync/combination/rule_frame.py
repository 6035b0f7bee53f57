"""A problem under fixed prices: the bound they give, and how far each choice lies above it.

Pay a price for using up a row (Lagrange). With prices fixed, each block is decided by itself, which gives a bound that
no solution can beat, and each choice a *penalty*: how far above the bound any solution with it lies. The prices come
from floating point and are rounded to whole numbers; bounds, penalties and proofs are then computed exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from nvqsync.combination.rule_compiled import Option
from nvqsync.combination.rule_multipliers import advise
from nvqsync.combination.rule_problem import Block, Choice, Problem, is_free

SCALE = 1024  # prices are kept in 1024ths of a unit of cost
_WIDE = 1 << 200

Prices = tuple[tuple[int, int], ...]  # row and price, where there is one


class Priced(NamedTuple):
    """A choice under prices: its penalty, what it uses of the slack (packed), its cost in one number, itself."""

    penalty: int
    used: int
    cost: int
    choice: Choice


@dataclass(frozen=True, slots=True)
class Frame:
    """Blocks under prices, those that the prices all but decide first; within a block the least penalty first.

    ``slack`` is what the rows have to spare if every block were at its best for every row at once (packed); ``None``
    where a row is then exceeded already. ``spans`` holds, for each place, the most that the blocks from there on can
    use; ``margins`` the penalty of the second choice at each place, negated. ``free`` blocks stand apart: they come
    last, and ``reserve`` is what they are taken to bring at their best.
    """

    problem: Problem
    bound: int
    prices: dict[int, int]
    priced: int
    slack: int | None
    blocks: tuple[tuple[Priced, ...], ...]
    margins: tuple[int, ...]
    spans: tuple[int, ...]
    free: tuple[Block, ...]
    reserve: int


@dataclass(frozen=True, slots=True)
class Relaxed:
    """Prices, and for each block the share of each choice in the relaxation's answer."""

    prices: Prices
    shares: tuple[tuple[float, ...], ...]


# ---------------------------------------------------------------- the relaxation


def relaxed(problem: Problem, blocks: Sequence[Block]) -> Relaxed | None:
    """Whole-number prices and the relaxation's shares; ``None`` where prices prove, exactly, that nothing fits.

    A block starts from its first choice; each other one is a variable, of which at most one is taken.
    """
    rows = problem.fields.rows(problem.active)
    left = {row: problem.fields.slack(problem.left, row) for row in rows}
    pairs = [(choice, block[0]) for block in blocks for choice in block[1:]]
    groups, several = _groups(blocks)
    matrix = [[choice.option.column[row] - base.option.column[row] for choice, base in pairs] for row in rows]
    matrix += [[int(first <= place < end) for place in range(len(pairs))] for first, end in several]
    limits = [left[row] - sum([block[0].option.column[row] for block in blocks]) for row in rows]
    advice = advise(matrix, [choice.main - base.main for choice, base in pairs], [*limits, *[1] * len(several)])
    prices = _rounded(rows, advice.multipliers)
    if not advice.infeasible:
        return Relaxed(prices, tuple([_shares(advice.shares[first:end]) for first, end in groups]))
    if _proves(prices, blocks, left):
        return None
    return Relaxed((), tuple([(1 / len(block),) * len(block) for block in blocks]))


def _rounded(rows: Sequence[int], multipliers: Sequence[float]) -> Prices:
    return tuple([(row, p) for row, price in zip(rows, multipliers, strict=False) if (p := round(price * SCALE))])


def _groups(blocks: Sequence[Block]) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Where each block's variables stand, and those of the blocks that have several."""
    groups, first = [], 0
    for block in blocks:
        groups.append((first, first + len(block) - 1))
        first += len(block) - 1
    return groups, [(first, end) for first, end in groups if end > first + 1]


def _shares(others: Sequence[float]) -> tuple[float, ...]:
    return (1 - sum(others), *others)


def _proves(prices: Prices, blocks: Sequence[Block], left: dict[int, int]) -> bool:
    """Whether every way to decide the blocks costs more, at these prices, than the rows have left."""
    least = sum([min([_priced(prices, choice.option) for choice in block]) for block in blocks])
    return least > sum([price * left[row] for row, price in prices])


def _priced(prices: Prices, option: Option) -> int:
    column = option.column
    return sum([price * column[row] for row, price in prices])


# ---------------------------------------------------------------- the frame


def framed(problem: Problem, blocks: Sequence[Block], found: Relaxed) -> Frame:
    """The frame of these blocks under the relaxation's prices."""
    fields, prices = problem.fields, found.prices
    inside = fields.inside(problem.active)
    bound, slack, reserve, span = -sum([p * fields.slack(problem.left, row) for row, p in prices]), problem.left, 0, 0
    lines: list[_Line] = []
    free: list[Block] = []
    for block, shares in zip(blocks, found.shares, strict=True):
        weighed = _weighed(block, prices, inside)
        bound += weighed.least
        slack += weighed.best
        if is_free(block):
            free.append(block)
            reserve += weighed.best
            span += weighed.span
        else:
            lines.append(_line(block, shares, weighed, inside, problem.spread))
    lines.sort(key=_ease)
    return Frame(
        problem=problem,
        bound=bound,
        prices=dict(prices),
        priced=fields.flags([row for row, _ in prices]),
        slack=None if problem.active & ~slack else slack & inside,
        blocks=tuple([line.choices for line in lines]),
        margins=tuple([line.margin for line in lines]),
        spans=tuple(accumulate([line.span for line in reversed(lines)], initial=span))[::-1],
        free=tuple(free),
        reserve=reserve,
    )


class _Weighed(NamedTuple):
    """A block's choices at the prices: each one's value, the least, and (packed) the best and the span of the rows."""

    values: list[int]
    least: int
    best: int
    span: int


class _Line(NamedTuple):
    """A block in a frame: its second choice's penalty, negated, how much it can move the rows, its choices."""

    margin: int
    span: int
    choices: tuple[Priced, ...]


def _weighed(block: Block, prices: Prices, inside: int) -> _Weighed:
    values, loads, boosts, common = [], 0, 0, inside
    for option, main, _, _ in block:
        values.append(main * SCALE + _priced(prices, option))
        loads |= option.load
        boosts |= option.boost
        common &= option.boost
    best = boosts & inside
    return _Weighed(values, min(values), best, (loads & inside) + best - common)


def _line(block: Block, shares: Sequence[float], weighed: _Weighed, inside: int, spread: int) -> _Line:
    values, least, best, span = weighed
    choices = []
    for place in sorted(range(len(block)), key=lambda n: (values[n], -shares[n], block[n].order)):
        choice = block[place]
        used = (choice.option.load & inside) + best - (choice.option.boost & inside)
        choices.append(Priced(values[place] - least, used, choice.main * spread + choice.order, choice))
    return _Line(-choices[1].penalty if len(choices) > 1 else -_WIDE, span, tuple(choices))


def _ease(line: _Line) -> tuple[int, int]:
    """Blocks that the prices have all but decided come first; of the others, those that move the rows most."""
    return line.margin, -line.span
