"""A rule of combination made ready for arithmetic: one row of whole numbers for each requirement.

Every unit becomes one ``Option`` for each way in which it may count: a single one where the rule lets groups overlap or
the unit stands in one group, otherwise one for each of its groups. An option is a column of amounts, one for each row;
amounts under a minimum are negative and amounts under a maximum positive, so that *every* row reads "the sum of the
counted columns is at most the limit". All rows stand side by side in one number (``rule_fields``): ``start`` less the
packed columns of what counts is what is left, and keeps the guard bit of every row that holds.

Sets of units are whole numbers used as bit masks: bit ``i`` is the rule's ``i``-th unit. A rule is compiled once and
remembered by identity.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from nvqsync.combination import rule_requirements as meaning
from nvqsync.combination.rule_fields import Fields, Sums, bits, fields
from nvqsync.combination.rule_requirements import at_level
from nvqsync.model import Comparison, Kind, Requirement, Rule, RuleUnit

Column = tuple[int, ...]

_REMEMBERED_RULES = 64


class Option(NamedTuple):
    """One way in which a unit may count: the groups it then counts towards, and its amount in each row.

    ``packed`` is the column in one number, ``load`` its positive part, ``boost`` its negative part without the sign;
    ``uses`` and ``helps`` have the guard bits of the rows in which the amount is positive, and negative.
    """

    unit: int
    groups: tuple[str, ...]
    column: Column
    packed: int
    load: int
    boost: int
    uses: int
    helps: int


Ways = tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """The columns of units that are not transferred, or of those that are.

    ``sums`` adds up the columns of units with one option; ``loads`` gives the most that each unit can add to each row,
    ``boosts`` the most that it can take off (packed); ``capped`` are the units that some maximum is about.
    """

    ways: tuple[Ways, ...]
    sums: Sums[int]
    loads: tuple[int, ...]
    boosts: tuple[int, ...]
    capped: int


@dataclass(slots=True, eq=False)
class CompiledRule:
    """The arithmetic of one rule.

    ``minima`` and ``maxima`` have the guard bits of the rows of either sort. ``forced`` are the units that must count,
    ``single`` those that count in one way only; ``asked`` holds, for each ``all_of`` requirement, its slots as masks;
    ``named`` the units of all slots; ``above`` those that would count if credits above a level did; ``nothing`` is the
    option of not counting a unit. ``codes``, ``credits`` and ``glh`` add up over a mask; ``main`` is what each unit
    costs as a further one. The dictionaries remember what was worked out: ``memory`` what was searched for and what
    that took (``rule_memory``), ``verdicts`` whole answers, ``extra`` what other modules prepare for the rule.
    """

    rule: Rule
    bit: dict[str, int]
    fields: Fields
    start: int
    minima: int
    maxima: int
    home: Reading
    moved: Reading
    forced: int
    single: int
    everything: int
    asked: tuple[tuple[int, ...], ...]
    named: int
    above: int
    nothing: Option
    codes: Sums[tuple[str, ...]]
    credits: Sums[int]
    glh: Sums[int]
    main: tuple[int, ...]
    memory: dict[Any, Any] = field(default_factory=dict)
    verdicts: dict[Any, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    _at_least: CompiledRule | None = None
    _latest: tuple[int, int, int] = (0, 0, 0)

    @property
    def at_least(self) -> CompiledRule:
        """The same rule with credits at a level read as "at that level or above"."""
        if self._at_least is None:
            self._at_least = _compile(_read_at_least(self.rule))
        return self._at_least

    def mask(self, codes: Iterable[str]) -> int:
        """The bit mask of some unit codes. Raises ``ValueError`` naming a code that the rule does not list."""
        mask, bit = 0, self.bit
        try:
            for code in codes:
                mask |= bit[code]
        except KeyError as missing:
            raise ValueError(f"unit {missing} is not in this rule") from None
        return mask

    def ways(self, unit: int, transferred: int) -> Ways:
        """The ways in which a unit may count, given which units are transferred."""
        return (self.moved if transferred >> unit & 1 else self.home).ways[unit]

    def uncapped(self, transferred: int) -> int:
        """Units that count in one way only and under no maximum: to count them never hurts."""
        if not transferred:
            return self.single & ~self.home.capped
        return self.single & ~(self.home.capped & ~transferred) & ~(self.moved.capped & transferred)

    def amounts(self, mask: int, transferred: int) -> int:
        """The packed sum of the columns of units with a single option."""
        if not transferred:
            return self.home.sums.of(mask)
        return self.home.sums.of(mask & ~transferred) + self.moved.sums.of(mask & transferred)

    def left_by(self, mask: int, transferred: int) -> int:
        """What is left of each row (packed) when units with a single option count; the latest answer is kept."""
        latest = self._latest
        if latest[0] != mask or latest[1] != transferred:
            latest = self._latest = mask, transferred, self.start - self.amounts(mask, transferred)
        return latest[2]

    def counted(self, left: int, row: int) -> int:
        """How much of a row's amount is counted, given what is left of all rows."""
        return abs(self.fields.slack(self.start, row) - self.fields.slack(left, row))


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
    meaning.check(rule, index)
    classes = meaning.equivalence_classes(rule, index)
    slots = meaning.slots(rule, index, classes)
    wanted = [*rule.requirements, *meaning.implicit(rule, classes, slots)]
    layout = _layout(rule, wanted)
    home = _reading(rule, wanted, layout, transferred=False)
    moved = _reading(rule, wanted, layout, transferred=True)
    minima = layout.flags(k for k, requirement in enumerate(wanted) if requirement.kind in meaning.MINIMA)
    return CompiledRule(
        rule=rule,
        bit={code: 1 << i for code, i in index.items()},
        fields=layout,
        start=layout.guard + layout.pack(meaning.limit(requirement) for requirement in wanted),
        minima=minima,
        maxima=layout.guard & ~minima,
        home=home,
        moved=moved,
        forced=_mask(slot[0] for slot in slots if len(slot) == 1),
        single=_mask(i for i in range(len(rule.units)) if _one_way(home.ways[i], moved.ways[i])),
        everything=(1 << len(rule.units)) - 1,
        asked=tuple(_asked(requirement, index, classes) for requirement in rule.requirements),
        named=_mask(i for slot in slots for i in slot),
        above=_mask(i for i, unit in enumerate(rule.units) if any(_raised(r, unit) for r in rule.requirements)),
        nothing=_option(-1, (), [0] * len(wanted), layout),
        _latest=(0, 0, layout.guard + layout.pack(meaning.limit(requirement) for requirement in wanted)),
        codes=Sums([(unit.code,) for unit in rule.units], ()),
        credits=Sums([unit.credits for unit in rule.units], 0),
        glh=Sums([unit.glh for unit in rule.units], 0),
        main=_main(rule),
    )


def _main(rule: Rule) -> tuple[int, ...]:
    """What each further unit costs, in one number: credits first, then units, then guided learning hours."""
    one = 1 + sum(unit.glh for unit in rule.units)
    credit = one * (1 + len(rule.units))
    return tuple(credit * unit.credits + one + unit.glh for unit in rule.units)


def _layout(rule: Rule, wanted: list[Requirement]) -> Fields:
    """Fields wide enough for every row, whatever counts."""
    every = sum(max(1, unit.credits) for unit in rule.units)
    return fields(len(wanted), every + max((abs(meaning.limit(requirement)) for requirement in wanted), default=0))


def _reading(rule: Rule, wanted: list[Requirement], layout: Fields, *, transferred: bool) -> Reading:
    ways = tuple(_ways(rule, i, wanted, layout, transferred) for i in range(len(rule.units)))
    return Reading(
        ways,
        Sums([options[0].packed for options in ways], 0),
        tuple(reduce(or_, (option.load for option in options)) for options in ways),
        tuple(reduce(or_, (option.boost for option in options)) for options in ways),
        _mask(options[0].unit for options in ways if any(option.uses for option in options)),
    )


def _asked(requirement: Requirement, index: dict[str, int], classes: meaning.Classes) -> tuple[int, ...]:
    """For ``all_of``, the mask of each slot it names; for other kinds nothing."""
    if requirement.kind is not Kind.ALL_OF:
        return ()
    return tuple(dict.fromkeys(_mask(meaning.slot_of(index[code], classes)) for code in requirement.units))


def _ways(rule: Rule, unit: int, wanted: list[Requirement], layout: Fields, transferred: bool) -> Ways:
    record = rule.units[unit]
    ways = [record.groups] if rule.groups_overlap or len(record.groups) < 2 else [(g,) for g in record.groups]
    options = [
        _option(unit, way, [meaning.amount(r, record, way, transferred) for r in wanted], layout) for way in ways
    ]
    return tuple(option for i, option in enumerate(options) if not _beaten(option, i, options))


def _option(unit: int, groups: tuple[str, ...], column: list[int], layout: Fields) -> Option:
    return Option(
        unit,
        groups,
        tuple(column),
        layout.pack(column),
        layout.pack(max(0, amount) for amount in column),
        layout.pack(max(0, -amount) for amount in column),
        layout.flags(k for k, amount in enumerate(column) if amount > 0),
        layout.flags(k for k, amount in enumerate(column) if amount < 0),
    )


def _beaten(option: Option, place: int, options: list[Option]) -> bool:
    """Whether another option is as good in every row (of equals, the first stays)."""
    return any(
        all(a <= b for a, b in zip(other.column, option.column, strict=True))
        and (other.column != option.column or i < place)
        for i, other in enumerate(options)
        if i != place
    )


def _raised(requirement: Requirement, unit: RuleUnit) -> bool:
    return meaning.counts_exactly(requirement) and meaning.stands_above(requirement, unit)


def _one_way(home: Ways, moved: Ways) -> bool:
    """Whether a unit counts in one way only, transferred or not."""
    return len(home) == len(moved) == 1 and home[0].groups == moved[0].groups


def _mask(units: Iterable[int]) -> int:
    return reduce(or_, (1 << unit for unit in units), 0)


__all__ = ["Column", "CompiledRule", "Option", "Reading", "Ways", "at_level", "bits", "compiled"]
