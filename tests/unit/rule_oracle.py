"""The rules engine's oracle: the meaning of a rule by brute force, written without a look at the engine.

It tries every subset of units and every way to place each of its units in a group. Good for eight units or so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import combinations, product

from nvqsync.model import Comparison, Kind, Requirement, Rule, RuleUnit

Placed = tuple[tuple[RuleUnit, tuple[str, ...]], ...]
RouteCost = tuple[int, int, int]

MAXIMA = {Kind.MAX_CREDITS, Kind.MAX_UNITS, Kind.BARRED, Kind.EQUIVALENT, Kind.MAX_TRANSFERRED_CREDITS}


def subsets(codes: Iterable[str]) -> Iterator[frozenset[str]]:
    """Every subset."""
    codes = list(codes)
    for size in range(len(codes) + 1):
        yield from map(frozenset, combinations(codes, size))


def credits(rule: Rule, codes: Collection[str]) -> int:
    """The credits of some units."""
    return sum(unit.credits for unit in rule.units if unit.code in codes)


def cost(rule: Rule, codes: Collection[str]) -> RouteCost:
    """What makes one route cheaper than another."""
    return credits(rule, codes), len(codes), sum(unit.glh for unit in rule.units if unit.code in codes)


def satisfies(rule: Rule, codes: Collection[str], moved: Collection[str], maxima_only: bool = False) -> bool:
    """Whether counting exactly these units, placed in some way, meets every requirement (or every maximum)."""
    wanted = [r for r in rule.requirements if not maxima_only or r.kind in MAXIMA]
    return any(all(_holds(rule, r, placed, moved) for r in wanted) for placed in _placings(rule, codes))


def _placings(rule: Rule, codes: Collection[str]) -> Iterator[Placed]:
    units = [unit for unit in rule.units if unit.code in codes]
    ways = [[u.groups] if rule.groups_overlap or not u.groups else [(g,) for g in u.groups] for u in units]
    for way in product(*ways):
        yield tuple(zip(units, way, strict=True))


def _stand_ins(rule: Rule, code: str) -> set[str]:
    known = {code}
    while True:
        more = {c for r in rule.requirements if r.kind is Kind.EQUIVALENT and known & set(r.units) for c in r.units}
        if more <= known:
            return known
        known |= more


def _holds(rule: Rule, requirement: Requirement, placed: Placed, moved: Collection[str]) -> bool:
    codes = {unit.code for unit, _ in placed}
    here = [u for u, groups in placed if not requirement.groups or set(groups) & set(requirement.groups)]
    level = requirement.level or 0
    exactly = requirement.comparison is Comparison.EXACTLY
    at_level = [u for u in here if u.level == level or (not exactly and u.level > level)]
    holds = {
        Kind.ALL_OF: all(_stand_ins(rule, code) & codes for code in requirement.units),
        Kind.MIN_CREDITS: sum(u.credits for u in here) >= requirement.need,
        Kind.MIN_UNITS: len(here) >= requirement.need,
        Kind.MAX_CREDITS: sum(u.credits for u in here) <= requirement.need,
        Kind.MAX_UNITS: len(here) <= requirement.need,
        Kind.MIN_CREDITS_AT_LEVEL: sum(u.credits for u in at_level) >= requirement.need,
        Kind.BARRED: len(codes & set(requirement.units)) <= 1,
        Kind.EQUIVALENT: all(len(codes & _stand_ins(rule, code)) <= 1 for code in requirement.units),
        Kind.MAX_TRANSFERRED_CREDITS: sum(u.credits for u in here if u.code in moved) <= requirement.need,
    }
    return holds[requirement.kind]


def best_credits(rule: Rule, held: Collection[str], moved: Collection[str], maxima_only: bool = False) -> int | None:
    """The most credit that one selection of held units can count; ``None`` when none satisfies the rule."""
    fitting = [credits(rule, s) for s in subsets(held) if satisfies(rule, s, moved, maxima_only)]
    return max(fitting, default=None)


def finishes(rule: Rule, held: Collection[str], further: Collection[str], moved: Collection[str]) -> bool:
    """Whether some subset of held and further units meets the rule."""
    return any(satisfies(rule, s, moved) for s in subsets({*held, *further}))


def routes(
    rule: Rule, held: Collection[str], offered: Collection[str], moved: Collection[str]
) -> dict[frozenset[str], int]:
    """Every set of further units that finishes when all of it counts, and the most held credit beside it."""
    found: dict[frozenset[str], int] = {}
    for selection in subsets({*held, *offered}):
        if satisfies(rule, selection, moved):
            further = selection - set(held)
            found[further] = max(found.get(further, -1), credits(rule, selection & set(held)))
    return found
