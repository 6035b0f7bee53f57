"""Edges of the rules engine that a mutation run found no other test to stand on."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings

from nvqsync.finishing import alternatives, cheapest_route
from nvqsync.model import Kind, Requirement, Rule, RuleUnit
from nvqsync.plugin_manager import load_catalogue
from nvqsync.rules import judge
from tests.unit.rule_oracle import cost, routes
from tests.unit.rule_strategies import Question, questions
from tests.unit.rule_tables import SOURCE

RULE = load_catalogue(entry_points=False).qualifications["OCR/03455"].rule


@pytest.mark.parametrize("percentage", [0, 100])
def test_progress_may_be_nothing_or_everything(percentage: int) -> None:
    """Both ends of the percentage are taken: no more than begun, and ready but for a sign-off."""
    assert cheapest_route(RULE, (), done={"F1": percentage}) is not None


@pytest.mark.parametrize("percentage", [-1, 101])
def test_progress_beyond_its_ends_is_refused(percentage: int) -> None:
    """A percentage outside 0 to 100 is a mistake, named with its unit."""
    with pytest.raises(ValueError, match="F1"):
        cheapest_route(RULE, (), done={"F1": percentage})


def test_progress_of_nothing_changes_no_route() -> None:
    """A unit that is not begun is preferred to none."""
    assert cheapest_route(RULE, (), done={"A10": 0}) == cheapest_route(RULE, ())


def test_ready_units_are_free_and_taken_first() -> None:
    """Every unit that is ready but for its sign-off comes before one that is still to do, however many credits."""
    ready = {unit.code: 100 for unit in RULE.units if unit.credits >= 6}
    route = cheapest_route(RULE, ("F1", "F2"), done=ready)
    plain = cheapest_route(RULE, ("F1", "F2"))
    assert route is not None
    assert plain is not None
    todo, plain_todo = ([c for c in one.units if c not in ready] for one in (route, plain))
    credits = {unit.code: unit.credits for unit in RULE.units}
    assert sum(credits[c] for c in todo) < sum(credits[c] for c in plain_todo)


@settings(max_examples=150, deadline=None)
@given(questions())
def test_of_equal_routes_the_one_printed_first_is_given(question: Question) -> None:
    """Over random rules, by brute force: least cost, and among those the units that stand first in the rule."""
    rule = question.rule
    place = {unit.code: 1 << (len(rule.units) - i) for i, unit in enumerate(rule.units)}
    found = routes(rule, question.held, question.offered, question.moved)
    best = min(found, key=lambda units: (cost(rule, units), -sum(place[code] for code in units)), default=None)
    route = cheapest_route(rule, question.held, transferred=question.moved, offered=question.offered)
    assert (None if route is None else set(route.units)) == (None if best is None else set(best))


def test_fewer_credits_come_before_fewer_units_and_fewer_hours() -> None:
    """Three units of 4 credits and 180 hours in all, before one unit of 5 credits and 1 hour."""
    small = [RuleUnit(code, credits, 1, 60, ()) for code, credits in (("A", 1), ("B", 1), ("C", 2))]
    rule = Rule((RuleUnit("X", 5, 1, 1, ()), *small), (Requirement("r", Kind.MIN_CREDITS, "4 credits", SOURCE, 4),))
    route = cheapest_route(rule, ())
    assert route is not None
    assert route.units == ("A", "B", "C")


def test_a_unit_left_out_for_a_bar_is_not_laid_on_a_maximum() -> None:
    """The verdict's caution names the requirement that left it out, and no other that it stands under."""
    units = tuple(RuleUnit(code, 1, 1, 10, ("C",)) for code in "AB")
    bar = Requirement("bar", Kind.BARRED, "A or B", SOURCE, units=("A", "B"))
    most = Requirement("most", Kind.MAX_CREDITS, "At most 3 from C", SOURCE, 3, groups=("C",))
    verdict = judge(Rule(units, (bar, most)), ("A", "B"))
    assert verdict.met
    assert [caution.partition(":")[0] for caution in verdict.cautions] == ["bar"]


@pytest.mark.parametrize("seed", range(20))
def test_on_a_real_rule_equal_routes_come_in_printed_order(seed: int) -> None:
    """Of routes equal in credits, units and hours, none that is listed later stands earlier in the handbook."""
    codes = [unit.code for unit in RULE.units]
    held = random.Random(seed).sample(codes, seed % 6)
    found = alternatives(RULE, held, 0, limit=5)
    ranks = [(r.credits, len(r.units), r.glh, [codes.index(code) for code in r.units]) for r in found]
    assert found
    assert ranks == sorted(ranks)
