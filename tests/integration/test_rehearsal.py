"""The main job, followed from a grade given in Moodle to a certificate number."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nvqsync.store import Store
from tests.rehearsal import COMPETENT, NOT_YET, Rehearsal, rehearsing


@pytest.fixture
def rehearsal(tmp_path: Path):
    with rehearsing(tmp_path) as running:
        yield running


def dump(path: Path) -> list[str]:
    """Everything in the database but the record of the passes themselves and when a course was last read."""
    with Store(path) as store:
        store.execute("UPDATE courses SET read_at = 0, read_pass = 0")
        return [line for line in store.db.conn.iterdump() if not line.startswith('INSERT INTO "passes"')]


def test_one_learner_goes_from_a_grade_to_a_certificate(rehearsal: Rehearsal) -> None:
    """Grades given in Moodle become a claim, a person approves it, and the portal's certificate number comes back."""
    rehearsal.college.pass_unit(0, "F1", "F2", "A3", "B2", "C3")
    first = rehearsal.run("sync", "--json")
    assert first.status == 0
    assert rehearsal.claims() == []
    row = next(r for r in rehearsal.run("progress", "--json").json if r["learner"]["id_number"] == "S0")
    assert (row["met"], row["credits_counted"], row["credits_to_go"]) == (False, 24, 5)

    rehearsal.college.pass_unit(0, "D2")
    rehearsal.register(0)
    report = rehearsal.run("sync", "--json").json
    assert report["claims"]["proposed"] == 1
    (claim,) = rehearsal.claims()
    assert (claim["status"], claim["blockers"], claim["learner"]["id_number"]) == ("proposed", [], "S0")
    assert claim["units"] == ["F1", "F2", "A3", "B2", "C3", "D2"]

    assert rehearsal.approve(str(claim["id"])).status == 0
    exported = rehearsal.run("export", "--json")
    assert exported.status == 0
    assert [batch["claims"] for batch in exported.json["batches"]] == [1]
    for _ in range(3):
        assert rehearsal.run("reconcile").status == 0
    (claim,) = rehearsal.claims()
    (book,) = rehearsal.portal.books()["claims"]
    assert claim["status"] == "certificated"
    assert claim["certificate_number"] == book["certificate_number"] != ""
    assert rehearsal.run("audit", "verify").status == 0


def test_a_second_pass_with_nothing_new_changes_nothing(rehearsal: Rehearsal) -> None:
    """The database after a second pass equals the database before it, line by line."""
    rehearsal.college.finish(0)
    rehearsal.run("sync")
    before = dump(rehearsal.database())
    assert rehearsal.run("sync").status == 0
    assert dump(rehearsal.database()) == before


def test_a_lowered_grade_puts_the_waiting_claim_on_hold_and_says_what_changed(rehearsal: Rehearsal) -> None:
    """When the mark is taken back the claim waits; when it comes back a person releases the same claim."""
    rehearsal.college.finish(0)
    rehearsal.register(0)
    rehearsal.run("sync")
    rehearsal.register(0)
    college = rehearsal.college
    college.moodle.grade(college.assignments["D2"], college.learners[0], NOT_YET, grader=college.assessor)
    assert rehearsal.run("sync", "--json").json["claims"]["held"] == 1
    (claim,) = rehearsal.claims()
    assert claim["status"] == "on_hold"
    assert "D2" in claim["hold_reason"]
    assert "CLM-1" in [finding["id"] for finding in claim["blockers"]]

    college.moodle.grade(college.assignments["D2"], college.learners[0], COMPETENT, grader=college.assessor)
    rehearsal.run("sync")
    assert [claim["status"] for claim in rehearsal.claims()] == ["on_hold"]
    assert rehearsal.run("claims", "release", "1").status == 0
    assert [claim["status"] for claim in rehearsal.claims()] == ["proposed"]


def test_a_grade_lost_after_certification_is_flagged_and_never_silently_undone(rehearsal: Rehearsal) -> None:
    """The certificate stays recorded, no second claim appears, and the claim carries the recall caution."""
    rehearsal.college.finish(0)
    rehearsal.run("sync")
    rehearsal.register(0)
    rehearsal.approve("--all-ready")
    rehearsal.run("export")
    for _ in range(3):
        rehearsal.run("reconcile")
    college = rehearsal.college
    college.moodle.grade(college.assignments["A3"], college.learners[0], NOT_YET, grader=college.assessor)
    rehearsal.run("sync")
    (claim,) = rehearsal.claims()
    assert claim["status"] == "certificated"
    assert "CERT-1" in [finding["id"] for finding in claim["cautions"]]


def test_a_blocked_claim_cannot_be_approved(rehearsal: Rehearsal) -> None:
    """Without a registration the claim is refused by rule id, with the remedy, and nothing is exported."""
    rehearsal.college.finish(0)
    rehearsal.run("sync")
    answer = rehearsal.approve("1")
    assert answer.status == 1
    assert "ENT-2" in answer.out
    assert "registrations import" in answer.out
    assert rehearsal.run("export", "--json").json["batches"] == []


def test_a_withdrawn_claim_is_not_proposed_again_on_the_same_facts(rehearsal: Rehearsal) -> None:
    """A person's decision stands until the facts differ."""
    rehearsal.college.finish(0)
    rehearsal.run("sync")
    rehearsal.register(0)
    assert rehearsal.run("claims", "withdraw", "1", "--why", "Moved to another centre.").status == 0
    rehearsal.run("sync")
    assert [claim["status"] for claim in rehearsal.claims()] == ["withdrawn"]
    rehearsal.college.pass_unit(0, "A1")
    rehearsal.run("sync")
    first, second = rehearsal.claims()
    assert (first["status"], second["status"]) == ("withdrawn", "proposed")
    assert first["key"] != second["key"]


def test_a_lost_answer_is_unknown_and_asked_about_before_it_is_sent_again(rehearsal: Rehearsal) -> None:
    """The portal accepted the claim but the answer was lost: reconcile finds it, and it was never sent twice."""
    rehearsal.college.finish(0)
    rehearsal.run("sync")
    rehearsal.register(0)
    rehearsal.approve("--all-ready")
    rehearsal.portal.faults.add("lost_answer")
    answer = rehearsal.run("export")
    assert answer.status == 1
    assert [claim["status"] for claim in rehearsal.claims()] == ["unknown"]
    rehearsal.run("export")
    rehearsal.run("reconcile")
    (claim,) = rehearsal.claims()
    assert claim["status"] in {"acknowledged", "certificated"}
    assert [book["received"] for book in rehearsal.portal.books()["claims"]] == [1]


def test_batch_files_are_private_and_never_overwritten(rehearsal: Rehearsal) -> None:
    """Each format is written once, readable by its owner only, and the JSON is what was sent."""
    rehearsal.college.finish(0)
    rehearsal.run("sync")
    rehearsal.register(0)
    rehearsal.approve("--all-ready")
    (batch,) = rehearsal.run("export", "--json").json["batches"]
    files = [Path(name) for name in batch["files"]]
    assert {file.suffix for file in files} == {".json", ".csv", ".html"}
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    document = json.loads(next(file for file in files if file.suffix == ".json").read_text(encoding="utf-8"))
    assert [claim["name"] for claim in document["claims"]] == ["Sasha Invented0"]


def test_unreleased_workflow_gives_no_decision_until_it_is_released(rehearsal: Rehearsal) -> None:
    """A grade in review counts for nothing; the same grade counts once the flag alone says released."""
    college = rehearsal.college
    late = college.moodle.add_assignment(
        college.course, "A4 sign-off", id_number="A4", grade=-college.scale_id, workflow=True
    )
    college.moodle.grade(late, college.learners[0], COMPETENT, grader=college.assessor, state="inreview")

    def status() -> str:
        rehearsal.run("sync")
        row = next(r for r in rehearsal.run("progress", "--json").json if r["learner"]["id_number"] == "S0")
        return next(unit["status"] for unit in row["units"] if unit["code"] == "A4")

    assert status() == "not_started"
    college.moodle.set_flag_only(late, college.learners[0], "released")
    assert status() == "achieved"
