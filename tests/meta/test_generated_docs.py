"""The generated documentation is current: `make docs` would change nothing."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from docs.generate import EVENT_WORDS, GENERATED, PACKAGES, PLAYED, STATUS_WORDS, played_page
from docs.told import MEANWHILE, PIECES, played
from nvqsync.claims import TRANSITIONS, Event, Status
from nvqsync.gating.shared_gates import SHARED_GATES
from tests.meta.repository import ROOT


def _page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", GENERATED)
def test_a_page_made_from_the_program_is_current(name: str) -> None:
    """Settings, commands, a claim's life, gates, modules: run `make docs` when this fails, and read the difference."""
    assert _page(name) == GENERATED[name]()


@pytest.mark.parametrize("name", PLAYED)
def test_what_a_page_shows_is_what_is_printed(name: str) -> None:
    """Each command of a console block is run again; run `make docs` when this fails, and read the difference."""
    text = _page(name)
    assert "```console\n$ " in text
    assert played_page(name) == text


def test_every_console_block_is_played() -> None:
    """No page holds outputs that nobody checks: a block called console is on a page that is played."""
    papers = {path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]}
    assert {name for name in papers if "```console" in _page(name)} == set(PLAYED)


def test_every_event_is_told_somewhere() -> None:
    """What may happen meanwhile happens on a page; an event that nobody tells is left over."""
    told = {piece["event"] for name in PLAYED for piece in PIECES.finditer(_page(name)) if piece["event"]}
    assert told == set(MEANWHILE)


def test_playing_a_page_notices_a_changed_word() -> None:
    """A block that says something else than the program is put right, and the words around it stay."""
    page = "Before.\n\n```console\n$ nvqsync units OCR/03455 | head -1\nGroup  Something else\n```\n\nAfter.\n"
    again = played(page)
    assert again.startswith("Before.\n\n```console\n$ nvqsync units OCR/03455 | head -1\nGroup  Code")
    assert "Something else" not in again
    assert again.endswith("\n```\n\nAfter.\n")


def test_a_command_that_cannot_be_played_is_refused() -> None:
    """A console block holds commands of nvqsync only."""
    with pytest.raises(ValueError, match="cannot play"):
        played("```console\n$ rm -r /\n```\n")


def test_every_status_and_event_has_its_words() -> None:
    """A new status or event is explained in docs/claims.md before the page is made."""
    assert STATUS_WORDS.keys() == set(Status)
    assert EVENT_WORDS.keys() == set(Event)
    moves = {(status, event, target) for status, to in TRANSITIONS.items() for event, target in to.items()}
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| `(\w+)` \|$", _page("docs/claims.md"), re.MULTILINE)
    assert set(rows) == moves


def test_every_gate_has_its_row() -> None:
    """An exams officer who reads a gate's id on a claim finds it in docs/gates.md."""
    page = _page("docs/gates.md")
    assert len(SHARED_GATES) >= 20
    assert not [gate.id for gate in SHARED_GATES if f"| `{gate.id}` | {gate.says} |" not in page]


def test_every_module_is_in_the_tour() -> None:
    """A module that says what it is for is in the table, and nothing is in the table that is not there."""
    page = _page("docs/source-tour.md")
    for package in PACKAGES:
        for folder in {path.parent for path in (ROOT / package).rglob("*.py")}:
            section = page.partition(f"\n### {folder.relative_to(ROOT)}\n")[2].partition("\n### ")[0]
            rows = set(re.findall(r"^\| `(\w+\.py)` \|", section.partition("\n## ")[0], re.MULTILINE))
            there = {path.name for path in folder.glob("*.py") if path.name != "__init__.py" and path.stat().st_size}
            assert rows - {"__init__.py"} == there, folder


def test_the_generator_says_that_a_page_is_current() -> None:
    """`make docs`, asked about one page only to compare it, exits 0 and says so."""
    asked = [sys.executable, "-m", "docs.generate", "--check", "docs/gates.md"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "Everything is current."), done.stdout + done.stderr
