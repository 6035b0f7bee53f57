"""Progression with the real units: what a Level 1 learner achieved counts again at Level 2 once confirmed."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvqsync.adjustments import Adjustment, AdjustmentKind, check, progressions
from nvqsync.errors import InputError, NotAllowed
from nvqsync.model import Decision, LmsMember, UnitOutcome, UnitStatus
from nvqsync.plugin_manager import load_catalogue
from nvqsync.progress import LearnerProgress, judged, progress_json
from nvqsync.progression import AchievedElsewhere, Elsewhere
from nvqsync.proposing import claim_facts_json

CATALOGUE = load_catalogue(entry_points=False)
LEVEL_1, LEVEL_2 = CATALOGUE.qualifications["OCR/03454"], CATALOGUE.qualifications["OCR/03455"]
SASHA = LmsMember("7", "Sasha Invented", "S7")
MOMENT, TODAY = 1_700_000_000, dt.date(2026, 5, 4)  # 14 November 2023
CODES_1 = [unit.code for unit in LEVEL_1.units]
REFERENCE = {unit.code: unit.unit.reference for unit in LEVEL_2.units}


def evidence(code: str, grade: str = "Competent") -> UnitOutcome:
    """A Level 1 unit signed off under 03454."""
    reference = next(unit.unit.reference for unit in LEVEL_1.units if unit.code == code)
    decision = Decision(reference, "", True, "1", f"i-{code}", "g", 0, grade, "T1", ("T1",), MOMENT)
    return UnitOutcome("7", "OCR/03454", reference, code, UnitStatus.ACHIEVED, achieved_at=MOMENT,
                       signed_off_by="T1", decisions=(decision,))  # fmt: skip


def there(*codes: str, body: str = "OCR", claim_id: int = 0, grade: str = "Competent") -> Elsewhere:
    """What the learner achieved before, on evidence or by a certificate."""
    found: dict[str, tuple[AchievedElsewhere, ...]] = {}
    for code in codes:
        one = evidence(code, grade)
        seen = None if claim_id else one
        found[one.unit_reference] = (
            AchievedElsewhere(one.unit_reference, f"{body}/03454", body, MOMENT, seen, claim_id),
        )
    return found


def here(*codes: str) -> tuple[UnitOutcome, ...]:
    return tuple(
        UnitOutcome("7", "OCR/03455", reference, code, UnitStatus.ACHIEVED, achieved_at=MOMENT, signed_off_by="T1")
        for code, reference in REFERENCE.items()
        if code in codes
    )


def confirmed(*codes: str, elsewhere: Elsewhere) -> list[Adjustment]:
    new = progressions(
        LEVEL_2, "7", [REFERENCE[code] for code in codes], elsewhere, why="Moved on", by="kim", at=MOMENT
    )
    return [replace(one, id=number) for number, one in enumerate(new, 1)]


def row(elsewhere: Elsewhere, *own: str, adjustments: list[Adjustment] | None = None) -> LearnerProgress:
    return judged(LEVEL_2, SASHA, here(*own), elsewhere, adjustments or [], CATALOGUE.units)


def outcome(found: LearnerProgress, code: str) -> UnitOutcome:
    return next(one for one in found.outcomes if one.code == code)


def test_every_level_1_unit_is_a_unit_of_level_2_as_well() -> None:
    """All 26 of them, under the same reference: that is what makes progression possible."""
    assert len(CODES_1) == 26
    found = row(there(*CODES_1))
    assert sorted(found.offered) == sorted(CODES_1)
    assert found.verdict.counted == ()


def test_once_confirmed_a_unit_counts_on_the_evidence_assessed_there() -> None:
    """The grades stand under it, the claim says where it was achieved, and it is claimed like any other."""
    elsewhere = there("F1", "A1")
    found = row(elsewhere, "F2", adjustments=confirmed("F1", "A1", elsewhere=elsewhere))
    assert set(found.verdict.counted) == {"F1", "F2", "A1"}
    assert found.offered == ()
    assert outcome(found, "F1").decisions == evidence("F1").decisions
    units = {unit["code"]: unit for unit in claim_facts_json(found)["units"]}
    assert (units["F1"]["held"], units["F1"]["progressed_from"]) == (False, "OCR/03454")
    assert (units["F2"]["held"], units["F2"]["progressed_from"]) == (False, None)
    assert "Adjustment 1: F1 counts again, achieved under OCR/03454." in found.says
    told = {unit["code"]: unit["progressed_from"] for unit in progress_json(found)["units"]}
    assert told == {"F1": "OCR/03454", "F2": None, "A1": "OCR/03454"}


def test_a_grade_taken_back_there_takes_the_unit_back_here() -> None:
    """The confirmation stays, and says that it has nothing to stand on."""
    elsewhere = there("F1", "A1")
    adjustments = confirmed("F1", "A1", elsewhere=elsewhere)
    found = row(there("A1"), adjustments=adjustments)
    assert found.verdict.counted == ("A1",)
    assert any("Adjustment 1 (progression) is not applied" in says for says in found.says)
    before, after = (
        row(elsewhere, adjustments=adjustments),
        row(there("F1", "A1", grade="Good"), adjustments=adjustments),
    )
    assert claim_facts_json(before)["basis"]["F1"] != claim_facts_json(after)["basis"]["F1"]


def test_what_the_same_body_has_certificated_is_held_and_not_claimed_again() -> None:
    """It counts by its certificate alone, whatever became of the grades, and the claim marks it."""
    elsewhere = there("F1", claim_id=4)
    found = row(elsewhere, "F2", adjustments=confirmed("F1", elsewhere=elsewhere))
    held = outcome(found, "F1")
    assert (held.status, held.decisions, held.achieved_at) == (UnitStatus.HELD, (), MOMENT)
    assert set(found.verdict.counted) == {"F1", "F2"}
    (unit,) = [unit for unit in claim_facts_json(found)["units"] if unit["code"] == "F1"]
    assert (unit["held"], unit["transferred"], unit["progressed_from"]) == (True, False, "OCR/03454")


def test_a_unit_achieved_here_too_is_marked_as_held_without_a_confirmation() -> None:
    """It counts on its own evidence, and still must not be claimed a second time."""
    (unit,) = claim_facts_json(row(there("F1", claim_id=4), "F1"))["units"]
    assert (unit["held"], unit["progressed_from"]) == (True, None)


def test_what_another_body_has_certificated_is_declared_as_a_transfer() -> None:
    """It is not on offer, and a confirmation is refused with the command that declares it."""
    elsewhere = there("F1", body="NCFE", claim_id=4)
    found = row(elsewhere)
    assert (found.offered, found.transferable) == ((), ("F1",))
    (new,) = confirmed("F1", elsewhere=elsewhere)
    with pytest.raises(NotAllowed, match="NCFE has certificated it.*credit-transfer"):
        check(new, LEVEL_2, CATALOGUE.units, found.outcomes, [], TODAY, elsewhere)
    both = {reference: units + there("F1")[reference] for reference, units in elsewhere.items()}
    assert row(both).transferable == ("F1",)  # evidence beside it makes no difference


def test_a_confirmation_is_refused_where_it_would_change_nothing_or_has_no_reason() -> None:
    """A unit that counts here already, one achieved nowhere, one confirmed before, and one without a reason."""
    elsewhere = there("F1")
    (new,) = confirmed("F1", elsewhere=elsewhere)
    check(new, LEVEL_2, CATALOGUE.units, (), [], TODAY, elsewhere)
    with pytest.raises(NotAllowed, match="F1 counts here already"):
        check(new, LEVEL_2, CATALOGUE.units, here("F1"), [], TODAY, elsewhere)
    with pytest.raises(NotAllowed, match="no other qualification"):
        check(new, LEVEL_2, CATALOGUE.units, (), [], TODAY, {})
    with pytest.raises(InputError, match="about that already"):
        check(new, LEVEL_2, CATALOGUE.units, (), [new], TODAY, elsewhere)
    with pytest.raises(InputError, match="reason"):
        check(replace(new, why=" "), LEVEL_2, CATALOGUE.units, (), [], TODAY, elsewhere)


some = st.frozensets(st.sampled_from(CODES_1))


@given(some, some, some, st.sampled_from([0, 4]))
def test_confirmed_units_count_and_others_do_not(
    achieved: frozenset[str], said: frozenset[str], own: frozenset[str], claim_id: int
) -> None:
    """Held are exactly the own units and those both achieved elsewhere and confirmed; one adjustment never adds two."""
    elsewhere = there(*sorted(achieved), claim_id=claim_id)
    assert AdjustmentKind.PROGRESSION.value == "progression"
    found = row(elsewhere, *sorted(own), adjustments=confirmed(*sorted(said), elsewhere=elsewhere))
    counting = {one.code for one in found.outcomes if one.status in {UnitStatus.ACHIEVED, UnitStatus.HELD}}
    assert counting == own | (said & achieved)
    assert set(found.offered) == achieved - counting
    assert found.transferable == ()
