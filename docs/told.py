"""The worked examples of the documentation, played again on an invented college.

Each ``console`` block of a page holds commands (``$ nvqsync ...``) and what they print. ``played`` runs the commands in
the order of the page, at fixed times, and returns the page with what they printed this time. A block whose language is
followed by a file name (``csv registrations.csv``) is saved under that name first; a comment that begins with
``meanwhile:`` lets something happen in Moodle or at the awarding body, by its name in ``MEANWHILE``.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import shlex
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import time_machine

from connectors.moodle.simulator.state import College
from nvqsync.cli import main
from tests.quality import IQA_ID
from tests.rehearsal import CENTRE, COMPETENT, NOT_YET, UNITS, Rehearsal, SmallCollege, rehearsing

NINE_O_CLOCK = 1_794_214_800
"""Monday 9 November 2026, 09:00 in London."""

DAY = 86_400
LEARNERS = (
    ("Amira", "Holt", "CS-0101", "9276308686", "10000001"),
    ("Ben", "Carrow", "CS-0102", "1000000094", "10000002"),
    ("Cara", "Dunn", "CS-0103", "1000000108", "10000003"),
)
"""First and last name, Moodle ID number, ULN and candidate number: nobody, and nobody's."""

ENVIRONMENT = MappingProxyType({"COLUMNS": "118", "NVQSYNC_ACTOR": "j.lister"})
PIECES = re.compile(
    r"^<!-- meanwhile: (?P<event>.+?) -->$|^```(?P<language>\w+)(?: (?P<file>\S+))?\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


def invented_college() -> SmallCollege:
    """One course and three learners: one has finished and is registered, one has finished, one is short of a unit."""
    moodle = College(now=NINE_O_CLOCK - 60 * DAY)
    scale = moodle.add_scale("Competence", ("Not yet competent", "Competent"))
    course = moodle.add_course("CS-L2", "Customer Service Level 2", "OCR/03455")
    assessor = moodle.add_user("Morgan", "Reyes", username="m.reyes", id_number="STAFF-7")
    moodle.enrol(course, assessor, "editingteacher")
    assignments = {
        code: moodle.add_assignment(course, f"{code} sign-off", id_number=code, grade=-scale.id) for code in UNITS
    }
    moodle.add_assignment(course, "Observation in the workplace", grade=-scale.id)
    people = []
    for first, last, id_number, uln, candidate in LEARNERS:
        profile = {"uln": uln, "dob": "1141171200", "ocr_candidate_number": candidate}
        people.append(moodle.add_user(first, last, id_number=id_number, profile=profile))
        moodle.enrol(course, people[-1])
    college = SmallCollege(moodle, course, assessor, people, assignments, scale.id)
    for week, code in enumerate(UNITS[:6]):
        moodle.clock.set(NINE_O_CLOCK - (45 - 7 * week) * DAY)
        for learner in (0, 1, 2) if code != "D2" else (0, 1):
            college.pass_unit(learner, code)
    return college


@dataclass
class Scene:
    """Where a page is played: a folder, and nvqsync between the two far ends."""

    rehearsal: Rehearsal
    clock: time_machine.Traveller

    def enter(self, learner: int) -> None:
        """Make the learner's entry with the awarding body."""
        first, last, _, _, candidate = LEARNERS[learner]
        with self.rehearsal.portal.open_books() as books:
            books.register("OCR", CENTRE, candidate, "OCR/03455", name=f"{first} {last}")

    def grade(self, learner: int, code: str, grade: int) -> None:
        """The assessor grades one unit."""
        college = self.rehearsal.college
        college.moodle.grade(college.assignments[code], college.learners[learner], grade, grader=college.assessor)

    def release(self, *id_numbers: str) -> None:
        """The IQA agrees to these learners' evidence."""
        on = time.strftime("%Y-%m-%d")
        who = ["--iqa", IQA_ID, "--on", on, "--outcome", "agreed"]
        with contextlib.redirect_stdout(io.StringIO()):
            main(["iqa", "release", *id_numbers, "OCR/03455", *who])

    def run(self, command: str) -> str:
        """What a command prints, standard error included; ``| head -3`` is understood."""
        typed, _, pipe = command.partition(" | ")
        words = shlex.split(typed.replace("make demo ONCE=1", "nvqsync demo --once").removeprefix(".venv/bin/"))
        if words[0] != "nvqsync":
            raise ValueError(f"cannot play: {command}")
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            main(words[1:])
        self.clock.shift(60)
        self.agree()
        lines = printed.getvalue().rstrip().splitlines()
        if pipe:
            lines = lines[: int(pipe.removeprefix("head -"))]
        return "\n".join(self._plain(line) for line in lines)

    def agree(self) -> None:
        """Moodle's clock says what ours does."""
        self.rehearsal.college.moodle.clock.set(int(time.time()))

    def _plain(self, line: str) -> str:
        """A line without this run's ports and folder."""
        line = line.replace(str(self.rehearsal.folder), "/var/lib/nvqsync")
        if batch := re.search(r"^Batch (.*), digest [0-9a-f]{12}$", line):  # it covers the log's random salts
            line = line[:-12] + hashlib.sha256(batch[1].encode()).hexdigest()[:12]
        return line.replace(self.rehearsal.moodle.url, "https://moodle.college.ac.uk").rstrip()


def _night(scene: Scene) -> None:
    """The daemon's pass of the early morning, the registrations having been imported before it."""
    scene.clock.move_to(NINE_O_CLOCK - 7200)
    scene.agree()
    scene.enter(0)
    row = "CS-0101,10000001,OCR/03455,2026-09-14,full_award,Amira Holt"
    path = scene.rehearsal.folder / "september.csv"
    path.write_text(f"id_number,candidate_number,qualification,registered_on,entry,name\n{row}\n", encoding="utf-8")
    os.environ["NVQSYNC_ACTOR"] = "nvqsync"
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        main(["sync"])
        scene.rehearsal.staff()
        scene.release("CS-0101", "CS-0102")
        main(["registrations", "import", str(path)])
    os.environ.update(ENVIRONMENT)
    scene.clock.move_to(NINE_O_CLOCK)
    scene.agree()


def _afternoon(scene: Scene) -> None:
    scene.clock.move_to(NINE_O_CLOCK + 7 * 3600)
    scene.agree()


def _finished(scene: Scene) -> None:
    scene.grade(2, "D2", COMPETENT)
    scene.release("CS-0103")


MEANWHILE: MappingProxyType[str, Callable[[Scene], None]] = MappingProxyType(
    {
        "the daemon read Moodle at seven": _night,
        "the college enters Ben Carrow with OCR": lambda scene: scene.enter(1),
        "it is four in the afternoon": _afternoon,
        "the assessor grades D2 for Cara Dunn, and the IQA agrees": _finished,
        "the assessor takes D2 back": lambda scene: scene.grade(2, "D2", NOT_YET),
        "the assessor grades D2 again": lambda scene: scene.grade(2, "D2", COMPETENT),
    }
)


def played(text: str) -> str:
    """A page with its ``console`` blocks as they come out today. Raises ``ValueError`` for what cannot be played."""
    with _scene() as scene:
        return PIECES.sub(lambda piece: _piece(scene, piece), text)


def _piece(scene: Scene, piece: re.Match[str]) -> str:
    if event := piece["event"]:
        MEANWHILE[event](scene)
    elif piece["file"]:
        Path(piece["file"]).write_text(piece["body"], encoding="utf-8")
    elif piece["language"] == "console":
        commands = [line[2:] for line in piece["body"].splitlines() if line.startswith("$ ")]
        told = (f"$ {command}\n{scene.run(command)}\n" for command in commands)
        return f"```console\n{''.join(told)}```"
    return piece[0]


@contextmanager
def _scene() -> Iterator[Scene]:
    """A folder to work in, the far ends, a clock that stands at nine."""
    before = dict(os.environ)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        clock = stack.enter_context(time_machine.travel(NINE_O_CLOCK, tick=False))
        rehearsal = stack.enter_context(rehearsing(folder, invented_college()))
        stack.enter_context(contextlib.chdir(folder))
        stack.callback(os.environ.update, before)
        stack.callback(os.environ.clear)
        os.environ.update(ENVIRONMENT, NVQSYNC_CONFIG=str(folder / "nvqsync.toml"))
        scene = Scene(rehearsal, clock)
        scene.agree()
        yield scene
