"""Every JSON document that nvqsync prints, once, in a rehearsal at a fixed moment: what the snapshots are made of.

``python -m tests.json_documents`` writes ``tests/snapshots/`` anew; read the difference before you keep it, because the
shapes are an interface.
"""

from __future__ import annotations

import io
import json
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import time_machine

import nvqsync
from docs.told import NINE_O_CLOCK, invented_college
from tests.quality import IQA_ID
from tests.rehearsal import COMPETENT, NOT_YET, Rehearsal, rehearsing

SNAPSHOTS = Path(__file__).parent / "snapshots"
QUESTIONS = (
    '{"qualification": "OCR/03455", "units": ["F1", "F2", "A3", "B2", "C3", "D2"]}',
    '{"qualification": "EDI/L2-CS", "units": ["CU791"]}',
    '{"qualification": "OCR/03455", "units": ["Z99"]}',
    '{"qualification": "OCR/99999", "units": []}',
    "not JSON",
)


def documents(folder: Path) -> dict[str, Any]:
    """The documents by name, without what differs from run to run (ports, folders, the version)."""
    with (
        time_machine.travel(NINE_O_CLOCK, tick=False) as clock,
        rehearsing(folder, invented_college()) as rehearsal,
        acting_as("j.lister"),
    ):
        found = {**_catalogue(rehearsal), **_job(rehearsal, clock)}
        volatile = {
            rehearsal.moodle.url: "https://moodle.college.ac.uk",
            str(folder): "/var/lib/nvqsync",
            f'"{nvqsync.__version__}"': '"VERSION"',
        }
    text = json.dumps(found, ensure_ascii=False)
    for changing, fixed in volatile.items():
        text = text.replace(changing, fixed)
    text = re.sub("[0-9a-f]{64}", "0" * 64, text)  # the log's salts are random, and so is every digest that covers them
    plain: dict[str, Any] = json.loads(text)
    return plain


def _catalogue(rehearsal: Rehearsal) -> dict[str, Any]:
    """What needs neither a database nor a network."""
    with _typed("\n".join(QUESTIONS)):
        lines = rehearsal.run("judge", "--jsonl")
    return {
        "qualifications": rehearsal.run("qualifications", "--json").json,
        "units": rehearsal.run("units", "OCR/10378", "--json").json,
        "judge-met": rehearsal.run("judge", "OCR/03455", "F1", "F2", "A3", "B2", "C3", "D2", "--json").json,
        "judge-unmet": rehearsal.run("judge", "OCR/03455", "F1", "A3", "B1", "--json").json,
        "judge-outside": rehearsal.run("judge", "OCR/03456", "F1", "A/601/1205", "--json").json,
        "judge-error": rehearsal.run("judge", "OCR/03455", "Z99", "--json").json,
        "judge-jsonl": {"status": lines.status, "lines": [json.loads(line) for line in lines.out.splitlines()]},
        "plugins": rehearsal.run("plugins", "--json").json[:2],
        "gates": _few(rehearsal.run("gates", "EDI/L2-CS", "--json").json),
    }


@contextmanager
def acting_as(name: str) -> Iterator[None]:
    """The name the audit log gets, whoever runs this."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NVQSYNC_ACTOR", name)
        yield


def _few(document: dict[str, Any]) -> dict[str, Any]:
    """The first two of each list."""
    return {name: listed[:2] for name, listed in document.items()}


@contextmanager
def _typed(text: str) -> Iterator[None]:
    """``text`` on standard input."""
    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8")
    try:
        yield
    finally:
        sys.stdin.close()
        sys.stdin = before


def _job(rehearsal: Rehearsal, clock: time_machine.Traveller) -> dict[str, Any]:
    """The main job: one claim to its certificate, one that stays blocked, one put on hold and withdrawn."""

    def step(*arguments: str) -> Any:
        clock.shift(60)
        rehearsal.college.moodle.clock.set(int(time.time()))
        return rehearsal.run(*arguments, "--json").json

    college, moodle = rehearsal.college, rehearsal.college.moodle
    moodle.add_assignment(college.course, "A3 again", id_number="A3:9.9", grade=-college.scale_id)
    moodle.add_assignment(college.course, "B1 observation", id_number="B1:1.1-1.2", grade=-college.scale_id)
    found = {"sync": step("sync"), "progress": step("progress", "CS-0103"), "mapping-check": step("mapping", "check")}
    rehearsal.staff()
    found["iqa-list"] = step("iqa", "list")
    who = ("--iqa", IQA_ID, "--on", "2026-11-09")
    found["iqa-release"] = step("iqa", "release", "CS-0101", "CS-0102", "OCR/03455", *who, "--outcome", "agreed",
                                "--unit", "F1")  # fmt: skip
    found["iqa-records"] = step("iqa", "records")
    found["centre-import"] = step("centre", "import", str(_centre(rehearsal)))
    found["centre-show"] = step("centre", "show")
    found["centre-staff-list"] = step("centre", "staff", "list")
    found["registrations-import"] = step("registrations", "import", str(_entries(rehearsal)))
    found["registrations-list"] = step("registrations", "list")
    found["weekly"] = step("weekly")
    found["claims-show-proposed"] = step("claims", "show", "1")
    found["claims-approve"] = step("claims", "approve", "1", "2", "--declare", "all", "--note", "Portfolios looked at.")
    found["export-planned"] = rehearsal.run("export", "--dry-run", "--json").json
    found["export"] = step("export")
    found["reconcile-planned"] = rehearsal.run("reconcile", "--dry-run", "--json").json
    found["reconcile"] = step("reconcile")
    moodle.grade(college.assignments["D2"], college.learners[1], NOT_YET, grader=college.assessor)
    found["sync-held"] = step("sync")
    moodle.grade(college.assignments["D2"], college.learners[2], COMPETENT, grader=college.assessor)
    step("sync")
    step("claims", "withdraw", "3", "--why", "The learner moved to another centre.")
    found["claims-list"] = step("claims", "list")
    found["claims-show-certificated"] = step("claims", "show", "1")
    found["claims-request-units"] = step("claims", "request-units", "CS-0103", "OCR/03455", "--unit", "F1")
    found["claims-propose-again"] = step("claims", "propose-again", "3", "--why", "They came back.")
    found["claims-record"] = step("claims", "record", "received", "1", "3", "--who", "A. Clerk")
    found["claims-codes"] = step("claims", "codes")[:2]
    found["batches-list"] = step("batches", "list")
    found["batches-sheet"] = step("batches", "sheet", "1", "--why", "Lost in the post.")
    found["status"] = step("status")
    found["audit-verify"] = step("audit", "verify")
    found["audit-show"] = _page(step("audit", "show", "1"))
    found["audit-log"] = _page(step("audit", "log", "--limit", "3"))
    found["alerts-list"] = step("alerts", "list")
    found["retention-show"] = step("retention", "show", "CS-0103")
    rehearsal.run("users", "add", "a.kaur", "--role", "approver", "--moodle", "412", "--no-password")
    found["users-list"] = step("users", "list")
    return found


def _page(document: dict[str, Any]) -> dict[str, Any]:
    """The first three entries of a part of the log."""
    return {**document, "entries": document["entries"][:3]}


def _centre(rehearsal: Rehearsal) -> Path:
    """A file with what the centre has not told yet: staff, a visit, a sanction of last year, an account."""
    people = rehearsal.college
    path = rehearsal.folder / "more.toml"
    path.write_text(
        f'''[[staff]]
moodle_id = "{people.assessor.id}"
name = "{people.assessor.full_name}"
role = "assessor"
from = 2024-09-01
qualified_on = 2025-02-14
[[sanction]]
qualification = "OCR/03455"
level = "level 1"
actions = "Sample every unit of new assessors."
from = 2025-03-03
lifted_on = 2025-07-01
[[visit]]
qualification = "OCR/03455"
on = 2026-06-16
visitor = "Ottilie Brandt"
learners = ["{people.learners[0].id}"]
[[account]]
name = "j.lister"
no_moodle = true
''',
        encoding="utf-8",
    )
    return path


def _entries(rehearsal: Rehearsal) -> Path:
    """A file with one good line and one that nobody fits; the portal knows the first."""
    with rehearsal.portal.open_books() as books:
        books.register("OCR", "12345", "10000001", "OCR/03455", name="Amira Holt")
    path = rehearsal.folder / "registrations.csv"
    path.write_text(
        "id_number,candidate_number,qualification,registered_on,entry,name\n"
        "CS-0101,10000001,OCR/03455,2026-09-14,full_award,Amira Holt\n"
        "CS-0999,10000009,OCR/03455,2026-09-14,full_award,Nobody\n",
        encoding="utf-8",
    )
    return path


def text_of(document: Any) -> str:
    """A document as its snapshot is written."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def write() -> None:
    """Write every snapshot anew."""
    SNAPSHOTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, document in documents(Path(folder)).items():
            (SNAPSHOTS / f"{name}.json").write_text(text_of(document), encoding="utf-8")


if __name__ == "__main__":
    write()
