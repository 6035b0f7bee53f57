"""Midnight on 31 August: the last day of a qualification ends in London, an hour before it ends in UTC."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine

from nvqsync.centre import EndDate
from nvqsync.centres.centre_record import Approval, CentreRecord
from nvqsync.clock import day, now
from nvqsync.plugin_manager import load_catalogue
from tests.rehearsal import Rehearsal, rehearsing

LAST_SECOND = "2027-08-31T22:59:59+00:00"
"""23:59:59 in London, which is on summer time."""
MIDNIGHT = "2027-08-31T23:00:00+00:00"


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Rehearsal]:
    """A learner whose claim is proposed in August 2027, for a qualification that closes on the 31st."""
    with time_machine.travel("2027-08-20T12:00:00+00:00", tick=True), rehearsing(tmp_path) as running:
        running.run("centre", "end-date", "OCR/03455", "certification", "2027-08-31", "--checked-on", "2027-08-01")
        running.college.finish(0)
        assert running.run("sync").status == 0
        running.register(0)
        yield running


def at(moment: str) -> time_machine.travel:
    return time_machine.travel(moment, tick=False)


def stays_open(rehearsal: Rehearsal) -> None:
    """The qualification does not close after all."""
    rehearsal.run("centre", "end-date", "OCR/03455", "certification", "none", "--checked-on", "2027-08-02")


def blockers(rehearsal: Rehearsal) -> list[str]:
    (claim,) = rehearsal.claims()
    return [finding["id"] for finding in claim["blockers"]]


def test_a_claim_is_approved_and_sent_in_the_last_second(rehearsal: Rehearsal) -> None:
    """At 23:59:59 London time on the last day it goes out and is taken."""
    with at(LAST_SECOND):
        assert rehearsal.approve("1").status == 0
        assert rehearsal.run("export", "--json").json["answers"] == {"acknowledged": 1}
    assert len(rehearsal.portal.books()["claims"]) == 1


def test_a_claim_is_refused_a_second_later(rehearsal: Rehearsal) -> None:
    """At midnight the same approval is blocked by the end date, and says so."""
    with at(MIDNIGHT):
        answer = rehearsal.approve("1")
        assert answer.status == 1
        assert "ENT-6" in answer.out
        assert "2027-08-31" in answer.out
        assert blockers(rehearsal) == ["ENT-6"]
    assert rehearsal.portal.books()["claims"] == []


def test_a_claim_approved_in_time_and_exported_too_late_is_held(rehearsal: Rehearsal) -> None:
    """The gates run again at the export: it stays here, on hold, and the exit status and message say which one."""
    with at(LAST_SECOND):
        assert rehearsal.approve("1").status == 0
    with at(MIDNIGHT):
        answer = rehearsal.run("export")
        assert answer.status == 1
        assert "Claim 1 was not sent" in answer.err
        (claim,) = rehearsal.claims()
        assert claim["status"] == "on_hold"
        assert "ENT-6" in claim["hold_reason"]
    assert rehearsal.portal.books()["claims"] == []


def test_the_pass_after_midnight_blocks_what_still_waits(rehearsal: Rehearsal) -> None:
    """Nobody has to touch the claim: the next pass says that it is too late."""
    with at(LAST_SECOND):
        rehearsal.run("sync")
        assert blockers(rehearsal) == []
    with at(MIDNIGHT):
        rehearsal.run("sync")
        assert blockers(rehearsal) == ["ENT-6"]


def test_direct_claim_status_ends_with_its_last_day(rehearsal: Rehearsal) -> None:
    """A claim exported a second after it waits for the external quality assurer: its batch takes the other route."""
    stays_open(rehearsal)
    rehearsal.run("centre", "direct-claims", "OCR/03455", "--from", "2021-09-01", "--to", "2027-08-31")
    routes = []
    for moment in (LAST_SECOND, MIDNIGHT):
        with at(moment):
            assert rehearsal.approve("--all-ready").status == 0
            (batch,) = rehearsal.run("export", "--json").json["batches"]
        routes.append(batch["route"])
        rehearsal.college.finish(1)
        rehearsal.run("sync")
        rehearsal.register(1)
    assert routes == ["direct", "authorisation"]


def test_a_batch_carries_the_london_day(rehearsal: Rehearsal) -> None:
    """A batch of the last second is dated 31 August, one of midnight 1 September."""
    names = []
    stays_open(rehearsal)
    for learner, moment in ((0, LAST_SECOND), (1, MIDNIGHT)):
        rehearsal.college.finish(learner)
        rehearsal.run("sync")
        rehearsal.register(learner)
        with at(moment):
            rehearsal.approve("--all-ready")
            (batch,) = rehearsal.run("export", "--json").json["batches"]
        names.append(batch["id"][:8])
    assert names == ["20270831", "20270901"]


def test_the_published_last_day_of_03454_goes_before_one_that_was_typed_in() -> None:
    """The awarding body's own date decides: 31 August 2018, inclusive. Another one is not even taken down."""
    qualification = load_catalogue(entry_points=False).qualifications["OCR/03454"]
    assert str(qualification.certification_end_on) == "2018-08-31"
    typed_in = Approval("OCR/03454", certification_end=EndDate(True, dt.date(2030, 1, 1), dt.date(2018, 1, 1)))
    end = CentreRecord(approvals=(typed_in,)).facts(qualification).certification_end
    for moment, passed in (("2018-08-31T22:59:59+00:00", False), ("2018-08-31T23:00:00+00:00", True)):
        with at(moment):
            assert end.passed(day(now())) is passed
