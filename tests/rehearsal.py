"""A small college for tests: one course, a handful of units, real servers on loopback, a real database file.

``college()`` builds it; ``Rehearsal`` is nvqsync in front of it, driven through its own command line.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.interchange_mock.portal import Portal
from connectors.moodle.simulator.records import Assignment, Course, User
from connectors.moodle.simulator.server import Simulator
from connectors.moodle.simulator.state import College
from nvqsync import clock
from nvqsync.cli import main
from nvqsync.storage import store_lms
from nvqsync.store import Store
from tests import quality

CENTRE = "12345"
COMPETENT, NOT_YET = 2, 1
UNITS = ("F1", "F2", "A3", "B2", "C3", "D2", "A1")
"""What the course offers; the first six meet OCR/03455 with exactly 29 credits."""

ULNS = ("9276308686", "1000000094", "1000000108", "1000000116")


@dataclass
class SmallCollege:
    """The college and the parts tests reach for."""

    moodle: College
    course: Course
    assessor: User
    learners: list[User]
    assignments: dict[str, Assignment]
    scale_id: int

    def pass_unit(self, learner: int, *codes: str) -> None:
        """Grade whole units as Competent."""
        for code in codes:
            self.moodle.grade(self.assignments[code], self.learners[learner], COMPETENT, grader=self.assessor)

    def finish(self, learner: int) -> None:
        """Grade everything that meets the rule."""
        self.pass_unit(learner, *UNITS[:6])


def small_college(learners: int = 2, now: int | None = None) -> SmallCollege:
    """One course for OCR/03455 whose assignments each sign off a whole unit, graded on a scale."""
    moodle = College(now=now, ticking=True) if now else College()
    scale = moodle.add_scale("Competence", ("Not yet competent", "Competent"))
    course = moodle.add_course("CS2", "Customer Service Level 2", "OCR/03455")
    assessor = moodle.add_user("Morgan", "Reyes", username="assessor", id_number="STAFF-1")
    moodle.enrol(course, assessor, "editingteacher")
    people = []
    for number in range(learners):
        profile = {"uln": ULNS[number % len(ULNS)], "dob": "1141171200", "ocr_candidate_number": f"1000000{number}"}
        person = moodle.add_user("Sasha", f"Invented{number}", id_number=f"S{number}", profile=profile)
        moodle.enrol(course, person)
        people.append(person)
    assignments = {
        code: moodle.add_assignment(course, f"{code} sign-off", id_number=code, grade=-scale.id) for code in UNITS
    }
    return SmallCollege(moodle, course, assessor, people, assignments, scale.id)


SETTINGS = """
database = "nvqsync.db"
[moodle]
url = {moodle}
token = {token}
requests_per_second = 1000
[portal]
name = "interchange_mock"
url = {portal}
credential = {credential}
[export]
folder = "exports"
[centre]
name = "Exampleton College"
"""

CENTRE_FACTS = """
[[number]]
awarding_body = "OCR"
number = "12345"
[[qualification]]
qualification = "OCR/03455"
approved_on = 2020-09-01
direct_claim_from = 2021-09-01
registration_end = "none"
registration_end_checked_on = 2020-09-01
certification_end = "none"
certification_end_checked_on = 2020-09-01
[[staff]]
moodle_id = "3"
name = "Morgan Reyes"
role = "assessor"
from = 2020-09-01
qualified_on = 2019-06-03
signature_on = 2020-09-01
[[staff]]
moodle_id = "901"
name = "Gwen Price"
role = "iqa"
from = 2020-09-01
qualified_on = 2019-06-03
signature_on = 2020-09-01
"""
"""What ``nvqsync centre import`` is given: nothing is missing. Moodle id 3 is the assessor of every small college."""


@dataclass
class Answered:
    """What a command came to."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


def answer(*arguments: str) -> Answered:
    """Run one command as its user would, and catch what it prints."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(list(arguments))
    return Answered(status, out.getvalue(), err.getvalue())


@dataclass
class Rehearsal:
    """nvqsync between a simulated Moodle and the mock portal, in a folder of its own."""

    folder: Path
    college: SmallCollege
    moodle: Simulator
    portal: Portal
    settings: str = field(default="")

    def run(self, *arguments: str) -> Answered:
        """Run one command as its user would, and catch what it prints."""
        return answer("--config", str(self.folder / "nvqsync.toml"), *arguments)

    def approve(self, *arguments: str) -> Answered:
        """``claims approve`` by somebody who makes every declaration asked for and has looked into the cautions."""
        return self.run("claims", "approve", *arguments, "--declare", "all", "--note", "Portfolio looked at.")

    def register(
        self, *learners: int, qualification: str = "OCR/03455", entry: str = "full_award", released: bool = True
    ) -> Answered:
        """Write and import a registration for each learner, and tell the portal; the IQA has ``released`` them."""
        lines = ["id_number,candidate_number,qualification,registered_on,entry,name"]
        for number in learners:
            person = self.college.learners[number]
            lines.append(f"S{number},1000000{number},{qualification},2020-10-01,{entry},{person.full_name}")
            with self.portal.open_books() as books:
                books.register("OCR", CENTRE, f"1000000{number}", qualification, name=person.full_name)
        if released:
            self.release(*learners, qualification=qualification)
        path = self.folder / "registrations.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return self.run("registrations", "import", str(path), "--json")

    def staff(self) -> None:
        """Put the assessor, an IQA and those who approve claims on record."""
        with Store(self.database()) as store:
            quality.staff(store, str(self.college.assessor.id))

    def release(self, *learners: int, qualification: str = "OCR/03455") -> None:
        """Put the staff on record, and let the IQA release these learners, whoever of them was read."""
        self.staff()
        with Store(self.database()) as store:
            known = store_lms.learner_ids(store)
            whom = [str(self.college.learners[number].id) for number in learners]
            on = clock.day(clock.now()) + dt.timedelta(days=1)
            quality.release(store, qualification, [one for one in whom if one in known], on)

    def know(self, facts: str) -> None:
        """Enter facts of the centre, written as ``nvqsync centre import`` takes them."""
        path = self.folder / "centre.toml"
        path.write_text(facts, encoding="utf-8")
        answer = self.run("centre", "import", str(path))
        assert answer.status == 0, answer.err

    def forget(self) -> None:
        """As it was before anything was entered: there is no database."""
        for path in self.folder.glob("nvqsync.db*"):
            path.unlink()

    def claims(self) -> list[dict[str, Any]]:
        """The queue."""
        found: list[dict[str, Any]] = self.run("claims", "list", "--json").json
        return found

    def database(self) -> Path:
        """The database file."""
        return self.folder / "nvqsync.db"

    def add_settings(self, text: str) -> None:
        """Append to the settings file."""
        path = self.folder / "nvqsync.toml"
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


@contextmanager
def rehearsing(folder: Path, college: SmallCollege | None = None, *, centre: str = CENTRE_FACTS) -> Iterator[Rehearsal]:
    """A rehearsal with both far ends running; the portal returns no good claim on purpose.

    ``centre`` is on record; where it is empty there is no database yet.
    """
    people = college or small_college()
    with Simulator(people.moodle) as moodle, Portal(return_rate=0) as portal:
        with portal.open_books() as books:
            books.set_direct_claim_status("OCR", CENTRE, "OCR/03455")
        text = SETTINGS.format(
            moodle=json.dumps(moodle.url), token=json.dumps(moodle.token), portal=json.dumps(portal.url),
            credential=json.dumps(portal.credential),
        )  # fmt: skip
        (folder / "nvqsync.toml").write_text(text, encoding="utf-8")
        running = Rehearsal(folder, people, moodle, portal, text)
        if centre:
            running.know(centre)
        yield running
