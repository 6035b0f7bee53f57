"""What rules check finds: against the six real rules, made-up faults, and brute force over random rules."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from nvqsync.combination.rule_checks import ERROR, can_bind, check_rule, shared_ids
from nvqsync.model import Kind, Qualification, Requirement, Rule, RuleUnit
from nvqsync.plugin_manager import load_catalogue
from nvqsync.rules import judge
from tests.unit.rule_oracle import satisfies, subsets
from tests.unit.rule_strategies import Question, questions
from tests.unit.rule_tables import SOURCE

REAL = load_catalogue(entry_points=False).qualifications


def requirement(identity: str, kind: Kind, need: int = 0, **about: object) -> Requirement:
    return Requirement(identity, kind, identity, SOURCE, need, **about)  # type: ignore[arg-type]


def made_up(*requirements: Requirement, credits: int = 6) -> Qualification:
    """Four units of 3 credits, A and B at Level 1, C and D at Level 2, under a rule of one's own."""
    units = tuple(RuleUnit(code, 3, level, 10, ("G",)) for code, level in zip("ABCD", (1, 1, 2, 2), strict=True))
    rule = Rule(units, requirements)
    return Qualification("X/1", "X", "1", None, "Invented", 1, credits, (), rule, SOURCE)


@pytest.mark.parametrize("qualification", REAL.values(), ids=REAL)
def test_the_real_rules_are_sound_and_their_cheapest_selection_meets_them(qualification: Qualification) -> None:
    """No error; and the selection that is shown is judged met."""
    report = check_rule(qualification)
    assert report.sound
    assert report.cheapest is not None
    assert judge(qualification.rule, report.cheapest.units).met


@pytest.mark.parametrize(("identity", "glh"), [("OCR/03455", 192), ("OCR/10378", 143)])
def test_the_cheapest_selection_has_the_handbooks_hours(identity: str, glh: int) -> None:
    """The guided learning hours that the handbooks print."""
    report = check_rule(REAL[identity])
    assert report.cheapest is not None
    assert report.cheapest.glh == glh


@pytest.mark.parametrize("qualification", REAL.values(), ids=REAL)
def test_what_can_never_bind_can_be_left_out(qualification: Qualification) -> None:
    """Of the sums that the documents print twice, each alone follows from the others; every other figure binds."""
    found = {finding.about.partition("/")[2] for finding in check_rule(qualification).findings}
    assert found == ({"B"} if qualification.id == "OCR/10378" else {"credits", "optional"})


def test_a_rule_that_nothing_meets_is_an_error_and_says_why() -> None:
    """Each requirement can be met by itself, but not both."""
    rule = made_up(requirement("most", Kind.MAX_UNITS, 1), requirement("least", Kind.MIN_CREDITS, 6))
    (finding,) = check_rule(rule).findings
    assert (finding.severity, finding.code) == (ERROR, "no-selection")
    assert "meets them all" in finding.says
    assert "missing" not in finding.says  # nobody is being judged
    assert "short" not in finding.says


def test_credits_out_of_reach_are_an_error() -> None:
    """A certificate of 36 credits cannot come of four units of 3."""
    report = check_rule(made_up(requirement("least", Kind.MIN_CREDITS, 6), credits=36))
    assert [finding.code for finding in report.findings if finding.severity == ERROR] == ["credits-unreachable"]


def test_a_rule_that_does_not_ask_for_its_credits_is_noted() -> None:
    """A selection of 6 credits would do for a certificate of 9."""
    report = check_rule(made_up(requirement("least", Kind.MIN_CREDITS, 6), credits=9))
    assert "credits-not-asked" in [finding.code for finding in report.findings]


def test_a_unit_that_can_never_count_is_noted() -> None:
    """Barred from a mandatory unit, it is on offer in vain."""
    rule = made_up(requirement("all", Kind.ALL_OF, units=("A", "B")), requirement("bar", Kind.BARRED, units=("A", "C")))
    assert ("never-counts", "C") in [(finding.code, finding.about) for finding in check_rule(rule).findings]


@pytest.mark.parametrize(
    ("spare", "others"),
    [
        (requirement("x", Kind.MIN_CREDITS, 3), [requirement("y", Kind.MIN_UNITS, 1)]),
        (requirement("x", Kind.MIN_UNITS, 2), [requirement("y", Kind.MIN_CREDITS, 4)]),
        (requirement("x", Kind.MAX_CREDITS, 12), []),
        (requirement("x", Kind.MAX_UNITS, 2), [requirement("y", Kind.MAX_CREDITS, 8)]),
        (requirement("x", Kind.MAX_TRANSFERRED_CREDITS, 6), [requirement("y", Kind.MAX_UNITS, 2)]),
        (requirement("x", Kind.ALL_OF, units=("A", "B")), [requirement("y", Kind.MIN_UNITS, 4)]),
        (requirement("x", Kind.BARRED, units=("A", "B")), [requirement("y", Kind.BARRED, units=("A", "B", "C"))]),
        (requirement("x", Kind.EQUIVALENT, units=("A", "B")), [requirement("y", Kind.BARRED, units=("A", "B"))]),
        (requirement("x", Kind.MIN_CREDITS_AT_LEVEL, 3, level=2), [requirement("y", Kind.MIN_UNITS, 3)]),
    ],
    ids=lambda value: value.kind.value if isinstance(value, Requirement) else "",
)
def test_each_kind_is_seen_to_be_implied_and_to_bind(spare: Requirement, others: list[Requirement]) -> None:
    """With the others it can never bind; without them it can (but for a maximum that takes in everything)."""
    with_others = made_up(spare, *others).rule
    assert not can_bind(with_others, spare)
    alone = replace(with_others, requirements=(spare,))
    assert can_bind(alone, spare) is (spare.need != 12)


@settings(max_examples=150, deadline=None)
@given(questions(units=6))
def test_can_bind_agrees_with_brute_force(question: Question) -> None:
    """Over random rules: some selection meets all the others and not this one, exactly where can_bind says so.

    Where a unit may be placed in one of several groups, can_bind may say yes too often, and never no too often.
    """
    rule = question.rule
    exact = rule.groups_overlap or all(len(unit.groups) < 2 for unit in rule.units)
    for wanted in rule.requirements:
        if wanted.kind is Kind.EQUIVALENT:
            continue  # it also lets units stand for others
        limits = Kind.MAX_TRANSFERRED_CREDITS
        kept = tuple(r for r in rule.requirements if r is not wanted and r.kind is not limits)
        others = replace(rule, requirements=kept)
        alone = replace(rule, requirements=(wanted, *(r for r in others.requirements if r.kind is Kind.EQUIVALENT)))
        everything = [unit.code for unit in rule.units]
        bound = any(satisfies(others, s, ()) and not satisfies(alone, s, s) for s in subsets(everything))
        said = can_bind(rule, wanted)
        assert said is bound if exact else said or not bound


def test_an_id_that_two_rules_share_is_noted() -> None:
    """A waiver or a caution names a requirement by id: in two rules it would be ambiguous."""
    first, second = REAL["OCR/03454"], REAL["OCR/03455"]
    twin = replace(second, rule=replace(second.rule, requirements=first.rule.requirements[:1]))
    assert [finding.about for finding in shared_ids([first, twin])] == ["ROC-L1-1/mandatory"]
    assert shared_ids(REAL.values()) == ()
