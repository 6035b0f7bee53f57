"""The way to finish: the cheapest further units that complete a certificate, and the near-best alternatives.

Cheapest is by credits, then number of units, then guided learning hours, over the *further* units only: what is held
costs nothing. Of routes equal in all three, the one whose units are printed first in the rule comes first.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator, Mapping

from nvqsync.combination.rule_compiled import CompiledRule, bits, compiled
from nvqsync.combination.rule_finish import FULL, cheapest_finish
from nvqsync.combination.rule_search import DEFAULT_NODES, Budget, Exhausted
from nvqsync.model import Rule
from nvqsync.rules import Route, route_of

__all__ = ["Exhausted", "alternatives", "cheapest_route"]


def cheapest_route(
    rule: Rule,
    achieved: Collection[str],
    *,
    transferred: Collection[str] = (),
    offered: Collection[str] | None = None,
    done: Mapping[str, int] | None = None,
    budget: int = DEFAULT_NODES,
) -> Route | None:
    """The cheapest route, or ``None`` when nothing on offer finishes.

    ``done`` prefers units under way: it gives, by unit code, how many per cent of a unit's criteria are met; credits
    still to be worked for (credits x what is left) then come before credits. Raises ``ValueError`` for an unknown code
    or a percentage outside 0..100, ``Exhausted`` when the search budget runs out.
    """
    known = compiled(rule)
    held = known.mask(achieved)
    moved = known.mask(transferred) & held
    on_offer = known.everything if offered is None else known.mask(offered)
    found = cheapest_finish(known, held, on_offer, moved, Budget(budget), _progress(known, done))
    return None if found is None else route_of(known, found.further)


def alternatives(
    rule: Rule,
    achieved: Collection[str],
    within_credits: int = 2,
    *,
    transferred: Collection[str] = (),
    offered: Collection[str] | None = None,
    limit: int = 10,
    budget: int = DEFAULT_NODES,
) -> tuple[Route, ...]:
    """The best route and those at most ``within_credits`` dearer, cheapest first, at most ``limit``.

    Only routes without a superfluous unit are listed. Empty when nothing on offer finishes; one empty route when the
    rule is met already. Raises ``Exhausted`` when the search budget runs out.
    """
    known = compiled(rule)
    held = known.mask(achieved)
    moved = known.mask(transferred) & held
    on_offer = known.everything if offered is None else known.mask(offered)
    found: list[Route] = []
    for route in _in_order(known, held, on_offer & ~held, moved, Budget(budget)):
        if len(found) >= limit or route.credits > found[0].credits + within_credits if found else limit < 1:
            break
        found.append(route)
    return tuple(found)


def _in_order(rule: CompiledRule, held: int, offered: int, transferred: int, budget: Budget) -> Iterator[Route]:
    """Every route without a superfluous unit, cheapest first.

    Whatever other route there is lacks a unit of the cheapest one: so take its units off offer one at a time, and ask
    again (Reiter's hitting-set tree, 1987).
    """
    queue: list[tuple[tuple[int, int, int, tuple[int, ...]], int, int]] = []
    asked, given = set[int](), set[int]()

    def ask(offer: int) -> None:
        if offer not in asked:
            asked.add(offer)
            finish = cheapest_finish(rule, held, offer, transferred, budget)
            if finish is not None:
                heapq.heappush(queue, (_rank(rule, finish.further), offer, finish.further))

    ask(offered)
    while queue:
        _, offer, further = heapq.heappop(queue)
        if further not in given:
            given.add(further)
            yield route_of(rule, further)
        for unit in bits(further):
            ask(offer & ~(1 << unit))


def _rank(rule: CompiledRule, further: int) -> tuple[int, int, int, tuple[int, ...]]:
    route = route_of(rule, further)
    return route.credits, len(route.units), route.glh, tuple(bits(further))


def _progress(rule: CompiledRule, done: Mapping[str, int] | None) -> dict[int, int]:
    """Percentages by unit index; nothing for units that are not under way."""
    progress = {}
    for code, percentage in (done or {}).items():
        if not 0 <= percentage <= FULL:
            raise ValueError(f"{code}: {percentage} is not a percentage from 0 to 100")
        rule.mask([code])
        if percentage:
            progress[rule.bit[code].bit_length() - 1] = percentage
    return progress
