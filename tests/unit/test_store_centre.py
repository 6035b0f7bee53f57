"""The centre's record in the database: kept as it is, changed in one piece, and told to the audit log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from nvqsync.centre import Visit
from nvqsync.centres.centre_record import Approval, CentreNumber, CentreRecord, differences
from nvqsync.errors import InputError
from nvqsync.record_keeping.verifying import verify
from nvqsync.storage import store_audit, store_centre
from nvqsync.store import Store
from tests.unit.centre_strategies import QUALIFICATIONS, records

APPROVAL = Approval("OCR/03455", dt.date(2020, 9, 1))
VISIT = Visit("EDI/L2-CS", dt.date(2026, 10, 1), "Ottilie Brandt", learners=("7", "8"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "nvqsync.db") as opened:
        yield opened


def enter(store: Store, *items: object, why: str = "") -> list[str]:
    changes = store_centre.record(store, lambda known: known.with_items(*items), actor="ann", at=1_000, why=why)
    return [change.says for change in changes]


def told(store: Store, subject: str) -> list[tuple[str, str]]:
    return [(entry["action"], entry["text"]) for entry in store_audit.audit_story(store, subject)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(records, records)
def test_what_is_recorded_is_read_again(store: Store, first: CentreRecord, second: CentreRecord) -> None:
    """Whatever was there before: the record becomes the other, each change with its entry, and the chain is whole."""
    for wanted in (first, second):
        before, entries = store_centre.read(store), len(store_audit.audit_entries(store))
        changes = store_centre.record(store, lambda known, wanted=wanted: wanted, actor="ann", at=1)  # type: ignore[misc]
        assert changes == differences(before, wanted)
        assert differences(_plain(store_centre.read(store)), _plain(wanted)) == ()
        assert len(store_audit.audit_entries(store)) >= entries + len(changes)
        assert store_centre.record(store, lambda known: known, actor="ann", at=1) == ()
    assert verify(store).sound


def _plain(record: CentreRecord) -> CentreRecord:
    """Without the numbers that the database gives."""
    return CentreRecord(
        record.numbers, record.approvals, tuple(replace(one, id=0) for one in record.staff),
        tuple(replace(one, id=0) for one in record.sanctions), tuple(replace(one, id=0) for one in record.visits),
        record.accounts,
    )  # fmt: skip


def test_what_a_fact_was_stays_in_the_audit_log(store: Store) -> None:
    """Under the qualification it concerns, with who, when and why."""
    enter(store, APPROVAL, why="Letter of 3 September.")
    enter(store, replace(APPROVAL, approved_on=dt.date(2021, 9, 1)), why="The letter was misread.")
    store_centre.record(store, lambda known: known.without(known.approvals[0]), actor="ben", at=2_000, why="Withdrawn.")
    assert told(store, "centre:OCR/03455") == [
        ("centre-approval-recorded",
         "What is known of OCR/03455 recorded: approved on 2020-09-01. Letter of 3 September."),
        ("centre-approval-changed",
         "What is known of OCR/03455 changed: approved on 2021-09-01 (was 2020-09-01). The letter was misread."),
        ("centre-approval-removed",
         "What is known of OCR/03455 removed: it said approved on 2021-09-01. Withdrawn."),
    ]  # fmt: skip
    assert [(e.actor, e.at) for e in store_audit.audit_entries(store)] == [("ann", 1000), ("ann", 1000), ("ben", 2000)]


def test_whom_a_visit_authorises_is_told_under_each_learner_alone(store: Store) -> None:
    """The centre's own entries name nobody, so that erasing a learner's entries leaves nothing of them."""
    enter(store, VISIT)
    enter(store, replace(VISIT, learners=("8", "9")))
    words = " ".join(text for _, text in told(store, "centre:EDI/L2-CS"))
    assert "2 learners" in words
    about = "claims for EDI/L2-CS, by the visit of 2026-10-01."
    gone = ("claims-authorisation-removed", f"No longer authorised: {about}")
    assert told(store, "learner:7") == [("claims-authorised", f"Authorised: {about}"), gone]
    assert told(store, "learner:8") == [("claims-authorised", f"Authorised: {about}")]
    assert told(store, "learner:9") == [("claims-authorised", f"Authorised: {about}")]


def test_a_dry_run_and_a_refused_edit_leave_everything_as_it_was(store: Store) -> None:
    """The first tells what would become different; the second keeps its error."""
    assert store_centre.record(
        store, lambda known: known.with_items(APPROVAL), actor="ann", at=1, dry_run=True
    )  # fmt: skip

    def refused(known: CentreRecord) -> CentreRecord:
        raise InputError("No.")

    with pytest.raises(InputError):
        store_centre.record(store, refused, actor="ann", at=1)
    assert list(store_centre.read(store)) == []
    assert store_audit.audit_entries(store) == []


def test_an_edit_sees_what_another_process_entered_a_moment_ago(store: Store) -> None:
    """Two people who enter different facts of one qualification at once do not overwrite each other's."""
    with Store(store.path) as other:
        enter(other, APPROVAL)
    start = dt.date(2021, 9, 1)
    store_centre.record(
        store,
        lambda known: known.with_items(replace(known.approval("OCR/03455"), direct_claim_from=start)),
        actor="ben", at=2,
    )  # fmt: skip
    assert store_centre.read(store).approvals == (replace(APPROVAL, direct_claim_from=start),)


def test_numbers_stay_when_a_fact_is_corrected(store: Store) -> None:
    """Visit 1 is visit 1 whatever is added to it, also after another one was entered."""
    enter(store, VISIT, replace(VISIT, visitor="Piotr Lind"))
    enter(store, replace(VISIT, final=True))
    assert [(one.id, one.visitor, one.final) for one in store_centre.read(store).visits] == [
        (1, "Ottilie Brandt", True), (2, "Piotr Lind", False),
    ]  # fmt: skip


def test_facts_are_those_of_one_qualification_and_site(store: Store) -> None:
    """What the gates are handed."""
    enter(store, APPROVAL, CentreNumber("OCR", "12345"), CentreNumber("OCR", "54321", "North"))
    facts = store_centre.facts(store, QUALIFICATIONS["OCR/03455"], "North")
    assert (facts.approved_on, facts.centre_number) == (APPROVAL.approved_on, "54321")
    assert store_centre.facts(store, QUALIFICATIONS["OCR/10378"]).approved_on is None
