"""Requirements as arithmetic: what a unit amounts to under each, its limit, and which units stand for one another.

A minimum is read as "at most minus what it needs" with negative amounts, so that every requirement says the same: the
amounts of the counted units, summed, are at most the limit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from nvqsync.model import Comparison, Kind, Requirement, Rule, RuleUnit

MINIMA = frozenset({Kind.MIN_CREDITS, Kind.MIN_UNITS, Kind.MIN_CREDITS_AT_LEVEL})
COUNTED_IN_UNITS = frozenset({Kind.MIN_UNITS, Kind.MAX_UNITS, Kind.BARRED, Kind.EQUIVALENT})
AT_MOST_ONE = frozenset({Kind.BARRED, Kind.EQUIVALENT})
_SLOT = "slot"

Classes = Collection[frozenset[int]]


# ---------------------------------------------------------------- one requirement


def amount(requirement: Requirement, unit: RuleUnit, groups: tuple[str, ...], transferred: bool) -> int:
    """A unit's signed amount in a requirement's row when it counts towards ``groups``."""
    if not _in_scope(requirement, unit, groups, transferred):
        return 0
    size = 1 if requirement.kind in COUNTED_IN_UNITS else unit.credits
    return -size if requirement.kind in MINIMA else size


def limit(requirement: Requirement) -> int:
    """What a requirement's amounts may come to at most."""
    if requirement.kind in MINIMA:
        return -requirement.need
    return 1 if requirement.kind in AT_MOST_ONE else requirement.need


def _in_scope(requirement: Requirement, unit: RuleUnit, groups: tuple[str, ...], transferred: bool) -> bool:
    kind = requirement.kind
    if kind is Kind.ALL_OF:
        return False
    if kind in AT_MOST_ONE or requirement.id == _SLOT:
        return unit.code in requirement.units
    if kind is Kind.MAX_TRANSFERRED_CREDITS and not transferred:
        return False
    if kind is Kind.MIN_CREDITS_AT_LEVEL and not at_level(requirement, unit.level):
        return False
    return not requirement.groups or not set(requirement.groups).isdisjoint(groups)


def at_level(requirement: Requirement, level: int) -> bool:
    """Whether credit at ``level`` counts towards a ``min_credits_at_level`` requirement."""
    wanted = requirement.level or 0
    return level >= wanted if requirement.comparison is Comparison.AT_LEAST else level == wanted


def counts_exactly(requirement: Requirement) -> bool:
    """Whether a requirement counts credits at one level and no other."""
    return requirement.kind is Kind.MIN_CREDITS_AT_LEVEL and requirement.comparison is Comparison.EXACTLY


def stands_above(requirement: Requirement, unit: RuleUnit) -> bool:
    """Whether a unit stands in a requirement's groups, but above its level."""
    return unit.level > (requirement.level or 0) and in_groups(requirement, unit)


def in_groups(requirement: Requirement, unit: RuleUnit) -> bool:
    """Whether a unit is listed in one of a requirement's groups (no groups: all)."""
    return not requirement.groups or not set(requirement.groups).isdisjoint(unit.groups)


# ---------------------------------------------------------------- all of a rule


def check(rule: Rule, index: Mapping[str, int]) -> None:
    """Raises ``ValueError`` where a rule contradicts itself; ``index`` gives each unit code's place."""
    if len(index) != len(rule.units):
        raise ValueError("a unit code stands twice in this rule")
    for requirement in rule.requirements:
        for code in requirement.units:
            if code not in index:
                raise ValueError(f"{requirement.id} names unit {code!r}, which is not in this rule")
        if requirement.kind is Kind.MIN_CREDITS_AT_LEVEL and requirement.level is None:
            raise ValueError(f"{requirement.id} counts credits at a level but states none")


def equivalence_classes(rule: Rule, index: Mapping[str, int]) -> list[frozenset[int]]:
    """Units that stand for one another, chains included: A for B and B for C makes A stand for C."""
    classes: list[frozenset[int]] = []
    for requirement in rule.requirements:
        if requirement.kind is Kind.EQUIVALENT:
            merged = frozenset(index[code] for code in requirement.units)
            apart = [known for known in classes if not known & merged]
            for known in classes:
                merged |= known if known & merged else frozenset()
            classes = [*apart, merged]
    return classes


def slot_of(unit: int, classes: Classes) -> tuple[int, ...]:
    """The units that may stand for ``unit``, itself included."""
    return next((tuple(sorted(known)) for known in classes if unit in known), (unit,))


def slots(rule: Rule, index: Mapping[str, int], classes: Classes) -> tuple[tuple[int, ...], ...]:
    """What ``all_of`` asks for: each slot is filled by any one of its units."""
    found: dict[tuple[int, ...], None] = {}
    for requirement in rule.requirements:
        if requirement.kind is Kind.ALL_OF:
            for code in requirement.units:
                found[slot_of(index[code], classes)] = None
    return tuple(found)


def implicit(rule: Rule, classes: Classes, wanted: Collection[tuple[int, ...]]) -> Iterator[Requirement]:
    """Rows that no requirement states by itself: slots with equivalents, and chains of equivalents."""
    model = rule.requirements[0] if rule.requirements else None
    if model is None:
        return
    for slot in wanted:
        if len(slot) > 1:
            codes = tuple(rule.units[i].code for i in slot)
            yield Requirement(_SLOT, Kind.MIN_UNITS, "", model.source, 1, (), codes)
    for known in classes:
        codes = tuple(rule.units[i].code for i in sorted(known))
        yield Requirement("class", Kind.EQUIVALENT, "", model.source, 1, (), codes)
