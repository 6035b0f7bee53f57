"""Every gate of internal quality assurance, with facts that just pass and facts that just fail."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvqsync.centre import StaffRole
from nvqsync.gates import Gate, Severity, run_gates
from nvqsync.gating.core_gates import CORE_GATES
from nvqsync.gating.quality_gates import QUALITY_GATES, months_after, resting_on, verifiers
from nvqsync.model import UnitStatus
from nvqsync.quality import IqaOutcome
from tests.unit.claim_records import TODAY, outcome, qualification
from tests.unit.quality_records import (
    ASSESSOR,
    IQA,
    OTHER_IQA,
    RELEASE,
    SIGNED_ON,
    SIMULATION,
    STARTED,
    assessed,
    by,
    good,
    staffed,
)

ONE = dt.timedelta(days=1)
OLD = months_after(TODAY, -18)
ASKED = replace(RELEASE, outcome=IqaOutcome.ACTION, action="Date the second observation")
DONE = replace(ASKED, action_done_on=RELEASE.on + ONE)
REFERRED = replace(RELEASE, outcome=IqaOutcome.REFERRED, action="Not enough for A3.")
AGAIN = replace(RELEASE, on=RELEASE.on + ONE, id=2)
COHORT = replace(RELEASE, learner_id="", course_id="1")
ACTED = by("C1", "3", method="S")
TRAINEE = replace(ASSESSOR, qualified_on=None, from_on=OLD)
TRAINEE_IQA = replace(IQA, qualified_on=None, from_on=OLD)
VETERAN = replace(ASSESSOR, lms_id="4", name="Val Veteran", id=9)
BY_AN_IQA = {**staffed(ASSESSOR, IQA, OTHER_IQA, replace(ASSESSOR, lms_id="31", id=9)), **assessed(by("C1", "31"))}


def released(*releases: Any) -> dict[str, Any]:
    return {"releases": releases}


def simulated(*records: Any, **more: Any) -> dict[str, Any]:
    return {**assessed(ACTED), "simulations": records, **more}


def under(qualification_id: str) -> dict[str, Any]:
    return {"qualification": replace(qualification(), id=qualification_id)}


TRANSFERRED = replace(outcome("A3"), status=UnitStatus.TRANSFERRED, signed_off_by="", decisions=())

# Gate id: [facts that just pass], [facts that just fail], and a word its sentence must hold.
CASES: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]], str]] = {
    "IQA-1": (
        [{}, released(DONE), {**released(COHORT), **staffed(ASSESSOR, IQA, iqa_by_cohort=True)},
         released(ASKED), released(REFERRED)],  # these two are told by gates of their own
        [released(), released(COHORT), released(replace(RELEASE, iqa_id="99")),
         staffed(ASSESSOR, replace(IQA, to_on=RELEASE.on - ONE)),
         staffed(ASSESSOR, replace(IQA, from_on=RELEASE.on + ONE)),
         staffed(ASSESSOR, replace(IQA, qualification_id="OCR/90002")),
         staffed(ASSESSOR, replace(IQA, role=StaffRole.ASSESSOR))],
        "IQA",
    ),
    "IQA-1/action": (
        [released(DONE)],
        [released(ASKED), released(ASKED, AGAIN)],
        "Date the second observation",
    ),
    "IQA-1/referred": (
        [released(REFERRED, AGAIN), released(AGAIN, replace(REFERRED, id=3, on=AGAIN.on - ONE))],
        [released(REFERRED), released(RELEASE, replace(REFERRED, id=2)),
         {**released(REFERRED, replace(COHORT, id=2)), **staffed(ASSESSOR, IQA, iqa_by_cohort=True)}],
        "referred",
    ),
    "IQA-1/since": (
        [released(replace(RELEASE, on=SIGNED_ON)),
         released(replace(DONE, on=SIGNED_ON - ONE, action_done_on=SIGNED_ON)),
         released(replace(RELEASE, on=SIGNED_ON - ONE), AGAIN), released(),
         {**BY_AN_IQA, **released(replace(RELEASE, iqa_id="32", on=SIGNED_ON, id=2), RELEASE)}],
        [released(replace(RELEASE, on=SIGNED_ON - ONE))],
        "A3, F1, C1",
    ),
    "SIM-3": (
        [{}, simulated(SIMULATION), simulated(replace(SIMULATION, agreed_on=SIMULATION.activity_on - ONE)),
         simulated(replace(SIMULATION, activity_on=SIGNED_ON)),
         simulated(SIMULATION, replace(SIMULATION, id=2, activity_on=SIGNED_ON + ONE)),
         assessed(by("C1", "3", method="O"))],
        [simulated(), simulated(replace(SIMULATION, agreed_on=SIMULATION.activity_on)),
         simulated(replace(SIMULATION, activity_on=SIGNED_ON + ONE)),
         simulated(SIMULATION, replace(SIMULATION, id=2, agreed_on=SIMULATION.activity_on + ONE)),
         simulated(replace(SIMULATION, unit_reference="F/100/0001"))],
        "C1",
    ),
    "SIM-4": (
        [{}, simulated(SIMULATION), simulated(replace(SIMULATION, sampled_on=SIGNED_ON)),
         simulated(replace(SIMULATION, sampled_on=SIGNED_ON - ONE), replace(SIMULATION, id=2, sampled_on=SIGNED_ON))],
        [simulated(), simulated(replace(SIMULATION, sampled_by="", sampled_on=None)),
         simulated(replace(SIMULATION, sampled_on=SIGNED_ON - ONE)),
         simulated(SIMULATION, replace(SIMULATION, id=2, sampled_by="", sampled_on=None))],
        "C1",
    ),
    "STAFF-1": (
        [{}, staffed(ASSESSOR, replace(IQA, to_on=TODAY)), staffed(ASSESSOR, IQA, replace(IQA, lms_id="3"))],
        [staffed(), staffed(ASSESSOR), staffed(IQA), staffed(ASSESSOR, replace(IQA, lms_id="3")),
         staffed(ASSESSOR, replace(IQA, to_on=TODAY - ONE)),
         staffed(replace(ASSESSOR, qualification_id="OCR/90002"), IQA)],
        "on record for OCR/90001",
    ),
    "STAFF-2": (
        [{}, released(), assessed(by("F1", "3", "32")),
         {**assessed(by("F1", "3", "31")), **released(RELEASE, replace(AGAIN, iqa_id="32")),
          **staffed(ASSESSOR, IQA, OTHER_IQA)},
         simulated(SIMULATION)],
        [assessed(by("F1", "31")), assessed(by("F1", "3", "31")), assessed(by("F1", "3", signed_by="31")),
         {**assessed(by("F1", "3", "31")), **staffed(ASSESSOR, IQA, OTHER_IQA),
          **released(replace(RELEASE, units=("F/100/0001",)), replace(AGAIN, iqa_id="32"))},
         {**assessed(by("F1", "3", "31")), **released(RELEASE, replace(AGAIN, iqa_id="32"))},  # 32 is not on record
         simulated(SIMULATION, **assessed(by("C1", "3", "32", method="S"))) | {"simulations": (
             replace(SIMULATION, sampled_by="32"),)}],
        "Nobody verifies",
    ),
    "STAFF-2/unknown": (
        [{}, assessed(TRANSFERRED)],
        [assessed(by("F1", "")), assessed(by("F1", "", signed_by="3")), assessed(by("F1", "3", signed_by=""))],
        "F1",
    ),
    "STAFF-4": (
        [staffed(TRAINEE, IQA), staffed(replace(TRAINEE, from_on=OLD - ONE, countersigner="4"), IQA, VETERAN),
         staffed(replace(TRAINEE, from_on=OLD - ONE, qualified_on=TODAY), IQA), staffed(ASSESSOR, TRAINEE_IQA)],
        [staffed(replace(TRAINEE, from_on=OLD - ONE), IQA),
         staffed(replace(TRAINEE, from_on=OLD - ONE, qualified_on=TODAY + ONE), IQA),
         staffed(replace(TRAINEE, from_on=OLD - ONE, countersigner="4"), IQA),
         staffed(replace(TRAINEE, from_on=OLD - ONE, countersigner="31"), IQA),  # qualified, but as an IQA
         staffed(replace(TRAINEE, from_on=OLD - ONE, countersigner="4"), IQA, replace(VETERAN, qualified_on=None)),
         staffed(ASSESSOR, replace(TRAINEE_IQA, from_on=OLD - ONE))],
        "18 months",
    ),
    "STAFF-4/due": (
        [{}, staffed(replace(TRAINEE, countersigner="4"), IQA, VETERAN),
         staffed(ASSESSOR, IQA, replace(TRAINEE, lms_id="5"))],  # has no part in this claim
        [staffed(TRAINEE, IQA), staffed(ASSESSOR, TRAINEE_IQA)],
        str(TODAY),
    ),
    "STAFF-5": (
        [under("OCR/10378"), staffed(TRAINEE, IQA)],
        [{**under("OCR/10378"), **staffed(replace(TRAINEE, from_on=STARTED, countersigner="4"), IQA, VETERAN)}],
        "Morgan Reyes",
    ),
    "STAFF-6": (
        [{}, staffed(ASSESSOR, IQA, replace(ASSESSOR, lms_id="5", signature_on=None))],
        [staffed(replace(ASSESSOR, signature_on=None), IQA), staffed(ASSESSOR, replace(IQA, signature_on=None))],
        "signature",
    ),
    "UNIT-4": (
        [staffed(replace(ASSESSOR, to_on=SIGNED_ON), IQA), assessed(TRANSFERRED)],
        [staffed(replace(ASSESSOR, to_on=SIGNED_ON - ONE), IQA), assessed(by("F1", "99")),
         staffed(replace(ASSESSOR, role=StaffRole.IQA), IQA)],
        "on that day",
    ),
}  # fmt: skip


def gate(gate_id: str) -> Gate:
    return next(one for one in QUALITY_GATES if one.id == gate_id)


def found(changes: dict[str, Any]) -> dict[str, str]:
    return {finding.id: finding.says for finding in run_gates(QUALITY_GATES, good(**changes))}


def test_every_gate_has_its_cases() -> None:
    """The table below speaks of every gate on quality, and of no gate there is not."""
    assert sorted(CASES) == sorted(one.id for one in QUALITY_GATES)


def test_no_gate_is_told_twice() -> None:
    """A rule's id stands for one gate, here and among the shared ones."""
    assert not {one.id for one in QUALITY_GATES} & {one.id for one in CORE_GATES if one not in QUALITY_GATES}
    assert len({one.id for one in QUALITY_GATES}) == len(QUALITY_GATES)


def test_a_released_claim_of_a_staffed_centre_passes_them_all() -> None:
    """With an assessor, an IQA and a release on record there is nothing to say."""
    assert found({}) == {}


@pytest.mark.parametrize("gate_id", CASES)
def test_what_just_passes_is_let_through(gate_id: str) -> None:
    """Each gate is silent about facts that only just keep its rule."""
    for changes in CASES[gate_id][0]:
        assert gate_id not in found(changes), changes


@pytest.mark.parametrize("gate_id", CASES)
def test_what_just_fails_is_told(gate_id: str) -> None:
    """Each gate tells of facts that only just break its rule, in a sentence that names what is concerned."""
    for changes in CASES[gate_id][1]:
        told = found(changes)
        assert gate_id in told, changes
        assert CASES[gate_id][2] in told[gate_id]
        assert told[gate_id].endswith((".", "'."))


def test_a_unit_is_seen_after_its_sign_off_by_somebody_who_had_no_hand_in_it() -> None:
    """The last look at C1 is by the very IQA who assessed it: it does not count for C1, and it does for the others."""
    before = replace(RELEASE, iqa_id="32", on=SIGNED_ON - ONE, id=2)
    told = found({**BY_AN_IQA, **released(before, RELEASE)})
    assert list(told) == ["IQA-1/since"]
    assert f"looked on {before.on}: C1. Whoever had a hand in a unit does not count" in told["IQA-1/since"]


def test_only_what_is_unsettled_by_the_rules_is_a_caution() -> None:
    """Signatures and awards caution; a missing release, an own verification or an unknown hand stops the claim."""
    cautions = {one.id for one in QUALITY_GATES if one.severity is Severity.CAUTIONS}
    assert cautions == {"STAFF-4/due", "STAFF-5", "STAFF-6"}


@pytest.mark.parametrize(
    ("start", "end"),
    [("2025-01-31", "2026-07-31"), ("2025-08-31", "2027-02-28"), ("2022-08-31", "2024-02-29")],
)
def test_eighteen_months_end_in_the_same_place_of_the_month(start: str, end: str) -> None:
    """Eighteen months after a month's last day is a month's last day."""
    assert months_after(dt.date.fromisoformat(start), 18) == dt.date.fromisoformat(end)


HANDS = st.lists(st.sampled_from(["3", "4", "31", "32"]), min_size=1, max_size=3)
RELEASES = st.lists(st.sampled_from(["31", "32", "33"]), max_size=3)


@given(st.tuples(HANDS, HANDS, HANDS), RELEASES)
def test_a_claim_is_never_let_through_on_ones_own_verification(hands: tuple[list[str], ...], iqas: list[str]) -> None:
    """Whoever graded what and whoever released: when nothing blocks, each unit was verified by somebody else."""
    units = [by(code, *who) for code, who in zip(("A3", "F1", "C1"), hands, strict=True)]
    staff = [replace(ASSESSOR, lms_id=name) for name in ("3", "4", "31", "32")]
    staff += [replace(IQA, lms_id=name) for name in ("31", "32", "33")]
    facts = good(
        **assessed(*units), **staffed(*staff), **released(*(replace(RELEASE, iqa_id=name) for name in iqas))
    )  # fmt: skip
    if not run_gates(QUALITY_GATES, facts):
        assert all({one.iqa_id for one in resting_on(facts)} - set(who) for who in hands)


def test_everybody_who_verified_is_named() -> None:
    """The IQAs of the releases and of the simulated evidence are the verifiers, and nobody else."""
    facts = good(**simulated(replace(SIMULATION, agreed_by="32", sampled_by="33")), **released(RELEASE, ASKED))
    assert verifiers(facts) == {"31", "32", "33"}
