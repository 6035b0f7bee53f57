"""Rules of combination: may this learner have the certificate, why or why not, and what would finish it.

A verdict is *met* when one subset of the achieved units satisfies every requirement jointly. A unit counts whole or not
at all, once, and towards one of its groups unless the rule lets groups overlap. ``docs/rules.md`` gives the meaning of
each kind of requirement with examples. The answer is exact: where the search budget runs out the verdict says
``undecided`` and is not met. Nothing here reads a file or a clock; the same question has the same answer.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from nvqsync.combination import rule_words as words
from nvqsync.combination.rule_cautions import left_out, level_reading
from nvqsync.combination.rule_compiled import CompiledRule, compiled
from nvqsync.combination.rule_finish import Finish, cheapest_finish
from nvqsync.combination.rule_memory import keep
from nvqsync.combination.rule_reports import RequirementReport, reports, why_unreachable
from nvqsync.combination.rule_search import DEFAULT_NODES, Budget, Exhausted
from nvqsync.combination.rule_selection import Selection, best_held, best_within_maxima, left_by
from nvqsync.model import Rule

__all__ = ["RequirementReport", "Route", "Verdict", "judge", "route_of"]


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
        verdict = keep(known.verdicts, key, _judged(_Case(known, held, moved, on_offer, budget), with_route))
    return verdict


def route_of(rule: CompiledRule, further: int) -> Route:
    """The route that takes the units of a bit mask."""
    return Route(rule.credits.of(further), rule.codes.of(further), rule.glh.of(further))


def _judged(case: _Case, with_route: bool) -> Verdict:
    rule, held, moved = case.rule, case.held, case.transferred
    try:
        selection = best_held(rule, held, moved, Budget(case.nodes))
        if selection is not None:
            return _met(case, selection)
        if not with_route:
            selection = best_within_maxima(rule, held, moved, Budget(case.nodes))
            return _unmet(case, selection, None, words.NO_ROUTE_ASKED)
    except Exhausted:
        return _undecided(case, words.UNDECIDED)
    try:
        finish = cheapest_finish(rule, held, case.offered, moved, Budget(case.nodes))
        return _finished(case, finish) if finish else _unreachable(case)
    except Exhausted:
        return _undecided(case, words.ROUTE_UNDECIDED)


def _finished(case: _Case, finish: Finish) -> Verdict:
    """Unmet, with the way to finish."""
    routes = case.rule.extra.setdefault("routes", {})
    known: tuple[Route, str] | None = routes.get(finish.further)
    if known is None:
        route = route_of(case.rule, finish.further)
        known = keep(routes, finish.further, (route, words.finish(route.credits, route.units, route.glh)))
    return _unmet(case, finish.held, *known)


def _unreachable(case: _Case) -> Verdict:
    selection = best_within_maxima(case.rule, case.held, case.transferred, Budget(case.nodes))
    why = why_unreachable(case.rule, case.held | case.offered, case.transferred)
    return _unmet(case, selection, None, why)


def _met(case: _Case, selection: Selection) -> Verdict:
    credits = case.rule.credits.of(selection.units)
    return Verdict(
        met=True,
        undecided=False,
        credits_counted=credits,
        counted=case.rule.codes.of(selection.units),
        unused=case.rule.codes.of(case.held & ~selection.units),
        requirements=_reports(case, selection),
        cautions=left_out(case.rule, case.held, case.transferred, selection.units),
        route=Route(0, (), 0),
        says=words.met(credits),
    )


def _unmet(case: _Case, selection: Selection, route: Route | None, ending: str) -> Verdict:
    rule, found = case.rule, _reports(case, selection)
    return Verdict(
        met=False,
        undecided=False,
        credits_counted=rule.credits.of(selection.units),
        counted=rule.codes.of(selection.units),
        unused=rule.codes.of(case.held & ~selection.units),
        requirements=found,
        cautions=level_reading(rule, case.held, case.transferred, Budget(case.nodes)),
        route=route,
        says=words.unmet([report.says for report in found if not report.met], ending),
    )


def _undecided(case: _Case, reason: str) -> Verdict:
    return Verdict(
        met=False,
        undecided=True,
        credits_counted=0,
        counted=(),
        unused=case.rule.codes.of(case.held),
        requirements=_reports(case, Selection(0)),
        cautions=(),
        route=None,
        says=reason,
    )


def _reports(case: _Case, selection: Selection) -> tuple[RequirementReport, ...]:
    return reports(case.rule, left_by(case.rule, selection, case.transferred), selection.units)
