"""What may be wrong with a unit or a qualification, whoever wrote it and in whatever form. Pure.

Each fault names the key it concerns as a TOML file would spell it, so that a reader of files can point to the line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from nvqsync.check_characters import qualification_number_misfit, unit_reference_misfit
from nvqsync.model import Comparison, Kind, Qualification, QualificationUnit, Requirement, RuleUnit, Unit
from nvqsync.names import loose, name_misfit

Key = tuple[str | int, ...]

_NEEDS_A_NUMBER = {Kind.MIN_CREDITS, Kind.MIN_UNITS, Kind.MIN_CREDITS_AT_LEVEL}
_NAMES_UNITS = {Kind.ALL_OF, Kind.BARRED, Kind.EQUIVALENT}
_AT_LEVEL = {Kind.MIN_CREDITS_AT_LEVEL}


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong: the key it concerns, in words, the value that shows it, and whether it forbids loading."""

    key: Key
    says: str
    value: str = ""
    blocks: bool = True


def unit_faults(unit: Unit) -> Iterator[Fault]:
    """What is wrong with a unit of the bank by itself."""
    key: Key = ("units",)
    if misfit := unit_reference_misfit(unit.reference):
        yield Fault(key, misfit.says, unit.reference, misfit.blocks)
    if unit.credit_value < 1 or not 0 <= unit.level <= 8 or unit.glh < 0:
        yield Fault(
            key, f"{unit.reference} needs a level from 0 to 8, a credit value and no negative GLH", unit.reference
        )
    outcomes = [outcome for outcome, _ in unit.outcomes or ()]
    if outcomes != [str(number) for number in range(1, len(outcomes) + 1)]:
        yield Fault(key, f"{unit.reference}: learning outcomes are numbered 1, 2, 3 ...", unit.reference)


def qualification_faults(qualification: Qualification) -> Iterator[Fault]:
    """What is wrong with a qualification by itself: numbers, dates, listed units, rule."""
    yield from _identity_faults(qualification)
    yield from _unit_list_faults(qualification)
    yield from _rule_faults(qualification)
    for requirement in qualification.rule.requirements:
        for says in _requirement_faults(qualification, requirement):
            yield Fault(("rule", "requirements"), f"{requirement.id}: {says}", requirement.id)


def key_faults(kind: Kind, said: Collection[str]) -> Iterator[str]:
    """What is wrong with the keys that a file gives a requirement of this kind.

    A key that would be passed over in silence, and a reading or a maximum that nobody declared.
    """
    counted = kind not in _NAMES_UNITS
    for key, used in (
        ("units", not counted),
        ("groups", counted),
        ("need", counted),
        ("comparison", kind in _AT_LEVEL),
    ):
        if key in said and not used:
            yield f"`{key}` means nothing to {kind}: take it out, or choose another kind"
    if kind in _AT_LEVEL and "comparison" not in said:
        yield "min_credits_at_level needs a `comparison`: exactly or at_least, as the document means it"
    if counted and kind not in _NEEDS_A_NUMBER and "need" not in said:
        yield f"{kind} needs a `need`: how much counts at most"


def bank_faults(qualification: Qualification, units: Mapping[str, Unit]) -> Iterator[Fault]:
    """Units that a qualification lists with facts that are not the bank's, or that the bank lacks."""
    for listed in qualification.units:
        if units.get(listed.unit.reference) != listed.unit:
            says = f"{qualification.id} lists {listed.code} ({listed.unit.reference}) as the bank does not have it"
            yield Fault(("groups",), says, listed.unit.reference)
    for outside in qualification.rule.outside:
        if outside.reference not in units:
            yield Fault(
                ("rule", "outside"), f"{qualification.id}: no unit {outside.reference} in the bank", outside.reference
            )


def rule_units(units: Iterable[QualificationUnit]) -> tuple[RuleUnit, ...]:
    """What the rules engine needs to know of a qualification's units."""
    return tuple(
        RuleUnit(listed.code, listed.unit.credit_value, listed.unit.level, listed.unit.glh, listed.groups)
        for listed in units
    )


def _identity_faults(qualification: Qualification) -> Iterator[Fault]:
    if qualification.id != f"{qualification.awarding_body}/{qualification.code}":
        yield Fault(("code",), f"the id of a qualification is BODY/CODE, not {qualification.id}")
    for key, name in (("awarding_body", qualification.awarding_body), ("code", qualification.code)):
        if wrong := name_misfit(name):
            yield Fault((key,), wrong)
    number = qualification.qualification_number
    if number is not None and (misfit := qualification_number_misfit(number)):
        yield Fault(("qualification_number",), misfit.says, blocks=misfit.blocks)
    closes, ends = qualification.registration_end_on, qualification.certification_end_on
    if closes and ends and ends < closes:
        yield Fault(("certification_end_on",), f"certification ends {ends}, before registration does ({closes})")
    for code in _doubled(method.code.casefold() for method in qualification.methods):
        yield Fault(("methods", "codes"), f"the method code {code} is listed twice", code)


def _unit_list_faults(qualification: Qualification) -> Iterator[Fault]:
    names = [(loose(name), name) for listed in qualification.units for name in (listed.code, *listed.aliases)]
    doubled = _doubled(key for key, _ in names)
    for name in sorted({name for key, name in names if key in doubled}):
        yield Fault(("groups",), f"the code {name} stands for two units, or reads like another code", name)
    for reference in _doubled(listed.unit.reference for listed in qualification.units):
        yield Fault(("groups",), f"the unit {reference} is listed twice under different codes", reference)
    for listed in qualification.units:
        if unknown := set(listed.groups) - set(qualification.group_titles):
            yield Fault(
                ("groups",), f"unit {listed.code} stands in a group without a title: {', '.join(sorted(unknown))}"
            )


def _rule_faults(qualification: Qualification) -> Iterator[Fault]:
    rule = qualification.rule
    if sorted(rule.units, key=_by_code) != sorted(rule_units(qualification.units), key=_by_code):
        yield Fault(("rule",), "the rule's units are not the qualification's")
    for identity in _doubled(requirement.id for requirement in rule.requirements):
        yield Fault(("rule", "requirements"), f"two requirements have the id {identity}", identity)
    listed = {entry.unit.reference for entry in qualification.units}
    for outside in rule.outside:
        if outside.reference in listed:
            yield Fault(("rule", "outside"), f"{outside.reference} is both listed and left out", outside.reference)
    totals = {r.need for r in rule.requirements if r.kind is Kind.MIN_CREDITS and not r.groups}
    if totals and qualification.credits not in totals:
        yield Fault(("credits",), f"the rule asks for {max(totals)} credits in all, not {qualification.credits}")


def _requirement_faults(qualification: Qualification, requirement: Requirement) -> Iterator[str]:
    codes = {listed.code for listed in qualification.units}
    if unknown := [code for code in requirement.units if code not in codes]:
        yield f"no unit {', '.join(unknown)} in this qualification"
    if unknown := [group for group in requirement.groups if group not in qualification.group_titles]:
        yield f"no group {', '.join(unknown)} in this qualification"
    if requirement.kind in _NEEDS_A_NUMBER and requirement.need < 1:
        yield f"{requirement.kind} needs a `need` of at least 1"
    if requirement.kind in _NAMES_UNITS and not requirement.units:
        yield f"{requirement.kind} needs `units`"
    if (requirement.kind is Kind.MIN_CREDITS_AT_LEVEL) != (requirement.level is not None):
        yield "`level` belongs to min_credits_at_level, and to no other kind"
    if not (requirement.source.document and requirement.source.section and requirement.says):
        yield "every requirement has words and a source: document and section"
    if requirement.kind in _NEEDS_A_NUMBER and requirement.need > (most := _most(qualification, requirement)):
        yield f"asks for {requirement.need}, but the units on offer give at most {most}"


def _most(qualification: Qualification, requirement: Requirement) -> int:
    """The most that all units on offer could bring to a minimum."""
    offered = [
        listed.unit
        for listed in qualification.units
        if (not requirement.groups or set(requirement.groups) & set(listed.groups))
        and _at_level(listed.unit, requirement)
    ]
    return len(offered) if requirement.kind is Kind.MIN_UNITS else sum(unit.credit_value for unit in offered)


def _at_level(unit: Unit, requirement: Requirement) -> bool:
    if requirement.level is None or unit.level == requirement.level:
        return True
    return requirement.comparison is Comparison.AT_LEAST and unit.level > requirement.level


def _doubled(names: Iterable[str]) -> list[str]:
    return sorted(name for name, times in Counter(names).items() if times > 1)


def _by_code(unit: RuleUnit) -> str:
    return unit.code
