"""Rules of combination: may this learner have the certificate, why or why not, and what would finish it.

A verdict is *met* when one subset of the achieved units satisfies every requirement jointly. A unit counts whole or not
at all, once, and towards one of its groups unless the rule lets groups overlap. ``docs/rules.md`` gives the meaning of
each kind of requirement with examples. The answer is exact: where the search budget runs out the verdict says
``undecided`` and is not met. Nothing here reads a file or a clock; the same question has the same answer.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from nvqsync import rule_words as words
from nvqsync.model import Kind, Requirement, Rule, RuleUnit
from nvqsync.rule_compiled import (
    AT_MOST_ONE,
    COUNTED_IN_UNITS,
    MINIMA,
    CompiledRule,
    bits,
    compiled,
    counts_exactly,
    in_groups,
    stands_above,
)
from nvqsync.rule_selection import (
    DEFAULT_NODES,
    Budget,
    Exhausted,
    Finish,
    Selection,
    best_held,
    best_within_maxima,
    cheapest_finish,
    totals,
)

_REMEMBERED_VERDICTS = 20_000
_MAXIMA = frozenset({Kind.MAX_CREDITS, Kind.MAX_UNITS, Kind.MAX_TRANSFERRED_CREDITS, Kind.BARRED})


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
class Route:
    """Further units that finish a qualification: their codes in the rule's order, credits and guided learning hours."""

    credits: int
    units: tuple[str, ...]
    glh: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judgement with its reasons.

    ``counted`` and ``unused`` split the achieved units, in the rule's order. ``undecided`` means that the search budget
    ran out: ``met`` is then false and ``route`` is ``None``. ``says`` is one sentence for people; where ``route`` is
    ``None`` it holds the reason.
    """

    met: bool
    undecided: bool
    credits_counted: int
    counted: tuple[str, ...]
    unused: tuple[str, ...]
    requirements: tuple[RequirementReport, ...]
    cautions: tuple[str, ...]
    route: Route | None
    says: str


@dataclass(frozen=True, slots=True)
class _Case:
    """One question: a rule, what is held, what of it is transferred, what is on offer (bit masks)."""

    rule: CompiledRule
    held: int
    transferred: int
    offered: int
    nodes: int


def judge(
    rule: Rule,
    achieved: Collection[str],
    *,
    transferred: Collection[str] = (),
    offered: Collection[str] | None = None,
    budget: int = DEFAULT_NODES,
    with_route: bool = True,
) -> Verdict:
    """Judge the achieved units (codes of the rule) against the rule.

    ``transferred`` are those achieved by credit transfer; ``offered`` limits the further units a route may use
    (``None``: all of the rule's); ``budget`` is how many choices each search may try. Without ``with_route`` an unmet
    verdict has no route and is measured on the highest-credit selection that respects maxima and bars. Raises
    ``ValueError`` for a code the rule does not list.
    """
    known = compiled(rule)
    held = known.mask(achieved)
    moved = known.mask(transferred) & held
    on_offer = known.everything if offered is None else known.mask(offered)
    key = (held, moved, on_offer if with_route else None, budget)
    verdict: Verdict | None = known.verdicts.get(key)
    if verdict is None:
        verdict = _judged(_Case(known, held, moved, on_offer, budget), with_route)
        if len(known.verdicts) >= _REMEMBERED_VERDICTS:
            known.verdicts.clear()
        known.verdicts[key] = verdict
    return verdict


def route_of(rule: CompiledRule, further: int) -> Route:
    """The route that takes the units of a bit mask."""
    units = [rule.rule.units[i] for i in bits(further)]
    return Route(sum(u.credits for u in units), tuple(u.code for u in units), sum(u.glh for u in units))


def _judged(case: _Case, with_route: bool) -> Verdict:
    try:
        selection = best_held(case.rule, case.held, case.transferred, Budget(case.nodes))
    except Exhausted:
        return _undecided(case, words.UNDECIDED)
    if selection is not None:
        return _met(case, selection)
    if not with_route:
        return _unmet(case, None, words.NO_ROUTE_ASKED)
    try:
        finish = cheapest_finish(case.rule, case.held, case.offered, case.transferred, Budget(case.nodes))
        return _unmet(case, finish, words.UNREACHABLE)
    except Exhausted:
        return _undecided(case, words.ROUTE_UNDECIDED)


def _met(case: _Case, selection: Selection) -> Verdict:
    reports = _reports(case, selection)
    credits = _credits(case.rule, selection.units)
    return Verdict(
        met=True,
        undecided=False,
        credits_counted=credits,
        counted=case.rule.codes(selection.units),
        unused=case.rule.codes(case.held & ~selection.units),
        requirements=reports,
        cautions=_left_out(case, selection),
        route=Route(0, (), 0),
        says=words.met(credits),
    )


def _unmet(case: _Case, finish: Finish | None, reason: str) -> Verdict:
    try:
        selection = (
            best_within_maxima(case.rule, case.held, case.transferred, Budget(case.nodes))
            if finish is None
            else finish.held
        )
    except Exhausted:
        return _undecided(case, words.UNDECIDED)
    reports = _reports(case, selection)
    route = None if finish is None else route_of(case.rule, finish.further)
    if route is not None:
        reason = words.finish(route.credits, route.units, route.glh)
    elif reason is words.UNREACHABLE:
        reason = _why_unreachable(case)
    return Verdict(
        met=False,
        undecided=False,
        credits_counted=_credits(case.rule, selection.units),
        counted=case.rule.codes(selection.units),
        unused=case.rule.codes(case.held & ~selection.units),
        requirements=reports,
        cautions=_level_reading(case),
        route=route,
        says=words.unmet([r.says for r in reports if not r.met], reason),
    )


def _undecided(case: _Case, reason: str) -> Verdict:
    return Verdict(
        met=False,
        undecided=True,
        credits_counted=0,
        counted=(),
        unused=case.rule.codes(case.held),
        requirements=_reports(case, Selection(0)),
        cautions=(),
        route=None,
        says=reason,
    )


def _credits(rule: CompiledRule, units: int) -> int:
    return sum([credits * (units & bearers).bit_count() for credits, bearers in rule.worth])


# ---------------------------------------------------------------- each requirement, measured on one selection


def _reports(case: _Case, selection: Selection) -> tuple[RequirementReport, ...]:
    """Measured once for all learners for whom the rows and the mandatory units come out the same."""
    rule, sums = case.rule, totals(case.rule, selection, case.transferred)
    key = (*sums, selection.units & rule.named)
    reports: tuple[RequirementReport, ...] | None = rule.reports.get(key)
    if reports is None:
        if len(rule.reports) >= _REMEMBERED_VERDICTS:
            rule.reports.clear()
        reports = rule.reports[key] = tuple(
            _report(rule, requirement, abs(sums[k]), rule.asked[k], selection.units)
            for k, requirement in enumerate(rule.rule.requirements)
        )
    return reports


def _report(
    rule: CompiledRule, requirement: Requirement, have: int, asked: tuple[int, ...], units: int
) -> RequirementReport:
    if requirement.kind is Kind.ALL_OF:
        missing = [" or ".join(rule.codes(slot)) for slot in asked if not slot & units]
        says = words.all_of(requirement.says, missing)
        short = len(missing)
        return RequirementReport(requirement.id, not short, len(asked) - short, len(asked), short, says)
    if requirement.kind in MINIMA:
        short = max(0, requirement.need - have)
        says = words.minimum(requirement.says, have, short, counts_units=requirement.kind in COUNTED_IN_UNITS)
        return RequirementReport(requirement.id, not short, have, requirement.need, short, says)
    need = 1 if requirement.kind in AT_MOST_ONE else requirement.need
    says = words.maximum(requirement.says, have, counts_units=requirement.kind in COUNTED_IN_UNITS)
    return RequirementReport(requirement.id, have <= need, have, need, 0, says)


def _why_unreachable(case: _Case) -> str:
    """The requirements that everything held and on offer together cannot reach; else that they exclude one another."""
    units, rule = case.held | case.offered, case.rule
    lacking = []
    for k, requirement in enumerate(rule.rule.requirements):
        absent = [" or ".join(rule.codes(slot)) for slot in rule.asked[k] if not slot & units]
        most = -sum(min(o.column[k] for o in rule.options_of(i, case.transferred)) for i in bits(units))
        if absent:
            lacking.append(words.not_offered(requirement.says, absent))
        elif requirement.kind in MINIMA and most < requirement.need:
            lacking.append(words.out_of_reach(requirement.says, most, requirement.kind in COUNTED_IN_UNITS))
    return words.unreachable(lacking)


# ---------------------------------------------------------------- cautions: where the verdict rests on a reading


def _level_reading(case: _Case) -> tuple[str, ...]:
    """Said where the learner would meet the rule if credits above a level counted at it."""
    if not case.held & case.rule.above:
        return ()
    strict = [r for r in case.rule.rule.requirements if counts_exactly(r)]
    if not any(_above(case.rule, requirement, case.held) for requirement in strict):
        return ()
    generous = case.rule.at_least
    try:
        selection = best_held(generous, case.held, case.transferred, Budget(case.nodes))
    except Exhausted:
        return (words.LEVEL_READING_UNDECIDED,)
    if selection is None:
        return ()
    return tuple(
        words.level_reading(r.id, r.level or 0, [(u.code, u.credits, u.level) for u in higher])
        for r in strict
        if (higher := _above(case.rule, r, selection.units))
    )


def _above(rule: CompiledRule, requirement: Requirement, units: int) -> list[RuleUnit]:
    """The units in a requirement's groups that stand above its level."""
    return [unit for unit in map(rule.rule.units.__getitem__, bits(units)) if stands_above(requirement, unit)]


def _left_out(case: _Case, selection: Selection) -> tuple[str, ...]:
    """Said where a met verdict rests on leaving credit out rather than refusing the award."""
    unused = case.held & ~selection.units
    if not unused:
        return ()
    cautions = []
    for requirement in case.rule.rule.requirements:
        bound = _bound_by(case, requirement)
        if unused & bound and _amount(case.rule, requirement, case.held & bound) > _most(requirement):
            cautions.append(words.left_out(requirement.id, requirement.says, case.rule.codes(unused & bound)))
    return tuple(cautions)


def _bound_by(case: _Case, requirement: Requirement) -> int:
    """The held units that a maximum or bar is about."""
    if requirement.kind is Kind.BARRED:
        return case.rule.mask(requirement.units) & case.held
    if requirement.kind not in _MAXIMA:
        return 0
    units = case.transferred if requirement.kind is Kind.MAX_TRANSFERRED_CREDITS else case.held
    return sum(1 << i for i in bits(units) if in_groups(requirement, case.rule.rule.units[i]))


def _most(requirement: Requirement) -> int:
    return 1 if requirement.kind in AT_MOST_ONE else requirement.need


def _amount(rule: CompiledRule, requirement: Requirement, units: int) -> int:
    return units.bit_count() if requirement.kind in COUNTED_IN_UNITS else _credits(rule, units)
