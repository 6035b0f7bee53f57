"""How each requirement stands on one selection of units, in numbers and in an exams officer's words."""

from __future__ import annotations

from dataclasses import dataclass, field

from nvqsync.combination import rule_words as words
from nvqsync.combination.rule_compiled import CompiledRule
from nvqsync.combination.rule_fields import bits
from nvqsync.combination.rule_memory import keep
from nvqsync.combination.rule_requirements import AT_MOST_ONE, COUNTED_IN_UNITS, MINIMA
from nvqsync.model import Kind, Requirement


@dataclass(frozen=True, slots=True)
class RequirementReport:
    """How one requirement stands: ``have``, ``need`` and ``short`` in credits, or in units where it counts units.

    For a maximum, ``need`` is the maximum and ``short`` is 0. ``says`` is for people.
    """

    id: str
    met: bool
    have: int
    need: int
    short: int
    says: str


@dataclass(frozen=True, slots=True)
class _Gauge:
    """What measures one requirement: its row in the packed sums, or the slots it names. Each reading is made once."""

    requirement: Requirement
    shift: int
    asked: tuple[int, ...]
    named: int
    readings: dict[int, RequirementReport] = field(default_factory=dict)


def reports(rule: CompiledRule, left: int, units: int) -> tuple[RequirementReport, ...]:
    """Every requirement's report on counted ``units``, which leave ``left`` of the rows (packed)."""
    gauges = rule.extra.get("gauges")
    if gauges is None:
        gauges = rule.extra["gauges"] = _gauges(rule)
    mask = (1 << rule.fields.width) - 1
    found = []
    for gauge in gauges:
        reading = units & gauge.named if gauge.named else left >> gauge.shift & mask
        report = gauge.readings.get(reading)
        if report is None:
            report = keep(gauge.readings, reading, _report(rule, gauge, left, units))
        found.append(report)
    return tuple(found)


def _gauges(rule: CompiledRule) -> tuple[_Gauge, ...]:
    return tuple(
        _Gauge(requirement, rule.fields.width * row, asked, sum(asked))
        for row, (requirement, asked) in enumerate(zip(rule.rule.requirements, rule.asked, strict=True))
    )


def _report(rule: CompiledRule, gauge: _Gauge, left: int, units: int) -> RequirementReport:
    requirement = gauge.requirement
    if requirement.kind is Kind.ALL_OF:
        return _all_of(rule, requirement, gauge.asked, units)
    have = rule.counted(left, gauge.shift // rule.fields.width)
    counts_units = requirement.kind in COUNTED_IN_UNITS
    if requirement.kind in MINIMA:
        short = max(0, requirement.need - have)
        says = words.minimum(requirement.says, have, short, counts_units=counts_units)
        return RequirementReport(requirement.id, not short, have, requirement.need, short, says)
    need = 1 if requirement.kind in AT_MOST_ONE else requirement.need
    says = words.maximum(requirement.says, have, counts_units=counts_units)
    return RequirementReport(requirement.id, have <= need, have, need, 0, says)


def _all_of(rule: CompiledRule, requirement: Requirement, asked: tuple[int, ...], units: int) -> RequirementReport:
    missing = [" or ".join(rule.codes.of(slot)) for slot in asked if not slot & units]
    have = len(asked) - len(missing)
    says = words.all_of(requirement.says, missing)
    return RequirementReport(requirement.id, not missing, have, len(asked), len(missing), says)


def why_unreachable(rule: CompiledRule, units: int, transferred: int) -> str:
    """The requirements that all ``units``, held and on offer, cannot reach; else that they exclude one another."""
    lacking = []
    for row, requirement in enumerate(rule.rule.requirements):
        absent = [" or ".join(rule.codes.of(slot)) for slot in rule.asked[row] if not slot & units]
        most = -sum(min(option.column[row] for option in rule.ways(unit, transferred)) for unit in bits(units))
        if absent:
            lacking.append(words.not_offered(requirement.says, absent))
        elif requirement.kind in MINIMA and most < requirement.need:
            lacking.append(words.out_of_reach(requirement.says, most, requirement.kind in COUNTED_IN_UNITS))
    return words.unreachable(lacking)
