"""What may be wrong with, or odd about, a rule of combination as a whole. Pure, and asked of the rules engine itself.

That the rule can be met is shown by its cheapest selection. A requirement *can never bind* when no selection of units
meets all the others and breaks it alone; leaving it out would then change no verdict. That is no fault (a document may
print a sum that its other figures imply), so it is told as a note.

Two cases err on the quiet side. Where units stand in several groups that do not overlap, a requirement is told of only
if no selection breaks it in *any* placing that meets the others. And a limit on transferred credit is not compared with
other such limits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations

from nvqsync.combination.rule_compiled import at_level, compiled
from nvqsync.combination.rule_reports import why_unreachable
from nvqsync.finishing import Exhausted, cheapest_route
from nvqsync.model import Kind, Qualification, Requirement, Rule, Source
from nvqsync.rules import Route, judge

ERROR, NOTE = "error", "note"

_HERE = Source("nvqsync", "rules check")
"""The source of a requirement that is only supposed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something found: ``error`` (the rule must not be used like this) or ``note`` (worth knowing). ``about`` names the
    requirement, unit or key.
    """

    severity: str
    code: str
    about: str
    says: str


@dataclass(frozen=True, slots=True)
class RuleReport:
    """What checking one rule came to. ``cheapest`` is a selection that meets it, ``None`` where there is none."""

    findings: tuple[Finding, ...]
    cheapest: Route | None

    @property
    def sound(self) -> bool:
        """Whether nothing found is an error."""
        return all(finding.severity != ERROR for finding in self.findings)


def check_rule(qualification: Qualification) -> RuleReport:
    """Everything the engine can tell of a qualification's rule."""
    rule = qualification.rule
    try:
        cheapest = cheapest_route(rule, ())
    except Exhausted:
        return RuleReport((_undecided("rule", "whether any selection meets this rule"),), None)
    if cheapest is None:
        known = compiled(rule)
        why = why_unreachable(known, known.everything, 0)
        return RuleReport((Finding(ERROR, "no-selection", "rule", why),), None)
    return RuleReport((*_credits(qualification), *_never_bind(rule), *_never_count(rule)), cheapest)


def shared_ids(qualifications: Iterable[Qualification]) -> tuple[Finding, ...]:
    """Requirement ids that stand in more than one rule: a waiver or caution by id would be ambiguous."""
    found: dict[str, list[str]] = defaultdict(list)
    for qualification in qualifications:
        for requirement in qualification.rule.requirements:
            found[requirement.id].append(qualification.id)
    return tuple(
        Finding(NOTE, "shared-id", identity, f"{identity} stands in {' and '.join(dict.fromkeys(owners))}")
        for identity, owners in found.items()
        if len(set(owners)) > 1
    )


def _credits(qualification: Qualification) -> Iterator[Finding]:
    """A certificate's credits that no selection can reach, or that the rule does not ask for."""
    total = sum(unit.credits for unit in qualification.rule.units)
    if total < qualification.credits:
        says = f"the certificate has {qualification.credits} credits, but all units together give {total}"
        yield Finding(ERROR, "credits-unreachable", "credits", says)
        return
    fewer = Requirement("fewer", Kind.MAX_CREDITS, "fewer", _HERE, qualification.credits - 1)
    try:
        if _possible(_with(qualification.rule, fewer)):
            says = f"a selection of fewer than the certificate's {qualification.credits} credits would meet the rule"
            yield Finding(NOTE, "credits-not-asked", "credits", says)
    except Exhausted:
        yield _undecided("credits", "whether fewer credits than the certificate's could meet the rule")


def _with(rule: Rule, extra: Requirement) -> Rule:
    return replace(rule, requirements=(*rule.requirements, extra))


# ---------------------------------------------------------------- requirements that can never bind


def _never_bind(rule: Rule) -> Iterator[Finding]:
    for requirement in rule.requirements:
        try:
            if not can_bind(rule, requirement):
                says = "can never bind: no selection meets all the other requirements and not this one"
                yield Finding(NOTE, "never-binds", requirement.id, says)
        except Exhausted:
            yield _undecided(requirement.id, "whether this can ever bind")


def can_bind(rule: Rule, requirement: Requirement) -> bool:
    """Whether some selection meets every other requirement and breaks this one. Raises ``Exhausted``."""
    kept = tuple(
        other
        for other in rule.requirements
        if other is not requirement and other.kind is not Kind.MAX_TRANSFERRED_CREDITS  # without transfers it is met
    )
    others = replace(rule, requirements=kept)
    match requirement.kind:
        case Kind.ALL_OF:
            return any(_possible(others, without=_stand_ins(rule, code)) for code in requirement.units)
        case Kind.BARRED:
            return _two_together(others, requirement.units)
        case Kind.EQUIVALENT:
            asked = {code for other in kept if other.kind is Kind.ALL_OF for code in other.units}
            return not asked.isdisjoint(requirement.units) or _two_together(others, requirement.units)
        case Kind.MIN_CREDITS_AT_LEVEL:
            return _too_few_at_level(others, requirement)
        case _:
            return _possible(_with(others, _opposite(requirement)))


def _opposite(requirement: Requirement) -> Requirement:
    """What breaks a minimum or maximum."""
    kinds = {
        Kind.MIN_CREDITS: (Kind.MAX_CREDITS, -1),
        Kind.MIN_UNITS: (Kind.MAX_UNITS, -1),
        Kind.MAX_CREDITS: (Kind.MIN_CREDITS, 1),
        Kind.MAX_UNITS: (Kind.MIN_UNITS, 1),
        Kind.MAX_TRANSFERRED_CREDITS: (Kind.MIN_CREDITS, 1),
    }
    kind, step = kinds[requirement.kind]
    return replace(requirement, kind=kind, need=requirement.need + step)


def _too_few_at_level(others: Rule, requirement: Requirement) -> bool:
    """No kind puts a maximum on credits at a level, but one does on transferred credit: so mark them as transferred."""
    marked = [unit.code for unit in others.units if at_level(requirement, unit.level)]
    few = replace(requirement, kind=Kind.MAX_TRANSFERRED_CREDITS, need=requirement.need - 1, level=None)
    return _possible(_with(others, few), transferred=marked)


def _two_together(others: Rule, units: Iterable[str]) -> bool:
    """Whether two of these units can count side by side under the other requirements."""
    for one, other in combinations(units, 2):
        if other in _stand_ins(others, one):
            continue
        both = Requirement("both", Kind.ALL_OF, "both", _HERE, units=(one, other))
        apart = (_stand_ins(others, one) | _stand_ins(others, other)) - {one, other}
        if _possible(_with(others, both), without=apart):
            return True
    return False


def _stand_ins(rule: Rule, code: str) -> frozenset[str]:
    """The unit and whatever stands for it, chains included."""
    known = frozenset({code})
    pairs = [frozenset(r.units) for r in rule.requirements if r.kind is Kind.EQUIVALENT]
    while more := frozenset().union(*(pair for pair in pairs if pair & known)) - known:
        known |= more
    return known


def _possible(rule: Rule, *, without: Iterable[str] = (), transferred: Iterable[str] = ()) -> bool:
    """Whether any selection of units meets the rule. Raises ``Exhausted``."""
    missing = set(without)
    units = [unit.code for unit in rule.units if unit.code not in missing]
    verdict = judge(rule, units, transferred=[code for code in transferred if code not in missing], with_route=False)
    if verdict.undecided:
        raise Exhausted
    return verdict.met


# ---------------------------------------------------------------- units that can never count


def _never_count(rule: Rule) -> Iterator[Finding]:
    """Units that stand in no selection that meets the rule."""
    for unit in rule.units:
        wanted = Requirement("wanted", Kind.ALL_OF, "wanted", _HERE, units=(unit.code,))
        try:
            if not _possible(_with(rule, wanted), without=_stand_ins(rule, unit.code) - {unit.code}):
                yield Finding(NOTE, "never-counts", unit.code, f"{unit.code} is in no selection that meets the rule")
        except Exhausted:
            yield _undecided(unit.code, "whether this unit can ever count")


def _undecided(about: str, what: str) -> Finding:
    return Finding(NOTE, "undecided", about, f"the search budget ran out before it was certain {what}")
