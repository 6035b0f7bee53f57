"""Every shortcut of the rules engine against the long way round: menus, splits, memory, packed rows."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nvqsync.combination import rule_menu, rule_search
from nvqsync.combination.rule_compiled import compiled
from nvqsync.combination.rule_fields import Sums, fields
from nvqsync.combination.rule_menu import menus_of
from nvqsync.finishing import cheapest_route
from nvqsync.model import Kind, Rule, RuleUnit
from nvqsync.rules import Verdict, judge
from tests.unit import rule_oracle as oracle
from tests.unit.rule_strategies import Question, questions
from tests.unit.rule_tables import OCR_03455, OCR_10378, REAL, hard_instance, hardest_instance, want

thorough = settings(max_examples=150, deadline=None)
amounts = st.integers(-40, 40)


def judged(question: Question, **more: int) -> Verdict:
    return judge(question.rule, question.held, transferred=question.moved, offered=question.offered, **more)


def without_menus(rule: Rule) -> Rule:
    """The same rule, to be searched whatever its size."""
    fresh = replace(rule)
    compiled(fresh).extra["menus"] = None
    return fresh


# ---------------------------------------------------------------- menus


@thorough
@given(questions())
def test_a_menu_gives_the_verdict_that_a_search_gives(question: Question) -> None:
    """Route, units counted, reports and words are the same with and without menus."""
    assert judged(question) == judged(replace(question, rule=without_menus(question.rule)))


@thorough
@given(questions(), st.data())
def test_a_menu_written_for_others_serves_as_well(question: Question, data: st.DataObject) -> None:
    """However many others were served from a rule's menus before, a learner gets what a fresh rule gives."""
    codes = [unit.code for unit in question.rule.units]
    for _ in range(4):
        judge(question.rule, data.draw(st.sets(st.sampled_from(codes))))
    assert judged(question) == judged(replace(question, rule=replace(question.rule)))


@pytest.mark.parametrize("name", REAL)
def test_the_real_rules_have_menus_that_agree_with_the_search(name: str) -> None:
    """Random learners of each real rule, with all units on offer and with half of them."""
    rng, rule, searched = random.Random(7), REAL[name], without_menus(REAL[name])
    codes = [unit.code for unit in rule.units]
    assert menus_of(compiled(rule)) is not None
    for share in [0.0, 0.1, 0.2, 0.3, 0.4] * 5:
        held = [code for code in codes if rng.random() < share]
        offered = None if rng.random() < 0.5 else rng.sample(codes, len(codes) // 2)
        assert judge(rule, held, offered=offered) == judge(searched, held, offered=offered)


def test_a_menu_that_would_grow_too_long_gives_way_to_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only units that come late in a menu are on offer, the route is searched for, and is the same."""
    offered = ("A14", "B5", "C6", "D12", "A13", "D11", "F1", "F2", "A8", "A9")
    usual = judge(replace(OCR_03455), (), offered=offered)
    monkeypatch.setattr(rule_menu, "_LONGEST", 3)
    assert judge(replace(OCR_03455), (), offered=offered) == usual
    assert usual.route is not None


def test_rules_with_many_positions_or_several_ways_have_no_menus() -> None:
    """A hard rule is not small, nor is one whose units may count in several ways."""
    assert menus_of(compiled(hard_instance(1)[0])) is None
    two_ways = Rule(
        (RuleUnit("X", 3, 1, 30, ("A", "B")),), (want(Kind.MIN_UNITS, 1, "A"), want(Kind.MIN_UNITS, 1, "B"))
    )
    assert menus_of(compiled(two_ways)) is None


def test_no_more_of_a_sort_is_taken_than_there_is() -> None:
    """Two units of three credits do not make nine, however cheap the third would be."""
    rule = Rule(
        (RuleUnit("X", 3, 1, 1, ()), RuleUnit("Y", 3, 1, 1, ()), RuleUnit("Z", 8, 1, 1, ())),
        (want(Kind.MIN_CREDITS, 9),),
    )
    route = cheapest_route(rule, ())
    assert route is not None
    assert route.units == ("X", "Z")
    assert cheapest_route(rule, (), offered=("X", "Y")) is None


# ---------------------------------------------------------------- the search


@pytest.fixture(params=[(3, 3, 1), (12, 12, 2)], ids=["split at once", "split soon"])
def small_rings(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Rings that hold next to nothing, so that every problem is split."""
    for name, value in zip(("_RING_CAP", "_FREE_CAP", "_BEAM"), request.param, strict=True):
        monkeypatch.setattr(rule_search, name, value)
    yield


@pytest.mark.usefixtures("small_rings")
def test_a_split_search_finds_what_brute_force_finds() -> None:
    """Verdict, credit and the route's cost hold however little a ring may hold."""

    @thorough
    @given(questions())
    def check(question: Question) -> None:
        question = replace(question, rule=without_menus(question.rule))
        verdict = judged(question)
        best = oracle.best_credits(question.rule, question.held, question.moved)
        known = oracle.routes(question.rule, question.held, question.offered, question.moved)
        assert not verdict.undecided
        assert verdict.met == (best is not None)
        if best is not None:
            assert verdict.credits_counted == best
            assert oracle.satisfies(question.rule, verdict.counted, question.moved)
        elif known:
            assert verdict.route is not None
            costs = {further: oracle.cost(question.rule, further) for further in known}
            assert costs[frozenset(verdict.route.units)] == min(costs.values())
            assert verdict.credits_counted == known[frozenset(verdict.route.units)]
        else:
            assert verdict.route is None

    check()


@thorough
@given(questions())
def test_of_equal_selections_the_one_printed_first_counts(question: Question) -> None:
    """Of all selections with most credit, the one that has the unit printed earlier wherever two differ."""
    verdict = judged(question)
    if not verdict.met:
        return
    place = {unit.code: 1 << len(question.rule.units) - i for i, unit in enumerate(question.rule.units)}
    equals = [
        chosen
        for chosen in oracle.subsets(question.held)
        if oracle.credits(question.rule, chosen) == verdict.credits_counted
        and oracle.satisfies(question.rule, chosen, question.moved)
    ]
    assert set(verdict.counted) == max(equals, key=lambda chosen: sum(place[code] for code in chosen))


@pytest.mark.parametrize("seed", range(0, 60, 3))
def test_a_split_search_agrees_on_hard_instances(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Met, credit and cost of the route do not depend on when a problem is split."""
    rule, held = hard_instance(seed)
    whole = judge(replace(rule), held)
    monkeypatch.setattr(rule_search, "_RING_CAP", 400)
    split = judge(replace(rule), held)
    assert (split.met, split.credits_counted if split.met else 0) == (
        whole.met,
        whole.credits_counted if whole.met else 0,
    )
    assert _cost(split) == _cost(whole)


def _cost(verdict: Verdict) -> tuple[int, int, int] | None:
    route = verdict.route
    return None if route is None else (route.credits, len(route.units), route.glh)


@pytest.mark.slow
def test_a_thousand_hard_instances_are_decided_with_little_work() -> None:
    """Each verdict takes at most 30,000 choices, nineteen in twenty at most 1,200; every route is found."""
    decided = 0
    for seed in range(1000):
        rule, held = hard_instance(seed)
        decided += not judge(rule, held, budget=1_200, with_route=False).undecided
        assert not judge(rule, held, budget=30_000, with_route=False).undecided
        verdict = judge(rule, held)
        assert not verdict.undecided
        assert verdict.met or verdict.route is not None or "othing on offer finishes" in verdict.says
    assert decided >= 950


@pytest.mark.parametrize("seed", range(12))
def test_the_hardest_instances_are_decided_or_say_that_they_are_not(seed: int) -> None:
    """With maxima on all six groups: every report of a met verdict holds; an undecided one counts nothing."""
    rule, held = hardest_instance(seed)
    verdict = judge(rule, held, budget=100_000, with_route=False)
    assert not verdict.undecided or (not verdict.met and not verdict.counted)
    assert not verdict.met or all(report.met for report in verdict.requirements)


# ---------------------------------------------------------------- memory and budgets


@thorough
@given(questions(), st.integers(0, 300), st.data())
def test_memory_changes_no_answer_whatever_the_budget(question: Question, budget: int, data: st.DataObject) -> None:
    """A rule that has answered others, with plenty of budget, answers a scant budget as a fresh rule does."""
    codes = [unit.code for unit in question.rule.units]
    rule = without_menus(question.rule) if data.draw(st.booleans()) else question.rule
    fresh = without_menus(question.rule) if rule is not question.rule else replace(question.rule)
    judged(replace(question, rule=rule))
    judge(rule, data.draw(st.sets(st.sampled_from(codes))))
    assert judged(replace(question, rule=rule), budget=budget) == judged(replace(question, rule=fresh), budget=budget)


@pytest.mark.parametrize("budget", [0, 1, 10, 60, 200, 1000])
def test_memory_changes_no_answer_on_hard_and_real_rules(budget: int) -> None:
    """The same on rules where the budget does run out, on the way to the verdict or to the route."""
    questions: list[tuple[Rule, Collection[str]]] = [hard_instance(seed) for seed in range(0, 40, 4)]
    questions += [(OCR_10378, ("1", "2", "14", "15", "18")), (OCR_03455, ("F1", "A3"))]
    undecided = 0
    for rule, held in questions:
        judge(rule, held)
        warm, fresh = judge(rule, held, budget=budget), judge(replace(rule), held, budget=budget)
        assert warm == fresh
        undecided += fresh.undecided
    assert undecided or budget > 60


# ---------------------------------------------------------------- packed rows


@given(st.lists(amounts, min_size=1, max_size=9), st.lists(amounts, min_size=1, max_size=9))
def test_packed_rows_add_up_and_compare_as_the_rows_do(left: list[int], used: list[int]) -> None:
    """A guard stays exactly where what is left covers what is used, and each row can be read again."""
    used = (used * 9)[: len(left)]
    layout = fields(len(left), 80)
    after = layout.guard + layout.pack(left) - layout.pack(used)
    assert [layout.slack(after, row) for row in range(len(left))] == [a - b for a, b in zip(left, used, strict=True)]
    assert layout.rows(layout.guard & after) == [
        row for row, (a, b) in enumerate(zip(left, used, strict=True)) if a >= b
    ]


@given(st.lists(st.integers(-5, 99), max_size=70), st.integers(0, (1 << 70) - 1))
def test_sums_over_a_mask_are_sums(values: list[int], mask: int) -> None:
    """Whatever is in the tables already, the sum over a mask is that of its values."""
    mask &= (1 << len(values)) - 1
    sums = Sums(values, 0)
    for part in (mask, mask >> 1, mask):
        assert sums.of(part) == sum(value for i, value in enumerate(values) if part >> i & 1)
