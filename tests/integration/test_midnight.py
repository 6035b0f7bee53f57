"""Midnight on 31 August: the last day of a qualification ends in London, an hour before it ends in UTC."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine

from nvqsync.plugin_manager import load_catalogue
from tests.rehearsal import Rehearsal, rehearsing

LAST_SECOND = "2027-08-31T22:59:59+00:00"
"""23:59:59 in London, which is on summer time."""
MIDNIGHT = "2027-08-31T23:00:00+00:00"


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Rehearsal]:
    """A learner whose claim is proposed in August 2027, for a qualification that closes on the 31st."""
    with time_machine.travel("2027-08-20T12:00:00+00:00", tick=True), rehearsing(tmp_path) as running:
        config = tmp_path / "nvqsync.toml"
        settings = config.read_text(encoding="utf-8")
        config.write_text(settings.replace('certification_end = "none"', "certification_end = 2027-08-31"), "utf-8")
        running.college.finish(0)
        assert running.run("sync").status == 0
        running.register(0)
        yield running


def at(moment: str) -> time_machine.travel:
    return time_machine.travel(moment, tick=False)


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
    config = rehearsal.folder / "nvqsync.toml"
    settings = config.read_text(encoding="utf-8").replace(
        "certification_end = 2027-08-31", 'certification_end = "none"'
    )
    config.write_text(settings + "direct_claim_to = 2027-08-31\n", encoding="utf-8")
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
    for learner, moment in ((0, LAST_SECOND), (1, MIDNIGHT)):
        config = rehearsal.folder / "nvqsync.toml"
        text = config.read_text(encoding="utf-8").replace(
            "certification_end = 2027-08-31", 'certification_end = "none"'
        )
        config.write_text(text, encoding="utf-8")
        rehearsal.college.finish(learner)
        rehearsal.run("sync")
        rehearsal.register(learner)
        with at(moment):
            rehearsal.approve("--all-ready")
            (batch,) = rehearsal.run("export", "--json").json["batches"]
        names.append(batch["id"][:8])
    assert names == ["20270831", "20270901"]


def test_the_published_last_day_of_03454_goes_before_one_that_was_typed_in(tmp_path: Path) -> None:
    """The awarding body's own date decides: 31 August 2018, inclusive."""
    from nvqsync.bootstrap import bootstrap

    published = load_catalogue(entry_points=False).qualifications["OCR/03454"].certification_end_on
    assert str(published) == "2018-08-31"
    config = tmp_path / "nvqsync.toml"
    config.write_text('[centre.qualifications."OCR/03454"]\ncertification_end = 2030-01-01\n', encoding="utf-8")
    app = bootstrap(config)
    end = app.centre_facts(app.plugins.catalogue.qualifications["OCR/03454"]).certification_end
    for moment, passed in (("2018-08-31T22:59:59+00:00", False), ("2018-08-31T23:00:00+00:00", True)):
        with at(moment):
            assert end.passed(app.today) is passed
