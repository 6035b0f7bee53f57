"""What is left to decide once the obvious has been decided: blocks of choices, and the rows they must respect.

A ``Problem`` is a small minimisation. Each block offers a few choices, of which exactly one is taken: "none of these
alike units, the best one, the best two ...", or "this unit not at all, in group B, in group C". The columns of the
choices taken, summed, must stay within ``limits``; the sum of their costs is to be as small as it can be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from nvqsync.rule_compiled import Column, CompiledRule, Option, bits


@dataclass(frozen=True, slots=True)
class Cost:
    """What an option costs. ``main`` is compared first; ``order`` settles what is still equal (smaller is earlier)."""

    main: int
    order: int


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice of a block: what it takes, what that costs and what it adds to each row."""

    column: Column
    main: int
    order: int
    taken: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Blocks, limits, and the options that were settled beforehand (their cost is in ``main`` and ``order``)."""

    blocks: tuple[tuple[Choice, ...], ...]
    limits: tuple[int, ...]
    main: int = 0
    order: int = 0
    settled: tuple[Option, ...] = ()


def pose(
    rule: CompiledRule, limits: Sequence[int], units: int, forced: int, transferred: int, costs: Mapping[int, Cost]
) -> Problem | None:
    """The problem of choosing among ``units`` within ``limits``; ``None`` where one row alone shows that nothing fits.

    ``forced`` units must be taken (and are among ``units``); ``costs`` gives the cost of each unit.
    """
    ways = {unit: rule.options_of(unit, transferred) for unit in bits(units)}
    settled = [ways[unit][0] for unit in bits(forced) if len(ways[unit]) == 1]
    for option in settled:
        del ways[option.unit]
    left = [limit - sum(option.column[k] for option in settled) for k, limit in enumerate(limits)]
    active = _binding_rows(ways, left)
    if active is None:
        return None
    blocks = _blocks(ways, [(k, left[k]) for k in active], forced, costs)
    return Problem(
        tuple(blocks),
        tuple(left[k] for k in active),
        sum(costs[option.unit].main for option in settled),
        sum(costs[option.unit].order for option in settled),
        tuple(settled),
    )


def _binding_rows(ways: Mapping[int, tuple[Option, ...]], left: Sequence[int]) -> list[int] | None:
    """The rows that can still fail, leaving out those implied by another; ``None`` where one must fail."""
    columns = list(zip(*[option.column for options in ways.values() for option in options], strict=True))
    ends = list(accumulate(len(options) for options in ways.values()))
    one_each = bool(columns) and len(columns[0]) == len(ends)
    spans = list(pairwise([0, *ends]))
    active = []
    for k, limit in enumerate(left):
        if not columns:
            lowest = highest = 0
        elif one_each:
            lowest = sum([a for a in columns[k] if a < 0])
            highest = sum([a for a in columns[k] if a > 0])
        else:
            lowest = sum(min(0, *columns[k][i:j]) for i, j in spans)
            highest = sum(max(0, *columns[k][i:j]) for i, j in spans)
        if lowest > limit:
            return None
        if highest > limit:
            active.append(k)
    return [k for k in active if not _implied(k, active, columns, left)]


def _implied(k: int, active: Sequence[int], columns: Sequence[Column], left: Sequence[int]) -> bool:
    """Whether another row is at least as strict everywhere (of equals, the first stays)."""
    mine, limit = columns[k], left[k]
    for other in active:
        theirs = columns[other]
        if other == k or left[other] > limit or sum(theirs) < sum(mine):
            continue
        same = left[other] == limit and theirs == mine
        if other < k if same else all(a >= b for a, b in zip(theirs, mine, strict=True)):
            return True
    return False


def _blocks(
    ways: Mapping[int, tuple[Option, ...]], active: Sequence[tuple[int, int]], forced: int, costs: Mapping[int, Cost]
) -> list[tuple[Choice, ...]]:
    """Alike units together, as chains; units with several options as alternatives."""
    alike: dict[tuple[Column, bool], list[Choice]] = {}
    blocks: list[tuple[Choice, ...]] = []
    for unit, options in ways.items():
        cost = costs[unit]
        here = [Choice(tuple(o.column[k] for k, _ in active), cost.main, cost.order, (o,)) for o in options]
        must = forced >> unit & 1
        if len(here) == 1 and not must:
            alike.setdefault((here[0].column, cost.main > 0), []).append(here[0])
        else:
            none = Choice((0,) * len(active), 0, 0)
            blocks.append(tuple(_useful(here)) if must else (none, *_useful(here)))
    limits = [limit for _, limit in active]
    blocks += [_chain(column, members, limits) for (column, _), members in alike.items()]
    return blocks


def _useful(choices: Sequence[Choice]) -> list[Choice]:
    """Alternatives of one unit without those that another makes pointless in the rows that are left."""
    return [
        one
        for i, one in enumerate(choices)
        if not any(
            all(a <= b for a, b in zip(other.column, one.column, strict=True)) and (other.column != one.column or j < i)
            for j, other in enumerate(choices)
            if j != i
        )
    ]


def _chain(column: Column, members: Sequence[Choice], limits: Sequence[int]) -> tuple[Choice, ...]:
    """None, the best one, the best two ... of units that differ in nothing the rows can see."""
    ranked = sorted(members, key=lambda member: (member.main, member.order))
    choices = [Choice((0,) * len(column), 0, 0)]
    for member in ranked:
        last = choices[-1]
        if member.main > 0 and _nothing_left(column, last.column, limits):
            break
        choices.append(
            Choice(
                tuple(a + b for a, b in zip(last.column, column, strict=True)),
                last.main + member.main,
                last.order + member.order,
                last.taken + member.taken,
            )
        )
    return tuple(choices)


def _nothing_left(column: Column, total: Column, limits: Sequence[int]) -> bool:
    """Whether a further unit of this column could help no row: each is met by the chain alone, whatever else counts."""
    return all(a >= 0 or have <= min(0, limit) for a, have, limit in zip(column, total, limits, strict=True))
