"""Evidence and verdict side by side: what counts, what is only offered, and what a claim's facts rest on."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvqsync.clock import day
from nvqsync.model import UnitOutcome, UnitStatus
from nvqsync.progress import LearnerProgress, basis, decision_json, progress, progress_json
from nvqsync.proposing import claim_facts_json
from tests.unit import made_up
from tests.unit.claim_records import ENOUGH, LEARNER, SIGNED, elsewhere, outcome, qualification, row

CODES = tuple(unit.code for unit in made_up.UNITS)


def with_status(code: str, status: UnitStatus) -> UnitOutcome:
    achieved = status in {UnitStatus.ACHIEVED, UnitStatus.TRANSFERRED, UnitStatus.HELD}
    return replace(outcome(code), status=status, achieved_at=SIGNED if achieved else None)


def judged(outcomes: tuple[UnitOutcome, ...], references: Iterable[str] = ()) -> LearnerProgress:
    return progress(qualification(), [LEARNER], {"7": outcomes}, {"7": elsewhere(*references)})[0]


@pytest.mark.parametrize("status", UnitStatus)
def test_only_achieved_transferred_and_held_units_count(status: UnitStatus) -> None:
    """A unit that is ready waits for its assessor, and counts for nothing until then."""
    found = judged(tuple(with_status(code, status) for code in ENOUGH))
    assert found.verdict.met == (status in {UnitStatus.ACHIEVED, UnitStatus.TRANSFERRED, UnitStatus.HELD})
    assert progress_json(found)["units_achieved"] == (3 if found.verdict.met else 0)


def test_a_unit_achieved_elsewhere_is_offered_and_not_counted() -> None:
    """By this qualification's code; a unit held here already is not offered again."""
    references = frozenset({made_up.UNIT_C1.reference, made_up.UNIT_A3.reference, "Z/999/9999"})
    found = judged((outcome("A3"), outcome("F1")), references)
    assert found.offered == ("C1",)
    assert found.verdict.counted == ("A3", "F1")
    assert not found.verdict.met
    assert progress_json(found)["offered"] == ["C1"]


def test_a_learner_without_a_grade_has_a_row() -> None:
    """Nothing counted, everything still to go, and the way to finish."""
    (found,) = progress(qualification(), [LEARNER], {})
    told = progress_json(found)
    assert (told["met"], told["credits_counted"], told["units_achieved"], told["units"]) == (False, 0, 0, [])
    assert told["credits_to_go"] == 12


def test_a_row_is_plain_json_with_iso_days_and_no_personal_data_beyond_the_name() -> None:
    """Neither the ULN nor the date of birth is in it."""
    text = json.dumps(progress_json(row(*ENOUGH)))
    assert day(SIGNED).isoformat() in text
    assert LEARNER.uln not in text
    assert "2007-03-01" not in text


def test_an_achievement_just_before_midnight_in_london_is_of_that_day() -> None:
    """In summer London's midnight comes an hour before UTC's."""
    late = int(dt.datetime(2026, 8, 31, 22, 59, 59, tzinfo=dt.UTC).timestamp())
    days = [
        progress_json(judged((outcome("A3", at=moment),)))["units"][0]["achieved_on"] for moment in (late, late + 1)
    ]
    assert days == ["2026-08-31", "2026-09-01"]


def test_a_decision_is_told_with_everything_it_rests_on() -> None:
    """Grade, attempt, who gave it and who else saved it, when and by which method; empty fields are null."""
    (decision,) = outcome("A3").decisions
    told = decision_json(replace(decision, criterion="1.2", method="O", cautions=("team-grade",)))
    assert told == {
        "criterion": "1.2", "met": True, "course": "1", "item": "i-A3", "grade_id": "g-A3", "attempt": 0,
        "grade": "Competent", "assessor": "3", "graders_seen": ["3"], "decided_at": "2026-10-05T13:00:00+01:00",
        "method": "O", "cautions": ["team-grade"],
    }  # fmt: skip
    plain = decision_json(replace(decision, criterion="", method=""))
    assert (plain["criterion"], plain["method"]) == (None, None)


CHANGES = {
    "grade": lambda d: replace(d, grade_text="Merit"),
    "met": lambda d: replace(d, met=False),
    "attempt": lambda d: replace(d, attempt=1),
    "assessor": lambda d: replace(d, assessor_id="4"),
    "item": lambda d: replace(d, item_id="other"),
    "grade row": lambda d: replace(d, grade_id="other"),
    "criterion": lambda d: replace(d, criterion="1.1"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_basis_changes_with_what_the_achievement_rests_on(change: str) -> None:
    """Each of these under a waiting claim must be noticed."""
    before = outcome("A3")
    after = replace(before, decisions=tuple(CHANGES[change](decision) for decision in before.decisions))
    assert basis(after) != basis(before)


def test_the_basis_ignores_a_save_that_left_the_grade_as_it_was() -> None:
    """A later moment, another name among the graders and the order of the decisions are no new facts."""
    before = outcome("A3")
    (decision,) = before.decisions
    saved = replace(decision, decided_at=SIGNED + 5, graders_seen=("3", "4"))
    assert basis(replace(before, decisions=(saved,))) == basis(before)
    other = replace(decision, criterion="1.1")
    assert basis(replace(before, decisions=(decision, other))) == basis(replace(before, decisions=(other, decision)))


statuses = st.fixed_dictionaries(dict.fromkeys(CODES, st.sampled_from(UnitStatus)))
references = st.frozensets(st.sampled_from([unit.unit.reference for unit in made_up.UNITS]))


@given(statuses, references)
def test_offered_and_counted_never_overlap_and_offers_never_change_the_verdict(
    held: dict[str, UnitStatus], references: frozenset[str]
) -> None:
    """Whatever was achieved where, what is not confirmed has no part in the verdict or the facts of a claim."""
    outcomes = tuple(with_status(code, status) for code, status in held.items())
    found, alone = judged(outcomes, references), judged(outcomes)
    assert not set(found.offered) & {unit.code for unit in found.counted}
    assert found.verdict == alone.verdict
    assert claim_facts_json(found)["basis"] == claim_facts_json(alone)["basis"]
    assert {unit.code for unit in found.counted} == set(found.verdict.counted)


@given(statuses)
def test_the_credits_of_a_row_add_up(held: dict[str, UnitStatus]) -> None:
    """What is counted and what is still to go are the credits of units that exist."""
    found = judged(tuple(with_status(code, status) for code, status in held.items()))
    credit = {unit.code: unit.unit.credit_value for unit in made_up.UNITS}
    told = progress_json(found)
    assert told["credits_counted"] == sum(credit[code] for code in told["verdict"]["counted"])
    assert told["credits_to_go"] == sum(credit[code] for code in told["verdict"]["route"]["units"])
    assert (told["credits_to_go"] == 0) == told["met"]
