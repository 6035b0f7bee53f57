"""The plugin guide's worked example: installed by its entry point, held to the contract, carried from grade to sheet.

The package in ``examples/awarding-body`` is built as its author would build it. Its wheel is unpacked where Python
looks for packages, and nothing else is told to nvqsync.
"""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.moodle.simulator.state import College
from nvqsync.plugin_manager import load_plugins
from tests.meta.repository import ROOT
from tests.rehearsal import CENTRE_FACTS, COMPETENT, Rehearsal, SmallCollege, rehearsing

EXAMPLE = ROOT / "examples" / "awarding-body"
UNITS = {
    "M1": "Communicate using customer service language",
    "M2": "Open and close a front desk",
    "V1": "Welcome visitors",
    "V2": "Welcome visitors in two languages",
    "V3": "Help a visitor who is upset",
    "V4": "Communicate effectively with customers",
    "P3": "Take in and send out post and parcels",
}
JUST_ENOUGH = ("M1", "M2", "V3", "V4", "P3")
CENTRE = CENTRE_FACTS.replace("OCR/03455", "MERROW/FD2").replace('"OCR"', '"MERROW"').replace("12345", "61")
"""What the centre knows of itself, were it approved by the Guild."""


@pytest.fixture(scope="module")
def site_packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the example as an installer leaves it: the package, and the metadata with its entry point."""
    folder = tmp_path_factory.mktemp("example")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, str(EXAMPLE)], check=True)
    (wheel,) = folder.glob("merrowdown_awards-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.fixture
def installed(site_packages: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The example is installed, in this process, for one test."""
    monkeypatch.syspath_prepend(str(site_packages))
    importlib.invalidate_caches()
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "merrowdown_awards"]:
        del sys.modules[name]


@pytest.fixture
def rehearsal(tmp_path: Path, installed: None) -> Iterator[Rehearsal]:
    """nvqsync before a Moodle with one course of the Guild's, and no portal: batches are keyed in by hand."""
    with rehearsing(tmp_path, guild_college(), centre=CENTRE) as running:
        path = tmp_path / "nvqsync.toml"
        before, _, rest = path.read_text(encoding="utf-8").partition("[portal]")
        path.write_text(f"{before}[export]{rest.partition('[export]')[2]}", encoding="utf-8")
        yield running


def guild_college() -> SmallCollege:
    """Two learners on a course whose assignments bear the template's names, and no ID numbers."""
    moodle = College()
    scale = moodle.add_scale("Competence", ("Not yet competent", "Competent"))
    course = moodle.add_course("FD2", "Front Desk Work", "MERROW/FD2")
    assessor = moodle.add_user("Morgan", "Reyes", username="assessor", id_number="STAFF-1")
    moodle.enrol(course, assessor, "editingteacher")
    people = [moodle.add_user("Sasha", f"Invented{number}", id_number=f"S{number}") for number in range(2)]
    for person in people:
        moodle.enrol(course, person)
    items = {
        code: moodle.add_assignment(course, f"Unit {code} - {title}", grade=-scale.id) for code, title in UNITS.items()
    }
    return SmallCollege(moodle, course, assessor, people, items, scale.id)


def grade(rehearsal: Rehearsal, learner: int, *codes: str) -> None:
    """Sign off whole units for a learner, and read Moodle."""
    college = rehearsal.college
    for code in codes:
        college.moodle.grade(college.assignments[code], college.learners[learner], COMPETENT, grader=college.assessor)
    assert rehearsal.run("sync").status == 0


def register(rehearsal: Rehearsal, learner: int, registered_on: str) -> None:
    """Record the Guild's registration of a learner, whom the IQA has released."""
    rehearsal.release(learner, qualification="MERROW/FD2")
    path = rehearsal.folder / "registrations.csv"
    row = f"S{learner},20000{learner},MERROW/FD2,{registered_on},full_award,Sasha Invented{learner}"
    path.write_text(f"id_number,candidate_number,qualification,registered_on,entry,name\n{row}\n", encoding="utf-8")
    assert rehearsal.run("registrations", "import", str(path)).status == 0


def test_its_own_tests_pass_as_its_author_runs_them(site_packages: Path, tmp_path: Path) -> None:
    """nvqsync's contract for awarding bodies, and the example's own: none fails, none is skipped."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null", EXAMPLE / "tests"]
    environment = {"PYTHONPATH": f"{site_packages}:{ROOT}", "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    passed = re.search(r"(\d+) passed in", done.stdout)
    assert done.returncode == 0, done.stdout
    assert passed, done.stdout
    assert int(passed[1]) >= 20


def test_installed_is_loaded(installed: None) -> None:
    """The entry point is enough, and what the package offers stands under its name and version."""
    (listed,) = (one for one in load_plugins().listing() if one.name == "merrowdown")
    assert (listed.distribution, listed.version) == ("merrowdown-awards", "1.0")
    assert "MERROW/FD2" in listed.offers
    assert "MERROW/FD2" not in load_plugins(disable=["merrowdown"]).catalogue.qualifications


def test_from_a_grade_in_moodle_to_a_certificate(rehearsal: Rehearsal) -> None:
    """Read by the template's names, judged by the Guild's rule, approved, keyed in from a sheet, certificated."""
    grade(rehearsal, 0, *JUST_ENOUGH)
    register(rehearsal, 0, "2020-10-01")
    (claim,) = rehearsal.claims()
    assert (claim["qualification"], claim["credits"], claim["blockers"]) == ("MERROW/FD2", 20, [])
    assert rehearsal.approve(str(claim["id"])).status == 0
    (batch,) = rehearsal.run("export", "--json").json["batches"]
    (sheet,) = (Path(name) for name in batch["files"] if name.endswith(".html"))
    page = sheet.read_text(encoding="utf-8")
    for told in ("Sasha Invented0", "200000", "61", "FD2", *(UNITS[code] for code in JUST_ENOUGH)):
        assert told in page
    assert rehearsal.run("claims", "record", "keyed", str(claim["id"])).status == 0
    answer = rehearsal.run("claims", "record", "certificated", str(claim["id"]), "--certificate", "MG-000123")
    assert answer.status == 0, answer.err
    assert [one["status"] for one in rehearsal.claims()] == ["certificated"]


def test_a_barred_pair_holds_a_claim_back_until_another_unit_comes(rehearsal: Rehearsal) -> None:
    """V1 and V2 would make twenty credits together; one counts, so nothing is claimed before V4 is there."""
    grade(rehearsal, 0, "M1", "M2", "V1", "V2", "P3")
    assert rehearsal.claims() == []
    (told,) = rehearsal.run("progress", "S0", "--json").json
    assert not told["met"]
    grade(rehearsal, 0, "V4")
    (claim,) = rehearsal.claims()
    assert claim["credits"] == 20


def test_its_gate_blocks_a_claim_that_comes_too_early(rehearsal: Rehearsal) -> None:
    """Registered today, the claim waits, by the Guild's rule and no other; earlier, it does not."""
    grade(rehearsal, 0, *JUST_ENOUGH)
    today = rehearsal.run("status", "--json").json["passes"][0]["started_at"][:10]
    register(rehearsal, 0, today)
    (claim,) = rehearsal.claims()
    assert [blocker["id"] for blocker in claim["blockers"]] == ["MERROW-5.1"]
    refused = rehearsal.approve(str(claim["id"]))
    assert (refused.status, "the Guild takes the claim from" in refused.out + refused.err) == (1, True)


def test_credit_from_elsewhere_counts_up_to_the_limit_and_is_cautioned(rehearsal: Rehearsal) -> None:
    """M1 and V3 come from elsewhere: eight credits count. With P3 from elsewhere too, the rule is unmet."""
    grade(rehearsal, 0, "M2", "V4", "P3")
    transfer(rehearsal, "S0", "M1", "V3")
    register(rehearsal, 0, "2020-10-01")
    (claim,) = rehearsal.claims()
    assert "MERROW-4.3" in [caution["id"] for caution in claim["cautions"]]
    grade(rehearsal, 1, "M2", "V4")
    transfer(rehearsal, "S1", "M1", "V3", "P3")
    (told,) = rehearsal.run("progress", "S1", "--json").json
    assert not told["met"]


def transfer(rehearsal: Rehearsal, learner: str, *codes: str) -> None:
    """Record units as credit from elsewhere."""
    for code in codes:
        told = ["--unit", code, "--from", "OCR", "--achieved-on", "2020-06-01", "--why", "Held.", "--paper", "File 7"]
        answer = rehearsal.run("adjustments", "add", "credit-transfer", learner, "MERROW/FD2", *told)
        assert answer.status == 0, answer.err
