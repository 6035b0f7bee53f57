"""What was worked out for one learner, kept for the next, and charged again whenever it is used.

An answer may run out of budget. So that memory changes no answer, only how long it takes, a result is remembered with
the work that it took, and who is given it pays for that work as if it had been done anew: a question that would run out
of budget on a rule nobody has asked about before does so on every later day too.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

from nvqsync.combination.rule_compiled import CompiledRule
from nvqsync.combination.rule_search import Budget

_REMEMBERED = 20_000

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


def keep(memory: dict[K, T], key: K, value: T) -> T:
    """Remember something, after forgetting everything where there is too much."""
    if len(memory) >= _REMEMBERED:
        memory.clear()
    memory[key] = value
    return value


def remembered(rule: CompiledRule, key: Hashable, budget: Budget, work: Callable[[], T]) -> T:
    """What ``work``, which spends of ``budget`` and depends on rule and key alone, gives. Raises ``Exhausted``."""
    known: tuple[T, int] | None = rule.memory.get(key)
    if known is not None:
        budget.spend(known[1])
        return known[0]
    before = budget.nodes
    found = work()
    keep(rule.memory, key, (found, before - budget.nodes))
    return found
