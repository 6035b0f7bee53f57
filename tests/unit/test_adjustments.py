"""Adjustments: what may be recorded, and what it does to one learner's verdict."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nvqsync.adjustments import Adjustment, AdjustmentKind, adjustment_json, apply, check
from nvqsync.errors import InputError, NotAllowed
from nvqsync.model import Decision, Kind, LmsMember, Qualification, UnitOutcome, UnitStatus
from nvqsync.plugin_manager import load_catalogue
from nvqsync.progress import achieved, basis, judged, progress_json
from nvqsync.proposing import claim_facts_json
from nvqsync.rules import judge
from tests.unit.claim_records import elsewhere

CATALOGUE = load_catalogue(entry_points=False)
BANK = CATALOGUE.units
LEVEL_2 = CATALOGUE.qualifications["OCR/03455"]
CERTIFICATE = CATALOGUE.qualifications["OCR/10378"]
TODAY = dt.date(2026, 5, 4)
SASHA = LmsMember("7", "Sasha Invented", "S7")
FINISHED = ("F1", "F2", "A3", "B2", "C3", "D2")
MOMENT = 1_700_000_000  # 14 November 2023


def reference(qualification: Qualification, code: str) -> str:
    return next(one.unit.reference for one in qualification.units if one.code == code)


def adjustment(kind: str, qualification: Qualification = LEVEL_2, **about: object) -> Adjustment:
    """One that lacks nothing, of a unit by code; ``about`` changes it."""
    facts: dict[str, object] = {"why": "asked for", "paper": "letter, folder 3", "id": 1}
    if kind == "credit_transfer":
        facts |= {"awarded_by": "NCFE", "achieved_on": dt.date(2020, 6, 1)}
    facts |= about
    for name in ("unit_reference", "instead_of"):
        if name in facts and "/" not in str(facts[name]):
            facts[name] = reference(qualification, str(facts[name]))
    return Adjustment("7", qualification.id, AdjustmentKind(kind), recorded_by="kim", recorded_at=MOMENT, **facts)  # type: ignore[arg-type]


def outcomes(*codes: str, qualification: Qualification = LEVEL_2) -> tuple[UnitOutcome, ...]:
    """One outcome a unit; the named ones achieved here, with a decision each."""
    return tuple(
        UnitOutcome("7", qualification.id, u.unit.reference, u.code, UnitStatus.ACHIEVED, achieved_at=MOMENT,
                    signed_off_by="T1", decisions=(_decision(u.unit.reference),))
        if u.code in codes else UnitOutcome("7", qualification.id, u.unit.reference, u.code, UnitStatus.NOT_STARTED)
        for u in qualification.units
    )  # fmt: skip


def _decision(unit_reference: str) -> Decision:
    return Decision(unit_reference, "", True, "1", "2", "g", 0, "Competent", "T1", ("T1",), MOMENT)


def verdict(codes: tuple[str, ...], *adjustments: Adjustment, qualification: Qualification = LEVEL_2):
    return judged(qualification, SASHA, outcomes(*codes, qualification=qualification), {}, adjustments, BANK)


def refuse(new: Adjustment, qualification: Qualification, *codes: str, known: tuple[Adjustment, ...] = ()) -> str:
    with pytest.raises((InputError, NotAllowed)) as refused:
        check(new, qualification, BANK, outcomes(*codes, qualification=qualification), known, TODAY)
    return str(refused.value)


def accept(new: Adjustment, qualification: Qualification, *codes: str) -> None:
    check(new, qualification, BANK, outcomes(*codes, qualification=qualification), (), TODAY)


# ---------------------------------------------------------------- credit transfer


def test_a_transferred_unit_counts_is_marked_and_named() -> None:
    """The same unit reference from another body completes the certificate, flagged all the way to the claim's facts."""
    transfer = adjustment("credit_transfer", unit_reference="D2")
    accept(transfer, LEVEL_2)
    row = verdict(FINISHED[:-1], transfer)
    told, facts = progress_json(row), claim_facts_json(row)
    assert row.verdict.met
    assert next(unit["status"] for unit in told["units"] if unit["code"] == "D2") == "transferred"
    assert told["adjustments"] == [adjustment_json(transfer, LEVEL_2)] == facts["adjustments"]
    assert [unit["code"] for unit in facts["units"] if unit["transferred"]] == ["D2"]
    assert [unit["achieved_on"] for unit in facts["units"] if unit["transferred"]] == ["2020-06-01"]
    assert "Adjustment 1: D2 by credit transfer from NCFE, achieved 2020-06-01." in told["verdict"]["cautions"]


def test_a_persons_own_words_stay_out_of_the_claim() -> None:
    """Reason and paper are free text that may name somebody: they stand in the record, never in a claim's facts."""
    row = verdict(FINISHED[:-1], adjustment("credit_transfer", unit_reference="D2", why="told by Kim", paper="Kim's"))
    assert "Kim" not in str(claim_facts_json(row))


def test_transferred_credit_is_judged_as_transferred() -> None:
    """A rule with a limit on transferred credit counts no more of it than that."""
    limit = replace(LEVEL_2.rule.requirements[1], id="limit", kind=Kind.MAX_TRANSFERRED_CREDITS, need=1)
    limited = replace(LEVEL_2, rule=replace(LEVEL_2.rule, requirements=(*LEVEL_2.rule.requirements, limit)))
    assert not verdict(
        FINISHED[:-1], adjustment("credit_transfer", unit_reference="D2"), qualification=limited
    ).verdict.met
    assert verdict(FINISHED, qualification=limited).verdict.met


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"awarded_by": ""}, "ROC-X"),
        ({"achieved_on": None}, "ROC-X"),
        ({"achieved_on": dt.date(2026, 5, 5)}, "still to come"),
        ({"achieved_on": dt.date(219, 5, 5)}, "no certificate of this unit can be so old"),
        ({"awarded_by": "OCR/03455"}, "no transfer"),
        ({"paper": " "}, "paper"),
        ({"why": ""}, "reason"),
    ],
)
def test_a_transfer_without_its_certificate_is_refused(changed: dict[str, object], says: str) -> None:
    """Who awarded it, when, why and on what paper: each is needed."""
    assert says in refuse(adjustment("credit_transfer", unit_reference="D2", **changed), LEVEL_2)


def test_transfer_of_another_unit_is_refused() -> None:
    """Credit transfer is of the very same unit reference; anything else needs the body's leave."""
    other = reference(CERTIFICATE, "1")
    assert "not a unit of OCR/03455" in refuse(adjustment("credit_transfer", unit_reference=other), LEVEL_2)


@pytest.mark.parametrize(("achieved_on", "status"), [("2023-11-14", "achieved"), ("2023-11-13", "transferred")])
def test_a_unit_achieved_twice_counts_once_by_the_earlier(achieved_on: str, status: str) -> None:
    """ROC-0: the first achievement counts, the one here where both are of one day, and the other is reported."""
    on = dt.date.fromisoformat(achieved_on)
    row = verdict(FINISHED, adjustment("credit_transfer", unit_reference="D2", achieved_on=on))
    assert next(one.status for one in row.outcomes if one.code == "D2") == status
    assert [says for says in row.says if says.startswith("ROC-0: D2 is achieved twice")]
    assert row.verdict.credits_counted == verdict(FINISHED).verdict.credits_counted


def test_a_unit_achieved_under_another_qualification_too_is_reported() -> None:
    """ROC-0: nobody finds out at the awarding body that the unit was certificated before."""
    row = judged(LEVEL_2, SASHA, outcomes("F1"), elsewhere(reference(LEVEL_2, "F1")), (), BANK)
    assert row.says == ("ROC-0: F1 is achieved under another qualification too; it counts once here.",)


def test_another_certificate_changes_the_basis() -> None:
    """A claim that rests on a transfer sees that the day on its certificate was corrected."""
    first, second = (
        verdict(FINISHED[:-1], adjustment("credit_transfer", unit_reference="D2", achieved_on=dt.date(2020, 6, day)))
        for day in (1, 2)
    )
    assert basis(first.counted[-1]) != basis(second.counted[-1])


# ---------------------------------------------------------------- recognition of prior learning


def test_prior_learning_without_assessed_evidence_is_refused() -> None:
    """ROC-R: it is a way of assessing, not an exemption."""
    assert "ROC-R" in refuse(adjustment("rpl", unit_reference="D2"), LEVEL_2, "F1")


def test_prior_learning_marks_a_unit_that_is_assessed_and_changes_nothing_else() -> None:
    """The unit counts because it was assessed; the verdict names how."""
    prior = adjustment("rpl", unit_reference="D2")
    accept(prior, LEVEL_2, *FINISHED)
    row = verdict(FINISHED, prior)
    assert row.verdict == verdict(FINISHED).verdict
    assert row.says == ("Adjustment 1: D2 assessed by recognition of prior learning.",)


def test_prior_learning_whose_evidence_is_gone_is_told_and_does_not_count() -> None:
    """A flag never stands in for assessment, whenever it was set."""
    row = verdict(FINISHED[:-1], adjustment("rpl", unit_reference="D2"))
    assert not row.verdict.met
    assert row.adjustments == ()
    assert "(ROC-R)" in row.says[0]


# ---------------------------------------------------------------- a body's exceptions


@pytest.mark.parametrize("kind", ["waive", "substitute"])
def test_a_rule_without_exemptions_refuses_them(kind: str) -> None:
    """ROC-C1-2: OCR/10378 allows no exemptions or equivalents."""
    about = {"requirement_id": "ROC-C1-1/B"} if kind == "waive" else {"unit_reference": "8", "instead_of": "6"}
    assert "ROC-C1-2" in refuse(adjustment(kind, CERTIFICATE, **about), CERTIFICATE)


def test_a_rule_without_exemptions_takes_a_transfer_of_the_same_unit() -> None:
    """Transfer of the same unit is neither an exemption nor an equivalent."""
    accept(adjustment("credit_transfer", CERTIFICATE, unit_reference="6"), CERTIFICATE)
    held = ("1", "2", "3", "4", "5", "7", "12", "16")
    assert not verdict(held, qualification=CERTIFICATE).verdict.met
    assert verdict(
        held, adjustment("credit_transfer", CERTIFICATE, unit_reference="6"), qualification=CERTIFICATE
    ).verdict.met


def test_an_exemption_recorded_before_the_rule_forbade_it_is_not_applied() -> None:
    """The rule of now decides, and the verdict says what was left out."""
    strict = replace(LEVEL_2, rule=replace(LEVEL_2.rule, allows_exemptions=False))
    row = verdict(FINISHED[:-1], adjustment("waive", requirement_id="ROC-L2-2/D"), qualification=strict)
    assert row.adjustments == ()
    assert "not applied" in row.says[0]
    assert "ROC-C1-2" in row.says[0]


def test_a_waived_requirement_no_longer_binds() -> None:
    """Without group E's unit but for a written exception: met, and the verdict names the requirement."""
    held = tuple(route_without("E"))
    waived = adjustment("waive", requirement_id="ROC-L2-2/E")
    accept(waived, LEVEL_2)
    assert not verdict(held).verdict.met
    row = verdict(held, waived)
    assert row.verdict.met
    assert "ROC-L2-2/E waived in writing by OCR" in row.says[0]


def route_without(group: str) -> list[str]:
    """Units that meet every requirement of OCR/03455 but that for one of this group."""
    kept = tuple(r for r in LEVEL_2.rule.requirements if r.id != f"ROC-L2-2/{group}")
    offered = [u.code for u in LEVEL_2.units if group not in u.groups]
    route = judge(replace(LEVEL_2.rule, requirements=kept), (), offered=offered).route
    assert route is not None
    return list(route.units)


def test_an_unknown_requirement_cannot_be_waived() -> None:
    """The ids there are stand in the message."""
    assert "ROC-L2-2/E" in refuse(adjustment("waive", requirement_id="ROC-L2-2/Z"), LEVEL_2)


def test_a_substitute_takes_the_place_of_a_mandatory_unit() -> None:
    """With the body's leave A3 counts as F2; it then counts there, once, and no longer in its own group."""
    instead = adjustment("substitute", unit_reference="A4", instead_of="F2")
    accept(instead, LEVEL_2)
    held = ("F1", "A4", *FINISHED[2:])
    assert not verdict(held).verdict.met
    row = verdict(held, instead)
    assert "A4 in place of F2" in row.says[0]
    assert next(r for r in row.verdict.requirements if r.id.endswith("/mandatory")).met
    assert row.verdict.credits_counted == sum(u.unit.credit_value for u in LEVEL_2.units if u.code in held)


def test_a_substitute_and_the_unit_it_stands_for_count_once() -> None:
    """A learner who holds both gains nothing by it."""
    instead = adjustment("substitute", unit_reference="A4", instead_of="F2")
    row = verdict((*FINISHED, "A4"), instead)
    assert len({"A4", "F2"} & set(row.verdict.counted)) == 1


def test_a_substitute_from_outside_the_qualification_travels_as_transferred() -> None:
    """A unit of the bank that the qualification does not list brings its own credits, with its certificate's day."""
    outside = reference(CERTIFICATE, "2")
    bare = adjustment("substitute", unit_reference=outside, instead_of="F2")
    assert "ROC-X" in refuse(bare, LEVEL_2)
    instead = replace(bare, awarded_by="NCFE", achieved_on=dt.date(2021, 2, 3))
    row = verdict(("F1", *FINISHED[2:]), instead)
    facts = claim_facts_json(row)
    assert next(r for r in row.verdict.requirements if r.id.endswith("/mandatory")).met
    assert [unit["unit_reference"] for unit in facts["units"] if unit["transferred"]] == [outside]
    assert row.verdict.credits_counted == sum(unit["credit_value"] for unit in facts["units"])


@pytest.mark.parametrize(
    ("unit", "place", "says"),
    [("A3", "A3", "own place"), ("F1", "F2", "counts once"), ("A3", "L/506/2083", "nothing can stand")],
)
def test_a_substitute_that_makes_no_sense_is_refused(unit: str, place: str, says: str) -> None:
    """In its own place, for two at once, or for a unit that is not asked for."""
    assert says in refuse(adjustment("substitute", unit_reference=unit, instead_of=place), LEVEL_2)


def test_the_same_matter_is_recorded_once() -> None:
    """A second record about it would hide which one counts."""
    known = adjustment("credit_transfer", unit_reference="D2", id=4)
    assert "Adjustment 4" in refuse(adjustment("credit_transfer", unit_reference="D2"), LEVEL_2, known=(known,))


# ---------------------------------------------------------------- whatever is held


codes = st.sets(st.sampled_from([unit.code for unit in LEVEL_2.units]), max_size=14)


@settings(max_examples=60, deadline=None)
@given(codes, codes, st.sampled_from([r.id for r in LEVEL_2.rule.requirements]))
def test_a_transfer_or_a_waiver_never_makes_a_met_rule_unmet(held: set[str], moved: set[str], waived: str) -> None:
    """Over random selections: what helps a learner on paper cannot hurt them."""
    plain = verdict(tuple(held)).verdict
    transfers = [adjustment("credit_transfer", unit_reference=code, id=n) for n, code in enumerate(sorted(moved), 1)]
    row = verdict(tuple(held), *transfers, adjustment("waive", requirement_id=waived, id=99))
    assert row.verdict.met or not plain.met
    assert set(achieved(row.outcomes)) == held | moved


@settings(max_examples=60, deadline=None)
@given(codes, codes)
def test_transfers_judge_as_the_same_units_achieved_here(held: set[str], moved: set[str]) -> None:
    """Where a rule does not limit transferred credit, it makes no difference where a unit was achieved."""
    transfers = [adjustment("credit_transfer", unit_reference=code, id=n) for n, code in enumerate(sorted(moved), 1)]
    assert verdict(tuple(held), *transfers).verdict == judge(LEVEL_2.rule, held | moved)


def test_without_adjustments_nothing_is_touched() -> None:
    """The very same qualification and outcomes come back."""
    own = outcomes(*FINISHED)
    case = apply(LEVEL_2, own, (), BANK)
    assert case.qualification is LEVEL_2
    assert case.outcomes == own
    assert case.says == ()
