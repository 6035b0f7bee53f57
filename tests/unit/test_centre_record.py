"""A centre's record: what it says of a qualification, and what leads from one record to another."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from nvqsync.centre import Account, EndDate, Sanction, Staff, StaffRole, Visit
from nvqsync.centres.centre_record import Approval, CentreNumber, CentreRecord, differences, key_of
from tests.unit.centre_strategies import QUALIFICATIONS, TODAY, items, records

OCR, NCFE = QUALIFICATIONS["OCR/03455"], QUALIFICATIONS["NCFE/50102874"]
ASSESSOR = Staff("3", "Morgan Reyes", StaffRole.ASSESSOR, dt.date(2020, 9, 1))
VISIT = Visit("OCR/03455", dt.date(2026, 10, 1), "Ottilie Brandt")


def test_each_site_has_its_own_number_and_none_borrows_the_main_ones() -> None:
    """A site without a number has none: nothing is assumed."""
    record = CentreRecord().with_items(CentreNumber("OCR", "12345"), CentreNumber("OCR", "54321", "North"))
    assert (record.number("OCR"), record.number("OCR", "North"), record.number("OCR", "South")) == (
        "12345", "54321", "",
    )  # fmt: skip
    assert record.facts(OCR, "North").centre_number == "54321"
    assert record.facts(NCFE).centre_number == ""
    assert record.sites("OCR") == {"": "12345", "North": "54321"}


def test_a_published_end_date_goes_before_an_entered_one() -> None:
    """03454 closed on 31 August 2018, whatever anybody typed."""
    entered = EndDate(True, dt.date(2030, 1, 1), TODAY)
    record = CentreRecord(approvals=(Approval("OCR/03454", certification_end=entered),))
    assert record.facts(QUALIFICATIONS["OCR/03454"]).certification_end == EndDate(True, dt.date(2018, 8, 31))
    open_ended = CentreRecord(approvals=(Approval("OCR/03455", certification_end=entered),))
    assert open_ended.facts(OCR).certification_end == entered


def test_a_qualification_sees_its_own_staff_visits_and_sanctions() -> None:
    """Staff for every qualification belong to each; others only to theirs."""
    elsewhere = replace(ASSESSOR, lms_id="4", qualification_id="NCFE/50102874")
    sanction = Sanction("NCFE/50102874", "level 1", "Sample more.", TODAY)
    facts = CentreRecord().with_items(ASSESSOR, elsewhere, VISIT, sanction).facts(OCR)
    assert (facts.staff, facts.visits, facts.sanctions) == ((ASSESSOR,), (VISIT,), ())


def test_a_visit_authorises_what_was_signed_off_by_its_day_and_nothing_later() -> None:
    """A named learner's unit of the day after needs another visit; a planned one authorises nobody."""
    named = replace(VISIT, learners=("7",))
    up_to = replace(VISIT, everyone_up_to=dt.date(2026, 9, 15))
    after = VISIT.on + dt.timedelta(days=1)
    assert named.authorises("7", VISIT.on)
    assert not named.authorises("7", after)
    assert not named.authorises("8", VISIT.on)
    assert up_to.authorises("8", dt.date(2026, 9, 15))
    assert not up_to.authorises("8", dt.date(2026, 9, 16))
    assert not replace(named, done=False).authorises("7", VISIT.on)
    assert not named.authorises("7", None)


def test_a_change_says_what_the_fact_was_before() -> None:
    """Nothing is silently overwritten: old and new stand in one sentence, and learners are counted, not named."""
    before = CentreRecord().with_items(Approval("OCR/03455", dt.date(2020, 9, 1)), VISIT, Account("ann", "3"))
    after = before.with_items(
        Approval("OCR/03455", dt.date(2021, 9, 1)), replace(VISIT, learners=("7", "8")), Account("ann", "", True)
    )
    assert [change.says for change in differences(before, after)] == [
        "What is known of OCR/03455 changed: approved on 2021-09-01 (was 2020-09-01).",
        "Visit of 2026-10-01 by Ottilie Brandt for OCR/03455 changed: learners 2 learners (was not recorded).",
        "Account ann changed: lms id not recorded (was 3); no lms user yes (was no).",
    ]
    (removed,) = differences(before, before.without(VISIT))
    assert removed.says == "Visit of 2026-10-01 by Ottilie Brandt for OCR/03455 removed: it said done yes."
    others = before.with_items(replace(VISIT, learners=("7",))), before.with_items(replace(VISIT, learners=("8",)))
    (swapped,) = differences(*others)
    assert swapped.learners == (("8",), ("7",))
    assert "of the learners 1 new and 1 no longer" in swapped.says


@given(records)
def test_a_record_differs_in_nothing_from_itself(record: CentreRecord) -> None:
    """Entering everything once more changes nothing."""
    assert differences(record, record.with_items(*record)) == ()


@given(records, records)
def test_differences_lead_from_one_record_to_the_other(before: CentreRecord, after: CentreRecord) -> None:
    """Applied in any order they make the other record; each says something and is about one fact."""
    changes = differences(before, after)
    made = before
    for change in changes:
        assert change.says.endswith(".")
        assert str(change.item.__class__) not in change.says
        made = made.with_items(change.after) if change.after else made.without(change.item)
    assert {key_of(item): item for item in made} == {key_of(item): item for item in after}


@given(records, items, st.integers(1, 99))
def test_a_fact_entered_again_keeps_its_number(record: CentreRecord, item: object, number: int) -> None:
    """Staff, sanctions and visits are called by their numbers, which stay whatever is corrected."""
    if isinstance(item, Staff | Sanction | Visit):
        stored = record.with_items(item)
        numbered = stored.without(item)
        kept = CentreRecord(
            numbered.numbers, numbered.approvals,
            (*numbered.staff, *([replace(item, id=number)] if isinstance(item, Staff) else [])),
            (*numbered.sanctions, *([replace(item, id=number)] if isinstance(item, Sanction) else [])),
            (*numbered.visits, *([replace(item, id=number)] if isinstance(item, Visit) else [])),
            numbered.accounts,
        )  # fmt: skip
        again = next(one for one in kept.with_items(item) if key_of(one) == key_of(item))
        assert getattr(again, "id", 0) == number
