"""Adjustments from the command line to the batch that goes out."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.moodle.simulator.state import College
from nvqsync.store import Store
from tests.rehearsal import CENTRE_FACTS, NOT_YET, Rehearsal, SmallCollege, rehearsing

NCFE = "NCFE/50102874"
NCFE_UNITS = ("F/601/1609", "L/601/1614", "R/601/1209", "A/601/1205", "T/601/1509")
"""A selection that meets NCFE's rule with exactly 22 credits; NCFE prints no codes."""

TRANSFER = ("--from", "OCR", "--achieved-on", "2020-06-01", "--why", "Achieved elsewhere", "--paper", "Certificate 1")


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Rehearsal]:
    with rehearsing(tmp_path) as running:
        yield running


@pytest.fixture
def ncfe(tmp_path: Path) -> Iterator[Rehearsal]:
    """A college whose one course is NCFE's, approved and allowed to claim directly."""
    with rehearsing(tmp_path, ncfe_college()) as running:
        running.know(CENTRE_FACTS.replace("OCR/03455", NCFE).replace("OCR", "NCFE"))
        with running.portal.open_books() as books:
            books.set_direct_claim_status("NCFE", "12345", NCFE)
            books.register("NCFE", "12345", "10000000", NCFE, name="Sasha Invented0")
        yield running


def ncfe_college() -> SmallCollege:
    moodle = College()
    scale = moodle.add_scale("Competence", ("Not yet competent", "Competent"))
    course = moodle.add_course("N1", "Customer Service Level 1", NCFE)
    assessor = moodle.add_user("Morgan", "Reyes", username="assessor", id_number="STAFF-1")
    moodle.enrol(course, assessor, "editingteacher")
    person = moodle.add_user("Sasha", "Invented0", id_number="S0", profile={"uln": "9276308686", "dob": "1141171200"})
    moodle.enrol(course, person)
    assignments = {u: moodle.add_assignment(course, f"{u} sign-off", id_number=u, grade=-scale.id) for u in NCFE_UNITS}
    return SmallCollege(moodle, course, assessor, [person], assignments, scale.id)


def progress(rehearsal: Rehearsal, learner: str = "S0"):
    return next(r for r in rehearsal.run("progress", "--json").json if r["learner"]["id_number"] == learner)


def test_a_transfer_reaches_every_export_flagged(ncfe: Rehearsal) -> None:
    """CLM-6: the unit gained by credit transfer is named in the batch, in the CSV and on the keying sheet."""
    ncfe.college.pass_unit(0, *NCFE_UNITS[:-1])
    ncfe.run("sync")
    ncfe.register(0, qualification=NCFE)
    assert ncfe.claims() == []
    added = ncfe.run("adjustments", "add", "credit-transfer", "S0", NCFE, "--unit", NCFE_UNITS[-1], *TRANSFER, "--json")
    assert (added.status, added.json["before"]["met"], added.json["after"]["met"]) == (0, False, True)
    (claim,) = ncfe.claims()
    assert claim["blockers"] == []
    assert any("by credit transfer from OCR" in caution["says"] for caution in claim["cautions"])
    assert ncfe.approve("--all-ready").status == 0
    (batch,) = ncfe.run("export", "--json").json["batches"]
    files = {Path(name).suffix: Path(name) for name in batch["files"]}
    (sent,) = json.loads(files[".json"].read_text(encoding="utf-8"))["claims"]
    assert {unit["unit_reference"]: unit["transferred"] for unit in sent["units"]} == {
        **dict.fromkeys(NCFE_UNITS[:-1], False),
        NCFE_UNITS[-1]: True,
    }
    with files[".csv"].open(encoding="utf-8-sig", newline="") as file:
        flags = [value for row in csv.DictReader(file) for name, value in row.items() if name == "Credit transfer"]
    assert sorted(flags) == ["No"] * 4 + ["Yes"]
    assert "credit transfer" in files[".html"].read_text(encoding="utf-8").casefold()
    for _ in range(3):
        ncfe.run("reconcile")
    assert [claim["status"] for claim in ncfe.claims()] == ["certificated"]


def test_taking_a_transfer_back_puts_the_claim_on_hold(ncfe: Rehearsal) -> None:
    """The claim rested on it: it waits, says what is gone, and the record of both stays."""
    ncfe.college.pass_unit(0, *NCFE_UNITS[:-1])
    ncfe.run("sync")
    ncfe.run("adjustments", "add", "credit-transfer", "S0", NCFE, "--unit", NCFE_UNITS[-1], *TRANSFER)
    assert ncfe.run("adjustments", "remove", "1").status == 2
    assert ncfe.run("adjustments", "remove", "1", "--why", "Another person's certificate", "--json").status == 0
    (claim,) = ncfe.claims()
    assert claim["status"] == "on_hold"
    assert NCFE_UNITS[-1] in claim["hold_reason"]
    assert ncfe.run("adjustments", "list", "--json").json == []
    (kept,) = ncfe.run("adjustments", "list", "--all", "--json").json
    assert kept["taken_back"]["why"] == "Another person's certificate"
    assert (kept["paper"], kept["why"]) == ("Certificate 1", "Achieved elsewhere")
    assert progress(ncfe)["adjustments"] == []
    assert ncfe.run("adjustments", "remove", "1", "--why", "again").status == 2


def test_each_change_is_in_the_audit_log_and_no_row_is_ever_edited(ncfe: Rehearsal) -> None:
    """Two entries with their words, a whole chain, and a table that refuses an update."""
    ncfe.run("sync")
    ncfe.run("adjustments", "add", "credit-transfer", "S0", NCFE, "--unit", NCFE_UNITS[0], *TRANSFER)
    ncfe.run("adjustments", "remove", "1", "--why", "Mistyped")
    assert ncfe.run("audit", "verify").status == 0
    with Store(ncfe.database()) as store:
        texts = store.rows(
            "SELECT action, text FROM audit JOIN audit_texts ON audit_id = id WHERE action LIKE 'adjust%' ORDER BY id"
        )
        assert [row["action"] for row in texts] == ["adjustment-recorded", "adjustment-removed"]
        assert "Certificate 1" in texts[0]["text"]
        assert "Mistyped" in texts[1]["text"]
        with pytest.raises(sqlite3.DatabaseError, match="append-only"):
            store.db.conn.execute("UPDATE adjustments SET why = 'else'")


def test_a_dry_run_records_nothing(ncfe: Rehearsal) -> None:
    """It says what the verdict would be, and leaves everything as it was."""
    ncfe.college.pass_unit(0, *NCFE_UNITS[:-1])
    ncfe.run("sync")
    unit = ("--unit", NCFE_UNITS[-1])
    told = ncfe.run("adjustments", "add", "credit-transfer", "S0", NCFE, *unit, *TRANSFER, "--dry-run", "--json").json
    assert (told["id"], told["after"]["met"]) == (None, True)
    assert ncfe.run("adjustments", "list", "--json").json == []
    assert not progress(ncfe)["met"]
    ncfe.run("adjustments", "add", "credit-transfer", "S0", NCFE, *unit, *TRANSFER)
    assert ncfe.run("adjustments", "remove", "1", "--why", "Mistyped", "--dry-run").status == 0
    assert progress(ncfe)["met"]


def test_ocr_10378_takes_no_exception_but_the_same_units_transfer(tmp_path: Path) -> None:
    """ROC-C1-2 by name from the command line; and the transfer of the same unit counts."""
    moodle = College()
    course = moodle.add_course("C1", "Customer Service", "OCR/10378")
    person = moodle.add_user("Sasha", "Invented0", id_number="S0")
    moodle.enrol(course, person)
    with rehearsing(tmp_path, SmallCollege(moodle, course, person, [person], {}, 0)) as running:
        running.run("sync")
        add = ("adjustments", "add")
        words = ("--why", "w", "--paper", "p")
        refused = running.run(*add, "waive", "S0", "OCR/10378", "--requirement", "ROC-C1-1/B", *words)
        assert (refused.status, "ROC-C1-2" in refused.err) == (1, True)
        refused = running.run(*add, "substitute", "S0", "OCR/10378", "--unit", "8", "--for", "6", *words)
        assert (refused.status, "ROC-C1-2" in refused.err) == (1, True)
        assert running.run(*add, "credit-transfer", "S0", "OCR/10378", "--unit", "6", *TRANSFER).status == 0
        units = {unit["code"]: unit["status"] for unit in progress(running)["units"]}
        assert units["6"] == "transferred"


def test_a_waiver_is_named_on_the_claim_and_judged_with(rehearsal: Rehearsal) -> None:
    """Without its unit of group E but with the body's letter the rule is met, and the claim says why."""
    rehearsal.college.pass_unit(0, "F1", "F2", "A3", "B2", "C3", "A1")
    rehearsal.run("sync")
    words = ("--why", "Hardship", "--paper", "Letter of 3 May")
    requirements = progress(rehearsal)["verdict"]["requirements"]
    short = [requirement["id"] for requirement in requirements if not requirement["met"]]
    for requirement in short:
        rehearsal.run("adjustments", "add", "waive", "S0", "OCR/03455", "--requirement", requirement, *words)
    row = progress(rehearsal)
    assert row["met"]
    assert [one["requirement"] for one in row["adjustments"]] == short
    (claim,) = rehearsal.claims()
    assert all(f"{requirement} waived" in str(claim["cautions"]) for requirement in short)


def test_an_adjustment_moves_nobody_elses_claim(rehearsal: Rehearsal) -> None:
    """A new claim of theirs is for a pass to propose, which reads them again first."""
    rehearsal.college.finish(0)
    rehearsal.run("sync")
    rehearsal.college.finish(1)
    rehearsal.moodle.faults.add("no_permission", function="mod_assign_get_grades", after=1)
    rehearsal.run("sync")  # it sees the grades, and cannot read them again
    rehearsal.moodle.faults.clear()
    assert [claim["learner"]["id_number"] for claim in rehearsal.claims()] == ["S0"]
    waive = (
        "adjustments",
        "add",
        "waive",
        "S0",
        "OCR/03455",
        "--requirement",
        "ROC-L2-2/E",
        "--why",
        "w",
        "--paper",
        "p",
    )
    assert rehearsal.run(*waive).status == 0
    assert rehearsal.run("adjustments", "remove", "1", "--why", "A slip").status == 0
    assert [claim["learner"]["id_number"] for claim in rehearsal.claims()] == ["S0"]
    rehearsal.run("sync")
    assert [claim["learner"]["id_number"] for claim in rehearsal.claims()] == ["S0", "S1"]


def test_prior_learning_needs_assessed_evidence(rehearsal: Rehearsal) -> None:
    """ROC-R by name; with the unit assessed the flag is taken, and falls with the grade."""
    rehearsal.run("sync")
    add = (
        "adjustments",
        "add",
        "rpl",
        "S0",
        "OCR/03455",
        "--unit",
        "D2",
        "--why",
        "Worked there",
        "--paper",
        "RPL form",
    )
    refused = rehearsal.run(*add)
    assert (refused.status, "ROC-R" in refused.err) == (1, True)
    rehearsal.college.pass_unit(0, "D2")
    rehearsal.run("sync")
    assert rehearsal.run(*add).status == 0
    assert [one["kind"] for one in progress(rehearsal)["adjustments"]] == ["rpl"]
    college = rehearsal.college
    college.moodle.grade(college.assignments["D2"], college.learners[0], NOT_YET, grader=college.assessor)
    rehearsal.run("sync")
    row = progress(rehearsal)
    assert row["adjustments"] == []
    assert "ROC-R" in str(row["verdict"]["cautions"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("waive", "S0", "OCR/03455"), "--requirement"),
        (("rpl", "S0", "OCR/03455", "--unit", "F1", "--for", "F2"), "--for"),
        (("credit-transfer", "S0", "OCR/03455", "--unit", "F1"), "--from and --achieved-on"),
        (("rpl", "S9", "OCR/03455", "--unit", "F1"), "S9"),
        (("rpl", "S0", "OCR/10378", "--unit", "1"), "not on a course"),
        (("rpl", "S0", "OCR/03455", "--unit", "Z9"), "Z9"),
    ],
)
def test_what_makes_no_sense_is_refused_with_exit_2(
    rehearsal: Rehearsal, arguments: tuple[str, ...], says: str
) -> None:
    """An option too few or too many, an unknown person or unit: said by name, nothing recorded."""
    rehearsal.run("sync")
    answer = rehearsal.run("adjustments", "add", *arguments, "--why", "w", "--paper", "p")
    assert (answer.status, says in answer.err) == (2, True)
    assert rehearsal.run("adjustments", "list", "--all", "--json").json == []
