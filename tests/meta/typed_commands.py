"""The commands that the papers tell people to type: where they stand, and whether the program would take them.

A line of a code block is a whole command. A span in backticks names one, and may leave out what it is applied to.
"""

from __future__ import annotations

import datetime as dt
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import click

from nvqsync.cli import config_first, program
from tests.meta.repository import ROOT

BLOCK = re.compile(r"^(?P<in> *)```(?P<language>\w*)[^\n]*\n(?P<body>.*?)^(?P=in)```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`((?:\.venv/bin/)?nvqsync [^`]+)`")
_ASSIGNMENT = re.compile(r"[A-Z_]+=")
_ENDS = {"|", "||", "&&", ";"}
_REDIRECTS = {">", ">>", "<"}
_PLACEHOLDER = re.compile(r"[A-Z]{2,}(@[A-Z]+)?|<.+>")


@dataclass(frozen=True)
class Typed:
    """A command of ours as typed in a paper: the words after ``nvqsync``. ``whole`` where it is a line of a block."""

    paper: str
    words: tuple[str, ...]
    whole: bool

    def __str__(self) -> str:
        return f"{self.paper}: nvqsync {shlex.join(self.words)}"


def papers() -> list[Path]:
    """Every Markdown file that people read, decisions included."""
    folders = [ROOT / name for name in ("docs", "connectors", "examples")]
    return [*sorted(ROOT.glob("*.md")), *(path for folder in folders for path in sorted(folder.rglob("*.md")))]


def shell_lines(text: str, *languages: str) -> Iterator[str]:
    """The lines that are typed in the code blocks of these languages, each joined with what it is continued by."""
    for block in BLOCK.finditer(text):
        if block["language"] in languages:
            body = block["body"].replace("\\\n", " ")
            lines = [line.strip() for line in body.splitlines()]
            if block["language"] == "console":
                lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
            yield from (line for line in lines if line and not line.startswith("#"))


def words_of(line: str) -> list[str]:
    """A shell line as words; pipes, redirections and the like are words of their own, comments are gone.

    ``$TODAY``, which a page may have set, is the day on which this is read.
    """
    today = dt.datetime.now().astimezone().date().isoformat()
    lexer = shlex.shlex(line.replace("$TODAY", today), posix=True, punctuation_chars="|&;<>")
    lexer.commenters, lexer.whitespace_split = "#", True
    return list(lexer)


def commands_of(words: Sequence[str]) -> Iterator[list[str]]:
    """The simple commands of a line, without assignments, redirections and what runs them as somebody else."""
    command: list[str] = []
    for before, word in pairwise(["", *words, ";"]):
        if word not in _ENDS:
            if not {word, before} & _REDIRECTS:
                command.append(word)
            continue
        command = _plain(command)
        if command:
            yield command
        command = []


def _plain(command: list[str]) -> list[str]:
    """A command without assignments before it, and without what runs it as somebody else."""
    if command[:2] in (["sudo", "-u"], ["runuser", "-u"]):
        return _plain(command[3:])
    if command and (_ASSIGNMENT.match(command[0]) or command[0] == "--"):
        return _plain(command[1:])
    return command


def ours(command: Sequence[str]) -> tuple[str, ...] | None:
    """What follows ``nvqsync`` where this is a command of ours."""
    name = command[0].removeprefix(".venv/bin/").removeprefix("/opt/nvqsync/bin/")
    return tuple(command[1:]) if name == "nvqsync" else None


def typed() -> Iterator[Typed]:
    """Every command of ours in the papers and in the unit files."""
    for paper in papers():
        name, text = paper.relative_to(ROOT).as_posix(), paper.read_text(encoding="utf-8")
        for line in shell_lines(text, "sh", "console"):
            for command in commands_of(words_of(line)):
                if (words := ours(command)) is not None:
                    yield Typed(name, words, whole=True)
        for span in SPAN.findall(BLOCK.sub("", text)):
            yield from (Typed(name, words, whole=False) for words in _named(span.replace("\n", " ")))
    for unit in sorted((ROOT / "systemd").glob("*.service")):
        for line in re.findall(r"^ExecStart=(.+)$", unit.read_text(encoding="utf-8"), re.MULTILINE):
            yield Typed(unit.name, tuple(shlex.split(line)[1:]), whole=True)


def _named(span: str) -> Iterator[tuple[str, ...]]:
    """The commands a span names: one, or each of ``approve|hold``."""
    choice = re.search(r"[\w-]+(?:\|[\w-]+)+", span)
    for one in choice[0].split("|") if choice else [""]:
        words = shlex.split(span.replace(choice[0], one) if choice else span)
        yield tuple(word for before, word in pairwise(words) if word != "..." or before.startswith("--"))


def refusal(command: Typed) -> str:
    """Why the program's own parser would not take a command, or nothing. Nothing is run."""
    try:
        _parse(program, "nvqsync", config_first(command.words), None)
    except click.exceptions.Exit:
        return ""  # --help and --version
    except (click.MissingParameter, click.BadOptionUsage) as error:
        return error.format_message() if command.whole else ""
    except click.BadParameter as error:
        placeholder = not command.whole and any(_PLACEHOLDER.fullmatch(word) for word in command.words)
        return "" if placeholder else error.format_message()
    except click.UsageError as error:
        return error.format_message()
    return ""


def _parse(command: click.Command, name: str, words: list[str], parent: click.Context | None) -> None:
    """Parse as click does, down to the last subcommand, and stop before anything is carried out."""
    if isinstance(command, click.Group) and not words:
        return  # a group by itself: named, not typed
    context = command.make_context(name, list(words), parent=parent)
    if isinstance(command, click.Group):
        rest = [*context._protected_args, *context.args]
        if not rest:
            return
        inner_name, inner, left = command.resolve_command(context, rest)
        assert inner is not None
        _parse(inner, inner_name or "", left, context)
