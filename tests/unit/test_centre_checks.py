"""What a centre may not record about itself, each with a record that is just right."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given

from nvqsync.centre import Account, EndDate, Sanction, Staff, StaffRole, Visit
from nvqsync.centres.centre_checks import checked, refuse
from nvqsync.centres.centre_record import Approval, CentreNumber, CentreRecord, Change, Item, differences
from nvqsync.errors import InputError, NvqsyncError, UnknownName
from tests.unit.centre_strategies import QUALIFICATIONS, TODAY, records

DAY = dt.timedelta(days=1)
YESTERDAY, TOMORROW = TODAY - DAY, TODAY + DAY
NUMBER = CentreNumber("OCR", "12345")
APPROVAL = Approval("OCR/03455", YESTERDAY, TODAY)
STAFF = Staff("3", "Morgan Reyes", StaffRole.IQA, TODAY)
SANCTION = Sanction("OCR/03455", "level 1", "Sample more.", TODAY)
VISIT = Visit("OCR/03455", TODAY, "Ottilie Brandt")
ACCOUNT = Account("ann", "3")

CASES: list[tuple[Item, Item, str]] = [
    (NUMBER, replace(NUMBER, number=""), "empty"),
    (NUMBER, replace(NUMBER, number="12 345 "), "blanks"),
    (replace(APPROVAL, direct_claim_to=TODAY), replace(APPROVAL, direct_claim_to=YESTERDAY), "before it starts"),
    (APPROVAL, replace(APPROVAL, direct_claim_from=None, direct_claim_to=TODAY), "before it starts"),
    (replace(APPROVAL, approved_on=TODAY), replace(APPROVAL, approved_on=TOMORROW), "before the approval"),
    (
        replace(APPROVAL, certification_end=EndDate(True, None, TODAY)),
        replace(APPROVAL, certification_end=EndDate(True, None, TOMORROW)),
        "a day to come",
    ),
    (
        replace(APPROVAL, qualification_id="OCR/03456"),
        replace(APPROVAL, qualification_id="OCR/03456", certification_end=EndDate(True, dt.date(2030, 1, 1), TODAY)),
        "2019-08-31 (OCR",
    ),
    (replace(STAFF, to_on=TODAY), replace(STAFF, to_on=YESTERDAY), "before they start"),
    (replace(STAFF, countersigner="4"), replace(STAFF, countersigner="3"), "countersigns"),
    (STAFF, replace(STAFF, lms_id=""), "Moodle id"),
    (STAFF, replace(STAFF, name=""), "--name"),
    (SANCTION, replace(SANCTION, actions=" "), "VIS-3"),
    (replace(SANCTION, lifted_on=TODAY), replace(SANCTION, lifted_on=YESTERDAY), "before it began"),
    (VISIT, replace(VISIT, on=TOMORROW), "--planned"),
    (replace(VISIT, on=TOMORROW, done=False), replace(VISIT, done=False, learners=("7",)), "authorises nothing"),
    (replace(VISIT, everyone_up_to=TODAY), replace(VISIT, everyone_up_to=TOMORROW), "after the visit"),
    (VISIT, replace(VISIT, visitor=""), "--visitor"),
    (ACCOUNT, Account("ann"), "--no-moodle"),
    (Account("ann", no_lms_user=True), Account("ann", "3", no_lms_user=True), "--moodle"),
    (ACCOUNT, Account("", "3"), "name"),
]


@pytest.mark.parametrize(("good", "bad", "says"), CASES)
def test_what_is_just_right_passes_and_what_is_just_wrong_is_refused(good: Item, bad: Item, says: str) -> None:
    """With the remedy; taking the wrong one out again is never refused."""
    refuse([Change(None, good)], QUALIFICATIONS, TODAY)
    with pytest.raises(InputError) as error:
        refuse([Change(None, bad)], QUALIFICATIONS, TODAY)
    assert says in str(error.value)
    assert error.value.next_step
    refuse([Change(bad, None)], QUALIFICATIONS, TODAY)


@pytest.mark.parametrize("item", [CentreNumber("ORC", "1"), Approval("OCR/3455"), replace(STAFF, qualification_id="X")])
def test_a_name_that_nobody_offers_is_refused_with_those_on_offer(item: Item) -> None:
    """A misspelt body or qualification would otherwise never be found again."""
    with pytest.raises(UnknownName, match="Known: "):
        refuse([Change(None, item)], QUALIFICATIONS, TODAY)


@given(records)
def test_a_checked_edit_is_the_edit(record: CentreRecord) -> None:
    """What may be recorded is recorded as it is: the checks change nothing."""
    made = checked(lambda before: before.with_items(*record), QUALIFICATIONS, TODAY)(CentreRecord())
    assert differences(made, record) == ()


def test_an_edit_that_only_touches_other_facts_is_not_stopped_by_an_old_one() -> None:
    """What stands on record already is not checked again: a day that was to come may have been let in by the clock."""
    before = CentreRecord(visits=(replace(VISIT, on=TOMORROW),))
    after = checked(lambda known: known.with_items(NUMBER), QUALIFICATIONS, TODAY)(before)
    assert after.numbers == (NUMBER,)
    with pytest.raises(NvqsyncError):
        checked(lambda known: known.with_items(*before), QUALIFICATIONS, TODAY)(CentreRecord())
