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

from docs.told import invented_college
from nvqsync.cli import main
from tests.meta.repository import ROOT
from tests.meta.typed_commands import Typed, commands_of, ours, papers, refusal, shell_lines, typed, words_of
from tests.rehearsal import Rehearsal, rehearsing

ORDINARY = {"cd", "chmod", "cp", "curl", "echo", "export", "install", "sudo"}
"""Commands of any system, which no paper has to explain."""

NEVER_ENDING = {"demo", "run", "serve"}
"""They run until somebody stops them: the papers' lines with them are parsed, and other tests run them."""

MAY_FIND_SOMETHING = {"doctor", "mapping", "rules", "sync"}
"""They exit 1 where they have something to report, which on a page may be what it shows."""

TYPED = list(typed())
SHELL_PAPERS = [
    paper.relative_to(ROOT).as_posix()
    for paper in papers()
    if any(ours(command) is not None for line in shell_lines(paper.read_text(encoding="utf-8"), "sh")
           for command in commands_of(words_of(line)))
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
    if name == "make":
        return {word for word in rest if "=" not in word} <= targets
    if name == "systemctl":
        units = [word for word in rest if word.startswith("nvqsync")]
        return bool(units) and all((ROOT / "systemd" / unit).exists() for unit in units)
    if name in {"python", "python3", ".venv/bin/python", "/opt/nvqsync/bin/python3"}:
        module = rest[rest.index("-m") + 1] if "-m" in rest else ""
        return module in {"pip", "pytest", "zipfile"} or bool(list(ROOT.glob(module.replace(".", "/") + "*")))
    if name in {"apt", "apt-get"}:
        return rest[0] in {"install", "remove", "purge", "update"}
    return name in ORDINARY or (ROOT / name).is_file()


# ---------------------------------------------------------------- run


@pytest.fixture
def rehearsal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rehearsal]:
    """The invented college of the played pages, read once, in a folder with the files that papers name."""
    with rehearsing(tmp_path, invented_college()) as running:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("NVQSYNC_CONFIG", str(tmp_path / "nvqsync.toml"))
        monkeypatch.setenv("NVQSYNC_ACTOR", "j.lister")
        _write_files(tmp_path)
        running.run("sync")
        yield running


def _write_files(folder: Path) -> None:
    rule = (files("nvqsync.plugins.ocr") / "qualifications" / "03455.toml").read_text(encoding="utf-8")
    row = "CS-0101,10000001,OCR/03455,2026-09-14,full_award,Amira Holt"
    for name in ("entries.csv", "registrations.csv"):
        head = "id_number,candidate_number,qualification,registered_on,entry,name"
        (folder / name).write_text(f"{head}\n{row}\n", encoding="utf-8")
    (folder / "changed-03455.toml").write_text(rule.replace('version = "1"', 'version = "2"'), encoding="utf-8")


@pytest.mark.parametrize("paper", SHELL_PAPERS)
def test_every_command_line_of_a_paper_runs(paper: str, rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of the page, each in place: none is a usage error, none ends in a traceback."""
    for line in shell_lines((ROOT / paper).read_text(encoding="utf-8"), "sh"):
        given = b""
        for command in commands_of(words_of(line)):
            words = ours(command)
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
