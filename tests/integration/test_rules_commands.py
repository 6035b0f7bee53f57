"""``rules check``, ``rules diff``, ``whatif``, ``route`` and ``nearly`` from the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nvqsync.cli import program
from nvqsync.store import Store
from tests.rehearsal import Rehearsal, rehearsing

RULE = (files("nvqsync.plugins.ocr") / "qualifications" / "03455.toml").read_text(encoding="utf-8")

BANK = """
[source]
document = "Handbook of Exampleton"
section = "1"
[[units]]
reference = "H/700/0001"
title = "Greet"
level = 1
credit_value = 6
glh = 20
[[units]]
reference = "{second}"
title = "Part"
level = 1
credit_value = 6
glh = 30
"""

OWN = """
awarding_body = "EXA"
code = "G1"
title = "Greeting"
level = 1
credits = 12
[source]
document = "Handbook of Exampleton"
section = "2"
[groups.A]
title = "Both"
units = [{{ reference = "H/700/0001" }}, {{ reference = "{second}" }}]
[rule]
[[rule.requirements]]
id = "EXA-1/all"
kind = "min_credits"
says = "12 credits"
need = {need}
section = "2.1"
"""
RIGHT = "J/700/0002"
"""A reference of the newer series whose letter fits."""


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Rehearsal]:
    with rehearsing(tmp_path) as running:
        yield running


def check(*subjects: object) -> Result:
    return CliRunner().invoke(program, ["rules", "check", *map(str, subjects), "--json"])


def own(folder: Path, *, need: object = 12, second: str = RIGHT) -> tuple[Path, Path]:
    """A unit file and a qualification file of somebody's own."""
    units, qualification = folder / "units.toml", folder / "own.toml"
    units.write_text(BANK.format(second=RIGHT), encoding="utf-8")
    qualification.write_text(OWN.format(need=need, second=second), encoding="utf-8")
    return units, qualification


# ---------------------------------------------------------------- rules check


def test_every_qualification_on_offer_is_sound() -> None:
    """Exit 0, a cheapest selection each, and nothing worse than a note."""
    done = check("--all")
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert len(found) == 6
    assert all(one["sound"] and one["cheapest"]["units"] for one in found)
    assert {finding["severity"] for one in found for finding in one["findings"]} == {"note"}


def test_a_plugin_authors_files_are_checked_together(tmp_path: Path) -> None:
    """The qualification finds its units in the unit file beside it; without that file they are missing."""
    units, qualification = own(tmp_path)
    done = check(units, qualification)
    told = json.loads(done.stdout)
    assert done.exit_code == 0, told
    assert [one["findings"] for one in told] == [[], []]
    assert told[1]["cheapest"] == {"credits": 12, "units": ["H/700/0001", RIGHT], "glh": 50}
    alone = check(qualification)
    assert alone.exit_code == 1
    assert "no unit H/700/0001 in the bank" in alone.stdout


def test_a_wrong_check_character_is_told_with_the_right_one(tmp_path: Path) -> None:
    """In a qualification number and in a reference, each with its line and the character that would fit."""
    path = tmp_path / "changed.toml"
    path.write_text(RULE.replace("500/8625/X", "500/8625/7").replace("F/601/1609", "H/601/1609"), encoding="utf-8")
    told = json.loads(check(path).stdout)[0]["findings"]
    assert "wrong letter: F would fit" in told[0]["says"]
    assert "line" in told[0]["says"]
    path.write_text(RULE.replace("500/8625/X", "500/8625/7"), encoding="utf-8")
    told = json.loads(check(path).stdout)[0]["findings"]
    assert "wrong check character: X would fit" in told[0]["says"]


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    """Two slips in one file, two findings, each with its line."""
    path = tmp_path / "changed.toml"
    text = RULE.replace("500/8625/X", "500/8625/7").replace('units = ["F1", "F2"]', 'units = ["F1", "F9"]')
    path.write_text(text, encoding="utf-8")
    done = check(path)
    says = [finding["says"] for finding in json.loads(done.stdout)[0]["findings"]]
    assert done.exit_code == 1
    assert len(says) == 2
    assert all(", line " in one for one in says)


def test_a_rule_nobody_can_meet_is_an_error(tmp_path: Path) -> None:
    """More credits than there are: said by the file's checks, exit 1."""
    done = check(*own(tmp_path, need=13))
    assert done.exit_code == 1
    assert "asks for 13" in done.stdout


@pytest.mark.parametrize("text", ["nothing = true", "= broken", ""])
def test_a_file_of_no_known_shape_is_an_error(tmp_path: Path, text: str) -> None:
    """Named with its line, and the rest is still checked."""
    path = tmp_path / "odd.toml"
    path.write_text(text, encoding="utf-8")
    done = check(path, "OCR/03455")
    first, second = json.loads(done.stdout)
    assert done.exit_code == 1
    assert (first["sound"], second["sound"]) == (False, True)
    assert "odd.toml" in first["findings"][0]["says"]


def test_a_centres_criteria_file_is_checked_too(tmp_path: Path) -> None:
    """A gap in the numbers is an error; a whole file is sound."""
    path = tmp_path / "criteria.toml"
    path.write_text('[[units]]\nreference = "M/601/1508"\noutcomes = { 1 = 4, 3 = 5 }\n', encoding="utf-8")
    assert check(path).exit_code == 1
    path.write_text('[[units]]\nreference = "M/601/1508"\noutcomes = { 1 = 4, 2 = 5 }\n', encoding="utf-8")
    assert check(path).exit_code == 0


def test_a_new_version_may_share_its_ids_with_the_old_but_not_with_others(tmp_path: Path) -> None:
    """Checked against what is loaded, without its own earlier self."""
    path = tmp_path / "changed.toml"
    path.write_text(RULE, encoding="utf-8")
    assert "shared-id" not in check(path).stdout
    path.write_text(RULE.replace("ROC-L2-1/mandatory", "ROC-L1-1/mandatory"), encoding="utf-8")
    assert "shared-id" in check(path).stdout


# ---------------------------------------------------------------- rules diff


def test_a_changed_rule_lists_the_verdicts_it_changes(rehearsal: Rehearsal, tmp_path: Path) -> None:
    """A credit more than the finished learner has: they lose, nobody else does, and nothing is stored."""
    rehearsal.college.finish(0)
    rehearsal.run("sync")
    path = tmp_path / "changed.toml"
    stricter = RULE.replace("need = 28", "need = 30").replace("credits = 28", "credits = 30")
    path.write_text(stricter.replace('version = "1"', 'version = "2"'), encoding="utf-8")
    told = rehearsal.run("rules", "diff", "OCR/03455", str(path), "--json").json
    assert (told["old_version"], told["new_version"], told["version_unchanged"]) == ("1", "2", False)
    assert {(one["change"], one["id"]) for one in told["rule"]} == {
        ("changed", "ROC-L2-1/credits"),
        ("changed", "credits"),
    }
    assert (told["learners"], [one["change"] for one in told["changed"]]) == (2, ["lost", "credits"])
    lost = told["changed"][0]
    assert (lost["learner"]["id_number"], lost["before"]["met"], lost["after"]["met"]) == ("S0", True, False)
    assert [claim["status"] for claim in rehearsal.claims()] == ["proposed"]
    back = rehearsal.run("rules", "diff", str(path), "OCR/03455", "--json").json
    assert back["changed"][0]["change"] == "gained"


def test_an_unchanged_rule_changes_no_verdict(rehearsal: Rehearsal, tmp_path: Path) -> None:
    """The same file against what is loaded: no difference in rule or verdict."""
    rehearsal.run("sync")
    path = tmp_path / "same.toml"
    path.write_text(RULE, encoding="utf-8")
    told = rehearsal.run("rules", "diff", "OCR/03455", str(path), "--json").json
    assert (told["rule"], told["changed"], told["learners"]) == ([], [], 2)


def test_two_different_qualifications_cannot_be_compared(rehearsal: Rehearsal) -> None:
    """Said by name, with exit 2."""
    answer = rehearsal.run("rules", "diff", "OCR/03455", "OCR/03454")
    assert (answer.status, "OCR/03454" in answer.err) == (2, True)


# ---------------------------------------------------------------- whatif, route, nearly


def test_whatif_shows_the_verdict_as_it_would_be(rehearsal: Rehearsal) -> None:
    """With D2 supposed the rule is met; the learner's progress stays what it was."""
    rehearsal.college.pass_unit(0, "F1", "F2", "A3", "B2", "C3")
    rehearsal.run("sync")
    (told,) = rehearsal.run("whatif", "S0", "--unit", "D2", "--json").json
    assert (told["now"]["met"], told["then"]["met"], told["then"]["credits_counted"]) == (False, True, 29)
    assert not rehearsal.run("progress", "S0", "--json").json[0]["met"]
    assert "MET: 29 credits" in rehearsal.run("whatif", "S0", "-u", "D2", "-q", "OCR/03455").out


def test_whatif_refuses_a_unit_of_no_qualification_of_theirs(rehearsal: Rehearsal) -> None:
    """Said with what to check, exit 2."""
    rehearsal.run("sync")
    assert rehearsal.run("whatif", "S0", "--unit", "Z99").status == 2
    assert rehearsal.run("whatif", "S0", "--unit", "Z99", "-q", "OCR/03455").status == 2
    beside = rehearsal.run("whatif", "S0", "--unit", "D2", "--unit", "2D")
    assert (beside.status, beside.out, "has 2D." in beside.err) == (2, "", True)


def test_whatif_names_the_units_that_one_of_two_qualifications_lacks(rehearsal: Rehearsal) -> None:
    """Each verdict says which of the supposed units it does not count."""
    college = rehearsal.college
    other = college.moodle.add_course("CS1", "Customer Service Level 1", "OCR/03454")
    college.moodle.enrol(other, college.learners[0])
    rehearsal.run("sync")
    told = rehearsal.run("whatif", "S0", "--unit", "A1", "--unit", "D13", "--json").json
    lacking = {one["qualification"]: [c for c in one["then"]["cautions"] if "D13 is not a unit" in c] for one in told}
    assert {name: len(said) for name, said in lacking.items()} == {"OCR/03454": 1, "OCR/03455": 0}


def test_route_for_a_qualification_has_the_handbooks_hours(rehearsal: Rehearsal) -> None:
    """192 guided learning hours from nothing, and no alternative is cheaper."""
    (told,) = rehearsal.run("route", "OCR/03455", "--alternatives", "--json").json
    assert (told["learner"], told["routes"][0]["credits"], told["routes"][0]["glh"]) == (None, 28, 192)
    assert len(told["routes"]) > 1
    assert all(28 <= route["credits"] <= 30 for route in told["routes"])


def test_route_keeps_to_what_the_centre_offers(rehearsal: Rehearsal) -> None:
    """Only units with an assignment in Moodle; and with none for group E nothing finishes, which is said."""
    rehearsal.college.pass_unit(0, "F1", "F2")
    rehearsal.run("sync")
    (told,) = rehearsal.run("route", "S0", "--offered-only", "--json").json
    assert set(told["offered"]) == {"F1", "F2", "A3", "B2", "C3", "D2", "A1"}
    assert all(unit["code"] in told["offered"] for route in told["routes"] for unit in route["units"])
    (free,) = rehearsal.run("route", "S0", "--json").json
    assert free["routes"][0]["credits"] <= told["routes"][0]["credits"]


def test_route_prefers_what_is_under_way_when_asked(rehearsal: Rehearsal) -> None:
    """D13, dearer but begun, is taken for the unit of its group that is cheaper and untouched."""
    college = rehearsal.college
    part = college.moodle.add_assignment(college.course, "F1 part", id_number="A3:1.1", grade=-college.scale_id)
    college.moodle.grade(part, college.learners[0], 2, grader=college.assessor)
    rehearsal.run("sync")
    (told,) = rehearsal.run("route", "S0", "--prefer-started", "--json").json
    started = [unit for unit in told["routes"][0]["units"] if unit["started"]]
    assert [(unit["code"], unit["criteria_met"]) for unit in started] == [("A3", 1)]


@pytest.mark.parametrize("question", ["whatif S0 -u D2", "route S0", "progress S0"])
def test_a_question_about_one_learner_judges_nobody_else(rehearsal: Rehearsal, question: str) -> None:
    """In a large college everybody takes a minute: somebody else's grade, spoilt here, is not even read."""
    for learner in (0, 1):
        rehearsal.college.pass_unit(learner, "F1")
    rehearsal.run("sync")
    told = rehearsal.run(*question.split(), "--json").json
    other = str(rehearsal.college.learners[1].id)
    with Store(rehearsal.database()) as store, store.writing():
        store.execute("UPDATE grades SET grade = 'spoilt' WHERE learner_id = ?", [other])
    assert rehearsal.run(*question.split(), "--json").json == told


def test_nearly_names_the_one_grade_that_is_missing(rehearsal: Rehearsal) -> None:
    """Both learners lack only D2: one assignment holds back two certificates, each one sign-off away."""
    for learner in (0, 1):
        rehearsal.college.pass_unit(learner, "F1", "F2", "A3", "B2", "C3")
    rehearsal.run("sync")
    told = rehearsal.run("nearly", "--json").json
    assert [(one["learner"]["id_number"], one["credits_to_go"]) for one in told["learners"]] == [("S0", 5), ("S1", 5)]
    assert [(one["stands_for"], one["certificates"]) for one in told["assignments"]] == [("D2", 2)]
    assert told["most"] == {"assignments": [told["assignments"][0]["item"]], "certificates": 2}
    assert "This assignment holds back 2 certificates" in rehearsal.run("nearly").out
    for learner in (0, 1):
        rehearsal.college.pass_unit(learner, "D2")
    rehearsal.run("sync")
    assert rehearsal.run("nearly", "--json").json == {
        "learners": [], "assignments": [], "most": {"assignments": [], "certificates": 0},
    }  # fmt: skip


def test_nearly_leaves_out_what_has_closed(rehearsal: Rehearsal) -> None:
    """Nobody runs after a certificate that cannot be claimed any more, unless they name it."""
    rehearsal.run("sync")
    rehearsal.run("centre", "end-date", "OCR/03455", "certification", "2021-08-31", "--checked-on", "2021-01-01")
    assert rehearsal.run("nearly", "--json").json["learners"] == []
    assert len(rehearsal.run("nearly", "-q", "OCR/03455", "--json").json["learners"]) == 2
