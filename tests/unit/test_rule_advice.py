"""The prices that lead the search come from floating point. However wrong they are, the answers stay exact."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nvqsync.combination import rule_frame
from nvqsync.combination.rule_multipliers import Advice
from nvqsync.rules import judge
from tests.unit import rule_oracle as oracle
from tests.unit.rule_strategies import Question, questions


class Misled:
    """Advice from dice: prices that are merely not negative, shares that are merely shares, false proofs."""

    def __init__(self, seed: int, lies: float) -> None:
        self._dice, self._lies = random.Random(seed), lies
        self.asked = 0

    def __call__(self, rows: Sequence[Sequence[int]], costs: Sequence[float], limits: Sequence[int]) -> Advice:
        """Whatever the question is."""
        self.asked += 1
        prices = [self._dice.choice((0.0, 0.3, 2.5, 1000.0)) for _ in limits]
        if self._dice.random() < self._lies:
            return Advice(prices, [], infeasible=True)
        return Advice(prices, [self._dice.random() for _ in costs])


@settings(max_examples=150, deadline=None)
@given(questions(), st.integers(0, 10**6), st.sampled_from([0.0, 0.5, 1.0]))
def test_wrong_advice_changes_no_verdict_and_no_route(question: Question, seed: int, lies: float) -> None:
    """Met as brute force says, and no route is beaten, under prices from dice and proofs that prove nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rule_frame, "advise", Misled(seed, lies))
        verdict = judge(question.rule, question.held, transferred=question.moved, offered=question.offered)
    assert not verdict.undecided
    assert verdict.met == (oracle.best_credits(question.rule, question.held, question.moved) is not None)
    known = oracle.routes(question.rule, question.held, question.offered, question.moved)
    assert (verdict.route is not None) == bool(known)
    if verdict.route is not None:
        best = min(oracle.cost(question.rule, further) for further in known)
        assert oracle.cost(question.rule, verdict.route.units) == best


def test_the_search_does_ask_for_advice() -> None:
    """Else the test above would prove nothing."""
    misled, seen = Misled(1, 0.5), 0

    @settings(max_examples=100, deadline=None, database=None, derandomize=True)
    @given(questions())
    def ask(question: Question) -> None:
        judge(question.rule, question.held, transferred=question.moved, offered=question.offered)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rule_frame, "advise", misled)
        ask()
        seen = misled.asked
    assert seen > 10
