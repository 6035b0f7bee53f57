"""``nvqsync moodle``: the role, and discovering mappings on a simulated site, as a college types it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.moodle import functions as fn
from connectors.moodle.role import CAPABILITIES, role_xml, writing
from connectors.moodle.simulator.access import MINIMAL_ROLE
from tests.rehearsal import Rehearsal, rehearsing, small_college

ROLE_PARTS = ("shortname", "name", "description", "archetype", "contextlevels", "allowassign", "allowoverride",
              "allowswitch", "permissions")  # fmt: skip
"""What a role preset may hold, in the one order that Moodle's schema takes."""


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Rehearsal]:
    college = small_college()
    edi = college.moodle.add_course("EDI-CS-26", "EDI Level 2 Certificate in Customer Service")
    for name in ("F1 Portfolio sign-off", "U3 Reflective account", "Unit A3 - criteria 1.1 to 1.4"):
        college.moodle.add_assignment(edi, name, grade=-college.scale_id)
    college.moodle.enrol(edi, college.learners[0])
    college.moodle.add_course("CARE", "NCFE CACHE Level 2 Diploma in Care")
    college.moodle.add_assignment(college.course, "Unit D3 - criteria 1.1 to 1.3", grade=-college.scale_id)
    with rehearsing(tmp_path, college) as running:
        yield running


def test_the_role_file_has_the_form_that_moodle_imports() -> None:
    """Known parts in the schema's order, for assignment at system level, allowing and nothing else."""
    role = ET.fromstring(role_xml())
    assert role.tag == "role"
    assert [part.tag for part in role] == list(ROLE_PARTS)
    assert [level.text for level in role.find("contextlevels") or ()] == ["system"]
    assert not list(role.find("allowassign") or ())
    permissions = role.find("permissions")
    assert permissions is not None
    assert {permission.tag for permission in permissions} == {"allow"}


def test_the_role_allows_exactly_what_was_verified() -> None:
    """The role file, the role as data and the simulated Moodle's role agree, capability by capability."""
    allowed = [one.text for one in ET.fromstring(role_xml()).iter("allow")]
    assert len(allowed) == len(set(allowed))
    assert set(allowed) == {one.name for one in CAPABILITIES} == MINIMAL_ROLE
    assert {one.name for one in writing()} == {"mod/assign:grade", "moodle/grade:managegradingforms"}


def test_the_role_command_writes_a_new_file_and_prints_the_steps(rehearsal: Rehearsal) -> None:
    """Steps name the file, every function and what can write; a file that is there is left alone."""
    path = rehearsal.folder / "role.xml"
    told = rehearsal.run("moodle", "role", "--out", str(path))
    assert told.status == 0
    assert path.read_text("utf-8") == role_xml()
    for name in (*fn.NEEDED, "role.xml", "moodle/grade:managegradingforms would also allow writing"):
        assert name in told.out
    path.write_text("mine", "utf-8")
    again = rehearsal.run("moodle", "role", "--out", str(path))
    assert (again.status, path.read_text("utf-8")) == (2, "mine")
    assert rehearsal.run("moodle", "role").out == role_xml()


def test_discover_tells_what_is_mapped_and_proposes_the_rest(rehearsal: Rehearsal) -> None:
    """Mapped courses stand as they are, a likely one is proposed with its reason, another subject is left alone."""
    courses = {one["short_name"]: one for one in rehearsal.run("moodle", "discover", "--json").json}
    mapped, likely, other = courses["CS2"], courses["EDI-CS-26"], courses["CARE"]
    assert (mapped["qualification"], mapped["proposals"], mapped["doubts"]) == ("OCR/03455", [], [])
    assert {one["stands_for"] for one in mapped["assignments"]} == {"F1", "F2", "A3", "B2", "C3", "D2", "A1", None}
    assert [one["proposal"]["stands_for"] for one in mapped["assignments"] if one["proposal"]] == ["D3:1.1-1.3"]
    (proposal,) = likely["proposals"]
    assert (proposal["stands_for"], proposal["confidence"]) == ("EDI/L2-CS", "medium")
    assert "does not say NVQ" in proposal["reason"]
    proposals = {one["name"]: one["proposal"] and one["proposal"]["stands_for"] for one in likely["assignments"]}
    assert proposals == {
        "F1 Portfolio sign-off": "CU791",
        "U3 Reflective account": None,
        "Unit A3 - criteria 1.1 to 1.4": "CU795:1.1-1.4",
    }
    assert (other["qualification"], other["proposals"], other["assignments"]) == (None, [], [])


def test_discover_reads_neither_grades_nor_people(rehearsal: Rehearsal) -> None:
    """Looking around costs the site a call or two a course, and asks for no grade and no name."""
    rehearsal.forget()
    rehearsal.moodle.calls.clear()
    rehearsal.moodle.keep_log = True
    rehearsal.run("moodle", "discover")
    assert not rehearsal.moodle.calls.keys() & {fn.GRADES, fn.FLAGS, fn.INSTANCES}
    rosters = [given for name, given in rehearsal.moodle.log if name == fn.ROSTER]
    assert all("fullname" not in str(given) for given in rosters)
    assert not (rehearsal.folder / "nvqsync.db").exists()


def test_nothing_is_in_force_until_the_written_file_is_named(rehearsal: Rehearsal) -> None:
    """The file is new, readable by the program, and changes nothing until a person names it in the settings."""
    path = rehearsal.folder / "mapping.toml"
    assert rehearsal.run("moodle", "discover", "--write", str(path), "--confidence", "medium").status == 0
    assert [course["short_name"] for course in rehearsal.run("sync", "--json").json["courses"]] == ["CS2"]
    rehearsal.add_settings('[mapping]\nfile = "mapping.toml"\n')
    report = rehearsal.run("sync", "--json").json
    assert {course["short_name"]: course["qualification"] for course in report["courses"]} == {
        "CS2": "OCR/03455",
        "EDI-CS-26": "EDI/L2-CS",
    }
    mapped = rehearsal.run("mapping", "check", "--json").json["courses"]
    assert {i["stands_for"] for c in mapped if c["short_name"] == "EDI-CS-26" for i in c["items"]} == {
        "CU791",
        "CU795:1.1-1.4",
    }


def test_an_existing_file_is_never_overwritten(rehearsal: Rehearsal) -> None:
    """A mapping file that a person has worked on is worth more than any proposal; nothing is even asked."""
    path = rehearsal.folder / "mapping.toml"
    path.write_text("# mine\n", "utf-8")
    rehearsal.moodle.calls.clear()
    refused = rehearsal.run("moodle", "discover", "--write", str(path))
    assert (refused.status, path.read_text("utf-8")) == (2, "# mine\n")
    assert "there already" in refused.err
    assert not rehearsal.moodle.calls


def test_what_is_unsure_is_written_as_a_comment(rehearsal: Rehearsal) -> None:
    """By default only what is sure counts; the course that only seems right waits for a person."""
    path = rehearsal.folder / "mapping.toml"
    rehearsal.run("moodle", "discover", "--write", str(path))
    text = path.read_text("utf-8")
    assert '\nunits = "D3:1.1-1.3"  # high: ' in text
    assert '\n# qualification = "EDI/L2-CS"  # medium: ' in text


def test_a_course_that_is_not_there_is_named(rehearsal: Rehearsal) -> None:
    """Asked for one course only, a misspelt name is refused rather than answered with nothing."""
    assert [c["short_name"] for c in rehearsal.run("moodle", "discover", "--course", "CS2", "--json").json] == ["CS2"]
    refused = rehearsal.run("moodle", "discover", "--course", "CS3")
    assert refused.status == 2
    assert "CS3" in refused.err


def test_a_refusing_site_ends_in_words(rehearsal: Rehearsal) -> None:
    """A wrong token is the LMS's refusal, with where to make another; no proposals are made of nothing."""
    rehearsal.moodle.token = "another"
    refused = rehearsal.run("moodle", "discover", "--json")
    assert (refused.status, refused.out) == (3, "")
    assert "Manage tokens" in refused.err
