"""A claim's life by hand: unit claims, records of what happened outside, sheets, hold codes, versions, filters."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nvqsync.bootstrap import bootstrap
from nvqsync.claims import Event
from nvqsync.commands.bulk import work_through
from nvqsync.review import Deed, Result, ready, working
from nvqsync.storage import store_audit
from nvqsync.store import Store
from tests.rehearsal import NOT_YET, Rehearsal, rehearsing, small_college
from tests.workshop import everything


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Rehearsal]:
    """Learner 0 has finished and is registered, learner 1 left with two units; no portal takes files."""
    with rehearsing(tmp_path, small_college(3)) as running:
        running.college.finish(0)
        running.college.pass_unit(1, "F1", "A3")
        running.run("sync")
        running.register(0, 1)
        yield running


def by_hand(rehearsal: Rehearsal) -> None:
    """From now on batches are only written: their portal takes no file."""
    path = rehearsal.folder / "nvqsync.toml"
    text = path.read_text(encoding="utf-8").replace('name = "interchange_mock"', 'name = ""', 1)
    path.write_text(text, encoding="utf-8")


def exported(rehearsal: Rehearsal) -> None:
    """Learner 0's claim stands in a batch that waits to be keyed."""
    by_hand(rehearsal)
    assert rehearsal.approve("1").status == 0
    assert rehearsal.run("export").status == 0


def shown(rehearsal: Rehearsal, number: int = 1) -> Any:
    return rehearsal.run("claims", "show", str(number), "--json").json


def record(rehearsal: Rehearsal, *arguments: str) -> int:
    return rehearsal.run("claims", "record", *arguments).status


# ---------------------------------------------------------------- records


def test_a_claim_is_keyed_authorised_certificated_and_handed_over(rehearsal: Rehearsal) -> None:
    """Each step is who, when and what; the paper's way leaves the status alone, and the log tells all of it.

    The body calls the certificate provisional: it is marked until a visit confirms it.
    """
    exported(rehearsal)
    steps = [
        (["keyed", "1", "--on", "2021-03-01", "--reference", "R-1", "--who", "J. Exams"], "submitted"),
        (["awaiting", "1"], "awaiting_authorisation"),
        (["authorised", "1", "--on", "2021-03-09"], "acknowledged"),
        (["certificated", "1", "--on", "12/03/2021", "--certificate", "C-77", "--provisional"], "certificated"),
        (["received", "1", "--on", "2021-03-15", "--who", "K. Post"], "certificated"),
        (["handed_over", "1", "--on", "2021-03-20"], "certificated"),
        (["confirmed", "1", "--on", "2021-06-01"], "certificated"),
    ]
    for arguments, status in steps:
        assert record(rehearsal, *arguments) == 0, arguments
        now = shown(rehearsal)
        assert (now["status"], now["provisional"]) == (
            status,
            arguments[0] in {"certificated", "received", "handed_over"},
        )
    story = shown(rehearsal)
    told = {key: story[key] for key in ("keyed_on", "keyed_by", "reference", "authorised_on", "certificate_number",
                                        "certificated_on", "received_on", "received_by", "handed_over_on",
                                        "confirmed_on")}  # fmt: skip
    assert told == {
        "keyed_on": "2021-03-01", "keyed_by": "J. Exams", "reference": "R-1", "authorised_on": "2021-03-09",
        "certificate_number": "C-77", "certificated_on": "2021-03-12", "received_on": "2021-03-15",
        "received_by": "K. Post", "handed_over_on": "2021-03-20", "confirmed_on": "2021-06-01",
    }  # fmt: skip
    assert rehearsal.run("claims", "list", "--provisional", "--json").json == []
    assert rehearsal.run("claims", "list", "--ready", "--json").json == []
    assert [entry["action"] for entry in story["history"]][-7:] == [arguments[0] for arguments, _ in steps]
    assert rehearsal.run("audit", "verify").status == 0


def test_the_same_record_again_changes_nothing_and_another_needs_a_reason(rehearsal: Rehearsal) -> None:
    """What is recorded is never silently overwritten: a correction says why, and keeps what stood there before."""
    exported(rehearsal)
    assert record(rehearsal, "keyed", "1", "--on", "2021-03-01") == 0
    before = shown(rehearsal)
    assert "recorded already" in rehearsal.run("claims", "record", "keyed", "1", "--on", "2021-03-01").out
    refused = rehearsal.run("claims", "record", "keyed", "1", "--on", "2021-03-02")
    assert refused.status == 1
    assert "--correct" in refused.out
    assert shown(rehearsal) == before
    why = ["--correct", "--words", "Read the sheet wrongly."]
    assert record(rehearsal, "keyed", "1", "--on", "2021-03-02", *why) == 0
    after = shown(rehearsal)
    assert (after["keyed_on"], after["status"]) == ("2021-03-02", "submitted")
    assert "2021-03-01" in after["history"][-1]["why"]


@pytest.mark.parametrize(
    ("arguments", "status", "word"),
    [
        (["certificated", "1"], 2, "--certificate"),
        (["returned", "1"], 2, "--words"),
        (["keyed", "1", "--on", "2099-01-01"], 2, "still to come"),
        (["keyed", "1", "--on", "soon"], 2, "not a day"),
        (["keyed"], 2, "--file"),
        (["keyed", "99"], 1, "no claim 99"),
        (["authorised", "1"], 1, "cannot take 'record authorised'. Possible now: withdraw, record keyed"),
        (["received", "1"], 1, "no certificate"),
        (["confirmed", "1"], 1, "no certificate"),
        (["keyed", "1", "--provisional"], 2, "with 'certificated'"),
        (["revoked", "1", "--words", "x"], 1, "Possible now"),
        (["certificated", "1", "2", "--certificate", "C"], 2, "one claim"),
    ],
)
def test_a_record_that_cannot_be_says_what_to_do(
    rehearsal: Rehearsal, arguments: list[str], status: int, word: str
) -> None:
    """Nothing is written, and the remedy is named."""
    exported(rehearsal)
    before = shown(rehearsal)
    answer = rehearsal.run("claims", "record", *arguments)
    assert (answer.status, word in answer.out + answer.err) == (status, True), answer
    assert shown(rehearsal) == before


def test_a_sheet_of_records_is_read_line_by_line(rehearsal: Rehearsal) -> None:
    """By number or key; what is wrong with a line is told with its number, the others are recorded, twice is once."""
    exported(rehearsal)
    key = shown(rehearsal)["key"]
    sheet = rehearsal.folder / "answers.csv"
    head = rehearsal.run("claims", "record", "--template").out
    lines = [
        f"{key},keyed,2021-03-01,R-1,,,J. Exams", "1,certificated,2021-03-12,,C-77,,,no", "1,dreamt,2021-03-12,,,,",
        "99,keyed,2021-03-12,,,,", "1,returned,2021-03-12,,,,", "1,certificated,2021-03-12,,C-77,,,perhaps",
    ]  # fmt: skip
    sheet.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    dry = rehearsal.run("claims", "record", "--file", str(sheet), "--dry-run", "--json").json
    assert shown(rehearsal)["status"] == "exported"
    assert [error["line"] for error in dry["errors"]] == [4, 5, 6, 7]
    first = rehearsal.run("claims", "record", "--file", str(sheet), "--json")
    assert first.status == 1
    assert [error["line"] for error in first.json["errors"]] == [4, 5, 6, 7]
    assert [row["changed"] for row in first.json["recorded"]] == [True, True, False]
    story = shown(rehearsal)
    assert (story["status"], story["keyed_by"], story["certificate_number"]) == ("certificated", "J. Exams", "C-77")
    assert story["provisional"] is False
    again = rehearsal.run("claims", "record", "--file", str(sheet), "--json").json
    assert [row["changed"] for row in again["recorded"]] == [False, False, False]
    assert shown(rehearsal) == story


@pytest.mark.parametrize("text", ["", "claim,event\n", "claim,event,on,colour\n", 'claim,event,on\n"1,keyed\n'])
def test_a_sheet_that_is_none_is_refused_whole(rehearsal: Rehearsal, text: str) -> None:
    """With exit status 2 and where to find the columns."""
    sheet = rehearsal.folder / "bad.csv"
    sheet.write_text(text, encoding="utf-8")
    answer = rehearsal.run("claims", "record", "--file", str(sheet))
    assert answer.status == 2
    assert "CSV UTF-8" in answer.err


def test_a_certificate_number_belongs_to_one_claim(rehearsal: Rehearsal) -> None:
    """The second claim that is to get it is refused, with the first one's number."""
    exported(rehearsal)
    rehearsal.run("claims", "request-units", "S1", "OCR/03455")
    rehearsal.approve("2")
    rehearsal.run("export")
    assert record(rehearsal, "certificated", "1", "--certificate", "C-77") == 0
    answer = rehearsal.run("claims", "record", "certificated", "2", "--certificate", "C-77")
    assert answer.status == 1
    assert "claim 1" in answer.out


def test_a_lost_grade_leads_by_its_notice_to_a_revoked_certificate(rehearsal: Rehearsal) -> None:
    """The notice is listed with what to do; with a certificate it is revoked, not withdrawn; then comes a new one."""
    rehearsal.approve("1")
    rehearsal.run("export")
    rehearsal.run("reconcile")
    college = rehearsal.college
    college.moodle.grade(college.assignments["D2"], college.learners[0], NOT_YET, grader=college.assessor)
    rehearsal.run("sync")
    listed = rehearsal.run("claims", "list", "--recalls", "--json").json
    assert [(row["id"], row["status"]) for row in listed] == [(1, "certificated")]
    assert "D2" in listed[0]["recall_notice"]
    assert "claims record revoked 1" in rehearsal.run("claims", "list", "--recalls").err
    assert shown(rehearsal)["history"][-1]["action"] == "recall_notice"
    assert record(rehearsal, "recalled", "1", "--words", "Rang OCR.") == 0
    withdrawn = rehearsal.run("claims", "withdraw", "1", "--why", "x")
    assert withdrawn.status == 1
    assert "revoked" in withdrawn.out
    assert record(rehearsal, "revoked", "1", "--words", "Certificate sent back.") == 0
    assert shown(rehearsal)["status"] == "revoked"
    assert rehearsal.run("claims", "list", "--recalls", "--json").json == []
    college.finish(0)
    rehearsal.run("sync")
    assert [claim["status"] for claim in rehearsal.claims()] == ["revoked"]
    assert rehearsal.run("claims", "propose-again", "1", "--why", "Assessed anew.").status == 0
    assert [claim["status"] for claim in rehearsal.claims()] == ["revoked", "proposed"]


# ---------------------------------------------------------------- sheets


def test_a_reprinted_sheet_says_that_it_is_one(rehearsal: Rehearsal) -> None:
    """Sheets are numbered through, each reprint counts, and what was keyed is not to be keyed again."""
    path = rehearsal.folder / "nvqsync.toml"
    text, formats = path.read_text(encoding="utf-8"), 'formats = ["batch_json", "keying_sheet"]'
    path.write_text(text.replace('folder = "exports"', f'folder = "exports"\n{formats}'), encoding="utf-8")
    exported(rehearsal)
    (row,) = rehearsal.run("batches", "list", "--json").json
    assert (row["sheet"], row["claims"], row["waiting"], row["sheets_printed"]) == (1, 1, 1, 1)
    original = (rehearsal.folder / "exports" / f"{row['batch']}.html").read_text(encoding="utf-8")
    assert "no. 1" in original
    assert "DUPLICATE" not in original
    assert rehearsal.run("batches", "sheet", "1", "--dry-run", "--json").json["file"] is None
    record(rehearsal, "keyed", "1")
    for number in (1, 2):
        told = rehearsal.run("batches", "sheet", row["batch"], "--why", "Coffee.", "--json").json
        assert (told["duplicate"], told["not_to_key"]) == (number, [1])
        page = Path(told["file"]).read_text(encoding="utf-8")
        assert f"DUPLICATE no. {number} of keying sheet no. 1" in page
        assert "DO NOT KEY: this claim is submitted." in page
    with Store(rehearsal.database()) as store:
        story = store_audit.audit_story(store, f"batch:{row['batch']}")
    assert [entry["text"] for entry in story if entry["action"] == "sheet-printed"] == [
        f"Duplicate no. {number} of keying sheet no. 1 printed. Coffee." for number in (1, 2)
    ]
    assert rehearsal.run("batches", "sheet", "7").status == 2
    assert rehearsal.run("audit", "verify").status == 0


def test_a_claim_that_lost_its_grounds_in_a_batch_is_not_to_be_keyed(rehearsal: Rehearsal) -> None:
    """The list of what is left to do says so instead of "key them", and a sheet printed again marks it."""
    exported(rehearsal)
    college = rehearsal.college
    college.moodle.grade(college.assignments["D2"], college.learners[0], NOT_YET, grader=college.assessor)
    rehearsal.run("sync")
    for dry in ([], ["--dry-run"]):
        (left,) = rehearsal.run("reconcile", "--json", *dry).json["tick_off"]
        assert left["claims"] == [1]
        assert left["says"].startswith("Do not key them")
    told = rehearsal.run("batches", "sheet", "1", "--json").json
    assert told["not_to_key"] == [1]
    page = Path(told["file"]).read_text(encoding="utf-8")
    assert "DO NOT KEY: its grounds or its registration changed, see" in page


def test_a_registration_corrected_before_a_claim_is_keyed_is_told(rehearsal: Rehearsal) -> None:
    """The sheet has the old name: the claim is withdrawn, and goes as registered now. Put back, nothing stands."""
    exported(rehearsal)
    path = rehearsal.folder / "registrations.csv"
    first = path.read_text(encoding="utf-8")
    corrected = first.replace(rehearsal.college.learners[0].full_name, "Robin Corrected")
    for text, left in ((corrected, "Do not key them"), (first, "Key them"), (corrected, "Do not key them")):
        path.write_text(text, encoding="utf-8")
        assert rehearsal.run("registrations", "import", str(path)).status == 0
        assert rehearsal.run("reconcile", "--json").json["tick_off"][0]["says"].startswith(left)
    assert "as registered now" in shown(rehearsal)["recall_notice"]
    assert rehearsal.run("claims", "withdraw", "1", "--why", "Registered under another name.").status == 0
    rehearsal.run("sync")
    assert shown(rehearsal, 2)["status"] == "proposed"


# ---------------------------------------------------------------- unit claims


def test_a_leavers_units_go_all_the_way_once(rehearsal: Rehearsal) -> None:
    """Requested, approved, sent, certificated by the portal; a second request finds nothing left."""
    dry = rehearsal.run("claims", "request-units", "S1", "03455", "--dry-run", "--json").json
    assert dry == {"claim": None, "units": ["F1", "A3"], "left_out": []}
    made = rehearsal.run("claims", "request-units", "S1", "03455", "--unit", "F1", "--json").json
    assert (made["claim"], made["units"]) == (2, ["F1"])
    rest = rehearsal.run("claims", "request-units", "S1", "03455", "--json").json
    assert (rest["claim"], rest["units"]) == (3, ["A3"])
    assert rehearsal.run("claims", "request-units", "S1", "03455", "--json").json["claim"] is None
    assert rehearsal.run("claims", "request-units", "S1", "03455", "--unit", "F1").status == 1
    assert [claim["id"] for claim in rehearsal.run("claims", "list", "--kind", "units", "--json").json] == [2, 3]
    rehearsal.approve("2", "3")
    batch = json.loads(Path(next(file for file in rehearsal.run("export", "--json").json["batches"][0]["files"]
                                 if file.endswith(".json"))).read_text(encoding="utf-8"))  # fmt: skip
    assert [(claim["kind"], [unit["code"] for unit in claim["units"]]) for claim in batch["claims"]] == [
        ("units", ["F1"]), ("units", ["A3"]),
    ]  # fmt: skip
    rehearsal.run("reconcile")
    assert [claim["status"] for claim in rehearsal.claims()] == ["proposed", "certificated", "certificated"]
    assert rehearsal.run("audit", "verify").status == 0


def test_units_inside_a_full_award_are_not_claimed_beside_it(rehearsal: Rehearsal) -> None:
    """As long as the award's claim stands; once it is withdrawn they may be."""
    assert rehearsal.run("claims", "request-units", "S0", "03455", "--json").json["units"] == []
    rehearsal.run("claims", "withdraw", "1", "--why", "Leaving early.")
    assert len(rehearsal.run("claims", "request-units", "S0", "03455", "--json").json["units"]) == 6


def test_a_returned_unit_claim_is_made_again_on_the_same_facts(rehearsal: Rehearsal) -> None:
    """With a key of its own; not twice, and not without a reason."""
    rehearsal.run("claims", "request-units", "S1", "03455")
    rehearsal.approve("2")
    by_hand(rehearsal)
    rehearsal.run("export")
    assert rehearsal.run("claims", "propose-again", "2", "--why", "x").status == 1
    record(rehearsal, "returned", "2", "--words", "No signature.")
    assert rehearsal.run("claims", "propose-again", "2").status == 2
    assert rehearsal.run("claims", "propose-again", "2", "--why", "Signed.", "--dry-run").status == 0
    assert len(rehearsal.claims()) == 2
    assert rehearsal.run("claims", "propose-again", "2", "--why", "Signed.", "--json").json["claim"] == 3
    assert rehearsal.run("claims", "propose-again", "2", "--why", "Signed.").status == 1
    assert len({claim["key"] for claim in rehearsal.claims()}) == 3


def test_the_database_itself_refuses_a_second_claim_for_a_unit(rehearsal: Rehearsal) -> None:
    """Whatever the code does: a unit that a standing claim names cannot be named by another; a closed one frees it."""
    rehearsal.run("claims", "request-units", "S1", "03455")
    with Store(rehearsal.database()) as store:
        named = store.rows("SELECT * FROM claim_units WHERE claim_id = 2")
        assert len(named) == 2
        again = "INSERT INTO claim_units SELECT 1, awarding_body, learner_id, '', unit_reference, 1 FROM claim_units"
        with pytest.raises(sqlite3.IntegrityError, match="claim_units"), store.writing():
            store.execute(again)
    rehearsal.run("claims", "withdraw", "2", "--why", "x")
    with Store(rehearsal.database()) as store:
        assert {row["standing"] for row in store.rows("SELECT standing FROM claim_units")} == {0}


def test_a_grade_lost_under_a_unit_claim_holds_it_until_a_person_releases_it(rehearsal: Rehearsal) -> None:
    """Never a second claim: the same one waits, with what changed and its code."""
    rehearsal.run("claims", "request-units", "S1", "03455")
    rehearsal.approve("2")
    college = rehearsal.college
    college.moodle.grade(college.assignments["A3"], college.learners[1], NOT_YET, grader=college.assessor)
    rehearsal.run("sync")
    held = shown(rehearsal, 2)
    assert (held["status"], held["hold_code"]) == ("on_hold", "not_achieved")
    assert "A3" in held["hold_reason"]
    assert [finding["id"] for finding in held["blockers"]] == ["CAR-1", "CLM-1/units"]
    college.pass_unit(1, "A3")
    rehearsal.run("sync")
    assert (shown(rehearsal, 2)["status"], len(rehearsal.claims())) == ("on_hold", 2)
    rehearsal.run("claims", "release", "2")
    released = shown(rehearsal, 2)
    assert (released["status"], released["hold_code"], released["blockers"]) == ("proposed", None, [])


# ---------------------------------------------------------------- holds, versions, filters


def test_a_hold_has_a_code_and_can_be_found_by_it(rehearsal: Rehearsal) -> None:
    """Given by a person from the list of codes; one that nvqsync gives is not theirs to give."""
    assert rehearsal.run("claims", "hold", "1", "--code", "malpractice", "--why", "Looked into.").status == 0
    found = rehearsal.run("claims", "list", "--hold-code", "malpractice", "--json").json
    assert [(row["id"], row["hold_reason"]) for row in found] == [(1, "Looked into.")]
    assert rehearsal.run("claims", "hold", "1", "--code", "mapping_lost", "--why", "x").status == 2
    codes = {row["code"]: row["regulator"] for row in rehearsal.run("claims", "codes", "--json").json}
    assert (codes["malpractice"], codes["other"]) == ("L4", None)


def test_only_the_version_that_was_looked_at_is_approved(rehearsal: Rehearsal) -> None:
    """Another version is refused with the one to look at; the right one passes."""
    version = shown(rehearsal)["version"]
    refused = rehearsal.approve(f"1@{version + 1}")
    assert refused.status == 1
    assert f"1@{version}" in refused.out
    assert rehearsal.approve(f"1@{version}").status == 0
    unread = rehearsal.approve("1@x")
    assert (unread.status, "'x' is not a valid claim number" in unread.err) == (2, True)


def test_evidence_that_changes_in_the_moment_of_approval_is_not_approved(rehearsal: Rehearsal) -> None:
    """The grade was given anew and nobody judged it since: the approval judges, refuses, and the next one passes."""
    with Store(rehearsal.database()) as store, store.writing():
        store.execute("UPDATE registrations SET name = 'Other Name' WHERE candidate_number = '10000000'")
    refused = rehearsal.approve("1")
    assert refused.status == 1
    assert "changed a moment ago" in refused.out
    assert rehearsal.approve("1").status == 0


def test_every_filter_narrows_the_list(rehearsal: Rehearsal) -> None:
    """Alone and together; what matches nothing says so."""
    rehearsal.run("claims", "request-units", "S1", "03455")

    def listed(*arguments: str) -> list[int]:
        return [row["id"] for row in rehearsal.run("claims", "list", "--json", *arguments).json]

    assert listed("--body", "OCR") == [1, 2]
    assert listed("--body", "EDI") == []
    assert listed("--kind", "full_award") == [1]
    assert listed("--learner", "S1") == [2]
    assert listed("--text", "sasha invented0") == [1]
    assert listed("--text", "100%") == []
    assert listed("--older-than", "0") == [1, 2]
    assert listed("--older-than", "1") == []
    assert listed("--blocker", "ENT-2") == []
    with Store(rehearsal.database()) as store, store.writing():
        store.execute("DELETE FROM registrations WHERE learner_id = (SELECT learner_id FROM claims WHERE id = 2)")
    rehearsal.run("sync")
    assert listed("--blocker", "ENT-2") == [2]
    assert listed("--blocker", "ENT-2", "--learner", "S0") == []
    assert "No claim answers" in rehearsal.run("claims", "list", "--body", "EDI").err


# ---------------------------------------------------------------- many at once


def test_interrupted_work_keeps_what_is_done_and_goes_on(
    rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C between two transactions: the first claim stays approved, and the same command does the other."""
    rehearsal.run("claims", "request-units", "S1", "03455")
    app = bootstrap(rehearsal.folder / "nvqsync.toml")
    monkeypatch.setattr("nvqsync.review.SAVED_AT_ONCE", 1)

    def interrupted(slices: Iterator[list[Result]]) -> Iterator[list[Result]]:
        yield next(slices)
        raise KeyboardInterrupt

    with app.open_store() as store:
        slices = working(app, store, ready(store), Deed(Event.APPROVE, "officer", said=everything(app)))
        done, whole = work_through(interrupted(slices), 2, "Approve")
        assert ([result.claim_id for result in done], whole) == ([1], False)
        assert "1 done, 1 left" in capsys.readouterr().err
    assert [claim["status"] for claim in rehearsal.claims()] == ["approved", "proposed"]
    assert rehearsal.approve("--all-ready").status == 0
    assert [claim["status"] for claim in rehearsal.claims()] == ["approved", "approved"]


def test_a_refusal_in_a_transaction_leaves_the_others_alone(rehearsal: Rehearsal) -> None:
    """Each claim stands or falls by itself although they are saved together."""
    rehearsal.run("claims", "request-units", "S1", "03455")
    rehearsal.run("claims", "hold", "1", "--why", "x")
    answer = rehearsal.approve("1", "2", "--json")
    assert [(row["status"], bool(row["refused"])) for row in answer.json] == [("on_hold", True), ("approved", False)]
    assert rehearsal.run("audit", "verify").status == 0
