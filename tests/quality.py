"""Staff, accounts and releases for the invented centres of the tests, so that other gates can be looked at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from nvqsync.bootstrap import actor
from nvqsync.centre import Account, Staff, StaffRole
from nvqsync.centres.centre_record import CentreRecord
from nvqsync.quality import Release
from nvqsync.storage import store_centre, store_quality
from nvqsync.store import Store

IQA_ID = "901"
STARTED = dt.date(2015, 9, 1)
OFFICERS = ("officer", "exams", "test", "demo", "nvqsync", "j.lister", "j.exams")
"""The names under which tests approve claims; none of them is anybody in Moodle."""


def staff(store: Store, *assessors: str, iqa: str = IQA_ID, officers: Iterable[str] = OFFICERS) -> None:
    """Put assessors and an IQA for every qualification on record, and who may approve claims; who is on it, stays."""
    people = [(one, StaffRole.ASSESSOR) for one in assessors] + [(iqa, StaffRole.IQA)]
    accounts = [Account(name, no_lms_user=True) for name in dict.fromkeys((*officers, actor()))]

    def edit(record: CentreRecord) -> CentreRecord:
        known = {(one.lms_id, one.role) for one in record.staff if not one.qualification_id and one.to_on is None}
        new = [
            Staff(lms_id, f"Staff {lms_id}", role, STARTED, qualified_on=STARTED, signature_on=STARTED)
            for lms_id, role in people
            if (lms_id, role) not in known
        ]
        return record.with_items(*new, *accounts)

    store_centre.record(store, edit, actor="test", at=0)


def release(
    store: Store, qualification_id: str, learners: Iterable[str], on: dt.date, iqa: str = IQA_ID
) -> list[Release]:
    """An IQA agrees to these learners' evidence, unless one already has."""
    known = {one.learner_id for one in store_quality.releases(store, qualification_id)}
    new = [Release(qualification_id, iqa, on, learner_id=one) for one in learners if one not in known]
    return store_quality.record_releases(store, new, by="test", at=0) if new else []
