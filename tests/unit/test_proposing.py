"""What a pass decides about a claim, from the facts alone: propose, refresh, hold, flag, or leave it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvqsync.claims import CLOSED, GONE, WAITING, Status
from nvqsync.gates import ClaimFacts, Finding, Severity, run_gates
from nvqsync.gating.core_gates import CORE_GATES
from nvqsync.holding import HoldCode
from nvqsync.model import ClaimKind, Entry, Registration, UnitOutcome
from nvqsync.progress import LearnerProgress
from nvqsync.proposing import Claim, ClaimMove, Move, adrift, claimed_units, follow, propose, request, units_met
from tests.unit.claim_records import ENOUGH, REGISTRATION, after, claim, elsewhere, facts, facts_of, row

BLOCKER = Finding("ENT-2", Severity.BLOCKS, "No registration.")
CAUTION = Finding("ID-06", Severity.CAUTIONS, "The ULN is missing.")
MET = row(*ENOUGH)
UNMET = row("A3", "C1")
MORE = row(*ENOUGH, "D4")
REGRADED = row(*ENOUGH, grades={"F1": "Merit"})
F1 = next(unit.unit_reference for unit in MET.counted if unit.code == "F1")
CERTIFICATED = replace(MET, elsewhere=elsewhere(F1, claim_id=5))


def moved(
    progress_row: LearnerProgress, *claims: Claim, findings: tuple[Finding, ...] = (),
    registration: Registration = REGISTRATION,
) -> ClaimMove | None:  # fmt: skip
    return propose(progress_row, claims, facts_of(progress_row, registrations=(registration,)), findings)


def test_a_met_rule_proposes_and_an_unmet_one_does_not() -> None:
    """The new claim rests on the counted units and carries what stands on it."""
    move = moved(MET, findings=(BLOCKER, CAUTION))
    assert move is not None
    assert (move.move, move.status, move.findings) == (Move.PROPOSE, Status.PROPOSED, (BLOCKER, CAUTION))
    assert [unit["code"] for unit in move.facts["units"]] == list(MET.verdict.counted)
    assert moved(UNMET) is None


@pytest.mark.parametrize("status", Status)
def test_a_claim_on_the_same_facts_is_left_alone(status: Status) -> None:
    """Whatever became of it: neither changed nor proposed a second time."""
    assert moved(MET, claim(MET, status)) is None


@pytest.mark.parametrize("status", sorted(set(Status) - CLOSED))
def test_an_open_or_certificated_claim_leaves_no_room_for_another(status: Status) -> None:
    """New evidence under it may refresh, hold or flag it, but never makes a second claim."""
    for now in (MET, MORE, REGRADED, UNMET):
        move = moved(now, claim(MET, status))
        assert move is None or move.move is not Move.PROPOSE


@pytest.mark.parametrize("status", sorted(CLOSED))
def test_a_closed_claim_leaves_room_once_the_facts_differ(status: Status) -> None:
    """Not on the facts that were withdrawn or returned, and not on those of an earlier closed claim either."""
    closed = claim(MET, status)
    assert moved(MORE, closed).move is Move.PROPOSE  # type: ignore[union-attr]
    later = claim(MORE, status, number=2)
    assert moved(MET, closed, later) is None
    assert moved(REGRADED, closed, later).move is Move.PROPOSE  # type: ignore[union-attr]


def test_a_changed_registration_is_a_changed_fact() -> None:
    """A claim returned for its candidate number may be made anew once the number is corrected."""
    corrected = replace(REGISTRATION, candidate_number="20000007")
    returned = claim(MET, Status.RETURNED)
    assert moved(MET, returned, registration=corrected).move is Move.PROPOSE  # type: ignore[union-attr]
    held = moved(MET, claim(MET, Status.APPROVED), registration=corrected)
    assert held is not None
    assert (held.move, held.status, held.why) == (Move.HOLD, Status.ON_HOLD, "The registration changed.")


@pytest.mark.parametrize(("now", "told"), [(UNMET, "F1"), (REGRADED, "F1"), (MORE, "D4")])
def test_an_approved_claim_goes_on_hold_when_its_facts_change(now: LearnerProgress, told: str) -> None:
    """Even when the change is for the better: a person approved something else. The reason names the unit."""
    move = moved(now, claim(MET, Status.APPROVED))
    assert move is not None
    assert (move.move, move.status) == (Move.HOLD, Status.ON_HOLD)
    assert told in move.why


def test_an_approved_claim_goes_on_hold_when_its_gates_change() -> None:
    """A new blocker, a new caution and one that went away are all differences from what was approved."""
    for before, now in (((), (BLOCKER,)), ((), (CAUTION,)), ((CAUTION,), ())):
        move = moved(MET, claim(MET, Status.APPROVED, before), findings=now)
        assert move is not None
        assert (move.move, move.status) == (Move.HOLD, Status.ON_HOLD)
        assert (*before, *now)[0].id in move.why


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        (MET, CERTIFICATED, "not to be claimed again: F1."),
        (CERTIFICATED, MET, "no longer certificated under another qualification: F1."),
    ],
)
def test_a_unit_certificated_meanwhile_is_not_claimed_again(
    before: LearnerProgress, now: LearnerProgress, told: str
) -> None:
    """What is held already, or no longer, is a changed fact: an approved claim is held, a proposed one follows."""
    held = moved(now, claim(before, Status.APPROVED))
    assert held is not None
    assert (held.status, held.hold_code) == (Status.ON_HOLD, HoldCode.EVIDENCE_CHANGED)
    assert told in held.why
    followed = moved(now, claim(before, Status.PROPOSED))
    assert followed is not None
    assert (followed.status, followed.facts["units"]) == (Status.PROPOSED, claim(now, Status.PROPOSED).facts["units"])
    assert moved(now, after(held)) is None


def test_a_proposed_claim_follows_its_facts() -> None:
    """More evidence and other findings refresh it; evidence lost or changed under it puts it on hold."""
    waiting = claim(MET, Status.PROPOSED)
    for move in (moved(MORE, waiting), moved(MET, waiting, findings=(BLOCKER,))):
        assert move is not None
        assert (move.move, move.status) == (Move.REFRESH, Status.PROPOSED)
    for now in (UNMET, REGRADED):
        move = moved(now, waiting)
        assert move is not None
        assert (move.move, move.status) == (Move.HOLD, Status.ON_HOLD)


def test_facts_that_come_back_leave_the_release_to_a_person() -> None:
    """The held claim keeps its reason and stays on hold; it is the same claim, not a second one."""
    lost = moved(UNMET, claim(MET, Status.APPROVED), findings=(BLOCKER,))
    assert lost is not None
    on_hold = after(lost)
    back = moved(MET, on_hold)
    assert back is not None
    assert (back.move, back.status, back.before) == (Move.REFRESH, Status.ON_HOLD, on_hold)


@pytest.mark.parametrize("status", sorted(GONE | {Status.CERTIFICATED}))
def test_what_a_sent_claim_loses_is_flagged_and_unflagged(status: Status) -> None:
    """Status, facts and fingerprint stay as they were sent; the flag names every unit lost so far, and goes again."""
    sent = claim(MET, status, (CAUTION,))
    first = moved(row("A3", "F1"), sent)
    assert first is not None
    assert (first.move, first.status, first.facts, first.fingerprint) == (
        Move.NOTICE,
        status,
        sent.facts,
        sent.fingerprint,
    )
    assert [finding.id for finding in first.findings] == ["ID-06", "CERT-1"]
    flagged = after(first)
    second = moved(row("A3"), flagged)
    assert second is not None
    assert "F1" in second.why
    assert "C1" in second.why
    assert moved(row("A3"), after(second)) is None
    whole = moved(MET, after(second))
    assert whole is not None
    assert (whole.move, whole.findings) == (Move.LIFT, (CAUTION,))


def test_a_recall_notice_says_what_was_lost_and_what_to_record() -> None:
    """A certificate is to be revoked, a claim under way recalled; each with the command for it."""
    for status, word in ((Status.CERTIFICATED, "revoked"), (Status.ACKNOWLEDGED, "recalled")):
        move = moved(UNMET, claim(MET, status))
        assert move is not None
        noticed = after(move)
        assert "F1" in noticed.recall_notice
        assert f"claims record {word} 1" in noticed.recall_notice
    assert claim(MET, Status.CERTIFICATED).recall_notice == ""


# ---------------------------------------------------------------- why it is on hold


@pytest.mark.parametrize(
    ("now", "findings", "registration", "code"),
    [
        (UNMET, (), REGISTRATION, HoldCode.NOT_ACHIEVED),
        (REGRADED, (), REGISTRATION, HoldCode.EVIDENCE_CHANGED),
        (MET, (), replace(REGISTRATION, name="Other"), HoldCode.REGISTRATION_CHANGED),
        (MET, (BLOCKER,), REGISTRATION, HoldCode.GATES_CHANGED),
        (MET, (Finding("LMS-2", Severity.BLOCKS, "Left."),), REGISTRATION, HoldCode.LEARNER_LEFT),
        (MET, (Finding("LMS-1", Severity.BLOCKS, "Differs."), BLOCKER), REGISTRATION, HoldCode.SOURCE_DIFFERS),
        (MET, (Finding("LMS-3", Severity.BLOCKS, "Gone."),), REGISTRATION, HoldCode.SOURCE_GONE),
    ],
)
def test_each_cause_of_a_hold_has_its_code(
    now: LearnerProgress, findings: tuple[Finding, ...], registration: Registration, code: HoldCode
) -> None:
    """What nvqsync found is a code beside the words."""
    move = moved(now, claim(MET, Status.APPROVED), findings=findings, registration=registration)
    assert move is not None
    assert (move.move, move.hold_code) == (Move.HOLD, code)


def test_what_a_person_holds_a_claim_for_outlasts_changing_facts() -> None:
    """An investigation is not over because a grade moved: code and words stay, and the facts are followed."""
    held = claim(MET, Status.ON_HOLD, hold_code=HoldCode.MALPRACTICE, hold_reason="Being looked into.")
    for now in (UNMET, REGRADED, MORE):
        move = moved(now, held)
        assert move is not None
        assert (move.move, move.status) == (Move.REFRESH, Status.ON_HOLD)


def test_a_claim_without_a_course_is_held_for_its_mapping() -> None:
    """The code says where to look."""
    move = adrift(claim(MET, Status.APPROVED))
    assert move is not None
    assert move.hold_code is HoldCode.MAPPING_LOST


# ---------------------------------------------------------------- unit claims


def unit_claim(progress_row: LearnerProgress, status: Status, *codes: str) -> Claim:
    """A stored claim for some of the row's units."""
    units = tuple(unit for unit in progress_row.outcomes if unit.code in codes)
    move = request(progress_row, units, unit_facts(units), (), "Leaving.")
    return replace(after(move), status=status)


def unit_facts(units: tuple[UnitOutcome, ...]) -> ClaimFacts:
    return facts(kind=ClaimKind.UNITS, met=units_met(units), units=units)


def followed(now: LearnerProgress, one: Claim, here: Collection[int] = ()) -> ClaimMove | None:
    told = unit_facts(claimed_units(now, one))
    return follow(now, one, told, run_gates(CORE_GATES, told), here)


@pytest.mark.parametrize("status", sorted(WAITING - {Status.ON_HOLD} | {Status.EXPORTED}))
def test_a_unit_claim_follows_its_own_units_only(status: Status) -> None:
    """Other units come and go; its own put it on hold when they are lost or graded anew. While its batch is here."""
    one = unit_claim(row("A3", "F1"), status, "A3", "F1")
    here = {one.id} if status is Status.EXPORTED else set()
    assert followed(row("A3", "F1"), one, here) is None
    assert followed(row("A3", "F1", "C1", "D4"), one, here) is None
    lost, regraded = followed(row("A3"), one, here), followed(row("A3", "F1", grades={"F1": "Merit"}), one, here)
    assert lost is not None
    assert regraded is not None
    assert (lost.status, lost.hold_code, lost.kind) == (Status.ON_HOLD, HoldCode.NOT_ACHIEVED, ClaimKind.UNITS)
    assert "F1" in lost.why
    assert (regraded.status, regraded.hold_code) == (Status.ON_HOLD, HoldCode.EVIDENCE_CHANGED)


def test_a_unit_claim_keeps_its_units_and_cannot_go_while_one_is_lost() -> None:
    """The lost unit stays named, CLM-1/units blocks it, and when it is back a person releases the same claim."""
    one = unit_claim(row("A3", "F1"), Status.APPROVED, "A3", "F1")
    lost = followed(row("A3"), one)
    assert lost is not None
    assert [unit["code"] for unit in lost.facts["units"]] == ["A3", "F1"]
    assert "CLM-1/units" in [finding.id for finding in lost.findings]
    back = followed(row("A3", "F1"), after(lost))
    assert back is not None
    assert (back.move, back.status, back.findings) == (Move.REFRESH, Status.ON_HOLD, ())


@pytest.mark.parametrize("status", sorted(GONE | {Status.CERTIFICATED}))
def test_a_unit_claim_that_has_gone_gets_a_recall_notice(status: Status) -> None:
    """For its own units, never for others."""
    one = unit_claim(row("A3", "F1"), status, "F1")
    assert followed(row("F1"), one) is None
    move = followed(row("A3"), one)
    assert move is not None
    assert (move.move, move.status, move.facts) == (Move.NOTICE, status, one.facts)


def test_the_same_facts_carry_a_second_claim_only_when_a_person_asks() -> None:
    """And never beside one that is open."""
    now = facts_of(MET)
    for status in CLOSED:
        closed = claim(MET, status)
        assert propose(MET, [closed], now, ()) is None
        again = propose(MET, [closed], now, (), again=True)
        assert again is not None
        assert again.move is Move.PROPOSE
    assert (
        propose(MET, [claim(MET, Status.RETURNED), claim(MET, Status.PROPOSED, number=2)], now, (), again=True) is None
    )
    assert propose(UNMET, [claim(MET, Status.RETURNED)], facts_of(UNMET), (), again=True) is None


def test_a_claim_that_nobody_judges_any_more_is_held_once() -> None:
    """Its course was unmapped: it must not go out on facts that are not looked at. A sent claim stays as it is."""
    for status in Status:
        move = adrift(claim(MET, status))
        assert (move is not None) == (status in WAITING - {Status.ON_HOLD})
        if move:
            assert (move.move, move.status) == (Move.HOLD, Status.ON_HOLD)
            assert adrift(after(move)) is None
        still_here = adrift(claim(MET, status), {claim(MET, status).id})
        assert (still_here is not None) == (move is not None or status is Status.EXPORTED)


codes = st.sets(st.sampled_from(["A3", "F1", "C1", "D4"])).map(sorted)
grades = st.dictionaries(st.sampled_from(["A3", "F1", "C1", "D4"]), st.sampled_from(["Competent", "Merit"]))
rows = st.builds(lambda held, given_grades: row(*held, grades=given_grades), codes, grades)
registrations = st.sampled_from(
    [(), (REGISTRATION,), (replace(REGISTRATION, name="Other"),), (replace(REGISTRATION, entry=Entry.UNITS),)]
)
passes = st.lists(st.tuples(rows, registrations), min_size=1, max_size=6)


@given(passes, st.lists(st.sampled_from(["approve", "release", "withdraw", ""]), max_size=6))
def test_passes_settle_at_once_and_keep_one_claim_open(
    happened: list[tuple[LearnerProgress, tuple[Registration, ...]]], people: list[str]
) -> None:
    """After any pass the same facts change nothing more, and one claim at most is open, whatever people do between."""
    claims: dict[int, Claim] = {}
    for turn, (now, registered) in enumerate(happened):
        told = facts_of(now, registrations=registered)
        findings = run_gates(CORE_GATES, told)
        move = propose(now, list(claims.values()), told, findings)
        if move:
            number = move.before.id if move.before else len(claims) + 1
            claims[number] = after(move, number)
        assert propose(now, list(claims.values()), told, findings) is None
        assert sum(one.status not in CLOSED for one in claims.values()) <= 1
        person = people[turn] if turn < len(people) else ""
        for number, one in claims.items():
            if person == "approve" and one.status is Status.PROPOSED and not one.blockers:
                claims[number] = replace(one, status=Status.APPROVED)
            elif person == "release" and one.status is Status.ON_HOLD:
                claims[number] = replace(one, status=Status.PROPOSED, hold_reason="")
            elif person == "withdraw" and one.status in WAITING:
                claims[number] = replace(one, status=Status.WITHDRAWN)


@given(rows, rows)
def test_an_approved_claim_stays_approved_only_on_what_was_approved(
    before: LearnerProgress, now: LearnerProgress
) -> None:
    """It survives a pass untouched exactly when units, grades and findings are those of before."""
    facts_before, facts_now = facts_of(before), facts_of(now)
    approved = claim(before, Status.APPROVED, run_gates(CORE_GATES, facts_before))
    move = propose(now, [approved], facts_now, run_gates(CORE_GATES, facts_now))
    same = before.verdict.met == now.verdict.met and before.counted == now.counted
    assert (move is None) == same
    assert move is None or move.status is Status.ON_HOLD
    waits = replace(approved, status=Status.EXPORTED)  # in a batch that is still here: the same happens to it
    twin = propose(now, [waits], facts_now, run_gates(CORE_GATES, facts_now), here={waits.id})
    assert twin == (move and replace(move, before=waits))
