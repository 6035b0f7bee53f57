"""The role and the service of docs/connect-moodle.md are enough, and each part of them is needed."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from connectors.moodle import functions, role
from connectors.moodle.connector import open_connector
from connectors.moodle.simulator import College, Simulator
from connectors.moodle.simulator.access import MINIMAL_ROLE
from nvqsync.cli import main
from nvqsync.errors import LmsError
from nvqsync.model import Asked
from tests.meta.repository import ROOT
from tests.rehearsal import CENTRE_FACTS, Rehearsal, rehearsing, small_college

PAGE = (ROOT / "docs" / "connect-moodle.md").read_text(encoding="utf-8")


def _first_cells(heading: str) -> list[str]:
    """What stands in the first column of the table under a heading."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)


CAPABILITIES = _first_cells("2. A role")
FUNCTIONS = _first_cells("3. An external service")
SPARE = {"mod/assign:viewgrades", "moodle/site:viewuseridentity", "moodle/grade:viewhidden"}
"""Part of the role as it was measured, and, as the page says, missed by nothing while the others are there."""

UNSEEN = "moodle/course:viewhiddencourses"
"""Without it Moodle leaves hidden courses out of its list without a word; the page warns of it."""


@pytest.fixture(scope="module")
def moodle() -> Iterator[Simulator]:
    """Two courses with all that takes rights: hidden, separate groups, hidden activities, workflow, rubrics, scales."""
    college = College()
    scale = college.add_scale("Competence", ["Not yet competent", "Competent"])
    tutor = college.add_user("Tess", "Tutor")
    for name in ("CS-L2", "CS-L1"):
        course = college.add_course(name, name, "OCR/03455")
        course.visible, course.separate_groups = name != "CS-L1", name == "CS-L1"
        college.enrol(course, tutor, "editingteacher")
        learners = [college.add_user("Learner", f"{name} {n}", id_number=f"{name}-{n}") for n in range(6)]
        plain = college.add_assignment(course, "Sign-off", "A3", grade=-scale.id)
        hidden = college.add_assignment(course, "Later", "F1", grade=-scale.id)
        hidden.visible = False
        workflow = college.add_assignment(course, "Reviewed", "F2", grade=-scale.id, workflow=True)
        rubric = college.add_assignment(course, "Rubric", "A3:1.1-1.2")
        college.add_rubric(rubric, ["1.1 Plan", "1.2 Do"], levels=((0, "no"), (1, "partly"), (2, "yes")))
        for learner in learners:
            college.enrol(course, learner)
            college.grade(plain, learner, 2, grader=tutor)
            college.grade(hidden, learner, 2, grader=tutor)
            college.grade(workflow, learner, 2, grader=tutor, state="released")
            college.grade_rows(rubric, learner, [2, 1], grader=tutor)
    with Simulator(college) as simulator:
        yield simulator


def _told(moodle: Simulator, allowed: Collection[str], service: Collection[str]) -> list[object]:
    """All that a token with this role and service gets to see, in the connector's records, refusals included."""
    moodle.role, moodle.functions = set(allowed), list(service)
    seen: list[object] = []
    settings = {"url": moodle.url, "token": moodle.token, "requests_per_second": 0, "longest_wait": 0.01}
    with closing(open_connector(settings)) as connector:
        try:
            seen.append(connector.check().notices)
            courses = connector.courses()
        except LmsError as error:
            return [str(error)]
        for course, reading in connector.read(Asked(course) for course in courses):
            if isinstance(reading, LmsError):
                seen.append((course, str(reading)))
                continue
            seen.append((course, reading.items, reading.members, reading.observations, reading.notices))
    return seen


def test_every_function_the_connector_calls_is_on_the_page() -> None:
    """A function that is added to the connector is added to the list college IT types in."""
    assert set(FUNCTIONS) == {*functions.NEEDED, *functions.USEFUL}


def test_the_role_of_the_page_shows_everything(moodle: Simulator) -> None:
    """It sees what the role that was measured on real Moodle sees, without a problem."""
    everything = [*functions.NEEDED, *functions.USEFUL]
    told = _told(moodle, CAPABILITIES, FUNCTIONS)
    assert len(told) == 3
    assert told == _told(moodle, MINIMAL_ROLE, everything)
    assert "problem" not in str(told)


def test_the_page_names_the_role_that_the_program_writes() -> None:
    """Whoever types the role in gets what `nvqsync moodle role` writes, and the same warning of what allows writing."""
    assert len(set(CAPABILITIES)) == len(CAPABILITIES)
    assert set(CAPABILITIES) == {one.name for one in role.CAPABILITIES}
    warned = PAGE.split("would allow writing in Moodle's pages: ")[1].split(". ")[0]
    assert set(re.findall(r"`([^`]+)`", warned)) == {one.name for one in role.writing()}


def test_the_page_and_the_program_agree_on_what_competencies_take() -> None:
    """Functions and capability stand on the page, and in the role and steps that are written for them."""
    wanted = {*functions.FOR_COMPETENCIES, *(one.name for one in role.FOR_COMPETENCIES)}
    assert all(f"`{name}`" in PAGE for name in wanted)
    with_them = role.role_xml(competencies=True) + " ".join(role.steps("role.xml", competencies=True))
    without = role.role_xml() + " ".join(role.steps("role.xml"))
    assert all(name in with_them and name not in without for name in wanted)


def test_what_is_spare_is_missed_by_nothing(moodle: Simulator) -> None:
    """Without the three capabilities that the page calls spare everything is seen."""
    assert _told(moodle, set(CAPABILITIES) - SPARE, FUNCTIONS) == _told(moodle, CAPABILITIES, FUNCTIONS)


@pytest.mark.parametrize("capability", sorted(set(CAPABILITIES) - SPARE))
def test_each_capability_of_the_page_is_missed(moodle: Simulator, capability: str) -> None:
    """No other stands on the page for nothing: without it a course is refused, a notice says so, or a course lacks."""
    told = _told(moodle, set(CAPABILITIES) - {capability}, FUNCTIONS)
    assert told != _told(moodle, CAPABILITIES, FUNCTIONS)
    if capability == UNSEEN:
        assert len(told) == 2
    else:
        assert "severity='problem'" in str(told) or any(isinstance(entry, str) or len(entry) == 2 for entry in told)


@pytest.mark.parametrize("function", functions.NEEDED)
def test_each_needed_function_is_asked_for_by_name(moodle: Simulator, function: str) -> None:
    """A service without it is refused at the start, with its name and the page to add it on."""
    (told,) = _told(moodle, CAPABILITIES, set(FUNCTIONS) - {function})
    assert "External services" in str(told)
    assert function in str(told)


# ---------------------------------------------------------------- the README's six commands


def test_the_six_commands_of_the_readme_lead_to_a_claim(tmp_path: Path) -> None:
    """Typed in their order, with the settings filled in as the README says, they end with a claim in the queue."""
    block = (ROOT / "README.md").read_text(encoding="utf-8").split("six commands\n")[1].split("```sh\n")[1]
    commands = [line.partition("  #")[0].split() for line in block.split("```")[0].splitlines()]
    assert len(commands) == 6
    with rehearsing(tmp_path, small_college(), centre="") as rehearsal, contextlib.chdir(tmp_path):
        rehearsal.college.finish(0)
        (tmp_path / "centre.toml").write_text(CENTRE_FACTS, encoding="utf-8")
        (tmp_path / "entries.csv").write_text(
            "id_number,qualification,registered_on\nS0,OCR/03455,2020-10-01\n", encoding="utf-8"
        )
        printed = [_type(rehearsal, words) for words in commands]
    assert [status for status, _ in printed] == [0] * 6
    assert re.search(
        r"S0 +Sasha Invented0 +OCR/03455 +proposed +29 +IQA-1 +EV/method$", printed[-1][1].strip(), re.MULTILINE
    )


def _type(rehearsal: Rehearsal, words: list[str]) -> tuple[int, str]:
    """Run one command as a shell would, ``> file`` included; the settings are then filled in."""
    program, *arguments = words
    assert program == ".venv/bin/nvqsync"
    out = io.StringIO()
    if ">" in arguments:
        *arguments, _, file = arguments
        with contextlib.redirect_stdout(out):
            status = main(arguments)
        Path(file).write_text(_filled_in(out.getvalue(), rehearsal), encoding="utf-8")
        return status, ""
    with contextlib.redirect_stdout(out):
        status = main(arguments)
    return status, out.getvalue()


def _filled_in(example: str, rehearsal: Rehearsal) -> str:
    """The example settings with url and token, everything else as it was."""
    wanted = {
        "url": json.dumps(rehearsal.moodle.url), "token": json.dumps(rehearsal.moodle.token),
        "database": '"nvqsync.db"',
    }  # fmt: skip
    lines = [_set(line, wanted) for line in example.splitlines()]
    assert not wanted
    return "\n".join(lines) + "\n"


def _set(line: str, wanted: dict[str, str]) -> str:
    """A line of the example as a person leaves it; the first of each wanted key is set, and no longer wanted."""
    bare = line.removeprefix("# ")
    key = bare.partition(" = ")[0]
    return f"{key} = {wanted.pop(key)}" if key in wanted else line
