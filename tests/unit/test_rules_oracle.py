"""The rules engine against brute force, over random small rules with every kind of requirement."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from nvqsync.model import Comparison, Kind, Rule
from nvqsync.rules import Verdict, judge
from tests.unit import rule_oracle as oracle
from tests.unit.rule_strategies import Question, questions

thorough = settings(max_examples=120, deadline=None)


def judged(question: Question) -> Verdict:
    return judge(question.rule, question.held, transferred=question.moved, offered=question.offered)


@thorough
@given(questions())
def test_met_exactly_when_one_subset_satisfies_every_requirement_jointly(question: Question) -> None:
    """The verdict, the credits counted and the selection itself agree with brute force."""
    verdict = judged(question)
    best = oracle.best_credits(question.rule, question.held, question.moved)
    assert verdict.met == (best is not None)
    assert not verdict.undecided
    assert sorted(verdict.counted + verdict.unused) == sorted(question.held)
    if verdict.met:
        assert verdict.credits_counted == best == oracle.credits(question.rule, verdict.counted)
        assert oracle.satisfies(question.rule, verdict.counted, question.moved)
        assert all(report.met for report in verdict.requirements)


@thorough
@given(questions())
def test_a_route_finishes_and_is_never_beaten(question: Question) -> None:
    """No other set on offer finishes at less credit, fewer units, fewer hours, earlier in the rule; None: none does."""
    verdict = judged(question)
    known = oracle.routes(question.rule, question.held, question.offered, question.moved)
    if not known:
        assert verdict.route is None
        assert "othing on offer finishes" in verdict.says
        return
    place = {unit.code: i for i, unit in enumerate(question.rule.units)}
    best = min(known, key=lambda further: (*oracle.cost(question.rule, further), sorted(place[u] for u in further)))
    assert verdict.route is not None
    assert verdict.route.units == tuple(sorted(best, key=place.__getitem__))
    assert (verdict.route.credits, len(best), verdict.route.glh) == oracle.cost(question.rule, best)


@thorough
@given(questions())
def test_an_unmet_verdict_counts_the_held_part_that_the_route_completes(question: Question) -> None:
    """What counts, plus the route, meets the rule; and as much held credit counts as can beside that route."""
    verdict = judged(question)
    if verdict.met:
        return
    if verdict.route is None:
        most = oracle.best_credits(question.rule, question.held, question.moved, maxima_only=True)
        assert verdict.credits_counted == most
        return
    assert oracle.satisfies(question.rule, {*verdict.counted, *verdict.route.units}, question.moved)
    known = oracle.routes(question.rule, question.held, question.offered, question.moved)
    assert verdict.credits_counted == known[frozenset(verdict.route.units)]


@thorough
@given(questions())
def test_reports_are_measured_on_the_counted_units(question: Question) -> None:
    """Have, need and short of every requirement follow from the counted units placed in some way."""
    verdict = judged(question)
    for requirement, report in zip(question.rule.requirements, verdict.requirements, strict=True):
        assert report.id == requirement.id
        if requirement.kind in oracle.MAXIMA:
            assert report.met and report.short == 0 and report.have <= report.need
        else:
            assert report.short == max(0, report.need - report.have)
            assert report.met == (report.short == 0)
        if requirement.kind in {Kind.MIN_CREDITS, Kind.MAX_CREDITS} and not requirement.groups:
            assert report.have == verdict.credits_counted
        if requirement.kind in {Kind.MIN_CREDITS, Kind.MAX_CREDITS} and question.rule.groups_overlap:
            inside = [
                u.code for u in question.rule.units if not requirement.groups or set(u.groups) & set(requirement.groups)
            ]
            assert report.have == oracle.credits(question.rule, set(inside) & set(verdict.counted))


@thorough
@given(questions(), st.data())
def test_a_further_unit_never_undoes_a_met_rule(question: Question, data: st.DataObject) -> None:
    """With maxima and bars read as "left out", more achieved units can only help."""
    verdict = judged(question)
    extra = data.draw(st.sampled_from([unit.code for unit in question.rule.units]))
    moved = set(question.moved) - ({extra} if extra not in question.held else set())
    more = judge(question.rule, [*question.held, extra], transferred=moved)
    if verdict.met:
        assert more.met
        assert more.credits_counted >= verdict.credits_counted


@thorough
@given(questions(), st.randoms(use_true_random=False))
def test_the_order_of_units_and_of_questions_does_not_matter(question: Question, random: object) -> None:
    """Shuffled units and a rule compiled afresh give the very same verdict."""
    shuffled = list(question.held)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    afresh = replace(question.rule)
    again = judge(afresh, shuffled, transferred=question.moved, offered=question.offered)
    assert again == judged(question)


@thorough
@given(questions())
def test_without_a_route_the_verdict_is_the_same(question: Question) -> None:
    """Leaving out the route changes nothing about whether the rule is met."""
    short = judge(question.rule, question.held, transferred=question.moved, with_route=False)
    assert short.met == judged(question).met
    if not short.met:
        assert short.route is None
        most = oracle.best_credits(question.rule, question.held, question.moved, maxima_only=True)
        assert short.credits_counted == most


@thorough
@given(questions())
def test_the_level_caution_stands_exactly_where_the_reading_decides(question: Question) -> None:
    """It is there when the learner would meet the rule if higher levels counted, and never otherwise."""
    verdict = judged(question)
    generous = Rule(
        question.rule.units,
        tuple(replace(r, comparison=Comparison.AT_LEAST) for r in question.rule.requirements),
        question.rule.groups_overlap,
    )
    decides = not verdict.met and oracle.best_credits(generous, question.held, question.moved) is not None
    assert any("counting exactly at Level" in caution for caution in verdict.cautions) == decides
