"""What a person gets who made a mistake, or whose Moodle is having a bad day: a clear error, and nothing lost."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nvqsync.store import Store
from tests.rehearsal import ULNS, Rehearsal, rehearsing

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def rehearsal(tmp_path: Path):
    with rehearsing(tmp_path) as running:
        running.college.finish(0)
        yield running


def set_moodle(rehearsal: Rehearsal, key: str, value: str) -> None:
    path = rehearsal.folder / "nvqsync.toml"
    text = path.read_text(encoding="utf-8")
    head, _, tail = text.partition("[portal]")
    path.write_text(re.sub(rf"^{key} = .*$", f'{key} = "{value}"', head, flags=re.M) + "[portal]" + tail, "utf-8")


def test_a_wrong_token_says_where_to_look(rehearsal: Rehearsal) -> None:
    """Exit status 3, and the token itself is never repeated."""
    set_moodle(rehearsal, "token", "f00df00df00df00df00df00df00df00d")
    answer = rehearsal.run("sync")
    assert answer.status == 3
    assert "token" in answer.err.lower()
    assert "f00df00d" not in answer.err + answer.out


def test_names_given_in_moodle_cannot_play_tricks_with_the_terminal(rehearsal: Rehearsal) -> None:
    """Whoever may name an assignment or a course is not trusted with the screen of whoever reads a report."""
    college, trick = rehearsal.college, "\x07\u202e"
    college.moodle.add_assignment(college.course, f"Loose{trick}", "")
    college.moodle.add_course(f"Stray{trick}", "Stray", f"OCR/9999{trick}")
    told = [rehearsal.run("sync"), rehearsal.run("mapping", "check"), rehearsal.run("sync", "--course", f"No{trick}")]
    printed = "".join(answer.out + answer.err for answer in told)
    assert {"Loose", "Stray", "No"} <= set(re.findall(r"\w+", printed))
    assert "\x07" not in printed
    assert "\u202e" not in printed


@pytest.mark.parametrize("question", ["nearly", "progress", "mapping check"])
def test_before_the_first_pass_nothing_is_said_of_anybody(rehearsal: Rehearsal, question: str) -> None:
    """Least of all that everyone has met the rule."""
    answer = rehearsal.run(*question.split())
    assert "Run 'nvqsync sync'" in answer.err
    assert "everyone has met" not in answer.out
    assert rehearsal.run(*question.split(), "--json").json in (
        [],
        {"learners": [], "assignments": [], "most": {"assignments": [], "certificates": 0}},
        {"courses": [], "problems": [], "not_assessed": []},
    )


@pytest.mark.parametrize("option", ["--course", "--accept-vanished"])
def test_a_course_that_is_not_there_is_told(rehearsal: Rehearsal, option: str) -> None:
    """Whoever misspelt it would believe that it was read, or that its loss was accepted."""
    told = rehearsal.run("sync", option, "CS9", "--json").json
    assert [(one["code"], "CS9" in one["says"]) for one in told["problems"]] == [("no-such-course", True)]


@pytest.mark.parametrize("day", ["2999-01-01", "tomorrow"])
@pytest.mark.parametrize("command", [["sync", "--since"], ["status", "--rewind", "CS2", "--to"]])
def test_a_day_to_come_is_no_day_to_read_from(rehearsal: Rehearsal, command: list[str], day: str) -> None:
    """It would read nothing again, in silence."""
    rehearsal.run("sync")
    answer = rehearsal.run(*command, day)
    assert answer.status == 2
    assert day in answer.err


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("nearly --limit -1", "-1 is not in the range"),
        ("route S0 -q OCR/10378", "S0 is on no course for OCR/10378"),
        ("route OCR/03455 -q OCR/10378", "OCR/03455 is a qualification itself"),
        ("status --to 2026-01-01", "name the course with --rewind"),
    ],
)
def test_a_question_that_cannot_be_meant_is_not_answered(rehearsal: Rehearsal, command: str, says: str) -> None:
    """Rather than with half of it left out."""
    rehearsal.run("sync")
    answer = rehearsal.run(*command.split())
    assert (answer.status, answer.out) == (2, "")
    assert says in answer.err


@pytest.mark.parametrize("fault", ["maintenance", "cli_maintenance", "database_down", "html_page", "truncated"])
def test_a_moodle_in_trouble_is_told_as_try_later_and_loses_nothing(rehearsal: Rehearsal, fault: str) -> None:
    """Maintenance and a database that is down end the pass with status 3 and leave the store as it was."""
    assert rehearsal.run("sync").status == 0
    known = rehearsal.run("progress", "--json").json
    with rehearsal.moodle.faults.during(fault):  # every call, every attempt
        answer = rehearsal.run("sync")
    assert answer.status == 3
    assert answer.err.count("\n") >= 2  # what happened, and what to do
    assert rehearsal.run("progress", "--json").json == known


def test_a_missing_function_is_named_with_the_place_to_switch_it_on(rehearsal: Rehearsal) -> None:
    """College IT reads which function is missing and on which Moodle page to add it."""
    rehearsal.moodle.functions.remove("mod_assign_get_user_flags")
    answer = rehearsal.run("sync")
    assert answer.status == 3
    assert "mod_assign_get_user_flags" in answer.err
    assert "External services" in answer.err


def test_no_moodle_at_that_address_is_a_plain_sentence(rehearsal: Rehearsal) -> None:
    """An address where nothing listens ends with status 3 and no traceback."""
    set_moodle(rehearsal, "url", "http://127.0.0.1:9")
    answer = rehearsal.run("sync")
    assert answer.status == 3
    assert "127.0.0.1:9" in answer.err


def test_settings_that_name_no_moodle_are_refused(tmp_path: Path, rehearsal: Rehearsal) -> None:
    """Without an address there is nothing to read: status 2 and the setting to set."""
    set_moodle(rehearsal, "url", "")
    answer = rehearsal.run("sync")
    assert answer.status == 2
    assert "NVQSYNC_MOODLE__URL" in answer.err


def test_a_typo_in_the_mapping_file_gives_file_line_and_key(rehearsal: Rehearsal) -> None:
    """The person who wrote the file is sent to the line."""
    (rehearsal.folder / "mapping.toml").write_text('[[course]]\nid = "2"\nqualifcation = "OCR/03455"\n', "utf-8")
    rehearsal.add_settings('[mapping]\nfile = "mapping.toml"\n')
    answer = rehearsal.run("sync")
    assert answer.status == 2
    assert re.search(r"mapping\.toml, line 3.*qualifcation", answer.err)


def test_a_newer_database_is_never_touched(rehearsal: Rehearsal) -> None:
    """A database with a migration this version does not know is refused."""
    rehearsal.run("sync")
    with Store(rehearsal.database()) as store:
        store.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('nvqsync', 'm999', 'x')"
        )
    answer = rehearsal.run("sync")
    assert answer.status == 2
    assert "newer" in answer.err


def test_a_file_that_is_no_database_is_refused(rehearsal: Rehearsal) -> None:
    """A text file in the database's place is left alone."""
    rehearsal.database().write_text("This is a shopping list, not a database at all. " * 50, encoding="utf-8")
    answer = rehearsal.run("sync")
    assert answer.status == 2
    assert "not a database" in answer.err
    assert rehearsal.database().read_text(encoding="utf-8").startswith("This is a shopping list")


def test_an_unwritable_database_is_told_with_its_path(rehearsal: Rehearsal) -> None:
    """A folder where the database's should be, as near to unwritable as root can get, ends with status 2."""
    rehearsal.forget()
    rehearsal.database().mkdir()
    answer = rehearsal.run("sync")
    assert answer.status == 2
    assert "nvqsync.db" in answer.err


def test_unknown_names_come_with_the_nearest(rehearsal: Rehearsal) -> None:
    """A misspelt qualification and command are answered with what was probably meant."""
    assert "OCR/03455" in rehearsal.run("units", "OCR/03545").err
    assert "progress" in rehearsal.run("progres").err
    assert rehearsal.run("claims", "show", "77").status == 2


def environment(rehearsal: Rehearsal) -> dict[str, str]:
    return {**os.environ, "NVQSYNC_CONFIG": str(rehearsal.folder / "nvqsync.toml"), "PYTHONPATH": str(ROOT)}


def test_ctrl_c_in_the_middle_of_a_pass_keeps_what_was_done(rehearsal: Rehearsal) -> None:
    """The process stops at once, and the next pass finishes the work."""
    with rehearsal.moodle.faults.during("slow", seconds=20, function="mod_assign_get_grades"):
        process = subprocess.Popen(
            [sys.executable, "-m", "nvqsync", "sync"], env=environment(rehearsal), stderr=subprocess.PIPE, text=True
        )
        deadline = time.monotonic() + 30
        while not rehearsal.moodle.calls["mod_assign_get_grades"] and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    with Store(rehearsal.database()) as store:
        assert store.rows("SELECT outcome FROM passes") == [{"outcome": "interrupted"}]
    assert rehearsal.run("sync").status == 0
    assert len(rehearsal.claims()) == 1


def test_nothing_personal_or_secret_reaches_the_log(rehearsal: Rehearsal) -> None:
    """A verbose daemon's whole log holds no token, ULN, name or date of birth, whatever it met."""
    person = rehearsal.college.learners[0]
    rehearsal.college.moodle.override(rehearsal.college.assignments["D2"], person, 1)
    rehearsal.college.moodle.suspend(rehearsal.college.course, rehearsal.college.learners[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "nvqsync", "--verbose", "run"],
        env=environment(rehearsal), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    err = ""
    while "pass 1" not in err and (line := process.stderr.readline()):
        err += line
    process.terminate()
    out, rest = process.communicate(timeout=30)
    err += rest
    assert process.returncode == 0
    assert "pass 1" in err
    secrets = [rehearsal.moodle.token, rehearsal.portal.credential, *ULNS, "Sasha", "Invented", "2006-03-01"]
    assert [secret for secret in secrets if secret in out + err] == []


def test_a_second_daemon_refuses_and_names_the_first(rehearsal: Rehearsal) -> None:
    """Two daemons on one database would make each pass twice."""
    from nvqsync.sync import only_one

    with only_one(rehearsal.database(), "daemon"):
        answer = rehearsal.run("run")
    assert answer.status == 2
    assert str(os.getpid()) in answer.err
