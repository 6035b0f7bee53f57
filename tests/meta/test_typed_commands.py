"""Every command that a paper tells people to type is one they can type: parsed by the program, run in a rehearsal."""

from __future__ import annotations

import contextlib
import io
import re
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
import time_machine

from docs.told import DAY, NINE_O_CLOCK, invented_college
from nvqsync.cli import COMMANDS, main
from nvqsync.store import Store
from tests import quality
from tests.meta.repository import ROOT
from tests.meta.typed_commands import Typed, commands_of, ours, papers, refusal, shell_lines, typed, words_of
from tests.rehearsal import CENTRE_FACTS, Rehearsal, SmallCollege, rehearsing

ORDINARY = {
    "alias", "cd", "chmod", "chown", "cp", "curl", "echo", "editor", "export", "install", "kill", "ls", "mv", "pip",
    "rm", "sleep", "sudo", "systemd-run", "systemd-sysusers", "systemd-tmpfiles", "userdel",
}  # fmt: skip
"""Commands of any system, which no paper has to explain."""

NEVER_ENDING = {"demo", "run", "serve"}
"""They run until somebody stops them: the papers' lines with them are parsed, and other tests run them."""

MAY_FIND_SOMETHING = {"doctor", "erase", "mapping", "sync"}
"""They exit 1 where they have something to report, or where a rule says no, which on a page may be what it shows."""

ITS_OWN_COLLEGE = "docs/newcomers-hour.md"
"""Its commands rest on one another and on a college of their own: ``tests/integration/test_newcomers_hour.py``."""

TYPED = list(typed())
SHELL_PAPERS = [
    paper.relative_to(ROOT).as_posix()
    for paper in papers()
    if any(ours(command) is not None for line in shell_lines(paper.read_text(encoding="utf-8"), "sh")
           for command in commands_of(words_of(line)))
    and paper != ROOT / ITS_OWN_COLLEGE
]  # fmt: skip
"""The papers with commands of ours in blocks that are not played."""


def test_there_are_commands_to_look_at() -> None:
    """The lists that the next tests walk are not empty by mistake."""
    assert sum(one.whole for one in TYPED) >= 50
    assert sum(not one.whole for one in TYPED) >= 50
    assert len(SHELL_PAPERS) >= 3


def test_the_program_takes_every_command_of_every_paper() -> None:
    """Names, options, values, number of arguments: what was renamed is found wherever it still has the old name."""
    assert not [f"{one}: {wrong}" for one in TYPED if (wrong := refusal(one))]


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ("claimz list", "No such command 'claimz'"),
        ("claims lst", "No such command 'lst'"),
        ("claims list --raedy", "No such option"),
        ("units", "Missing argument 'QUALIFICATION'"),
        ("units OCR/03455 EDI/L2-CS", "unexpected extra argument"),
        ("demo --learners many", "'many' is not a valid integer"),
        ("adjustments add gift S1 OCR/03455", "'gift' is not one of"),
    ],
)
def test_a_command_that_nobody_can_type_is_found(words: str, wrong: str) -> None:
    """The check checks: each kind of slip is refused in the program's own words."""
    assert wrong in refusal(Typed("a paper", tuple(words.split()), whole=True))


def test_a_span_may_leave_out_what_a_line_may_not() -> None:
    """`nvqsync claims show` names a command; with an option that is not there it names none."""
    assert refusal(Typed("a paper", ("units",), whole=False)) == ""
    assert refusal(Typed("a paper", ("units",), whole=True)) != ""
    assert refusal(Typed("a paper", ("units", "--all"), whole=False)) != ""


def test_lines_are_read_as_a_shell_reads_them() -> None:
    """Comments, pipes, redirections, assignments and other users' names are not taken for arguments."""
    line = "NVQSYNC_ACTOR=me sudo -u nvqsync nvqsync export --json > 'a file' | head -3   # once"
    first, second = commands_of(words_of(line))
    assert (ours(first), ours(second), second) == (("export", "--json"), None, ["head", "-3"])


def test_other_commands_of_the_papers_are_there() -> None:
    """A target of the Makefile, a tool, a module of this project, a unit of ours: each exists."""
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    wrong = []
    for paper in papers():
        for line in shell_lines(paper.read_text(encoding="utf-8"), "sh"):
            for command in commands_of(words_of(line)):
                if ours(command) is None and not _known(command, targets):
                    wrong.append((paper.name, " ".join(command)))
    assert not wrong


def _known(command: list[str], targets: set[str]) -> bool:
    """Whether a command that is not ours can be typed on a machine with this project."""
    name, *rest = [word for word in command if word != "sudo"]
    name = name.removeprefix("/opt/nvqsync/bin/")
    if name == "nvqsync":
        return rest[0] in COMMANDS
    if name == "make":
        return {word for word in rest if "=" not in word} <= targets
    if name == "systemctl":
        units = [word if "." in word else f"{word}.service" for word in rest if word.startswith("nvqsync")]
        shipped = [re.sub(r"@\w*", "", unit) for unit in units]  # a template is made of the plain unit
        return rest == ["daemon-reload"] or (bool(units) and all((ROOT / "systemd" / one).exists() for one in shipped))
    if name in {"python", "python3", ".venv/bin/python"}:
        module = rest[rest.index("-m") + 1] if "-m" in rest else ""
        return module in {"pip", "pytest", "zipfile", "venv"} or bool(list(ROOT.glob(module.replace(".", "/") + "*")))
    if name in {"apt", "apt-get"}:
        return rest[0] in {"install", "remove", "purge", "update"}
    return name in ORDINARY or (ROOT / name).is_file()


# ---------------------------------------------------------------- run


@pytest.fixture
def rehearsal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rehearsal]:
    """The college of the papers at their time, read once, in a folder with the files that they name."""
    with (
        time_machine.travel(NINE_O_CLOCK + 16 * DAY, tick=False),
        rehearsing(tmp_path, _college(), centre=CENTRE_FACTS.replace('"901"', '"31"')) as running,
    ):
        running.college.moodle.clock.set(NINE_O_CLOCK + 16 * DAY)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("NVQSYNC_CONFIG", str(tmp_path / "nvqsync.toml"))
        monkeypatch.setenv("NVQSYNC_ACTOR", "j.lister")
        _write_files(tmp_path)
        running.run("sync")
        with Store(running.database()) as store:
            quality.staff(store, str(running.college.assessor.id), iqa="31")
        assert running.run("registrations", "import", "units.csv").status == 0
        yield running


def _college() -> SmallCollege:
    """The college of the played pages, and four learners more whom the other pages speak of."""
    college = invented_college()
    for number in range(1001, 1005):
        profile = {"uln": "1000000094"} if number == 1001 else {}
        person = college.moodle.add_user("Sasha", f"Invented{number}", id_number=f"S{number}", profile=profile)
        college.moodle.enrol(college.course, person)
        college.learners.append(person)
        college.finish(len(college.learners) - 1)
    other = college.moodle.add_course("CS-C", "Contact centres", "OCR/10378")
    college.moodle.enrol(other, college.learners[3])
    return college


def _write_files(folder: Path) -> None:
    rule = (files("nvqsync.plugins.ocr") / "qualifications" / "03455.toml").read_text(encoding="utf-8")
    (folder / "changed-03455.toml").write_text(rule.replace('version = "1"', 'version = "2"'), encoding="utf-8")
    example = ROOT / "examples" / "awarding-body"
    (folder / "units.toml").write_bytes((example / "merrowdown_awards/units/front_desk.toml").read_bytes())
    (folder / "own-qualification.toml").write_bytes(
        (example / "merrowdown_awards/qualifications/FD2.toml").read_bytes()
    )
    (folder / "examples").symlink_to(ROOT / "examples")
    head = "id_number,candidate_number,qualification,registered_on,entry,name"
    full = f"{head}\nCS-0101,10000001,OCR/03455,2026-09-14,full_award,Amira Holt\n"
    for name in ("entries.csv", "registrations.csv"):
        (folder / name).write_text(full, encoding="utf-8")
    units = f"{head}\nS1001,10000004,OCR/03455,2026-09-14,units,Sasha Invented1001\n"
    (folder / "units.csv").write_text(units, encoding="utf-8")


@pytest.mark.parametrize("paper", SHELL_PAPERS)
def test_every_command_line_of_a_paper_runs(paper: str, rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of the page, each in place: none is a usage error, none ends in a traceback."""
    for line in shell_lines((ROOT / paper).read_text(encoding="utf-8"), "sh"):
        given = b""
        for command in commands_of(words_of(line)):
            words = tuple(word.removeprefix("/etc/nvqsync/") for word in ours(command) or ())
            if command[0] == "echo":
                given = " ".join(command[1:]).encode() + b"\n"
            if words and not NEVER_ENDING & set(words):
                monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
                status, told = _run(words)
                finds = bool(MAY_FIND_SOMETHING & set(words))
                assert status == 0 or (finds and status == 1), f"{line}: exit status {status}\n{told}"


def _run(words: tuple[str, ...]) -> tuple[int, str]:
    """Exit status of a command, and all that it said."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        status = main(words)
    return status, said.getvalue()
