"""The contract of an LMS connector, kept by the CSV folder and by Moodle; and from CSV files to a claim."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import tempfile
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.csv_folder import connector as csv_folder
from connectors.csv_folder.doctor import examine
from connectors.csv_folder.reading import FILES, read
from connectors.moodle import connector as moodle
from connectors.moodle.simulator import Simulator, generate_college
from nvqsync import clock
from nvqsync.cli import main
from nvqsync.errors import LmsBusy, LmsRefused, LmsUnreadable, SettingsError
from nvqsync.store import Store
from nvqsync.testing import LmsConnectorContract
from tests import quality
from tests.rehearsal import CENTRE_FACTS

UNITS = ("F1", "F2", "A3", "B2", "C3", "D2")
"""They meet OCR/03455 with exactly 29 credits."""

SCALE = "Not yet competent|Competent"
GOOD = {
    "courses.csv": "course_id,short_name,full_name,id_number\nCS2,CS2,Customer Service,OCR/03455\nX,X,Other,\n",
    "learners.csv": (
        "course_id,learner_id,name,id_number,role,active,uln,candidate_number,date_of_birth\n"
        "CS2,L1,Sasha Invented,S1,,,1000000094,10000001,2007-03-01\n"
        "CS2,L2,Zoë Made-Up,S2,student,no,,,01/04/2007\n"
        "CS2,T1,Morgan Reyes,,teacher,,,,\n"
    ),
    "assignments.csv": (
        "course_id,assignment_id,name,id_number,grading,scale,maximum,pass_mark\n"
        + "".join(f"CS2,{code},{code} sign-off,{code},,{SCALE},,\n" for code in UNITS)
        + "CS2,test,Written test,A5,points,,60,36\nCS2,talk,Induction,,none,,,\n"
    ),
    "grades.csv": (
        "assignment_id,learner_id,grade,graded_on,graded_by,attempt\n"
        + "".join(f"{code},L1,competent,2026-02-1{place},T1,\n" for place, code in enumerate(UNITS))
        + "F1,L2,Not yet competent,2026-02-10T09:30,T1,1\nF1,L2,Competent,2026-03-10T09:30:00+00:00,T1,2\n"
        + "test,L2,41.5,2026-03-11,T1,\ntest,GONE,12,2026-03-11,T1,\nF2,L2,,2026-03-12,,\n"
    ),
}


def write(folder: Path, **changed: str) -> Path:
    """The good folder, with some files put differently (``grades="..."``)."""
    for name, text in GOOD.items():
        (folder / name).write_text(changed.get(name.removesuffix(".csv"), text), encoding="utf-8")
    return folder


class TestCsvFolder(LmsConnectorContract):
    """The worked example of a second LMS."""

    plugin = csv_folder
    folder: tempfile.TemporaryDirectory[str]

    @classmethod
    def setup_class(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        write(Path(cls.folder.name))

    @classmethod
    def teardown_class(cls) -> None:
        cls.folder.cleanup()

    def settings(self) -> Mapping[str, Any]:
        return {"folder": self.folder.name}

    def broken_settings(self) -> Mapping[str, Any]:
        return {"folder": f"{self.folder.name}/nothing-here"}


class TestMoodle(LmsConnectorContract):
    """Moodle, in front of the demonstration college."""

    plugin = moodle
    site: Simulator

    @classmethod
    def setup_class(cls) -> None:
        cls.site = Simulator(generate_college(learners=12, seed=7, now=1_795_300_000)).start()

    @classmethod
    def teardown_class(cls) -> None:
        cls.site.stop()

    def settings(self) -> Mapping[str, Any]:
        return {"url": self.site.url, "token": self.site.token, "requests_per_second": 0}

    def broken_settings(self) -> Mapping[str, Any]:
        return {**self.settings(), "url": "http://127.0.0.1:9", "attempts": 1}


# ---------------------------------------------------------------- what the files say


def test_grades_are_read_as_the_files_say(tmp_path: Path) -> None:
    """Scale items in any case become places, points decimals, a later attempt decides, an empty grade is no grade."""
    lms = csv_folder.open_folder({"folder": str(write(tmp_path))})
    reading = lms.reading(next(iter(lms.courses())))
    seen = {(one.item_id, one.learner_id): one for one in reading.observations}
    assert seen["F1", "L1"].grade == Decimal(2)
    assert (seen["F1", "L2"].grade, seen["F1", "L2"].attempt) == (Decimal(2), 1)
    assert seen["F1", "L2"].graded_at == 1_773_135_000
    assert seen["test", "L2"].grade == Decimal("41.5")
    assert seen["F2", "L2"].grade is None
    assert {m.lms_id: m.active for m in reading.members} == {"L1": True, "L2": False, "T1": True}
    assert [notice.code for notice in reading.notices] == ["csv-not-on-roster"]


def test_a_day_is_a_london_day(tmp_path: Path) -> None:
    """A grade given on a summer day without a time counts from that day's midnight in London."""
    grades = "assignment_id,learner_id,grade,graded_on\nF1,L1,Competent,2026-07-01\n"
    lms = csv_folder.open_folder({"folder": str(write(tmp_path, grades=grades))})
    (seen,) = lms.reading(next(iter(lms.courses()))).observations
    assert seen.graded_at == 1_782_860_400  # 2026-06-30T23:00:00Z


def test_grades_that_are_not_released_have_a_workflow_state(tmp_path: Path) -> None:
    """With a column ``released`` every assignment has workflow, and only a plain yes releases."""
    grades = "assignment_id,learner_id,grade,graded_on,released\nF1,L1,Competent,2026-02-01,yes\n"
    grades += "F2,L1,Competent,2026-02-01,no\nA3,L1,Competent,2026-02-01,\n"
    lms = csv_folder.open_folder({"folder": str(write(tmp_path, grades=grades))})
    reading = lms.reading(next(iter(lms.courses())))
    states = {one.item_id: one.workflow_state for one in reading.observations}
    assert states == {"F1": "released", "F2": "notreleased", "A3": "notreleased"}
    assert all(item.workflow for item in reading.items)


FAULTS = [
    ("grades", "assignment_id,learner_id,grade,graded_on\nF1,L1,Excellent,2026-02-01\n",
     "grades.csv, line 2, column grade: is no item of the scale Not yet competent | Competent."),
    ("grades", "assignment_id,learner_id,grade,graded_on\n\nZ9,L1,,2026-02-01\n",
     "grades.csv, line 3, column assignment_id: is not in assignments.csv."),
    ("grades", "assignment_id,learner_id,grade,graded_on\ntest,L1,61,2026-02-01\n",
     "grades.csv, line 2, column grade: is above the maximum of 60."),
    ("grades", "assignment_id,learner_id,grade,graded_on\ntest,L1,-1,2026-02-01\n",
     "grades.csv, line 2, column grade: is not a number such as 62 or 62.5."),
    ("grades", "assignment_id,learner_id,grade,graded_on\nF1,L1,Competent,31/02/2026\n",
     "grades.csv, line 2, column graded_on: is not a day such as 2007-03-01 or 01/03/2007."),
    ("grades", "assignment_id,learner_id,grade,graded_on\nF1,L1,Competent,2026-02-01\nF1,L1,Competent,2026-02-02\n",
     "grades.csv, line 3, column learner_id: has this attempt in an earlier line already."),
    ("grades", "assignment_id,learner_id,grade\nF1,L1,Competent\n",
     "grades.csv, line 1, column graded_on: is missing."),
    ("grades", "assignment_id,learner_id,grade,graded_on,graded_bye\n",
     "grades.csv, line 1, column graded_bye: there is no such column. Did you mean graded_by?"),
    ("grades", "assignment_id,learner_id,grade,graded_on\nF1,L1,Comp",
     "grades.csv, line 2: has 3 cells where the first"),
    ("grades", "assignment_id;learner_id;grade;graded_on\n", "grades.csv, line 1: has semicolons"),
    ("learners", 'course_id,learner_id,name\nCS2,L1,"Sasha\n',
     "learners.csv, line 2: is not CSV: unexpected end of data."),
    ("learners", "course_id,learner_id,name\nCS9,L1,Sasha Invented\n",
     "learners.csv, line 2, column course_id: is not in courses.csv."),
    ("learners", "course_id,learner_id,name\nCS2,L1,Sasha Invented\nX,L1,Sasha Altered\n",
     "learners.csv, line 3, column learner_id: an earlier line says something else of the same person."),
    ("courses", "course_id,short_name,full_name\nCS2,CS2,A\nCS2,CS3,B\n",
     "courses.csv, line 3, column course_id: stands in an earlier line already."),
    ("assignments", "course_id,assignment_id,name,grading\nCS2,F1,F1 sign-off,scale\n",
     "assignments.csv, line 2, column scale: is empty."),
]  # fmt: skip


@pytest.mark.parametrize(("file", "text", "told"), FAULTS, ids=[told[:60] for _, _, told in FAULTS])
def test_a_fault_is_told_with_file_line_and_column(tmp_path: Path, file: str, text: str, told: str) -> None:
    """Whatever is wrong is refused where it stands, and no cell of a learner's is quoted."""
    lms = csv_folder.open_folder({"folder": str(write(tmp_path, **{file: text}))})
    with pytest.raises(LmsUnreadable) as refusal:
        lms.check()
    assert told in refusal.value.says
    assert "Sasha" not in str(refusal.value)


def test_one_look_tells_of_every_fault(tmp_path: Path) -> None:
    """Ten faults are listed and the rest counted, so that an export is mended in one go."""
    grades = "assignment_id,learner_id,grade,graded_on\n" + "F1,L1,Superb,yesterday\n" * 7
    lms = csv_folder.open_folder({"folder": str(write(tmp_path, grades=grades))})
    with pytest.raises(LmsUnreadable) as refusal:
        lms.check()
    told = refusal.value.says.splitlines()
    assert len(told) == 11
    assert told[-1].startswith("... and ")


def test_text_that_is_not_utf_8_is_refused_by_its_line(tmp_path: Path) -> None:
    """A sheet saved in the machine's own code page names the line and how to save it."""
    write(tmp_path)
    (tmp_path / "learners.csv").write_bytes("course_id,learner_id,name\nCS2,L1,Zoë\n".encode("cp1252"))
    with pytest.raises(LmsUnreadable, match=r"learners\.csv, line 2: is not UTF-8"):
        csv_folder.open_folder({"folder": str(tmp_path)}).check()


@given(st.dictionaries(st.sampled_from([columns.file for columns in FILES]), st.binary(max_size=200), max_size=4))
def test_any_bytes_are_read_or_refused(files: dict[str, bytes]) -> None:
    """Nothing that may stand in the files ends in anything but a reading or a refusal in words."""
    contents = {name: text.encode() for name, text in GOOD.items()} | files
    with contextlib.suppress(LmsUnreadable):
        folder = read(contents, 1)
        assert set(folder.items) == set(folder.courses)


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00"), max_size=12)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS), max_size=6))
def test_any_cells_are_read_or_refused(lines: list[tuple[str, str, str, str]]) -> None:
    """Well-formed lines with anything in them: a grade only ever comes of an item, a person and a scale's own words."""
    text = io.StringIO()
    csv.writer(text).writerows([("assignment_id", "learner_id", "grade", "graded_on"), *lines])
    contents = {name: words.encode() for name, words in GOOD.items()} | {"grades.csv": text.getvalue().encode()}
    with contextlib.suppress(LmsUnreadable):
        for seen in read(contents, 1).observations["CS2"]:
            assert seen.item_id in {*UNITS, "test", "talk"}
            assert seen.grade is None or seen.grade >= 0


# ---------------------------------------------------------------- the folder


def test_changed_files_are_read_again(tmp_path: Path) -> None:
    """An open connector sees the next export, without being opened again."""
    lms = csv_folder.open_folder({"folder": str(write(tmp_path))})
    assert len(lms.courses()) == 2
    write(tmp_path, courses="course_id,short_name,full_name\nCS2,CS2,Customer Service\n")
    assert len(lms.courses()) == 1


def test_files_that_are_being_written_are_left_for_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that changes between the first look and the last makes the folder busy, never half read."""
    lms = csv_folder.open_folder({"folder": str(write(tmp_path))})
    plain = Path.read_bytes

    def read_while_it_grows(path: Path) -> bytes:
        with path.open("a", encoding="utf-8") as file:
            file.write("\n")
        return plain(path)

    monkeypatch.setattr(Path, "read_bytes", read_while_it_grows)
    with pytest.raises(LmsBusy):
        lms.check()
    monkeypatch.undo()
    assert lms.check().server_time > 0


def test_a_missing_file_is_named_with_the_setting(tmp_path: Path) -> None:
    """The refusal names the file, and where the folder is set."""
    write(tmp_path)
    (tmp_path / "grades.csv").unlink()
    with pytest.raises(LmsRefused, match=r"grades\.csv") as refusal:
        csv_folder.open_folder({"folder": str(tmp_path)}).check()
    assert "[connectors.csv_folder]" in refusal.value.next_step


@pytest.mark.parametrize("settings", [{}, {"folder": "grades"}, {"folder": 5}, {"folder": "/tmp", "flder": "/tmp"}])
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any]) -> None:
    """The folder is a whole path, since the daemon's own folder is nobody's business; nothing else may be set."""
    with pytest.raises(SettingsError):
        csv_folder.open_folder(settings)


def test_doctor_tells_what_is_in_the_folder_and_how_old_it_is(tmp_path: Path) -> None:
    """Counts and no names; a fault of the files is a failed line."""
    lines = {finding.id: finding for finding in examine({"folder": str(write(tmp_path))})}
    assert lines["csv_folder.folder"].says == "The folder is read: 2 courses, 3 people, 9 grades."
    assert lines["csv_folder.age"].status == "ok"
    (failed,) = examine({"folder": str(tmp_path / "elsewhere")})
    assert failed.status == "fail"


# ---------------------------------------------------------------- the whole way


def test_from_csv_files_to_an_exported_claim(tmp_path: Path) -> None:
    """Grades in a file, a registration, a pass: a claim is proposed, approved by a person, and written to a batch."""
    folder = tmp_path / "grades"
    folder.mkdir()
    write(folder)
    (tmp_path / "nvqsync.toml").write_text(
        f"""lms = "csv_folder"
        [connectors.csv_folder]
        folder = {json.dumps(str(folder))}
        """,
        encoding="utf-8",
    )
    (tmp_path / "centre.toml").write_text(CENTRE_FACTS, encoding="utf-8")
    registrations = tmp_path / "registrations.csv"
    registrations.write_text(
        "id_number,candidate_number,qualification,registered_on,entry,name\n"
        "S1,10000001,OCR/03455,2025-10-01,full_award,Sasha Invented\n",
        encoding="utf-8",
    )

    def run(*arguments: str, status: int = 0) -> Any:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            assert main(["--config", str(tmp_path / "nvqsync.toml"), *arguments]) == status, out.getvalue()
        return json.loads(out.getvalue()) if "--json" in arguments else out.getvalue()

    run("centre", "import", str(tmp_path / "centre.toml"))
    report = run("sync", "--json")
    assert [(course["short_name"], course["grades"]) for course in report["courses"]] == [("CS2", 9)]
    (blocked,) = run("claims", "list", "--json")
    assert [blocker["id"] for blocker in blocked["blockers"]] == ["ENT-2", "IQA-1", "UNIT-4"]
    with Store(tmp_path / "nvqsync.db") as store:
        hands = store.rows("SELECT COALESCE(assessor_id, grader_id) AS who FROM grades")
        quality.staff(store, *{row["who"] for row in hands})
    today = clock.day(clock.now()).isoformat()
    run("iqa", "release", "S1", "OCR/03455", "--iqa", quality.IQA_ID, "--on", today, "--outcome", "agreed")
    run("registrations", "import", str(registrations))
    run("sync")
    (claim,) = run("claims", "list", "--json")
    assert (claim["learner"]["id_number"], claim["units"], claim["blockers"]) == ("S1", list(UNITS), [])
    run("claims", "approve", str(claim["id"]), "--declare", "all", "--note", "Portfolio looked at.")
    assert [batch["claims"] for batch in run("export", "--json")["batches"]] == [1]
    assert list((tmp_path / "exports").glob("*"))
