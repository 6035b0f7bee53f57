"""Registrations from a spreadsheet to the queue: workbooks, one entry, ULNs, weekly lists, progression."""

from __future__ import annotations

import datetime as dt
import io
import json
import random
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from openpyxl import Workbook, load_workbook

from nvqsync.claims import Status
from nvqsync.model import ClaimKind
from nvqsync.proposing import ClaimMove, Move
from nvqsync.storage import store_audit, store_claims
from nvqsync.store import Store
from tests.rehearsal import COMPETENT, NOT_YET, ULNS, Rehearsal, rehearsing, small_college

ROOT = Path(__file__).resolve().parents[2]
HEAD = ("id_number", "qualification", "registered_on", "entry", "candidate_number", "start", "end", "site")
DAY = dt.date(2020, 10, 1)


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Rehearsal]:
    """Three learners; the first two have finished, the third has one unit."""
    with rehearsing(tmp_path, small_college(3)) as running:
        running.college.finish(0)
        running.college.finish(1)
        running.college.pass_unit(2, "F1")
        running.run("sync")
        yield running


def sheet(path: Path, *rows: tuple[object, ...]) -> Path:
    book = Workbook()
    for row in (HEAD, *rows):
        book.active.append(row)
    book.save(path)
    return path


def audit_length(rehearsal: Rehearsal) -> int:
    with Store(rehearsal.database()) as store:
        return len(store_audit.audit_entries(store))


def blockers(rehearsal: Rehearsal, learner: str = "S0") -> set[str]:
    (claim,) = [one for one in rehearsal.claims() if one["learner"]["id_number"] == learner]
    return {finding["id"] for finding in claim["blockers"]}


def cautions(rehearsal: Rehearsal, learner: str = "S0") -> set[str]:
    (claim,) = [one for one in rehearsal.claims() if one["learner"]["id_number"] == learner]
    return {finding["id"] for finding in claim["cautions"]}


# ---------------------------------------------------------------- workbooks


def test_a_workbook_is_imported_as_its_people_filled_it_in(rehearsal: Rehearsal) -> None:
    """Days and numbers as cells; a row that cannot be used is named by its row in the sheet, the others count."""
    path = sheet(
        rehearsal.folder / "entries.xlsx",
        ("S0", "OCR/03455", DAY, "full_award", 10000000, dt.date(2020, 9, 7), dt.date(2030, 8, 31), "North"),
        (),
        ("S9", "OCR/03455", DAY, "full_award", "", None, None, None),
        ("S1", "OCR/03455", DAY, "full_award", 123, None, None, None),
    )
    dry = rehearsal.run("registrations", "import", str(path), "--dry-run", "--json")
    assert (dry.status, dry.json["added"]) == (1, 1)
    assert rehearsal.run("registrations", "list", "--json").json == []
    answer = rehearsal.run("registrations", "import", str(path))
    assert answer.status == 1
    assert "entries.xlsx, row 4: No learner has this id_number" in answer.err
    assert "entries.xlsx, row 5: This is a centre's own candidate number" in answer.err
    (told,) = rehearsal.run("registrations", "list", "--json").json
    assert told == {
        "learner": {"lms_id": told["learner"]["lms_id"], "id_number": "S0", "name": ""}, "qualification": "OCR/03455",
        "entry": "full_award", "candidate_number": "10000000", "registered_on": "2020-10-01", "start": "2020-09-07",
        "end": "2030-08-31", "site": "North",
    }  # fmt: skip
    before = audit_length(rehearsal)
    assert "0 new, 0 changed" in rehearsal.run("registrations", "import", str(path)).out
    assert audit_length(rehearsal) == before


def test_the_template_can_be_filled_in_and_imported(rehearsal: Rehearsal) -> None:
    """It is written once and never over another file; an empty one holds no registrations."""
    path = rehearsal.folder / "template.xlsx"
    assert rehearsal.run("registrations", "template", "--xlsx", str(path)).status == 0
    assert "0 registrations read" in rehearsal.run("registrations", "import", str(path)).out
    book = load_workbook(io.BytesIO(path.read_bytes()))
    book.worksheets[0].append(["S0", None, "10000000", "OCR/03455", DAY, "full_award"])
    book.save(path)
    assert "1 new" in rehearsal.run("registrations", "import", str(path)).out
    again = rehearsal.run("registrations", "template", "--xlsx", str(path))
    assert again.status == 2
    assert "exists already" in again.err
    assert rehearsal.run("registrations", "template", "--xlsx", "/no/such/folder/a.xlsx").status == 2


def test_the_order_of_the_rows_makes_no_difference_and_neither_does_a_second_import(rehearsal: Rehearsal) -> None:
    """Shuffled again and again, the same registrations are stored once."""
    rows = [(f"S{n}", "OCR/03455", DAY, "full_award", f"1000000{n}", DAY, None, "") for n in range(3)]
    rows += [(f"S{n}", "OCR/10378", DAY, "units", f"1000000{n}", None, None, "") for n in range(3)]
    stored = []
    for seed in range(4):
        random.Random(seed).shuffle(rows)
        path = sheet(rehearsal.folder / f"{seed}.xlsx", *rows)
        assert rehearsal.run("registrations", "import", str(path)).status == 0
        listed = rehearsal.run("registrations", "list", "--json").json
        stored.append(sorted(json.dumps(one) for one in listed))
    assert len(stored[0]) == 6
    assert all(one == stored[0] for one in stored)


# ---------------------------------------------------------------- OCR's one entry


def test_ocr_takes_one_entry_and_an_amendment_is_recorded(rehearsal: Rehearsal) -> None:
    """The second entry type is refused with the way to amend; after that the full award is free."""
    rehearsal.register(0, entry="units")
    assert "ENT-1" in blockers(rehearsal)
    refused = rehearsal.register(0)
    assert refused.status == 1
    says = refused.json["errors"][0]["says"]
    assert "ENT-1" in says
    assert "registrations amend LEARNER OCR/03455 full_award" in says
    amend = ("registrations", "amend", "S0", "03455", "full_award", "--why", "Amended by OCR on 5 October")
    before = audit_length(rehearsal)
    assert rehearsal.run(*amend, "--dry-run", "--json").json["amended"] is False
    assert audit_length(rehearsal) == before
    assert rehearsal.run(*amend).status == 0
    assert "ENT-1" not in blockers(rehearsal)
    assert [one["entry"] for one in rehearsal.run("registrations", "list", "--json").json] == ["full_award"]
    again = rehearsal.run(*amend)
    assert again.status == 2
    assert "already" in again.err
    assert rehearsal.run("registrations", "amend", "S1", "03455", "units", "--why", "x").status == 2
    with Store(rehearsal.database()) as store:
        assert store_audit.audit_entries(store)[-1].action != "registration-recorded"


def test_both_entries_in_one_file_are_refused_on_the_second(rehearsal: Rehearsal) -> None:
    """NCFE may be asked for either; OCR's second row is an error, whichever comes first."""
    for number, entries in enumerate((("units", "full_award"), ("full_award", "units"))):
        path = sheet(
            rehearsal.folder / f"{number}.xlsx",
            *((f"S{number}", "OCR/03455", DAY, entry, None, None, None, None) for entry in entries),
        )
        answer = rehearsal.run("registrations", "import", str(path), "--json")
        assert [error["line"] for error in answer.json["errors"]] == [3]
    assert [one["entry"] for one in rehearsal.run("registrations", "list", "--json").json] == ["units", "full_award"]
    both = [("S2", "NCFE/50102874", DAY, entry, None, None, None, None) for entry in ("units", "full_award")]
    assert rehearsal.run("registrations", "import", str(sheet(rehearsal.folder / "n.xlsx", *both))).status == 0


def test_a_registration_that_has_ended_blocks(rehearsal: Rehearsal) -> None:
    """The day after its end, until it is imported with a later one."""
    for end, blocked in ((dt.date(2020, 12, 31), True), (dt.date(2040, 12, 31), False)):
        row = ("S0", "OCR/03455", DAY, "full_award", "10000000", None, end, None)
        rehearsal.run("registrations", "import", str(sheet(rehearsal.folder / f"{end}.xlsx", row)))
        assert ("ENT-2/end" in blockers(rehearsal)) == blocked


# ---------------------------------------------------------------- one ULN, two accounts


def test_a_shared_uln_blocks_both_until_somebody_says_whose_it_is(rehearsal: Rehearsal) -> None:
    """Then the owner is free, the other goes without one, and the batch leaves it blank."""
    college = rehearsal.college
    college.learners[1].profile["uln"] = f"{ULNS[0][:3]} {ULNS[0][3:]}"
    rehearsal.run("sync", "--full")
    rehearsal.register(0, 1)
    assert "ID-05/shared" in blockers(rehearsal, "S0") & blockers(rehearsal, "S1")
    before = audit_length(rehearsal)
    say = ("confirm", "uln", ULNS[0], "S0", "--why", "Her LRS letter")
    assert rehearsal.run(*say, "--dry-run").status == 0
    assert audit_length(rehearsal) == before
    answer = rehearsal.run(*say)
    assert "1 other account counts as without one" in answer.out
    assert ULNS[0] not in answer.out
    assert blockers(rehearsal, "S0") == blockers(rehearsal, "S1") == set()
    assert {"ID-06", "ID-06/other"} <= cautions(rehearsal, "S1")
    assert not {"ID-06", "ID-06/other"} & cautions(rehearsal, "S0")
    with Store(rehearsal.database()) as store:
        assert not any(ULNS[0] in row["text"] for row in store.rows("SELECT text FROM audit_texts"))
    rehearsal.approve("--all-ready", "--why", "Checked.")
    (batch,) = rehearsal.run("export", "--json").json["batches"]
    sent = json.loads(next(Path(name).read_text("utf-8") for name in batch["files"] if name.endswith(".json")))
    assert [claim["uln"] for claim in sent["claims"]] == [ULNS[0], None]


def test_a_word_about_a_uln_can_be_changed_and_must_make_sense(rehearsal: Rehearsal) -> None:
    """A registration made with the other's number blocks; the later word holds; a number nobody shares is refused."""
    path = rehearsal.folder / "r.csv"
    path.write_text(
        "id_number,uln,qualification,registered_on\nS0,,OCR/03455,2020-10-01\nS1,,OCR/03455,2020-10-01\n", "utf-8"
    )
    rehearsal.run("registrations", "import", str(path))
    with Store(rehearsal.database()) as store, store.writing():
        store.execute("UPDATE registrations SET uln = ? WHERE id = 2", [ULNS[0]])
    rehearsal.run("confirm", "uln", ULNS[0], "S0", "--why", "Her letter")
    assert "ID-05/registered" in blockers(rehearsal, "S1")
    assert rehearsal.run("confirm", "uln", ULNS[0], "S1", "--why", "No, his").status == 0
    assert "ID-05/registered" not in blockers(rehearsal, "S1")
    assert "ID-06/other" in cautions(rehearsal, "S0")
    path.write_text(f"uln,qualification,registered_on\n{ULNS[0]},OCR/10378,2020-10-01\n", "utf-8")
    assert rehearsal.run("registrations", "import", str(path)).status == 0
    assert rehearsal.run("registrations", "list", "--json").json[-1]["learner"]["id_number"] == "S1"
    for uln, learner, says in ((ULNS[2], "S2", "Two accounts do not"), (ULNS[0], "S2", "does not carry")):
        refused = rehearsal.run("confirm", "uln", uln, learner, "--why", "x")
        assert refused.status == 2
        assert says in refused.err


# ---------------------------------------------------------------- weekly


def learner_id(rehearsal: Rehearsal, number: int) -> str:
    return str(rehearsal.college.learners[number].id)


def test_the_weekly_lists_tell_who_what_and_how(rehearsal: Rehearsal) -> None:
    """Unregistered; early evidence; a leaver's unclaimed units, claimed by nobody but a person; claims due."""
    college, today = rehearsal.college, dt.datetime.now(dt.UTC).date()
    rows = [
        ("S0", "OCR/03455", DAY, "full_award", "10000000", None, today + dt.timedelta(days=10), None),
        ("S2", "OCR/03455", today, "full_award", "10000002", None, None, None),
    ]
    rehearsal.run("registrations", "import", str(sheet(rehearsal.folder / "w.xlsx", *rows)))
    with Store(rehearsal.database()) as store, store.writing():  # as if the evidence were of long before
        late = (today + dt.timedelta(days=400)).isoformat()
        store.execute(
            "UPDATE registrations SET registered_on = ? WHERE learner_id = ?", [late, learner_id(rehearsal, 2)]
        )
    rehearsal.run("learner", "status", "S2", "leaver", "--why", "Moved away")
    before, claims = audit_length(rehearsal), rehearsal.claims()
    lists = rehearsal.run("weekly", "--json").json
    assert (audit_length(rehearsal), rehearsal.claims()) == (before, claims)
    assert [one["learner"]["id_number"] for one in lists["unregistered"]] == ["S1"]
    (early,) = lists["evidence_before_registration"]
    assert (early["learner"]["id_number"], early["units"]) == ("S2", ["F1"])
    (leaver,) = lists["leavers_with_unclaimed_units"]
    assert (leaver["learner"]["id_number"], leaver["units"]) == ("S2", ["F1"])
    assert leaver["next_step"] == "To claim them: 'nvqsync claims request-units S2 OCR/03455'."
    (due,) = lists["claims_due"]
    assert (due["learner"]["id_number"], due["on"]) == ("S0", (today + dt.timedelta(days=10)).isoformat())
    assert due["claim"] == 1
    assert rehearsal.run("weekly", "--weeks", "1", "--json").json["claims_due"] == []
    assert rehearsal.run("weekly", "-q", "OCR/10378", "--json").json["unregistered"] == []
    text = rehearsal.run("weekly").out
    assert "Enrolled but not registered: 1" in text
    college.moodle.grade(college.assignments["F1"], college.learners[2], NOT_YET, grader=college.assessor)
    rehearsal.run("sync")
    assert "Leavers with unclaimed units (to be claimed only when you ask for it): none" in rehearsal.run("weekly").out


# ---------------------------------------------------------------- progression


@pytest.fixture
def moved_on(tmp_path: Path) -> Iterator[Rehearsal]:
    """A learner with F1 and A1 from a Level 1 course who has finished the rest of Level 2."""
    with rehearsing(tmp_path, small_college(1)) as running:
        college = running.college
        course = college.moodle.add_course("CS1", "Customer Service Level 1", "OCR/03454")
        college.moodle.enrol(course, college.assessor, "editingteacher")
        college.moodle.enrol(course, college.learners[0])
        for code in ("F1", "A1"):
            item = college.moodle.add_assignment(course, f"{code} L1", id_number=code, grade=-college.scale_id)
            college.moodle.grade(item, college.learners[0], COMPETENT, grader=college.assessor)
        college.pass_unit(0, "F2", "A3", "B2", "C3", "D2")
        running.run("sync")
        running.register(0)
        yield running


def test_units_of_level_1_count_at_level_2_after_one_confirmation(moved_on: Rehearsal) -> None:
    """Nothing is claimed before; after it claim, learner's page and batch say where each unit comes from."""
    assert moved_on.claims() == []
    page = moved_on.run("progress", "S0", "-q", "03455").out
    assert "F1, A1. To confirm: nvqsync confirm progression S0 OCR/03455" in " ".join(page.split())
    confirm = ("confirm", "progression", "S0", "OCR/03455", "--why", "Moved on to Level 2")
    dry = moved_on.run(*confirm, "--dry-run", "--json")
    assert [one["unit"] for one in dry.json] == ["F1", "A1"]
    assert moved_on.run("adjustments", "list", "--json").json == []
    assert "F1, A1" in moved_on.run(*confirm).out
    assert {one["kind"] for one in moved_on.run("adjustments", "list", "--json").json} == {"progression"}
    (claim,) = moved_on.claims()
    assert claim["blockers"] == []
    story = moved_on.run("claims", "show", "1", "--json").json
    told = {unit["code"]: (unit["progressed_from"], unit["held"]) for unit in story["units"]}
    assert told["F1"] == told["A1"] == ("OCR/03454", False)
    assert told["F2"] == (None, False)
    assert "achieved under OCR/03454" in moved_on.run("claims", "show", "1").out
    assert moved_on.approve("1", "--why", "Checked.").status == 0
    (batch,) = moved_on.run("export", "--json").json["batches"]
    sent = json.loads(next(Path(name).read_text("utf-8") for name in batch["files"] if name.endswith(".json")))
    jsonschema.validate(sent, json.loads((ROOT / "docs/batch.schema.json").read_text("utf-8")))
    units = {unit["code"]: unit["progressed_from"] for unit in sent["claims"][0]["units"]}
    assert (units["F1"], units["F2"]) == ("OCR/03454", None)
    assert moved_on.run("reconcile", "--json").json["problems"] == []


def test_a_confirmation_is_for_what_is_on_offer(moved_on: Rehearsal) -> None:
    """One unit at a time where asked; twice, or for nothing, it is refused with what to look at."""
    only = ("confirm", "progression", "S0", "OCR/03455", "--why", "Moved on")
    assert "in OCR/03455: A1." in moved_on.run(*only, "--unit", "A1").out
    assert moved_on.claims() == []
    again = moved_on.run(*only, "--unit", "A1")
    assert again.status != 0
    assert moved_on.run(*only).status == 0
    assert len(moved_on.claims()) == 1
    nothing = moved_on.run(*only)
    assert nothing.status == 2
    assert "on offer" in nothing.err
    moved_on.run("adjustments", "remove", "2", "--why", "A slip")
    assert moved_on.claims()[0]["status"] == "on_hold"
    assert moved_on.run("adjustments", "add", "progression", "S0", "OCR/03455", "--unit", "F1").status == 2


def certificated(rehearsal: Rehearsal) -> int:
    """A claim for unit F1 of OCR/03454, certificated years ago; returns its number."""
    person = str(rehearsal.college.learners[0].id)
    unit = {"code": "F1", "unit_reference": "F/601/1609", "achieved_on": "2018-03-01", "transferred": False}
    facts = {"units": [unit], "credits": 4, "basis": {"F1": "x"}, "verdict": {}}
    with Store(rehearsal.database()) as store:
        move = ClaimMove(
            Move.PROPOSE, None, Status.PROPOSED, facts, "mark", (), "Long ago.", person, "OCR/03454", "OCR",
            ClaimKind.UNITS,
        )  # fmt: skip
        store_claims.make_moves(store, [move], at=1, actor="test", centre_number="12345")
        (claim,) = store_claims.claims(store, "kind = 'units'")
        store_claims.change_claim(store, claim, Status.CERTIFICATED, at=2, actor="test", action="certificate", why="")
    return claim.id


def test_a_unit_that_the_body_has_certificated_is_held_and_not_keyed_again(moved_on: Rehearsal) -> None:
    """The claim, the batch and the keying sheet mark it; a claim without the candidate's number is stopped."""
    number = certificated(moved_on)
    moved_on.run("confirm", "progression", "S0", "OCR/03455", "--why", "Moved on")
    (claim,) = [one for one in moved_on.claims() if one["kind"] == "full_award"]
    assert claim["blockers"] == []
    units = {unit["code"]: unit for unit in moved_on.run("claims", "show", str(claim["id"]), "--json").json["units"]}
    assert (units["F1"]["status"], units["F1"]["held"], units["F1"]["achieved_on"]) == ("held", True, "2018-03-01")
    assert (units["A1"]["status"], units["A1"]["held"]) == ("achieved", False)
    assert "held already" in moved_on.run("claims", "show", str(claim["id"])).out
    with Store(moved_on.database()) as store:
        (earlier, _) = store_claims.standing_claims(store, "OCR")[claim["learner"]["lms_id"]]
        assert store_claims.standing_claims(store, "OCR", ["nobody"]) == {}
    assert (earlier.claim_id, earlier.units, earlier.certificated) == (number, ("F/601/1609",), True)
    row = ("S0", "OCR/03455", DAY, "full_award", "", None, None, None)
    moved_on.run("registrations", "import", str(sheet(moved_on.folder / "n.xlsx", row)))
    (claim,) = [one for one in moved_on.claims() if one["kind"] == "full_award"]
    assert "ID-09" in {finding["id"] for finding in claim["blockers"]}
    moved_on.register(0)
    moved_on.run("claims", "release", str(claim["id"]))
    assert moved_on.approve(str(claim["id"]), "--why", "Checked.").status == 0
    (batch,) = moved_on.run("export", "--json").json["batches"]
    files = {Path(name).suffix: Path(name).read_text("utf-8") for name in batch["files"]}
    sent = {unit["code"]: unit["held"] for unit in json.loads(files[".json"])["claims"][0]["units"]}
    assert sent == {"F1": True, **dict.fromkeys(("A1", "F2", "A3", "B2", "C3", "D2"), False)}
    assert "do not claim them again" in files[".html"]
