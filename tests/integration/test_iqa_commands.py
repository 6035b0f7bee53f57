"""``nvqsync iqa`` from the command line: releases, what is refused, and what becomes of the claims."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nvqsync.bootstrap import actor
from nvqsync.centre import Account, Staff, StaffRole
from nvqsync.centres.centre_record import Item
from nvqsync.clock import day, now
from nvqsync.storage import store_centre
from nvqsync.store import Store
from tests import quality
from tests.rehearsal import Answered, Rehearsal, rehearsing, small_college

TODAY = day(now()).isoformat()
TOMORROW = (day(now()) + dt.timedelta(days=1)).isoformat()
OTHER = "902"
Q = "OCR/03455"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Rehearsal]:
    """Two learners who have finished, registered and not released; two IQAs and an assessor on record."""
    college = small_college()
    for learner in (0, 1):
        college.finish(learner)
    with rehearsing(tmp_path, college) as found:
        with Store(found.database()) as store:
            quality.staff(store, str(college.assessor.id))
        record(found, Staff(OTHER, "Harold Nkemelu", StaffRole.IQA, quality.STARTED, qualified_on=quality.STARTED))
        assert found.run("sync").status == 0
        for number in (0, 1):
            with found.portal.open_books() as books:
                books.register("OCR", "12345", f"1000000{number}", Q, name=college.learners[number].full_name)
        lines = [f"S{n},1000000{n},{Q},2020-10-01,full_award,{college.learners[n].full_name}" for n in (0, 1)]
        path = tmp_path / "two.csv"
        heads = "id_number,candidate_number,qualification,registered_on,entry,name"
        path.write_text("\n".join([heads, *lines]) + "\n", encoding="utf-8")
        assert found.run("registrations", "import", str(path)).status == 0
        yield found


def record(shop: Rehearsal, *items: Item) -> None:
    with Store(shop.database()) as store:
        store_centre.record(store, lambda known: known.with_items(*items), actor="test", at=0)


def release(shop: Rehearsal, *arguments: str, iqa: str = quality.IQA_ID, on: str = TODAY) -> Answered:
    return shop.run("iqa", "release", *arguments, "--iqa", iqa, "--on", on)


def blockers(shop: Rehearsal, claim: int = 0) -> list[str]:
    return [finding["id"] for finding in shop.claims()[claim]["blockers"]]


def history(shop: Rehearsal, claim: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shop.run("claims", "show", str(claim), "--json").json["history"]
    return found


def test_a_release_lets_a_claim_through_and_taking_it_back_stops_it(shop: Rehearsal) -> None:
    """Nothing goes out before the release; approved on it, a claim goes on hold once it is taken back."""
    assert blockers(shop) == ["IQA-1"]
    assert "IQA-1" in shop.run("claims", "approve", "1").out
    done = release(shop, "S0", "S1", Q, "--outcome", "agreed", "--unit", "F1", "--json")
    assert [(one["id"], one["units"], one["refused"]) for one in done.json] == [(1, ["F1"], None), (2, ["F1"], None)]
    assert blockers(shop) == []
    assert shop.approve("1").status == 0
    assert shop.run("iqa", "take-back", "1", "--why", "The wrong learner.").status == 0
    claim = shop.claims()[0]
    assert (claim["status"], blockers(shop)) == ("on_hold", ["IQA-1"])
    assert "Release 1 no longer stands" in claim["hold_reason"]
    assert shop.claims()[1]["status"] == "proposed"


def test_a_dry_run_records_nothing(shop: Rehearsal) -> None:
    """It says what would be recorded, and the claim waits as before."""
    said = release(shop, "S0", Q, "--outcome", "agreed", "--dry-run")
    assert "would be recorded" in said.out
    assert shop.run("iqa", "records", "--json").json == {"releases": [], "simulations": []}
    assert blockers(shop) == ["IQA-1"]


@pytest.mark.parametrize(
    ("arguments", "options", "word"),
    [
        (("S0", Q, "--outcome", "agreed"), {"iqa": "77"}, "no IQA on record"),
        (("S0", Q, "--outcome", "agreed"), {"on": "2010-01-01"}, "no IQA on record"),
        (("S0", Q, "--outcome", "agreed"), {"on": TOMORROW}, "still to come"),
        (("S0", Q, "--outcome", "action"), {}, "needs the action"),
        (("S0", Q, "--outcome", "agreed", "--action", "Do this"), {}, "asks for no action"),
        (("S9", Q, "--outcome", "agreed"), {}, "No learner"),
        (("S0", Q, "--outcome", "agreed", "--unit", "Z9"), {}, "Z9"),
        ((Q, "--outcome", "agreed", "--course", "1"), {}, "by cohort"),
        ((Q, "--outcome", "agreed"), {}, "Name the learners"),
    ],
)
def test_what_cannot_be_recorded_is_refused(
    shop: Rehearsal, arguments: tuple[str, ...], options: dict[str, str], word: str
) -> None:
    """An unknown IQA, a day to come, words that do not fit: nothing is recorded, and the message says what to do."""
    answered = release(shop, *arguments, **options)
    assert answered.status == 2
    assert word in answered.err
    assert shop.run("iqa", "records", "--json").json["releases"] == []


def test_an_iqa_who_graded_is_refused_for_that_learner_alone(shop: Rehearsal) -> None:
    """An IQA who saved one learner's grade again cannot release that one; the other is released."""
    moodle = shop.college.moodle
    iqa = moodle.add_user("Gwen", "Price", username="iqa")
    moodle.enrol(shop.college.course, iqa, "teacher")
    moodle.save_again(shop.college.assignments["F1"], shop.college.learners[0], grader=iqa)
    record(shop, Staff(str(iqa.id), "Gwen Price", StaffRole.IQA, quality.STARTED, qualified_on=quality.STARTED))
    shop.run("sync")
    answered = release(shop, "S0", "S1", Q, "--outcome", "agreed", iqa=str(iqa.id))
    assert answered.status == 1
    assert "assessed or graded F1: nobody verifies their own assessment" in answered.out
    assert [blockers(shop, claim) for claim in (0, 1)] == [["IQA-1"], []]
    others = release(shop, "S0", Q, "--outcome", "agreed", "--unit", "F2", "--json", iqa=str(iqa.id)).json
    assert others[0]["others_needed"] == ["F1"]
    assert blockers(shop) == ["STAFF-2"]
    release(shop, "S0", Q, "--outcome", "agreed", iqa=OTHER)
    assert blockers(shop) == []


def test_an_action_holds_until_it_is_done(shop: Rehearsal) -> None:
    """The claim waits for the action; once it is recorded as done, nothing blocks, and it cannot be done twice."""
    release(shop, "S0", Q, "--outcome", "action", "--action", "Date the second observation")
    assert blockers(shop) == ["IQA-1/action"]
    assert shop.run("iqa", "action-done", "1", "--on", "2015-10-01").status == 2
    assert shop.run("iqa", "action-done", "1", "--on", TODAY).status == 0
    assert blockers(shop) == []
    again = shop.run("iqa", "action-done", "1", "--on", TODAY)
    assert (again.status, "no open action" in again.err) == (2, True)


def test_a_referral_waits_for_another_look(shop: Rehearsal) -> None:
    """A referred learner is stopped until an IQA has agreed afterwards."""
    release(shop, "S0", Q, "--outcome", "referred", "--action", "More evidence for F2")
    assert blockers(shop) == ["IQA-1/referred"]
    release(shop, "S0", Q, "--outcome", "agreed")
    assert blockers(shop) == []


def test_a_cohort_is_released_where_the_centre_records_it_so(shop: Rehearsal) -> None:
    """One release of the course lets everybody on it through, once the centre has set it."""
    assert shop.run("centre", "iqa-by", Q, "cohort").status == 0
    course = str(shop.college.course.id)
    assert "not mapped" in release(shop, Q, "--course", "99", "--outcome", "agreed").err
    assert release(shop, Q, "--course", course, "--outcome", "agreed").status == 0
    assert [blockers(shop, claim) for claim in (0, 1)] == [[], []]
    assert shop.run("iqa", "records", "--json").json["releases"][0]["course"] == course


def test_the_list_says_who_waits_and_for_what(shop: Rehearsal) -> None:
    """Everybody who meets the rule stands in it until an IQA's record satisfies each gate."""
    release(shop, "S0", Q, "--outcome", "agreed")
    waiting = shop.run("iqa", "list", "--json").json
    assert [(row["learner"]["id_number"], [one["id"] for one in row["waits_for"]]) for row in waiting] == [
        ("S1", ["IQA-1"])
    ]  # fmt: skip
    assert "S1" in shop.run("iqa", "list").out
    release(shop, "S1", Q, "--outcome", "agreed")
    assert "Nobody waits" in shop.run("iqa", "list").err


def test_what_was_taken_back_stays_on_record(shop: Rehearsal) -> None:
    """It is out of the list, and with --all it is there with who took it back and why; the log tells of both."""
    release(shop, "S0", Q, "--outcome", "agreed")
    assert shop.run("iqa", "take-back", "1").status == 2
    shop.run("iqa", "take-back", "1", "--why", "The wrong learner.")
    assert shop.run("iqa", "records", "--json").json["releases"] == []
    kept = shop.run("iqa", "records", "S0", "--all", "--json").json["releases"]
    assert [one["taken_back"]["why"] for one in kept] == ["The wrong learner."]
    assert "taken back" in shop.run("iqa", "records", "--all").out
    assert shop.run("iqa", "take-back", "1", "--why", "Again.").status == 2
    with Store(shop.database()) as store:
        actions = [row["action"] for row in store.rows("SELECT action FROM audit ORDER BY id")]
    assert [one for one in actions if one.startswith("iqa-")] == ["iqa-released", "iqa-taken-back"]
    assert shop.run("audit", "verify").status == 0


@pytest.mark.parametrize("lms_id", ["assessor", quality.IQA_ID, ""])
def test_who_had_a_part_cannot_approve(shop: Rehearsal, lms_id: str) -> None:
    """The assessor and the IQA cannot approve the claim, nor can an account of which nothing is known."""
    release(shop, "S0", Q, "--outcome", "agreed")
    mine = str(shop.college.assessor.id) if lms_id == "assessor" else lms_id
    record(shop, Account(actor(), mine))
    answered = shop.run("claims", "approve", "1")
    assert answered.status == 1
    assert "cannot approve" in answered.out
    record(shop, Account(actor(), "55"))
    assert shop.approve("1").status == 0


@pytest.fixture
def acted(shop: Rehearsal) -> Rehearsal:
    """The first learner is on a second course as well, where a simulated activity gave them C1."""
    moodle, learner = shop.college.moodle, shop.college.learners[0]
    course = moodle.add_course("CS1", "Customer Service Level 1", "OCR/03454")
    moodle.enrol(course, learner)
    piece = moodle.add_assignment(course, "Calm the actor", id_number="C1@S", grade=-shop.college.scale_id)
    moodle.grade(piece, learner, 2, grader=shop.college.assessor)
    assert shop.run("sync").status == 0
    return shop


def simulate(shop: Rehearsal, *, unit: str = "C1", on: str = "2026-10-01", activity: str = "2026-10-08") -> Answered:
    return shop.run(
        "iqa", "simulation", "agree", "S0", "OCR/03454", unit, "--iqa", quality.IQA_ID, "--on", on,
        "--activity-on", activity, "--reason", "Nobody complained in twelve weeks.", "--json",
    )  # fmt: skip


def test_a_simulation_is_agreed_and_sampled(acted: Rehearsal) -> None:
    """Agreed before the activity, sampled once after it; what was taken back stays on record."""
    assert simulate(acted).json == {"id": 1, "agreed": True}
    sample = ("iqa", "simulation", "sample", "1", "--iqa", OTHER, "--on")
    assert "before the activity" in acted.run(*sample, "2026-10-07").err
    assert acted.run(*sample, "2026-10-08", "--dry-run").status == 0
    assert acted.run(*sample, "2026-10-08").status == 0
    assert "was sampled" in acted.run(*sample, "2026-10-09").err
    told = acted.run("iqa", "records", "--json").json["simulations"][0]
    assert (told["unit"], told["agreed_by"], told["sampled_by"]) == ("C1", quality.IQA_ID, OTHER)
    assert "C1" in acted.run("iqa", "records").out
    assert acted.run("iqa", "simulation", "take-back", "1", "--why", "Never took place.").status == 0
    assert acted.run("iqa", "records", "--json").json["simulations"] == []
    assert acted.run("audit", "verify").status == 0


@pytest.mark.parametrize(
    ("changes", "word"),
    [({"unit": "F1"}, "does not count for F1"), ({"activity": "2026-10-01"}, "before it takes place")],
)
def test_a_simulation_that_cannot_count_is_not_recorded(acted: Rehearsal, changes: dict[str, str], word: str) -> None:
    """A unit without simulation and an agreement on the day of the activity are refused, with the remedy."""
    assert word in simulate(acted, **changes).err
    assert acted.run("iqa", "records", "--json").json["simulations"] == []


def test_whoever_graded_it_neither_agrees_nor_samples(acted: Rehearsal) -> None:
    """The assessor of the unit is refused as IQA of its simulation."""
    mine = str(acted.college.assessor.id)
    record(acted, Staff(mine, "Morgan Reyes", StaffRole.IQA, quality.STARTED))
    assert simulate(acted).status == 0
    refused = acted.run("iqa", "simulation", "sample", "1", "--iqa", mine, "--on", "2026-10-09")
    assert "nobody verifies their own assessment" in refused.err


def sign_off(shop: Rehearsal, assessor: str, *more: str) -> Answered:
    return shop.run("sign-off", "S0", Q, "F1", "--assessor", assessor, *more)


def test_only_an_assessor_on_record_signs_a_unit_off(shop: Rehearsal) -> None:
    """A stranger and an IQA are refused; a dry run writes nothing; the assessor's sign-off stands in the log."""
    for somebody in ("77", quality.IQA_ID):
        refused = sign_off(shop, somebody)
        assert refused.status == 2
        assert "no assessor on record" in refused.err
    assessor = str(shop.college.assessor.id)
    assert "would be signed off" in sign_off(shop, assessor, "--dry-run").out
    signed = "Unit F/601/1609 of OCR/03455 signed off."
    assert signed not in shop.run("audit", "log").out
    assert sign_off(shop, assessor).status == 0
    assert signed in shop.run("audit", "log").out


def test_without_assessors_on_record_a_sign_off_is_left_to_the_gates(shop: Rehearsal) -> None:
    """A college that has not entered its staff yet can sign off; its claims wait for the record all the same."""
    with Store(shop.database()) as store:
        store_centre.record(store, lambda known: replace(known, staff=()), actor="test", at=0)
    assert sign_off(shop, "77").status == 0
    assert shop.run("sync").status == 0
    assert {"STAFF-1", "UNIT-4"} <= set(blockers(shop))
