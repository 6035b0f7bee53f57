"""The control page: grading by hand in a demonstration, and nobody else's business."""

import http.client
import re
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlencode

import pytest

from connectors.moodle.simulator import Simulator, generate_college
from connectors.moodle.simulator.probe import FORM, Probe

ROOT = Path(__file__).parents[2]


@pytest.fixture
def moodle():
    with Simulator(generate_college(learners=12, now=1_795_300_000)) as simulator:
        yield simulator


@pytest.fixture
def probe(moodle):
    with Probe(moodle) as caller:
        yield caller


def press(probe, button, **fields):
    return probe.post(f"/control/{button}", urlencode(fields))


def test_the_pages_lead_to_every_learner(moodle, probe):
    """Home lists courses, a course its assignments, an assignment its learners with a form each."""
    course = moodle.college.course("OCR/03455")
    task = moodle.college.find(course, "F1")
    learner = next(each.user_id for each in course.enrolments.values() if each.role == "student")
    home = probe.get("/control").body.decode()
    inside = probe.get(f"/control/course/{course.id}").body.decode()
    sheet = probe.get(f"/control/assignment/{task.id}").body.decode()
    assert f"/control/course/{course.id}" in home and "Nothing here is real" in home
    assert f"/control/assignment/{task.id}" in inside
    assert f"name='user' value='{learner}'" in sheet and "Not yet competent" in sheet


def test_a_grade_given_by_hand_reaches_the_web_service(moodle, probe):
    """Grade, release and reopen by pressing buttons."""
    course = moodle.college.course("OCR/03455")
    task = moodle.college.find(course, "F1")
    learner = moodle.college.add_user("New", "Learner")
    moodle.college.enrol(course, learner)
    assert press(probe, "grade", assignment=task.id, user=learner.id, value=2).status == 303
    assert press(probe, "state", assignment=task.id, user=learner.id, state="released").status == 303
    rows = probe.call("mod_assign_get_grades", assignmentids=[task.id])["assignments"][0]["grades"]
    assert [row["grade"] for row in rows if row["userid"] == learner.id] == ["2.00000"]
    assert task.flags[learner.id].state == "released"
    press(probe, "reopen", assignment=task.id, user=learner.id)
    again = probe.call("mod_assign_get_grades", assignmentids=[task.id])["assignments"]
    assert learner.id not in [row["userid"] for each in again for row in each["grades"]]


def test_faults_and_the_clock_can_be_driven(moodle, probe):
    """Switch a fault on for one call, clear, move the clock by a day."""
    before = moodle.college.clock.now()
    press(probe, "fault", name="maintenance", times="")
    assert probe.call("core_webservice_get_site_info")["errorcode"] == "sitemaintenance"
    press(probe, "clear")
    press(probe, "clock", hours="24")
    assert "sitename" in probe.call("core_webservice_get_site_info")
    assert moodle.college.clock.now() == before + 86400


@pytest.mark.parametrize(
    ("button", "fields", "status"),
    [
        ("grade", {"assignment": "99999", "user": "1", "value": "2"}, 400),
        ("grade", {"assignment": "1", "user": "3", "value": "lots"}, 400),
        ("state", {"assignment": "1", "user": "3", "state": "perfect"}, 400),
        ("fault", {"name": "earthquake"}, 400),
        ("dance", {}, 404),
    ],
)
def test_nonsense_is_refused_politely(probe, button, fields, status):
    """An unknown thing is a page with the reason, not a broken connection."""
    assert press(probe, button, **fields).status == status


def test_unknown_pages_are_not_found(probe):
    """No such course, no such page."""
    assert [probe.get(f"/control/{path}").status for path in ("course/99", "course/x", "nothing")] == [404, 404, 404]


@pytest.mark.parametrize("header", [{"Host": "evil.example.test"}, {"Origin": "http://evil.example.test"}])
def test_another_site_cannot_press_the_buttons(moodle, header):
    """A foreign Host (rebinding) or Origin (a form elsewhere) is refused."""
    connection = http.client.HTTPConnection("127.0.0.1", moodle.port, timeout=5)
    connection.request("POST", "/control/fault", "name=maintenance", {**FORM, **header})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert (answer.status, moodle.faults.active()) == (403, [])


def test_names_are_text_on_the_page(moodle, probe):
    """A name with markup in it stays a name."""
    course = moodle.college.course("OCR/03455")
    moodle.college.enrol(course, moodle.college.add_user("<b>Bobby", "Tables</b>"))
    task = moodle.college.find(course, "F1")
    sheet = probe.get(f"/control/assignment/{task.id}").body.decode()
    assert "&lt;b&gt;Bobby Tables&lt;/b&gt;" in sheet
    assert re.search(r"<script|onclick", sheet) is None


def test_it_runs_by_itself_until_interrupted():
    """``python -m connectors.moodle.simulator`` prints address and token, serves, and ends quietly on Ctrl-C."""
    command = [sys.executable, "-m", "connectors.moodle.simulator", "--port", "0", "--learners", "5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as running:
        lines = [running.stdout.readline() for _ in range(3)]
        port, token = int(lines[0].rsplit(":", 1)[1]), lines[1].split()[-1]
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        form = f"wstoken={token}&wsfunction=core_webservice_get_site_info&moodlewsrestformat=json"
        connection.request("POST", "/webservice/rest/server.php", form, FORM)
        body = connection.getresponse().read()
        connection.close()
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=10)
    assert b'"sitename":"Realbridge College"' in body
    assert (running.returncode, errors) == (0, "")
