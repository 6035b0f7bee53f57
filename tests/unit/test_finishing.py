"""The way to finish: golden figures, preferences, alternatives."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from nvqsync.finishing import alternatives, cheapest_route
from nvqsync.rules import Route, judge
from tests.unit import rule_oracle as oracle
from tests.unit.rule_strategies import Question, questions
from tests.unit.rule_tables import OCR_03455, OCR_10378, REAL


@pytest.mark.parametrize(
    ("name", "credits", "glh"),
    [
        ("OCR/03454", 22, 153),
        ("OCR/03455", 28, 192),
        ("OCR/03456", 42, 279),
        ("OCR/10378", 23, 143),
        ("EDI/L2-CS", 28, 192),
        ("NCFE/50102874", 22, 153),
    ],
)
def test_the_cheapest_whole_qualification_has_the_handbooks_hours(name: str, credits: int, glh: int) -> None:
    """From nothing, the cheapest route has the published credits and guided learning hours."""
    route = cheapest_route(REAL[name], ())
    assert route is not None
    assert (route.credits, route.glh) == (credits, glh)


def test_a_route_is_what_judge_gives() -> None:
    """The route alone and the route of a verdict are one."""
    held = ("F1", "A1", "A2", "B1", "C6")
    assert cheapest_route(OCR_03455, held) == judge(OCR_03455, held).route


def test_units_under_way_are_preferred_when_asked() -> None:
    """D12 with nine tenths done beats a fresh D2, though it is worth twice the credits."""
    held = ("F1", "F2", "A3", "B2", "C1")
    assert cheapest_route(OCR_03455, held) == Route(5, ("D2",), 33)
    assert cheapest_route(OCR_03455, held, done={"D12": 90}) is not None
    assert cheapest_route(OCR_03455, (*held, "A4"), done={"D12": 90}) == Route(10, ("D12",), 67)


def test_a_percentage_out_of_range_is_refused() -> None:
    """More than all of a unit cannot be done."""
    with pytest.raises(ValueError, match="not a percentage"):
        cheapest_route(OCR_03455, (), done={"A3": 101})


def test_alternatives_come_cheapest_first_and_stop_at_the_margin() -> None:
    """The first is the cheapest; none is more than two credits dearer; all finish, and none has a superfluous unit."""
    held = ("F1", "F2", "A3", "A4", "B2", "C1")
    found = alternatives(OCR_03455, held, limit=30)
    assert found[0] == cheapest_route(OCR_03455, held)
    assert {route.credits for route in found} == {5, 6, 7}
    assert [r.credits for r in found] == sorted(r.credits for r in found)
    assert len({route.units for route in found}) == len(found) == 10
    for route in found:
        assert judge(OCR_03455, (*held, *route.units)).met


def test_a_met_rule_has_one_empty_alternative() -> None:
    """Nothing is left to do."""
    assert alternatives(OCR_10378, ("1", "2", "3", "4", "5", "6", "7", "14")) == (Route(0, (), 0),)


def test_nothing_on_offer_gives_no_alternative() -> None:
    """No route, no list."""
    assert alternatives(OCR_10378, (), offered=("6", "7")) == ()
    assert cheapest_route(OCR_10378, (), offered=("6", "7")) is None


def test_the_limit_is_kept() -> None:
    """At most as many as asked for."""
    assert len(alternatives(OCR_03455, (), limit=3)) == 3


@settings(max_examples=80, deadline=None)
@given(questions(units=6))
def test_alternatives_are_all_of_them(question: Question) -> None:
    """Against brute force: exactly the routes within the margin that no smaller route is part of."""
    made, held, moved = question.rule, question.held, question.moved
    finishing = {
        further
        for further in oracle.subsets(set(question.offered) - set(held))
        if oracle.finishes(made, held, further, moved)
    }
    minimal = {further for further in finishing if not any(other < further for other in finishing)}
    best = min((oracle.credits(made, further) for further in minimal), default=0)
    near = {further for further in minimal if oracle.credits(made, further) <= best + 2}
    found = alternatives(made, held, transferred=moved, offered=question.offered, limit=1000)
    assert {frozenset(route.units) for route in found} == near
