"""The commands around claims, as the exams officer types them: lists, stories, actions, gates, the audit log."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from nvqsync.bootstrap import bootstrap
from nvqsync.centre import EndDate
from nvqsync.centres.centre_record import CentreRecord
from nvqsync.claims import Event, Status
from nvqsync.errors import NotAllowed
from nvqsync.proposing import ClaimMove, Move
from nvqsync.review import act
from nvqsync.settling import settle
from nvqsync.storage import store_audit, store_centre, store_claims
from nvqsync.store import Store
from tests.rehearsal import CENTRE, COMPETENT, NOT_YET, ULNS, Rehearsal, rehearsing, small_college


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Rehearsal]:
    """Two learners have finished; one of them is registered."""
    with rehearsing(tmp_path, small_college(3)) as running:
        running.college.finish(0)
        running.college.finish(1)
        running.college.pass_unit(2, "F1")
        running.run("sync")
        running.register(0)
        yield running


def audit_length(rehearsal: Rehearsal) -> int:
    with Store(rehearsal.database()) as store:
        return len(store_audit.audit_entries(store))


def listed(rehearsal: Rehearsal, *arguments: str) -> list[int]:
    return [claim["id"] for claim in rehearsal.run("claims", "list", "--json", *arguments).json]


# ---------------------------------------------------------------- looking


def test_the_list_is_filtered_by_status_qualification_and_blockers(rehearsal: Rehearsal) -> None:
    """Each filter alone and together; a qualification may be named by its code."""
    assert listed(rehearsal) == [1, 2]
    assert listed(rehearsal, "--ready") == [1]
    assert listed(rehearsal, "--blocked") == [2]
    assert listed(rehearsal, "--qualification", "03455") == [1, 2]
    assert listed(rehearsal, "-q", "OCR/03454") == []
    rehearsal.run("claims", "hold", "1", "--why", "Waiting for the tutor.")
    assert listed(rehearsal, "--status", "on_hold") == [1]
    assert listed(rehearsal, "--status", "on_hold", "--status", "proposed") == [1, 2]
    assert listed(rehearsal, "--status", "proposed", "--ready") == []


def test_the_table_shows_who_what_and_why_not(rehearsal: Rehearsal) -> None:
    """Names, status and the ids of what blocks; no ULN and no date of birth."""
    out = rehearsal.run("claims", "list").out
    assert "Sasha Invented0" in out
    assert "ENT-2" in out
    assert not [number for number in ULNS if number in out]


def test_an_empty_store_says_what_to_do_next(tmp_path: Path) -> None:
    """Every looking command works before the first pass, and points to it."""
    with rehearsing(tmp_path) as fresh:
        for arguments in (["claims", "list"], ["progress"], ["status"]):
            answer = fresh.run(*arguments)
            assert answer.status == 0
            assert "nvqsync sync" in answer.err
        assert fresh.run("claims", "list", "--json").json == []
        assert fresh.run("progress", "--json").json == []
        assert fresh.approve("--all-ready").status == 0
        assert fresh.run("export", "--json").json["batches"] == []
        assert fresh.run("reconcile").status == 0
        assert fresh.run("audit", "verify").status == 0
        assert fresh.run("registrations", "list", "--json").json == []


def test_the_story_of_a_claim_goes_down_to_the_grades(rehearsal: Rehearsal) -> None:
    """Verdict, units, grades and assessor, history, and what may be done now."""
    out = rehearsal.run("claims", "show", "1").out
    for word in ("Sasha Invented0", "Rule of combination", "F1", "Competent", "History", "Possible now: approve"):
        assert word in out
    story = rehearsal.run("claims", "show", "1", "--json").json
    assert story["verdict"]["met"]
    assert {unit["code"] for unit in story["units"]} == {"F1", "F2", "A3", "B2", "C3", "D2"}
    for unit in story["units"]:
        assert unit["decisions"][0]["grade"] == "Competent"
        assert unit["signed_off_by"] == str(rehearsal.college.assessor.id)
    assert [entry["action"] for entry in story["history"]] == ["propose", "refresh"]
    assert story["actions"] == ["approve", "hold", "withdraw"]


def test_a_name_cannot_play_tricks_with_the_terminal(rehearsal: Rehearsal) -> None:
    """Control characters and letters that turn the line round are not printed; JSON keeps the name as it is."""
    path = rehearsal.folder / "odd.csv"
    path.write_text("id_number,qualification,registered_on,name\nS1,OCR/03455,2020-10-01,x\n", encoding="utf-8")
    rehearsal.run("registrations", "import", str(path))
    with Store(rehearsal.database()) as store, store.writing():
        store.execute("UPDATE learners SET name = ? WHERE id_number = 'S1'", ["Eve\x1b[2J\u202eil"])
    asked = ("claims list", "claims show 2", "progress", "progress S1", "whatif S1 -u A1", "route S1")
    for arguments in map(str.split, asked):
        out = rehearsal.run(*arguments).out
        assert "Eve" in out
        assert "\x1b" not in out
        assert "\u202e" not in out
    assert rehearsal.run("claims", "show", "2", "--json").json["learner"]["name"] == "Eve\x1b[2J\u202eil"


@pytest.mark.parametrize("number", ["77", "0", "-1", "99999999999999999999", "one"])
def test_a_claim_that_is_not_there_is_a_sentence(rehearsal: Rehearsal, number: str) -> None:
    """Status 2, whatever the command; nothing is done to the others that were named."""
    for arguments in (["claims", "show"], ["audit", "show"], ["claims", "approve", "1"]):
        answer = rehearsal.run(*arguments, "--", number)
        assert answer.status == 2, arguments
        assert answer.err.strip()
    assert [claim["status"] for claim in rehearsal.claims()] == ["proposed", "proposed"]


# ---------------------------------------------------------------- acting


def test_all_ready_approves_what_nothing_blocks(rehearsal: Rehearsal) -> None:
    """The blocked claim stays as it is, and a second time there is nothing left to do."""
    answer = rehearsal.approve("--all-ready", "--json")
    assert answer.status == 0
    assert answer.json == [{"id": 1, "status": "approved", "refused": None}]
    assert [claim["status"] for claim in rehearsal.claims()] == ["approved", "proposed"]
    again = rehearsal.approve("--all-ready")
    assert again.status == 0
    assert "Nothing is ready" in again.err


def test_a_claim_named_twice_is_approved_once(rehearsal: Rehearsal) -> None:
    """And one refused among several does not keep the others back."""
    answer = rehearsal.approve("1", "2", "1", "--json")
    assert answer.status == 1
    assert [(row["id"], row["status"], bool(row["refused"])) for row in answer.json] == [
        (1, "approved", False), (2, "proposed", True),
    ]  # fmt: skip


@pytest.mark.parametrize("event", ["approve", "hold", "withdraw"])
def test_a_dry_run_says_what_would_happen_and_writes_nothing(rehearsal: Rehearsal, event: str) -> None:
    """No claim moves and the audit log does not grow."""
    before, length = rehearsal.claims(), audit_length(rehearsal)
    said = ("--declare", "all", "--note", "Looked at.") if event == "approve" else ()
    answer = rehearsal.run("claims", event, "1", "--dry-run", "--why", "Just asking.", *said)
    assert answer.status == 0
    assert f"would {event}" in answer.out
    assert (rehearsal.claims(), audit_length(rehearsal)) == (before, length)


def test_a_dry_run_tells_what_would_be_refused(rehearsal: Rehearsal) -> None:
    """With exit status 1 and the rule's id, as the real thing would."""
    answer = rehearsal.approve("2", "--dry-run")
    assert answer.status == 1
    assert "ENT-2" in answer.out


@pytest.mark.parametrize("event", ["hold", "withdraw"])
@pytest.mark.parametrize("why", [[], ["--why", ""], ["--why", "  "]])
def test_hold_and_withdraw_need_a_reason(rehearsal: Rehearsal, event: str, why: list[str]) -> None:
    """Without one: status 2, and the option to add."""
    answer = rehearsal.run("claims", event, "1", *why)
    assert answer.status == 2
    assert "--why" in answer.err
    assert rehearsal.claims()[0]["status"] == "proposed"


def test_what_the_status_does_not_allow_is_refused_with_what_it_does(rehearsal: Rehearsal) -> None:
    """An approved claim cannot be approved or released; a withdrawn one cannot be moved at all."""
    rehearsal.approve("1")
    for event in ("approve", "release"):
        answer = rehearsal.run("claims", event, "1")
        assert answer.status == 1
        assert "hold, withdraw" in answer.out
    rehearsal.run("claims", "withdraw", "1", "--why", "Moved away.")
    assert "nothing by hand" in rehearsal.run("claims", "hold", "1", "--why", "x").out


def test_the_reason_and_the_person_stand_in_the_story(rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who did it, why, and from where to where; a release takes the reason off the claim but not out of the log."""
    monkeypatch.setenv("NVQSYNC_ACTOR", "j.exams")
    rehearsal.run("claims", "hold", "1", "--why", "Name to be checked.")
    assert rehearsal.claims()[0]["hold_reason"] == "Name to be checked."
    rehearsal.run("claims", "release", "1")
    assert rehearsal.claims()[0]["hold_reason"] is None
    out = rehearsal.run("audit", "show", "1").out
    assert (
        "j.exams put the claim on hold. Name to be checked. It went from waiting for a person's approval to on hold."
        in out
    )
    assert "j.exams released the claim from hold." in out


def test_facts_are_settled_before_an_approval(rehearsal: Rehearsal) -> None:
    """A certification end date entered a moment ago blocks at once, without a pass in between."""
    closed = EndDate(True, dt.date(2021, 8, 31), dt.date(2021, 1, 1))
    with Store(rehearsal.database()) as store:  # recorded without settling, as if the process died in between

        def close(known: CentreRecord) -> CentreRecord:
            return known.with_items(replace(known.approval("OCR/03455"), certification_end=closed))

        store_centre.record(store, close, actor="ann", at=1)
    answer = rehearsal.approve("1")
    assert answer.status == 1
    assert "ENT-6" in answer.out


def test_the_second_of_two_people_loses_and_overwrites_nothing(rehearsal: Rehearsal) -> None:
    """Both looked at version so-and-so; the first one's hold stands, the second is told to look again."""
    with Store(rehearsal.database()) as store:
        seen = store_claims.claim(store, 1)
        store_claims.change_claim(store, seen, Status.ON_HOLD, at=1, actor="first", action="hold", why="Wait.")
        with pytest.raises(NotAllowed, match="somebody else") as lost:
            store_claims.change_claim(store, seen, Status.APPROVED, at=2, actor="second", action="approve", why="")
        assert "claims show 1" in lost.value.next_step
        assert store_claims.claim(store, 1).status is Status.ON_HOLD
        story = store_audit.audit_story(store, "claim:1")
        assert [entry["actor"] for entry in story][-1] == "first"


def test_a_pass_that_is_overtaken_by_a_person_gives_way(rehearsal: Rehearsal) -> None:
    """A claim that a person changed while the pass was judging keeps what the person did, and the pass ends well."""
    app = bootstrap(rehearsal.folder / "nvqsync.toml")
    with Store(rehearsal.database()) as store:
        rehearsal.college.pass_unit(0, "A1")
        rehearsal.run("sync")
        before = store_claims.claim(store, 1)
        act(app, store, [1], Event.HOLD, by="officer", why="Mine.")
        stale = ClaimMove(Move.HOLD, before, Status.ON_HOLD, before.facts, before.fingerprint, (), "The pass's.",
                          before.learner_id, before.qualification_id, before.awarding_body)  # fmt: skip
        moves = store_claims.make_moves(store, [stale], at=1, actor="nvqsync", centre_number=CENTRE)
        assert moves == []
        assert store_claims.claim(store, 1).hold_reason == "Mine."
        again = ClaimMove(Move.PROPOSE, None, Status.PROPOSED, before.facts, "f", (), "Met.",
                          before.learner_id, before.qualification_id, before.awarding_body)  # fmt: skip
        assert store_claims.make_moves(store, [again], at=1, actor="nvqsync", centre_number=CENTRE) == []
        settle(app, store, by="nvqsync")
    assert rehearsal.run("audit", "verify").status == 0


# ---------------------------------------------------------------- facts that move under a claim


def test_a_course_that_is_mapped_no_more_holds_what_waits(rehearsal: Rehearsal) -> None:
    """Nobody judges the claim any longer: it must not go out, and the reason says where to look."""
    rehearsal.approve("1")
    mapping = '[[course]]\nid_number = "OCR/03455"\nqualification = "OCR/03454"\n'
    (rehearsal.folder / "mapping.toml").write_text(mapping, encoding="utf-8")
    rehearsal.add_settings('[mapping]\nfile = "mapping.toml"\n')
    answer = rehearsal.run("export")
    assert answer.status == 1, answer
    claim = rehearsal.claims()[0]
    assert claim["status"] == "on_hold"
    assert "mapping check" in claim["hold_reason"]
    assert rehearsal.portal.books()["claims"] == []


def test_a_ulns_second_owner_blocks_wherever_the_number_stands(rehearsal: Rehearsal) -> None:
    """A registration that carries another learner's ULN blocks both claims."""
    path = rehearsal.folder / "r.csv"
    path.write_text("id_number,qualification,registered_on\nS1,OCR/03455,2020-10-01\n", encoding="utf-8")
    rehearsal.run("registrations", "import", str(path))
    with Store(rehearsal.database()) as store, store.writing():
        store.execute("UPDATE registrations SET uln = ? WHERE candidate_number = ''", [ULNS[0]])
    rehearsal.run("sync")
    for claim in rehearsal.claims():
        assert "ID-05/shared" in [finding["id"] for finding in claim["blockers"]]


# ---------------------------------------------------------------- progress


def test_progress_as_json_csv_and_table_agree(rehearsal: Rehearsal) -> None:
    """The same learners with the same credits in each form."""
    rows = rehearsal.run("progress", "--json").json
    assert [(row["learner"]["id_number"], row["met"], row["credits_counted"]) for row in rows] == [
        ("S0", True, 29), ("S1", True, 29), ("S2", False, 4),
    ]  # fmt: skip
    assert len(rows[0]["units"]) == len(rehearsal.run("units", "OCR/03455", "--json").json)
    sheet = list(csv.DictReader(io.StringIO(rehearsal.run("progress", "--csv").out)))
    assert {(row["id_number"], row["met"], row["credits_counted"]) for row in sheet} == {
        ("S0", "true", "29"), ("S1", "true", "29"), ("S2", "false", "4"),
    }  # fmt: skip
    done = {row["unit"] for row in sheet if row["id_number"] == "S2" and row["status"] == "achieved"}
    assert done == {"F1"}
    table = rehearsal.run("progress").out
    assert [line.split()[0] for line in table.splitlines()[1:]] == ["S0", "S1", "S2"]
    assert rehearsal.run("progress", "--json", "--csv").status == 2


def test_one_learners_progress_says_what_is_short(rehearsal: Rehearsal) -> None:
    """By ID number or Moodle id, with the cheapest way to finish."""
    person = rehearsal.college.learners[2]
    by_number, by_id = rehearsal.run("progress", "S2"), rehearsal.run("progress", str(person.id))
    assert by_number.out == by_id.out
    assert "NOT MET: 4 credits counted" in by_number.out
    assert "Cheapest way to finish" in by_number.out
    assert rehearsal.run("progress", "S9").status == 2


def test_an_id_number_goes_before_a_moodle_id_and_two_alike_are_refused(rehearsal: Rehearsal) -> None:
    """A learner whose ID number is another one's Moodle id is found by it; an empty text finds nobody."""
    first, second, third = rehearsal.college.learners
    with Store(rehearsal.database()) as store, store.writing():
        store.execute("UPDATE learners SET id_number = ? WHERE lms_id = ?", [str(first.id), str(second.id)])
    (row,) = rehearsal.run("progress", str(first.id), "--json").json
    assert row["learner"]["lms_id"] == str(second.id)
    with Store(rehearsal.database()) as store, store.writing():
        store.execute("UPDATE learners SET id_number = 'SAME' WHERE lms_id IN (?, ?)", [str(first.id), str(third.id)])
    answer = rehearsal.run("progress", "SAME")
    assert answer.status == 2
    assert "Moodle ids" in answer.err


def test_a_unit_achieved_under_another_qualification_is_offered_not_counted(rehearsal: Rehearsal) -> None:
    """The Level 1 course's F2 is also a unit of Level 2: the learner is told, the verdict does not move."""
    college = rehearsal.college
    other = college.moodle.add_course("CS1", "Customer Service Level 1", "OCR/03454")
    college.moodle.enrol(other, college.assessor, "editingteacher")
    college.moodle.enrol(other, college.learners[2])
    task = college.moodle.add_assignment(other, "F2 sign-off", id_number="F2", grade=-college.scale_id)
    college.moodle.grade(task, college.learners[2], COMPETENT, grader=college.assessor)
    rehearsal.run("sync")
    row = next(r for r in rehearsal.run("progress", "S2", "-q", "OCR/03455", "--json").json)
    assert row["offered"] == ["F2"]
    assert row["credits_counted"] == 4
    assert "counts once confirmed: F2" in rehearsal.run("progress", "S2", "-q", "03455").out


def test_a_spreadsheet_takes_no_name_for_a_formula(rehearsal: Rehearsal) -> None:
    """Neither in the progress sheet."""
    with Store(rehearsal.database()) as store, store.writing():
        store.execute("UPDATE learners SET name = '=1+1' WHERE id_number = 'S0'")
    sheet = list(csv.DictReader(io.StringIO(rehearsal.run("progress", "--csv", "S0").out)))
    assert {row["name"] for row in sheet} == {"'=1+1"}


# ---------------------------------------------------------------- gates and audit


def test_gates_lists_every_gate_with_its_source(rehearsal: Rehearsal) -> None:
    """For all bodies, or those that look at one qualification."""
    every = rehearsal.run("gates", "--json").json["gates"]
    assert {"ENT-2", "ENT-6", "CLM-1"} <= {gate["id"] for gate in every}
    assert all(gate["says"] and gate["source"] and gate["severity"] in {"blocks", "cautions"} for gate in every)
    edi = {gate["id"] for gate in rehearsal.run("gates", "EDI/L2-CS", "--json").json["gates"]}
    assert "ENT-1" not in edi
    assert "ENT-2" in rehearsal.run("gates", "OCR/03455").out
    assert rehearsal.run("gates", "OCR/03459").status == 2


CLAIM = "SELECT MIN(id) FROM audit WHERE subject = 'claim:' ||"


def tamper(rehearsal: Rehearsal, *statements: str) -> None:
    """What somebody with the file and a database browser can do: take the triggers off and write."""
    with sqlite3.connect(rehearsal.database()) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            db.execute(statement)
    db.close()


@pytest.mark.parametrize(
    ("statement", "first_bad", "strayed"),
    [
        ("UPDATE audit SET actor = 'somebody else' WHERE id = 2", "2", []),
        ("UPDATE audit SET to_status = 'certificated' WHERE id = 1", "1", []),
        (f"DELETE FROM audit WHERE id = ({CLAIM} 2)", f"({CLAIM} 2)", [2]),
        ("UPDATE audit_texts SET text = 'All in order.' WHERE audit_id = 3", "3", []),
        ("UPDATE audit_texts SET salt = 'no number' WHERE audit_id = 3", "3", []),
        ("DELETE FROM audit_texts WHERE audit_id = 1", "1", []),
        ("DELETE FROM audit WHERE id = (SELECT MAX(id) FROM audit)", "(SELECT MAX(id) FROM audit)", [1]),
        ("UPDATE claims SET status = 'approved' WHERE id = 2", "NULL", [2]),
        ("UPDATE claims SET status = 'certificated' WHERE id = 1", "NULL", [1]),
    ],
)
def test_what_is_done_behind_the_logs_back_is_found(
    rehearsal: Rehearsal, statement: str, first_bad: str, strayed: list[int]
) -> None:
    """An edit, a deletion, other words, a log cut short, a claim moved by hand: each is named, with exit status 1."""
    rehearsal.run("claims", "hold", "1", "--why", "Checked by hand.")
    assert rehearsal.run("audit", "verify", "--json").json["whole"]
    with Store(rehearsal.database()) as store:
        ((expected,),) = store.execute(f"SELECT {first_bad}")
    tamper(rehearsal, statement)
    answer = rehearsal.run("audit", "verify", "--json")
    assert answer.status == 1
    assert (answer.json["first_bad"], answer.json["strayed_claims"]) == (expected, strayed)
    told = rehearsal.run("audit", "verify").out
    assert f"entry {expected} does not fit" in told if expected else f"Claim {strayed[0]} is not where" in told


def test_the_log_holds_no_personal_data_in_its_chain(rehearsal: Rehearsal) -> None:
    """Names and reasons stand in the side table only."""
    rehearsal.run("claims", "hold", "1", "--why", "Sasha Invented0 asked to wait.")
    with Store(rehearsal.database()) as store:
        chain = json.dumps(store.rows("SELECT * FROM audit"))
    assert "Invented" not in chain
    assert not [number for number in ULNS if number in chain]


def test_a_grade_taken_back_after_the_certificate_names_every_unit_lost(rehearsal: Rehearsal) -> None:
    """The flag grows with what is lost and goes when it comes back; the claim's status never moves."""
    rehearsal.approve("1")
    rehearsal.run("export")
    rehearsal.run("reconcile")
    college = rehearsal.college

    def cautions(*codes: str, grade: int) -> str:
        for code in codes:
            college.moodle.grade(college.assignments[code], college.learners[0], grade, grader=college.assessor)
        rehearsal.run("sync")
        claim = rehearsal.claims()[0]
        assert claim["status"] == "certificated"
        return " ".join(finding["says"] for finding in claim["cautions"] if finding["id"] == "CERT-1")

    assert "A3" in cautions("A3", grade=NOT_YET)
    both = cautions("B2", grade=NOT_YET)
    assert "A3" in both
    assert "B2" in both
    assert cautions("A3", "B2", grade=COMPETENT) == ""
