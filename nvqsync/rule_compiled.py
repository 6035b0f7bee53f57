"""A rule of combination made ready for arithmetic: one row of whole numbers for each requirement.

Every unit becomes one ``Option`` for each way in which it may count: a single one where the rule lets groups overlap or
the unit stands in one group, otherwise one for each of its groups. An option is a column of amounts, one for each row;
amounts under a minimum are negative and amounts under a maximum positive, so that *every* row reads "the sum of the
counted columns is at most ``limit``". A rule is compiled once and remembered by identity.

Sets of units are whole numbers used as bit masks: bit ``i`` is the rule's ``i``-th unit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from nvqsync.model import Comparison, Kind, Requirement, Rule, RuleUnit

Column = tuple[int, ...]

MINIMA = frozenset({Kind.MIN_CREDITS, Kind.MIN_UNITS, Kind.MIN_CREDITS_AT_LEVEL})
COUNTED_IN_UNITS = frozenset({Kind.MIN_UNITS, Kind.MAX_UNITS, Kind.BARRED, Kind.EQUIVALENT})
AT_MOST_ONE = frozenset({Kind.BARRED, Kind.EQUIVALENT})
_REMEMBERED_RULES = 64


@dataclass(frozen=True, slots=True)
class Option:
    """One way in which a unit may count: the groups it then counts towards, and its amount in each row."""

    unit: int
    groups: tuple[str, ...]
    column: Column


@dataclass(frozen=True, slots=True)
class Row:
    """One inequality. ``by_amount`` lists (signed amount, units) for the units that have a single option."""

    limit: int
    minimum: bool
    transferred_only: bool
    by_amount: tuple[tuple[int, int], ...]


@dataclass(slots=True, eq=False)
class CompiledRule:
    """The arithmetic of one rule.

    ``asked`` holds, for each ``all_of`` requirement, its slots as masks; ``named`` the units of all slots; ``above``
    those that would count if credits above a level did; ``worth`` which units are worth how many credits. The three
    dictionaries remember what was worked out.
    """

    rule: Rule
    index: dict[str, int]
    rows: tuple[Row, ...]
    options: tuple[tuple[Option, ...], ...]
    options_if_transferred: tuple[tuple[Option, ...], ...]
    forced: int
    asked: tuple[tuple[int, ...], ...]
    everything: int
    single: int
    capped: int
    capped_if_transferred: int
    named: int
    above: int
    worth: tuple[tuple[int, int], ...]
    memory: dict[Any, Any] = field(default_factory=dict)
    reports: dict[Any, Any] = field(default_factory=dict)
    verdicts: dict[Any, Any] = field(default_factory=dict)
    _at_least: CompiledRule | None = None

    @property
    def at_least(self) -> CompiledRule:
        """The same rule with credits at a level read as "at that level or above"."""
        if self._at_least is None:
            self._at_least = _compile(_read_at_least(self.rule))
        return self._at_least

    def mask(self, codes: Iterable[str]) -> int:
        """The bit mask of some unit codes. Raises ``ValueError`` naming a code that the rule does not list."""
        mask = 0
        try:
            for code in codes:
                mask |= 1 << self.index[code]
        except KeyError as missing:
            raise ValueError(f"unit {missing} is not in this rule") from None
        return mask

    def codes(self, mask: int) -> tuple[str, ...]:
        """The unit codes of a bit mask, in the rule's order."""
        units = self.rule.units
        return tuple(units[i].code for i in bits(mask))

    def options_of(self, unit: int, transferred: int) -> tuple[Option, ...]:
        """The ways in which a unit may count, given which units are transferred."""
        return self.options_if_transferred[unit] if transferred >> unit & 1 else self.options[unit]

    def uncapped(self, transferred: int) -> int:
        """Units that count in one way only and under no maximum: to count them never hurts."""
        return self.single & ~(self.capped & ~transferred) & ~(self.capped_if_transferred & transferred)

    def totals(self, mask: int, transferred: int) -> list[int]:
        """The sum of each row over units with a single option."""
        sums = []
        for row in self.rows:
            units = mask & transferred if row.transferred_only else mask
            total = 0
            if units:
                for amount, bearers in row.by_amount:
                    total += amount * (units & bearers).bit_count()
            sums.append(total)
        return sums


def bits(mask: int) -> Iterator[int]:
    """The positions of the bits set in ``mask``, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


_remembered: dict[int, CompiledRule] = {}


def compiled(rule: Rule) -> CompiledRule:
    """The compiled form of ``rule``. Raises ``ValueError`` where a requirement names a unit the rule does not list."""
    found = _remembered.get(id(rule))
    if found is not None and found.rule is rule:
        return found
    if len(_remembered) >= _REMEMBERED_RULES:
        _remembered.pop(next(iter(_remembered)))
    made = _remembered[id(rule)] = _compile(rule)
    return made


def _read_at_least(rule: Rule) -> Rule:
    return replace(
        rule,
        requirements=tuple(
            replace(requirement, comparison=Comparison.AT_LEAST)
            if requirement.kind is Kind.MIN_CREDITS_AT_LEVEL
            else requirement
            for requirement in rule.requirements
        ),
    )


def _compile(rule: Rule) -> CompiledRule:
    index = {unit.code: i for i, unit in enumerate(rule.units)}
    _check(rule, index)
    classes = _equivalence_classes(rule, index)
    slots = _slots(rule, index, classes)
    wanted = [*rule.requirements, *_extra_requirements(rule, classes, slots)]
    home = tuple(_options(rule, i, wanted, transferred=False) for i in range(len(rule.units)))
    moved = tuple(_options(rule, i, wanted, transferred=True) for i in range(len(rule.units)))
    return CompiledRule(
        rule=rule,
        index=index,
        rows=tuple(_row(k, requirement, home, moved) for k, requirement in enumerate(wanted)),
        options=home,
        options_if_transferred=moved,
        forced=_mask(slot[0] for slot in slots if len(slot) == 1),
        asked=tuple(_asked(requirement, index, classes) for requirement in rule.requirements),
        everything=(1 << len(rule.units)) - 1,
        single=_mask(i for i in range(len(rule.units)) if _one_way(home[i], moved[i])),
        capped=_capped(home),
        capped_if_transferred=_capped(moved),
        named=_mask(i for slot in slots for i in slot),
        above=_mask(i for i, unit in enumerate(rule.units) if any(_raised(r, unit) for r in rule.requirements)),
        worth=tuple(sorted(_worth(rule).items())),
    )


def _check(rule: Rule, index: dict[str, int]) -> None:
    if len(index) != len(rule.units):
        raise ValueError("a unit code stands twice in this rule")
    for requirement in rule.requirements:
        for code in requirement.units:
            if code not in index:
                raise ValueError(f"{requirement.id} names unit {code!r}, which is not in this rule")
        if requirement.kind is Kind.MIN_CREDITS_AT_LEVEL and requirement.level is None:
            raise ValueError(f"{requirement.id} counts credits at a level but states none")


def _equivalence_classes(rule: Rule, index: dict[str, int]) -> list[frozenset[int]]:
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


def _slots(rule: Rule, index: dict[str, int], classes: Collection[frozenset[int]]) -> tuple[tuple[int, ...], ...]:
    """What ``all_of`` asks for: each slot is filled by any one of its units."""
    slots: dict[tuple[int, ...], None] = {}
    for requirement in rule.requirements:
        if requirement.kind is Kind.ALL_OF:
            for code in requirement.units:
                slots[_slot_of(index[code], classes)] = None
    return tuple(slots)


def _asked(requirement: Requirement, index: dict[str, int], classes: Collection[frozenset[int]]) -> tuple[int, ...]:
    """For ``all_of``, the mask of each slot it names; for other kinds nothing."""
    if requirement.kind is not Kind.ALL_OF:
        return ()
    return tuple(dict.fromkeys(_mask(_slot_of(index[code], classes)) for code in requirement.units))


def _slot_of(unit: int, classes: Collection[frozenset[int]]) -> tuple[int, ...]:
    """The units that may stand for ``unit``, itself included."""
    return next((tuple(sorted(known)) for known in classes if unit in known), (unit,))


def _extra_requirements(
    rule: Rule, classes: Collection[frozenset[int]], slots: Collection[tuple[int, ...]]
) -> Iterator[Requirement]:
    """Rows that no requirement states by itself: slots with equivalents, and chains of equivalents."""
    model = rule.requirements[0] if rule.requirements else None
    if model is None:
        return
    for slot in slots:
        if len(slot) > 1:
            codes = tuple(rule.units[i].code for i in slot)
            yield Requirement("slot", Kind.MIN_UNITS, "", model.source, 1, (), codes)
    for known in classes:
        codes = tuple(rule.units[i].code for i in sorted(known))
        yield Requirement("class", Kind.EQUIVALENT, "", model.source, 1, (), codes)


def _options(rule: Rule, unit: int, wanted: list[Requirement], *, transferred: bool) -> tuple[Option, ...]:
    record = rule.units[unit]
    ways = [record.groups] if rule.groups_overlap or len(record.groups) < 2 else [(g,) for g in record.groups]
    options = [Option(unit, way, tuple(_amount(r, record, way, transferred) for r in wanted)) for way in ways]
    return tuple(option for i, option in enumerate(options) if not _beaten(option, i, options))


def _beaten(option: Option, place: int, options: list[Option]) -> bool:
    """Whether another option is as good in every row (of equals, the first stays)."""
    return any(
        all(a <= b for a, b in zip(other.column, option.column, strict=True))
        and (other.column != option.column or i < place)
        for i, other in enumerate(options)
        if i != place
    )


def _amount(requirement: Requirement, unit: RuleUnit, groups: tuple[str, ...], transferred: bool) -> int:
    """A unit's signed amount in a requirement's row when it counts towards ``groups``."""
    if not _in_scope(requirement, unit, groups, transferred):
        return 0
    amount = 1 if requirement.kind in COUNTED_IN_UNITS else unit.credits
    return -amount if requirement.kind in MINIMA else amount


def _in_scope(requirement: Requirement, unit: RuleUnit, groups: tuple[str, ...], transferred: bool) -> bool:
    kind = requirement.kind
    if kind is Kind.ALL_OF:
        return False
    if kind in AT_MOST_ONE or requirement.id == "slot":
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


def _raised(requirement: Requirement, unit: RuleUnit) -> bool:
    return counts_exactly(requirement) and stands_above(requirement, unit)


def _worth(rule: Rule) -> dict[int, int]:
    """Which units are worth how many credits."""
    worth: dict[int, int] = {}
    for i, unit in enumerate(rule.units):
        worth[unit.credits] = worth.get(unit.credits, 0) | 1 << i
    return worth


def _row(
    k: int, requirement: Requirement, home: tuple[tuple[Option, ...], ...], moved: tuple[tuple[Option, ...], ...]
) -> Row:
    only = requirement.kind is Kind.MAX_TRANSFERRED_CREDITS
    by_amount: dict[int, int] = {}
    for ways in moved if only else home:
        amount = ways[0].column[k]
        if amount:
            by_amount[amount] = by_amount.get(amount, 0) | 1 << ways[0].unit
    return Row(_limit(requirement), requirement.kind in MINIMA, only, tuple(sorted(by_amount.items())))


def _limit(requirement: Requirement) -> int:
    if requirement.kind in MINIMA:
        return -requirement.need
    if requirement.kind in AT_MOST_ONE:
        return 1
    return requirement.need


def _one_way(home: tuple[Option, ...], moved: tuple[Option, ...]) -> bool:
    """Whether a unit counts in one way only, transferred or not."""
    return len(home) == len(moved) == 1 and home[0].groups == moved[0].groups


def _capped(options: tuple[tuple[Option, ...], ...]) -> int:
    return _mask(ways[0].unit for ways in options if any(amount > 0 for way in ways for amount in way.column))


def _mask(units: Iterable[int]) -> int:
    mask = 0
    for unit in units:
        mask |= 1 << unit
    return mask
