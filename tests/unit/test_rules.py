"""The rules engine on the real qualifications, and on small rules that show the meaning of each kind."""

from __future__ import annotations

import random

import pytest

from nvqsync.model import Comparison, Kind, Requirement, Rule, RuleUnit
from nvqsync.rules import Route, Verdict, judge
from tests.unit.rule_tables import (
    EDI_L2,
    NCFE_50102874,
    OCR_03454,
    OCR_03455,
    OCR_10378,
    REAL,
    at_level,
    hard_instance,
    want,
)

JUST_ENOUGH = ("F1", "F2", "A3", "B2", "C1", "D2")
ALL_OF_A = ("1", "2", "3", "4", "5")


def rule(units: str, *wanted: Requirement, overlap: bool = False) -> Rule:
    """A rule from ``code:credits:level:groups`` words; GLH are ten a credit."""
    made = []
    for word in units.split():
        code, credits, level, groups = word.split(":")
        made.append(RuleUnit(code, int(credits), int(level), 10 * int(credits), tuple(groups)))
    return Rule(tuple(made), tuple(wanted), groups_overlap=overlap)


def report(verdict: Verdict, start: str) -> tuple[bool, int, int, int]:
    """Met, have, need and short of the requirement whose id starts so."""
    found = next(r for r in verdict.requirements if r.id.startswith(start))
    return found.met, found.have, found.need, found.short


# ---------------------------------------------------------------- the real rules


@pytest.mark.parametrize("name", REAL)
def test_one_candidate_just_passes_and_without_any_one_unit_just_fails(name: str) -> None:
    """The cheapest selection of each real rule meets it, and none of its units can be spared."""
    route = judge(REAL[name], ()).route
    assert route is not None
    passing = judge(REAL[name], route.units)
    assert passing.met and passing.unused == () and passing.route == Route(0, (), 0)
    for left_out in route.units:
        assert not judge(REAL[name], [code for code in route.units if code != left_out]).met


def test_a_group_without_a_unit_is_named_and_finished_cheaply() -> None:
    """OCR/03455 without a unit of group E is short of one unit, and the cheapest unit of E that finishes is given."""
    verdict = judge(OCR_03455, ("F1", "F2", "A3", "B2", "C1", "A4"))
    assert not verdict.met
    assert report(verdict, "min_unitsE") == (False, 0, 1, 1)
    assert verdict.route == Route(5, ("D2",), 33)
    assert verdict.credits_counted == 28


def test_credit_over_the_maximum_of_group_c_is_left_out_with_a_caution() -> None:
    """OCR/10378 counts three credits of group C; the rest is unused, and the verdict says that this is a reading."""
    verdict = judge(OCR_10378, (*ALL_OF_A, "6", "7", "14", "15", "12"))
    assert verdict.met and verdict.credits_counted == 23
    assert report(verdict, "max_creditsC") == (True, 3, 3, 0)
    assert verdict.unused == ("12", "15")
    assert any("12 and 15 are left out" in caution for caution in verdict.cautions)


def test_group_c_cannot_make_up_for_group_b() -> None:
    """Thirteen credits of group C and three of group B leave OCR/10378 short of group B."""
    verdict = judge(OCR_10378, (*ALL_OF_A, "7", "14", "15", "18", "13", "16"))
    assert not verdict.met
    assert report(verdict, "min_creditsB") == (False, 3, 6, 3)
    assert verdict.route is not None and verdict.route.units == ("6",)


def test_level_3_credit_does_not_count_as_level_2_and_the_caution_names_it() -> None:
    """A learner with the credits but at Level 3 is not met in OCR/03455, and is told what the reading costs."""
    held = ("F1", "F2", "A13", "B9", "C5", "D2")
    verdict = judge(OCR_03455, held)
    assert not verdict.met
    assert report(verdict, "min_credits_at_level") == (False, 5, 11, 6)
    (caution,) = verdict.cautions
    assert "A13 (6 credits at Level 3)" in caution and "exactly at Level 2" in caution


def test_no_level_caution_where_something_else_is_missing_too() -> None:
    """Without F2 the generous reading would not help, so nothing is said about it."""
    assert judge(OCR_03455, ("F1", "A13", "B9", "C5", "D2")).cautions == ()


def test_edi_judges_as_ocr_does() -> None:
    """EDI/L2-CS and OCR/03455 agree on any selection."""
    rng = random.Random(5)
    codes = [unit.code for unit in OCR_03455.units]
    for _ in range(200):
        held = [code for code in codes if rng.random() < 0.3]
        assert judge(EDI_L2, held).met == judge(OCR_03455, held).met


def test_ncfe_and_ocr_agree_on_every_selection_at_level_1() -> None:
    """12 Level 1 credits with the mandatory units, or 8 without: the same outcome for all selections of 26 units.

    A verdict of these rules depends on a selection only through sums that no unit lowers, and nothing changes beyond
    each need; so one selection for each way in which the sums, cut off at the needs, can come out stands for all.
    """
    positions = _positions()
    assert len(positions) > 500
    outcomes = set()
    for held in positions.values():
        ocr, ncfe = judge(OCR_03454, held, with_route=False), judge(NCFE_50102874, held, with_route=False)
        assert ocr.met == ncfe.met, held
        outcomes.add(ocr.met)
    assert outcomes == {True, False}


def _positions() -> dict[tuple[int, ...], tuple[str, ...]]:
    """One selection for each: units and groups touched; total, optional, Level 1 and optional Level 1 credits."""
    found: dict[tuple[int, ...], tuple[str, ...]] = {(0,) * 5: ()}
    for unit in OCR_03454.units:
        optional = unit.groups != ("A",)
        which = 1 << "F1 F2 B C D".split().index(unit.groups[0] if optional else unit.code)
        level_1 = unit.credits * (unit.level == 1)
        step = (unit.credits, unit.credits * optional, level_1, level_1 * optional)
        for sums, held in list(found.items()):
            more = [min(a + b, most) for a, b, most in zip(sums[1:], step, (22, 14, 12, 8), strict=True)]
            found.setdefault((sums[0] | which, *more), (*held, unit.code))
    return found


# ---------------------------------------------------------------- the meaning of each kind


def test_a_unit_counts_towards_one_of_its_groups_unless_groups_overlap() -> None:
    """One unit in two groups cannot fill both, except where the rule says that groups overlap."""
    wanted = (want(Kind.MIN_UNITS, 1, "A"), want(Kind.MIN_UNITS, 1, "B"))
    assert not judge(rule("X:3:1:AB Y:3:1:C", *wanted), ("X", "Y")).met
    assert judge(rule("X:3:1:AB Y:3:1:C", *wanted, overlap=True), ("X", "Y")).met


def test_where_a_unit_counts_is_chosen_for_the_whole_rule() -> None:
    """X could fill A or B; since only X can fill B, Y has to fill A."""
    made = rule("X:3:1:AB Y:3:1:A", want(Kind.MIN_UNITS, 1, "A"), want(Kind.MIN_UNITS, 1, "B"))
    verdict = judge(made, ("X", "Y"))
    assert verdict.met and all(r.have == 1 for r in verdict.requirements)


def test_requirements_that_hold_singly_may_not_hold_jointly() -> None:
    """The unit that brings the credits is the one the maximum shuts out: testing each requirement alone would pass."""
    made = rule("X:6:1:A Y:2:1:A", want(Kind.MIN_CREDITS, 6), want(Kind.MAX_CREDITS, 4, "A"))
    verdict = judge(made, ("X", "Y"))
    assert not verdict.met and verdict.route is None
    assert "no one selection meets them all at once" in verdict.says


def test_of_barred_units_one_counts_and_a_further_one_does_no_harm() -> None:
    """X and Y are barred: the one with more credit counts, the other is left out with a caution."""
    made = rule("X:3:1:A Y:5:1:A Z:2:1:A", want(Kind.BARRED, units=("X", "Y")), want(Kind.MIN_CREDITS, 7))
    verdict = judge(made, ("X", "Y", "Z"))
    assert verdict.met and verdict.counted == ("Y", "Z")
    assert "X is left out" in verdict.cautions[0]


def test_a_route_may_leave_out_what_is_held() -> None:
    """Y pays although X is held and barred with it: the finish counts Y and leaves X out."""
    made = rule("X:3:1:A Y:5:1:A Z:2:1:A", want(Kind.BARRED, units=("X", "Y")), want(Kind.MIN_CREDITS, 7))
    verdict = judge(made, ("X", "Z"))
    assert verdict.route == Route(5, ("Y",), 50)
    assert verdict.counted == ("Z",) and verdict.unused == ("X",)


def test_equivalent_units_fill_one_anothers_place_and_count_once() -> None:
    """Y stands for the mandatory X; holding both counts one of them, chains of equivalents included."""
    wanted = (
        want(Kind.ALL_OF, units=("X",)),
        want(Kind.EQUIVALENT, units=("X", "Y")),
        want(Kind.EQUIVALENT, units=("Y", "Z")),
        want(Kind.MIN_CREDITS, 4),
    )
    made = rule("X:3:1:A Y:4:1:A Z:2:1:A", *wanted)
    assert judge(made, ("Y",)).met
    assert judge(made, ("X", "Y", "Z")).counted == ("Y",)
    assert not judge(made, ("X", "Z")).met


def test_credit_at_least_at_a_level_counts_higher_levels() -> None:
    """With the comparison declared ``at_least``, Level 3 credit fills a Level 2 need."""
    made = rule("X:3:3:A", at_level(3, 2, comparison=Comparison.AT_LEAST))
    assert judge(made, ("X",)).met


def test_transferred_credit_over_its_limit_is_left_out() -> None:
    """At most 4 transferred credits count; the same units assessed here all count."""
    made = rule("X:3:1:A Y:3:1:A Z:3:1:A", want(Kind.MAX_TRANSFERRED_CREDITS, 4), want(Kind.MIN_CREDITS, 6))
    assert judge(made, ("X", "Y", "Z")).credits_counted == 9
    verdict = judge(made, ("X", "Y", "Z"), transferred=("X", "Y"))
    assert verdict.met and verdict.credits_counted == 6
    assert "left out" in verdict.cautions[0]
    assert not judge(made, ("X", "Y"), transferred=("X", "Y")).met


def test_maxima_in_units_leave_out_the_units_worth_least() -> None:
    """Of three units in a group that takes two, the two with most credit count."""
    made = rule("X:3:1:A Y:5:1:A Z:4:1:A", want(Kind.MAX_UNITS, 2, "A"), want(Kind.MIN_CREDITS, 8))
    assert judge(made, ("X", "Y", "Z")).counted == ("Y", "Z")


# ---------------------------------------------------------------- what is on offer, and what goes wrong


def test_a_route_uses_only_what_is_offered() -> None:
    """With only A14 and D12 on offer the finish uses D12; with nothing useful on offer the reason names the group."""
    held = (*JUST_ENOUGH[:-1], "A4")
    assert judge(OCR_03455, held, offered=("A14", "D12")).route == Route(10, ("D12",), 67)
    verdict = judge(OCR_03455, held, offered=("A5",))
    assert verdict.route is None
    assert "no more than 0 units can be reached (min unitsE1)" in verdict.says


def test_a_mandatory_unit_that_is_not_offered_is_named() -> None:
    """Nothing finishes without F2, and the verdict says that F2 is the reason."""
    verdict = judge(OCR_03455, ("F1",), offered=[u.code for u in OCR_03455.units if u.code != "F2"])
    assert verdict.route is None
    assert "F2 is neither held nor on offer" in verdict.says


def test_an_unknown_unit_is_refused_by_name() -> None:
    """B1 is not in OCR/03456, and judging it there is an error, not a silent nothing."""
    with pytest.raises(ValueError, match="'B1' is not in this rule"):
        judge(REAL["OCR/03456"], ("B1",))


@pytest.mark.parametrize(
    "broken",
    [
        rule("X:3:1:A", want(Kind.ALL_OF, units=("Y",))),
        rule("X:3:1:A X:3:1:B", want(Kind.MIN_CREDITS, 3)),
        rule("X:3:1:A", want(Kind.MIN_CREDITS_AT_LEVEL, 3)),
    ],
    ids=["unknown unit", "a code twice", "no level"],
)
def test_a_rule_that_contradicts_itself_is_refused(broken: Rule) -> None:
    """Such a rule raises when it is first used."""
    with pytest.raises(ValueError):
        judge(broken, ("X",))


def test_an_exhausted_budget_is_undecided_and_never_a_guess() -> None:
    """With room for one step a hard verdict is undecided, not met, without a route; the usual room decides it."""
    hard, held = next(
        (made, units) for made, units in map(hard_instance, range(20)) if judge(made, units, budget=1).undecided
    )
    verdict = judge(hard, held, budget=1)
    assert (verdict.met, verdict.route, verdict.counted) == (False, None, ())
    assert "budget ran out" in verdict.says
    assert not judge(hard, held).undecided


def test_an_unfinished_learner_without_route_budget_is_undecided() -> None:
    """The verdict needs no search here, the cheapest finish does: no route is guessed."""
    verdict = judge(OCR_03455, ("F1",), budget=0)
    assert verdict.undecided and not verdict.met and verdict.route is None
    assert "Not met by what is held" in verdict.says


@pytest.mark.parametrize("seed", range(40))
def test_hard_instances_are_decided_and_their_routes_finish(seed: int) -> None:
    """Sixty units, six overlapping groups, maxima and bars: decided, and route plus held is met."""
    made, held = hard_instance(seed)
    verdict = judge(made, held)
    assert not verdict.undecided
    assert set(verdict.counted) | set(verdict.unused) == set(held)
    if verdict.route is not None:
        done = judge(made, [*held, *verdict.route.units])
        assert done.met
        assert done.credits_counted >= verdict.credits_counted + verdict.route.credits


def test_sentences_are_made_for_people() -> None:
    """The summary of an unmet verdict says what is missing and how to finish."""
    says = judge(OCR_10378, ALL_OF_A).says
    assert says.startswith("Not met: min creditsB6: 0 credits counted, 6 credits short; ")
    assert says.endswith("Cheapest finish: 6, 7 and 14 (9 credits, 31 GLH).")
